"""samr: the accounts of this machine, to be read ([MS-SAMR]).

Scanners and administrators' tools list users with it. Nothing can be changed: accounts are those of the
configuration. Anonymous callers are kept out, as by Windows since XP (RestrictAnonymousSAM).
"""

import struct
from collections.abc import Mapping
from typing import Any, Final

from impacket.dcerpc.v5 import samr

from fakesmb.nt.filetime import from_seconds
from fakesmb.nt.names import fold
from fakesmb.nt.status import NT, SMBError
from fakesmb.rpc.byteorder import Ignored, Reader
from fakesmb.rpc.interface import Interface, Surroundings
from fakesmb.rpc.services import descriptors, sam, samr_groups, samr_lists, samr_lookups, samr_users
from fakesmb.rpc.services.lsa_objects import given_text, sid_of
from fakesmb.rpc.services.sam import Domain
from fakesmb.rpc.services.samr_objects import (
    DOMAIN_HANDLE,
    FOREVER,
    NO_HANDLE,
    OpenDomain,
    Opened,
    SamServer,
    domain_of,
    domain_sid,
    halves,
    handle,
    held,
    level_response,
    opened,
)
from fakesmb.rpc.stub import U32, Call, Operation, TableInterface, refused

_MINUTE: Final = 60 * 10_000_000
LOCKOUT: Final = -30 * _MINUTE
"""LockoutDuration and LockoutObservationWindow, Windows' default; no account is ever locked."""
ENABLED: Final = 1
PRIMARY: Final = 3
_REVISION: Final = struct.Struct("<IIII")
REVISION: Final = 3
"""Of Windows XP and later ([MS-SAMR] 2.2.3.15)."""


class _CloseRequest:
    """SamrCloseHandle, of which impacket wants more than there is."""

    def __init__(self, reader: Reader) -> None:
        self.handle = reader.handle()


class _ConnectRequest:
    """SamrConnect, whose server name is one character."""

    def __init__(self, reader: Reader) -> None:
        if reader.number():
            reader.numbers("H")
        self.access = reader.number()


class _Connect2Request:
    """SamrConnect2 and, with a number before the access, SamrConnect4."""

    NUMBERS_BEFORE = 0

    def __init__(self, reader: Reader) -> None:
        if reader.number():
            reader.wide_string()
        for _ in range(self.NUMBERS_BEFORE):
            reader.number()
        self.access = reader.number()


class _Connect4Request(_Connect2Request):
    NUMBERS_BEFORE = 1


def connect(call: Call, access: int) -> bytes:
    """SamrConnect in its forms, [MS-SAMR] 3.1.5.1, and the third one, which Windows serves and does not document."""
    return opened(call, _server(call, access))


def connect5(call: Call, access: int) -> bytes:
    """SamrConnect5, 3.1.5.1.1, which tells the revision too."""
    return _REVISION.pack(1, 1, REVISION, 0) + opened(call, _server(call, access))


def _server(call: Call, access: int) -> SamServer:
    call.require_name()
    return SamServer(SamServer.rights.granted(access, admin=call.admin))


def close(call: Call, handle: bytes) -> bytes:
    """SamrCloseHandle, 3.1.5.13.1."""
    call.handles.close(handle)
    return NO_HANDLE + U32.pack(NT.SUCCESS)


# Domains


def enumerate_domains(call: Call, handle: bytes, start: int, most: int) -> Any:
    """SamrEnumerateDomainsInSamServer, 3.1.5.2.1."""
    held(call, handle, SamServer, SamServer.ENUMERATE_DOMAINS)
    rows = [(0, one.name) for one in sam.domains(call.view.facts)]
    return samr_lists.enumeration(samr.SamrEnumerateDomainsInSamServerResponse, rows, start, most)


