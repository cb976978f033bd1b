"""Byte-range locks by POSIX rules, in the same table as all others: both kinds exclude each other.

A process's locks of a file never conflict with each other: the one taken last replaces what it overlaps, and an unlock
takes any part away.
"""

from typing import TYPE_CHECKING

from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs.rules.access import WRITES_DATA
from fakesmb.vfs.rules.localprograms import BEYOND
from fakesmb.vfs.rules.lock import Lock
from fakesmb.vfs.rules.locklimits import LockLimits
from fakesmb.vfs.rules.openfiles import Open
from fakesmb.vfs.rules.ranges import END_OF_RANGES

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred


class PosixLocks:
    """The POSIX locks that are taken through one open file."""

    def __init__(self, handle: Open, limits: LockLimits) -> None:
        self._handle = handle
        self._limits = limits
        self._table = handle.file.lock_table()

    def take(
        self, pid: int, offset: int, length: int, *, exclusive: bool, waits: bool
    ) -> "Deferred[None] | None":
        """Takes a range for a process, in place of what it holds of it.

        Raises INVALID_LOCK_RANGE, or FILE_LOCK_CONFLICT where another holds it; with `waits`, gives a Deferred then.
        As Samba, INVALID_PARAMETER for no bytes, and INVALID_HANDLE, which clients make EBADF of, for a write lock
        through an open that may not write.
        """
        if not length:
            raise SMBError(NT.INVALID_PARAMETER, "a POSIX lock needs at least one byte")
        if exclusive and not self._handle.access & WRITES_DATA:
            raise SMBError(NT.INVALID_HANDLE, "a write lock needs an open that may write")
        start, end = _range(offset, length)
        if self._obstacle(pid, start, end, exclusive=exclusive) is not None:
            if not waits or self._own(pid, start, end):
                raise SMBError(NT.FILE_LOCK_CONFLICT, "another process has locked a part of the range")
            self._check(1)
            return self._table.wait(self._handle, pid, start, end - start, exclusive=exclusive)
        gone, left = self._without(pid, start, end)
        self._check(len(left) + 1 - len(gone))
        new = Lock(self._handle, pid, start, end - start, exclusive=exclusive)
        return self._table.replace(gone, [*left, new])

    def _check(self, more: int) -> None:
        """A range in the midst of another makes up to two more of it: raises INSUFFICIENT_RESOURCES for too many."""
        if more > 0:
            self._limits.check(self._handle.owner, len(self._table), more)

    def free(self, pid: int, offset: int, length: int) -> "Deferred[None] | None":
        """Gives up whatever a process holds of a range, which may be nothing; length 0: all from `offset` on.

        Thousands are given up in turns. Raises INSUFFICIENT_RESOURCES where that would leave too many: one in two
        parts, as POSIX's ENOLCK says.
        """
        start, end = _range(offset, length)
        gone, left = self._without(pid, start, end)
        if gone:
            self._check(len(left) - len(gone))
            return self._table.replace(gone, left)
        return None

    def obstacle(self, pid: int, offset: int, length: int, *, exclusive: bool) -> Lock | None:
        """The lock of another that stands in the way of this one."""
        return self._obstacle(pid, *_range(offset, length), exclusive=exclusive)

    def _obstacle(self, pid: int, start: int, end: int, *, exclusive: bool) -> Lock | None:
        for lock in self._table.meeting(start, end):
            if (exclusive or lock.exclusive) and not self._is_own(lock, pid):
                return lock
        wanted = Lock(self._handle, pid, start, end - start, exclusive=exclusive)
        local = self._table.local_obstacle(wanted)
        if local is None:
            return None
        length = (END_OF_RANGES if local.end >= BEYOND else local.end) - local.start
        return Lock(None, local.pid, local.start, length, exclusive=local.exclusive)

    def _own(self, pid: int, start: int, end: int) -> list[Lock]:
        return [lock for lock in self._table.meeting(start, end) if self._is_own(lock, pid)]

    def _is_own(self, lock: Lock, pid: int) -> bool:
        """Of the same process of the same client, through whichever of its opens."""
        if lock.pid != pid:
            return False
        owner = self._handle.owner
        return lock.owner is self._handle or (
            owner is not None and getattr(lock.owner, "owner", None) is owner
        )

    def _without(self, pid: int, start: int, end: int) -> tuple[list[Lock], list[Lock]]:
        """A process's locks that meet a range, and what is left of them outside it."""
        gone = self._own(pid, start, end)
        left = []
        for lock in gone:
            for begin, stop in ((lock.start, start), (end, lock.end)):
                if begin < stop:
                    left.append(Lock(lock.owner, pid, begin, stop - begin, exclusive=lock.exclusive))
        return gone, left


def _range(offset: int, length: int) -> tuple[int, int]:
    end = offset + length if length else END_OF_RANGES
    if not 0 <= offset < end <= END_OF_RANGES:
        raise SMBError(NT.INVALID_LOCK_RANGE)
    return offset, end
