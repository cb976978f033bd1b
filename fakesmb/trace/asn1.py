"""DER as fields: tag, length and contents of each element, by the shape that it should have (X.690)."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from fakesmb.trace.field import Field
from fakesmb.trace.meanings import Meaning
from fakesmb.trace.settle import group, leaf, unread

INTEGER, BIT_STRING, OCTET_STRING, OBJECT_IDENTIFIER, ENUMERATED = 0x02, 0x03, 0x04, 0x06, 0x0A
GENERALIZED_TIME, GENERAL_STRING, SEQUENCE = 0x18, 0x1B, 0x30
_NAMES: Final[Mapping[int, str]] = MappingProxyType(
    {
        INTEGER: "INTEGER",
        BIT_STRING: "BIT STRING",
        OCTET_STRING: "OCTET STRING",
        OBJECT_IDENTIFIER: "OBJECT IDENTIFIER",
        ENUMERATED: "ENUMERATED",
        GENERALIZED_TIME: "GeneralizedTime",
        GENERAL_STRING: "GeneralString",
        SEQUENCE: "SEQUENCE",
    }
)
_LONGEST_LENGTH: Final = 4
_TEXTS: Final = frozenset({GENERALIZED_TIME, GENERAL_STRING})
_NUMBERS: Final = frozenset({INTEGER, ENUMERATED})

Contents = Callable[[bytes, int, int, int], list[Field]]
"""Data, start, end and buffer to the fields of what a structure of its own holds."""


class Shape(NamedTuple):
    """What an element is. One of `fields`, `each`, `inner` and `contents` says what is in it; a value has none."""

    name: str
    tag: int
    fields: "Mapping[int, Shape]" = MappingProxyType({})
    """Of a SEQUENCE: its elements by their tags."""
    each: "Shape | None" = None
    """Of a SEQUENCE OF: each element."""
    inner: "tuple[Shape, ...]" = ()
    """Of a tag around others: these in their order, the first that has the tag found."""
    contents: Contents | None = None
    meaning: Meaning | None = None
    secret: bool = False
    section: str = ""
    note: str = ""


def context(number: int) -> int:
    """The tag `[number]`."""
    return 0xA0 | number


def application(number: int) -> int:
    """The tag `[APPLICATION number]`."""
    return 0x60 | number


def tag_name(tag: int) -> str:
    """`SEQUENCE`, `[0]`, `[APPLICATION 0]`."""
    if tag & 0xE0 == 0xA0:
        return f"[{tag & 0x1F}]"
    if tag & 0xE0 == 0x60:
        return f"[APPLICATION {tag & 0x1F}]"
    return _NAMES.get(tag, f"tag 0x{tag:02X}")


class Head(NamedTuple):
    """The tag and the length of an element."""

    tag: int
    body_at: int
    end: int


def head_at(data: bytes, at: int, end: int) -> Head | None:
    """The element that begins at `at`; None where none does that ends within the room."""
    if at + 2 > end or data[at] & 0x1F == 0x1F:
        return None
    size, body_at = data[at + 1], at + 2
    if size >= 0x80:
        count = size & 0x7F
        if not 0 < count <= _LONGEST_LENGTH or body_at + count > end:
            return None
        size = int.from_bytes(data[body_at : body_at + count], "big")
        body_at += count
    return Head(data[at], body_at, body_at + size) if body_at + size <= end else None


def elements(
    shapes: "Mapping[int, Shape] | Shape", data: bytes, at: int, end: int, buffer: int
) -> list[Field]:
    """The elements that follow each other, each by the shape that its tag has, or all by one."""
    found = []
    while at < end:
        head = head_at(data, at, end)
        if head is None:
            found.append(unread(at, end, "no DER element that ends where it should", data, buffer=buffer))
            break
        shape = shapes if isinstance(shapes, Shape) else shapes.get(head.tag)
        found.append(element(shape, data, at, head, buffer))
        at = head.end
    return found


def element(shape: Shape | None, data: bytes, at: int, head: Head, buffer: int) -> Field:
    """One element: a group of its tag, its length and what is in it."""
    tag_leaf = leaf("Tag", at, 1, head.tag, tag_name(head.tag), buffer=buffer)
    length = leaf("Length", at + 1, head.body_at - at - 1, head.end - head.body_at, buffer=buffer)
    if shape is None or shape.tag != head.tag:
        why = f"{tag_name(head.tag)}, which is not known here"
        inside = [tag_leaf, length]
        if head.end > head.body_at:
            inside.append(unread(head.body_at, head.end, why, data, buffer=buffer))
        return group("Element", at, head.end, inside, data, buffer=buffer)
    inside = [tag_leaf, length, *_body(shape, data, head, buffer)]
    told = _told(inside[2]) if len(inside) == 3 else ""
    return group(
        shape.name,
        at,
        head.end,
        inside,
        data,
        section=shape.section,
        meaning=told,
        note=shape.note,
        buffer=buffer,
    )


def _told(field: Field) -> str:
    """What the only thing in an element says is what the element says."""
    if field.name != "Value" or field.secret:
        return field.meaning if field.fields else ""
    return field.meaning or str(field.value)


def _body(shape: Shape, data: bytes, head: Head, buffer: int) -> list[Field]:
    at, end = head.body_at, head.end
    if shape.contents is not None:
        return shape.contents(data, at, end, buffer)
    if shape.each is not None:
        return elements(shape.each, data, at, end, buffer)
    if shape.inner:
        return elements({one.tag: one for one in shape.inner}, data, at, end, buffer)
    if shape.fields:
        return elements(shape.fields, data, at, end, buffer)
    if at == end:
        return []
    return [_value(shape, data, at, end, buffer)]


def _value(shape: Shape, data: bytes, at: int, end: int, buffer: int) -> Field:
    raw = data[at:end]
    value: object = raw.hex()
    told = ""
    if shape.tag in _NUMBERS and len(raw) <= 8:
        value = int.from_bytes(raw, "big", signed=shape.tag == INTEGER)
        told = "" if shape.meaning is None else shape.meaning(value)
    elif shape.tag in _TEXTS:
        value = raw.decode("utf-8", "replace")
    elif shape.tag == OBJECT_IDENTIFIER:
        value = oid_text(raw)
        told = "" if shape.meaning is None else shape.meaning(raw)
    elif shape.meaning is not None:
        told = shape.meaning(raw)
    return Field("Value", at, end - at, value, told, secret=shape.secret, buffer=buffer)


def oid_text(raw: bytes) -> str:
    """An object identifier as numbers with dots between; hexadecimal digits where it is none."""
    if not raw or raw[-1] & 0x80:
        return raw.hex()
    numbers, value = [], 0
    for one in raw:
        value = value << 7 | one & 0x7F
        if not one & 0x80:
            numbers.append(value)
            value = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:])))
