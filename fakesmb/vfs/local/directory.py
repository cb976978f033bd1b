"""A directory held open, and the names in it: what paths are resolved with, one safe step at a time."""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Final
from weakref import ReferenceType

from fakesmb.vfs.paths import fold, is_legal_on_wire
from fakesmb.vfs.shortnames import Aliases, is_short, shown_name
from fakesmb.world import World

_LINUX: Final = sys.platform == "linux"
_SETTLED_NS: Final = 20_000_000
"""Changes within one tick of the kernel's clock leave one time: a younger listing proves nothing."""

_LARGE: Final = 64 * 1024
"""A directory of so many bytes has a thousand names and more."""
_CLOSED: Final = -1

Stamp = tuple[int, int, int, int, int]


def shown_key(names: list[str]) -> Callable[[str], str]:
    """What gives the folded form of a name as it is shown; for plain names, which most are, a quick one."""
    text = "/".join(names)
    if text.isascii() and is_legal_on_wire(text, longest=len(text)):
        return str.upper
    return _folded_shown


def _folded_shown(name: str) -> str:
    return fold(shown_name(name))


def place_of(fd: int) -> str:
    """Where the open directory is now."""
    if _LINUX:
        return os.readlink(f"/proc/self/fd/{fd}")
    import fcntl

    raw: bytes = fcntl.fcntl(fd, fcntl.F_GETPATH, bytes(1024))  # type: ignore[attr-defined,unused-ignore]
    return os.fsdecode(raw.rstrip(b"\0"))


class Listing:
    """The names in a directory by their folded form, as of one moment."""

    __slots__ = ("_aliases", "_on_disk", "names", "settled", "stamp")

    def __init__(self, names: list[str], stamp: Stamp, *, settled: bool) -> None:
        key = shown_key(names)
        self._on_disk = set(names)
        self.names: dict[str, str] = dict(zip(map(key, names), names, strict=True))
        if self.ambiguous:  # of those that differ only in case, the first
            self.names = {key(name): name for name in sorted(names, reverse=True)}
        self.stamp = stamp
        self.settled = settled
        self._aliases: Aliases | None = None

    @property
    def ambiguous(self) -> bool:
        """Whether there are names that differ only in case."""
        return len(self.names) < len(self._on_disk)

    def updated(self, names: list[str], stamp: Stamp, *, settled: bool) -> "Listing":
        """The listing of the same directory at a later moment: only names that are new are folded."""
        now = set(names)
        added, removed = now - self._on_disk, self._on_disk - now
        if self.ambiguous or len(added) + len(removed) > len(now) // 4:
            return Listing(names, stamp, settled=settled)
        for name in removed:
            self.remove(name)
        for name in added:
            self.add(name)
        if self.ambiguous:
            return Listing(names, stamp, settled=settled)
        self.stamp = stamp
        self.settled = settled
        return self

    def find(self, name: str) -> str | None:
        """The name on disk that a client means by `name`: its own in any case, or its 8.3 name."""
        key = fold(name)
        if "~" in name and is_short(name):
            found = self.aliases().find(key)
            if found is not None:
                return found
        found = self.names.get(key)
        return found if found is None or is_legal_on_wire(found) else None

    def alias(self, name: str) -> str:
        """The 8.3 name of a name, also of one that has just gone; "" where it is one itself, or has none."""
        aliases = self.aliases()
        if name in self._on_disk:
            return aliases.of(name)
        aliases.add([name])
        try:
            return aliases.of(name)
        finally:
            aliases.remove(name)

    def add(self, name: str) -> None:
        self._on_disk.add(name)
        self.names.setdefault(_folded_shown(name), name)
        if self._aliases is not None:
            self._aliases.add([name])

    def remove(self, name: str) -> None:
        self._on_disk.discard(name)
        if self.names.get(_folded_shown(name)) == name:
            del self.names[_folded_shown(name)]
        if self._aliases is not None:
            self._aliases.remove(name)

    def aliases(self) -> Aliases:
        """All 8.3 names."""
        if self._aliases is None:
            self._aliases = Aliases()
            self._aliases.add(list(self._on_disk))
        return self._aliases


