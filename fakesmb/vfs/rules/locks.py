"""Byte-range locks of one file: [MS-FSA] 2.1.5.8 and 2.1.5.9, [MS-CIFS] 2.2.4.32.

A lock belongs to an open and a process (PID). Locks are mandatory: reads and writes of others meet them.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs.rules.localprograms import LocalLock, LocalLocks

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

END_OF_RANGES: Final = 1 << 64
_Name = tuple[int, int, int, int, bool]
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

    @property
    def name(self) -> "_Name":
        """What an unlock says of it, and which of two it frees first."""
        return id(self.owner), self.pid, self.start, self.end, self.exclusive


class _Ranges:
    """How many of a set of ranges meet a given one, in logarithmic time: clients hold thousands."""

    __slots__ = ("_empty", "_ends", "_starts")

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._empty: list[int] = []

    def __len__(self) -> int:
        return len(self._starts) + len(self._empty)

    def add(self, start: int, end: int) -> None:
        if start == end:
            insort(self._empty, start)
        else:
            insort(self._starts, start)
            insort(self._ends, end)

    def remove(self, start: int, end: int) -> None:
        if start == end:
            del self._empty[bisect_left(self._empty, start)]
        else:
            del self._starts[bisect_left(self._starts, start)]
            del self._ends[bisect_left(self._ends, end)]

    def meeting(self, start: int, end: int) -> int:
        """How many share a byte with it; one of no bytes counts strictly inside another only."""
        # Those that begin before its end, without those that end before its start: these are some of the former.
        found = bisect_left(self._starts, end) - bisect_right(self._ends, start)
        if self._empty and start < end:
            found += bisect_left(self._empty, end) - bisect_right(self._empty, start)
        return found


class _Waiting:
    __slots__ = ("answer", "lock")

    def __init__(self, lock: Lock, answer: "Deferred[None]") -> None:
        self.lock = lock
        self.answer = answer


class LockTable:
    """The locks of one file, held and waited for. Holds every rule; knows no file.

    With `local`, those of local programs are in the way too, and theirs are: owners have a descriptor, `fd`, then.

    A shared lock may lie on others' shared ones and on one's own exclusive one, never the reverse. One's own are
    those of the same open and process.
    """

    __slots__ = ("_all", "_exclusive", "_failed", "_held", "_local", "_named", "_own", "_waiting")

    def __init__(self, local: LocalLocks | None = None) -> None:
        self._local = local
        self._held: dict[Lock, None] = {}
        self._named: dict[_Name, dict[Lock, None]] = {}
        self._all = _Ranges()
        self._exclusive = _Ranges()
        self._own: dict[tuple[int, int], _Ranges] = {}
        """The exclusive ones by owner: `id` of the open, and process."""
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
        self._hold(lock)

    def wait(self, owner: object, pid: int, offset: int, length: int, *, exclusive: bool) -> "Deferred[None]":
        """Takes a range when it becomes free; cancelling ends the wait with CancelledError."""
        from twisted.internet.defer import Deferred

        lock = _checked(owner, pid, offset, length, exclusive=exclusive)
        answer: Deferred[None] = Deferred(self._forget)
        if self._free(lock):
            self._hold(lock)
            answer.callback(None)
        else:
            self._waiting.append(_Waiting(lock, answer))
            if self._local is not None:
                self._local.call_again(self._answer_waiting)
        return answer

    def free(self, owner: object, pid: int, offset: int, length: int, exclusive: bool | None = None) -> None:
        """Frees exactly this range, exclusive before shared; RANGE_NOT_LOCKED where nothing fits.

        With `exclusive` only a lock of that kind: a range may be locked in both ways.
        """
        name = id(owner), pid, offset, offset + length
        if exclusive is None:
            named = self._named.get((*name, True)) or self._named.get((*name, False))
        else:
            named = self._named.get((*name, exclusive))
        if not named:
            raise SMBError(NT.RANGE_NOT_LOCKED)
        self._release(next(reversed(named)))
        self._answer_waiting()

    def replace(self, gone: Iterable[Lock], new: Iterable[Lock]) -> None:
        """Exchanges held locks for others that are known to be free: what POSIX locks do."""
        for lock in gone:
            self._release(lock)
        for lock in new:
            self._hold(lock)
        self._answer_waiting()

    def drop(self, owner: object, pid: int | None = None) -> None:
        """Frees all that an open (or one process of it) holds and waits for, as when it closes."""
        self._failed.pop(id(owner), None)
        gone = [w for w in self._waiting if w.lock.owner is owner and pid in (None, w.lock.pid)]
        self._waiting = [w for w in self._waiting if w not in gone]
        self._stop_looking()
        released = [k for k in self._held if k.owner is owner and pid in (None, k.pid)]
        for lock in released:
            self._release(lock)
        for waiting in gone:
            waiting.answer.errback(SMBError(NT.RANGE_NOT_LOCKED, "closed while waiting"))
        if released:
            self._answer_waiting()

    def check_read(self, owner: object, pid: int, offset: int, size: int) -> None:
        """Raises FILE_LOCK_CONFLICT where another's exclusive lock covers a byte of the range."""
        if size and self._exclusive_of_others(owner, pid, offset, offset + size):
            raise SMBError(NT.FILE_LOCK_CONFLICT)

    def check_write(self, owner: object, pid: int, offset: int, size: int) -> None:
        """Raises FILE_LOCK_CONFLICT under any lock but one's own exclusive ones."""
        if not size:
            return
        end = offset + size
        met = self._all.meeting(offset, end)
        if met and met > self._own_exclusive(owner, pid, offset, end):
            raise SMBError(NT.FILE_LOCK_CONFLICT)

    def _exclusive_of_others(self, owner: object, pid: int, start: int, end: int) -> bool:
        met = self._exclusive.meeting(start, end)
        return met > 0 and met > self._own_exclusive(owner, pid, start, end)

    def _own_exclusive(self, owner: object, pid: int, start: int, end: int) -> int:
        own = self._own.get((id(owner), pid))
        return own.meeting(start, end) if own is not None else 0

    def _free(self, lock: Lock) -> bool:
        if lock.exclusive:
            free = not self._all.meeting(lock.start, lock.end)
        else:
            free = not self._exclusive_of_others(lock.owner, lock.pid, lock.start, lock.end)
        return free and (self._local is None or self.local_obstacle(lock) is None)

    def local_obstacle(self, lock: Lock) -> LocalLock | None:
        """The lock of a local program that stands in the way of this one."""
        if self._local is None:
            return None
        fd = lock.owner.fd  # type: ignore[attr-defined]
        return self._local.obstacle(fd, lock.start, lock.end, exclusive=lock.exclusive)

    def _tell_system(self, lock: Lock) -> None:
        """Of a range that was locked or freed, all that is now held of it, each part in the stricter way."""
        local = self._local
        if local is None:
            return
        start, end = lock.start, lock.end
        if not self._held:
            local.release_all()
        elif not self._all.meeting(start, end):
            local.release(start, end)
        else:
            self._tell_parts(local, start, end)

    def _tell_parts(self, local: LocalLocks, start: int, end: int) -> None:
        within = [one for one in self._held if one.start < end and start < one.end]
        bounds = {start, end}
        for one in within:
            bounds.update((max(one.start, start), min(one.end, end)))
        for begin, stop in pairwise(sorted(bounds)):
            kinds = [one for one in within if one.start <= begin and stop <= one.end]
            if kinds:
                strictest = max(kinds, key=lambda one: one.exclusive)
                fd = strictest.owner.fd  # type: ignore[attr-defined]
                local.hold(fd, begin, stop, exclusive=strictest.exclusive)
            else:
                local.release(begin, stop)

    def _hold(self, lock: Lock) -> None:
        self._held[lock] = None
        self._named.setdefault(lock.name, {})[lock] = None
        self._all.add(lock.start, lock.end)
        if lock.exclusive:
            self._exclusive.add(lock.start, lock.end)
            self._own.setdefault((id(lock.owner), lock.pid), _Ranges()).add(lock.start, lock.end)
        self._tell_system(lock)

    def _release(self, lock: Lock) -> None:
        del self._held[lock]
        named = self._named[lock.name]
        del named[lock]
        if not named:
            del self._named[lock.name]
        self._all.remove(lock.start, lock.end)
        if lock.exclusive:
            self._exclusive.remove(lock.start, lock.end)
            own = self._own[id(lock.owner), lock.pid]
            own.remove(lock.start, lock.end)
            if not len(own):
                del self._own[id(lock.owner), lock.pid]
        self._tell_system(lock)

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
                self._hold(waiting.lock)
                granted.append(waiting)
            else:
                left.append(waiting)
        self._waiting = left
        self._stop_looking()
        for waiting in granted:
            waiting.answer.callback(None)

    def _stop_looking(self) -> None:
        if self._local is not None and not self._waiting:
            self._local.call_no_more()

    def _forget(self, answer: "Deferred[None]") -> None:
        """A wait that ends without its lock counts as a failure of that open at that offset."""
        for waiting in self._waiting:
            if waiting.answer is answer:
                self._failed[id(waiting.lock.owner)] = waiting.lock.start
        self._waiting = [w for w in self._waiting if w.answer is not answer]
        self._stop_looking()


def _checked(owner: object, pid: int, offset: int, length: int, *, exclusive: bool) -> Lock:
    if offset < 0 or length < 0 or offset >= END_OF_RANGES or offset + length > END_OF_RANGES:
        raise SMBError(NT.INVALID_LOCK_RANGE)
    return Lock(owner, pid, offset, length, exclusive=exclusive)
