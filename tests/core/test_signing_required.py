"""`signing = "required"`: guests and anonymous clients have no key, so nobody is let in who would not sign."""

import contextlib
from pathlib import Path

import msgspec
import pytest

from fakesmb.auth.accounts import Account, Accounts, Guest
from fakesmb.auth.hashes import hmac_md5, nt_hash, ntowf_v2
from fakesmb.auth.signing import Signer
from fakesmb.core.settings import Limits, Settings
from fakesmb.nt.status import NT
from fakesmb.record.events import SignInRefused
from fakesmb.testing import CHALLENGE, GUID, PASSWORD, USER, Client, InMemoryServer
from fakesmb.wire.codec import Body
from fakesmb.wire.files import NtCreateAndxRequest
from fakesmb.wire.header import Flags2
from fakesmb.wire.session import LogoffAndxRequest, SessionSetupExtendedResponse, SessionSetupPlainRequest
from fakesmb.wire.tree import TreeConnectAndxRequest
from tests.auth.ntlm_client import Client as NtlmClient
from tests.auth.test_spnego import NTLM_OID, init, mech_list, resp
from tests.core import extended
from tests.core.conftest import Make

REQUIRED = Settings(challenge=CHALLENGE, guid=GUID, signing="required")


@pytest.fixture
def server(make: Make) -> InMemoryServer:
    known = [Account.with_password(USER, PASSWORD)]
    return make(settings=REQUIRED, accounts=Accounts(known, guest=Guest.READ_WRITE))


def refused(server: InMemoryServer, client: Client) -> None:
    assert client.answer().header.status == NT.ACCESS_DENIED
    assert len(client.connection.sessions) == 0
    last = [event for event in server.sink.events if isinstance(event, SignInRefused)][-1]
    assert last.reason.startswith("signing is required, and ")
    client.send(0x75, TreeConnectAndxRequest(password_length=1, path="\\\\SERVER\\public"))
    assert client.answer().header.status == NT.SMB_BAD_UID


@pytest.mark.parametrize("flags2", [0, Flags2.SIGNATURE, Flags2.SIGNATURE_REQUIRED])
@pytest.mark.parametrize("oem_password", [b"", b"\0", bytes(24)])
@pytest.mark.parametrize("name", ["", "nobody", "guest"])
def test_the_form_of_13_words(server: InMemoryServer, name: str, oem_password: bytes, flags2: int) -> None:
    """Whatever it says of signing: it has no key."""
    client = server.client()
    client.negotiate()
    client.flags2 |= flags2
    client.send(
        0x73,
        SessionSetupPlainRequest(
            account_name=name, oem_password_length=len(oem_password), oem_password=oem_password
        ),
    )
    refused(server, client)


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize(("name", "password"), [("", None), ("nobody", ""), ("nobody", "x")])
def test_extended_security(server: InMemoryServer, name: str, password: str | None, wrapped: bool) -> None:
    client = extended.negotiate(server.client())
    who = NtlmClient(name, password or "", form="anonymous" if password is None else "v2")
    token = who.negotiate()
    client.send(0x73, extended.setup(init(mech_list(NTLM_OID), token) if wrapped else token))
    answer = client.answer()
    client.uid = answer.header.uid
    blob = bytes(answer.body(SessionSetupExtendedResponse).security_blob)
    challenge = blob[blob.index(b"NTLMSSP\0") :]
    token = who.authenticate(challenge)
    client.send(0x73, extended.setup(resp(token) if wrapped else token))
    refused(server, client)


def test_on_a_connection_that_signs(server: InMemoryServer) -> None:
    """The key there is another's."""
    client = server.client().sign_in(signing=True).connect("public")
    client.send(0x73, SessionSetupPlainRequest(account_name="nobody"))
    assert client.answer().header.status == NT.ACCESS_DENIED
    assert client.create("a.txt")


def test_who_has_a_password_is_let_in(server: InMemoryServer) -> None:
    assert server.client().sign_in(signing=True).connect("public").create("a.txt")


def test_a_name_without_account_counts(make: Make, server: InMemoryServer) -> None:
    """Else names could be tried for nothing: those that have an account are a wrong password."""
    limits = Limits(wrong_passwords=1)
    server = make(settings=msgspec.structs.replace(REQUIRED, limits=limits), accounts=server.server.accounts)
    client = server.client()
    client.negotiate()
    for _ in range(2):
        client.send(0x73, SessionSetupPlainRequest(account_name="nobody"))
    assert [one.header.status for one in client.answers()] == [NT.ACCESS_DENIED]
    assert "1 wrong passwords" in server.problems[0].text
    server.sink.events.clear()
    server.clock.advance(1)
    assert client.answer().header.status == NT.ACCESS_DENIED
    server.sink.events.clear()


def test_what_follows_the_session_setup_in_its_message(
    server: InMemoryServer, folders: dict[str, Path]
) -> None:
    """It has no signature yet, so anybody between may have added to it; Windows NT connects a tree so."""
    connect = TreeConnectAndxRequest(password_length=1, password=b"\0", path="\\\\SERVER\\public")
    create = NtCreateAndxRequest(desired_access=3, create_disposition=2, share_access=7, file_name="added")
    client = chained(server, (0x75, connect), (0xA2, create))
    answer = client.answers()[-1]
    assert answer.header.status == NT.ACCESS_DENIED
    assert answer.header.tid in client.connection.trees.entries
    client.uid, client.tid = answer.header.uid, answer.header.tid
    assert not (folders["public"] / "added").exists()
    assert client.create("a.txt")
    for code, body in ((0x74, LogoffAndxRequest()), (0x73, SessionSetupPlainRequest(account_name="x"))):
        client = chained(server, (code, body))
        assert client.answers()[-1].header.status == NT.ACCESS_DENIED
        assert len(client.connection.sessions) == 1


def chained(server: InMemoryServer, *more: tuple[int, Body]) -> Client:
    """A client whose first sign-in, signing asked for, has more in its chain; its answer is still to be read."""
    client = server.client()
    client.negotiate()
    sent: list[tuple[int, Body]] = []

    def send(command: int, body: Body) -> int:
        sent.append((command, body))
        raise StopIteration

    client.send = send  # type: ignore[method-assign, assignment]
    with contextlib.suppress(StopIteration):
        client.sign_in(signing=True)
    del client.send
    ((_, setup),) = sent
    assert isinstance(setup, SessionSetupPlainRequest)
    client.uid = 0
    client.send(0x73, setup, *more)
    proof = setup.unicode_password
    key = ntowf_v2(nt_hash(PASSWORD), USER, "WORKGROUP")
    client.key = hmac_md5(key, proof[:16]) + proof
    client.signer, client.sequence = Signer(client.key), 2
    client._numbers[client.mid] = 1
    return client
