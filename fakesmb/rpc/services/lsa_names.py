"""Names to SIDs and SIDs to names ([MS-LSAT]).

Explorer's security tab, macOS' Finder, smbcacls and rpcclient translate the SIDs of descriptors with it.
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from impacket.dcerpc.v5 import lsad, lsat
from impacket.dcerpc.v5.ndr import NULL

from fakesmb.nt.status import NT
from fakesmb.rpc.byteorder import Reader
from fakesmb.rpc.faults import Fault
from fakesmb.rpc.services.accounts import DOMAIN, UNKNOWN, Account, Directory
from fakesmb.rpc.services.lsa_objects import POLICY_HANDLE, Policy, given_text, held, sid_of, unicode_string
from fakesmb.rpc.stub import FIRST_REFERENT, U32, Call, Operation, wide
from fakesmb.wire.dcerpc import FaultStatus

MAX_LOOKUPS: Final = 1000
"""Names or SIDs of one call ([MS-LSAT] 2.2.12)."""


class _Domains:
    """The referenced domains of a lookup, in order of mention."""

    def __init__(self) -> None:
        self._index: dict[str, int] = {}
        self._names: list[Account] = []

    def index(self, account: Account) -> int:
        """The place of an account's domain in the list."""
        at = self._index.setdefault(account.domain_sid, len(self._names))
        if at == len(self._names):
            self._names.append(account)
        return at

    def put(self, response: Any) -> None:
        """Fills ReferencedDomains."""
        domains = response["ReferencedDomains"]
        domains["Entries"] = len(self._names)
        domains["MaxEntries"] = 32
        rows = []
        for account in self._names:
            one = lsad.LSAPR_TRUST_INFORMATION()
            one["Name"] = wide(account.domain)[:-1]
            one["Sid"] = sid_of(account.domain_sid)
            rows.append(one)
        if rows:
            domains["Domains"] = rows
        else:
            domains["Domains"] = NULL


def _outcome(mapped: int, asked: int) -> int:
    if mapped == asked:
        return NT.SUCCESS
    return NT.SOME_NOT_MAPPED if mapped else NT.NONE_MAPPED


def _rid(account: Account) -> int:
    return 0xFFFFFFFF if account.use == DOMAIN else int(account.sid.rpartition("-")[2])


def _sid_row(item: Any, account: Account | None, domains: _Domains) -> Any:
    row = item()
    row["Use"] = UNKNOWN if account is None else account.use
    row["DomainIndex"] = -1 if account is None else domains.index(account)
    for name, _ in item.structure:
        if name == "RelativeId":
            row[name] = 0 if account is None else _rid(account)
        elif name == "Sid":
            row[name] = NULL if account is None else sid_of(account.sid)
        elif name == "Flags":
            row[name] = 0
    return row


def lookup_names(response: Any, item: Any) -> Callable[..., Any]:
    """LsarLookupNames in each of its forms, [MS-LSAT] 3.1.4.5 to 3.1.4.8."""

    def run(call: Call, handle: bytes, names: Sequence[str]) -> Any:
        held(call, handle, Policy)
        directory = Directory(call.view.facts, call.caller)
        found = [directory.by_name(name) for name in names]
        domains = _Domains()
        rows = [_sid_row(item, account, domains) for account in found]
        answer = response()
        domains.put(answer)
        return _mapped(answer, "TranslatedSids", "Sids", rows, found)

    return run


def lookup_sids(response: Any, item: Any) -> Callable[..., Any]:
    """LsarLookupSids in each of its forms, [MS-LSAT] 3.1.4.9 to 3.1.4.11. An unknown SID is its own name."""

    def run(call: Call, handle: bytes, sids: Sequence[str]) -> Any:
        held(call, handle, Policy)
        directory = Directory(call.view.facts, call.caller)
        found = [directory.by_sid(sid) for sid in sids]
        domains = _Domains()
        rows = []
        for sid, account in zip(sids, found, strict=True):
            row = item()
            row["Use"] = UNKNOWN if account is None else account.use
            row["Name"] = sid if account is None else wide(account.name)[:-1]
            row["DomainIndex"] = -1 if account is None else domains.index(account)
            if "Flags" in row.fields:
                row["Flags"] = 0
            rows.append(row)
        answer = response()
        domains.put(answer)
        return _mapped(answer, "TranslatedNames", "Names", rows, found)

    return run


def _mapped(answer: Any, table: str, field: str, rows: list[Any], found: Sequence[Account | None]) -> Any:
    mapped = sum(one is not None for one in found)
    answer[table]["Entries"] = len(rows)
    answer[table][field] = rows or NULL
    answer["MappedCount"] = mapped
    answer["ErrorCode"] = _outcome(mapped, len(found))
    return answer


