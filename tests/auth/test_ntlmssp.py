"""The NTLMSSP acceptor against an independent client, impacket, published messages and captured ones."""

import struct
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from impacket import ntlm as impacket_ntlm

from fakesmb.auth import hashes, ntlm
from fakesmb.auth.accounts import ACCEPTED, ALL_FORMS, Account, Accounts, Form, Guest, Identity
from fakesmb.auth.hashes import des_long
from fakesmb.auth.ntlmssp import NtlmAcceptor, TargetNames
from fakesmb.auth.signing import mac_key
from fakesmb.nt.status import NT, SMBError
from fakesmb.wire.ntlmssp import AuthenticateMessage, Av, av_value
from tests.auth.ntlm_client import (
    ESS,
    KEY_56,
    KEY_128,
    KEY_EXCHANGE,
    LM_KEY,
    NON_NT_KEY,
    NTLM,
    OEM,
    RANDOM_KEY,
    REQUEST_TARGET,
    SIGN,
    TARGET_INFO,
    UNICODE,
    VERSION,
    XP_FLAGS,
    Client,
)
from tests.worlds import StillWorld

CHALLENGE = bytes.fromhex("0123456789abcdef")
WORLD = StillWorld(1_755_526_400)
NOW = 134_000_000_000_000_000
NAMES = TargetNames("SERVER", "LAB", "server.lab.example", "lab.example")


def acceptor(**options: Any) -> NtlmAcceptor:
    accounts = Accounts([Account.with_password("User", "Password")], **options)
    return NtlmAcceptor(accounts, NAMES, CHALLENGE, WORLD)


def sign_in(client: Client, server: NtlmAcceptor | None = None) -> Identity:
    server = server or acceptor()
    challenge, nobody = server.step(client.negotiate())
    assert nobody is None
    last, identity = server.step(client.authenticate(challenge))
    assert last == b""
    assert identity is not None
    return identity


def status_of(*tokens: bytes, server: NtlmAcceptor | None = None) -> int:
    """The status of the last token; all before it must do."""
    server = server or acceptor()
    for token in tokens[:-1]:
        server.step(token)
    with pytest.raises(SMBError) as error:
        server.step(tokens[-1])
    return error.value.status


def flags_of(challenge: bytes) -> int:
    flags: int = struct.unpack_from("<I", challenge, 20)[0]
    return flags


class TestChallenge:
    """What the server agrees to and says about itself."""

    def test_to_windows_xp_it_agrees_to_what_windows_xp_agrees_to(self) -> None:
        """Flags of frames 7 and 8 of xp-explorer-to-xp.pcap."""
        xp = bytes.fromhex("4e544c4d5353500001000000078208a2000000000000000000000000000000000501280a0000000f")
        assert flags_of(acceptor().step(xp)[0]) == 0xA28A8205

    def test_to_os_x_it_agrees_to_what_windows_xp_agrees_to(self) -> None:
        """Flags of frames 16 and 18 of osx-logoff-after-challenge.pcap; OS X asks for no signatures."""
        mac = bytes.fromhex(
            "4e544c4d5353500001000000050a0002000000000000000000000000000000000601b01d0f000000"
        )
        assert flags_of(acceptor().step(mac)[0]) == 0x02820205

    def test_to_the_documented_exchange_client(self) -> None:
        """Flags 0xE2088297; the LM key goes when extended session security comes."""
        flags = flags_of(acceptor().step(Client(flags=0xE2088297).negotiate())[0])
        assert flags == 0xE28A8215

    def test_nothing_is_agreed_to_unasked(self) -> None:
        challenge = acceptor().step(Client(flags=OEM | NTLM).negotiate())[0]
        assert flags_of(challenge) == OEM | NTLM
        assert len(challenge) == 56

    def test_it_is_these_bytes(self) -> None:
        challenge, _ = acceptor().step(Client(flags=UNICODE | NTLM | REQUEST_TARGET | VERSION).negotiate())
        assert challenge == bytes.fromhex(
            "4e544c4d53535000 02000000 0c000c00 38000000 05028202 0123456789abcdef 0000000000000000"
            "6c00 6c00 44000000 0502ce0e0000000f 530045005200560045005200"
            "0200 0600 4c0041004200"
            "0100 0c00 530045005200560045005200"
            "0400 1600 6c00610062002e006500780061006d0070006c006500"
            "0300 2400 7300650072007600650072002e006c00610062002e006500780061006d0070006c006500"
            "0700 0800 0000e73f4a10dc01"
            "0000 0000"
        )

    def test_impacket_reads_it(self) -> None:
        challenge, _ = acceptor().step(Client().negotiate())
        theirs = impacket_ntlm.NTLMAuthChallenge()
        theirs.fromString(challenge)
        pairs = impacket_ntlm.AV_PAIRS(theirs["TargetInfoFields"])
        assert theirs["challenge"] == CHALLENGE
        assert theirs["domain_name"].decode("utf-16-le") == "SERVER"
        assert pairs[impacket_ntlm.NTLMSSP_AV_DOMAINNAME][1].decode("utf-16-le") == "LAB"
        assert pairs[impacket_ntlm.NTLMSSP_AV_TIME][1] == NOW.to_bytes(8, "little")

    def test_an_oem_client_gets_an_oem_name(self) -> None:
        challenge, _ = acceptor().step(Client(flags=OEM | NTLM | REQUEST_TARGET).negotiate())
        assert challenge[56:62] == b"SERVER"

    def test_a_negotiate_may_end_after_its_flags(self) -> None:
        assert acceptor().step(Client().negotiate()[:16])[0]


