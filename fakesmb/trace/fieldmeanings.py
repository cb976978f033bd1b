"""Which meaning each field has, by the structure and its name."""

from collections.abc import Mapping
from functools import cache, partial
from types import MappingProxyType
from typing import Final

from fakesmb.trace import bitnames as names
from fakesmb.trace.carriedmeanings import MEANINGS
from fakesmb.trace.meanings import (
    Meaning,
    dos_date,
    dos_time,
    filetime,
    guid,
    id16,
    id32,
    id64,
    milliseconds,
    named,
    utime,
    zone,
)
from fakesmb.wire.levels import level_name
from fakesmb.wire.names import (
    FSCTLS,
    NT_TRANSACT_FUNCTIONS,
    TRANS2_SUBCOMMANDS,
    TRANSACTION_FUNCTIONS,
    Name,
)
from fakesmb.wire.trans2 import Trans2

__all__ = ["Meaning", "meaning_of"]


def _length_of_file(value: int) -> str:
    return f"{value} bytes" if value >= 10_000 else ""


def _remote_fid(value: int) -> str:
    return id16(value) if value else "none: the name is from the share's root"


def _dialect_index(value: int) -> str:
    return "none of them" if value == 0xFFFF else f"#{value} of those offered"


def _max_count_high(value: int) -> str:
    """Of a pipe a timeout, of a file 16 bits of the count ([MS-SMB] 2.2.4.2.1)."""
    if not value:
        return ""
    return f"of a file MaxCountHigh {value & 0xFFFF}, of a pipe Timeout: {milliseconds(value)}"


def _pipe_or_file_status(value: int) -> str:
    """Of a pipe SMB_NMPIPE_STATUS, of a file FileStatusFlags ([MS-SMB] 2.2.4.9.2)."""
    return names.FILE_STATUS(value) if value <= 7 else names.NM_PIPE_STATUS(value)


def _rename_flags(value: int) -> str:
    return "replace what has the name" if value & 1 else ""


def _fsctl(value: int) -> str:
    known = FSCTLS.get(value)
    return f"{known.name} (0x{value:08X})" if known else id32(value)


def _of(table: Mapping[int, Name]) -> Meaning:
    return lambda code: table[code].name if code in table else id16(code)


_function: Final = _of(NT_TRANSACT_FUNCTIONS)
_trans2: Final = _of(TRANS2_SUBCOMMANDS)
_pipe_function: Final = _of(TRANSACTION_FUNCTIONS)

_BY_NAME: Final[Mapping[str, Meaning]] = MappingProxyType(
    {
        "desired_access": names.ACCESS,
        "maximal_access_rights": names.ACCESS,
        "guest_maximal_access_rights": names.ACCESS,
        "maximal_share_access_rights": names.ACCESS,
        "guest_maximal_share_access_rights": names.ACCESS,
        "ext_file_attributes": names.EXT_FILE_ATTRIBUTES,
        "file_attributes": names.FILE_ATTRIBUTES,
        "search_attributes": names.FILE_ATTRIBUTES,
        "share_access": names.SHARE_ACCESS,
        "create_disposition": names.DISPOSITION,
        "create_action": names.CREATE_ACTION,
        "create_options": names.CREATE_OPTIONS,
        "impersonation_level": names.IMPERSONATION,
        "security_flags": names.SECURITY_FLAGS,
        "oplock_level": names.OPLOCK_LEVEL,
        "new_oplock_level": names.NEW_OPLOCK_LEVEL,
        "resource_type": names.RESOURCE_TYPE,
        "nm_pipe_status": names.NM_PIPE_STATUS,
        "directory": names.YES_NO,
        "create_time": filetime,
        "creation_time": filetime,
        "last_access_time": filetime,
        "last_write_time": filetime,
        "last_change_time": filetime,
        "system_time": filetime,
        "last_modified": utime,
        "root_directory_fid": _remote_fid,
        "volume_guid": guid,
        "server_guid": guid,
        "file_id": id64,
        "capabilities": names.CAPABILITIES,
        "security_mode": names.SECURITY_MODE,
        "server_time_zone": zone,
        "dialect_index": _dialect_index,
        "raw_mode": names.RAW_MODE,
        "session_key": id32,
        "action": names.SETUP_ACTION,
        "optional_support": names.OPTIONAL_SUPPORT,
        "access_mode": names.ACCESS_MODE,
        "access_rights": names.ACCESS_MODE,
        "open_mode": names.OPEN_MODE,
        "open_function": names.OPEN_MODE,
        "open_results": names.OPEN_RESULTS,
        "action_taken": names.OPEN_RESULTS,
        "write_mode": names.WRITE_MODE,
        "mode": names.SEEK_MODE,
        "type_of_lock": names.LOCK_TYPE,
        "timeout": milliseconds,
        "server_date": dos_date,
        "server_time": dos_time,
        "create_date": dos_date,
        "last_access_date": dos_date,
        "last_write_date": dos_date,
        "search_storage_type": names.STORAGE_TYPE,
        "completion_filter": names.NOTIFY_FILTER,
        "watch_tree": names.YES_NO,
        "security_information": names.SECURITY_INFORMATION,
        "end_of_search": names.YES_NO,
        "function_code": _fsctl,
        "is_fsctl": named({0: "a device's control", 1: "a file system's control"}),
        "end_of_file": _length_of_file,
        "allocation_size": _length_of_file,
        "tid2": id16,
        "time_stamp": filetime,
        "ntlm_revision_current": names.NTLM_REVISION,
        "av_id": names.AV_IDS,
        "state": names.NM_PIPE_STATUS,
        "named_pipe_state": names.NM_PIPE_STATUS,
    }
)
"""Fields that mean the same wherever they are."""

