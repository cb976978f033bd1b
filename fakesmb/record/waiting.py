"""Waiting for what is still to come: for programs that block, and for programs that run in the server's reactor."""

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Protocol, Self

from fakesmb.record.journal import Journal, Mark, Since
from fakesmb.record.pairs import Pair
from fakesmb.record.questions import Loss, Questions, Window, matches, plainly, settle, verdict

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from fakesmb.record.amounts import Amount
    from fakesmb.record.criteria import Criteria, Criterion
    from fakesmb.record.journalentry import JournalEntry

TIMEOUT: Final = 5.0
"""Seconds that `wait_for` and `expect` wait unless they are told otherwise."""


_LOOK_SECONDS: Final = 0.25
"""How often a thread that waits looks whether the server still runs."""
_LONGEST_TIMER: Final = 1e8
"""Seconds that a reactor's timer is set to at most: years."""


class Clock(Protocol):
    """What calls back later: a reactor."""

    def callLater(self, delay: float, callable: Callable[..., Any], *args: object) -> Any:  # noqa: N802
        """Calls back after `delay` seconds."""


class Watch:
    """A question that is asked again and again: each time only what is new is looked at."""

    def __init__(self, window: Callable[[], Window], asked: "Criteria", wanted: "Amount") -> None:
        self._window = window
        self._asked = asked
        self.wanted = wanted
        self._next = 0
        self._waiting: list[Pair] = []
        """Exchanges that had no answer when they were looked at."""
        self._answered: list[JournalEntry] = []
        """Matches that had one."""
        self._unanswered: list[JournalEntry] = []
        self._unsure: list[Loss] = []
        """Why of others that cannot be told."""
        self._seen = Window([], 0, "")

    def look(self) -> bool:
        """Whether enough has come by now."""
        self._seen = window = self._window()
        new = [item for item in window.items if item.ordinal >= self._next]
        again, self._waiting, self._unanswered = self._waiting, [], []
        for item in (*again, *new):
            if not isinstance(item, Pair):
                if self._asked.happenings:
                    self._answered.extend(matches(item, self._asked, self._unsure))
                continue
            answered = item.answered is not None
            unsure: list[Loss] = []
            (self._answered if answered else self._unanswered).extend(matches(item, self._asked, unsure))
            self._unsure += unsure if answered else []
            if not answered:
                self._waiting.append(item)
        if window.items:
            self._next = max(self._next, window.items[-1].ordinal + 1)
        enough = len(self._answered) + len(self._unanswered) >= self.wanted.least
        if self._unsure and not enough:
            raise self._unsure[0]  # no waiting would tell
        return enough

    def outcome(self) -> "tuple[str, list[JournalEntry]]":
        """Why it was not as expected at the last look, empty where it was; and what had been found."""
        found = sorted((*self._answered, *self._unanswered), key=lambda entry: entry.place)
        settle(self.wanted, len(found), self._unsure)
        return verdict(self.wanted, self._asked, self._seen, found), found


def _after(timeout: float, why: str) -> str:
    return f"After {timeout:g} s: {why}"


# -- programs that block -----------------------------------------------------------------------------------


class Blocking(Questions):
    """What a journal answers that may wait for the answer."""

    @property
    def _whole(self) -> "BlockingJournal":
        raise NotImplementedError

    def wait_for(
        self,
        *,
        timeout: float = TIMEOUT,
        count: int | None = None,
        at_least: int | None = None,
        **criteria: "Criterion",
    ) -> "list[JournalEntry]":
        """Waits until enough exchanges match, at least one unless it is said, and gives them; what came before counts.

        Raises AssertionError after `timeout` seconds, and RuntimeError in the reactor's own thread.
        """
        __tracebackhide__ = True
        from fakesmb.record.amounts import amount, seconds

        timeout = plainly(lambda: seconds("timeout", timeout))
        watch = Watch(self._window, self._criteria(criteria), plainly(lambda: amount(count, at_least, None)))
        self._whole.wait_until(watch.look, timeout)
        why, found = watch.outcome()
        if why:
            raise AssertionError(self._whole.told(timeout, why))
        return found

    def expect(
        self,
        *,
        timeout: float = TIMEOUT,
        count: int | None = None,
        at_least: int | None = None,
        at_most: int | None = None,
        **criteria: "Criterion",
    ) -> "Expectation":
        """A block in which so many exchanges match; its end waits for them, at most `timeout` seconds."""
        __tracebackhide__ = True
        from fakesmb.record.amounts import amount, seconds

        wanted = plainly(lambda: amount(count, at_least, at_most))
        timeout = plainly(lambda: seconds("timeout", timeout))
        return Expectation(self._whole, self._criteria(criteria), wanted, timeout)


