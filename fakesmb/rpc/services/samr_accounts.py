"""The users, groups and aliases of samr: listed, looked up and described ([MS-SAMR] 3.1.5)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from impacket.dcerpc.v5 import samr
from impacket.dcerpc.v5.ndr import NDRULONG, NULL

from fakesmb.nt.filetime import from_seconds
from fakesmb.nt.status import NT, SMBError
from fakesmb.rpc.ndr import Writer
from fakesmb.rpc.services import sam
from fakesmb.rpc.services.accounts import UNKNOWN
from fakesmb.rpc.services.lsa_objects import given_text, sid_of, text_of
from fakesmb.rpc.services.sam import NONE_RID, Domain, Group, User
from fakesmb.rpc.services.samr_objects import (
    DOMAIN_HANDLE,
    MOST_LOOKUPS,
    NEVER,
    NO_HANDLE,
    OpenAlias,
    OpenDomain,
    Opened,
    OpenGroup,
    OpenUser,
    alias_of,
    domain_of,
    group_of,
    halves,
    handle,
    held,
    level_response,
    opened,
    user_of,
)
from fakesmb.rpc.stub import Call, Operation

GROUP_ATTRIBUTES: Final = 0x7
"""SE_GROUP_MANDATORY | ENABLED_BY_DEFAULT | ENABLED ([MS-SAMR] 2.2.1.10)."""
_ROW_OVERHEAD: Final = 12
"""Bytes of an enumeration's row besides its name, as far as a preferred length is concerned."""


def domain_sid(call: Call, what: Opened) -> str:
    """The SID of the domain that an open account is in."""
    return sam.BUILTIN_SID if isinstance(what, OpenAlias) else call.view.facts.machine_sid


# Lists


def _fitting(sizes: Sequence[int], room: int) -> int:
    """How many rows a preferred length has room for: one at least."""
    for count, size in enumerate(sizes):
        room -= size
        if room < 0:
            return max(count, 1)
    return len(sizes)


def enumeration(response: Any, accounts: Sequence[tuple[int, str]], start: int, most: int) -> Any:
    """A piece of a list of RIDs and names, [MS-SAMR] 3.1.5.2.2."""
    left = accounts[start:]
    left = left[: _fitting([_ROW_OVERHEAD + 2 * len(name) for _, name in left], most)]
    rows = []
    for rid, name in left:
        row = samr.SAMPR_RID_ENUMERATION()
        row["RelativeId"] = rid
        row["Name"] = name
        rows.append(row)
    answer = response()
    end = min(start, len(accounts)) + len(rows)
    more = end < len(accounts)
    answer["EnumerationContext"] = end if more else 0
    answer["Buffer"]["EntriesRead"] = len(rows)
    answer["Buffer"]["Buffer"] = rows or NULL
    answer["CountReturned"] = len(rows)
    answer["ErrorCode"] = NT.MORE_ENTRIES if more else NT.SUCCESS
    return answer


def _enumerate(
    response: Any, accounts: Callable[[Domain], Sequence[User | Group]]
) -> Callable[[Call, bytes, int, int], Any]:
    def run(call: Call, handle: bytes, start: int, most: int) -> Any:
        domain = domain_of(call, held(call, handle, OpenDomain, OpenDomain.LIST_ACCOUNTS).sid)
        return enumeration(response, [(one.rid, one.name) for one in accounts(domain)], start, most)

    return run


def enumerate_users(call: Call, handle: bytes, start: int, control: int, most: int) -> Any:
    """SamrEnumerateUsersInDomain, 3.1.5.2.5: all users, or those of a kind."""
    domain = domain_of(call, held(call, handle, OpenDomain, OpenDomain.LIST_ACCOUNTS).sid)
    rows = [(one.rid, one.name) for one in domain.users if not control or one.control & control]
    return enumeration(samr.SamrEnumerateUsersInDomainResponse, rows, start, most)


