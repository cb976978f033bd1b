"""What the tables of information levels have in common.

Encoders take `facts`, any object with the attributes of [MS-FSCC] 2.4 in snake case (`vfs.store.Info`; the wire does
not import the store), and a `LevelContext`: how the message wants its strings, and what only an open file knows.
"""

import struct
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from fakesmb.wire.codec import Buffer, DecodeError, Record, Structure, decode_utf16, encode_utf16
from fakesmb.wire.oem import decode_oem, encode_oem, spelt, spelt_path

PASSTHROUGH: Final = 1000
"""What is added to a native information class to make an SMB level of it, [MS-SMB] 2.2.2.3.5."""

U32_STRUCT: Final = struct.Struct("<I")


class Facts(Protocol):
    """What the levels of files and entries read: `vfs.store.Info` has all of it."""

    name: str
    path: str

    @property
    def short_name(self) -> str:
        """The 8.3 name, or ""."""

    creation_time: int
    last_access_time: int
    last_write_time: int
    change_time: int
    attributes: int
    end_of_file: int
    allocation_size: int
    number_of_links: int
    file_id: int
    ea_size: int
    delete_pending: int
    is_directory: int
    reparse_tag: int


class Stream(NamedTuple):
    """One data stream: `::$DATA`, `:name:$DATA`."""

    name: str
    size: int
    allocation_size: int


def _no_alias(path: str, name: str) -> str:
    return ""


class LevelContext(msgspec.Struct, frozen=True, gc=False):
    """How one request wants its answer, and the facts of the open that it asks about."""

    unicode: bool = True
    encoding: str = "cp850"
    shorten: Callable[[str, str], str] = _no_alias
    """Gives the 8.3 name of a name in the directory at a path, or "": OEM answers show it of what they cannot spell."""
    zone: int = 0
    """Minutes west of UTC, for the levels with local times."""
    fits: Callable[[str], bool] | None = None
    """Of a client that knows names of 8.3 only: whether a name is one. It reads them in upper case."""
    access: int = 0
    position: int = 0
    mode: int = 0
    eas: Buffer = b""
    """The EA list, as `eas.encode_list` gives it (`eas.encode_full` for class 15); empty for none."""
    streams: Sequence[Stream] = ()

    def text(self, text: str) -> bytes:
        """A string without null, in the message's encoding; no name of a file (see `wire.oem`)."""
        return encode_utf16(text) if self.unicode else encode_oem(text, self.encoding)

    def name(self, facts: Facts, longest: int = 0xFFFF) -> bytes | None:
        """A file's name without null, or its 8.3 name; None where it is not to be shown."""
        if self.unicode:
            return encode_utf16(facts.name)
        fits = self.fits is None or self.fits(facts.name)
        raw = spelt(facts.name, self.encoding) if fits else None
        if raw is None or len(raw) > longest:
            parent, _, name = facts.path.rpartition("\\")
            raw = spelt(facts.short_name or self.shorten(parent, name), self.encoding) or None
        return raw if raw is None or self.fits is None else raw.upper()

    def path(self, path: str) -> bytes:
        """A path without null, in 8.3 names where need be; b"" where it is not to be shown."""
        return encode_utf16(path) if self.unicode else spelt_path(path, self.shorten, self.encoding) or b""

    def askable(self, path: str, parent: str) -> str:
        """A path below `parent` as this client can ask for it; "" for one that it cannot."""
        if self.unicode:
            return path
        return decode_oem(spelt_path(path, self.shorten, self.encoding, parent) or b"", self.encoding)

    def shows(self, name: str) -> bool:
        """Whether a client can ask for a name that has no 8.3 name (of a stream, of a Unix file)."""
        return self.unicode or spelt(name, self.encoding) is not None

    def read_text(self, data: Buffer) -> str:
        """The text of such a string."""
        raw = bytes(data)
        if self.unicode:
            return decode_utf16(raw[: len(raw) & ~1]).split("\0", 1)[0]
        return decode_oem(raw, self.encoding).split("\0", 1)[0]


class Level(NamedTuple):
    """One information level."""

    name: str
    section: str
    encode: Callable[[Any, LevelContext], bytes] | None = None
    """Facts to bytes, where the level can be queried here."""
    decode: Callable[[Buffer, LevelContext], Any] | None = None
    """Bytes to what a set request wants, where it can be set; raises `DecodeError`."""
    layout: type[Record] | type[Structure] | None = None
    """What its data are declared as: of a list, each entry."""
    listed: bool = False
    """Whether it is a list of entries, each with the offset of the next."""


def counted(text: bytes) -> bytes:
    """A string after its 32-bit length in bytes."""
    return U32_STRUCT.pack(len(text)) + text


def clip(value: int) -> int:
    """A size as 32 bits can tell it."""
    return value if value <= 0xFFFFFFFF else 0xFFFFFFFF


def need(data: Buffer, size: int, what: str) -> None:
    """Raises `DecodeError` unless that many bytes are there."""
    if len(data) < size:
        raise DecodeError(f"{what} is at least {size} bytes long, {len(data)} there")