def lookup_domain(call: Call, handle: bytes, name: str) -> Any:
    """SamrLookupDomainInSamServer, 3.1.5.11.1."""
    held(call, handle, SamServer, SamServer.LOOKUP_DOMAIN)
    if not name:
        raise SMBError(NT.INVALID_PARAMETER, "an empty domain name")
    for one in sam.domains(call.view.facts):
        if fold(one.name) == fold(name):
            answer = samr.SamrLookupDomainInSamServerResponse()
            answer["DomainId"] = sid_of(one.sid)
            answer["ErrorCode"] = NT.SUCCESS
            return answer
    raise SMBError(NT.NO_SUCH_DOMAIN, f"no domain {name!r}")


def open_domain(call: Call, handle: bytes, access: int, sid: str) -> bytes:
    """SamrOpenDomain, 3.1.5.1.5."""
    held(call, handle, SamServer, SamServer.LOOKUP_DOMAIN)
    domain_of(call, sid)
    return opened(call, OpenDomain(OpenDomain.rights.granted(access, admin=call.admin), sid))


_PASSWORD: Final = OpenDomain.READ_PASSWORD_PARAMETERS
_OTHER: Final = OpenDomain.READ_OTHER_PARAMETERS
_DOMAIN_LEVELS: Final[Mapping[int, int]] = {
    1: _PASSWORD,
    2: _OTHER,
    3: _OTHER,
    4: _OTHER,
    5: _OTHER,
    6: _OTHER,
    7: _OTHER,
    8: _OTHER,
    9: _OTHER,
    11: _OTHER,
    12: _PASSWORD,
    13: _OTHER,
}
"""DOMAIN_INFORMATION_CLASS, [MS-SAMR] 2.2.4.16, with the right that each needs."""


def _domain_values(call: Call, domain: Domain) -> Mapping[str, Any]:
    """The members of all levels: no rule for passwords, and they do not expire."""
    return {
        "MinPasswordLength": 0,
        "PasswordHistoryLength": 0,
        "PasswordProperties": 0,
        "MaxPasswordAge": halves(FOREVER),
        "MinPasswordAge": halves(0),
        "ForceLogoff": halves(FOREVER),
        "OemInformation": "",
        "DomainName": domain.name,
        "ReplicaSourceNodeName": "",
        "DomainModifiedCount": halves(1),
        "CreationTime": halves(from_seconds(call.view.facts.started)),
        "ModifiedCountAtLastPromotion": halves(0),
        "DomainServerState": ENABLED,
        "DomainServerRole": PRIMARY,
        "UasCompatibilityRequired": 1,
        "UserCount": len(domain.users),
        "GroupCount": len(domain.groups),
        "AliasCount": len(domain.aliases),
        "LockoutDuration": LOCKOUT,
        "LockoutObservationWindow": LOCKOUT,
        "LockoutThreshold": 0,
    }


def query_domain(call: Call, handle: bytes, level: int) -> bytes:
    """SamrQueryInformationDomain and its successor, 3.1.5.5.2 and 3.1.5.5.1."""
    domain = domain_of(call, held(call, handle, OpenDomain, _DOMAIN_LEVELS.get(level, 0)).sid)
    if level not in _DOMAIN_LEVELS:
        raise SMBError(NT.INVALID_INFO_CLASS, f"domain level {level}")
    structure = samr.SAMPR_DOMAIN_INFO_BUFFER.union[level][1]
    return level_response(level, structure, _domain_values(call, domain))


def password_information(call: Call) -> bytes:
    """SamrGetDomainPasswordInformation, 3.1.5.13.3: no rules."""
    return struct.pack("<HxxI", 0, 0) + U32.pack(NT.SUCCESS)


def user_password_information(call: Call, handle: bytes) -> bytes:
    """SamrGetUserDomainPasswordInformation, 3.1.5.13.2."""
    held(call, handle, Opened)
    return password_information(call)


def query_security(call: Call, handle: bytes, wanted: int) -> bytes:
    """SamrQuerySecurityObject, 3.1.5.12.2, of any object."""
    rights = held(call, handle, Opened).rights
    return descriptors.query_security(call, rights.everything, rights.read | rights.execute, wanted)


