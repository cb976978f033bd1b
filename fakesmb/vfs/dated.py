"""What clients make is dated by a world whose time is told, not by the kernel's clock."""

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Self, cast

from fakesmb.nt.files import Access, Action, Disposition, Option, ShareMode
from fakesmb.nt.filetime import from_ns, to_ns
from fakesmb.vfs import disk
from fakesmb.vfs.rules.oplocks import after_facts
from fakesmb.vfs.store import CreateParameters, Info, Opened, PosixChanges
from fakesmb.world import ToldTime

if TYPE_CHECKING:
    from fakesmb.nt.token import Token
    from fakesmb.vfs.paths import Path
    from fakesmb.vfs.store import FileStore, Handle

_MAKE_DIRECTORY: Final = CreateParameters(
    access=Access.READ_ATTRIBUTES,
    disposition=Disposition.CREATE,
    options=Option.DIRECTORY,
    share=ShareMode.ALL,
)
NOTHING_SET: Final = (0, 0, 0)


class Births:
    """When clients made files, by device and inode, and the times that they have set."""

    def __init__(self, world: ToldTime) -> None:
        self.world = world
        self._born: dict[tuple[int, int], int] = {}
        """When clients made them; FILETIME."""
        self._set: dict[tuple[int, int], tuple[int, int, int]] = {}
        """The creation, access and write times that clients have set, as the disk has them; 0 for none."""

    def anew(self) -> Self:
        """One that knows of nothing yet."""
        return type(self)(self.world)

    def told(self, info: Info) -> Info:
        """The same facts; where a client made the file, with no time of the kernel's clock."""
        key = info.device, info.file_id
        born = self._born.get(key)
        if born is None:
            return info
        began, latest = from_ns(self.world.clock.began), from_ns(self.world.latest)
        set_creation, set_access, set_write = self._set.get(key, NOTHING_SET)
        write = info.last_write_time
        if write != set_write and not began <= write <= latest:
            write = info.last_write_time = born
        if info.creation_time != set_creation:
            info.creation_time = born
        if info.last_access_time != set_access and not began <= info.last_access_time <= latest:
            info.last_access_time = write
        if not began <= info.change_time <= latest:
            info.change_time = write
        return info

    def begins(self, info: Info) -> None:
        """A client made this file: it is another than what had its inode before."""
        key = info.device, info.file_id
        self._set.pop(key, None)
        self._born[key] = self.world.filetime()

    def were_set(self, info: Info, creation: int, access: int, write: int) -> None:
        """A client set some of a file's times (FILETIME; 0: not that one); `info` has them as the disk has."""
        key = info.device, info.file_id
        before = self._set.get(key, NOTHING_SET)
        now = info.creation_time, info.last_access_time, info.last_write_time
        given = creation, access, write
        self._set[key] = tuple(  # type: ignore[assignment]  # three of three
            kept if was_given > 0 else old for kept, was_given, old in zip(now, given, before, strict=True)
        )


class Wrapped:
    """All that is not overridden is the inner object's."""

    def __init__(self, inner: Any, facts: Births) -> None:
        self._inner = inner
        self._facts = facts

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class DatedSearch(Wrapped):
    """`vfs.store.Search`."""

    def next(self) -> Info | None:
        """The next entry; None at the end."""
        info = self._inner.next()
        return None if info is None else self._facts.told(info)


class DatedPosix(Wrapped):
    """`vfs.store.PosixFiles`."""

    def query(self, target: "Handle | Path") -> Info:
        """The facts of a name itself."""
        return self._facts.told(self._inner.query(target))

    def search(self, directory: "Path", pattern: str, attributes: int) -> DatedSearch:
        """Begins a search that gives the facts of names themselves."""
        return DatedSearch(self._inner.search(directory, pattern, attributes), self._facts)

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


class DatedStore(Wrapped):
    """`vfs.store.FileStore`, where the time is told."""

    def begin_again(self) -> None:
        """As in a new run."""
        self._inner.begin_again()
        self._facts = self._facts.anew()

    def for_user(self, token: "Token | None") -> "FileStore":
        """The same files with access checks for that user."""
        return cast("FileStore", type(self)(self._inner.for_user(token), self._facts))

    def with_posix_names(self) -> "FileStore":
        """The same files by their names as they are spelt."""
        return cast("FileStore", type(self)(self._inner.with_posix_names(), self._facts))

    def with_exact_names(self) -> "FileStore":
        """The same files by Windows' names, each as it is spelt."""
        return cast("FileStore", type(self)(self._inner.with_exact_names(), self._facts))

    @property
    def posix(self) -> DatedPosix:
        """The operations of the Unix extensions."""
        return DatedPosix(self._inner.posix, self._facts)

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

    def search(self, directory: "Path", pattern: str, attributes: int) -> DatedSearch:
        """Begins a search."""
        return DatedSearch(self._inner.search(directory, pattern, attributes), self._facts)
