"""Content onto the disk, in the forms in which the store keeps what POSIX has no place for."""

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

from fakesmb.folders.content import File, Tree
from fakesmb.folders.errors import FolderError, Stopped
from fakesmb.nt.files import Attribute
from fakesmb.nt.filetime import from_ns
from fakesmb.nt.status import SMBError
from fakesmb.vfs.local import attributes, eas, streams
from fakesmb.vfs.store import Ea
from fakesmb.vfs.stored import Stored

_BILLION: Final = 1_000_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def fill(
    folder: str, tree: Tree, stopped: Callable[[], bool], *, xattrs: bool, dated: int | None = None
) -> None:
    """Makes the files of a tree in an empty folder.

    `xattrs`: whether the disk keeps extended attributes. `dated`: the write time of what has none of its own, in POSIX
    nanoseconds; None: now. Raises `FolderError` for what cannot be kept there, `Stopped`, OSError.
    """
    _fill(folder, "", tree, stopped, xattrs, dated)


def _fill(
    folder: str, above: str, tree: Tree, stopped: Callable[[], bool], xattrs: bool, dated: int | None
) -> None:
    for name, value in tree.items():
        if stopped():
            raise Stopped
        path = os.path.join(folder, name)
        if isinstance(value, dict):
            os.mkdir(path)
            _fill(path, f"{above}{name}/", value, stopped, xattrs, dated)
        else:
            _make(path, f"{above}{name}", value, xattrs, dated)
    if dated is not None:
        os.utime(folder, ns=(dated, dated))


def _make(path: str, told: str, file: File, xattrs: bool, dated: int | None) -> None:
    if needed := _needs_xattrs(file, xattrs):
        raise FolderError(
            f"{told}: {needed} must be kept in extended attributes, which the disk of {os.path.dirname(path)} "
            "does not take (FAKESMB_TMP names another place)"
        )
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        write_all(fd, file.data)
        put_facts(fd, told, file)
        if file.modified is None and dated is not None:
            os.utime(fd, ns=(dated, dated))
    finally:
        os.close(fd)


def _needs_xattrs(file: File, xattrs: bool) -> str:
    if xattrs:
        return ""
    return next(
        (name for name in ("eas", "streams", "hidden", "system", "read_only") if getattr(file, name)), ""
    )


def write_all(fd: int, data: bytes) -> None:
    """Writes all of it to the file, from where that stands."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def put_facts(fd: int, told: str, file: File) -> None:
    """Gives an open file the streams, EAs, times and attributes that it should have. Raises `FolderError`, OSError."""
    try:
        for name, data in file.streams.items():
            streams.save(fd, name, data)
        if file.eas:
            eas.save(fd, [Ea(name, value) for name, value in file.eas.items()])
    except SMBError as error:
        if _is_full(fd):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from None
        raise FolderError(f"{told}: {error.why}") from None
    modified = None if file.modified is None else _ns(file.modified)
    bits = _attributes(file, told)
    if bits & ~(Attribute.ARCHIVE | Attribute.HIDDEN) or file.hidden or file.eas:
        born = from_ns(os.fstat(fd).st_mtime_ns if modified is None else modified)
        known = Stored(bits, born, eas.size(fd) if file.eas else -1)
        os.setxattr(fd, attributes.XATTR, attributes.encode(known))
    if modified is not None:
        os.utime(fd, ns=(modified, modified))


def _attributes(file: File, told: str) -> int:
    """Windows sets ARCHIVE on every new file; a name that begins with a dot is hidden whatever is said."""
    bits = Attribute.ARCHIVE
    bits |= Attribute.READONLY if file.read_only else 0
    bits |= Attribute.HIDDEN if file.hidden or told.rpartition("/")[2].startswith(".") else 0
    bits |= Attribute.SYSTEM if file.system else 0
    return bits


def _ns(moment: datetime) -> int:
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * _BILLION + since.microseconds * 1000


def _is_full(fd: int) -> bool:
    with suppress(OSError):
        return os.fstatvfs(fd).f_bavail == 0
    return False
