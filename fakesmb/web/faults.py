"""The armed faults by HTTP: the keys of `[[fault]]` in, what each has seen and done out."""

from collections.abc import Mapping
from typing import Annotated, Any, Final
from urllib.parse import quote

import msgspec
from msgspec import Meta
from twisted.internet.defer import Deferred

from fakesmb.faults.errors import FaultError
from fakesmb.faults.fault import Fault
from fakesmb.faults.reading import KEYS
from fakesmb.faults.waiting import when_hit
from fakesmb.nt.nearest import nearest
from fakesmb.web import asked as said
from fakesmb.web.answer import Answer, RefusedError, json
from fakesmb.web.protocol import Outcome
from fakesmb.web.routes import Ask, Route

Rule: Any = msgspec.defstruct("Rule", [(key, Any, msgspec.UNSET) for key in KEYS if key != "call"])
"""A rule: the keys of `[[fault]]` (docs/faults.md)."""


class Armed(msgspec.Struct, frozen=True):
    """A rule, and what it has done."""

    id: str
    """Its name."""
    name: str
    url: str
    rule: dict[str, Any]
    """As it was given."""
    seen: int
    """Requests that it means."""
    hits: int
    """Those that it acted on."""
    armed: bool
    """False for one that was removed."""


class AllArmed(msgspec.Struct, frozen=True):
    """The rules, in the order armed."""

    faults: list[Armed]


class WithExchanges(Armed, frozen=True):
    """A rule with the exchanges that it acted on, the first 100."""

    exchanges: list[dict[str, Any]]


class FaultsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which rules."""

    all: bool = False
    """Those that were removed, too, since the last reset."""


class WaitForHits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is waited for."""

    hits: Annotated[int, Meta(ge=1, le=1 << 53)] = 1
    timeout: said.Seconds = 5.0


class NotHit(msgspec.Struct, frozen=True):
    """It did not act so often."""

    error: str
    fault: Armed


def _told(fault: Fault) -> dict[str, Any]:
    rule = {key: said.plain(value) for key, value in fault.rule.given.items()}
    return {
        "id": fault.name,
        "name": fault.name,
        "url": f"/api/v1/faults/{quote(fault.name, safe='')}",
        "rule": rule,
        "seen": fault.seen,
        "hits": fault.hits,
        "armed": fault.armed,
    }


def listed(ask: Ask) -> Answer:
    """`GET /api/v1/faults`."""
    faults = ask.web.service.faults
    return json({"faults": [_told(one) for one in (faults.all if ask.query.all else faults)]})


def arm(ask: Ask) -> Answer:
    """`POST /api/v1/faults`."""
    given: Mapping[str, Any] = ask.body
    if "call" in given:
        raise RefusedError(400, "call: is a function of Python, which no call of HTTP can bring")
    try:
        fault = ask.web.service.faults.arm(given)
    except FaultError as error:
        raise said.mistake(error) from None
    told = _told(fault)
    return json(told, 201, {"Location": told["url"]})


def _named(ask: Ask) -> Fault:
    """The rule of the path; of several of a name the last."""
    faults, name = ask.web.service.faults, ask.names["fault"]
    for fault in reversed(faults.all):
        if fault.name == name:
            return fault
    near = nearest(name, [one.name for one in faults])
    raise RefusedError(404, f"no fault is called {name!r}{near}")


def one(ask: Ask) -> Answer:
    """`GET /api/v1/faults/{fault}`."""
    fault = _named(ask)
    try:
        exchanges = fault.exchanges
    except RuntimeError:  # the journal is off
        exchanges = []
    return json(_told(fault) | {"exchanges": said.told(exchanges)})


def wait(ask: Ask) -> "Deferred[Outcome]":
    """`POST /api/v1/faults/{fault}/wait`."""
    fault = _named(ask)

    def missed(failure: Any) -> Outcome:
        failure.trap(AssertionError)
        return json({"error": str(failure.value), "fault": _told(fault)}, 409)

    done: Deferred[Any] = when_hit(ask.web.reactor.callLater, fault, ask.body.hits, ask.body.timeout)
    return done.addCallback(lambda _: json(_told(fault))).addErrback(missed)


def remove(ask: Ask) -> Answer:
    """`DELETE /api/v1/faults/{fault}`."""
    fault = _named(ask)
    fault.remove()
    return json(_told(fault))


def remove_all(ask: Ask) -> Answer:
    """`DELETE /api/v1/faults`."""
    faults = ask.web.service.faults
    gone = list(faults)
    for fault in gone:
        fault.remove()
    return json({"faults": [_told(fault) for fault in gone]})


_ONE: Final = "/api/v1/faults/{fault}"

ROUTES: Final = (
    Route("GET", "/api/v1/faults", listed, "The armed faults", {200: AllArmed}, FaultsQuery),
    Route("POST", "/api/v1/faults", arm, "Arm a fault", {201: Armed}, body=Rule, free=True),
    Route("DELETE", "/api/v1/faults", remove_all, "Remove all faults", {200: AllArmed}),
    Route("GET", _ONE, one, "One fault with what it did", {200: WithExchanges, 404: None}),
    Route("DELETE", _ONE, remove, "Remove a fault", {200: Armed, 404: None}),
    Route(
        "POST",
        f"{_ONE}/wait",
        wait,
        "When it has acted so often",
        {200: Armed, 409: NotHit, 404: None},
        body=WaitForHits,
        optional=True,
    ),
)
