"""The end of an open ([MS-FSA] 2.1.5.5): what goes with it, in which order."""

from contextlib import suppress
from typing import Final

from fakesmb.nt.files import Access
from fakesmb.vfs import disk
from fakesmb.vfs.local.handles import LocalHandle
from fakesmb.vfs.local.metadata import keep_change_time
from fakesmb.vfs.rules import oplocks, writetimes
from fakesmb.vfs.rules.access import WRITES_DATA
from fakesmb.vfs.rules.deletion import deletes
from fakesmb.vfs.rules.openfiles import OpenFile

_SETS_TIMES: Final = WRITES_DATA | Access.WRITE_ATTRIBUTES


def end(handle: LocalHandle, last_write_time: int = 0) -> tuple[OpenFile | None, OSError | None]:
    """Ends an open with its locks, oplock, watch and descriptor.

    Gives the file whose name is to be removed now, and what the disk said at close(2): a disk in a network may tell
    only then that data could not be written.

    `last_write_time` (FILETIME; 0 or less: none) is set where the open may set times.
    """
    handle.closed = True
    opens, file = handle.opens, handle.file
    watches = opens.watches
    if watches.active:
        watches.forget(handle)
    if last_write_time > 0 and handle.access & _SETS_TIMES:
        writetimes.set_times(handle, opens.clock, last_write_time, 0)
        if watches.active:
            watches.timed(handle)
    if handle.oplock is not None:
        oplocks.drop(handle)
    if file.locks is not None:
        file.locks.drop(handle)
    if handle.delete_on_close and not file.delete_pending and deletes(handle):
        opens.mark_deleted(file, handle.disk_path)
    handle.before_end()
    file = handle.base
    deleting = file.delete_pending
    last = opens.end(handle)
    if file.times is not None and not (deleting and last):
        with suppress(OSError, OverflowError):
            writetimes.at_close(handle, opens.clock, last=last)
            if last and file.times.change_was_set and handle.keeps_change_time:
                keep_change_time(handle, file.times.change)
    trouble = None
    try:
        disk.close(handle.fd)
    except OSError as error:  # the descriptor is gone nevertheless
        trouble = error
    if watches.active:
        handle.report_end(gone=deleting)
    return file if last and deleting else None, trouble
