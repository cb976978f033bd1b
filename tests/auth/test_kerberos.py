"""Sign-in by Kerberos, with tickets that are made here: no KDC, no clock but the test's."""

import os
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from impacket.krb5 import crypto

from fakesmb.auth.accounts import Account, Accounts, Guest, Identity
from fakesmb.auth.gss import KerberosSecurity
from fakesmb.auth.kerberos import Kerberos, KerberosAcceptor
from fakesmb.auth.krb5 import SKEW
from fakesmb.nt.status import NT, SMBError
from fakesmb.wire.kerberos import AP_REP, KRB_ERROR, Flag, GssChecksum, open_token, token
from tests.auth.tickets import (
    AES128,
    AES256,
    DES3,
    RC4,
    REALM,
    Ticket,
    kerberos_of,
    new_key,
    pac_of,
    service_key,
)

NOW = 1_700_000_000.25
KEY = new_key(AES256)


def acceptor(
    kerberos: Kerberos | None = None, accounts: Accounts | None = None, now: float = NOW
) -> KerberosAcceptor:
    return KerberosAcceptor(
        kerberos or kerberos_of(service_key(KEY)), Accounts() if accounts is None else accounts, lambda: now
    )


def identity_of(blob: bytes, **more: Any) -> Identity:
    identity = acceptor(**more).step(blob)[1]
    assert identity is not None
    return identity


def refused(blob: bytes, one: KerberosAcceptor | None = None) -> SMBError:
    with pytest.raises(SMBError) as error:
        (one or acceptor()).step(blob)
    return error.value


class TestWhoItIs:
    def test_a_principal_of_the_servers_realm_is_admitted_as_its_name(self) -> None:
        identity = identity_of(Ticket(KEY, NOW).token())
        assert (identity.user, identity.domain, identity.kind) == ("alice", REALM, "user")
        assert (identity.protection, identity.admin, identity.workstation) == ("Kerberos", False, "")

    def test_an_account_of_that_name_gives_its_spelling_and_its_rights(self) -> None:
        accounts = Accounts([Account.with_password("Alice", "x", admin=True)])
        identity = identity_of(Ticket(KEY, NOW).token(), accounts=accounts)
        assert (identity.user, identity.admin) == ("Alice", True)

    @pytest.mark.parametrize(
        ("client", "realm", "name"),
        [
            (("alice",), "OTHER.EXAMPLE", "alice@OTHER.EXAMPLE"),
            (("alice", "admin"), REALM, "alice/admin@LAB.EXAMPLE"),
            (("alice@lab.example",), REALM, "alice\\@lab.example"),
            (("alice/x",), REALM, "alice\\/x"),
            (("FILES$",), REALM, "FILES$"),
        ],
    )
    def test_what_another_realm_or_a_longer_principal_calls_alice_is_not_alice(
        self, client: tuple[str, ...], realm: str, name: str
    ) -> None:
        accounts = Accounts([Account.with_password("alice", "x", admin=True)])
        identity = identity_of(Ticket(KEY, NOW, client=client, realm=realm).token(), accounts=accounts)
        assert (identity.user, identity.admin) == (name, False)

    def test_where_everybody_is_a_guest_so_is_who_has_a_ticket(self) -> None:
        accounts = Accounts(guest=Guest.READ_ONLY, guest_only=True)
        identity = identity_of(Ticket(KEY, NOW).token(), accounts=accounts)
        assert (identity.kind, identity.read_only, identity.session_key) == ("guest", True, b"")

    @pytest.mark.parametrize(
        ("client", "realm"), [(("WELLKNOWN", "ANONYMOUS"), REALM), (("x",), "WELLKNOWN:ANONYMOUS")]
    )
    def test_anonymous_tickets_are_nobodys(self, client: tuple[str, ...], realm: str) -> None:
        error = refused(Ticket(KEY, NOW, client=client, realm=realm).token())
        assert error.status == NT.LOGON_FAILURE
        assert "nobody in particular" in error.why


