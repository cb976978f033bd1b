"""Decoded structures as plain values that JSON can hold, without secrets and without payloads.

Of a payload only the length is told: that of a pipe may hold a password proof of its own (authenticated
DCE/RPC), that of a file anything.
"""

import re
from functools import cache
from typing import Any, Final, NamedTuple, get_type_hints

import msgspec

from fakesmb.wire.codec import PAYLOADS, Omitted, secret_fields

MOST_BYTES: Final = 64
"""Longer bytes are cut: a record is not a capture."""

MOST_ITEMS: Final = 64
"""Longer lists are cut likewise (a dialect list, lock ranges, directory entries)."""

_BYTES: Final = frozenset({bytes, bytearray, memoryview})


def plain(value: Any, secrets: bool = False) -> Any:
    """`value` as dict, list, str, int, float, bool or None; bytes as hexadecimal, cut when long."""
    kind = type(value)
    if kind is int or kind is str or kind is bool or value is None:
        return value
    if kind is Omitted:
        return str(value)
    if isinstance(value, msgspec.Struct):
        return struct_values(value, secrets)
    if kind in _BYTES:
        return hex_of(value)
    if isinstance(value, (tuple, list, frozenset, set)):
        if hasattr(value, "_asdict"):
            return {name: plain(one, secrets) for name, one in value._asdict().items()}
        items = list(value)
        found = [plain(one, secrets) for one in items[:MOST_ITEMS]]
        if len(items) > MOST_ITEMS:
            found.append(f"... {len(items) - MOST_ITEMS} more")
        return found
    if isinstance(value, dict):
        return {str(name): plain(one, secrets) for name, one in value.items()}
    if isinstance(value, int):  # IntEnum, IntFlag
        return int(value)
    return value if isinstance(value, (str, float)) else str(value)


def struct_values(value: msgspec.Struct, secrets: bool = False) -> dict[str, Any]:
    """The fields of a structure, in its order, without those that are reserved or None.

    Those that are marked `Secret` are left out too, unless `secrets` asks for them.
    """
    shape = _shape(type(value), secrets)
    found = msgspec.structs.asdict(value)
    for name in shape.left_out:
        del found[name]
    for name in shape.others:
        one = found[name]
        kind = type(one)
        if kind is Omitted:
            found[name] = f"{one.length} bytes"
        elif one is None:
            del found[name]
        elif kind not in _BYTES:
            found[name] = plain(one, secrets)
        else:
            found[name] = f"{len(one)} bytes" if name in PAYLOADS else hex_of(one)
    return found


class _Shape(NamedTuple):
    """A structure class, as `struct_values` takes it apart."""

    left_out: tuple[str, ...]
    others: tuple[str, ...]
    """Those of the names that stay whose values are not plain by their declaration."""


@cache
def _shape(cls: type[msgspec.Struct], secrets: bool) -> _Shape:
    hints = get_type_hints(cls)
    names = cls.__struct_fields__
    hidden = left_out(cls, secrets)
    others = tuple(
        name for name in names if name not in hidden and hints[name] not in (int, str, bool, float)
    )
    return _Shape(hidden, others)


@cache
def left_out(cls: type[msgspec.Struct], secrets: bool = False) -> tuple[str, ...]:
    """The fields that the record leaves out: secrets unless asked for, and what is reserved."""
    hidden = frozenset() if secrets else secret_fields(cls)
    return tuple(
        name for name in cls.__struct_fields__ if name in hidden or name.startswith(("reserved", "pad"))
    )


def hex_of(value: bytes | bytearray | memoryview) -> str:
    """Hexadecimal digits, at most of `MOST_BYTES`."""
    if len(value) <= MOST_BYTES:
        return value.hex()
    return f"{bytes(value[:MOST_BYTES]).hex()}... ({len(value)} bytes)"


def printable(text: str) -> str:
    """`text` with everything that could disturb a line or a terminal written as an escape.

    Names come from the peer: line feeds, ANSI sequences, lone surrogates and bidirectional overrides.
    """
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text)


_HARMFUL: Final = re.compile(
    "[\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001"
    "\U000e0020-\U000e007f]"
)
"""What moves a cursor, ends a line or turns the direction of writing: what Unicode calls control (Cc), format (Cf),
line separator (Zl) and paragraph separator (Zp). What lies below U+0020 any encoder of JSON escapes."""


def harmless(text: str) -> str:
    """JSON text whose strings hold no raw control, line-separator or bidirectional characters, but their escapes."""
    return _HARMFUL.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
