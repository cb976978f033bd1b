"""The CIFS Unix extensions but for opening: SNIA CIFS Technical Reference 1.0, sections 4 and 5.

Levels 0x200 to 0x2FF of QUERY and SET_PATH, FILE and FS_INFORMATION come here, for shares that allow them.
"""

import stat
from collections.abc import Callable
from typing import Any, Final

from twisted.internet.defer import Deferred

from fakesmb.core.dispatch import Needs
from fakesmb.core.identities import machine_sid, token_of
from fakesmb.core.request import AnyRequest, Request
from fakesmb.core.strings import strings_of
from fakesmb.core.trans2.levels import NO_EA_ERROR, Target, check_disk, unknown_level, with_handle
from fakesmb.core.trans2.unix_open import make_file, posix_lock, posix_open, query_lock
from fakesmb.core.transactions import Results, subcommand
from fakesmb.core.unix_clients import LINUX
from fakesmb.core.waiting import retry_until_free
from fakesmb.nt.descriptor import sid_bytes
from fakesmb.nt.files import Access
from fakesmb.nt.posixacl import Acl, checked, is_extended
from fakesmb.nt.status import NT, SMBError
from fakesmb.record.events import Effect
from fakesmb.vfs.paths import Path
from fakesmb.vfs.store import PosixChanges
from fakesmb.wire.codec import DecodeError
from fakesmb.wire.frame import LONGEST_FRAME
from fakesmb.wire.trans2 import SetFsInformationRequest, Trans2
from fakesmb.wire.unix import (
    MAJOR_VERSION,
    QUERY_LEVELS,
    SET_LEVELS,
    UNKNOWN,
    FileType,
    PosixFsInfo,
    SetUnix,
    UnixCapability,
    UnixFsInfo,
    UnixFsLevel,
    UnixLevel,
    Whoami,
)
from fakesmb.wire.unix_acl import SetAcl

_ALWAYS_OFFERED: Final = (
    UnixCapability.FCNTL_LOCKS
    | UnixCapability.POSIX_PATHNAMES
    | UnixCapability.POSIX_PATH_OPERATIONS
    | UnixCapability.LARGE_READ
    | UnixCapability.POSIX_ACLS
    | UnixCapability.TRANSPORT_ENCRYPTION
)
_LARGEST_TRANSFER: Final = 0x1FFFF & ~0xFFF
_NOBODY: Final = 65534
_NODES: Final = {FileType.FIFO: stat.S_IFIFO, FileType.SOCKET: stat.S_IFSOCK}
"""What is made besides files and directories: it means something on clients alone, and cannot be opened here."""


def is_unix(level: int) -> bool:
    """Whether a level of files is one of the Unix extensions."""
    return UnixLevel.FIRST <= level <= UnixLevel.LAST


def check(request: AnyRequest, level: int) -> None:
    """Raises INVALID_LEVEL for a share without the Unix extensions."""
    if not request.tree.share.unix_extensions:
        raise unknown_level(level)


# -- file systems ------------------------------------------------------------------------------------------


def query_fs(request: AnyRequest, level: int) -> Results:
    """QUERY_FS_INFORMATION at a level of the Unix extensions."""
    if level == UnixFsLevel.POSIX:
        check_disk(request)
    check(request, level)
    answer = _QUERY_FS.get(level)
    if answer is None:
        raise unknown_level(level)
    return Results(data=answer(request))


def offered(request: AnyRequest) -> int:
    """The capabilities of the Unix extensions.

    LARGE_WRITE says that a write may be as long as a frame: Linux sends 1 MiB then. Without it, 64 KiB.
    """
    capabilities = _ALWAYS_OFFERED
    if request.server.settings.limits.message_bytes >= LONGEST_FRAME:
        capabilities |= UnixCapability.LARGE_WRITE
    return capabilities


def _version(request: AnyRequest) -> bytes:
    return UnixFsInfo(capabilities=offered(request)).encode()


def _posix_fs(request: AnyRequest) -> bytes:
    volume = request.store.volume()
    unit = volume.sectors_per_unit * volume.bytes_per_sector
    return PosixFsInfo(
        _LARGEST_TRANSFER,
        unit,
        volume.total_units,
        volume.free_units + volume.reserved_units,
        volume.free_units,
        volume.total_files or UNKNOWN,
        volume.free_files if volume.total_files else UNKNOWN,
        volume.serial_number,
    ).encode()


