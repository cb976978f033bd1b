"""Security descriptors over the protocol: NT_TRANSACT_QUERY_SECURITY_DESC, SET_SECURITY_DESC and CREATE."""

import os
from pathlib import Path
from typing import Final

import pytest

from fakesmb.auth.accounts import Account, Accounts, Identity
from fakesmb.core.identities import account_rows, machine_sid, rid_of, token_of
from fakesmb.nt.descriptor import (
    Ace,
    AceType,
    Control,
    Descriptor,
    SecurityInformation,
    WellKnown,
    acl_of,
    allow,
    descriptor_bytes,
    read_descriptor,
)
from fakesmb.nt.files import Access, Disposition
from fakesmb.nt.status import NT
from fakesmb.testing import Client, InMemoryServer
from fakesmb.wire.nt_trans import (
    LengthNeededResponse,
    NtCreateRequest,
    NtCreateResponse,
    NtTransact,
    SecurityDescRequest,
)
from fakesmb.wire.trans import NtTransactRequest, NtTransactResponse
from tests.core.conftest import Make
from tests.refusals import Refuses

OWNER, DACL = SecurityInformation.OWNER, SecurityInformation.DACL
PRESENT: Final = Control.SELF_RELATIVE | Control.DACL_PRESENT
MACHINE: Final = machine_sid("FAKESMB")
BOB: Final = f"{MACHINE}-{rid_of('bob')}"


@pytest.fixture
def server(make: Make, folders: dict[str, Path]) -> InMemoryServer:
    """A server with an administrator, alice, and a user, bob."""
    try:
        os.setxattr(folders["public"], "user.probe", b"1")
    except OSError:
        pytest.skip("no extended attributes here")
    users = [
        Account.with_password("alice", "Secret123", admin=True),
        Account.with_password("bob", "Secret123"),
    ]
    return make(accounts=Accounts(users))


@pytest.fixture
def alice(server: InMemoryServer) -> Client:
    return server.client().sign_in("alice").connect("public")


@pytest.fixture
def bob(server: InMemoryServer) -> Client:
    return server.client("127.0.0.1:50001").sign_in("bob").connect("public")


def transact(
    client: Client, function: int, parameters: bytes, data: bytes = b"", room: int = 16384
) -> NtTransactResponse:
    request = NtTransactRequest(
        function=function, parameters=parameters, data=data, max_parameter_count=128, max_data_count=room
    )
    return client.call(0xA0, request, NtTransactResponse)


def query(client: Client, fid: int, parts: int) -> Descriptor:
    asked = SecurityDescRequest(fid, 0, parts).encode()
    answer = transact(client, NtTransact.QUERY_SECURITY_DESC, asked)
    assert LengthNeededResponse.decode(answer.parameters).length_needed == len(answer.data)
    return read_descriptor(answer.data)


def change(client: Client, fid: int, parts: int, descriptor: Descriptor) -> None:
    asked = SecurityDescRequest(fid, 0, parts).encode()
    transact(client, NtTransact.SET_SECURITY_DESC, asked, descriptor_bytes(descriptor))


def only(*aces: Ace, owner: str | None = None) -> Descriptor:
    return Descriptor(owner, None, acl_of(aces), None, PRESENT)


