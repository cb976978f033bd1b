"""Protocols that SMB carries, under tags of their own as Network Monitor shows them: NTLMSSP, MSRPC, DFS."""

from collections.abc import Mapping
from typing import Final

from fakesmb.record.events import Message, Part
from fakesmb.wire import ntlmssp
from fakesmb.wire.codec import DecodeError
from fakesmb.wire.commands import Command
from fakesmb.wire.dcerpc import Fragment, PacketType
from fakesmb.wire.ntlmssp import Token
from fakesmb.wire.session import SessionSetupExtendedRequest, SessionSetupExtendedResponse
from fakesmb.wire.trans2 import GetDfsReferralRequest, Trans2

_TOKENS: Final = frozenset({SessionSetupExtendedRequest, SessionSetupExtendedResponse})

OPERATIONS: Final[Mapping[str, Mapping[int, str]]] = {
    "srvsvc": {
        0: "NetrCharDevEnum",
        3: "NetrCharDevQEnum",
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
        19: "NetrShareDelSticky",
        20: "NetrShareCheck",
        21: "NetrServerGetInfo",
        22: "NetrServerSetInfo",
        23: "NetrServerDiskEnum",
        24: "NetrServerStatisticsGet",
        25: "NetrServerTransportAdd",
        26: "NetrServerTransportEnum",
        27: "NetrServerTransportDel",
        28: "NetrRemoteTOD",
        30: "NetprPathType",
        31: "NetprPathCanonicalize",
        32: "NetprPathCompare",
        33: "NetprNameValidate",
        34: "NetprNameCanonicalize",
        35: "NetprNameCompare",
        36: "NetrShareEnumSticky",
        37: "NetrShareDelStart",
        38: "NetrShareDelCommit",
        39: "NetrpGetFileSecurity",
        40: "NetrpSetFileSecurity",
        41: "NetrServerTransportAddEx",
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
        12: "NetrMessageBufferSend",
        13: "NetrWorkstationStatisticsGet",
        14: "NetrLogonDomainNameAdd",
        15: "NetrLogonDomainNameDel",
        16: "NetrJoinDomain",
        17: "NetrUnjoinDomain",
        18: "NetrRenameMachineInDomain",
        19: "NetrValidateName",
        20: "NetrGetJoinInformation",
        21: "NetrGetJoinableOUs",
        22: "NetrJoinDomain2",
        23: "NetrUnjoinDomain2",
        24: "NetrRenameMachineInDomain2",
        25: "NetrValidateName2",
        26: "NetrGetJoinableOUs2",
        27: "NetrAddAlternateComputerName",
        28: "NetrRemoveAlternateComputerName",
        29: "NetrSetPrimaryComputerName",
        30: "NetrEnumerateComputerNames",
    },
    "lsarpc": {
        0: "LsarClose",
        1: "LsarDelete",
        2: "LsarEnumeratePrivileges",
        3: "LsarQuerySecurityObject",
        4: "LsarSetSecurityObject",
        6: "LsarOpenPolicy",
        7: "LsarQueryInformationPolicy",
        8: "LsarSetInformationPolicy",
        10: "LsarCreateAccount",
        11: "LsarEnumerateAccounts",
        12: "LsarCreateTrustedDomain",
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
        25: "LsarOpenTrustedDomain",
        26: "LsarQueryInfoTrustedDomain",
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
        39: "LsarQueryTrustedDomainInfo",
        42: "LsarStorePrivateData",
        43: "LsarRetrievePrivateData",
        44: "LsarOpenPolicy2",
        45: "LsarGetUserName",
        46: "LsarQueryInformationPolicy2",
        47: "LsarSetInformationPolicy2",
        48: "LsarQueryTrustedDomainInfoByName",
        50: "LsarEnumerateTrustedDomainsEx",
        51: "LsarCreateTrustedDomainEx",
        53: "LsarQueryDomainInformationPolicy",
        54: "LsarSetDomainInformationPolicy",
        55: "LsarOpenTrustedDomainByName",
        57: "LsarLookupSids2",
        58: "LsarLookupNames2",
        59: "LsarCreateTrustedDomainEx2",
        68: "LsarLookupNames3",
        73: "LsarQueryForestTrustInformation",
        74: "LsarSetForestTrustInformation",
        76: "LsarLookupSids3",
        77: "LsarLookupNames4",
    },
    "samr": {
        0: "SamrConnect",
        1: "SamrCloseHandle",
        2: "SamrSetSecurityObject",
        3: "SamrQuerySecurityObject",
        4: "SamrShutdownSamServer",
        5: "SamrLookupDomainInSamServer",
        6: "SamrEnumerateDomainsInSamServer",
        7: "SamrOpenDomain",
        8: "SamrQueryInformationDomain",
        9: "SamrSetInformationDomain",
        10: "SamrCreateGroupInDomain",
        11: "SamrEnumerateGroupsInDomain",
        12: "SamrCreateUserInDomain",
        13: "SamrEnumerateUsersInDomain",
        14: "SamrCreateAliasInDomain",
        15: "SamrEnumerateAliasesInDomain",
        16: "SamrGetAliasMembership",
        17: "SamrLookupNamesInDomain",
        18: "SamrLookupIdsInDomain",
        19: "SamrOpenGroup",
        20: "SamrQueryInformationGroup",
        21: "SamrSetInformationGroup",
        22: "SamrAddMemberToGroup",
        23: "SamrDeleteGroup",
        24: "SamrRemoveMemberFromGroup",
        25: "SamrGetMembersInGroup",
        26: "SamrSetMemberAttributesOfGroup",
        27: "SamrOpenAlias",
        28: "SamrQueryInformationAlias",
        29: "SamrSetInformationAlias",
        30: "SamrDeleteAlias",
        31: "SamrAddMemberToAlias",
        32: "SamrRemoveMemberFromAlias",
        33: "SamrGetMembersInAlias",
        34: "SamrOpenUser",
        35: "SamrDeleteUser",
        36: "SamrQueryInformationUser",
        37: "SamrSetInformationUser",
        38: "SamrChangePasswordUser",
        39: "SamrGetGroupsForUser",
        40: "SamrQueryDisplayInformation",
        41: "SamrGetDisplayEnumerationIndex",
        44: "SamrGetUserDomainPasswordInformation",
        45: "SamrRemoveMemberFromForeignDomain",
        46: "SamrQueryInformationDomain2",
        47: "SamrQueryInformationUser2",
        48: "SamrQueryDisplayInformation2",
        49: "SamrGetDisplayEnumerationIndex2",
        50: "SamrCreateUser2InDomain",
        51: "SamrQueryDisplayInformation3",
        52: "SamrAddMultipleMembersToAlias",
        53: "SamrRemoveMultipleMembersFromAlias",
        54: "SamrOemChangePasswordUser2",
        55: "SamrUnicodeChangePasswordUser2",
        56: "SamrGetDomainPasswordInformation",
        57: "SamrConnect2",
        58: "SamrSetInformationUser2",
        61: "SamrConnect3",
        62: "SamrConnect4",
        64: "SamrConnect5",
        65: "SamrRidToSid",
        66: "SamrSetDSRMPassword",
        67: "SamrValidatePassword",
    },
    "dssetup": {0: "DsRolerGetPrimaryDomainInformation"},
    "epmapper": {2: "ept_lookup", 3: "ept_map", 4: "ept_lookup_handle_free"},
    "mgmt": {
        0: "rpc_mgmt_inq_if_ids",
        1: "rpc_mgmt_inq_stats",
        2: "rpc_mgmt_is_server_listening",
        3: "rpc_mgmt_stop_server_listening",
        4: "rpc_mgmt_inq_princ_name",
    },
}
"""Operation numbers by interface."""

SPECIFICATIONS: Final[Mapping[str, str]] = {
    "srvsvc": "[MS-SRVS] 3.1.4",
    "wkssvc": "[MS-WKST] 3.2.4",
    "lsarpc": "[MS-LSAD], [MS-LSAT] 3.1.4",
    "samr": "[MS-SAMR] 3.1.5",
    "dssetup": "[MS-DSSP] 3.2.5",
    "epmapper": "[C706] appendix O",
    "mgmt": "[C706] appendix Q",
}
"""Where those are."""


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
        elif part.command == Command.TRANSACTION2 and part.subcommand == Trans2.GET_DFS_REFERRAL:
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
