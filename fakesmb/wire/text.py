"""Text and numbers out of the bytes of a message, and into them: UTF-16LE or the OEM code page, with its padding."""

import struct
from codecs import utf_16_le_decode, utf_16_le_encode
from typing import Any, Final

from fakesmb.wire.oem import decode_oem, encode_oem

Buffer = bytes | bytearray | memoryview

U16_STRUCT: Final = struct.Struct("<H")


class DecodeError(ValueError):
    """Bytes that are not what their command, level or structure says they are."""


class Cursor:
    """A place in the bytes of a message, moving forward. Offsets count from the SMB header.

    `unicode` is SMB_FLAGS2_UNICODE of the message in hand: a flag of each message, not of the connection
    (impacket negotiates Unicode and then sends OEM).
    """

    __slots__ = ("at", "encoding", "end", "message", "packed", "start", "unicode", "wide")

    def __init__(self, message: Buffer, at: int, end: int, *, unicode: bool, encoding: str = "cp850") -> None:
        if not 0 <= at <= end <= len(message):
            raise DecodeError(f"bytes {at} to {end} lie outside a message of {len(message)}")
        self.message = message
        self.start = self.at = at
        self.end = end
        self.unicode = unicode
        self.encoding = encoding
        self.packed = False
        """Whether a Unicode string stood at an odd offset: its sender pads none."""
        self.wide = False
        """Whether a string that is OEM whatever the flags say was sent in Unicode, as those behind it are then."""

    @property
    def left(self) -> int:
        """Bytes not yet read."""
        return self.end - self.at

    def take(self, count: int) -> memoryview:
        """The next `count` bytes, as a view."""
        at = self.at
        if count < 0 or count > self.end - at:
            raise DecodeError(f"{count} bytes wanted, {self.end - at} left")
        self.at = at + count
        return memoryview(self.message)[at : at + count]

    def at_offset(self, offset: int, length: int) -> memoryview:
        """`length` bytes at `offset` from the SMB header, as a view; not before this block's bytes."""
        if not length:
            return memoryview(b"")
        if offset < self.start or offset + length > len(self.message):
            raise DecodeError(f"data at {offset}, {length} bytes, in a message of {len(self.message)}")
        return memoryview(self.message)[offset : offset + length]

    def rest(self) -> memoryview:
        """All that is left, as a view."""
        return self.take(self.end - self.at)

    def u8(self) -> int:
        """The next byte."""
        return self.take(1)[0]

    def unpack(self, layout: struct.Struct) -> tuple[Any, ...]:
        """The next fixed-size fields."""
        at = self.at
        if layout.size > self.end - at:
            raise DecodeError(f"{layout.size} bytes wanted, {self.end - at} left")
        self.at = at + layout.size
        return layout.unpack_from(self.message, at)

    def align(self, size: int = 2) -> None:
        """Skips padding up to a multiple of `size` from the SMB header."""
        self.at = min(self.at + -self.at % size, self.end)

    def buffer_format(self, code: int) -> None:
        """Goes past a buffer format byte, if there is one; its value is not looked at, as Windows and Samba do.

        A null before the right one is padding that libogc writes behind the first name of a rename.
        """
        at = self.at
        if at + 1 < self.end and self.message[at] == 0 and self.message[at + 1] == code:
            at += 1
        self.at = min(at + 1, self.end)

    def text(self, *, strict: bool = True, align: bool = True) -> str:
        """A null-terminated string in the message's own encoding.

        Without `strict` the end of the bytes ends the string as well, as several clients rely on in the last
        string of a request; with it, a string without its null is a `DecodeError`.
        """
        if self.unicode:
            return self.utf16(strict=strict, align=align)
        return self.oem(strict=strict)

    def oem(self, *, strict: bool = True) -> str:
        """A null-terminated OEM string, whatever the message's flags say (dialects, services)."""
        raw = bytes(memoryview(self.message)[self.at : self.end])
        length = raw.find(0)
        if length < 0:
            if strict:
                raise DecodeError("a string without its null")
            length = len(raw)
            self.at = self.end
        else:
            self.at += length + 1
        return decode_oem(raw[:length], self.encoding)

    def oem_in_unicode(self) -> bool:
        """Whether the next string, which is OEM whatever the flags say, is one of ASCII in Unicode nonetheless."""
        if self.unicode and not self.wide:
            at = self.at + (self.at & 1)
            first = bytes(self.message[at : min(at + 4, self.end)])
            self.wide = (
                len(first) == 4
                and first[0] > 0 == first[1] == first[3]
                and (not first[2] or first[2] >= 0x20)
            )
        return self.wide

    def utf16(self, *, strict: bool = True, align: bool = True) -> str:
        """A null-terminated UTF-16LE string, whatever the message's flags say (DFS).

        One that stands a byte beside its place is found there: see `_beside`.
        """
        began = self.at
        if align and not self.packed:
            self.align(2)
        start = self.at
        text = self._utf16(strict=strict)
        if align and text and not ord(text[0]) & 0xFF:
            return self._beside(began, start, text)
        return text

    def _utf16(self, *, strict: bool) -> str:
        message = self.message
        raw = (
            message[self.at : self.end]
            if type(message) is bytes
            else bytes(memoryview(message)[self.at : self.end])
        )
        length = raw.find(b"\0\0")
        while length > 0 and length & 1:
            length = raw.find(b"\0\0", length + 1)
        if length < 0:
            if strict:
                raise DecodeError("a string without its null")
            length = len(raw) & ~1
            self.at = self.end
        else:
            self.at += length + 2
        return decode_utf16(raw[:length])

    def _beside(self, began: int, start: int, text: str) -> str:
        """A string that was read at `start`, or the one that is there a byte before or behind it.

        cifsget pads no string, and others pad once too often. Read at the wrong offset ASCII comes out as characters
        whose low bytes are all zero.
        """
        if not is_split_ascii(text):
            return text
        after = self.at
        if began < start and self.message[began]:
            self.at, self.packed = began, True
            return self._utf16(strict=False)
        if len(text) > 1 and after < self.end and not self.message[after]:
            self.at = start + 1
            return self._utf16(strict=False)
        return text

    def counted_text(self, size: int) -> str:
        """The last string of a block, which ends at its null; where it has none, after `size` bytes.

        Clients count its bytes or its characters, with or without the null. A size of 0 is no name, whatever follows.
        """
        began = self.at
        if self.unicode:
            self.align(2)
        if not size:
            return ""
        if began < self.at < self.end and self.message[began] and not self.message[self.at]:
            self.at = began  # a name that its sender did not pad
        raw = bytes(self.rest())
        if not self.unicode:
            name, ended, _ = raw.partition(b"\0")
            return decode_oem(name if ended else _first(raw, size), self.encoding)
        text, null, _ = decode_utf16(raw[: len(raw) & ~1]).partition("\0")
        if null or len(raw) >> 1 == size:
            return text
        return decode_utf16(_first(raw, size & ~1))


