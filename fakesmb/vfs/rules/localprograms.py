"""The Protocols by which the rules reach local programs: locks, opens and changes. `vfs.programs` implements them."""

from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

BEYOND: Final = (1 << 63) - 1
"""The system cannot lock bytes from here on: only clients see such locks."""


class LocalLock(NamedTuple):
    """A local program's lock, or a part of it."""

    start: int
    end: int
    exclusive: bool
    pid: int


class LocalLocks(Protocol):
    """The byte-range locks that local programs hold on one file, and those of clients as local programs meet them."""

    def any(self, fd: int) -> bool:
        """Whether a local program has locked anything of the file."""

    def obstacle(self, fd: int, start: int, end: int, *, exclusive: bool) -> LocalLock | None:
        """The lock of a local program that keeps `[start, end)` from being locked, or used, in that way."""

    def begin(self, fd: int) -> None:
        """Clients are about to lock ranges; raises TOO_MANY_OPENED_FILES where no descriptor is left for that."""

    def take(self, fd: int, start: int, end: int, *, exclusive: bool) -> bool:
        """Holds a range of which clients hold nothing; False where a local program's lock is in the way."""

    def take_all(self) -> bool:
        """Holds the whole file instead of what clients hold of it; False where that cannot be."""

    def hold(self, fd: int, start: int, end: int, *, exclusive: bool) -> None:
        """Clients hold this range now; `fd` is a descriptor of whoever locked it."""

    def release(self, start: int, end: int) -> None:
        """No client holds anything of this range any longer."""

    def release_all(self) -> None:
        """No client holds anything of the file any longer."""

    def call_again(self, again: Callable[[], None]) -> None:
        """Calls back now and then until `call_no_more`: a request waits for a range."""

    def call_no_more(self) -> None:
        """No request waits any longer."""


class Outside(Protocol):
    """Finds the changes that other programs make (`vfs.programs.outside`)."""

    def begin(self, path: str, fd: int, *, recursive: bool) -> None:
        """A directory is watched from now on: `fd` is a descriptor of it, `path` where it is."""

    def end(self) -> None:
        """A watch has ended: directories that no other watch needs are watched no longer."""

    def close(self) -> None:
        """The server ends: releases the descriptor."""

    def expect(self, kind: int, path: str, *, directory: bool = False) -> None:
        """This server has just made that change: it is reported already."""

    def moved(self, old: str, new: str) -> None:
        """A directory has another path now."""


class OwnChange:
    """Kinds of changes by this server, which `Outside` must not report again."""

    ADDED: Final = 0
    REMOVED: Final = 1
    MOVED_FROM: Final = 2
    MOVED_TO: Final = 3
    TOUCHED: Final = 4
