"""Declared layouts: the words and the bytes of an SMB message, to and from msgspec structs.

Every SMB block is `WordCount`, that many 16-bit words, `ByteCount`, that many bytes ([MS-CIFS] 2.2.3.2 and
2.2.3.3). A `Body` declares its words first and then what its bytes hold:

    class CloseRequest(Body):
        fid: U16
        last_write: U32

    class DeleteRequest(Body):
        search_attributes: U16
        pattern: BufferFormat4Text

The words are compiled once into a `struct.Struct`. Decoding never raises anything but `DecodeError`.
"""

import struct
from codecs import utf_16_le_decode
from collections.abc import Callable
from functools import cache, partial
from typing import (
    Any,
    ClassVar,
    Final,
    NamedTuple,
    Self,
    TypeVar,
    get_args,
    get_type_hints,
)

import msgspec

from fakesmb.wire.layout import Layout, filled, layout_of, made, read_parts, values_of, write_parts
from fakesmb.wire.parts import (
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    BufferFormat4Oem,
    BufferFormat4Text,
    CountedPart,
    CountedTextPart,
    DataBlock,
    DataBlockPart,
    FixedPart,
    Int,
    OemText,
    Pad,
    PadPart,
    Part,
    PayloadPart,
    Raw8,
    Raw16,
    Rest,
    RestPart,
    Secret,
    SizedTextPart,
    Text,
    TextPart,
    Utf16Text,
    VariableBlock,
    WrittenPart,
)
from fakesmb.wire.text import (
    U16_STRUCT,
    Buffer,
    Cursor,
    DecodeError,
    Writer,
    decode_utf16,
    encode_utf16,
    last_oem,
    unpadded,
)

__all__ = [
    "I16",
    "I32",
    "I64",
    "PAYLOADS",
    "U8",
    "U16",
    "U16_STRUCT",
    "U32",
    "U64",
    "Block",
    "Body",
    "Buffer",
    "BufferFormat4Oem",
    "BufferFormat4Text",
    "CountedPart",
    "CountedTextPart",
    "Cursor",
    "DataBlock",
    "DataBlockPart",
    "DecodeError",
    "Empty",
    "FixedPart",
    "Int",
    "Layout",
    "OemText",
    "Omitted",
    "Pad",
    "PadPart",
    "Part",
    "PayloadPart",
    "Raw8",
    "Raw16",
    "Record",
    "Rest",
    "RestPart",
    "Secret",
    "SizedTextPart",
    "Structure",
    "Text",
    "TextPart",
    "Utf16Text",
    "VariableBlock",
    "Writer",
    "WrittenPart",
    "decode_utf16",
    "encode_utf16",
    "form_of",
    "layout_of",
    "lighten",
    "read_parts",
    "reads_parts_in_order",
    "secret_fields",
    "structure_decoder",
    "values_of",
    "words_of",
]


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


@cache
def secret_fields(cls: type[msgspec.Struct]) -> frozenset[str]:
    """The names of the fields that are marked `Secret`."""
    hints = get_type_hints(cls, include_extras=True)
    return frozenset(name for name in cls.__struct_fields__ if Secret in get_args(hints[name]))


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


@cache
def _views(cls: type[msgspec.Struct]) -> tuple[str, ...]:
    hints = get_type_hints(cls)
    return tuple(name for name in cls.__struct_fields__ if memoryview in get_args(hints[name]))


