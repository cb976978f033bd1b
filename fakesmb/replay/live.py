"""A connection that replays one of the capture."""

from typing import Final

from msgspec.structs import replace

from fakesmb.replay.identifiers import Identifiers
from fakesmb.replay.line import Line, Numbers
from fakesmb.replay.listings import Entry
from fakesmb.replay.rests import Rests
from fakesmb.replay.sent import Sent
from fakesmb.replay.sign_in import SignIn
from fakesmb.replay.talk import Ask, answers
from fakesmb.wire.codec import DecodeError
from fakesmb.wire.commands import Command
from fakesmb.wire.header import MAGIC, Flags2, Header

MOST_PENDING: Final = 1024
_FLAGS2_AT: Final = 10
_LAST_MID: Final = 0xFFFE


class Live:
    """The connection, who is signed in on it, and what waits for answers."""

    def __init__(self, number: int, line: Line, sign_in: SignIn) -> None:
        self.number = number
        """Of the captured connection."""
        self.line = line
        self.sign_in = sign_in
        self.ids = Identifiers()
        self.numbers: Numbers | None = None
        self.ended = ""
        """Why nothing can be sent any more."""
        self.silent = 0
        """Answers in a row that did not come in time."""
        self.sent: dict[int, Sent] = {}
        """The last request of each MID."""
        self.strays: list[bytes] = []
        """Messages that answer nothing."""
        self.breaks: list[bytes] = []
        """Oplock breaks that were neither compared nor answered."""
        self.entered = False
        """Whether a sign-in was made that the capture does not have."""
        self.due: list[int] = []
        """FIDs of breaks that the captured client will acknowledge."""
        self.by_ask: dict[Ask, Sent] = {}
        self.resumed: dict[int, tuple[Entry, Entry]] = {}
        """By SID here: where a search came to, in the capture and here."""
        self.rests = Rests()
        self.encoding = "cp850"

    # -- requests --------------------------------------------------------------------------------------------

    def mid_for(self, wanted: int) -> int:
        """A MID for a request: that of the capture, unless another still waits under it here."""
        for step in range(_LAST_MID):
            mid = (wanted + step) % (_LAST_MID + 1)
            waiting = self.sent.get(mid)
            if waiting is None or waiting.answers or waiting.dead:
                return mid
        return wanted

    def send(self, message: bytes, ask: Ask | None) -> Sent:
        """Signs and sends a message; raises `LineError`."""
        header = Header.decode(message)
        number = None
        wire = message
        if self.numbers is not None:
            flags2 = header.flags2 | Flags2.SIGNATURE
            wire = message[:_FLAGS2_AT] + flags2.to_bytes(2, "little") + message[_FLAGS2_AT + 2 :]
            wire, number = self.numbers.sign(wire)
        sent = Sent(ask, message, header, number)
        if header.command not in _NO_ANSWER:
            self.sent.pop(header.mid, None)
            self.sent[header.mid] = sent
            if len(self.sent) > MOST_PENDING:
                self.sent.pop(next(iter(self.sent)))
        if ask is not None:
            self.by_ask[ask] = sent
        self.line.send(wire)
        return sent

    def signed_in(self, answer: bytes, request: Header) -> None:
        """A sign-in succeeded: from here messages are signed, where both sides can."""
        sign_in = self.sign_in
        wants = sign_in.signs and (request.flags2 & Flags2.SIGNATURE or sign_in.must_sign)
        if self.numbers is None and wants and sign_in.key and not sign_in.is_guest(answer):
            self.numbers = Numbers(sign_in.key)

    def acknowledge(self, fid: int) -> bool:
        """Whether the server asked for the oplock of that FID and waits for it."""
        if fid not in self.due:
            return False
        self.due.remove(fid)
        return True

    # -- answers ---------------------------------------------------------------------------------------------

    def arrived(self, message: bytes) -> Sent | None:
        """Takes a message from the server; gives the request that it answers."""
        raw = self._reading_raw()
        try:
            header = Header.decode(message)
        except DecodeError:
            header = None
        if raw is not None and (header is None or not _is_break(header)):
            raw.answers.append(message)
            return raw
        if header is None:
            self.strays.append(message)
            return None
        if not header.is_reply:
            self.breaks.append(message)
            return None
        sent = self.sent.get(header.mid)
        if sent is None or not answers(sent.header.command, header.command):
            self.strays.append(message)
            return None
        if sent.number is not None and self.numbers is not None:
            sent.forged += not self.numbers.signer.verify(message, sent.number)
        sent.answers.append(message)
        return sent

    def _reading_raw(self) -> Sent | None:
        """The READ_RAW whose bare data come next."""
        for sent in reversed(self.sent.values()):
            if sent.header.command == Command.READ_RAW:
                return None if sent.answers else sent
            break
        return None

    def dead(self, why: str) -> None:
        """No answer will come any more."""
        self.ended = self.ended or why
        for sent in self.sent.values():
            sent.dead = sent.dead or why
        for sent in self.by_ask.values():
            sent.dead = sent.dead or why
        self.line.close()


def _is_break(header: Header) -> bool:
    return header.command == Command.LOCKING_ANDX and not header.is_reply


_NO_ANSWER: Final = frozenset(
    {
        Command.NT_CANCEL,
        Command.TRANSACTION_SECONDARY,
        Command.TRANSACTION2_SECONDARY,
        Command.NT_TRANSACT_SECONDARY,
    }
)
"""They have the MID of another request, which is answered."""


def cleared(message: bytes) -> bytes:
    """A captured request without its signature."""
    return message[:14] + bytes(8) + message[22:] if message[:4] == MAGIC else message


def without_signing(header: Header) -> Header:
    """The header of a message that says nothing of signatures."""
    return replace(header, flags2=header.flags2 & ~(Flags2.SIGNATURE | Flags2.SIGNATURE_REQUIRED))
