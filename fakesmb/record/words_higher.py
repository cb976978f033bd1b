"""Protocols that SMB carries, under tags of their own as Network Monitor shows them: NTLMSSP, MSRPC, DFS."""

from collections.abc import Mapping
from typing import Final

from fakesmb.record.events import Message, Part
from fakesmb.wire import ntlmssp
from fakesmb.wire.codec import DecodeError
from fakesmb.wire.dcerpc import Fragment, PacketType
from fakesmb.wire.names import TRANSACTION2
from fakesmb.wire.ntlmssp import Token
from fakesmb.wire.session import SessionSetupExtendedRequest, SessionSetupExtendedResponse
from fakesmb.wire.trans2 import GetDfsReferralRequest, Trans2

_TOKENS: Final = frozenset({SessionSetupExtendedRequest, SessionSetupExtendedResponse})

OPERATIONS: Final[Mapping[str, Mapping[int, str]]] = {
    "srvsvc": {
        8: "NetrConnectionEnum",
        9: "NetrFileEnum",
        10: "NetrFileGetInfo",
        11: "NetrFileClose",
        12: "NetrSessionEnum",
        13: "NetrSessionDel",
        14: "NetrShareAdd",
        15: "NetrShareEnum",
        16: "NetrShareGetInfo",
        17: "NetrShareSetInfo",
        18: "NetrShareDel",
        20: "NetrShareCheck",
        21: "NetrServerGetInfo",
        22: "NetrServerSetInfo",
        23: "NetrServerDiskEnum",
        24: "NetrServerStatisticsGet",
        28: "NetrRemoteTOD",
        30: "NetprPathType",
        31: "NetprPathCanonicalize",
        33: "NetprNameValidate",
        36: "NetrShareEnumSticky",
        39: "NetrpGetFileSecurity",
    },
    "wkssvc": {
        0: "NetrWkstaGetInfo",
        1: "NetrWkstaSetInfo",
        2: "NetrWkstaUserEnum",
        3: "NetrWkstaUserGetInfo",
        5: "NetrWkstaTransportEnum",
        6: "NetrWkstaTransportAdd",
        7: "NetrWkstaTransportDel",
        8: "NetrUseAdd",
        9: "NetrUseGetInfo",
        10: "NetrUseDel",
        11: "NetrUseEnum",
        13: "NetrWorkstationStatisticsGet",
        20: "NetrGetJoinInformation",
        22: "NetrJoinDomain2",
        23: "NetrUnjoinDomain2",
        24: "NetrRenameMachineInDomain2",
        25: "NetrValidateName2",
        26: "NetrGetJoinableOUs2",
        27: "NetrAddAlternateComputerName",
        28: "NetrRemoveAlternateComputerName",
        30: "NetrEnumerateComputerNames",
    },
    "lsarpc": {
        0: "LsarClose",
        2: "LsarEnumeratePrivileges",
        3: "LsarQuerySecurityObject",
        6: "LsarOpenPolicy",
        7: "LsarQueryInformationPolicy",
        10: "LsarCreateAccount",
        11: "LsarEnumerateAccounts",
        13: "LsarEnumerateTrustedDomains",
        14: "LsarLookupNames",
        15: "LsarLookupSids",
        16: "LsarCreateSecret",
        17: "LsarOpenAccount",
        18: "LsarEnumeratePrivilegesAccount",
        19: "LsarAddPrivilegesToAccount",
        20: "LsarRemovePrivilegesFromAccount",
        23: "LsarGetSystemAccessAccount",
        24: "LsarSetSystemAccessAccount",
        28: "LsarOpenSecret",
        29: "LsarSetSecret",
        30: "LsarQuerySecret",
        31: "LsarLookupPrivilegeValue",
        32: "LsarLookupPrivilegeName",
        33: "LsarLookupPrivilegeDisplayName",
        34: "LsarDeleteObject",
        35: "LsarEnumerateAccountsWithUserRight",
        36: "LsarEnumerateAccountRights",
        37: "LsarAddAccountRights",
        38: "LsarRemoveAccountRights",
        44: "LsarOpenPolicy2",
        45: "LsarGetUserName",
        46: "LsarQueryInformationPolicy2",
        50: "LsarEnumerateTrustedDomainsEx",
        53: "LsarQueryDomainInformationPolicy",
        57: "LsarLookupSids2",
        58: "LsarLookupNames2",
        68: "LsarLookupNames3",
        76: "LsarLookupSids3",
        77: "LsarLookupNames4",
    },
    "samr": {
        0: "SamrConnect",
        1: "SamrCloseHandle",
        3: "SamrQuerySecurityObject",
        5: "SamrLookupDomainInSamServer",
        6: "SamrEnumerateDomainsInSamServer",
        7: "SamrOpenDomain",
        8: "SamrQueryInformationDomain",
        11: "SamrEnumerateGroupsInDomain",
        13: "SamrEnumerateUsersInDomain",
        15: "SamrEnumerateAliasesInDomain",
        16: "SamrGetAliasMembership",
        17: "SamrLookupNamesInDomain",
        18: "SamrLookupIdsInDomain",
        19: "SamrOpenGroup",
        20: "SamrQueryInformationGroup",
        25: "SamrGetMembersInGroup",
        27: "SamrOpenAlias",
        28: "SamrQueryInformationAlias",
        33: "SamrGetMembersInAlias",
        34: "SamrOpenUser",
        36: "SamrQueryInformationUser",
        39: "SamrGetGroupsForUser",
        40: "SamrQueryDisplayInformation",
        44: "SamrGetUserDomainPasswordInformation",
        46: "SamrQueryInformationDomain2",
        47: "SamrQueryInformationUser2",
        48: "SamrQueryDisplayInformation2",
        50: "SamrCreateUser2InDomain",
        51: "SamrQueryDisplayInformation3",
        54: "SamrOemChangePasswordUser2",
        55: "SamrUnicodeChangePasswordUser2",
        56: "SamrGetDomainPasswordInformation",
        57: "SamrConnect2",
        58: "SamrSetInformationUser2",
        62: "SamrConnect4",
        64: "SamrConnect5",
        65: "SamrRidToSid",
    },
    "epmapper": {2: "ept_lookup", 3: "ept_map", 4: "ept_lookup_handle_free"},
}
"""Operation numbers by interface: [MS-SRVS] 3.1.4, [MS-WKST] 3.2.4, [MS-LSAT], [MS-LSAD], [MS-SAMR] 3.1.5."""


