"""A TCP proxy that writes down what passes, as a capture that tshark reads. dumpcap would need rights."""

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MOST = 60_000
"""Bytes of one TCP segment: an IP packet has at most 65,535."""
SERVER_PORT = 445
CLIENT, SERVER = bytes((10, 0, 0, 1)), bytes((10, 0, 0, 2))


class Capture:
    """Packets of TCP conversations, as a pcap file of raw IP packets (link type 101)."""

    def __init__(self) -> None:
        self._packets: list[bytes] = []
        self._lock = threading.Lock()
        self._next_port = 50_000

    def conversation(self) -> "Conversation":
        with self._lock:
            self._next_port += 1
        return Conversation(self, self._next_port)

    def add(self, packet: bytes) -> None:
        now = time.time()
        with self._lock:
            head = struct.pack("<IIII", int(now), int(now % 1 * 1e6), len(packet), len(packet))
            self._packets.append(head + packet)

    def write(self, path: Path) -> None:
        head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 0x40000, 101)
        with self._lock:
            path.write_bytes(head + b"".join(self._packets))


class Conversation:
    """One TCP connection of a capture."""

    def __init__(self, capture: Capture, port: int) -> None:
        self._capture = capture
        self._port = port
        self._sequence = {True: 1000, False: 2000}
        self._packet(True, 0x02, b"")
        self._packet(False, 0x12, b"")
        self._packet(True, 0x10, b"")

    def data(self, from_client: bool, data: bytes) -> None:
        for at in range(0, len(data), MOST):
            self._packet(from_client, 0x18, data[at : at + MOST])

    def end(self) -> None:
        self._packet(True, 0x11, b"")
        self._packet(False, 0x11, b"")

    def _packet(self, from_client: bool, flags: int, data: bytes) -> None:
        source, target = (self._port, SERVER_PORT) if from_client else (SERVER_PORT, self._port)
        ours, theirs = self._sequence[from_client], self._sequence[not from_client]
        tcp = struct.pack(">HHIIBBHHH", source, target, ours, theirs, 0x50, flags, 65535, 0, 0)
        ends = CLIENT + SERVER if from_client else SERVER + CLIENT
        ip = struct.pack(">BBHHHBBH", 0x45, 0, 40 + len(data), 0, 0x4000, 64, 6, 0) + ends
        self._capture.add(ip + tcp + data)
        self._sequence[from_client] += len(data) + bool(flags & 0x03)


@contextmanager
def tapped(port: int, capture: Capture) -> Iterator[int]:
    """A port that leads to `port` of this machine; all that passes is in `capture` when the block ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", port))
            conversation, lock, open_ends = capture.conversation(), threading.Lock(), [2]
            for source, target, from_client in ((client, server, True), (server, client, False)):
                thread = threading.Thread(
                    target=_pass,
                    args=(source, target, from_client, conversation, lock, open_ends),
                    daemon=True,
                )
                threads.append(thread)
                thread.start()

    accepting = threading.Thread(target=serve, daemon=True)
    accepting.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join(5)
        for thread in threads:
            thread.join(5)


def _pass(
    source: socket.socket,
    target: socket.socket,
    from_client: bool,
    conversation: Conversation,
    lock: threading.Lock,
    open_ends: list[int],
) -> None:
    try:
        while data := source.recv(1 << 17):
            with lock:
                conversation.data(from_client, data)
            target.sendall(data)
    except OSError:
        pass
    with lock:
        open_ends[0] -= 1
        if not open_ends[0]:
            conversation.end()
    for end in (source, target):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
