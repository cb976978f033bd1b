"""The parts of a structure (`wire.parts`) walked: format bytes, padding, lengths and the value itself."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from fakesmb.trace.field import Field
from fakesmb.trace.settle import group, leaf, pad
from fakesmb.wire.codec import (
    CountedPart,
    CountedTextPart,
    Cursor,
    DataBlockPart,
    DecodeError,
    FixedPart,
    PadPart,
    PayloadPart,
    RestPart,
    SizedTextPart,
    TextPart,
    WrittenPart,
    encode_utf16,
)
from fakesmb.wire.dirs import LooseFormat4Part, is_format
from fakesmb.wire.locking import LockRange, LockType, RangesPart
from fakesmb.wire.negotiate import DialectsPart
from fakesmb.wire.oem import decode_oem
from fakesmb.wire.parts import DATA_BLOCK_HEAD

Found = tuple[list[Field], Any]
"""Fields, and the part's value."""


class Place(NamedTuple):
    """Where a cursor's bytes are."""

    data: bytes
    base: int
    """What is to be added to the cursor's offsets."""
    buffer: int = 0
    cut: bool = False
    """The bytes end before the structure does, as no more of them were kept."""


BUFFER_FORMATS: Final[Mapping[int, str]] = {
    1: "data block",
    2: "dialect",
    3: "pathname",
    4: "null-terminated string",
    5: "variable block",
}
"""[MS-CIFS] 2.2.1.1, 2.2.3.3."""


def part_fields(name: str, part: Any, cursor: Cursor, before: dict[str, Any], place: Place) -> Found:
    """The fields of one part, which the cursor goes past; raises `DecodeError`.

    The last of them is the part itself, the others are formats, lengths and padding before it.
    """
    return _WALKERS[type(part)](name, part, cursor, before, place)


def _format(code: int, at: int, place: Place) -> Field:
    return leaf("BufferFormat", at, 1, code, BUFFER_FORMATS.get(code, ""), buffer=place.buffer)


def _buffer_format(code: int, cursor: Cursor, place: Place) -> list[Field]:
    """A buffer format byte with the padding before it, as far as they are there."""
    at = cursor.at
    cursor.buffer_format(code)
    if cursor.at == at:
        return []
    last = cursor.at - 1
    before = [pad(place.base + at, place.base + last, place.data, buffer=place.buffer)] if last > at else []
    return [*before, _format(cursor.message[last], place.base + last, place)]


def _text(name: str, part: TextPart, cursor: Cursor, before: dict[str, Any], place: Place) -> Found:
    found = []
    if part.format_byte is not None:
        if not cursor.left:
            raise DecodeError("a string that is not there")
        found += _buffer_format(part.format_byte, cursor, place)
    wide = part.utf16 or cursor.unicode
    if part.oem:
        wide = part.format_byte is not None and cursor.oem_in_unicode()
    began = at = cursor.at
    text = cursor.utf16(strict=False, align=part.align) if wide else cursor.oem(strict=False)
    if wide and part.align:
        at = _where(began, cursor, text)
    if at > began:
        found.append(pad(place.base + began, place.base + at, place.data, buffer=place.buffer))
    if cursor.at == at:
        return found, text  # a string that senders may leave out, and this one did
    found.append(Field(name, place.base + at, cursor.at - at, text, buffer=place.buffer))
    return found, text


def _where(began: int, cursor: Cursor, text: str) -> int:
    """Where a Unicode string begins that the cursor has read: behind the padding, as a rule of one byte."""
    aligned = min(began + (began & 1), cursor.end)
    if not text:
        return began if cursor.packed else aligned
    raw = encode_utf16(text)
    for at in (aligned, began, aligned + 1):
        if bytes(cursor.message[at : at + len(raw)]) == raw:
            return at
    return aligned


