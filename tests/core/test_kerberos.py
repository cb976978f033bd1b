"""Session setups by Kerberos: what the record has of them, and what signs afterwards. Tickets are made here."""

import struct
from pathlib import Path
from typing import Any

import pytest

from fakesmb.auth.accounts import Account, Accounts
from fakesmb.auth.kerberos import Kerberos
from fakesmb.auth.signing import Signer
from fakesmb.core.settings import Limits, Settings, Timing
from fakesmb.core.views import caller_of
from fakesmb.nt.status import NT
from fakesmb.record.describe import happening, tagged
from fakesmb.record.events import Message, Problem, SignedIn, SignInRefused
from fakesmb.testing import CHALLENGE, GUID, PASSWORD, USER, Client, InMemoryServer
from fakesmb.trace.sentences import sentence
from fakesmb.wire.header import Flags2
from fakesmb.wire.negotiate import NegotiateExtendedResponse, NegotiateRequest
from fakesmb.wire.session import SessionSetupExtendedResponse
from fakesmb.wire.spnego import NegTokenResp, open_token
from fakesmb.wire.tree import TreeConnectAndxRequest
from tests.auth.tickets import (
    AES128,
    AES256,
    KERBEROS,
    MICROSOFTS,
    NTLMSSP,
    RC4,
    SERVICE,
    Ticket,
    client_mic,
    init,
    kerberos_of,
    new_key,
    server_key,
    service_key,
)
from tests.core import extended
from tests.core.conftest import Make

KEY = new_key()
MECHANISMS = (MICROSOFTS, KERBEROS, NTLMSSP)


@pytest.fixture
def kerberos() -> Kerberos:
    return kerberos_of(service_key(KEY))


@pytest.fixture
def server(make: Make, kerberos: Kerberos) -> InMemoryServer:
    return make(kerberos=kerberos)


def ticket(server: InMemoryServer, key: Any = KEY, **more: Any) -> Ticket:
    return Ticket(key, server.server.world.now(), **more)


def sign_in(client: Client, blob: bytes, status: int = 0) -> bytes:
    """One session setup with that token; gives the answer's."""
    client.send(0x73, extended.setup(blob))
    answer = client.answer()
    assert answer.header.status == status
    client.uid = answer.header.uid
    if status not in (0, NT.MORE_PROCESSING_REQUIRED):
        return b""
    return bytes(answer.body(SessionSetupExtendedResponse).security_blob)


def told(server: InMemoryServer, kind: type) -> list[str]:
    return [happening(event) for event in server.sink.events if isinstance(event, kind)]  # type: ignore[arg-type]


def test_the_negotiation_offers_it_only_with_a_keytab(make: Make, kerberos: Kerberos) -> None:
    for given in (kerberos, None):
        client = make(kerberos=given).client()
        client.flags2 |= Flags2.EXTENDED_SECURITY
        client.send(0x72, NegotiateRequest(("NT LM 0.12",)))
        blob = bytes(client.answer().body(NegotiateExtendedResponse).security_blob)
        assert (bytes.fromhex(KERBEROS) in blob) == (bytes.fromhex(MICROSOFTS) in blob) == (given is not None)
        assert bytes.fromhex(NTLMSSP) in blob


def test_one_round_and_the_client_is_who_the_ticket_says(server: InMemoryServer) -> None:
    client = extended.negotiate(server.client())
    sign_in(client, init(MECHANISMS, ticket(server).token()))
    client.connect("public")
    assert client.create("new.txt", disposition=2)
    assert told(server, SignedIn) == ["connection 1: LAB.EXAMPLE\\alice signed in with Kerberos"]
    assert server.server.counters.sessions == 1


def test_passwords_go_on_working_beside_it(server: InMemoryServer) -> None:
    client = extended.negotiate(server.client())
    answer = extended.sign_in(client, USER, PASSWORD)
    assert answer is not None
    assert answer.header.status == 0
    server.client().sign_in().connect("public")


