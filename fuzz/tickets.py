"""Kerberos tokens: AP-REQs whose tickets a key of the fuzzed server opens, or not, with something wrong in them."""

from functools import cache
from typing import Any, Final

from fakesmb.auth.kerberos import Kerberos
from fakesmb.auth.keytab import ServiceKey
from fakesmb.wire.der import GENERAL_STRING, OCTET_STRING, SEQUENCE, context, element
from fakesmb.wire.kerberos import AP_REP, AP_REQ, KRB_ERROR, GssChecksum, token
from fuzz.values import Dice

_KEY: Final = bytes(range(32))
_AES256: Final = 18
_TIMES: Final = (b"20231114221320Z", b"20991231235959Z", b"19700101000000Z", b"2023", b"99999999999999Z")
_REALM: Final = "LAB.EXAMPLE"


def kerberos() -> Kerberos:
    """What the fuzzed server has a keytab for."""
    return Kerberos([ServiceKey(("cifs", "server"), _REALM, 1, _AES256, _KEY)], 64, bytes)


@cache
def _key() -> Any:
    from impacket.krb5 import crypto

    return crypto.Key(_AES256, _KEY)


def ap_req(dice: Dice) -> bytes:
    """A client's token, framed as GSS-API has it or bare."""
    flags = bytes((0, *dice.octets(4)[:4].ljust(4, b"\0")))
    service = dice.one((("cifs", "server"), ("cifs", "server"), ("http", "server"), ("SERVER$",), ()))
    ticket = element(
        0x61,
        _fields(
            (0, _number(5)),
            (1, _string(_REALM)),
            (2, _name(service)),
            (3, _sealed(dice, 2, _ticket_part(dice, flags))),
        ),
    )
    request = element(
        0x6E,
        _fields(
            (0, _number(5)),
            (1, _number(14)),
            (2, element(0x03, dice.one((b"\0\x20\0\0\0", b"\0\0\0\0\0", flags)))),
            (3, ticket),
            (4, _sealed(dice, 11, _authenticator(dice))),
        ),
    )
    kind = dice.one((AP_REQ, AP_REQ, AP_REQ, AP_REP, KRB_ERROR))
    made = token(kind, request) if dice.chance(0.8) else request
    return made if dice.chance(0.9) else made[: dice.below(len(made))]


def _ticket_part(dice: Dice, flags: bytes) -> bytes:
    times = [(number, _time(dice)) for number in (5, 6, 7)]
    fields = [(0, element(0x03, flags)), (1, _session_key(dice)), (2, _string(_REALM)), (3, _client(dice))]
    fields += [(4, _fields((0, _number(0)), (1, element(OCTET_STRING, b""))))]
    if dice.chance(0.5):
        pac = element(SEQUENCE, _fields((0, _number(128)), (1, element(OCTET_STRING, dice.octets(80)))))
        relevant = element(SEQUENCE, _fields((0, _number(1)), (1, element(OCTET_STRING, pac))))
        return element(0x63, _fields(*fields, *times, (10, relevant)))
    return element(0x63, _fields(*fields, *times))


def _authenticator(dice: Dice) -> bytes:
    checksum = GssChecksum(flags=dice.one((0, 2, 3, 0xFFFFFFFF)), delegation=dice.octets(9)).encode()
    kind = dice.one((0x8003, 0x8003, 16, 7))
    given = checksum if dice.chance(0.7) else dice.octets(30)
    return element(
        0x62,
        _fields(
            (0, _number(5)),
            (1, _string(_REALM)),
            (2, _client(dice)),
            (3, _fields((0, _number(kind)), (1, element(OCTET_STRING, given)))),
            (4, _number(dice.one((0, 999_999, 1 << 40)))),
            (5, _time(dice)),
            (7, _number(dice.one((0, 1 << 31, (1 << 64) - 1)))),
        ),
    )


def _sealed(dice: Dice, usage: int, data: bytes) -> bytes:
    from impacket.krb5 import crypto

    if dice.chance(0.1):
        data = data[: dice.below(len(data))]
    sealed = bytes(crypto.encrypt(_key(), usage, data, bytes(16))) if dice.chance(0.9) else dice.octets(60)
    enctype = dice.one((_AES256, _AES256, _AES256, 23, 17, -1 & 0xFF))
    return _fields((0, _number(enctype)), (1, _number(1)), (2, element(OCTET_STRING, sealed)))


def _session_key(dice: Dice) -> bytes:
    size = dice.one((32, 32, 32, 16, 0))
    return _fields(
        (0, _number(dice.one((_AES256, _AES256, 23, 77)))), (1, element(OCTET_STRING, _KEY[:size]))
    )


def _client(dice: Dice) -> bytes:
    return _name((dice.one(("alice", "alice", "bob", "WELLKNOWN", "", "\0" * 300)),))


def _name(parts: tuple[str, ...]) -> bytes:
    return _fields((0, _number(1)), (1, element(SEQUENCE, *map(_string, parts))))


def _time(dice: Dice) -> bytes:
    return element(0x18, dice.one(_TIMES))


def _string(text: str) -> bytes:
    return element(GENERAL_STRING, text.encode())


def _number(value: int) -> bytes:
    return element(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _fields(*fields: tuple[int, bytes]) -> bytes:
    return element(SEQUENCE, *(element(context(number), inner) for number, inner in fields))
