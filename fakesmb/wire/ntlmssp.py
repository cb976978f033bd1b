"""A reader of NTLMSSP messages for labels in the record ([MS-NLMP] 2.2.1); signing in is `auth`'s business.

The token is found in the security blob whether it is bare or wrapped in SPNEGO.
"""

import struct
from enum import IntEnum
from typing import Final

import msgspec

from fakesmb.wire.codec import Buffer, DecodeError, decode_utf16

SIGNATURE: Final = b"NTLMSSP\0"
NEGOTIATE_UNICODE: Final = 0x00000001
_HEAD: Final = struct.Struct("<8sI")
_FIELD: Final = struct.Struct("<HHI")
_U32: Final = struct.Struct("<I")


class MessageType(IntEnum):
    """MessageType, [MS-NLMP] 2.2.1."""

    NEGOTIATE = 1
    CHALLENGE = 2
    AUTHENTICATE = 3


class Token(msgspec.Struct, frozen=True, gc=False):
    """What a token says of itself; fields that its type does not have are empty.

    Of responses and keys only the lengths are kept.
    """

    message_type: int
    flags: int = 0
    target_name: str = ""
    """CHALLENGE: the server's realm."""
    domain: str = ""
    user: str = ""
    workstation: str = ""
    lm_response_length: int = 0
    nt_response_length: int = 0
    session_key_length: int = 0
    version: str = ""
    """`5.1.2600` where the message tells it."""
    wrapped: bool = False
    """Inside SPNEGO, not bare."""

    @property
    def title(self) -> str:
        """`NTLM NEGOTIATE MESSAGE`, as Network Monitor shows it."""
        return f"NTLM {MessageType(self.message_type).name} MESSAGE"


def find(blob: Buffer) -> int:
    """Offset of the NTLMSSP token in a security blob; -1 where there is none (Kerberos, an empty blob)."""
    return bytes(blob).find(SIGNATURE)


def read(blob: Buffer) -> Token:
    """The token in a security blob; raises `DecodeError` where there is none or it is damaged."""
    at = find(blob)
    if at < 0:
        raise DecodeError("no NTLMSSP token")
    token = bytes(blob)[at:]
    if len(token) < _HEAD.size:
        raise DecodeError("an NTLMSSP token without its type")
    kind = _HEAD.unpack_from(token)[1]
    if kind == MessageType.NEGOTIATE:
        return _negotiate(token, at > 0)
    if kind == MessageType.CHALLENGE:
        return _challenge(token, at > 0)
    if kind == MessageType.AUTHENTICATE:
        return _authenticate(token, at > 0)
    raise DecodeError(f"NTLMSSP message type {kind}")


def _negotiate(token: bytes, wrapped: bool) -> Token:
    flags = _flags(token, 12)
    return Token(
        MessageType.NEGOTIATE,
        flags,
        domain=_oem(token, 16, flags & 0x1000),
        workstation=_oem(token, 24, flags & 0x2000),
        version=_version(token, 32, flags),
        wrapped=wrapped,
    )


def _challenge(token: bytes, wrapped: bool) -> Token:
    flags = _flags(token, 20)
    return Token(
        MessageType.CHALLENGE,
        flags,
        target_name=_text(token, 12, flags),
        version=_version(token, 48, flags),
        wrapped=wrapped,
    )


def _authenticate(token: bytes, wrapped: bool) -> Token:
    # Old clients end the message before the session key and the flags
    flags = _flags(token, 60) if _first_payload(token) >= 64 else NEGOTIATE_UNICODE
    return Token(
        MessageType.AUTHENTICATE,
        flags,
        domain=_text(token, 28, flags),
        user=_text(token, 36, flags),
        workstation=_text(token, 44, flags),
        lm_response_length=_length(token, 12),
        nt_response_length=_length(token, 20),
        session_key_length=_length(token, 52) if _first_payload(token) >= 60 else 0,
        version=_version(token, 64, flags) if _first_payload(token) >= 72 else "",
        wrapped=wrapped,
    )


def _first_payload(token: bytes) -> int:
    """Where the first payload of an AUTHENTICATE begins: its fixed part ends there at the latest."""
    starts = [offset for at in (12, 20, 28, 36, 44) for size, _, offset in [_field(token, at)] if size]
    return min([*starts, len(token)])


def _field(token: bytes, at: int) -> tuple[int, int, int]:
    if len(token) < at + _FIELD.size:
        raise DecodeError("an NTLMSSP token that ends in its fields")
    size, room, offset = _FIELD.unpack_from(token, at)
    return size, room, offset


def _length(token: bytes, at: int) -> int:
    return _field(token, at)[0]


def _flags(token: bytes, at: int) -> int:
    if len(token) < at + _U32.size:
        raise DecodeError("an NTLMSSP token without its flags")
    flags: int = _U32.unpack_from(token, at)[0]
    return flags


def _payload(token: bytes, at: int) -> bytes:
    size, _, offset = _field(token, at)
    if offset + size > len(token):
        raise DecodeError(f"{size} bytes at {offset} of an NTLMSSP token of {len(token)}")
    return token[offset : offset + size]


def _text(token: bytes, at: int, flags: int) -> str:
    raw = _payload(token, at)
    if flags & NEGOTIATE_UNICODE:
        return decode_utf16(raw[: len(raw) & ~1])
    return raw.decode("cp850", "replace")


def _oem(token: bytes, at: int, supplied: int) -> str:
    return _payload(token, at).decode("cp850", "replace") if supplied else ""


def _version(token: bytes, at: int, flags: int) -> str:
    if not flags & 0x02000000 or len(token) < at + 8:
        return ""
    major, minor, build = struct.unpack_from("<BBH", token, at)
    return f"{major}.{minor}.{build}"