@pytest.mark.parametrize("enctype", [AES128, AES256, RC4])
@pytest.mark.parametrize("subkey", [False, True])
@pytest.mark.parametrize("mutual", [False, True])
def test_the_whole_key_signs(make: Make, enctype: int, subkey: bool, mutual: bool) -> None:
    """With 32 bytes, too, as Samba and Linux have it; in calls over pipes it is the first 16."""
    key = new_key(enctype)
    settings = Settings(challenge=CHALLENGE, guid=GUID, signing="required")
    server = make(kerberos=kerberos_of(service_key(key)), settings=settings)
    client = extended.negotiate(server.client())
    client.flags2 |= Flags2.SIGNATURE
    one = ticket(server, key, session_key=new_key(enctype))
    chosen = new_key(enctype) if subkey else None
    token = one.token(subkey=chosen, flags=2 if mutual else 0, options=0)
    client.send(0x73, extended.setup(init(MECHANISMS, token)))
    frame = bytes(client.frames()[0])
    signing = (chosen or one.session_key).contents
    if mutual and enctype != RC4:
        signing = bytes(one.read_ap_rep(frame[frame.index(b"\x60\x81", 60) :])["subkey"]["keyvalue"])
    assert len(signing) == (32 if enctype == AES256 else 16)
    assert Signer(signing).verify(frame, 1)
    client.uid = struct.unpack_from("<H", frame, 28)[0]
    client.signer, client.sequence = Signer(signing), 2
    client.connect("public")
    fid = client.create("new.txt", disposition=2)
    client.write(fid, b"signed")
    assert client.read(fid) == b"signed"
    (session,) = client.connection.sessions
    assert caller_of(session).session_key == signing[:16]


class TestRefused:
    @pytest.mark.parametrize(
        ("more", "why"),
        [
            ({"key": new_key()}, "that the keytab's key does not open"),
            ({"ends": -3600}, "the ticket of alice@LAB.EXAMPLE expired 60 min ago"),
            ({"service": ("http", "www")}, "which is not the service of a file server"),
            ({"service": ("cifs", "other"), "key": new_key()}, "and the keytab has keys of cifs/files.lab"),
        ],
    )
    def test_it_is_in_the_record_with_a_sentence(
        self, server: InMemoryServer, more: dict[str, Any], why: str
    ) -> None:
        client = extended.negotiate(server.client())
        sign_in(client, init(MECHANISMS, ticket(server, **more).token()), NT.LOGON_FAILURE)
        (line,) = told(server, SignInRefused)
        assert why in line
        assert server.server.counters.refused_sessions == 1
        assert len(client.connection.sessions) == 0
        assert len(server.server.attempts) == 0  # no password was guessed

    def test_a_replay(self, server: InMemoryServer) -> None:
        blob = init(MECHANISMS, ticket(server).token())
        sign_in(extended.negotiate(server.client()), blob)
        sign_in(extended.negotiate(server.client()), blob, NT.LOGON_FAILURE)
        (line,) = told(server, SignInRefused)
        assert "LAB.EXAMPLE\\alice" in line
        assert "it was sent before" in line

    def test_a_token_that_ends_too_early(self, server: InMemoryServer) -> None:
        token = ticket(server).token()
        for end in (1, 20, len(token) - 1):
            sign_in(extended.negotiate(server.client()), init(MECHANISMS, token[:end]), NT.INVALID_PARAMETER)
        assert server.server.counters.refused_sessions == 3

    def test_a_clock_that_differs_is_told_and_may_be_mended(self, server: InMemoryServer) -> None:
        client, one = extended.negotiate(server.client()), ticket(server)
        blob = sign_in(client, init(MECHANISMS, one.token(late=1000)), NT.MORE_PROCESSING_REQUIRED)
        assert b"\x03\x00\x7e" in blob
        (line,) = told(server, SignInRefused)
        assert "the clock of alice@LAB.EXAMPLE is 17 min behind this server's (5 min may be)" in line
        blob = sign_in(client, NegTokenResp(token=one.token()).encode(), NT.MORE_PROCESSING_REQUIRED)
        mic = client_mic(*server_key(one, NegTokenResp.decode(open_token(blob)[1]).token), MECHANISMS)
        assert told(server, SignedIn) == []
        sign_in(client, NegTokenResp(mic=mic).encode())
        assert len(told(server, SignedIn)) == server.server.counters.refused_sessions == 1
        client.connect("public")

    def test_a_clock_that_still_differs(self, server: InMemoryServer) -> None:
        client, one = extended.negotiate(server.client()), ticket(server)
        sign_in(client, init(MECHANISMS, one.token(late=1000)), NT.MORE_PROCESSING_REQUIRED)
        again = NegTokenResp(token=one.token(late=1000)).encode()
        sign_in(client, again, NT.TIME_DIFFERENCE_AT_DC)
        assert len(client.connection.sessions) == 0

    def test_it_is_the_servers_clock(self, make: Make, kerberos: Kerberos) -> None:
        """Told or not: who tests clocks moves the server's."""
        server = make(kerberos=kerberos)
        client, one = extended.negotiate(server.client()), Ticket(KEY, server.server.world.now() - 7200)
        sign_in(client, init(MECHANISMS, one.token()), NT.MORE_PROCESSING_REQUIRED)

    def test_an_address_that_is_locked_out_stays_so(self, make: Make, kerberos: Kerberos) -> None:
        limits = Limits(lock_out_after=1)
        settings = Settings(challenge=CHALLENGE, guid=GUID, limits=limits, timing=Timing(lock_out=60))
        server = make(kerberos=kerberos, settings=settings)
        extended.sign_in(extended.negotiate(server.client()), USER, "wrong")
        blob = init(MECHANISMS, ticket(server).token())
        sign_in(extended.negotiate(server.client()), blob, NT.ACCOUNT_LOCKED_OUT)
        assert "locked out for 60 s" in server.problems[0].text
        server.sink.events = [event for event in server.sink.events if not isinstance(event, Problem)]


