"""A copy of a folder that has nothing in common with the original: no hard links, and the original is only read.

Contents are shared by the file system where it can (reflink), else copied in the kernel, with their holes. Symbolic
links are copied as they are; extended attributes, times and modes are kept.
"""

import errno
import os
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from operator import itemgetter
from typing import Final, NamedTuple

from fakesmb.folders.errors import FolderError, Stopped, room_of, size_text

_CHUNK: Final = 8 << 20
"""Bytes that are copied between two looks at whether the copy is still wanted."""
_SMALL: Final = 64 << 10
"""Files of so many bytes are copied by reading and writing: less than asking the kernel for more."""
_BLOCK: Final = 512
_CLONE: Final = 0x40049409
"""FICLONE of ioctl_ficlone(2)."""
_CANNOT: Final = frozenset(
    {errno.EOPNOTSUPP, errno.EXDEV, errno.EINVAL, errno.ENOTTY, errno.ENOSYS, errno.EPERM, errno.EBADF}
)
"""What the kernel says where two file systems, or one of them, know no such thing."""
_FINDS_HOLES: Final = hasattr(os, "SEEK_DATA")
_HAVE_XATTRS: Final = hasattr(os, "listxattr")
_KEPT: Final = ("user.", "system.posix_acl_")
"""What extended attributes begin with that belong to the files and not to the system: ours, and POSIX ACLs."""
_NO_ACCESS_TIME: Final = getattr(os, "O_NOATIME", 0)
_TOLD: Final = 5
"""Names of what is left out that are told."""


class Copied:
    """What a copy has become, or would be."""

    __slots__ = ("left_out", "size", "xattrs_lost")

    def __init__(self) -> None:
        self.size = 0
        """Bytes on the disk, without holes."""
        self.left_out: list[str] = []
        """Names that are no file, directory or symbolic link."""
        self.xattrs_lost = 0
        """Files some of whose extended attributes the place does not take."""

    def told(self, what: str) -> list[str]:
        """The lines that say what the copy has not."""
        lines = []
        if self.left_out:
            more = len(self.left_out) - _TOLD
            names = ", ".join(self.left_out[:_TOLD]) + (f" and {more} more" if more > 0 else "")
            lines.append(f"{what}: devices, pipes and sockets are left out: {names}")
        if self.xattrs_lost:
            lines.append(
                f"{what}: the extended attributes of {self.xattrs_lost} files are left out: the place takes none"
            )
        return lines


def size_of(source: str) -> int:
    """How many bytes a copy of a folder takes, about. Raises OSError."""
    size = 0
    waiting = [os.path.realpath(source)]
    while waiting:
        for entry in _entries(waiting.pop()):
            if stat.S_ISDIR(entry.st.st_mode):
                waiting.append(entry.path)
            elif stat.S_ISREG(entry.st.st_mode):
                size += _allocated(entry.st)
    return size


def _allocated(st: os.stat_result) -> int:
    """What a copy takes, about: holes take nothing; what its disk has compressed is counted when it is copied."""
    blocks = st.st_blocks * _BLOCK
    if not blocks and st.st_size <= _SMALL:  # some disks keep small files beside their names
        return room_of(st.st_size)
    return min(room_of(st.st_size), blocks)