class TestKeys:
    @pytest.mark.parametrize("enctype", [AES128, AES256, RC4, DES3])
    @pytest.mark.parametrize("session", [AES128, AES256, RC4, DES3])
    def test_types_of_keys(self, enctype: int, session: int) -> None:
        key, session_key = new_key(enctype), new_key(session)
        ticket = Ticket(key, NOW, session_key=session_key)
        one = acceptor(kerberos_of(service_key(key)))
        answer, identity = one.step(ticket.token())
        reply = ticket.read_ap_rep(answer)
        assert int(reply["cusec"]) == 123456
        assert identity is not None
        if session in (AES128, AES256):
            assert identity.session_key == bytes(reply["subkey"]["keyvalue"]) != session_key.contents
        else:
            assert not reply["subkey"].hasValue()
            assert identity.session_key == session_key.contents
        assert (one.security is None) == (session == DES3)

    def test_without_mutual_authentication_there_is_no_answer_and_the_key_is_the_tickets(self) -> None:
        ticket = Ticket(KEY, NOW)
        answer, identity = acceptor().step(ticket.token(flags=0, options=0))
        assert answer == b""
        assert identity is not None
        assert identity.session_key == ticket.session_key.contents

    def test_a_key_that_the_client_chose_is_the_sessions(self) -> None:
        subkey = new_key(AES128)
        identity = identity_of(Ticket(KEY, NOW).token(flags=0, options=0, subkey=subkey))
        assert identity.session_key == subkey.contents

    def test_older_keys_and_names_that_share_a_key_open_tickets(self) -> None:
        old, new = new_key(), new_key()
        both = kerberos_of(service_key(new, kvno=3), service_key(old, kvno=2))
        for key, kvno in ((old, 2), (new, 3), (old, None)):
            assert identity_of(Ticket(key, NOW, kvno=kvno).token(), kerberos=both).user == "alice"
        other_name = Ticket(KEY, NOW, service=("HOST", "files"))
        assert identity_of(other_name.token()).user == "alice"
        assert identity_of(Ticket(KEY, NOW, service=("CIFS", "FILES.lab.example")).token()).user == "alice"
        assert identity_of(Ticket(KEY, NOW, service=("FILES$",)).token()).user == "alice"

    def test_the_answer_says_what_the_authenticator_said(self) -> None:
        ticket = Ticket(KEY, NOW)
        answer, _ = acceptor().step(ticket.token())
        assert open_token(answer)[0] == AP_REP
        reply = ticket.read_ap_rep(answer)
        assert str(reply["ctime"]) == "20231114221320Z"
        assert int(reply["seq-number"]) <= 0x3FFFFFFF

    def test_a_bare_ap_req_is_taken_too(self) -> None:
        assert identity_of(Ticket(KEY, NOW).ap_req()).user == "alice"


