"""NetBIOS names: golden bytes, pointers, what is no name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakesmb.wire.codec import DecodeError
from fakesmb.wire.netbios import MSBROWSE, NetBIOSName, Suffix, decode_name, encode_name

FRED = b"\x20EGFCEFEECACACACACACACACACACACACA\0"
"""RFC 1001 14.1 has this example: FRED."""


def test_the_example_of_the_specification() -> None:
    assert encode_name(NetBIOSName("FRED", 0x20)) == FRED
    assert decode_name(FRED, 0) == (NetBIOSName("FRED", Suffix.SERVER), 34)


def test_a_scope_is_more_labels() -> None:
    """RFC 1002 4.1: FRED in NETBIOS.COM."""
    wire = FRED[:-1] + b"\7NETBIOS\3COM\0"
    assert encode_name(NetBIOSName("FRED", 0x20, "NETBIOS.COM")) == wire
    assert decode_name(wire + b"more", 0) == (NetBIOSName("FRED", 0x20, "NETBIOS.COM"), len(wire))
    assert str(decode_name(wire, 0)[0]) == "FRED<20>.NETBIOS.COM"


def test_the_wildcard_is_padded_with_zeros() -> None:
    assert encode_name(NetBIOSName("*", 0)) == b"\x20CK" + b"A" * 30 + b"\0"


def test_the_browsers_of_a_network() -> None:
    wire = b"\x20ABACFPFPENFDECFCEPFHFDEFFPFPACAB\0"
    assert encode_name(MSBROWSE) == wire
    assert decode_name(wire, 0)[0] == MSBROWSE
    assert str(MSBROWSE) == "..__MSBROWSE__.<01>"


def test_pointers_lead_back() -> None:
    wire = b"head" + FRED + b"\xc0\x04"
    assert decode_name(wire, 38, pointers=True) == (NetBIOSName("FRED"), 40)


@pytest.mark.parametrize(
    ("wire", "why"),
    [
        (b"", "past the end"),
        (b"\0", "no NetBIOS name"),
        (FRED[:-1], "past the end"),
        (FRED[:20], "cut"),
        (b"\x20" + b"Z" * 32 + b"\0", "other letters"),
        (b"\x1f" + b"A" * 31 + b"\0", "31 bytes"),
        (b"\x40" + b"A" * 64 + b"\0", "label of 64"),
        (FRED[:-1] + (b"\x3f" + b"x" * 63) * 4 + b"\0", "longer than 255"),
        (b"\xc0\x00", "not before it"),
        (b"\xc0", "half of a pointer"),
        (b"\xc0\x10" + bytes(20), "not before it"),
    ],
)
def test_what_is_no_name(wire: bytes, why: str) -> None:
    with pytest.raises(DecodeError, match=why):
        decode_name(wire, 0, pointers=True)


def test_pointers_in_a_circle_come_to_an_end() -> None:
    """Each leads to before the labels that it ends: two that point at each other do not."""
    with pytest.raises(DecodeError, match="not before it"):
        decode_name(b"\xc0\x02\xc0\x00", 2, pointers=True)
    with pytest.raises(DecodeError, match="not before it"):
        decode_name(b"\1a\xc0\0", 0, pointers=True)


def test_pointers_are_taken_only_where_they_may_be() -> None:
    with pytest.raises(DecodeError, match="label of 192"):
        decode_name(FRED + b"\xc0\0", 34)


@given(st.binary(max_size=80), st.integers(0, 80), st.booleans())
def test_any_bytes(data: bytes, at: int, pointers: bool) -> None:
    try:
        name, end = decode_name(data, at, pointers=pointers)
    except DecodeError:
        return
    assert at < end <= len(data)
    assert str(name)


@given(st.text("ABCXYZ0189-_ÄÖ", min_size=1, max_size=15), st.integers(0, 255))
def test_what_is_written_is_read(name: str, suffix: int) -> None:
    one = NetBIOSName(name, suffix)
    assert decode_name(encode_name(one), 0) == (one, 34)
