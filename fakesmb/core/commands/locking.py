"""Byte-range locks: LOCKING_ANDX, LOCK_BYTE_RANGE, UNLOCK_BYTE_RANGE ([MS-CIFS] 2.2.4.32, .13, .14)."""

from collections.abc import Callable
from typing import Final

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from fakesmb.core.dispatch import Needs, command
from fakesmb.core.lock_waits import LockWait, exchange_all
from fakesmb.core.request import NO_REPLY, Answer, Empty, Request
from fakesmb.core.waiting import then
from fakesmb.nt.status import ERRDOS, NT, SMBError
from fakesmb.vfs.store import Handle
from fakesmb.wire.commands import Command
from fakesmb.wire.locking import (
    LockByteRangeRequest,
    LockingAndxRequest,
    LockingAndxResponse,
    LockType,
    UnlockByteRangeRequest,
)

CANCEL_VIOLATION: Final = (ERRDOS, 173)


@command(Command.LOCKING_ANDX, LockingAndxRequest, Needs.DISK)
def locking_andx(request: Request[LockingAndxRequest]) -> "Answer | Deferred[Answer]":
    """SMB_COM_LOCKING_ANDX, [MS-CIFS] 3.3.5.30: unlocks first, then all locks or none."""
    params = request.params
    if params.type_of_lock & LockType.OPLOCK_RELEASE:
        _acknowledge(request)
        if not params.locks and not params.unlocks:
            return NO_REPLY
    handle, store = request.file(params.fid), request.store
    if params.type_of_lock & LockType.CHANGE_LOCKTYPE:
        raise SMBError(NT.OS2_ATOMIC_LOCKS_NOT_SUPPORTED, "changing the type of a lock in one step")
    if params.type_of_lock & LockType.CANCEL_LOCK:
        return _cancel(request, handle)
    exclusive, server = not params.type_of_lock & LockType.SHARED, request.server
    at_once = params.locks if params.timeout == 0 else ()
    done = exchange_all(server, store, handle, params.unlocks, at_once, exclusive=exclusive)
    if at_once or not params.locks:
        return then(done, lambda _: LockingAndxResponse())
    return then(done, lambda _: _wait(request, handle, exclusive=exclusive))


def _wait(
    request: Request[LockingAndxRequest], handle: Handle, *, exclusive: bool
) -> "Answer | Deferred[Answer]":
    """Locks as the ranges become free."""
    params, store = request.params, request.store
    waiting = LockWait(
        store, handle, params.locks, exclusive=exclusive, server=request.server, timeout=params.timeout
    )
    waiters = request.connection.lock_waits
    waiting.large = bool(params.type_of_lock & LockType.LARGE_FILES)
    waiters[waiting] = handle

    def ended(result: "Failure | None") -> "Answer | Failure":
        waiters.pop(waiting, None)
        return result if isinstance(result, Failure) else LockingAndxResponse()

    make: Callable[[Failure | None], Answer | Failure] = ended
    return waiting.deferred.addBoth(make)


def _acknowledge(request: Request[LockingAndxRequest]) -> None:
    """The answer to an oplock break. One that crosses a close names a FID that is gone: nothing is left to do."""
    entry = request.connection.opens.get(request.params.fid)
    request.fid_used = request.params.fid
    if entry is None or entry.session is not request.session:
        return
    if entry.tree is request.tree and entry.oplock is not None:
        request.path = entry.path
        entry.oplock.acknowledged(request.params.new_oplock_level)


def _cancel(request: Request[LockingAndxRequest], handle: Handle) -> Answer:
    """LOCKING_ANDX_CANCEL_LOCK: ends the request that waits for this range of this FID.

    Of several ranges Windows looks at the first only.
    """
    large = bool(request.params.type_of_lock & LockType.LARGE_FILES)
    named = request.params.locks or request.params.unlocks
    for waiting, other in list(request.connection.lock_waits.items()):
        if other is handle and waiting.large == large and waiting.wants(named[:1]):
            waiting.deferred.cancel()
            return LockingAndxResponse()
    raise SMBError(NT.OS2_CANCEL_VIOLATION, "no such lock is waited for", dos=CANCEL_VIOLATION)


@command(Command.LOCK_BYTE_RANGE, LockByteRangeRequest, Needs.DISK)
def lock_byte_range(request: Request[LockByteRangeRequest]) -> Answer:
    """SMB_COM_LOCK_BYTE_RANGE, [MS-CIFS] 3.3.5.15: one exclusive lock, at once."""
    params = request.params
    request.store.lock(
        request.file(params.fid), request.header.pid_low, params.offset, params.count, exclusive=True
    )
    return Empty()


@command(Command.UNLOCK_BYTE_RANGE, UnlockByteRangeRequest, Needs.DISK)
def unlock_byte_range(request: Request[UnlockByteRangeRequest]) -> Answer:
    """SMB_COM_UNLOCK_BYTE_RANGE, [MS-CIFS] 3.3.5.16."""
    params = request.params
    request.store.unlock(request.file(params.fid), request.header.pid_low, params.offset, params.count)
    return Empty()
