"""Sign-ins of a capture as the events that our own server tells of its own."""

from typing import Final

from fakesmb.capture.flows import Sent
from fakesmb.capture.trouble import Trouble
from fakesmb.nt.status import NT, label
from fakesmb.record.events import Event, SignedIn, SignInRefused
from fakesmb.trace.about import failed
from fakesmb.trace.named import Claim
from fakesmb.wire.header import HEADER_SIZE
from fakesmb.wire.session import Action

_ACTION_AT: Final = HEADER_SIZE + 5
_LM: Final = 24
"""Bytes of a response of the first NTLM, and of LM."""


def events(sent: Sent, reply: bytes, status: int, claim: Claim | None) -> "list[Event | Trouble]":
    """What a reply to a session setup says of it; nothing while the sign-in goes on."""
    if status == NT.MORE_PROCESSING_REQUIRED:
        return []
    claim = claim or Claim(None)
    user = claim.user or ""
    if failed(status):
        refused = SignInRefused(
            sent.time,
            sent.connection,
            sent.peer,
            user,
            status,
            f"the server answered {label(status)}",
            claim.domain,
            claim.workstation,
        )
        return [refused]
    kind = "user"
    if len(reply) > _ACTION_AT and reply[_ACTION_AT] & Action.GUEST:
        kind = "guest"
    elif claim.user == "" and claim.nt_response <= 1:
        kind = "anonymous"
    signed_in = SignedIn(
        sent.time,
        sent.connection,
        sent.peer,
        user,
        claim.domain,
        claim.workstation,
        claim.native_os,
        kind,
        _protection(claim) if kind == "user" else "none",
    )
    return [signed_in]


def _protection(claim: Claim) -> str:
    """How the password was proved, as far as the token tells, and the lengths of the responses."""
    if claim.kerberos:
        return "Kerberos"
    if claim.nt_response > _LM:
        return "NTLMv2"
    if claim.nt_response == _LM:
        return "NTLM2 session" if claim.session_security else "NTLMv1"
    return "LM" if claim.lm_response == _LM else ""
