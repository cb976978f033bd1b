"""The descriptors that files may take: the rest is for connections, and for what the server itself needs.

The system gives the lowest that is free, so a descriptor's own number says how many are taken. From below: what stays
open (files, what locks them for local programs, directories that searches or the next lookup need), what is open for
one request, and a few for the server. Connections take what is free below, and most of what is kept.
"""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Final
from weakref import WeakMethod

from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs import disk

_SECONDS: Final = 60.0
"""Between two lines of the log about the same."""
_OF_THE_SERVER: Final = 16
"""Those that no connection takes, at most; where few are kept an eighth of them."""


class DescriptorRoom:
    """Which descriptors may be a file's."""

    __slots__ = (
        "_holders",
        "_kept",
        "_last_of_connections",
        "_next_telling",
        "_now",
        "_problem",
        "last",
        "last_brief",
    )

    def __init__(self, now: Callable[[], float]) -> None:
        self.last = self.last_brief = self._last_of_connections = sys.maxsize
        """The highest descriptor that a file may keep; that may be taken for one request, and for a connection."""
        self._kept = 0
        self._now = now
        self._problem: Callable[[str], None] = _nobody
        self._next_telling = 0.0
        self._holders: list[WeakMethod[Callable[[], None]]] = []

    def bound(self, most: int, kept: int, problem: Callable[[str], None]) -> None:
        """Files may keep all but `kept` of `most` descriptors. `problem` takes a line for the log."""
        self.last = most - kept - 1
        self.last_brief = most - kept // 4 - 1
        self._last_of_connections = most - min(_OF_THE_SERVER, kept // 8) - 1
        self._kept = kept
        self._problem = problem

    def takes_connection(self, fd: int, others: int) -> bool:
        """Whether a new connection may have its descriptor, beside so many others.

        Of those that are kept they take three quarters: who is connected wants to list something, too.
        """
        return fd <= self.last or (fd <= self._last_of_connections and others < self._kept * 3 // 4)

    def lets_go(self, holder: Callable[[], None]) -> None:
        """`holder`, a method, closes directories that are only open to be found at once the next time."""
        self._holders.append(WeakMethod(holder))

    def settle(self, fd: int) -> int:
        """The descriptor for something that stays open: `fd`, or a lower one in its place.

        Raises TOO_MANY_OPENED_FILES where there is none for files; `fd` is not closed then.
        """
        if fd <= self.last:
            return fd
        for holder in self._holders:
            let_go = holder()
            if let_go is not None:
                let_go()
        try:
            lower = os.dup(fd)
        except OSError:
            raise self._refusal(self.last, self._kept) from None
        # Each of two descriptors of one file is told to its disk when it is closed (close(2)), which may hang.
        if lower > self.last:
            disk.close(lower)
            raise self._refusal(self.last, self._kept)
        with suppress(OSError):  # it has only been opened so far: there is nothing that could be lost
            disk.close(fd)
        return lower

    def check(self, fd: int) -> None:
        """Raises TOO_MANY_OPENED_FILES where a descriptor that is to be kept is beyond those for files."""
        if fd > self.last:
            raise self._refusal(self.last, self._kept)

    def takes_brief(self, fd: int) -> bool:
        """Whether that descriptor may be open while a request is answered."""
        return fd <= self.last_brief

    def check_brief(self, fd: int) -> None:
        """The same for one that is open while a request is answered, which may be long."""
        if fd > self.last_brief:
            raise self._refusal(self.last_brief, self._kept // 4)

    def _refusal(self, last: int, kept: int) -> SMBError:
        why = f"{last + 1} descriptors are taken, and {kept} kept for connections (limits.kept_descriptors)"
        if self._now() >= self._next_telling:
            self._next_telling = self._now() + _SECONDS
            self._problem(f"files cannot be opened: {why}")
        return SMBError(NT.TOO_MANY_OPENED_FILES, why)


def _nobody(text: str) -> None:
    """Where there is no log."""
