"""The three NTLMSSP messages ([MS-NLMP] 2.2.1), to and from structures. What they prove is `auth`'s business."""

import struct
from enum import IntEnum
from struct import Struct
from typing import Annotated, Final

import msgspec

from fakesmb.wire.codec import DecodeError, Secret
from fakesmb.wire.oem import UNDECODABLE, decode_oem, spelt
from fakesmb.wire.text import decode_utf16, encode_utf16

SIGNATURE: Final = b"NTLMSSP\0"
MIC_AT: Final = 72
MIC_END: Final = 88
"""Where the MIC of an AUTHENTICATE_MESSAGE is, if it has one."""
OEM: Final = "cp850"
"""The code page where nothing says another."""

_HEAD: Final = Struct("<8sI")
_NEGOTIATE: Final = Struct("<8sII")
_NEGOTIATE_DOMAIN_AT, _NEGOTIATE_WORKSTATION_AT, _NEGOTIATE_VERSION_AT = 16, 24, 32
_CHALLENGE: Final = Struct("<8sIHHII8s")
_CHALLENGE_INFO: Final = Struct("<8xHHI8s")
"""What follows in the messages since NT 4: reserved, TargetInfoFields, Version."""
_AUTHENTICATE: Final = Struct("<8sI" + "HHI" * 6 + "I")
_SHORT_AUTHENTICATE: Final = Struct("<8sI" + "HHI" * 5)
_FIELD: Final = Struct("<HHI")
_AV_PAIR: Final = Struct("<HH")
_VERSION: Final = Struct("<BBH4x")


class MessageType(IntEnum):
    """MessageType, [MS-NLMP] 2.2.1."""

    NEGOTIATE = 1
    CHALLENGE = 2
    AUTHENTICATE = 3


class Negotiate:
    """NEGOTIATE flags, [MS-NLMP] 2.2.2.5."""

    UNICODE: Final = 0x00000001
    OEM: Final = 0x00000002
    REQUEST_TARGET: Final = 0x00000004
    SIGN: Final = 0x00000010
    SEAL: Final = 0x00000020
    LM_KEY: Final = 0x00000080
    NTLM: Final = 0x00000200
    ANONYMOUS: Final = 0x00000800
    DOMAIN_SUPPLIED: Final = 0x00001000
    WORKSTATION_SUPPLIED: Final = 0x00002000
    ALWAYS_SIGN: Final = 0x00008000
    TARGET_TYPE_DOMAIN: Final = 0x00010000
    TARGET_TYPE_SERVER: Final = 0x00020000
    EXTENDED_SESSION_SECURITY: Final = 0x00080000
    NON_NT_SESSION_KEY: Final = 0x00400000
    TARGET_INFO: Final = 0x00800000
    VERSION: Final = 0x02000000
    KEY_128: Final = 0x20000000
    KEY_EXCHANGE: Final = 0x40000000
    KEY_56: Final = 0x80000000


class Av:
    """AvId of an AV_PAIR, [MS-NLMP] 2.2.2.1."""

    EOL: Final = 0
    COMPUTER: Final = 1
    DOMAIN: Final = 2
    DNS_COMPUTER: Final = 3
    DNS_DOMAIN: Final = 4
    DNS_TREE: Final = 5
    FLAGS: Final = 6
    TIMESTAMP: Final = 7
    SINGLE_HOST: Final = 8
    TARGET_NAME: Final = 9
    CHANNEL_BINDINGS: Final = 10


FLAG_MIC: Final = 0x00000002
"""MsvAvFlags: the AUTHENTICATE message has a MIC."""


class NegotiateMessage(msgspec.Struct, frozen=True, gc=False):
    """NEGOTIATE_MESSAGE, [MS-NLMP] 2.2.1.1. The names in it only inform."""

    flags: int
    domain: str = ""
    workstation: str = ""
    version: bytes = b""

    @classmethod
    def decode(cls, token: bytes, oem: str = OEM) -> "NegotiateMessage":
        """Reads a message that may end after its flags, and whose names may lie outside of it; raises `DecodeError`."""
        if len(token) < _NEGOTIATE.size:
            raise DecodeError(f"an NTLMSSP NEGOTIATE message of {len(token)} bytes is too short")
        flags: int = _NEGOTIATE.unpack_from(token)[2]
        return cls(
            flags,
            _supplied(token, _NEGOTIATE_DOMAIN_AT, flags & Negotiate.DOMAIN_SUPPLIED, oem),
            _supplied(token, _NEGOTIATE_WORKSTATION_AT, flags & Negotiate.WORKSTATION_SUPPLIED, oem),
            token[_NEGOTIATE_VERSION_AT:40] if flags & Negotiate.VERSION else b"",
        )


