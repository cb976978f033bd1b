"""Requests of the registry, of services and the like, read by hand: an operation names its fields in their order."""

from collections.abc import Callable
from typing import Any, NamedTuple

from fakesmb.rpc.byteorder import Reader
from fakesmb.rpc.stub import Operation

Field = Callable[[Reader], Any]


class UnicodeString(NamedTuple):
    """An RPC_UNICODE_STRING ([MS-DTYP] 2.3.10) of a request."""

    text: str
    room: int
    """MaximumLength, bytes."""


def handle(reader: Reader) -> bytes:
    """A context handle."""
    return reader.handle()


def number(reader: Reader) -> int:
    """An unsigned long."""
    return reader.number()


def small_enum(reader: Reader) -> int:
    """An enumeration, of 16 bits in [C706] and of 32 in what Windows declares so: the upper half says nothing."""
    return reader.number() & 0xFFFF


def text(reader: Reader) -> str:
    """A string of wide characters that a reference leads to, up to its null."""
    reader.align(4)
    return reader.wide_string().partition("\0")[0]


def text_or_none(reader: Reader) -> str | None:
    """A string behind a unique pointer."""
    return text(reader) if reader.number() else None


def number_or_none(reader: Reader) -> int | None:
    """A number behind a unique pointer."""
    return reader.number() if reader.number() else None


def server_name(reader: Reader) -> None:
    """PREGISTRY_SERVER_NAME ([MS-RRP] 2.2.3): one character behind a unique pointer, which says nothing."""
    if reader.number():
        reader.numbers("H")


def unicode_string(reader: Reader) -> UnicodeString:
    """An RPC_UNICODE_STRING, up to its null."""
    reader.align(4)
    _, room = reader.numbers("HH")
    return UnicodeString((text_or_none(reader) or ""), room)


def unicode_string_or_none(reader: Reader) -> UnicodeString | None:
    """An RPC_UNICODE_STRING behind a unique pointer."""
    return unicode_string(reader) if reader.number() else None


def time_or_none(reader: Reader) -> None:
    """A FILETIME behind a unique pointer."""
    if reader.number():
        reader.numbers("II")


def bytes_or_none(reader: Reader) -> bytes | None:
    """A conformant varying array of bytes behind a unique pointer."""
    if not reader.number():
        return None
    _, _, count = reader.numbers("III")
    return reader.take(count)


class Fields:
    """A request: the values of its fields."""

    fields: tuple[Field, ...] = ()

    def __init__(self, reader: Reader) -> None:
        self.values = [read(reader) for read in self.fields]


def _value(at: int) -> Callable[[Fields], Any]:
    return lambda request: request.values[at]


def operation(
    run: Callable[..., Any], *fields: Field, failed: bytes = b"", refusal: bool = False
) -> Operation:
    """An operation whose request has those fields, each an argument of `run`; `failed` comes before a status."""
    kind = type("Fields", (Fields,), {"fields": fields})
    return Operation(kind, tuple(map(_value, range(len(fields)))), run, failed, refusal=refusal)
