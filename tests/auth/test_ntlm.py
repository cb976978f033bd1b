"""Password proofs of the 13-word Session Setup, and the published values of [MS-NLMP] 4.2."""

import os
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakesmb.auth import hashes
from fakesmb.auth.accounts import ALL_FORMS, Account, Accounts, Form, Guest, Identity
from fakesmb.auth.ntlm import Claim, prove, prove_ntlm2_session, verify
from fakesmb.auth.signing import mac_key
from fakesmb.nt.status import NT, SMBError
from tests.auth.ntlm_client import CLIENT_CHALLENGE, Client, desl, lm_hash, md5_hmac, nt_hash, ntlmv2, v2_key

CHALLENGE = bytes.fromhex("0123456789abcdef")
USER = Account.with_password("User", "Password", admin=True)
CLAIM = Claim("User", "Domain", "COMPUTER")

LM_RESPONSE = bytes.fromhex("98def7b87f88aa5dafe2df779688a172def11c7d5ccdef13")
NT_RESPONSE = bytes.fromhex("67c43011f30298a2ad35ece64f16331c44bdbed927841f94")
NTLM2_RESPONSE = bytes.fromhex("7537f803ae367128ca458204bde7caf81e97ed2683267232")
LMV2_RESPONSE = bytes.fromhex("86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa")
NTLMV2_RESPONSE = bytes.fromhex(
    "68cd0ab851e51c96aabc927bebef6a1c"
    "0101000000000000 0000000000000000 aaaaaaaaaaaaaaaa 00000000"
    "02000c0044006f006d00610069006e00 01000c005300650072007600650072000000000000000000"
)


def accounts(**options: Any) -> Accounts:
    return Accounts([USER], **options)


def sign_in(
    lm: bytes = b"", nt: bytes = b"", *, user: str = "User", domain: str = "Domain", **options: Any
) -> Identity:
    return verify(accounts(**options), challenge=CHALLENGE, user=user, domain=domain, lm=lm, nt=nt)


def refused(lm: bytes = b"", nt: bytes = b"", **options: Any) -> bool:
    with pytest.raises(SMBError) as error:
        sign_in(lm, nt, **options)
    return error.value.status == NT.LOGON_FAILURE


class TestPublishedValues:
    """[MS-NLMP] 4.2: user `User`, password `Password`, domain `Domain`."""

    def test_hashes(self) -> None:
        assert USER.lm_hash == bytes.fromhex("e52cac67419a9a224a3b108f3fa6cb6d")  # 4.2.2.1.1
        assert USER.nt_hash == bytes.fromhex("a4f49c406510bdcab6824ee7c30fd852")  # 4.2.2.1.2
        assert USER.nt_session_key == bytes.fromhex("d87262b0cde4b1cb7499becccdf10784")  # 4.2.2.1.3
        key = hashes.ntowf_v2(USER.nt_hash, "User", "Domain")
        assert key == bytes.fromhex("0c868a403bfd7a93a3001ef22ef02e3f")  # 4.2.4.1.1

    def test_ntlmv1(self) -> None:
        proof = prove(USER, ALL_FORMS, CHALLENGE, CLAIM, LM_RESPONSE, NT_RESPONSE)  # 4.2.2.2
        assert proof == (Form.NTLMV1, bytes.fromhex("d87262b0cde4b1cb7499becccdf10784"))

    def test_lm(self) -> None:
        proof = prove(USER, ALL_FORMS, CHALLENGE, CLAIM, LM_RESPONSE, b"")
        assert proof == (Form.LM, bytes.fromhex("e52cac67419a9a220000000000000000"))

    def test_ntlm2_session(self) -> None:
        lm = CLIENT_CHALLENGE + bytes(16)
        proof = prove_ntlm2_session(USER, ALL_FORMS, CHALLENGE, lm, NTLM2_RESPONSE)  # 4.2.3.2
        assert proof == (Form.NTLM2_SESSION, bytes.fromhex("d87262b0cde4b1cb7499becccdf10784"))

    def test_ntlmv2(self) -> None:
        proof = prove(USER, ALL_FORMS, CHALLENGE, CLAIM, LMV2_RESPONSE, NTLMV2_RESPONSE)  # 4.2.4.2
        assert proof == (Form.NTLMV2, bytes.fromhex("8de40ccadbc14a82f15cb0ad0de95ca3"))

    def test_lmv2(self) -> None:
        proof = prove(USER, ALL_FORMS, CHALLENGE, CLAIM, LMV2_RESPONSE, b"")
        base = md5_hmac(v2_key("Password", "User", "Domain"), LMV2_RESPONSE[:16])
        assert proof == (Form.LMV2, base)


