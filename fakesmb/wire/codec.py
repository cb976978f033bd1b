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
from collections.abc import Callable, Sequence
from functools import cache, partial
from operator import attrgetter
from typing import (
    Annotated,
    Any,
    ClassVar,
    Final,
    NamedTuple,
    Self,
    TypeVar,
    get_args,
    get_origin,
    get_type_hints,
)

import msgspec

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
    LastOemText,
    LastText,
    LastUtf16Text,
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
    Text,
    TextPart,
    VariableBlock,
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
    "LastOemText",
    "LastText",
    "LastUtf16Text",
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
    "Structure",
    "StructureLayout",
    "Text",
    "TextPart",
    "VariableBlock",
    "Writer",
    "decode_utf16",
    "encode_utf16",
    "fixed_fields",
    "layout_of",
    "lighten",
    "read_parts",
    "reads_parts_in_order",
    "record_layout",
    "secret_fields",
    "structure_decoder",
    "structure_layout",
    "values_of",
]


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
    start: bytes
    """How a block of the full form begins: its WordCount, and AndX words that name no further command."""
    full: struct.Struct
    """The words of the full form."""
    payload: PayloadPart | None
    """The only part, where that is data by offset and length."""
    rest: str
    """The only part, where that is all bytes as they are; else empty."""


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
def layout_of(cls: "type[Body]") -> Layout:
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
        names,
        accepted,
        parts,
        values_of(names[: len(fixed)]),
        _sizes(names, parts),
        _readers(cls, parts),
        b"%c" % full_count + (b"\xff\0\0\0" if andx_words else b""),
        full,
        next((part for _, part in parts if len(parts) == 1 and isinstance(part, PayloadPart)), None),
        parts[0][0] if len(parts) == 1 and isinstance(parts[0][1], RestPart) else "",
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


def reads_parts_in_order(cls: "type[Body]") -> bool:
    """Whether decoding is the words and then the parts, by position: no `decode` of the class's own."""
    own = cls.decode.__func__ is not Body.decode.__func__  # type: ignore[attr-defined]
    if own:
        return False
    layout = layout_of(cls)
    return layout.readers is not None or layout.payload is not None


def read_parts(readers: Readers, values: tuple[Any, ...], cursor: Cursor) -> list[Any]:
    """The values of the words, and after them those of the parts; raises `DecodeError`."""
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


def _made(cls: type[_S], names: Sequence[str], values: Sequence[Any]) -> _S:
    """A structure of its first fields' values, in order; by keyword where the class takes nothing else."""
    return cls(*values) if cls.__match_args__ else cls(**dict(zip(names, values, strict=False)))


@cache
def _views(cls: type[msgspec.Struct]) -> tuple[str, ...]:
    hints = get_type_hints(cls)
    return tuple(name for name in cls.__struct_fields__ if memoryview in get_args(hints[name]))


class Body(msgspec.Struct, frozen=True, gc=False):
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
            return cls(*read_parts(layout.readers, values, cursor))
        named = dict(zip(layout.names, values, strict=False))
        for name, part in layout.parts:
            named[name] = part.read(cursor, named)
        return cls(**named)

    def light(self) -> "Body":
        """The same without a payload, for the record: what it keeps must not pin what was read or written."""
        return lighten(self)

    def encode(self, at: int, *, unicode: bool = True, encoding: str = "cp850") -> list[Buffer]:
        """WordCount, words, ByteCount and bytes, for a block that begins at offset `at` from the SMB header.

        AndX words come out as "no further command"; the chain patches them. A list, so that a large payload
        is joined into the message once, and not before.
        """
        layout = layout_of(type(self))
        if not layout.parts:
            return [layout.start + layout.full.pack(*layout.word_values(self)) + b"\0\0"]
        head = layout.start + layout.full.pack(*_fill_sizes(layout, self, unicode=unicode, encoding=encoding))
        if layout.rest:
            rest: Buffer = getattr(self, layout.rest)
            return [head + U16_STRUCT.pack(len(rest) & 0xFFFF), rest]
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
        made: Self = structure_decoder(cls)(data, 0, len(data), unicode, encoding)
        return made

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


StructureDecoder = Callable[[Buffer, int, int, bool, str], Any]
"""Reads the structure that lies in a buffer from one offset to another, with Unicode or OEM strings."""


@cache
def structure_decoder(cls: type[Structure]) -> StructureDecoder:
    """The function that reads a structure of that class; it raises `DecodeError`."""
    layout = structure_layout(cls)
    size, unpack_from = layout.fixed.size, layout.fixed.unpack_from
    one = layout.parts[0][1] if len(layout.parts) == 1 else None
    by_position = cls.__match_args__ == layout.names
    if not layout.parts and by_position:

        def fixed(data: Buffer, at: int, end: int, unicode: bool, encoding: str) -> Structure:
            if end - at < size:
                raise too_short(cls, size, end - at)
            return cls(*unpack_from(data, at))

        return fixed
    if type(one) is TextPart and not one.strict and not one.oem and one.format_byte is None and by_position:
        always_unicode = one.utf16

        def text_last(data: Buffer, at: int, end: int, unicode: bool, encoding: str) -> Structure:
            text_at = at + size
            if text_at > end:
                raise too_short(cls, size, end - at)
            if unicode or always_unicode:
                text_at += size & 1
                text = str(data[text_at : end - (end - text_at & 1)], "utf-16-le", "surrogatepass")
                null = text.find("\0")
                return cls(*unpack_from(data, at), text if null < 0 else text[:null])
            return cls(*unpack_from(data, at), last_oem(data[text_at:end], encoding))

        return text_last
    return partial(_read_structure, cls, layout)


def _read_structure(
    cls: type[Structure],
    layout: StructureLayout,
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
    values = layout.fixed.unpack_from(data)
    if not layout.parts:
        return _made(cls, layout.names, values)
    cursor = Cursor(data, layout.fixed.size, len(data), unicode=unicode, encoding=encoding)
    if layout.readers is not None:
        return cls(*read_parts(layout.readers, values, cursor))
    named = dict(zip(layout.names, values, strict=False))
    for name, part in layout.parts:
        named[name] = part.read(cursor, named)
    return cls(**named)


def too_short(cls: type, least: int, there: int) -> DecodeError:
    """The refusal of a structure that does not fit where it is said to be."""
    return DecodeError(f"{cls.__name__} is at least {least} bytes long, {there} there")


class Empty(Body, frozen=True):
    """WordCount 0 and nothing that matters among the bytes: many requests, and most answers."""
