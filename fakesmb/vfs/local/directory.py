"""A directory held open, and the names in it: what paths are resolved with, one safe step at a time."""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Final
from weakref import ReferenceType

from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs import disk
from fakesmb.vfs.local.listing import Listing, Stamp
from fakesmb.vfs.paths import fold, is_legal_on_wire
from fakesmb.vfs.shortnames import is_short, shown_name
from fakesmb.vfs.store import Unfinished
from fakesmb.world import Turn, World

_LINUX: Final = sys.platform == "linux"
_SETTLED_NS: Final = 20_000_000
"""Changes within one tick of the kernel's clock leave one time: a younger listing proves nothing."""

_LARGE: Final = 64 * 1024
"""A directory of so many bytes has a thousand names and more."""
_CLOSED: Final = -1


def place_of(fd: int) -> str:
    """Where the open directory is now."""
    if _LINUX:
        return os.readlink(f"/proc/self/fd/{fd}")
    import fcntl

    raw: bytes = fcntl.fcntl(fd, fcntl.F_GETPATH, bytes(1024))  # type: ignore[attr-defined,unused-ignore]
    return os.fsdecode(raw.rstrip(b"\0"))


class Directory:
    """A directory inside the share, held open. All steps from it stay in it."""

    __slots__ = (
        "__weakref__",
        "_world",
        "check",
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
        self.check: Callable[[int], None] | None = None
        """Raises where a descriptor may not be taken to read the names by."""
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
        """The names in it, once somebody has looked for one in another case, or for an 8.3 name."""
        self.lists.clear()

    def let_go(self) -> None:
        """Closes the descriptor: whatever is asked of it then fails."""
        if self.fd != _CLOSED:
            fd, self.fd = self.fd, _CLOSED
            if self.listing is not None:
                self.listing.stop()
                self.listing = None
            with suppress(OSError):  # it was open to be looked through, and is closed whatever the disk says
                try:
                    disk.close(fd)
                except RuntimeError:  # the interpreter ends, and knows no greenlets any more
                    os.close(fd)

    def is_in_place(self) -> bool:
        """Whether it is where it was when it was opened, or has been moved."""
        return place_of(self.fd) == self.path

    def lstat(self, name: str) -> os.stat_result:
        return disk.lstat(name, self.fd)

    def read_link(self, name: str) -> str:
        """The target of a symbolic link."""
        return disk.readlink(name, dir_fd=self.fd)

    def status(self) -> os.stat_result:
        """The directory's own facts."""
        return disk.fstat(self.fd)

    def stamp(self) -> Stamp:
        """What changes whenever a name in it does (but for two changes within one tick of the clock)."""
        return _stamp(self.status())

    def is_settled(self, stamp: Stamp) -> bool:
        """Whether a change from now on cannot leave the same stamp."""
        return self._world.disk_ns() - stamp[1] > _SETTLED_NS

    def open(self, name: str, flags: int, mode: int = 0o666) -> int:
        """A descriptor of what has the name now, "" for the directory itself; a link at its end is not followed."""
        return disk.open(name or ".", flags | os.O_NOFOLLOW | os.O_CLOEXEC, mode, dir_fd=self.fd)

    def mkdir(self, name: str) -> None:
        disk.mkdir(name, 0o777, dir_fd=self.fd)

    def rmdir(self, name: str) -> None:
        disk.rmdir(name, dir_fd=self.fd)

    def unlink(self, name: str) -> None:
        disk.unlink(name, dir_fd=self.fd)

    def rename(self, name: str, to: "Directory", new: str) -> None:
        disk.rename(name, new, src_dir_fd=self.fd, dst_dir_fd=to.fd)

    def check_openable(self, name: str) -> None:
        """Raises ACCESS_DENIED for a file that the disk lets this process neither read nor write; a link is itself."""
        if not any(disk.access(name, way, dir_fd=self.fd) for way in (os.R_OK, os.W_OK)):
            raise SMBError(NT.ACCESS_DENIED, "the disk's permissions let the server not open the file")

    def link(self, name: str, to: "Directory", new: str) -> None:
        disk.link(name, new, src_dir_fd=self.fd, dst_dir_fd=to.fd, follow_symlinks=False)

    def scan(self) -> "os._ScandirIterator[str]":
        """Gives the names in it one after another, in the disk's order, without `.` and `..`; is to be closed."""
        fd = disk.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self.fd)
        try:
            if self.check is not None:
                self.check(fd)
            return disk.scandir(fd)
        finally:
            disk.close(fd)

    def is_empty(self) -> bool:
        """Whether there is no name in it."""
        with self.scan() as entries:
            return not disk.next_names(entries, 1)

    def path_of(self, name: str) -> str:
        """The whole path of a name in it, for people and for comparing, not for opening."""
        return self.under + name if name else self.path

    def spelling(self, name: str) -> str | None:
        """The name on disk that equals `name` but for case, or whose 8.3 name it is.

        Of many names a part only is looked through: raises `Unfinished` then, and is to be called again.
        """
        turn = self._world.turn
        since = turn.readings if turn.since is None else turn.since
        listing = self._listing(turn, since)
        key = fold(name)
        if "~" in name and is_short(name):
            self._have_aliases(listing, turn, since)
            found = listing.find_alias(key)
            if found is not None:
                return found
        return listing.find(key)

    def is_known(self) -> bool:
        """Whether its names are known, or so few that they can be read for the 8.3 name of one."""
        st = self.status()
        listing = self.listing
        return st.st_size <= _LARGE or (
            listing is not None and listing.settled and listing.stamp == _stamp(st)
        )

    def alias(self, name: str) -> str:
        """The 8.3 name of a name on disk that is in it, or was; "" for one that is one itself, or has none.

        May raise `Unfinished`, as `spelling`.
        """
        if is_short(name):
            return ""
        turn = self._world.turn
        since = turn.readings if turn.since is None else turn.since
        listing = self._listing(turn, since)
        self._have_aliases(listing, turn, since)
        return listing.alias(name)

    def shown(self, name: str) -> str:
        """The name a client is given for a name on disk: its 8.3 name where SMB has no way to write it.

        May raise `Unfinished`, as `spelling`.
        """
        return name if is_legal_on_wire(name) else self.alias(name)

    def shown_at_once(self, name: str) -> str:
        """`shown` for who has done already what it is asked for: in a large directory nobody looks at other names."""
        try:
            return self.shown(name)
        except Unfinished:
            return shown_name(name)

    def _have_aliases(self, listing: Listing, turn: Turn, since: int) -> None:
        if not listing.has_aliases(turn.over):
            raise Unfinished(self, since)

    def _listing(self, turn: Turn, since: int) -> Listing:
        """Names that were read later than the reading `since`, or that nothing has changed."""
        stamp = self.stamp()
        listing = self.listing
        if listing is None:
            listing = self.listing = Listing()
        if not listing.serves(stamp, since):
            if not listing.is_being_read:
                self._read_again(listing, turn, stamp)
            if not listing.read(stamp, turn.over):
                raise Unfinished(self, since)
            if not listing.serves(stamp, since):  # that one had begun before
                self._read_again(listing, turn, stamp)
                if not listing.read(stamp, turn.over):
                    raise Unfinished(self, since)
        return listing

    def _read_again(self, listing: Listing, turn: Turn, stamp: Stamp) -> None:
        turn.readings += 1
        listing.begin(self.scan(), stamp, turn.readings, settled=self.is_settled(stamp))

    def about_to_change(self) -> None:
        """Called before our own changes: a listing that is not good now must not be carried over."""
        if self.listing is not None:
            self.listing.about_to_change(_stamp(self.status()))

    def changed(self, *, added: str = "", removed: str = "") -> None:
        """Carries the listing over a change of our own: making 10,000 files must not list 10,000 times."""
        if self.listing is not None:
            self.listing.changed(_stamp(self.status()), added=added, removed=removed)


def _stamp(st: os.stat_result) -> Stamp:
    return (st.st_ino, st.st_mtime_ns, st.st_ctime_ns, st.st_size, st.st_nlink)