def _aligned(cursor: Cursor, place: Place) -> list[Field]:
    at = cursor.at
    cursor.align(2)
    if cursor.at == at:
        return []
    return [pad(place.base + at, place.base + cursor.at, place.data, buffer=place.buffer)]


def _counted_text(
    name: str, part: CountedTextPart, cursor: Cursor, before: dict[str, Any], place: Place
) -> Found:
    found = _aligned(cursor, place) if cursor.unicode else []
    at = cursor.at
    text = cursor.counted_text(before[part.size_field])
    raw = bytes(memoryview(cursor.message)[at : cursor.end])
    null = b"\0\0" if cursor.unicode else b"\0"
    if not before[part.size_field]:
        length = 0
    elif cursor.unicode:
        length = len(encode_utf16(text))
    else:
        length = _oem_length(raw, before[part.size_field])
    if raw[length : length + len(null)] == null:
        length += len(null)
    cursor.at = at + length
    found.append(Field(name, place.base + at, length, text, buffer=place.buffer))
    return found, text


def _oem_length(raw: bytes, size: int) -> int:
    null = raw.find(0)
    return null if null >= 0 else min(size, len(raw))


def _sized_text(
    name: str, part: SizedTextPart, cursor: Cursor, before: dict[str, Any], place: Place
) -> Found:
    at = cursor.at
    text = part.read(cursor, before)
    if cursor.at == at:
        return [], text
    return [Field(name, place.base + at, cursor.at - at, text, buffer=place.buffer)], text


def _rest(name: str, part: RestPart, cursor: Cursor, before: dict[str, Any], place: Place) -> Found:
    at = cursor.at
    return _bytes(name, at, cursor.rest(), place)


def _counted(name: str, part: CountedPart, cursor: Cursor, before: dict[str, Any], place: Place) -> Found:
    at = cursor.at
    return _bytes(name, at, cursor.take(_there(before[part.size_field], cursor, place)), place)


def _fixed(name: str, part: FixedPart, cursor: Cursor, before: dict[str, Any], place: Place) -> Found:
    at = cursor.at
    return _bytes(name, at, cursor.take(_there(part.size, cursor, place)), place)


def _bytes(name: str, at: int, taken: memoryview, place: Place) -> Found:
    raw = bytes(taken)
    if not raw:
        return [], raw
    return [Field(name, place.base + at, len(raw), raw.hex(), buffer=place.buffer)], raw


def _there(size: int, cursor: Cursor, place: Place) -> int:
    """So many bytes, or as many as were kept of them."""
    return min(size, cursor.left) if place.cut else size


def _data_block(
    name: str, part: DataBlockPart, cursor: Cursor, before: dict[str, Any], place: Place
) -> Found:
    if cursor.left < DATA_BLOCK_HEAD:
        return _bytes(name, cursor.at, cursor.rest()[:0], place)
    fields = _buffer_format(part.format_byte, cursor, place)
    at = cursor.at - 1
    length = int.from_bytes(cursor.take(2), "little")
    found = [
        *fields,
        leaf("DataLength", place.base + at + 1, 2, length, buffer=place.buffer),
    ]
    fields, raw = _bytes(name, cursor.at, cursor.take(_there(length, cursor, place)), place)
    return found + fields, raw


def _written(name: str, part: WrittenPart, cursor: Cursor, before: dict[str, Any], place: Place) -> Found:
    at, head = cursor.at, bytes(cursor.take(min(DATA_BLOCK_HEAD, cursor.left)))
    found = [_format(head[0], place.base + at, place)] if head else []
    if len(head) > 1:
        length = int.from_bytes(head[1:], "little")
        found.append(leaf("DataLength", place.base + at + 1, len(head) - 1, length, buffer=place.buffer))
    fields, raw = _bytes(name, cursor.at, cursor.take(min(before[part.size_field], cursor.left)), place)
    return found + fields, raw


