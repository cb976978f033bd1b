"""lsarpc: names and SIDs, and which domain this is ([MS-LSAD], [MS-LSAT]).

Explorer's security tab, macOS' Finder, smbcacls and rpcclient translate the SIDs of descriptors with it.
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from impacket.dcerpc.v5 import lsad, lsat
from impacket.dcerpc.v5.dtypes import RPC_SID, RPC_UNICODE_STRING
from impacket.dcerpc.v5.ndr import NULL

from fakesmb.rpc.accounts import DOMAIN, UNKNOWN, Account, Directory
from fakesmb.rpc.dcerpc import Fault, FaultCode, Interface
from fakesmb.rpc.privileges import RIGHTS
from fakesmb.rpc.stub import FIRST_REFERENT, Call, Handles, Operation, TableInterface, wide
from fakesmb.rpc.view import ServerView
from fakesmb.status import NT
from fakesmb.wire.codec import Cursor, decode_utf16

MAX_LOOKUPS: Final = 1000
"""Names or SIDs of one call ([MS-LSAT] 2.2.12)."""

_U32: Final = struct.Struct("<I")
_STRING: Final = struct.Struct("<HHI")
_ARRAY: Final = struct.Struct("<III")


def _handle(name: str) -> Callable[[Any], bytes]:
    return lambda request: bytes(request[name])


def open_policy(call: Call) -> bytes:
    """LsarOpenPolicy and LsarOpenPolicy2, [MS-LSAD] 3.1.4.4.1: any caller may look, none may change anything."""
    handle = call.handles.give()
    if handle is None:
        return bytes(Handles.SIZE) + _U32.pack(NT.INSUFFICIENT_RESOURCES)
    return handle + _U32.pack(NT.SUCCESS)


def close(call: Call, handle: bytes) -> bytes:
    """LsarClose, [MS-LSAD] 3.1.4.9.4."""
    call.handles.close(handle)
    return bytes(Handles.SIZE) + _U32.pack(NT.SUCCESS)


def _sid(text: str) -> Any:
    sid = RPC_SID()
    sid.fromCanonical(text)
    return sid


_SERVER_ROLE_PRIMARY: Final = 3


def query_policy(response: Any) -> Callable[[Call, bytes, int], Any]:
    """LsarQueryInformationPolicy and its successor, [MS-LSAD] 3.1.4.4.4: who this machine is."""

    def run(call: Call, handle: bytes, level: int) -> Any:
        call.handles.check(handle)
        facts = call.view.facts
        if level not in (3, 5, 6, 12, 14):
            return _U32.pack(0) + _U32.pack(NT.INVALID_PARAMETER)
        answer = response()
        information = answer["PolicyInformation"]
        information["tag"] = level
        info = information[lsad.LSAPR_POLICY_INFORMATION.union[level][0]]
        if level == 3:
            info["Name"] = wide(facts.workgroup)[:-1]
            info["Sid"] = NULL
        elif level == 6:
            info["LsaServerRole"] = _SERVER_ROLE_PRIMARY
        elif level == 12:
            info["Name"] = wide(facts.workgroup)[:-1]
            info["DnsDomainName"] = info["DnsForestName"] = ""
            info["DomainGuid"] = bytes(16)
            info["Sid"] = NULL
        else:
            info["DomainName"] = wide(facts.name.upper())[:-1]
            info["DomainSid"] = _sid(facts.machine_sid)
        answer["ErrorCode"] = NT.SUCCESS
        return answer

    return run


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
            one["Sid"] = _sid(account.domain_sid)
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
            row[name] = NULL if account is None else _sid(account.sid)
        elif name == "Flags":
            row[name] = 0
    return row


def lookup_names(response: Any, item: Any) -> Callable[..., Any]:
    """LsarLookupNames in each of its forms, [MS-LSAT] 3.1.4.5 to 3.1.4.8."""

    def run(call: Call, handle: bytes, names: Sequence[str]) -> Any:
        call.handles.check(handle)
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
        call.handles.check(handle)
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
        raise ValueError("more names than one call may have, or than it has")
    return [name.rstrip("\0") if isinstance(name, str) else "" for name in names]


def _sids(request: Any) -> list[str]:
    count = request["SidEnumBuffer"]["Entries"]
    sids = [one["Sid"].formatCanonical() for one in request["SidEnumBuffer"]["SidInfo"]] if count else []
    if len(sids) > MAX_LOOKUPS or len(sids) != count:
        raise ValueError("more SIDs than one call may have, or than it has")
    return sids


class GetUserNameRequest:
    """LsarGetUserName, [MS-LSAT] 3.1.4.4, read here: impacket takes its pointer to a pointer for one pointer."""

    def __init__(self, stub: bytes) -> None:
        cursor = Cursor(stub, 0, len(stub), unicode=True)
        if self._word(cursor):
            self._conformant(cursor)
        if self._word(cursor):
            _, _, buffer = cursor.unpack(_STRING)
            if buffer:
                self._conformant(cursor)
        self.domain_wanted = bool(self._word(cursor))

    @staticmethod
    def _word(cursor: Cursor) -> int:
        cursor.align(4)
        value: int = cursor.unpack(_U32)[0]
        return value

    @staticmethod
    def _conformant(cursor: Cursor) -> str:
        cursor.align(4)
        _, _, count = cursor.unpack(_ARRAY)
        return decode_utf16(bytes(cursor.take(2 * count)))


def get_user_name(call: Call, domain_wanted: bool) -> bytes:
    """LsarGetUserName, [MS-LSAT] 3.1.4.4: the caller's own name and domain."""
    caller = call.caller
    user = "ANONYMOUS LOGON" if caller.anonymous else caller.user
    domain = "NT AUTHORITY" if caller.anonymous else call.view.facts.name.upper()
    out = _U32.pack(FIRST_REFERENT) + _unicode_string(user, FIRST_REFERENT + 4)
    if domain_wanted:
        out += struct.pack("<II", FIRST_REFERENT + 8, FIRST_REFERENT + 12)
        out += _unicode_string(domain, FIRST_REFERENT + 16)
    else:
        out += _U32.pack(0)
    return out + _U32.pack(NT.SUCCESS)


