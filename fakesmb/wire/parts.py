"""The kinds of field that a message's words and bytes are declared of (see `codec`)."""

import struct
from typing import Annotated, Any, Final, Protocol

import msgspec

from fakesmb.wire.oem import decode_oem, encode_oem
from fakesmb.wire.text import U16_STRUCT, Buffer, Cursor, DecodeError, Writer, decode_utf16, encode_utf16

DATA_BLOCK_HEAD: Final = 3
"""Bytes of a data block before its data: BufferFormat and length."""
_BLOCK_HEAD: Final = struct.Struct("<BH")


class Int(msgspec.Struct, frozen=True):
    """A fixed-size field among the words: one `struct` format character (or `12s`)."""

    format: str


U8 = Annotated[int, Int("B")]
U16 = Annotated[int, Int("H")]
U32 = Annotated[int, Int("I")]
U64 = Annotated[int, Int("Q")]
I16 = Annotated[int, Int("h")]
I32 = Annotated[int, Int("i")]
I64 = Annotated[int, Int("q")]
Raw8 = Annotated[bytes, Int("8s")]
Raw16 = Annotated[bytes, Int("16s")]


class Secret:
    """Marks a field that lets others guess a password or replay a proof: `Annotated[bytes, kind, Secret]`.

    The record leaves such fields out.
    """


class Part(Protocol):
    """One field among the bytes: how to read it and how to write it.

    `before` are the fields decoded so far, by name, for parts whose length another field holds.
    """

    def read(self, cursor: Cursor, before: dict[str, Any]) -> Any:
        """The field's value; raises `DecodeError`."""

    def write(self, writer: Writer, value: Any) -> None:
        """Appends the value."""


class TextPart(msgspec.Struct, frozen=True):
    """SMB_STRING: null-terminated, Unicode or OEM as the message says ([MS-CIFS] 2.2.1.1).

    The end of the bytes ends it as well, as Windows and Samba have it; a string with a buffer format has to be there.
    """

    oem: bool = False
    """OEM whatever the message's flags say (dialects, services). One with a buffer format is read in Unicode where it
    was sent so all the same (TREE_CONNECT).
    """
    utf16: bool = False
    """UTF-16LE whatever the message's flags say (names in DFS referrals)."""
    format_byte: int | None = None
    align: bool = True
    """False for the few strings that Windows sends unaligned (NEGOTIATE's domain name)."""
    optional: bool = False
    """Whether an empty one is left out, null and all: what comes last, and not from every dialect."""

    def read(self, cursor: Cursor, before: dict[str, Any]) -> str:
        """The text without its null."""
        if self.format_byte is not None:
            if not cursor.left:
                raise DecodeError("a string that is not there")
            cursor.buffer_format(self.format_byte)
        if self.oem:
            wide = self.format_byte is not None and cursor.oem_in_unicode()
            return cursor.utf16(strict=False) if wide else cursor.oem(strict=False)
        if self.utf16:
            return cursor.utf16(strict=False, align=self.align)
        return cursor.text(strict=False, align=self.align)

    def write(self, writer: Writer, value: str) -> None:
        """The text and its null."""
        if self.optional and not value:
            return
        if self.format_byte is not None:
            writer.data.append(self.format_byte)
        if self.oem:
            writer.oem(value)
        elif self.utf16:
            writer.utf16(value, align=self.align)
        else:
            writer.text(value, align=self.align)


class CountedTextPart(msgspec.Struct, frozen=True):
    """The last string of a block, whose size an earlier field has (NT_CREATE_ANDX): see `Cursor.counted_text`."""

    size_field: str

    def size_of(self, value: str, *, unicode: bool, encoding: str) -> int:
        """What the size field holds."""
        return len(encode_utf16(value) if unicode else encode_oem(value, encoding))

    def read(self, cursor: Cursor, before: dict[str, Any]) -> str:
        """The text, without its null."""
        return cursor.counted_text(before[self.size_field])

    def write(self, writer: Writer, value: str) -> None:
        """The text and a null, which the size does not count."""
        writer.text(value)


class SizedTextPart(msgspec.Struct, frozen=True):
    """A string without its null, of as many bytes as an earlier field says: names in information levels."""

    size_field: str

    def size_of(self, value: str, *, unicode: bool, encoding: str) -> int:
        """What the size field holds."""
        return len(encode_utf16(value) if unicode else encode_oem(value, encoding))

    def read(self, cursor: Cursor, before: dict[str, Any]) -> str:
        """The text, up to a null in it: some servers count that."""
        raw = bytes(cursor.take(before[self.size_field]))
        if cursor.unicode:
            return decode_utf16(raw[: len(raw) & ~1]).split("\0", 1)[0]
        return decode_oem(raw, cursor.encoding).split("\0", 1)[0]

    def write(self, writer: Writer, value: str) -> None:
        """The text, where it is due."""
        writer.text(value, null=False, align=False)


