"""Threads that make system calls in place of the reactor's."""

import threading
import time
from collections.abc import Callable

import pytest

from fakesmb.transport.diskthreads import DiskThreads


class Calls:
    """What was called back, from whatever thread."""

    def __init__(self) -> None:
        self.made: list[Callable[[], object]] = []
        self.threads = DiskThreads(self.made.append)

    def wait(self) -> Callable[[], object]:
        """The one call that comes."""
        for _ in range(1000):
            if self.made:
                return self.made.pop()
            time.sleep(0.005)
        raise AssertionError("not called back")


def then() -> None:
    """What is called back."""


def test_a_quick_call_is_done_at_once() -> None:
    """Nobody is called back."""
    calls = Calls()
    results = []
    for number in range(50):
        call = calls.threads.begin(int, (str(number),), {})
        if not call.is_done(then):  # the machine is busy
            assert calls.wait() is then
        results.append(call.outcome())
    assert results == list(range(50))
    assert not calls.made


def test_a_slow_call_calls_back_once() -> None:
    """In time, and what it raised is raised."""
    calls = Calls()
    go_on = threading.Event()

    def fail() -> None:
        go_on.wait(10)
        raise FileNotFoundError(2, "gone")

    call = calls.threads.begin(fail, (), {})
    assert not call.is_done(then)
    assert not calls.made
    go_on.set()
    assert calls.wait() is then
    with pytest.raises(FileNotFoundError):
        call.outcome()
    assert not calls.made


def test_a_call_that_hangs_holds_up_no_other() -> None:
    """Each has a thread, and threads are used again."""
    calls = Calls()
    go_on = threading.Event()
    hanging = [calls.threads.begin(go_on.wait, (10,), {}) for _ in range(5)]
    assert not any(call.is_done(then) for call in hanging)
    before = threading.active_count()
    for _ in range(20):
        call = calls.threads.begin(int, ("7",), {})
        if not call.is_done(then):
            assert calls.wait() is then
        assert call.outcome() == 7
    assert threading.active_count() <= before + 2
    go_on.set()
    for _ in hanging:
        calls.wait()


def test_threads_end() -> None:
    """Those that wait for work at once, the others after theirs."""
    calls = Calls()
    go_on = threading.Event()
    hanging = calls.threads.begin(go_on.wait, (10,), {})
    assert not hanging.is_done(then)
    call = calls.threads.begin(int, ("7",), {})
    if not call.is_done(then):
        assert calls.wait() is then
    before = threading.active_count()
    for _ in range(100):
        calls.threads.end()
        if threading.active_count() == before - 1:
            break
        time.sleep(0.01)
    assert threading.active_count() == before - 1
    go_on.set()
    assert calls.wait() is then
    assert hanging.outcome() is True