def _unicode_string(text: str, referent: int) -> bytes:
    raw = wide(text)[:-1].encode("utf-16-le")
    count = len(raw) // 2
    out = _STRING.pack(len(raw), len(raw), referent) + _ARRAY.pack(count, 0, count) + raw
    return out + bytes(-len(out) % 4)


def secure_channel_only(call: Call) -> bytes:
    """LsarLookupSids3 and LsarLookupNames4, [MS-LSAT] 3.1.4.5 and 3.1.4.9: for domain members' channels."""
    raise Fault(FaultCode.ACCESS_DENIED)


def account_rights(call: Call, handle: bytes, sid: str) -> Any:
    """LsarEnumerateAccountRights, [MS-LSAD] 3.1.4.5.10: what an account may do besides what descriptors say."""
    call.handles.check(handle)
    rights = RIGHTS.get(sid)
    answer = lsad.LsarEnumerateAccountRightsResponse()
    answer["UserRights"]["EntriesRead"] = len(rights or ())
    answer["UserRights"]["UserRights"] = NULL if rights is None else [_right(name) for name in rights]
    answer["ErrorCode"] = NT.OBJECT_NAME_NOT_FOUND if rights is None else NT.SUCCESS
    return answer


def _right(name: str) -> Any:
    text = RPC_UNICODE_STRING()
    text["Data"] = name
    return text


_POLICY: Final = _handle("PolicyHandle")


OPERATIONS: Final[Mapping[int, Operation]] = {
    # The two opens need nothing of their requests, and impacket misreads the system name of the first.
    0: Operation(lsad.LsarClose, (_handle("ObjectHandle"),), close),
    6: Operation(bytes, (), open_policy),
    7: Operation(
        lsad.LsarQueryInformationPolicy,
        (_POLICY, "InformationClass"),
        query_policy(lsad.LsarQueryInformationPolicyResponse),
    ),
    14: Operation(
        lsat.LsarLookupNames,
        (_POLICY, _names),
        lookup_names(lsat.LsarLookupNamesResponse, lsat.LSA_TRANSLATED_SID),
    ),
    15: Operation(
        lsat.LsarLookupSids,
        (_POLICY, _sids),
        lookup_sids(lsat.LsarLookupSidsResponse, lsat.LSAPR_TRANSLATED_NAME),
    ),
    36: Operation(
        lsad.LsarEnumerateAccountRights,
        (_POLICY, lambda request: request["AccountSid"].formatCanonical()),
        account_rights,
    ),
    44: Operation(bytes, (), open_policy),
    45: Operation(GetUserNameRequest, (lambda request: request.domain_wanted,), get_user_name),
    46: Operation(
        lsad.LsarQueryInformationPolicy2,
        (_POLICY, "InformationClass"),
        query_policy(lsad.LsarQueryInformationPolicy2Response),
    ),
    57: Operation(
        lsat.LsarLookupSids2,
        (_POLICY, _sids),
        lookup_sids(lsat.LsarLookupSids2Response, lsat.LSAPR_TRANSLATED_NAME_EX),
    ),
    58: Operation(
        lsat.LsarLookupNames2,
        (_POLICY, _names),
        lookup_names(lsat.LsarLookupNames2Response, lsat.LSAPR_TRANSLATED_SID_EX),
    ),
    68: Operation(
        lsat.LsarLookupNames3,
        (_POLICY, _names),
        lookup_names(lsat.LsarLookupNames3Response, lsat.LSAPR_TRANSLATED_SID_EX2),
    ),
    76: Operation(lsat.LsarLookupSids3, (), secure_channel_only),
    77: Operation(lsat.LsarLookupNames4, (), secure_channel_only),
}


def interface(view: ServerView) -> Interface:
    """The interface, bound to a server."""
    return TableInterface(OPERATIONS, view)
