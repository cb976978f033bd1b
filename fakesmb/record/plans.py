"""Plans: how the words, the fields and the FID of one form of message are read and written, made from its layout.

`lines` runs them. What has no plan goes the general way (`dissect`, `describe`, `entry`).
"""

from collections.abc import Callable, Mapping
from functools import cache
from struct import Struct
from typing import Any, Final, get_args, get_type_hints

import msgspec

from fakesmb.record.describe import WORDS
from fakesmb.record.values import hex_of, left_out, struct_values
from fakesmb.wire import names
from fakesmb.wire.codec import (
    PAYLOADS,
    Body,
    Empty,
    Omitted,
    RestPart,
    layout_of,
    lighten,
    values_of,
    words_of,
)
from fakesmb.wire.commands import Command
from fakesmb.wire.files import ReadAndxResponse, WriteAndxRequest
from fakesmb.wire.header import HEADER_SIZE, NO_ANDX, block_at

_U16: Final = Struct("<H")
WORDS_AT: Final = HEADER_SIZE + 1
"""Where the words of a message's first command begin."""


class NoPlan(Exception):
    """The message goes the general way."""


Said = tuple[str, str, int | None, int | None]
"""What a plan makes of a message: the words behind `C; ` or `R; `, its fields as JSON with their key (empty where there
are none), the FID and the subcommand that it names."""
Plan = Callable[[bytes, int, bool, str], Said]
"""Message as far as it was kept, its size, whether its strings are Unicode, the code page; raises `DecodeError`."""


def json_text(text: str) -> str:
    """A string of JSON with its quotes; raises `UnicodeEncodeError` for a lone surrogate."""
    return msgspec.json.encode(text).decode()


@cache
def title_of(command: int, subcommand: int | None) -> str:
    """`Transact2, Query Path Information`, as the words of a message begin."""
    if subcommand is None:
        return names.title(command)
    return f"{names.title(command)}, {names.subcommand_title(command, subcommand)}"


def structure_plan(command: int, cls: type[Body], word_count: int) -> Plan:
    """The plan of a message that is one command of that structure."""
    title = names.title(command)
    say = WORDS.get(cls)
    if command == Command.CLOSE and cls is Empty:
        title += ", FID = 0x0000"
    fields_of = fields_writer(cls)
    read = _reader(cls, word_count)
    has_fid = "fid" in cls.__struct_fields__

    def plan(message: bytes, size: int, unicode: bool, encoding: str) -> Said:
        body = read(message, size, unicode, encoding)
        words = title if say is None else title + say(body)
        return words, fields_of(body), body.fid if has_fid else None, None

    return plan


_Reads = Callable[[bytes, int, bool, str], Any]


def _reader(cls: type[Body], word_count: int) -> _Reads:
    """How a single command of that class is read."""
    layout = layout_of(cls)
    form = words_of(cls).forms.get(word_count)
    words_at = WORDS_AT + (4 if cls.ANDX else 0)
    bytes_at = WORDS_AT + 2 * word_count + 2
    andx = cls.ANDX

    def read_all(message: bytes, size: int, unicode: bool, encoding: str) -> Any:
        if len(message) != size or (andx and message[WORDS_AT] != NO_ANDX):
            raise NoPlan
        return lighten(cls.decode(block_at(message, HEADER_SIZE, unicode=unicode, encoding=encoding)))

    full = form is not None and form.size == layout.fixed.size
    place = _PAYLOAD_WORDS.get(cls)
    own = cls.decode.__func__ is not Body.decode.__func__  # type: ignore[attr-defined]
    if not full or form is None or not (place or cls.__match_args__ == layout.names) or (own and not place):
        return read_all
    unpack = form.unpack_from

    def byte_count(message: bytes, size: int) -> int:
        if bytes_at > len(message) or (andx and message[WORDS_AT] != NO_ANDX):
            raise NoPlan
        count: int = _U16.unpack_from(message, bytes_at - 2)[0]
        if bytes_at + count > size:
            raise NoPlan
        return count

    if place is not None:
        high, low, offset = place

        def read_payload(message: bytes, size: int, unicode: bool, encoding: str) -> Any:
            byte_count(message, size)
            values = unpack(message, words_at)
            length = values[high] << 16 | values[low]
            if values[offset] < bytes_at or values[offset] + length > size:
                raise NoPlan
            return cls(*values, Omitted(length))

        return read_payload
    if not layout.parts:

        def read_words(message: bytes, size: int, unicode: bool, encoding: str) -> Any:
            byte_count(message, size)
            return cls(*unpack(message, words_at))

        return read_words
    name, part = layout.parts[0]
    if len(layout.parts) == 1 and isinstance(part, RestPart) and name in PAYLOADS:

        def read_rest(message: bytes, size: int, unicode: bool, encoding: str) -> Any:
            return cls(*unpack(message, words_at), Omitted(byte_count(message, size)))

        return read_rest
    return read_all


def _places(cls: type[Body]) -> tuple[int, int, int]:
    high, low, offset = map(cls.__struct_fields__.index, ("data_length_high", "data_length", "data_offset"))
    return high, low, offset


_PAYLOAD_WORDS: Final[Mapping[type[Body], tuple[int, int, int]]] = {
    cls: _places(cls) for cls in (WriteAndxRequest, ReadAndxResponse)
}
"""Where the high and the low word of a payload's length and its offset are."""


def fields_writer(cls: type[msgspec.Struct], key: str = ',"fields":') -> Callable[[Any], str]:
    """Writes the values of a structure as `values.struct_values` gives them, with the key before them."""
    hints = get_type_hints(cls)
    shown = [name for name in cls.__struct_fields__ if name not in left_out(cls)]
    if not shown:
        return lambda _: f"{key}{{}}" if not key.startswith(",") else ""
    items: list[str] = []
    conversions: list[tuple[int, Callable[[Any], object]]] = []
    for index, name in enumerate(shown):
        hint = hints[name]
        if hint is int:
            items.append(f'"{name}":%d')
            continue
        if hint is str:
            items.append(f'"{name}":%s')
            conversions.append((index, json_text))
        elif name in PAYLOADS and memoryview in get_args(hint):
            items.append(f'"{name}":"%d bytes"')
            conversions.append((index, len))
        elif hint is bytes or memoryview in get_args(hint):
            items.append(f'"{name}":"%s"')
            conversions.append((index, hex_of))
        else:
            return lambda body: key + msgspec.json.encode(struct_values(body)).decode()
    template = f"{key.replace('%', '%%')}{{{','.join(items)}}}"
    get = values_of(shown)
    if not conversions:
        return lambda body: template % get(body)

    def write(body: Any) -> str:
        values = list(get(body))
        for index, convert in conversions:
            values[index] = convert(values[index])
        return template % tuple(values)

    return write