def _whoami(request: AnyRequest) -> bytes:
    """The user's number is that of the account here, as its SID says; files are the server process's."""
    identity = request.session.identity
    assert identity is not None
    token = token_of(machine_sid(request.server.settings.name), identity)
    guest = identity.kind != "user"
    uid, gid = (_NOBODY, _NOBODY) if guest else (_rid(token.user), _rid(token.primary_group))
    sids = [token.user, *sorted(token.groups)]
    who = Whoami(guest, uid, gid, (gid,), [sid_bytes(sid) for sid in sids])
    return who.within(request.transaction.max_data_count).encode()


def _rid(sid: str) -> int:
    return int(sid.rpartition("-")[2])


_QUERY_FS: Final[dict[int, Callable[[AnyRequest], bytes]]] = {
    UnixFsLevel.UNIX: _version,
    UnixFsLevel.POSIX: _posix_fs,
    UnixFsLevel.WHOAMI: _whoami,
}


@subcommand(Trans2.SET_FS_INFORMATION, SetFsInformationRequest, Needs.TREE)
def set_fs_information(request: Request[SetFsInformationRequest]) -> Results:
    """TRANS2_SET_FS_INFORMATION, [MS-SMB] 3.3.5.10.9: what of the Unix extensions the client wants on this tree."""
    params = request.params
    level = params.information_level
    if level == UnixFsLevel.TRANSPORT_ENCRYPTION:
        return _encrypt(request)
    check_disk(request)
    if level != UnixFsLevel.UNIX:
        raise unknown_level(level)
    check(request, level)
    try:
        wanted = UnixFsInfo.decode(request.transaction.data)
    except DecodeError as error:
        raise SMBError(NT.INVALID_PARAMETER, str(error)) from error
    if wanted.major_version != MAJOR_VERSION:
        raise SMBError(NT.INVALID_PARAMETER, f"version {wanted.major_version} of the Unix extensions")
    if not request.tree.belongs_to(request.session.uid):  # what names mean in it is not for others to say
        raise SMBError(NT.ACCESS_DENIED, "the tree is another user's")
    request.tree.choose_unix(wanted.capabilities & offered(request))
    return Results()


def _encrypt(request: AnyRequest) -> Results:
    """A step of the sign-in whose key encrypts the connection: of any tree, IPC$ too."""
    if not request.server.profile.unix_extensions:
        raise unknown_level(UnixFsLevel.TRANSPORT_ENCRYPTION)
    answer, number = request.connection.seal().step(request.transaction.data)
    return Results(b"" if number is None else number.to_bytes(2, "little"), answer)


# -- files -------------------------------------------------------------------------------------------------


def query(request: AnyRequest, target: Target, level: int) -> Results:
    """QUERY_PATH or QUERY_FILE_INFORMATION at a level of the Unix extensions."""
    check(request, level)
    row = QUERY_LEVELS.get(level)
    if row is None or row.encode is None:
        raise unknown_level(level)
    posix = request.store.posix
    if level == UnixLevel.POSIX_LOCK:
        return Results(NO_EA_ERROR, query_lock(request, target))
    if level == UnixLevel.LINK:
        if not isinstance(target, Path):
            raise SMBError(NT.NOT_SUPPORTED, "an open file is never a symbolic link itself")
        text, context = posix.read_link(target), strings_of(request)
        if not context.shows(text):
            raise SMBError(NT.OBJECT_NAME_INVALID, f"the client's code page cannot spell the target {text!r}")
        return Results(NO_EA_ERROR, context.text(text + "\0"))
    told = posix.acls(target) if level == UnixLevel.POSIX_ACL else posix.query(target)
    return Results(NO_EA_ERROR, row.encode(told, strings_of(request)))


def change(request: AnyRequest, target: Target, level: int) -> "Results | Deferred[Results]":
    """SET_PATH or SET_FILE_INFORMATION at a level of the Unix extensions.

    Only for a client that chose them on this tree, as Samba has it: 0x20A deletes, and others may not know that.
    """
    check(request, level)
    if not request.tree.unix_capabilities:
        raise unknown_level(level)
    row, apply = SET_LEVELS.get(level), _CHANGES.get(level)
    if row is None or row.decode is None or apply is None:
        raise unknown_level(level)
    try:
        wanted = row.decode(request.transaction.data, strings_of(request))
    except DecodeError as error:
        raise SMBError(NT.INVALID_PARAMETER, str(error)) from error
    if level not in _HARMLESS:
        request.check_writable()
    if level == UnixLevel.POSIX_OPEN:
        return posix_open(request, target, wanted)
    if level == UnixLevel.POSIX_LOCK:
        return posix_lock(request, target, wanted)

    def attempt() -> Results:
        apply(request, target, wanted)
        return Results(NO_EA_ERROR)

    return retry_until_free(attempt, request.server)


