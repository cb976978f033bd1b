"""samr through impacket's client: the accounts of the configuration, to be read."""

import struct
import sys
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from impacket.dcerpc.v5 import samr
from impacket.dcerpc.v5.rpcrt import DCERPCException
from impacket.ldap.ldaptypes import SR_SECURITY_DESCRIPTOR

from fakesmb.nt.filetime import from_seconds
from fakesmb.nt.status import NT, SMBError
from fakesmb.rpc.services import sam
from fakesmb.rpc.services.accounts import local_rows
from fakesmb.rpc.services.sam import Control
from fakesmb.rpc.services.samr_objects import OpenDomain, SamServer
from fakesmb.rpc.view import AccountRow, Caller, ServerFacts
from tests.rpc.rpc_client import ADMIN, NOBODY, NOW, USER, ListView, connect

MACHINE = "S-1-5-21-1-2-3"
FACTS = ServerFacts(
    "Fake",
    "LAB",
    machine_sid=MACHINE,
    started=NOW,
    accounts=(AccountRow("bob", 1005), AccountRow("Alice", 1001, admin=True)),
)
MAXIMUM_ALLOWED = 0x02000000


class Sam:
    """A client that has both domains open."""

    def __init__(self, caller: Caller = USER) -> None:
        self.dce: Any = connect("samr", samr.MSRPC_UUID_SAMR, caller, ListView(FACTS))
        self.server = samr.hSamrConnect5(self.dce)["ServerHandle"]
        self.own = self.domain("FAKE")
        self.builtin = self.domain("builtin")

    def domain(self, name: str) -> bytes:
        sid = samr.hSamrLookupDomainInSamServer(self.dce, self.server, name)["DomainId"]
        handle: bytes = samr.hSamrOpenDomain(self.dce, self.server, MAXIMUM_ALLOWED, sid)["DomainHandle"]
        return handle

    def user(self, rid: int) -> bytes:
        handle: bytes = samr.hSamrOpenUser(self.dce, self.own, MAXIMUM_ALLOWED, rid)["UserHandle"]
        return handle

    def alias(self, rid: int) -> bytes:
        handle: bytes = samr.hSamrOpenAlias(self.dce, self.builtin, MAXIMUM_ALLOWED, rid)["AliasHandle"]
        return handle


def status_of(refused: pytest.ExceptionInfo[DCERPCException]) -> int:
    return int(refused.value.get_error_code())


@pytest.mark.parametrize(
    "connect_by", [samr.hSamrConnect, samr.hSamrConnect2, samr.hSamrConnect4, samr.hSamrConnect5]
)
def test_each_way_to_connect(connect_by: Any) -> None:
    dce = connect("samr", samr.MSRPC_UUID_SAMR, USER, ListView(FACTS))
    handle = connect_by(dce)["ServerHandle"]
    assert len(samr.hSamrEnumerateDomainsInSamServer(dce, handle)["Buffer"]["Buffer"]) == 2
    assert samr.hSamrCloseHandle(dce, handle)["ErrorCode"] == 0
    with pytest.raises(DCERPCException, match="context_mismatch"):
        samr.hSamrEnumerateDomainsInSamServer(dce, handle)


@pytest.mark.parametrize("name", ["samr", "lsarpc", "lsass"])
def test_it_is_on_each_pipe_of_local_security(name: str) -> None:
    """nmap asks for it on `samr`, Windows on `lsarpc` too."""
    dce = connect(name, samr.MSRPC_UUID_SAMR, USER, ListView(FACTS))
    assert samr.hSamrConnect(dce)["ErrorCode"] == 0


@pytest.mark.parametrize(
    "connect_by", [samr.hSamrConnect, samr.hSamrConnect2, samr.hSamrConnect4, samr.hSamrConnect5]
)
def test_the_nameless_are_kept_out(connect_by: Any) -> None:
    dce = connect("samr", samr.MSRPC_UUID_SAMR, NOBODY, ListView(FACTS))
    with pytest.raises(DCERPCException) as refused:
        connect_by(dce)
    assert status_of(refused) == NT.ACCESS_DENIED


def test_domains() -> None:
    one = Sam()
    found = samr.hSamrEnumerateDomainsInSamServer(one.dce, one.server)["Buffer"]["Buffer"]
    assert [row["Name"] for row in found] == ["FAKE", "Builtin"]
    for name, status in (("NOWHERE", NT.NO_SUCH_DOMAIN), ("", NT.INVALID_PARAMETER)):
        with pytest.raises(DCERPCException) as refused:
            one.domain(name)
        assert status_of(refused) == status


