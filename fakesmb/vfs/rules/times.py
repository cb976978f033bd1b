"""Last write and change time of an open file, and the clock that they follow (see `vfs.rules.writetimes`)."""

import os
from collections.abc import Callable
from typing import Final

from fakesmb.nt.filetime import TICKS_PER_SECOND, from_ns

_DELAY: Final = 2 * TICKS_PER_SECOND


class WriteClock:
    """The present time (FILETIME), and the delay (ticks) after which a write moves an open file's write time."""

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
        """An open that set it has closed: it stays, even if the disk has a later time from its writes."""
        self.change_setters: list[object] = []
        """The opens that set the change time: what else they set leaves it."""
        self.change_was_set = False
        """A client set the change time."""

    def settle(self) -> None:
        """Applies a pending move; to be called before either is read."""
        if self._due and self._clock.now() >= self._due:
            self.write = self.change = self._due
            self._due = 0
            self.change_was_set = False

    def follow(self) -> None:
        """A write begins: both times move after the delay."""
        self.settle()
        if not self._due and not self.setters:
            self._due = self._clock.now() + self._clock.delay

    def move(self) -> None:
        """Both are now."""
        self.put(self._clock.now())
        self.change = self.write
        self.stays = self.change_was_set = False

    def put(self, write: int) -> None:
        """Sets the write time; a pending move is dropped."""
        self.write = write
        self._due = 0

    def touch(self, by: object | None = None) -> None:
        """The change time is now: a name or attribute changed. `by` an open that set it, it stays."""
        self.settle()
        if by is None or by not in self.change_setters:
            self.change = self._clock.now()
            self.change_was_set = False
