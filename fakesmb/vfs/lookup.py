"""From a client's path to a place on the disk: whatever its case, and never outside the share.

A directory is held by a descriptor, and each use of it first asks the system where that descriptor now is;
the last step from there to a file never follows a link (openat, fstatat, unlinkat). So neither `..`, nor a
symbolic link, nor a directory that is moved meanwhile leads out.
"""

import os
import stat
import sys
import time
from typing import Final

from fakesmb.status import NT, SMBError
from fakesmb.vfs.paths import Path, fold, is_legal_on_wire
from fakesmb.vfs.shortnames import short_name

_O_PATH: Final = getattr(os, "O_PATH", os.O_RDONLY)
_OPEN_DIRECTORY: Final = _O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
_HELD_DIRECTORIES: Final = 64
_LINUX: Final = sys.platform == "linux"
_SETTLED_NS: Final = 20_000_000
"""Changes within one tick of the kernel's clock leave one time: a younger listing proves nothing."""

_NO_NAMES: Final = ("", ".", "..")

Stamp = tuple[int, int, int, int, int]


def shown_name(name: str) -> str:
    """The name a client is given for a name on disk: a short one where SMB has no way to write it."""
    return name if is_legal_on_wire(name) else short_name(name)


def place_of(fd: int) -> str:
    """Where the open directory is now."""
    if _LINUX:
        return os.readlink(f"/proc/self/fd/{fd}")
    import fcntl

    raw: bytes = fcntl.fcntl(fd, fcntl.F_GETPATH, bytes(1024))  # type: ignore[attr-defined,unused-ignore]
    return os.fsdecode(raw.rstrip(b"\0"))


class Listing:
    """The names in a directory by their folded form, as of one moment."""

    __slots__ = ("_shorts", "names", "settled", "stamp")

    def __init__(self, names: list[str], stamp: Stamp, *, settled: bool) -> None:
        self.names: dict[str, str] = {}
        for name in sorted(names):
            self.names.setdefault(fold(shown_name(name)), name)
        self.stamp = stamp
        self.settled = settled
        self._shorts: dict[str, str] | None = None

    def find(self, name: str) -> str | None:
        """The name on disk that a client means by `name`: its own in any case, or its 8.3 name."""
        key = fold(name)
        found = self.names.get(key)
        if found is None and "~" in name:
            found = self._by_short_name().get(key)
        return found

    def add(self, name: str) -> None:
        self.names.setdefault(fold(shown_name(name)), name)
        self._shorts = None

    def remove(self, name: str) -> None:
        if self.names.get(fold(shown_name(name))) == name:
            del self.names[fold(shown_name(name))]
        self._shorts = None

    def _by_short_name(self) -> dict[str, str]:
        if self._shorts is None:
            self._shorts = {short_name(name): name for name in self.names.values()}
            self._shorts.pop("", None)
        return self._shorts


