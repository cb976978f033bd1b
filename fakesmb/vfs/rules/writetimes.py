"""When an open file's last write time moves ([MS-FSA] 2.1.4.17, and what Windows makes of it).

A write moves it only after a while, and once for each open; a change of size moves it at once; the close of an
open that wrote since then moves it to the moment of the close. A time that somebody set stays while that open
lasts, whoever writes, and its own close leaves it. Change times follow.

A file that nobody wrote or set has none of this: what the disk says is shown.
"""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from fakesmb.nt import filetime
from fakesmb.nt.filetime import from_ns, to_ns

if TYPE_CHECKING:
    from fakesmb.vfs.rules.openfiles import Open, OpenFile

_DELAY: Final = 2 * filetime.TICKS_PER_SECOND
_NEAR: Final = filetime.TICKS_PER_SECOND // 100
"""A last write so shortly before the close is as good as the close: it spares setting the time."""


class WriteClock:
    """What time it is (FILETIME), and after how long (ticks) the write time of an open file follows a write."""

    __slots__ = ("delay", "now")

    def __init__(self, now: Callable[[], int] = filetime.now, delay: int = _DELAY) -> None:
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
        self.setters: list[Open] = []
        """The opens that set the write time."""
        self.stays = False
        """One that set it has closed, perhaps after writes of its own that the disk dates later."""
        self.change_setters: list[Open] = []
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

    def touch(self, by: "Open | None" = None) -> None:
        """The change time is now: a name or attribute changed. `by` an open that set it, it stays."""
        self.settle()
        if by is None or by not in self.change_setters:
            self.change = self._clock.now()
            self.change_was_set = False


def _of(own: "Open", clock: WriteClock) -> Times:
    times = own.file.times
    if times is None:
        times = own.file.times = Times(clock, os.fstat(own.fd))
    return times


def before_write(own: "Open", clock: WriteClock) -> None:
    """An open writes for the first time since it was opened, truncated or given a time."""
    if not own.timed:
        _of(own, clock).follow()
        own.timed = True
    own.wrote = True


def resized(own: "Open", clock: WriteClock) -> None:
    """An open changed the size, or set it to what it was."""
    times = _of(own, clock)
    own.timed = True
    if times.setters:
        own.wrote = own not in times.setters
    else:
        own.wrote = False
        times.move()


def replaced(file: "OpenFile") -> None:
    """A new open overwrote a file that others have open."""
    if file.times is not None and not file.times.setters:
        file.times.move()


def set_times(own: "Open", clock: WriteClock, write: int, change: int) -> None:
    """An open sets these times (FILETIME; 0: leave it alone)."""
    times = _of(own, clock)
    times.settle()
    if write:
        times.put(write)
        if own not in times.setters:
            times.setters.append(own)
        own.timed, own.wrote = True, False
    if change:
        times.change = change
        times.change_was_set = True
        if own not in times.change_setters:
            times.change_setters.append(own)


def keep(own: "Open", clock: WriteClock) -> None:
    """An open's writes and its close leave the write time alone from now on."""
    times = _of(own, clock)
    times.settle()
    set_times(own, clock, times.write, 0)


def resume(own: "Open") -> None:
    """An open's writes count again."""
    times = own.file.times
    if times is not None and own in times.setters:
        times.setters.remove(own)
        own.timed = False


def at_close(own: "Open", clock: WriteClock, *, last: bool) -> None:
    """An open ends; with the file's last one the disk gets the times. Raises OSError where it refuses."""
    times = own.file.times
    if times is None:
        return
    times.settle()
    if own in times.change_setters:
        times.change_setters.remove(own)
    wrote = own.wrote and own not in times.setters
    if own in times.setters:
        times.setters.remove(own)
        times.stays = True
    if wrote:
        times.move()
    if last:
        st = os.fstat(own.fd)
        ahead = times.write - from_ns(st.st_mtime_ns)
        # Without `wrote` or a time that was set, a later time on the disk is a local program's write.
        if (abs(ahead) > _NEAR) if wrote else ahead > 0 or (ahead < 0 and times.stays):
            os.utime(own.xattr_target, ns=(st.st_atime_ns, to_ns(times.write)))
