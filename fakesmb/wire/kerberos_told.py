"""What a Kerberos token in a security blob says of itself, for the record: for which service it is, and no secrets."""

from typing import Final

import msgspec

from fakesmb.wire import der, kerberos, spnego
from fakesmb.wire.codec import Buffer, DecodeError
from fakesmb.wire.der import GENERAL_STRING, SEQUENCE, context

_INTEGER: Final = 0x02
_TICKET: Final = 0x61
_AP_REQ: Final = 0x6E
_KRB_ERROR: Final = 0x7E
_TITLES: Final = {kerberos.AP_REQ: "AP-REQ", kerberos.AP_REP: "AP-REP", kerberos.KRB_ERROR: "KRB-ERROR"}
ERRORS: Final = {
    14: "KDC_ERR_ETYPE_NOSUPP",
    31: "KRB_AP_ERR_BAD_INTEGRITY",
    32: "KRB_AP_ERR_TKT_EXPIRED",
    33: "KRB_AP_ERR_TKT_NYV",
    34: "KRB_AP_ERR_REPEAT",
    35: "KRB_AP_ERR_NOT_US",
    36: "KRB_AP_ERR_BADMATCH",
    37: "KRB_AP_ERR_SKEW",
    41: "KRB_AP_ERR_MODIFIED",
    44: "KRB_AP_ERR_BADKEYVER",
    45: "KRB_AP_ERR_NOKEY",
    60: "KRB_ERR_GENERIC",
}
"""Errors of an AP exchange, [RFC 4120] 7.5.9."""
_MOST_NAMES: Final = 16


class KerberosToken(msgspec.Struct, frozen=True, gc=False):
    """What a token says of itself; fields that its type does not have are empty."""

    title: str
    """`AP-REQ`, `AP-REP`, `KRB-ERROR`."""
    service: str = ""
    """For whom the ticket is: `cifs/files.lab.example@LAB.EXAMPLE`."""
    encryption: int = 0
    """Number of the ticket's encryption type."""
    key_version: int = 0
    error: str = ""
    """`KRB_AP_ERR_SKEW`."""
    wrapped: bool = False
    """Inside SPNEGO, not bare."""


def read(blob: Buffer) -> KerberosToken:
    """The token in a security blob, bare or in SPNEGO; raises `DecodeError` where there is none to be read."""
    data = bytes(blob)
    wrapped = not kerberos.is_kerberos(data)
    kind, message = kerberos.open_token(_inner(data) if wrapped else data)
    title = _TITLES.get(kind)
    if title is None:
        raise DecodeError(f"TOK_ID 0x{kind:04x} is none of Kerberos' first messages")
    if kind == kerberos.AP_REQ:
        return _ap_req(message, wrapped=wrapped)
    if kind == kerberos.KRB_ERROR:
        code = _number(_fields(der.only(message, _KRB_ERROR)), 6)
        return KerberosToken(title, error=ERRORS.get(code, f"error {code}"), wrapped=wrapped)
    return KerberosToken(title, wrapped=wrapped)


def _inner(data: bytes) -> bytes:
    tag, body = spnego.open_token(data)
    if tag == context(0):
        return spnego.NegTokenInit.decode(body).mech_token
    if tag == context(1):
        return spnego.NegTokenResp.decode(body).token
    raise DecodeError("neither SPNEGO nor Kerberos")


def _ap_req(message: bytes, *, wrapped: bool) -> KerberosToken:
    request = _fields(der.only(message, _AP_REQ))
    ticket = _fields(der.only(request.get(context(3), b""), _TICKET))
    realm = _text(der.only(ticket.get(context(1), b""), GENERAL_STRING))
    name = _fields(ticket.get(context(2), b""))
    parts = [part for _, part in der.elements(der.only(name.get(context(1), b""), SEQUENCE))]
    sealed = _fields(ticket.get(context(3), b""))
    service = "/".join(map(_text, parts[:_MOST_NAMES]))
    kvno = _number(sealed, 1) if context(1) in sealed else 0
    return KerberosToken("AP-REQ", f"{service}@{realm}", _number(sealed, 0), kvno, wrapped=wrapped)


def _fields(data: bytes) -> dict[int, bytes]:
    return dict(der.elements(der.only(data, SEQUENCE)))


def _number(fields: dict[int, bytes], number: int) -> int:
    return int.from_bytes(der.only(fields.get(context(number), b""), _INTEGER)[:8], "big", signed=True)


def _text(data: bytes) -> str:
    return data[:256].decode("utf-8", "replace")
