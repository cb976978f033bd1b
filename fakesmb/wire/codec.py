"""Declared layouts: the words and the bytes of an SMB message, to and from msgspec structs.

Every SMB block is `WordCount`, that many 16-bit words, `ByteCount`, that many bytes ([MS-CIFS] 2.2.3.2 and
2.2.3.3). A `Message` declares its words first and then what its bytes hold:

    class CloseRequest(Message):
        fid: U16
        last_write: U32

    class DeleteRequest(Message):
        search_attributes: U16
        pattern: BufferFormat4Text

The words are compiled once into a `struct.Struct`. Decoding never raises anything but `DecodeError`.
"""

import struct
from collections.abc import Callable, Sequence
from functools import cache
from operator import attrgetter
from typing import (
    Annotated,
    Any,
    ClassVar,
    Final,
    NamedTuple,
    Protocol,
    Self,
    TypeVar,
    get_args,
    get_origin,
    get_type_hints,
)

import msgspec

Buffer = bytes | bytearray | memoryview

U16_STRUCT: Final = struct.Struct("<H")


class DecodeError(ValueError):
    """Bytes that are not what their command, level or structure says they are."""


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


class Cursor:
    """A place in the bytes of a message, moving forward. Offsets count from the SMB header.

    `unicode` is SMB_FLAGS2_UNICODE of the message in hand: a flag of each message, not of the connection
    (impacket negotiates Unicode and then sends OEM).
    """

    __slots__ = ("at", "encoding", "end", "message", "start", "unicode")

    def __init__(self, message: Buffer, at: int, end: int, *, unicode: bool, encoding: str = "cp850") -> None:
        if not 0 <= at <= end <= len(message):
            raise DecodeError(f"bytes {at} to {end} of a message of {len(message)}")
        self.message = message
        self.start = self.at = at
        self.end = end
        self.unicode = unicode
        self.encoding = encoding

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

    def text(self, *, strict: bool = True, align: bool = True) -> str:
        """A null-terminated string in the message's own encoding.

        Without `strict` the end of the bytes ends the string as well, as several clients rely on in the last
        string of a request; with it, a string without its null is a `DecodeError`.
        """
        if self.unicode:
            return self._utf16(strict=strict, align=align)
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
        return raw[:length].decode(self.encoding, "replace")

    def _utf16(self, *, strict: bool, align: bool) -> str:
        if align:
            self.align(2)
        raw = bytes(memoryview(self.message)[self.at : self.end])
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

    def counted_text(self, size: int, *, align: bool = True) -> str:
        """A string of `size` bytes, its null included or not."""
        if self.unicode:
            if align:
                self.align(2)
            return decode_utf16(bytes(self.take(size & ~1))).split("\0", 1)[0]
        return bytes(self.take(size)).decode(self.encoding, "replace").split("\0", 1)[0]

    def check_end(self) -> None:
        """Raises `DecodeError` if anything is left."""
        if self.at != self.end:
            raise DecodeError(f"{self.end - self.at} bytes too many")


def decode_utf16(raw: bytes) -> str:
    """UTF-16LE to text; a lone surrogate, which NTFS allows in a name, is kept (`surrogatepass`)."""
    return raw.decode("utf-16-le", "surrogatepass")


def encode_utf16(text: str) -> bytes:
    """Text to UTF-16LE, lone surrogates included."""
    return text.encode("utf-16-le", "surrogatepass")


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
            if align:
                self.align(2)
            self.data += encode_utf16(text)
            if null:
                self.data += b"\0\0"
        else:
            self.oem(text, null=null)

    def oem(self, text: str, *, null: bool = True) -> None:
        """A string in the OEM code page."""
        self.data += text.encode(self.encoding, "replace")
        if null:
            self.data += b"\0"


class Part(Protocol):
    """One field among the bytes: how to read it and how to write it.

    `before` are the fields decoded so far, by name, for parts whose length another field holds.
    """

    def read(self, cursor: Cursor, before: dict[str, Any]) -> Any:
        """The field's value; raises `DecodeError`."""

    def write(self, writer: Writer, value: Any) -> None:
        """Appends the value."""


