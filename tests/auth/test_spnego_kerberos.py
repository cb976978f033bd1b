"""SPNEGO where Kerberos is served, too: which mechanism is chosen, and when both sides sign the list ([RFC 4178] 5)."""

import pytest

from fakesmb.auth.accounts import Account, Accounts
from fakesmb.auth.kerberos import Kerberos, KerberosAcceptor
from fakesmb.auth.ntlmssp import NtlmAcceptor, TargetNames
from fakesmb.auth.spnego import SpnegoAcceptor
from fakesmb.nt.status import NT, SMBError
from fakesmb.wire.der import context
from fakesmb.wire.kerberos import AP_REP, Flag
from fakesmb.wire.kerberos import open_token as open_kerberos
from fakesmb.wire.spnego import (
    ACCEPT_COMPLETED,
    ACCEPT_INCOMPLETE,
    REQUEST_MIC,
    NegTokenResp,
    initial_token,
    open_token,
)
from fakesmb.world import World
from tests.auth.ntlm_client import Client
from tests.auth.tickets import (
    DES3,
    KERBEROS,
    MICROSOFTS,
    NEGOEX,
    NTLMSSP,
    RC4,
    Ticket,
    client_mic,
    init,
    kerberos_of,
    mech_list,
    new_key,
    server_key,
    server_mic,
    service_key,
)

NOW = 1_700_000_000.0
KEY = new_key()
WINDOWS_7 = (MICROSOFTS, KERBEROS, NEGOEX, NTLMSSP)


def acceptor(kerberos: Kerberos | None = None) -> SpnegoAcceptor:
    accounts = Accounts([Account.with_password("alice", "Secret123")])
    ntlm = NtlmAcceptor(accounts, TargetNames("SERVER"), bytes(8), World())
    return SpnegoAcceptor(
        ntlm, KerberosAcceptor(kerberos or kerberos_of(service_key(KEY)), accounts, lambda: NOW)
    )


def answer(blob: bytes) -> NegTokenResp:
    tag, body = open_token(blob)
    assert tag == context(1)
    return NegTokenResp.decode(body)


def resp(token: bytes = b"", mic: bytes = b"") -> bytes:
    return NegTokenResp(None, b"", token, mic).encode()


def test_the_negotiation_offers_kerberos_before_ntlmssp() -> None:
    assert mech_list((MICROSOFTS, KERBEROS, NTLMSSP)) in initial_token(kerberos=True)
    assert mech_list((NTLMSSP,)) in initial_token()


@pytest.mark.parametrize(
    "mechanisms", [WINDOWS_7, (KERBEROS, NTLMSSP), (MICROSOFTS, NTLMSSP), (KERBEROS,), (KERBEROS, MICROSOFTS)]
)
def test_a_ticket_for_the_first_mechanism_is_answered_at_once(mechanisms: tuple[str, ...]) -> None:
    """Under the name that the client has for it; nobody signs a list of which the first was taken."""
    one, ticket = acceptor(), Ticket(KEY, NOW)
    blob, identity = one.step(init(mechanisms, ticket.token()))
    assert identity is not None
    assert identity.user == "alice"
    told = answer(blob)
    assert (told.state, told.mech.hex(), told.mic) == (ACCEPT_COMPLETED, mechanisms[0], b"")
    assert open_kerberos(told.token)[0] == AP_REP
    assert not one.by_password


def test_without_mutual_authentication_the_answer_has_no_token() -> None:
    blob, identity = acceptor().step(init((KERBEROS,), Ticket(KEY, NOW).token(flags=0, options=0)))
    assert identity is not None
    assert (answer(blob).state, answer(blob).token) == (ACCEPT_COMPLETED, b"")


def test_ntlmssp_first_is_ntlmssp() -> None:
    one, client = acceptor(), Client("alice", "Secret123")
    blob, _ = one.step(init((NTLMSSP, KERBEROS), client.negotiate()))
    assert answer(blob).mech.hex() == NTLMSSP
    assert one.by_password
    _, identity = one.step(resp(client.authenticate(answer(blob).token)))
    assert identity is not None
    assert identity.protection == "NTLMv2"


def test_kerberos_without_a_token_is_asked_for_one() -> None:
    one = acceptor()
    blob, identity = one.step(init((KERBEROS, NTLMSSP)))
    assert identity is None
    assert (answer(blob).state, answer(blob).mech.hex()) == (ACCEPT_INCOMPLETE, KERBEROS)
    ticket = Ticket(KEY, NOW)
    blob, _ = one.step(resp(ticket.token()))
    assert (answer(blob).state, answer(blob).mech) == (ACCEPT_INCOMPLETE, b"")
    mic = client_mic(*server_key(ticket, answer(blob).token), (KERBEROS, NTLMSSP))
    blob, identity = one.step(resp(mic=mic))
    assert identity is not None
    assert answer(blob).state == ACCEPT_COMPLETED


