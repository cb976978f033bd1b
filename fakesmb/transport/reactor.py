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
    """An `EPollReactor` that calls `doRead` directly."""

    def doPoll(self, timeout: float | None) -> None:  # noqa: N802
        """Waits for events and hands each to its reader or writer."""
        try:
            ready = self._poller.poll(-1 if timeout is None else timeout, len(self._selectables))
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

    doIteration = doPoll  # noqa: N815


def new_reactor() -> Any:
    """A reactor that is not installed."""
    make: Callable[[], Any] = PlainEPollReactor
    return make()
