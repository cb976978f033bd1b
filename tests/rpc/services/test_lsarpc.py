"""lsarpc through impacket's client: names to SIDs, SIDs to names, who we are."""

import struct
from collections.abc import Callable
from typing import Any

import pytest
from impacket.dcerpc.v5 import lsad, lsat
from impacket.dcerpc.v5.rpcrt import DCERPCException
from impacket.uuid import uuidtup_to_bin

from fakesmb.rpc.groups import Handles
from fakesmb.rpc.services.accounts import WELL_KNOWN, Directory
from fakesmb.rpc.view import AccountRow, Caller, ServerFacts
from tests.rpc.rpc_client import ADMIN, NOBODY, USER, ListView, connect

LSARPC = uuidtup_to_bin(("12345778-1234-ABCD-EF00-0123456789AB", "0.0"))
MACHINE = "S-1-5-21-1-2-3"
VIEW = ListView(ServerFacts("Fake", "LAB", machine_sid=MACHINE, accounts=(AccountRow("bob", 1005),)))
MAXIMUM_ALLOWED = 0x02000000


def lsarpc(caller: Caller = USER) -> Any:
    return connect("lsarpc", LSARPC, caller, VIEW)


def policy(dce: Any) -> bytes:
    handle: bytes = lsad.hLsarOpenPolicy2(dce, MAXIMUM_ALLOWED)["PolicyHandle"]
    return handle


def domains_of(answer: Any) -> list[tuple[str, str]]:
    domains = answer["ReferencedDomains"]["Domains"]
    return [(one["Name"], one["Sid"].formatCanonical()) for one in domains or ()]


@pytest.mark.parametrize("level", [5, 14])
def test_the_account_domain_is_the_machine(level: int) -> None:
    dce = lsarpc()
    info = lsad.hLsarQueryInformationPolicy(dce, policy(dce), level)["PolicyInformation"]
    field = "PolicyAccountDomainInfo" if level == 5 else "PolicyLocalAccountDomainInfo"
    assert (info[field]["DomainName"], info[field]["DomainSid"].formatCanonical()) == ("FAKE", MACHINE)


@pytest.mark.parametrize(
    ("ask", "level", "field"),
    [
        (lsad.hLsarQueryInformationPolicy, 3, "PolicyPrimaryDomainInfo"),
        (lsad.hLsarQueryInformationPolicy2, 12, "PolicyDnsDomainInfo"),
    ],
)
def test_the_primary_domain_is_a_workgroup_without_a_sid(
    ask: Callable[..., Any], level: int, field: str
) -> None:
    dce = lsarpc()
    info = ask(dce, policy(dce), level)["PolicyInformation"][field]
    assert (info["Name"], info["Sid"]) == ("LAB", b"")


def test_smbcacls_is_spared_a_domain_without_a_sid() -> None:
    """smbcacls --sddl asks the newer call only, and reads the SID unseen; the refusal it takes well."""
    dce = lsarpc()
    with pytest.raises(DCERPCException, match="nca_s_op_rng_error"):
        lsad.hLsarQueryInformationPolicy2(dce, policy(dce), 3)


def test_a_policy_level_that_is_not_served_is_an_invalid_parameter() -> None:
    dce = lsarpc()
    with pytest.raises(DCERPCException) as refused:
        lsad.hLsarQueryInformationPolicy(dce, policy(dce), 10)
    assert refused.value.get_error_code() == 0xC000000D


def test_rpcclients_open_with_a_system_name_of_one_character() -> None:
    """LsarOpenPolicy points to one character, which impacket's type takes for a whole string."""
    dce = lsarpc()
    body = struct.pack(
        "<IHHIIIIIIIII", 0x20000, ord("\\"), 0, 24, 0, 0, 0, 0, 0x20004, 12, 0x00010002, 0x02000000
    )
    dce.call(6, body)
    assert dce.recv()[-4:] == bytes(4)


def test_names_in_any_case_and_with_domains_become_sids() -> None:
    dce = lsarpc()
    names = (
        "BOB",
        "fake\\administrator",
        "LAB\\bob",
        "BUILTIN\\Administrators",
        "everyone",
        "alice",
        "BUILTIN\\bob",
    )
    answer = dce.request(names_request(dce, names), checkError=False)
    rows = [(one["Use"], one["RelativeId"], one["DomainIndex"]) for one in answer["TranslatedSids"]["Sids"]]
    assert rows == [(1, 1005, 0), (1, 500, 0), (1, 1005, 0), (4, 544, 1), (5, 0, 2), (1, 1000, 0), (8, 0, -1)]
    assert domains_of(answer) == [("FAKE", MACHINE), ("BUILTIN", "S-1-5-32"), ("", "S-1-1")]
    assert (answer["MappedCount"], answer["ErrorCode"]) == (6, 0x107)


def names_request(dce: Any, names: tuple[str, ...]) -> Any:
    call = lsat.LsarLookupNames()
    call["PolicyHandle"] = policy(dce)
    call["Count"] = len(names)
    for name in names:
        item = lsat.RPC_UNICODE_STRING()
        item["Data"] = name
        call["Names"].append(item)
    call["TranslatedSids"]["Sids"] = lsat.NULL
    call["LookupLevel"] = 1
    return call


