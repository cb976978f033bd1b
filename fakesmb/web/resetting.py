"""The server as it was when it started, or parts of it, by HTTP."""

from typing import Any, Final

import msgspec
from twisted.internet.defer import Deferred

from fakesmb.mistakes import ConfigError
from fakesmb.resets import PARTS, Part
from fakesmb.web.answer import RefusedError, json
from fakesmb.web.protocol import Outcome
from fakesmb.web.routes import Ask, Route


class Reset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be as it was: all of it, unless parts are named."""

    parts: tuple[Part, ...] = PARTS


class Done(msgspec.Struct, frozen=True):
    """What is as it was."""

    reset: list[Part]


def reset(ask: Ask) -> "Deferred[Outcome]":
    """`POST /api/v1/reset`."""
    parts = tuple(dict.fromkeys(ask.body.parts))

    def failed(failure: Any) -> Outcome:
        failure.trap(ConfigError, RuntimeError)
        raise RefusedError(503, str(failure.value))

    done: Deferred[Any] = ask.web.service.reset(*parts) if parts else _nothing()
    return done.addCallback(lambda _: json(Done(list(parts)))).addErrback(failed)


def _nothing() -> "Deferred[None]":
    from twisted.internet.defer import succeed

    return succeed(None)


ROUTES: Final = (
    Route(
        "POST",
        "/api/v1/reset",
        reset,
        "Make the server as it was when it started; answers when it is",
        {200: Done},
        body=Reset,
        optional=True,
    ),
)
