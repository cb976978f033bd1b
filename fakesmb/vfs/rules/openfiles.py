"""The open files of one server: one `OpenFile` for each inode, shared by all shares that lead to it.

What belongs to the file and not to one open of it lives here: who has it open, its locks, that it will be
deleted, the write time that was set on purpose. Oplocks and watches have their place on the same object.
"""

import os
from collections.abc import Callable, Iterator
from typing import Protocol

from fakesmb.nt.quota import Quota
from fakesmb.vfs.paths import Path, fold
from fakesmb.vfs.rules.held import Held, Oplocks
from fakesmb.vfs.rules.localprograms import LocalLocks
from fakesmb.vfs.rules.locklimits import LockLimits
from fakesmb.vfs.rules.locks import LockTable
from fakesmb.vfs.rules.openplaces import OpenPlaces
from fakesmb.vfs.rules.openset import OpenSet
from fakesmb.vfs.rules.room import DescriptorRoom
from fakesmb.vfs.rules.times import Times, WriteClock
from fakesmb.vfs.rules.tunnel import Tunnel
from fakesmb.vfs.rules.watches import Watches
from fakesmb.vfs.store import FileLimits
from fakesmb.vfs.stored import SideTable
from fakesmb.world import Turn, World

Key = tuple[int, int]
"""st_dev and st_ino."""


class Open(Protocol):
    """One open of a file, as the rules see it. `vfs.local.handles.LocalHandle` is one."""

    fd: int
    """A descriptor of the file itself; opened with O_PATH where no data may be read or written."""
    access: int
    share: int
    pid: int
    owner: object
    dos_deny: int
    is_directory: bool
    path: Path
    name: str
    """The last component on disk, as clients are shown it."""
    shown_path: str
    disk_path: str
    """Where its name is on disk, to compare with those of others; it is never opened by this."""
    delete_on_close: bool
    made: bool
    delete_needs_another: bool
    wrote: bool
    timed: bool
    oplock: Held | None
    position: int

    @property
    def file(self) -> "OpenFile":
        """The file that is open."""

    @property
    def xattr_target(self) -> str | int:
        """What names the open file in calls that refuse an O_PATH descriptor (getxattr, utime, chmod)."""

    def place(self) -> str:
        """Where the open directory is now: its whole path on disk."""


class LocalOpens(Protocol):
    """What breaks the oplocks of files that local programs open or change (`vfs.programs.local_opens`)."""

    def guard(self, file: "OpenFile", fd: int, *, exclusive: bool, opens: bool) -> None:
        """A client holds an oplock of the file now, or one of another level; `fd` is any descriptor of the file.

        `opens`: a local program that opens the file breaks an exclusive one, even to read.
        """

    def release(self, file: "OpenFile") -> None:
        """No client holds an oplock of the file any longer."""

    def close(self) -> None:
        """The server ends."""