def enumerated(answer: Any) -> list[tuple[int, str]]:
    return [(row["RelativeId"], row["Name"]) for row in answer["Buffer"]["Buffer"]]


def test_users_groups_and_aliases_are_listed() -> None:
    one = Sam()
    users = enumerated(samr.hSamrEnumerateUsersInDomain(one.dce, one.own))
    assert users == [(500, "Administrator"), (501, "Guest"), (1001, "Alice"), (1005, "bob")]
    assert enumerated(samr.hSamrEnumerateGroupsInDomain(one.dce, one.own)) == [(513, "None")]
    aliases = enumerated(samr.hSamrEnumerateAliasesInDomain(one.dce, one.builtin))
    assert aliases[:3] == [(544, "Administrators"), (545, "Users"), (546, "Guests")]
    assert samr.hSamrEnumerateAliasesInDomain(one.dce, one.own)["CountReturned"] == 0


def test_users_of_a_kind() -> None:
    one = Sam()
    disabled = samr.hSamrEnumerateUsersInDomain(one.dce, one.own, Control.DISABLED)
    assert enumerated(disabled) == [(500, "Administrator"), (501, "Guest")]


def test_lists_come_in_pieces() -> None:
    one = Sam()
    found, context = [], 0
    while True:
        answer = samr.SamrEnumerateUsersInDomain()
        answer["DomainHandle"] = one.own
        answer["EnumerationContext"] = context
        answer["UserAccountControl"] = 0
        answer["PreferedMaximumLength"] = 1
        piece = one.dce.request(answer, checkError=False)
        found += enumerated(piece)
        context = piece["EnumerationContext"]
        if piece["ErrorCode"] == NT.SUCCESS:
            break
        assert (piece["ErrorCode"], piece["CountReturned"]) == (NT.MORE_ENTRIES, 1)
    assert [rid for rid, _ in found] == [500, 501, 1001, 1005]


@pytest.mark.parametrize(
    "ask",
    [
        samr.hSamrQueryDisplayInformation,
        samr.hSamrQueryDisplayInformation2,
        samr.hSamrQueryDisplayInformation3,
    ],
)
def test_display_information_is_by_name(ask: Any) -> None:
    one = Sam()
    rows = ask(one.dce, one.own)["Buffer"]["UserInformation"]["Buffer"]
    assert [(row["Index"], row["AccountName"], row["Rid"]) for row in rows] == [
        (1, "Administrator", 500), (2, "Alice", 1001), (3, "bob", 1005), (4, "Guest", 501),
    ]  # fmt: skip
    assert rows[2]["AccountControl"] == Control.NORMAL | Control.DONT_EXPIRE_PASSWORD


@pytest.mark.parametrize(
    ("level", "arm", "names"),
    [
        (2, "MachineInformation", []),
        (3, "GroupInformation", ["None"]),
        (4, "OemUserInformation", ["Administrator", "Alice", "bob", "Guest"]),
        (5, "OemGroupInformation", ["None"]),
    ],
)
def test_other_displays(level: int, arm: str, names: list[str]) -> None:
    one = Sam()
    rows = samr.hSamrQueryDisplayInformation(one.dce, one.own, level)["Buffer"][arm]["Buffer"] or []
    field = "OemAccountName" if level > 3 else "AccountName"
    assert [row[field] for row in rows] == names


def test_oem_displays_leave_out_what_they_cannot_spell(monkeypatch: pytest.MonkeyPatch) -> None:
    """No `?` in place of a character: that name is nobody's."""
    accounts = (*FACTS.accounts, AccountRow("Алиса", 1006))
    monkeypatch.setattr(sys.modules[__name__], "FACTS", msgspec.structs.replace(FACTS, accounts=accounts))
    one = Sam()
    answer = samr.hSamrQueryDisplayInformation(one.dce, one.own, 4)
    rows = answer["Buffer"]["OemUserInformation"]["Buffer"]
    assert [row["OemAccountName"] for row in rows] == ["Administrator", "Alice", "bob", "Guest"]
    rows = samr.hSamrQueryDisplayInformation(one.dce, one.own, 1)["Buffer"]["UserInformation"]["Buffer"]
    assert "Алиса" in [row["AccountName"] for row in rows]


