"""A store whose answers are the same in each run: nothing in them is the kernel's time, the disk's or chance's.

Times after the world's own are the kernel's, and so are told as the time at which the world begins, unless a client has
set them. File numbers are made of the name by which a file is first seen, change and access times are the write time,
the allocation is made of the size, and a volume is always the same. What is new on the disk is dated by the world's
clock.
"""

import stat
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec

from fakesmb.nt.files import Access, Action, Disposition, Option, ShareMode
from fakesmb.nt.filetime import from_ns, to_ns
from fakesmb.vfs import disk
from fakesmb.vfs.laned import LanedStore
from fakesmb.vfs.rules.oplocks import after_facts
from fakesmb.vfs.store import CreateParameters, Info, Opened, PosixChanges, StreamFacts, Volume
from fakesmb.world import RepeatableWorld, World

if TYPE_CHECKING:
    from fakesmb.nt.token import Token
    from fakesmb.vfs.paths import Path
    from fakesmb.vfs.store import FileStore, Handle

CLUSTER: Final = 4096
SECTOR: Final = 512
TOTAL_UNITS: Final = 1 << 26
"""256 GiB, of which the half is free."""
_DIRECTORY_SIZE: Final = 4096
_MAKE_DIRECTORY: Final = CreateParameters(
    access=Access.READ_ATTRIBUTES,
    disposition=Disposition.CREATE,
    options=Option.DIRECTORY,
    share=ShareMode.ALL,
)
_KNOWN_BY_NOTHING: Final = (0, 0, 0)


class Facts:
    """What is told of the files of one share, by device and inode."""

    def __init__(self, world: RepeatableWorld, share: str) -> None:
        self.world = world
        self.share = share
        self._numbers: dict[tuple[int, int], int] = {}
        self._first: dict[tuple[int, int], int] = {}
        """Write times after the world's beginning that files had when they were first seen; FILETIME."""
        self._born: dict[tuple[int, int], int] = {}
        """When clients made them; FILETIME."""
        self._set: dict[tuple[int, int], tuple[int, int, int]] = {}
        """The creation, access and write times that clients have set, as the disk has them; 0 for none."""

    def told(self, info: Info) -> Info:
        """The same facts, as each run tells them."""
        key = info.device, info.file_id
        began, latest = from_ns(self.world.clock.began), from_ns(self.world.latest)
        if info.last_write_time > began and not self._numbers.get(key):
            self._first[key] = info.last_write_time  # no client of this run has written it yet
        set_creation, set_access, set_write = self._set.get(key, _KNOWN_BY_NOTHING)
        born = self._born.get(key, 0)
        write, creation = info.last_write_time, info.creation_time
        if write != set_write and (write > latest or write == self._first.get(key)):
            write = born or began
        if creation != set_creation and (born or creation > began):
            creation = born or write
        access = info.last_access_time if info.last_access_time == set_access else write
        info.creation_time, info.last_access_time = creation, access
        info.last_write_time = info.change_time = write
        info.file_id = self._number(key, info.path)
        info.device = 1
        regular = not info.is_directory and (not info.mode_bits or stat.S_ISREG(info.mode_bits))
        info.allocation_size = _clusters(info.end_of_file) if regular else 0
        return info

    def _number(self, key: tuple[int, int], path: str) -> int:
        number = self._numbers.get(key)
        if number is None:
            made = self.world.made_of("file", self.share, path, size=7)
            number = self._numbers[key] = int.from_bytes(made, "little") | 1
        return number

    def begins(self, info: Info) -> None:
        """A client made this file: it is another than what had its inode before."""
        key = info.device, info.file_id
        self._numbers.pop(key, None)
        self._first.pop(key, None)
        self._set.pop(key, None)
        self._born[key] = self.world.filetime()

    def were_set(self, info: Info, creation: int, access: int, write: int) -> None:
        """A client set some of a file's times (FILETIME; 0: not that one); `info` has them as the disk has."""
        key = info.device, info.file_id
        before = self._set.get(key, _KNOWN_BY_NOTHING)
        now = info.creation_time, info.last_access_time, info.last_write_time
        given = creation, access, write
        self._set[key] = tuple(  # type: ignore[assignment]  # three of three
            kept if was_given > 0 else old for kept, was_given, old in zip(now, given, before, strict=True)
        )


class Wrapped:
    """All that is not overridden is the inner object's."""

    def __init__(self, inner: Any, facts: Facts) -> None:
        self._inner = inner
        self._facts = facts

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class RepeatableSearch(Wrapped):
    """`vfs.store.Search`."""

    def next(self) -> Info | None:
        """The next entry; None at the end."""
        info = self._inner.next()
        return None if info is None else self._facts.told(info)


