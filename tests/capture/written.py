"""Captures for tests: packets of TCP connections as pcap or pcapng, and conversations of the server in memory."""

import ipaddress
import struct
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

from fakesmb.capture.events import events
from fakesmb.capture.trouble import Trouble
from fakesmb.record.events import Event, Exchanged
from fakesmb.testing import Client, InMemoryServer

SYN, ACK, FIN, RST, PUSH = 2, 16, 1, 4, 8
BEGAN = 1_600_000_000.0
ETHERNET = bytes.fromhex("020000000001 020000000002")


class Frame(NamedTuple):
    """A packet of a capture."""

    time: float
    data: bytes
    size: int


def ipv4(
    source: str, target: str, payload: bytes, *, part: int = 0, more: bool = False, number: int = 7
) -> bytes:
    place = part >> 3 | (0x2000 if more else 0)
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), number, place, 64, 6, 0)
    return head + ipaddress.ip_address(source).packed + ipaddress.ip_address(target).packed + payload


def ipv6(source: str, target: str, payload: bytes, *, extensions: bytes = b"", first: int = 6) -> bytes:
    head = struct.pack(">IHBB", 6 << 28, len(extensions) + len(payload), first, 64)
    return (
        head
        + ipaddress.ip_address(source).packed
        + ipaddress.ip_address(target).packed
        + extensions
        + payload
    )


def ip(source: str, target: str, payload: bytes) -> bytes:
    return (ipv6 if ":" in source else ipv4)(source, target, payload)


def ethernet(packet: bytes, *tags: int) -> bytes:
    kind = b"\x08\x00" if packet[0] >> 4 == 4 else b"\x86\xdd"
    return ETHERNET + b"".join(struct.pack(">HH", tag, 5) for tag in tags) + kind + packet


class Written:
    """A capture being written."""

    def __init__(self, link: int = 1, wrap: Callable[[bytes], bytes] = ethernet) -> None:
        self.frames: list[Frame] = []
        self.link = link
        self.wrap = wrap
        self.time = BEGAN

    def add(self, data: bytes, *, cut: int = 0) -> None:
        """One packet as it is, of which the capture has all but the last `cut` bytes."""
        self.time = round(self.time + 0.001, 6)
        self.frames.append(Frame(self.time, data[: len(data) - cut], len(data)))

    def packet(self, data: bytes, *, cut: int = 0) -> None:
        """One packet of IP."""
        self.add(self.wrap(data), cut=cut)

    def pcap(self, order: str = "<", magic: int = 0xA1B2C3D4, ticks: float = 1e6) -> bytes:
        parts = [struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 262144, self.link)]
        for time, data, size in self.frames:
            seconds = int(time)
            part = round((time - seconds) * ticks)
            parts.append(struct.pack(order + "IIII", seconds, part, len(data), size) + data)
        return b"".join(parts)

    def events(self, **options: Any) -> list[Event | Trouble]:
        return read(self.pcap(), **options)


def read(capture: bytes, **options: Any) -> list[Event | Trouble]:
    """The events of a capture."""
    return list(events(BytesIO(capture), **options))


class Blocks:
    """A pcapng being written, block by block."""

    def __init__(self, order: str = "<") -> None:
        self.data = b""
        self.order = order

    def block(self, kind: int, body: bytes) -> "Blocks":
        body += bytes(-len(body) % 4)
        size = struct.pack(self.order + "I", len(body) + 12)
        self.data += struct.pack(self.order + "I", kind) + size + body + size
        return self

    def section(self, order: str | None = None) -> "Blocks":
        self.order = order or self.order
        return self.block(0x0A0D0D0A, struct.pack(self.order + "IHHq", 0x1A2B3C4D, 1, 0, -1))

    def option(self, code: int, value: bytes) -> bytes:
        return struct.pack(self.order + "HH", code, len(value)) + value + bytes(-len(value) % 4)

    def interface(self, link: int = 1, snap: int = 0, options: bytes = b"") -> "Blocks":
        return self.block(1, struct.pack(self.order + "HHI", link, 0, snap) + options)

    def enhanced(self, data: bytes, ticks: int, interface: int = 0, size: int | None = None) -> "Blocks":
        sent = len(data) if size is None else size
        head = struct.pack(self.order + "IIIII", interface, ticks >> 32, ticks & 0xFFFFFFFF, len(data), sent)
        return self.block(6, head + data)


