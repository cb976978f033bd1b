"""Answers that come late: opens that wait out a sharing violation, locks that wait for their holder.

These set the shape of every late answer: a Deferred whose canceller undoes the wait, and a clock that ends it.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

from twisted.internet.defer import Deferred

from fakesmb.core.state import Clock, DelayedCall
from fakesmb.vfs.api import SharingViolation

T = TypeVar("T")


class RetriedOpen(Generic[T]):
    """An open tried again whenever another open of the file ends, until it succeeds or time is up.

    Windows holds back a sharing violation for up to a second, since the other side is often about to close
    ([MS-CIFS] 3.3.5.51, timing.sharing_violation).
    """

    __slots__ = ("_attempt", "_clock", "_forget", "_last", "_timer", "deferred")

    def __init__(
        self, attempt: Callable[[], T], violation: SharingViolation, clock: Clock, seconds: float
    ) -> None:
        self._attempt = attempt
        self._clock = clock
        self._last = violation
        self.deferred: Deferred[T] = Deferred(self._cancelled)
        self._timer: DelayedCall = clock.callLater(seconds, self._give_up)
        self._forget = violation.wait(self._again)

    def _again(self) -> None:
        try:
            result = self._attempt()
        except SharingViolation as violation:
            self._last = violation
            self._forget = violation.wait(self._again)
            return
        except Exception as error:
            self._stop()
            self.deferred.errback(error)
            return
        self._stop()
        self.deferred.callback(result)

    def _give_up(self) -> None:
        self._forget()
        self.deferred.errback(self._last)

    def _cancelled(self, deferred: "Deferred[T]") -> None:
        self._forget()
        self._stop()

    def _stop(self) -> None:
        if self._timer.active():
            self._timer.cancel()


def patiently(attempt: Callable[[], T], clock: Clock, seconds: float) -> "T | Deferred[T]":
    """What `attempt` gives, at once where nothing excludes it; raises what it raises otherwise."""
    try:
        return attempt()
    except SharingViolation as violation:
        if seconds <= 0:
            raise
        return RetriedOpen(attempt, violation, clock, seconds).deferred
