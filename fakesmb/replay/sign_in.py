"""Signing in anew, with the user given, where a captured client signed in."""

from collections.abc import Generator
from typing import Final, NamedTuple

from msgspec.structs import replace

from fakesmb.auth.hashes import des_long, lm_hash
from fakesmb.nt.status import NT
from fakesmb.replay.claims import claim, init_token, is_challenge, user
from fakesmb.replay.initiator import Initiator, Responses, ntlmv1, ntlmv2
from fakesmb.replay.places import Users, Who
from fakesmb.wire import spnego
from fakesmb.wire.codec import Body, DecodeError
from fakesmb.wire.dialect import SecurityMode
from fakesmb.wire.header import HEADER_SIZE, Header, block_at
from fakesmb.wire.messages import response_class
from fakesmb.wire.negotiate import (
    Capability,
    NegotiateCoreResponse,
    NegotiateExtendedResponse,
    NegotiateLanmanResponse,
    NegotiateNtResponse,
    NegotiateNtWords,
)
from fakesmb.wire.ntlmssp import (
    SIGNATURE,
    AuthenticateMessage,
    Negotiate,
    NegotiateMessage,
)
from fakesmb.wire.session import (
    SessionSetupAndxRequest,
    SessionSetupAndxResponse,
    SessionSetupExtendedRequest,
    SessionSetupExtendedResponse,
    SessionSetupLanmanRequest,
    SessionSetupPlainRequest,
)
from fakesmb.wire.tokens import find
from fakesmb.world import World

WORKSTATION: Final = "FAKESMB"
"""Where the captured client names none."""
_WRONG: Final = frozenset({NT.LOGON_FAILURE, NT.WRONG_PASSWORD, NT.NO_SUCH_USER, 0x00020002})
"""Answers to a password that is wrong; the last is ERRSRV, ERRbadpw."""
_NOT_THE_PASSWORD: Final = "not the password: a captured sign-in was refused"
_LM_SIZE: Final = 24


class Round(NamedTuple):
    """A Session Setup to send."""

    body: Body
    besides: bool = False
    """A step that the capture does not have; others stand for the captured message, with what is chained to it."""


Rounds = Generator[Round, bytes | None, None]
"""Gives what to send and takes the answers (None: there is none). What the last of them says counts."""


def is_refusal(status: int) -> bool:
    """Whether a captured answer says that the password was wrong: then a wrong one is sent here, too."""
    return status in _WRONG