def _pad_byte(name: str, part: PadPart, cursor: Cursor, before: dict[str, Any], place: Place) -> Found:
    if not cursor.left:
        return [], 0
    at = place.base + cursor.at
    return [pad(at, at + 1, place.data, buffer=place.buffer)], cursor.u8()


def _payload(name: str, part: PayloadPart, cursor: Cursor, before: dict[str, Any], place: Place) -> Found:
    length = before[part.high_field] << 16 | before[part.length_field]
    at = before[part.offset_field]
    return _bytes(name, at, cursor.at_offset(at, length), place)


def _dialects(name: str, part: DialectsPart, cursor: Cursor, before: dict[str, Any], place: Place) -> Found:
    found: list[Field] = []
    names: list[str] = []
    while cursor.left > 1 and cursor.message[cursor.at + 1]:
        at = cursor.at
        code = cursor.u8()
        base, text_at = place.base, cursor.at
        null = place.data.find(0, base + text_at, base + cursor.end)
        end = base + cursor.end if null < 0 else null + 1
        cursor.at = end - base
        text = _text_value(place.data[base + text_at : end], cursor.encoding)
        inside = [
            _format(code, base + at, place),
            leaf("DialectString", base + text_at, cursor.at - text_at, text, buffer=place.buffer),
        ]
        told = f"#{len(names)}: {text}"
        found.append(
            group("SMB_Dialect", base + at, end, inside, place.data, meaning=told, buffer=place.buffer)
        )
        names.append(text)
    return found, tuple(names)


def _ranges(name: str, part: RangesPart, cursor: Cursor, before: dict[str, Any], place: Place) -> Found:
    large = bool(before["type_of_lock"] & LockType.LARGE_FILES)
    found, values = [], []
    for _ in range(before[part.count_field]):
        at = cursor.at
        one = LockRange.read(cursor, large=large)
        found.append(_range(name.removesuffix("s"), at, one, large, place))
        values.append(one)
    return found, tuple(values)


_SMALL_RANGE: Final = (("PID", 2), ("ByteOffset", 4), ("LengthInBytes", 4))
_LARGE_RANGE: Final = (
    ("PID", 2),
    ("Pad", 2),
    ("ByteOffsetHigh", 4),
    ("ByteOffsetLow", 4),
    ("LengthInBytesHigh", 4),
    ("LengthInBytesLow", 4),
)


def _range(name: str, at: int, one: LockRange, large: bool, place: Place) -> Field:
    start = at = place.base + at
    inside = []
    for part, size in _LARGE_RANGE if large else _SMALL_RANGE:
        value = int.from_bytes(place.data[at : at + size], "little")
        inside.append(leaf(part, at, size, value, buffer=place.buffer))
        at += size
    told = f"{name.lower()} {one.length} bytes at {one.offset}"
    kind = f"LOCKING_ANDX_RANGE{64 if large else 32}"
    return group(kind, start, at, inside, place.data, meaning=told, buffer=place.buffer)


def _loose(name: str, part: LooseFormat4Part, cursor: Cursor, before: dict[str, Any], place: Place) -> Found:
    found: list[Field] = []
    if cursor.left and is_format(cursor):
        found += _buffer_format(4, cursor, place)
    fields, text = _text(name, TextPart(), cursor, before, place)
    return found + fields, text


def _text_value(raw: bytes, encoding: str) -> str:
    return decode_oem(raw.partition(b"\0")[0], encoding)


_WALKERS: Final[Mapping[type, Callable[..., Found]]] = {
    TextPart: _text,
    CountedTextPart: _counted_text,
    SizedTextPart: _sized_text,
    RestPart: _rest,
    CountedPart: _counted,
    FixedPart: _fixed,
    DataBlockPart: _data_block,
    WrittenPart: _written,
    PadPart: _pad_byte,
    PayloadPart: _payload,
    DialectsPart: _dialects,
    RangesPart: _ranges,
    LooseFormat4Part: _loose,
}
