"""Cursor, Writer, declared layouts, header and frames."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakesmb.wire.codec import (
    U8,
    U16,
    U32,
    Body,
    Cursor,
    DecodeError,
    Record,
    Rest,
    Structure,
    Text,
    Writer,
    layout_of,
    words_of,
)
from fakesmb.wire.frame import Frame, FrameError, Framer, FrameType, prefix
from fakesmb.wire.header import NO_ANDX, Flags, Flags2, Header, andx_of, block_at, pack_header
from tests.wire.wire_blocks import block, encoded, octets


def test_unicode_text_is_aligned_from_the_header_and_oem_text_is_not() -> None:
    raw = b"\xee\0a\0\0\0"
    assert Cursor(raw, 1, 6, unicode=True).text() == "a"
    assert Cursor(b"\xeea\0", 1, 3, unicode=False).text() == "a"


def test_a_null_across_two_characters_ends_no_unicode_string() -> None:
    assert Cursor("Āb\0".encode("utf-16-le"), 0, 6, unicode=True).text() == "Āb"


@pytest.mark.parametrize("unicode", [True, False])
def test_a_string_without_its_null_is_refused_unless_that_is_allowed(unicode: bool) -> None:
    raw = "ab".encode("utf-16-le") if unicode else b"ab"
    with pytest.raises(DecodeError):
        Cursor(raw, 0, len(raw), unicode=unicode).text()
    cursor = Cursor(raw, 0, len(raw), unicode=unicode)
    assert cursor.text(strict=False) == "ab"
    assert cursor.left == 0


def test_the_end_of_the_bytes_ends_the_cursor_though_the_message_goes_on() -> None:
    cursor = Cursor(b"abcdef", 1, 4, unicode=False)
    assert bytes(cursor.take(2)) == b"bc"
    assert cursor.left == 1
    with pytest.raises(DecodeError):
        cursor.take(2)
    with pytest.raises(DecodeError):
        cursor.take(-1)


def test_a_cursor_outside_the_message_is_refused() -> None:
    with pytest.raises(DecodeError):
        Cursor(b"abc", 2, 4, unicode=True)


def test_a_lone_surrogate_survives_both_ways() -> None:
    """NTFS allows it in a name."""
    writer = Writer(0, unicode=True)
    writer.text("\ud800x")
    assert bytes(writer.data) == b"\0\xd8x\0\0\0"
    assert Cursor(writer.data, 0, 6, unicode=True).text() == "\ud800x"


@given(st.text(st.characters(exclude_characters="\0")), st.integers(0, 7))
def test_unicode_text_comes_back_at_any_offset(text: str, at: int) -> None:
    writer = Writer(at, unicode=True)
    writer.text(text)
    raw = bytes(at) + bytes(writer.data)
    assert Cursor(raw, at, len(raw), unicode=True).text() == text


class Sample(Body, frozen=True):
    """Two forms: three words or one."""

    SHORTER = (1,)
    a: U16
    b: U32 = 7
    name: Text = ""
    tail: Rest = b""


def test_a_shorter_form_leaves_defaults() -> None:
    assert Sample.decode(block("01 0100 0300 780021", unicode=False)) == Sample(1, 7, "x", b"!")


def test_the_full_form_is_written() -> None:
    """35 bytes and three words bring the string to an odd offset: one byte of padding."""
    assert encoded(Sample(1, 2, "x", b"!")) == octets("03 0100 02000000 0600 00 7800 0000 21")


def test_a_word_count_beyond_a_form_is_that_form() -> None:
    """The words behind it are not read."""
    forms = sorted(words_of(Sample).forms)
    for count in range(forms[0], forms[-1] + 3):
        words = bytes(range(1, 2 * count + 1))
        read = Sample.decode(block(bytes((count,)) + words + b"\0\0"))
        form = max(one for one in forms if one <= count)
        assert read == Sample.decode(block(bytes((form,)) + words[: 2 * form] + b"\0\0"))
    with pytest.raises(DecodeError):
        Sample.decode(block(bytes((forms[0] - 1,)) + bytes(2 * forms[0] - 2) + b"\0\0"))


def test_declarations_that_make_no_sense_are_refused_at_once() -> None:
    class Odd(Body, frozen=True):
        a: U8

    class WordsLast(Body, frozen=True):
        name: Text
        a: U16

    with pytest.raises(TypeError):
        words_of(Odd)
    with pytest.raises(TypeError):
        layout_of(WordsLast)


class Pair(Record, frozen=True):
    """Three bytes."""

    a: U8
    b: U16


def test_a_record_is_read_at_any_offset_and_written_from_any_object() -> None:
    assert Pair.decode(b"x\1\2\0", 1) == Pair(1, 2)
    assert Pair.encode_from(Pair(3, 4)) == b"\3\4\0" == Pair(3, 4).encode()
    assert Pair.size() == 3
    for data, at in ((b"\1\2", 0), (b"\1\2\3", 1), (b"\1\2\3", -1)):
        with pytest.raises(DecodeError):
            Pair.decode(data, at)


class Params(Structure, frozen=True):
    """Transaction parameters with a name."""

    level: U16
    name: Text


def test_a_structure_aligns_from_its_own_start_and_ignores_what_follows() -> None:
    assert Params(1, "a").encode() == b"\1\0a\0\0\0"
    assert Params.decode(b"\1\0a\0\0\0rest") == Params(1, "a")
    assert Params.decode(b"\1\0a\0", unicode=False) == Params(1, "a")
    with pytest.raises(DecodeError):
        Params.decode(b"\1")


# -- header --------------------------------------------------------------------------------------------------

HEADER = octets("ff534d42 73 160000c0 98 07c8 0100 0102030405060708 0000 0208 fffe 0300 4000")


def test_the_header_is_these_bytes() -> None:
    header = Header(0x73, 0xC0000016, 0x98, 0xC807, 1, bytes(range(1, 9)), 0x0802, 0xFEFF, 3, 0x40)
    assert header.encode() == HEADER
    assert Header.decode(HEADER) == header
    assert header.pid == 0x1FEFF
    assert header.unicode
    assert header.is_reply


def test_a_reply_header_is_packed_without_a_signature() -> None:
    packed = pack_header(0x73, 0xC0000016, 0x98, 0xC807, 1, 0x0802, 0xFEFF, 3, 0x40)
    assert packed == HEADER[:14] + bytes(8) + HEADER[22:]
    assert Header.decode(packed).flags & Flags.REPLY
    assert Header.decode(packed).flags2 & Flags2.NT_STATUS


@pytest.mark.parametrize("raw", [b"", HEADER[:31], b"\xfeSMB" + HEADER[4:]])
def test_what_is_no_header_is_refused(raw: bytes) -> None:
    with pytest.raises(DecodeError):
        Header.decode(raw)


@pytest.mark.parametrize("body", ["", "01", "01 00", "ff"])
def test_a_block_beyond_its_message_is_refused(body: str) -> None:
    with pytest.raises(DecodeError):
        block_at(HEADER + octets(body), 32, unicode=True)


@pytest.mark.parametrize(
    ("body", "there"),
    [("00", 0), ("00 00", 0), ("00 0100", 0), ("00 0300 41", 1), ("01 0000", 0), ("01 0000 ffff 4142", 2)],
)
def test_a_byte_count_ends_with_its_message(body: str, there: int) -> None:
    """One that is missing is 0."""
    message = HEADER + octets(body)
    found = block_at(message, 32, unicode=True)
    assert found.byte_count == there
    assert found.bytes_at + found.byte_count <= len(message)


def test_the_next_command_of_a_chain() -> None:
    assert andx_of(block("02 75 00 3400 0000")) == (0x75, 0x34)
    assert andx_of(block("00 0000")) == (NO_ANDX, 0)
    assert andx_of(block("01 7500 0000")) == (NO_ANDX, 0)


# -- frames --------------------------------------------------------------------------------------------------


def cut(stream: bytes, cuts: list[int], limit: int = 1 << 17) -> list[tuple[int, bytes]]:
    """The frames of a stream that arrives cut at these places."""
    framer = Framer(limit)
    found = []
    edges = [0, *sorted(min(at, len(stream)) for at in cuts), len(stream)]
    for start, end in itertools.pairwise(edges):
        found += [(one.type, bytes(one.body)) for one in framer.feed(stream[start:end])]
    return found


@given(
    st.lists(st.tuples(st.sampled_from([0, 0x81, 0x85]), st.binary(max_size=40)), max_size=5),
    st.lists(st.integers(0, 250), max_size=8),
)
def test_cuts_change_nothing(frames: list[tuple[int, bytes]], cuts: list[int]) -> None:
    stream = b"".join(bytes([kind]) + prefix(len(body))[1:] + body for kind, body in frames)
    assert cut(stream, cuts) == frames


def test_one_byte_at_a_time() -> None:
    stream = prefix(3) + b"abc" + prefix(0) + prefix(2) + b"de"
    assert cut(stream, list(range(len(stream)))) == [(0, b"abc"), (0, b""), (0, b"de")]


def test_a_frame_longer_than_the_limit_ends_the_stream() -> None:
    with pytest.raises(FrameError):
        list(Framer(10).feed(prefix(11)))
    assert list(Framer(10).feed(b"\x85\0\0\0")) == [Frame(FrameType.KEEPALIVE, memoryview(b""))]
