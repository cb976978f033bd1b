"""From a client's path to a place on the disk: whatever its case, and never outside the share.

The root and every directory below it are held by descriptors, and paths begin at the root's. Each use of a directory
first asks the system where its descriptor now is; the last step from there to a file never follows a link (openat,
fstatat, unlinkat). So neither `..`, nor a symbolic link, nor a directory that is moved meanwhile leads out, nor a link
that takes the root's place. Links are followed here, not by the kernel: their text never leads to look outside.
"""

import os
import stat
from collections import OrderedDict
from contextlib import suppress
from typing import Final
from weakref import WeakValueDictionary

from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs import disk
from fakesmb.vfs.local import acls
from fakesmb.vfs.local.directory import Directory, place_of
from fakesmb.vfs.local.links import Way
from fakesmb.vfs.local.roots import GONE, OPEN_DIRECTORY, leads_to, new_root, root_at
from fakesmb.vfs.paths import Path, check_name, fold, is_legal_on_wire
from fakesmb.vfs.rules.room import DescriptorRoom
from fakesmb.world import World

_HELD_DIRECTORIES: Final = 64
_HELD_NAMES: Final = 250_000
"""Names that the held directories know together, of which each takes some 400 bytes."""
_ROOT_SECONDS: Final = 0.1
"""So long it may take to notice that the root was moved or replaced."""
_NO_NAMES: Final = ("", ".", "..")


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
        return self.directory.prefix + self.directory.shown(self.name)