class SignIn:
    """What a server wants of a sign-in, and the sign-in that goes on. One for each connection."""

    def __init__(self, users: Users, world: World) -> None:
        self.users = users
        self.world = world
        self.dialect: type[Body] | None = None
        """The form of the answer to Negotiate; None before it."""
        self.extended = False
        self.challenge = b""
        self.security_mode = 0
        self.session_key = 0
        self.key = b""
        """What messages are signed with after the present sign-in; empty where there is none."""
        self.skipped = ""
        """Why the last one was not sent."""
        self._initiator: Initiator | None = None
        self._wrapped = False
        self._token = b""
        """The server's CHALLENGE."""

    # -- Negotiate -------------------------------------------------------------------------------------------

    def negotiated(self, message: bytes) -> bool:
        """Takes the answer to Negotiate; False where no dialect is agreed on."""
        try:
            header = Header.decode(message)
            block = block_at(message, HEADER_SIZE, unicode=header.unicode)
            body = response_class(header.command, block).decode(block)
        except DecodeError:
            return False
        if isinstance(body, NegotiateNtWords):
            self.extended = isinstance(body, NegotiateExtendedResponse)
            self.challenge = body.challenge if isinstance(body, NegotiateNtResponse) else b""
            self.security_mode, self.session_key = body.security_mode, body.session_key
        elif isinstance(body, NegotiateLanmanResponse):
            self.extended, self.challenge = False, body.challenge
            self.security_mode, self.session_key = body.security_mode & 0x03, body.session_key
        elif not isinstance(body, NegotiateCoreResponse) or body.dialect_index == 0xFFFF:
            return False
        self.dialect = type(body)
        return True

    @property
    def signs(self) -> bool:
        """Whether the server can sign messages."""
        both = SecurityMode.SIGNATURES_ENABLED | SecurityMode.SIGNATURES_REQUIRED
        return bool(self.security_mode & both)

    @property
    def must_sign(self) -> bool:
        """Whether it insists."""
        return bool(self.security_mode & SecurityMode.SIGNATURES_REQUIRED)

    # -- Session Setup ---------------------------------------------------------------------------------------

    def rounds(self, asked: SessionSetupAndxRequest, *, refused: bool) -> Rounds:
        """What to send for a captured Session Setup; `refused`: the captured server said that its password is wrong."""
        self.skipped = ""
        asked = replace(asked, session_key=self.session_key)
        kind, claimed = claim(asked)
        who = Who("") if kind == "anonymous" else self.users.meant(user(asked, claimed))
        if refused:
            who = Who(who.name, _NOT_THE_PASSWORD, who.domain)
        if not self.extended:
            yield from self._plain(asked, who, begins=kind == "begins")
        elif kind == "begins":
            self.challenged((yield Round(self._begin(asked, who, claimed))) or b"")
        else:
            if self._initiator is None:
                self.challenged((yield Round(self._begin(asked, who, claimed), besides=True)) or b"")
            if self._token:
                yield Round(self._finish(asked, who, claimed))
            else:
                self.skipped = "the server gave no challenge that could be read"
                self._initiator = None

    def _begin(self, asked: SessionSetupAndxRequest, who: Who, claimed: Body | object) -> Body:
        blob = getattr(asked, "security_blob", b"")
        flags, version = Negotiate.UNICODE | Negotiate.NTLM | Negotiate.REQUEST_TARGET, b""
        if isinstance(claimed, NegotiateMessage):
            flags |= claimed.flags
            version = claimed.version
        else:
            flags |= (
                Negotiate.EXTENDED_SESSION_SECURITY
                | Negotiate.SIGN
                | Negotiate.ALWAYS_SIGN
                | Negotiate.KEY_EXCHANGE
                | Negotiate.KEY_128
                | Negotiate.KEY_56
            )
        flags &= ~(Negotiate.DOMAIN_SUPPLIED | Negotiate.WORKSTATION_SUPPLIED | Negotiate.ANONYMOUS)
        self._initiator = Initiator(who, WORKSTATION, self.world, flags=flags, version=version)
        self._wrapped = not blob.startswith(SIGNATURE)
        self._token = b""
        token = self._initiator.negotiate()
        return self._with(asked, init_token(token) if self._wrapped else token)

    def _finish(self, asked: SessionSetupAndxRequest, who: Who, claimed: object) -> Body:
        initiator, self._initiator = self._initiator, None
        assert initiator is not None
        initiator.who = who
        if isinstance(claimed, AuthenticateMessage):
            initiator.workstation = claimed.workstation
        token = initiator.authenticate(self._token)
        self.key = initiator.key
        return self._with(asked, spnego.NegTokenResp(token=token).encode() if self._wrapped else token)

    def challenged(self, message: bytes) -> None:
        """Takes the server's answer to the first step."""
        self._token = b""
        try:
            header = Header.decode(message)
            block = block_at(message, HEADER_SIZE, unicode=header.unicode)
            body = SessionSetupExtendedResponse.decode(block)
        except DecodeError:
            return
        at = find(body.security_blob)
        if header.status == NT.MORE_PROCESSING_REQUIRED and at >= 0:
            token = bytes(body.security_blob[at:])
            self._token = token if is_challenge(token) else b""

    def _with(self, asked: SessionSetupAndxRequest, blob: bytes) -> Body:
        if isinstance(asked, SessionSetupExtendedRequest):
            return replace(asked, security_blob=blob)
        capabilities = getattr(asked, "capabilities", 0) | Capability.EXTENDED_SECURITY
        return SessionSetupExtendedRequest(
            max_buffer_size=asked.max_buffer_size,
            max_mpx_count=asked.max_mpx_count,
            vc_number=asked.vc_number,
            session_key=asked.session_key,
            capabilities=capabilities,
            security_blob=blob,
            native_os=getattr(asked, "native_os", ""),
            native_lan_man=getattr(asked, "native_lan_man", ""),
        )

    # -- without extended security ---------------------------------------------------------------------------

    def _plain(self, asked: SessionSetupAndxRequest, who: Who, *, begins: bool) -> Rounds:
        if begins:
            self.skipped = "this server signs in by one message, in place of the next one"
            return
        if self.dialect is not None and issubclass(self.dialect, NegotiateLanmanResponse):
            self.key = b""
            yield Round(self._lanman(asked, who))
            return
        if not self.security_mode & SecurityMode.ENCRYPT_PASSWORDS and who.name:
            password = f"{who.password}\0"
            self.key = b""
            texts = Responses(password.encode("cp850", "replace"), b"", b"")
            yield Round(self._thirteen(asked, who, texts))
            return
        answers = ntlmv2(who, self.challenge, self.world)
        self.key = answers.key + answers.nt if answers.key else b""
        answer = yield Round(self._thirteen(asked, who, answers))
        wrong = answer is not None and int.from_bytes(answer[5:9], "little") in _WRONG
        if wrong and who.name and who.password != _NOT_THE_PASSWORD:  # perhaps it knows no NTLMv2
            answers = ntlmv1(who, self.challenge)
            self.key = answers.key + answers.nt
            yield Round(self._thirteen(asked, who, answers))

    def _thirteen(self, asked: SessionSetupAndxRequest, who: Who, answers: Responses) -> Body:
        return SessionSetupPlainRequest(
            max_buffer_size=asked.max_buffer_size,
            max_mpx_count=asked.max_mpx_count,
            vc_number=asked.vc_number,
            session_key=asked.session_key,
            capabilities=getattr(asked, "capabilities", 0) & ~Capability.EXTENDED_SECURITY,
            oem_password=answers.lm,
            unicode_password=answers.nt,
            account_name=who.name,
            primary_domain=who.domain,
            native_os=getattr(asked, "native_os", ""),
            native_lan_man=getattr(asked, "native_lan_man", ""),
        )

    def _lanman(self, asked: SessionSetupAndxRequest, who: Who) -> Body:
        return SessionSetupLanmanRequest(
            max_buffer_size=asked.max_buffer_size,
            max_mpx_count=asked.max_mpx_count,
            vc_number=asked.vc_number,
            session_key=asked.session_key,
            password=self.share_password(who),
            account_name=who.name,
            primary_domain=who.domain,
            native_os=getattr(asked, "native_os", ""),
            native_lan_man=getattr(asked, "native_lan_man", ""),
        )

    def share_password(self, who: Who) -> bytes:
        """The password as old dialects, and servers with passwords of shares, take it."""
        if not who.name:
            return b"\0"
        hashed = lm_hash(who.password)
        if not self.security_mode & SecurityMode.ENCRYPT_PASSWORDS or hashed is None:
            return who.password.encode("cp850", "replace") + b"\0"
        return des_long(hashed, self.challenge.ljust(8, b"\0")[:8])

    # -- what came of it -------------------------------------------------------------------------------------

    def is_guest(self, message: bytes) -> bool:
        """Whether a successful answer says that the client is in as a guest: then nothing is signed."""
        try:
            header = Header.decode(message)
            block = block_at(message, HEADER_SIZE, unicode=header.unicode)
            body = response_class(header.command, block).decode(block)
        except DecodeError:
            return True
        if isinstance(body, (SessionSetupAndxResponse, SessionSetupExtendedResponse)):
            return bool(body.action & 1)
        return True
