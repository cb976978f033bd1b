"""Extended attributes of the disk: the storage of streams and EAs; a disk without them has one answer for all.

A target is a path or the place of a descriptor in /proc (`LocalHandle.xattr_target`); links are followed.
"""

import errno
import os
from typing import Final

HAVE: Final = hasattr(os, "getxattr")
LARGEST_VALUE: Final = 0x10000
"""Bytes that Linux takes as the value of one; most disks take less, ext4 a block for all together."""
UNSUPPORTED: Final = frozenset({errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})
ABSENT: Final = frozenset({errno.ENODATA, getattr(errno, "ENOATTR", errno.ENODATA), *UNSUPPORTED})
NO_ROOM: Final = frozenset({errno.ENOSPC, errno.E2BIG, errno.EDQUOT})
BAD_NAME: Final = frozenset({errno.ERANGE, errno.EILSEQ, errno.ENAMETOOLONG})


def names(target: str | int) -> list[str]:
    """The names of all, undecodable bytes as lone surrogates; no names where the disk has no extended attributes."""
    if not HAVE:
        return []
    try:
        return os.listxattr(target)
    except OSError as error:
        if error.errno in UNSUPPORTED:
            return []
        raise


def value(target: str | int, name: str) -> bytes | None:
    """One value; None where it is not there."""
    if not HAVE:
        return None
    try:
        return os.getxattr(target, name)
    except OSError as error:
        if error.errno in ABSENT:
            return None
        raise


def drop(target: str | int, name: str) -> None:
    """Takes one away, if it is there."""
    try:
        os.removexattr(target, name)
    except OSError as error:
        if error.errno not in ABSENT:
            raise


def supported(target: str | int) -> bool:
    """Whether the disk takes `user.` attributes."""
    if not HAVE:
        return False
    try:
        os.getxattr(target, "user.fakesmb.none")
    except OSError as error:
        return error.errno not in UNSUPPORTED
    return True
