"""Kerberos tokens of a sign-in as the fields of their outer layers ([RFC 4120] 5, [RFC 4121] 4.1)."""

from collections.abc import Mapping
from typing import Final

from fakesmb.trace.asn1 import (
    BIT_STRING,
    GENERAL_STRING,
    GENERALIZED_TIME,
    INTEGER,
    OCTET_STRING,
    SEQUENCE,
    Shape,
    application,
    context,
    elements,
)
from fakesmb.trace.field import Field
from fakesmb.trace.meanings import named
from fakesmb.trace.settle import leaf
from fakesmb.wire.kerberos import ENCTYPES
from fakesmb.wire.kerberos_told import ERRORS

_ENCTYPES: Final = named(ENCTYPES)
_MESSAGES: Final = named({14: "KRB_AP_REQ", 15: "KRB_AP_REP", 30: "KRB_ERROR"})
_ERRORS: Final = named(ERRORS)
_NAME_TYPES: Final = named(
    {0: "NT-UNKNOWN", 1: "NT-PRINCIPAL", 2: "NT-SRV-INST", 3: "NT-SRV-HST", 10: "NT-ENTERPRISE"}
)


def _options(raw: bytes) -> str:
    bits = int.from_bytes(raw[1:5].ljust(4, b"\0"), "big")
    told = [
        name
        for mask, name in ((0x40000000, "use-session-key"), (0x20000000, "mutual-required"))
        if bits & mask
    ]
    return ", ".join(told) or "none"


def _integer(name: str, number: int, meaning: object = None) -> Shape:
    return Shape(name, context(number), inner=(Shape("INTEGER", INTEGER, meaning=meaning),))  # type: ignore[arg-type]


def _sequence(name: str, number: int, *fields: Shape, section: str = "") -> Shape:
    inner = Shape("SEQUENCE", SEQUENCE, fields={one.tag: one for one in fields})
    return Shape(name, context(number), inner=(inner,), section=section)


def _string(name: str, number: int) -> Shape:
    return Shape(name, context(number), inner=(Shape("GeneralString", GENERAL_STRING),))


def _time(name: str, number: int) -> Shape:
    return Shape(name, context(number), inner=(Shape("GeneralizedTime", GENERALIZED_TIME),))


def _principal(name: str, number: int) -> Shape:
    strings = Shape("SEQUENCE OF", SEQUENCE, each=Shape("GeneralString", GENERAL_STRING))
    return _sequence(
        name,
        number,
        _integer("name-type", 0, _NAME_TYPES),
        Shape("name-string", context(1), inner=(strings,)),
        section="[RFC 4120] 5.2.2",
    )


def _encrypted(name: str, number: int) -> Shape:
    """EncryptedData: the cipher text proves who sent it, and could be replayed or tried."""
    cipher = Shape("OCTET STRING", OCTET_STRING, secret=True)
    return _sequence(
        name,
        number,
        _integer("etype", 0, _ENCTYPES),
        _integer("kvno", 1),
        Shape("cipher", context(2), inner=(cipher,)),
        section="[RFC 4120] 5.2.9",
    )


def _message(name: str, number: int, section: str, *fields: Shape) -> Shape:
    sequence = Shape("SEQUENCE", SEQUENCE, fields={one.tag: one for one in fields})
    return Shape(name, application(number), inner=(sequence,), section=section)


_TICKET: Final = _message(
    "Ticket",
    1,
    "[RFC 4120] 5.3",
    _integer("tkt-vno", 0),
    _string("realm", 1),
    _principal("sname", 2),
    _encrypted("enc-part", 3),
)
_AP_REQ: Final = _message(
    "AP-REQ",
    14,
    "[RFC 4120] 5.5.1",
    _integer("pvno", 0),
    _integer("msg-type", 1, _MESSAGES),
    Shape("ap-options", context(2), inner=(Shape("BIT STRING", BIT_STRING, meaning=_options),)),
    Shape("ticket", context(3), inner=(_TICKET,)),
    _encrypted("authenticator", 4),
)
_AP_REP: Final = _message(
    "AP-REP",
    15,
    "[RFC 4120] 5.5.2",
    _integer("pvno", 0),
    _integer("msg-type", 1, _MESSAGES),
    _encrypted("enc-part", 2),
)
_ERROR: Final = _message(
    "KRB-ERROR",
    30,
    "[RFC 4120] 5.9.1",
    _integer("pvno", 0),
    _integer("msg-type", 1, _MESSAGES),
    _time("ctime", 2),
    _integer("cusec", 3),
    _time("stime", 4),
    _integer("susec", 5),
    _integer("error-code", 6, _ERRORS),
    _string("crealm", 7),
    _principal("cname", 8),
    _string("realm", 9),
    _principal("sname", 10),
    _string("e-text", 11),
    Shape("e-data", context(12), inner=(Shape("OCTET STRING", OCTET_STRING),)),
)
MESSAGES: Final[Mapping[int, Shape]] = {one.tag: one for one in (_AP_REQ, _AP_REP, _ERROR)}
_TOKEN_IDS: Final = named({0x0100: "KRB_AP_REQ", 0x0200: "KRB_AP_REP", 0x0300: "KRB_ERROR"})


def inner_token(data: bytes, at: int, end: int, buffer: int) -> list[Field]:
    """What follows the mechanism in a GSS-API token of Kerberos: TOK_ID and a message ([RFC 4121] 4.1)."""
    found: list[Field] = []
    if at + 2 <= end:
        kind = int.from_bytes(data[at : at + 2], "big")
        if _TOKEN_IDS(kind):
            found.append(leaf("TOK_ID", at, 2, data[at : at + 2].hex(), _TOKEN_IDS(kind), buffer=buffer))
            at += 2
    return found + elements(MESSAGES, data, at, end, buffer)
