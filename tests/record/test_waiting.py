"""Waiting for exchanges: in programs that block, and in those that run in the reactor."""

import asyncio
import threading
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.task import Clock

from fakesmb.record.events import Client, Exchanged
from fakesmb.record.journal import Journal
from fakesmb.record.journalentry import JournalEntry
from fakesmb.record.waiting import BlockingJournal, DeferredJournal
from fakesmb.testing import Client as SmbClient
from tests.record.talks import Talk, filled

SOON = 0.05


@pytest.fixture
def talk(tmp_path: Path) -> Talk:
    return Talk(filled(tmp_path), journal=BlockingJournal(keep_data=5), keep_data=5)


@pytest.fixture
def journal(talk: Talk) -> BlockingJournal:
    assert isinstance(talk.journal, BlockingJournal)
    return talk.journal


@pytest.fixture
def client(talk: Talk) -> SmbClient:
    return talk.client()


@pytest.fixture
def later() -> Iterator[Any]:
    """Calls a function in another thread, a little later."""
    threads = []

    def call(function: Any, *args: Any) -> None:
        thread = threading.Timer(SOON, function, args)
        thread.start()
        threads.append(thread)

    yield call
    for thread in threads:
        thread.join()


def test_what_is_there_is_not_waited_for(journal: BlockingJournal, client: SmbClient) -> None:
    client.create("a.txt")
    began = time.monotonic()
    (found,) = journal.wait_for(verb="opened", path="a.txt", timeout=60)
    assert found.path == r"\a.txt"
    assert time.monotonic() - began < 30


def test_what_is_to_come_is_waited_for(journal: BlockingJournal, client: SmbClient, later: Any) -> None:
    fid = client.create("a.txt")
    later(client.write, fid, b"hello")
    journal.wait_for(verb="wrote", data=b"hello", timeout=60)
    later(lambda: [client.read(fid, 0, 1) for _ in range(3)])
    assert len(journal.wait_for(verb="read", count=3, timeout=60)) == 3
    assert "write" not in vars(journal)  # nobody waits: events go the short way


def test_an_answer_that_comes_late_is_waited_for(
    talk: Talk, journal: BlockingJournal, client: SmbClient, later: Any
) -> None:
    from fakesmb.wire.locking import LockRange

    other = talk.client()
    mine, theirs = client.create("a.txt"), other.create("a.txt")
    client.lock(mine, 0, 10)
    other.send(0x24, other.locking(theirs, LockRange(other.pid & 0xFFFF, 0, 10), timeout=50_000))
    journal.wait_for(tried="locked", connection=2, answered=False)
    later(client.unlock, mine, 0, 10)
    (locked,) = journal.wait_for(verb="locked", connection=2, timeout=60)
    assert locked.status == "STATUS_SUCCESS"


def test_what_does_not_come_is_an_error_that_says_so(journal: BlockingJournal, client: SmbClient) -> None:
    with pytest.raises(
        AssertionError, match=r"^After 0.01 s: at least 1 exchange expected with verb='read': none found"
    ):
        journal.wait_for(verb="read", timeout=0.01)
    with pytest.raises(
        AssertionError, match=r"exactly 0|no exchange expected with verb='connected': 1 found"
    ):
        journal.wait_for(verb="connected", count=0, timeout=0)


@pytest.mark.parametrize("timeout", ["5", True, None, -1, float("nan")])
def test_a_time_that_cannot_be_is_an_error(journal: BlockingJournal, timeout: Any) -> None:
    for ask in (journal.wait_for, journal.expect):
        with pytest.raises((TypeError, ValueError), match="timeout is a number of seconds"):
            ask(verb="read", timeout=timeout)


def test_a_clock_that_a_test_has_stopped_ends_no_wait_and_makes_none_endless(
    journal: BlockingJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "monotonic", lambda: 5.0)
    with pytest.raises(AssertionError, match=r"^After 0.02 s"):
        journal.wait_for(verb="opened", timeout=0.02)


def test_a_server_that_does_not_run_is_not_waited_for(journal: BlockingJournal) -> None:
    journal.running = lambda: False
    with pytest.raises(AssertionError, match=r"^The server does not run, so nothing comes: at least 1"):
        journal.wait_for(verb="read", timeout=60)


