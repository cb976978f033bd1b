"""Parts of files go to the socket by themselves; what the kernel does not take at once follows in order."""

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakesmb.transport.direct import DirectTCP
from fakesmb.vfs.store import FileRange

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="sendfile to a socket as Linux has it")

SIZE = 3_000_000


class Queue:
    """Takes the part of a transport that a reply which does not fit needs."""

    def __init__(self) -> None:
        self.written = b""

    def write(self, data: bytes) -> None:
        self.written += data

    def registerProducer(self, producer: object, streaming: bool) -> None:  # noqa: N802
        """A producer is asked later; here never."""

    def pauseProducing(self) -> None:  # noqa: N802
        """No more requests for now."""


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    here, there = socket.socketpair()
    here.setblocking(False)
    yield here, there
    here.close()
    there.close()


@pytest.fixture
def protocol(pair: tuple[socket.socket, socket.socket]) -> DirectTCP:
    made = DirectTCP(factory=None)  # type: ignore[arg-type]  # nothing here asks the factory
    made.transport = Queue()  # type: ignore[assignment]
    made._socket = pair[0]
    return made


@pytest.fixture
def file(tmp_path: Path) -> Iterator[tuple[int, bytes]]:
    data = os.urandom(SIZE)
    (tmp_path / "big").write_bytes(data)
    fd = os.open(tmp_path / "big", os.O_RDONLY)
    yield fd, data
    os.close(fd)


def received(there: socket.socket, protocol: DirectTCP) -> bytes:
    there.setblocking(False)
    got = bytearray()
    while True:
        try:
            got += there.recv(1 << 20)
        except BlockingIOError:
            return bytes(got) + protocol.transport.written  # type: ignore[union-attr]


def test_a_small_part_leaves_at_once(
    protocol: DirectTCP, pair: tuple[socket.socket, socket.socket], file: tuple[int, bytes]
) -> None:
    fd, data = file
    protocol._send_range([b"head", b"er"], FileRange(fd, 1000, 20_000))
    assert protocol.transport.written == b""  # type: ignore[union-attr]
    assert received(pair[1], protocol) == b"header" + data[1000:21_000]


def test_a_read_at_the_end_is_not_held_back(protocol: DirectTCP, file: tuple[int, bytes]) -> None:
    """Without data behind it, a frame sent with MSG_MORE stays in the kernel for up to 200 ms."""
    flags: list[int] = []

    class Told:
        def send(self, data: bytes, how: int = 0) -> int:
            flags.append(how)
            return len(data)

    protocol._socket = Told()  # type: ignore[assignment]
    protocol._send_range([b"head"], FileRange(file[0], SIZE, 0))
    assert flags == [0]


def test_what_does_not_fit_follows(
    protocol: DirectTCP, pair: tuple[socket.socket, socket.socket], file: tuple[int, bytes]
) -> None:
    fd, data = file
    protocol._send_range([b"one"], FileRange(fd, 0, SIZE))
    protocol._send_range([b"two"], FileRange(fd, 5, 70_000))
    assert protocol.transport.written  # type: ignore[union-attr]
    assert received(pair[1], protocol) == b"one" + data + b"two" + data[5:70_005]


def test_a_file_cut_short_meanwhile_is_filled_with_zeros(
    protocol: DirectTCP, pair: tuple[socket.socket, socket.socket], file: tuple[int, bytes]
) -> None:
    fd, data = file
    protocol._send_range([b"head"], FileRange(fd, SIZE - 100, 20_000))
    assert received(pair[1], protocol) == b"head" + data[-100:] + bytes(19_900)