FORMS = {"v2": "NTLMv2", "lmv2": "LMv2", "v1": "NTLMv1", "lm": "LM"}
CHARSETS = {"unicode": UNICODE, "oem": OEM, "both": UNICODE | OEM}
KEYS = {
    "plain": 0,
    "ess": ESS,
    "lm-key": LM_KEY,
    "non-nt": NON_NT_KEY,
    "ess+lm-key": ESS | LM_KEY,
    "lm-key+non-nt": LM_KEY | NON_NT_KEY,
}
EXTRAS = {
    "bare": 0,
    "target": REQUEST_TARGET | VERSION,
    "exchange": KEY_EXCHANGE | KEY_128,
    "all": REQUEST_TARGET | VERSION | TARGET_INFO | KEY_EXCHANGE | KEY_56 | SIGN,
}


class TestSignIn:
    """Both sides come to the same key, whatever was negotiated."""

    @pytest.mark.parametrize(
        ("form", "charset", "keys", "extra"), list(product(FORMS, CHARSETS, KEYS, EXTRAS))
    )
    def test_every_negotiation(self, form: str, charset: str, keys: str, extra: str) -> None:
        client = Client(form=form, flags=NTLM | CHARSETS[charset] | KEYS[keys] | EXTRAS[extra])
        who = sign_in(client)
        expected = "NTLM2 session" if form == "v1" and KEYS[keys] & ESS else FORMS[form]
        assert (who.protection, who.user, who.domain, who.workstation) == (
            expected,
            "User",
            "Domain",
            "COMPUTER",
        )
        assert who.session_key == client.key
        assert mac_key(who) == client.key  # no response in it: extended security
        if EXTRAS[extra] & KEY_EXCHANGE:
            assert who.session_key == RANDOM_KEY

    @pytest.mark.parametrize(("form", "keys"), list(product(FORMS, KEYS)))
    def test_a_wrong_password(self, form: str, keys: str) -> None:
        client = Client(form=form, password="password1", flags=NTLM | UNICODE | KEYS[keys])
        server = acceptor(guest=Guest.READ_WRITE)
        challenge, _ = server.step(client.negotiate())
        assert status_of(client.authenticate(challenge), server=server) == NT.LOGON_FAILURE
        assert server.claim == ("User", "Domain", "COMPUTER")

    @pytest.mark.parametrize("use_v2", [True, False])
    def test_impacket(self, use_v2: bool) -> None:
        server = acceptor()
        first = impacket_ntlm.getNTLMSSPType1("WORK", "", False, use_v2)
        challenge, _ = server.step(first.getData())
        last, key = impacket_ntlm.getNTLMSSPType3(
            first, challenge, "User", "Password", "Domain", "", "", use_v2
        )
        _, who = server.step(last.getData())
        assert who is not None
        assert who.session_key == key
        assert who.protection == ("NTLMv2" if use_v2 else "NTLM2 session")

    def test_impacket_anonymous(self) -> None:
        server = acceptor()
        first = impacket_ntlm.getNTLMSSPType1()
        challenge, _ = server.step(first.getData())
        last, _ = impacket_ntlm.getNTLMSSPType3(first, challenge, "", "", "", "", "", True)
        _, who = server.step(last.getData())
        assert who is not None
        assert who.kind == "anonymous"

    def test_published_ntlmv1_message(self) -> None:
        """[MS-NLMP] 4.2.2.3."""
        assert self._published(
            0xE2028233,
            "4e544c4d5353500003000000180018006c000000180018008400000",
            "00c000c0048000000080008005400000010001000 5c000000 10001000 9c000000 358280e2 0501280a0000000f"
            "44006f006d00610069006e00 5500730065007200 43004f004d0050005500540045005200"
            "98def7b87f88aa5dafe2df779688a172def11c7d5ccdef13"
            "67c43011f30298a2ad35ece64f16331c44bdbed927841f94"
            "518822b1b3f350c8958682ecbb3e3cb7",
        ) == ("NTLMv1", RANDOM_KEY)

    def test_published_ntlm2_session_message(self) -> None:
        """[MS-NLMP] 4.2.3.3; no key exchange, so the session key is the KeyExchangeKey of 4.2.3.1.3."""
        assert self._published(
            0x820A8233,
            "4e544c4d5353500003000000180018006c000000180018008400000",
            "00c000c0048000000080008005400000010001000 5c000000 00000000 9c000000 35820882 0501280a0000000f"
            "44006f006d00610069006e00 5500730065007200 43004f004d0050005500540045005200"
            "aaaaaaaaaaaaaaaa00000000000000000000000000000000"
            "7537f803ae367128ca458204bde7caf81e97ed2683267232",
        ) == ("NTLM2 session", bytes.fromhex("eb93429a8bd952f8b89c55b87f475edc"))

    def test_published_ntlmv2_message(self) -> None:
        """[MS-NLMP] 4.2.4.3."""
        assert self._published(
            0xE28A8233,
            "4e544c4d5353500003000000180018006c000000540054008400000",
            "00c000c0048000000080008005400000010001000 5c000000 10001000 d8000000 358288e2 0501280a0000000f"
            "44006f006d00610069006e00 5500730065007200 43004f004d0050005500540045005200"
            "86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa"
            "68cd0ab851e51c96aabc927bebef6a1c 01010000000000000000000000000000aaaaaaaaaaaaaaaa00000000"
            "02000c0044006f006d00610069006e0001000c005300650072007600650072000000000000000000"
            "c5dad2544fc9799094ce1ce90bc9d03e",
        ) == ("NTLMv2", RANDOM_KEY)

    @staticmethod
    def _published(flags: int, *message: str) -> tuple[str, bytes]:
        token = bytes.fromhex("".join(message).replace(" ", ""))
        server = acceptor()
        server.step(Client(flags=flags).negotiate())
        _, who = server.step(token)
        assert who is not None
        assert (who.domain, who.workstation) == ("Domain", "COMPUTER")
        return who.protection, who.session_key


