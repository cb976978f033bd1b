"""Byte-range locks: who excludes whom, who waits for how long, and a model of single bytes that agrees."""

import time
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import CancelledError, Deferred

from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs.rules.localprograms import LocalLocks
from fakesmb.vfs.rules.lock import Lock
from fakesmb.vfs.rules.locks import LockTable
from fakesmb.world import Turn

A, B = object(), object()
TOP = 1 << 64


def status(call: Callable[..., object], *args: object, **kw: object) -> int:
    try:
        call(*args, **kw)
    except SMBError as error:
        return error.status
    return 0


@pytest.fixture
def table() -> LockTable:
    return LockTable()


def test_exclusive_excludes_everyone(table: LockTable) -> None:
    table.take(A, 1, 10, 10, exclusive=True)
    for offset, length in ((10, 10), (0, 11), (19, 1), (0, 100)):
        assert status(table.take, B, 1, offset, length, exclusive=True) == NT.LOCK_NOT_GRANTED
    table.take(B, 1, 20, 5, exclusive=True)
    table.take(B, 1, 0, 10, exclusive=True)


def test_exclusive_locks_do_not_nest_even_for_their_owner(table: LockTable) -> None:
    table.take(A, 1, 0, 10, exclusive=True)
    assert status(table.take, A, 1, 0, 10, exclusive=True) == NT.LOCK_NOT_GRANTED


def test_shared_locks_share(table: LockTable) -> None:
    table.take(A, 1, 0, 10, exclusive=False)
    table.take(B, 1, 5, 10, exclusive=False)
    table.take(A, 1, 0, 10, exclusive=False)
    assert len(table) == 3
    assert status(table.take, A, 1, 0, 10, exclusive=True) == NT.LOCK_NOT_GRANTED


def test_a_shared_lock_may_lie_on_ones_own_exclusive_one(table: LockTable) -> None:
    table.take(A, 1, 0, 10, exclusive=True)
    table.take(A, 1, 0, 10, exclusive=False)
    assert status(table.take, A, 2, 0, 10, exclusive=False) == NT.LOCK_NOT_GRANTED
    assert status(table.take, B, 1, 0, 10, exclusive=False) == NT.LOCK_NOT_GRANTED


def test_another_process_on_the_same_open_is_another_owner(table: LockTable) -> None:
    table.take(A, 1, 0, 10, exclusive=True)
    assert status(table.check_read, A, 1, 0, 5) == 0
    assert status(table.check_read, A, 2, 0, 5) == NT.FILE_LOCK_CONFLICT
    assert status(table.free, A, 2, 0, 10) == NT.RANGE_NOT_LOCKED


def test_zero_length_locks_conflict_only_inside(table: LockTable) -> None:
    table.take(A, 1, 10, 10, exclusive=True)
    table.take(B, 1, 10, 0, exclusive=True)
    table.take(B, 1, 20, 0, exclusive=True)
    assert status(table.take, B, 1, 15, 0, exclusive=True) == NT.LOCK_NOT_GRANTED
    table.take(A, 1, 30, 0, exclusive=True)
    table.take(B, 1, 30, 0, exclusive=True)
    assert status(table.take, B, 1, 25, 10, exclusive=True) == NT.LOCK_NOT_GRANTED


def test_the_end_of_64_bits(table: LockTable) -> None:
    table.take(A, 1, TOP - 1, 1, exclusive=True)
    table.take(A, 1, 0, TOP - 1, exclusive=True)
    assert status(table.take, A, 1, TOP - 1, 2, exclusive=True) == NT.INVALID_LOCK_RANGE
    assert status(table.take, A, 1, 1, TOP, exclusive=True) == NT.INVALID_LOCK_RANGE
    assert status(table.take, B, 1, TOP - 1, 1, exclusive=True) == NT.LOCK_NOT_GRANTED


