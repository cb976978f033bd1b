"""NDR written by hand ([C706] chapter 14), for the responses that impacket has wrong.

Gaps are zeros, as from Windows: clients take the gap behind a 16-bit enumeration for its upper half.
"""

import struct
from collections.abc import Callable
from functools import cache
from typing import Any, Final

from impacket.dcerpc.v5 import dtypes, ndr

from fakesmb.rpc.stub import FIRST_REFERENT, wide

_ARRAY: Final = struct.Struct("<III")
"""Maximum count, offset, actual count."""
_NUMBERS: Final = (
    (
        ndr.NDRENUM,
        "I",
    ),  # 32 bits on the wire of Windows and Samba, which align the arms of unions to 4 anyway
    (ndr.NDRUSMALL, "B"),
    (ndr.NDRUSHORT, "H"),
    (ndr.NDRULONG, "I"),
    (ndr.NDRHYPER, "q"),
)


class Writer:
    """Writes primitive types where they belong, and what pointers point to after what they are in."""

    def __init__(self) -> None:
        self._out = bytearray()
        self._later: list[Callable[[], None]] = []
        self._referent = FIRST_REFERENT

    def align(self, size: int) -> None:
        """Goes on at a multiple of `size`."""
        self._out += bytes(-len(self._out) % size)

    def numbers(self, fields: str, *values: int) -> None:
        """Numbers in `struct` notation, aligned to the first."""
        self.align(struct.calcsize("=" + fields[0]))
        self._out += struct.pack("<" + fields, *values)

    def raw(self, data: bytes) -> None:
        """Bytes as they are."""
        self._out += data

    def pointer(self, write: Callable[[], None] | None) -> None:
        """A pointer within a structure: `write` comes with `flush`. None makes it null."""
        if write is None:
            self.numbers("I", 0)
        else:
            self.referent()
            self._later.append(write)

    def referent(self) -> None:
        """A pointer whose target comes right behind it, or with `flush`."""
        self.numbers("I", self._referent)
        self._referent += 4

    def flush(self) -> None:
        """Writes the targets of the pointers so far, each followed by the targets of the pointers in it."""
        later, self._later = self._later, []
        for write in later:
            write()
            self.flush()

    def string(self, text: str) -> None:
        """A pointer to a string of wide characters with its null."""
        self.pointer(lambda: self._characters(wide(text)))

    def unicode_string(self, text: str) -> None:
        """An RPC_UNICODE_STRING, [MS-DTYP] 2.3.10, without a null."""
        plain = wide(text)[:-1]
        size = len(plain.encode("utf-16-le"))
        self.align(4)
        self.numbers("HH", size, size)
        self.pointer(lambda: self._characters(plain))

    def _characters(self, text: str) -> None:
        raw = text.encode("utf-16-le")
        count = len(raw) // 2
        self.numbers("III", count, 0, count)
        self._out += raw

    def structure(self, kind: Any, values: Any) -> None:
        """An impacket structure of numbers and texts, its members from `values` by their names.

        Members of other kinds are functions that are given the writer.
        """
        self.align(_alignment(kind))
        for name, member in kind.structure:
            value = values.get(name)
            code = _code(member)
            if callable(value):
                value(self)
            elif code:
                self.numbers(code, value)
            elif member is dtypes.RPC_UNICODE_STRING:
                self.unicode_string(value)
            else:
                self.structure(member, values)

    def done(self, status: int) -> bytes:
        """The stub, with the status that ends it."""
        self.flush()
        self.numbers("I", status)
        return bytes(self._out)


@cache
def _code(kind: Any) -> str:
    """How `struct` calls a number; "" for what is none."""
    return next((code for known, code in _NUMBERS if issubclass(kind, known)), "")


@cache
def _alignment(kind: Any) -> int:
    code = _code(kind)
    if code:
        return struct.calcsize("=" + code)
    if issubclass(kind, ndr.NDRSTRUCT) and kind is not dtypes.RPC_UNICODE_STRING:
        return max((_alignment(member) for _, member in kind.structure), default=4)
    return 4  # a pointer
