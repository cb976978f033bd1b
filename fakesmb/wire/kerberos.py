"""Kerberos tokens of GSS-API around the messages of [RFC 4120]: framing and the checksum field ([RFC 4121] 4.1)."""

from struct import Struct
from typing import Annotated, Final

import msgspec

from fakesmb.wire import der
from fakesmb.wire.codec import Buffer, DecodeError, Secret
from fakesmb.wire.der import APPLICATION_0, OBJECT_IDENTIFIER, SEQUENCE, context, element

KERBEROS_OID: Final = bytes.fromhex("2a864886f712010202")
MICROSOFTS_OID: Final = bytes.fromhex("2a864882f712010202")
"""What Windows 2000 made of it by a bit, and Windows offers first ever since ([MS-SPNG] 3.1.5.2)."""
KERBEROS_OIDS: Final = frozenset({KERBEROS_OID, MICROSOFTS_OID})

AP_REQ: Final = 0x0100
AP_REP: Final = 0x0200
KRB_ERROR: Final = 0x0300
"""TOK_ID, big-endian ([RFC 4121] 4.1)."""
_TOK_ID_SIZE: Final = 2
_AP_REQ_TAG: Final = 0x6E

ENCTYPES: Final = {
    1: "des-cbc-crc",
    3: "des-cbc-md5",
    16: "des3-cbc-sha1",
    17: "aes128-cts-hmac-sha1-96",
    18: "aes256-cts-hmac-sha1-96",
    19: "aes128-cts-hmac-sha256-128",
    20: "aes256-cts-hmac-sha384-192",
    23: "rc4-hmac",
    24: "rc4-hmac-exp",
}
"""Types of encryption as people call them, by number ([RFC 3961] 8)."""

CHECKSUM_TYPE: Final = 0x8003
"""cksumtype of an authenticator's checksum that is none, but the flags of GSS-API ([RFC 4121] 4.1.1)."""
_BINDING_SIZE: Final = 16
_FIXED: Final = Struct("<I16sI")
_DELEGATION: Final = Struct("<HH")
_DELEGATES: Final = 1


class Flag:
    """Context flags, [RFC 4121] 4.1.1.1; DCE_STYLE is Microsoft's ([RFC 4757] 7.1)."""

    DELEG: Final = 0x01
    MUTUAL: Final = 0x02
    REPLAY: Final = 0x04
    SEQUENCE: Final = 0x08
    CONF: Final = 0x10
    INTEG: Final = 0x20
    DCE_STYLE: Final = 0x1000


class GssChecksum(msgspec.Struct, frozen=True, gc=False):
    """The checksum field of a GSS-API client's authenticator, [RFC 4121] 4.1.1."""

    bindings: bytes = bytes(_BINDING_SIZE)
    """MD5 of the channel's bindings; zeros: none."""
    flags: int = 0
    delegation: Annotated[bytes, Secret] = b""
    """A KRB_CRED with a ticket of the client's, where it lends one."""
    extensions: bytes = b""

    @classmethod
    def decode(cls, data: Buffer) -> "GssChecksum":
        """Reads it; raises `DecodeError`."""
        data = bytes(data)
        if len(data) < _FIXED.size:
            raise DecodeError(f"a GSS-API checksum of {len(data)} bytes, {_FIXED.size} are the least")
        length, bindings, flags = _FIXED.unpack_from(data)
        if length != _BINDING_SIZE:
            raise DecodeError(f"channel bindings of {length} bytes, not {_BINDING_SIZE}")
        rest = data[_FIXED.size :]
        if not flags & Flag.DELEG:
            return cls(bindings, flags, b"", rest)
        if len(rest) < _DELEGATION.size:
            raise DecodeError("a GSS-API checksum that delegates, and ends before what it delegates")
        option, size = _DELEGATION.unpack_from(rest)
        end = _DELEGATION.size + size
        if option != _DELEGATES or end > len(rest):
            raise DecodeError(
                f"delegation {option} of {size} bytes, {len(rest) - _DELEGATION.size} are there"
            )
        return cls(bindings, flags, rest[_DELEGATION.size : end], rest[end:])

    def encode(self) -> bytes:
        """The bytes of the checksum."""
        fixed = _FIXED.pack(_BINDING_SIZE, self.bindings, self.flags)
        if not self.flags & Flag.DELEG:
            return fixed + self.extensions
        lent = _DELEGATION.pack(_DELEGATES, len(self.delegation)) + self.delegation
        return fixed + lent + self.extensions


def token(kind: int, message: bytes) -> bytes:
    """A message in GSS-API's framing; `kind` is its TOK_ID."""
    return element(
        APPLICATION_0, element(OBJECT_IDENTIFIER, KERBEROS_OID), kind.to_bytes(_TOK_ID_SIZE, "big"), message
    )


def open_token(blob: Buffer) -> tuple[int, bytes]:
    """TOK_ID and message of a client's token; a bare AP-REQ (DCE style) is one, too. Raises `DecodeError`."""
    data = bytes(blob)
    if data[:1] == bytes((_AP_REQ_TAG,)):
        return AP_REQ, data
    body = der.only(data, APPLICATION_0)
    tag, oid = next(der.elements(body), (0, b""))
    if tag != OBJECT_IDENTIFIER or oid not in KERBEROS_OIDS:
        raise DecodeError("a GSS-API token of another mechanism than Kerberos")
    at = len(element(OBJECT_IDENTIFIER, oid))
    if len(body) < at + _TOK_ID_SIZE:
        raise DecodeError("a Kerberos token that ends before its message")
    return int.from_bytes(body[at : at + _TOK_ID_SIZE], "big"), body[at + _TOK_ID_SIZE :]


def is_kerberos(blob: Buffer) -> bool:
    """Whether a blob is a GSS-API token of Kerberos, outside any SPNEGO."""
    try:
        tag, body = next(der.elements(bytes(blob)), (0, b""))
        return tag == APPLICATION_0 and next(der.elements(body), (0, b""))[1] in KERBEROS_OIDS
    except DecodeError:
        return False


def skew_recovery() -> bytes:
    """KERB-ERROR-DATA of an error for which the client may correct its clock and try again ([MS-KILE] 2.2.2)."""
    return element(SEQUENCE, element(context(1), b"\x02\x01\x02"))
