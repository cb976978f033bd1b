"""The system calls that ask a disk, named as in `os`.

In a task at work on a disk that may hang (`vfs.disktask`) a thread makes them; else they are the plain calls.
"""

import errno
import os
import sys
from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar, cast

from greenlet import getcurrent

from fakesmb.vfs.disktask import DiskTask

if TYPE_CHECKING:
    Buffer = bytes | bytearray | memoryview

Target = str | int
"""A path, or a descriptor."""
R = TypeVar("R")
_HAS_PROC: Final = sys.platform == "linux"
_EFFECTIVE: Final = os.access in os.supports_effective_ids


def _call(function: Callable[..., R], *args: Any, **kwargs: Any) -> R:
    task = cast(DiskTask, getcurrent())
    lane = task.lane
    if lane is None:
        return function(*args, **kwargs)
    result: R = task.call(lane, function, args, kwargs)
    return result


def place(fd: int) -> Target:
    """What names an open file in calls that refuse an O_PATH descriptor (getxattr, utime, chmod): its place in /proc.

    Where there is no /proc, there is no O_PATH either, and it is the descriptor itself.
    """
    return f"/proc/self/fd/{fd}" if _HAS_PROC else fd


def ask(function: Callable[..., R], *args: Any) -> R:
    """A system call that `os` has not. It must leave everything else alone: a thread may make it."""
    if getcurrent().__class__ is DiskTask:
        return _call(function, *args)
    return function(*args)


def stat(path: "Target", *, dir_fd: int | None = None, follow_symlinks: bool = True) -> os.stat_result:
    if getcurrent().__class__ is DiskTask:
        return _call(os.stat, path, dir_fd=dir_fd, follow_symlinks=follow_symlinks)
    return os.stat(path, dir_fd=dir_fd, follow_symlinks=follow_symlinks)


def access(path: str, way: int, *, dir_fd: int) -> bool:
    """Whether the process may; a symbolic link at the end is looked at itself."""
    if getcurrent().__class__ is DiskTask:
        return _call(os.access, path, way, dir_fd=dir_fd, effective_ids=_EFFECTIVE, follow_symlinks=False)
    return os.access(path, way, dir_fd=dir_fd, effective_ids=_EFFECTIVE, follow_symlinks=False)


def lstat(path: str, dir_fd: int) -> os.stat_result:
    """Of a name in an open directory: each look-up asks, and keywords cost."""
    if getcurrent().__class__ is DiskTask:
        return _call(os.stat, path, dir_fd=dir_fd, follow_symlinks=False)
    return os.stat(path, dir_fd=dir_fd, follow_symlinks=False)


def fstat(fd: int) -> os.stat_result:
    if getcurrent().__class__ is DiskTask:
        return _call(os.fstat, fd)
    return os.fstat(fd)


