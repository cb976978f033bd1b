"""What rename(2) does not replace in one step: a file by a hard link, and a file by a directory.

link(2) replaces nothing. So the link is made under a name that nobody has and renamed over the file. The root's
extended attribute `user.fakesmb.linking` says meanwhile which name that is, for a server that is killed between the
two leaves it. A directory and the file whose name it takes change places (renameat2(2)), and then the file goes: the
attribute says which it is, too. What a stream holds that is renamed where the disk has no room for it twice is in a
file meanwhile.
"""

import ctypes
import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Final

from fakesmb.nt.status import SMBError
from fakesmb.vfs import disk
from fakesmb.vfs.local import streams, xattrs
from fakesmb.vfs.local.directory import Directory
from fakesmb.vfs.local.lookup import Entry, Lookup
from fakesmb.vfs.rules.localprograms import OwnChange
from fakesmb.vfs.rules.openfiles import OpenFiles
from fakesmb.vfs.rules.watches import Watches
from fakesmb.world import World

UNDER_WAY: Final = "user.fakesmb.linking"
PREFIX: Final = ".fakesmb-link-"
KEPT: Final = ".fakesmb-stream-"
_EXCHANGE: Final = 2
_CANNOT: Final = frozenset({errno.ENOSYS, errno.EINVAL, errno.ENOTSUP})
"""What a system or a disk says that does not know the flag."""


def link_over(root: Directory, source: Entry, target: Entry, world: World, watches: Watches) -> None:
    """Makes a file's name a link to `source`; where that fails it is what it was. Raises OSError."""
    place = target.directory
    temporary = PREFIX + world.entropy(8).hex()
    hidden = place.path_of(temporary)
    _note(root, hidden)
    try:
        source.data_directory.link(source.data_name, place, temporary)
        try:
            place.rename(temporary, place, target.name)
            with suppress(FileNotFoundError):  # it is still there where both are links of one file by now
                place.unlink(temporary)
        except BaseException:
            with suppress(OSError):
                place.unlink(temporary)
            watches.untold((OwnChange.ADDED, hidden), (OwnChange.REMOVED, hidden))
            raise
    except BaseException:
        if _gone(place, temporary):
            _forget(root)
        raise
    _forget(root)
    watches.untold(
        (OwnChange.ADDED, hidden), (OwnChange.MOVED_FROM, hidden), (OwnChange.MOVED_TO, target.path)
    )


def _note(root: Directory, path: str, inode: int = 0) -> None:
    """Without the note a name may be left, and nothing else. `inode`: only that file is to go."""
    inner = path[len(root.path.rstrip("/")) + 1 :]
    with suppress(OSError, AttributeError):
        disk.setxattr(root.xattr_base, UNDER_WAY, os.fsencode(f"{inner}\0{inode}" if inode else inner))


@contextmanager
def kept(
    root: Directory, path: str, inode: int, stream: str, held: bytes, opens: OpenFiles
) -> Iterator[None]:
    """What a stream holds is in a file of the root while it is under neither of its names."""
    name, watches = KEPT + opens.world.entropy(8).hex(), opens.watches
    head = b"\0".join(map(os.fsencode, (path[len(root.path.rstrip("/")) + 1 :], str(inode), stream)))
    hidden = root.path_of(name)
    _note(root, hidden)
    with suppress(OSError):  # where the root is not ours to write to, or has no room, it is kept nowhere
        fd = root.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            disk.pwrite(fd, head + b"\0\0" + held, 0)
        finally:
            disk.close(fd)
    try:
        yield
    finally:
        with suppress(OSError):
            root.unlink(name)
            watches.untold(
                (OwnChange.ADDED, hidden), (OwnChange.TOUCHED, hidden), (OwnChange.REMOVED, hidden)
            )
        _forget(root)