_BY_CLASS: Final[Mapping[tuple[str, str], Meaning]] = MappingProxyType(
    {
        ("NtCreateAndxRequest", "flags"): names.NT_CREATE_FLAGS,
        ("NtCreateRequest", "flags"): names.NT_CREATE_FLAGS,
        ("NtCreateAndxResponse", "create_disposition"): names.CREATE_ACTION,
        ("OpenAndxRequest", "flags"): names.OPEN_FLAGS,
        ("OpenAndxRequest", "creation_time"): utime,
        ("OpenAndxResponse", "last_write_time"): utime,
        ("Open2Request", "flags"): names.OPEN_FLAGS,
        ("Open2Request", "creation_time"): utime,
        ("Open2Response", "creation_time"): utime,
        ("CreateRequest", "creation_time"): utime,
        ("CreateTemporaryRequest", "creation_time"): utime,
        ("CloseRequest", "last_write_time"): utime,
        ("WriteAndCloseRequest", "last_write_time"): utime,
        ("QueryInformationResponse", "last_write_time"): utime,
        ("SetInformationRequest", "last_write_time"): utime,
        ("QueryInformation2Response", "create_time"): dos_time,
        ("QueryInformation2Response", "last_access_time"): dos_time,
        ("QueryInformation2Response", "last_write_time"): dos_time,
        ("SetInformation2Request", "create_time"): dos_time,
        ("SetInformation2Request", "last_access_time"): dos_time,
        ("SetInformation2Request", "last_write_time"): dos_time,
        ("NtRenameRequest", "information_level"): names.NT_RENAME_LEVEL,
        ("TreeConnectAndxRequest", "flags"): names.TREE_CONNECT_FLAGS,
        ("FindFirst2Request", "flags"): names.FIND_FLAGS,
        ("FindNext2Request", "flags"): names.FIND_FLAGS,
        ("FindNext2Request", "resume_key"): id32,
        ("CopyRequest", "flags"): names.COPY_FLAGS,
        ("ReadAndxRequest", "timeout"): _max_count_high,
        ("NtCreateAndxResponse", "nm_pipe_status"): _pipe_or_file_status,
        ("NtCreateResponse", "nm_pipe_status"): _pipe_or_file_status,
        ("NtRenameTransactRequest", "rename_flags"): _rename_flags,
        ("OpenPrintFileRequest", "mode"): named({0: "text", 1: "graphics"}),
        ("SearchEntry", "last_write_time"): dos_time,
        ("TransactionWords", "flags"): names.TRANSACTION_FLAGS,
        ("NtWords", "function"): _function,
        ("Trans2Setup", "subcommand"): _trans2,
        ("PipeFidSetup", "subcommand"): _pipe_function,
        ("PipeNameSetup", "subcommand"): _pipe_function,
        ("MailslotSetup", "mailslot_opcode"): named({1: "TRANS_MAILSLOT_WRITE"}),
        ("MailslotSetup", "class_"): named({1: "reliable", 2: "unreliable"}),
        ("QueryFsInformationRequest", "information_level"): partial(level_name, Trans2.QUERY_FS_INFORMATION),
        ("SetFsInformationRequest", "information_level"): partial(level_name, Trans2.SET_FS_INFORMATION),
        ("QueryPathInformationRequest", "information_level"): partial(
            level_name, Trans2.QUERY_PATH_INFORMATION
        ),
        ("QueryFileInformationRequest", "information_level"): partial(
            level_name, Trans2.QUERY_FILE_INFORMATION
        ),
        ("SetPathInformationRequest", "information_level"): partial(level_name, Trans2.SET_PATH_INFORMATION),
        ("SetFileInformationRequest", "information_level"): partial(level_name, Trans2.SET_FILE_INFORMATION),
        ("FindFirst2Request", "information_level"): partial(level_name, Trans2.FIND_FIRST2),
        ("FindNext2Request", "information_level"): partial(level_name, Trans2.FIND_NEXT2),
    }
)
"""Fields that mean something else in one structure, by the name of its class."""


@cache
def meaning_of(cls: type, field: str) -> Meaning | None:
    """How a field of a structure is read; None where its value says all."""
    for base in cls.__mro__:
        own = _BY_CLASS.get((base.__name__, field)) or MEANINGS.get((base.__name__, field))
        if own is not None:
            return own
    return _BY_NAME.get(field)
