"""The reactor of `serve`: it looks again without sleeping only for a lone client that goes on at once."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

reactor_module = pytest.importorskip("fakesmb.transport.reactor")

Ready = list[tuple[int, int]]
FOREVER = -1
FEW_SECONDS = 5


class Poller:
    """Stands for the kernel's: each wait gives the next of what is due, after its seconds."""

    def __init__(self) -> None:
        self.due: list[tuple[float, Ready]] = []
        self.waits: list[float] = []

    def poll(self, timeout: float, most: int) -> Ready:
        self.waits.append(timeout)
        after, ready = self.due[0] if self.due else (0.0, [])
        if timeout == 0 and after:
            return []
        self.due = self.due[1:]
        if after:
            time.sleep(after)
        return ready


@pytest.fixture
def reactor(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(reactor_module, "BRISK_SECONDS", 0.05)
    one = reactor_module.new_reactor(watchful=True)
    one.waker, real = None, one._poller
    one._poller = Poller()
    yield one
    one._poller = real
    real.close()


def wait(reactor: Any, *due: tuple[float, Ready]) -> list[float]:
    """How the reactor waited for what is due, turn by turn."""
    reactor._poller.due, reactor._poller.waits = list(due), []
    for _ in due:
        reactor.doPoll(FEW_SECONDS)
    waits: list[float] = reactor._poller.waits
    return waits


def test_a_reactor_sleeps_until_a_client_has_shown_that_it_goes_on_at_once(reactor: Any) -> None:
    assert wait(reactor, (0, [(7, 1)]), (0, [(7, 1)]), (0, [(7, 1)])) == [FEW_SECONDS, FEW_SECONDS, 0]


def test_for_several_clients_it_sleeps(reactor: Any) -> None:
    turns = (0, [(7, 1)]), (0, [(8, 1)]), (0, [(7, 1), (8, 1)]), (0, [(8, 1)])
    assert wait(reactor, *turns) == [FEW_SECONDS] * 4


def test_for_a_client_that_takes_its_time_it_sleeps(reactor: Any) -> None:
    wait(reactor, (0, [(7, 1)]), (0, [(7, 1)]))
    slow = 0.1, [(7, 1)]
    waits = wait(reactor, slow, slow, slow)
    assert waits[0] == 0
    assert waits[-3:] == [FEW_SECONDS] * 3


def test_it_looks_for_a_bounded_time(reactor: Any) -> None:
    wait(reactor, (0, [(7, 1)]), (0, [(7, 1)]))
    began = time.perf_counter()
    wait(reactor, (0.2, [(7, 1)]))
    assert time.perf_counter() - began < 1


def test_in_the_process_of_somebody_else_it_always_sleeps() -> None:
    one = reactor_module.new_reactor()
    real, one._poller = one._poller, Poller()
    try:
        assert wait(one, *[(0, [(7, 1)])] * 4) == [FEW_SECONDS] * 4
    finally:
        real.close()


class Reader:
    """Something to read from; notes how often it was asked, and may do more."""

    def __init__(self, then: Callable[[], object] = bool) -> None:
        self.reads = 0
        self._then = then

    def doRead(self) -> None:  # noqa: N802
        self.reads += 1
        self._then()


def test_messages_that_follow_each_other_are_read_in_one_turn(reactor: Any) -> None:
    reactor.running = True
    reader = reactor._selectables[7] = Reader()
    reactor._poller.due = [(0, [(7, 1)])] * 5
    reactor.doPoll(FEW_SECONDS)
    assert reader.reads == 5


@pytest.mark.parametrize("work", ["timer", "thread", "stop"])
def test_a_turn_ends_where_the_loop_has_other_work(reactor: Any, work: str) -> None:
    def then() -> None:
        if work == "timer":
            reactor.callLater(0, bool)
        elif work == "thread":
            reactor.threadCallQueue.append((bool, (), {}))
        else:
            reactor._justStopped = True

    reactor.running = True
    reader = reactor._selectables[7] = Reader(then)
    reactor._poller.due = [(0, [(7, 1)])] * 5
    reactor.doPoll(FEW_SECONDS)
    assert reader.reads == 1


def test_a_turn_ends_when_a_timer_is_due(reactor: Any) -> None:
    reactor.running = True
    reader = reactor._selectables[7] = Reader(lambda: time.sleep(0.02))
    reactor._poller.due = [(0, [(7, 1)])] * 5
    reactor.doPoll(0.01)
    assert reader.reads == 1


def test_the_longest_turn_is_counted_and_a_wait_is_none(reactor: Any) -> None:
    """From one look at the sockets to the next: what is read, and what timers do after that."""
    reactor.running = True
    reactor._selectables[7] = Reader(lambda: time.sleep(0.02))
    reactor._poller.due = [(0.1, [(7, 1)]), (0.1, []), (0.0, [])]
    reactor.doPoll(FEW_SECONDS)
    reactor.doPoll(FEW_SECONDS)
    assert 0.02 <= reactor.turn.longest < 0.1
    time.sleep(0.03)
    reactor.doPoll(0)
    assert reactor.turn.longest >= 0.03


def test_a_turn_is_over_after_its_time_but_a_slice_has_its_own(reactor: Any) -> None:
    turn, now = reactor.turn, 100.0
    turn.now = lambda: now
    turn.began = 100.0
    assert not turn.over()
    now = 100.02
    assert turn.over()
    turn.spare()
    assert not turn.over()
    now = 100.031
    assert turn.over()