class Body(msgspec.Struct, frozen=True, gc=False):
    """The parameters of one request or response. Subclasses declare fields; see the module's docstring."""

    ANDX: ClassVar[bool] = False
    """The words begin with AndXCommand, AndXReserved and AndXOffset, which the chain reads and writes."""
    SHORTER: ClassVar[tuple[int, ...]] = ()
    """Smaller WordCounts that are accepted too (AndX words counted); fields beyond them keep their defaults, and of one
    that is cut the missing bytes are zeros.

    Of a block with more words than a form has, those of the longest form are read, as Samba and Windows do.
    """

    @classmethod
    def decode(cls, block: Block) -> Self:
        """Reads a block; raises `DecodeError`."""
        form = form_of(cls, block.word_count)
        at, end = block.words_at, block.words_at + 2 * block.word_count
        if cls.ANDX:
            at = min(at + 4, end)
        if at + form.size > end:
            there = block.message[at:end]
            values = form.unpack(bytes(there) + bytes(form.size - len(there)))
        else:
            values = form.unpack_from(block.message, at)
        return made(cls, layout_of(cls), values, block.cursor)

    def encode(self, at: int, *, unicode: bool = True, encoding: str = "cp850") -> list[Buffer]:
        """WordCount, words, ByteCount and bytes, for a block that begins at offset `at` from the SMB header.

        AndX words come out as "no further command"; the chain patches them. A list, so that a large payload
        is joined into the message once, and not before.
        """
        layout, start = layout_of(type(self)), words_of(type(self)).start
        if not layout.parts:
            return [start + layout.fixed.pack(*layout.fixed_values(self)) + b"\0\0"]
        head = start + layout.fixed.pack(*filled(layout, self, unicode=unicode, encoding=encoding))
        data: Buffer
        if layout.rest:
            data = getattr(self, layout.rest)
        else:
            data = write_parts(layout, self, Writer(at + len(head) + 2, unicode=unicode, encoding=encoding))
        return [head + U16_STRUCT.pack(len(data) & 0xFFFF), data]


class Words(NamedTuple):
    """The words of a body, as its WordCount says which there are."""

    forms: dict[int, struct.Struct]
    """WordCount of each accepted form, AndX words included, to the fields after those words."""
    start: bytes
    """How a block of the full form begins: its WordCount, and AndX words that name no further command."""


def form_of(cls: type[Body], word_count: int) -> struct.Struct:
    """The fields after the AndX words in a block of so many words: all of them, or the longest form that it holds.

    Raises `DecodeError` for a block that is shorter than every form.
    """
    forms = words_of(cls).forms
    form = forms.get(word_count)
    if form is not None:
        return form
    fitting = [count for count in forms if count < word_count]
    if not fitting:
        raise DecodeError(f"WordCount {word_count} of {cls.__name__}")
    return forms[max(fitting)]