class Copy:
    """The copying of one folder into another, which is there and empty."""

    def __init__(self, limit: int, stopped: Callable[[], bool], *, owners: bool = False) -> None:
        """Beyond `limit` bytes it raises `FolderError`, when `stopped` says so `Stopped`. `owners`: keeps them."""
        self._limit = limit
        self._stopped = stopped
        self._owners = owners
        self._clones = sys.platform == "linux"
        self._ranges = hasattr(os, "copy_file_range")
        self.copied = Copied()

    def run(self, source: str, target: str) -> Copied:
        """Copies all that is in a folder, which a link may lead to.

        Raises OSError, of which `filename` is what cannot be copied.
        """
        source = os.path.realpath(source)
        waiting = [(source, target)]
        made = []
        while waiting:
            here, there = waiting.pop()
            made.append((here, there))
            for entry in _entries(here):
                if self._stopped():
                    raise Stopped
                path = os.path.join(there, entry.name)
                if stat.S_ISDIR(entry.st.st_mode):
                    os.mkdir(path, stat.S_IRWXU)
                    waiting.append((entry.path, path))
                else:
                    self._copy(entry, path, source)
        for here, there in reversed(made):  # last: what is made in a directory changes its times
            self._facts(here, there, os.stat(here))
        return self.copied

    def _copy(self, entry: "Entry", path: str, top: str) -> None:
        if stat.S_ISREG(entry.st.st_mode):
            self._copy_file(entry.path, path)
        elif stat.S_ISLNK(entry.st.st_mode):
            os.symlink(os.readlink(entry.path), path)
            self._facts(entry.path, path, entry.st)
        else:
            self.copied.left_out.append(os.path.relpath(entry.path, top))

    def _copy_file(self, source: str, target: str) -> None:
        from_fd = _open(source)
        try:
            st = os.fstat(from_fd)
            to_fd = os.open(
                target, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, stat.S_IRUSR | stat.S_IWUSR
            )
            try:
                self._data(from_fd, to_fd, st)
                self._facts(from_fd, to_fd, st)
            finally:
                os.close(to_fd)
        finally:
            os.close(from_fd)

    def _data(self, from_fd: int, to_fd: int, st: os.stat_result) -> None:
        size = st.st_size
        if not size:
            return
        whole = st.st_blocks * _BLOCK >= size or not _FINDS_HOLES
        if size <= _SMALL and whole:
            data = os.read(from_fd, _SMALL)
            self._count(len(data))
            os.write(to_fd, data)
            return
        if self._clone(from_fd, to_fd):
            self._count(_allocated(st))
            return
        os.ftruncate(to_fd, size)
        at = 0
        while at < size:
            begin, end = (at, size) if whole else _extent(from_fd, at, size)
            self._range(from_fd, to_fd, begin, end)
            at = end

    def _clone(self, from_fd: int, to_fd: int) -> bool:
        if not self._clones:
            return False
        import fcntl

        try:
            fcntl.ioctl(to_fd, _CLONE, from_fd)
        except OSError as error:
            if error.errno not in _CANNOT:
                raise
            self._clones = False
            return False
        return True

    def _range(self, from_fd: int, to_fd: int, begin: int, end: int) -> None:
        while begin < end:
            if self._stopped():
                raise Stopped
            most = min(_CHUNK, end - begin)
            done = self._some(from_fd, to_fd, begin, most)
            if not done:  # it was cut short meanwhile
                return
            self._count(done)
            begin += done

    def _some(self, from_fd: int, to_fd: int, at: int, most: int) -> int:
        """Copies some of a range; gives how much."""
        if self._ranges:
            try:
                return os.copy_file_range(from_fd, to_fd, most, at, at)
            except OSError as error:
                if error.errno not in _CANNOT:
                    raise
                self._ranges = False
        data = os.pread(from_fd, most, at)
        done = 0
        while done < len(data):
            done += os.pwrite(to_fd, memoryview(data)[done:], at + done)
        return done

    def _count(self, size: int) -> None:
        self.copied.size += size
        if self.copied.size > self._limit:
            raise FolderError(f"has more than {size_text(self._limit)}")

    # -- what files have besides data ----------------------------------------------------------------------

    def _facts(self, source: str | int, target: str | int, st: os.stat_result) -> None:
        kind = stat.S_IFMT(st.st_mode)
        is_link = kind == stat.S_IFLNK
        if self._owners:
            os.chown(target, st.st_uid, st.st_gid, follow_symlinks=not is_link)
        if not is_link:
            self._xattrs(source, target)
            # Whose copy it is may write in its directories, whoever may not in the original's.
            rights = stat.S_IRWXU if kind == stat.S_IFDIR else 0
            os.chmod(target, stat.S_IMODE(st.st_mode) | rights)
        os.utime(target, ns=(st.st_atime_ns, st.st_mtime_ns), follow_symlinks=not is_link)

    def _xattrs(self, source: str | int, target: str | int) -> None:
        try:
            names = [name for name in os.listxattr(source) if name.startswith(_KEPT)] if _HAVE_XATTRS else []
        except OSError as error:
            if error.errno not in _CANNOT:
                raise
            return
        lost = False
        for name in names:
            try:
                os.setxattr(target, name, os.getxattr(source, name))
            except OSError as error:
                if error.errno not in _CANNOT:
                    raise
                lost = True
        self.copied.xattrs_lost += lost


def _extent(fd: int, at: int, size: int) -> tuple[int, int]:
    """The next range with data at or behind `at`; (size, size) for none."""
    try:
        begin = os.lseek(fd, at, os.SEEK_DATA)
        return begin, min(os.lseek(fd, begin, os.SEEK_HOLE), size)
    except OSError as error:
        if error.errno == errno.ENXIO:
            return size, size
        return at, size


def _open(path: str, flags: int = 0) -> int:
    """Opens to read, without leaving a trace where we may."""
    flags |= os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
    if _NO_ACCESS_TIME:
        with suppress(PermissionError):
            return os.open(path, flags | _NO_ACCESS_TIME)
    return os.open(path, flags)


class Entry(NamedTuple):
    """A name in a directory: its whole path, and what is there."""

    name: str
    path: str
    st: os.stat_result


def _entries(path: str) -> list[Entry]:
    """What is in a directory, by name. Raises OSError, of which `filename` is the directory."""
    try:
        fd = _open(path, os.O_DIRECTORY)
        try:
            with os.scandir(fd) as entries:
                found = [(entry.name, entry.stat(follow_symlinks=False)) for entry in entries]
        finally:
            os.close(fd)
    except OSError as error:
        error.filename = path
        raise
    return [Entry(name, os.path.join(path, name), st) for name, st in sorted(found, key=itemgetter(0))]