def test_repeating_a_refused_lock_is_a_conflict(table: LockTable) -> None:
    table.take(A, 1, 0, 100, exclusive=True)
    assert status(table.take, B, 1, 5, 1, exclusive=True) == NT.LOCK_NOT_GRANTED
    assert status(table.take, B, 1, 5, 2, exclusive=True) == NT.FILE_LOCK_CONFLICT
    assert status(table.take, B, 1, 6, 1, exclusive=True) == NT.LOCK_NOT_GRANTED
    assert status(table.take, B, 1, 5, 1, exclusive=True) == NT.LOCK_NOT_GRANTED
    table.take(A, 1, 0xEF000000, 10, exclusive=True)
    assert status(table.take, B, 1, 0xEF000000, 1, exclusive=True) == NT.FILE_LOCK_CONFLICT


def test_unlocking_needs_the_exact_range(table: LockTable) -> None:
    table.take(A, 1, 0, 10, exclusive=True)
    for offset, length in ((0, 9), (0, 11), (1, 9)):
        assert status(table.free, A, 1, offset, length) == NT.RANGE_NOT_LOCKED
    assert status(table.free, B, 1, 0, 10) == NT.RANGE_NOT_LOCKED
    table.free(A, 1, 0, 10)
    assert status(table.free, A, 1, 0, 10) == NT.RANGE_NOT_LOCKED


def test_thousands_of_locks_take_no_time_that_others_would_notice(table: LockTable) -> None:
    """Quadratic time would be some 10 s, more where coverage is measured; a client could make everyone wait."""
    began = time.process_time()
    table.take(A, 1, 0, 40_000, exclusive=True)
    for at in range(10_000):
        table.take(A, 1, at, 2, exclusive=False)
        table.take(A, 1, 50_000, 0, exclusive=True)
    for at in range(10_000):
        table.free(A, 1, at, 2)
        table.check_write(A, 1, at, 1)
    table.drop(A)
    assert time.process_time() - began < 5
    assert len(table) == 0


Range = tuple[int, int, int, bool]
RANGES = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 12), st.integers(0, 6), st.booleans()), max_size=30
)


@given(RANGES, st.lists(st.integers(0, 30)))
def test_locks_are_granted_as_the_rule_says_pair_by_pair(wanted: list[Range], freed: list[int]) -> None:
    """Against the rule written out: two ranges meet where they share a byte, or one of none lies inside."""
    table = LockTable()
    held: list[Range] = []

    def forbids(old: Range, pid: int, offset: int, length: int, exclusive: bool) -> bool:
        meet = old[1] < offset + length and offset < old[1] + old[2]
        return meet and (exclusive or (old[3] and old[0] != pid))

    for number, (pid, offset, length, exclusive) in enumerate(wanted):
        free = not any(forbids(old, pid, offset, length, exclusive) for old in held)
        assert (status(table.take, A, pid, offset, length, exclusive=exclusive) == 0) == free
        if free:
            held.append((pid, offset, length, exclusive))
        if number in freed and held:
            old = held[number % len(held)]
            table.free(A, *old[:3])
            held.remove((*old[:3], True) if (*old[:3], True) in held else old)
        readable = not any(forbids(old, pid, offset, length, False) for old in held) or not length
        assert (status(table.check_read, A, pid, offset, length) == 0) == readable
        blocks = [old for old in held if not (old[3] and old[0] == pid)]
        writable = not any(forbids(old, pid, offset, length, True) for old in blocks) or not length
        assert (status(table.check_write, A, pid, offset, length) == 0) == writable
    assert len(table) == len(held)


def test_unlocking_takes_the_exclusive_lock_first(table: LockTable) -> None:
    table.take(A, 1, 0, 10, exclusive=True)
    table.take(A, 1, 0, 10, exclusive=False)
    table.free(A, 1, 0, 10)
    assert [lock.exclusive for lock in table.held()] == [False]


def test_reads_and_writes_meet_locks(table: LockTable) -> None:
    table.take(A, 1, 10, 10, exclusive=True)
    table.take(A, 1, 30, 10, exclusive=False)
    assert status(table.check_read, A, 1, 0, 100) == 0
    assert status(table.check_read, B, 1, 0, 10) == 0
    assert status(table.check_read, B, 1, 0, 11) == NT.FILE_LOCK_CONFLICT
    assert status(table.check_read, B, 1, 30, 10) == 0
    assert status(table.check_write, A, 1, 10, 10) == 0
    assert status(table.check_write, B, 1, 30, 1) == NT.FILE_LOCK_CONFLICT
    assert status(table.check_write, A, 1, 30, 1) == NT.FILE_LOCK_CONFLICT, (
        "shared locks bind their owner too"
    )
    assert status(table.check_write, B, 1, 12, 0) == 0


