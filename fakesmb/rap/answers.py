"""Answers of the Remote Administration Protocol, from the descriptors that requests bring ([MS-RAP] 2.5.1).

`B` byte, `B13` string of that size, `W` word, `D` double word, `z` pointer to a string, `b21` pointer to so many bytes.
"""

import re
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from fakesmb.rpc.view import Caller, ServerView
from fakesmb.wire.oem import encode_oem, encode_short, spelt

OK: Final = 0
ACCESS_DENIED: Final = 5
NOT_SUPPORTED: Final = 50
INVALID_PARAMETER: Final = 87
INVALID_LEVEL: Final = 124
MORE_DATA: Final = 234
BUFFER_TOO_SMALL: Final = 2123
NET_NAME_NOT_FOUND: Final = 2310
CLIENT_NAME_NOT_FOUND: Final = 2312


_ITEM: Final = re.compile(r"([BWDzb])(\d*)")
_POINTER: Final = struct.Struct("<I")


class Request(NamedTuple):
    """A decoded call."""

    view: ServerView
    caller: Caller
    arguments: tuple[Any, ...]
    """Words, double words and strings of the parameters, in order; the buffer size is not among them."""
    room: int
    """Bytes that the answer's data may have."""
    fields: str
    """The data descriptor."""
    encoding: str


class Answer(NamedTuple):
    """What a call comes to: the words behind status and converter, and the data."""

    status: int
    words: tuple[int, ...] = ()
    data: bytes = b""


class Level(NamedTuple):
    """One information level: its descriptor, and a row's values in that order."""

    descriptor: str
    values: Callable[[Any], tuple[Any, ...]]


def encode_rows(
    descriptor: str, rows: Sequence[Sequence[Any]], room: int, encoding: str
) -> tuple[int, bytes]:
    """As many rows as there is room for, their fixed parts first and then all strings.

    Pointers are offsets from the start of the data (converter 0) and never 0: Windows 7's Explorer crashes on
    a remark without one. Gives the number of rows and the bytes.
    """
    items = _ITEM.findall(descriptor)
    size = fixed_size(descriptor)
    texts = [
        sum(
            len(_behind(value, encoding))
            for (kind, _), value in zip(items, row, strict=True)
            if kind in _POINTERS
        )
        for row in rows
    ]
    count = used = 0
    for text in texts:
        used += size + text
        if used > room:
            break
        count += 1
    fixed = bytearray()
    strings = bytearray()
    for row in rows[:count]:
        for (kind, length), value in zip(items, row, strict=True):
            if kind in _POINTERS:
                fixed += _POINTER.pack(count * size + len(strings))
                strings += _behind(value, encoding)
            elif length:
                wide = int(length)
                fixed += encode_short(value, encoding, wide - 1).ljust(wide, b"\0")
            else:
                fixed += (value & (1 << 8 * _SIZES[kind]) - 1).to_bytes(_SIZES[kind], "little")
    return count, bytes(fixed + strings)


_SIZES: Final = {"B": 1, "W": 2, "D": 4, "z": 4, "b": 4}
_POINTERS: Final = frozenset("zb")


def fixed_size(descriptor: str) -> int:
    """Bytes of a structure without what its pointers lead to."""
    items = _ITEM.findall(descriptor)
    return sum(int(count) if count and kind not in _POINTERS else _SIZES[kind] for kind, count in items)


def _behind(value: str | bytes, encoding: str) -> bytes:
    """What a pointer leads to."""
    return value if isinstance(value, bytes) else oem(value, encoding)


def oem(text: str, encoding: str) -> bytes:
    """A string and its null, `_` for what the code page lacks."""
    return encode_oem(text, encoding) + b"\0"


def shown(name: str, encoding: str) -> str:
    """A name that clients may ask for, or "" where the code page cannot spell it."""
    return name if spelt(name, encoding) is not None else ""


def enumerate_rows(request: Request, levels: Mapping[int, Level], rows: Sequence[Any], level: int) -> Answer:
    """An enumeration: entries returned, entries available, and the rows that fit."""
    one = levels.get(level)
    if one is None:
        return Answer(INVALID_LEVEL)
    if request.fields != one.descriptor:
        return Answer(INVALID_PARAMETER)
    values = [one.values(row) for row in rows]
    count, data = encode_rows(one.descriptor, values, request.room, request.encoding)
    return Answer(OK if count == len(rows) else MORE_DATA, (count, len(rows)), data)


def describe(request: Request, levels: Mapping[int, Level], subject: Any, level: int) -> Answer:
    """A GetInfo: the bytes it takes in all, and the structure if it fits.

    Else it is more data (3.2.5.2), and where not even the structure without its strings would fit, the buffer is too
    small: clients ask again with as much as they are told.
    """
    one = levels.get(level)
    if one is None:
        return Answer(INVALID_LEVEL)
    if request.fields not in ("", one.descriptor):  # NetUserGetInfo comes without (2.5.8.2.1)
        return Answer(INVALID_PARAMETER)
    values = [one.values(subject)]
    _, whole = encode_rows(one.descriptor, values, 0x10000, request.encoding)
    if len(whole) > request.room:
        fits = fixed_size(one.descriptor) <= request.room
        return Answer(MORE_DATA if fits else BUFFER_TOO_SMALL, (len(whole),))
    return Answer(OK, (len(whole),), whole)