class TestAnotherMechanismFirst:
    """The token is for one that is not served: the server names Kerberos, and both sign the list."""

    MECHANISMS = (NEGOEX, KERBEROS, NTLMSSP)

    def begun(self, one: SpnegoAcceptor) -> None:
        blob, identity = one.step(init(self.MECHANISMS, b"NEGOEXTS and more"))
        assert identity is None
        assert (answer(blob).state, answer(blob).mech.hex()) == (REQUEST_MIC, KERBEROS)
        assert answer(blob).token == b""

    def test_after_mutual_authentication(self) -> None:
        one, ticket = acceptor(), Ticket(KEY, NOW)
        self.begun(one)
        blob, identity = one.step(resp(ticket.token()))
        assert identity is None
        assert answer(blob).state == ACCEPT_INCOMPLETE
        key, number = server_key(ticket, answer(blob).token)
        blob, identity = one.step(resp(mic=client_mic(key, number, self.MECHANISMS)))
        assert identity is not None
        assert identity.user == "alice"
        assert answer(blob).state == ACCEPT_COMPLETED
        assert answer(blob).mic == server_mic(key, number, self.MECHANISMS)

    def test_with_the_ticket_where_there_is_no_mutual_authentication(self) -> None:
        one, ticket, key = acceptor(), Ticket(KEY, NOW), new_key()
        self.begun(one)
        token = ticket.token(subkey=key, flags=Flag.INTEG, options=0)
        blob, identity = one.step(resp(token, client_mic(key, 7, self.MECHANISMS, flags=0)))
        assert identity is not None
        assert answer(blob).mic == server_mic(key, 7, self.MECHANISMS, flags=0)

    @pytest.mark.parametrize("spoilt", ["number", "list", "none"])
    def test_a_wrong_one_or_none_ends_the_sign_in(self, spoilt: str) -> None:
        one, ticket = acceptor(), Ticket(KEY, NOW)
        self.begun(one)
        blob, _ = one.step(resp(ticket.token()))
        key, number = server_key(ticket, answer(blob).token)
        mechanisms = (KERBEROS, NTLMSSP) if spoilt == "list" else self.MECHANISMS
        mic = (
            client_mic(key, number, mechanisms, own=8 if spoilt == "number" else 7)
            if spoilt != "none"
            else b""
        )
        with pytest.raises(SMBError, match="mechListMIC") as error:
            one.step(resp(mic=mic))
        assert error.value.status == NT.INVALID_PARAMETER
        assert one.claim is not None

    def test_keys_that_sign_nothing_here_are_not_asked_to(self) -> None:
        one, ticket = acceptor(), Ticket(KEY, NOW, session_key=new_key(DES3))
        self.begun(one)
        assert one.step(resp(ticket.token()))[1] is not None

    def test_rc4_signs_as_rfc_4757_has_it(self) -> None:
        """Impacket's client makes it: it pads the list to four bytes, so this one has as many."""
        from impacket.krb5 import gssapi

        mechanisms = (NEGOEX, KERBEROS, MICROSOFTS)
        one, ticket = acceptor(), Ticket(KEY, NOW, session_key=new_key(RC4))
        one.step(init(mechanisms, b"NEGOEXTS"))
        assert one.step(resp(ticket.token()))[1] is None
        listed = mech_list(mechanisms)
        assert len(listed) % 4 == 0
        mic = gssapi.GSSAPI_RC4().GSS_GetMIC(ticket.session_key, listed, 7)
        assert one.step(resp(mic=bytes(mic)))[1] is not None


class TestBare:
    def test_a_token_of_kerberos_without_spnego_is_answered_without_it(self) -> None:
        blob, identity = acceptor().step(Ticket(KEY, NOW).token())
        assert identity is not None
        assert open_kerberos(blob)[0] == AP_REP

    def test_it_is_unreadable_where_kerberos_is_not_served(self) -> None:
        ntlm = NtlmAcceptor(Accounts(), TargetNames("SERVER"), bytes(8), World())
        with pytest.raises(SMBError, match="another mechanism than SPNEGO"):
            SpnegoAcceptor(ntlm).step(Ticket(KEY, NOW).token())


def test_what_is_offered_and_not_served_is_told() -> None:
    with pytest.raises(SMBError, match="offers NEGOEX, and not NTLMSSP or Kerberos"):
        acceptor().step(init((NEGOEX,)))
    with pytest.raises(SMBError, match="the first mechanism is Microsoft's Kerberos, and the token is none"):
        acceptor().step(init(WINDOWS_7, b"something else"))


def test_a_clock_that_differs_is_told_inside_spnego_and_may_be_mended() -> None:
    one, ticket = acceptor(), Ticket(KEY, NOW)
    blob, identity = one.step(init(WINDOWS_7, ticket.token(late=3600)))
    assert identity is None
    assert answer(blob).state == ACCEPT_INCOMPLETE
    assert one.amiss is not None
    blob, _ = one.step(resp(ticket.token()))
    assert one.amiss is None
    assert one.step(resp(mic=client_mic(*server_key(ticket, answer(blob).token), WINDOWS_7)))[1] is not None


def test_who_signs_by_rc4_is_answered_as_windows_does_with_no_signature() -> None:
    """XP knows none of [RFC 4178]'s, also where it had to correct its clock."""
    one, ticket = acceptor(), Ticket(KEY, NOW, session_key=new_key(RC4))
    one.step(init(WINDOWS_7, ticket.token(late=3600)))
    blob, identity = one.step(resp(ticket.token()))
    assert identity is not None
    assert (answer(blob).state, answer(blob).mic) == (ACCEPT_COMPLETED, b"")
