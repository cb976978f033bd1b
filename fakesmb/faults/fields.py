"""Where the fields of replies stand in their bytes: what `corrupt` may name."""

from collections.abc import Collection, Iterator, Mapping
from struct import calcsize
from typing import Any, Final

from fakesmb.wire.codec import Body, DecodeError, layout_of
from fakesmb.wire.commands import Command
from fakesmb.wire.families import Kind
from fakesmb.wire.header import HEADER_SIZE, NO_ANDX, Flags2, andx_of, block_at
from fakesmb.wire.messages import RESPONSES, response_class
from fakesmb.wire.nt_trans import NT_TRANSACT_RESPONSES
from fakesmb.wire.trans import TransactionResponse
from fakesmb.wire.trans2 import TRANS2_RESPONSES

Place = tuple[int, int]
"""Where in a message, from its header's start, and how many bytes."""

HEADER_FIELDS: Final[Mapping[str, Place]] = {
    "magic": (0, 4),
    "command": (4, 1),
    "status": (5, 4),
    "flags": (9, 1),
    "flags2": (10, 2),
    "pid_high": (12, 2),
    "signature": (14, 8),
    "tid": (24, 2),
    "pid_low": (26, 2),
    "uid": (28, 2),
    "mid": (30, 2),
    "word_count": (32, 1),
}
_ANDX_BYTES: Final = 4
_OF_TRANSACTIONS: Final[Mapping[int, Mapping[int, type[Any]]]] = {
    Command.TRANSACTION2: TRANS2_RESPONSES,
    Command.NT_TRANSACT: NT_TRANSACT_RESPONSES,
}


def reply_fields(kinds: Collection[Kind] | None) -> set[str]:
    """The fields that a reply to one of these commands may have, besides those of its header; None: to any."""
    return {field for structure in _structures(kinds) for field in structure.__struct_fields__}


def longest(field: str, kinds: Collection[Kind] | None) -> int | None:
    """The bytes that a field has at most; None where that depends on the reply."""
    if field in HEADER_FIELDS:
        return HEADER_FIELDS[field][1]
    places = [_fixed(kind, field) for kind in _structures(kinds) if field in kind.__struct_fields__]
    if not places or None in places:
        return None
    return max(place[1] for place in places if place is not None)


def _structures(kinds: Collection[Kind] | None) -> Iterator[type[Any]]:
    for code, forms in RESPONSES.items():
        if kinds is None or any(kind.command == code for kind in kinds):
            yield from forms.values()
    for code, table in _OF_TRANSACTIONS.items():
        for function, structure in table.items():
            if kinds is None or Kind(code) in kinds or Kind(code, function) in kinds:
                yield structure


def place_of(
    field: str, message: memoryview, *, index: int, function: int | None, encoding: str
) -> Place | None:
    """Where a field stands in a reply; None where that reply has none of the name.

    `index` is that of the command in its chain, `function` its subcommand.
    """
    found = HEADER_FIELDS.get(field)
    if found is not None:
        return found
    try:
        for at, (code, body, block_place) in enumerate(_blocks(message, encoding)):
            if at == index:
                return _in_body(field, message, code, body, block_place, function)
    except DecodeError:
        return None
    return None


def _blocks(message: memoryview, encoding: str) -> Iterator[tuple[int, Body, Place]]:
    """Each command of a chain: its code, its block, and where the block's words and bytes begin."""
    unicode = bool(message[11] << 8 & Flags2.UNICODE)
    code, at = message[4], HEADER_SIZE
    while True:
        block = block_at(message, at, unicode=unicode, encoding=encoding)
        body = response_class(code, block).decode(block)
        yield code, body, (block.words_at, block.bytes_at)
        following, offset = andx_of(block)
        if not body.ANDX or following == NO_ANDX or offset <= at:
            return
        code, at = following, offset


def _in_body(
    field: str, message: memoryview, code: int, body: Body, block: Place, function: int | None
) -> Place | None:
    words_at, bytes_at = block
    place = _fixed(type(body), field)
    if place is not None:
        return words_at + (_ANDX_BYTES if body.ANDX else 0) + place[0], place[1]
    value = getattr(body, field, None)
    if isinstance(body, TransactionResponse) and function is not None and not value:
        structure = _OF_TRANSACTIONS.get(code, {}).get(function)
        place = None if structure is None else _fixed(structure, field)
        start = bytes(message).find(bytes(body.parameters), bytes_at)
        if place is None or start < 0 or place[0] + place[1] > len(body.parameters):
            return None
        return start + place[0], place[1]
    if isinstance(value, str):
        value = value.encode("utf-16-le" if message[11] << 8 & Flags2.UNICODE else "latin-1", "replace")
    if not isinstance(value, bytes | bytearray | memoryview) or not len(value):
        return None
    start = bytes(message).find(bytes(value), bytes_at)
    return None if start < 0 else (start, len(value))


def _fixed(kind: type[Any], field: str) -> Place | None:
    """Where a fixed field of a structure stands in it."""
    try:
        layout = layout_of(kind)  # type: ignore[arg-type]  # classes can be hashed
    except TypeError:  # it has a way of its own to be read
        return None
    names = layout.names[: len(layout.formats)]
    if field not in names:
        return None
    at = names.index(field)
    return calcsize("<" + "".join(layout.formats[:at])), calcsize(f"<{layout.formats[at]}")