class RestPart(msgspec.Struct, frozen=True):
    """Everything to the end of the bytes."""

    def read(self, cursor: Cursor, before: dict[str, Any]) -> memoryview:
        """A view; copy what outlives the message."""
        return cursor.rest()

    def write(self, writer: Writer, value: Buffer) -> None:
        """The bytes as they are."""
        writer.data += value


class CountedPart(msgspec.Struct, frozen=True):
    """As many bytes as an earlier field says; encoding fills that field in."""

    size_field: str

    def size_of(self, value: Buffer, *, unicode: bool, encoding: str) -> int:
        """What the size field holds."""
        return len(value)

    def read(self, cursor: Cursor, before: dict[str, Any]) -> bytes:
        """A copy: these are small (tokens, passwords)."""
        return bytes(cursor.take(before[self.size_field]))

    def write(self, writer: Writer, value: Buffer) -> None:
        """The bytes as they are."""
        writer.data += value


class PayloadPart(msgspec.Struct, frozen=True):
    """Data by their offset from the SMB header and their length, which words before them hold.

    ByteCount is not asked: it has 16 bits, and payloads are longer.
    """

    offset_field: str
    length_field: str
    high_field: str
    """The high 16 bits of the length."""

    def read(self, cursor: Cursor, before: dict[str, Any]) -> memoryview:
        """A view; copy what outlives the message. Raises `DecodeError` where it does not lie behind the words."""
        length = before[self.high_field] << 16 | before[self.length_field]
        return cursor.at_offset(before[self.offset_field], length)

    def write(self, writer: Writer, value: Buffer) -> None:
        """The bytes as they are; the words that say where they are come from who encodes."""
        writer.data += value


class FixedPart(msgspec.Struct, frozen=True):
    """A fixed number of bytes among the bytes (GUIDs, passwords of known size)."""

    size: int

    def read(self, cursor: Cursor, before: dict[str, Any]) -> bytes:
        """A copy."""
        return bytes(cursor.take(self.size))

    def write(self, writer: Writer, value: Buffer) -> None:
        """The bytes as they are; raises `ValueError` if they have another size, which would be our mistake."""
        if len(value) != self.size:
            raise ValueError(f"{len(value)} bytes where {self.size} belong")
        writer.data += value


class DataBlockPart(msgspec.Struct, frozen=True):
    """BufferFormat, a 16-bit length and that many bytes ([MS-CIFS] 2.2.1.1, buffer formats 1 and 5).

    One that is missing is empty.
    """

    format_byte: int

    def read(self, cursor: Cursor, before: dict[str, Any]) -> memoryview:
        """A view; copy what outlives the message."""
        if cursor.left < DATA_BLOCK_HEAD:
            return cursor.rest()[:0]
        cursor.buffer_format(self.format_byte)
        (length,) = cursor.unpack(U16_STRUCT)
        return cursor.take(length)

    def write(self, writer: Writer, value: Buffer) -> None:
        """The block with its head."""
        writer.data.append(self.format_byte)
        writer.data += U16_STRUCT.pack(len(value))
        writer.data += value


class WrittenPart(msgspec.Struct, frozen=True):
    """The data block of a core write: as many bytes as a word says, behind a head that nobody looks at.

    Clients that write nothing send a head of a name, or none.
    """

    size_field: str

    def read(self, cursor: Cursor, before: dict[str, Any]) -> memoryview:
        """A view of as many bytes as there are; copy what outlives the message."""
        cursor.take(min(DATA_BLOCK_HEAD, cursor.left))
        return cursor.take(min(before[self.size_field], cursor.left))

    def write(self, writer: Writer, value: Buffer) -> None:
        """The block with its head."""
        writer.data += _BLOCK_HEAD.pack(1, len(value))
        writer.data += value


class PadPart(msgspec.Struct, frozen=True):
    """One byte of padding before what follows, present whatever the offset; its value is kept."""

    def read(self, cursor: Cursor, before: dict[str, Any]) -> int:
        """The padding byte, 0 where the block is empty."""
        return cursor.u8() if cursor.left else 0

    def write(self, writer: Writer, value: int) -> None:
        """The padding byte."""
        writer.data.append(value)


Text = Annotated[str, TextPart()]
OemText = Annotated[str, TextPart(oem=True)]
Utf16Text = Annotated[str, TextPart(utf16=True)]
BufferFormat4Text = Annotated[str, TextPart(format_byte=4)]
BufferFormat4Oem = Annotated[str, TextPart(format_byte=4, oem=True)]
DataBlock = Annotated[Buffer, DataBlockPart(1)]
VariableBlock = Annotated[Buffer, DataBlockPart(5)]
Pad = Annotated[int, PadPart()]
Rest = Annotated[Buffer, RestPart()]
