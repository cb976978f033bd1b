"""The oplocks of one file that are held (see `vfs.rules.oplocks`)."""

from typing import Final, Protocol

from fakesmb.nt.files import Oplock
from fakesmb.vfs.store import BreakOplock, LocalBreaks

NOT_BREAKING: Final = -1


class Holder(Protocol):
    """An open that can hold an oplock."""

    shown_path: str
    disk_path: str
    fd: int
    oplock: "Held | None"


class Held:
    """An oplock that one open holds."""

    __slots__ = ("handle", "level", "level_two", "local_breaks", "tell")

    def __init__(
        self,
        handle: Holder,
        level: int,
        tell: BreakOplock,
        *,
        level_two: bool,
        local_breaks: LocalBreaks = True,
    ) -> None:
        self.handle = handle
        self.level = level
        self.tell = tell
        self.level_two = level_two
        self.local_breaks = local_breaks


class Oplocks:
    """All oplocks of one file. `OpenFile.oplocks` is None for a file without any."""

    __slots__ = ("breaking_to", "doubtful", "exclusive", "own", "own_facts", "shared", "stamp")

    def __init__(self) -> None:
        self.exclusive: Held | None = None
        """The exclusive or batch oplock, also while it breaks."""
        self.breaking_to = NOT_BREAKING
        self.shared: list[Held] = []
        """Level II."""
        self.own = False
        """Whether the exclusive holder has changed the file since what local programs did was looked at."""
        self.doubtful = False
        """Whether there were changes meanwhile that may have been a local program's."""
        self.own_facts = False
        """Whether the server has set times, mode or links of the file since then."""
        self.stamp = 0
        """Where a local program has the file open beside the holder: its write time after the holder's last change."""

    @property
    def batch(self) -> bool:
        """Whether an open holds a batch oplock, also while it breaks."""
        return self.exclusive is not None and self.exclusive.level == Oplock.BATCH
