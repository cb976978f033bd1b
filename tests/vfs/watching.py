"""A client that watches a directory, for the tests of watches and of what local programs change."""

from twisted.internet.defer import CancelledError, Deferred

from fakesmb.nt.files import Disposition, FileAction, Filter, Option
from fakesmb.vfs.paths import Path
from fakesmb.vfs.store import Changes
from tests.vfs.lab import Lab

NAME = Filter.FILE_NAME | Filter.DIR_NAME
ALL = 0xFFF
LIST = 0x00120081
EVERYTHING = 0x001F01FF
ADDED, REMOVED, MODIFIED = FileAction.ADDED, FileAction.REMOVED, FileAction.MODIFIED
OLD, NEW = FileAction.RENAMED_OLD_NAME, FileAction.RENAMED_NEW_NAME


class Watcher:
    """One open of a directory, and what it is told."""

    def __init__(
        self, lab: Lab, path: str = "", bits: int = NAME, *, recursive: bool = False, size: int = 1000
    ) -> None:
        self.lab = lab
        self.handle = lab.open(path, LIST, options=Option.DIRECTORY).handle
        self.bits, self.recursive, self.size = bits, recursive, size
        self.told: list[object] = []
        self.ask().cancel()  # from now on changes are kept
        self.told.clear()

    def ask(self, size: int | None = None) -> "Deferred[Changes]":
        """A request for changes; what it ends in goes to `told`."""
        asked = self.lab.store.watch(
            self.handle, self.bits, recursive=self.recursive, size=self.size if size is None else size
        )
        asked.addCallbacks(self.told.append, lambda failure: self.told.append(failure.value))
        return asked

    def now(self) -> object:
        """What a request is answered at once; None where it would wait."""
        self.told.clear()
        asked = self.ask()
        if self.told:
            return self.told.pop()
        asked.cancel()
        assert isinstance(self.told.pop(), CancelledError)
        return None

    def all(self) -> Changes:
        """Everything kept, whatever it takes."""
        found = self.now()
        assert found is None or isinstance(found, list)
        return found or []


def make(lab: Lab, *names: str) -> None:
    """Makes files, and directories of names that end in a slash."""
    for name in names:
        if name.endswith("/"):
            lab.store.make_directory(Path.parse(name.rstrip("/").replace("/", "\\")))
        else:
            lab.store.close(lab.open(name.replace("/", "\\"), disposition=Disposition.CREATE).handle)
