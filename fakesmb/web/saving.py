"""A conversation as one HTML page, by HTTP."""

from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any, Final

import msgspec

from fakesmb.record.events import Event, Exchanged
from fakesmb.show.details import details_of
from fakesmb.trace.follow import Follower
from fakesmb.web import standalone
from fakesmb.web.answer import Answer, RefusedError
from fakesmb.web.messages import FilterText, wanted
from fakesmb.web.routes import Ask, Route
from fakesmb.web.told import Told
from fakesmb.web.turns import in_turns

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from fakesmb.web.protocol import Outcome

HTML: Final = "text/html; charset=utf-8"
MOST: Final = 20_000
"""Messages of one page."""


class PageQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which messages."""

    filter: FilterText = ""
    connection: int | None = None
    """Only those of that conversation."""


def page(ask: Ask) -> "Deferred[Outcome]":
    """`GET /api/v1/page.html`."""
    query = ask.query
    wants, title = wanted(query.filter), "A conversation"
    if query.connection is not None:
        title += f" ({query.connection})"
    name = "fakesmb.html" if query.connection is None else f"fakesmb-{query.connection}.html"

    def work() -> Generator[object, None, "Outcome"]:
        builder = standalone.Builder(title=title)
        told = 0
        for detail in _details(ask.web.told, wants, query.connection):
            yield None
            if detail is None:
                continue
            told += 1
            if told > MOST:
                raise RefusedError(
                    400, f"filter: a page holds {MOST} messages at most: say which by a filter"
                )
            builder.add(detail)
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Answer(builder.page().encode(), HTML, headers=headers)

    return in_turns(ask.web.reactor, work())


def _details(
    told: Told, wants: Callable[[Event], bool] | None, connection: int | None
) -> Iterator[dict[str, Any] | None]:
    """Details of what is wanted; None for each event that is not, which is followed all the same."""
    follower = Follower()
    for place in told.after(0):
        event = place.event
        context = follower.follow(event)
        number = event.client.connection if isinstance(event, Exchanged) else event.connection
        if (connection is not None and number != connection) or (wants is not None and not wants(event)):
            yield None
            continue
        yield from details_of(event, context, place.id)


ROUTES: Final = (
    Route(
        "GET",
        "/api/v1/page.html",
        page,
        "A conversation as one page of HTML",
        {200: HTML, 400: None},
        PageQuery,
    ),
)
