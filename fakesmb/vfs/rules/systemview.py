"""What the system, and so local programs, are told of the byte-range locks of clients."""

from collections.abc import Callable, Iterator
from typing import Final

from fakesmb.vfs.rules.localprograms import LocalLock, LocalLocks
from fakesmb.vfs.rules.lock import Lock
from fakesmb.vfs.rules.ranges import END_OF_RANGES

_MANY: Final = 1000
"""From so many locks on, local programs meet one lock of the whole file; from half as many down, single ones.

The system looks through all locks of a file for each new one, and for each read and write.
"""


class SystemView:
    """The locks of one file as local programs meet them. `meeting` gives the locks of clients that meet a range.

    The owner of a lock has a descriptor, `fd`.
    """

    __slots__ = ("_how_many", "_meeting", "_whole", "local")

    def __init__(
        self,
        local: LocalLocks,
        meeting: Callable[[int, int], list[Lock]],
        how_many: Callable[[int, int], tuple[int, int]],
    ) -> None:
        self.local = local
        self._meeting = meeting
        self._how_many = how_many
        """How many locks meet a range, and how many of those are exclusive: it does not look at each."""
        self._whole = False

    def obstacle(self, lock: Lock) -> LocalLock | None:
        """The lock of a local program that stands in the way of this one."""
        fd = lock.owner.fd  # type: ignore[attr-defined]
        return self.local.obstacle(fd, lock.start, lock.end, exclusive=lock.exclusive)

    def begin(self, lock: Lock) -> None:
        """A client is about to hold a range that nobody else does; raises TOO_MANY_OPENED_FILES."""
        if not self._whole:
            self.local.begin(lock.owner.fd)  # type: ignore[attr-defined]

    def take(self, lock: Lock, *, alone: bool) -> bool:
        """Whether no lock of a local program is in the way of this one.

        With `alone`, clients hold nothing of the range, and it is locked for them by the call that asks. Where local
        programs meet the file as locked as a whole, nothing is asked.
        """
        if self._whole:
            return True
        if not alone:
            return self.obstacle(lock) is None
        fd = lock.owner.fd  # type: ignore[attr-defined]
        return self.local.take(fd, lock.start, lock.end, exclusive=lock.exclusive)

    def locked(self, lock: Lock, held: int, *, alone: bool = False) -> None:
        """A client has locked a range; that many locks are `held` now. `alone` as for `take`."""
        if self._whole:
            return
        if not alone:
            exclusive = self._how_many(lock.start, lock.end)[1]
            if lock.exclusive or not exclusive:
                self.local.hold(lock.owner.fd, lock.start, lock.end, exclusive=lock.exclusive)  # type: ignore[attr-defined]
            else:
                self._tell(lock.start, lock.end)
        # Tried now and then, since a local program may have a lock.
        if held >= _MANY and not held % _MANY:
            self._whole = self.local.take_all()

    def freed(self, lock: Lock, left: int) -> None:
        """A client has freed a range; `left` locks are held now."""
        if not left:
            self.local.release_all()
            self._whole = False
        elif not self._whole:
            self._tell(lock.start, lock.end)
        elif left <= _MANY // 2:
            self._whole = False
            self._tell(0, END_OF_RANGES)

    def _tell(self, start: int, end: int) -> None:
        """Of a range, all that is now held of it, each part in the stricter way.

        Where very many meet it, which is so only while a local program keeps the file from being locked as a whole,
        what is told of it stays until fewer do.
        """
        if self._how_many(start, end)[0] > _MANY:
            return
        locks = self._meeting(start, end)
        for begin, stop, held, exclusive in _parts(locks, start, end):
            if held:
                fd = locks[0].owner.fd  # type: ignore[attr-defined]
                self.local.hold(fd, begin, stop, exclusive=exclusive > 0)
            else:
                self.local.release(begin, stop)


def _parts(locks: list[Lock], start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """The parts of a range, by how many locks each is covered, and by how many exclusive ones."""
    changes = [(end, 0, False)]
    for lock in locks:
        changes.append((max(lock.start, start), 1, lock.exclusive))
        changes.append((min(lock.end, end), -1, lock.exclusive))
    changes.sort()
    begin, held, exclusive = start, 0, 0
    for at, change, of_exclusive in changes:
        if begin < at:
            yield begin, at, held, exclusive
            begin = at
        held += change
        exclusive += change * of_exclusive
