"""Directories by their paths, where a local program may put a link in the place of any of them."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def opened_in_place(path: str) -> Iterator[int]:
    """A descriptor of the directory at a path that goes over no link; OSError where there is none."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if os.readlink(f"/proc/self/fd/{fd}") != path:
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
        yield fd
    finally:
        os.close(fd)