def test_a_display_in_pieces() -> None:
    one = Sam()
    with pytest.raises(DCERPCException) as refused:
        samr.hSamrQueryDisplayInformation(one.dce, one.own, 1, 1, 2)
    piece = refused.value.get_packet()
    rows = piece["Buffer"]["UserInformation"]["Buffer"]
    assert (piece["ErrorCode"], [row["Index"] for row in rows]) == (NT.MORE_ENTRIES, [2, 3])
    assert piece["TotalAvailable"] > piece["TotalReturned"]


@pytest.mark.parametrize("level", [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13])
def test_levels_of_a_domain(level: int) -> None:
    one = Sam()
    for ask in (samr.hSamrQueryInformationDomain, samr.hSamrQueryInformationDomain2):
        assert ask(one.dce, one.own, level)["Buffer"]["tag"] == level


def test_what_domains_tell() -> None:
    one = Sam()
    general = samr.hSamrQueryInformationDomain(one.dce, one.own, 11)["Buffer"]["General2"]
    first = general["I1"]
    assert (first["DomainName"], first["UserCount"], first["GroupCount"], first["AliasCount"]) == (
        "FAKE",
        4,
        1,
        0,
    )
    assert (general["LockoutDuration"], general["LockoutThreshold"]) == (-30 * 60 * 10_000_000, 0)
    builtin = samr.hSamrQueryInformationDomain(one.dce, one.builtin, 2)["Buffer"]["General"]
    assert (builtin["DomainName"], builtin["UserCount"], builtin["AliasCount"]) == ("Builtin", 0, 6)
    age = samr.hSamrQueryInformationDomain(one.dce, one.own, 1)["Buffer"]["Password"]["MaxPasswordAge"]
    assert (age["LowPart"], age["HighPart"]) == (0, -0x80000000)


def test_enumerations_have_four_bytes() -> None:
    """smbtorture and rpcclient take 32 bits for a role, and impacket leaves the gap unfilled."""
    one = Sam()
    request = samr.SamrQueryInformationDomain()
    request["DomainHandle"] = one.own
    request["DomainInformationClass"] = 7
    one.dce.call(8, request)
    assert one.dce.recv() == struct.pack("<IHxxII", 0x20000, 7, 3, 0)


def test_levels_that_are_none() -> None:
    one = Sam()
    asks: tuple[Callable[[], object], ...] = (
        lambda: samr.hSamrQueryInformationDomain(one.dce, one.own, 10),
        lambda: samr.hSamrQueryInformationUser(one.dce, one.user(500), 18),
        lambda: samr.hSamrQueryInformationUser(one.dce, one.user(500), 24),
        lambda: samr.hSamrQueryDisplayInformation(one.dce, one.own, 6),
        lambda: samr.hSamrQueryInformationAlias(one.dce, one.alias(544), 4),
    )
    for ask in asks:
        with pytest.raises(DCERPCException) as refused:
            ask()
        assert status_of(refused) == NT.INVALID_INFO_CLASS


@pytest.mark.parametrize("level", [*range(1, 15), 16, 17, 20, 21])
def test_levels_of_a_user(level: int) -> None:
    one = Sam()
    for ask in (samr.hSamrQueryInformationUser, samr.hSamrQueryInformationUser2):
        assert ask(one.dce, one.user(1005), level)["Buffer"]["tag"] == level


def test_what_a_user_is() -> None:
    one = Sam()
    info = samr.hSamrQueryInformationUser2(one.dce, one.user(1005), 21)["Buffer"]["All"]
    assert (info["UserName"], info["UserId"], info["PrimaryGroupId"]) == ("bob", 1005, 513)
    assert info["UserAccountControl"] == Control.NORMAL | Control.DONT_EXPIRE_PASSWORD
    set_at = info["PasswordLastSet"]
    assert set_at["HighPart"] << 32 | set_at["LowPart"] == from_seconds(NOW)
    assert b"".join(info["LogonHours"]["LogonHours"]) == b"\xff" * 21
    assert (info["NtPasswordPresent"], info["NtOwfPassword"]["Length"]) == (0, 0)


def test_logon_hours_have_room_for_the_finest_week() -> None:
    """smbtorture and rpcclient check the 1260 of the IDL; impacket counts what is there."""
    one = Sam()
    request = samr.SamrQueryInformationUser()
    request["UserHandle"] = one.user(500)
    request["UserInformationClass"] = 4
    one.dce.call(36, request)
    hours = struct.pack("<HxxIIII", 168, 0x20004, 1260, 0, 21) + b"\xff" * 21 + bytes(3)
    assert one.dce.recv() == struct.pack("<IHxx", 0x20000, 4) + hours + bytes(4)


