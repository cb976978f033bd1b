"""Operations that the store cannot do yet: tried again until they succeed, or time is up.

A Deferred whose canceller undoes the wait, and a clock that ends it, are the shape of every late answer.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from fakesmb.core.state import Server
from fakesmb.vfs.reactor import DelayedCall
from fakesmb.vfs.store import MustWait, Search, SharingViolation, Unfinished

T = TypeVar("T")
R = TypeVar("R")


def then(result: "T | Deferred[T]", make: "Callable[[T], R | Deferred[R]]") -> "R | Deferred[R]":
    """Applies `make` to a result that is there, or when it comes."""
    if isinstance(result, Deferred):
        return result.addCallback(make)
    return make(result)


def _nothing() -> None:
    """Ends the wait for an obstacle that is gone."""


class Attempted(Deferred[T]):
    """What an attempt gives in the end. It is not cancelled while the attempt waits for a disk."""

    busy = False

    def cancel(self) -> None:
        """Ends the wait for an obstacle."""
        if not self.busy:
            super().cancel()


class Retried(Generic[T]):
    """An operation tried again whenever an open of the file ends or an oplock is given up.

    Windows holds back a sharing violation for up to a second, since the other side is often about to close
    ([MS-CIFS] 3.3.5.51, timing.sharing_violation). An oplock break has no time limit here: `core.oplocks` ends
    it when the holder stays silent. Unfinished work goes on after others had their turn.
    """

    __slots__ = (
        "_attempt",
        "_forget",
        "_kept",
        "_obstacle",
        "_server",
        "_sharing_seconds",
        "_since",
        "_timer",
        "deferred",
    )

    def __init__(
        self, attempt: Callable[[], T], obstacle: MustWait, server: Server, sharing_seconds: float
    ) -> None:
        self._attempt = attempt
        self._server = server
        self._sharing_seconds = sharing_seconds
        self._timer: DelayedCall | None = None
        self._since: int | None = None
        """What counts as begun after the request (`Turn.since`)."""
        self._kept: dict[int, object] = {}
        """What has been done so far, by its `id`: with one of two directories read, both are wanted."""
        self.deferred: Attempted[T] = Attempted(self._cancelled)
        self._obstacle: MustWait | None = None
        self._wait(obstacle)

    def _wait(self, obstacle: MustWait) -> None:
        """The time for a sharing violation runs once, from the first."""
        self._obstacle = obstacle.with_traceback(
            None
        )  # its frames would keep this object and an open search alive
        obstacle.__context__ = None
        if isinstance(obstacle, Unfinished):
            if self._since is None:
                self._since = obstacle.since
            if obstacle.keeps is not None:
                self._kept[id(obstacle.keeps)] = obstacle.keeps
            self._forget = self._server.turns.later(self._again)
            return
        self._since = None
        self._forget = obstacle.wait(self._server.world.of_present(self._obstacle_gone))
        if self._timer is None and isinstance(obstacle, SharingViolation):
            self._timer = self._server.clock.callLater(self._sharing_seconds, self._last_try)

    def _obstacle_gone(self) -> None:
        """Whoever took the obstacle away does not wait for the disk that this operation may wait for."""
        self._forget = _nothing
        tasks = self._server.tasks
        if tasks is None:
            self._again()
        else:
            tasks.run(self._again)

    def _again(self) -> None:
        self._forget = _nothing
        turn = self._server.world.turn
        since, turn.since = turn.since, self._since
        self.deferred.busy = True
        try:
            try:
                result = self._attempt()
            finally:
                turn.since = since
                self.deferred.busy = False
        except MustWait as obstacle:
            if self._keeps_waiting(obstacle):
                self._wait(obstacle)
            else:
                self._fail(obstacle)
        except Exception as error:
            self._fail(error)
        else:
            self._stop()
            if isinstance(result, Deferred):  # a handler that has something else to wait for now
                self._forget = result.cancel
                result.addCallbacks(self.deferred.callback, self.deferred.errback)
            else:
                self.deferred.callback(result)

    def _keeps_waiting(self, obstacle: MustWait) -> bool:
        if not isinstance(obstacle, SharingViolation):
            return True
        return self._sharing_seconds > 0 and (self._timer is None or self._timer.active())

    def _last_try(self) -> None:
        """A sharing violation counts from now on; an oplock break that has come between is waited for."""
        self._forget()
        self._again()

    def _fail(self, error: Exception) -> None:
        self._stop()
        self.deferred.errback(error)

    def _cancelled(self, deferred: "Deferred[T]") -> None:
        self._forget()
        obstacle = self._obstacle
        self._stop()
        if isinstance(obstacle, SharingViolation):
            # What the open would have failed with in time, as Windows answers.
            deferred.errback(obstacle)

    def _stop(self) -> None:
        self._obstacle = (
            None  # the Deferred and this object refer to each other: nothing open is to wait for that
        )
        self._kept.clear()
        if self._timer is not None and self._timer.active():
            self._timer.cancel()


def retry_until_free(
    attempt: Callable[[], T], server: Server, sharing_seconds: float = 0
) -> "T | Deferred[T]":
    """What `attempt` gives, at once or when no obstacle is left; raises what else it raises.

    `sharing_seconds` is how long a sharing violation is waited for; 0 raises it at once.
    `attempt` is called several times.
    """
    server.world.turn.begin()
    try:
        return attempt()
    except MustWait as obstacle:
        return wait_until_free(attempt, obstacle, server, sharing_seconds)


def wait_until_free(
    attempt: Callable[[], T], obstacle: MustWait, server: Server, sharing_seconds: float = 0
) -> "Deferred[T]":
    """What `attempt` gives once no obstacle is left, where one has been met; raises it where it is not waited for."""
    if sharing_seconds <= 0 and isinstance(obstacle, SharingViolation):
        raise obstacle
    return Retried(attempt, obstacle, server, sharing_seconds).deferred


def in_order(*steps: Callable[[], R], last: Callable[[], T]) -> Callable[[], T]:
    """What may be attempted several times, although each of its steps is to be done once."""
    left = list(steps)

    def attempt() -> T:
        while left:
            left[0]()
            del left[0]
        return last()

    return attempt


def once_finished(
    handler: "Callable[[R], T | Deferred[T]]", request: R, obstacle: Unfinished, server: Server
) -> "Deferred[T]":
    """What a handler gives that raised `Unfinished` before it had done anything: it is called until it does not."""

    def attempt() -> T:
        return handler(request)  # type: ignore[return-value]  # `Retried` takes a Deferred too

    return Retried(attempt, obstacle, server, 0).deferred


def closing(search: Search, begin: "Callable[[], T | Deferred[T]]") -> "T | Deferred[T]":
    """What `begin` gives; where that fails, now or later, the search is closed."""

    def failed(failure: Failure) -> Failure:
        search.close()
        return failure

    try:
        result = begin()
    except BaseException:
        search.close()
        raise
    return result.addErrback(failed) if isinstance(result, Deferred) else result
