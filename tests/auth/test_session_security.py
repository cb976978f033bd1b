"""NTLM signing and sealing: the examples of [MS-NLMP] 4.2, and both sides of a talk."""

import struct
import zlib

import pytest
from Cryptodome.Cipher import ARC4

from fakesmb.auth.session_security import SessionSecurity
from tests.auth.ntlm_client import (
    ESS,
    KEY_56,
    KEY_128,
    KEY_EXCHANGE,
    LM_KEY,
    NTLM,
    RANDOM_KEY,
    SEAL,
    SIGN,
    UNICODE,
)

V1_FLAGS = 0xE2028233
V2_FLAGS = 0xE28A8233
PLAIN = "Plaintext".encode("utf-16-le")


def test_the_example_without_extended_session_security_is_unsealed() -> None:
    """[MS-NLMP] 4.2.2.4, where the sealing key is the whole session key."""
    security = SessionSecurity(V1_FLAGS, RANDOM_KEY)
    sealed = bytes.fromhex("56fe04d861f9319af0d7238a2e3b4d457fb8")
    signature = bytes.fromhex("01000000 45c844e5 09dcd1df 2e459d36")
    assert security.unseal(sealed, 0, len(sealed), signature) == PLAIN


def test_the_example_of_ntlmv2_is_unsealed() -> None:
    """[MS-NLMP] 4.2.4.4."""
    security = SessionSecurity(V2_FLAGS, RANDOM_KEY)
    sealed = bytes.fromhex("54e50165bf1936dc996020c1811b0f06fb5f")
    signature = bytes.fromhex("01000000 7fb38ec5c55d4976 00000000")
    assert security.unseal(sealed, 0, len(sealed), signature) == PLAIN


def test_a_changed_message_is_not_unsealed() -> None:
    security = SessionSecurity(V2_FLAGS, RANDOM_KEY)
    sealed = bytes.fromhex("54e50165bf1936dc996020c1811b0f06fb5e")
    assert security.unseal(sealed, 0, len(sealed), bytes.fromhex("010000007fb38ec5c55d497600000000")) is None


@pytest.mark.parametrize("size", [0, 8, 15, 17])
def test_a_signature_of_another_size_is_wrong(size: int) -> None:
    assert not SessionSecurity(V2_FLAGS, RANDOM_KEY).verify(b"abc", bytes(size))


def test_with_extended_session_security_the_whole_message_counts() -> None:
    one, other = (SessionSecurity(V2_FLAGS, RANDOM_KEY) for _ in range(2))
    assert one.seal(b"head" + PLAIN + b"tail", 4, 22)[0] == other.seal(b"HEAD" + PLAIN + b"TAIL", 4, 22)[0]
    assert one.sign(b"head" + PLAIN, PLAIN) != other.sign(b"HEAD" + PLAIN, PLAIN)


def test_without_it_the_data_alone_counts_and_both_directions_share_stream_and_number() -> None:
    security = SessionSecurity(V1_FLAGS, RANDOM_KEY)
    stream = ARC4.new(RANDOM_KEY)

    def signature(number: int) -> bytes:
        stream.encrypt(bytes(4))
        return stream.encrypt(struct.pack("<II", zlib.crc32(PLAIN), number))

    assert security.verify(b"ignored" + PLAIN, b"\x01" + bytes(7) + signature(0), PLAIN)
    assert security.sign(b"ignored too" + PLAIN, PLAIN)[8:] == signature(1)
    assert security.verify(b"again" + PLAIN, bytes(8) + signature(2), PLAIN)


@pytest.mark.parametrize(
    ("flags", "key"),
    [(KEY_56, RANDOM_KEY[:7] + b"\xa0"), (KEY_128, RANDOM_KEY[:5] + b"\xe5\x38\xb0")],
    ids=["56 bits", "40 bits"],
)
def test_an_lm_key_is_weakened(flags: int, key: bytes) -> None:
    """SEALKEY, [MS-NLMP] 3.4.5.3."""
    security = SessionSecurity(LM_KEY | SIGN | SEAL | NTLM | UNICODE | flags, RANDOM_KEY)
    assert security.seal(PLAIN, 0, len(PLAIN))[0] == ARC4.new(key).encrypt(PLAIN)


def test_a_restart_begins_the_stream_anew_and_goes_on_counting() -> None:
    """[MS-SPNG] 3.3.5.1: the first message after a mechListMIC is sealed as if there had been none."""
    fresh, used = (SessionSecurity(V2_FLAGS, RANDOM_KEY) for _ in range(2))
    used.sign(b"mechanisms")
    used.restart()
    assert fresh.seal(PLAIN, 0, len(PLAIN))[0] == used.seal(PLAIN, 0, len(PLAIN))[0]
    assert used.sign(b"")[12:] == struct.pack("<I", 2)


def test_what_was_agreed_on_can_be_asked() -> None:
    both = SessionSecurity(SIGN | SEAL | ESS | KEY_EXCHANGE, RANDOM_KEY)
    assert (both.can_sign, both.can_seal, both.extended) == (True, True, True)
    none = SessionSecurity(NTLM, RANDOM_KEY)
    assert (none.can_sign, none.can_seal, none.extended) == (False, False, False)