class Directory:
    """A directory inside the share, held open (the root by its path). All steps from it stay in it."""

    __slots__ = ("base", "fd", "listing", "path", "prefix", "under", "xattr_base")

    def __init__(self, path: str, fd: int | None, prefix: str) -> None:
        self.path = path
        self.fd = fd
        self.prefix = prefix
        """What `Info.path` of its files begins with: `\\dir\\`."""
        self.under = path.rstrip("/") + "/"
        self.base = "" if fd is not None else self.under
        self.xattr_base = f"/proc/self/fd/{fd}/" if fd is not None and _LINUX else self.under
        self.listing: Listing | None = None

    def __del__(self) -> None:
        if self.fd is not None:
            os.close(self.fd)

    def lstat(self, name: str) -> os.stat_result:
        return os.stat(self.base + name, dir_fd=self.fd, follow_symlinks=False)

    def status(self) -> os.stat_result:
        """The directory's own facts."""
        return os.stat(self.path) if self.fd is None else os.stat(self.fd)

    def open(self, name: str, flags: int, mode: int = 0o666) -> int:
        return os.open(self.base + name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, mode, dir_fd=self.fd)

    def mkdir(self, name: str) -> None:
        os.mkdir(self.base + name, 0o777, dir_fd=self.fd)

    def rmdir(self, name: str) -> None:
        os.rmdir(self.base + name, dir_fd=self.fd)

    def unlink(self, name: str) -> None:
        os.unlink(self.base + name, dir_fd=self.fd)

    def rename(self, name: str, to: "Directory", new: str) -> None:
        os.rename(self.base + name, to.base + new, src_dir_fd=self.fd, dst_dir_fd=to.fd)

    def link(self, name: str, to: "Directory", new: str) -> None:
        os.link(self.base + name, to.base + new, src_dir_fd=self.fd, dst_dir_fd=to.fd, follow_symlinks=False)

    def names(self) -> list[str]:
        """All names in it, in the disk's order, without `.` and `..`."""
        if self.fd is None:
            return os.listdir(self.path)
        fd = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self.fd)
        try:
            return os.listdir(fd)
        finally:
            os.close(fd)

    def path_of(self, name: str) -> str:
        """The whole path of a name in it, for people and for comparing, not for opening."""
        return self.under + name if name else self.path

    def spelling(self, name: str) -> str | None:
        """The name on disk that equals `name` but for case, or whose 8.3 name it is."""
        return self._listing().find(name)

    def _listing(self) -> Listing:
        stamp = _stamp(self.status())
        listing = self.listing
        if listing is None or listing.stamp != stamp or not listing.settled:
            settled = time.time_ns() - stamp[1] > _SETTLED_NS
            listing = self.listing = Listing(self.names(), stamp, settled=settled)
        return listing

    def about_to_change(self) -> None:
        """Called before our own changes: a listing that is not good now must not be carried over."""
        listing = self.listing
        if listing is not None and listing.stamp != _stamp(self.status()):
            self.listing = None

    def changed(self, *, added: str = "", removed: str = "") -> None:
        """Carries the listing over a change of our own: making 10,000 files must not list 10,000 times."""
        listing = self.listing
        if listing is None:
            return
        if removed:
            listing.remove(removed)
        if added:
            listing.add(added)
        listing.stamp = _stamp(self.status())
        listing.settled = True


def _stamp(st: os.stat_result) -> Stamp:
    return (st.st_ino, st.st_mtime_ns, st.st_ctime_ns, st.st_size, st.st_nlink)


class Entry:
    """One name in one directory, and what is there.

    `st` is None where nothing is. `directory` and `name` are the entry itself (what a rename or delete
    means), `data_directory` and `data_name` where the file is: elsewhere in the share for a symbolic link.
    """

    __slots__ = ("data_directory", "data_name", "directory", "name", "st")

    def __init__(self, directory: Directory, name: str, st: os.stat_result | None) -> None:
        self.directory = self.data_directory = directory
        self.name = self.data_name = name
        self.st = st

    @property
    def is_link(self) -> bool:
        """Whether a symbolic link led from the entry to the file."""
        return self.data_directory is not self.directory or self.data_name != self.name

    @property
    def xattr_path(self) -> str:
        """What getxattr takes for the file."""
        return self.data_directory.xattr_base + self.data_name

    @property
    def path(self) -> str:
        """The whole path of the entry on disk."""
        return self.directory.path_of(self.name)

    @property
    def client_path(self) -> str:
        """The path inside the share as on disk: `\\dir\\a.txt`."""
        return self.directory.prefix + shown_name(self.name)


