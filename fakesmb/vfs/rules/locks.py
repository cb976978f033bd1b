"""Byte-range locks of one file: [MS-FSA] 2.1.5.8 and 2.1.5.9, [MS-CIFS] 2.2.4.32.

A lock belongs to an open and a process (PID). Locks are mandatory: reads and writes of others meet them.
"""

from collections.abc import Callable, Iterable
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Final, TypeVar

from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs.rules.localprograms import LocalLock, LocalLocks
from fakesmb.vfs.rules.lock import Lock, LockName
from fakesmb.vfs.rules.ranges import END_OF_RANGES, RangeCount, RangeIndex
from fakesmb.vfs.rules.systemview import SystemView
from fakesmb.world import Steps, Turn

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

K = TypeVar("K")
_MANY_REPLACED: Final = 500
"""More locks than that are let go in turns: each takes some 20 microseconds."""
_MANY_AT_ONCE: Final = 8
"""Locks that are released one by one; of more it may be quicker to put together anew what is left."""
_ALWAYS_CONFLICT: Final = 0xEF000000
"""From here (to 2^63) Windows says FILE_LOCK_CONFLICT even the first time."""


class _Waiting:
    """A request that waits for its range."""

    __slots__ = ("answer", "end", "lock", "number", "start")

    def __init__(self, lock: Lock, number: int, forget: "Callable[[_Waiting], None]") -> None:
        from twisted.internet.defer import Deferred

        self.lock = lock
        self.start = lock.start
        self.end = lock.end
        self.number = number
        self.answer: Deferred[None] = Deferred(lambda answer: forget(self))


