"""When an open file's last write time moves ([MS-FSA] 2.1.4.17, and what Windows makes of it).

A write moves it only after a while, and once for each open; a change of size moves it at once; the close of an
open that wrote since then moves it to the moment of the close. A time that somebody set stays while that open
lasts, whoever writes, and its own close leaves it. Change times follow.

Of a file that was neither written nor given a time, clients are shown the times of the disk.
"""

from typing import Final

from fakesmb.nt.filetime import TICKS_PER_SECOND, from_ns, to_ns
from fakesmb.vfs import disk
from fakesmb.vfs.rules.openfiles import Open, OpenFile
from fakesmb.vfs.rules.times import Times, WriteClock

_NEAR: Final = TICKS_PER_SECOND // 100
"""A last write so shortly before the close is as good as the close: it spares setting the time."""


def _of(handle: Open, clock: WriteClock) -> Times:
    times = handle.file.times
    if times is None:
        times = handle.file.times = Times(clock, disk.fstat(handle.fd))
    return times


def before_write(handle: Open, clock: WriteClock) -> None:
    """An open writes for the first time since it was opened, truncated or given a time."""
    if not handle.timed:
        _of(handle, clock).follow()
        handle.timed = True
    handle.wrote = True


def resized(handle: Open, clock: WriteClock) -> None:
    """An open changed the size, or set it to what it was."""
    times = _of(handle, clock)
    handle.timed = True
    if times.setters:
        handle.wrote = handle not in times.setters
    else:
        handle.wrote = False
        times.move()


def replaced(file: OpenFile) -> None:
    """A new open overwrote a file that others have open."""
    if file.times is not None and not file.times.setters:
        file.times.move()


def set_times(handle: Open, clock: WriteClock, write: int, change: int) -> None:
    """An open sets these times (FILETIME; 0: leave it alone)."""
    times = _of(handle, clock)
    times.settle()
    if write:
        times.put(write)
        if handle not in times.setters:
            times.setters.append(handle)
        handle.timed, handle.wrote = True, False
    if change:
        times.change = change
        times.change_was_set = True
        if handle not in times.change_setters:
            times.change_setters.append(handle)


def keep(handle: Open, clock: WriteClock) -> None:
    """An open's writes and its close leave the write time alone from now on."""
    times = _of(handle, clock)
    times.settle()
    set_times(handle, clock, times.write, 0)


def resume(handle: Open) -> None:
    """An open's writes count again."""
    times = handle.file.times
    if times is not None and handle in times.setters:
        times.setters.remove(handle)
        handle.timed = False


def at_close(handle: Open, clock: WriteClock, *, last: bool) -> None:
    """An open ends; with the file's last one the disk gets the times. Raises OSError where it refuses."""
    times = handle.file.times
    if times is None:
        return
    times.settle()
    if handle in times.change_setters:
        times.change_setters.remove(handle)
    wrote = handle.wrote and handle not in times.setters
    if handle in times.setters:
        times.setters.remove(handle)
        times.stays = True
    if wrote:
        times.move()
    if last:
        st = disk.fstat(handle.fd)
        ahead = times.write - from_ns(st.st_mtime_ns)
        # Without `wrote` or a time that was set, a later time on the disk is a local program's write.
        if (abs(ahead) > _NEAR) if wrote else ahead > 0 or (ahead < 0 and times.stays):
            disk.utime(handle.xattr_target, ns=(st.st_atime_ns, to_ns(times.write)))
