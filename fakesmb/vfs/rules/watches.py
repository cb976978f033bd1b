"""All watches of one server, and which change is reported to which watch ([MS-FSA] 2.1.4.1, 2.1.5.11).

Changes are found by the real path on disk, so it does not matter through which share, or by which program, they
were made. Whoever changes something reports it here, after it has happened, where `active` says that there is a watch.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from fakesmb.nt.files import FileAction, Filter
from fakesmb.nt.quota import Quota
from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs import disk
from fakesmb.vfs.rules.localprograms import Outside, OwnChange
from fakesmb.vfs.rules.shownnames import shown_in
from fakesmb.vfs.rules.watch import Watch, Watched
from fakesmb.vfs.store import Changes

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

_WRITTEN: Final = Filter.SIZE | Filter.LAST_WRITE
_RESIZED: Final = Filter.SIZE | Filter.ATTRIBUTES
REPLACED: Final = Filter.SIZE | Filter.ATTRIBUTES | Filter.LAST_WRITE
"""What an open changes that overwrites or supersedes a file."""


class Watches:
    """All watches of one server. `active` is False while there are none: then changes need not be reported.

    Paths are whole paths on disk. What is reported has happened already.
    """

    __slots__ = ("_by_handle", "_by_path", "_lengths", "_unreported", "active", "kept", "outside")

    def __init__(self) -> None:
        self.active = False
        self.kept = Quota("watch_bytes", 1 << 62)
        """For the changes that are kept until clients ask: the server gives its own."""
        self.outside: Outside | None = None
        """None where changes by local programs are not looked for."""
        self._by_handle: dict[Watched, Watch] = {}
        self._by_path: dict[str, list[Watch]] = {}
        self._lengths: Counter[int] = Counter()
        """Of these paths: of a long path, only what is as long as one of them is looked for."""
        self._unreported: dict[Watched, int] = {}
        """What opens have written, which is reported when they close."""

    def __iter__(self) -> Iterator[Watch]:
        return iter(list(self._by_handle.values()))

    # -- watching ------------------------------------------------------------------------------------------

    def ask(self, handle: Watched, bits: int, *, recursive: bool, size: int) -> "Deferred[Changes]":
        """The changes in a directory since the last request, or the next that comes.

        `bits` (`Filter`) and `recursive` count in the first request of an open only: Windows keeps what it was told
        then. `size` is how many bytes of FILE_NOTIFY_INFORMATION this answer may have.
        """
        watch = self._by_handle.get(handle)
        path = handle.place()
        if watch is None:
            watch = self._by_handle[handle] = Watch(
                handle, path, bits, self.kept, recursive=recursive, size=size
            )
            self._put(path, [watch])
            self.active = True
            if self.outside is not None:
                self.outside.begin(path, handle.fd, recursive=recursive)
        elif watch.path != path:
            self.moved(watch.path, path)  # by a local program that renamed a directory further up
        return watch.ask(size)

    def forget(self, handle: Watched) -> None:
        """The open ends, and its watch with it."""
        watch = self._by_handle.pop(handle, None)
        if watch is None:
            return
        others = self._by_path[watch.path]
        others.remove(watch)
        if not others:
            self._take_out(watch.path)
        self.active = bool(self._by_handle)
        if not self.active:
            self._unreported.clear()
        if self.outside is not None:
            self.outside.end()
        watch.stop()
        watch.forget()

    def deleting(self, opens: Iterable[Watched]) -> None:
        """The directory of these opens will be deleted: its watches end with DELETE_PENDING ([MS-FSA] 2.1.5.15.3)."""
        for handle in opens:
            watch = self._by_handle.get(handle)
            if watch is not None:
                watch.stop(SMBError(NT.DELETE_PENDING, "the watched directory is being deleted"))

    # -- what has happened ---------------------------------------------------------------------------------

    def added(self, path: str, *, directory: bool) -> None:
        """Made, or linked."""
        self._expect(OwnChange.ADDED, path, directory=directory)
        self.report(path, FileAction.ADDED, Filter.DIR_NAME if directory else Filter.FILE_NAME)

    def removed(self, path: str, *, directory: bool) -> None:
        """Deleted, or replaced by a rename."""
        self._expect(OwnChange.REMOVED, path, directory=directory)
        self.report(path, FileAction.REMOVED, Filter.DIR_NAME if directory else Filter.FILE_NAME)

    def renamed(self, old: str, new: str, *, directory: bool) -> None:
        """Given another name, in the same directory or in another."""
        self._expect(OwnChange.MOVED_FROM, old)
        self._expect(OwnChange.MOVED_TO, new)
        self.report_rename(old, new, directory=directory)

    def untold(self, *changes: tuple[int, str]) -> None:
        """Steps of a change that is told as a whole: kinds (`OwnChange`) and paths."""
        for kind, path in changes:
            self._expect(kind, path)

    def modified(self, path: str, bits: int) -> None:
        """Changed in content, attributes, times and so on."""
        self._expect(OwnChange.TOUCHED, path)
        if bits:
            self.report(path, FileAction.MODIFIED, bits)

    def writing(self, handle: Watched, end: int) -> None:
        """About to be written up to `end`: told when the open closes, as one change.

        Neither a flush nor writing through tells it earlier.
        """
        self._expect(OwnChange.TOUCHED, handle.disk_path)
        bits = _WRITTEN if end > disk.fstat(handle.fd).st_size else Filter.LAST_WRITE
        self._unreported[handle] = self._unreported.get(handle, 0) | bits

    def timed(self, handle: Watched) -> None:
        """Given a write time by the request that closes it."""
        self._unreported[handle] = self._unreported.get(handle, 0) | Filter.LAST_WRITE

    def resized(self, handle: Watched) -> None:
        """Truncated or extended on purpose: told at once, but for the write time."""
        self._unreported[handle] = self._unreported.get(handle, 0) | Filter.LAST_WRITE
        self.modified(handle.disk_path, _RESIZED)

    def closed(self, handle: Watched, *, gone: bool) -> None:
        """The open has closed: tells what it has written ([MS-FSA] 2.1.5.5), unless the file goes away (`gone`)."""
        bits = self._unreported.pop(handle, _WRITTEN if handle.wrote else 0)
        self.modified(handle.disk_path, 0 if gone else bits)

    def _expect(self, kind: int, path: str, *, directory: bool = False) -> None:
        if self.outside is not None:
            self.outside.expect(kind, path, directory=directory)

    # -- to whom it is told --------------------------------------------------------------------------------

    def report(self, path: str, action: int, bits: int) -> None:
        """Tells every watch above `path` of one change."""
        parent, _, name = path.rpartition("/")
        self._tell(parent or "/", bits, ((action, name, ""),))

    def report_stream(self, path: str, stream: str, action: int, bits: int) -> None:
        """Tells of a named stream of a file: its name is the file's, `:` and its own."""
        self._expect(OwnChange.TOUCHED, path)
        parent, _, name = path.rpartition("/")
        self._tell(parent or "/", bits, ((action, name, f":{stream}"),))

    def report_rename(self, old: str, new: str, *, directory: bool) -> None:
        """Tells a rename: two names at once in one directory, else a removal and an addition.

        A file's new name is also reported as modified, since a rename may restore the attributes and creation time
        that the name had before (tunneling): Windows does so for files only.
        """
        bits = Filter.DIR_NAME if directory else Filter.FILE_NAME
        here, _, old_name = old.rpartition("/")
        there, _, new_name = new.rpartition("/")
        if directory:
            self.moved(old, new)
        if here == there:
            first = (FileAction.RENAMED_OLD_NAME, old_name, "")
            self._tell(here or "/", bits, (first, (FileAction.RENAMED_NEW_NAME, new_name, "")))
        else:
            self.report(old, FileAction.REMOVED, bits)
            self.report(new, FileAction.ADDED, bits)
        if not directory:
            self.report(new, FileAction.MODIFIED, Filter.ATTRIBUTES | Filter.CREATION)

    def _tell(self, directory: str, bits: int, changes: tuple[tuple[int, str, str], ...]) -> None:
        """Tells of changes in one directory: what was done, to which name on disk, to which stream of it."""
        by_path, lengths = self._by_path, self._lengths
        told: Changes | None = None
        at = len(directory) if directory != "/" else 0
        while True:
            if at in lengths or not at:
                for watch in list(by_path.get(directory[:at] or "/", ())):
                    below = at < len(directory) and directory != "/"
                    if watch.has_overflowed or not watch.bits & bits or (below and not watch.recursive):
                        continue
                    if told is None:
                        told = [
                            (action, shown_in(directory, name) + stream) for action, name, stream in changes
                        ]
                    self._add(watch, told, directory[:at] or "/", directory[at + 1 :] if below else "")
            if not at:
                return
            at = directory.rfind("/", 0, at)

    def _add(self, watch: Watch, told: Changes, top: str, below: str) -> None:
        """Where a name has none that can be told, the client is to list the directory itself."""
        way = ""
        for name in below.split("/") if below else ():
            shown = shown_in(top, name)
            way += f"{shown}\\" if shown else "\0"
            top = f"{top.rstrip('/')}/{name}"
        if "\0" in way or any(not name or name[0] == ":" for _, name in told):
            watch.overflow()
        else:
            watch.add([(action, way + name) for action, name in told])

    def _put(self, path: str, watches: list[Watch]) -> None:
        there = self._by_path.get(path)
        if there is None:
            self._by_path[path] = [*watches]
            self._lengths[len(path)] += 1
        else:
            there += watches

    def _take_out(self, path: str) -> list[Watch]:
        self._lengths[len(path)] -= 1
        if not self._lengths[len(path)]:
            del self._lengths[len(path)]
        return self._by_path.pop(path)

    def moved(self, old: str, new: str) -> None:
        """Watches of a directory and of those in it follow it to its new path."""
        inside = old + "/"
        for path in [path for path in self._by_path if path == old or path.startswith(inside)]:
            watches = self._take_out(path)
            now = new + path[len(old) :]
            self._put(now, watches)
            for watch in watches:
                watch.path = now
        if self.outside is not None:
            self.outside.moved(old, new)

    def overflow(self) -> None:
        """Changes were lost: every watch tells its client to list the directory itself."""
        for watch in self:
            watch.overflow()
