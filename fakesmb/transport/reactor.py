"""Twisted's epoll reactor without a log context around every read.

A file server's reactor spends a quarter of its time on setting that context up for each message (docs/performance.md),
and nothing here asks for it. Whatever is not a plain read goes the reactor's own way.
"""

import select
from typing import Any

from twisted.internet.epollreactor import EPollReactor
from twisted.python import log


class PlainEPollReactor(EPollReactor):  # type: ignore[misc]  # Twisted's declaration is behind a zope decorator
    """An `EPollReactor` that calls `doRead` directly."""

    def doPoll(self, timeout: float | None) -> None:  # noqa: N802
        """Waits for events and hands each to its reader or writer."""
        try:
            ready = self._poller.poll(-1 if timeout is None else timeout, len(self._selectables))
        except InterruptedError:
            return
        selectables: dict[int, Any] = self._selectables
        for fd, event in ready:
            selectable = selectables.get(fd)
            if selectable is None:
                continue
            if event != select.EPOLLIN:
                log.callWithLogger(selectable, self._doReadOrWrite, selectable, fd, event)
                continue
            try:
                why = selectable.doRead()
            except Exception as error:
                log.err()
                why = error
            if why:
                self._disconnectSelectable(selectable, why, True)

    doIteration = doPoll  # noqa: N815
