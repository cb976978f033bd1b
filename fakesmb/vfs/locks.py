"""Byte-range locks of one file: [MS-FSA] 2.1.5.8 and 2.1.5.9, [MS-CIFS] 2.2.4.32.

A lock belongs to an open and a process (PID). Locks are mandatory: reads and writes of others meet them.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from fakesmb.status import NT, SMBError

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

END_OF_RANGES: Final = 1 << 64
_ALWAYS_CONFLICT: Final = 0xEF000000
"""From here (to 2^63) Windows says FILE_LOCK_CONFLICT even the first time."""


class Lock:
    """A locked range: `[start, end)`; `start == end` is a lock of no bytes, which only lies inside others."""

    __slots__ = ("end", "exclusive", "owner", "pid", "start")

    def __init__(self, owner: object, pid: int, offset: int, length: int, *, exclusive: bool) -> None:
        self.owner = owner
        self.pid = pid
        self.start = offset
        self.end = offset + length
        self.exclusive = exclusive

    def same(self, other: "Lock") -> bool:
        """Whether both are of one owner: the same open and process."""
        return self.owner is other.owner and self.pid == other.pid

    def overlaps(self, start: int, end: int) -> bool:
        """Whether they share a byte, or one of no bytes lies strictly inside the other."""
        return self.start < end and start < self.end

    def excludes(self, new: "Lock") -> bool:
        """Whether this one, held, forbids `new`.

        A shared lock may lie on others' shared ones and on one's own exclusive one, never the reverse.
        """
        if not new.exclusive and (not self.exclusive or self.same(new)):
            return False
        return self.overlaps(new.start, new.end)


class _Waiting:
    __slots__ = ("answer", "lock")

    def __init__(self, lock: Lock, answer: "Deferred[None]") -> None:
        self.lock = lock
        self.answer = answer


class LockTable:
    """The locks of one file, held and waited for. Holds every rule; knows no file."""

    __slots__ = ("_failed", "_held", "_waiting")

    def __init__(self) -> None:
        self._held: list[Lock] = []
        self._waiting: list[_Waiting] = []
        self._failed: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._held)

    @property
    def waiting(self) -> int:
        """How many requests wait."""
        return len(self._waiting)

    def held(self) -> list[Lock]:
        """The locks held now, oldest first."""
        return list(self._held)

    def take(self, owner: object, pid: int, offset: int, length: int, *, exclusive: bool) -> None:
        """Takes a range at once.

        Raises INVALID_LOCK_RANGE, LOCK_NOT_GRANTED or, on repetition, FILE_LOCK_CONFLICT.
        """
        lock = _checked(owner, pid, offset, length, exclusive=exclusive)
        if not self._free(lock):
            raise SMBError(self._failure(lock), "byte range")
        self._held.append(lock)

    def wait(self, owner: object, pid: int, offset: int, length: int, *, exclusive: bool) -> "Deferred[None]":
        """Takes a range when it becomes free; cancelling ends the wait with CancelledError."""
        from twisted.internet.defer import Deferred

        lock = _checked(owner, pid, offset, length, exclusive=exclusive)
        answer: Deferred[None] = Deferred(self._forget)
        if self._free(lock):
            self._held.append(lock)
            answer.callback(None)
        else:
            self._waiting.append(_Waiting(lock, answer))
        return answer

    def free(self, owner: object, pid: int, offset: int, length: int) -> None:
        """Frees exactly this range, exclusive before shared; RANGE_NOT_LOCKED where nothing fits."""
        best = None
        end = offset + length
        for index, lock in enumerate(self._held):
            if lock.start == offset and lock.end == end and lock.pid == pid and lock.owner is owner:
                if lock.exclusive:
                    best = index
                    break
                if best is None:
                    best = index
        if best is None:
            raise SMBError(NT.RANGE_NOT_LOCKED)
        del self._held[best]
        self._answer_waiting()

    def drop(self, owner: object, pid: int | None = None) -> None:
        """Frees all that an open (or one process of it) holds and waits for, as when it closes."""
        self._failed.pop(id(owner), None)
        gone = [w for w in self._waiting if w.lock.owner is owner and pid in (None, w.lock.pid)]
        self._waiting = [w for w in self._waiting if w not in gone]
        before = len(self._held)
        self._held = [k for k in self._held if k.owner is not owner or pid not in (None, k.pid)]
        for waiting in gone:
            waiting.answer.errback(SMBError(NT.RANGE_NOT_LOCKED, "closed while waiting"))
        if len(self._held) != before:
            self._answer_waiting()

    def check_read(self, owner: object, pid: int, offset: int, size: int) -> None:
        """Raises FILE_LOCK_CONFLICT where another's exclusive lock covers a byte of the range."""
        self._check(offset, size, lambda k: k.exclusive and (k.owner is not owner or k.pid != pid))

    def check_write(self, owner: object, pid: int, offset: int, size: int) -> None:
        """Raises FILE_LOCK_CONFLICT under any lock but one's own exclusive ones."""
        self._check(offset, size, lambda k: not (k.exclusive and k.owner is owner and k.pid == pid))

    def _check(self, offset: int, size: int, forbids: Callable[[Lock], bool]) -> None:
        if not size:
            return
        end = offset + size
        for lock in self._held:
            if lock.overlaps(offset, end) and forbids(lock):
                raise SMBError(NT.FILE_LOCK_CONFLICT)

    def _free(self, lock: Lock) -> bool:
        return not any(held.excludes(lock) for held in self._held)

    def _failure(self, lock: Lock) -> NT:
        """LOCK_NOT_GRANTED first, FILE_LOCK_CONFLICT when an open repeats the offset, as Windows does."""
        repeated = self._failed.get(id(lock.owner)) == lock.start
        self._failed[id(lock.owner)] = lock.start
        if repeated or (lock.start >= _ALWAYS_CONFLICT and not lock.start >> 63):
            return NT.FILE_LOCK_CONFLICT
        return NT.LOCK_NOT_GRANTED

    def _answer_waiting(self) -> None:
        """Gives freed ranges to those that wait, in order of arrival; answers once the table is whole."""
        granted = []
        left = []
        for waiting in self._waiting:
            if self._free(waiting.lock):
                self._held.append(waiting.lock)
                granted.append(waiting)
            else:
                left.append(waiting)
        self._waiting = left
        for waiting in granted:
            waiting.answer.callback(None)

    def _forget(self, answer: "Deferred[None]") -> None:
        """A wait that ends without its lock counts as a failure of that open at that offset."""
        for waiting in self._waiting:
            if waiting.answer is answer:
                self._failed[id(waiting.lock.owner)] = waiting.lock.start
        self._waiting = [w for w in self._waiting if w.answer is not answer]


def _checked(owner: object, pid: int, offset: int, length: int, *, exclusive: bool) -> Lock:
    if offset < 0 or length < 0 or offset >= END_OF_RANGES or offset + length > END_OF_RANGES:
        raise SMBError(NT.INVALID_LOCK_RANGE)
    return Lock(owner, pid, offset, length, exclusive=exclusive)
