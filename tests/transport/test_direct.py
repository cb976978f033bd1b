# ruff: noqa: N802  (Twisted's names)
"""The transport's manners: replies at once, in order, bounded; connections limited, and ended with a reason."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from twisted.internet import error
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.protocol import Protocol
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from fakesmb.core.settings import Limits, Settings
from fakesmb.record.events import Connected, Disconnected
from fakesmb.testing import InMemoryServer
from fakesmb.transport.direct import (
    AT_ONCE,
    LINGER,
    TELL_AGAIN,
    TELL_UNREAD,
    DirectTCP,
    DirectTCPFactory,
    plain,
)

NEGOTIATE = bytes.fromhex(
    "00000031 ff534d42 72 00000000 18 53c8 0000 0000000000000000 0000 ffff fefe 0000 0000"
    "00 0c00 02 4e54204c4d20302e313200".replace(" ", "")
)
NEGOTIATE = (len(NEGOTIATE) - 4).to_bytes(4, "big") + NEGOTIATE[4:]
ECHO = bytes.fromhex("ff534d42 2b 00000000 18 01c8 0000 0000000000000000 0000 ffff fefe 0000 0100 01 0100")
SESSION_REQUEST = (
    bytes.fromhex("81000044")
    + b"\x20CKFDENECFDEFFCFGEFFCCACACACACACA\0"  # *SMBSERVER<20>
    + b"\x20EMEBFAFEEPFACACACACACACACACACAAA\0"  # LAPTOP<00>
)
PEER = IPv4Address("TCP", "10.0.0.5", 51234)


class Socket:
    """The kernel's side: takes as many bytes as there is room for."""

    def __init__(self) -> None:
        self.taken = bytearray()
        self.room = 1 << 30

    def send(self, data: bytes) -> int:
        if not self.room:
            raise BlockingIOError
        count = min(self.room, len(data))
        self.taken += data[:count]
        self.room -= count
        return count

    def sendmsg(self, buffers: list[bytes]) -> int:
        return self.send(b"".join(buffers))


class TCP:
    """A transport with a socket, as Twisted's: a pull producer is asked once the buffer is empty."""

    def __init__(self, peer: IPv4Address | IPv6Address = PEER) -> None:
        self.socket = Socket()
        self.buffer = bytearray()
        self.reading = True
        self.producer: DirectTCP | None = None
        self.lost = self.aborted = False
        self.bufferSize = 65536
        self._peer = peer

    def getHandle(self) -> Socket:
        return self.socket

    def getPeer(self) -> IPv4Address | IPv6Address:
        return self._peer

    def getHost(self) -> IPv4Address:
        return IPv4Address("TCP", "10.0.0.1", 445)

    def setTcpNoDelay(self, enabled: bool) -> None:
        self.no_delay = enabled

    def setTcpKeepAlive(self, enabled: bool) -> None:
        self.keep_alive = enabled

    def write(self, data: bytes) -> None:
        assert type(data) is bytes
        self.buffer += data

    def registerProducer(self, producer: DirectTCP, streaming: bool) -> None:
        assert not streaming
        assert self.producer is None
        self.producer = producer
        producer.resumeProducing()

    def unregisterProducer(self) -> None:
        self.producer = None

    def pauseProducing(self) -> None:
        self.reading = False

    def resumeProducing(self) -> None:
        self.reading = True

    def loseConnection(self) -> None:
        self.lost = True

    def abortConnection(self) -> None:
        self.aborted = True

    def drain(self) -> None:
        """The client reads: everything goes out, and there is room again."""
        self.socket.room = 1 << 30
        while self.buffer:
            self.socket.send(bytes(self.buffer))
            self.buffer.clear()
            if self.producer is not None:
                self.producer.resumeProducing()


@pytest.fixture
def server(tmp_path: Path) -> InMemoryServer:
    return InMemoryServer({"public": tmp_path}, settings=Settings(limits=Limits(connections=3)))


Accept = Callable[..., tuple[DirectTCP, TCP]]


def attach(protocol: Protocol, transport: Any) -> None:
    """What the reactor does with a connection that it has accepted."""
    protocol.makeConnection(transport)


@pytest.fixture
def factory(server: InMemoryServer) -> DirectTCPFactory:
    return DirectTCPFactory(server.server)


@pytest.fixture
def accept(factory: DirectTCPFactory) -> Accept:
    def accepted() -> tuple[DirectTCP, TCP]:
        protocol = factory.buildProtocol(PEER)
        assert protocol is not None
        transport = TCP()
        attach(protocol, transport)
        return protocol, transport

    return accepted


