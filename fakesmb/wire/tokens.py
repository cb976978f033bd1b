"""What the NTLMSSP token in a security blob says of itself, for the record: who and where from, and no secrets."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

import msgspec

from fakesmb.wire import kerberos_told
from fakesmb.wire.codec import Buffer, DecodeError
from fakesmb.wire.kerberos_told import KerberosToken
from fakesmb.wire.ntlmssp import (
    OEM,
    SIGNATURE,
    AuthenticateMessage,
    ChallengeMessage,
    MessageType,
    NegotiateMessage,
    type_of,
    version_text,
)


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


def read(blob: Buffer, oem: str = OEM) -> Token:
    """The token in a security blob, bare or wrapped in SPNEGO; raises `DecodeError` where there is none to be read.

    `oem` is the code page of names that are not Unicode.
    """
    at = find(blob)
    if at < 0:
        raise DecodeError("a security blob without an NTLMSSP token")
    token = bytes(blob)[at:]
    kind = type_of(token)
    reader = _READERS.get(kind)
    if reader is None:
        raise DecodeError(f"NTLMSSP has no message type {kind}")
    return reader(token, at > 0, oem)


def told(blob: Buffer, oem: str = OEM) -> Token | KerberosToken | None:
    """What the token of NTLMSSP or Kerberos in a security blob says; None where there is none that can be read."""
    with suppress(DecodeError):
        return read(blob, oem)
    with suppress(DecodeError):
        return kerberos_told.read(blob)
    return None


def _negotiate(token: bytes, wrapped: bool, oem: str) -> Token:
    message = NegotiateMessage.decode(token, oem)
    return Token(
        MessageType.NEGOTIATE,
        message.flags,
        domain=message.domain,
        workstation=message.workstation,
        version=version_text(message.version),
        wrapped=wrapped,
    )


def _challenge(token: bytes, wrapped: bool, oem: str) -> Token:
    message = ChallengeMessage.decode(token, oem)
    return Token(
        MessageType.CHALLENGE,
        message.flags,
        target_name=message.target,
        version=version_text(message.version),
        wrapped=wrapped,
    )


def _authenticate(token: bytes, wrapped: bool, oem: str) -> Token:
    message = AuthenticateMessage.decode(token, oem=oem)
    return Token(
        MessageType.AUTHENTICATE,
        message.flags or 0,
        domain=message.domain,
        user=message.user,
        workstation=message.workstation,
        lm_response_length=len(message.lm),
        nt_response_length=len(message.nt),
        session_key_length=len(message.session_key),
        version=version_text(message.version),
        wrapped=wrapped,
    )


_READERS: Final[Mapping[int, Callable[[bytes, bool, str], Token]]] = {
    MessageType.NEGOTIATE: _negotiate,
    MessageType.CHALLENGE: _challenge,
    MessageType.AUTHENTICATE: _authenticate,
}
