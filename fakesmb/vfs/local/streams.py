"""Alternate data streams on the disk: one extended attribute each, as Samba's vfs_streams_xattr keeps them.

`user.DosStream.<name>:$DATA` holds the contents and a zero byte after them. A stream can be as long as the disk
takes extended attributes (64 KiB at most on Linux, 4 KiB for all of a file on ext4); a longer one raises DISK_FULL,
as on a full volume. A disk without extended attributes has no streams, as FAT: OBJECT_NAME_INVALID.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Final

from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs import disk
from fakesmb.vfs.local import xattrs
from fakesmb.vfs.paths import fold

PREFIX: Final = "user.DosStream."
SUFFIX: Final = ":$DATA"
LARGEST: Final = xattrs.LARGEST_VALUE - 1
"""Bytes in a stream, at most."""

_END: Final = b"\0"


def name_in(xattr: str) -> str:
    """The stream that an extended attribute holds; "" where no client could name it."""
    if not xattr.startswith(PREFIX):
        return ""
    name = xattr[len(PREFIX) :]
    if name.upper().endswith(SUFFIX):
        name = name[: -len(SUFFIX)]
    return "" if any(character in ":/\\" or "\ud800" <= character <= "\udfff" for character in name) else name


def names(target: str | int, *, follow: bool = True) -> list[str]:
    """The names of a file's streams, without the unnamed one, sorted as Windows does."""
    return sorted(filter(None, map(name_in, xattrs.names(target, follow=follow))), key=fold)


def find(target: str | int, name: str, *, follow: bool = True) -> str | None:
    """The spelling of a stream's name on disk, in whatever case it is asked for; None where it is not there."""
    found = names(target, follow=follow)
    if name in found:
        return name
    wanted = fold(name)
    return next((one for one in found if fold(one) == wanted), None)


def load(target: str | int, name: str, *, follow: bool = True) -> bytes | None:
    """A stream's contents; None where it is not there."""
    held = xattrs.value(target, _xattr(name), follow=follow)
    if held is None:
        return None
    return held[:-1] if held.endswith(_END) else held


def size(target: str | int, name: str, *, follow: bool = True) -> int:
    """A stream's length; 0 for one that is gone."""
    return len(load(target, name, follow=follow) or b"")


def save(target: str | int, name: str, data: bytes | bytearray) -> None:
    """Keeps a stream; raises DISK_FULL or OBJECT_NAME_INVALID where the disk cannot."""
    if len(data) > LARGEST:
        raise SMBError(NT.DISK_FULL, f"a stream of {len(data)} bytes is too long for the disk")
    if not xattrs.HAVE:
        raise SMBError(NT.OBJECT_NAME_INVALID, "this system has no extended attributes, and so no streams")
    try:
        disk.setxattr(target, _xattr(name), bytes(data) + _END)
    except OSError as error:
        if error.errno in xattrs.NO_ROOM:
            raise SMBError(NT.DISK_FULL, "a stream larger than the disk's extended attributes") from None
        if error.errno in xattrs.UNSUPPORTED or error.errno in xattrs.BAD_NAME:
            raise SMBError(NT.OBJECT_NAME_INVALID, "the disk cannot keep a stream of that name") from None
        raise


def remove(target: str | int, name: str) -> None:
    """Takes a stream away."""
    xattrs.drop(target, _xattr(name))


Keeping = Callable[[str, bytes], AbstractContextManager[None]]
"""What keeps the contents of the stream of that name while it is under no name."""


def rename(
    target: str | int, old: str, new: str, keeping: Keeping = lambda name, held: nullcontext()
) -> None:
    """Gives a stream another name, in place of whatever has it."""
    held = load(target, old)
    if held is None:
        raise SMBError(NT.OBJECT_NAME_NOT_FOUND, old)
    there = find(target, new)
    if old == new:
        return
    try:
        save(target, new, held)
    except SMBError as error:
        if error.status != NT.DISK_FULL:
            raise
        with keeping(old, held):
            _move(target, old, new, held, there)
    else:
        remove(target, old)
    if there is not None and there not in (old, new):
        remove(target, there)


def _move(target: str | int, old: str, new: str, held: bytes, there: str | None) -> None:
    """Renames where the disk has no room for both: the old one goes first, and comes back where that was in vain."""
    replaced = load(target, there) if there is not None and there != old else None
    if there is not None and replaced is not None:
        remove(target, there)
    remove(target, old)
    try:
        save(target, new, held)
    except BaseException:
        save(target, old, held)
        if there is not None and replaced is not None:
            save(target, there, replaced)
        raise


def _xattr(name: str) -> str:
    return f"{PREFIX}{name}{SUFFIX}"
