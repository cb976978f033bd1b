"""How a replayed connection begins: a dialect, a sign-in, and what a capture that begins later takes for granted."""

from typing import TYPE_CHECKING, Final

from fakesmb.replay.identifiers import with_mid
from fakesmb.replay.line import LineError
from fakesmb.replay.live import Live
from fakesmb.replay.references import blocks
from fakesmb.replay.requests import with_changes
from fakesmb.replay.sent import Sent
from fakesmb.replay.shares import ShareMap
from fakesmb.replay.sign_in import Round, is_refusal
from fakesmb.replay.talk import Ask
from fakesmb.wire.codec import Body, DecodeError
from fakesmb.wire.commands import Command
from fakesmb.wire.dialect import Dialect
from fakesmb.wire.header import HEADER_SIZE, Flags, Flags2, Header
from fakesmb.wire.negotiate import NegotiateRequest
from fakesmb.wire.session import (
    SessionSetupAndxRequest,
    SessionSetupExtendedRequest,
    SessionSetupPlainRequest,
)
from fakesmb.wire.tree import TreeConnectAndxRequest

if TYPE_CHECKING:
    from fakesmb.replay.engine import Replay

CAPABILITIES: Final = 0x000000D4
"""Unicode, NT SMBs, NT status, level II oplocks: of a client of which the capture does not show what it can."""
_PID: Final = 0xFEFF
_OWN_MID: Final = 0xFFFD
_SUCCESS: Final = bytes(4)


