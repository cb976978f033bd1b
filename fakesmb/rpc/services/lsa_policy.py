"""The policy object of lsarpc: opening and closing, who this machine is, and that it trusts no domain ([MS-LSAD])."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from impacket.dcerpc.v5 import lsad
from impacket.dcerpc.v5.ndr import NDRULONG, NULL

from fakesmb.nt.status import NT, SMBError
from fakesmb.rpc.byteorder import Ignored
from fakesmb.rpc.faults import Fault
from fakesmb.rpc.groups import Handles
from fakesmb.rpc.services import descriptors
from fakesmb.rpc.services.lsa_objects import POLICY, POLICY_HANDLE, Policy, Stored, handle, held, sid_of
from fakesmb.rpc.stub import U32, Call, Operation, refused, wide
from fakesmb.rpc.view import ServerFacts
from fakesmb.wire.dcerpc import FaultStatus

NO_HANDLE: Final = bytes(Handles.SIZE)


def open_policy(call: Call) -> bytes:
    """LsarOpenPolicy and LsarOpenPolicy2, [MS-LSAD] 3.1.4.4.1: any caller may look; changes ask who it is."""
    return call.opened(POLICY) + U32.pack(NT.SUCCESS)


def close(call: Call, handle: bytes) -> bytes:
    """LsarClose, [MS-LSAD] 3.1.4.9.4."""
    call.handles.close(handle)
    return NO_HANDLE + U32.pack(NT.SUCCESS)


def delete_object(call: Call, handle: bytes) -> bytes:
    """LsarDeleteObject, [MS-LSAD] 3.1.4.9.3: an account or a secret, handle and all."""
    try:
        if isinstance(call.handles.check(handle), Policy):
            raise SMBError(NT.INVALID_PARAMETER, "the policy itself cannot be deleted")
        what = held(call, handle, Stored)
        call.require_admin()
    except SMBError as error:
        return handle + U32.pack(error.status)
    what.delete()
    call.handles.close(handle)
    return NO_HANDLE + U32.pack(NT.SUCCESS)


# Who this machine is

_SERVER_ROLE_PRIMARY: Final = 3
_AUDIT_CATEGORIES: Final = 9
_LOG_SIZE: Final = 0x2000


def _audit_log(info: Any, facts: ServerFacts) -> None:
    info["MaximumLogSize"] = _LOG_SIZE


def _audit_events(info: Any, facts: ServerFacts) -> None:
    info["EventAuditingOptions"] = [NDRULONG() for _ in range(_AUDIT_CATEGORIES)]
    info["MaximumAuditEventCount"] = _AUDIT_CATEGORIES


def _primary_domain(info: Any, facts: ServerFacts) -> None:
    info["Name"] = wide(facts.workgroup)[:-1]
    info["Sid"] = NULL


def _account_domain(info: Any, facts: ServerFacts) -> None:
    info["DomainName"] = wide(facts.name.upper())[:-1]
    info["DomainSid"] = sid_of(facts.machine_sid)


def _pd_account(info: Any, facts: ServerFacts) -> None:
    info["Name"] = ""


def _server_role(info: Any, facts: ServerFacts) -> None:
    info["LsaServerRole"] = _SERVER_ROLE_PRIMARY


def _replica_source(info: Any, facts: ServerFacts) -> None:
    info["ReplicaSource"] = info["ReplicaAccountName"] = ""


def _dns_domain(info: Any, facts: ServerFacts) -> None:
    info["Name"] = wide(facts.workgroup)[:-1]
    info["DnsDomainName"] = info["DnsForestName"] = ""
    info["DomainGuid"] = bytes(16)
    info["Sid"] = NULL


_LEVELS: Final[Mapping[int, Callable[[Any, ServerFacts], None]]] = {
    1: _audit_log,
    2: _audit_events,
    3: _primary_domain,
    4: _pd_account,
    5: _account_domain,
    6: _server_role,
    7: _replica_source,
    12: _dns_domain,
    13: _dns_domain,
    14: _account_domain,
}
"""POLICY_INFORMATION_CLASS, [MS-LSAD] 2.2.4.1, as far as 3.1.4.4.4 has it answered."""
_AUDIT_LEVELS: Final = (1, 2)


def query_policy(response: Any) -> Callable[[Call, bytes, int], Any]:
    """LsarQueryInformationPolicy and its successor, [MS-LSAD] 3.1.4.4.4."""

    def run(call: Call, handle: bytes, level: int) -> Any:
        held(call, handle, Policy)
        fill = _LEVELS.get(level)
        if fill is None:
            raise SMBError(NT.INVALID_PARAMETER, f"policy level {level}")
        if level in _AUDIT_LEVELS:
            call.require_admin()
        answer = response()
        information = answer["PolicyInformation"]
        information["tag"] = level
        fill(information[lsad.LSAPR_POLICY_INFORMATION.union[level][0]], call.view.facts)
        answer["ErrorCode"] = NT.SUCCESS
        return answer

    return run


_PRIMARY_DOMAIN: Final = 3


def query_policy2(call: Call, handle: bytes, level: int) -> Any:
    """LsarQueryInformationPolicy2, 3.1.4.4.5: all but the primary domain, which clients then ask of opnum 7.

    It has no SID here, and smbcacls --sddl (4.17) dies of that: so it is left to the older call, as by Samba.
    """
    if level == _PRIMARY_DOMAIN:
        raise Fault(FaultStatus.OPERATION_RANGE, "the primary domain is told by opnum 7 alone")
    return _query_policy2(call, handle, level)


_query_policy2: Final = query_policy(lsad.LsarQueryInformationPolicy2Response)


def query_domain_policy(call: Call, handle: bytes, level: int) -> bytes:
    """LsarQueryDomainInformationPolicy, [MS-LSAD] 3.1.4.4.7: there is no domain that has one."""
    held(call, handle, Policy)
    raise SMBError(NT.OBJECT_NAME_NOT_FOUND, f"domain policy level {level}")


def trusted_domains(call: Call, handle: bytes) -> bytes:
    """LsarEnumerateTrustedDomains and its successor, [MS-LSAD] 3.1.4.7.7 and 3.1.4.7.8: none."""
    held(call, handle, Policy)
    raise SMBError(NT.NO_MORE_ENTRIES, "no trusted domains")


_ALL_ACCESS: Final = 0x000F0FFF
_LOOK: Final = 0x00020801


def query_security(call: Call, handle: bytes, wanted: int) -> bytes:
    """LsarQuerySecurityObject, [MS-LSAD] 3.1.4.9.1, of any object."""
    held(call, handle, object)
    return descriptors.query_security(call, _ALL_ACCESS, _LOOK, wanted)


_OBJECT_HANDLE: Final = handle("ObjectHandle")
_NULL: Final = bytes(4)
_NO_ENTRIES: Final = bytes(12)

OPERATIONS: Final[Mapping[int, Operation]] = {
    # The two opens need nothing of their requests, and impacket misreads the system name of the first.
    0: Operation(lsad.LsarClose, (_OBJECT_HANDLE,), close),
    1: refused(NT.NOT_SUPPORTED),  # LsarDelete, which [MS-LSAD] 3.1.4 says is not used on the wire
    3: Operation(lsad.LsarQuerySecurityObject, (POLICY_HANDLE, "SecurityInformation"), query_security, _NULL),
    6: Operation(Ignored, (), open_policy, NO_HANDLE),
    7: Operation(
        lsad.LsarQueryInformationPolicy,
        (POLICY_HANDLE, "InformationClass"),
        query_policy(lsad.LsarQueryInformationPolicyResponse),
        _NULL,
    ),
    13: Operation(lsad.LsarEnumerateTrustedDomains, (POLICY_HANDLE,), trusted_domains, _NO_ENTRIES),
    34: Operation(lsad.LsarDeleteObject, (_OBJECT_HANDLE,), delete_object),
    44: Operation(Ignored, (), open_policy, NO_HANDLE),
    46: Operation(
        lsad.LsarQueryInformationPolicy2, (POLICY_HANDLE, "InformationClass"), query_policy2, _NULL
    ),
    50: Operation(lsad.LsarEnumerateTrustedDomainsEx, (POLICY_HANDLE,), trusted_domains, _NO_ENTRIES),
    53: Operation(
        lsad.LsarQueryDomainInformationPolicy,
        (POLICY_HANDLE, "InformationClass"),
        query_domain_policy,
        _NULL,
    ),
}