class RepeatablePosix(Wrapped):
    """`vfs.store.PosixFiles`."""

    def query(self, target: "Handle | Path") -> Info:
        """The facts of a name itself. The size of a directory is the file system's: here it is always the same."""
        info = self._facts.told(self._inner.query(target))
        if info.is_directory:
            info.end_of_file = _DIRECTORY_SIZE
        return info

    def search(self, directory: "Path", pattern: str, attributes: int) -> RepeatableSearch:
        """Begins a search that gives the facts of names themselves."""
        return RepeatableSearch(self._inner.search(directory, pattern, attributes), self._facts)

    def change(self, target: "Handle | Path", wanted: PosixChanges) -> None:
        """Sets owner, permissions and times."""
        self._inner.change(target, wanted)
        times = wanted.creation_time or 0, wanted.access_time or 0, wanted.write_time or 0
        if any(times):
            self._facts.were_set(self._inner.query(target), *times)

    def make_link(self, path: "Path", target: str) -> None:
        """Makes a symbolic link."""
        self._inner.make_link(path, target)
        self._facts.begins(self._inner.query(path))

    def make_node(self, path: "Path", kind: int) -> None:
        """Makes a named pipe or a socket."""
        self._inner.make_node(path, kind)
        self._facts.begins(self._inner.query(path))


class RepeatableStore(Wrapped):
    """`vfs.store.FileStore`."""

    def begin_again(self) -> None:
        """As in a new run."""
        self._inner.begin_again()
        self._facts = Facts(self._facts.world, self._facts.share)

    def for_user(self, token: "Token | None") -> "FileStore":
        """The same files with access checks for that user."""
        return cast("FileStore", RepeatableStore(self._inner.for_user(token), self._facts))

    def with_posix_names(self) -> "FileStore":
        """The same files by their names as they are spelt."""
        return cast("FileStore", RepeatableStore(self._inner.with_posix_names(), self._facts))

    @property
    def posix(self) -> RepeatablePosix:
        """The operations of the Unix extensions."""
        return RepeatablePosix(self._inner.posix, self._facts)

    def create(self, path: "Path", request: CreateParameters) -> Opened:
        """Opens or creates."""
        opened: Opened = self._inner.create(path, request)
        info = opened.info
        if opened.action == Action.CREATED and not path.stream:
            self._facts.begins(info)
        if request.write_time > 0:
            self._facts.were_set(info, 0, 0, request.write_time)
        elif opened.action != Action.OPENED and not path.stream:
            self._date(opened.handle)
        self._facts.told(info)
        return opened

    def _date(self, handle: "Handle") -> None:
        """What was made or emptied now has the world's time on the disk, too."""
        local = cast("Any", handle)
        with suppress(OSError, AttributeError):
            accessed = disk.fstat(local.fd).st_atime_ns
            disk.utime(local.xattr_target, ns=(accessed, self._facts.world.now_ns()))
            after_facts(local.file)

    def make_directory(self, path: "Path") -> None:
        """Makes one directory."""
        self.close(self.create(path, _MAKE_DIRECTORY).handle)

    def close(self, handle: "Handle", last_write_time: int = 0) -> OSError | None:
        """Ends an open; sets the write time if one is given."""
        if last_write_time > 0:
            with suppress(OSError):
                info = self._inner.query(handle)
                info.last_write_time = from_ns(to_ns(last_write_time))
                self._facts.were_set(info, 0, 0, last_write_time)
        trouble: OSError | None = self._inner.close(handle, last_write_time)
        return trouble

    def query(self, target: "Handle | Path", *, ea_size: bool = False) -> Info:
        """What a file is."""
        return self._facts.told(self._inner.query(target, ea_size=ea_size))

    def set_basic(self, target: "Handle | Path", **wanted: int) -> None:
        """Sets times and attributes."""
        self._inner.set_basic(target, **wanted)
        times = [wanted.get(name, 0) for name in ("creation", "access", "write")]
        if any(time > 0 for time in times):
            self._facts.were_set(self._inner.query(target), *times)

    def streams(self, target: "Handle | Path") -> Sequence[StreamFacts]:
        """The streams of a file, whose allocation is made of the size."""
        return [one._replace(allocation_size=_clusters(one.size)) for one in self._inner.streams(target)]

    def search(self, directory: "Path", pattern: str, attributes: int) -> RepeatableSearch:
        """Begins a search."""
        return RepeatableSearch(self._inner.search(directory, pattern, attributes), self._facts)

    def volume(self) -> Volume:
        """A volume that is always the same: its number is made of the seed and the share."""
        found: Volume = self._inner.volume()
        world = self._facts.world
        serial = int.from_bytes(world.made_of("volume", self._facts.share, size=4), "little") or 1
        return msgspec.structs.replace(
            found,
            serial_number=serial,
            creation_time=from_ns(world.clock.began),
            total_units=TOTAL_UNITS,
            free_units=TOTAL_UNITS // 2,
            sectors_per_unit=CLUSTER // SECTOR,
            bytes_per_sector=SECTOR,
            longest_name=255,
            total_files=0,
            free_files=0,
            reserved_units=0,
        )


def repeatable(store: "FileStore", world: World, share: str) -> "FileStore":
    """The store of that share in a run that can be repeated; itself where the run cannot."""
    if not isinstance(world, RepeatableWorld):
        return store
    if isinstance(store, LanedStore):
        return store.over(lambda inner: repeatable(inner, world, share))
    return cast("FileStore", RepeatableStore(store, Facts(world, share)))


def _clusters(size: int) -> int:
    return (size + CLUSTER - 1) // CLUSTER * CLUSTER