class Directory:
    """A directory inside the share, held open. All steps from it stay in it."""

    __slots__ = (
        "__weakref__",
        "_world",
        "fd",
        "listing",
        "lists",
        "path",
        "prefix",
        "under",
        "xattr_base",
    )

    def __init__(self, path: str, fd: int, prefix: str, world: World) -> None:
        self.path = path
        self._world = world
        self.prefix = prefix
        """What `Info.path` of its files begins with: `\\dir\\`."""
        self.under = path.rstrip("/") + "/"
        self.lists: dict[tuple[object, tuple[str, ...]], ReferenceType[object]] = {}
        """The lists that searches go through now, as long as one does; by how they are sorted, and their dots."""
        self.fd = _CLOSED
        self.hold(fd)

    def __del__(self) -> None:
        self.let_go()

    def hold(self, fd: int) -> None:
        """From now on it is what this descriptor is open on."""
        self.let_go()
        self.fd = fd
        self.xattr_base = f"/proc/self/fd/{fd}/" if _LINUX else self.under
        self.listing: Listing | None = None
        self.lists.clear()

    def let_go(self) -> None:
        """Closes the descriptor: whatever is asked of it then fails."""
        if self.fd != _CLOSED:
            fd, self.fd = self.fd, _CLOSED
            self.listing = None
            with suppress(OSError):  # it was open to be looked through, and is closed whatever the disk says
                os.close(fd)

    def is_in_place(self) -> bool:
        """Whether it is where it was when it was opened, or has been moved."""
        return place_of(self.fd) == self.path

    def lstat(self, name: str) -> os.stat_result:
        return os.stat(name, dir_fd=self.fd, follow_symlinks=False)

    def read_link(self, name: str) -> str:
        """The target of a symbolic link."""
        return os.readlink(name, dir_fd=self.fd)

    def status(self) -> os.stat_result:
        """The directory's own facts."""
        return os.stat(self.fd)

    def stamp(self) -> Stamp:
        """What changes whenever a name in it does (but for two changes within one tick of the clock)."""
        return _stamp(self.status())

    def is_settled(self, stamp: Stamp) -> bool:
        """Whether a change from now on cannot leave the same stamp."""
        return self._world.disk_ns() - stamp[1] > _SETTLED_NS

    def open(self, name: str, flags: int, mode: int = 0o666) -> int:
        """A descriptor of what has the name now, "" for the directory itself; a link at its end is not followed."""
        return os.open(name or ".", flags | os.O_NOFOLLOW | os.O_CLOEXEC, mode, dir_fd=self.fd)

    def mkdir(self, name: str) -> None:
        os.mkdir(name, 0o777, dir_fd=self.fd)

    def rmdir(self, name: str) -> None:
        os.rmdir(name, dir_fd=self.fd)

    def unlink(self, name: str) -> None:
        os.unlink(name, dir_fd=self.fd)

    def rename(self, name: str, to: "Directory", new: str) -> None:
        os.rename(name, new, src_dir_fd=self.fd, dst_dir_fd=to.fd)

    def link(self, name: str, to: "Directory", new: str) -> None:
        os.link(name, new, src_dir_fd=self.fd, dst_dir_fd=to.fd, follow_symlinks=False)

    def scan(self, check: Callable[[int], None]) -> "os._ScandirIterator[str]":
        """Gives the names in it one after another, in the disk's order, without `.` and `..`; is to be closed.

        `check` raises where a descriptor may not be taken for it.
        """
        fd = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self.fd)
        try:
            check(fd)
            return os.scandir(fd)
        finally:
            os.close(fd)

    def names(self) -> list[str]:
        """All of them at once."""
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

    def is_known(self) -> bool:
        """Whether its names are known, or so few that they can be read for the 8.3 name of one."""
        st = self.status()
        listing = self.listing
        return st.st_size <= _LARGE or (
            listing is not None and listing.settled and listing.stamp == _stamp(st)
        )

    def alias(self, name: str) -> str:
        """The 8.3 name of a name on disk that is in it, or was; "" for one that is one itself, or has none."""
        return "" if is_short(name) else self._listing().alias(name)

    def shown(self, name: str) -> str:
        """The name a client is given for a name on disk: its 8.3 name where SMB has no way to write it."""
        return name if is_legal_on_wire(name) else self.alias(name)

    def _listing(self) -> Listing:
        stamp = _stamp(self.status())
        listing = self.listing
        if listing is None or listing.stamp != stamp or not listing.settled:
            settled = self.is_settled(stamp)
            make = Listing if listing is None else listing.updated
            listing = self.listing = make(self.names(), stamp, settled=settled)
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
        if listing.ambiguous:
            self.listing = None
            return
        if removed:
            listing.remove(removed)
        if added:
            listing.add(added)
        listing.stamp = _stamp(self.status())
        listing.settled = True


def _stamp(st: os.stat_result) -> Stamp:
    return (st.st_ino, st.st_mtime_ns, st.st_ctime_ns, st.st_size, st.st_nlink)
