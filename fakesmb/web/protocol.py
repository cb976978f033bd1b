"""HTTP as Twisted speaks it, with bounds: on clients, on what they send, and on how long they take to send it."""

from typing import TYPE_CHECKING, Any, Final, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel, Request

from fakesmb.web.answer import Answer, RefusedError
from fakesmb.web.guard import SAFETY

MOST_CLIENTS: Final = 256
"""Connections at once."""
HEAD_SECONDS: Final = 10.0
"""How long a client has to send a request line with its headers."""
BODY_SECONDS: Final = 60.0
"""How long for the body."""
IDLE_SECONDS: Final = 60
"""How long a connection without a request is kept."""
LEAVE_SECONDS: Final = 2.0
"""How long a client has that goes on sending what was refused."""
MOST_DIGITS: Final = 15
"""Of a Content-Length."""
MOST_HELD: Final = 160 << 20
"""Bytes of bodies that all clients together may be sending."""
_SERVER_ERROR: Final = 500
_NO_CONTENT: Final = 204


class Stream(Protocol):
    """An answer that goes on: it is begun once its headers are sent, and told when the client has gone."""

    media: str

    def begin(self, request: "Call") -> None:
        """Writes from now on."""

    def end(self) -> None:
        """The client has gone, or the server stops."""


Outcome = Answer | Stream


class Site(Protocol):
    """What answers."""

    def admit(self, call: "Call") -> int:
        """The most bytes that its body may have. Raises `RefusedError` for what is refused by its headers."""

    def answer(self, call: "Call", body: bytes) -> "Outcome | Deferred[Outcome]":
        """The answer. Raises `RefusedError`."""

    def problem(self, failure: Failure) -> None:
        """Something went wrong inside the server."""


