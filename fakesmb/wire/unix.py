"""The CIFS Unix extensions on the wire: SNIA CIFS Technical Reference 1.0, sections 4 and 5, and Samba's additions.

Levels from 0x200 on. `facts` are those of `wire.info.Facts` with the POSIX fields of `vfs.store.Info`. All ones leave a
fact alone in a set request; clients send both 32 and 64 bits of them.
"""

import stat
import struct
from collections.abc import Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import msgspec

from fakesmb.wire.codec import U16, U32, U64, Buffer, DecodeError, Structure, layout_of
from fakesmb.wire.find_info import EntryList, FindLevel
from fakesmb.wire.info import Level, LevelContext, counted, need
from fakesmb.wire.info_layouts import PosixAclHead, UnixBasic, UnixInfo2, UnixText, WhoamiHead
from fakesmb.wire.unix_acl import decode_acl, encode_acl

MAJOR_VERSION: Final = 1
MINOR_VERSION: Final = 0
NO_CHANGE: Final = 0xFFFFFFFFFFFFFFFF
NO_CHANGE_32: Final = 0xFFFFFFFF
UNKNOWN: Final = NO_CHANGE
"""What a count says that the server does not know."""


class UnixCapability:
    """Capabilities of the Unix extensions: those of QUERY_FS and SET_FS level 0x200."""

    FCNTL_LOCKS: Final = 0x01
    POSIX_ACLS: Final = 0x02
    XATTR: Final = 0x04
    EXTATTR: Final = 0x08
    POSIX_PATHNAMES: Final = 0x10
    """The separator is `/`; names are case-sensitive, and all other characters are legal in them."""
    POSIX_PATH_OPERATIONS: Final = 0x20
    """POSIX_OPEN and POSIX_UNLINK, levels 0x209 and 0x20A."""
    LARGE_READ: Final = 0x40
    LARGE_WRITE: Final = 0x80
    TRANSPORT_ENCRYPTION: Final = 0x100
    """SET_FS level 0x203: messages are encrypted, see `wire.sealed`."""


class UnixLevel:
    """Information levels of files."""

    BASIC: Final = 0x200
    LINK: Final = 0x201
    HLINK: Final = 0x203
    POSIX_ACL: Final = 0x204
    POSIX_LOCK: Final = 0x208
    POSIX_OPEN: Final = 0x209
    POSIX_UNLINK: Final = 0x20A
    INFO2: Final = 0x20B
    FIRST: Final = 0x200
    LAST: Final = 0x2FF


class UnixFsLevel:
    """Information levels of file systems."""

    UNIX: Final = 0x200
    POSIX: Final = 0x201
    WHOAMI: Final = 0x202
    TRANSPORT_ENCRYPTION: Final = 0x203


class FileType:
    """Type of UNIX_BASIC."""

    FILE: Final = 0
    DIRECTORY: Final = 1
    SYMLINK: Final = 2
    CHARACTER_DEVICE: Final = 3
    BLOCK_DEVICE: Final = 4
    FIFO: Final = 5
    SOCKET: Final = 6


_TYPES: Final = {
    stat.S_IFREG: FileType.FILE,
    stat.S_IFDIR: FileType.DIRECTORY,
    stat.S_IFLNK: FileType.SYMLINK,
    stat.S_IFCHR: FileType.CHARACTER_DEVICE,
    stat.S_IFBLK: FileType.BLOCK_DEVICE,
    stat.S_IFIFO: FileType.FIFO,
    stat.S_IFSOCK: FileType.SOCKET,
}

_BASIC: Final = layout_of(UnixBasic).fixed
_INFO2_TAIL: Final = struct.Struct("<qII")
_LINKS_OF_ENTRY: Final = struct.Struct("<II")
_WHOAMI: Final = layout_of(WhoamiHead).fixed
_NO_FLAGS: Final = 0


def encode_basic(facts: Any, context: LevelContext) -> bytes:
    """UNIX_BASIC: 100 bytes."""
    mode, device = facts.mode_bits, facts.special_device
    return _BASIC.pack(
        facts.end_of_file,
        facts.allocation_size,
        facts.change_time,
        facts.last_access_time,
        facts.last_write_time,
        facts.posix_uid,
        facts.posix_gid,
        _TYPES.get(stat.S_IFMT(mode), FileType.FILE),
        device >> 8 & 0xFFF,
        device & 0xFF | device >> 12 & 0xFFF00,
        facts.file_id,
        stat.S_IMODE(mode),
        facts.number_of_links,
    )


def encode_info2(facts: Any, context: LevelContext) -> bytes:
    """UNIX_INFO2: UNIX_BASIC, the creation time, the flags of the file and which of them there are (none)."""
    return encode_basic(facts, context) + _INFO2_TAIL.pack(facts.creation_time, _NO_FLAGS, _NO_FLAGS)