class TestIdentity:
    """What a 13-word Session Setup makes of a client."""

    def test_a_user_is_named_as_its_account(self) -> None:
        who = sign_in(nt=NT_RESPONSE, user="uSER")
        assert (who.user, who.domain, who.kind, who.admin) == ("User", "Domain", "user", True)

    def test_the_signing_key_holds_the_response_that_was_sent(self) -> None:
        assert mac_key(sign_in(LM_RESPONSE, NT_RESPONSE)) == USER.nt_session_key + NT_RESPONSE
        assert mac_key(sign_in(LMV2_RESPONSE, NTLMV2_RESPONSE))[16:] == NTLMV2_RESPONSE
        assert USER.lm_hash is not None
        assert mac_key(sign_in(LM_RESPONSE)) == USER.lm_hash[:8] + bytes(8) + LM_RESPONSE

    def test_no_name_and_no_response_is_anonymous(self) -> None:
        for lm in (b"", b"\0"):
            who = sign_in(lm, user="", domain="")
            assert (who.kind, who.user, mac_key(who)) == ("anonymous", "", b"")

    def test_anonymous_may_be_refused(self) -> None:
        assert refused(user="", anonymous=False)

    def test_without_anonymous_a_nameless_client_is_a_guest_where_there_are_guests(self) -> None:
        assert sign_in(user="", anonymous=False, guest=Guest.READ_WRITE).kind == "guest"

    @pytest.mark.parametrize(("policy", "read_only"), [(Guest.READ_ONLY, True), (Guest.READ_WRITE, False)])
    def test_an_unknown_name_is_a_guest_where_there_are_guests(self, policy: Guest, read_only: bool) -> None:
        who = sign_in(nt=NT_RESPONSE, user="scanner", guest=policy)
        assert (who.kind, who.user, who.read_only, who.admin, mac_key(who)) == (
            "guest",
            "scanner",
            read_only,
            False,
            b"",
        )

    def test_an_unknown_name_is_refused_where_there_are_none(self) -> None:
        assert refused(nt=NT_RESPONSE, user="scanner")

    def test_a_wrong_password_never_makes_a_guest(self) -> None:
        assert refused(nt=bytes(24), guest=Guest.READ_WRITE)
        assert refused(guest=Guest.READ_WRITE)  # smbclient -N

    def test_a_upn_names_the_account(self) -> None:
        user = "user@lab.example"
        nt, _, key = ntlmv2("Password", user, "", CHALLENGE)
        assert sign_in(nt=nt, user=user, domain="").session_key == key


class TestWhatIsBelieved:
    """Order and forms."""

    def test_a_wrong_nt_response_is_not_mended_by_a_right_lm_response(self) -> None:
        assert refused(LM_RESPONSE, NT_RESPONSE[::-1])
        assert refused(LMV2_RESPONSE, NTLMV2_RESPONSE[::-1])

    def test_an_nt_response_in_the_lm_field_counts(self) -> None:
        """Windows 9x as a pass-through server."""
        assert sign_in(NT_RESPONSE).protection == "NTLMv1"

    @pytest.mark.parametrize("domain", ["Domain", "DOMAIN", ""])
    def test_ntlmv2_over_the_domain_as_sent_in_capitals_or_empty(self, domain: str) -> None:
        nt, lm, key = ntlmv2("Password", "User", domain, CHALLENGE)
        assert sign_in(lm, nt).session_key == key
        assert sign_in(lm).protection == "LMv2"

    @pytest.mark.parametrize(
        ("form", "lm", "nt"),
        [
            (Form.LM, LM_RESPONSE, b""),
            (Form.NTLMV1, b"", NT_RESPONSE),
            (Form.LMV2, LMV2_RESPONSE, b""),
            (Form.NTLMV2, b"", NTLMV2_RESPONSE),
        ],
    )
    def test_a_form_that_is_not_allowed_is_a_wrong_password(self, form: Form, lm: bytes, nt: bytes) -> None:
        assert sign_in(lm, nt, forms=frozenset({form})).protection == form
        assert refused(lm, nt, forms=ALL_FORMS - {form})

    def test_lmv2_saves_a_client_whose_ntlmv1_is_not_allowed(self) -> None:
        assert sign_in(LMV2_RESPONSE, NT_RESPONSE, forms=frozenset({Form.LMV2})).protection == "LMv2"

    @pytest.mark.parametrize("size", [1, 7, 16, 23])
    def test_a_cut_response_is_a_wrong_password(self, size: int) -> None:
        assert refused(LM_RESPONSE[:size])
        assert refused(b"", NT_RESPONSE[:size])

    @given(st.binary(max_size=80), st.binary(max_size=80))
    def test_no_other_bytes_get_in(self, lm: bytes, nt: bytes) -> None:
        assert refused(lm, nt)


