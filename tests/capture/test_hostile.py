"""Captures that are broken or mean harm: what can be read is told, nothing raises, what is held is bounded."""

import os
import struct
import time
import tracemalloc
from collections.abc import Iterator
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakesmb.capture import connections, flows, streams
from fakesmb.capture.events import events
from fakesmb.capture.fragments import Fragments
from fakesmb.capture.reading import packets
from fakesmb.capture.trouble import CaptureError, Trouble
from fakesmb.record.dissect import messages
from fakesmb.record.entry import entry_of
from fakesmb.record.events import Event, Exchanged
from tests.capture.test_events import talk
from tests.capture.test_streams import message
from tests.capture.written import SYN, Frame, Sniffed, Tcp, Written, ethernet, halves, ipv4, troubles

FEW = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@lru_cache(maxsize=1)
def conversation() -> tuple[Frame, ...]:
    """The packets of a conversation with all that `talk` does, in small segments."""
    with TemporaryDirectory() as folder:
        sniffed = Sniffed(Path(folder))
        sniffed.largest = 100
        talk(sniffed.client())
    return tuple(sniffed.capture.frames)


@lru_cache(maxsize=1)
def whole() -> bytes:
    """Its capture."""
    capture = Written()
    capture.frames = list(conversation())
    return capture.pcap()


def told(data: bytes) -> list[Event | Trouble]:
    """The events of a capture, each of which can be shown."""
    try:
        found = list(events(BytesIO(data)))
    except CaptureError:
        return []
    for one in found:
        if isinstance(one, Trouble):
            assert "\n" not in str(one)
        elif type(one) is Exchanged:
            for half in messages(one):
                entry_of(half)
        else:
            entry_of(one)  # type: ignore[arg-type]
    return found


@FEW
@given(st.binary(max_size=400), st.sampled_from([b"", b"\xd4\xc3\xb2\xa1", b"\x0a\x0d\x0d\x0a", b"\x1f\x8b"]))
def test_any_bytes(data: bytes, head: bytes) -> None:
    told(head + data)


@FEW
@given(st.integers(0, 1 << 32))
def test_mutated_captures(seed: int) -> None:
    chance = Random(seed)
    written = bytearray(whole())
    for _ in range(chance.randrange(1, 12)):
        at = chance.randrange(len(written))
        kind = chance.randrange(4)
        if kind == 0:
            written[at] = chance.randrange(256)
        elif kind == 1:
            written[at : at + 4] = chance.randbytes(4)
        elif kind == 2:
            del written[at : at + chance.randrange(100)]
        else:
            written[at:at] = written[at : at + 60]
    told(bytes(written))


@FEW
@given(st.integers(0, 1 << 32))
def test_packets_lost_repeated_cut_and_out_of_order(seed: int) -> None:
    chance = Random(seed)
    frames: list[Frame] = []
    for frame in conversation():
        kind = chance.randrange(20)
        if kind:
            frames.append(frame._replace(data=frame.data[: len(frame.data) // 2]) if kind == 1 else frame)
        if kind == 2:
            frames.append(frame)
        if kind == 3 and len(frames) > 4:
            frames.insert(-3, frames.pop())
    capture = Written()
    capture.frames = frames
    found = told(capture.pcap())
    assert all(1 <= one.number <= len(frames) for one in halves(found))
    assert len(halves(found)) > 20


@FEW
@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=80)), max_size=20))
def test_any_bytes_between_messages(pieces: list[tuple[bool, bytes]]) -> None:
    capture = Written()
    tcp = Tcp(capture).open()
    for from_client, piece in pieces:
        tcp.send(from_client, piece)
    tcp.send(True, message(77) + message(78))
    tcp.send(False, message(77, reply=True) + message(78, reply=True))
    told(capture.pcap())


@pytest.mark.parametrize("size", [0xFFFFFFFF, 0x7FFFFFFF, 1 << 25])
def test_a_length_that_lies_ends_the_reading(size: int) -> None:
    capture = Written()
    Tcp(capture).open().send(True, message(1))
    data = bytearray(capture.pcap())
    at = 24
    for _ in range(3):
        at += 16 + struct.unpack_from("<I", data, at + 8)[0]
    struct.pack_into("<I", data, at + 8, size)
    found = told(bytes(data))
    assert troubles(found)[-1].startswith(f"frame 4: a packet of {size} bytes cannot be")


def fragments(count: int, kind: str) -> Iterator[bytes]:
    """Packets that are fragments of datagrams which never become whole."""
    for number in range(count):
        if kind == "first pieces":
            yield ipv4("10.0.0.1", "10.0.0.2", bytes(64), more=True, number=number & 0xFFFF)
        elif kind == "one datagram":
            yield ipv4("10.0.0.1", "10.0.0.2", bytes(8), part=8 * (number % 8000 + 1), more=True)
        else:
            yield ipv4(
                "10.0.0.1", "10.0.0.2", bytes(16), part=8 * (number % 8000), more=number % 97 != 0, number=3
            )