def directory_over(root: Directory, source: Entry, target: Entry, watches: Watches) -> None:
    """Renames a directory to the name of a file; where that fails both are what they were. Raises OSError.

    Where the disk cannot exchange names the file goes first, unless the directory is on another disk.
    """
    place = target.directory
    assert target.st is not None
    _note(root, source.path, place.lstat(target.name).st_ino)
    try:
        _change_places(source, target)
    finally:
        _forget(root)
    watches.untold(
        (OwnChange.MOVED_TO, target.path),
        (OwnChange.MOVED_FROM, target.path),
        (OwnChange.MOVED_TO, source.path),
        (OwnChange.REMOVED, source.path),
    )


def _change_places(source: Entry, target: Entry) -> None:
    place = target.directory
    if not _exchange(source, target):
        if source.directory.status().st_dev != place.status().st_dev:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        place.unlink(target.name)
        source.directory.rename(source.name, place, target.name)
        return
    try:
        source.directory.unlink(source.name)
    except BaseException:
        _exchange(source, target)
        raise


@cache
def _libc() -> ctypes.CDLL | None:
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        name = ctypes.c_char_p
        libc.renameat2.argtypes = [ctypes.c_int, name, ctypes.c_int, name, ctypes.c_uint]
    except (OSError, AttributeError):
        return None
    return libc


def _exchange(one: Entry, other: Entry) -> bool:
    """Two names change places; False where the system or the disk cannot. Raises OSError."""
    libc = _libc()
    if libc is None:
        return False
    names = os.fsencode(one.name), os.fsencode(other.name)
    number = disk.ask(_exchanged, libc, one.directory.fd, names[0], other.directory.fd, names[1])
    if number and number not in _CANNOT:
        raise OSError(number, os.strerror(number))
    return not number


def _exchanged(libc: ctypes.CDLL, one_fd: int, one: bytes, other_fd: int, other: bytes) -> int:
    """The error number, which is the thread's, and 0 for none."""
    return ctypes.get_errno() if libc.renameat2(one_fd, one, other_fd, other, _EXCHANGE) else 0


def clear_up(lookup: Lookup) -> None:
    """Takes away what a killed server left, and gives a stream back that it was renaming. Nothing is raised."""
    root = lookup.root
    with suppress(OSError, SMBError):
        inner = xattrs.value(root.xattr_base, UNDER_WAY)
        if inner is None:
            return
        path, _, inode = os.fsdecode(inner).partition("\0")
        *parents, name = path.split("/")
        with suppress(FileNotFoundError):
            directory = lookup.at(parents)
            st = directory.lstat(name)
            if not stat.S_ISREG(st.st_mode):
                pass
            elif name.startswith(KEPT) and not parents:
                _give_back(lookup, name)
                directory.unlink(name)
            elif (name.startswith(PREFIX) and st.st_nlink > 1) or inode == str(st.st_ino):
                directory.unlink(name)
        _forget(root)


def _give_back(lookup: Lookup, name: str) -> None:
    """A stream that is under neither name gets its first one again."""
    with open(lookup.root.open(name, os.O_RDONLY), "rb") as file:
        head, _, held = file.read().partition(b"\0\0")
    with suppress(
        FileNotFoundError, ValueError
    ):  # the file or its stream is gone, or this was not written whole
        path, inode, stream = map(os.fsdecode, head.split(b"\0"))
        *parents, last = path.split("/")
        fd = lookup.at(parents).open(last, os.O_RDONLY | os.O_NONBLOCK)
        try:
            there = [streams.load(fd, one) for one in streams.names(fd)]
            if disk.fstat(fd).st_ino == int(inode) and held not in there:
                streams.save(fd, stream, held)
        finally:
            disk.close(fd)


def _gone(place: Directory, name: str) -> bool:
    try:
        place.lstat(name)
    except FileNotFoundError:
        return True
    except OSError:
        pass
    return False


def _forget(root: Directory) -> None:
    with suppress(OSError, AttributeError):
        xattrs.drop(root.xattr_base, UNDER_WAY)