class BlockingJournal(Blocking, Journal):
    """The journal of a program whose server has a thread of its own."""

    in_reactor: Callable[[], bool] | None = None
    """Whether the caller is in the server's own thread, which nothing may hold up."""
    running: Callable[[], bool] | None = None
    """Whether the server runs: of one that does not, nothing is waited for."""

    @property
    def _whole(self) -> "BlockingJournal":
        return self

    def since(self, mark: Mark) -> "BlockingSince":
        """The same questions, of what began after the mark. Raises ValueError for the mark of another journal."""
        __tracebackhide__ = True
        return BlockingSince(self, self._own(mark))

    def told(self, timeout: float, why: str) -> str:
        """Why it was waited for in vain."""
        if self.running is not None and not self.running():
            return f"The server does not run, so nothing comes: {why}"
        return _after(timeout, why)

    def wait_until(self, met: Callable[[], bool], timeout: float) -> bool:
        """Waits until `met` says so, which is asked after events; False where it has not by then."""
        __tracebackhide__ = True
        if self.in_reactor is not None and self.in_reactor():
            raise RuntimeError(
                "this is the server's own thread, where waiting would keep what is waited for from coming: "
                "ask in another thread, or use FakeSMBService"
            )
        woken = threading.Event()
        left = timeout
        wake = woken.set
        self._wake_by(wake)
        try:
            while not met():
                if left <= 0:
                    return False
                if self.running is not None and not self.running():
                    return met()  # nothing will come any more
                began, look = time.monotonic(), min(left, _LOOK_SECONDS)
                # A test may have stopped the clock (freezegun): what a wait took that ran out is known without it.
                left -= time.monotonic() - began if woken.wait(look) else look
                woken.clear()
            return True
        finally:
            self._wake_no_more(wake)


class BlockingSince(Blocking, Since):
    """What happened after a mark, and is still to come."""

    _journal: BlockingJournal

    @property
    def _whole(self) -> BlockingJournal:
        return self._journal


class _Expected:
    """What both kinds of expectation are made of."""

    def __init__(self, journal: Journal, asked: "Criteria", wanted: "Amount", timeout: float) -> None:
        self._journal = journal
        self._asked = asked
        self._wanted = wanted
        self._timeout = timeout
        self._watch: Watch | None = None
        self.found: list[JournalEntry] = []
        """What matched, after the block."""

    def _begin(self) -> None:
        since = Since(self._journal, self._journal.mark())
        self._watch = Watch(since._window, self._asked, self._wanted)

    def _outcome(self) -> str:
        assert self._watch is not None
        why, self.found = self._watch.outcome()
        if why:
            unmet = f"expect({self._asked}): {why.splitlines()[0]}"
            self._journal.unmet.append(unmet)
            self._journal.all_unmet.append(unmet)
        return why

    def __repr__(self) -> str:
        return f"<expect {self._wanted}: {self._asked}>"


