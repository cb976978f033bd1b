"""A server with a control API in memory: no socket, and a clock that a test moves."""

import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure

from fakesmb import FakeSMBService
from fakesmb.testing import Client

PORT = 8080
HOST = f"127.0.0.1:{PORT}"
USERS = {"alice": "Secret123"}


class Got(NamedTuple):
    """An answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)

    @property
    def error(self) -> str:
        """The line that says what is wrong."""
        assert set(self.json) >= {"error"}
        text = self.json["error"]
        assert isinstance(text, str)
        assert "\n" not in text
        return text


class Browser:
    """One connection to the API."""

    def __init__(self, memory: "Memory", own: str = "127.0.0.1") -> None:
        self.transport = StringTransport(
            IPv4Address("TCP", own, PORT), IPv4Address("TCP", "127.0.0.1", 50000)
        )
        self.channel = memory.http.buildProtocol(None)
        self.channel.makeConnection(self.transport)
        self._memory = memory

    def send(self, data: bytes) -> None:
        """Sends bytes."""
        self.channel.dataReceived(data)

    def leave(self) -> None:
        """The connection is gone."""
        self.channel.connectionLost(Failure(ConnectionDone()))

    def take(self) -> bytes:
        """What came since it was called last."""
        data: bytes = self.transport.value()
        self.transport.clear()
        return data

    def events(self) -> list[tuple[str, Any, int | None]]:
        """The server-sent events that came: name, data, id."""
        data = self.take()
        head, found = data.partition(b"\r\n\r\n"), []
        text = _unchunked(head[2] if data.startswith(b"HTTP/") else data).decode()
        for block in text.split("\n\n"):
            fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
            if "data" in fields:
                number = int(fields["id"]) if "id" in fields else None
                found.append((fields.get("event", ""), json.loads(fields["data"]), number))
        return found


class Reactor(MemoryReactorClock):
    """A reactor of Twisted's tests, for a server that asks for calls from threads, too."""

    def listenTCP(self, *args: Any, **more: Any) -> Any:  # noqa: N802
        """A port that a reset stops for a moment."""
        port: Any = super().listenTCP(*args, **more)  # type: ignore[no-untyped-call]
        port.connected = True
        port.pauseProducing = port.resumeProducing = lambda: None
        return port

    def callFromThread(self, work: Any, *args: Any) -> None:  # noqa: N802
        """Calls at the next turn."""
        self.callLater(0, work, *args)


class Memory:
    """The server, and what calls it."""

    def __init__(self, shares: Any = None, **keywords: Any) -> None:
        self.reactor = Reactor()  # type: ignore[no-untyped-call]
        keywords.setdefault("users", USERS)
        keywords.setdefault("web", PORT)
        self.service = FakeSMBService({"in": {"a.txt": b"hello"}} if shares is None else shares, **keywords)
        failed: list[Any] = []
        self.service.start(self.reactor, spares=False).addErrback(failed.append)
        for failure in failed:
            failure.raiseException()
        self.http = cast("Any", self.reactor.tcpServers[-1][1])
        self.http.site.streams._clock = (
            float  # slices are as long as they need to be, however busy the machine is
        )

    def stop(self) -> None:
        """Ends it, and lets go of what it has on the disk."""
        ended: list[Any] = []
        self.service.stop(patience=0).addBoth(ended.append)
        for _ in range(100):
            self.reactor.advance(0.01)
        assert ended == [None]

    def smb(self) -> Client:
        """A client of SMB, signed in and with the share."""
        assert self.service.server is not None
        server: Any = SimpleNamespace(server=self.service.server, clock=self.reactor, threads=None)
        return Client(server).sign_in().connect("in")

    def browser(self, own: str = "127.0.0.1") -> Browser:
        """A connection."""
        return Browser(self, own)

    def call(
        self,
        method: str,
        target: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] = {},
        own: str = "127.0.0.1",
        seconds: float = 0,
    ) -> Got:
        """Calls, and gives the answer that has come after so many seconds."""
        browser = self.browser(own)
        browser.send(request(method, target, body, headers))
        self.reactor.advance(seconds)
        return answer(browser.take(), head=method == "HEAD")

    def get(self, target: str, **more: Any) -> Got:
        """GET."""
        return self.call("GET", target, **more)

    def post(self, target: str, body: Any = None, **more: Any) -> Got:
        """POST of JSON."""
        return self.call("POST", target, {} if body is None else body, **more)


def request(method: str, target: str, body: Any = None, headers: Mapping[str, str] = {}) -> bytes:
    """The bytes of a request; a body that is no bytes is JSON."""
    lines = {"Host": HOST}
    data = b""
    if body is not None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        lines |= {"Content-Type": "application/json", "Content-Length": str(len(data))}
    lines |= headers
    text = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value is not None)
    return f"{method} {target} HTTP/1.1\r\n{text}\r\n".encode() + data


def answer(data: bytes, *, head: bool = False) -> Got:
    """What came, as an answer that is whole."""
    top, _, body = data.partition(b"\r\n\r\n")
    first, *lines = top.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    if headers.get("transfer-encoding") == "chunked":
        body = _unchunked(body)
    elif not head:
        assert len(body) == int(headers.get("content-length", 0)), data
    return Got(int(first.split()[1]), headers, body)


def _unchunked(data: bytes) -> bytes:
    whole = b""
    while data:
        size, _, data = data.partition(b"\r\n")
        whole, data = whole + data[: int(size, 16)], data[int(size, 16) + 2 :]
    return whole
