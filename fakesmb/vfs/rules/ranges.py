"""Ranges of bytes, thousands of them: how many meet a given one, and which, without looking at each.

Two ranges meet where they share a byte; one of no bytes meets those that it lies strictly inside of.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from typing import Final, Generic, Protocol, TypeVar

END_OF_RANGES: Final = 1 << 64
_LONGEST_CHUNK: Final = 1000


class Range(Protocol):
    """`[start, end)`."""

    start: int
    end: int
    number: int
    """Ranges that are added later have a higher one."""


R = TypeVar("R", bound=Range)


class SortedNumbers:
    """Numbers in order, some of them the same: added, removed and counted without moving thousands of others."""

    __slots__ = ("_chunks", "_lasts", "_lengths")

    def __init__(self) -> None:
        self._chunks: list[list[int]] = []
        """Each sorted, and all of its numbers at least as large as those of the chunk before; none is empty."""
        self._lasts: list[int] = []
        self._lengths: list[int] = []

    def __len__(self) -> int:
        return sum(self._lengths)

    def add(self, number: int) -> None:
        """One more."""
        chunks, lasts = self._chunks, self._lasts
        if not chunks:
            chunks.append([number])
            lasts.append(number)
            self._lengths.append(1)
            return
        at = min(bisect_left(lasts, number), len(lasts) - 1)
        chunk = chunks[at]
        insort(chunk, number)
        if len(chunk) > _LONGEST_CHUNK:
            half = len(chunk) // 2
            chunks[at : at + 1] = chunk[:half], chunk[half:]
            lasts[at : at + 1] = chunk[half - 1], chunk[-1]
            self._lengths[at : at + 1] = half, len(chunk) - half
        else:
            lasts[at] = chunk[-1]
            self._lengths[at] += 1

    def remove(self, number: int) -> None:
        """One less, which must be there."""
        at = bisect_left(self._lasts, number)
        chunk = self._chunks[at]
        if len(chunk) == 1:
            del self._chunks[at], self._lasts[at], self._lengths[at]
            return
        del chunk[bisect_left(chunk, number)]
        self._lasts[at] = chunk[-1]
        self._lengths[at] -= 1

    def below(self, number: int) -> int:
        """How many are less than this."""
        at = bisect_left(self._lasts, number)
        if at == len(self._lasts):
            return sum(self._lengths)
        return sum(self._lengths[:at]) + bisect_left(self._chunks[at], number)

    def between(self, low: int, high: int) -> Iterator[int]:
        """Those that are more than `low` and less than `high`, in order."""
        for at in range(bisect_right(self._lasts, low), len(self._lasts)):
            chunk = self._chunks[at]
            end = bisect_left(chunk, high)
            yield from chunk[bisect_right(chunk, low) : end]
            if end < len(chunk):
                return


class RangeCount:
    """How many of a set of ranges meet a given one."""

    __slots__ = ("_empty", "_ends", "_starts")

    def __init__(self) -> None:
        self._starts = SortedNumbers()
        self._ends = SortedNumbers()
        self._empty: SortedNumbers | None = None

    def __len__(self) -> int:
        return len(self._starts) + (len(self._empty) if self._empty else 0)

    def add(self, start: int, end: int) -> None:
        """One more."""
        if start == end:
            if self._empty is None:
                self._empty = SortedNumbers()
            self._empty.add(start)
        else:
            self._starts.add(start)
            self._ends.add(end)

    def remove(self, start: int, end: int) -> None:
        """One less, which must be there."""
        if start != end:
            self._starts.remove(start)
            self._ends.remove(end)
        elif self._empty is not None:
            self._empty.remove(start)

    def meeting(self, start: int, end: int) -> int:
        """How many meet `[start, end)`."""
        # Those that begin before its end, without those that end before its start: these are some of the former.
        found = self._starts.below(end) - self._ends.below(start + 1)
        if self._empty is not None and start < end:
            found += self._empty.below(end) - self._empty.below(start + 1)
        return found


class RangeIndex(Generic[R]):
    """Which of a set of ranges meet a given one.

    The ranges of one magnitude, lengths from a power of two to the next, make one row, sorted by their starts: in each
    row those that meet a given range stand side by side, with few others between them. There are 65 magnitudes.
    """

    __slots__ = ("_rows",)

    def __init__(self) -> None:
        self._rows: dict[int, tuple[SortedNumbers, dict[int, dict[R, None]]]] = {}
        """By the bits of the length: the starts, each once, and the ranges by their start."""

    def add(self, one: R) -> None:
        """One more."""
        magnitude = (one.end - one.start).bit_length()
        row = self._rows.get(magnitude)
        if row is None:
            row = self._rows[magnitude] = SortedNumbers(), {}
        starts, ranges = row
        there = ranges.get(one.start)
        if there is None:
            ranges[one.start] = {one: None}
            starts.add(one.start)
        else:
            there[one] = None

    def remove(self, one: R) -> None:
        """One less, which must be there."""
        magnitude = (one.end - one.start).bit_length()
        starts, ranges = self._rows[magnitude]
        there = ranges[one.start]
        if len(there) > 1:
            del there[one]
            return
        del ranges[one.start]
        starts.remove(one.start)
        if not ranges:
            del self._rows[magnitude]

    def meeting(self, start: int, end: int) -> list[R]:
        """Those that meet `[start, end)`, oldest first."""
        found: list[R] = []
        for magnitude, (starts, ranges) in self._rows.items():
            for begin in starts.between(start - (1 << magnitude), end):
                found += [one for one in ranges[begin] if one.end > start]
        found.sort(key=_number)
        return found


def _number(one: Range) -> int:
    return one.number
