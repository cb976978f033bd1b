"""Parts of files go to the socket by themselves; what the kernel does not take at once follows in order."""

import errno
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from fakesmb.testing import InMemoryServer
from fakesmb.transport.direct import AT_ONCE, DirectTCP, DirectTCPFactory
from fakesmb.vfs.store import FileRange

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="sendfile to a socket as Linux has it")

SIZE = 3_000_000


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    here, there = socket.socketpair()
    here.setblocking(False)
    yield here, there
    here.close()
    there.close()


@pytest.fixture
def queue() -> StringTransport:
    return StringTransport()


@pytest.fixture
def protocol(tmp_path: Path, pair: tuple[socket.socket, socket.socket], queue: StringTransport) -> DirectTCP:
    made = DirectTCP(DirectTCPFactory(InMemoryServer({"public": tmp_path}).server))
    made.transport = queue  # takes what the socket does not
    made._socket = pair[0]
    return made


@pytest.fixture
def file(tmp_path: Path) -> Iterator[tuple[int, bytes]]:
    data = os.urandom(SIZE)
    (tmp_path / "big").write_bytes(data)
    fd = os.open(tmp_path / "big", os.O_RDONLY)
    yield fd, data
    os.close(fd)


def drain(protocol: DirectTCP) -> None:
    """The transport has sent what it was given, until nothing waits."""
    while protocol.unread:
        protocol.resumeProducing()


def received(there: socket.socket, queue: StringTransport) -> bytes:
    there.setblocking(False)
    got = bytearray()
    while True:
        try:
            got += there.recv(1 << 20)
        except BlockingIOError:
            return bytes(got + queue.value())


def test_a_small_part_leaves_at_once(
    protocol: DirectTCP,
    queue: StringTransport,
    pair: tuple[socket.socket, socket.socket],
    file: tuple[int, bytes],
) -> None:
    fd, data = file
    protocol._send_range([b"head", b"er"], FileRange(fd, 1000, 20_000))
    assert queue.value() == b""
    assert received(pair[1], queue) == b"header" + data[1000:21_000]


def test_a_read_at_the_end_is_not_held_back(
    protocol: DirectTCP, file: tuple[int, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without data behind it, a frame sent with MSG_MORE stays in the kernel for up to 200 ms."""
    flags: list[int] = []

    class Told:
        def send(self, data: bytes, how: int = 0) -> int:
            flags.append(how)
            return len(data)

    monkeypatch.setattr(protocol, "_socket", Told())
    protocol._send_range([b"head"], FileRange(file[0], SIZE, 0))
    assert flags == [0]


def test_what_does_not_fit_follows(
    protocol: DirectTCP,
    queue: StringTransport,
    pair: tuple[socket.socket, socket.socket],
    file: tuple[int, bytes],
) -> None:
    fd, data = file
    protocol._send_range([b"one"], FileRange(fd, 0, SIZE))
    protocol._send_range([b"two"], FileRange(fd, 5, 70_000))
    assert protocol.unread
    drain(protocol)
    assert received(pair[1], queue) == b"one" + data + b"two" + data[5:70_005]


def test_a_file_cut_short_meanwhile_is_filled_with_zeros(
    protocol: DirectTCP,
    queue: StringTransport,
    pair: tuple[socket.socket, socket.socket],
    file: tuple[int, bytes],
) -> None:
    fd, data = file
    protocol._send_range([b"head"], FileRange(fd, SIZE - 100, 20_000))
    drain(protocol)
    assert received(pair[1], queue) == b"head" + data[-100:] + bytes(19_900)


class TestLargeRest:
    """What a client leaves of a large range waits in the file: 1,000 clients of 16 MiB each would fill the memory."""

    def test_takes_no_memory(
        self,
        protocol: DirectTCP,
        queue: StringTransport,
        pair: tuple[socket.socket, socket.socket],
        file: tuple[int, bytes],
    ) -> None:
        fd, data = file
        used = protocol._all_unread
        protocol._send_range([b"one"], FileRange(fd, 0, SIZE))
        protocol._send([b"two"])
        assert protocol.unread > SIZE // 2
        most = used.used
        while protocol.unread:
            protocol.resumeProducing()
            most = max(most, used.used)
        assert most <= AT_ONCE + 3
        assert used.used == 0
        assert received(pair[1], queue) == b"one" + data + b"two"

    def test_outlives_the_file_that_it_is_of(
        self,
        protocol: DirectTCP,
        queue: StringTransport,
        pair: tuple[socket.socket, socket.socket],
        tmp_path: Path,
    ) -> None:
        """A descriptor that is closed meanwhile is another file's soon."""
        (tmp_path / "other").write_bytes(b"secret" * 500_000)
        data = os.urandom(SIZE)
        (tmp_path / "mine").write_bytes(data)
        fd = os.open(tmp_path / "mine", os.O_RDONLY)
        protocol._send_range([b"head"], FileRange(fd, 0, SIZE))
        os.close(fd)
        other = os.open(tmp_path / "other", os.O_RDONLY)
        assert other == fd
        drain(protocol)
        os.close(other)
        assert received(pair[1], queue) == b"head" + data

    def test_is_read_at_once_where_descriptors_are_few(
        self,
        protocol: DirectTCP,
        queue: StringTransport,
        pair: tuple[socket.socket, socket.socket],
        file: tuple[int, bytes],
    ) -> None:
        fd, data = file
        protocol._clients.takes_brief = lambda _: False
        before = len(os.listdir("/proc/self/fd"))
        protocol._send_range([b"head"], FileRange(fd, 0, SIZE))
        assert len(os.listdir("/proc/self/fd")) == before
        drain(protocol)
        assert received(pair[1], queue) == b"head" + data

    def test_is_let_go_when_the_client_leaves(self, protocol: DirectTCP, file: tuple[int, bytes]) -> None:
        before = len(os.listdir("/proc/self/fd"))
        protocol._send_range([b"head"], FileRange(file[0], 0, SIZE))
        assert len(os.listdir("/proc/self/fd")) == before + 1
        protocol.connectionLost(Failure(ConnectionDone()))
        assert len(os.listdir("/proc/self/fd")) == before
        assert protocol._all_unread.used == 0

    def test_of_a_disk_that_fails_ends_the_connection(
        self,
        protocol: DirectTCP,
        queue: StringTransport,
        pair: tuple[socket.socket, socket.socket],
        file: tuple[int, bytes],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """No byte follows that is not the file's."""
        fd, data = file

        def fails(*_: object) -> bytes:
            raise OSError(errno.EIO, "Input/output error")

        protocol._send_range([b"head"], FileRange(fd, 0, SIZE))
        monkeypatch.setattr(os, "pread", fails)
        protocol.resumeProducing()
        assert queue.disconnecting
        got = received(pair[1], queue)
        assert (b"head" + data).startswith(got)
        assert len(got) < SIZE
