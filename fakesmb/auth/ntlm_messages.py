"""The three NTLMSSP messages ([MS-NLMP] 2.2.1), to and from structs."""

import struct
from struct import Struct
from typing import Final

import msgspec

from fakesmb.nt.status import NT, SMBError

SIGNATURE: Final = b"NTLMSSP\0"
NEGOTIATE, CHALLENGE, AUTHENTICATE = 1, 2, 3
MIC_AT: Final = 72
MIC_END: Final = 88
OEM: Final = "cp850"

_KIND: Final = Struct("<8sI")
_NEGOTIATE: Final = Struct("<8sII")
_CHALLENGE: Final = Struct("<8sIHHII8s8xHHI8s")
_AUTHENTICATE: Final = Struct("<8sI" + "HHI" * 6 + "I")
_SHORT_AUTHENTICATE: Final = Struct("<8sI" + "HHI" * 5)
_AV_PAIR: Final = Struct("<HH")


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


def malformed(why: str) -> SMBError:
    """What Windows and Samba answer to a token that is not what it should be."""
    return SMBError(NT.INVALID_PARAMETER, why)


class NegotiateMessage(msgspec.Struct, frozen=True, gc=False):
    """NEGOTIATE_MESSAGE, [MS-NLMP] 2.2.1.1. The client's names in it are informative and not kept."""

    flags: int
    version: bytes = b""

    @classmethod
    def decode(cls, token: bytes) -> "NegotiateMessage":
        """Reads a message that may end after its flags; raises `SMBError`."""
        if len(token) < _NEGOTIATE.size:
            raise malformed(f"a NEGOTIATE message of {len(token)} bytes")
        flags: int = _NEGOTIATE.unpack_from(token)[2]
        return cls(flags, token[32:40] if flags & Negotiate.VERSION else b"")


class ChallengeMessage(msgspec.Struct, frozen=True, gc=False):
    """CHALLENGE_MESSAGE, [MS-NLMP] 2.2.1.2. `target_info` is a list of AV pairs as `av_pairs` makes it."""

    flags: int
    challenge: bytes
    target: str = ""
    target_info: bytes = b""
    version: bytes = bytes(8)

    def encode(self) -> bytes:
        """The message; its Version field is always there, empty when it was not asked for."""
        target = self.target.encode(*_encoding(self.flags))
        at = _CHALLENGE.size
        info = self.target_info
        return (
            _CHALLENGE.pack(
                SIGNATURE,
                CHALLENGE,
                len(target),
                len(target),
                at,
                self.flags,
                self.challenge,
                len(info),
                len(info),
                at + len(target),
                self.version,
            )
            + target
            + info
        )


class AuthenticateMessage(msgspec.Struct, frozen=True, gc=False):
    """AUTHENTICATE_MESSAGE, [MS-NLMP] 2.2.1.3. `lm`, `nt`, `session_key`: secrets, not for a log.

    `flags` is None where they are 0 and in the short form of Windows 9x, which ends before the session key:
    those of the challenge hold.
    """

    user: str
    domain: str
    workstation: str
    lm: bytes
    nt: bytes
    session_key: bytes = b""
    flags: int | None = None
    version: bytes = b""

    @classmethod
    def decode(cls, token: bytes, negotiated: int) -> "AuthenticateMessage":
        """Reads a message; `negotiated` are the flags of the challenge, for a message without its own.

        Raises `SMBError` for a field that lies outside of the message.
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
            raise malformed(f"an AUTHENTICATE message of {len(token)} bytes") from error
        in_force = negotiated if flags is None else flags
        encoding = "utf-16-le" if in_force & Negotiate.UNICODE else OEM
        lm, nt, domain, user, workstation, session_key = (
            _field(token, fields[at], fields[at + 2]) for at in range(2, 20, 3)
        )
        return cls(
            user.decode(encoding, "replace"),
            domain.decode(encoding, "replace"),
            workstation.decode(encoding, "replace"),
            lm,
            nt,
            session_key,
            flags,
            token[64:MIC_AT] if in_force & Negotiate.VERSION and payload_at >= MIC_AT else b"",
        )


def kind_of(token: bytes) -> int:
    """The MessageType of an NTLMSSP message; raises `SMBError` where it is none."""
    if len(token) < _KIND.size or token[:8] != SIGNATURE:
        raise malformed("not an NTLMSSP message")
    kind: int = _KIND.unpack_from(token)[1]
    return kind


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


def _field(token: bytes, size: int, at: int) -> bytes:
    if not size:
        return b""
    if at + size > len(token):
        raise malformed(f"a field of {size} bytes at {at} in a message of {len(token)}")
    return token[at : at + size]


def _encoding(flags: int) -> tuple[str, str]:
    return ("utf-16-le", "surrogatepass") if flags & Negotiate.UNICODE else (OEM, "replace")