def echo(size: int, mid: int = 1, count: int = 1) -> bytes:
    """A framed ECHO of `size` bytes, answered `count` times."""
    head = bytearray(ECHO)
    head[30:32] = mid.to_bytes(2, "little")
    head[33:35] = count.to_bytes(2, "little")
    message = bytes(head) + size.to_bytes(2, "little") + bytes(size)
    return len(message).to_bytes(4, "big") + message


def mids(stream: bytes) -> list[int]:
    """The MIDs of the replies in a stream, which must end with a whole frame."""
    found = []
    while stream:
        size = int.from_bytes(stream[:4], "big")
        assert len(stream) >= 4 + size
        found.append(int.from_bytes(stream[34:36], "little"))
        stream = stream[4 + size :]
    return found


def test_a_reply_leaves_in_the_same_turn(accept: Accept) -> None:
    protocol, transport = accept()
    protocol.dataReceived(NEGOTIATE)
    assert transport.socket.taken[8:9] == b"\x72"
    assert not transport.buffer
    assert transport.no_delay
    assert transport.keep_alive


def test_without_a_socket_replies_go_to_the_transport(factory: DirectTCPFactory) -> None:
    """In-memory transports: what StringTransport gets is what a client would."""
    protocol = factory.buildProtocol(PEER)
    assert protocol is not None
    transport = StringTransport()
    attach(protocol, transport)
    protocol.dataReceived(SESSION_REQUEST + NEGOTIATE)
    assert transport.value().startswith(bytes.fromhex("82000000"))
    assert transport.value()[4 + 8 : 4 + 9] == b"\x72"


@pytest.mark.parametrize("size", [10, 60_000])
@pytest.mark.parametrize("room", [0, 1, 40, 5000])
def test_what_the_kernel_does_not_take_follows_in_order(accept: Accept, size: int, room: int) -> None:
    protocol, transport = accept()
    protocol.dataReceived(NEGOTIATE)
    transport.socket.taken.clear()
    transport.socket.room = room
    protocol.dataReceived(echo(size, 1) + echo(size, 2) + echo(10, 3))
    transport.drain()
    protocol.dataReceived(echo(10, 4))
    assert mids(bytes(transport.socket.taken)) == [1, 2, 3, 4]
    assert not transport.buffer
    assert transport.producer is None


def test_a_client_that_does_not_read_is_not_read(accept: Accept) -> None:
    """Replies wait up to a bound; the requests behind it wait unanswered, even those that arrived already."""
    protocol, transport = accept()
    protocol.dataReceived(NEGOTIATE)
    transport.socket.taken.clear()
    transport.socket.room = 0
    requests = [echo(60_000, mid) for mid in range(1, 201)]
    protocol.dataReceived(b"".join(requests))
    most = Limits().unread_bytes
    assert most < protocol.unread < most + 70_000
    assert len(transport.buffer) <= AT_ONCE  # what a transport is given it copies
    assert not transport.reading
    for _ in range(20):
        transport.drain()
    assert transport.reading
    assert mids(bytes(transport.socket.taken)) == list(range(1, 201))
    assert protocol.unread == 0


class TestTellingOfOne:
    """`limits.unread_bytes`: one line in the log for each time that a client is read no further."""

    @pytest.fixture
    def server(self, tmp_path: Path) -> InMemoryServer:
        return InMemoryServer({"public": tmp_path}, settings=Settings(limits=Limits(sign_in_seconds=10_000)))

    def leaves_unread(self, protocol: DirectTCP, transport: TCP) -> None:
        transport.socket.room = 0
        for _ in range(40):
            protocol.dataReceived(echo(60_000))

    def told(self, server: InMemoryServer) -> int:
        texts = [problem.text for problem in server.problems]
        assert all("limits.unread_bytes" in text for text in texts)
        return len(texts)

    def test_once_for_many_messages(self, server: InMemoryServer, accept: Accept) -> None:
        protocol, transport = accept()
        protocol.dataReceived(NEGOTIATE)
        self.leaves_unread(protocol, transport)
        assert self.told(server) == 0
        server.clock.advance(TELL_UNREAD)
        server.clock.advance(1000)
        assert self.told(server) == 1
        assert server.problems[0].connection == 1
        while not transport.reading:
            transport.drain()
        self.leaves_unread(protocol, transport)
        server.clock.advance(TELL_UNREAD)
        assert self.told(server) == 2
        protocol.connectionLost(Failure(error.ConnectionDone()))
        assert server.clock.getDelayedCalls() == []

    def test_not_where_it_is_only_slow(self, server: InMemoryServer, accept: Accept) -> None:
        protocol, transport = accept()
        protocol.dataReceived(NEGOTIATE)
        for _ in range(10):
            self.leaves_unread(protocol, transport)
            server.clock.advance(TELL_UNREAD / 2)
            while not transport.reading:
                transport.drain()
        server.clock.advance(10)
        assert self.told(server) == 0


