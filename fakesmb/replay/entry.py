"""How the documented exchange begins: Negotiate and the sign-in."""

from typing import Final

from fakesmb.replay import xp
from fakesmb.replay.conversation import FLAGS2, MORE, Answer, Conversation, Otherwise, good
from fakesmb.replay.initiator import Initiator, ntlmv1, ntlmv2
from fakesmb.replay.line import Numbers
from fakesmb.replay.narrator import Narrator
from fakesmb.replay.places import Who
from fakesmb.replay.sign_in import is_refusal
from fakesmb.wire import session
from fakesmb.wire.codec import DecodeError
from fakesmb.wire.commands import Command
from fakesmb.wire.dialect import SecurityMode
from fakesmb.wire.header import HEADER_SIZE, Flags2
from fakesmb.wire.negotiate import (
    NT_WORD_COUNT,
    Capability,
    NegotiateNtResponse,
    NegotiateNtWords,
    NegotiateRequest,
)
from fakesmb.wire.tokens import find
from fakesmb.world import World

_ACTION_AT: Final = 37
"""Of an answer to Session Setup: behind WordCount and the AndX words."""


class Entry:
    """Agrees on a dialect and signs in; raises `LineError` and `Otherwise`."""

    def __init__(self, talk: Conversation, who: Who, narrator: Narrator, world: World) -> None:
        self.talk = talk
        self.who = who
        self.tell = narrator.tell
        self.world = world
        self.passthrough = False
        """Whether the server takes levels of 1000 and more."""
        self._challenge: bytes | None = None
        """Of a server without extended security."""
        self._may_sign = False

    def dialect(self) -> None:
        """Negotiate."""
        tell = self.tell
        tell(
            "The client lists the dialects of SMB that it speaks, oldest first; the server takes one of them."
        )
        talk = self.talk
        answer = good(talk.ask(Command.NEGOTIATE, NegotiateRequest(xp.DIALECTS)), "Negotiate")
        if answer.message[HEADER_SIZE] != NT_WORD_COUNT:
            raise Otherwise(
                "the server chooses a dialect older than NT LM 0.12, which this exchange is not in"
            )
        talk.flags2 = FLAGS2
        chosen = answer.body(NegotiateNtWords)
        if not chosen.capabilities & Capability.UNICODE:
            raise Otherwise("the server knows no Unicode, in which this exchange has its names")
        if isinstance(chosen, NegotiateNtResponse):
            self._challenge = chosen.challenge
            talk.flags2 &= ~Flags2.EXTENDED_SECURITY
            tell(
                "It takes NT LM 0.12 without extended security, unlike the published one: "
                "its challenge is in this answer already, and the sign-in takes one message."
            )
        else:
            tell("It takes NT LM 0.12, with extended security: the sign-in goes by tokens of NTLMSSP.")
        self.passthrough = bool(chosen.capabilities & Capability.INFOLEVEL_PASSTHRU)
        self._may_sign = bool(chosen.security_mode & SecurityMode.SIGNATURES_ENABLED)
        if self._may_sign:
            tell("It also offers to sign messages.")

    def sign_in(self) -> None:
        """Session Setup, twice with extended security."""
        tell = self.tell
        if self._challenge is not None:
            self._sign_in_at_once(self._challenge)
            return
        talk = self.talk
        initiator = Initiator(self.who, xp.PUBLISHED_NAME, self.world)
        tell("The client says what its NTLMSSP can do: no name, no password yet.")
        answer = talk.ask(Command.SESSION_SETUP_ANDX, xp.setup(initiator.negotiate()))
        if answer.header.status != MORE:
            raise Otherwise(
                f"the sign-in's first step is answered with {answer.status}, not with a challenge"
            )
        talk.uid = answer.header.uid
        blob = bytes(answer.body(session.SessionSetupExtendedResponse).security_blob)
        at = find(blob)
        tell(
            "STATUS_MORE_PROCESSING_REQUIRED is no error: it says that the sign-in needs one more step. The answer "
            f"has the server's challenge, eight random bytes, and UID 0x{talk.uid:04X}."
        )
        try:
            token = initiator.authenticate(blob[at:] if at >= 0 else blob)
        except DecodeError as error:
            raise Otherwise(f"the server's challenge cannot be read: {error}") from None
        tell(
            "The client proves that it knows the password: it sends the challenge back, hashed with it. "
            "The password itself never goes over the wire."
        )
        answer = good(talk.ask(Command.SESSION_SETUP_ANDX, xp.setup(token)), f"the sign-in of {self._name}")
        talk.uid = answer.header.uid
        self._signed_in(answer, initiator.key)

    def _sign_in_at_once(self, challenge: bytes) -> None:
        tell = self.tell
        tell(
            "The client answers the challenge, hashed with the password; that itself never goes over the wire."
        )
        answers = ntlmv2(self.who, challenge, self.world)
        answer = self.talk.ask(Command.SESSION_SETUP_ANDX, xp.plain_setup(self.who, answers))
        if is_refusal(answer.header.status):
            tell("Perhaps the server knows no NTLMv2; the client tries NTLM and LM, as an XP does of itself.")
            answers = ntlmv1(self.who, challenge)
            answer = self.talk.ask(Command.SESSION_SETUP_ANDX, xp.plain_setup(self.who, answers))
        self.talk.uid = good(answer, f"the sign-in of {self._name}").header.uid
        self._signed_in(answer, answers.key + answers.nt if answers.key else b"")

    @property
    def _name(self) -> str:
        return self.who.name or "nobody (anonymous)"

    def _signed_in(self, answer: Answer, key: bytes) -> None:
        tell = self.tell
        guest = int.from_bytes(answer.message[_ACTION_AT : _ACTION_AT + 2], "little") & session.Action.GUEST
        if guest:
            tell(f"The server does not know {self._name} and lets it in as a guest.")
        else:
            tell(f"{self._name} is signed in. UID 0x{self.talk.uid:04X} in each header says so from now on.")
        if self._may_sign and key and not guest:
            self.talk.numbers = Numbers(key)
            tell("Both sides sign every message from here, with a key that came out of the sign-in.")