class TestRefused:
    def test_a_ticket_by_another_key(self) -> None:
        error = refused(Ticket(new_key(), NOW).token())
        assert error.status == NT.LOGON_FAILURE
        assert (
            "a ticket for cifs/files.lab.example@LAB.EXAMPLE, version 2 that the keytab's key does not"
            in error.why
        )

    def test_a_ticket_by_a_key_of_another_version(self) -> None:
        error = refused(Ticket(new_key(), NOW, kvno=5).token())
        assert error.why.endswith("by key, version 5, and the keytab has 2: export it anew")

    def test_a_ticket_by_another_type_of_key(self) -> None:
        error = refused(Ticket(new_key(RC4), NOW).token())
        assert "by rc4-hmac, and the keytab has its keys by aes256-cts-hmac-sha1-96" in error.why

    @pytest.mark.parametrize("service", [("http", "files.lab.example"), ("krbtgt", REALM), ("alice",)])
    def test_a_ticket_for_another_service(self, service: tuple[str, ...]) -> None:
        error = refused(Ticket(KEY, NOW, service=service).token())
        assert error.status == NT.LOGON_FAILURE
        assert "which is not the service of a file server (cifs/NAME)" in error.why

    def test_a_ticket_for_another_server(self) -> None:
        error = refused(Ticket(new_key(), NOW, service=("cifs", "other.lab.example")).token())
        assert "and the keytab has keys of cifs/files.lab.example@LAB.EXAMPLE" in error.why

    @pytest.mark.parametrize(
        ("times", "why"),
        [
            ({"ends": -SKEW - 60}, "the ticket of alice@LAB.EXAMPLE expired 6 min ago"),
            ({"ends": -3 * 86400}, "expired 3 days ago"),
            ({"begins": 7300}, "the ticket of alice@LAB.EXAMPLE is valid in 2 h only"),
            ({"begins": 7300, "start": False}, "is valid in 2 h only"),
            ({"flags": 1 << 24}, "is marked as not valid"),
        ],
    )
    def test_a_ticket_whose_time_is_not_now(self, times: dict[str, Any], why: str) -> None:
        error = refused(Ticket(KEY, NOW, **times).token())
        assert error.status == NT.LOGON_FAILURE
        assert why in error.why

    def test_times_within_the_skew_are_right(self) -> None:
        for times in ({"ends": -SKEW + 10}, {"begins": SKEW - 10}):
            assert identity_of(Ticket(KEY, NOW, **times).token()).user == "alice"  # type: ignore[arg-type]
        for late in (SKEW - 10, -SKEW + 10):
            assert identity_of(Ticket(KEY, NOW).token(late=late)).user == "alice"

    def test_an_authenticator_of_somebody_else(self) -> None:
        error = refused(Ticket(KEY, NOW).token(client=("bob",)))
        assert "an authenticator of bob@LAB.EXAMPLE with a ticket of alice@LAB.EXAMPLE" in error.why

    def test_an_authenticator_by_another_key(self) -> None:
        error = refused(Ticket(KEY, NOW).token(key=new_key()))
        assert "an authenticator that the key of the ticket of alice@LAB.EXAMPLE does not open" in error.why

    def test_user_to_user(self) -> None:
        assert "user-to-user" in refused(Ticket(KEY, NOW).token(options=0x40000000)).why

    def test_a_session_key_of_an_unknown_type(self) -> None:
        ticket = Ticket(KEY, NOW, session_key=_Unknown(20, bytes(32)))
        error = refused(ticket.token(key=new_key()))
        assert "a key of aes256-cts-hmac-sha384-192 that is none, or not known here" in error.why

    def test_the_claim_is_known_for_the_log_once_the_ticket_is_open(self) -> None:
        one = acceptor()
        refused(Ticket(KEY, NOW, ends=-4000).token(), one)
        assert one.claim == ("alice", REALM, "")
        one = acceptor()
        refused(Ticket(new_key(), NOW).token(), one)
        assert one.claim is None


class _Unknown:
    def __init__(self, enctype: int, contents: bytes) -> None:
        self.enctype, self.contents = enctype, contents


class TestReplays:
    def test_an_ap_req_is_accepted_once(self) -> None:
        kerberos, blob = kerberos_of(service_key(KEY)), Ticket(KEY, NOW).token()
        assert identity_of(blob, kerberos=kerberos).user == "alice"
        error = refused(blob, acceptor(kerberos))
        assert error.status == NT.LOGON_FAILURE
        assert (
            error.why == "Kerberos: an AP-REQ of alice@LAB.EXAMPLE that is not accepted: it was sent before"
        )

    def test_it_is_remembered_for_as_long_as_its_time_is_right(self) -> None:
        kerberos, blob = kerberos_of(service_key(KEY)), Ticket(KEY, NOW).token(late=-SKEW + 1)
        assert identity_of(blob, kerberos=kerberos).user == "alice"
        assert "sent before" in refused(blob, acceptor(kerberos, now=NOW + 2 * SKEW - 2)).why
        later = acceptor(kerberos, now=NOW + 2 * SKEW + 2)
        assert later.step(blob)[1] is None
        assert later.amiss is not None
        identity_of(Ticket(KEY, NOW).token(late=-2 * SKEW), kerberos=kerberos, now=NOW + 2 * SKEW + 2)
        assert len(kerberos.replays) == 1

    def test_what_is_remembered_is_bounded_and_one_client_cannot_fill_it(self) -> None:
        kerberos = kerberos_of(service_key(KEY), limit=16)
        for _ in range(2):
            identity_of(Ticket(KEY, NOW).token(), kerberos=kerberos)
        why = refused(Ticket(KEY, NOW).token(), acceptor(kerberos)).why
        assert "2 sign-ins of alice@LAB.EXAMPLE within minutes are remembered already" in why
        for number in range(14):
            identity_of(Ticket(KEY, NOW, client=(f"user{number}",)).token(), kerberos=kerberos)
        why = refused(Ticket(KEY, NOW, client=("last",)).token(), acceptor(kerberos)).why
        assert "16 sign-ins within minutes are remembered already (limits.kerberos_sign_ins)" in why
        kerberos.forget()
        assert identity_of(Ticket(KEY, NOW, client=("last",)).token(), kerberos=kerberos).user == "last"

    def test_one_that_was_refused_is_not_remembered(self) -> None:
        kerberos = kerberos_of(service_key(KEY))
        refused(Ticket(KEY, NOW, ends=-4000).token(), acceptor(kerberos))
        assert len(kerberos.replays) == 0