def test_groups_and_their_members() -> None:
    one = Sam()
    (group,) = samr.hSamrGetGroupsForUser(one.dce, one.user(1005))["Groups"]["Groups"]
    assert (group["RelativeId"], group["Attributes"]) == (513, 7)
    handle = samr.hSamrOpenGroup(one.dce, one.own, groupId=513)["GroupHandle"]
    info = samr.hSamrQueryInformationGroup(one.dce, handle)["Buffer"]["General"]
    assert (info["Name"], info["MemberCount"], info["AdminComment"]) == ("None", 4, "Ordinary users")
    members = samr.hSamrGetMembersInGroup(one.dce, handle)["Members"]["Members"]
    assert [row["Data"] for row in members] == [500, 501, 1001, 1005]


@pytest.mark.parametrize(
    ("rid", "members"),
    [
        (544, [f"{MACHINE}-500", f"{MACHINE}-1001"]),
        (545, ["S-1-5-4", "S-1-5-11", f"{MACHINE}-1005"]),
        (546, [f"{MACHINE}-501"]),
        (551, []),
    ],
)
def test_aliases_and_their_members(rid: int, members: list[str]) -> None:
    one = Sam()
    found = samr.hSamrGetMembersInAlias(one.dce, one.alias(rid))["Members"]["Sids"] or []
    assert [row["SidPointer"].formatCanonical() for row in found] == members
    assert samr.hSamrQueryInformationAlias(one.dce, one.alias(rid))["Buffer"]["General"][
        "MemberCount"
    ] == len(members)


def membership(one: Sam, domain: bytes, *sids: str) -> Any:
    rows = []
    for sid in sids:
        row = samr.PSAMPR_SID_INFORMATION()
        row["SidPointer"].fromCanonical(sid)
        rows.append(row)
    request = samr.SamrGetAliasMembership()
    request["DomainHandle"] = domain
    request["SidArray"]["Count"] = len(rows)
    request["SidArray"]["Sids"] = rows
    return one.dce.request(request)["Membership"]


def test_which_aliases_someone_is_in() -> None:
    one = Sam()
    found = membership(one, one.builtin, f"{MACHINE}-1001", "S-1-5-11")
    assert [row["Data"] for row in found["Element"]] == [544, 545]
    assert membership(one, one.own, f"{MACHINE}-1001")["Count"] == 0


def test_no_aliases_are_an_array_all_the_same() -> None:
    """smbtorture's samba3.getaliasmembership-0: Windows gives no null pointer."""
    one = Sam()
    one.dce.call(16, one.builtin + struct.pack("<III", 0, 0x20000, 0))
    assert one.dce.recv() == struct.pack("<IIII", 0, 0x20000, 0, 0)


def test_names_and_rids() -> None:
    one = Sam()
    found = samr.hSamrLookupNamesInDomain(one.dce, one.own, ("BOB", "none"))
    assert [row["Data"] for row in found["RelativeIds"]["Element"]] == [1005, 513]
    assert [row["Data"] for row in found["Use"]["Element"]] == [1, 2]
    found = samr.hSamrLookupIdsInDomain(one.dce, one.builtin, (544,))
    assert [row["Data"] for row in found["Names"]["Element"]] == ["Administrators"]
    for name, status in ((("bob", "eve"), NT.SOME_NOT_MAPPED), (("eve",), NT.NONE_MAPPED)):
        with pytest.raises(DCERPCException) as refused:
            samr.hSamrLookupNamesInDomain(one.dce, one.own, name)
        assert status_of(refused) == status
    sid = samr.hSamrRidToSid(one.dce, one.user(500), 1005)["Sid"].formatCanonical()
    assert sid == f"{MACHINE}-1005"


def test_what_is_not_there() -> None:
    one = Sam()
    for open_it, status in (
        (lambda: one.user(1), NT.NO_SUCH_USER),
        (lambda: samr.hSamrOpenUser(one.dce, one.builtin, userId=544), NT.NO_SUCH_USER),
        (lambda: samr.hSamrOpenGroup(one.dce, one.own, groupId=500), NT.NO_SUCH_GROUP),
        (lambda: one.alias(1), NT.NO_SUCH_ALIAS),
        (lambda: samr.hSamrOpenAlias(one.dce, one.own, aliasId=544), NT.NO_SUCH_ALIAS),
    ):
        with pytest.raises(DCERPCException) as refused:
            open_it()
        assert status_of(refused) == status


