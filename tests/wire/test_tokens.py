"""The readers for labels: NTLMSSP tokens and DCE/RPC fragments."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from impacket import ntlm
from impacket.dcerpc.v5 import rpcrt

from fakesmb.rpc.pipes import SERVICES
from fakesmb.wire import fragments, ntlmssp, tokens
from fakesmb.wire.codec import DecodeError
from fakesmb.wire.interfaces import INTERFACES
from fakesmb.wire.opnums import OPERATIONS, operation_name
from tests.wire.wire_blocks import octets


def authenticate(*, unicode: bool = True, with_flags: bool = True) -> bytes:
    """An AUTHENTICATE message in the layout of its age."""
    encoding = "utf-16-le" if unicode else "cp850"
    fixed = 72 if with_flags else 52
    values = [
        b"L" * 24,
        b"N" * 30,
        "DÖM".encode(encoding),
        "alice".encode(encoding),
        "WKS".encode(encoding),
        b"K" * 16,
    ]
    fields, payload = b"", b""
    for value in values[: 6 if with_flags else 5]:
        fields += struct.pack("<HHI", len(value), len(value), fixed + len(payload))
        payload += value
    token = ntlmssp.SIGNATURE + struct.pack("<I", 3) + fields
    if with_flags:
        token += struct.pack("<I", 0x02000001 if unicode else 0x02000000) + b"\5\1\x28\x0a\0\0\0\x0f"
    return token + payload


@pytest.mark.parametrize("unicode", [True, False])
def test_an_authenticate_message_says_who_from_where(unicode: bool) -> None:
    token = tokens.read(authenticate(unicode=unicode))
    assert token.title == "NTLM AUTHENTICATE MESSAGE"
    assert (token.domain, token.user, token.workstation) == ("DÖM", "alice", "WKS")
    assert (token.lm_response_length, token.nt_response_length, token.session_key_length) == (24, 30, 16)
    assert token.version == "5.1.2600"


def test_an_old_authenticate_message_ends_before_its_flags() -> None:
    token = tokens.read(authenticate(with_flags=False))
    assert (token.domain, token.user, token.session_key_length) == ("DÖM", "alice", 0)


def test_responses_and_keys_are_not_kept() -> None:
    token = tokens.read(authenticate())
    kept = repr(token)
    assert "LLLL" not in kept
    assert "NNNN" not in kept
    assert "KKKK" not in kept


def test_a_token_is_found_inside_spnego() -> None:
    bare = ntlm.getNTLMSSPType1("WKS", "DOM").getData()
    token = tokens.read(b"\x60\x48\x06\x06+\x06\x01\x05\x05\x02" + bare)
    assert token.message_type == ntlmssp.MessageType.NEGOTIATE
    assert token.wrapped
    assert not tokens.read(bare).wrapped


def test_a_challenge_says_its_target() -> None:
    name = "HOST".encode("utf-16-le")
    raw = (
        ntlmssp.SIGNATURE
        + struct.pack("<IHHI", 2, len(name), len(name), 48)
        + struct.pack("<I", 0x00000001)
        + bytes(24)
        + name
    )
    token = tokens.read(raw)
    assert (token.title, token.target_name) == ("NTLM CHALLENGE MESSAGE", "HOST")


@pytest.mark.parametrize(
    "raw", [b"", b"\x60\x82", ntlmssp.SIGNATURE, ntlmssp.SIGNATURE + b"\4\0\0\0" + bytes(80)]
)
def test_what_is_no_token_is_refused(raw: bytes) -> None:
    with pytest.raises(DecodeError):
        tokens.read(raw)


@given(st.binary(max_size=120), st.integers(0, 4))
def test_damaged_tokens_raise_only_decode_errors(tail: bytes, kind: int) -> None:
    try:
        tokens.read(ntlmssp.SIGNATURE + struct.pack("<I", kind) + tail)
    except DecodeError:
        return


@given(st.integers(0, 120), st.integers(0, 255))
def test_one_wrong_byte_in_a_token_raises_only_decode_errors(at: int, value: int) -> None:
    raw = bytearray(authenticate())
    raw[at % len(raw)] = value
    try:
        tokens.read(raw)
    except DecodeError:
        return


# -- DCE/RPC -------------------------------------------------------------------------------------------------

BIND = """
05 00 0b 03 10000000 4800 0000 01000000 b810 b810 00000000 01 00 0000
0000 01 00 c84f324b7016d30112785a47bf6ee188 03000000 045d888aeb1cc9119fe808002b104860 02000000
"""


def test_a_bind_of_72_bytes_offers_srvsvc() -> None:
    """That of the documented exchange."""
    raw = octets(BIND)
    fragment = fragments.read(raw)
    assert len(raw) == fragment.length == 72
    assert fragment.title == "Bind"
    assert fragment.interfaces == ("4b324fc8-1670-01d3-1278-5a47bf6ee188",)
    assert fragment.interface_names == ("srvsvc",)
    assert fragment.first
    assert fragment.last
    theirs = rpcrt.MSRPCBind(rpcrt.MSRPCHeader(raw)["pduData"])
    assert theirs["ctx_num"] == len(fragment.interfaces)


def test_a_bind_acknowledgement_has_results() -> None:
    raw = octets(
        """05 00 0c 03 10000000 4400 0000 01000000 b810 b810 f0530000 0d00 5c504950455c73727673766300 00
        01 00 0000 0000 0000 045d888aeb1cc9119fe808002b104860 02000000"""
    )
    fragment = fragments.read(raw)
    assert (fragment.title, fragment.results) == ("Bind Ack", (0,))


def test_a_request_has_an_operation_and_a_fault_a_status() -> None:
    request = fragments.read(octets("05 00 00 03 10000000 1800 0000 02000000 00000000 0100 0f00"))
    assert (request.title, request.context_id, request.opnum) == ("Request", 1, 15)
    fault = fragments.read(
        octets("05 00 03 23 10000000 2000 0000 02000000 20000000 0000 00 00 0200011c 00000000")
    )
    assert (fault.title, fault.status) == ("Fault", 0x1C010002)
    assert fragments.read(octets("05 00 0d 03 10000000 1200 0000 02000000 0400")).status == 4


def test_big_endian_fragments_are_read_too() -> None:
    request = fragments.read(octets("05 00 00 03 00000000 0018 0000 00000002 00000000 0001 000f"))
    assert (request.length, request.call_id, request.opnum) == (24, 2, 15)


def test_types_without_fields_and_without_names() -> None:
    assert fragments.read(octets("05 00 12 03 10000000 1000 0000 02000000")).title == "Co Cancel"
    assert fragments.read(octets("05 00 63 03 10000000 1000 0000 02000000")).title == "PTYPE 99"


@pytest.mark.parametrize("raw", ["", "05 00 00 03", "04 00 00 03 10000000 1800 0000 02000000", BIND[:60]])
def test_what_is_no_fragment_is_refused(raw: str) -> None:
    with pytest.raises(DecodeError):
        fragments.read(octets(raw))


@pytest.mark.parametrize(
    ("opnum", "interface", "pipe", "name"),
    [
        (15, "", "srvsvc", "NetrShareEnum"),
        (57, "", "samr", "SamrConnect2"),
        (57, "12345778-1234-abcd-ef00-0123456789ab", "samr", "LsarLookupSids2"),
        (44, "", "lsass", "LsarOpenPolicy2"),
        (0, "00000000-0000-0000-0000-000000000000", "srvsvc", "unknown"),
        (999, "", "srvsvc", "unknown"),
    ],
)
def test_an_operation_is_named_by_the_interface_or_else_by_the_pipe(
    opnum: int, interface: str, pipe: str, name: str
) -> None:
    assert operation_name(opnum, interface=interface, pipe=pipe) == name


def test_what_is_served_is_in_the_tables_of_interfaces_and_operations() -> None:
    assert SERVICES.keys() == OPERATIONS.keys() <= INTERFACES.keys()


@given(st.sampled_from([0, 2, 3, 11, 12, 13, 14, 15, 99]), st.binary(min_size=12, max_size=90), st.booleans())
def test_damaged_fragments_raise_only_decode_errors(kind: int, tail: bytes, little: bool) -> None:
    try:
        fragments.read(bytes([5, 0, kind, 3, 0x10 if little else 0]) + tail[1:])
    except DecodeError:
        return
