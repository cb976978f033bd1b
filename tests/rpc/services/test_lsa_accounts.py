"""Rights of accounts and privileges through impacket's client, and the policy around them."""

import struct
from typing import Any

import pytest
from impacket.dcerpc.v5 import lsad
from impacket.dcerpc.v5.rpcrt import DCERPCException
from impacket.ldap.ldaptypes import SR_SECURITY_DESCRIPTOR
from impacket.uuid import uuidtup_to_bin

from fakesmb.nt.status import NT, SMBError
from fakesmb.rpc.pipes import PipeService
from fakesmb.rpc.services.lsa_accounts import MOST_ACCOUNTS, Accounts
from fakesmb.rpc.services.privileges import PRIVILEGES, RIGHTS, SYSTEM_ACCESS, known_right
from fakesmb.rpc.view import Caller
from tests.rpc.rpc_client import ADMIN, NOBODY, USER, ListView, PipeTransport

LSARPC = uuidtup_to_bin(("12345778-1234-ABCD-EF00-0123456789AB", "0.0"))
SOMEONE = "S-1-5-21-1-2-3-1005"
BACKUP = 17


class Server:
    """Clients of one server, whose policy they share."""

    def __init__(self) -> None:
        self.service = PipeService(ListView())

    def connect(self, caller: Caller = ADMIN) -> tuple[Any, bytes]:
        dce = PipeTransport(self.service.open("lsarpc", caller)).get_dce_rpc()
        dce.connect()
        dce.bind(LSARPC)
        return dce, lsad.hLsarOpenPolicy2(dce)["PolicyHandle"]


def status_of(refused: pytest.ExceptionInfo[DCERPCException]) -> int:
    return int(refused.value.get_error_code())


def rights(dce: Any, policy: bytes, sid: str) -> list[str]:
    answer = lsad.hLsarEnumerateAccountRights(dce, policy, sid)
    return [one["Data"] for one in answer["UserRights"]["UserRights"]]


def account(dce: Any, policy: bytes, sid: str, *, create: bool = False) -> bytes:
    request = lsad.LsarCreateAccount() if create else lsad.LsarOpenAccount()
    request["PolicyHandle"] = policy
    request["AccountSid"].fromCanonical(sid)
    request["DesiredAccess"] = 0x02000000
    handle: bytes = dce.request(request)["AccountHandle"]
    return handle


def privilege(luid: int) -> Any:
    one = lsad.LSAPR_LUID_AND_ATTRIBUTES()
    one["Luid"]["LowPart"] = luid
    return one


def luids(dce: Any, handle: bytes) -> list[int]:
    answer = lsad.hLsarEnumeratePrivilegesAccount(dce, handle)["Privileges"]
    assert answer["PrivilegeCount"] == len(answer["Privilege"])
    return [one["Luid"]["LowPart"] for one in answer["Privilege"]]


def test_an_account_is_made_used_and_deleted() -> None:
    dce, policy = Server().connect()
    handle = account(dce, policy, SOMEONE, create=True)
    assert luids(dce, handle) == []
    lsad.hLsarAddPrivilegesToAccount(dce, handle, [privilege(BACKUP), privilege(18)])
    assert luids(dce, handle) == [BACKUP, 18]
    request = lsad.LsarSetSystemAccessAccount()
    request["AccountHandle"] = handle
    request["SystemAccess"] = 0x2 | 0x10
    dce.request(request)
    assert lsad.hLsarGetSystemAccessAccount(dce, handle)["SystemAccess"] == 0x12
    assert rights(dce, policy, SOMEONE) == [
        "SeBackupPrivilege", "SeRestorePrivilege", "SeNetworkLogonRight", "SeServiceLogonRight",
    ]  # fmt: skip
    lsad.hLsarRemovePrivilegesFromAccount(dce, handle, [privilege(BACKUP)])
    assert luids(dce, handle) == [18]
    assert lsad.hLsarDeleteObject(dce, handle)["ObjectHandle"] == bytes(20)
    with pytest.raises(DCERPCException) as refused:
        account(dce, policy, SOMEONE)
    assert status_of(refused) == NT.OBJECT_NAME_NOT_FOUND


def test_an_account_there_already_is_a_collision() -> None:
    dce, policy = Server().connect()
    with pytest.raises(DCERPCException) as refused:
        account(dce, policy, "S-1-1-0", create=True)
    assert status_of(refused) == NT.OBJECT_NAME_COLLISION


def test_a_deleted_account_is_gone_for_all_who_hold_it() -> None:
    dce, policy = Server().connect()
    first, second = account(dce, policy, SOMEONE, create=True), account(dce, policy, SOMEONE)
    lsad.hLsarDeleteObject(dce, first)
    for use in (luids, lambda dce, handle: lsad.hLsarDeleteObject(dce, handle)):
        with pytest.raises(DCERPCException) as refused:
            use(dce, second)
        assert status_of(refused) == NT.INVALID_HANDLE


