"""POSIX_OPEN and POSIX locks of the Unix extensions (SET_PATH level 0x209, SET and QUERY_FILE level 0x208)."""

from functools import partial
from typing import Final

from twisted.internet.defer import Deferred

from fakesmb.core.files import open_file
from fakesmb.core.oplocks import requested_level
from fakesmb.core.request import AnyRequest
from fakesmb.core.state import Open
from fakesmb.core.strings import strings_of
from fakesmb.core.trans2.levels import NO_EA_ERROR, Target, unknown_level
from fakesmb.core.transactions import Results
from fakesmb.core.waiting import in_order, retry_until_free, then
from fakesmb.nt.files import Access, Action, Disposition, Option
from fakesmb.nt.status import NT, SMBError
from fakesmb.record.events import Effect
from fakesmb.vfs.paths import Path
from fakesmb.vfs.store import CreateParameters, Handle, Opened
from fakesmb.wire.codec import DecodeError
from fakesmb.wire.files import CreateFlag
from fakesmb.wire.unix import (
    LOCK_WAITS,
    NO_CHANGE,
    NO_CHANGE_32,
    NO_REPLY_LEVEL,
    QUERY_LEVELS,
    PosixLock,
    PosixLockType,
    PosixOpenFlag,
    PosixOpenRequest,
    PosixOpenResponse,
    UnixLevel,
)

_ACCESS: Final = {
    0: Access.GENERIC_READ,
    PosixOpenFlag.RDONLY: Access.GENERIC_READ,
    PosixOpenFlag.WRONLY: Access.GENERIC_WRITE,
    PosixOpenFlag.RDWR: Access.GENERIC_READ | Access.GENERIC_WRITE,
}
_OPENED, _CREATED, _TRUNCATED = 1, 2, 3
_REPLY_LEVELS: Final = (UnixLevel.BASIC, UnixLevel.INFO2)
_DISPOSITION: Final = {
    0: Disposition.OPEN,
    PosixOpenFlag.EXCL: Disposition.OPEN,
    PosixOpenFlag.CREAT: Disposition.OPEN_IF,
    PosixOpenFlag.CREAT | PosixOpenFlag.EXCL: Disposition.CREATE,
}
_MAKE_FILE: Final = CreateParameters(
    access=Access.READ_ATTRIBUTES, disposition=Disposition.CREATE, options=Option.NON_DIRECTORY
)


def make_file(request: AnyRequest, path: Path) -> None:
    """mknod(2) of a regular file."""
    request.store.close(request.store.create(path, _MAKE_FILE).handle)


def posix_open(
    request: AnyRequest, target: Target, wanted: PosixOpenRequest
) -> "Results | Deferred[Results]":
    """open(2): it shares everything, and truncates a file instead of replacing it.

    A directory that is made is not opened: FID 0.
    """
    if not isinstance(target, Path):
        raise unknown_level(UnixLevel.POSIX_OPEN)
    path, flags = target, wanted.open_flags
    mode = None if wanted.permissions in (NO_CHANGE, NO_CHANGE_32) else wanted.permissions
    access = _ACCESS.get(flags & 7)
    if access is None:
        raise SMBError(NT.INVALID_PARAMETER, f"open flags 0x{flags:X} ask for no known access")
    if flags & PosixOpenFlag.DIRECTORY and flags & PosixOpenFlag.CREAT:
        return _make_directory(request, path, mode, wanted.reply_level)
    truncates = bool(flags & PosixOpenFlag.TRUNC)
    # open(2) opens a directory too where nothing is to be written.
    either = access == Access.GENERIC_READ and not flags & (PosixOpenFlag.CREAT | PosixOpenFlag.TRUNC)
    kind = 0 if either else Option.NON_DIRECTORY
    create = CreateParameters(
        access=access | Access.WRITE_DATA if truncates else access,
        disposition=_DISPOSITION[flags & (PosixOpenFlag.CREAT | PosixOpenFlag.EXCL)],
        options=Option.DIRECTORY if flags & PosixOpenFlag.DIRECTORY else kind,
        pid=request.header.pid,
        owner=request.connection,
        oplock=requested_level(
            wanted.flags & CreateFlag.REQUEST_OPLOCK,
            wanted.flags & CreateFlag.REQUEST_OPBATCH,
        ),
        level_two=True,
        resizes=truncates,
    )

    def response(opened: Opened, entry: Open) -> Results:
        action = _CREATED if opened.action == Action.CREATED else _OPENED
        if action == _CREATED:
            request.effect = Effect.CREATED
            if mode is not None:
                request.store.posix.set_new_mode(opened.handle, mode)
        elif truncates:
            request.store.set_end_of_file(opened.handle, 0)
            action = _TRUNCATED
        return _answer(request, opened.handle, entry.fid, opened.oplock, action, wanted.reply_level)

    outcome: Results | Deferred[Results] = open_file(request, path, create, response)
    return outcome


