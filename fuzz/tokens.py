"""Security tokens: NTLMSSP messages, bare and in SPNEGO, whose fields may point anywhere ([MS-NLMP] 2.2)."""

import struct
from typing import Final

from fakesmb.wire.der import APPLICATION_0, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, context, element
from fakesmb.wire.kerberos import KERBEROS_OID, MICROSOFTS_OID
from fakesmb.wire.ntlmssp import av_pairs
from fakesmb.wire.spnego import NTLMSSP_OID, SPNEGO_OID, NegTokenResp
from fuzz import tickets
from fuzz.values import Dice

_FLAGS: Final = (0xE2088297, 0xA2088207, 0x00000207, 0x00008206, 0, 0xFFFFFFFF, 0x60088215)
_VERSION: Final = bytes.fromhex("0501280a0000000f")


def _negotiate(dice: Dice) -> bytes:
    return (
        b"NTLMSSP\0"
        + struct.pack("<II", 1, dice.one(_FLAGS))
        + dice.one((bytes(16), dice.words(4)))
        + _VERSION
    )


def _text(dice: Dice, field: str, *, unicode: bool) -> bytes:
    return dice.name(field).encode(
        "utf-16-le" if unicode else "cp850", "surrogatepass" if unicode else "replace"
    )


def _response(dice: Dice) -> bytes:
    pairs = av_pairs([(dice.one((1, 2, 6, 7, 9, 10, 99)), dice.octets(30)) for _ in range(dice.below(5))])
    blob = b"\1\1" + bytes(6) + dice.one((bytes(8), b"\xff" * 8)) + bytes(12) + pairs
    return dice.one((bytes(24), bytes(16) + blob, b"", dice.octets(60), b"\0"))


def _authenticate(dice: Dice) -> bytes:
    flags = dice.one(_FLAGS)
    unicode = bool(flags & 1)
    values = [
        _response(dice),
        _response(dice),
        _text(dice, "domain", unicode=unicode),
        _text(dice, "user", unicode=unicode),
        _text(dice, "workstation", unicode=unicode),
        dice.one((b"", bytes(16), dice.octets())),
    ]
    fields, payload, start = b"", b"", dice.one((64, 72, 88))
    for value in values:
        size = len(value) & 0xFFFF if dice.chance(0.95) else dice.number(16)
        at = start + len(payload) if dice.chance(0.95) else dice.number(32)
        fields += struct.pack("<HHI", size, size, at)
        payload += value
    head = b"NTLMSSP\0" + struct.pack("<I", 3) + fields + struct.pack("<I", flags)
    return (head + _VERSION + bytes(16))[:start].ljust(start, b"\0") + payload


def ntlmssp(dice: Dice) -> bytes:
    """One message of NTLMSSP."""
    made = dice.one((_negotiate, _authenticate, _authenticate))(dice)
    return made if dice.chance(0.9) else made[: dice.below(len(made))]


def _initial(dice: Dice, inner: bytes) -> bytes:
    mechs = [
        dice.one((NTLMSSP_OID, NTLMSSP_OID, KERBEROS_OID, MICROSOFTS_OID))
        for _ in range(dice.one((1, 1, 2, 40)))
    ]
    listed = element(SEQUENCE, *(element(OBJECT_IDENTIFIER, mech) for mech in mechs))
    parts = [element(context(0), listed), element(context(2), element(OCTET_STRING, inner))]
    if dice.chance(0.2):
        parts.append(element(context(3), element(OCTET_STRING, dice.octets(20))))
    init = element(context(0), element(SEQUENCE, *parts))
    return element(APPLICATION_0, element(OBJECT_IDENTIFIER, SPNEGO_OID), init)


def token(dice: Dice) -> bytes:
    """What a session setup or a verifier carries."""
    inner = ntlmssp(dice) if dice.chance(0.7) else tickets.ap_req(dice)
    kind = dice.below(5)
    if kind < 2:
        return inner
    made = (
        _initial(dice, inner)
        if kind < 4
        else NegTokenResp(dice.one((None, 0, 1, 2, 9)), NTLMSSP_OID, inner).encode()
    )
    if dice.chance(0.15):
        at = dice.below(min(len(made), 40))
        made = made[:at] + bytes((dice.one((0, 0x80, 0x84, 0xFF, 0x7F)),)) + made[at + 1 :]
    for _ in range(dice.one((0, 0, 0, 0, 50))):
        made = element(dice.one((SEQUENCE, APPLICATION_0, context(0))), made)
    return made
