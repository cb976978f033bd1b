"""Where private folders can be: in memory before on a disk, where extended attributes can be kept before where not."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from fakesmb.folders.errors import FolderError, size_text

VARIABLE: Final = "FAKESMB_TMP"
IN_MEMORY: Final = "/dev/shm"
MARGIN: Final = 16 << 20
"""Bytes that a place has to have beside what is put there at first: clients write, too."""
_PROBE: Final = "user.fakesmb.probe"


def places() -> Iterator[str]:
    """The directories that can have them, best first: the one that `$FAKESMB_TMP` names, and then no other.

    Raises `FolderError` where that is none.
    """
    named = os.environ.get(VARIABLE)
    if named:
        yield _checked(named)
        return
    import tempfile  # takes as long to import as a server to start

    found = [IN_MEMORY]
    with suppress(FileNotFoundError):  # nowhere can anything be written
        found.append(tempfile.gettempdir())
    for path in dict.fromkeys(os.path.realpath(one) for one in found):
        if os.path.isdir(path) and os.access(path, os.W_OK | os.X_OK):
            yield path


def _checked(named: str) -> str:
    path = os.path.realpath(named)
    if not os.path.exists(path):
        raise FolderError(f"{VARIABLE}: there is no folder {named}")
    if not os.path.isdir(path):
        raise FolderError(f"{VARIABLE}: {named} is not a folder")
    if not os.access(path, os.W_OK | os.X_OK | os.R_OK):
        raise FolderError(f"{VARIABLE}: nothing can be made in {named}: Permission denied")
    return path


def free_bytes(path: str) -> int:
    """How many bytes fit there still; `sys.maxsize` where nobody counts them (ramfs, a tmpfs of size=0)."""
    facts = os.statvfs(path)
    return facts.f_bavail * facts.f_frsize if facts.f_blocks else sys.maxsize


def check_room(path: str, size: int, what: str) -> None:
    """Raises `FolderError` where `what`, of so many bytes, does not fit."""
    free = free_bytes(path)
    if size > free:
        raise FolderError(full(path, what, size, free))


def full(path: str, what: str, size: int, free: int) -> str:
    """The one line of a place that is full."""
    return (
        f"{what} does not fit into {path}: it needs {size_text(size)}, and {size_text(free)} are free "
        f"({VARIABLE} names another place)"
    )


def takes_xattrs(folder: str) -> bool:
    """Whether files in this folder, which is ours, can have user extended attributes."""
    if not hasattr(os, "setxattr"):
        return False
    try:
        os.setxattr(folder, _PROBE, b"")
        os.removexattr(folder, _PROBE)
    except OSError as error:
        if error.errno in (errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EPERM):
            return False
        raise
    return True
