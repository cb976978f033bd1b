"""The groups and aliases of samr: opened, described, and who is in them ([MS-SAMR] 3.1.5)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from impacket.dcerpc.v5 import samr
from impacket.dcerpc.v5.ndr import NULL

from fakesmb.nt.status import NT, SMBError
from fakesmb.rpc.byteorder import Reader
from fakesmb.rpc.services import sam
from fakesmb.rpc.services.lsa_objects import sid_of
from fakesmb.rpc.services.sam import Group
from fakesmb.rpc.services.samr_objects import (
    DOMAIN_HANDLE,
    GROUP_ATTRIBUTES,
    MOST_LOOKUPS,
    NO_HANDLE,
    OpenAlias,
    OpenDomain,
    OpenGroup,
    alias_of,
    check_domain,
    domain_of,
    group_of,
    handle,
    held,
    level_response,
    numbers,
    opened,
    put,
)
from fakesmb.rpc.stub import Call, Operation


def open_group(call: Call, handle: bytes, access: int, rid: int) -> bytes:
    """SamrOpenGroup, 3.1.5.1.7."""
    check_domain(call, handle, NT.NO_SUCH_GROUP, sam.BUILTIN_SID)
    group_of(call, rid)
    return opened(call, OpenGroup(OpenGroup.rights.granted(access, admin=call.admin), rid))


def open_alias(call: Call, handle: bytes, access: int, rid: int) -> bytes:
    """SamrOpenAlias, 3.1.5.1.8."""
    check_domain(call, handle, NT.NO_SUCH_ALIAS, call.view.facts.machine_sid)
    alias_of(call, rid)
    return opened(call, OpenAlias(OpenAlias.rights.granted(access, admin=call.admin), rid))


def _described(union: Any, level: int, group: Group) -> bytes:
    if level not in union.union:
        raise SMBError(NT.INVALID_INFO_CLASS, f"information level {level}")
    values = {
        "Name": group.name,
        "Attributes": GROUP_ATTRIBUTES,
        "MemberCount": len(group.members),
        "AdminComment": group.comment,
    }
    return level_response(level, union.union[level][1], values)


def query_group(call: Call, handle: bytes, level: int) -> bytes:
    """SamrQueryInformationGroup, 3.1.5.5.3."""
    group = group_of(call, held(call, handle, OpenGroup, OpenGroup.READ_INFORMATION).rid)
    return _described(samr.SAMPR_GROUP_INFO_BUFFER, level, group)


def query_alias(call: Call, handle: bytes, level: int) -> bytes:
    """SamrQueryInformationAlias, 3.1.5.5.4."""
    alias = alias_of(call, held(call, handle, OpenAlias, OpenAlias.READ_INFORMATION).rid)
    return _described(samr.SAMPR_ALIAS_INFO_BUFFER, level, alias)


def group_members(call: Call, handle: bytes) -> Any:
    """SamrGetMembersInGroup, 3.1.5.8.3."""
    group = group_of(call, held(call, handle, OpenGroup, OpenGroup.LIST_MEMBERS).rid)
    rids = [int(sid.rpartition("-")[2]) for sid in group.members]
    answer = samr.SamrGetMembersInGroupResponse()
    members = answer["Members"]
    members["MemberCount"] = len(rids)
    members["Members"] = numbers(rids) or NULL
    members["Attributes"] = numbers([GROUP_ATTRIBUTES] * len(rids)) or NULL
    answer["ErrorCode"] = NT.SUCCESS
    return answer


def alias_members(call: Call, handle: bytes) -> Any:
    """SamrGetMembersInAlias, 3.1.5.8.6."""
    alias = alias_of(call, held(call, handle, OpenAlias, OpenAlias.LIST_MEMBERS).rid)
    rows = []
    for sid in alias.members:
        row = samr.PSAMPR_SID_INFORMATION()
        row["SidPointer"] = sid_of(sid)
        rows.append(row)
    answer = samr.SamrGetMembersInAliasResponse()
    put(answer, "Members", "Sids", rows)
    answer["ErrorCode"] = NT.SUCCESS
    return answer


def alias_membership(call: Call, handle: bytes, sids: Sequence[str]) -> Any:
    """SamrGetAliasMembership, 3.1.5.9.2: the aliases of a domain that any of some SIDs is in."""
    domain = domain_of(call, held(call, handle, OpenDomain, OpenDomain.GET_ALIAS_MEMBERSHIP).sid)
    wanted = frozenset(sids)
    rids = [one.rid for one in domain.aliases if wanted.intersection(one.members)]
    answer = samr.SamrGetAliasMembershipResponse()
    answer["Membership"]["Count"] = len(rids)
    answer["Membership"]["Element"] = numbers(rids)  # an array even if there are none, as Windows gives it
    answer["ErrorCode"] = NT.SUCCESS
    return answer


class MembershipRequest:
    """SamrGetAliasMembership's, read here: impacket takes long for many SIDs."""

    def __init__(self, reader: Reader) -> None:
        self.handle = reader.handle()
        count, pointer = reader.numbers("II")
        there = reader.number() if pointer else 0
        if not count == there <= MOST_LOOKUPS:
            raise ValueError(f"{there} SIDs, {count} announced, {MOST_LOOKUPS} allowed")
        buffers = [reader.number() for _ in range(there)]
        if not all(buffers):
            raise ValueError("a null pointer instead of a SID")
        self.sids = [reader.sid() for _ in range(there)]


_GROUP_HANDLE: Final = handle("GroupHandle")
_ALIAS_HANDLE: Final = handle("AliasHandle")
_NULL: Final = bytes(4)

OPERATIONS: Final[Mapping[int, Operation]] = {
    16: Operation(
        MembershipRequest,
        (lambda request: request.handle, lambda request: request.sids),
        alias_membership,
        bytes(8),
    ),
    19: Operation(samr.SamrOpenGroup, (DOMAIN_HANDLE, "DesiredAccess", "GroupId"), open_group, NO_HANDLE),
    20: Operation(
        samr.SamrQueryInformationGroup, (_GROUP_HANDLE, "GroupInformationClass"), query_group, _NULL
    ),
    25: Operation(samr.SamrGetMembersInGroup, (_GROUP_HANDLE,), group_members, _NULL),
    27: Operation(samr.SamrOpenAlias, (DOMAIN_HANDLE, "DesiredAccess", "AliasId"), open_alias, NO_HANDLE),
    28: Operation(
        samr.SamrQueryInformationAlias, (_ALIAS_HANDLE, "AliasInformationClass"), query_alias, _NULL
    ),
    33: Operation(samr.SamrGetMembersInAlias, (_ALIAS_HANDLE,), alias_members, bytes(8)),
}
