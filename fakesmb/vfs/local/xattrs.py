"""Extended attributes of the disk: the storage of streams and EAs; a disk without them has one answer for all.

A target is a path, a descriptor or the place of one in /proc (`LocalHandle.xattr_target`), which is a link: links are
followed. Without `follow` they are not: a name may have become a link that leads anywhere since it was looked at.
"""

import errno
import os
from typing import Final

from fakesmb.vfs import disk

HAVE: Final = hasattr(os, "getxattr")
LARGEST_VALUE: Final = 0x10000
"""Bytes that Linux takes as the value of one; most disks take less, ext4 a block for all together."""
UNSUPPORTED: Final = frozenset({errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})
ABSENT: Final = frozenset({errno.ENODATA, getattr(errno, "ENOATTR", errno.ENODATA), *UNSUPPORTED})
NO_ROOM: Final = frozenset({errno.ENOSPC, errno.E2BIG, errno.EDQUOT})
BAD_NAME: Final = frozenset({errno.ERANGE, errno.EILSEQ, errno.ENAMETOOLONG})


def names(target: str | int, *, follow: bool = True) -> list[str]:
    """The names of all, undecodable bytes as lone surrogates; no names where the disk has no extended attributes."""
    if not HAVE:
        return []
    try:
        return disk.listxattr(target, follow_symlinks=follow)
    except OSError as error:
        if error.errno in UNSUPPORTED:
            return []
        raise


def value(target: str | int, name: str, *, follow: bool = True) -> bytes | None:
    """One value; None where it is not there."""
    if not HAVE:
        return None
    try:
        return disk.getxattr(target, name, follow_symlinks=follow)
    except OSError as error:
        if error.errno in ABSENT:
            return None
        raise


def drop(target: str | int, name: str) -> None:
    """Takes one away, if it is there."""
    try:
        disk.removexattr(target, name)
    except OSError as error:
        if error.errno not in ABSENT:
            raise


def supported(target: str | int) -> bool:
    """Whether the disk takes `user.` attributes."""
    if not HAVE:
        return False
    try:
        disk.getxattr(target, "user.fakesmb.none")
    except OSError as error:
        return error.errno not in UNSUPPORTED
    return True