def early(count: int) -> Iterator[bytes]:
    """Segments behind one that never comes."""
    tcp = Tcp(Written()).open()
    yield tcp.segment(True, message(1))
    for number in range(count):
        yield tcp.segment(True, bytes(60), at=5000 + 61 * number)


def garbage(count: int) -> Iterator[bytes]:
    """Beginnings of messages that are none."""
    tcp = Tcp(Written()).open()
    for _ in range(count):
        data = b"\0\0\0\x40\xffSMBSMB\0\0\0\x21SMB" * 4
        yield tcp.segment(True, data)
        tcp.sequences[0] += len(data)


HOSTILE = {
    "first pieces": lambda count: fragments(count, "first pieces"),
    "one datagram": lambda count: fragments(count, "one datagram"),
    "overlapping": lambda count: fragments(count, "overlapping"),
    "early": early,
    "garbage": garbage,
}


def hostile(kind: str, size: int) -> bytes:
    """A capture of so many bytes, about."""
    capture = Written()
    for packet in HOSTILE[kind](size // 110):
        capture.packet(packet)
    return capture.pcap()


@pytest.mark.parametrize("kind", HOSTILE)
def test_time_and_memory_do_not_grow_with_what_is_wrong(kind: str) -> None:
    small, large = hostile(kind, 80_000), hostile(kind, 320_000)
    spent = []
    for data in (small, large):
        began = time.process_time()
        for _ in events(BytesIO(data)):
            pass
        spent.append(time.process_time() - began)
    assert spent[1] < 12 * spent[0] + 0.2
    tracemalloc.start()
    for _ in events(BytesIO(large)):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 << 20


@pytest.mark.slow
@pytest.mark.parametrize("kind", HOSTILE)
def test_ten_megabytes_of_it(kind: str) -> None:
    data = hostile(kind, 10_000_000)
    tracemalloc.start()
    for _ in events(BytesIO(data)):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 32 << 20


def test_connections_that_only_begin_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 50)
    capture = Written()
    alive = Tcp(capture, ("10.9.9.9", 999)).open()
    alive.send(True, message(1))
    for port in range(1024, 1424):
        Tcp(capture, ("10.0.0.1", port)).send(True, flags=SYN)
        if port % 20 == 0:
            alive.send(True, message(port))
    reader = streams.Streams()
    seen = [one for packet in packets(BytesIO(capture.pcap())) for one in reader.feed(packet)]  # type: ignore[arg-type]
    assert len(reader.connections.ways) == 2 * 50
    assert len([one for one in seen if type(one) is flows.Sent]) == 21
    assert not [one for one in seen if type(one) is Trouble]


def test_what_waits_is_bounded_over_all_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MOST_HELD", 100_000)
    capture = Written()
    for port in range(1024, 1064):
        tcp = Tcp(capture, ("10.0.0.1", port)).open()
        tcp.send(True, (50_000).to_bytes(4, "big") + message(1)[4:] + bytes(8000))
    reader = streams.Streams()
    seen = []
    for packet in packets(BytesIO(capture.pcap())):
        seen += reader.feed(packet)  # type: ignore[arg-type]
        assert reader.connections.held <= 100_000
        assert reader.connections.held == sum(flow.held for flow in reader.connections.flows())
    given_up = [one for one in seen if type(one) is Trouble]
    assert given_up
    assert "is not followed any further" in str(given_up[0])


def test_requests_without_replies_are_forgotten_in_the_end(tmp_path: Path) -> None:
    capture = Written()
    tcp = Tcp(capture).open()
    for mid in range(1, 3000):
        tcp.send(True, message(mid))
    tcp.send(False, message(1, reply=True) + message(2999, reply=True))
    found = capture.events()
    first, last = halves(found)[-2:]
    assert not first.request
    assert last.request


def test_fragments_are_bounded() -> None:
    kept = Fragments()
    for packet in packets(BytesIO(hostile("first pieces", 300_000))):
        data = packet.data[34:]  # type: ignore[union-attr]
        kept.add(packet, os.urandom(10), 0, data, len(data), more=True)  # type: ignore[arg-type]
        assert len(kept._open) <= Fragments.MOST
    assert kept.held == sum(one.held for one in kept._open.values())


def test_a_datagram_in_fragments_is_put_together() -> None:
    capture = Written()
    tcp = Tcp(capture).open()
    whole = tcp.segment(True, message(1, data=bytes(300)))[20:]
    pieces = [(at, whole[at : at + 104]) for at in range(0, len(whole), 104)]
    for at, piece in pieces[::-1]:
        capture.add(ethernet(ipv4("10.0.0.1", "10.0.0.2", piece, part=at, more=at + len(piece) < len(whole))))
    found = capture.events()
    assert [one.number for one in halves(found)] == [3 + len(pieces)]
    assert not troubles(found)