class Lookup:
    """Finds places below one root. Holds a bounded number of directories open; `close` lets them go."""

    def __init__(self, root: str) -> None:
        self.root = Directory(os.path.realpath(root), None, "\\")
        self._inside = self.root.path.rstrip("/") + "/"
        self._held: dict[tuple[str, ...], Directory] = {}

    def close(self) -> None:
        """Lets go of all held directories."""
        self._held.clear()
        self.root.listing = None

    def entry(self, path: Path) -> Entry:
        """The place a path means, existing or not (`st` None: the directory is there, the name is not).

        Raises OBJECT_PATH_NOT_FOUND where the directory is missing, ACCESS_DENIED where a link leads out.
        """
        parts = path.parts
        if not parts:
            return Entry(self.root, "", self.root.status())
        return self.child(self.directory(parts[:-1]), parts[-1])

    def child(self, directory: Directory, name: str) -> Entry:
        """What `name`, in whatever case, is in a directory. OBJECT_NAME_INVALID where it is no name but a way."""
        if name in _NO_NAMES or "/" in name or "\0" in name:
            raise SMBError(NT.OBJECT_NAME_INVALID, "not one component")
        try:
            st = directory.lstat(name)
        except FileNotFoundError:
            try:
                actual = directory.spelling(name)
            except FileNotFoundError:
                raise SMBError(NT.OBJECT_PATH_NOT_FOUND, "the directory is gone") from None
            if actual is None:
                return Entry(directory, name, None)
            name = actual
            try:
                st = directory.lstat(name)
            except FileNotFoundError:
                return Entry(directory, name, None)
        if stat.S_ISLNK(st.st_mode):
            return self._follow(directory, name)
        return Entry(directory, name, st)

    def find(self, path: Path) -> Entry:
        """`entry` of something that is there; OBJECT_NAME_NOT_FOUND else."""
        entry = self.entry(path)
        if entry.st is None:
            raise SMBError(NT.OBJECT_NAME_NOT_FOUND, str(path))
        return entry

    def directory(self, parts: tuple[str, ...]) -> Directory:
        """The directory these components lead to; OBJECT_PATH_NOT_FOUND where one is missing or a file."""
        if not parts:
            return self.root
        held = self._held.get(parts)
        if held is not None:
            if held.fd is not None and place_of(held.fd) == held.path:
                return held
            del self._held[parts]
        return self._enter(parts)

    def _enter(self, parts: tuple[str, ...]) -> Directory:
        path = self._inside + "/".join(parts)
        try:
            directory = self._hold(path)
            linked = directory.path != path
        except (FileNotFoundError, NotADirectoryError):
            directory, linked = self._walk(parts)
        # What is reached over a link is found again each time, for the link may lead elsewhere by then.
        if not linked:
            while len(self._held) >= _HELD_DIRECTORIES:
                del self._held[next(iter(self._held))]
            self._held[parts] = directory
        return directory

    def _hold(self, path: str) -> Directory:
        """Opens a directory by its path on disk and makes sure that it is inside."""
        fd = os.open(path, _OPEN_DIRECTORY)
        try:
            place = place_of(fd)
            if place == self.root.path:
                os.close(fd)
                return self.root
            if not place.startswith(self._inside):
                raise SMBError(NT.ACCESS_DENIED, "a link leads out of the share")
        except BaseException:
            os.close(fd)
            raise
        inner = place[len(self._inside) :].split("/")
        return Directory(place, fd, "\\" + "".join(shown_name(part) + "\\" for part in inner))

    def _walk(self, parts: tuple[str, ...]) -> tuple[Directory, bool]:
        """Step by step, each in any case; tells too whether a link was among them."""
        directory = self.root
        linked = False
        for part in parts:
            entry = self.child(directory, part)
            if entry.st is None or not stat.S_ISDIR(entry.st.st_mode):
                raise SMBError(NT.OBJECT_PATH_NOT_FOUND, part)
            linked = linked or entry.is_link
            directory = self.enter(entry)
        return directory, linked

    def enter(self, entry: Entry) -> Directory:
        """The directory that an entry is."""
        if not entry.data_name:
            return entry.data_directory
        try:
            return self._hold(entry.data_directory.path_of(entry.data_name))
        except (FileNotFoundError, NotADirectoryError):
            raise SMBError(NT.OBJECT_PATH_NOT_FOUND, entry.name) from None

    def _follow(self, directory: Directory, name: str) -> Entry:
        """The entry of a symbolic link: where its end is, if that is inside."""
        end = os.path.realpath(directory.path_of(name))
        if end == self.root.path:
            entry = Entry(directory, name, self.root.status())
            entry.data_directory, entry.data_name = self.root, ""
            return entry
        if not end.startswith(self._inside):
            raise SMBError(NT.ACCESS_DENIED, "a link leads out of the share")
        parent, _, last = end.rpartition("/")
        try:
            place = self.root if parent == self.root.path else self._hold(parent)
            st = place.lstat(last)
        except (FileNotFoundError, NotADirectoryError):
            raise SMBError(NT.OBJECT_NAME_NOT_FOUND, "a link to nothing") from None
        if stat.S_ISLNK(st.st_mode):
            raise SMBError(NT.ACCESS_DENIED, "a link that changes or goes round")
        entry = Entry(directory, name, st)
        entry.data_directory, entry.data_name = place, last
        return entry
