"""A declared structure (`wire.codec`) walked: each of its fields with its bytes, as far as they can be read."""

import re
import struct
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final, NamedTuple

import msgspec

from fakesmb.trace.field import Field
from fakesmb.trace.fieldmeanings import Meaning, meaning_of
from fakesmb.trace.notes import Note, note_of
from fakesmb.trace.settle import unread
from fakesmb.trace.specnames import length_name, spec_name
from fakesmb.trace.walkparts import Place, part_fields
from fakesmb.wire.codec import Cursor, DecodeError, Record, Structure, layout_of, secret_fields
from fakesmb.wire.dirs import LooseFormat4Part
from fakesmb.wire.parts import WrittenPart

Known = Callable[[str, int], str]
"""What a number stands for in the message's context (`Half.known`), by the table that has it."""
_TABLES: Final[Mapping[str, str]] = {"fid": "fids", "tid": "tids", "uid": "uids", "sid": "sids"}


def nothing_known(kind: str, number: int) -> str:
    """`Known` of a message without context."""
    return ""


_PADS: Final = re.compile(r"\d*x")
"""Reserved bytes in a format."""


class Row(NamedTuple):
    """A fixed field of a structure."""

    name: str
    field: str
    size: int
    raw: bool
    """Its value is bytes."""
    secret: bool
    meaning: Meaning | None
    note: Note | None
    table: str
    """Of the context, that knows what the number is; empty for other fields."""
    layout: struct.Struct
    pad: int = 0
    """Reserved bytes behind it."""


class Walked(NamedTuple):
    """What a walk found."""

    fields: list[Field]
    value: Any
    """The structure; None where a part of it could not be read."""
    end: int
    """Behind the last byte that a field of it has."""
    problem: str = ""


@cache
def rows_of(cls: type[msgspec.Struct]) -> tuple[Row, ...]:
    """The fixed fields of a class."""
    layout = layout_of(cls)
    secrets = secret_fields(cls)
    return tuple(
        Row(
            spec_name(name, cls),
            name,
            struct.calcsize("<" + _PADS.sub("", form)),
            _PADS.sub("", form).endswith("s"),
            name in secrets,
            meaning_of(cls, name),
            note_of(cls, name),
            _TABLES.get(name, ""),
            struct.Struct("<" + form),
            struct.calcsize("<" + form) - struct.calcsize("<" + _PADS.sub("", form)),
        )
        for name, form in zip(layout.names, layout.formats, strict=False)
    )


def fixed_fields(
    rows: Sequence[Row], values: Sequence[Any], at: int, *, buffer: int = 0, known: Known = nothing_known
) -> list[Field]:
    """A leaf for each fixed field, of which the first begins at `at`."""
    found = []
    for row, value in zip(rows, values, strict=False):
        name, _, size, raw, secret, meaning, note, table, _, pad = row
        told = meaning(value) if meaning is not None else ""
        if table:
            known_as = known(table, value)
            told = f"0x{value:04X} ({known_as})" if known_as else f"0x{value:04X}"
        found.append(
            Field(
                name,
                at,
                size,
                value.hex() if raw else value,
                told,
                "",
                note(value) if note is not None else "",
                secret,
                buffer,
            )
        )
        at += size + pad
    return found


def walk(
    cls: type[Record] | type[Structure],
    data: bytes,
    at: int,
    end: int,
    *,
    unicode: bool = True,
    encoding: str = "cp850",
    buffer: int = 0,
    known: Known = nothing_known,
) -> Walked:
    """The fields of a `Record` or `Structure` that begins at `at` and has room to `end`. Never raises."""
    layout, rows = layout_of(cls), rows_of(cls)
    size = layout.fixed.size
    if end - at < size:
        why = f"{cls.__name__} is at least {size} bytes long, {max(end - at, 0)} there"
        return _beginning(rows, data, at, end, why, buffer, known)
    values = layout.fixed.unpack_from(data, at)
    found = fixed_fields(rows, values, at, buffer=buffer, known=known)
    if not layout.parts:
        return Walked(found, _made(cls, dict(zip(layout.names, values, strict=False))), at + size)
    named = dict(zip(layout.names, values, strict=False))
    view = data[at:end]
    cursor = Cursor(view, size, len(view), unicode=unicode, encoding=encoding)
    problem = walk_parts(cls, cursor, named, found, Place(data, at, buffer))
    if problem:
        return Walked(found, None, end, problem)
    return Walked(found, _made(cls, named), at + cursor.at)