class OpenFile:
    """A file or directory that is open at least once."""

    __slots__ = (
        "allocation",
        "delete_path",
        "delete_pending",
        "guard",
        "key",
        "local",
        "local_opens",
        "locks",
        "opens",
        "oplocks",
        "streams",
        "times",
        "turn",
        "waiters",
    )

    def __init__(
        self,
        key: Key,
        local: LocalLocks | None = None,
        local_opens: LocalOpens | None = None,
        turn: Turn | None = None,
    ) -> None:
        self.key = key
        self.turn = turn
        """The loop's, for locks that thousands wait for."""
        self.local = local
        """The locks of local programs, where they are looked for."""
        self.local_opens = local_opens
        """What breaks the oplocks where local programs open or change the file."""
        self.guard = 0
        """The number of its watch."""
        self.opens: OpenSet[Open] = OpenSet()
        self.locks: LockTable | None = None
        self.oplocks: Oplocks | None = None
        """None where no open holds one: then no request has to look."""
        self.allocation = 0
        """Bytes an open reserved ([MS-FSA] 2.1.5.15.1): shown until the last close, not taken."""
        self.delete_pending = False
        self.delete_path: str | None = None
        """Which of its names the last close removes: a whole path on disk."""
        self.times: Times | None = None
        """Last write and change time, once they are not the disk's."""
        self.waiters: list[Callable[[], None]] = []
        self.streams: dict[str, StreamFile] | None = None
        """The named streams that are open, by their folded names; None where none ever was."""

    def lock_table(self) -> LockTable:
        """The file's locks, from the first on."""
        if self.locks is None:
            self.locks = LockTable(self.local, self.turn)
        return self.locks

    def all_opens(self) -> list[Open]:
        """The opens of the file and those of its named streams."""
        if not self.streams:
            return list(self.opens)
        return [*self.opens, *(own for stream in self.streams.values() for own in stream.opens)]

    def wait_for_close(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Calls back once, after the next close or oplock acknowledgement; gives what ends that interest."""
        self.waiters.append(callback)

        def forget() -> None:
            if callback in self.waiters:
                self.waiters.remove(callback)

        return forget

    def wake(self) -> None:
        """Tells those who wait that it may be their turn."""
        if self.waiters:
            waiters, self.waiters = self.waiters, []
            for callback in waiters:
                callback()


class StreamFile(OpenFile):
    """A named stream that is open at least once: what is not here (times, attributes) is its file's."""

    __slots__ = ("base", "stream")

    def __init__(self, base: OpenFile, stream: str) -> None:
        self.base = base
        self.stream = stream
        """The name as it is on disk."""
        times = base.times
        super().__init__(base.key, turn=base.turn)
        self.streams = {}
        base.times = times

    @property
    def times(self) -> Times | None:
        """As in `OpenFile`."""
        return self.base.times

    @times.setter
    def times(self, times: Times | None) -> None:
        self.base.times = times


class OpenFiles:
    """The files one server has open, by inode, and the side table of attributes its disks cannot keep."""

    def __init__(self, clock: WriteClock | None = None, world: World | None = None) -> None:
        self.by_key: dict[Key, OpenFile] = {}
        self._places: OpenPlaces[Open] = OpenPlaces()
        self.world = world or World()
        self.clock = clock or WriteClock(self.world.filetime)
        self.tunnel = Tunnel(self.clock)
        self.side = SideTable(self.world.disk_ns)
        self.watches = Watches()
        self.room = DescriptorRoom(self.world.turn.now)
        """Whether there is a descriptor for one more."""
        self.local_locks: Callable[[], LocalLocks] | None = None
        """Makes what knows the locks of local programs on one file; without it none are looked for."""
        self.local_opens: LocalOpens | None = None
        """What breaks oplocks when local programs open files; without it they do not."""
        self.names = Quota("search_bytes", 1 << 62)
        """For the names that searches hold: the server gives its own."""
        self.lock_limits = LockLimits(self._count_locks)
        self.deleting = 0
        """How many open files are delete-pending: 0 spares looking."""
        self.secured = False
        """Whether any file has a security descriptor of its own: False spares looking."""

    def limit(self, limits: FileLimits) -> None:
        """What clients may hold, as the server that they are of says."""
        self.names = limits.names
        self.watches.kept = limits.changes
        locks = self.lock_limits
        locks.file, locks.owner, locks.total = limits.file_locks, limits.locks, limits.total_locks
        locks.tell = limits.tell

    def _count_locks(self, owner: object) -> int:
        """Those held through the opens of an owner, or for None through all."""
        return sum(
            table.count_of(one)
            for file in self.by_key.values()
            for one in file.all_opens()
            if (owner is None or one.owner is owner) and (table := one.file.locks) is not None
        )

    def __len__(self) -> int:
        """How many opens there are."""
        return sum(len(file.all_opens()) for file in self.by_key.values())

    def __iter__(self) -> Iterator[Open]:
        for file in list(self.by_key.values()):
            yield from file.all_opens()

    def get(self, st: os.stat_result) -> OpenFile | None:
        """The open file of this inode, if it is open."""
        return self.by_key.get((st.st_dev, st.st_ino))

    def of(self, st: os.stat_result) -> OpenFile:
        """The open file of this inode, made if need be."""
        key = (st.st_dev, st.st_ino)
        file = self.by_key.get(key)
        if file is None:
            local = None if self.local_locks is None else self.local_locks()
            file = self.by_key[key] = OpenFile(key, local, self.local_opens, self.world.turn)
        return file

    def is_deleting(self, st: os.stat_result) -> bool:
        """Whether the inode's name goes away at the last close."""
        if not self.deleting:
            return False
        file = self.by_key.get((st.st_dev, st.st_ino))
        return file is not None and file.delete_pending

    def mark_deleted(self, file: OpenFile, path: str | None) -> None:
        """Marks for deletion under `path`, the whole one on disk, or (None) takes the mark back."""
        self.deleting += (path is not None) - file.delete_pending
        file.delete_pending = path is not None
        file.delete_path = path
        if path is not None and self.watches.active:
            self.watches.deleting(file.opens)

    def below(self, disk_path: str) -> list[Open]:
        """Whatever is open in this directory, at any depth."""
        return list(self._places.below(disk_path))

    def is_open_below(self, disk_path: str) -> bool:
        """Whether anything in this directory is open, at any depth."""
        return next(self._places.below(disk_path), None) is not None

    def begin(self, handle: Open) -> None:
        """Adds an open to those of its file."""
        handle.file.opens.add(handle)
        self._places.add(handle)

    def move(self, handle: Open, disk_path: str) -> None:
        """The open file, or a directory above it, has been given another name."""
        self._places.remove(handle)
        handle.disk_path = disk_path
        self._places.add(handle)

    def end(self, handle: Open) -> bool:
        """Takes one open away; True if it was the last of the file and all its streams."""
        file = handle.file
        file.opens.remove(handle)
        self._places.remove(handle)
        if file.opens:
            return False
        if file.streams is not None:
            if isinstance(file, StreamFile):
                file = self._end_stream(file)
            if file.opens or file.streams:
                return False
        if self.by_key.get(file.key) is file:
            del self.by_key[file.key]
        self.deleting -= file.delete_pending
        return True

    def stream(self, base: OpenFile, name: str) -> StreamFile:
        """The open stream of that name on disk, made if need be."""
        if base.streams is None:
            base.streams = {}
        key = fold(name)
        found = base.streams.get(key)
        if found is None:
            found = base.streams[key] = StreamFile(base, name)
        return found

    def _end_stream(self, stream: StreamFile) -> OpenFile:
        base = stream.base
        if base.streams is not None:
            base.streams.pop(fold(stream.stream), None)
        self.deleting -= stream.delete_pending
        return base
