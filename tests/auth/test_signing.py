"""SMB1 signatures against those of Samba's client and of impacket."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from impacket.smb import SMB, NewSMBPacket

from fakesmb.auth.accounts import Identity
from fakesmb.auth.signing import Checker, Signer, mac_key
from fakesmb.nt.status import NT, SMBError

FROM_SMBCLIENT = {
    "NTLMv2, extended security": (
        "c113f01171ffdcfb31483cf6b2e0d2f9",
        "ff534d4275000000001857c800007b37620d2a4672910000ffff972a6400030004ff0000000c0001002700005c005c003100"
        "320037002e0030002e0030002e0031005c004c004100420000003f3f3f3f3f00",
    ),
    "NTLM2 session, extended security": (
        "c0959c9ec398d9ae0e0d31bfdce572f2",
        "ff534d4275000000001857c80000c107b986516049f20000ffffab2a6400030004ff0000000c0001002700005c005c003100"
        "320037002e0030002e0030002e0031005c004c004100420000003f3f3f3f3f00",
    ),
    "NTLMv2, 13 words": (
        "c1b4b8f82fa5bffb134541098547da27"
        "c6da35b6e3a2014217c75e4ce1bdac1a01010000000000006e8a8e5cdb7add0173315f505b9c204f00000000"
        "0200120057004f0052004b00470052004f005500500000000000",
        "ff534d4275000000001857c0000069c78c5970c35c580000ffffaf2a6400020004ff0000000c0001002700005c005c003100"
        "320037002e0030002e0030002e0031005c004c004100420000003f3f3f3f3f00",
    ),
    "NTLMv1, 13 words": (
        "25ee06323ac15264cf82397711ef38df9b5a5474841081fae3a9c87cdb6042a322d0fed216a4ed6c",
        "ff534d4275000000001857c00000318eab9cc48ca61b0000ffffb32a6400020004ff0000000c0001002700005c005c003100"
        "320037002e0030002e0030002e0031005c004c004100420000003f3f3f3f3f00",
    ),
}
"""The first request after a sign-in by smbclient 4.17 with `--client-protection=sign`, and the key it had."""


@pytest.mark.parametrize("how", FROM_SMBCLIENT)
def test_samba_signed_these(how: str) -> None:
    key, message = map(bytes.fromhex, FROM_SMBCLIENT[how])
    signer = Signer(key)
    assert signer.verify(message, 2)
    assert signer.sign([message], 2) == message[14:22]
    assert not signer.verify(message, 4)
    assert not Signer(key[::-1]).verify(message, 2)


def test_every_byte_counts_but_those_of_the_signature() -> None:
    key, message = map(bytes.fromhex, FROM_SMBCLIENT["NTLMv1, 13 words"])
    signer, signature = Signer(key), message[14:22]
    for at in range(len(message)):
        changed = message[:at] + bytes([message[at] ^ 1]) + message[at + 1 :]
        assert (signer.sign([changed], 2) == signature) == (14 <= at < 22)
        assert not signer.verify(changed, 2)


@given(st.binary(min_size=16, max_size=60), st.binary(max_size=60), st.integers(0, 0xFFFFFFFF))
def test_impacket_signs_the_same(key: bytes, payload: bytes, sequence: int) -> None:
    packet = NewSMBPacket()
    packet["Data"] = [payload]
    client = SMB.__new__(SMB)
    client._SignSequenceNumber = sequence
    client._SignatureVerificationEnabled = False
    client.signSMB(packet, key[:16], key[16:])
    message = packet.getData()
    assert Signer(key).verify(message, sequence)


@given(st.binary(min_size=32, max_size=200), st.lists(st.integers(32, 200), max_size=3))
def test_how_a_message_is_cut_changes_nothing(message: bytes, cuts: list[int]) -> None:
    signer = Signer(b"0123456789abcdef")
    at = [0, *sorted(cuts), len(message)] if all(cut <= len(message) for cut in cuts) else [0, len(message)]
    parts = [memoryview(message)[a:b] for a, b in itertools.pairwise(at)]
    assert signer.sign(parts, 7) == signer.sign([bytearray(message)], 7)


def test_a_message_without_a_whole_header_is_not_signed() -> None:
    assert not Signer(b"k" * 16).verify(b"\xffSMB", 0)


def test_sequence_numbers() -> None:
    """Requests take two, NT_CANCEL takes one; a response has its request's number plus one."""
    signer = Signer(b"k" * 16)

    def request(command: int, number: int) -> bytes:
        message = b"\xffSMB" + bytes([command]) + bytes(30)
        return message[:14] + signer.sign([message], number) + message[22:]

    checker = Checker(signer)
    sent = [(0xA0, 2), (0xA4, 4), (0x2E, 5), (0x33, 7), (0x2E, 9)]
    answers = [checker.receive(request(command, number), command) for command, number in sent]
    assert answers == [3, 5, 6, 8, 10]


def test_a_wrong_signature_is_refused_and_the_count_goes_on() -> None:
    signer = Signer(b"k" * 16)
    checker = Checker(signer)
    message = bytes(35)
    with pytest.raises(SMBError) as error:
        checker.receive(message, 0x2B)
    assert error.value.status == NT.ACCESS_DENIED
    good = message[:14] + signer.sign([message], 4) + message[22:]
    assert checker.receive(good, 0x2B) == 5


def test_who_has_no_key() -> None:
    assert mac_key(Identity("", kind="anonymous")) == b""
    assert mac_key(Identity("alice", response=b"x" * 24)) == b""
    assert mac_key(Identity("alice", session_key=b"k" * 16)) == b"k" * 16
