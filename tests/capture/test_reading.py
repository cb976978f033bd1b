"""The forms of captures, and what is no capture."""

import gzip
import os
import struct
from io import BytesIO
from pathlib import Path

import pytest

from fakesmb.capture.reading import is_capture, open_capture, packets
from fakesmb.capture.source import Packet
from fakesmb.capture.trouble import CaptureError, Trouble
from tests.capture.written import BEGAN, Blocks, Written

FORMS = {
    "little": ("<", 0xA1B2C3D4, 1e6),
    "big": (">", 0xA1B2C3D4, 1e6),
    "little nanoseconds": ("<", 0xA1B23C4D, 1e9),
    "big nanoseconds": (">", 0xA1B23C4D, 1e9),
}


def two() -> Written:
    capture = Written()
    capture.add(b"first packet")
    capture.add(b"second packet", cut=3)
    return capture


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("zipped", [False, True])
def test_pcap_of_every_kind(form: str, zipped: bool) -> None:
    data = two().pcap(*FORMS[form])
    data = gzip.compress(data) if zipped else data
    assert is_capture(data[:4])
    first, second = packets(BytesIO(data))
    assert isinstance(first, Packet)
    assert isinstance(second, Packet)
    assert (first.number, first.data, first.size, first.link) == (1, b"first packet", 12, 1)
    assert (second.number, second.data, second.size) == (2, b"second pac", 13)
    assert first.time == pytest.approx(BEGAN + 0.001, abs=1e-6)


def test_a_file_that_ends_early_says_so_after_what_is_whole() -> None:
    found = list(packets(BytesIO(two().pcap()[:-4])))
    assert [type(one) for one in found] == [Packet, Packet, Trouble]
    assert str(found[-1]) == "frame 2: the file ends within this packet"


@pytest.mark.parametrize("data", [b"", b"GET / HTTP/1.1", b"{", gzip.compress(b"", mtime=0)])
def test_what_is_no_capture_is_one_line(data: bytes) -> None:
    with pytest.raises(CaptureError) as refused:
        list(packets(BytesIO(data)))
    assert "\n" not in str(refused.value)


def test_what_cannot_be_opened_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="is a directory"):
        open_capture(tmp_path)
    with pytest.raises(CaptureError, match="No such file"):
        open_capture(tmp_path / "nothing")


def test_a_pcap_with_longer_packet_headers() -> None:
    head = struct.pack("<IHHiIII", 0xA1B2CD34, 2, 4, 0, 0, 65535, 1)
    data = head + struct.pack("<IIIIIHBB", 5, 250_000, 3, 3, 1, 8, 0, 0) + b"abc"
    (packet,) = packets(BytesIO(data))
    assert isinstance(packet, Packet)
    assert (packet.time, packet.data) == (5.25, b"abc")


def found(blocks: Blocks) -> list[tuple[int, float, int, bytes, int] | str]:
    return [
        str(one) if isinstance(one, Trouble) else (one.number, one.time, one.link, one.data, one.size)
        for one in packets(BytesIO(blocks.data))
    ]


def test_sections_of_either_byte_order_with_interfaces_of_their_own() -> None:
    blocks = Blocks("<").section().interface(1).interface(101)
    blocks.enhanced(b"one", 1_500_000).block(5, b"statistics  ").enhanced(b"two", 2_000_000, 1, size=9)
    blocks.section(">").interface(113).enhanced(b"three", 3_000_000).enhanced(b"lost", 1, 1)
    assert found(blocks) == [
        (1, 1.5, 1, b"one", 3),
        (2, 2.0, 101, b"two", 9),
        (3, 3.0, 113, b"three", 5),
        "frame 4: a packet of interface 1, which its section does not describe",
    ]


