"""Names to RIDs and RIDs to names ([MS-SAMR] 3.1.5.11)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from impacket.dcerpc.v5 import samr

from fakesmb.nt.names import fold
from fakesmb.nt.status import NT
from fakesmb.rpc.services.accounts import UNKNOWN
from fakesmb.rpc.services.lsa_objects import given_text, text_of
from fakesmb.rpc.services.sam import Group, User
from fakesmb.rpc.services.samr_objects import (
    DOMAIN_HANDLE,
    MOST_LOOKUPS,
    OpenDomain,
    domain_of,
    held,
    numbers,
    put,
)
from fakesmb.rpc.stub import Call, Operation


def _outcome(found: Sequence[User | Group | None]) -> int:
    if all(one is not None for one in found):
        return NT.SUCCESS
    return NT.SOME_NOT_MAPPED if any(one is not None for one in found) else NT.NONE_MAPPED


def lookup_names(call: Call, handle: bytes, names: Sequence[str]) -> Any:
    """SamrLookupNamesInDomain, 3.1.5.11.2."""
    domain = domain_of(call, held(call, handle, OpenDomain, OpenDomain.LOOKUP).sid)
    known = {fold(one.name): one for one in domain.accounts}
    found = [known.get(fold(name)) for name in names]
    answer = samr.SamrLookupNamesInDomainResponse()
    put(answer, "RelativeIds", "Element", numbers([0 if one is None else one.rid for one in found]))
    put(answer, "Use", "Element", numbers([UNKNOWN if one is None else one.use for one in found]))
    answer["ErrorCode"] = _outcome(found)
    return answer


def lookup_rids(call: Call, handle: bytes, rids: Sequence[int]) -> Any:
    """SamrLookupIdsInDomain, 3.1.5.11.3."""
    domain = domain_of(call, held(call, handle, OpenDomain, OpenDomain.LOOKUP).sid)
    known = {one.rid: one for one in domain.accounts}
    found = [known.get(rid) for rid in rids]
    answer = samr.SamrLookupIdsInDomainResponse()
    put(answer, "Names", "Element", [text_of("" if one is None else one.name) for one in found])
    put(answer, "Use", "Element", numbers([UNKNOWN if one is None else one.use for one in found]))
    answer["ErrorCode"] = _outcome(found)
    return answer


def _names(request: Any) -> list[str]:
    names = [one["Data"] for one in request["Names"]]
    if len(names) > MOST_LOOKUPS or len(names) != request["Count"]:
        raise ValueError(
            f"{len(names)} names in a call that announces another number, or more than one call may have"
        )
    return [given_text(name) for name in names]


def _rids(request: Any) -> list[int]:
    rids = [one["Data"] for one in request["RelativeIds"]]
    if len(rids) > MOST_LOOKUPS or len(rids) != request["Count"]:
        raise ValueError(
            f"{len(rids)} RIDs in a call that announces another number, or more than one call may have"
        )
    return rids


_NO_ARRAYS: Final = bytes(16)
_COUNTS: Final = ((20, MOST_LOOKUPS), (32, MOST_LOOKUPS))
"""Where Count and the number of elements that are there stand, behind the handle."""

OPERATIONS: Final[Mapping[int, Operation]] = {
    17: Operation(samr.SamrLookupNamesInDomain, (DOMAIN_HANDLE, _names), lookup_names, _NO_ARRAYS, _COUNTS),
    18: Operation(samr.SamrLookupIdsInDomain, (DOMAIN_HANDLE, _rids), lookup_rids, _NO_ARRAYS, _COUNTS),
}
