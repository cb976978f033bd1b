"""What fields of information levels mean: rows for `fieldmeanings`, by structure and name."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from fakesmb.trace import bitnames
from fakesmb.trace.meanings import bits, dos_date, dos_time, filetime, guid, id32, id64, named
from fakesmb.wire.codec import decode_utf16

_DOS_TIMES: Final = {
    "creation_date": dos_date,
    "creation_time": dos_time,
    "last_access_date": dos_date,
    "last_access_time": dos_time,
    "last_write_date": dos_date,
    "last_write_time": dos_time,
}


def _bytes(value: int) -> str:
    return f"{value} bytes" if value >= 10_000 else ""


def _short_name(value: bytes) -> str:
    return decode_utf16(value[: len(value) & ~1]).partition("\0")[0] or "none"


def _set_time(value: int) -> str:
    if value == 0:
        return "left alone"
    return "left alone, also by later writes" if value == -1 else filetime(value & (1 << 64) - 1)


def _unix_time(value: int) -> str:
    return "left alone" if value == -1 else filetime(value & (1 << 64) - 1)


def _unix_id(value: int) -> str:
    return "left alone" if value in (0xFFFFFFFFFFFFFFFF, 0xFFFFFFFF) else ""


def permissions(value: int) -> str:
    """Permission bits as `ls` writes them."""
    if value > 0o7777:
        return "left alone"
    text = "".join(letter if value >> 8 - index & 1 else "-" for index, letter in enumerate("rwxrwxrwx"))
    return f"{value:04o} {text}"


def _no_limit(value: int) -> str:
    return "no limit" if value == 0xFFFFFFFFFFFFFFFF else _bytes(value)


FS_ATTRIBUTES: Final = bits(
    {
        0x00000001: "CASE_SENSITIVE_SEARCH",
        0x00000002: "CASE_PRESERVED_NAMES",
        0x00000004: "UNICODE_ON_DISK",
        0x00000008: "PERSISTENT_ACLS",
        0x00000010: "FILE_COMPRESSION",
        0x00000020: "VOLUME_QUOTAS",
        0x00000040: "SUPPORTS_SPARSE_FILES",
        0x00000080: "SUPPORTS_REPARSE_POINTS",
        0x00000100: "SUPPORTS_REMOTE_STORAGE",
        0x00008000: "VOLUME_IS_COMPRESSED",
        0x00010000: "SUPPORTS_OBJECT_IDS",
        0x00020000: "SUPPORTS_ENCRYPTION",
        0x00040000: "NAMED_STREAMS",
        0x00080000: "READ_ONLY_VOLUME",
        0x00100000: "SEQUENTIAL_WRITE_ONCE",
        0x00200000: "SUPPORTS_TRANSACTIONS",
        0x00400000: "SUPPORTS_HARD_LINKS",
        0x00800000: "SUPPORTS_EXTENDED_ATTRIBUTES",
        0x01000000: "SUPPORTS_OPEN_BY_FILE_ID",
        0x02000000: "SUPPORTS_USN_JOURNAL",
    },
    prefix="FILE_",
)
"""[MS-FSCC] 2.5.1."""
_DEVICE_TYPE: Final = named(
    {0x02: "FILE_DEVICE_CD_ROM", 0x07: "FILE_DEVICE_DISK", 0x14: "FILE_DEVICE_NETWORK"}
)
_CHARACTERISTICS: Final = bits(
    {
        0x01: "FILE_REMOVABLE_MEDIA",
        0x02: "FILE_READ_ONLY_DEVICE",
        0x04: "FILE_FLOPPY_DISKETTE",
        0x08: "FILE_WRITE_ONCE_MEDIA",
        0x10: "FILE_REMOTE_DEVICE",
        0x20: "FILE_DEVICE_IS_MOUNTED",
        0x40: "FILE_VIRTUAL_VOLUME",
        0x80: "FILE_DEVICE_SECURE_OPEN",
    }
)
_FS_CONTROL: Final = bits(
    {
        0x0001: "QUOTA_TRACK",
        0x0002: "QUOTA_ENFORCE",
        0x0008: "CONTENT_INDEX_DISABLED",
        0x0010: "LOG_QUOTA_THRESHOLD",
        0x0020: "LOG_QUOTA_LIMIT",
        0x0040: "LOG_VOLUME_THRESHOLD",
        0x0080: "LOG_VOLUME_LIMIT",
        0x0100: "QUOTAS_INCOMPLETE",
        0x0200: "QUOTAS_REBUILDING",
    },
    prefix="FILE_VC_",
    none="no quotas",
)
UNIX_TYPE: Final = named(
    {
        0: "a file",
        1: "a directory",
        2: "a symbolic link",
        3: "a character device",
        4: "a block device",
        5: "a FIFO",
        6: "a socket",
    },
    other="left alone",
)
UNIX_CAPABILITIES: Final = bits(
    {
        0x01: "FCNTL_LOCKS",
        0x02: "POSIX_ACLS",
        0x04: "XATTR",
        0x08: "EXTATTR",
        0x10: "POSIX_PATHNAMES",
        0x20: "POSIX_PATH_OPERATIONS",
        0x40: "LARGE_READ",
        0x80: "LARGE_WRITE",
        0x100: "TRANSPORT_ENCRYPTION",
        0x200: "TRANSPORT_ENCRYPTION_MANDATORY",
    },
    prefix="CIFS_UNIX_",
    none="none",
)
_ACL_TAG: Final = named(
    {0x01: "the owner", 0x02: "a user", 0x04: "the group", 0x08: "a group", 0x10: "the mask", 0x20: "others"}
)
_ACL_BITS: Final = bits({4: "read", 2: "write", 1: "execute"}, none="nothing")
_POSIX_LOCK: Final = named({0: "to read", 1: "to write", 2: "none"})
_POSIX_OPEN: Final = bits(
    {
        0x001: "RDONLY",
        0x002: "WRONLY",
        0x004: "RDWR",
        0x010: "CREAT",
        0x020: "EXCL",
        0x040: "TRUNC",
        0x080: "APPEND",
        0x100: "SYNC",
        0x200: "DIRECTORY",
        0x400: "NOFOLLOW",
        0x800: "DIRECT",
    },
    prefix="SMB_O_",
)
_COMPRESSION: Final = named(
    {0: "COMPRESSION_FORMAT_NONE", 1: "COMPRESSION_FORMAT_DEFAULT", 2: "COMPRESSION_FORMAT_LZNT1"}
)
_ALIGNMENT: Final = named({0: "FILE_BYTE_ALIGNMENT", 1: "FILE_WORD_ALIGNMENT", 3: "FILE_LONG_ALIGNMENT"})
REPARSE_TAG: Final = named(
    {
        0: "none",
        0x8000000A: "IO_REPARSE_TAG_DFS",
        0xA0000003: "IO_REPARSE_TAG_MOUNT_POINT",
        0xA000000C: "IO_REPARSE_TAG_SYMLINK",
    }
)
FILE_MODE: Final = bits(
    {
        0x0002: "FILE_WRITE_THROUGH",
        0x0004: "FILE_SEQUENTIAL_ONLY",
        0x0008: "FILE_NO_INTERMEDIATE_BUFFERING",
        0x0010: "FILE_SYNCHRONOUS_IO_ALERT",
        0x0020: "FILE_SYNCHRONOUS_IO_NONALERT",
        0x1000: "FILE_DELETE_ON_CLOSE",
    },
    none="none",
)

_ROWS: Final[Mapping[str, Mapping[str, Callable[[Any], str]]]] = {
    "StandardInfo": {**_DOS_TIMES, "attributes": bitnames.FILE_ATTRIBUTES, "file_data_size": _bytes},
    "SetStandardInfo": _DOS_TIMES,
    "SetBasicInfo": {
        "creation_time": _set_time,
        "last_access_time": _set_time,
        "last_write_time": _set_time,
        "change_time": _set_time,
    },
    "FileStandardInfo": {"delete_pending": bitnames.YES_NO},
    "AllInfo": {"delete_pending": bitnames.YES_NO},
    "DispositionInfo": {"delete_pending": bitnames.YES_NO},
    "RenameInfo": {"replace_if_exists": bitnames.YES_NO},
    "AttributeTagInfo": {"attributes": bitnames.EXT_FILE_ATTRIBUTES, "reparse_tag": REPARSE_TAG},
    "CompressionInfo": {"compression_format": _COMPRESSION, "compressed_file_size": _bytes},
    "InternalInfo": {"index_number": id64},
    "AccessInfo": {"access_flags": bitnames.ACCESS},
    "ModeInfo": {"mode": FILE_MODE},
    "AlignmentInfo": {"alignment_requirement": _ALIGNMENT},
    "PipeModeInfo": {
        "read_mode": named({0: "FILE_PIPE_BYTE_STREAM_MODE", 1: "FILE_PIPE_MESSAGE_MODE"}),
        "completion_mode": named({0: "FILE_PIPE_QUEUE_OPERATION", 1: "FILE_PIPE_COMPLETE_OPERATION"}),
    },
    "BothDirectoryEntry": {"short_name": _short_name, "last_attr_change_time": filetime},
    "IdBothDirectoryEntry": {"short_name": _short_name, "last_attr_change_time": filetime},
    "DirectoryEntry": {"last_attr_change_time": filetime},
    "FullDirectoryEntry": {"last_attr_change_time": filetime},
    "IdFullDirectoryEntry": {"last_attr_change_time": filetime},
    "OldVolume": {"volume_serial_number": id32},
    "VolumeInfo": {"volume_creation_time": filetime, "serial_number": id32},
    "DeviceInfo": {"device_type": _DEVICE_TYPE, "device_characteristics": _CHARACTERISTICS},
    "FsAttributeInfo": {"file_system_attributes": FS_ATTRIBUTES},
    "ControlInfo": {
        "default_quota_threshold": _no_limit,
        "default_quota_limit": _no_limit,
        "file_system_control_flags": _FS_CONTROL,
    },
    "FsObjectIdInfo": {"object_id": guid},
    "UnixBasic": {
        "last_status_change": _unix_time,
        "last_access_time": _unix_time,
        "last_modification_time": _unix_time,
        "unix_uid": _unix_id,
        "unix_gid": _unix_id,
        "type": UNIX_TYPE,
        "permissions": permissions,
        "creation_time": _unix_time,
        "end_of_file": _unix_id,
    },
    "UnixFsInfo": {"capabilities": UNIX_CAPABILITIES},
    "UnixInfo": {"capabilities": UNIX_CAPABILITIES},
    "PosixAclEntry": {"tag": _ACL_TAG, "permissions": _ACL_BITS},
    "PosixLock": {"type": _POSIX_LOCK, "flags": bits({1: "waits"})},
    "PosixOpenRequest": {"open_flags": _POSIX_OPEN, "permissions": permissions},
    "PosixOpenResponse": {"create_action": bitnames.CREATE_ACTION},
    "PosixUnlinkRequest": {"target": named({0: "a file", 1: "a directory"})},
    "WhoamiHead": {"mapping_flags": bits({1: "a guest"}, none="a user")},
    "SearchEntry": {
        "file_attributes": bitnames.FILE_ATTRIBUTES,
        "last_write_time": dos_time,
        "last_write_date": dos_date,
        "file_size": _bytes,
    },
}

MEANINGS: Final[Mapping[tuple[str, str], Callable[[Any], str]]] = {
    (owner, field): meaning for owner, fields in _ROWS.items() for field, meaning in fields.items()
}
"""By the name of the class and the field."""
