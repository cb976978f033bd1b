"""Captures that somebody gave the page: read, numbered and shown as what happens here is, and kept for a while."""

from collections.abc import Generator
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

import msgspec

from fakesmb.capture.events import events
from fakesmb.capture.trouble import CaptureError, Trouble
from fakesmb.record.events import Exchanged
from fakesmb.web import messages, saving
from fakesmb.web.answer import RefusedError, json
from fakesmb.web.contexts import Contexts
from fakesmb.web.routes import Ask, Octets, Route, whole
from fakesmb.web.told import Told, count
from fakesmb.web.turns import in_turns

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from fakesmb.web.protocol import Outcome

MOST_BYTES: Final = 32 << 20
"""Of a capture that is sent."""
MOST_KEPT: Final = 4
"""Captures at a time; of more the ones given first are forgotten."""
MOST_MESSAGES: Final = 100_000
MOST_HELD: Final = 128 << 20
"""Bytes of the messages of one capture."""
MOST_TROUBLES: Final = 200
"""Lines about what could not be read."""
MEDIA: Final = ("application/octet-stream", "application/vnd.tcpdump.pcap", "application/x-pcapng")


class Loaded:
    """One capture: what calls about messages use of `site.Web`."""

    def __init__(self, reactor: Any) -> None:
        self.reactor = reactor
        self.told = Told(MOST_MESSAGES, 2 * MOST_HELD)
        self.contexts = Contexts(self.told, reactor)
        self.troubles: list[str] = []


class Captures:
    """Those that are kept, by number."""

    def __init__(self) -> None:
        self._kept: dict[int, Loaded] = {}
        self._last = 0

    def keep(self, loaded: Loaded) -> int:
        """Keeps one more; gives its number."""
        self._last += 1
        self._kept[self._last] = loaded
        while len(self._kept) > MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        return self._last

    def of(self, number: int) -> Loaded:
        """Raises `RefusedError`."""
        loaded = self._kept.get(number)
        if loaded is None:
            why = "is forgotten: give it again" if 0 < number <= self._last else "was not given"
            raise RefusedError(404, f"capture {number} {why}")
        return loaded


class Given(msgspec.Struct, frozen=True):
    """A capture that was read."""

    capture: str
    """`/api/v1/captures/{capture}/messages` has its messages."""
    messages: int
    troubles: list[str]
    """What could not be read, a line each."""


class NameQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What it is called."""

    name: str = ""
    """Of the file; said where it is no capture."""


def load(ask: Ask) -> "Deferred[Outcome]":
    """`POST /api/v1/captures`."""
    name = ask.query.name or "what was sent"

    def work() -> Generator[object, None, "Outcome"]:
        loaded = Loaded(ask.web.reactor)
        told, held, found, more = loaded.told, 0, 0, 0
        try:
            for event in events(BytesIO(ask.body)):
                yield None
                if isinstance(event, Trouble):
                    if len(loaded.troubles) < MOST_TROUBLES:
                        loaded.troubles.append(
                            f"frame {event.frame}: {event.text}" if event.frame else event.text
                        )
                    else:
                        more += 1
                    continue
                if isinstance(event, Exchanged):
                    held += len(event.request) + len(event.reply)
                if held > MOST_HELD or told.last >= MOST_MESSAGES - 1:
                    loaded.troubles.append(
                        f"only the first {found} messages are shown: it is too large for a page"
                    )
                    break
                told.write(event)
                found += count(event) if isinstance(event, Exchanged) else 0
        except CaptureError as error:
            raise RefusedError(400, f"{name}: {error}") from None
        if more:
            loaded.troubles.append(f"and {more} more that could not be read")
        number = ask.web.captures.keep(loaded)
        return json(Given(str(number), found, loaded.troubles), 201)

    return in_turns(ask.web.reactor, work())


def _inside(ask: Ask) -> Ask:
    """The same call, to what the capture holds."""
    loaded = ask.web.captures.of(whole("capture", ask.names["capture"]))
    return ask._replace(web=loaded)  # type: ignore[arg-type]


def listed(ask: Ask) -> "Outcome | Deferred[Outcome]":
    """`GET /api/v1/captures/{capture}/messages`."""
    return messages.listed(_inside(ask))


def one(ask: Ask) -> "Deferred[Outcome]":
    """`GET /api/v1/captures/{capture}/messages/{id}`."""
    return messages.one(_inside(ask))


def octets(ask: Ask) -> "Deferred[Outcome]":
    """`GET /api/v1/captures/{capture}/messages/{id}/bytes`."""
    return messages.octets(_inside(ask))


def page(ask: Ask) -> "Deferred[Outcome]":
    """`GET /api/v1/captures/{capture}/page.html`."""
    return saving.page(_inside(ask))


_BASE: Final = "/api/v1/captures/{capture}"
ROUTES: Final = (
    Route(
        "POST",
        "/api/v1/captures",
        load,
        "Reads a capture, for the page",
        {201: Given, 400: None, 413: None},
        NameQuery,
        Octets(MEDIA, MOST_BYTES),
    ),
    Route(
        "GET",
        f"{_BASE}/messages",
        listed,
        "The messages of a capture",
        {200: messages.Messages, 404: None},
        messages.MessagesQuery,
    ),
    Route("GET", f"{_BASE}/messages/{{id}}", one, "One of them", {200: messages.Detail, 404: None}),
    Route("GET", f"{_BASE}/messages/{{id}}/bytes", octets, "Its bytes", {200: messages.OCTETS, 404: None}),
    Route(
        "GET",
        f"{_BASE}/page.html",
        page,
        "A capture as one page of HTML",
        {200: saving.HTML, 404: None},
        saving.PageQuery,
    ),
)
