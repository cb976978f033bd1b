"""The one source of time and randomness for core, auth, rpc, rap and vfs. Each server has a `World` of its own.

Nothing else there calls `time.time`, `os.urandom` or `secrets`, so that a run can be repeated; a test reads them.
"""

import os
import time
from collections.abc import Callable

from fakesmb.nt.filetime import from_ns


class World:
    """The machine's clock and its entropy."""

    def __init__(self) -> None:
        self.now: Callable[[], float] = time.time
        """POSIX seconds, UTC."""

    def now_ns(self) -> int:
        """POSIX nanoseconds, UTC."""
        return time.time_ns()

    def disk_ns(self) -> int:
        """POSIX nanoseconds of the kernel's clock, which dates files: to compare with `st_ctime_ns`, even where a test
        pretends another time."""
        return time.time_ns()

    def filetime(self) -> int:
        """The present moment as FILETIME ticks."""
        return from_ns(self.now_ns())

    def entropy(self, size: int) -> bytes:
        """`size` bytes that nobody can guess."""
        return os.urandom(size)