def test_rights_come_and_go_by_name_and_take_the_account_along() -> None:
    dce, policy = Server().connect()
    lsad.hLsarAddAccountRights(dce, policy, SOMEONE, ["sebackupprivilege", "SeBatchLogonRight"])
    assert rights(dce, policy, SOMEONE) == ["SeBackupPrivilege", "SeBatchLogonRight"]
    lsad.hLsarRemoveAccountRights(dce, policy, SOMEONE, ["SeBatchLogonRight"])
    assert rights(dce, policy, SOMEONE) == ["SeBackupPrivilege"]
    lsad.hLsarRemoveAccountRights(dce, policy, SOMEONE, ["SeBackupPrivilege"])
    with pytest.raises(DCERPCException) as refused:
        rights(dce, policy, SOMEONE)
    assert status_of(refused) == NT.OBJECT_NAME_NOT_FOUND


def test_a_right_that_is_none() -> None:
    dce, policy = Server().connect()
    with pytest.raises(DCERPCException) as refused:
        lsad.hLsarAddAccountRights(dce, policy, SOMEONE, ["SeFlyPrivilege"])
    assert status_of(refused) == NT.NO_SUCH_PRIVILEGE


def test_all_privileges_or_a_set_and_not_both() -> None:
    dce, policy = Server().connect()
    handle = account(dce, policy, "S-1-5-32-544")
    with pytest.raises(DCERPCException) as refused:
        lsad.hLsarRemovePrivilegesFromAccount(dce, handle, [privilege(BACKUP)], allPrivileges=True)
    assert status_of(refused) == NT.INVALID_PARAMETER


def test_what_one_client_grants_the_others_see() -> None:
    server = Server()
    lsad.hLsarAddAccountRights(*server.connect(), SOMEONE, ["SeDebugPrivilege"])
    assert rights(*server.connect(USER), SOMEONE) == ["SeDebugPrivilege"]


@pytest.mark.parametrize("caller", [USER, NOBODY])
def test_only_administrators_change_rights(caller: Caller) -> None:
    dce, policy = Server().connect(caller)
    with pytest.raises(DCERPCException) as refused:
        lsad.hLsarAddAccountRights(dce, policy, SOMEONE, ["SeDebugPrivilege"])
    assert status_of(refused) == NT.ACCESS_DENIED
    with pytest.raises(DCERPCException) as refused:
        account(dce, policy, SOMEONE, create=True)
    assert status_of(refused) == NT.ACCESS_DENIED


def test_accounts_are_not_for_the_nameless() -> None:
    dce, policy = Server().connect(NOBODY)
    with pytest.raises(DCERPCException) as refused:
        lsad.hLsarEnumerateAccounts(dce, policy)
    assert status_of(refused) == NT.ACCESS_DENIED


def enumerate_accounts(dce: Any, policy: bytes, start: int, most: int) -> Any:
    request = lsad.LsarEnumerateAccounts()
    request["PolicyHandle"] = policy
    request["EnumerationContext"] = start
    request["PreferedMaximumLength"] = most
    return dce.request(request, checkError=False)


def test_accounts_are_listed_in_pieces() -> None:
    dce, policy = Server().connect(USER)
    found, start = [], 0
    while (answer := enumerate_accounts(dce, policy, start, 2))["ErrorCode"] != NT.NO_MORE_ENTRIES:
        found += [one["Sid"].formatCanonical() for one in answer["EnumerationBuffer"]["Information"]]
        start = answer["EnumerationContext"]
    assert found == list(RIGHTS)
    assert enumerate_accounts(dce, policy, 0, 2)["ErrorCode"] == NT.MORE_ENTRIES
    assert enumerate_accounts(dce, policy, 2, 1)["ErrorCode"] == NT.SUCCESS


def test_who_has_a_right() -> None:
    dce, policy = Server().connect(USER)
    answer = lsad.hLsarEnumerateAccountsWithUserRight(dce, policy, "SeBackupPrivilege")
    (one,) = answer["EnumerationBuffer"]["Information"]
    assert one["Sid"].formatCanonical() == "S-1-5-32-544"
    with pytest.raises(DCERPCException) as refused:
        lsad.hLsarEnumerateAccountsWithUserRight(dce, policy, "SeDebugPrivilege")
    assert status_of(refused) == NT.NO_MORE_ENTRIES


def test_privileges_by_number_by_name_and_all() -> None:
    dce, policy = Server().connect(USER)
    listed = lsad.hLsarEnumeratePrivileges(dce, policy)["EnumerationBuffer"]["Privileges"]
    assert [(one["LocalValue"]["LowPart"], one["Name"]) for one in listed] == [
        (one.luid, one.name) for one in PRIVILEGES
    ]
    value = lsad.hLsarLookupPrivilegeValue(dce, policy, "SeRestorePrivilege")["Value"]
    assert (value["LowPart"], value["HighPart"]) == (18, 0)
    assert lsad.hLsarLookupPrivilegeName(dce, policy, value)["Name"] == "SeRestorePrivilege"
    with pytest.raises(DCERPCException) as refused:
        lsad.hLsarLookupPrivilegeValue(dce, policy, "SeFlyPrivilege")
    assert status_of(refused) == NT.NO_SUCH_PRIVILEGE


