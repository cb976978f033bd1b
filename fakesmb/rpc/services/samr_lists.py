"""Users, groups and aliases of samr in lists and by display information ([MS-SAMR] 3.1.5.2 and 3.1.5.3)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from impacket.dcerpc.v5 import samr
from impacket.dcerpc.v5.ndr import NULL

from fakesmb.nt.status import NT, SMBError
from fakesmb.rpc.services.sam import Domain, Group, User
from fakesmb.rpc.services.samr_objects import (
    DOMAIN_HANDLE,
    GROUP_ATTRIBUTES,
    OpenDomain,
    domain_of,
    held,
)
from fakesmb.rpc.stub import Call, Operation

_ROW_OVERHEAD: Final = 12
"""Bytes that a row of an enumeration counts for besides its name, against the preferred length."""


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


def _spelt(accounts: Iterable[User | Group]) -> Sequence[User | Group]:
    """Those whose names any code page can spell: nobody says which one the client has."""
    return [one for one in accounts if one.name.isascii()]


def _nobody(domain: Domain) -> Sequence[User]:
    return ()


_DISPLAYS: Final[Mapping[int, _Display]] = {
    1: _Display(samr.SAMPR_DOMAIN_DISPLAY_USER, lambda domain: domain.users),
    2: _Display(samr.SAMPR_DOMAIN_DISPLAY_MACHINE, _nobody),
    3: _Display(samr.SAMPR_DOMAIN_DISPLAY_GROUP, lambda domain: domain.groups),
    4: _Display(samr.SAMPR_DOMAIN_DISPLAY_OEM_USER, lambda domain: _spelt(domain.users)),
    5: _Display(samr.SAMPR_DOMAIN_DISPLAY_OEM_GROUP, lambda domain: _spelt(domain.groups)),
}


def _display_row(kind: Any, index: int, account: User | Group) -> Any:
    values: Mapping[str, Any] = {
        "Index": index,
        "Rid": account.rid,
        "AccountControl": account.control if isinstance(account, User) else GROUP_ATTRIBUTES,
        "AccountName": account.name,
        "AdminComment": account.comment,
        "FullName": "",
        "OemAccountName": account.name,
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


_NO_ROWS: Final = bytes(12)
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
    40: Operation(
        samr.SamrQueryDisplayInformation,
        _DISPLAYED,
        query_display(samr.SamrQueryDisplayInformationResponse),
        _NO_DISPLAY,
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