class Tcp:
    """A connection whose segments go to a capture."""

    def __init__(
        self,
        capture: Written,
        client: tuple[str, int] = ("10.0.0.1", 1025),
        server: tuple[str, int] = ("10.0.0.2", 445),
        *,
        sequences: tuple[int, int] = (1000, 5000),
    ) -> None:
        self.capture = capture
        self.ends = (client, server)
        self.sequences = [*sequences]

    def segment(
        self, from_client: bool, data: bytes = b"", flags: int = ACK, *, at: int | None = None
    ) -> bytes:
        """A segment's packet of IP, without sending it; `at` is its sequence number."""
        mine, other = (0, 1) if from_client else (1, 0)
        sequence = self.sequences[mine] if at is None else at
        head = struct.pack(
            ">HHIIBBHHH",
            self.ends[mine][1],
            self.ends[other][1],
            sequence & 0xFFFFFFFF,
            self.sequences[other] & 0xFFFFFFFF,
            0x50,
            flags,
            65535,
            0,
            0,
        )
        return ip(self.ends[mine][0], self.ends[other][0], head + data)

    def send(
        self, from_client: bool, data: bytes = b"", flags: int = ACK, *, lost: bool = False, cut: int = 0
    ) -> bytes:
        """Sends a segment; gives its packet."""
        packet = self.segment(from_client, data, flags)
        self.sequences[0 if from_client else 1] += len(data) + bool(flags & SYN) + bool(flags & FIN)
        if not lost:
            self.capture.packet(packet, cut=cut)
        return packet

    def open(self) -> "Tcp":
        self.send(True, flags=SYN)
        self.send(False, flags=SYN | ACK)
        self.send(True)
        return self

    def close(self) -> None:
        self.send(True, flags=FIN | ACK)
        self.send(False, flags=FIN | ACK)
        self.send(True)

    def reset(self, *, from_client: bool = False) -> None:
        self.send(from_client, flags=RST)


class Sniffed:
    """A server in memory and clients of it whose bytes go to a capture as well."""

    def __init__(self, folder: Path, capture: Written | None = None, **options: Any) -> None:
        self.server = InMemoryServer({"public": folder}, **options)
        self.kept = Kept()
        self.server.server.log.add(self.kept)
        self.capture = Written() if capture is None else capture
        self.ports = iter(range(1025, 65535))
        self.largest = 1 << 20
        """Bytes of a segment."""

    def client(self, tcp: Tcp | None = None) -> Client:
        """A client; it is not signed in."""
        port = next(self.ports)
        tcp = Tcp(self.capture, ("10.0.0.1", port)).open() if tcp is None else tcp
        client = self.server.client(f"10.0.0.1:{port}")
        connection = client.connection
        receive, send = connection.receive, connection._send

        def sent(data: bytes) -> None:
            for piece in self.pieces(data):
                tcp.send(True, piece)
            receive(data)

        def answered(buffers: Any) -> None:
            for piece in self.pieces(b"".join(buffers)):
                tcp.send(False, piece)
            send(buffers)

        connection.receive = sent  # type: ignore[method-assign]
        connection._send = answered
        return client

    def pieces(self, data: bytes) -> Iterator[bytes]:
        for at in range(0, len(data), self.largest):
            yield data[at : at + self.largest]


class Kept:
    """A sink that keeps events as they are."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def write(self, event: Event) -> None:
        self.events.append(event)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass


def halves(found: list[Event | Trouble]) -> list[Exchanged]:
    return [one for one in found if type(one) is Exchanged]


def troubles(found: list[Event | Trouble]) -> list[str]:
    return [str(one) for one in found if type(one) is Trouble]
