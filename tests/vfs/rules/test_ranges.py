"""Counted and indexed ranges against a list that is looked through."""

import random
import time
from bisect import bisect_left, insort
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from fakesmb.vfs.rules.ranges import RangeCount, RangeIndex, SortedNumbers

TOP = 1 << 64


class One:
    def __init__(self, number: int, start: int, length: int) -> None:
        self.number = number
        self.start = start
        self.end = start + length


class Step(NamedTuple):
    start: int
    length: int
    removes: int
    """Which of those that are there goes; where it is not there, one more comes."""


SMALL = st.builds(Step, st.integers(0, 12), st.integers(0, 9), st.integers(0, 60))
LARGE = st.builds(
    Step,
    st.sampled_from([0, 1, 1 << 31, 1 << 32, 1 << 63, TOP - 2, TOP - 1]),
    st.sampled_from([0, 1, 2, 1 << 31, 1 << 32]),
    st.integers(0, 60),
).filter(lambda step: step.start + step.length <= TOP)


def meet(one: One, start: int, end: int) -> bool:
    """They share a byte, or one is empty and strictly inside the other."""
    if one.start == one.end or start == end:
        return one.start < end and start < one.end and (one.start, one.end) != (start, end)
    return bool(max(one.start, start) < min(one.end, end))


@given(st.lists(SMALL | LARGE, max_size=50), st.lists(SMALL | LARGE, max_size=5))
def test_what_meets_a_range_is_what_looking_at_each_finds(steps: list[Step], asked: list[Step]) -> None:
    count, index = RangeCount(), RangeIndex[One]()
    there: list[One] = []
    for number, step in enumerate(steps):
        if step.removes < len(there):
            gone = there.pop(step.removes)
            count.remove(gone.start, gone.end)
            index.remove(gone)
        else:
            there.append(One(number, step.start, step.length))
            count.add(there[-1].start, there[-1].end)
            index.add(there[-1])
    assert len(count) == len(there)
    for ask in (*asked, Step(0, TOP, 0)):
        start, end = ask.start, ask.start + ask.length
        expected = [one for one in there if meet(one, start, end)]
        assert index.meeting(start, end) == expected
        assert count.meeting(start, end) == len(expected)


def test_numbers_in_many_chunks_are_counted_as_in_a_list() -> None:
    """Some of them the same, across the bounds of chunks."""
    numbers, rank = SortedNumbers(), random.Random(1)
    there: list[int] = []
    for _ in range(6000):
        number = rank.randrange(500)
        numbers.add(number)
        insort(there, number)
    for goal in (6000, 4000, 100, 0):
        while len(there) > goal:
            number = there.pop(rank.randrange(len(there)))
            numbers.remove(number)
        assert len(numbers) == len(there)
        for at in (-1, 0, 1, 77, 250, 499, 500, 501):
            assert numbers.below(at) == bisect_left(there, at)
        for low, high in ((-1, 501), (0, 0), (3, 4), (3, 5), (100, 300), (499, 600)):
            assert list(numbers.between(low, high)) == [number for number in there if low < number < high]


def test_thousands_of_ranges_in_one_place_come_and_go_in_no_time() -> None:
    """As a client locks no bytes again and again; either end of the line may go first."""
    index = RangeIndex[One]()
    many = [One(number, 5, 0) for number in range(20_000)]
    began = time.process_time()
    for one in many:
        index.add(one)
    for newest, oldest in zip(reversed(many[10_000:]), many[:10_000], strict=True):
        index.remove(newest)
        index.remove(oldest)
    assert time.process_time() - began < 2
    assert index.meeting(0, 10) == []
