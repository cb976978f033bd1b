"""The OEM code page of clients without Unicode: what it can spell, what it cannot, and what that becomes.

The one place that decides it. A name goes out whole or not at all: a character that stands in for another would be a
wildcard (`?`), or name another file. A name that comes in with bytes that mean nothing gets a character that no name
can have, so that it names nothing.
"""

from collections.abc import Callable
from typing import Final

UNDECODABLE: Final = "\udcff"
"""Stands for bytes that the code page does not know: a lone surrogate, which no path, stream or EA may have."""

_STAND_IN: Final = "_"
"""For text that nobody asks for by it (comments, labels); never a wildcard."""


def decode_oem(raw: bytes | bytearray | memoryview, encoding: str) -> str:
    """The text of OEM bytes, `UNDECODABLE` in place of those that mean nothing."""
    raw = bytes(raw)
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        return raw.decode(encoding, "replace").replace("\ufffd", UNDECODABLE)


def spelt(name: str, encoding: str) -> bytes | None:
    """A name in OEM characters, without null; None unless it comes back as the same name.

    Shift-JIS would write a yen sign as a backslash, and some code pages fold several characters into one.
    """
    try:
        raw = name.encode(encoding)
    except UnicodeEncodeError:
        return None
    return raw if name.isascii() or decode_oem(raw, encoding) == name else None


def spelt_path(
    path: str, shorten: Callable[[str, str], str], encoding: str, parent: str = ""
) -> bytes | None:
    """A path `\\dir\\name[:stream]` in OEM characters, component by component; None where one is not to be shown.

    `shorten` gives the 8.3 name of a component in a directory, or ""; `parent` is where the path begins. Streams
    have none.
    """
    raw = spelt(path, encoding)
    if raw is not None:
        return raw
    path, colon, stream = path.partition(":")
    told = []
    for part in path.split("\\"):
        raw = spelt(part, encoding)
        if raw is None:
            raw = spelt(shorten(parent, part), encoding) or None
        if raw is None:
            return None
        told.append(raw)
        parent = f"{parent}\\{part}"
    tail = spelt(colon + stream, encoding)
    return None if tail is None else b"\\".join(told) + tail


def encode_oem(text: str, encoding: str) -> bytes:
    """Text that is no name of a file (comments, labels, native systems) in OEM characters, `_` for what has none."""
    try:
        return text.encode(encoding)
    except UnicodeEncodeError:
        told = "".join(one if spelt(one, encoding) is not None else _STAND_IN for one in text)
        return told.encode(encoding)


def encode_short(text: str, encoding: str, size: int) -> bytes:
    """The same in at most that many bytes: no character is cut in two, which would leave half of one for the client."""
    raw = encode_oem(text[:size], encoding)
    while len(raw) > size:
        text = text[: min(size, len(text)) - 1]
        raw = encode_oem(text, encoding)
    return raw
