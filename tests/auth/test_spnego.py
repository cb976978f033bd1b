"""SPNEGO against an independent client, captured tokens and any bytes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from impacket.spnego import SPNEGO_NegTokenInit, SPNEGO_NegTokenResp, TypesMech

from fakesmb.auth.accounts import Account, Accounts, Guest, Identity
from fakesmb.auth.ntlmssp import NtlmAcceptor, TargetNames
from fakesmb.auth.spnego import SpnegoAcceptor
from fakesmb.nt.status import NT, SMBError
from fakesmb.wire import der
from fakesmb.wire.codec import DecodeError
from fakesmb.wire.der import element
from fakesmb.wire.spnego import NegTokenInit, NegTokenResp, initial_token
from tests.auth.ntlm_client import ESS, KEY_EXCHANGE, XP_FLAGS, Client
from tests.worlds import StillWorld

NTLM_OID = bytes.fromhex("060a2b06010401823702020a")
KERBEROS_OID = bytes.fromhex("06092a864886f712010202")
NEGOEX_OID = bytes.fromhex("060a2b06010401823702021e")
ACCEPTED, INCOMPLETE, REJECTED = 0, 1, 2


def tlv(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    assert len(body) < 0x10000
    if len(body) < 0x80:
        return bytes([tag, len(body)]) + body
    return bytes([tag, 0x82]) + len(body).to_bytes(2, "big") + body


def mech_list(*oids: bytes) -> bytes:
    return tlv(0x30, *oids)


def init(mechs: bytes, token: bytes | None = None, *, gss: bool = True) -> bytes:
    fields = [tlv(0xA0, mechs)]
    if token is not None:
        fields.append(tlv(0xA2, tlv(0x04, token)))
    body = tlv(0xA0, tlv(0x30, *fields))
    return tlv(0x60, bytes.fromhex("06062b0601050502"), body) if gss else body


def resp(token: bytes = b"", mic: bytes = b"", state: int | None = None) -> bytes:
    fields = []
    if state is not None:
        fields.append(tlv(0xA0, tlv(0x0A, bytes([state]))))
    if token:
        fields.append(tlv(0xA2, tlv(0x04, token)))
    if mic:
        fields.append(tlv(0xA3, tlv(0x04, mic)))
    return tlv(0xA1, tlv(0x30, *fields))


def acceptor(**options: Any) -> SpnegoAcceptor:
    accounts = Accounts([Account.with_password("User", "Password")], **options)
    return SpnegoAcceptor(NtlmAcceptor(accounts, TargetNames("SERVER", "LAB"), b"challeng", StillWorld()))


def read(token: bytes) -> NegTokenResp:
    ((tag, body),) = der.elements(token)
    assert tag == 0xA1
    return NegTokenResp.decode(body)


def status_of(*tokens: bytes) -> int:
    server = acceptor()
    for token in tokens[:-1]:
        server.step(token)
    with pytest.raises(SMBError) as error:
        server.step(tokens[-1])
    return error.value.status


class TestForms:
    """Whatever way the client begins, it is answered in the same."""

    def test_raw_ntlmssp(self) -> None:
        client, server = Client(), acceptor()
        challenge, nobody = server.step(client.negotiate())
        assert challenge.startswith(b"NTLMSSP\0\2")
        assert nobody is None
        last, who = server.step(memoryview(client.authenticate(challenge)))
        assert last == b""
        assert who is not None
        assert who.user == "User"

    @pytest.mark.parametrize("gss", [True, False])
    def test_ntlmssp_alone_in_the_list(self, gss: bool) -> None:
        client, server = Client(), acceptor()
        answer, _ = server.step(init(mech_list(NTLM_OID), client.negotiate(), gss=gss))
        first = read(answer)
        assert (first.state, first.mech, first.mic) == (INCOMPLETE, NTLM_OID[2:], b"")
        last, who = server.step(resp(client.authenticate(first.token)))
        assert who is not None
        assert who.session_key == client.key
        assert last == bytes.fromhex("a1073005a0030a0100")

    def test_without_an_optimistic_token(self) -> None:
        client, server = Client(), acceptor()
        answer, _ = server.step(init(mech_list(NTLM_OID)))
        assert answer == bytes.fromhex("a1153013a0030a0101a10c060a2b06010401823702020a")
        second = read(server.step(resp(client.negotiate()))[0])
        assert (second.state, second.mech) == (INCOMPLETE, b"")
        assert server.step(resp(client.authenticate(second.token)))[1] is not None

    @pytest.mark.parametrize("mechs", [mech_list(KERBEROS_OID, NTLM_OID), mech_list(NEGOEX_OID, NTLM_OID)])
    def test_an_optimistic_token_of_another_mechanism(self, mechs: bytes) -> None:
        client, server = Client(), acceptor()
        answer, nobody = server.step(init(mechs, b"\x60\x05AP-REQ"))
        assert nobody is None
        assert read(answer) == NegTokenResp(INCOMPLETE, NTLM_OID[2:])
        second = read(server.step(resp(client.negotiate()))[0])
        token = client.authenticate(second.token)
        last, who = server.step(resp(token, client.signature(mechs)))
        assert who is not None
        assert read(last) == NegTokenResp(ACCEPTED, mic=client.signature(mechs, "server-to-client"))

    def test_os_x(self) -> None:
        """Frame 16 of osx-logoff-after-challenge.pcap."""
        token = bytes.fromhex(
            "604806062b0601050502a03e303ca00e300c060a2b06010401823702020aa22a04284e544c4d5353500001000000050a0002"
            "000000000000000000000000000000000601b01d0f000000"
        )
        answer = read(acceptor().step(token)[0])
        assert answer.token.startswith(b"NTLMSSP\0\2")

    def test_impacket(self) -> None:
        client, server = Client(), acceptor()
        first = SPNEGO_NegTokenInit()
        first["MechTypes"] = [TypesMech["NTLMSSP - Microsoft NTLM Security Support Provider"]]
        first["MechToken"] = client.negotiate()
        answer = SPNEGO_NegTokenResp(server.step(first.getData())[0])
        second = SPNEGO_NegTokenResp()
        second["ResponseToken"] = client.authenticate(answer["ResponseToken"])
        last, who = server.step(second.getData())
        assert who is not None
        assert SPNEGO_NegTokenResp(last)["NegState"] == b"\0"


class TestOffer:
    """The blob of the negotiate response."""

    def test_it_is_what_windows_sends(self) -> None:
        """Frame 14 of osx-logoff-after-challenge.pcap."""
        assert initial_token() == bytes.fromhex(
            "604806062b0601050502a03e303ca00e300c060a2b06010401823702020a"
            "a32a3028a0261b246e6f745f646566696e65645f696e5f5246433431373840706c656173655f69676e6f7265"
        )

    def test_impacket_reads_it(self) -> None:
        assert SPNEGO_NegTokenInit(initial_token())["MechTypes"] == [NTLM_OID[2:]]


class TestMic:
    """mechListMIC, [RFC 4178] 5."""

    MECHS = mech_list(NTLM_OID)

    def sign_in(
        self, client: Client, mic: bytes | None, **options: Any
    ) -> tuple[NegTokenResp, Identity | None]:
        server = acceptor(**options)
        challenge = read(server.step(init(self.MECHS, client.negotiate()))[0]).token
        token = client.authenticate(challenge)
        last, who = server.step(resp(token, client.signature(self.MECHS) if mic is None else mic or token))
        return read(last), who

    @pytest.mark.parametrize("flags", [XP_FLAGS, XP_FLAGS & ~KEY_EXCHANGE, XP_FLAGS & ~ESS])
    @pytest.mark.parametrize("form", ["v2", "v1"])
    def test_a_right_one_is_answered_with_ours(self, flags: int, form: str) -> None:
        client = Client(flags=flags, form=form)
        last, who = self.sign_in(client, None)
        assert who is not None
        assert last.state == ACCEPTED
        assert len(last.mic) == 16
        if flags & ESS:
            assert last.mic == client.signature(self.MECHS, "server-to-client")

    def test_of_an_anonymous_client(self) -> None:
        client = Client(user="", domain="", form="anonymous")
        last, who = self.sign_in(client, None)
        assert who is not None
        assert last.mic == client.signature(self.MECHS, "server-to-client")

    def test_of_a_guest_it_cannot_be_checked(self) -> None:
        last, who = self.sign_in(Client(user="nobody"), None, guest=Guest.READ_ONLY)
        assert who is not None
        assert who.kind == "guest"
        assert last == NegTokenResp(ACCEPTED)

    def test_a_wrong_one(self) -> None:
        with pytest.raises(SMBError) as error:
            self.sign_in(Client(), bytes(16))
        assert error.value.status == NT.INVALID_PARAMETER

    def test_a_copy_of_the_token_is_none(self) -> None:
        """Windows 2000 and XP."""
        last, who = self.sign_in(Client(), b"")
        assert who is not None
        assert last == NegTokenResp(ACCEPTED)


class TestMalformed:
    """The statuses that Samba 4.17 answers with."""

    def test_first_tokens(self) -> None:
        first = Client().negotiate()
        for token in (
            b"garbage",
            bytes(40),
            b"\x60",
            b"\x60\x84\xff\xff\xff\xff",
            b"\x60\x80\0\0",
            b"\x7f\x81\x00",
            tlv(0x60, KERBEROS_OID, b"AP-REQ"),
            tlv(0x60, bytes.fromhex("06062b0601050502")),
            init(mech_list(KERBEROS_OID), b"AP-REQ"),
            init(mech_list(), first),
            init(mech_list(NTLM_OID), b"JUNK"),
            init(mech_list(NTLM_OID), first)[:30],
            resp(first),
            tlv(0xA0, tlv(0x30)),
        ):
            assert status_of(token) == NT.INVALID_PARAMETER

    def test_the_log_names_what_a_client_offers_instead(self) -> None:
        with pytest.raises(SMBError, match="Kerberos, NEGOEX, 2a03"):
            acceptor().step(init(mech_list(KERBEROS_OID, NEGOEX_OID, b"\x06\x02\x2a\x03"), b"AP-REQ"))

    def test_an_empty_one(self) -> None:
        assert status_of(b"") == NT.LOGON_FAILURE

    def test_second_tokens(self) -> None:
        client = Client()
        first = init(mech_list(NTLM_OID), client.negotiate())
        raw = client.authenticate(read(acceptor().step(first)[0]).token)
        for token in (
            b"",
            b"garbage",
            first,
            raw,
            resp(),
            resp(raw[:40]),
            resp(state=REJECTED),
            b"\xa1\x03\x30\x01\xa0",
        ):
            assert status_of(first, token) == NT.INVALID_PARAMETER
        assert status_of(client.negotiate(), resp(raw)) == NT.INVALID_PARAMETER

    @given(st.binary(max_size=120))
    def test_any_bytes(self, data: bytes) -> None:
        for server, prefix in ((acceptor(), b""), (acceptor(), b"\x60"), (begun(), b""), (begun(), b"\xa1")):
            try:
                server.step(prefix + data)
            except SMBError as error:
                assert error.status in (NT.INVALID_PARAMETER, NT.LOGON_FAILURE)  # noqa: PT017

    @given(st.data())
    def test_real_tokens_with_bytes_changed(self, data: st.DataObject) -> None:
        client, server = Client(mic=True), acceptor()
        mechs = mech_list(KERBEROS_OID, NTLM_OID)
        try:
            server.step(mutated(data, init(mechs, b"AP-REQ")))
            answer, _ = server.step(mutated(data, resp(client.negotiate())))
            token = client.authenticate(read(answer).token)
            server.step(mutated(data, resp(token, client.signature(mechs))))
        except SMBError as error:
            assert error.status in (NT.INVALID_PARAMETER, NT.LOGON_FAILURE)  # noqa: PT017


def begun() -> SpnegoAcceptor:
    server = acceptor()
    server.step(init(mech_list(NTLM_OID), Client().negotiate()))
    return server


def mutated(data: st.DataObject, token: bytes) -> bytes:
    changed = bytearray(token)
    for at in data.draw(st.lists(st.integers(0, len(token) - 1), max_size=2)):
        changed[at] = data.draw(st.integers(0, 255))
    return bytes(changed)


class TestDer:
    """The little DER there is."""

    @pytest.mark.parametrize(
        ("size", "header"), [(0, "0400"), (127, "047f"), (128, "048180"), (256, "04820100")]
    )
    def test_lengths(self, size: int, header: str) -> None:
        whole = element(0x04, bytes(size))
        assert whole == bytes.fromhex(header) + bytes(size)
        assert list(der.elements(whole)) == [(0x04, bytes(size))]

    @given(st.lists(st.tuples(st.sampled_from([0x04, 0x30, 0xA0]), st.binary(max_size=300))))
    def test_what_is_written_is_read(self, parts: list[tuple[int, bytes]]) -> None:
        assert list(der.elements(b"".join(element(tag, body) for tag, body in parts))) == parts

    def test_init_without_a_list(self) -> None:
        with pytest.raises(DecodeError):
            NegTokenInit.decode(element(0x30))