def test_in_the_thread_of_the_reactor_waiting_is_an_error_at_once(journal: BlockingJournal) -> None:
    journal.in_reactor = lambda: True
    with pytest.raises(RuntimeError, match="the server's own thread"):
        journal.wait_for(verb="read", timeout=60)
    with (
        pytest.raises(RuntimeError, match="the server's own thread"),
        journal.expect(verb="read", timeout=60),
    ):
        pass


def test_a_condition_that_raises_does_so_for_the_one_who_asked(
    journal: BlockingJournal, client: SmbClient
) -> None:
    client.create("a.txt")
    with pytest.raises(ZeroDivisionError):
        journal.wait_for(path=lambda path: 1 / 0, timeout=60)
    assert "write" not in vars(journal)


# -- expect ------------------------------------------------------------------------------------------------


def test_what_is_expected_of_a_block_has_to_come_in_it(
    journal: BlockingJournal, client: SmbClient, later: Any
) -> None:
    fid = client.create("a.txt")
    with journal.expect(verb="wrote", path="a.txt", at_least=1) as expected:
        client.write(fid, b"x")
    assert [entry.verb for entry in expected.found] == ["wrote"]
    with journal.expect(verb="read", timeout=60):
        later(client.read, fid, 0, 1)
    with journal.expect(verb="read", at_most=1), journal.expect(verb="wrote", count=0):
        client.read(fid, 0, 1)
    assert journal.unmet == []


def test_what_came_before_does_not_count(journal: BlockingJournal, client: SmbClient) -> None:
    client.create("a.txt")
    with pytest.raises(AssertionError, match="none found"), journal.expect(verb="opened", timeout=0):
        pass
    (said,) = journal.unmet
    assert said == "expect(verb='opened'): at least 1 exchange expected with verb='opened': none found."


def test_an_error_of_the_block_goes_on_with_its_own_traceback(
    journal: BlockingJournal, client: SmbClient
) -> None:
    def fails(_: int = 0) -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError) as caught, journal.expect(verb="opened", timeout=60):
        fails()
    assert traceback.extract_tb(caught.value.__traceback__)[-1].name == "fails"
    assert caught.value.__context__ is None
    assert len(journal.unmet) == 1
    with pytest.raises(KeyError), journal.expect(verb="opened", timeout=60):
        fails(client.create("a.txt"))
    assert len(journal.unmet) == 1


def test_since_a_mark_one_waits_too(journal: BlockingJournal, client: SmbClient, later: Any) -> None:
    client.create("a.txt")
    mark = journal.mark()
    later(client.create, "dir\\b.txt")
    journal.wait_for(event="signed_in", timeout=float("inf"))
    (found,) = journal.since(mark).wait_for(verb="opened", timeout=60)
    assert found.path == r"\dir\b.txt"
    with journal.since(mark).expect(verb="opened", timeout=60):
        client.create("a.txt")


def test_what_is_misspelt_is_an_error_before_the_block(journal: BlockingJournal) -> None:
    with pytest.raises(ValueError, match="did you mean wrote"):
        journal.expect(verb="write")
    with pytest.raises(TypeError, match="did you mean path"):
        journal.wait_for(pth="a.txt")


# -- racing threads ----------------------------------------------------------------------------------------


def exchanged(number: int, command: int = 0x2B) -> Exchanged:
    message = b"\xffSMB" + bytes((command,)) + bytes(27) + b"\0\0\0"
    who = Client(1 + number % 3, "a:1", "b:2")
    return Exchanged(
        who, 0.0, 0.0, number, message, len(message), message, len(message), path="x" * (number % 5)
    )


@pytest.mark.filterwarnings("ignore:.* forgotten")
def test_threads_that_ask_wait_clear_and_write_at_once_see_no_half_of_anything() -> None:
    journal = BlockingJournal(most_events=50)
    done = threading.Event()
    expected = 3000

    def write() -> None:
        for number in range(expected):
            journal.write(exchanged(number))
            if number % 10 == 0:
                time.sleep(0)
        done.set()

    def ask() -> int:
        asked = 0
        while not done.is_set():
            first, events = journal._snapshot()
            assert len(events) <= 50
            assert [event.number for event in events if isinstance(event, Exchanged)] == list(
                range(first, first + len(events))
            )
            mark = journal.mark()
            assert len(journal.exchanges(command=0x2B)) <= 50
            journal.since(mark).exchanges()
            asked += 1
        return asked

    def wait() -> int:
        waited = 0
        while not done.is_set():
            if journal.wait_for(command=0x2B, timeout=10):
                waited += 1
            journal.clear()
        return waited

    with ThreadPoolExecutor(6) as pool:
        asking = [pool.submit(ask) for _ in range(2)]
        waiting = [pool.submit(wait) for _ in range(2)]
        pool.submit(write).result(60)
        number = expected
        while not all(one.done() for one in waiting):  # whoever waits after the last clear needs one more
            journal.write(exchanged(number))
            number += 1
            time.sleep(0.001)
        assert all(one.result(60) for one in asking)
        for one in waiting:
            one.result(60)
    assert "write" not in vars(journal)
    assert len(journal._pairing.items) <= 2 * 50 + 1