class _Display(NamedTuple):
    """One DOMAIN_DISPLAY_INFORMATION class, [MS-SAMR] 2.2.8.12."""

    row: Any
    accounts: Callable[[Domain], Sequence[User | Group]]


def _nobody(domain: Domain) -> Sequence[User]:
    return ()


_DISPLAYS: Final[Mapping[int, _Display]] = {
    1: _Display(samr.SAMPR_DOMAIN_DISPLAY_USER, lambda domain: domain.users),
    2: _Display(samr.SAMPR_DOMAIN_DISPLAY_MACHINE, _nobody),
    3: _Display(samr.SAMPR_DOMAIN_DISPLAY_GROUP, lambda domain: domain.groups),
    4: _Display(samr.SAMPR_DOMAIN_DISPLAY_OEM_USER, lambda domain: domain.users),
    5: _Display(samr.SAMPR_DOMAIN_DISPLAY_OEM_GROUP, lambda domain: domain.groups),
}


def _display_row(kind: Any, index: int, account: User | Group) -> Any:
    values: Mapping[str, Any] = {
        "Index": index,
        "Rid": account.rid,
        "AccountControl": account.control if isinstance(account, User) else GROUP_ATTRIBUTES,
        "AccountName": account.name,
        "AdminComment": account.comment,
        "FullName": "",
        "OemAccountName": account.name.encode("ascii", "replace").decode("ascii"),
    }
    row = kind()
    for name, _ in kind.structure:
        row[name] = values[name]
    return row


def query_display(response: Any) -> Callable[..., Any]:
    """SamrQueryDisplayInformation and its successors, 3.1.5.3: accounts by their names."""

    def run(call: Call, handle: bytes, level: int, index: int, most: int, room: int) -> Any:
        domain = domain_of(call, held(call, handle, OpenDomain, OpenDomain.LIST_ACCOUNTS).sid)
        display = _DISPLAYS.get(level)
        if display is None:
            raise SMBError(NT.INVALID_INFO_CLASS, f"display level {level}")
        accounts = sorted(display.accounts(domain), key=lambda one: one.name.casefold())
        sizes = [32 + 2 * (len(one.name) + len(one.comment)) for one in accounts]
        end = index + min(_fitting(sizes[index:], room), most)
        answer = response()
        answer["TotalAvailable"] = sum(sizes)
        answer["TotalReturned"] = sum(sizes[index:end])
        answer["Buffer"]["tag"] = level
        buffer = answer["Buffer"][samr.SAMPR_DISPLAY_INFO_BUFFER.union[level][0]]
        rows = [
            _display_row(display.row, number, one)
            for number, one in enumerate(accounts[index:end], index + 1)
        ]
        buffer["EntriesRead"] = len(rows)
        buffer["Buffer"] = rows or NULL
        answer["ErrorCode"] = NT.MORE_ENTRIES if end < len(accounts) else NT.SUCCESS
        return answer

    return run


# Names and RIDs


def _numbers(values: Sequence[int]) -> list[Any]:
    rows = []
    for value in values:
        row = NDRULONG()
        row["Data"] = value
        rows.append(row)
    return rows


def _put(answer: Any, field: str, member: str, rows: Sequence[Any]) -> None:
    answer[field]["Count"] = len(rows)
    answer[field][member] = list(rows) or NULL


def _outcome(found: Sequence[User | Group | None]) -> int:
    if all(one is not None for one in found):
        return NT.SUCCESS
    return NT.SOME_NOT_MAPPED if any(one is not None for one in found) else NT.NONE_MAPPED


def lookup_names(call: Call, handle: bytes, names: Sequence[str]) -> Any:
    """SamrLookupNamesInDomain, 3.1.5.11.2."""
    domain = domain_of(call, held(call, handle, OpenDomain, OpenDomain.LOOKUP).sid)
    known = {one.name.casefold(): one for one in domain.accounts}
    found = [known.get(name.casefold()) for name in names]
    answer = samr.SamrLookupNamesInDomainResponse()
    _put(answer, "RelativeIds", "Element", _numbers([0 if one is None else one.rid for one in found]))
    _put(answer, "Use", "Element", _numbers([UNKNOWN if one is None else one.use for one in found]))
    answer["ErrorCode"] = _outcome(found)
    return answer


