"""Twisted's epoll reactor without a log context around every read.

A file server's reactor spends a quarter of its time on setting that context up for each message (docs/performance.md),
and nothing here asks for it. Whatever is not a plain read goes the reactor's own way.
"""

import select
from collections.abc import Callable
from typing import Any

from twisted.internet.epollreactor import EPollReactor
from twisted.python import log

_with_context: Callable[..., Any] = log.callWithLogger
_say: Callable[[], Any] = log.err


class PlainEPollReactor(EPollReactor):
    """An `EPollReactor` that calls `doRead` directly, and has something else done while nothing is ready."""

    when_idle: Callable[[], bool] | None = None
    """Called while nothing is ready, again and again as long as it gives True; it should take microseconds."""

    def doPoll(self, timeout: float | None) -> None:  # noqa: N802
        """Waits for events and hands each to its reader or writer."""
        try:
            ready = self._ready(-1 if timeout is None else timeout)
        except InterruptedError:
            return
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

    def _ready(self, timeout: float) -> list[tuple[int, int]]:
        """What is ready now, or within `timeout` seconds."""
        poll, most, when_idle = self._poller.poll, len(self._selectables), self.when_idle
        if when_idle is not None and timeout:
            left = True
            while left:
                ready: list[tuple[int, int]] = poll(0, most)
                if ready:
                    return ready
                left = when_idle()
        found: list[tuple[int, int]] = poll(timeout, most)
        return found

    doIteration = doPoll  # noqa: N815


def new_reactor() -> Any:
    """A reactor that is not installed."""
    make: Callable[[], Any] = PlainEPollReactor
    return make()