class TestStrangers:
    """Anonymous and guest."""

    @pytest.mark.parametrize("flags", [XP_FLAGS, NTLM | UNICODE, NTLM | OEM])
    def test_anonymous(self, flags: int) -> None:
        who = sign_in(Client(user="", domain="", form="anonymous", flags=flags))
        assert (who.kind, who.user, mac_key(who)) == ("anonymous", "", b"")

    def test_anonymous_where_it_is_off(self) -> None:
        client, server = Client(user="", form="anonymous"), acceptor(anonymous=False)
        assert (
            status_of(client.authenticate(server.step(client.negotiate())[0]), server=server)
            == NT.LOGON_FAILURE
        )

    def test_an_unknown_user(self) -> None:
        client = Client(user="nobody")
        who = sign_in(client, acceptor(guest=Guest.READ_ONLY))
        assert (who.kind, who.user, who.read_only, mac_key(who)) == ("guest", "nobody", True, b"")
        server = acceptor()
        assert (
            status_of(client.authenticate(server.step(client.negotiate())[0]), server=server)
            == NT.LOGON_FAILURE
        )

    def test_a_form_that_is_not_allowed(self) -> None:
        client, server = Client(form="v1"), acceptor(forms=ALL_FORMS - {Form.NTLM2_SESSION})
        assert (
            status_of(client.authenticate(server.step(client.negotiate())[0]), server=server)
            == NT.LOGON_FAILURE
        )


