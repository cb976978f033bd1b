"""The room of large files, given back in slices or by a thread: a disk takes a tenth of a second for 100,000 pieces."""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore, Thread
from typing import Final

from fakesmb.vfs import disk
from fakesmb.vfs.local.directory import Directory
from fakesmb.vfs.store import Unfinished

LARGE: Final = 16 << 20
"""Bytes of a file that are freed in one step."""
_STEP: Final = 64 << 20
"""Bytes that are cut off before the time is looked at: at most 16,384 pieces."""
_BLOCK: Final = 512
_AT_ONCE: Final = 16
"""Files that are freed at the same time, each with a descriptor and a thread; more are freed as they go."""
_O_PATH: Final = getattr(os, "O_PATH", os.O_RDONLY)


def is_large(st: os.stat_result) -> bool:
    """Whether to free what the file takes may take long."""
    return st.st_blocks * _BLOCK > LARGE


def truncate(fd: int, size: int, over: Callable[[], bool]) -> None:
    """ftruncate(2); a large file is cut from its end on, and `Unfinished` raised when the turn is over."""
    st = disk.fstat(fd)
    if is_large(st):
        there = st.st_size
        while there - size > _STEP:
            there -= _STEP
            disk.ftruncate(fd, there)
            if over():
                raise Unfinished
    disk.ftruncate(fd, size)


class Freeing:
    """Frees what large files take that have no name any longer."""

    def __init__(self) -> None:
        self._room = BoundedSemaphore(_AT_ONCE)

    @contextmanager
    def later(self, directory: Directory, name: str, st: os.stat_result) -> Iterator[None]:
        """Inside, this name of a file is removed or replaced; a thread waits for the disk to free it."""
        fd = -1
        if is_large(st) and st.st_nlink == 1 and stat.S_ISREG(st.st_mode):
            fd = self._held(directory, name)
        try:
            yield
        finally:
            if fd >= 0:
                Thread(target=self._close, args=(fd,), daemon=True).start()

    def _held(self, directory: Directory, name: str) -> int:
        if not self._room.acquire(blocking=False):
            return -1
        try:
            return directory.open(name, _O_PATH)
        except OSError:
            self._room.release()
            return -1

    def _close(self, fd: int) -> None:
        try:
            disk.close(fd)
        finally:
            self._room.release()