def walk_parts(
    cls: type[msgspec.Struct], cursor: Cursor, named: dict[str, Any], found: list[Field], place: Place
) -> str:
    """Adds the fields of the parts behind the fixed ones, and their values to `named`; why it had to stop."""
    secrets = secret_fields(cls)
    for name, part in layout_of(cls).parts:
        start = cursor.at
        if place.cut and start >= cursor.end:
            return ""
        row = part_row(cls, name)
        try:
            fields, named[name] = part_fields(row.name, part, cursor, named, place)
        except DecodeError as error:
            at, end = place.base + start, place.base + cursor.end
            if end > at:
                found.append(unread(at, end, f"{row.name}: {error}", place.data, buffer=place.buffer))
            return f"{row.name}: {error}"
        if row.number or row.length:
            fields = [_numbered(one, row) for one in fields]
        if row.meaning is not None or row.note is not None or name in secrets:
            fields = [_told(one, row, named[name], name in secrets) for one in fields]
        found += fields
    return ""


class PartRow(NamedTuple):
    """A part of a structure, as `Row` has its fixed fields."""

    name: str
    meaning: Meaning | None
    note: Note | None
    number: int
    """Which of the structure's buffer formats is before it; 0 where it has no more than one."""
    length: str
    """What the length of a data block is called, where that is not DataLength."""


@cache
def part_row(cls: type[msgspec.Struct], name: str) -> PartRow:
    """What is told of a part."""
    formatted = [one for one, part in layout_of(cls).parts if _has_format(part)]
    number = formatted.index(name) + 1 if name in formatted and len(formatted) > 1 else 0
    length = length_name(name, cls)
    return PartRow(spec_name(name, cls), meaning_of(cls, name), note_of(cls, name), number, length)


def _has_format(part: Any) -> bool:
    return getattr(part, "format_byte", None) is not None or isinstance(part, (LooseFormat4Part, WrittenPart))


def _numbered(field: Field, row: PartRow) -> Field:
    if field.name == "BufferFormat" and row.number:
        return msgspec.structs.replace(field, name=f"BufferFormat{row.number}")
    if field.name == "DataLength" and row.length:
        return msgspec.structs.replace(field, name=row.length)
    return field


def _told(field: Field, row: PartRow, value: Any, secret: bool) -> Field:
    """The field of the part itself, among its formats and pads, with what is to be said of it."""
    if field.name != row.name:
        return field
    return msgspec.structs.replace(
        field,
        meaning=row.meaning(value) if row.meaning is not None else field.meaning,
        note=row.note(value) if row.note is not None else field.note,
        secret=secret,
    )


def _made(cls: type[Any], named: dict[str, Any]) -> Any:
    return cls(**named)


def _beginning(
    rows: Sequence[Row], data: bytes, at: int, end: int, why: str, buffer: int, known: Known
) -> Walked:
    """The fixed fields that are there of a structure cut short."""
    values: list[Any] = []
    place = at
    for row in rows:
        if place + row.layout.size > end:
            break
        values.append(row.layout.unpack_from(data, place)[0])
        place += row.layout.size
    found = fixed_fields(rows, values, at, buffer=buffer, known=known)
    if place < end:
        found.append(unread(place, end, why, data, buffer=buffer))
    return Walked(found, None, max(end, at), why)