class Entering:
    """Negotiates and signs in."""

    def __init__(self, replay: "Replay", shares: ShareMap) -> None:
        self.replay = replay
        self.shares = shares

    # -- Negotiate -------------------------------------------------------------------------------------------

    def negotiate(self, live: Live, ask: Ask, message: bytes) -> str:
        """Sends a captured Negotiate, and waits for its answer; says why where that cannot be sent."""
        live.encoding = ask.event.client.encoding
        sent = live.send(message, ask)
        self.replay.witness.asked(live, ask, sent)
        answer = self._answer(sent)
        if live.sign_in.dialect is not None or answer is None or live.sign_in.negotiated(answer):
            return ""
        # It knows none of the dialects: the capture is compared in one that it may know
        assert ask.header is not None
        try:
            self.replay.renew(live)
        except LineError as error:
            live.dead(str(error))
            return ""
        if self._negotiate_anew(live, ask.header):
            self.replay.witness.note(
                ask.frame,
                "the server takes none of these dialects; the replay goes on in NT LM 0.12, on another connection",
            )
        else:
            live.dead("the server agrees on no dialect")
        return ""

    def _negotiate_anew(self, live: Live, like: Header) -> bool:
        answer = self._own(live, like, Command.NEGOTIATE, NegotiateRequest((Dialect.NT_LM,)), uid=0, tid=0)
        return answer is not None and live.sign_in.negotiated(answer)

    def begin_within(self, live: Live, ask: Ask, like: Header) -> bool:
        """Before the first request of a connection whose beginning the capture does not have: signs in, once."""
        if live.entered:
            return False
        live.entered = True
        live.encoding = ask.event.client.encoding
        if not self._negotiate_anew(live, like):
            return False
        note = "the capture begins after the sign-in, which is made anew"
        if like.command == Command.SESSION_SETUP_ANDX:
            self.replay.witness.note(ask.frame, "the capture begins after Negotiate, which is made anew")
            return True
        asked: SessionSetupAndxRequest = SessionSetupPlainRequest(
            capabilities=CAPABILITIES, account_name=self.replay.users.others.name
        )
        if live.sign_in.extended:
            asked = SessionSetupExtendedRequest(capabilities=CAPABILITIES)
        answer = self._rounds(live, like, asked, None, b"", refused=False)
        if answer is None or answer[5:9] != _SUCCESS:
            live.dead("the server refuses the sign-in")
            return False
        live.ids.usual_uid = Header.decode(answer).uid
        if self.shares.any is None:
            note += "; its shares are not known: --map '*=SHARE' names one"
        else:
            unc = f"\\\\{self.replay.place.host}\\{self.shares.any}"
            body = TreeConnectAndxRequest(password_length=1, path=unc)
            answer = self._own(live, like, Command.TREE_CONNECT_ANDX, body, uid=live.ids.usual_uid, tid=0)
            if answer is None or answer[5:9] != _SUCCESS:
                note += f"; {unc} is refused"
            else:
                live.ids.usual_tid = Header.decode(answer).tid
        self.replay.witness.note(ask.frame, note)
        return True

    # -- Session Setup ---------------------------------------------------------------------------------------

    def session_setup(self, live: Live, ask: Ask, message: bytes) -> str:
        """Signs in where the captured client did; says why where nothing is sent."""
        header = Header.decode(message)
        found = next(blocks(message, header, live.encoding), None)
        try:
            if found is None:
                raise DecodeError("no words")
            asked = SessionSetupAndxRequest.decode(found[1])
        except DecodeError:
            self.replay.witness.asked(live, ask, live.send(message, ask))
            return ""
        refused = any(is_refusal(one.event.status) for one in ask.answers)
        self._rounds(live, header, asked, ask, message, refused=refused)
        return "" if ask in live.by_ask else live.sign_in.skipped

    def _rounds(
        self,
        live: Live,
        header: Header,
        asked: SessionSetupAndxRequest,
        ask: Ask | None,
        message: bytes,
        *,
        refused: bool,
    ) -> bytes | None:
        """Sends what the sign-in takes; gives the last answer."""
        rounds = live.sign_in.rounds(asked, refused=refused)
        answer: bytes | None = None
        uid = header.uid
        try:
            step = next(rounds)
            while True:
                request = _with_uid(header, uid, step.body)
                if step.besides or ask is None:
                    answer = self._own(live, request, Command.SESSION_SETUP_ANDX, step.body, uid=uid, tid=0)
                else:
                    answer = self._captured(live, request, message, step, ask)
                if answer is not None and len(answer) >= HEADER_SIZE:
                    uid = Header.decode(answer).uid
                    if answer[5:9] == _SUCCESS:
                        live.signed_in(answer, request)
                step = rounds.send(answer)
        except StopIteration:
            return answer

    def _captured(self, live: Live, header: Header, message: bytes, step: Round, ask: Ask) -> bytes | None:
        changes: dict[int, Body] = {0: step.body}
        changes |= {
            index: body
            for index, body in self.replay.sending.renaming.changes(message, header, live).items()
            if index
        }
        message = header.encode() + message[HEADER_SIZE:]
        built = with_changes(message, header, changes, live.encoding)
        sent = live.send(with_mid(built, live.mid_for(header.mid)), ask)
        self.replay.witness.asked(live, ask, sent)
        return self._answer(sent)

    # -- messages of our own ---------------------------------------------------------------------------------

    def _own(self, live: Live, like: Header, command: int, body: Body, *, uid: int, tid: int) -> bytes | None:
        """Sends a request that the capture does not have, and gives its answer."""
        flags2 = like.flags2 & ~(Flags2.DFS | Flags2.SIGNATURE_REQUIRED)
        header = Header(
            command,
            0,
            Flags.CASE_INSENSITIVE | Flags.CANONICALIZED_PATHS,
            flags2,
            0,
            bytes(8),
            tid,
            _PID,
            uid,
            live.mid_for(_OWN_MID),
        )
        blocks_ = body.encode(HEADER_SIZE, unicode=header.unicode, encoding=live.encoding)
        return self._answer(live.send(header.encode() + b"".join(blocks_), None))

    def _answer(self, sent: Sent) -> bytes | None:
        self.replay.wait(lambda: bool(sent.answers or sent.dead), self.replay.timeout)
        return sent.answers[0] if sent.answers else None


def _with_uid(header: Header, uid: int, body: Body) -> Header:
    extended = isinstance(body, SessionSetupExtendedRequest)
    flags2 = header.flags2 & ~Flags2.EXTENDED_SECURITY
    if extended:
        flags2 |= Flags2.EXTENDED_SECURITY
    return Header(
        header.command,
        0,
        header.flags,
        flags2,
        header.pid_high,
        bytes(8),
        header.tid,
        header.pid_low,
        uid,
        header.mid,
    )
