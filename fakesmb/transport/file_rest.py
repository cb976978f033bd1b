"""The rest of a part of a file that the kernel did not take at once: read as the client takes it, not before."""

import errno
import os
from collections.abc import Callable

from fakesmb.vfs.store import FileRange


class RestOfFile:
    """So much of a file is still to be sent. It has a descriptor of its own: the file may be closed meanwhile."""

    __slots__ = ("_fd", "_offset", "left")

    def __init__(self, fd: int, offset: int, count: int, takes: Callable[[int], bool]) -> None:
        """`takes` says whether a descriptor may be taken for it. Raises OSError where there is none."""
        self._fd = os.dup(fd)
        if not takes(self._fd):
            self.close()
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        self._offset = offset
        self.left = count
        """Bytes that have not been read yet."""

    def read(self, most: int) -> bytes:
        """The next bytes, at most so many; with the last one lets the file go. Raises OSError where the disk fails."""
        count = min(most, self.left)
        data = FileRange(self._fd, self._offset, count).read_whole()
        self._offset += count
        self.left -= count
        if not self.left:
            self.close()
        return data

    def close(self) -> None:
        """Lets the file go."""
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)
