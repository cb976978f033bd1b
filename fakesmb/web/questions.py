"""What the journal is asked by HTTP: `verify`, `wait` and `sequence`, with the keywords of Python."""

from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any, Final

from twisted.internet.defer import Deferred

from fakesmb.record import sequence
from fakesmb.record.amounts import Amount, amount, seconds
from fakesmb.record.criteria import Criteria
from fakesmb.record.journalentry import JournalEntry
from fakesmb.record.questions import Loss, Window, found_in, settle, verdict
from fakesmb.record.waiting import TIMEOUT, Watch, when
from fakesmb.web import asked as said
from fakesmb.web.answer import Answer, RefusedError, json
from fakesmb.web.protocol import Outcome
from fakesmb.web.routes import Ask, Route

SLICE_SECONDS: Final = 0.005
"""So long a question is looked into in one turn of the reactor."""
_MISTAKES: Final = (TypeError, ValueError, OverflowError, RecursionError)


def verify(ask: Ask) -> "Outcome | Deferred[Outcome]":
    """`POST /api/v1/verify`."""
    amounts, rest = said.split(ask.body, "count", "at_least", "at_most")
    try:
        wanted = amount(**amounts)
        asked, window = ask.web.service.recorder.look(said.criteria_of(rest))
    except _MISTAKES as error:
        raise said.mistake(error) from None
    except RuntimeError as error:  # the journal is off
        raise RefusedError(409, str(error)) from None
    unsure: list[Loss] = []
    found: list[JournalEntry] = []
    looking = found_in(window, asked, unsure=unsure)

    def answer() -> Outcome:
        return _answer(wanted, asked, window, found, unsure)

    return _in_turns(ask, looking, found, answer)


def _in_turns(
    ask: Ask, looking: Iterator[JournalEntry], found: list[JournalEntry], answer: Callable[[], Outcome]
) -> "Outcome | Deferred[Outcome]":
    """Looks for a moment at each turn of the reactor, then answers; at once where that is enough."""

    def look() -> bool:
        until = perf_counter() + SLICE_SECONDS
        for entry in looking:
            found.append(entry)
            if perf_counter() > until:
                return False
        return True

    if look():
        return answer()
    done: Deferred[Outcome] = Deferred()

    def go_on() -> None:
        if done.called:
            return
        try:
            if look():
                done.callback(answer())
            else:
                ask.web.reactor.callLater(0, go_on)
        except Exception:
            done.errback()

    ask.web.reactor.callLater(0, go_on)
    return done


def _answer(
    wanted: Amount,
    asked: Criteria,
    window: Window,
    found: list[JournalEntry],
    unsure: list[Loss],
    before: str = "",
) -> Answer:
    try:
        settle(wanted, len(found), unsure)
    except Loss as loss:
        return json(said.NotSo(str(loss).splitlines()[0], str(loss), len(found), forgotten=window.lost), 409)
    why = verdict(wanted, asked, window, found)
    if not why:
        return json(said.Matches(len(found), said.told(found)))
    near = None if len(found) >= wanted.least else said.nearest_of(asked, window)
    text = before + why
    return json(said.NotSo(text.splitlines()[0], text, len(found), said.told(found), near, window.lost), 409)


def wait(ask: Ask) -> "Deferred[Outcome]":
    """`POST /api/v1/wait`."""
    named, rest = said.split(ask.body, "count", "at_least", "timeout")
    journal = ask.web.service.recorder
    try:
        timeout = seconds("timeout", TIMEOUT if named["timeout"] is None else named["timeout"])
        if timeout > said.LONGEST_WAIT:
            raise ValueError(f"timeout is {said.LONGEST_WAIT:g} seconds at most: ask again")
        wanted = amount(named["count"], named["at_least"], None)
        criteria = said.criteria_of(rest)
        asked, _ = journal.look(criteria)
        watch = Watch(lambda: journal.look({})[1], asked, wanted)
    except _MISTAKES as error:
        raise said.mistake(error) from None
    except RuntimeError as error:
        raise RefusedError(409, str(error)) from None

    def outcome(enough: bool) -> Answer:
        _, found = watch.outcome()
        _, window = journal.look({})
        return _answer(wanted, asked, window, found, [], "" if enough else f"After {timeout:g} s: ")

    def failed(failure: Any) -> Outcome:
        failure.trap(Loss)
        text = str(failure.value)
        return json(said.NotSo(text.splitlines()[0], text, 0), 409)

    done: Deferred[Any] = when(journal, ask.web.reactor, watch.look, timeout).addCallback(outcome)
    return done.addErrback(failed)


def in_sequence(ask: Ask) -> Answer:
    """`POST /api/v1/sequence`."""
    body = ask.body
    journal = ask.web.service.recorder
    for key in body:
        if key not in _SEQUENCE:
            from fakesmb.nt.nearest import nearest

            raise RefusedError(400, f"{key}: no such key{nearest(key, _SEQUENCE)}")
    per, nothing_after = body.get("per"), body.get("nothing_after", False)
    try:
        if not isinstance(body.get("steps"), list):
            raise TypeError(
                "steps: is a list of steps, and is missing" if "steps" not in body else "steps: is a list"
            )
        steps = said.steps_of(body["steps"])
        asked = sequence.checked(steps, per, nothing_after=nothing_after, keep_data=journal.keep_data > 0)
        _, window = journal.look({})
    except _MISTAKES as error:
        raise said.mistake(error) from None
    except RuntimeError as error:
        raise RefusedError(409, str(error)) from None
    try:
        outcome = sequence.met(window, steps, asked, per)
        why = sequence.verdict(window, steps, asked, outcome, nothing_after=nothing_after, per=per)
    except Loss as loss:
        return json(said.NotSo(str(loss).splitlines()[0], str(loss), 0), 409)
    if not why:
        return json(said.Matches(len(outcome.found), said.told(outcome.found)))
    step = len(outcome.found)
    near = said.nearest_of(asked[step], window) if step < len(steps) else None
    told = said.NotSo(why.splitlines()[0], why, step, said.told(outcome.found), near, window.lost, step)
    return json(told, 409)


_SEQUENCE: Final = ("steps", "nothing_after", "per")

ROUTES: Final = (
    Route(
        "POST",
        "/api/v1/verify",
        verify,
        "That so many exchanges are like that",
        {200: said.Matches, 409: said.NotSo},
        body=said.Verify,
        free=True,
    ),
    Route(
        "POST",
        "/api/v1/wait",
        wait,
        "The same, when it is so",
        {200: said.Matches, 409: said.NotSo},
        body=said.Wait,
        free=True,
    ),
    Route(
        "POST",
        "/api/v1/sequence",
        in_sequence,
        "That exchanges came in an order",
        {200: said.Matches, 409: said.NotSo},
        body=said.Sequence_,
        free=True,
    ),
)