class Call(Request):
    """One request."""

    channel: "Channel"
    outcome: Answer | None = None
    """What it is answered with whatever its body says."""
    found: object = None
    """Its route."""
    asked: object = None
    """What its query says."""
    _most = 0
    _size = 0
    _held = 0
    """Bytes of its body that are kept."""
    _told = False
    """Whether the answer has left before the body came."""
    _stream: Stream | None = None
    _waits: "Deferred[Any] | None" = None

    def texts(self, name: str) -> list[str]:
        """The values of a header."""
        values = self.requestHeaders.getRawHeaders(name.encode()) or ()
        return [value.decode("utf-8", "surrogateescape") for value in values]

    # -- its body comes ------------------------------------------------------------------------------------

    def gotLength(self, length: int | None) -> None:  # noqa: N802
        """The headers are there: what they say may be refused before the body is taken."""
        self._chunks: list[bytes] = []
        self._factory = self.channel.factory
        self.method, self.uri, self.clientproto = (
            self.channel.command,
            self.channel.target,
            self.channel.version,
        )
        self.path, _, self.query = self.uri.partition(b"?")
        try:
            self._most = self.channel.site.admit(self)
        except RefusedError as refused:
            self.outcome = refused.answer
        except Exception:
            self.outcome = self._failed(Failure())
        if length is not None and length > self._most and self.outcome is None:
            self.outcome = _too_large(self._most).answer
        if self.outcome is not None and (length is None or length > 0):
            self._tell_early(self.outcome)

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802
        """Keeps a part of the body, within bounds."""
        self._size += len(data)
        if self.outcome is None and self._size > self._most:
            self._release()
            self.outcome = _too_large(self._most).answer
            self._tell_early(self.outcome)
        if self.outcome is None and self._factory.held + len(data) > MOST_HELD:
            self.outcome = RefusedError(
                503, "others are sending much: try again", {"Retry-After": "5"}
            ).answer
            self._release()
            self._tell_early(self.outcome)
        if self.outcome is None:
            self._chunks.append(data)
            self._held += len(data)
            self._factory.held += len(data)

    def _release(self) -> None:
        """Its body is kept no longer."""
        self._chunks.clear()
        self._factory.held -= self._held
        self._held = 0

    def _tell_early(self, answer: Answer) -> None:
        """Answers before the body is through, which is read to no end: a client that sends it all would see a reset."""
        self._told = True
        self.requestHeaders.removeHeader(b"Expect")
        self.channel.persistent = 0
        self.responseHeaders.setRawHeaders(b"Connection", [b"close"])
        self._write_whole(answer)
        self.channel.have_leave()

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:  # noqa: N802
        """All is there."""
        if self._told:
            self.finish()
            return
        if self.outcome is not None:
            self._end(self.outcome)
            return
        body = b"".join(self._chunks)
        self._chunks.clear()  # what is counted of it stays until the answer leaves
        try:
            outcome = self.channel.site.answer(self, body)
        except RefusedError as refused:
            outcome = refused.answer
        except Exception:
            outcome = self._failed(Failure())
        if isinstance(outcome, Deferred):
            self._waits = outcome
            outcome.addErrback(self._refused)
            outcome.addCallback(self._end)
        else:
            self._end(outcome)

    # -- its answer goes -----------------------------------------------------------------------------------

    def _refused(self, failure: Failure) -> Answer:
        if isinstance(failure.value, RefusedError):
            return failure.value.answer
        return self._failed(failure)

    def _failed(self, failure: Failure) -> Answer:
        self.channel.site.problem(failure)
        return RefusedError(_SERVER_ERROR, "a mistake of ours, which the record tells: problem").answer

    def _end(self, outcome: Outcome) -> None:
        self._waits = None
        self._release()
        if self._disconnected:
            return
        if isinstance(outcome, Answer):
            self._write_whole(outcome)
            self.finish()
            return
        self._head(200, outcome.media)
        if self.method == b"HEAD":
            self.write(b"")
            self.finish()
            return
        self._stream = outcome
        outcome.begin(self)

    def _head(self, status: int, media: str) -> None:
        self.setResponseCode(status)
        set_header = self.responseHeaders.setRawHeaders
        for name, value in SAFETY.items():
            set_header(name.encode(), [value.encode()])
        if media:
            set_header(b"Content-Type", [media.encode()])

    def _write_whole(self, answer: Answer) -> None:
        self._head(answer.status, answer.media if answer.body else "")
        for name, value in answer.headers.items():
            self.responseHeaders.setRawHeaders(name.encode(), [value.encode()])
        if answer.status != _NO_CONTENT:
            self.responseHeaders.setRawHeaders(b"Content-Length", [b"%d" % len(answer.body)])
        self.write(answer.body)

    def connectionLost(self, reason: Failure) -> None:  # noqa: N802
        """The client has gone: nobody waits for the answer."""
        super().connectionLost(reason)  # type: ignore[no-untyped-call]
        if self._held:
            self._release()
        waits, self._waits = self._waits, None
        if waits is not None:
            waits.cancel()
        self.end_stream()

    def finish_stream(self) -> None:
        """What goes on ends, and the client knows that it is whole."""
        if self._stream is not None:
            self.end_stream()
            self.unregisterProducer()
            self.finish()

    def end_stream(self) -> None:
        """What goes on ends."""
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.end()


def _too_large(most: int) -> RefusedError:
    if not most:
        return RefusedError(413, "this call takes no body")
    return RefusedError(413, f"the body is too large: at most {most} bytes")