class TextPart(msgspec.Struct, frozen=True):
    """SMB_STRING: null-terminated, Unicode or OEM as the message says ([MS-CIFS] 2.2.1.1)."""

    strict: bool = True
    oem: bool = False
    format_byte: int | None = None
    align: bool = True
    """False for the few strings that Windows sends unaligned (NEGOTIATE's domain name)."""

    def read(self, cursor: Cursor, before: dict[str, Any]) -> str:
        """The text without its null."""
        if self.format_byte is not None and cursor.u8() != self.format_byte:
            raise DecodeError(f"the buffer format is not {self.format_byte}")
        if self.oem:
            return cursor.oem(strict=self.strict)
        return cursor.text(strict=self.strict, align=self.align)

    def write(self, writer: Writer, value: str) -> None:
        """The text and its null."""
        if self.format_byte is not None:
            writer.data.append(self.format_byte)
        if self.oem:
            writer.oem(value)
        else:
            writer.text(value, align=self.align)


class CountedTextPart(msgspec.Struct, frozen=True):
    """A string whose size in bytes is the value of an earlier field (NT_CREATE_ANDX)."""

    size_field: str

    def size_of(self, value: str, *, unicode: bool, encoding: str) -> int:
        """What the size field holds."""
        return len(encode_utf16(value) if unicode else value.encode(encoding, "replace"))

    def read(self, cursor: Cursor, before: dict[str, Any]) -> str:
        """The text, without a null that may have been counted."""
        return cursor.counted_text(before[self.size_field])

    def write(self, writer: Writer, value: str) -> None:
        """The text and a null, which the size does not count."""
        writer.text(value)


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
    """BufferFormat, a 16-bit length and that many bytes ([MS-CIFS] 2.2.1.1, buffer formats 1 and 5)."""

    format_byte: int

    def read(self, cursor: Cursor, before: dict[str, Any]) -> memoryview:
        """A view; copy what outlives the message."""
        if cursor.u8() != self.format_byte:
            raise DecodeError(f"the buffer format is not {self.format_byte}")
        (length,) = cursor.unpack(U16_STRUCT)
        return cursor.take(length)

    def write(self, writer: Writer, value: Buffer) -> None:
        """The block with its head."""
        writer.data.append(self.format_byte)
        writer.data += U16_STRUCT.pack(len(value))
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
LastText = Annotated[str, TextPart(strict=False)]
OemText = Annotated[str, TextPart(oem=True)]
LastOemText = Annotated[str, TextPart(strict=False, oem=True)]
BufferFormat4Text = Annotated[str, TextPart(format_byte=4)]
BufferFormat4Oem = Annotated[str, TextPart(format_byte=4, oem=True)]
DataBlock = Annotated[Buffer, DataBlockPart(1)]
VariableBlock = Annotated[Buffer, DataBlockPart(5)]
Pad = Annotated[int, PadPart()]
Rest = Annotated[Buffer, RestPart()]


class Layout(NamedTuple):
    """A message class, compiled."""

    names: tuple[str, ...]
    words: dict[int, struct.Struct]
    """WordCount of each accepted form, AndX words included, to the fields after those words."""
    parts: tuple[tuple[str, Part], ...]
    word_values: Callable[[Any], tuple[Any, ...]]
    sizes: tuple[tuple[int, str, "SizedPart"], ...]
    """Index of a word that encoding fills in with the size of a part, that part's name, the part."""
    readers: "Readers | None"


Readers = tuple[tuple["Part", int, str], ...]
"""Each part with the word that holds its size, as index and name (-1 where it needs none): what decoding by position
takes. None for classes that take keywords only, or whose parts look at other words."""


SizedPart = CountedPart | CountedTextPart


def _metadata(hint: Any) -> Any:
    return get_args(hint)[1] if get_origin(hint) is Annotated else None