class TestShares:
    @pytest.fixture
    def connects(self, make: Make, folders: dict[str, Path], kerberos: Kerberos) -> Any:
        accounts = Accounts([Account.with_password("boss", "x", admin=True)])
        server = make(kerberos=kerberos, accounts=accounts)
        server.server.shares["PUBLIC"].users = frozenset({"ALICE", "BOB@OTHER.EXAMPLE"})

        def status(name: str, realm: str = "LAB.EXAMPLE") -> int:
            client = extended.negotiate(server.client())
            sign_in(client, init(MECHANISMS, ticket(server, client=(name,), realm=realm).token()))
            client.send(0x75, TreeConnectAndxRequest(password_length=1, path="\\\\SERVER\\public"))
            return client.answer().header.status

        return status

    def test_a_share_admits_principals_by_their_names(self, connects: Any) -> None:
        assert connects("alice") == connects("ALICE") == 0
        assert connects("bob", "OTHER.EXAMPLE") == 0
        assert connects("boss") == 0

    def test_and_no_others(self, connects: Any) -> None:
        for name, realm in (("alice", "OTHER.EXAMPLE"), ("bob", "LAB.EXAMPLE"), ("boss", "OTHER.EXAMPLE")):
            assert connects(name, realm) == NT.ACCESS_DENIED


def test_a_reset_forgets_what_was_replayed(server: InMemoryServer) -> None:
    blob = init(MECHANISMS, ticket(server, service=SERVICE).token())
    sign_in(extended.negotiate(server.client()), blob)
    assert server.server.kerberos is not None
    assert len(server.server.kerberos.replays) == 1


def test_the_text_log_names_the_service_and_no_secret(server: InMemoryServer) -> None:
    client, one = extended.negotiate(server.client()), ticket(server)
    sign_in(client, init(MECHANISMS, one.token(late=1000)), NT.MORE_PROCESSING_REQUIRED)
    sign_in(extended.negotiate(server.client()), init(MECHANISMS, one.token()))
    lines = [tagged(event) for event in server.sink.events if isinstance(event, Message)]
    service = "Service: cifs/files.lab.example@LAB.EXAMPLE"
    assert [line for line in lines if "Kerberos" in line] == [
        f"Kerberos:AP-REQ, {service} (C; Session Setup Andx)",
        "Kerberos:KRB-ERROR, KRB_AP_ERR_SKEW (R; Session Setup Andx - NT Status: System - Error, "
        "Code = (22) STATUS_MORE_PROCESSING_REQUIRED)",
        f"Kerberos:AP-REQ, {service} (C; Session Setup Andx)",
        "Kerberos:AP-REP (R; Session Setup Andx)",
    ]
    said = [sentence(event) for event in server.sink.events if isinstance(event, Message)]
    assert "The client brings a ticket of Kerberos for cifs/files.lab.example@LAB.EXAMPLE" in said[2]
    assert said[3] == "The server does not take the ticket, KRB_AP_ERR_SKEW, and the client may try again."
    assert "it could open the ticket, and lets alice in: UID 0x" in said[-1]