def test_nothing_can_be_changed_not_even_by_administrators() -> None:
    one = Sam(ADMIN)
    changes: tuple[Callable[[], object], ...] = (
        lambda: samr.hSamrCreateGroupInDomain(one.dce, one.own, "club"),
        lambda: samr.hSamrDeleteUser(one.dce, one.user(1005)),
        lambda: samr.hSamrCreateAliasInDomain(one.dce, one.own, "club"),
    )
    for change in changes:
        with pytest.raises(DCERPCException) as refused:
            change()
        assert status_of(refused) == NT.ACCESS_DENIED


@pytest.mark.parametrize(
    ("desired", "admin", "granted"),
    [
        (MAXIMUM_ALLOWED, True, 0xF003F),
        (MAXIMUM_ALLOWED, False, 0x20031),
        (0x80000000, False, 0x20010),
        (0x20000000, False, 0x20021),
        (0x10000000, True, 0xF003F),
        (0x01000000, True, 0x01000000),
        (0, False, 0),
        (0x10, False, 0x10),
    ],
)
def test_access_is_what_was_asked_for(desired: int, admin: bool, granted: int) -> None:
    assert SamServer.rights.granted(desired, admin=admin) == granted


@pytest.mark.parametrize(
    ("desired", "admin"), [(0x10000000, False), (0x8, False), (0x40, True), (0x01000000, False)]
)
def test_access_nobody_is_given(desired: int, admin: bool) -> None:
    with pytest.raises(SMBError) as refused:
        SamServer.rights.granted(desired, admin=admin)
    assert refused.value.status == NT.ACCESS_DENIED


def test_a_handle_is_good_for_what_it_was_opened_for() -> None:
    one = Sam()
    server = samr.hSamrConnect(one.dce, desiredAccess=0x20)["ServerHandle"]
    with pytest.raises(DCERPCException) as refused:
        samr.hSamrEnumerateDomainsInSamServer(one.dce, server)
    assert status_of(refused) == NT.ACCESS_DENIED
    sid = samr.hSamrLookupDomainInSamServer(one.dce, server, "FAKE")["DomainId"]
    domain = samr.hSamrOpenDomain(one.dce, server, OpenDomain.LOOKUP, sid)["DomainHandle"]
    assert samr.hSamrLookupNamesInDomain(one.dce, domain, ("bob",))["ErrorCode"] == 0
    with pytest.raises(DCERPCException) as refused:
        samr.hSamrEnumerateUsersInDomain(one.dce, domain)
    assert status_of(refused) == NT.ACCESS_DENIED


def test_handles_of_another_kind_are_invalid() -> None:
    one = Sam()
    with pytest.raises(DCERPCException) as refused:
        samr.hSamrEnumerateUsersInDomain(one.dce, one.server)
    assert status_of(refused) == NT.INVALID_HANDLE


def test_descriptors() -> None:
    one = Sam()
    request = samr.SamrQuerySecurityObject()
    request["ObjectHandle"] = one.own
    request["SecurityInformation"] = 7
    answer = one.dce.request(request)["SecurityDescriptor"]
    descriptor = SR_SECURITY_DESCRIPTOR(b"".join(answer["SecurityDescriptor"]))
    assert [ace["Ace"]["Mask"]["Mask"] for ace in descriptor["Dacl"].aces] == [0xF07FF, 0x20385]


def test_no_rules_for_passwords() -> None:
    one = Sam()
    assert samr.hSamrGetDomainPasswordInformation(one.dce)["PasswordInformation"]["MinPasswordLength"] == 0
    answer = samr.hSamrGetUserDomainPasswordInformation(one.dce, one.user(500))
    assert answer["PasswordInformation"]["PasswordProperties"] == 0


def test_configured_accounts_take_the_place_of_those_built_in() -> None:
    facts = ServerFacts(
        "FAKE", accounts=(AccountRow("administrator", 500, admin=True), AccountRow("Guest", 501))
    )
    assert [(one.name, one.disabled) for one in local_rows(facts)] == [
        ("administrator", False), ("Guest", False), ("None", False),
    ]  # fmt: skip
    assert [one.control & Control.DISABLED for one in sam.machine(facts).users] == [0, 0]
