"""A store whose answers are the same in each run: nothing in them is the kernel's time, the disk's or chance's.

Times after the world's own are the kernel's, and so are told as the time at which the world begins, unless a client has
set them. File numbers are made of the name by which a file is first seen, change and access times are the write time,
the allocation is made of the size, and a volume is always the same. What is new on the disk is dated by the world's
clock.
"""

import stat
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Self, cast

import msgspec

from fakesmb.nt.filetime import from_ns
from fakesmb.vfs.dated import NOTHING_SET, Births, DatedPosix, DatedSearch, DatedStore
from fakesmb.vfs.laned import LanedStore
from fakesmb.vfs.store import Info, StreamFacts, Volume
from fakesmb.world import RepeatableWorld, ToldTime, World

if TYPE_CHECKING:
    from fakesmb.vfs.paths import Path
    from fakesmb.vfs.store import FileStore, Handle

CLUSTER: Final = 4096
SECTOR: Final = 512
TOTAL_UNITS: Final = 1 << 26
"""256 GiB, of which the half is free."""
_DIRECTORY_SIZE: Final = 4096
_COARSE_NS: Final = 20_000_000
"""So much behind its clock the kernel may date files, nanoseconds: a tick."""


class Facts(Births):
    """What is told of the files of one share, by device and inode."""

    world: RepeatableWorld

    def __init__(self, world: RepeatableWorld, share: str) -> None:
        super().__init__(world)
        self.share = share
        self._numbers: dict[tuple[int, int], int] = {}
        self._first: dict[tuple[int, int], int] = {}
        """Write times after the world's beginning that files had when they were first seen; FILETIME."""
        self._since = from_ns(world.disk_ns() - _COARSE_NS)
        """What has a later time of the kernel's clock, if the world's is ahead of that, was changed in this run."""

    def anew(self) -> Self:
        """One that knows of nothing yet."""
        made = type(self)(self.world, self.share)
        made._since = self._since
        return made

    def told(self, info: Info) -> Info:
        """The same facts, as each run tells them."""
        key = info.device, info.file_id
        began, latest = from_ns(self.world.clock.began), from_ns(self.world.latest)
        if info.last_write_time > began and not self._numbers.get(key):
            self._first[key] = info.last_write_time  # no client of this run has written it yet
        set_creation, set_access, set_write = self._set.get(key, NOTHING_SET)
        born = self._born.get(key, 0)
        write, creation = info.last_write_time, info.creation_time
        if write != set_write and (
            write > latest or self._since <= write < began or write == self._first.get(key)
        ):
            write = born or began
        if creation != set_creation:
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
        super().begins(info)


def _of_one_size(info: Info) -> Info:
    """The size of a directory is the file system's: here it is always the same."""
    if info.is_directory:
        info.end_of_file = _DIRECTORY_SIZE
    return info


class RepeatablePosixSearch(DatedSearch):
    """`vfs.store.Search` by the Unix extensions."""

    def next(self) -> Info | None:
        """The next entry; None at the end."""
        info = super().next()
        return None if info is None else _of_one_size(info)


class RepeatablePosix(DatedPosix):
    """`vfs.store.PosixFiles`."""

    def query(self, target: "Handle | Path") -> Info:
        """The facts of a name itself."""
        return _of_one_size(super().query(target))

    def search(self, directory: "Path", pattern: str, attributes: int) -> RepeatablePosixSearch:
        """Begins a search that gives the facts of names themselves."""
        return RepeatablePosixSearch(self._inner.search(directory, pattern, attributes), self._facts)


class RepeatableStore(DatedStore):
    """`vfs.store.FileStore`."""

    _facts: Facts

    @property
    def posix(self) -> RepeatablePosix:
        """The operations of the Unix extensions."""
        return RepeatablePosix(self._inner.posix, self._facts)

    def streams(self, target: "Handle | Path") -> Sequence[StreamFacts]:
        """The streams of a file, whose allocation is made of the size."""
        return [one._replace(allocation_size=_clusters(one.size)) for one in self._inner.streams(target)]

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
    """The store of that share in a world whose time is told, or where all can be repeated; itself in any other."""
    if not isinstance(world, ToldTime):
        return store
    if isinstance(store, LanedStore):
        return store.over(lambda inner: repeatable(inner, world, share))
    if isinstance(world, RepeatableWorld):
        return cast("FileStore", RepeatableStore(store, Facts(world, share)))
    return cast("FileStore", DatedStore(store, Births(world)))


def _clusters(size: int) -> int:
    return (size + CLUSTER - 1) // CLUSTER * CLUSTER
