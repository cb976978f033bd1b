"""The oplocks of one file that are held (see `vfs.rules.oplocks`)."""

from typing import Final, Protocol

from fakesmb.nt.files import Oplock
from fakesmb.vfs.store import BreakOplock

NOT_BREAKING: Final = -1


class Holder(Protocol):
    """An open that can hold an oplock."""

    shown_path: str
    disk_path: str
    oplock: "Held | None"


class Held:
    """An oplock that one open holds."""

    __slots__ = ("handle", "level", "level_two", "tell")

    def __init__(self, handle: Holder, level: int, tell: BreakOplock, *, level_two: bool) -> None:
        self.handle = handle
        self.level = level
        self.tell = tell
        self.level_two = level_two


class Oplocks:
    """All oplocks of one file. `OpenFile.oplocks` is None for a file without any."""

    __slots__ = ("breaking_to", "exclusive", "shared")

    def __init__(self) -> None:
        self.exclusive: Held | None = None
        """The exclusive or batch oplock, also while it breaks."""
        self.breaking_to = NOT_BREAKING
        self.shared: list[Held] = []
        """Level II."""

    @property
    def batch(self) -> bool:
        """Whether an open holds a batch oplock, also while it breaks."""
        return self.exclusive is not None and self.exclusive.level == Oplock.BATCH