class TestMic:
    """The MIC over all three messages."""

    @pytest.mark.parametrize("flags", [XP_FLAGS, XP_FLAGS & ~KEY_EXCHANGE, XP_FLAGS & ~VERSION])
    def test_a_right_one(self, flags: int) -> None:
        assert sign_in(Client(mic=True, flags=flags)).protection == "NTLMv2"

    @pytest.mark.parametrize("at", [12, 60, 72, 87, 90])
    def test_a_changed_message(self, at: int) -> None:
        client, server = Client(mic=True, workstation="WORKSTATION"), acceptor()
        token = bytearray(client.authenticate(server.step(client.negotiate())[0]))
        token[at] ^= 1
        assert status_of(bytes(token), server=server) in (NT.INVALID_PARAMETER, NT.LOGON_FAILURE)

    def test_a_changed_negotiate(self) -> None:
        """What the MIC is for: nobody in between may take flags away."""
        client, server = Client(mic=True), acceptor()
        weaker = Client(flags=XP_FLAGS & ~SIGN).negotiate()
        challenge, _ = server.step(weaker)
        client.negotiate()
        assert status_of(client.authenticate(challenge), server=server) == NT.INVALID_PARAMETER


class TestMalformed:
    """What Samba answers with STATUS_INVALID_PARAMETER."""

    def test_not_ntlmssp(self) -> None:
        for token in (
            b"",
            b"NTLMSSP",
            b"NTLMSSP\0",
            b"NTLMSSP\0\1\0\0\0",
            b"garbage garbage garbage",
            bytes(64),
        ):
            assert status_of(token) == NT.INVALID_PARAMETER

    def test_out_of_turn(self) -> None:
        client = Client()
        first = client.negotiate()
        last = client.authenticate(acceptor().step(first)[0])
        assert status_of(last) == NT.INVALID_PARAMETER
        assert status_of(first, first) == NT.INVALID_PARAMETER
        assert status_of(first, last, last) == NT.INVALID_PARAMETER
        assert status_of(first, b"NTLMSSP\0\x09" + bytes(80)) == NT.INVALID_PARAMETER

    def test_nothing_goes_on_after_a_refusal(self) -> None:
        client, server = Client(password="wrong"), acceptor()
        challenge, _ = server.step(client.negotiate())
        assert status_of(client.authenticate(challenge), server=server) == NT.LOGON_FAILURE
        client.password = "Password"
        assert status_of(client.authenticate(challenge), server=server) == NT.INVALID_PARAMETER

    @pytest.mark.parametrize("field", range(12, 60, 8))
    def test_a_field_beyond_the_message(self, field: int) -> None:
        client, server = Client(), acceptor()
        token = bytearray(client.authenticate(server.step(client.negotiate())[0]))
        struct.pack_into("<HHI", token, field, 24, 24, len(token) - 23)
        assert status_of(bytes(token), server=server) == NT.INVALID_PARAMETER

    @pytest.mark.parametrize("size", [0, 8, 15, 17])
    def test_an_exchanged_key_of_another_size(self, size: int) -> None:
        client, server = Client(), acceptor()
        token = bytearray(client.authenticate(server.step(client.negotiate())[0]))
        struct.pack_into("<HHI", token, 52, size, size, 80)
        assert status_of(bytes(token), server=server) == NT.INVALID_PARAMETER

    @given(st.binary(max_size=200), st.booleans())
    def test_any_bytes(self, tail: bytes, second: bool) -> None:
        server = acceptor()
        if second:
            server.step(Client().negotiate())
        try:
            server.step(b"NTLMSSP\0" + (b"\x03\0\0\0" if second else b"") + tail)
        except SMBError as error:
            assert error.status in (NT.INVALID_PARAMETER, NT.LOGON_FAILURE)  # noqa: PT017

    @given(st.data())
    def test_a_message_with_bytes_changed(self, data: st.DataObject) -> None:
        client, server = Client(mic=True), acceptor()
        token = bytearray(client.authenticate(server.step(client.negotiate())[0]))
        for _ in range(data.draw(st.integers(1, 4))):
            token[data.draw(st.integers(0, len(token) - 1))] = data.draw(st.integers(0, 255))
        try:
            server.step(bytes(token[: data.draw(st.integers(0, len(token)))]))
        except SMBError as error:
            assert error.status in (NT.INVALID_PARAMETER, NT.LOGON_FAILURE)  # noqa: PT017


