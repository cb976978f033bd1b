"""Signing in with extended security, for tests of what its steps do."""

from fakesmb.testing import Answer, Client
from fakesmb.wire.header import Flags2
from fakesmb.wire.negotiate import NegotiateRequest
from fakesmb.wire.session import SessionSetupExtendedRequest, SessionSetupExtendedResponse
from tests.auth.ntlm_client import Client as NtlmClient


def negotiate(client: Client) -> Client:
    """Negotiates extended security."""
    client.flags2 |= Flags2.EXTENDED_SECURITY
    client.send(0x72, NegotiateRequest(("NT LM 0.12",)))
    client.answer()
    return client


def setup(blob: bytes) -> SessionSetupExtendedRequest:
    """A session setup with that token."""
    return SessionSetupExtendedRequest(
        max_buffer_size=0xFFFF, security_blob_length=len(blob), security_blob=blob, capabilities=0x8000C0DC
    )


def challenge(client: Client, who: NtlmClient, uid: int = 0) -> bytes:
    """The first step: gives the server's token, and the client its UID."""
    client.uid = uid
    client.send(0x73, setup(who.negotiate()))
    answer = client.answer()
    client.uid = answer.header.uid
    return bytes(answer.body(SessionSetupExtendedResponse).security_blob)


def sign_in(client: Client, user: str, password: str) -> Answer | None:
    """Both steps; gives the answer to the second, None while it waits."""
    who = NtlmClient(user, password)
    token = challenge(client, who)
    client.send(0x73, setup(who.authenticate(token)))
    answers = client.answers()
    return answers[0] if answers else None