class TestAllUnread:
    """`limits.total_unread_bytes`: what all clients together leave unread."""

    @pytest.fixture
    def server(self, tmp_path: Path) -> InMemoryServer:
        return InMemoryServer(
            {"public": tmp_path}, settings=Settings(limits=Limits(total_unread_bytes=200_000))
        )

    def stuck(self, accept: Accept) -> tuple[DirectTCP, TCP]:
        protocol, transport = accept()
        protocol.dataReceived(NEGOTIATE)
        transport.socket.room = 0
        return protocol, transport

    def test_nobody_is_answered_further_beyond_it(self, server: InMemoryServer, accept: Accept) -> None:
        one, other = self.stuck(accept), self.stuck(accept)
        one[0].dataReceived(b"".join(echo(60_000, mid) for mid in range(1, 4)))
        assert one[1].reading
        other[0].dataReceived(b"".join(echo(60_000, mid) for mid in range(1, 4)))
        assert not other[1].reading
        assert other[0].unread < 70_000
        assert ["limits.total_unread_bytes" in problem.text for problem in server.problems] == [True]
        third, transport = accept()
        third.dataReceived(NEGOTIATE + echo(60_000, 7))
        assert mids(bytes(transport.socket.taken))[1:] == [7]  # who reads is answered
        for protocol, stalled in (one, other):
            stalled.drain()
            assert protocol.unread == 0
            assert mids(bytes(stalled.socket.taken))[1:] == [1, 2, 3]
        assert server.server.quotas.unread.used == 0

    def test_who_leaves_little_stays_then(self, server: InMemoryServer, accept: Accept) -> None:
        greedy = [self.stuck(accept) for _ in range(4)]
        modest, transport = self.stuck(accept)
        modest.dataReceived(echo(10_000))
        for number, (protocol, _) in enumerate(greedy):
            protocol._most_unread = 1 << 20
            server.server.quotas.unread.limit = 1 << 30
            protocol.dataReceived(b"".join(echo(60_000, mid) for mid in range(1, 4 + number)))
        server.server.quotas.unread.limit = 200_000
        modest.dataReceived(echo(10_000))
        assert [one.aborted for _, one in greedy] == [False, False, False, True]
        assert not transport.aborted
        transport.drain()
        assert mids(bytes(transport.socket.taken))[1:] == [1, 1]
        assert len(server.problems) == 1

    def test_far_beyond_it_they_are_left(self, server: InMemoryServer, accept: Accept) -> None:
        stuck = [self.stuck(accept) for _ in range(12)]
        for protocol, _ in stuck:
            protocol.dataReceived(echo(60_000))
        assert sum(transport.aborted for _, transport in stuck) == 6
        for protocol, transport in stuck:
            assert protocol.unread == (0 if transport.aborted else 60_041)
            if transport.aborted:
                protocol.connectionLost(Failure(error.ConnectionAborted()))
        reasons = [event.reason for event in server.sink.events if isinstance(event, Disconnected)]
        assert len(reasons) == 6
        assert "limits.total_unread_bytes" in reasons[0]
        assert server.server.quotas.unread.used < 400_000


class TestPerAddress:
    """`limits.connections_per_address`."""

    OTHER = IPv4Address("TCP", "10.0.0.6", 51234)
    HERE = IPv6Address("TCP", "::ffff:127.0.0.1", 51234)

    def factory_of(self, tmp_path: Path, **limits: int) -> tuple[InMemoryServer, DirectTCPFactory]:
        server = InMemoryServer({"public": tmp_path}, settings=Settings(limits=Limits(**limits)))
        return server, DirectTCPFactory(server.server)

    def fill(self, factory: DirectTCPFactory, peer: IPv4Address | IPv6Address) -> list[DirectTCP]:
        made = []
        while (protocol := factory.buildProtocol(peer)) is not None:
            attach(protocol, TCP(peer))
            made.append(protocol)
        return made

    def test_others_may_come(self, tmp_path: Path) -> None:
        server, factory = self.factory_of(tmp_path, connections_per_address=2)
        first, _ = self.fill(factory, PEER)
        assert "limits.connections_per_address" in server.problems[-1].text
        assert len(self.fill(factory, self.OTHER)) == 2
        first.connectionLost(Failure(error.ConnectionDone()))
        assert len(self.fill(factory, PEER)) == 1

    def test_a_network_of_ipv6_is_one_address(self, tmp_path: Path) -> None:
        """One machine has 2^64 addresses there."""
        _, factory = self.factory_of(tmp_path, connections_per_address=3)
        made = 0
        for number in range(1, 10):
            protocol = factory.buildProtocol(IPv6Address("TCP", f"2001:db8:1:2::{number}", 5000))
            if protocol is not None:
                attach(protocol, TCP(PEER))
                made += 1
        assert made == 3
        assert factory.buildProtocol(IPv6Address("TCP", "2001:db8:1:3::1", 5000)) is not None

    def test_a_quarter_of_all_unless_said_otherwise(self, tmp_path: Path) -> None:
        _, factory = self.factory_of(tmp_path, connections=400)
        assert len(self.fill(factory, PEER)) == 100
        assert len(self.fill(factory, self.HERE)) == 300

    def test_and_no_fewer_than_a_house_needs(self, tmp_path: Path) -> None:
        _, factory = self.factory_of(tmp_path, connections=80)
        assert len(self.fill(factory, PEER)) == 64

    def test_this_machine_too_where_it_is_said(self, tmp_path: Path) -> None:
        _, factory = self.factory_of(tmp_path, connections_per_address=2)
        assert len(self.fill(factory, self.HERE)) == 2

    def test_who_knocks_on_does_not_fill_the_log(self, tmp_path: Path) -> None:
        server, factory = self.factory_of(tmp_path, connections_per_address=1)
        self.fill(factory, PEER)
        for _ in range(50):
            assert factory.buildProtocol(PEER) is None
        assert len(server.problems) == 1
        server.clock.advance(TELL_AGAIN)
        assert factory.buildProtocol(PEER) is None
        assert "and 50 before" in server.problems[-1].text