class TestTransact:
    """The three functions."""

    def test_what_is_set_is_what_is_told(self, alice: Client) -> None:
        fid = alice.create("a.txt", access=Access.FILE_ALL)
        assert query(alice, fid, OWNER).owner == WellKnown.ADMINISTRATORS
        given = only(allow(BOB, Access.FILE_READ), Ace(AceType.DENIED, 0, Access.DELETE, WellKnown.EVERYONE))
        change(alice, fid, DACL, given)
        assert query(alice, fid, DACL) == given

    def test_too_little_room_tells_how_much_it_takes(self, alice: Client) -> None:
        fid = alice.create("a.txt", access=Access.FILE_ALL)
        asked = SecurityDescRequest(fid, 0, OWNER).encode()
        request = NtTransactRequest(
            function=NtTransact.QUERY_SECURITY_DESC,
            parameters=asked,
            max_parameter_count=4,
            max_data_count=35,
        )
        alice.send(0xA0, request)
        answer = alice.answer()
        assert answer.header.status == NT.BUFFER_TOO_SMALL
        body = answer.body(NtTransactResponse)
        assert LengthNeededResponse.decode(body.parameters) == LengthNeededResponse(36)
        assert not len(body.data)

    def test_the_open_must_have_been_for_it(self, alice: Client, refuses: Refuses) -> None:
        fid = alice.create("a.txt", access=Access.READ_DATA)
        with refuses(NT.ACCESS_DENIED):
            query(alice, fid, OWNER)
        with refuses(NT.ACCESS_DENIED):
            change(alice, fid, DACL, only())

    def test_nonsense_is_refused(self, alice: Client, refuses: Refuses) -> None:
        fid = alice.create("a.txt", access=Access.FILE_ALL)
        asked = SecurityDescRequest(fid, 0, DACL).encode()
        with refuses(NT.INVALID_SMB):
            transact(alice, NtTransact.SET_SECURITY_DESC, asked, b"\x01" * 30)

    def test_a_read_only_share_keeps_its_descriptors(self, server: InMemoryServer, refuses: Refuses) -> None:
        client = server.client("127.0.0.1:50002").sign_in("alice").connect("docs")
        fid = client.create("manual.txt", access=Access.READ_CONTROL)
        assert query(client, fid, OWNER).owner == WellKnown.ADMINISTRATORS
        with refuses(NT.ACCESS_DENIED):
            change(client, fid, DACL, only())

    def test_created_with_one(self, alice: Client, bob: Client, refuses: Refuses) -> None:
        raw = descriptor_bytes(only(allow(WellKnown.ADMINISTRATORS, Access.GENERIC_ALL)))
        name = "new.txt"
        asked = NtCreateRequest(
            desired_access=Access.FILE_ALL,
            share_access=7,
            create_disposition=Disposition.CREATE,
            security_descriptor_length=len(raw),
            name_length=len(name) * 2,
            file_name=name,
        )
        answer = transact(alice, NtTransact.CREATE, asked.encode(unicode=True), raw)
        fid = NtCreateResponse.decode(answer.parameters).fid
        assert query(alice, fid, DACL) == only(allow(WellKnown.ADMINISTRATORS, Access.FILE_ALL))
        with refuses(NT.ACCESS_DENIED):
            bob.create(name, access=Access.READ_DATA)

    def test_a_user_of_another_session_has_that_users_rights(
        self, alice: Client, server: InMemoryServer, refuses: Refuses
    ) -> None:
        """A tree belongs to its connection: who uses it is who the UID says, not who connected it."""
        fid = alice.create("a.txt", access=Access.FILE_ALL)
        change(alice, fid, DACL, only(allow(WellKnown.ADMINISTRATORS, Access.FILE_ALL)))
        alice.close(fid)
        uid = alice.uid
        alice.sign_in("bob", vc_number=1)
        with refuses(NT.ACCESS_DENIED):
            alice.create("a.txt", access=Access.READ_DATA)
        alice.uid = uid
        alice.create("a.txt", access=Access.READ_DATA)


class TestIdentities:
    """SIDs are the same on every start."""

    def test_from_names(self) -> None:
        assert machine_sid("Fakesmb") == machine_sid("FAKESMB") != machine_sid("OTHER")
        assert machine_sid("FAKESMB") == "S-1-5-21-195960531-3449960363-3368700254"
        assert rid_of("Bob") == rid_of("bob") != rid_of("eve")
        assert (rid_of("Administrator"), rid_of("guest")) == (500, 501)

    def test_of_whom_there_is(self) -> None:
        accounts = [
            Account(name, bytes(16), admin=name == "eve") for name in ("eve", "administrator", "none")
        ]
        rows = account_rows(accounts, guest=True)
        assert [(row.name, row.rid, row.admin) for row in rows] == [
            ("eve", rid_of("eve"), True), ("administrator", 500, False), ("Guest", 501, False),
        ]  # fmt: skip
        assert account_rows([]) == ()

    def test_tokens(self) -> None:
        user = token_of("M", Identity("bob"))
        assert user.user == f"M-{rid_of('bob')}"
        assert user.has(WellKnown.AUTHENTICATED_USERS)
        assert not user.has(WellKnown.ADMINISTRATORS)
        admin = token_of("M", Identity("alice", admin=True))
        assert admin.has(WellKnown.ADMINISTRATORS)
        assert admin.owner == WellKnown.ADMINISTRATORS
        guest = token_of("M", Identity("whoever", kind="guest"))
        assert guest.user == "M-501"
        assert not guest.has(WellKnown.AUTHENTICATED_USERS)
        assert token_of("M", Identity("", kind="anonymous")).user == WellKnown.ANONYMOUS

    def test_rpc_tells_the_same(self, server: InMemoryServer) -> None:
        facts = server.server.view.facts
        assert facts.machine_sid == MACHINE
        assert {row.name: row.rid for row in facts.accounts} == {
            "alice": rid_of("alice"),
            "bob": rid_of("bob"),
        }
