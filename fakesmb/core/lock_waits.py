"""Byte-range locks of one request: all at once, or as they become free ([MS-CIFS] 3.3.5.30)."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Final

from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from fakesmb.core.state import Server
from fakesmb.core.waiting import retry_until_free
from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs.reactor import DelayedCall
from fakesmb.vfs.store import FileStore, Handle, Unfinished
from fakesmb.wire.locking import FOREVER, LockRange
from fakesmb.world import Steps

_MILLISECOND: Final = 0.001


class LockWait:
    """The locks of one request that has to wait for some: taken in order, all or none.

    `deferred` ends with success, with what the store refuses, or on time-out with FILE_LOCK_CONFLICT. Cancelling
    it gives back what was taken.
    """

    __slots__ = (
        "_current",
        "_exclusive",
        "_forget",
        "_handle",
        "_server",
        "_store",
        "_taken",
        "_timed_out",
        "_timer",
        "deferred",
        "large",
        "ranges",
    )

    def __init__(
        self,
        store: FileStore,
        handle: Handle,
        ranges: Sequence[LockRange],
        *,
        exclusive: bool,
        server: Server,
        timeout: int,
    ) -> None:
        self._store = store
        self._server = server
        self._forget: Callable[[], None] | None = None
        self._handle = handle
        self._exclusive = exclusive
        self._taken: list[LockRange] = []
        self._current: Deferred[None] | None = None
        self._timed_out = False
        self._timer: DelayedCall | None = None
        self.ranges = ranges
        self.large = False
        """Whether the request named them in 64 bits: one that cancels it must do so too."""
        self.deferred: Deferred[None] = Deferred(self._cancelled)
        if timeout != FOREVER:
            self._timer = server.clock.callLater(timeout * _MILLISECOND, self._expire)
        server.world.turn.begin()
        self._take_next()

    def _take_next(self) -> None:
        """Takes one lock after another until one has to wait: a loop, since one message may name thousands."""
        turn, self._forget = self._server.world.turn, None
        while len(self._taken) < len(self.ranges):
            if self._taken and turn.over():
                self._forget = self._server.turns.later(self._take_next)
                return
            pid, offset, length = self.ranges[len(self._taken)]
            try:
                current = self._store.wait_lock(self._handle, pid, offset, length, exclusive=self._exclusive)
            except SMBError as error:
                self._stop_timer()
                self._give_back()
                self.deferred.errback(error)
                return
            if not current.called:
                self._current = current
                current.addCallbacks(self._took, self._failed)
                return
            self._taken.append(self.ranges[len(self._taken)])
        self._stop_timer()
        self.deferred.callback(None)

    def _took(self, _: None) -> None:
        self._current = None
        self._taken.append(self.ranges[len(self._taken)])
        self._take_next()

    def _failed(self, failure: Failure) -> None:
        self._current = None
        self._stop_timer()
        self._give_back()
        error: BaseException | None = failure.value
        if isinstance(error, CancelledError):
            # Windows says the same of a lock that timed out and of one that was cancelled, by whatever command.
            error = SMBError(
                NT.FILE_LOCK_CONFLICT,
                "the wait for the lock timed out" if self._timed_out else "the wait was cancelled",
            )
        if not self.deferred.called:
            self.deferred.errback(error)

    def _expire(self) -> None:
        self._timed_out = True
        if self._forget is not None:
            self._forget()
            self._failed(Failure(CancelledError()))
        elif self._current is not None:
            self._current.cancel()

    def _cancelled(self, deferred: "Deferred[None]") -> None:
        self._stop_timer()
        if self._forget is not None:
            self._forget()
            self._give_back()
        elif self._current is not None:
            self._current.cancel()

    def wants(self, named: Sequence[LockRange]) -> bool:
        """Whether that range is the one waited for now."""
        return list(self.ranges[len(self._taken) : len(self._taken) + 1]) == list(named) != []

    def _stop_timer(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()

    def _give_back(self) -> None:
        give_back(self._server, self._store, self._handle, self._taken, exclusive=self._exclusive)
        self._taken = []


def give_back(
    server: Server, store: FileStore, handle: Handle, ranges: Sequence[LockRange], *, exclusive: bool
) -> None:
    """Unlocks what a request that failed had locked so far, newest first."""

    def unlock(one: LockRange) -> None:
        with suppress(SMBError):  # the handle may be closed meanwhile, and its locks gone
            store.unlock(handle, one.pid, one.offset, one.length, exclusive=exclusive)

    Steps(server.world.turn).do(partial(unlock, one) for one in reversed(ranges))


def exchange_all(
    server: Server,
    store: FileStore,
    handle: Handle,
    unlocks: Sequence[LockRange],
    locks: Sequence[LockRange],
    *,
    exclusive: bool,
) -> "Deferred[None] | None":
    """Unlocks those ranges, then locks these, all of them at once or none: raises why, or the Deferred fails so.

    One message may name thousands: others have turns meanwhile.
    """
    turn = server.world.turn
    unlocked = taken = 0

    def attempt() -> None:
        nonlocal unlocked, taken
        while unlocked < len(unlocks):
            pid, offset, length = unlocks[unlocked]
            store.unlock(handle, pid, offset, length)
            unlocked += 1
            if turn.over():
                raise Unfinished
        while taken < len(locks):
            pid, offset, length = locks[taken]
            store.lock(handle, pid, offset, length, exclusive=exclusive)
            taken += 1
            if taken < len(locks) and turn.over():
                raise Unfinished

    def undo() -> None:
        give_back(server, store, handle, locks[:taken], exclusive=exclusive)

    def failed(failure: Failure) -> Failure:
        undo()
        return failure

    try:
        result = retry_until_free(attempt, server)
    except SMBError:
        undo()
        raise
    return result.addErrback(failed) if isinstance(result, Deferred) else result