# -- in the reactor ----------------------------------------------------------------------------------------


@pytest.fixture
def deferring(tmp_path: Path) -> Talk:
    journal = DeferredJournal()
    journal.clock = Clock()
    return Talk(filled(tmp_path), journal=journal)


def of(talk: Talk) -> tuple[DeferredJournal, Clock]:
    assert isinstance(talk.journal, DeferredJournal)
    assert isinstance(talk.journal.clock, Clock)
    return talk.journal, talk.journal.clock


def result(deferred: "Deferred[Any]") -> Any:
    found: list[Any] = []
    deferred.addBoth(found.append)
    return found[0] if found else None


def test_in_the_reactor_waiting_gives_a_deferred(deferring: Talk) -> None:
    journal, clock = of(deferring)
    client = deferring.client()
    waiting = journal.wait_for(verb="opened", count=2)
    assert not waiting.called
    client.create("a.txt")
    clock.advance(0)
    assert not waiting.called
    client.create("a.txt")
    clock.advance(0)
    assert [entry.path for entry in result(waiting)] == [r"\a.txt"] * 2
    assert result(journal.since(journal.mark()).wait_for(verb="opened", timeout=3)) is None
    assert clock.getDelayedCalls()
    clock.advance(3)
    assert not clock.getDelayedCalls()
    assert "write" not in vars(journal)


def test_what_does_not_come_fails_the_deferred(deferring: Talk) -> None:
    journal, clock = of(deferring)
    waiting = journal.wait_for(verb="opened", timeout=2)
    clock.advance(2)
    assert "After 2 s: at least 1 exchange" in result(waiting).getErrorMessage()
    raising = journal.wait_for(path=lambda path: 1 / 0)
    deferring.client().create("a.txt")
    clock.advance(0)
    assert result(raising).check(ZeroDivisionError)
    cancelled = journal.wait_for(verb="read")
    cancelled.cancel()
    assert result(cancelled) is not None
    assert not clock.getDelayedCalls()


def test_a_server_that_has_not_started_is_not_waited_for() -> None:
    with pytest.raises(RuntimeError, match="has not been started"):
        DeferredJournal().wait_for(verb="read")


def test_expectations_of_the_reactor_are_awaited(deferring: Talk) -> None:
    journal, clock = of(deferring)
    client = deferring.client()

    async def act() -> list[JournalEntry]:
        async with journal.expect(verb="opened", path="a.txt") as expected:
            pass
        return expected.found

    waiting = ensureDeferred(act())
    client.create("a.txt")
    clock.advance(0)
    assert len(result(waiting)) == 1

    async def waits_in_vain() -> None:
        async with journal.expect(verb="read", timeout=1):
            pass

    vain = ensureDeferred(waits_in_vain())
    clock.advance(1)
    assert result(vain).check(AssertionError)

    async def fails() -> None:
        async with journal.expect(verb="read"):
            raise KeyError("mine")

    assert result(ensureDeferred(fails())).check(KeyError)
    assert len(journal.unmet) == 2


def test_no_journal_has_what_cannot_work_in_its_mode() -> None:
    assert not hasattr(Journal(), "wait_for")
    assert not hasattr(DeferredJournal().expect(verb="read"), "__enter__")
    assert not hasattr(BlockingJournal().expect(verb="read"), "__aenter__")


def test_asyncio_waits_in_a_thread(journal: BlockingJournal, client: SmbClient) -> None:
    async def main() -> list[JournalEntry]:
        waiting = asyncio.create_task(asyncio.to_thread(journal.wait_for, verb="opened", timeout=60))
        await asyncio.sleep(SOON)
        client.create("a.txt")
        return await waiting

    assert len(asyncio.run(main())) == 1