def _make_directory(
    request: AnyRequest, path: Path, mode: int | None, level: int
) -> "Results | Deferred[Results]":
    request.check_writable()

    def change() -> None:
        if mode is not None:
            request.store.posix.set_new_mode(path, mode)

    request.effect = Effect.CREATED
    make = partial(request.store.make_directory, path)
    answer = partial(_answer, request, path, 0, 0, _CREATED, level)
    return retry_until_free(in_order(make, change, last=answer), request.server)


def _answer(request: AnyRequest, target: Target, fid: int, oplock: int, action: int, level: int) -> Results:
    if level not in _REPLY_LEVELS:
        return Results(NO_EA_ERROR, PosixOpenResponse(oplock, fid, action, NO_REPLY_LEVEL).encode())
    encode = QUERY_LEVELS[level].encode
    assert encode is not None
    facts = encode(request.store.posix.query(target), strings_of(request))
    return Results(NO_EA_ERROR, PosixOpenResponse(oplock, fid, action, level).encode() + facts)


# -- locks -------------------------------------------------------------------------------------------------


def posix_lock(request: AnyRequest, target: Target, wanted: PosixLock) -> "Results | Deferred[Results]":
    """fcntl(2) F_SETLK and F_SETLKW: a process's locks of a file never conflict, the last one counts."""
    handle = _open_file(target)
    length = wanted.length
    locks = request.store.posix.locks(handle)
    if wanted.type == PosixLockType.UNLOCK:
        freed = locks.free(wanted.pid, wanted.start, length)
        return then(freed, lambda _: Results(NO_EA_ERROR))
    if wanted.type not in (PosixLockType.READ, PosixLockType.WRITE):
        raise SMBError(NT.INVALID_PARAMETER, f"lock type {wanted.type} is neither read, write nor unlock")
    taken = locks.take(
        wanted.pid,
        wanted.start,
        length,
        exclusive=wanted.type == PosixLockType.WRITE,
        waits=bool(wanted.flags & LOCK_WAITS),
    )
    return then(taken, lambda _: Results(NO_EA_ERROR))


def query_lock(request: AnyRequest, target: Target) -> bytes:
    """fcntl(2) F_GETLK: the lock that stands in the way of the one asked about, or that one as unlocked."""
    handle = _open_file(target)
    try:
        asked_for = PosixLock.decode(request.transaction.data)
    except DecodeError as error:
        raise SMBError(NT.INVALID_PARAMETER, str(error)) from error
    exclusive = asked_for.type == PosixLockType.WRITE
    locks = request.store.posix.locks(handle)
    found = locks.obstacle(asked_for.pid, asked_for.start, asked_for.length, exclusive=exclusive)
    if found is None:
        return PosixLock(
            PosixLockType.UNLOCK, asked_for.flags, asked_for.pid, asked_for.start, asked_for.length
        ).encode()
    kind = PosixLockType.WRITE if found.exclusive else PosixLockType.READ
    return PosixLock(kind, 0, found.pid, found.start, found.end - found.start).encode()


def _open_file(target: Target) -> Handle:
    if isinstance(target, Path):
        raise unknown_level(UnixLevel.POSIX_LOCK)
    if target.is_directory:
        raise SMBError(NT.INVALID_PARAMETER, "locks on a directory")
    return target