def open(path: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
    if getcurrent().__class__ is DiskTask:
        return _call(os.open, path, flags, mode, dir_fd=dir_fd)
    return os.open(path, flags, mode, dir_fd=dir_fd)


def close(fd: int) -> None:
    if getcurrent().__class__ is DiskTask:
        _call(os.close, fd)
    else:
        os.close(fd)


def pread(fd: int, size: int, offset: int) -> bytes:
    if getcurrent().__class__ is DiskTask:
        return _call(os.pread, fd, size, offset)
    return os.pread(fd, size, offset)


def pwrite(fd: int, data: "Buffer", offset: int) -> int:
    if getcurrent().__class__ is DiskTask:
        return _call(os.pwrite, fd, data, offset)
    return os.pwrite(fd, data, offset)


def ftruncate(fd: int, size: int) -> None:
    if getcurrent().__class__ is DiskTask:
        _call(os.ftruncate, fd, size)
    else:
        os.ftruncate(fd, size)


def lseek(fd: int, offset: int, whence: int) -> int:
    if getcurrent().__class__ is DiskTask:
        return _call(os.lseek, fd, offset, whence)
    return os.lseek(fd, offset, whence)


def fsync(fd: int) -> None:
    if getcurrent().__class__ is DiskTask:
        _call(os.fsync, fd)
    else:
        os.fsync(fd)


def readlink(path: str, *, dir_fd: int | None = None) -> str:
    if getcurrent().__class__ is DiskTask:
        return str(_call(os.readlink, path, dir_fd=dir_fd))
    return os.readlink(path, dir_fd=dir_fd)


def listdir(fd: int) -> list[str]:
    if getcurrent().__class__ is DiskTask:
        return _call(os.listdir, fd)
    return os.listdir(fd)


def mkdir(path: str, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
    if getcurrent().__class__ is DiskTask:
        _call(os.mkdir, path, mode, dir_fd=dir_fd)
    else:
        os.mkdir(path, mode, dir_fd=dir_fd)


def rmdir(path: str, *, dir_fd: int | None = None) -> None:
    if getcurrent().__class__ is DiskTask:
        _call(os.rmdir, path, dir_fd=dir_fd)
    else:
        os.rmdir(path, dir_fd=dir_fd)


def unlink(path: str, *, dir_fd: int | None = None) -> None:
    if getcurrent().__class__ is DiskTask:
        _call(os.unlink, path, dir_fd=dir_fd)
    else:
        os.unlink(path, dir_fd=dir_fd)


def rename(old: str, new: str, *, src_dir_fd: int | None = None, dst_dir_fd: int | None = None) -> None:
    if getcurrent().__class__ is DiskTask:
        _call(os.rename, old, new, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)
    else:
        os.rename(old, new, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)


def link(
    old: str,
    new: str,
    *,
    src_dir_fd: int | None = None,
    dst_dir_fd: int | None = None,
    follow_symlinks: bool = True,
) -> None:
    if getcurrent().__class__ is DiskTask:
        _call(
            os.link, old, new, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd, follow_symlinks=follow_symlinks
        )
    else:
        os.link(old, new, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd, follow_symlinks=follow_symlinks)


def symlink(target: str, path: str, *, dir_fd: int | None = None) -> None:
    if getcurrent().__class__ is DiskTask:
        _call(os.symlink, target, path, dir_fd=dir_fd)
    else:
        os.symlink(target, path, dir_fd=dir_fd)


def mknod(path: str, mode: int, *, dir_fd: int | None = None) -> None:
    if getcurrent().__class__ is DiskTask:
        _call(os.mknod, path, mode, dir_fd=dir_fd)
    else:
        os.mknod(path, mode, dir_fd=dir_fd)


def chmod(path: "Target", mode: int) -> None:
    if getcurrent().__class__ is DiskTask:
        _call(os.chmod, path, mode)
    else:
        os.chmod(path, mode)


def fchmod(fd: int, mode: int) -> None:
    if getcurrent().__class__ is DiskTask:
        _call(os.fchmod, fd, mode)
    else:
        os.fchmod(fd, mode)


def chown(
    path: "Target", uid: int, gid: int, *, dir_fd: int | None = None, follow_symlinks: bool = True
) -> None:
    if getcurrent().__class__ is DiskTask:
        _call(os.chown, path, uid, gid, dir_fd=dir_fd, follow_symlinks=follow_symlinks)
    else:
        os.chown(path, uid, gid, dir_fd=dir_fd, follow_symlinks=follow_symlinks)


def utime(
    path: "Target", *, ns: tuple[int, int], dir_fd: int | None = None, follow_symlinks: bool = True
) -> None:
    if getcurrent().__class__ is DiskTask:
        _call(os.utime, path, ns=ns, dir_fd=dir_fd, follow_symlinks=follow_symlinks)
    else:
        os.utime(path, ns=ns, dir_fd=dir_fd, follow_symlinks=follow_symlinks)


def statvfs(path: "Target") -> os.statvfs_result:
    if getcurrent().__class__ is DiskTask:
        return _call(os.statvfs, path)
    return os.statvfs(path)


def getxattr(path: "Target", name: str, *, follow_symlinks: bool = True) -> bytes:
    if getcurrent().__class__ is DiskTask:
        return _call(os.getxattr, path, name, follow_symlinks=follow_symlinks)
    return os.getxattr(path, name, follow_symlinks=follow_symlinks)


def setxattr(path: "Target", name: str, value: "Buffer", *, follow_symlinks: bool = True) -> None:
    if getcurrent().__class__ is DiskTask:
        _call(os.setxattr, path, name, value, follow_symlinks=follow_symlinks)
    else:
        os.setxattr(path, name, value, follow_symlinks=follow_symlinks)


def listxattr(path: "Target", *, follow_symlinks: bool = True) -> list[str]:
    if getcurrent().__class__ is DiskTask:
        return _call(os.listxattr, path, follow_symlinks=follow_symlinks)
    return os.listxattr(path, follow_symlinks=follow_symlinks)


def removexattr(path: "Target", name: str, *, follow_symlinks: bool = True) -> None:
    if getcurrent().__class__ is DiskTask:
        _call(os.removexattr, path, name, follow_symlinks=follow_symlinks)
    else:
        os.removexattr(path, name, follow_symlinks=follow_symlinks)


def scandir(fd: int) -> "os._ScandirIterator[str]":
    return os.scandir(fd) if getcurrent().__class__ is not DiskTask else _call(os.scandir, fd)


def next_names(entries: "os._ScandirIterator[str]", most: int) -> list[str]:
    """The names of the next `most` entries of `scandir`; [] at the end."""
    if getcurrent().__class__ is DiskTask:
        return _call(_next_names, entries, most)
    return _next_names(entries, most)


def _next_names(entries: "os._ScandirIterator[str]", most: int) -> list[str]:
    return [entry.name for entry in islice(entries, most)]


def _unsupported(*_: object, **__: object) -> NoReturn:
    """An extended attribute, as on a disk that has none."""
    raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))


if not hasattr(os, "getxattr"):  # macOS has calls of its own for them, and Python none
    globals().update(dict.fromkeys(("getxattr", "setxattr", "listxattr", "removexattr"), _unsupported))
