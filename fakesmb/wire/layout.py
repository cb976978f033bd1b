"""A structure class compiled: its fixed fields as one `struct`, and how the parts behind them are read and written.

`Body`, `Record` and `Structure` (`codec`) are made of these; plans of requests and of lines are made from them, too.
"""

import struct
from collections.abc import Callable, Sequence
from functools import cache
from operator import attrgetter
from typing import Annotated, Any, Final, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from fakesmb.wire.parts import (
    CountedPart,
    CountedTextPart,
    DataBlockPart,
    FixedPart,
    Int,
    PadPart,
    Part,
    PayloadPart,
    RestPart,
    SizedTextPart,
    TextPart,
    WrittenPart,
)
from fakesmb.wire.text import Buffer, Cursor, Writer

SizedPart = CountedPart | CountedTextPart | SizedTextPart
Readers = tuple[tuple[Part, int, str], ...]
"""Each part with the fixed field that holds its size, as index and name (-1 where it needs none): what decoding by
position takes."""

_S = TypeVar("_S", bound=msgspec.Struct)
_READ_BY_SIZE: Final = (*get_args(SizedPart), WrittenPart)
_INDEPENDENT: Final = (TextPart, RestPart, FixedPart, DataBlockPart, PadPart, *_READ_BY_SIZE)
_NOTHING: Final[dict[str, Any]] = {}


class Layout(NamedTuple):
    """The fields of a class."""

    names: tuple[str, ...]
    """All of them, in order: first the fixed ones, then the parts."""
    formats: tuple[str, ...]
    """How `struct` has each fixed field."""
    fixed: struct.Struct
    """All fixed fields."""
    fixed_values: Callable[[Any], tuple[Any, ...]]
    """Their values, of any object that has attributes of these names."""
    parts: tuple[tuple[str, Part], ...]
    sizes: tuple[tuple[int, str, SizedPart], ...]
    """Index of a fixed field that encoding fills in with the size of a part, that part's name, the part."""
    readers: Readers | None
    """None for classes that take keywords only, or whose parts look at other fields."""
    payload: PayloadPart | None
    """The only part, where that is data by offset and length."""
    rest: str
    """The only part, where that is all bytes as they are; else empty."""


@cache
def layout_of(cls: type[msgspec.Struct]) -> Layout:
    """Compiles a class; raises `TypeError` for a declaration that makes no sense."""
    hints = get_type_hints(cls, include_extras=True)
    names = cls.__struct_fields__
    kinds = [(name, _kind(hints[name])) for name in names]
    fixed = [(name, kind.format) for name, kind in kinds if isinstance(kind, Int)]
    parts = tuple(kinds[len(fixed) :])
    if any(part is None or isinstance(part, Int) for _, part in parts):
        raise TypeError(f"{cls.__name__}: fixed fields come first, and every field has a wire kind")
    formats = tuple(one for _, one in fixed)
    only = parts[0] if len(parts) == 1 else ("", None)
    return Layout(
        names,
        formats,
        struct.Struct("<" + "".join(formats)),
        values_of(names[: len(fixed)]),
        parts,
        tuple(
            (names.index(part.size_field), name, part) for name, part in parts if isinstance(part, SizedPart)
        ),
        _readers(cls, parts),
        only[1] if isinstance(only[1], PayloadPart) else None,
        only[0] if isinstance(only[1], RestPart) else "",
    )


def _kind(hint: Any) -> Any:
    return get_args(hint)[1] if get_origin(hint) is Annotated else None


def values_of(names: Sequence[str]) -> Callable[[Any], tuple[Any, ...]]:
    """A fast getter of several attributes that always gives a tuple."""
    if not names:
        return lambda _: ()
    get = attrgetter(*names)
    return get if len(names) > 1 else lambda obj: (get(obj),)


def _readers(cls: type[msgspec.Struct], parts: Sequence[tuple[str, Part]]) -> Readers | None:
    names = cls.__struct_fields__
    if cls.__match_args__ != names or not all(isinstance(part, _INDEPENDENT) for _, part in parts):
        return None
    return tuple(
        (part, names.index(part.size_field), part.size_field)
        if isinstance(part, _READ_BY_SIZE)
        else (part, -1, "")
        for _, part in parts
    )


def read_parts(readers: Readers, values: tuple[Any, ...], cursor: Cursor) -> list[Any]:
    """The values of the fixed fields, and after them those of the parts; raises `DecodeError`."""
    found = list(values)
    for part, index, name in readers:
        found.append(part.read(cursor, _NOTHING if index < 0 else {name: values[index]}))
    return found


def made(cls: type[_S], layout: Layout, values: tuple[Any, ...], cursor: Callable[[], Cursor]) -> _S:
    """The structure of these fixed values and of the parts that the cursor reads; raises `DecodeError`.

    Fewer fixed values than the layout has leave the last ones as they are by default.
    """
    if not layout.parts and cls.__match_args__:
        return cls(*values)
    if layout.readers is not None and len(values) == len(layout.formats):
        return cls(*read_parts(layout.readers, values, cursor()))
    named = dict(zip(layout.names, values, strict=False))
    at = cursor() if layout.parts else None
    for name, part in layout.parts:
        assert at is not None
        named[name] = part.read(at, named)
    return cls(**named)


def filled(layout: Layout, obj: object, *, unicode: bool, encoding: str) -> tuple[Any, ...]:
    """The values of the fixed fields, with the sizes of parts filled in."""
    values = layout.fixed_values(obj)
    if not layout.sizes:
        return values
    full = list(values)
    for index, name, part in layout.sizes:
        full[index] = part.size_of(getattr(obj, name), unicode=unicode, encoding=encoding)
    return tuple(full)


def write_parts(layout: Layout, obj: object, writer: Writer) -> Buffer:
    """What the parts hold, as bytes."""
    for name, part in layout.parts:
        part.write(writer, getattr(obj, name))
    return writer.data
