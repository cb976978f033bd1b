"""How the bits of an answer are spelt that are changed."""

from collections.abc import Callable, Collection, Mapping
from typing import Final

from fakesmb.faults.action import Corruption
from fakesmb.faults.spelling import is_number
from fakesmb.nt.nearest import nearest

LONGEST: Final = 0xFFFFFF
"""Bytes of a message: what the length before it can say."""


def corruption(
    value: object, fields: Collection[str], longest: Callable[[str], int | None] = lambda _: None
) -> Corruption:
    """An offset, a field (`fields`: those that such a reply may have), or a table of one of these and `xor`.

    `longest` gives the bytes that a field has at most, None where that is not known.
    """
    xor: object = 0xFF
    if isinstance(value, Mapping):
        rest = dict(value)
        xor = rest.pop("xor", xor)
        for key in rest:
            if key not in ("offset", "field"):
                raise ValueError(f"has no key {key!r}{nearest(key, ('offset', 'field', 'xor'))}")
        if len(rest) != 1:
            raise ValueError("must have either an offset or a field")
        [(kind, value)] = rest.items()
        if (kind == "offset") != is_number(value):
            raise ValueError(
                f"{kind} must be {'a number of bytes' if kind == 'offset' else 'a name'}, not {value!r}"
            )
    if not is_number(xor) or xor == 0 or xor < 0:  # type: ignore[operator]
        raise ValueError(f"xor must be a number above 0, not {xor!r}: it says which bits change")
    assert isinstance(xor, int)
    if is_number(value):
        assert isinstance(value, int)
        if xor > 0xFF:
            raise ValueError(f"xor must fit the byte at an offset, not be 0x{xor:X}")
        if not -LONGEST <= value < LONGEST:
            raise ValueError(f"no answer has so many bytes: {value} (at most {LONGEST})")
        return Corruption(value, "", xor)
    if not isinstance(value, str):
        raise ValueError(f"must be an offset in bytes or the name of a field, not {value!r}")
    if value not in fields:
        raise ValueError(f"such a reply has no field {value!r}{nearest(value, list(fields))}")
    size = longest(value)
    if size is not None and not xor & (1 << 8 * size) - 1:
        raise ValueError(f"xor 0x{xor:X} changes no bit of {value}, which has {8 * size}")
    return Corruption(None, value, xor)