def _path(target: Target) -> Path:
    if not isinstance(target, Path):
        raise SMBError(NT.INVALID_LEVEL, "a level of names, not of open files")
    return target


def _basic(request: AnyRequest, target: Target, wanted: SetUnix) -> None:
    if isinstance(target, Path) and _made(request, target, wanted):
        request.effect = Effect.CREATED
        return
    now = request.store.posix.query(target)
    changes = PosixChanges(
        wanted.access_time,
        wanted.write_time,
        None if wanted.uid == now.posix_uid else wanted.uid,
        None if wanted.gid == now.posix_gid else wanted.gid,
        wanted.mode,
        wanted.creation_time,
    )
    if changes.uid is not None or changes.gid is not None:
        identity = request.session.identity
        if identity is None or not identity.admin:
            raise SMBError(NT.ACCESS_DENIED, "only an administrator may give files away")
    if wanted.size is not None and wanted.size != now.end_of_file:
        size = wanted.size
        with_handle(
            request,
            target,
            Access.WRITE_DATA,
            lambda handle: request.store.set_end_of_file(handle, size),
            resizes=True,
        )
    if any(one is not None for one in changes):
        request.store.posix.change(target, changes)


def _made(request: AnyRequest, path: Path, wanted: SetUnix) -> bool:
    """Whether this was mknod: of a name that is not there. A file is made where a size is said, else chmod would."""
    try:
        request.store.posix.query(path)
    except SMBError as error:
        if error.status != NT.OBJECT_NAME_NOT_FOUND or wanted.mode is None:
            raise
        if wanted.type == FileType.DIRECTORY:
            request.store.make_directory(path)
        elif wanted.type == FileType.FILE and wanted.size is not None:
            make_file(request, path)
        elif wanted.type == FileType.FILE:
            raise
        elif wanted.type in _NODES:
            request.store.posix.make_node(path, _NODES[wanted.type])
        else:
            raise SMBError(NT.ACCESS_DENIED, "devices are not made here") from None
        request.store.posix.set_new_mode(path, wanted.mode)
        return True
    return False


def _acl(request: AnyRequest, target: Target, wanted: SetAcl) -> None:
    access, default = (
        None if one is None else checked(one) if one else () for one in (wanted.access, wanted.default)
    )
    posix = request.store.posix
    if request.session.native_os.startswith(LINUX) and _is_plain_directory(request, target, access, default):
        raise SMBError(NT.NOT_SUPPORTED, "permission bits, which Linux sets by chmod(2) then")
    posix.set_acls(target, access, default)


def _is_plain_directory(request: AnyRequest, target: Target, access: Acl | None, default: Acl | None) -> bool:
    """Whether a directory without ACLs is to get one that says no more than its mode.

    Linux up to 6.12 cannot take a default ACL away, which `cp -a` tries for each directory whose ACL
    could be set and that has no default; where it is told that it could not, it leaves both alone and sets the mode.
    """
    if access is None or default is not None or is_extended(access):
        return False
    posix = request.store.posix
    now = posix.acls(target)
    return not is_extended(now.access) and stat.S_ISDIR(posix.query(target).mode_bits)


def _link(request: AnyRequest, target: Target, wanted: str) -> None:
    request.store.posix.make_link(_path(target), wanted)


def _hard_link(request: AnyRequest, target: Target, wanted: str) -> None:
    request.store.posix.make_hard_link(request.parse(wanted), _path(target))


def _unlink(request: AnyRequest, target: Target, wanted: Any) -> None:
    request.store.posix.unlink(_path(target), directory=bool(wanted.target))


_CHANGES: Final[dict[int, Callable[[AnyRequest, Target, Any], None]]] = {
    UnixLevel.BASIC: _basic,
    UnixLevel.INFO2: _basic,
    UnixLevel.LINK: _link,
    UnixLevel.HLINK: _hard_link,
    UnixLevel.POSIX_ACL: _acl,
    UnixLevel.POSIX_UNLINK: _unlink,
    UnixLevel.POSIX_OPEN: lambda request, target, wanted: None,
    UnixLevel.POSIX_LOCK: lambda request, target, wanted: None,
}
_HARMLESS: Final = frozenset({UnixLevel.POSIX_OPEN, UnixLevel.POSIX_LOCK})
"""Levels that a read-only tree lets pass: the open itself refuses what changes files."""
