"""Long work waits for its turns: each in its order, only as much at once as there is time for."""

from itertools import count

from twisted.internet.task import Clock

from fakesmb.core.turns import Turns
from fakesmb.world import Turn


def test_all_work_gets_a_slice_before_one_gets_a_second() -> None:
    clock, turn, done = Clock(), Turn(), ""
    turns = Turns(clock, turn)

    def work(name: str, slices: int) -> None:
        nonlocal done
        done += name
        if slices > 1:
            turns.later(lambda: work(name, slices - 1))

    for name in "abc":
        turns.later(lambda name=name: work(name, 3))  # type: ignore[misc]
    clock.advance(0)
    assert done == "abcabcabc"
    assert clock.getDelayedCalls() == []


def test_a_turn_ends_when_its_time_is_over_however_much_waits() -> None:
    """A thousand clients with long work hold nobody up longer than one."""
    clock, turn = Clock(), Turn()
    turns, done = Turns(clock, turn), []
    turn.now = count(0, 0.001).__next__
    for number in range(1000):
        turns.later(lambda number=number: done.append(number))  # type: ignore[misc]
    (timer,) = clock.getDelayedCalls()
    timer.func()  # type: ignore[attr-defined]
    assert 5 <= len(done) <= 20
    clock.advance(0)
    assert done == list(range(1000))


def test_work_that_is_cancelled_is_not_done() -> None:
    clock = Clock()
    turns, done = Turns(clock, Turn()), []
    turns.later(lambda: done.append(1))
    cancel = turns.later(lambda: done.append(2))
    cancel()
    cancel()
    clock.advance(0)
    assert done == [1]
