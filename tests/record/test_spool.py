"""The spool: what one end puts the other takes, in order, within its bounds."""

import os
from collections import deque
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakesmb.record.spool import Spool

SIZE = 100


@pytest.fixture
def spool() -> Iterator[Spool]:
    one = Spool.make(SIZE)
    yield one
    one.close()


def other_end(spool: Spool) -> Spool:
    return Spool(spool.memory, SIZE)


def test_what_is_put_is_taken_in_order(spool: Spool) -> None:
    assert spool.put(b"first")
    assert spool.put(b"second")
    assert list(other_end(spool).take()) == [b"first", b"second"]
    assert list(other_end(spool).take()) == []


def test_a_batch_is_taken_once_the_next_is_asked_for(spool: Spool) -> None:
    spool.put(b"first")
    spool.put(b"second")
    batches = other_end(spool).take()
    next(batches)
    assert spool.taken == 0
    next(batches)
    assert 0 < spool.taken < spool.end


def test_batches_are_taken_as_far_as_told(spool: Spool) -> None:
    spool.put(b"first")
    told = spool.end
    spool.put(b"second")
    assert list(other_end(spool).take(told)) == [b"first"]


def test_a_full_spool_takes_no_more_until_something_is_taken(spool: Spool) -> None:
    assert spool.put(bytes(60))
    assert not spool.put(bytes(60))
    assert list(other_end(spool).take()) == [bytes(60)]
    assert spool.put(bytes(60))


def test_what_never_fits_is_an_error(spool: Spool) -> None:
    with pytest.raises(ValueError, match="97 bytes for a spool of 100"):
        spool.put(bytes(97))


def test_memory_is_given_back_once_all_is_taken(spool: Spool) -> None:
    spool.put(bytes(90))
    list(other_end(spool).take())
    spool.put(b"x")
    assert os.fstat(spool.memory).st_size < 40


@given(st.lists(st.one_of(st.binary(min_size=1, max_size=96), st.integers(0, 3)), max_size=60))
def test_nothing_is_lost_or_changed_however_the_ends_take_turns(turns: list[bytes | int]) -> None:
    spool = Spool.make(SIZE)
    try:
        waiting: deque[bytes] = deque()
        for turn in turns:
            if isinstance(turn, bytes):
                if spool.put(turn):
                    waiting.append(turn)
                else:
                    assert waiting
            else:
                batches = other_end(spool).take()
                for _ in range(turn):
                    assert next(batches, None) == (waiting[0] if waiting else None)
                    if waiting:
                        waiting.popleft()
                batches_left = next(batches, None)
                assert batches_left == (waiting[0] if waiting else None)
            assert os.fstat(spool.memory).st_size <= SIZE + 24
        assert list(other_end(spool).take()) == list(waiting)
    finally:
        spool.close()


def test_what_is_left_at_the_end_lies_behind_all_else(spool: Spool) -> None:
    while spool.put(b"x" * 20):
        pass
    spool.leave([b"one", b"", b"three"])
    other = Spool(spool.memory, spool.size)
    assert list(other.take())[-1] == b"x" * 20
    assert list(other.left()) == [b"one", b"", b"three"]
