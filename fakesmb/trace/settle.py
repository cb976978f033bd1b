"""Fields made to fill their group: in order, none over another, what is between them padding or unread."""

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec.structs import replace

from fakesmb.trace.field import Field

_ALIGNING: Final = 7
"""Bytes that padding has at most where it is not zeros."""


def leaf(name: str, at: int, size: int, value: object, meaning: str = "", *, buffer: int = 0) -> Field:
    """One value."""
    return Field(name, at, size, value, meaning, buffer=buffer)


def group(
    name: str,
    at: int,
    end: int,
    fields: Iterable[Field],
    data: bytes,
    *,
    section: str = "",
    meaning: str = "",
    note: str = "",
    buffer: int = 0,
    why: str = "",
) -> Field:
    """A group that fills the bytes from `at` to `end`; `why` says of those that no field has why they are unread."""
    filled = settled(list(fields), at, end, data, buffer=buffer, why=why)
    return Field(name, at, end - at, None, meaning, section, note, False, buffer, filled)


def pad(at: int, end: int, data: bytes, *, buffer: int = 0) -> Field:
    """Bytes that only move what follows to where it belongs."""
    return Field("Pad", at, end - at, data[at:end].hex(), buffer=buffer)


def unread(at: int, end: int, why: str, data: bytes, *, buffer: int = 0) -> Field:
    """Bytes of which nothing is known; `why` says so in a line."""
    return Field("Unread", at, end - at, data[at:end].hex(), why, buffer=buffer)


def gap(at: int, end: int, data: bytes, *, buffer: int = 0, why: str = "") -> Field:
    """Bytes that no field has: padding if they can be that, else unread."""
    between = data[at:end]
    if between.count(0) == len(between) or (len(between) <= _ALIGNING and not why):
        return Field("Pad", at, end - at, between.hex(), buffer=buffer)
    return unread(at, end, why or "no field of the message says what these bytes are", data, buffer=buffer)


def settled(
    fields: list[Field], at: int, end: int, data: bytes, *, buffer: int = 0, why: str = ""
) -> tuple[Field, ...]:
    """The fields in the order of their bytes, cut to the room, with `gap`s between them.

    Where two claim the same bytes, the first in order has them. Fields of other buffers stay as they are, at the end.
    """
    place = at
    for one in fields:
        if one.buffer != buffer or one.at != place:
            break
        place += one.size
    else:
        if place == end:
            return tuple(fields)
    return _arranged(fields, at, end, data, buffer, why)


def _arranged(
    fields: Sequence[Field], at: int, end: int, data: bytes, buffer: int, why: str
) -> tuple[Field, ...]:
    found: list[Field] = []
    place = at
    here = sorted((one for one in fields if one.buffer == buffer), key=_position)
    for one in here:
        cut = clipped(one, place, end, data)
        if cut is None:
            continue
        if cut.at > place:
            found.append(gap(place, cut.at, data, buffer=buffer, why=why))
        found.append(cut)
        place = cut.at + cut.size
    if place < end:
        found.append(gap(place, end, data, buffer=buffer, why=why))
    found += [one for one in fields if one.buffer != buffer]
    return tuple(found)


def _position(one: Field) -> tuple[int, int]:
    return one.at, one.at + one.size


def clipped(field: Field, lowest: int, end: int, data: bytes) -> Field | None:
    """What of a field lies in the room; None where nothing does. Of a value cut apart the bytes stay, unread."""
    if not field.size:
        return field if lowest <= field.at <= end else replace(field, at=min(max(field.at, lowest), end))
    at, past = max(field.at, lowest), min(field.at + field.size, end)
    if at == field.at and past == field.at + field.size:
        return field
    if at >= past:
        return None
    if not field.fields:
        if field.secret:
            return replace(field, at=at, size=past - at, value=data[at:past].hex())
        return unread(at, past, f"a part of {field.name}", data, buffer=field.buffer)
    inside = settled(list(field.fields), at, past, data, buffer=field.buffer)
    return replace(field, at=at, size=past - at, fields=inside)


def checked(fields: Iterable[Field], at: int, end: int, data: Sequence[bytes]) -> tuple[Field, ...]:
    """Fields of another hand: as `settled`, and so is each group among them, in whatever buffer."""
    return settled([_checked(one, data) for one in fields], at, end, data[0])


def _checked(field: Field, data: Sequence[bytes]) -> Field:
    if not field.fields:
        return field
    inside = [_checked(one, data) for one in field.fields]
    filled = settled(inside, field.at, field.at + field.size, data[field.buffer], buffer=field.buffer)
    return replace(field, fields=filled)