class LockTable:
    """The locks of one file, held and waited for. Holds every rule; knows no file.

    With `local`, locks of local programs and these exclude each other, too; an owner then has a descriptor, `fd`.

    A shared lock may lie on others' shared ones and on one's own exclusive one, never the reverse. One's own are
    those of the same open and process.
    """

    __slots__ = (
        "_all",
        "_by_owner",
        "_exclusive",
        "_failed",
        "_held",
        "_index",
        "_named",
        "_next",
        "_own",
        "_steps",
        "_system",
        "_to_try",
        "_waiting",
        "_waiting_index",
    )

    def __init__(self, local: LocalLocks | None = None, turn: Turn | None = None) -> None:
        self._system = None if local is None else SystemView(local, self.meeting, self.how_many)
        self._steps = Steps(turn or Turn())
        """Trying again and answering, of which there may be thousands at once."""
        self._to_try: dict[_Waiting, None] = {}
        """Those that wait and are about to be tried again."""
        self._held: dict[Lock, None] = {}
        self._named: dict[LockName, dict[Lock, None]] = {}
        self._by_owner: dict[int, dict[Lock, None]] = {}
        """By the `id` of the open."""
        self._index: RangeIndex[Lock] = RangeIndex()
        self._all = RangeCount()
        self._exclusive = RangeCount()
        self._own: dict[tuple[int, int], RangeCount] = {}
        """The exclusive ones by owner: `id` of the open, and process."""
        self._waiting: dict[_Waiting, None] = {}
        self._waiting_index: RangeIndex[_Waiting] = RangeIndex()
        self._next = 1
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

    def count_of(self, owner: object) -> int:
        """How many locks an open holds."""
        return len(self._by_owner.get(id(owner), ()))

    def meeting(self, start: int, end: int) -> list[Lock]:
        """The locks that share a byte with `[start, end)`, oldest first."""
        return self._index.meeting(start, end) if self._all.meeting(start, end) else []

    def how_many(self, start: int, end: int) -> tuple[int, int]:
        """How many locks share a byte with `[start, end)`, and how many of those are exclusive."""
        return self._all.meeting(start, end), self._exclusive.meeting(start, end)

    def take(self, owner: object, pid: int, offset: int, length: int, *, exclusive: bool) -> None:
        """Takes a range at once.

        Raises INVALID_LOCK_RANGE, LOCK_NOT_GRANTED or, on repetition, FILE_LOCK_CONFLICT.
        """
        lock = _checked(owner, pid, offset, length, exclusive=exclusive)
        if not self._grant(lock):
            raise SMBError(
                self._failure(lock), f"{lock.end - lock.start} bytes at {lock.start} are locked by others"
            )

    def wait(self, owner: object, pid: int, offset: int, length: int, *, exclusive: bool) -> "Deferred[None]":
        """Takes a range when it becomes free; cancelling ends the wait with CancelledError."""
        lock = _checked(owner, pid, offset, length, exclusive=exclusive)
        waiting = _Waiting(lock, self._number(), self._forget)
        if self._grant(lock):
            waiting.answer.callback(None)
        else:
            self._waiting[waiting] = None
            self._waiting_index.add(waiting)
            if self._system is not None:
                self._system.local.call_again(self._try_all)
        return waiting.answer

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
            raise SMBError(NT.RANGE_NOT_LOCKED, f"this process has not locked {length} bytes at {offset}")
        lock = next(reversed(named))
        self._release(lock)
        self._answer_waiting([lock])

    def replace(self, gone: Iterable[Lock], new: Iterable[Lock]) -> "Deferred[None] | None":
        """Exchanges held locks for others that are known to be free: what POSIX locks do.

        Thousands are let go in turns, once the new ones are held: gives what fires after the last of them. Raises
        TOO_MANY_OPENED_FILES before anything has changed.
        """
        gone, new = list(gone), list(new)
        if new and self._system is not None:
            self._system.begin(new[0])
        if len(gone) > _MANY_REPLACED:
            from twisted.internet.defer import Deferred

            self._hold_all(new)
            done: Deferred[None] = Deferred()
            last = (partial(self._answer_waiting, gone), partial(done.callback, None))
            self._steps.do(chain((partial(self._release_if_held, lock) for lock in gone), last))
            return done
        for lock in gone:
            self._release(lock)
        self._hold_all(new)
        self._answer_waiting(gone)
        return None

    def _hold_all(self, locks: Iterable[Lock]) -> None:
        for lock in locks:
            self._hold(lock)
            if self._system is not None:
                self._system.locked(lock, len(self._held))

    def _release_if_held(self, lock: Lock) -> None:
        if lock in self._held:
            self._release(lock)

    def drop(self, owner: object, pid: int | None = None) -> None:
        """Frees all that an open (or one process of it) holds and waits for, as when it closes."""
        self._failed.pop(id(owner), None)
        gone = [one for one in self._waiting if one.lock.owner is owner and pid in (None, one.lock.pid)]
        for waiting in gone:
            self._wait_no_more(waiting)
        released = [lock for lock in self._by_owner.get(id(owner), ()) if pid in (None, lock.pid)]
        if (
            len(released) > _MANY_AT_ONCE
            and len(released) > (len(self._held) - len(released)) // _MANY_AT_ONCE
        ):
            self._release_many(released)
        else:
            for lock in released:
                self._release(lock)
        self._steps.do(partial(_refuse, waiting) for waiting in gone)
        if released:
            self._answer_waiting(released)

    def check_read(self, owner: object, pid: int, offset: int, size: int) -> None:
        """Raises FILE_LOCK_CONFLICT where another's exclusive lock covers a byte of the range."""
        if size and self._exclusive_of_others(owner, pid, offset, offset + size):
            raise _in_use(offset, size)

    def check_write(self, owner: object, pid: int, offset: int, size: int) -> None:
        """Raises FILE_LOCK_CONFLICT under any lock but one's own exclusive ones."""
        if not size:
            return
        end = offset + size
        met = self._all.meeting(offset, end)
        if met and met > self._own_exclusive(owner, pid, offset, end):
            raise _in_use(offset, size)

    def _exclusive_of_others(self, owner: object, pid: int, start: int, end: int) -> bool:
        met = self._exclusive.meeting(start, end)
        return met > 0 and met > self._own_exclusive(owner, pid, start, end)

    def _own_exclusive(self, owner: object, pid: int, start: int, end: int) -> int:
        own = self._own.get((id(owner), pid))
        return own.meeting(start, end) if own is not None else 0

    def _is_free(self, lock: Lock) -> bool:
        """As far as clients go."""
        if lock.exclusive:
            return not self._all.meeting(lock.start, lock.end)
        return not self._exclusive_of_others(lock.owner, lock.pid, lock.start, lock.end)

    def _grant(self, lock: Lock) -> bool:
        """Holds the range from now on, if it is free."""
        if not self._is_free(lock):
            return False
        system = self._system
        if system is None:
            self._hold(lock)
            return True
        alone = lock.exclusive or not self._all.meeting(lock.start, lock.end)
        if not system.take(lock, alone=alone):
            return False
        self._hold(lock)
        system.locked(lock, len(self._held), alone=alone)
        return True

    def local_obstacle(self, lock: Lock) -> LocalLock | None:
        """The lock of a local program that stands in the way of this one."""
        return None if self._system is None else self._system.obstacle(lock)

    def _hold(self, lock: Lock, number: int = 0) -> None:
        lock.number = number or self._number()
        self._held[lock] = None
        self._named.setdefault(lock.name, {})[lock] = None
        self._by_owner.setdefault(id(lock.owner), {})[lock] = None
        self._index.add(lock)
        self._all.add(lock.start, lock.end)
        if lock.exclusive:
            self._exclusive.add(lock.start, lock.end)
            self._own.setdefault((id(lock.owner), lock.pid), RangeCount()).add(lock.start, lock.end)

    def _release(self, lock: Lock) -> None:
        owner = id(lock.owner)
        del self._held[lock]
        _discard(self._named, lock.name, lock)
        _discard(self._by_owner, owner, lock)
        self._index.remove(lock)
        self._all.remove(lock.start, lock.end)
        if lock.exclusive:
            self._exclusive.remove(lock.start, lock.end)
            own = self._own[owner, lock.pid]
            own.remove(lock.start, lock.end)
            if not len(own):
                del self._own[owner, lock.pid]
        if self._system is not None:
            self._system.freed(lock, len(self._held))

    def _release_many(self, released: list[Lock]) -> None:
        """Releases most of the locks: what is left is put together anew."""
        gone = set(released)
        left = [lock for lock in self._held if lock not in gone]
        system, self._system = self._system, None
        self._held, self._named, self._by_owner, self._own = {}, {}, {}, {}
        self._index, self._all, self._exclusive = RangeIndex(), RangeCount(), RangeCount()
        for lock in left:
            self._hold(lock, lock.number)
        self._system = system
        if system is not None:
            for lock in released[: len(released) if left else 1]:
                system.freed(lock, len(left))

    def _number(self) -> int:
        number = self._next
        self._next += 1
        return number

    def _failure(self, lock: Lock) -> NT:
        """LOCK_NOT_GRANTED first, FILE_LOCK_CONFLICT when an open repeats the offset, as Windows does."""
        repeated = self._failed.get(id(lock.owner)) == lock.start
        self._failed[id(lock.owner)] = lock.start
        if repeated or (lock.start >= _ALWAYS_CONFLICT and not lock.start >> 63):
            return NT.FILE_LOCK_CONFLICT
        return NT.LOCK_NOT_GRANTED

    def _answer_waiting(self, freed: Iterable[Lock]) -> None:
        """Gives freed ranges to those that wait for a byte of them."""
        if self._waiting:
            meeting = {one for lock in freed for one in self._waiting_index.meeting(lock.start, lock.end)}
            self._try(sorted(meeting, key=lambda one: one.number))

    def _try(self, waiting: list[_Waiting]) -> None:
        """Grants what is free of this, in order of arrival; answers once the table is whole."""
        self._to_try.update(dict.fromkeys(waiting))
        self._steps.do(partial(self._try_one, one) for one in waiting)

    def _try_all(self) -> None:
        """A local program may have given something up."""
        if not self._to_try:
            self._try(list(self._waiting))

    def _try_one(self, one: _Waiting) -> None:
        if one in self._to_try:
            del self._to_try[one]
            if one not in self._waiting:
                return
            try:
                if not self._grant(one.lock):
                    return
                answer = partial(_allow, one)
            except SMBError as error:  # no descriptor is left to tell local programs by
                answer = partial(_fail, one, error)
            self._wait_no_more(one)
            self._steps.do([answer])

    def _wait_no_more(self, waiting: _Waiting) -> None:
        del self._waiting[waiting]
        self._waiting_index.remove(waiting)
        if self._system is not None and not self._waiting:
            self._system.local.call_no_more()

    def _forget(self, waiting: _Waiting) -> None:
        """A wait that ends without its lock counts as a failure of that open at that offset."""
        if waiting in self._waiting:
            self._failed[id(waiting.lock.owner)] = waiting.start
            self._wait_no_more(waiting)


def _allow(waiting: _Waiting) -> None:
    if not waiting.answer.called:
        waiting.answer.callback(None)


def _fail(waiting: _Waiting, error: SMBError) -> None:
    if not waiting.answer.called:
        waiting.answer.errback(error)


def _refuse(waiting: _Waiting) -> None:
    if not waiting.answer.called:
        waiting.answer.errback(SMBError(NT.RANGE_NOT_LOCKED, "the file was closed while the request waited"))


def _checked(owner: object, pid: int, offset: int, length: int, *, exclusive: bool) -> Lock:
    if offset < 0 or length < 0 or offset >= END_OF_RANGES or offset + length > END_OF_RANGES:
        raise SMBError(NT.INVALID_LOCK_RANGE)
    return Lock(owner, pid, offset, length, exclusive=exclusive)


def _discard(groups: dict[K, dict[Lock, None]], key: K, lock: Lock) -> None:
    """Takes a lock out of its group, and the group away with the last."""
    group = groups[key]
    del group[lock]
    if not group:
        del groups[key]


def _in_use(offset: int, size: int) -> SMBError:
    """The refusal of a read or write that meets a lock."""
    return SMBError(NT.FILE_LOCK_CONFLICT, f"a part of the {size} bytes at {offset} is locked by others")
