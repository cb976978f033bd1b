"""What rules have to say of the disk that a request reaches."""

import errno
import os
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING

from fakesmb.faults.room import Room

if TYPE_CHECKING:
    from fakesmb.faults.fault import Fault


class BrokenDisk:
    """What the rules that act on a request have to say of its disk, in their order."""

    def __init__(self, share: str, faults: "Iterable[Fault]", acts: "Callable[[Fault], bool]") -> None:
        """`acts` is called when a rule is about to act; False where it may not, any more."""
        self._share = share
        self._faults = tuple(faults)
        self._acts = acts

    def check(self) -> None:
        """Raises EIO where the disk fails at everything."""
        for fault in self._faults:
            if fault.rule.act.io_error and self._acts(fault):
                raise failed()

    def most_read(self, size: int) -> int:
        """How many bytes a read of `size` gives at most."""
        for fault in self._faults:
            short = fault.rule.act.short_read
            if short is not None and short < size:
                return short
        return size

    def was_short(self) -> None:
        """A read gave fewer bytes than there are."""
        for fault in self._faults:
            if fault.rule.act.short_read is not None and self._acts(fault):
                return

    def flush_fails(self) -> bool:
        """Whether data cannot be made durable."""
        return any(fault.rule.act.flush_fails and self._acts(fault) for fault in self._faults)

    @cached_property
    def _rooms(self) -> "list[tuple[Fault, Room]]":
        """The rules by which it becomes full, and what they leave."""
        return [
            (fault, fault.rooms.setdefault(self._share, Room(most)))
            for fault in self._faults
            if (most := fault.rule.act.disk_full_after) is not None
        ]

    @property
    def fills(self) -> bool:
        """Whether it can become full."""
        return bool(self._rooms)

    def left(self) -> int | None:
        """Bytes that can still be written; None where that is the real disk's to say."""
        return min((room.left for _, room in self._rooms), default=None)

    def most_written(self, path: str, end: int, offset: int, size: int) -> int:
        """How many bytes of a write fit, to a file that ends at `end`."""
        for fault, room in self._rooms:
            if room.cost(path, end, offset, size) > room.left and self._acts(fault):
                size = room.fitting(path, end, offset, size)
        return size

    def wrote(self, path: str, end: int, offset: int, size: int) -> None:
        """So much has been written."""
        for _, room in self._rooms:
            room.write(path, end, offset, size)

    def has_room_to_grow(self, path: str, end: int, size: int) -> bool:
        """Whether a file that ends at `end` can be so long."""
        return not any(
            room.growth(path, end, size) > room.left and self._acts(fault) for fault, room in self._rooms
        )

    def grew(self, path: str, end: int, size: int) -> None:
        """It is so long now, or that much is reserved for it."""
        for _, room in self._rooms:
            room.grow(path, end, size)

    def began(self, path: str) -> None:
        """A file has been made there, or emptied."""
        for _, room in self._rooms:
            room.begin(path)

    def is_full(self, size: int) -> bool:
        """Whether `size` bytes more do not fit; the rule by which they do not has acted then."""
        return any(size > room.left and self._acts(fault) for fault, room in self._rooms)


def failed() -> OSError:
    """What a system call on a disk with a defect raises."""
    return OSError(errno.EIO, os.strerror(errno.EIO))


def full() -> OSError:
    """What a write to a full disk raises."""
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
