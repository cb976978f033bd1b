"""Where a file has data and where holes, and how holes are made."""

import ctypes
import errno
import os
from collections.abc import Iterator
from functools import cache
from typing import Final

from fakesmb.vfs import disk

_CHUNK: Final = 1 << 20
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


def make_hole(fd: int, start: int, end: int) -> None:
    """A hole where the disk can, so that a terabyte takes no time; else zeros."""
    libc = _libc()
    if libc is not None and not disk.ask(libc.fallocate, fd, _KEEP_SIZE | _PUNCH_HOLE, start, end - start):
        return
    zeros = bytes(_CHUNK)
    while start < end:
        start += disk.pwrite(fd, memoryview(zeros)[: end - start], start)
