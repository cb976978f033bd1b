"""The forms of captures, and what is no capture."""

import gzip
from io import BytesIO
from pathlib import Path

import pytest

from fakesmb.capture.reading import Packet, is_capture, open_capture, packets
from fakesmb.capture.trouble import CaptureError, Trouble
from tests.capture.written import BEGAN, Written

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