def lookup_rids(call: Call, handle: bytes, rids: Sequence[int]) -> Any:
    """SamrLookupIdsInDomain, 3.1.5.11.3."""
    domain = domain_of(call, held(call, handle, OpenDomain, OpenDomain.LOOKUP).sid)
    known = {one.rid: one for one in domain.accounts}
    found = [known.get(rid) for rid in rids]
    answer = samr.SamrLookupIdsInDomainResponse()
    _put(answer, "Names", "Element", [text_of("" if one is None else one.name) for one in found])
    _put(answer, "Use", "Element", _numbers([UNKNOWN if one is None else one.use for one in found]))
    answer["ErrorCode"] = _outcome(found)
    return answer


def _names(request: Any) -> list[str]:
    names = [one["Data"] for one in request["Names"]]
    if len(names) > MOST_LOOKUPS or len(names) != request["Count"]:
        raise ValueError("more names than one call may have, or than it has")
    return [given_text(name) for name in names]


def _rids(request: Any) -> list[int]:
    rids = [one["Data"] for one in request["RelativeIds"]]
    if len(rids) > MOST_LOOKUPS or len(rids) != request["Count"]:
        raise ValueError("more RIDs than one call may have, or than it has")
    return rids


# Users


def open_user(call: Call, handle: bytes, access: int, rid: int) -> bytes:
    """SamrOpenUser, 3.1.5.1.9."""
    _in_domain(call, handle, NT.NO_SUCH_USER, sam.BUILTIN_SID)
    user_of(call, rid)
    return opened(call, OpenUser(OpenUser.rights.granted(access, admin=call.admin), rid))


def _in_domain(call: Call, handle: bytes, status: int, other: str) -> None:
    """Raises `status` for a handle of the domain that has no such accounts."""
    if held(call, handle, OpenDomain, OpenDomain.LOOKUP).sid == other:
        raise SMBError(status, "not in this domain")


_ALL_FIELDS: Final = 0x00FFFFFF
_HOURS: Final = 168
_LONGEST_HOURS: Final = 1260
"""Bytes of [MS-SAMR] 2.2.7.5's array, whatever is in it."""