def test_closing_waits_for_the_last_replies_but_not_for_ever(server: InMemoryServer, accept: Accept) -> None:
    protocol, transport = accept()
    protocol.dataReceived(b"\x00\x00\x00\x04junk")
    assert transport.lost
    assert not transport.aborted
    server.clock.advance(LINGER)
    assert transport.aborted
    protocol.connectionLost(Failure(error.ConnectionAborted()))
    assert not server.clock.getDelayedCalls()


def test_a_client_gone_ends_the_linger(server: InMemoryServer, accept: Accept) -> None:
    protocol, transport = accept()
    protocol.dataReceived(b"\x00\x00\x00\x04junk")
    protocol.connectionLost(Failure(error.ConnectionDone()))
    server.clock.advance(LINGER)
    assert not transport.aborted


def test_too_many_connections_are_refused_and_logged(
    server: InMemoryServer, factory: DirectTCPFactory, accept: Accept
) -> None:
    first, *_ = [accept()[0] for _ in range(3)]
    assert factory.buildProtocol(PEER) is None
    assert "10.0.0.5:51234" in server.problems[-1].text
    assert "limits.connections" in server.problems[-1].text
    first.connectionLost(Failure(error.ConnectionDone()))
    assert factory.buildProtocol(PEER) is not None


def test_connections_come_and_go_in_the_record(server: InMemoryServer, accept: Accept) -> None:
    protocol, _ = accept()
    protocol.connectionLost(Failure(error.ConnectionDone()))
    connected, lost = server.sink.events
    assert isinstance(connected, Connected)
    assert (connected.peer, connected.local) == ("10.0.0.5:51234", "10.0.0.1:445")
    assert isinstance(lost, Disconnected)
    assert (lost.reason, lost.by_server) == ("the client closed it", False)
    assert not server.server.connections


def test_stopping_drops_everybody(server: InMemoryServer, factory: DirectTCPFactory, accept: Accept) -> None:
    pairs = [accept(), accept()]
    factory.drop_all("the server is stopping")
    assert all(transport.lost for _, transport in pairs)
    last = server.sink.events[-1]
    assert isinstance(last, Disconnected)
    assert last.reason == "the server is stopping"
    factory.abort_all()
    assert all(transport.aborted for _, transport in pairs)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (error.ConnectionDone(), "the client closed it"),
        (error.ConnectionLost(), "the client reset it, or no longer answers"),
        (error.ConnectionAborted(), "the client did not take the last replies"),
    ],
)
def test_reasons_are_plain_words(kind: Exception, text: str) -> None:
    assert plain(Failure(kind)) == text


def test_a_bug_of_ours_is_recorded_with_its_traceback(server: InMemoryServer, accept: Accept) -> None:
    protocol, _ = accept()
    try:
        raise ZeroDivisionError("ours")
    except ZeroDivisionError:
        protocol.connectionLost(Failure())
    assert "ZeroDivisionError" in server.problems[0].traceback


@pytest.mark.parametrize(
    ("host", "text"), [("2001:db8::1", "[2001:db8::1]:1"), ("::ffff:10.0.0.9", "10.0.0.9:1")]
)
def test_addresses_as_people_write_them(factory: DirectTCPFactory, host: str, text: str) -> None:
    protocol = factory.buildProtocol(PEER)
    assert protocol is not None
    attach(protocol, TCP(IPv6Address("TCP", host, 1)))
    assert protocol.connection is not None
    assert protocol.connection.peer == text
