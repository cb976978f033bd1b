"""Twisted's epoll reactor without a log context around every read, and with a quick eye for the client that goes on.

A file server's reactor spends a quarter of its time on setting that context up for each message (docs/performance.md),
and nothing here asks for it. Whatever is not a plain read goes the reactor's own way.

A client that sends one request after the other has its next one here before the processor has gone to sleep and been
woken again. So where the last wait was such a short one, the next begins with looking again and again.
"""

import os
import select
from collections.abc import Callable
from time import perf_counter
from typing import Any, Final

from twisted.internet.epollreactor import EPollReactor
from twisted.python import log

from fakesmb.world import TURN_SECONDS, Turn

_with_context: Callable[..., Any] = log.callWithLogger
_say: Callable[[], Any] = log.err

BRISK_SECONDS: Final = 50e-6
"""A client that sends its next request within this time is waited for awake. Waking takes a processor 5 to 20 us."""


class PlainEPollReactor(EPollReactor):
    """An `EPollReactor` that calls `doRead` directly, and waits awake for a lone client that goes on at once."""

    def __init__(self, *, watchful: bool = False) -> None:
        """`watchful`: may wait awake. For a process of its own, with a processor for its clients beside it."""
        super().__init__()  # type: ignore[no-untyped-call]
        self.turn = Turn(driven=True)
        """Its present turn, from one look at the sockets to the next: long work asks it whether to stop."""
        self._watchful = watchful
        self._brisk = False
        """Whether the same descriptor, and no other, was ready twice with only a short wait between."""
        self._lone = -1
        """The only descriptor that was ready last; -1 where there were several."""

    def doPoll(self, timeout: float | None) -> None:  # noqa: N802
        """Waits for events and hands each to its reader or writer; goes on while more come and nothing else is due."""
        turn, now = self.turn, perf_counter()
        if now - turn.began > turn.longest:
            turn.longest = now - turn.began
        due = None if timeout is None else now + timeout
        try:
            ready = self._wait(timeout)
            turn.began = now = perf_counter()
            until = now + TURN_SECONDS
            if due is not None and due < until:
                until = due
            while ready:
                self._serve(ready)
                now = perf_counter()
                left = until - now
                if left <= 0 or self._has_other_work():
                    return
                if now - turn.began > turn.longest:
                    turn.longest = now - turn.began
                ready = self._wait(left)
                turn.began = perf_counter()
        except InterruptedError:
            turn.began = perf_counter()

    def _serve(self, ready: "list[tuple[int, int]]") -> None:
        selectables: dict[int, Any] = self._selectables
        end: Callable[..., Any] = self._disconnectSelectable
        for fd, event in ready:
            selectable = selectables.get(fd)
            if selectable is None:
                continue
            if event != select.EPOLLIN:
                _with_context(selectable, self._doReadOrWrite, selectable, fd, event)
                continue
            try:
                why = selectable.doRead()
            except Exception as error:
                _say()
                why = error
            if why:
                end(selectable, why, True)

    def _has_other_work(self) -> bool:
        """Whether Twisted's own loop has something to do: a new timer, a call from a thread, the end."""
        return bool(self._newTimedCalls or self.threadCallQueue or self._justStopped or not self.running)

    doIteration = doPoll  # noqa: N815

    def _wait(self, timeout: float | None) -> list[tuple[int, int]]:
        """What is ready, at the latest after `timeout` seconds (None: whenever it is)."""
        poll: Callable[[float, int], list[tuple[int, int]]] = self._poller.poll
        most = len(self._selectables)
        if not self._watchful:
            return poll(-1 if timeout is None else timeout, most)
        ready: list[tuple[int, int]] = []
        began = perf_counter()
        if self._brisk:
            until = began + BRISK_SECONDS
            while not ready and perf_counter() < until:
                ready = poll(0, most)
        if not ready:
            ready = poll(-1 if timeout is None else timeout, most)
        lone = ready[0][0] if len(ready) == 1 else -1
        self._brisk = lone >= 0 and lone == self._lone and perf_counter() - began < BRISK_SECONDS
        self._lone = lone
        return ready


def processors() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0))


def new_reactor(*, watchful: bool = False) -> Any:
    """A reactor that is not installed."""
    make: Callable[..., Any] = PlainEPollReactor
    return make(watchful=watchful)
