"""Stub data in big-endian byte order, which [C706] 14.2 leaves to the sender.

impacket declares its NDR types in little-endian. `in_big_endian` derives the same types with every number the
other way round, and mends what hangs on it: counts that impacket reads on the way, texts, UUIDs.
"""

import struct
from functools import cache
from typing import Any, Final
from uuid import UUID

from impacket.dcerpc.v5 import dtypes, lsad, ndr, samr

_COUNTED: Final = (ndr.NDRUniConformantArray, ndr.NDRUniConformantVaryingArray)
_TEXTS: Final = (dtypes.WSTR, dtypes.WIDESTR)
_COUNT: Final = struct.Struct(">L")


class Reader:
    """Reads primitive types by hand, for the requests that impacket has wrong."""

    def __init__(self, stub: bytes, *, big_endian: bool = False) -> None:
        self.stub = stub
        self.at = 0
        self._order = ">" if big_endian else "<"
        self._text = "utf-16-be" if big_endian else "utf-16-le"

    def numbers(self, fields: str) -> tuple[Any, ...]:
        """Numbers in `struct` notation, aligned to the first; raises `struct.error` at the end of the stub."""
        self.align(struct.calcsize("=" + fields.lstrip("0123456789")[0]))
        layout = struct.Struct(self._order + fields)
        found = layout.unpack_from(self.stub, self.at)
        self.at += layout.size
        return found

    def number(self) -> int:
        """An unsigned long."""
        value: int = self.numbers("I")[0]
        return value

    def align(self, size: int) -> None:
        """Goes on at a multiple of `size`."""
        self.at += -self.at % size

    def take(self, size: int) -> bytes:
        """Bytes as they are; raises `ValueError` where the stub has fewer."""
        data = self.stub[self.at : self.at + size]
        if len(data) < size:
            raise ValueError(f"{size} bytes due at {self.at} of a stub of {len(self.stub)}")
        self.at += size
        return data

    def handle(self) -> bytes:
        """A context handle, as it was given out."""
        self.align(4)
        data = self.take(20)
        return data if self._order == "<" else _handle_turned(data)

    def uuid(self) -> UUID:
        """A UUID."""
        self.align(4)
        data = self.take(16)
        return UUID(bytes_le=data) if self._order == "<" else UUID(bytes=data)

    def sid(self) -> str:
        """A SID that a pointer leads to, in its canonical form; raises `ValueError` where its counts differ."""
        count = self.number()
        revision, there = self.take(2)
        if there != count:
            raise ValueError(f"a SID of {there} sub-authorities in an array of {count}")
        authority = int.from_bytes(self.take(6), "big")
        parts = self.numbers(f"{count}I") if count else ()
        return "-".join(map(str, ("S", revision, authority, *parts)))

    def wide_string(self) -> str:
        """A conformant varying string of wide characters, with its null if it has one."""
        _, _, count = self.numbers("III")
        return self.take(2 * count).decode(self._text, "surrogatepass")


class Ignored:
    """The request of an operation that needs nothing of it."""

    def __init__(self, reader: Reader) -> None:
        pass


class _BigEndian(ndr.NDR):  # type: ignore[misc]
    """Mixed into every derived type, before the type itself."""

    def getArraySize(self, *where: Any) -> Any:  # noqa: N802
        """The size of an array member of a call or a pointer, where impacket unpacks it with its own format."""
        if not where:  # asked of an array, about itself
            return super().getArraySize()
        name, data, *rest = where
        offset = rest[0] if rest else 0
        pad = -offset % 4
        member = self.fields[name]
        at = offset + pad
        (count,) = _COUNT.unpack_from(data, at)
        if isinstance(member, ndr.NDRUniConformantVaryingArray):
            member.fields["MaximumCount"] = count
            (count,) = _COUNT.unpack_from(data, at + 8)
        return count, 4 + pad

    def fromString(self, data: bytes, offset: int = 0) -> int:  # noqa: N802
        """Reads the type, its own conformant array's count turned round first."""
        at = self._count_at(offset)
        if at is not None:
            data = data[:at] + data[at : at + 4][::-1] + data[at + 4 :]
        size: int = super().fromString(data, offset)
        self._turn_contents()
        return size

    def _count_at(self, offset: int) -> int | None:
        """Where a structure's trailing array has its count, which comes before the structure."""
        members = self.commonHdr + self.structure
        if not isinstance(self, ndr.NDRSTRUCT) or not isinstance(self.fields[members[-1][0]], _COUNTED):
            return None
        offset += -offset % 4
        return offset + 4 if isinstance(self, ndr.NDRPOINTER) else offset

    def _turn_contents(self) -> None:
        data = self.fields.get("Data")
        if not isinstance(data, bytes):
            return
        if isinstance(self, _TEXTS):
            self.fields["Data"] = turned(data, 2)
        elif isinstance(self, dtypes.GUID):
            self.fields["Data"] = uuid_turned(data)
        elif isinstance(self, (lsad.LSAPR_HANDLE, samr.SAMPR_HANDLE)):
            self.fields["Data"] = _handle_turned(data)


def turned(data: bytes, size: int) -> bytes:
    """Numbers of `size` bytes with their bytes the other way round."""
    count = len(data) // size
    out = bytearray(data)
    for index in range(size):
        out[index : count * size : size] = data[size - 1 - index : count * size : size]
    return bytes(out)


def uuid_turned(data: bytes) -> bytes:
    """The three numbers of a UUID the other way round ([C706] appendix A)."""
    return data[3::-1] + data[5:3:-1] + data[7:5:-1] + data[8:]


def _handle_turned(data: bytes) -> bytes:
    return turned(data[:4], 4) + uuid_turned(data[4:])


def _format(kind: Any) -> Any:
    if isinstance(kind, type):
        return in_big_endian(kind)
    return kind.replace("<", ">", 1) if isinstance(kind, str) else kind


def _members(members: tuple[tuple[str, Any], ...]) -> tuple[tuple[str, Any], ...]:
    return tuple((name, _format(kind)) for name, kind in members)


@cache
def in_big_endian(kind: Any) -> Any:
    """An impacket NDR type whose numbers are big-endian on the wire."""
    is_ndr: bool = isinstance(kind, type) and issubclass(kind, ndr.NDR)
    if not is_ndr:
        return kind
    changed: dict[str, Any] = {
        name: _members(getattr(kind, name)) for name in ("commonHdr", "structure", "referent")
    }
    if issubclass(kind, ndr.NDRArray):
        changed["item"] = _format(kind.item)
    if issubclass(kind, ndr.NDRUNION):
        changed["union"] = {
            tag: None if arm is None else (arm[0], _format(arm[1])) for tag, arm in kind.union.items()
        }
    return type(kind)(kind.__name__, (_BigEndian, kind), changed)
