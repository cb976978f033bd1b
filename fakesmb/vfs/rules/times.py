"""Last write and change time of an open file, and the clock that they follow (see `vfs.rules.writetimes`)."""

import os
from collections.abc import Callable
from typing import Final

from fakesmb.nt.filetime import TICKS_PER_SECOND, from_ns

_DELAY: Final = 2 * TICKS_PER_SECOND


class WriteClock:
    """What time it is (FILETIME), and after how long (ticks) the write time of an open file follows a write."""

    __slots__ = ("delay", "now")

    def __init__(self, now: Callable[[], int], delay: int = _DELAY) -> None:
        self.now = now
        self.delay = delay


class Times:
    """Last write and change time of an open file, where they are not the disk's."""

    __slots__ = ("_clock", "_due", "change", "change_setters", "change_was_set", "setters", "stays", "write")

    def __init__(self, clock: WriteClock, st: os.stat_result) -> None:
        self._clock = clock
        self._due = 0
        self.write = from_ns(st.st_mtime_ns)
        self.change = from_ns(st.st_ctime_ns)
        self.setters: list[object] = []
        """The opens that set the write time."""
        self.stays = False
        """One that set it has closed, perhaps after writes of its own that the disk dates later."""
        self.change_setters: list[object] = []
        """The opens that set the change time: what else they set leaves it."""
        self.change_was_set = False
        """The change time is what somebody set."""

    def settle(self) -> None:
        """Brings both up to date; to be called before they are read."""
        if self._due and self._clock.now() >= self._due:
            self.write = self.change = self._due
            self._due = 0
            self.change_was_set = False

    def follow(self) -> None:
        """A write begins: the times follow in a while."""
        self.settle()
        if not self._due and not self.setters:
            self._due = self._clock.now() + self._clock.delay

    def move(self) -> None:
        """Both are now."""
        self.put(self._clock.now())
        self.change = self.write
        self.stays = self.change_was_set = False

    def put(self, write: int) -> None:
        """The write time is this; what was to follow does not."""
        self.write = write
        self._due = 0

    def touch(self, by: object | None = None) -> None:
        """The change time is now: a name or attribute changed. `by` an open that set it, it stays."""
        self.settle()
        if by is None or by not in self.change_setters:
            self.change = self._clock.now()
            self.change_was_set = False
