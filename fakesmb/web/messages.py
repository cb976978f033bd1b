"""What happened: entries, one message whole, its bytes, and all as it happens."""

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta
from twisted.internet.defer import Deferred

from fakesmb.record.entry import Entry
from fakesmb.web.answer import Answer
from fakesmb.web.protocol import Outcome
from fakesmb.web.routes import Ask, Route, whole

MOST_AT_ONCE: Final = 5000
"""Entries of one answer."""
LONGEST_WAIT: Final = 60.0
EVENTS: Final = "text/event-stream"

Id = Annotated[int, Meta(ge=0, le=1 << 53)]


class Told(Entry, frozen=True, kw_only=True, omit_defaults=True):
    """A message, or an event of a connection: the keys of the JSON lines (docs/record.md), and its id."""

    id: int
    """From 1; no other has it while the server runs."""


class Messages(msgspec.Struct, frozen=True):
    """Entries, oldest first."""

    messages: list[Told]
    last: int
    """What has been looked at: `after` of the next question."""
    forgotten: int
    """How many behind `after` were told and are not remembered."""


class MessagesQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which entries."""

    after: Id = 0
    limit: Annotated[int, Meta(ge=1, le=MOST_AT_ONCE)] = 1000
    wait: Annotated[float, Meta(ge=0, le=LONGEST_WAIT)] = 0
    """Seconds to wait for the first one, where there is none."""


class EventsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which events."""

    after: Id | None = None
    """An id; without it, from now on. A header Last-Event-ID means the same, and counts."""


def listed(ask: Ask) -> "Outcome | Deferred[Outcome]":
    """`GET /api/v1/messages`."""
    query = ask.query
    told = ask.web.told
    last, found = _found(ask, query.after)
    if found or not query.wait:
        return _answer(ask, found, last)
    done: Deferred[Outcome] = Deferred(lambda _: end())
    looking: Any = None

    def look(*, late: bool = False) -> None:
        nonlocal looking, last
        looking = None
        last, found = _found(ask, last)
        if found or late:
            end()
            done.callback(_answer(ask, found, last))

    def wake() -> None:
        nonlocal looking
        if looking is None:
            looking = ask.web.reactor.callLater(0, look)

    def end() -> None:
        forget()
        for call in (timer, looking):
            if call is not None and call.active():
                call.cancel()

    timer = ask.web.reactor.callLater(query.wait, lambda: look(late=True))
    forget = told.wake(wake)
    return done


def _found(ask: Ask, after: int) -> tuple[int, list[bytes]]:
    """What is behind that id, at most as many as asked for; and the id of the last that was looked at."""
    told, most, found, last = ask.web.told, ask.query.limit, list[bytes](), after
    for place in told.after(after):
        for number, line in told.lines(place):
            if number > last and len(found) < most:
                found.append(line)
                last = number
        if len(found) >= most:
            return last, found
        last = max(last, place.last)
    return last, found


def _answer(ask: Ask, found: list[bytes], last: int) -> Answer:
    forgotten = ask.web.told.forgotten(ask.query.after)
    return Answer(b'{"messages":[%b],"last":%d,"forgotten":%d}\n' % (b",".join(found), last, forgotten))


def events(ask: Ask) -> Outcome:
    """`GET /api/v1/events`."""
    last = ask.query.after
    for given in ask.call.texts("last-event-id"):
        last = whole("Last-Event-ID", given)
    return ask.web.streams.open(last)


ROUTES: Final = (
    Route(
        "GET", "/api/v1/messages", listed, "What happened, in the order told", {200: Messages}, MessagesQuery
    ),
    Route("GET", "/api/v1/events", events, "What happens, as server-sent events", {200: EVENTS}, EventsQuery),
)