def _names(request: Any) -> list[str]:
    names = [one["Data"] for one in request["Names"]]
    if len(names) > MAX_LOOKUPS or len(names) != request["Count"]:
        raise ValueError(
            f"{len(names)} names in a call that announces another number, or more than one call may have"
        )
    return [given_text(name) for name in names]


def _sids(request: Any) -> list[str]:
    count = request["SidEnumBuffer"]["Entries"]
    sids = [one["Sid"].formatCanonical() for one in request["SidEnumBuffer"]["SidInfo"]] if count else []
    if len(sids) > MAX_LOOKUPS or len(sids) != count:
        raise ValueError(
            f"{len(sids)} SIDs in a call that announces another number, or more than one call may have"
        )
    return sids


class GetUserNameRequest:
    """LsarGetUserName, [MS-LSAT] 3.1.4.4, read here: impacket takes its pointer to a pointer for one pointer."""

    def __init__(self, reader: Reader) -> None:
        if reader.number():
            reader.wide_string()
        if reader.number():
            _, _, buffer = reader.numbers("HHI")
            if buffer:
                reader.wide_string()
        self.domain_wanted = bool(reader.number())


def get_user_name(call: Call, domain_wanted: bool) -> bytes:
    """LsarGetUserName, [MS-LSAT] 3.1.4.4: the caller's own name and domain."""
    caller = call.caller
    user = "ANONYMOUS LOGON" if caller.anonymous else caller.user
    domain = "NT AUTHORITY" if caller.anonymous else call.view.facts.name.upper()
    out = U32.pack(FIRST_REFERENT) + unicode_string(user, FIRST_REFERENT + 4)
    if domain_wanted:
        out += struct.pack("<II", FIRST_REFERENT + 8, FIRST_REFERENT + 12)
        out += unicode_string(domain, FIRST_REFERENT + 16)
    else:
        out += U32.pack(0)
    return out + U32.pack(NT.SUCCESS)


def secure_channel_only(call: Call) -> bytes:
    """LsarLookupSids3 and LsarLookupNames4, [MS-LSAT] 3.1.4.5 and 3.1.4.9: for domain members' channels."""
    raise Fault(FaultStatus.ACCESS_DENIED, "only over a secure channel")


_NAMES: Final = ((20, MAX_LOOKUPS), (24, MAX_LOOKUPS))
"""Where Count and the length of the array stand, behind the handle."""
_SIDS: Final = ((20, MAX_LOOKUPS), (28, MAX_LOOKUPS))
_NOTHING_MAPPED: Final = bytes(16)
"""No domains, no entries, none mapped."""

OPERATIONS: Final[Mapping[int, Operation]] = {
    14: Operation(
        lsat.LsarLookupNames,
        (POLICY_HANDLE, _names),
        lookup_names(lsat.LsarLookupNamesResponse, lsat.LSA_TRANSLATED_SID),
        _NOTHING_MAPPED,
        _NAMES,
    ),
    15: Operation(
        lsat.LsarLookupSids,
        (POLICY_HANDLE, _sids),
        lookup_sids(lsat.LsarLookupSidsResponse, lsat.LSAPR_TRANSLATED_NAME),
        _NOTHING_MAPPED,
        _SIDS,
    ),
    45: Operation(GetUserNameRequest, (lambda request: request.domain_wanted,), get_user_name),
    57: Operation(
        lsat.LsarLookupSids2,
        (POLICY_HANDLE, _sids),
        lookup_sids(lsat.LsarLookupSids2Response, lsat.LSAPR_TRANSLATED_NAME_EX),
        _NOTHING_MAPPED,
        _SIDS,
    ),
    58: Operation(
        lsat.LsarLookupNames2,
        (POLICY_HANDLE, _names),
        lookup_names(lsat.LsarLookupNames2Response, lsat.LSAPR_TRANSLATED_SID_EX),
        _NOTHING_MAPPED,
        _NAMES,
    ),
    68: Operation(
        lsat.LsarLookupNames3,
        (POLICY_HANDLE, _names),
        lookup_names(lsat.LsarLookupNames3Response, lsat.LSAPR_TRANSLATED_SID_EX2),
        _NOTHING_MAPPED,
        _NAMES,
    ),
    76: Operation(lsat.LsarLookupSids3, (), secure_channel_only, refusal=True),
    77: Operation(lsat.LsarLookupNames4, (), secure_channel_only, refusal=True),
}
