"""Where on the disk the open files are: what is open below a directory is found without looking at all opens."""

from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar


class Placed(Protocol):
    """An open that knows where its name is on disk."""

    disk_path: str


One = TypeVar("One", bound=Placed)


class OpenPlaces(Generic[One]):
    """The opens of one server by the directories that their names are in."""

    __slots__ = ("_directories", "_opens")

    def __init__(self) -> None:
        self._opens: dict[str, dict[One, None]] = {}
        self._directories: list[str] = []
        """The keys of `_opens`, sorted: all directories below another stand together."""

    def add(self, handle: One) -> None:
        """An open begins; its `disk_path` must be the same when it is removed."""
        directory = handle.disk_path.rpartition("/")[0]
        there = self._opens.get(directory)
        if there is None:
            self._opens[directory] = {handle: None}
            insort(self._directories, directory)
        else:
            there[handle] = None

    def remove(self, handle: One) -> None:
        """An open ends."""
        directory = handle.disk_path.rpartition("/")[0]
        there = self._opens[directory]
        if len(there) > 1:
            del there[handle]
            return
        del self._opens[directory]
        del self._directories[bisect_left(self._directories, directory)]

    def below(self, directory: str) -> Iterator[One]:
        """All opens in this directory, at any depth. They must neither come nor go meanwhile."""
        directory = directory.rstrip("/")
        yield from self._opens.get(directory, ())
        inside = directory + "/"
        for at in range(bisect_left(self._directories, inside), len(self._directories)):
            inner = self._directories[at]
            if not inner.startswith(inside):
                return
            yield from self._opens[inner]