def test_what_windows_calls_a_privilege() -> None:
    """The language has two bytes, one of which impacket lacks."""
    dce, policy = Server().connect(USER)
    request = lsad.LsarLookupPrivilegeDisplayName()
    request["PolicyHandle"] = policy
    request["Name"] = "SeBackupPrivilege"
    request["ClientLanguage"] = request["ClientSystemDefaultLanguage"] = 0
    dce.call(33, request)
    stub = dce.recv()
    assert "Back up files and directories".encode("utf-16-le") in stub
    assert stub[-8:] == struct.pack("<II", 0x409, 0)


def test_every_right_is_known_in_any_case() -> None:
    for name in (*SYSTEM_ACCESS, *(one.name for one in PRIVILEGES), *RIGHTS["S-1-5-32-544"]):
        assert known_right(name.upper()) == name


def test_there_is_an_end_to_accounts() -> None:
    accounts = Accounts()
    for number in range(MOST_ACCOUNTS - len(RIGHTS)):
        accounts._new(f"S-1-5-21-9-9-9-{number}")
    with pytest.raises(SMBError) as refused:
        accounts._new(SOMEONE)
    assert refused.value.status == NT.INSUFFICIENT_RESOURCES


# The policy itself


@pytest.mark.parametrize("level", [1, 2, 3, 4, 5, 6, 7, 12, 13, 14])
def test_levels_of_the_policy(level: int) -> None:
    dce, policy = Server().connect()
    assert lsad.hLsarQueryInformationPolicy(dce, policy, level)["PolicyInformation"]["tag"] == level


def test_what_is_audited_is_for_administrators() -> None:
    dce, policy = Server().connect()
    audited = lsad.hLsarQueryInformationPolicy(dce, policy, 2)["PolicyInformation"]["PolicyAuditEventsInfo"]
    assert (audited["AuditingMode"], audited["MaximumAuditEventCount"]) == (0, 9)
    dce, policy = Server().connect(USER)
    with pytest.raises(DCERPCException) as refused:
        lsad.hLsarQueryInformationPolicy(dce, policy, 2)
    assert status_of(refused) == NT.ACCESS_DENIED


@pytest.mark.parametrize("level", [0, 8, 9, 10, 11, 15, 99])
def test_levels_that_are_not_answered(level: int) -> None:
    dce, policy = Server().connect()
    with pytest.raises(DCERPCException) as refused:
        lsad.hLsarQueryInformationPolicy(dce, policy, level)
    assert status_of(refused) == NT.INVALID_PARAMETER


def domain_policy(dce: Any, policy: bytes) -> Any:
    request = lsad.LsarQueryDomainInformationPolicy()
    request["PolicyHandle"] = policy
    request["InformationClass"] = 2
    return dce.request(request)


def test_no_domain_is_trusted_and_none_has_a_policy() -> None:
    dce, policy = Server().connect()
    for ask, status in (
        (lsad.hLsarEnumerateTrustedDomains, NT.NO_MORE_ENTRIES),
        (lsad.hLsarEnumerateTrustedDomainsEx, NT.NO_MORE_ENTRIES),
        (domain_policy, NT.OBJECT_NAME_NOT_FOUND),
    ):
        with pytest.raises(DCERPCException) as refused:
            ask(dce, policy)
        assert status_of(refused) == status


def test_the_descriptor_of_the_policy() -> None:
    dce, policy = Server().connect(USER)
    answer = lsad.hLsarQuerySecurityObject(dce, policy, 7)
    descriptor = SR_SECURITY_DESCRIPTOR(answer)
    assert descriptor["OwnerSid"].formatCanonical() == "S-1-5-32-544"
    assert len(descriptor["Dacl"].aces) == 2
    with pytest.raises(DCERPCException) as refused:
        lsad.hLsarQuerySecurityObject(dce, policy, 8)
    assert status_of(refused) == NT.ACCESS_DENIED


def test_handles_of_another_kind_are_invalid() -> None:
    dce, policy = Server().connect()
    with pytest.raises(DCERPCException) as refused:
        luids(dce, policy)
    assert status_of(refused) == NT.INVALID_HANDLE
    with pytest.raises(DCERPCException) as refused:
        lsad.hLsarQueryInformationPolicy(dce, account(dce, policy, "S-1-1-0"), 5)
    assert status_of(refused) == NT.INVALID_HANDLE
    with pytest.raises(DCERPCException) as refused:
        lsad.hLsarDeleteObject(dce, policy)
    assert status_of(refused) == NT.INVALID_PARAMETER
