"""UIDs, TIDs, FIDs and SIDs: 16-bit numbers that a connection gives to what it holds."""

from collections.abc import Iterator
from typing import Final, Generic, TypeVar

from fakesmb.nt.quota import Quota

T = TypeVar("T")

RESERVED_ID: Final = 0xFFFF
_LAST_TO_RETURN_TO: Final = 0x8000
"""Of one that is higher too few would be left: after the last comes 1 there."""


class IdPool(Generic[T]):
    """Identifiers in rising order, wrapping around, never 0 or 0xFFFF: a closed one is not given again soon.

    The documented exchange shows it: the second open of a pipe gets FID 0x4001 though 0x4000 is closed.
    """

    __slots__ = ("_lowest", "_most", "_next", "_quota", "entries")

    def __init__(self, first: int, quota: Quota) -> None:
        self.entries: dict[int, T] = {}
        self._next = first
        self._lowest = first if first <= _LAST_TO_RETURN_TO else 1
        """The one after the last."""
        self._most = RESERVED_ID - self._lowest
        self._quota = quota
        """How many there may be, of this connection and, through it, of all."""

    def add(self, entry: T) -> int:
        """Takes an identifier for `entry`; raises as `Quota.take` does when there are too many."""
        if len(self.entries) >= self._most:
            raise self._quota.refused(1)
        self._quota.take(1)
        number = self._next
        while number in self.entries:
            number = self._after(number)
        self._next = self._after(number)
        self.entries[number] = entry
        return number

    def _after(self, number: int) -> int:
        return number + 1 if number + 1 < RESERVED_ID else self._lowest

    def get(self, number: int) -> T | None:
        """The entry, if there is one."""
        return self.entries.get(number)

    def pop(self, number: int) -> T | None:
        """Frees the identifier."""
        entry = self.entries.pop(number, None)
        if entry is not None:
            self._quota.give_back(1)
        return entry

    def clear(self) -> None:
        """Frees all of them: the connection has ended."""
        self.entries.clear()
        self._quota.clear()

    def __iter__(self) -> Iterator[T]:
        return iter(list(self.entries.values()))

    def __len__(self) -> int:
        return len(self.entries)
