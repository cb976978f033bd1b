"""What happened: entries, one message whole, its bytes, and all as it happens."""

from collections.abc import Callable
from time import perf_counter
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta
from twisted.internet.defer import Deferred

from fakesmb.record.entry import Entry
from fakesmb.record.events import Event
from fakesmb.record.filters import Filter, FilterError
from fakesmb.show.details import details_of
from fakesmb.trace.context import Context
from fakesmb.web.answer import Answer, RefusedError, json
from fakesmb.web.protocol import Outcome
from fakesmb.web.routes import Ask, Route, whole
from fakesmb.web.told import Place

MOST_AT_ONCE: Final = 5000
"""Entries of one answer."""
LONGEST_WAIT: Final = 60.0
SLICE_SECONDS: Final = 0.003
"""So long entries are looked at in one turn of the reactor."""
OCTETS: Final = "application/octet-stream"
EVENTS: Final = "text/event-stream"

Id = Annotated[int, Meta(ge=0, le=1 << 53)]
FilterText = Annotated[str, Meta(max_length=2000)]
Wanted = Callable[[Event], bool]


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


class Tables(msgspec.Struct, frozen=True):
    """What identifiers of the connection meant when that message had gone by."""

    uids: list[dict[str, Any]]
    tids: list[dict[str, Any]]
    fids: list[dict[str, Any]]
    sids: list[dict[str, Any]]


class Detail(msgspec.Struct, frozen=True):
    """One message, whole."""

    message: Told
    tree: dict[str, Any] | None
    """Its fields with names, offsets, values, meanings and sections; null where there are no bytes."""
    tables: Tables | None
    sentence: str
    """What just happened."""


class MessagesQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which entries."""

    after: Id = 0
    filter: FilterText = ""
    limit: Annotated[int, Meta(ge=1, le=MOST_AT_ONCE)] = 1000
    wait: Annotated[float, Meta(ge=0, le=LONGEST_WAIT)] = 0
    """Seconds to wait for the first one, where there is none."""


class EventsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which events."""

    after: Id | None = None
    """An id; without it, from now on. A header Last-Event-ID means the same, and counts."""
    filter: FilterText = ""


def wanted(text: str) -> Wanted | None:
    """What a filter lets through; None for all. Raises `RefusedError`."""
    if not text.strip():
        return None
    try:
        return Filter.parse(text).matches
    except FilterError as error:
        raise RefusedError(400, f"filter: {error}") from None


class _Looking:
    """A question for entries, which is looked into for a moment at each turn, and may wait for what is to come."""

    def __init__(self, ask: Ask) -> None:
        query = ask.query
        self._told = ask.web.told
        self._reactor = ask.web.reactor
        self._wants = wanted(query.filter)
        self._after = self._last = query.after
        self._limit = query.limit
        self._wait = query.wait
        self._found: list[bytes] = []
        self._next: Any = None
        self._timer: Any = None
        self._forget: Callable[[], None] | None = None
        self._done: Deferred[Outcome] | None = None

    def outcome(self) -> "Outcome | Deferred[Outcome]":
        """The answer, at once where that takes a moment."""
        if self._is_through() and (self._found or not self._wait):
            return self._answer()
        done = self._done = Deferred(lambda _: self._end())
        if self._wait:
            self._timer = self._reactor.callLater(self._wait, self._too_late)
        self._go_on()
        return done

    def _is_through(self) -> bool:
        """Looks at what there is for a moment; whether that was all, or enough."""
        until = perf_counter() + SLICE_SECONDS
        for place in self._told.after(self._last):
            if self._wants is None or self._wants(place.event):
                for number, line in self._told.lines(place):
                    if number > self._last and len(self._found) < self._limit:
                        self._found.append(line)
                        self._last = number
                if len(self._found) >= self._limit:
                    return True
            self._last = max(self._last, place.last)
            if perf_counter() > until and self._last < self._told.last:
                return False
        return True

    def _go_on(self) -> None:
        self._next = None
        if not self._is_through():
            self._next = self._reactor.callLater(0, self._go_on)
        elif self._found or self._timer is None:
            self._tell()
        elif self._forget is None:
            self._forget = self._told.wake(self._wake)

    def _wake(self) -> None:
        if self._next is None:
            self._next = self._reactor.callLater(0, self._go_on)

    def _too_late(self) -> None:
        self._timer = None
        if self._next is None:
            self._tell()

    def _tell(self) -> None:
        done, self._done = self._done, None
        self._end()
        if done is not None:
            done.callback(self._answer())

    def _end(self) -> None:
        if self._forget is not None:
            self._forget()
        for call in (self._timer, self._next):
            if call is not None and call.active():
                call.cancel()

    def _answer(self) -> Answer:
        forgotten = self._told.forgotten(self._after)
        body = b'{"messages":[%b],"last":%d,"forgotten":%d}\n'
        return Answer(body % (b",".join(self._found), self._last, forgotten))


def listed(ask: Ask) -> "Outcome | Deferred[Outcome]":
    """`GET /api/v1/messages`."""
    return _Looking(ask).outcome()


def _place(ask: Ask) -> tuple[int, Place]:
    """The id in the path, and what tells it. Raises `RefusedError`."""
    number = whole("id", ask.names["id"])
    told = ask.web.told
    place = told.at(number)
    if place is None:
        why = "is forgotten" if 0 < number <= told.last else f"has not been told: the newest is {told.last}"
        raise RefusedError(404, f"the message of id {number} {why}")
    return number, place


def _detail(ask: Ask) -> "Deferred[dict[str, Any]]":
    number, place = _place(ask)

    def made(context: Context) -> dict[str, Any]:
        return details_of(place.event, context, place.id)[number - place.id]

    return ask.web.contexts.of(place).addCallback(made)


def one(ask: Ask) -> "Deferred[Outcome]":
    """`GET /api/v1/messages/{id}`."""
    return _detail(ask).addCallback(json)


def octets(ask: Ask) -> "Deferred[Outcome]":
    """`GET /api/v1/messages/{id}/bytes`."""

    def told(detail: dict[str, Any]) -> Outcome:
        if detail["tree"] is None:
            raise RefusedError(404, f"id {ask.names['id']} is no message: it has no bytes")
        return Answer(bytes.fromhex(detail["tree"]["buffers"][0]), OCTETS)

    return _detail(ask).addCallback(told)


def events(ask: Ask) -> Outcome:
    """`GET /api/v1/events`."""
    last = ask.query.after
    for given in ask.call.texts("last-event-id"):
        last = whole("Last-Event-ID", given)
    return ask.web.streams.open(last, wanted(ask.query.filter), ask.query.filter)


ROUTES: Final = (
    Route(
        "GET", "/api/v1/messages", listed, "What happened, in the order told", {200: Messages}, MessagesQuery
    ),
    Route(
        "GET", "/api/v1/messages/{id}", one, "One message with its tree and tables", {200: Detail, 404: None}
    ),
    Route(
        "GET",
        "/api/v1/messages/{id}/bytes",
        octets,
        "The bytes of a message, secrets as zeros",
        {200: OCTETS, 404: None},
    ),
    Route("GET", "/api/v1/events", events, "What happens, as server-sent events", {200: EVENTS}, EventsQuery),
)
