"""Whether the server is there, which it is, and what the API looks like."""

from typing import Any, Final

import msgspec
from twisted.internet.defer import Deferred

from fakesmb.version import __version__
from fakesmb.web.answer import Answer, json
from fakesmb.web.protocol import Outcome
from fakesmb.web.routes import Ask, Route
from fakesmb.web.turns import in_turns


class Ready(msgspec.Struct, frozen=True):
    """That the server takes clients."""

    ready: bool


class Version(msgspec.Struct, frozen=True):
    """What the server is."""

    name: str
    version: str


def ready(ask: Ask) -> Answer:
    """`GET /readyz`, `/healthz`: who gets an answer from this reactor is served by it."""
    return json(Ready(ready=True))


def told_version(ask: Ask) -> Answer:
    """`GET /version`."""
    return json(Version("fakesmb", __version__))


def described(ask: Ask) -> "Outcome | Deferred[Outcome]":
    """`GET /openapi.json`."""
    web = ask.web
    if web.description is not None:
        return web.description
    from fakesmb.web.openapi import described as whole

    def made(document: dict[str, Any]) -> Outcome:
        web.description = json(document)
        return web.description

    return in_turns(web.reactor, whole(web.routes.table)).addCallback(made)


ROUTES: Final = (
    Route("GET", "/readyz", ready, "Whether clients can connect", {200: Ready}),
    Route("GET", "/healthz", ready, "Whether the server answers", {200: Ready}),
    Route("GET", "/version", told_version, "Which version it is", {200: Version}),
    Route("GET", "/openapi.json", described, "This description", {200: dict[str, Any]}),
)