def test_time_has_the_resolution_and_offset_of_its_interface() -> None:
    blocks = Blocks().section()
    nano = blocks.option(9, b"\x09") + blocks.option(0, b"")
    binary = (
        blocks.option(2, b"eth0") + blocks.option(9, b"\x8a") + blocks.option(14, struct.pack("<q", 1000))
    )
    blocks.interface(options=nano).interface(options=binary)
    blocks.enhanced(b"n", 1_000_000_000).enhanced(b"b", 2048, 1)
    assert [one[1] for one in found(blocks)] == [1.0, 1002.0]


def test_simple_and_obsolete_packet_blocks() -> None:
    blocks = Blocks().section().interface(snap=4)
    blocks.block(3, struct.pack("<I", 3) + b"abc").block(3, struct.pack("<I", 9) + b"abcd")
    blocks.block(2, struct.pack("<HHIIII", 0, 0, 0, 7_000_000, 3, 5) + b"old")
    assert found(blocks) == [(1, 0.0, 1, b"abc", 3), (2, 0.0, 1, b"abcd", 9), (3, 7.0, 1, b"old", 5)]
    assert found(Blocks().section().block(3, bytes(8))) == [
        "frame 1: a packet in a section that describes no interface"
    ]


def test_blocks_that_lie() -> None:
    begun = Blocks().section().interface().enhanced(b"one", 1_000_000)
    lying = Blocks().section().interface().block(6, struct.pack("<IIIII", 0, 0, 0, 999, 999) + b"x")
    assert found(lying) == ["frame 1: a packet of 999 bytes in a block of 36"]
    for cut in (1, 6, 20, 33):
        shorter = Blocks()
        shorter.data = begun.data[:-cut]
        assert str(found(shorter)[-1]) == "frame 1: the file ends within a block" or not found(shorter)[1:]
    for size in (4, 1 << 30):
        longer = Blocks()
        longer.data = begun.data + struct.pack("<II", 6, size)
        assert found(longer)[1:] == [
            f"frame 1: a block of {size} bytes cannot be: nothing behind it can be read"
        ]
    for broken in (struct.pack("<III", 0x0A0D0D0A, 28, 5), struct.pack("<III", 0x0A0D0D0A, 8, 0x1A2B3C4D)):
        more = Blocks()
        more.data = begun.data + broken
        assert "nothing behind it can be read" in str(found(more)[1])
    with pytest.raises(CaptureError, match="byte order"):
        list(packets(BytesIO(broken[:8] + b"zzzz")))


def test_blocks_too_short_for_a_packet_are_none() -> None:
    assert found(
        Blocks().section().interface().block(6, b"").block(2, b"").block(3, b"").enhanced(b"x", 0)
    ) == [(4, 0.0, 1, b"x", 1)]


def test_a_damaged_gzip_gives_what_it_can() -> None:
    data = gzip.compress(two().pcap() * 1)
    whole = list(packets(BytesIO(data[:-12])))
    assert isinstance(whole[-1], Trouble)
    with pytest.raises(CaptureError, match="damaged"):
        list(packets(BytesIO(data[:4] + b"zzzzzzzzzz")))


def test_a_pipe_is_read_as_it_comes() -> None:
    inner, outer = os.pipe()
    data = two().pcap()
    with open(inner, "rb", buffering=0) as file, open(outer, "wb", buffering=0) as end:
        end.write(data[:-5])
        reader = packets(file)
        first = next(reader)
        assert isinstance(first, Packet)
        assert first.data == b"first packet"
        end.write(data[-5:])
        end.close()
        assert len(list(reader)) == 1


def test_a_pipe_that_is_compressed() -> None:
    inner, outer = os.pipe()
    with open(inner, "rb", buffering=0) as file, open(outer, "wb", buffering=0) as end:
        end.write(gzip.compress(two().pcap()))
        end.close()
        assert len(list(packets(file))) == 2


def test_a_header_that_ends_early() -> None:
    with pytest.raises(CaptureError, match="ends in its header"):
        list(packets(BytesIO(two().pcap()[:12])))
