"""Somebody hears what comes and leaves; where nobody does nothing is different."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from fakesmb.record.ends import How
from fakesmb.testing import InMemoryServer
from fakesmb.transport.direct import DirectTCP, DirectTCPFactory
from fakesmb.transport.sniffing import End, has_unread
from fakesmb.vfs.store import FileRange
from fakesmb.wire.codec import Buffer
from fakesmb.wire.frame import prefix
from fakesmb.wire.header import Header

NEGOTIATE = Header(0x72, 0, 0x18, 0x2801, 0, bytes(8), 0, 1, 0, 1).encode() + b"\0\x0c\0\x02NT LM 0.12\0"
REQUEST = prefix(len(NEGOTIATE)) + NEGOTIATE


class Heard:
    """A sniffer that keeps all."""

    def __init__(self, most: int | None = None) -> None:
        self.told: list[tuple[object, ...]] = []
        self.most = most
        self._keys = 0

    def key(self) -> int:
        self._keys += 1
        return self._keys

    def began(self, key: int, connection: int, client: End, server: End, *, handshake: bool) -> None:
        self.told.append(("began", key, connection, handshake))

    def came(self, key: int, data: bytes) -> None:
        self.told.append(("came", key, data))

    def left(self, key: int, frame: list[Buffer]) -> None:
        self.told.append(("left", key, b"".join(frame)))

    def most_of_range(self, frame: list[Buffer]) -> int | None:
        return self.most

    def left_range(self, key: int, frame: list[Buffer], data: bytes, size: int) -> None:
        self.told.append(("range", key, b"".join(frame), data, size))

    def half_closed(self, key: int) -> None:
        self.told.append(("half closed", key))

    def ended(self, key: int, how: How) -> None:
        self.told.append(("ended", key, how))

    @property
    def words(self) -> list[object]:
        return [one[0] for one in self.told]


@pytest.fixture
def factory(tmp_path: Path) -> DirectTCPFactory:
    return DirectTCPFactory(InMemoryServer({"public": tmp_path}).server)


def connect(factory: DirectTCPFactory) -> DirectTCP:
    transport = StringTransport()
    protocol = factory.buildProtocol(transport.getPeer())
    assert protocol is not None
    protocol.makeConnection(transport)  # type: ignore[no-untyped-call]
    return protocol


def end(protocol: DirectTCP, reason: Exception) -> None:
    protocol.connectionLost(Failure(reason))


def test_where_nobody_sniffs_no_method_is_another(factory: DirectTCPFactory) -> None:
    protocol = connect(factory)
    connection = protocol.connection
    assert connection is not None
    before = vars(protocol).copy(), connection._send, connection._out
    assert "dataReceived" not in vars(protocol)
    heard = Heard()
    factory.sniffed_by(heard)
    assert "dataReceived" in vars(protocol)
    factory.sniffed_by(None)
    assert vars(protocol) == before[0] | {"_sniffed": None}
    assert (connection._send, connection._out) == before[1:]
    protocol.dataReceived(REQUEST)
    assert heard.words == ["began"]
    end(protocol, ConnectionDone())


def test_plans_are_taken_past_it(factory: DirectTCPFactory) -> None:
    protocol = connect(factory)
    assert protocol.connection is not None
    plans, message = protocol.connection._plans, protocol.connection._message
    factory.sniffed_by(Heard())
    assert protocol.connection._plans is plans
    assert protocol.connection._message == message
    end(protocol, ConnectionDone())


def test_all_of_a_connection_is_heard(factory: DirectTCPFactory) -> None:
    heard = Heard()
    factory.sniffed_by(heard)
    protocol = connect(factory)
    protocol.dataReceived(REQUEST[:9])
    protocol.dataReceived(REQUEST[9:])
    end(protocol, ConnectionDone())
    assert heard.told[:3] == [("began", 1, 1, True), ("came", 1, REQUEST[:9]), ("came", 1, REQUEST[9:])]
    assert heard.words[3:] == ["left", "ended"]
    assert heard.told[-1] == ("ended", 1, How.CLIENT_CLOSED)
    assert isinstance(protocol.transport, StringTransport)
    assert protocol.transport.value() == heard.told[3][2]


def test_one_that_lives_is_heard_from_its_next_message_on(factory: DirectTCPFactory) -> None:
    protocol = connect(factory)
    protocol.dataReceived(REQUEST[:9])
    heard = Heard()
    factory.sniffed_by(heard)
    assert heard.told == []
    protocol.dataReceived(REQUEST[9:])
    assert heard.words == ["came", "left"]  # of a connection that is still to begin: nobody takes them
    protocol.dataReceived(REQUEST)
    assert heard.told[2] == ("began", 1, 1, False)
    assert heard.words[3] == "came"
    factory.sniffed_by(heard)  # for one more that came later
    assert heard.words[-1] == "began"
    end(protocol, ConnectionDone())


@pytest.mark.parametrize(
    ("reason", "closes", "how"),
    [
        (ConnectionDone(), False, How.CLIENT_CLOSED),
        (ConnectionDone(), True, How.SERVER_CLOSED),
        (ConnectionLost(), False, How.CLIENT_RESET),
        (ConnectionAborted(), False, How.SERVER_RESET),
    ],
)
def test_how_it_ended(factory: DirectTCPFactory, reason: Exception, *, closes: bool, how: How) -> None:
    heard = Heard()
    factory.sniffed_by(heard)
    protocol = connect(factory)
    if closes:
        assert protocol.connection is not None
        protocol.connection.drop("enough")
    end(protocol, reason)
    assert heard.told[-1] == ("ended", 1, how)


def test_what_comes_after_the_end_of_the_server_is_heard_and_for_nobody(factory: DirectTCPFactory) -> None:
    heard = Heard()
    factory.sniffed_by(heard)
    protocol = connect(factory)
    protocol._ignore_what_comes()
    protocol.dataReceived(REQUEST)
    assert heard.words == ["began", "came"]
    factory.sniffed_by(None)
    protocol.dataReceived(REQUEST)  # still for nobody
    factory.sniffed_by(heard)
    protocol.dataReceived(REQUEST)
    assert "left" not in heard.words
    end(protocol, ConnectionDone())


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    here, there = socket.socketpair()
    here.setblocking(False)
    yield here, there
    here.close()
    there.close()


@pytest.mark.parametrize("most", [None, 5])
def test_parts_of_files(
    factory: DirectTCPFactory, tmp_path: Path, pair: tuple[socket.socket, socket.socket], most: int | None
) -> None:
    """Read and sent where all of it is wanted; sent by the kernel where only its beginning is."""
    (tmp_path / "a").write_bytes(b"0123456789")
    heard = Heard(most)
    protocol = connect(factory)
    assert protocol.connection is not None
    protocol._socket = pair[0]
    protocol.connection.send_range = protocol._send_range
    factory.sniffed_by(heard)
    fd = os.open(tmp_path / "a", os.O_RDONLY)
    try:
        protocol.connection.send_range([b"head"], FileRange(fd, 2, 8))
    finally:
        os.close(fd)
    assert pair[1].recv(100) == b"head23456789"
    whole = ("left", 1, b"head23456789") if most is None else ("range", 1, b"head", b"23456", 8)
    assert heard.told[1:] == [whole]
    protocol._socket = None
    end(protocol, ConnectionDone())


def test_what_is_unread_is_known(pair: tuple[socket.socket, socket.socket]) -> None:
    assert not has_unread(pair[0].fileno())
    pair[1].send(b"x")
    assert has_unread(pair[0].fileno())
    fd = os.dup(pair[0].fileno())
    os.close(fd)
    assert not has_unread(fd)