class SetUnix(msgspec.Struct, frozen=True, gc=False):
    """What UNIX_BASIC or INFO2 sets; None leaves a fact alone. Times are FILETIME."""

    size: int | None = None
    access_time: int | None = None
    write_time: int | None = None
    uid: int | None = None
    gid: int | None = None
    type: int | None = None
    mode: int | None = None
    creation_time: int | None = None


def _given(value: int) -> int | None:
    return None if value in (NO_CHANGE, NO_CHANGE_32) else value


def _time(value: int) -> int | None:
    return value if value > 0 else None


def decode_basic(data: Buffer, context: LevelContext) -> SetUnix:
    """UNIX_BASIC of a set request; raises `DecodeError`."""
    need(data, _BASIC.size, "UNIX_BASIC")
    size, _, _, access, write, uid, gid, kind, _, _, _, mode, _ = _BASIC.unpack_from(data)
    return SetUnix(
        None if size == NO_CHANGE else size,
        _time(access),
        _time(write),
        _given(uid),
        _given(gid),
        None if kind == NO_CHANGE_32 else kind,
        _given(mode),
    )


def decode_info2(data: Buffer, context: LevelContext) -> SetUnix:
    """UNIX_INFO2 of a set request; raises `DecodeError`, for flags too, since no file has any."""
    need(data, _BASIC.size + _INFO2_TAIL.size, "UNIX_INFO2")
    created, flags, mask = _INFO2_TAIL.unpack_from(data, _BASIC.size)
    if flags & mask:
        raise DecodeError(f"no file can have the flags 0x{flags:X}")
    return msgspec.structs.replace(decode_basic(data, context), creation_time=_time(created))


class UnixFsInfo(Structure, frozen=True):
    """QUERY_FS and SET_FS level 0x200: version and capabilities."""

    major_version: U16 = MAJOR_VERSION
    minor_version: U16 = MINOR_VERSION
    capabilities: U64 = 0


class PosixFsInfo(Structure, frozen=True):
    """QUERY_FS level 0x201, as statvfs(3); all ones where something is not known."""

    optimal_transfer_size: U32
    block_size: U32
    total_blocks: U64
    blocks_available: U64
    user_blocks_available: U64
    total_file_nodes: U64 = UNKNOWN
    free_file_nodes: U64 = UNKNOWN
    fs_identifier: U64 = 0


class Whoami(NamedTuple):
    """QUERY_FS level 0x202: who the server takes the client for."""

    guest: bool
    uid: int
    gid: int
    gids: Sequence[int] = ()
    sids: Sequence[bytes] = ()

    def within(self, limit: int) -> "Whoami":
        """All of it where that many bytes hold it, else neither groups nor SIDs: smbtorture wants no half lists."""
        size = _WHOAMI.size + 8 * len(self.gids) + sum(map(len, self.sids))
        return self if size <= limit else self._replace(gids=(), sids=())

    def encode(self) -> bytes:
        """The level's data."""
        sids = b"".join(self.sids)
        head = _WHOAMI.pack(
            int(self.guest), 1, self.uid, self.gid, len(self.gids), len(self.sids), len(sids), 0
        )
        return head + struct.pack(f"<{len(self.gids)}Q", *self.gids) + sids


class PosixOpenRequest(Structure, frozen=True):
    """SET_PATH level 0x209. `flags` asks for oplocks as NT_CREATE_ANDX does."""

    flags: U32
    open_flags: U32
    permissions: U64
    reply_level: U16


class PosixOpenFlag:
    """What of open(2) the request says."""

    RDONLY: Final = 0x001
    WRONLY: Final = 0x002
    RDWR: Final = 0x004
    CREAT: Final = 0x010
    EXCL: Final = 0x020
    TRUNC: Final = 0x040
    APPEND: Final = 0x080
    SYNC: Final = 0x100
    DIRECTORY: Final = 0x200
    NOFOLLOW: Final = 0x400
    DIRECT: Final = 0x800


NO_REPLY_LEVEL: Final = 0xFFFF


class PosixOpenResponse(Structure, frozen=True):
    """The data that answer it; what is known of the file at `returned_level` follows."""

    oplock: U16
    fid: U16
    create_action: U32
    returned_level: U16 = NO_REPLY_LEVEL
    padding: U16 = 0


class PosixUnlinkRequest(Structure, frozen=True):
    """SET_PATH level 0x20A: 0 for a file, 1 for a directory."""

    target: U16


class PosixLock(Structure, frozen=True):
    """SET_FILE and QUERY_FILE level 0x208. `type`: 0 to read, 1 to write, 2 none; length 0 is to the end."""

    type: U16
    flags: U16
    pid: U32
    start: U64
    length: U64


class PosixLockType:
    """Type of a POSIX lock."""

    READ: Final = 0
    WRITE: Final = 1
    UNLOCK: Final = 2


LOCK_WAITS: Final = 1
"""The flag of a lock that is waited for."""