class Channel(HTTPChannel):
    """One client's connection."""

    requestFactory = Call  # noqa: N815
    totalHeadersSize = 16384  # noqa: N815
    maxHeaders = 100  # noqa: N815
    factory: "HTTP"
    transport: Any
    callLater: Any  # noqa: N815
    timeOut: Any  # noqa: N815
    _deadline: Any = None

    @property
    def site(self) -> Site:
        """What answers."""
        return self.factory.site

    @property
    def command(self) -> bytes:
        """The method of the request whose headers came."""
        command: bytes = self._command
        return command

    @property
    def target(self) -> bytes:
        """Its path and query."""
        target: bytes = self._path
        return target

    @property
    def version(self) -> bytes:
        """Its HTTP version."""
        version: bytes = self._version
        return version

    def connectionMade(self) -> None:  # noqa: N802
        """A client is there."""
        super().connectionMade()  # type: ignore[no-untyped-call]
        self.factory.clients.add(self)
        if len(self.factory.clients) > MOST_CLIENTS:
            self._say(503, b"Service Unavailable", "too many clients at once: try again later")
            return
        self._allow(HEAD_SECONDS)

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]  # noqa: N802
        """The client has gone."""
        self.factory.clients.discard(self)
        self._allow(None)
        super().connectionLost(reason)  # type: ignore[no-untyped-call]

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        """Bytes came. A mistake of ours, or of Twisted's, costs this connection only."""
        try:
            super().dataReceived(data)  # type: ignore[no-untyped-call]
        except Exception:
            self.site.problem(Failure())
            self.transport.abortConnection()

    def headerReceived(self, line: bytes) -> bool:  # noqa: N802
        """A header. Nobody sends a body whose length has so many digits, which Python does not even read."""
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length" and len(value.strip()) > MOST_DIGITS:
            self._say(413, b"Content Too Large", "the body is too large")
            return False
        went_well: bool = super().headerReceived(line)  # type: ignore[no-untyped-call]
        return went_well

    def lineReceived(self, line: bytes) -> None:  # noqa: N802
        """A line of the head of a request."""
        if self._deadline is None:
            self._allow(HEAD_SECONDS)
        super().lineReceived(line)  # type: ignore[no-untyped-call]

    def allHeadersReceived(self) -> None:  # noqa: N802
        """The body begins."""
        self._allow(BODY_SECONDS)
        super().allHeadersReceived()  # type: ignore[no-untyped-call]

    def allContentReceived(self) -> None:  # noqa: N802
        """The request is whole: the answer may take its time."""
        self._allow(None)
        super().allContentReceived()  # type: ignore[no-untyped-call]

    def have_leave(self) -> None:
        """The client may go on sending for a moment what nobody keeps."""
        self._allow(LEAVE_SECONDS)

    def lineLengthExceeded(self, line: bytes) -> None:  # noqa: N802
        """A request line or a header is too long."""
        self._say(431, b"Request Header Fields Too Large", "the request line or a header is too long")

    def timeoutConnection(self) -> None:  # noqa: N802
        """Nothing came for long."""
        self.transport.abortConnection()

    def _allow(self, seconds: float | None) -> None:
        """From now on the client has so many seconds for what it sends."""
        deadline, self._deadline = self._deadline, None
        if deadline is not None and deadline.active():
            deadline.cancel()
        if seconds is not None:
            self._deadline = self.factory.reactor.callLater(seconds, self.transport.abortConnection)

    def _respondToBadRequestAndDisconnect(self) -> None:  # noqa: N802
        self._say(400, b"Bad Request", "this is no request of HTTP/1.1, or has more headers than are taken")

    def _say(self, status: int, reason: bytes, text: str) -> None:
        body = RefusedError(status, text).answer.body
        head = b"HTTP/1.1 %d %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
        self.transport.write(head % (status, reason, len(body)) + body)
        self.loseConnection()


if TYPE_CHECKING:
    _Factory = Factory[Channel]
else:
    _Factory = Factory  # older Twisteds have no types for it


class HTTP(_Factory):
    """Takes clients. `reactor` is the server's own."""

    noisy = False

    def __init__(self, site: Site, reactor: Any) -> None:
        self.site = site
        self.reactor = reactor
        self.clients: set[Channel] = set()
        self.held = 0
        """Bytes of bodies that are kept."""

    def buildProtocol(self, addr: object) -> Channel:  # noqa: N802
        """A connection, whose timers are the reactor's."""
        channel = Channel()
        channel.factory = self
        channel.callLater = self.reactor.callLater
        channel.timeOut = IDLE_SECONDS
        return channel

    def log(self, request: Call) -> None:
        """Calls are not logged."""

    def leave(self) -> None:
        """The server stops: streams end, and connections are closed when what was written has left."""
        for channel in tuple(self.clients):
            channel.persistent = 0
            for request in tuple(channel.requests):
                request.finish_stream()
            channel.transport.loseConnection()

    def abort(self) -> None:
        """Whoever is still there is left."""
        for channel in tuple(self.clients):
            channel.transport.abortConnection()
