"""Kerberos in the framing of GSS-API: golden bytes, and what tokens say of themselves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakesmb.auth.krb5 import Code, krb_error
from fakesmb.wire import kerberos, tokens
from fakesmb.wire.codec import DecodeError
from fakesmb.wire.kerberos import AP_REP, KRB_ERROR, Flag, GssChecksum, is_kerberos, open_token, token
from fakesmb.wire.kerberos_told import KerberosToken, read
from fakesmb.wire.spnego import NegTokenResp
from tests.auth.tickets import KERBEROS, MICROSOFTS, NEGOEX, NTLMSSP, Ticket, init, new_key, service_key

CHECKSUM = bytes.fromhex(
    "10000000" + "00112233445566778899aabbccddeeff" + "3f000000" + "0100 0300 aabbcc" + "0102"
)


def test_golden_bytes_of_the_checksum() -> None:
    """[RFC 4121] 4.1.1: Lgth, Bnd, Flags, DlgOpt, Dlgth, Deleg, Exts."""
    made = GssChecksum(bytes.fromhex("00112233445566778899aabbccddeeff"), 0x3F, b"\xaa\xbb\xcc", b"\1\2")
    assert made.encode() == CHECKSUM
    assert GssChecksum.decode(CHECKSUM) == made
    plain = GssChecksum(flags=Flag.MUTUAL, extensions=b"x")
    assert GssChecksum.decode(plain.encode()) == plain
    assert "aabbcc" not in repr(made.flags)


def test_golden_bytes_of_the_framing() -> None:
    framed = bytes.fromhex("600f 0609 2a864886f712010202 0200 6f00")
    assert token(AP_REP, b"\x6f\0") == framed
    assert open_token(framed) == (AP_REP, b"\x6f\0")
    assert is_kerberos(framed)
    assert is_kerberos(framed.replace(bytes.fromhex("2a8648"), bytes.fromhex("2a8648")))
    assert not is_kerberos(b"\x60")
    assert not is_kerberos(b"NTLMSSP\0")
    assert kerberos.skew_recovery() == bytes.fromhex("3005a103020102")


@pytest.fixture
def ap_req() -> bytes:
    return Ticket(new_key(), 1e9, kvno=3).token()


@pytest.mark.parametrize("mechanisms", [(), (KERBEROS, NTLMSSP), (MICROSOFTS, KERBEROS, NEGOEX, NTLMSSP)])
def test_an_ap_req_says_for_whom_it_is(ap_req: bytes, mechanisms: tuple[str, ...]) -> None:
    blob = init(mechanisms, ap_req) if mechanisms else ap_req
    service = "cifs/files.lab.example@LAB.EXAMPLE"
    assert tokens.told(blob) == KerberosToken("AP-REQ", service, 18, 3, wrapped=bool(mechanisms))
    assert read(NegTokenResp(token=ap_req).encode()).service == service


def test_without_a_version_of_the_key() -> None:
    assert read(Ticket(new_key(), 1e9, kvno=None).token()).key_version == 0


def test_answers() -> None:
    assert read(token(AP_REP, b"")) == KerberosToken("AP-REP")
    key = service_key(new_key())
    assert read(token(KRB_ERROR, krb_error(Code.SKEW, key, 1e9))).error == "KRB_AP_ERR_SKEW"
    assert read(token(KRB_ERROR, krb_error(1, key, 1e9))).error == "error 1"


@pytest.mark.parametrize(
    "blob", [b"", b"\x30\0", token(0x0500, b""), init((KERBEROS,)), init((NTLMSSP,), b"NTLMSSP\0"), b"\xa0\0"]
)
def test_what_is_none(blob: bytes) -> None:
    with pytest.raises(DecodeError):
        read(blob)


@given(st.integers(0, 1000), st.integers(0, 255))
def test_a_changed_byte_is_read_or_refused(place: int, value: int) -> None:
    blob = bytearray(init((KERBEROS,), AP_REQ))
    blob[place % len(blob)] = value
    for data in (bytes(blob), bytes(blob[:place])):
        tokens.told(data)


AP_REQ = Ticket(new_key(), 1e9).token()