def of(message: Message) -> str:
    """What the message carries, with its tag; empty where that is nothing but SMB."""
    for part in message.parts:
        detail = part.detail
        if type(detail) is Fragment:
            return _rpc(detail, message.path)
        if type(part.body) in _TOKENS:
            token = token_of(part.body)
            if token is not None:
                return _ntlmssp(token)
        elif part.command == TRANSACTION2 and part.subcommand == Trans2.GET_DFS_REFERRAL:
            return _dfs(message, part)
    return ""


def token_of(body: object) -> Token | None:
    """The NTLMSSP token of a session setup, bare or wrapped; None where there is none that can be read."""
    if type(body) not in _TOKENS:
        return None
    try:
        return ntlmssp.read(body.security_blob)  # type: ignore[attr-defined]
    except DecodeError:
        return None


def _ntlmssp(token: Token) -> str:
    words = f"NTLMSSP:{token.title}"
    if token.message_type != ntlmssp.MessageType.AUTHENTICATE:
        return words
    domain, user, workstation = token.domain or "NULL", token.user or "NULL", token.workstation or "NULL"
    return f"{words}, Domain: {domain}, User: {user}, Workstation: {workstation}"


def _rpc(fragment: Fragment, path: str) -> str:
    words = _call(fragment, path)
    return f"{words}, {fragment.protection}" if fragment.protection else words


def _call(fragment: Fragment, path: str) -> str:
    pipe = path.rsplit("\\", 1)[-1].lower()
    call = f"Call = 0x{fragment.call_id:X}"
    head = f"MSRPC:c/o {fragment.title}:"
    kind = fragment.packet_type
    if kind in (PacketType.BIND, PacketType.ALTER_CONTEXT):
        offered = zip(fragment.interface_names, fragment.interfaces, strict=True)
        unique = dict.fromkeys(f"{name} UUID{{{uuid.upper()}}}" for name, uuid in offered)
        return f"{head} {', '.join(unique)}, {call}"
    if kind == PacketType.REQUEST and fragment.opnum is not None:
        operation = OPERATIONS.get(pipe, {}).get(fragment.opnum, "unknown")
        name = f"{pipe} {operation}".lstrip()
        return f"{head} {name}, {call}, Opnum = 0x{fragment.opnum:X}, Context = {fragment.context_id}"
    words = f"{head} {pipe}, {call}" if pipe else f"{head} {call}"
    if fragment.status is not None:
        return f"{words}, Status = 0x{fragment.status:08X}"
    if kind == PacketType.RESPONSE:
        return f"{words}, Context = {fragment.context_id}"
    refused = sum(1 for result in fragment.results if result)
    return f"{words}, {refused} of {len(fragment.results)} refused" if refused else words


def _dfs(message: Message, part: Part) -> str:
    if not message.request:
        return "" if part.body is None else "DFS:Get DFS Referral Response"
    asked = part.detail
    if not isinstance(asked, GetDfsReferralRequest):
        if part.body is None:
            return ""
        try:
            parameters = part.body.parameters  # type: ignore[attr-defined]
            asked = GetDfsReferralRequest.decode(parameters, unicode=message.header.unicode)
        except DecodeError:
            return ""
    name, level = asked.request_file_name, asked.max_referral_level
    return f"DFS:Get DFS Referral Request, FileName: {name}, MaxReferralLevel: {level}"