def rid_to_sid(call: Call, handle: bytes, rid: int) -> Any:
    """SamrRidToSid, 3.1.5.13.5; any RID will do."""
    what = held(call, handle, Opened)
    if isinstance(what, SamServer):
        raise SMBError(NT.INVALID_HANDLE, f"a handle of a {type(what).__name__} has no RIDs")
    domain = what.sid if isinstance(what, OpenDomain) else domain_sid(call, what)
    answer = samr.SamrRidToSidResponse()
    answer["Sid"] = sid_of(f"{domain}-{rid}")
    answer["ErrorCode"] = NT.SUCCESS
    return answer


def _refused(zeros: int = 0) -> Operation:
    """An operation that would change something."""
    return refused(NT.ACCESS_DENIED, bytes(zeros))


_CHANGES: Final[Mapping[int, Operation]] = {
    **{
        opnum: _refused()
        for opnum in (2, 4, 9, 21, 22, 24, 26, 29, 31, 32, 37, 38, 45, 52, 53, 54, 55, 58, 66)
    },
    **{opnum: _refused(len(NO_HANDLE)) for opnum in (23, 30, 35)},
    **{opnum: _refused(len(NO_HANDLE) + 4) for opnum in (10, 12, 14)},
    50: _refused(len(NO_HANDLE) + 8),
}
"""Setting, creating, deleting, adding, removing, changing passwords."""


def _access(request: Any) -> int:
    access: int = request.access
    return access


_SERVER_HANDLE: Final = handle("ServerHandle")
_NULL: Final = bytes(4)

OPERATIONS: Final[Mapping[int, Operation]] = {
    0: Operation(_ConnectRequest, (_access,), connect, NO_HANDLE),
    1: Operation(_CloseRequest, (lambda request: request.handle,), close),
    3: Operation(
        samr.SamrQuerySecurityObject,
        (handle("ObjectHandle"), "SecurityInformation"),
        query_security,
        _NULL,
    ),
    5: Operation(
        samr.SamrLookupDomainInSamServer,
        (_SERVER_HANDLE, lambda request: given_text(request["Name"])),
        lookup_domain,
        _NULL,
    ),
    6: Operation(
        samr.SamrEnumerateDomainsInSamServer,
        (_SERVER_HANDLE, "EnumerationContext", "PreferedMaximumLength"),
        enumerate_domains,
        bytes(12),
    ),
    7: Operation(
        samr.SamrOpenDomain,
        (_SERVER_HANDLE, "DesiredAccess", lambda request: request["DomainId"].formatCanonical()),
        open_domain,
        NO_HANDLE,
    ),
    8: Operation(
        samr.SamrQueryInformationDomain,
        (DOMAIN_HANDLE, "DomainInformationClass"),
        query_domain,
        _NULL,
    ),
    44: Operation(
        samr.SamrGetUserDomainPasswordInformation,
        (handle("UserHandle"),),
        user_password_information,
        bytes(8),
    ),
    46: Operation(
        samr.SamrQueryInformationDomain2,
        (DOMAIN_HANDLE, "DomainInformationClass"),
        query_domain,
        _NULL,
    ),
    56: Operation(Ignored, (), password_information),
    57: Operation(_Connect2Request, (_access,), connect, NO_HANDLE),
    61: Operation(_Connect4Request, (_access,), connect, NO_HANDLE),
    62: Operation(_Connect4Request, (_access,), connect, NO_HANDLE),
    64: Operation(_Connect2Request, (_access,), connect5, _REVISION.pack(1, 1, REVISION, 0) + NO_HANDLE),
    65: Operation(samr.SamrRidToSid, (handle("ObjectHandle"), "Rid"), rid_to_sid, _NULL),
    **samr_lists.OPERATIONS,
    **samr_lookups.OPERATIONS,
    **samr_users.OPERATIONS,
    **samr_groups.OPERATIONS,
    **_CHANGES,
}


def interface(around: Surroundings) -> Interface:
    """The interface, bound to a server."""
    return TableInterface(OPERATIONS, around.view)
