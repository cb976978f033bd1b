"""Values of any structure that the codec declares: each field is filled by its name and its kind."""

from collections.abc import Callable, Mapping
from functools import cache
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin, get_type_hints

import msgspec

from fakesmb.wire.codec import Int
from fakesmb.wire.dialect import Dialect
from fakesmb.wire.locking import LockRange
from fuzz.values import Dice

_BITS: Final[Mapping[str, int]] = {"B": 8, "b": 7, "H": 16, "h": 15, "I": 32, "i": 31, "Q": 64, "q": 63}
_DIALECTS: Final = tuple(value for name, value in vars(Dialect).items() if name.isupper())
_SECONDS_SPAN: Final = 64
"""Bits of a number whose field says nothing of its size."""


@cache
def _fields(cls: type[msgspec.Struct]) -> tuple[tuple[str, Any], ...]:
    hints = get_type_hints(cls, include_extras=True)
    return tuple((name, hints[name]) for name in cls.__struct_fields__)


def made(dice: Dice, cls: type[msgspec.Struct], **given: Any) -> Any:
    """An instance of a structure; `given` says what some fields hold. Not every one can be encoded."""
    values = {name: given[name] if name in given else _value(dice, name, hint) for name, hint in _fields(cls)}
    return cls(**values)


def _value(dice: Dice, name: str, hint: Any) -> Any:
    kind, bits = hint, _SECONDS_SPAN
    if get_origin(hint) is Annotated:
        kind, *extras = get_args(hint)
        for extra in extras:
            if isinstance(extra, Int):
                if extra.format.endswith("s"):
                    return dice.random.randbytes(int(extra.format[:-1]))
                bits = _BITS[extra.format]
            elif hasattr(extra, "size"):
                return dice.random.randbytes(extra.size)
    if get_origin(kind) in (Union, UnionType):
        kind = bytes if bytes in get_args(kind) else get_args(kind)[0]
    if get_origin(kind) is tuple:
        return _several(dice, name, get_args(kind)[0])
    maker = _MAKERS.get(kind)
    return maker(dice, name, bits) if maker is not None else None


def _several(dice: Dice, name: str, kind: Any) -> tuple[Any, ...]:
    count = dice.one((0, 1, 1, 2, 3, 10))
    if name == "dialects":
        return tuple(dice.one(_DIALECTS) for _ in range(count))
    if kind is LockRange:
        return tuple(
            LockRange(dice.one((0x1234, 1, 2)), dice.number(32, "offset"), dice.number(32, "count"))
            for _ in range(count)
        )
    return tuple(_value(dice, name, kind) for _ in range(count))


_MAKERS: Final[Mapping[Any, Callable[[Dice, str, int], Any]]] = {
    int: lambda dice, name, bits: dice.number(bits, name),
    str: lambda dice, name, bits: dice.name(name),
    bytes: lambda dice, name, bits: dice.octets(),
    bool: lambda dice, name, bits: dice.chance(0.5),
}