def outcome(deferred: "Deferred[None]") -> list[object]:
    seen: list[object] = []
    deferred.addCallbacks(lambda _: seen.append("granted"), lambda f: seen.append(f.value))
    return seen


def test_waiting_locks_are_granted_in_order(table: LockTable) -> None:
    table.take(A, 1, 0, 10, exclusive=True)
    first = outcome(table.wait(B, 1, 0, 10, exclusive=True))
    second = outcome(table.wait(B, 2, 5, 1, exclusive=False))
    free = outcome(table.wait(B, 2, 50, 1, exclusive=True))
    assert (first, second, free) == ([], [], ["granted"])
    table.free(A, 1, 0, 10)
    assert (first, second) == (["granted"], [])
    table.free(B, 1, 0, 10)
    assert second == ["granted"]


def test_a_wait_can_be_cancelled(table: LockTable) -> None:
    table.take(A, 1, 0, 10, exclusive=True)
    waiting = table.wait(B, 1, 0, 10, exclusive=True)
    seen = outcome(waiting)
    waiting.cancel()
    assert isinstance(seen[0], CancelledError)
    table.free(A, 1, 0, 10)
    assert len(table) == table.waiting == 0


def test_closing_frees_what_is_held_and_ends_what_waits(table: LockTable) -> None:
    table.take(A, 1, 0, 10, exclusive=True)
    other = outcome(table.wait(B, 1, 0, 5, exclusive=True))
    own = outcome(table.wait(A, 2, 0, 5, exclusive=True))
    table.drop(A)
    assert other == ["granted"]
    assert isinstance(own[0], SMBError)
    assert own[0].status == NT.RANGE_NOT_LOCKED


def test_a_callback_may_use_the_table(table: LockTable) -> None:
    """A granted lock may be given back at once, inside its own answer."""
    table.take(A, 1, 0, 10, exclusive=True)
    table.wait(B, 1, 0, 10, exclusive=True).addCallback(lambda _: table.free(B, 1, 0, 10))
    last = outcome(table.wait(A, 2, 0, 10, exclusive=True))
    table.free(A, 1, 0, 10)
    assert last == ["granted"]


OWNERS = st.sampled_from([(A, 1), (A, 2), (B, 1)])
SPANS = st.tuples(st.integers(0, 6), st.integers(1, 4))
STEPS = st.lists(
    st.tuples(st.sampled_from(["lock", "unlock", "drop"]), OWNERS, SPANS, st.booleans()), max_size=25
)


@given(STEPS)
def test_as_a_model_of_single_bytes(
    steps: list[tuple[str, tuple[object, int], tuple[int, int], bool]],
) -> None:
    """Every lock is a list of bytes; two conflict where they have one in common and the rules say so."""
    table = LockTable()
    model: list[tuple[object, int, int, int, bool]] = []
    for step, (owner, pid), (offset, length), exclusive in steps:
        covered = set(range(offset, offset + length))
        if step == "lock":
            conflict = any(
                covered & set(range(o, o + n)) and (exclusive or (e and (w, p) != (owner, pid)))
                for w, p, o, n, e in model
            )
            granted = status(table.take, owner, pid, offset, length, exclusive=exclusive) == 0
            assert granted is not conflict
            if granted:
                model.append((owner, pid, offset, length, exclusive))
        elif step == "unlock":
            fits = [m for m in model if m[:4] == (owner, pid, offset, length)]
            assert (status(table.free, owner, pid, offset, length) == 0) is bool(fits)
            if fits:
                model.remove(next((m for m in fits if m[4]), fits[0]))
        else:
            table.drop(owner)
            model = [m for m in model if m[0] is not owner]
        for byte in range(12):
            readable = not any(o <= byte < o + n and e and (w, p) != (A, 1) for w, p, o, n, e in model)
            writable = not any(o <= byte < o + n and not (e and (w, p) == (A, 1)) for w, p, o, n, e in model)
            assert (status(table.check_read, A, 1, byte, 1) == 0) is readable
            assert (status(table.check_write, A, 1, byte, 1) == 0) is writable


