"""Answers of the Remote Administration Protocol, from the descriptors that requests bring ([MS-RAP] 2.5.1).

`B` byte, `B13` string of that size, `W` word, `D` double word, `z` pointer to a string, `b21` pointer to so many bytes,
`N` word that says how many other structures follow, `l` pointer to what there is none of here: 0.
"""

import re
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
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

_ITEM: Final = re.compile(r"([BWDNzlb])(\d*)")
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


Record = tuple[str, Sequence[Any]]
"""The descriptor of a structure, and its values."""


def encode_rows(
    descriptor: str, rows: Sequence[Sequence[Any]], room: int, encoding: str
) -> tuple[int, bytes]:
    """As many rows as there is room for; gives their number and the bytes, as `encode_groups` does."""
    return encode_groups([[(descriptor, row)] for row in rows], room, encoding)


def encode_groups(groups: Iterable[Sequence[Record]], room: int, encoding: str) -> tuple[int, bytes]:
    """As many groups of structures as there is room for, each whole: their fixed parts first and then all strings.

    Pointers are offsets from the start of the data (converter 0) and never 0: Windows 7's Explorer crashes on
    a remark without one. Gives the number of groups and the bytes.
    """
    kept: list[Record] = []
    count = used = 0
    for group in groups:
        used += group_size(group, encoding)
        if used > room:
            break
        kept += group
        count += 1
    start = sum(fixed_size(descriptor) for descriptor, _ in kept)
    fixed, strings = bytearray(), bytearray()
    for descriptor, values in kept:
        for (kind, size), value in zip(_items(descriptor), values, strict=True):
            if kind in _POINTERS:
                fixed += _POINTER.pack(start + len(strings))
                strings += _behind(value, encoding)
            elif isinstance(value, str):
                fixed += encode_short(value, encoding, size - 1).ljust(size, b"\0")
            else:
                fixed += (value & (1 << 8 * size) - 1).to_bytes(size, "little")
    return count, bytes(fixed + strings)


_SIZES: Final = {"B": 1, "W": 2, "N": 2, "D": 4, "z": 4, "b": 4, "l": 4}
_POINTERS: Final = frozenset("zb")


@cache
def _items(descriptor: str) -> tuple[tuple[str, int], ...]:
    """The members of a structure, each with its bytes. Descriptors are those of this server's levels: no client's."""
    return tuple(
        (kind, int(count) if count and kind not in _POINTERS else _SIZES[kind])
        for kind, count in _ITEM.findall(descriptor)
    )


def fixed_size(descriptor: str) -> int:
    """Bytes of a structure without what its pointers lead to."""
    return sum(size for _, size in _items(descriptor))


def group_size(group: Sequence[Record], encoding: str) -> int:
    """Bytes of structures with what their pointers lead to."""
    size = 0
    for descriptor, values in group:
        members = zip(_items(descriptor), values, strict=True)
        size += fixed_size(descriptor)
        size += sum(len(_behind(value, encoding)) for (kind, _), value in members if kind in _POINTERS)
    return size


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
    return enumerate_groups(request, [[(one.descriptor, one.values(row))] for row in rows])


def enumerate_groups(request: Request, groups: Sequence[Sequence[Record]]) -> Answer:
    """The same of structures that are sent together or not at all."""
    count, data = encode_groups(groups, request.room, request.encoding)
    return Answer(OK if count == len(groups) else MORE_DATA, (count, len(groups)), data)


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
    fits = fixed_size(one.descriptor) <= request.room
    return describe_group(
        request, [(one.descriptor, one.values(subject))], MORE_DATA if fits else BUFFER_TOO_SMALL
    )


def describe_group(request: Request, group: Sequence[Record], too_small: int = BUFFER_TOO_SMALL) -> Answer:
    """The bytes that structures take in all, and the structures if they fit, else that status."""
    needed = group_size(group, request.encoding)
    if needed > request.room:
        return Answer(too_small, (min(needed, 0xFFFF),))
    return Answer(OK, (needed,), encode_groups([group], needed, request.encoding)[1])
