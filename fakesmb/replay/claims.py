"""What a captured client says in a Session Setup, and the tokens that stand in its place."""

from fakesmb.wire import spnego
from fakesmb.wire.codec import DecodeError
from fakesmb.wire.der import APPLICATION_0, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, context, element
from fakesmb.wire.ntlmssp import AuthenticateMessage, ChallengeMessage, MessageType, NegotiateMessage, type_of
from fakesmb.wire.session import (
    SessionSetupAndxRequest,
    SessionSetupExtendedRequest,
    SessionSetupPlainRequest,
)
from fakesmb.wire.tokens import find


def is_challenge(token: bytes) -> bool:
    """Whether it is an NTLMSSP CHALLENGE that can be read."""
    try:
        ChallengeMessage.decode(token)
        return type_of(token) == MessageType.CHALLENGE
    except DecodeError:
        return False


def claim(asked: SessionSetupAndxRequest) -> tuple[str, object]:
    """Which step of a sign-in it is, `begins`, `user` or `anonymous`, and its NTLMSSP message where it has one."""
    if isinstance(asked, SessionSetupExtendedRequest):
        at = find(asked.security_blob)
        if at < 0:
            return "user", None
        token = bytes(asked.security_blob[at:])
        try:
            kind = type_of(token)
            if kind == MessageType.NEGOTIATE:
                return "begins", NegotiateMessage.decode(token)
            if kind == MessageType.AUTHENTICATE:
                said = AuthenticateMessage.decode(token)
                return ("user" if said.user or said.nt else "anonymous"), said
        except DecodeError:
            pass
        return "user", None
    if isinstance(asked, SessionSetupPlainRequest):
        proofs = len(asked.oem_password) > 1 or len(asked.unicode_password) > 1
        return ("user" if asked.account_name or proofs else "anonymous"), None
    return "user", None


def user(asked: SessionSetupAndxRequest, claimed: object) -> str:
    """Whom the captured client says to be; empty where it does not say it in this message."""
    if isinstance(claimed, AuthenticateMessage):
        return claimed.user
    name: str = getattr(asked, "account_name", "")
    return name


def init_token(token: bytes) -> bytes:
    """NegTokenInit that offers NTLMSSP, [RFC 4178] 4.2.1."""
    mechanisms = element(SEQUENCE, element(OBJECT_IDENTIFIER, spnego.NTLMSSP_OID))
    init = element(
        SEQUENCE, element(context(0), mechanisms), element(context(2), element(OCTET_STRING, token))
    )
    return element(APPLICATION_0, element(OBJECT_IDENTIFIER, spnego.SPNEGO_OID), element(context(0), init))