def test_a_freed_lock_is_offered_to_those_who_wait_for_a_byte_of_it_only(table: LockTable) -> None:
    """And in order of arrival, whatever the order of the ranges."""
    table.take(A, 1, 0, 100, exclusive=True)
    table.take(A, 1, 200, 100, exclusive=True)
    late = outcome(table.wait(B, 1, 250, 10, exclusive=True))
    seen: list[int] = []
    for number, (offset, length) in enumerate([(50, 1), (10, 1), (0, 100), (90, 5)]):
        table.wait(B, 1, offset, length, exclusive=True).addCallback(
            partial(lambda n, _: seen.append(n), number)
        )
    table.free(A, 1, 0, 100)
    assert seen == [0, 1, 3]
    assert late == []
    table.drop(A)
    assert late == ["granted"]
    assert table.waiting == 1


class View:
    """`LocalLocks` that allow everything, and count what they are asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __getattr__(self, name: str) -> object:
        def ask(*args: object, **kw: object) -> bool | None:
            self.asked += 1
            return None if name == "obstacle" else True

        return ask


class Owner:
    fd = 0


@pytest.mark.parametrize("exclusive", [True, False], ids=["exclusive", "shared"])
def test_the_cost_of_a_lock_does_not_grow_with_their_number(exclusive: bool) -> None:
    """36,000 locks of a file, beside each other or all of one range, took minutes; so did closing it."""
    view, owner = View(), Owner()
    table = LockTable(cast(LocalLocks, view))
    looked = 0
    keep = table.meeting

    def meeting(start: int, end: int) -> list[Lock]:
        nonlocal looked
        found = keep(start, end)
        looked += len(found)
        return found

    assert table._system is not None
    table._system._meeting = meeting
    for at in range(20_000):
        table.take(owner, 1, 2 * at if exclusive else 0, 1 if exclusive else 1 + at, exclusive=exclusive)
    assert looked <= 1000
    assert view.asked <= 4000
    for at in range(10_000):
        table.free(owner, 1, 2 * at if exclusive else 0, 1 if exclusive else 1 + at)
    assert looked <= 1000
    table.drop(owner)
    assert len(table) == 0
    assert looked <= 1000


def test_locks_that_are_left_when_thousands_are_dropped_are_as_before() -> None:
    table, first, second = LockTable(), Owner(), Owner()
    for at in range(100):
        table.take(first, 1, 10 * at, 5, exclusive=True)
    table.take(second, 1, 5, 5, exclusive=True)
    table.take(second, 2, 2005, 5, exclusive=False)
    waiting = table.wait(second, 1, 0, 1, exclusive=True)
    table.drop(first)
    assert waiting.called
    assert [(lock.start, lock.end, lock.exclusive) for lock in table.held()] == [
        (5, 10, True),
        (2005, 2010, False),
        (0, 1, True),
    ]
    with pytest.raises(SMBError):
        table.take(first, 1, 5, 1, exclusive=False)
    table.take(first, 1, 2005, 1, exclusive=False)
    table.free(second, 1, 5, 5)
    table.drop(second)
    table.drop(first)
    assert len(table) == 0


def test_thousands_who_get_their_lock_hear_so_in_turns() -> None:
    turn, later = Turn(), list[Callable[[], None]]()
    turn.now, turn.later = count(0, 0.001).__next__, later.append
    table, holder, others = LockTable(None, turn), Owner(), Owner()
    table.take(holder, 1, 0, 1000, exclusive=True)
    answers = [table.wait(others, 1, at, 1, exclusive=True) for at in range(1000)]
    table.free(holder, 1, 0, 1000)
    heard = sum(answer.called for answer in answers)
    assert heard < 50
    while later:
        turn.spare()
        later.pop()()
    assert all(answer.called for answer in answers)