@pytest.mark.parametrize("lookup", [lsat.hLsarLookupNames, lsat.hLsarLookupNames2, lsat.hLsarLookupNames3])
def test_each_form_of_name_lookup(lookup: Any) -> None:
    dce = lsarpc()
    answer = lookup(dce, policy(dce), ("bob",))
    (row,) = answer["TranslatedSids"]["Sids"]
    if lookup is lsat.hLsarLookupNames3:
        assert row["Sid"].formatCanonical() == f"{MACHINE}-1005"
    else:
        assert row["RelativeId"] == 1005
    assert domains_of(answer) == [("FAKE", MACHINE)]


@pytest.mark.parametrize("lookup", [lsat.hLsarLookupSids, lsat.hLsarLookupSids2])
def test_sids_become_names(lookup: Any) -> None:
    dce = lsarpc()
    sids = (f"{MACHINE}-1005", "S-1-5-18", "S-1-5-32-545", MACHINE)
    answer = lookup(dce, policy(dce), sids)
    rows = [(one["Use"], one["Name"], one["DomainIndex"]) for one in answer["TranslatedNames"]["Names"]]
    assert rows == [(1, "bob", 0), (5, "SYSTEM", 1), (4, "Users", 2), (3, "FAKE", 0)]


def test_an_unknown_sid_is_its_own_name() -> None:
    dce = lsarpc()
    with pytest.raises(DCERPCException) as refused:
        lsat.hLsarLookupSids(dce, policy(dce), ("S-1-5-21-9-9-9-1",))
    assert refused.value.get_error_code() == 0xC0000073
    (row,) = refused.value.get_packet()["TranslatedNames"]["Names"]
    assert (row["Use"], row["Name"], row["DomainIndex"]) == (8, "S-1-5-21-9-9-9-1", -1)


def test_a_closed_handle_and_a_made_up_one_are_faults() -> None:
    dce = lsarpc()
    handle = policy(dce)
    lsad.hLsarClose(dce, handle)
    for stale in (handle, bytes(20), b"\xff" * 20):
        with pytest.raises(DCERPCException, match="context_mismatch"):
            lsad.hLsarQueryInformationPolicy(dce, stale, 5)


def test_one_client_cannot_use_anothers_handle_nor_have_too_many() -> None:
    one, other = lsarpc(), lsarpc()
    handles = {policy(one) for _ in range(Handles.LIMIT)}
    assert len(handles) == Handles.LIMIT
    with pytest.raises(DCERPCException, match="INSUFFICIENT_RESOURCES"):
        policy(one)
    with pytest.raises(DCERPCException, match="context_mismatch"):
        lsad.hLsarQueryInformationPolicy(other, max(handles), 5)


@pytest.mark.parametrize(
    ("caller", "user", "domain"), [(USER, "alice", "FAKE"), (NOBODY, "ANONYMOUS LOGON", "NT AUTHORITY")]
)
def test_the_caller_learns_his_own_name(caller: Caller, user: str, domain: str) -> None:
    """macOS' Finder asks this first, with a pointer to a pointer that impacket's types do not have."""
    dce = lsarpc(caller)
    dce.call(45, struct.pack("<4I", 0, 0, 0x20000, 0))
    stub = dce.recv()
    assert user.encode("utf-16-le") in stub
    assert domain.encode("utf-16-le") in stub
    assert stub[-4:] == bytes(4)
    dce.call(45, struct.pack("<3I", 0, 0, 0))
    assert domain.encode("utf-16-le") not in dce.recv()


@pytest.mark.parametrize("operation", [76, 77])
def test_lookups_of_domain_members_are_denied(operation: int) -> None:
    dce = lsarpc()
    dce.call(operation, bytes(40))
    with pytest.raises(DCERPCException):
        dce.recv()


@pytest.mark.parametrize(("name", "sid"), [("", "S-1-5-32"), ("BUILTIN\\", "S-1-5-32"), ("fake\\", MACHINE)])
def test_a_domain_without_a_name_is_itself(name: str, sid: str) -> None:
    found = Directory(VIEW.facts, ADMIN).by_name(name)
    assert found is not None
    assert (found.sid, found.use) == (sid, 3)


def test_every_well_known_name_and_sid_lead_to_each_other() -> None:
    directory = Directory(VIEW.facts, ADMIN)
    for one in WELL_KNOWN:
        assert directory.by_sid(one.sid) == one
        assert directory.by_name(f"{one.domain}\\{one.name}" if one.domain else one.name) == one


def test_administrators_hold_the_privileges_that_file_access_grants_them() -> None:
    dce = lsarpc()
    answer = lsad.hLsarEnumerateAccountRights(dce, policy(dce), "S-1-5-32-544")
    rights = [one["Data"] for one in answer["UserRights"]["UserRights"]]
    assert {"SeSecurityPrivilege", "SeRestorePrivilege", "SeTakeOwnershipPrivilege"} <= set(rights)


def test_an_account_without_rights_of_its_own_is_not_found() -> None:
    dce = lsarpc()
    with pytest.raises(DCERPCException) as refused:
        lsad.hLsarEnumerateAccountRights(dce, policy(dce), f"{MACHINE}-1005")
    assert refused.value.get_error_code() == 0xC0000034
