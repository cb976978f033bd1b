"""Where a file has data and where holes, and how holes are made."""

import ctypes
import errno
import os
from collections.abc import Callable, Iterator
from functools import cache
from typing import Final

from fakesmb.vfs import disk
from fakesmb.vfs.store import Unfinished

_CHUNK: Final = 1 << 20
_STEP: Final = 64 << 20
"""Bytes that become a hole before the time is looked at: at most 16,384 pieces."""
_KEEP_SIZE: Final = 1
_PUNCH_HOLE: Final = 2


def next_data(fd: int, at: int) -> tuple[int, int]:
    """The first range with data at or behind `at`, from `at` on at the earliest; the end of file twice for none."""
    size = max(disk.fstat(fd).st_size, at)
    if at == size:
        return at, at
    try:
        start = disk.lseek(fd, at, os.SEEK_DATA)
        return start, disk.lseek(fd, start, os.SEEK_HOLE)
    except OSError as error:
        if error.errno == errno.ENXIO:
            return size, size
        if error.errno == errno.EINVAL:  # the disk does not tell
            return at, size
        raise


def data_ranges(fd: int, at: int, end: int) -> Iterator[tuple[int, int]]:
    """The ranges inside `[at, end)` that are no holes."""
    while at < end:
        start, at = next_data(fd, at)
        if start >= min(at, end):
            return
        yield start, min(at, end)


@cache
def _libc() -> ctypes.CDLL | None:
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        libc.fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]
    except (OSError, AttributeError):
        return None
    return libc


def make_hole(fd: int, start: int, end: int, over: Callable[[], bool] = bool) -> None:
    """A hole where the disk can, so that a terabyte takes no time; else zeros.

    Raises `Unfinished` when the turn is over: called again it goes on behind the holes that are there.
    """
    libc = _libc()
    at = start
    while libc is not None:
        at, _ = next_data(fd, at)
        if at >= end:
            return
        stop = min(at + _STEP, end)
        if disk.ask(libc.fallocate, fd, _KEEP_SIZE | _PUNCH_HOLE, at, stop - at):
            break
        if over() and next_data(fd, at)[0] > at:
            raise Unfinished
        at = stop
    zeros = bytes(_CHUNK)
    while start < end:
        start += disk.pwrite(fd, memoryview(zeros)[: end - start], start)