@cache
def words_of(cls: type[Body]) -> Words:
    """Compiles the forms of a body; raises `TypeError` for words of an odd size."""
    andx_words = 2 if cls.ANDX else 0
    formats = layout_of(cls).formats
    forms: dict[int, struct.Struct] = {}
    for count in range(len(formats) + 1):
        form = struct.Struct("<" + "".join(formats[:count]))
        if form.size % 2 == 0:
            forms[form.size // 2 + andx_words] = form
    full = layout_of(cls).fixed
    if full.size % 2:
        raise TypeError(f"{cls.__name__}: the words have an odd size")
    full_count = full.size // 2 + andx_words
    forms[full_count] = full
    boundaries = sorted(forms)
    for count in cls.SHORTER:
        forms.setdefault(count, forms[next(one for one in boundaries if one >= count)])
    start = b"%c" % full_count + (b"\xff\0\0\0" if cls.ANDX else b"")
    return Words({count: forms[count] for count in (*cls.SHORTER, full_count)}, start)


def reads_parts_in_order(cls: type[Body]) -> bool:
    """Whether decoding is the words and then the parts, by position: no `decode` of the class's own."""
    if cls.decode.__func__ is not Body.decode.__func__:  # type: ignore[attr-defined]
        return False
    layout = layout_of(cls)
    return layout.readers is not None or layout.payload is not None


class Record(msgspec.Struct, frozen=True, gc=False):
    """A fixed-size structure outside the words: information levels, DCE/RPC headers, transaction parameters."""

    @classmethod
    def decode(cls, data: Buffer, at: int = 0) -> Self:
        """Reads the structure at `at`; raises `DecodeError` if it does not fit."""
        fixed = layout_of(cls).fixed
        if at < 0 or len(data) - at < fixed.size:
            raise DecodeError(f"{cls.__name__} is {fixed.size} bytes long, {len(data) - at} there")
        return cls(*fixed.unpack_from(data, at))

    def encode(self) -> bytes:
        """The structure's bytes."""
        return self.encode_from(self)

    @classmethod
    def encode_from(cls, facts: object) -> bytes:
        """The structure's bytes, taken from any object that has attributes of the same names."""
        layout = layout_of(cls)
        return layout.fixed.pack(*layout.fixed_values(facts))

    @classmethod
    def size(cls) -> int:
        """Bytes."""
        return layout_of(cls).fixed.size


class Structure(msgspec.Struct, frozen=True, gc=False):
    """Fixed fields, then parts, in a buffer of their own: the parameter blocks of transactions.

    Those begin at a multiple of four from the SMB header, so alignment counts from their own start.
    """

    @classmethod
    def decode(cls, data: Buffer, *, unicode: bool = True, encoding: str = "cp850") -> Self:
        """Reads the structure from the start of `data`, ignoring what follows it; raises `DecodeError`."""
        made: Self = structure_decoder(cls)(data, 0, len(data), unicode, encoding)
        return made

    def encode(self, *, unicode: bool = True, encoding: str = "cp850") -> bytes:
        """The structure's bytes."""
        layout = layout_of(type(self))
        head = layout.fixed.pack(*filled(layout, self, unicode=unicode, encoding=encoding))
        if not layout.parts:
            return head
        return head + write_parts(layout, self, Writer(len(head), unicode=unicode, encoding=encoding))


StructureDecoder = Callable[[Buffer, int, int, bool, str], Any]
"""Reads the structure that lies in a buffer from one offset to another, with Unicode or OEM strings."""


@cache
def structure_decoder(cls: type[Structure]) -> StructureDecoder:
    """The function that reads a structure of that class; it raises `DecodeError`."""
    layout = layout_of(cls)
    size, unpack_from = layout.fixed.size, layout.fixed.unpack_from
    one = layout.parts[0][1] if len(layout.parts) == 1 else None
    by_position = cls.__match_args__ == layout.names
    if not layout.parts and by_position:

        def fixed(data: Buffer, at: int, end: int, unicode: bool, encoding: str) -> Structure:
            if end - at < size:
                raise too_short(cls, size, end - at)
            return cls(*unpack_from(data, at))

        return fixed
    if type(one) is TextPart and not one.oem and one.format_byte is None and by_position:
        always_unicode = one.utf16

        def text_last(data: Buffer, at: int, end: int, unicode: bool, encoding: str) -> Structure:
            text_at = at + size
            if text_at > end:
                raise too_short(cls, size, end - at)
            if unicode or always_unicode:
                text_at += size & 1
                text = utf_16_le_decode(data[text_at : end - (end - text_at & 1)], "surrogatepass", True)[0]
                null = text.find("\0")
                text = text if null < 0 else text[:null]
                if text and not ord(text[0]) & 0xFF:
                    text = unpadded(text, data[text_at + 1 : end])
                return cls(*unpack_from(data, at), text)
            return cls(*unpack_from(data, at), last_oem(data[text_at:end], encoding))

        return text_last
    return partial(_read_structure, cls, layout)


def _read_structure(
    cls: type[Structure],
    layout: Layout,
    data: Buffer,
    at: int,
    end: int,
    unicode: bool,
    encoding: str,
) -> Structure:
    """Reads a structure of any parts, each from a cursor."""
    data = data[at:end]
    if len(data) < layout.fixed.size:
        raise too_short(cls, layout.fixed.size, len(data))
    size = layout.fixed.size
    return made(
        cls,
        layout,
        layout.fixed.unpack_from(data),
        lambda: Cursor(data, size, len(data), unicode=unicode, encoding=encoding),
    )


def too_short(cls: type, least: int, there: int) -> DecodeError:
    """The refusal of a structure that does not fit where it is said to be."""
    return DecodeError(f"{cls.__name__} is at least {least} bytes long, {there} there")


class Empty(Body, frozen=True):
    """WordCount 0 and nothing that matters among the bytes: many requests, and most answers."""