def is_split_ascii(text: str) -> bool:
    """Whether UTF-16LE that was read a byte beside its place looks so: each low byte is null, each high one ASCII."""
    return all(not (code := ord(character)) & 0xFF and 0x20 <= code >> 8 < 0x7F for character in text)


def unpadded(text: str, raw: Buffer) -> str:
    """The string that was read as `text`, or the one that `raw`, which begins a byte later, holds with its null."""
    found, null, _ = decode_utf16(raw[: len(raw) & ~1]).partition("\0")
    return found if null and len(text) > 1 and is_split_ascii(text) else text


def _first(raw: bytes, size: int) -> bytes:
    """That many bytes; raises `DecodeError` where there are fewer."""
    if size > len(raw):
        raise DecodeError(f"{size} bytes wanted, {len(raw)} left")
    return raw[:size]


def decode_utf16(raw: Buffer) -> str:
    """UTF-16LE to text; a lone surrogate, which NTFS allows in a name, is kept (`surrogatepass`)."""
    # What bytes.decode calls in the end, without the look for a codec of that name.
    return utf_16_le_decode(raw, "surrogatepass", True)[0]


def last_oem(raw: Buffer, encoding: str) -> str:
    """The OEM string that bytes begin with, up to its null or their end."""
    return decode_oem(bytes(raw).partition(b"\0")[0], encoding)


def encode_utf16(text: str) -> bytes:
    """Text to UTF-16LE, lone surrogates included."""
    return utf_16_le_encode(text, "surrogatepass")[0]


class Writer:
    """The bytes of a block being built; `at` counts from the SMB header, so that padding comes out right."""

    __slots__ = ("base", "data", "encoding", "unicode")

    def __init__(self, at: int, *, unicode: bool, encoding: str = "cp850") -> None:
        self.base = at
        self.data = bytearray()
        self.unicode = unicode
        self.encoding = encoding

    @property
    def at(self) -> int:
        """Offset from the SMB header of the next byte."""
        return self.base + len(self.data)

    def align(self, size: int = 2) -> None:
        """Pads with nulls to a multiple of `size` from the SMB header."""
        self.data += bytes(-self.at % size)

    def text(self, text: str, *, null: bool = True, align: bool = True) -> None:
        """A string in the message's own encoding: Unicode at an even offset, OEM without padding."""
        if self.unicode:
            self.utf16(text, null=null, align=align)
        else:
            self.oem(text, null=null)

    def utf16(self, text: str, *, null: bool = True, align: bool = True) -> None:
        """A string in UTF-16LE, at an even offset."""
        if align:
            self.align(2)
        self.data += encode_utf16(text)
        if null:
            self.data += b"\0\0"

    def oem(self, text: str, *, null: bool = True) -> None:
        """A string in the OEM code page."""
        self.data += encode_oem(text, self.encoding)
        if null:
            self.data += b"\0"