def fixed_fields(cls: type) -> list[tuple[str, str]]:
    """Name and struct format of each fixed-size field a class declares, in order."""
    hints = get_type_hints(cls, include_extras=True)
    found = ((name, _metadata(hints[name])) for name in cls.__struct_fields__)  # type: ignore[attr-defined]
    return [(name, kind.format) for name, kind in found if isinstance(kind, Int)]


def values_of(names: Sequence[str]) -> Callable[[Any], tuple[Any, ...]]:
    """A fast getter of several attributes that always gives a tuple."""
    if not names:
        return lambda _: ()
    get = attrgetter(*names)
    return get if len(names) > 1 else lambda obj: (get(obj),)


@cache
def layout_of(cls: "type[Message]") -> Layout:
    """Compiles a message class; raises `TypeError` for a declaration that makes no sense."""
    hints = get_type_hints(cls, include_extras=True)
    fixed = fixed_fields(cls)
    names = cls.__struct_fields__
    parts = tuple((name, _metadata(hints[name])) for name in names[len(fixed) :])
    if any(part is None or isinstance(part, Int) for _, part in parts):
        raise TypeError(f"{cls.__name__}: words come first, and every field has a wire kind")
    andx_words = 2 if cls.ANDX else 0
    forms: dict[int, struct.Struct] = {}
    format_ = "<"
    for _, one in fixed:
        format_ += one
        form = struct.Struct(format_)
        if form.size % 2 == 0:
            forms[form.size // 2 + andx_words] = form
    full = struct.Struct(format_)
    if full.size % 2:
        raise TypeError(f"{cls.__name__}: the words have an odd size")
    full_count = full.size // 2 + andx_words
    forms[full_count] = full
    accepted = {count: forms[count] for count in (*cls.SHORTER, full_count)}
    return Layout(
        names, accepted, parts, values_of(names[: len(fixed)]), _sizes(names, parts), _readers(cls, parts)
    )


def _readers(cls: type[msgspec.Struct], parts: Sequence[tuple[str, Part]]) -> "Readers | None":
    names = cls.__struct_fields__
    if cls.__match_args__ != names or not all(isinstance(part, _INDEPENDENT) for _, part in parts):
        return None
    return tuple(
        (part, names.index(part.size_field), part.size_field)
        if isinstance(part, SizedPart)
        else (part, -1, "")
        for _, part in parts
    )


_INDEPENDENT: Final = (TextPart, RestPart, FixedPart, DataBlockPart, PadPart, CountedPart, CountedTextPart)
_NOTHING: Final[dict[str, Any]] = {}


def _read_parts(readers: Readers, values: tuple[Any, ...], cursor: Cursor) -> list[Any]:
    found = list(values)
    for part, index, name in readers:
        found.append(part.read(cursor, _NOTHING if index < 0 else {name: values[index]}))
    return found


def _sizes(
    names: tuple[str, ...], parts: Sequence[tuple[str, Part]]
) -> tuple[tuple[int, str, SizedPart], ...]:
    return tuple(
        (names.index(part.size_field), name, part) for name, part in parts if isinstance(part, SizedPart)
    )


def _fill_sizes(
    layout: "Layout | StructureLayout", obj: object, *, unicode: bool, encoding: str
) -> tuple[Any, ...]:
    values = layout.word_values(obj)
    if not layout.sizes:
        return values
    filled = list(values)
    for index, name, part in layout.sizes:
        filled[index] = part.size_of(getattr(obj, name), unicode=unicode, encoding=encoding)
    return tuple(filled)


class Block(NamedTuple):
    """One command's words and bytes inside a message: offsets from the SMB header, checked to lie within it."""

    message: Buffer
    word_count: int
    words_at: int
    bytes_at: int
    byte_count: int
    unicode: bool
    encoding: str = "cp850"

    def cursor(self) -> Cursor:
        """The bytes of the block."""
        return Cursor(
            self.message,
            self.bytes_at,
            self.bytes_at + self.byte_count,
            unicode=self.unicode,
            encoding=self.encoding,
        )


PAYLOADS: Final = frozenset({"data", "payload", "stub"})
"""Fields that hold what is read, written or carried along."""


class Omitted(msgspec.Struct, frozen=True, gc=False):
    """Stands for a payload in the record: its length, and nothing that keeps 60 KiB of a message alive."""

    length: int

    def __len__(self) -> int:
        return self.length

    def __str__(self) -> str:
        return f"{self.length} bytes"


_S = TypeVar("_S", bound=msgspec.Struct)


def lighten(obj: _S) -> _S:
    """A structure as the record may keep it: payloads `Omitted`, other views of the message copied."""
    names = _views(type(obj))
    if not names:
        return obj
    changes: dict[str, object] = {}
    for name in names:
        value = getattr(obj, name)
        if name in PAYLOADS:
            changes[name] = Omitted(len(value))
        elif type(value) is not bytes:
            changes[name] = bytes(value)
    return msgspec.structs.replace(obj, **changes)


def _made(cls: type[_S], names: Sequence[str], values: Sequence[Any]) -> _S:
    """A structure of its first fields' values, in order; by keyword where the class takes nothing else."""
    return cls(*values) if cls.__match_args__ else cls(**dict(zip(names, values, strict=False)))


@cache
def _views(cls: type[msgspec.Struct]) -> tuple[str, ...]:
    hints = get_type_hints(cls)
    return tuple(name for name in cls.__struct_fields__ if memoryview in get_args(hints[name]))


class Message(msgspec.Struct, frozen=True, gc=False):
    """The parameters of one request or response. Subclasses declare fields; see the module's docstring."""

    ANDX: ClassVar[bool] = False
    """The words begin with AndXCommand, AndXReserved and AndXOffset, which the chain reads and writes."""
    SHORTER: ClassVar[tuple[int, ...]] = ()
    """Smaller WordCounts that are accepted too (AndX words counted); fields beyond them keep their defaults."""

    @classmethod
    def decode(cls, block: Block) -> Self:
        """Reads a block; raises `DecodeError`."""
        layout = layout_of(cls)
        form = layout.words.get(block.word_count)
        if form is None:
            raise DecodeError(f"WordCount {block.word_count} of {cls.__name__}")
        values = form.unpack_from(block.message, block.words_at + (4 if cls.ANDX else 0))
        if not layout.parts:
            return _made(cls, layout.names, values)
        cursor = block.cursor()
        if layout.readers is not None and len(values) + len(layout.parts) == len(layout.names):
            return cls(*_read_parts(layout.readers, values, cursor))
        named = dict(zip(layout.names, values, strict=False))
        for name, part in layout.parts:
            named[name] = part.read(cursor, named)
        return cls(**named)

    def light(self) -> "Message":
        """The same without a payload, for the record: what it keeps must not pin what was read or written."""
        return lighten(self)

    def encode(self, at: int, *, unicode: bool = True, encoding: str = "cp850") -> list[Buffer]:
        """WordCount, words, ByteCount and bytes, for a block that begins at offset `at` from the SMB header.

        AndX words come out as "no further command"; the chain patches them. A list, so that a large payload
        is joined into the message once, and not before.
        """
        layout = layout_of(type(self))
        values = _fill_sizes(layout, self, unicode=unicode, encoding=encoding)
        word_count, form = next(reversed(layout.words.items()))
        head = (b"%c" % word_count) + (b"\xff\0\0\0" if self.ANDX else b"") + form.pack(*values)
        if not layout.parts:
            return [head + b"\0\0"]
        writer = Writer(at + len(head) + 2, unicode=unicode, encoding=encoding)
        for name, part in layout.parts:
            part.write(writer, getattr(self, name))
        return [head + U16_STRUCT.pack(len(writer.data) & 0xFFFF), writer.data]


class Record(msgspec.Struct, frozen=True, gc=False):
    """A fixed-size structure outside the words: information levels, DCE/RPC headers, transaction parameters."""

    @classmethod
    def decode(cls, data: Buffer, at: int = 0) -> Self:
        """Reads the structure at `at`; raises `DecodeError` if it does not fit."""
        layout, _ = record_layout(cls)
        if at < 0 or len(data) - at < layout.size:
            raise DecodeError(f"{cls.__name__} is {layout.size} bytes long, {len(data) - at} there")
        return cls(*layout.unpack_from(data, at))

    def encode(self) -> bytes:
        """The structure's bytes."""
        layout, values = record_layout(type(self))
        return layout.pack(*values(self))

    @classmethod
    def encode_from(cls, facts: object) -> bytes:
        """The structure's bytes, taken from any object that has attributes of the same names."""
        layout, values = record_layout(cls)
        return layout.pack(*values(facts))

    @classmethod
    def size(cls) -> int:
        """Bytes."""
        return record_layout(cls)[0].size


@cache
def record_layout(cls: type[Record]) -> tuple[struct.Struct, Callable[[Any], tuple[Any, ...]]]:
    """Compiles a record class."""
    fields = fixed_fields(cls)
    if len(fields) != len(cls.__struct_fields__):
        raise TypeError(f"{cls.__name__}: a record has fixed-size fields only")
    return struct.Struct("<" + "".join(kind for _, kind in fields)), values_of([name for name, _ in fields])


class StructureLayout(NamedTuple):
    """A structure class, compiled."""

    names: tuple[str, ...]
    fixed: struct.Struct
    parts: tuple[tuple[str, Part], ...]
    word_values: Callable[[Any], tuple[Any, ...]]
    sizes: tuple[tuple[int, str, SizedPart], ...]
    readers: Readers | None


class Structure(msgspec.Struct, frozen=True, gc=False):
    """Fixed fields, then parts, in a buffer of their own: the parameter blocks of transactions.

    Those begin at a multiple of four from the SMB header, so alignment counts from their own start.
    """

    @classmethod
    def decode(cls, data: Buffer, *, unicode: bool = True, encoding: str = "cp850") -> Self:
        """Reads the structure from the start of `data`, ignoring what follows it; raises `DecodeError`."""
        layout = structure_layout(cls)
        if len(data) < layout.fixed.size:
            raise DecodeError(f"{cls.__name__} is at least {layout.fixed.size} bytes long, {len(data)} there")
        values = layout.fixed.unpack_from(data)
        if not layout.parts:
            return _made(cls, layout.names, values)
        cursor = Cursor(data, layout.fixed.size, len(data), unicode=unicode, encoding=encoding)
        if layout.readers is not None:
            return cls(*_read_parts(layout.readers, values, cursor))
        named = dict(zip(layout.names, values, strict=False))
        for name, part in layout.parts:
            named[name] = part.read(cursor, named)
        return cls(**named)

    def encode(self, *, unicode: bool = True, encoding: str = "cp850") -> bytes:
        """The structure's bytes."""
        layout = structure_layout(type(self))
        head = layout.fixed.pack(*_fill_sizes(layout, self, unicode=unicode, encoding=encoding))
        if not layout.parts:
            return head
        writer = Writer(len(head), unicode=unicode, encoding=encoding)
        for name, part in layout.parts:
            part.write(writer, getattr(self, name))
        return head + bytes(writer.data)


@cache
def structure_layout(cls: type[Structure]) -> StructureLayout:
    """Compiles a structure class; raises `TypeError` for a declaration that makes no sense."""
    hints = get_type_hints(cls, include_extras=True)
    fixed = fixed_fields(cls)
    names = cls.__struct_fields__
    parts = tuple((name, _metadata(hints[name])) for name in names[len(fixed) :])
    if any(part is None or isinstance(part, Int) for _, part in parts):
        raise TypeError(f"{cls.__name__}: fixed fields come first, and every field has a wire kind")
    layout = struct.Struct("<" + "".join(kind for _, kind in fixed))
    return StructureLayout(
        names, layout, parts, values_of(names[: len(fixed)]), _sizes(names, parts), _readers(cls, parts)
    )


class Empty(Message, frozen=True):
    """WordCount 0 and nothing that matters among the bytes: many requests, and most answers."""