class Expectation(_Expected):
    """`with journal.expect(...): act()`."""

    _journal: BlockingJournal

    def __enter__(self) -> Self:
        """What happens from now on counts."""
        self._begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Waits for what is missing and raises AssertionError where it does not come; an error of the block goes on."""
        __tracebackhide__ = True
        assert self._watch is not None
        if error is not None:
            self._watch.look()
            self._outcome()
            return
        self._journal.wait_until(self._watch.look, self._timeout)
        why = self._outcome()
        if why:
            raise AssertionError(why)


def when(journal: Journal, clock: Clock, met: Callable[[], bool], timeout: float) -> "Deferred[bool]":
    """Fires with True once `met` says so, which is asked after events, and with False after `timeout` seconds.

    To be called in the thread of the reactor, `clock`. Cancelled, it waits no more.
    """
    from twisted.internet.defer import Deferred, maybeDeferred

    looking: Any = None

    def look() -> None:
        nonlocal looking
        looking = None
        answer = maybeDeferred(met)
        answer.addCallbacks(lambda enough: end(True) if enough else None, fail)

    def wake() -> None:
        nonlocal looking
        if looking is None and not done.called:
            looking = clock.callLater(0, look)

    def end(outcome: bool) -> None:
        leave()
        done.callback(outcome)

    def fail(failure: Any) -> None:
        leave()
        done.errback(failure)

    def leave() -> None:
        journal._wake_no_more(wake)
        for call in (timer, looking):
            if call is not None and call.active():
                call.cancel()

    done: Deferred[bool] = Deferred(lambda _: leave())
    timer = clock.callLater(min(timeout, _LONGEST_TIMER), end, False)
    journal._wake_by(wake)
    look()
    return done


# -- programs in the reactor -------------------------------------------------------------------------------


class Deferring(Questions):
    """What a journal answers later."""

    @property
    def _whole(self) -> "DeferredJournal":
        raise NotImplementedError

    def wait_for(
        self,
        *,
        timeout: float = TIMEOUT,
        count: int | None = None,
        at_least: int | None = None,
        **criteria: "Criterion",
    ) -> "Deferred[list[JournalEntry]]":
        """Fires with the exchanges that match once there are enough; fails with AssertionError after `timeout` seconds.

        Cancelled, it waits no more. What came before counts.
        """
        from fakesmb.record.amounts import amount, seconds

        timeout = plainly(lambda: seconds("timeout", timeout))
        watch = Watch(self._window, self._criteria(criteria), plainly(lambda: amount(count, at_least, None)))

        def outcome(_: object) -> "list[JournalEntry]":
            why, found = watch.outcome()
            if why:
                raise AssertionError(_after(timeout, why))
            return found

        return self._whole.when(watch.look, timeout).addCallback(outcome)

    def expect(
        self,
        *,
        timeout: float = TIMEOUT,
        count: int | None = None,
        at_least: int | None = None,
        at_most: int | None = None,
        **criteria: "Criterion",
    ) -> "DeferredExpectation":
        """An `async with` block in which so many exchanges match; its end waits for them."""
        __tracebackhide__ = True
        from fakesmb.record.amounts import amount, seconds

        wanted = plainly(lambda: amount(count, at_least, at_most))
        timeout = plainly(lambda: seconds("timeout", timeout))
        return DeferredExpectation(self._whole, self._criteria(criteria), wanted, timeout)


class DeferredJournal(Deferring, Journal):
    """The journal of a server in a Twisted program: it is asked in the reactor's thread."""

    clock: Clock | None = None
    """The reactor, once the server has started."""

    @property
    def _whole(self) -> "DeferredJournal":
        return self

    def since(self, mark: Mark) -> "DeferredSince":
        """The same questions, of what began after the mark. Raises ValueError for the mark of another journal."""
        __tracebackhide__ = True
        return DeferredSince(self, self._own(mark))

    def when(self, met: Callable[[], bool], timeout: float) -> "Deferred[bool]":
        """Fires with True once `met` says so, which is asked after events, and with False after `timeout` seconds."""
        if self.clock is None:
            raise RuntimeError("the server has not been started, and nothing would ever come")
        return when(self, self.clock, met, timeout)


class DeferredSince(Deferring, Since):
    """What happened after a mark, and is still to come."""

    _journal: DeferredJournal

    @property
    def _whole(self) -> DeferredJournal:
        return self._journal


class DeferredExpectation(_Expected):
    """`async with journal.expect(...): await act()`."""

    _journal: DeferredJournal

    async def __aenter__(self) -> Self:
        """What happens from now on counts."""
        self._begin()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Waits for what is missing and raises AssertionError where it does not come; an error of the block goes on."""
        __tracebackhide__ = True
        assert self._watch is not None
        if error is not None:
            self._watch.look()
            self._outcome()
            return
        await self._journal.when(self._watch.look, self._timeout)
        why = self._outcome()
        if why:
            raise AssertionError(why)
