"""Names to RIDs and RIDs to names ([MS-SAMR] 3.1.5.11)."""

from collections.abc import Mapping, Sequence
from typing import Final

from fakesmb.nt.names import fold
from fakesmb.nt.status import NT
from fakesmb.rpc.byteorder import Reader
from fakesmb.rpc.ndr import Writer
from fakesmb.rpc.services.accounts import UNKNOWN
from fakesmb.rpc.services.sam import Group, User
from fakesmb.rpc.services.samr_objects import MOST_LOOKUPS, OpenDomain, domain_of, held
from fakesmb.rpc.stub import Call, Operation


def _outcome(found: Sequence[User | Group | None]) -> int:
    if all(one is not None for one in found):
        return NT.SUCCESS
    return NT.SOME_NOT_MAPPED if any(one is not None for one in found) else NT.NONE_MAPPED


def lookup_names(call: Call, handle: bytes, names: Sequence[str]) -> bytes:
    """SamrLookupNamesInDomain, 3.1.5.11.2."""
    domain = domain_of(call, held(call, handle, OpenDomain, OpenDomain.LOOKUP).sid)
    known = {fold(one.name): one for one in domain.accounts}
    found = [known.get(fold(name)) for name in names]
    writer = Writer()
    _write_numbers(writer, [0 if one is None else one.rid for one in found])
    return _with_uses(writer, found)


def lookup_rids(call: Call, handle: bytes, rids: Sequence[int]) -> bytes:
    """SamrLookupIdsInDomain, 3.1.5.11.3."""
    domain = domain_of(call, held(call, handle, OpenDomain, OpenDomain.LOOKUP).sid)
    known = {one.rid: one for one in domain.accounts}
    found = [known.get(rid) for rid in rids]
    writer = Writer()

    def names() -> None:
        writer.numbers("I", len(found))
        for one in found:
            writer.unicode_string("" if one is None else one.name)

    writer.numbers("I", len(found))
    writer.pointer(names if found else None)
    writer.flush()
    return _with_uses(writer, found)


def _with_uses(writer: Writer, found: Sequence[User | Group | None]) -> bytes:
    _write_numbers(writer, [UNKNOWN if one is None else one.use for one in found])
    return writer.done(_outcome(found))


def _write_numbers(writer: Writer, values: Sequence[int]) -> None:
    """SAMPR_ULONG_ARRAY, 2.2.7.4."""

    def elements() -> None:
        for value in (len(values), *values):
            writer.numbers("I", value)

    writer.numbers("I", len(values))
    writer.pointer(elements if values else None)
    writer.flush()


class _Lookup:
    """The requests, read here: a thousand elements take impacket a tenth of a second."""

    def __init__(self, reader: Reader) -> None:
        self.handle = reader.handle()
        count, _, _, there = reader.numbers("IIII")
        if not count == there <= MOST_LOOKUPS:
            raise ValueError(f"{there} elements, {count} announced, {MOST_LOOKUPS} allowed")
        self.count = there


class NamesRequest(_Lookup):
    """SamrLookupNamesInDomain's."""

    def __init__(self, reader: Reader) -> None:
        super().__init__(reader)
        strings = [reader.numbers("HHI") for _ in range(self.count)]
        self.names = [reader.wide_string().rstrip("\0") if buffer else "" for _, _, buffer in strings]


class RidsRequest(_Lookup):
    """SamrLookupIdsInDomain's."""

    def __init__(self, reader: Reader) -> None:
        super().__init__(reader)
        self.rids = [reader.number() for _ in range(self.count)]


_NO_ARRAYS: Final = bytes(16)
_COUNTS: Final = ((20, MOST_LOOKUPS), (32, MOST_LOOKUPS))
"""Where Count and the number of elements that are there stand, behind the handle."""

OPERATIONS: Final[Mapping[int, Operation]] = {
    17: Operation(
        NamesRequest,
        (lambda request: request.handle, lambda request: request.names),
        lookup_names,
        _NO_ARRAYS,
        _COUNTS,
    ),
    18: Operation(
        RidsRequest,
        (lambda request: request.handle, lambda request: request.rids),
        lookup_rids,
        _NO_ARRAYS,
        _COUNTS,
    ),
}