class UnixEntries(EntryList):
    """Entries of an answer at level 0x202, names ending with a null, or at 0x20B, names counted."""

    __slots__ = ()

    def _add_nt(self, facts: Any, key: int = 0, eas: Buffer = b"") -> bool:
        context = self.context
        if not context.shows(facts.name):
            return True
        name = context.text(facts.name)
        if self.level.size == _BASIC.size:
            body = encode_basic(facts, context) + name + (b"\0\0" if context.unicode else b"\0")
        else:
            body = encode_info2(facts, context) + counted(name)
        at, size = len(self.data), _LINKS_OF_ENTRY.size + len(body)
        if at + size > self.limit:
            return False
        pad = -size % 8
        self.data += _LINKS_OF_ENTRY.pack(size + pad, key) + body + bytes(pad)
        self.last = at
        self.unpadded = at + size
        self.count += 1
        return True


def _head(following: int, index: int, facts: Any, name_size: int, short: bytes) -> bytes:
    raise NotImplementedError  # `UnixEntries` writes whole entries


_SNIA: Final = "SNIA CIFS Unix extensions"
_SAMBA: Final = "Samba's Unix extensions 1.0"

FIND_LEVELS: Final = MappingProxyType(
    {
        0x0202: FindLevel("SMB_FIND_FILE_UNIX", _SNIA, _head, _BASIC.size, "", UnixBasic, unix=True),
        0x020B: FindLevel(
            "SMB_FIND_FILE_UNIX_INFO2",
            _SAMBA,
            _head,
            _BASIC.size + _INFO2_TAIL.size,
            "",
            UnixInfo2,
            unix=True,
        ),
    }
)
"""Directory entries."""


def _nothing(facts: Any, context: LevelContext) -> bytes:
    return b""


QUERY_LEVELS: Final = MappingProxyType(
    {
        UnixLevel.BASIC: Level("SMB_QUERY_FILE_UNIX_BASIC", _SNIA, encode_basic, None, UnixBasic),
        UnixLevel.LINK: Level("SMB_QUERY_FILE_UNIX_LINK", _SNIA, _nothing, None, UnixText),
        UnixLevel.POSIX_ACL: Level("SMB_QUERY_POSIX_ACL", _SAMBA, encode_acl, None, PosixAclHead),
        UnixLevel.POSIX_LOCK: Level("SMB_QUERY_POSIX_LOCK", _SAMBA, _nothing, None, PosixLock),
        UnixLevel.INFO2: Level("SMB_QUERY_FILE_UNIX_INFO2", _SAMBA, encode_info2, None, UnixInfo2),
    }
)
"""Queries of files; what LINK and POSIX_LOCK answer is not made from facts."""


def _open(data: Buffer, context: LevelContext) -> PosixOpenRequest:
    return PosixOpenRequest.decode(data)


def _unlink(data: Buffer, context: LevelContext) -> PosixUnlinkRequest:
    return PosixUnlinkRequest.decode(data)


def _lock(data: Buffer, context: LevelContext) -> PosixLock:
    return PosixLock.decode(data)


def _text(data: Buffer, context: LevelContext) -> str:
    return context.read_text(data)


SET_LEVELS: Final = MappingProxyType(
    {
        UnixLevel.BASIC: Level("SMB_SET_FILE_UNIX_BASIC", _SNIA, None, decode_basic, UnixBasic),
        UnixLevel.LINK: Level("SMB_SET_FILE_UNIX_LINK", _SNIA, None, _text, UnixText),
        UnixLevel.HLINK: Level("SMB_SET_FILE_UNIX_HLINK", _SNIA, None, _text, UnixText),
        UnixLevel.POSIX_ACL: Level("SMB_SET_POSIX_ACL", _SAMBA, None, decode_acl, PosixAclHead),
        UnixLevel.POSIX_LOCK: Level("SMB_SET_POSIX_LOCK", _SAMBA, None, _lock, PosixLock),
        UnixLevel.POSIX_OPEN: Level("SMB_POSIX_PATH_OPEN", _SAMBA, None, _open, PosixOpenRequest),
        UnixLevel.POSIX_UNLINK: Level("SMB_POSIX_PATH_UNLINK", _SAMBA, None, _unlink, PosixUnlinkRequest),
        UnixLevel.INFO2: Level("SMB_SET_FILE_UNIX_INFO2", _SAMBA, None, decode_info2, UnixInfo2),
    }
)
"""What can be set of files."""

FS_LEVELS: Final = MappingProxyType(
    {
        UnixFsLevel.UNIX: Level("SMB_QUERY_CIFS_UNIX_INFO", _SNIA, _nothing, None, UnixFsInfo),
        UnixFsLevel.POSIX: Level("SMB_QUERY_POSIX_FS_INFO", _SAMBA, _nothing, None, PosixFsInfo),
        UnixFsLevel.WHOAMI: Level("SMB_QUERY_POSIX_WHOAMI", _SAMBA, _nothing, None, WhoamiHead),
    }
)
"""Queries of file systems, made of what core knows."""