class TestMessages:
    """Messages of real clients."""

    def test_authenticate_of_windows_xp(self) -> None:
        """Frame 9 of xp-explorer-to-xp.pcap: NTLM2 session, no key exchange."""
        token = bytes.fromhex(
            "4e544c4d5353500003000000180018008e00000018001800a60000001e001e00480000001200120066000000"
            "160016007800000000000000be000000058288a20501280a0000000f"
            "4e004f004e0045002d00420039003100430046004100370042003900330077006800690074006500630065006c006c00"
            "530054004500560045004c004100500054004f005000"
            "47d4bd7d114ac7fa00000000000000000000000000000000b4f0b46f21353b4d9c2086ccec5ae4482a36e3a4a268209d"
        )
        message = AuthenticateMessage.decode(token, 0)
        assert (message.domain, message.user, message.workstation) == (
            "NONE-B91CFA7B93",
            "whitecell",
            "STEVELAPTOP",
        )
        assert (message.flags, len(message.lm), len(message.nt), message.session_key) == (
            0xA2888205,
            24,
            24,
            b"",
        )
        assert message.version == bytes.fromhex("0501280a0000000f")

    def test_short_authenticate(self) -> None:
        """The form without session key and flags; the strings are as the challenge says."""
        nt = bytes(range(24))
        fields = [(0, 64), (24, 60), (3, 52), (4, 55), (1, 59), (0, 84)]
        head = b"NTLMSSP\0\3\0\0\0" + b"".join(struct.pack("<HHI", size, size, at) for size, at in fields[:5])
        message = AuthenticateMessage.decode(head + b"LABUSERW" + nt, OEM)
        assert (message.domain, message.user, message.workstation) == ("LAB", "USER", "W")
        assert (message.nt, message.lm, message.session_key, message.flags) == (nt, b"", b"", None)

    @given(st.binary(max_size=60))
    def test_av_pairs_of_any_bytes(self, pairs: bytes) -> None:
        value = av_value(pairs, Av.FLAGS)
        assert value is None or value in pairs


class TestCodePages:
    """Names of clients without Unicode are in the server's OEM code page; what it cannot spell is no other name."""

    FLAGS = XP_FLAGS & ~UNICODE

    def in_japan(self, user: str, names: TargetNames = NAMES, guest: Guest = Guest.OFF) -> NtlmAcceptor:
        accounts = Accounts([Account.with_password(user, "Password")], guest=guest)
        return NtlmAcceptor(accounts, names, CHALLENGE, WORLD, oem="cp932")

    def test_a_name_in_the_code_page(self) -> None:
        client = Client("\u65e5\u672c", flags=self.FLAGS, oem="cp932")
        identity = sign_in(client, self.in_japan("\u65e5\u672c"))
        assert (identity.user, identity.kind) == ("\u65e5\u672c", "user")

    @pytest.mark.parametrize("other", ["a\ufffd", "a?", "a_", "a"])
    @pytest.mark.parametrize(
        ("raw", "negotiated"), [(b"a\x81", OEM), (b"a\0\xff\xdc", UNICODE), (b"a\0\x9a", UNICODE)]
    )
    def test_what_does_not_decode_is_nobody_else(self, raw: bytes, negotiated: int, other: str) -> None:
        """With the right password of the other one."""
        server = self.in_japan(other, guest=Guest.READ_ONLY)
        client = Client("x", flags=(self.FLAGS & ~OEM & ~ESS) | negotiated, form="v1")
        token = bytearray(client.authenticate(server.step(client.negotiate())[0]))
        struct.pack_into("<HHI", token, 36, len(raw), len(raw), len(token))
        _, identity = server.step(bytes(token) + raw)
        assert identity is not None
        assert (identity.user, identity.kind) == ("a\udcff", "guest")

    @pytest.mark.parametrize("name", ["\u0416\u0416", "\u00a5EN", "\u00e9"])
    def test_a_target_that_cannot_be_spelt_is_left_out(self, name: str) -> None:
        """YEN SIGN would come out as a backslash. The list of names, which is Unicode, has it."""
        server = NtlmAcceptor(Accounts(), TargetNames(name), CHALLENGE, WORLD, oem="shift_jis")
        if name == "\u0416\u0416":
            server.oem = "cp850"
        token = server.step(Client(flags=self.FLAGS).negotiate())[0]
        size, _, at, flags = struct.unpack_from("<HHII", token, 12)
        assert token[at : at + size] == b""
        assert not flags & REQUEST_TARGET
        info_size, _, info_at = struct.unpack_from("<HHI", token, 40)
        assert av_value(token[info_at : info_at + info_size], Av.COMPUTER) == name.encode("utf-16-le")


