"""What the tables of information levels have in common.

Encoders take `facts`, any object with the attributes of [MS-FSCC] 2.4 in snake case (`vfs.store.Info`; the wire does
not import the store), and a `LevelContext`: how the message wants its strings, and what only an open file knows.
"""

import struct
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from fakesmb.wire.codec import Buffer, DecodeError, decode_utf16, encode_utf16

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


class LevelContext(msgspec.Struct, frozen=True, gc=False):
    """How one request wants its answer, and the facts of the open that it asks about."""

    unicode: bool = True
    encoding: str = "cp850"
    zone: int = 0
    """Minutes west of UTC, for the levels with local times."""
    access: int = 0
    position: int = 0
    mode: int = 0
    eas: Buffer = b""
    """The EA list, as `eas.encode_list` gives it (`eas.encode_full` for class 15); empty for none."""
    streams: Sequence[Stream] = ()

    def text(self, text: str) -> bytes:
        """A string without null, in the message's encoding."""
        return encode_utf16(text) if self.unicode else text.encode(self.encoding, "replace")

    def read_text(self, data: Buffer) -> str:
        """The text of such a string."""
        raw = bytes(data)
        if self.unicode:
            return decode_utf16(raw[: len(raw) & ~1]).split("\0", 1)[0]
        return raw.decode(self.encoding, "replace").split("\0", 1)[0]


class Level(NamedTuple):
    """One information level."""

    name: str
    section: str
    encode: Callable[[Any, LevelContext], bytes] | None = None
    """Facts to bytes, where the level can be queried here."""
    decode: Callable[[Buffer, LevelContext], Any] | None = None
    """Bytes to what a set request wants, where it can be set; raises `DecodeError`."""


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