class TestPasswords:
    """Which hashes a password has."""

    @given(st.text("abcXYZ019 _-!", max_size=14))
    def test_hashes_are_those_of_the_independent_client(self, password: str) -> None:
        account = Account.with_password("u", password)
        assert (account.nt_hash, account.lm_hash) == (nt_hash(password), lm_hash(password))

    def test_a_long_password_has_no_lm_hash(self) -> None:
        account = Account.with_password("User", "fifteen letters")
        assert account.lm_hash is None
        assert prove(account, ALL_FORMS, CHALLENGE, CLAIM, desl(bytes(16), CHALLENGE), b"") is None

    def test_a_password_that_the_code_page_lacks_has_no_lm_hash(self) -> None:
        assert Account.with_password("User", "пароль").lm_hash is None

    def test_a_password_in_the_upper_half_of_the_code_page_has_one(self) -> None:
        assert Account.with_password("User", "müller").lm_hash == lm_hash("müller")
        key = "GRÖßE".encode("cp850").ljust(14, b"\0")
        assert Account.with_password("User", "größe").lm_hash == desl(key, b"KGS!@#$%")[:16]

    def test_an_account_of_a_hash_alone_signs_in_by_nt_forms_only(self) -> None:
        account = Account("User", nt_hash("Password"))
        assert prove(account, ALL_FORMS, CHALLENGE, CLAIM, b"", NTLMV2_RESPONSE)
        assert not prove(account, ALL_FORMS, CHALLENGE, CLAIM, LM_RESPONSE, b"")

    def test_a_hash_has_sixteen_bytes(self) -> None:
        with pytest.raises(ValueError, match="16 bytes"):
            Account("User", b"short")

    def test_upper_case_never_makes_a_name_longer(self) -> None:
        assert hashes.upper("straße é") == "STRAßE É"

    def test_names_differ_by_more_than_case(self) -> None:
        users = Accounts([Account.with_password("Zoë", "x")])
        assert users.find("ZOË") is users.find("zoë") is not None
        assert users.find("zoe") is None
        users.remove("zoë")
        assert len(users) == 0
        assert list(users) == []

    def test_no_password_in_a_repr(self) -> None:
        assert "Password" not in repr(USER)


def test_a_server_that_only_starts_does_not_load_impacket() -> None:
    """It costs a third of the start-up time that there is."""
    code = (
        "import sys, fakesmb.auth.spnego, fakesmb.auth.signing\n"
        "from fakesmb.auth.accounts import Account, Accounts\n"
        "Accounts([Account.with_password('a', 'b')]).find('A')\n"
        "sys.exit('impacket' in sys.modules)"
    )
    path = os.pathsep.join(sys.path)
    assert subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": path}, check=False).returncode == 0


def test_the_independent_client_agrees_with_the_published_values() -> None:
    """The tests of the acceptor lean on it."""
    client = Client(form="v1", flags=0)
    assert client.responses(0, CHALLENGE, b"")[:2] == (NT_RESPONSE, LM_RESPONSE)
    assert client.responses(0x80000, CHALLENGE, b"")[0] == NTLM2_RESPONSE
