"""Security blobs as fields: NTLMSSP bare, SPNEGO around it, and what other mechanisms put there ([RFC 4178] 4.2)."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from fakesmb.trace import kerberos, notes
from fakesmb.trace.asn1 import (
    BIT_STRING,
    ENUMERATED,
    GENERAL_STRING,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    Shape,
    application,
    context,
    element,
    elements,
    head_at,
)
from fakesmb.trace.field import Field
from fakesmb.trace.meanings import named
from fakesmb.trace.ntlmresponses import secret
from fakesmb.trace.ntlmssp import signature_fields, token_fields
from fakesmb.trace.sealing import sealed
from fakesmb.trace.settle import group, unread
from fakesmb.wire.ntlmssp import OEM, SIGNATURE
from fakesmb.wire.spnego import MECHANISMS, SPNEGO_OID

_STATES: Final = named({0: "accept-completed", 1: "accept-incomplete", 2: "reject", 3: "request-mic"})
_SECTION: Final = "[RFC 4178] 4.2"
_DEEPEST: Final = 4
"""Tokens inside tokens that are looked into: SPNEGO, Kerberos in it, and two to spare."""


def _mechanism(raw: Any) -> str:
    return "SPNEGO" if raw == SPNEGO_OID else MECHANISMS.get(bytes(raw), "")


def security_blob(
    name: str, data: bytes, at: int, end: int, *, buffer: int = 0, encoding: str = OEM, section: str = ""
) -> Field:
    """The group of a blob from `at` to `end`. What could not be read of it is a secret."""
    fields = _token(data, at, end, buffer, encoding, 0)
    return sealed(group(name, at, end, fields, data, section=section, buffer=buffer))


def _token(data: bytes, at: int, end: int, buffer: int, encoding: str, depth: int) -> list[Field]:
    if data[at : at + len(SIGNATURE)] == SIGNATURE and at + len(SIGNATURE) <= end:
        return [token_fields(data, at, end, buffer=buffer, encoding=encoding)]
    head = head_at(data, at, end)
    if head is None:
        why = "neither NTLMSSP nor SPNEGO"
        return [unread(at, end, why, data, buffer=buffer)] if at < end else []
    shape = _shapes(encoding, depth).get(head.tag) or kerberos.MESSAGES.get(head.tag)
    found = [element(shape, data, at, head, buffer)]
    if head.end < end:
        found.append(unread(head.end, end, "bytes behind the token", data, buffer=buffer))
    return found


@lru_cache(maxsize=64)
def _shapes(encoding: str, depth: int) -> Mapping[int, Shape]:
    """What a blob may begin with, by its tag, within so many tokens around it."""
    if depth > _DEEPEST:
        return {}

    def mechanism_token(data: bytes, at: int, end: int, buffer: int) -> list[Field]:
        found = _token(data, at, end, buffer, encoding, depth + 1)
        known = any(one.name not in ("Unread", "Element") for one in found)
        return found if known else [secret("Value", data, at, end, buffer)]

    def initial(data: bytes, at: int, end: int, buffer: int) -> list[Field]:
        return _initial(data, at, end, buffer, _shapes(encoding, depth + 1))

    tokens = Shape("OCTET STRING", OCTET_STRING, contents=mechanism_token)
    shapes: dict[int, Shape] = {
        application(0): Shape(
            "InitialContextToken",
            application(0),
            contents=initial,
            section="[RFC 2743] 3.1",
        ),
        context(0): _neg_token_init(tokens),
        context(1): _neg_token_resp(tokens),
    }
    return shapes


def _initial(data: bytes, at: int, end: int, buffer: int, shapes: Mapping[int, Shape]) -> list[Field]:
    """The mechanism, and its own token."""
    head = head_at(data, at, end)
    if head is None or head.tag != OBJECT_IDENTIFIER:
        return [unread(at, end, "no mechanism", data, buffer=buffer)] if at < end else []
    found = [element(_THIS_MECH, data, at, head, buffer)]
    oid = data[head.body_at : head.end]
    if oid == SPNEGO_OID:
        return found + elements(shapes, data, head.end, end, buffer)
    if "Kerberos" in MECHANISMS.get(oid, ""):
        return found + kerberos.inner_token(data, head.end, end, buffer)
    if head.end < end:
        found.append(secret("innerContextToken", data, head.end, end, buffer))
    return found


_THIS_MECH: Final = Shape("thisMech", OBJECT_IDENTIFIER, meaning=_mechanism)
_MECH_TYPE: Final = Shape("MechType", OBJECT_IDENTIFIER, meaning=_mechanism)


_MIC: Final = Shape("OCTET STRING", OCTET_STRING, contents=signature_fields)
"""`mic` of `NegTokenInit` and `NegTokenResp`, a secret by its annotation."""


def _hints() -> Shape:
    fields = (
        Shape("hintName", context(0), inner=(Shape("GeneralString", GENERAL_STRING),), note=notes.HINT),
        Shape("hintAddress", context(1), inner=(Shape("OCTET STRING", OCTET_STRING),)),
    )
    return Shape("NegHints", SEQUENCE, fields={one.tag: one for one in fields}, section="[MS-SPNG] 2.2.1")


def _neg_token_init(tokens: Shape) -> Shape:
    fields = (
        Shape("mechTypes", context(0), inner=(Shape("MechTypeList", SEQUENCE, each=_MECH_TYPE),)),
        Shape("reqFlags", context(1), inner=(Shape("BIT STRING", BIT_STRING),)),
        Shape("mechToken", context(2), inner=(tokens,)),
        # [MS-SPNG] 2.2.1: a server's first token has hints here, and mechListMIC behind them
        Shape("negHints or mechListMIC", context(3), inner=(_hints(), _MIC)),
        Shape("mechListMIC", context(4), inner=(_MIC,)),
    )
    sequence = Shape("SEQUENCE", SEQUENCE, fields={one.tag: one for one in fields})
    return Shape("NegTokenInit", context(0), inner=(sequence,), section=f"{_SECTION}.1", note=notes.SPNEGO)


def _neg_token_resp(tokens: Shape) -> Shape:
    fields = (
        Shape("negState", context(0), inner=(Shape("ENUMERATED", ENUMERATED, meaning=_STATES),)),
        Shape("supportedMech", context(1), inner=(_MECH_TYPE,)),
        Shape("responseToken", context(2), inner=(tokens,)),
        Shape("mechListMIC", context(3), inner=(_MIC,)),
    )
    sequence = Shape("SEQUENCE", SEQUENCE, fields={one.tag: one for one in fields})
    return Shape("NegTokenResp", context(1), inner=(sequence,), section=f"{_SECTION}.2")