class ChallengeMessage(msgspec.Struct, frozen=True, gc=False):
    """CHALLENGE_MESSAGE, [MS-NLMP] 2.2.1.2. `target_info` is a list of AV pairs as `av_pairs` makes it."""

    flags: int
    challenge: bytes
    target: str = ""
    target_info: bytes = b""
    version: bytes = bytes(8)

    @classmethod
    def decode(cls, token: bytes, oem: str = OEM) -> "ChallengeMessage":
        """Reads a message that may end after its challenge; raises `DecodeError`."""
        if len(token) < _CHALLENGE.size:
            raise DecodeError(f"an NTLMSSP CHALLENGE message of {len(token)} bytes is too short")
        _, _, size, _, at, flags, challenge = _CHALLENGE.unpack_from(token)
        target = _name(_payload(token, size, at), flags, oem)
        if len(token) < _CHALLENGE.size + _CHALLENGE_INFO.size:
            return cls(flags, challenge, target)
        info_size, _, info_at, version = _CHALLENGE_INFO.unpack_from(token, _CHALLENGE.size)
        if not flags & Negotiate.TARGET_INFO:
            info_size = 0
        return cls(
            flags,
            challenge,
            target,
            _payload(token, info_size, info_at),
            version if flags & Negotiate.VERSION else bytes(8),
        )

    def encode(self, oem: str = OEM) -> bytes:
        """The message; its Version field is always there, empty when it was not asked for.

        A target that the code page cannot spell is left out; with stand-ins it would name another server.
        """
        target = (
            encode_utf16(self.target) if self.flags & Negotiate.UNICODE else spelt(self.target, oem) or b""
        )
        at = _CHALLENGE.size + _CHALLENGE_INFO.size
        info = self.target_info
        size, info_size = len(target), len(info)
        head = _CHALLENGE.pack(SIGNATURE, MessageType.CHALLENGE, size, size, at, self.flags, self.challenge)
        rest = _CHALLENGE_INFO.pack(info_size, info_size, at + size, self.version)
        return head + rest + target + info


class AuthenticateMessage(msgspec.Struct, frozen=True, gc=False):
    """AUTHENTICATE_MESSAGE, [MS-NLMP] 2.2.1.3.

    `flags` is None where they are 0 and in the short form of Windows 9x, which ends before the session key:
    those of the challenge hold.
    """

    user: str
    domain: str
    workstation: str
    lm: Annotated[bytes, Secret]
    nt: Annotated[bytes, Secret]
    session_key: Annotated[bytes, Secret] = b""
    flags: int | None = None
    version: bytes = b""

    @classmethod
    def decode(
        cls, token: bytes, negotiated: int = Negotiate.UNICODE, oem: str = OEM
    ) -> "AuthenticateMessage":
        """Reads a message; `negotiated` are the flags of the challenge, for a message without its own.

        What does not decode in a name is `UNDECODABLE`, which no account has in its name.
        Raises `DecodeError` for a field that lies outside of the message.
        """
        try:
            flags: int | None = None
            fields = _SHORT_AUTHENTICATE.unpack_from(token)
            payload_at = min(
                [at for size, at in zip(fields[2::3], fields[4::3], strict=True) if size], default=len(token)
            )
            if payload_at >= _AUTHENTICATE.size:
                fields = _AUTHENTICATE.unpack_from(token)
                flags = fields[20] or None
            else:
                fields += (0, 0, 0)
        except struct.error as error:
            raise DecodeError(
                f"an NTLMSSP AUTHENTICATE message of {len(token)} bytes is too short"
            ) from error
        in_force = negotiated if flags is None else flags
        lm, nt, domain, user, workstation, session_key = (
            _payload(token, fields[at], fields[at + 2]) for at in range(2, 20, 3)
        )
        return cls(
            _name(user, in_force, oem),
            _name(domain, in_force, oem),
            _name(workstation, in_force, oem),
            lm,
            nt,
            session_key,
            flags,
            token[64:MIC_AT] if in_force & Negotiate.VERSION and payload_at >= MIC_AT else b"",
        )


def type_of(token: bytes) -> int:
    """The MessageType of an NTLMSSP message; raises `DecodeError` where it is none."""
    if len(token) < _HEAD.size or token[:8] != SIGNATURE:
        raise DecodeError("not an NTLMSSP message")
    kind: int = _HEAD.unpack_from(token)[1]
    return kind


def version_text(version: bytes) -> str:
    """`5.1.2600` of a VERSION structure, [MS-NLMP] 2.2.2.10; empty where it is not there or all zeros."""
    if len(version) < _VERSION.size or not any(version):
        return ""
    major, minor, build = _VERSION.unpack_from(version)
    return f"{major}.{minor}.{build}"


def av_pairs(pairs: list[tuple[int, bytes]]) -> bytes:
    """AV_PAIRs with their end mark, [MS-NLMP] 2.2.2.1."""
    parts = [_AV_PAIR.pack(kind, len(value)) + value for kind, value in pairs]
    parts.append(_AV_PAIR.pack(Av.EOL, 0))
    return b"".join(parts)


def av_value(pairs: bytes, wanted: int) -> bytes | None:
    """The value of the first AV pair of that kind; None where there is none before the end."""
    at = 0
    while at + _AV_PAIR.size <= len(pairs):
        kind, size = _AV_PAIR.unpack_from(pairs, at)
        at += _AV_PAIR.size
        if kind == Av.EOL or at + size > len(pairs):
            return None
        if kind == wanted:
            return pairs[at : at + size]
        at += size
    return None


def _payload(token: bytes, size: int, at: int) -> bytes:
    if not size:
        return b""
    if at + size > len(token):
        raise DecodeError(f"a field of {size} bytes at {at} in an NTLMSSP message of {len(token)}")
    return token[at : at + size]


def _supplied(token: bytes, field_at: int, supplied: int, oem: str) -> str:
    """A name of a NEGOTIATE message, which is OEM always; empty where it is not there."""
    if not supplied or len(token) < field_at + _FIELD.size:
        return ""
    size, _, at = _FIELD.unpack_from(token, field_at)
    return decode_oem(token[at : at + size], oem)


def _name(raw: bytes, flags: int, oem: str) -> str:
    """A name as the flags say that it is written; `UNDECODABLE` stands for what means nothing."""
    if not flags & Negotiate.UNICODE:
        return decode_oem(raw, oem)
    return decode_utf16(raw[: len(raw) & ~1]) + (UNDECODABLE if len(raw) & 1 else "")
