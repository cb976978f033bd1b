"""The control API of a server: who may call, what calls do, and when it ends."""

import os
from typing import TYPE_CHECKING, Any, Final, Protocol

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.python.failure import Failure

from fakesmb.web.answer import Answer
from fakesmb.web.api import ALIASES, TABLE
from fakesmb.web.contexts import Contexts
from fakesmb.web.guard import Guard
from fakesmb.web.live import LiveCapture
from fakesmb.web.loaded import Captures
from fakesmb.web.protocol import HTTP, Call, Outcome
from fakesmb.web.routes import Ask, Found, Routes, body_of, check_media, query_of
from fakesmb.web.streams import Streams
from fakesmb.web.told import Told

if TYPE_CHECKING:
    from twisted.internet.interfaces import IListeningPort

    from fakesmb.capture.captures import Captures as LiveCaptures
    from fakesmb.config.merging import Config
    from fakesmb.core.state import Server
    from fakesmb.faults.fault import Faults
    from fakesmb.folders.sharefiles import Across, ShareFiles
    from fakesmb.record.journal import Journal
    from fakesmb.record.log import EventLog
    from fakesmb.resets import Part

LAST_SECONDS: Final = 0.1
"""How long callers have at the end to take their last bytes."""
LOOK_SECONDS: Final = 0.002
LEAST_EVENTS: Final = 2000
"""How many events are remembered for who looks, where the journal is off or smaller."""


class Ports(Protocol):
    """Where clients of SMB connect."""

    @property
    def host(self) -> str:
        """The address."""

    @property
    def direct(self) -> int:
        """The port."""

    @property
    def netbios(self) -> int | None:
        """The second port."""


class Service(Protocol):
    """What is used of the server that is controlled."""

    config: "Config"
    recorder: "Journal"
    faults: "Faults"
    captures: "LiveCaptures"
    log: "EventLog"
    server: "Server | None"

    @property
    def ports(self) -> "Ports | None":
        """Where clients connect; None before the start."""

    def reset(self, *parts: "Part") -> "Deferred[None]":
        """Makes these parts as they were at the start."""

    def files_of(self, name: str, across: "Across") -> "ShareFiles":
        """What is on a share."""


class Web:
    """What answers HTTP for one server that runs."""

    def __init__(self, service: Service, reactor: Any) -> None:
        self.service = service
        self.reactor = reactor
        web = service.config.web
        self.guard = Guard(web.token, (*web.hosts, web.host), os.urandom(32))
        self.told = Told(max(service.config.log.journal, LEAST_EVENTS))
        self.streams = Streams(self.told, reactor)
        self.contexts = Contexts(self.told, reactor)
        self.captures = Captures()
        self.description: Answer | None = None
        """The API as OpenAPI, once somebody has asked."""
        self.live: set[LiveCapture] = set()
        """Who captures."""
        self.routes = Routes(TABLE, ALIASES)
        self.factory = HTTP(self, reactor)
        self.port: IListeningPort | None = None
        service.log.add(self.told)

    def listen(self, port: "IListeningPort") -> None:
        """It listens there."""
        self.port = port
        self.guard.cookie = f"fakesmb-{self.number}"

    @property
    def _listens(self) -> Any:
        assert self.port is not None
        return self.port.getHost()

    @property
    def host(self) -> str:
        """The address that it listens on."""
        return str(self._listens.host)

    @property
    def number(self) -> int:
        """The port."""
        return int(self._listens.port)

    def stop_listening(self) -> "Deferred[Any]":
        """Takes no more callers. Fires when that is so."""
        return maybeDeferred(lambda: self.port.stopListening() if self.port is not None else None)

    def leave(self) -> "Deferred[None]":
        """The server stops: streams have their last, and connections end. Fires when they have, or soon."""
        for live in tuple(self.live):
            live.finish()
        done: Deferred[None] = Deferred()

        def end_streams() -> None:
            self.streams.send_last()
            self.factory.leave()
            look(self.reactor.seconds() + LAST_SECONDS)

        def look(until: float) -> None:
            if self.factory.clients and self.reactor.seconds() < until:
                self.reactor.callLater(LOOK_SECONDS, look, until)
                return
            self.factory.abort()
            self.service.log.remove(self.told)
            self.streams.stop()
            done.callback(None)

        # What live captures made last comes from threads, in this turn.
        self.reactor.callLater(0, end_streams)
        return done

    # -- calls ---------------------------------------------------------------------------------------------

    def admit(self, call: Call) -> int:
        """The most bytes of the body. Raises `RefusedError` for what is refused by its headers."""
        method, path, query = map(_text, (call.method, call.path, call.query))
        own = str(getattr(call.getHost(), "host", ""))
        call.outcome = self.guard.check(method, path, query, call.texts, own)
        if call.outcome is not None:
            return 0
        found = self.routes.find(method, path)
        length = call.texts("content-length")
        check_media(found.route, call.texts("content-type"), int(length[0]) if length else None)
        call.found = found
        call.asked = query_of(found.route, query)
        return found.route.most

    def answer(self, call: Call, body: bytes) -> "Outcome | Deferred[Outcome]":
        """Does what is asked for."""
        assert isinstance(call.found, Found)
        route, names = call.found
        return route.does(Ask(self, call, names, call.asked, body_of(route, body)))

    def problem(self, failure: Failure) -> None:
        """Puts a bug of ours into the record."""
        self.service.log.problem(
            f"the control API failed: {failure.getErrorMessage()}", traceback=failure.getTraceback()
        )


def _text(part: bytes) -> str:
    return part.decode("utf-8", "backslashreplace")