class TestClocks:
    @pytest.mark.parametrize(("late", "how"), [(SKEW + 60, "6 min behind"), (-3 * 3600, "3 h ahead of")])
    def test_a_client_whose_clock_differs_is_told_the_servers_and_may_try_again(
        self, late: float, how: str
    ) -> None:
        one, ticket = acceptor(), Ticket(KEY, NOW)
        answer, identity = one.step(ticket.token(late=late))
        assert identity is None
        assert one.amiss is not None
        assert one.amiss.status == NT.TIME_DIFFERENCE_AT_DC
        assert how in one.amiss.why
        kind, message = open_token(answer)
        assert kind == KRB_ERROR
        assert b"20231114221320Z" in message
        assert message.endswith(bytes.fromhex("ac 09 04 07 30 05 a1 03 02 01 02"))
        assert one.step(ticket.token())[1] is not None
        assert one.amiss is None

    def test_twice_is_an_end(self) -> None:
        one, ticket = acceptor(), Ticket(KEY, NOW)
        one.step(ticket.token(late=1000))
        assert refused(ticket.token(late=1000), one).status == NT.TIME_DIFFERENCE_AT_DC


class TestChecksum:
    def test_a_client_without_one_has_no_flags(self) -> None:
        answer, identity = acceptor().step(Ticket(KEY, NOW).token(checksum=None, options=0))
        assert (answer, identity is not None) == (b"", True)

    def test_delegation_and_channel_bindings_are_read_and_left_alone(self) -> None:
        flags = Flag.DELEG | Flag.MUTUAL
        given = GssChecksum(os.urandom(16), flags, b"KRB_CRED", b"more").encode()
        answer, identity = acceptor().step(Ticket(KEY, NOW).token(checksum=(0x8003, given), options=0))
        assert answer
        assert identity is not None

    @pytest.mark.parametrize(
        "given",
        [
            b"",
            bytes(23),
            bytes(24),
            GssChecksum(flags=Flag.DELEG).encode()[:24],
            GssChecksum(flags=Flag.DELEG, delegation=b"12345").encode()[:-1],
            GssChecksum().encode()[:20] + b"\1\0\0\0" + b"\2\0\0\0",
        ],
    )
    def test_one_that_cannot_be_read(self, given: bytes) -> None:
        assert refused(Ticket(KEY, NOW).token(checksum=(0x8003, given))).status == NT.INVALID_PARAMETER

    def test_one_of_kerberos_itself_is_checked_over_nothing(self) -> None:
        ticket = Ticket(KEY, NOW)
        right = bytes(crypto.make_checksum(16, ticket.session_key, 10, b""))
        assert acceptor().step(ticket.token(checksum=(16, right)))[1] is not None
        for kind, data in ((16, bytes(12)), (16, b""), (7, bytes(16))):
            assert "that is none of GSS-API's" in refused(ticket.token(checksum=(kind, data))).why