def _logon_hours(writer: Writer) -> None:
    """SAMPR_LOGON_HOURS: any hour of the week."""
    hours = b"\xff" * (_HOURS // 8)

    def array() -> None:
        writer.numbers("III", _LONGEST_HOURS, 0, len(hours))
        writer.raw(hours)

    writer.numbers("H", _HOURS)
    writer.pointer(array)


def _nothing(writer: Writer) -> None:
    """A length of 0 and a null pointer: no hash, no descriptor."""
    writer.numbers("II", 0, 0)


_UNSET: Final[Mapping[str, Any]] = {
    "FullName": "",
    "HomeDirectory": "",
    "HomeDirectoryDrive": "",
    "ScriptPath": "",
    "ProfilePath": "",
    "WorkStations": "",
    "UserComment": "",
    "Parameters": "",
    "PrivateData": "",
    "Reserved1": "",
    "LmOwfPassword": _nothing,
    "NtOwfPassword": _nothing,
    "SecurityDescriptor": _nothing,
    "LogonHours": _logon_hours,
    "LastLogon": halves(0),
    "LastLogoff": halves(0),
    "AccountExpires": halves(NEVER),
    "PasswordMustChange": halves(NEVER),
    "WhichFields": _ALL_FIELDS,
    "PrimaryGroupId": NONE_RID,
    "BadPasswordCount": 0,
    "LogonCount": 0,
    "CountryCode": 0,
    "CodePage": 0,
    "LmPasswordPresent": 0,
    "NtPasswordPresent": 0,
    "PasswordExpired": 0,
    "PrivateDataSensitive": 0,
}
"""What is the same of all users."""


def _user_values(call: Call, user: User) -> Mapping[str, Any]:
    began = halves(from_seconds(call.view.facts.started))
    return {
        **_UNSET,
        "UserName": user.name,
        "AdminComment": user.comment,
        "UserId": user.rid,
        "UserAccountControl": user.control,
        "PasswordLastSet": began,
        "PasswordCanChange": began,
    }


_USER_LEVELS: Final = frozenset((*range(1, 15), 16, 17, 20, 21))
"""USER_INFORMATION_CLASS, [MS-SAMR] 2.2.7.28; the others are hashes and passwords, which can be set only."""
_LOGON_HOURS_LEVEL: Final = 4


def query_user(call: Call, handle: bytes, level: int) -> bytes:
    """SamrQueryInformationUser and its successor, 3.1.5.5.5 and 3.1.5.5.6."""
    user = user_of(call, held(call, handle, OpenUser, OpenUser.READ).rid)
    if level not in _USER_LEVELS:
        raise SMBError(NT.INVALID_INFO_CLASS, f"user level {level}")
    structure = samr.SAMPR_USER_INFO_BUFFER.union[level][1]
    return level_response(level, structure, _user_values(call, user))


def groups_of_user(call: Call, handle: bytes) -> Any:
    """SamrGetGroupsForUser, 3.1.5.9.1: the one group that there is."""
    user_of(call, held(call, handle, OpenUser, OpenUser.LIST_GROUPS).rid)
    row = samr.GROUP_MEMBERSHIP()
    row["RelativeId"] = NONE_RID
    row["Attributes"] = GROUP_ATTRIBUTES
    answer = samr.SamrGetGroupsForUserResponse()
    answer["Groups"]["MembershipCount"] = 1
    answer["Groups"]["Groups"] = [row]
    answer["ErrorCode"] = NT.SUCCESS
    return answer


# Groups and aliases


def open_group(call: Call, handle: bytes, access: int, rid: int) -> bytes:
    """SamrOpenGroup, 3.1.5.1.7."""
    _in_domain(call, handle, NT.NO_SUCH_GROUP, sam.BUILTIN_SID)
    group_of(call, rid)
    return opened(call, OpenGroup(OpenGroup.rights.granted(access, admin=call.admin), rid))


def open_alias(call: Call, handle: bytes, access: int, rid: int) -> bytes:
    """SamrOpenAlias, 3.1.5.1.8."""
    _in_domain(call, handle, NT.NO_SUCH_ALIAS, call.view.facts.machine_sid)
    alias_of(call, rid)
    return opened(call, OpenAlias(OpenAlias.rights.granted(access, admin=call.admin), rid))


def _described(union: Any, level: int, group: Group) -> bytes:
    if level not in union.union:
        raise SMBError(NT.INVALID_INFO_CLASS, f"level {level}")
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
    members["Members"] = _numbers(rids) or NULL
    members["Attributes"] = _numbers([GROUP_ATTRIBUTES] * len(rids)) or NULL
    answer["ErrorCode"] = NT.SUCCESS
    return answer


def alias_members(call: Call, handle: bytes) -> Any:
    """SamrGetMembersInAlias, 3.1.5.8.4."""
    alias = alias_of(call, held(call, handle, OpenAlias, OpenAlias.LIST_MEMBERS).rid)
    rows = []
    for sid in alias.members:
        row = samr.PSAMPR_SID_INFORMATION()
        row["SidPointer"] = sid_of(sid)
        rows.append(row)
    answer = samr.SamrGetMembersInAliasResponse()
    _put(answer, "Members", "Sids", rows)
    answer["ErrorCode"] = NT.SUCCESS
    return answer


def alias_membership(call: Call, handle: bytes, sids: Sequence[str]) -> Any:
    """SamrGetAliasMembership, 3.1.5.9.2: the aliases of a domain that any of some SIDs is in."""
    domain = domain_of(call, held(call, handle, OpenDomain, OpenDomain.GET_ALIAS_MEMBERSHIP).sid)
    wanted = frozenset(sids)
    rids = [one.rid for one in domain.aliases if wanted.intersection(one.members)]
    answer = samr.SamrGetAliasMembershipResponse()
    answer["Membership"]["Count"] = len(rids)
    answer["Membership"]["Element"] = _numbers(rids)  # an array even if there are none, as Windows gives it
    answer["ErrorCode"] = NT.SUCCESS
    return answer


def _sids(request: Any) -> list[str]:
    count = request["SidArray"]["Count"]
    sids = [one["SidPointer"].formatCanonical() for one in request["SidArray"]["Sids"]] if count else []
    if len(sids) > MOST_LOOKUPS or len(sids) != count:
        raise ValueError("more SIDs than one call may have, or than it has")
    return sids


_USER_HANDLE: Final = handle("UserHandle")
_GROUP_HANDLE: Final = handle("GroupHandle")
_ALIAS_HANDLE: Final = handle("AliasHandle")
_NULL: Final = bytes(4)
_NO_ROWS: Final = bytes(12)
_NO_ARRAYS: Final = bytes(16)
_PAGED: Final = ("EnumerationContext", "PreferedMaximumLength")
_DISPLAYED: Final = (
    DOMAIN_HANDLE,
    "DisplayInformationClass",
    "Index",
    "EntryCount",
    "PreferredMaximumLength",
)
_NO_DISPLAY: Final = bytes(8) + b"\x01" + bytes(11)
"""Nothing available, nothing returned, and an empty list of users."""

OPERATIONS: Final[Mapping[int, Operation]] = {
    11: Operation(
        samr.SamrEnumerateGroupsInDomain,
        (DOMAIN_HANDLE, *_PAGED),
        _enumerate(samr.SamrEnumerateGroupsInDomainResponse, lambda domain: domain.groups),
        _NO_ROWS,
    ),
    13: Operation(
        samr.SamrEnumerateUsersInDomain,
        (DOMAIN_HANDLE, "EnumerationContext", "UserAccountControl", "PreferedMaximumLength"),
        enumerate_users,
        _NO_ROWS,
    ),
    15: Operation(
        samr.SamrEnumerateAliasesInDomain,
        (DOMAIN_HANDLE, *_PAGED),
        _enumerate(samr.SamrEnumerateAliasesInDomainResponse, lambda domain: domain.aliases),
        _NO_ROWS,
    ),
    16: Operation(samr.SamrGetAliasMembership, (DOMAIN_HANDLE, _sids), alias_membership, bytes(8)),
    17: Operation(samr.SamrLookupNamesInDomain, (DOMAIN_HANDLE, _names), lookup_names, _NO_ARRAYS),
    18: Operation(samr.SamrLookupIdsInDomain, (DOMAIN_HANDLE, _rids), lookup_rids, _NO_ARRAYS),
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
    34: Operation(samr.SamrOpenUser, (DOMAIN_HANDLE, "DesiredAccess", "UserId"), open_user, NO_HANDLE),
    36: Operation(
        samr.SamrQueryInformationUser,
        (_USER_HANDLE, "UserInformationClass"),
        query_user,
        _NULL,
    ),
    39: Operation(samr.SamrGetGroupsForUser, (_USER_HANDLE,), groups_of_user, _NULL),
    40: Operation(
        samr.SamrQueryDisplayInformation,
        _DISPLAYED,
        query_display(samr.SamrQueryDisplayInformationResponse),
        _NO_DISPLAY,
    ),
    47: Operation(
        samr.SamrQueryInformationUser2,
        (_USER_HANDLE, "UserInformationClass"),
        query_user,
        _NULL,
    ),
    48: Operation(
        samr.SamrQueryDisplayInformation2,
        _DISPLAYED,
        query_display(samr.SamrQueryDisplayInformation2Response),
        _NO_DISPLAY,
    ),
    51: Operation(
        samr.SamrQueryDisplayInformation3,
        _DISPLAYED,
        query_display(samr.SamrQueryDisplayInformation3Response),
        _NO_DISPLAY,
    ),
}
