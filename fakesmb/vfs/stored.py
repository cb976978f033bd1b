"""What a store remembers of a file because POSIX has no place for it: DOS attributes, creation and change time."""

from collections.abc import Callable
from typing import Final

import msgspec


class Stored(msgspec.Struct, frozen=True, gc=False):
    """What was remembered of a file: -1 and 0 where nothing was."""

    attributes: int = -1
    creation_time: int = 0
    ea_size: int = -1
    """Bytes of EAs when it was last written: -1 where it is not known."""
    change_time: int = 0
    """A change time that a client set: POSIX moves its own whatever it is told."""
    change_until: int = 0
    """Nanoseconds: a POSIX change time after this one is a later change, and counts."""


NOTHING: Final = Stored()
_SETTLED_NS: Final = 20_000_000
"""Changes within one tick of the kernel's clock leave one change time: a younger one proves nothing."""
_MOST_KNOWN: Final = 1 << 14


class SideTable(dict[tuple[int, int], Stored]):
    """What disks cannot keep, by st_dev and st_ino; and `known`, what the disks keep, as it was read last."""

    __slots__ = ("disk_ns", "known")

    def __init__(self, disk_ns: Callable[[], int]) -> None:
        super().__init__()
        self.disk_ns = disk_ns
        """`World.disk_ns`."""
        self.known: dict[tuple[int, int, int], Stored] = {}
        """By st_dev, st_ino and st_ctime_ns: whatever changes what is kept moves the change time, too."""

    def know(self, key: tuple[int, int, int], stored: Stored, now_ns: int) -> None:
        """Keeps what was read after the time `now_ns`, unless the file had just been changed then."""
        if now_ns - key[2] > _SETTLED_NS:
            if len(self.known) >= _MOST_KNOWN:
                self.known.clear()
            self.known[key] = stored