class TestAccepted:
    """`[server] accept`: the forms that count, by its words."""

    @pytest.mark.parametrize(
        ("word", "forms"), [("ntlmv2", "v2 lmv2"), ("ntlm2", "ess"), ("ntlmv1", "v1 ess"), ("lm", "lm v1")]
    )
    def test_words(self, word: str, forms: str) -> None:
        for form in ("v2", "lmv2", "v1", "ess", "lm"):
            flags = XP_FLAGS if form in ("ess", "v2", "lmv2") else XP_FLAGS & ~ESS
            client = Client(form="v1" if form == "ess" else form, flags=flags)
            server = acceptor(forms=ACCEPTED[word])
            challenge, _ = server.step(client.negotiate())
            if form in forms.split():
                assert server.step(client.authenticate(challenge))[1] is not None
                continue
            with pytest.raises(SMBError, match=r"\[server\] accept does not name|wrong password") as caught:
                server.step(client.authenticate(challenge))
            assert caught.value.status == NT.LOGON_FAILURE

    @pytest.mark.parametrize(
        ("form", "flags", "why"),
        [
            ("v1", XP_FLAGS & ~ESS, "sent an NTLMv1 response, which [server] accept does not name"),
            ("v1", XP_FLAGS, "sent an NTLM2 session response, which [server] accept does not name"),
            ("lm", XP_FLAGS & ~ESS, "or an LM response, which [server] accept does not name"),
            ("v2", XP_FLAGS, "wrong password for 'User' (NTLMv2)"),
        ],
    )
    def test_the_reason_of_a_refusal(self, form: str, flags: int, why: str) -> None:
        client = Client(form=form, flags=flags, password="Password" if form != "v2" else "wrong")
        server = acceptor(forms=ACCEPTED["ntlmv2"])
        challenge, _ = server.step(client.negotiate())
        with pytest.raises(SMBError) as caught:
            server.step(client.authenticate(challenge))
        assert why in caught.value.why


WORK = [(ntlm, "des_long"), (ntlm, "hmac_md5"), (ntlm, "ntowf_v2"), (hashes, "des_long"), (hashes, "_md4")]


@pytest.mark.parametrize("password", ["Password", "a password of more than 14 characters"])
@pytest.mark.parametrize("forms", [ALL_FORMS, *ACCEPTED.values()])
@pytest.mark.parametrize("form", ["v2", "lmv2", "v1", "ess", "lm", "13 words"])
def test_a_name_without_account_takes_the_same_work(
    form: str, forms: frozenset[Form], password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the time of the answer would tell which names there are; of the first answer after a start, too."""
    done: list[str] = []
    for module, name in WORK:
        real = getattr(module, name)

        def counted(*a: Any, name: str = name, real: Any = real) -> Any:
            done.append(name)
            return real(*a)

        monkeypatch.setattr(module, name, counted)
    work: dict[str, list[list[str]]] = {"User": [], "nobody": []}
    for user, all_done in work.items():
        accounts = Accounts([Account.with_password("User", password)], forms=forms)
        for _ in range(2):
            done.clear()
            if form == "13 words":
                with pytest.raises(SMBError):
                    ntlm.verify(accounts, challenge=CHALLENGE, user=user, lm=bytes(24))
            else:
                flags = XP_FLAGS if form in ("ess", "v2", "lmv2") else XP_FLAGS & ~ESS
                client = Client(user, "wrong", form="v1" if form == "ess" else form, flags=flags)
                server = NtlmAcceptor(accounts, NAMES, CHALLENGE, WORLD)
                token = client.authenticate(server.step(client.negotiate())[0])
                done.clear()
                assert status_of(token, server=server) == NT.LOGON_FAILURE
            all_done.append(done.copy())
    assert work["nobody"] == work["User"]
    assert work["nobody"][0] != []


def test_each_name_has_a_decoy_of_its_own() -> None:
    """A processor does DES in less time with a key that it has just seen."""
    accounts = Accounts()
    decoys = [accounts.claimed(name)[0] for name in ("one", "two")]
    assert len({one.nt_hash for one in decoys} | {one.lm_or_decoy for one in decoys}) == 4


def test_nobody_signs_in_by_the_password_that_is_compared_in_vain() -> None:
    accounts = Accounts()
    challenge = bytes(8)
    claim = ntlm.Claim("nobody")
    decoy, known = accounts.claimed("nobody")
    assert not known
    lm = bytes(des_long(decoy.nt_hash, challenge))
    assert ntlm.prove(decoy, ALL_FORMS, challenge, claim, lm, lm) is not None
    with pytest.raises(SMBError, match="no user 'nobody'"):
        ntlm.verify(accounts, challenge=challenge, user="nobody", lm=lm, nt=lm)