class TestPac:
    @pytest.mark.parametrize(("enctype", "kind"), [(AES128, 15), (AES256, 16), (RC4, -138)])
    def test_its_signature_is_the_services(self, enctype: int, kind: int) -> None:
        key = new_key(enctype)
        for spoil in (False, True):
            one = acceptor(kerberos_of(service_key(key)))
            blob = Ticket(key, NOW, pac=pac_of(key, kind=kind, spoil=spoil)).token()
            if spoil:
                assert "is not signed with the service's key" in refused(blob, one).why
            else:
                assert one.step(blob)[1] is not None

    def test_one_of_another_type_cannot_be_checked(self) -> None:
        assert identity_of(Ticket(KEY, NOW, pac=pac_of(new_key(RC4), kind=-138)).token()).user == "alice"

    @pytest.mark.parametrize(
        "pac",
        [
            b"",
            b"no PAC",
            bytes(8),
            b"\xff" * 40,
            b"\1\0\0\0" + bytes(4) + b"\6\0\0\0" + b"\xff" * 12,
            bytes(100),
        ],
    )
    def test_what_is_none_is_refused(self, pac: bytes) -> None:
        assert "is not signed" in refused(Ticket(KEY, NOW, pac=pac).token()).why


class TestBadTokens:
    def test_every_beginning_of_a_token_is_refused(self) -> None:
        kerberos, blob = kerberos_of(service_key(KEY)), Ticket(KEY, NOW).token()
        for end in range(0, len(blob), 7):
            assert refused(blob[:end], acceptor(kerberos)).status == NT.INVALID_PARAMETER

    def test_every_changed_byte_is_refused_or_changes_nothing(self) -> None:
        kerberos = kerberos_of(service_key(KEY))
        blob = Ticket(KEY, NOW).token()
        statuses = set()
        for place in range(0, len(blob), 11):
            changed = bytearray(blob)
            changed[place] ^= 0x55
            try:
                identity = acceptor(kerberos).step(bytes(changed))[1]
                assert identity is None or identity.user == "alice"
                kerberos.forget()
            except SMBError as error:
                statuses.add(error.status)
        assert statuses == {NT.INVALID_PARAMETER, NT.LOGON_FAILURE}

    @settings(max_examples=150)
    @given(st.integers(0, 400), st.integers(1, 255), st.integers(0, 40), st.booleans())
    def test_what_a_kdc_would_not_seal_is_refused_or_right(
        self, at: int, by: int, cut: int, pac: bool
    ) -> None:
        """A KDC that is not what it should be, or a client: changed inside, by who has the keys."""

        def spoil(data: bytes) -> bytes:
            changed = bytearray(data)
            changed[at % len(data)] ^= by
            return bytes(changed[: len(data) - cut])

        inside = pac_of(KEY, kind=16) if pac else None
        status, identity = 0, None
        try:
            identity = acceptor().step(Ticket(KEY, NOW, spoil=spoil, pac=inside).token())[1]
        except SMBError as error:
            status = error.status
        assert status in (0, NT.INVALID_PARAMETER, NT.LOGON_FAILURE)
        assert identity is None or identity.protection == "Kerberos"

    @pytest.mark.parametrize(
        "blob",
        [
            token(AP_REP, b""),
            token(0x0404, b"x"),
            bytes.fromhex("600b06092a864886f712010202"),
            bytes.fromhex("6003060101"),
            b"\x6e\x80" * 1000,
            b"\x30" * 3000,
        ],
    )
    def test_other_tokens(self, blob: bytes) -> None:
        assert refused(blob).status == NT.INVALID_PARAMETER

    def test_names_without_end_and_without_beginning(self) -> None:
        for client in (("x" * 257,), ("",), ("a", "")):
            assert refused(Ticket(KEY, NOW, client=client).token()).status == NT.INVALID_PARAMETER


class TestSignatures:
    @pytest.mark.parametrize("enctype", [AES128, AES256, RC4])
    def test_each_side_knows_the_others(self, enctype: int) -> None:
        """Made by impacket for its client, which pads what is signed to four bytes: this has as many."""
        key, message = new_key(enctype), b"mechanisms.."
        from impacket.krb5 import gssapi

        class Cipher:
            pass

        Cipher.enctype = enctype  # type: ignore[attr-defined]
        theirs = gssapi.GSSAPI(Cipher).GSS_GetMIC(key, message, 7, "init")
        security = KerberosSecurity(key, 5, 7, by_server=enctype != RC4)
        assert security.verify(message, bytes(theirs))
        assert not security.verify(message, bytes(theirs))
        assert security.sign(message) != security.sign(message)
        security.restart()
