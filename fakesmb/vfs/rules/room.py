"""The descriptors that open files may take: the rest is for connections, and for what the server itself needs."""

import sys
from collections.abc import Callable
from typing import Final

from fakesmb.nt.status import NT, SMBError

_SECONDS: Final = 60.0
"""Between two lines of the log about the same."""


class DescriptorRoom:
    """How many descriptors files may take. The system gives the lowest that is free: it says how many are taken."""

    __slots__ = ("_kept", "_next_telling", "_now", "_problem", "last")

    def __init__(self, now: Callable[[], float]) -> None:
        self.last = sys.maxsize
        """The highest descriptor that a file may have."""
        self._kept = 0
        self._now = now
        self._problem: Callable[[str], None] = _nobody
        self._next_telling = 0.0

    def bound(self, most: int, kept: int, problem: Callable[[str], None]) -> None:
        """Files may take all but `kept` of `most` descriptors. `problem` takes a line for the log."""
        self.last = most - kept - 1
        self._kept = kept
        self._problem = problem

    def check(self, fd: int) -> None:
        """Raises TOO_MANY_OPENED_FILES where a descriptor is beyond those for files; it is not closed."""
        if fd <= self.last:
            return
        why = f"{self.last + 1} descriptors are taken, and {self._kept} kept for connections (limits.kept_descriptors)"
        if self._now() >= self._next_telling:
            self._next_telling = self._now() + _SECONDS
            self._problem(f"files cannot be opened: {why}")
        raise SMBError(NT.TOO_MANY_OPENED_FILES, why)


def _nobody(text: str) -> None:
    """Where there is no log."""