class Lookup:
    """Finds places below one root, which is held by a descriptor. Holds a bounded number of directories more open;
    `close` lets them all go until something is looked for again.
    """

    posix = False
    """Whether names have POSIX's rules, and not Windows'."""

    def __init__(
        self,
        root: str,
        world: World | None = None,
        *,
        room: DescriptorRoom | None = None,
        beside: "Lookup | None" = None,
    ) -> None:
        """`beside`: another lookup of the same root, whose descriptor it shares."""
        self._world = world or World()
        self.root: Directory = root_at(root, self._world) if beside is None else beside.root
        self.inherits_acls: bool = (
            not acls.kept_by(self.root.xattr_base) if beside is None else beside.inherits_acls
        )
        """Whether default ACLs are for the store to give new files, as the disk has none of its own."""
        self._spelt = os.path.abspath(root)
        """The root as it was given, which may lead over links, and as local people may spell it in theirs."""
        self._inside = self.root.path.rstrip("/") + "/"
        self._held: OrderedDict[tuple[str, ...], Directory] = OrderedDict()
        """Those used last are at the end."""
        self._room = room or DescriptorRoom(self._world.turn.now)
        self._room.lets_go(self._let_go)
        self.root.check = self._room.check_brief
        self._places: WeakValueDictionary[str, Directory] = WeakValueDictionary()
        """Whatever is open, by where it is: one object for one directory, however clients spell it. What one lists
        the other changes."""
        self._now = self._world.turn.now
        self._look_again = self._now() + _ROOT_SECONDS

    def _let_go(self) -> None:
        self._held.clear()

    def close(self) -> None:
        """Lets go of all held directories."""
        self._held.clear()
        self.root.let_go()
        self._look_again = 0.0

    def current_root(self) -> Directory:
        """The root, which is still the folder that is shared: see `_check_root`."""
        if self._now() > self._look_again:
            self._check_root()
        return self.root

    def _check_root(self) -> None:
        """Notices that the root is no longer where it was. A new folder in its place, no link, is the share then.

        Raises OBJECT_PATH_NOT_FOUND as long as there is none.
        """
        root = self.root
        with suppress(PermissionError):  # who may not look up the path may have it open all the same
            if not leads_to(root.path, root.fd):
                self._held.clear()
                self._look_again = 0.0
                root.hold(new_root(root.path))
        self._look_again = self._now() + _ROOT_SECONDS

    def root_key(self) -> tuple[int, int] | None:
        """Device and inode of the root that is held; None where none is."""
        try:
            st = self.root.status()
        except OSError:
            return None
        return st.st_dev, st.st_ino

    def finds_root(self) -> bool:
        """Whether there is a folder at the root's place now; raises OSError where that cannot be told."""
        try:
            self._check_root()
        except SMBError:
            return False
        return True

    def _root_entry(self) -> Entry:
        root = self.current_root()
        st = root.status()
        if not st.st_nlink:  # it was removed
            self._check_root()
            st = root.status()
        return Entry(root, "", st)

    def entry(self, path: Path) -> Entry:
        """The place a path means, existing or not (`st` None: the directory is there, the name is not).

        Raises OBJECT_PATH_NOT_FOUND where the directory is missing, ACCESS_DENIED where a link leads out.
        """
        parts = path.parts
        if not parts:
            return self._root_entry()
        return self.child(self.directory(parts[:-1]), parts[-1])

    def child(self, directory: Directory, name: str) -> Entry:
        """What `name`, in whatever case, is in a directory. OBJECT_NAME_INVALID for several components."""
        if name in _NO_NAMES or "/" in name or "\0" in name:
            raise SMBError(NT.OBJECT_NAME_INVALID, f"{name!r} is not one component")
        try:
            st = directory.lstat(name)
        except FileNotFoundError:
            try:
                actual = self.spelling(directory, name)
            except FileNotFoundError:
                raise SMBError(NT.OBJECT_PATH_NOT_FOUND, "the directory is gone") from None
            if actual is None:
                return self._nothing(directory, name)
            name = actual
            try:
                st = directory.lstat(name)
            except FileNotFoundError:
                return Entry(directory, name, None)
        if stat.S_ISLNK(st.st_mode):
            return self._follow(directory, name)
        return Entry(directory, name, st)

    def spelling(self, directory: Directory, name: str) -> str | None:
        """The name on disk that is meant by one that nothing has exactly; None where there is none."""
        return directory.spelling(name)

    def on_disk(self, place: str) -> Entry | None:
        """What has that whole path on disk, each name as it is spelt; None where nothing has, or it is not in here."""
        if not place.startswith(self._inside):
            return None
        self.current_root()
        names = place[len(self._inside) :].split("/")
        try:
            directory = self.at(names[:-1])
            directory.lstat(names[-1])
        except (FileNotFoundError, NotADirectoryError):
            return None
        return self.child(directory, names[-1])

    def _nothing(self, directory: Directory, name: str) -> Entry:
        """The entry of a name that is not there; of a root that was removed, in the folder that took its place."""
        if directory is self.root and not directory.status().st_nlink:
            self._check_root()
            return self.child(directory, name)
        return Entry(directory, name, None)

    def check_new(self, name: str) -> None:
        """Raises OBJECT_NAME_INVALID unless a file may get this name."""
        check_name(name)

    def own_name(self, directory: Directory, name: str) -> str:
        """How a name is spelt on disk: the one given where nothing has it. Links are not followed."""
        if name in _NO_NAMES or "/" in name or "\0" in name:
            raise SMBError(NT.OBJECT_NAME_INVALID, f"{name!r} is not one component")
        try:
            directory.lstat(name)
        except FileNotFoundError:
            return self.spelling(directory, name) or name
        return name

    def find(self, path: Path) -> Entry:
        """`entry` of something that is there; OBJECT_NAME_NOT_FOUND else."""
        entry = self.entry(path)
        if entry.st is None:
            raise SMBError(NT.OBJECT_NAME_NOT_FOUND, str(path))
        return entry

    def named(self, path: Path) -> Entry:
        """`entry` of a name that is asked about, renamed or deleted: here a symbolic link is what it leads to."""
        return self.entry(path)

    def itself(self, path: Path) -> Entry:
        """`named` of something that is there; OBJECT_NAME_NOT_FOUND else."""
        entry = self.named(path)
        if entry.st is None:
            raise SMBError(NT.OBJECT_NAME_NOT_FOUND, str(path))
        return entry

    def unfollowed(self, path: Path) -> Entry:
        """`entry` of the name itself: a symbolic link at the end is not followed."""
        if not path.parts:
            return self._root_entry()
        directory = self.directory(path.parts[:-1])
        name = self.own_name(directory, path.name)
        try:
            return Entry(directory, name, directory.lstat(name))
        except FileNotFoundError:
            return Entry(directory, name, None)

    def directory(self, parts: tuple[str, ...]) -> Directory:
        """The directory these components lead to; OBJECT_PATH_NOT_FOUND where one is missing or a file."""
        if self._now() > self._look_again:
            self._check_root()
        if not parts:
            return self.root
        held = self._held.get(parts)
        if held is not None:
            if held.is_in_place():
                self._held.move_to_end(parts)
                return held
            del self._held[parts]
        return self._enter(parts)

    def _enter(self, parts: tuple[str, ...]) -> Directory:
        try:
            directory = self._hold(disk.open("/".join(parts), OPEN_DIRECTORY, dir_fd=self.root.fd))
            linked = directory.path != self._inside + "/".join(parts)
        except OSError as error:
            if error.errno not in GONE:
                raise
            directory, linked = self._walk(parts)
        # What is reached over a link is found again each time, for the link, or the name, may lead elsewhere by then.
        if not linked and directory.fd <= self._room.last:
            while len(self._held) >= _HELD_DIRECTORIES or self._known_names() > _HELD_NAMES:
                self._held.popitem(last=False)
            self._held[parts] = directory
        return directory

    def _known_names(self) -> int:
        """How many names the held directories know."""
        return sum(len(one.listing.names) for one in self._held.values() if one.listing is not None)

    def _hold(self, fd: int) -> Directory:
        """The directory that a descriptor is open on, which goes over to it, unless it is outside."""
        try:
            place = place_of(fd)
            if place == self.root.path:
                disk.close(fd)
                return self.root
            if not place.startswith(self._inside):
                raise SMBError(NT.ACCESS_DENIED, "a link leads out of the share")
            self._room.check_brief(fd)
        except BaseException:
            disk.close(fd)
            raise
        there = self._places.get(place)
        if there is not None and there.is_in_place():
            disk.close(fd)
            return there
        inner = place[len(self._inside) :].split("/")
        try:
            prefix = self._prefix(inner)
        except BaseException:
            disk.close(fd)
            raise
        directory = Directory(place, fd, prefix, self._world)
        directory.check = self._room.check_brief
        self._places[place] = directory
        return directory

    def _prefix(self, names: list[str]) -> str:
        """What the paths of a directory's files begin with, by the names on disk that lead to it."""
        told = [
            name if is_legal_on_wire(name) else self.at(names[:at]).shown(name)
            for at, name in enumerate(names)
        ]
        return "\\" + "".join(name + "\\" for name in told)

    def _walk(self, parts: tuple[str, ...]) -> tuple[Directory, bool]:
        """Step by step, each in any case; tells too whether a link or an 8.3 name was among them.

        Another directory may get that name: then it means that one.
        """
        directory = self.root
        linked = False
        for part in parts:
            entry = self.child(directory, part)
            if entry.st is None or not stat.S_ISDIR(entry.st.st_mode):
                raise SMBError(NT.OBJECT_PATH_NOT_FOUND, part)
            linked = linked or entry.is_link or len(entry.name) != len(part) or fold(entry.name) != fold(part)
            directory = self.enter(entry)
        return directory, linked

    def enter(self, entry: Entry) -> Directory:
        """The directory that an entry is."""
        if not entry.data_name:
            return entry.data_directory
        try:
            return self._hold(entry.data_directory.open(entry.data_name, OPEN_DIRECTORY))
        except (FileNotFoundError, NotADirectoryError):
            raise SMBError(NT.OBJECT_PATH_NOT_FOUND, entry.name) from None

    def _follow(self, directory: Directory, name: str) -> Entry:
        """The entry of a symbolic link: where its end is, if that is inside. Nothing outside is looked at."""
        inner = directory.path[len(self._inside) :]
        way = Way(self.root.path, self._spelt, inner.split("/") if inner else [])
        try:
            way.turn(directory.read_link(name))
            found = self._end_of(way)
        except (FileNotFoundError, NotADirectoryError):
            raise SMBError(NT.OBJECT_NAME_NOT_FOUND, "the link leads to nothing") from None
        entry = Entry(directory, name, found.st)
        entry.data_directory, entry.data_name = found.directory, found.name
        return entry

    def _end_of(self, way: Way) -> Entry:
        """What is at the end of a way, which goes over no link any more."""
        last = None
        for part in way.steps():
            place = self.at(way.names)
            st = place.lstat(part)
            if stat.S_ISLNK(st.st_mode):
                way.turn(place.read_link(part))
            elif way.ends:
                last = Entry(place, part, st)
            elif not stat.S_ISDIR(st.st_mode):
                raise NotADirectoryError(part)
            else:
                way.names.append(part)
        if last is not None:
            return last
        if not way.names:
            return self._root_entry()
        place, name = self.at(way.names[:-1]), way.names[-1]
        return Entry(place, name, place.lstat(name))

    def at(self, names: list[str]) -> Directory:
        """The directory at a place, by names on disk none of which is a link; raises where one is."""
        if not names:
            return self.root
        inner = "/".join(names)
        there = self._places.get(self._inside + inner)
        if there is None or not there.is_in_place():
            there = self._hold(disk.open(inner, OPEN_DIRECTORY | os.O_NOFOLLOW, dir_fd=self.root.fd))
            if there.path != self._inside + inner:
                raise SMBError(NT.ACCESS_DENIED, "the way that a link leads changes")
        return there
