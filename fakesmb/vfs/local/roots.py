"""The folder of a share, held open, and whether it is still where it was."""

import errno
import os
from typing import Final

from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs import disk
from fakesmb.vfs.local.directory import Directory, place_of
from fakesmb.world import World

OPEN_DIRECTORY: Final = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC
GONE: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})
"""What says that no directory is there, or a link is on the way."""
_LOST: Final = "the share's folder is gone, or a link is in its place"


def root_at(path: str, world: World) -> Directory:
    """The folder at a path, held; raises OSError where there is none."""
    fd = disk.open(path, OPEN_DIRECTORY)
    return Directory(place_of(fd), fd, "\\", world)


def leads_to(path: str, fd: int) -> bool:
    """Whether a path, which was that of the open directory, still is."""
    try:
        there = disk.stat(path, follow_symlinks=False)
    except OSError as error:
        if fd >= 0 and error.errno not in GONE:
            raise
        return False
    try:
        return os.path.samestat(there, disk.fstat(fd))
    except (
        OSError
    ):  # it is closed, or its disk has gone for good (ENOTCONN): what is there now is something else
        return False


def new_root(path: str) -> int:
    """A descriptor of the folder at a path that goes over no link; raises OBJECT_PATH_NOT_FOUND."""
    try:
        fd = disk.open(path, OPEN_DIRECTORY | os.O_NOFOLLOW)
    except OSError as error:
        if error.errno not in GONE:
            raise
        raise SMBError(NT.OBJECT_PATH_NOT_FOUND, _LOST) from None
    if place_of(fd) != path:
        disk.close(fd)
        raise SMBError(NT.OBJECT_PATH_NOT_FOUND, _LOST)
    return fd
