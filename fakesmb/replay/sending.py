"""The client's messages: translated, renamed, and sent where they make sense."""

from typing import TYPE_CHECKING, Final

from fakesmb.replay import pipe_auth
from fakesmb.replay.identifiers import with_mid
from fakesmb.replay.live import Live, cleared
from fakesmb.replay.oplocks import asks_back, is_acknowledgement
from fakesmb.replay.pipe_auth import Refused
from fakesmb.replay.requests import Renaming, with_changes
from fakesmb.replay.sent import Sent
from fakesmb.replay.shares import IPC
from fakesmb.replay.talk import Ask
from fakesmb.wire.codec import Body
from fakesmb.wire.commands import Command
from fakesmb.wire.header import HEADER_SIZE, Header

if TYPE_CHECKING:
    from fakesmb.replay.engine import Replay

_SECONDARIES: Final = frozenset(
    {Command.TRANSACTION_SECONDARY, Command.TRANSACTION2_SECONDARY, Command.NT_TRANSACT_SECONDARY}
)


class Sending:
    """Makes messages for the server here out of captured ones. What it gives says why nothing was sent, or is empty."""

    def __init__(self, replay: "Replay", renaming: Renaming) -> None:
        self.replay = replay
        self.renaming = renaming

    def send(self, live: Live, ask: Ask) -> str:
        """Sends a captured message; raises `LineError`."""
        return self._bare(live, ask) if ask.header is None else self._request(live, ask, ask.header)

    def _bare(self, live: Live, ask: Ask) -> str:
        """Data of a WRITE_RAW: the server must have asked for them."""
        of = None if ask.of is None else live.by_ask.get(ask.of)
        if of is None or not of.answers or of.refused:
            return "the server did not ask for these data"
        if ask.size > len(ask.message):
            self._filled(ask)
        live.line.send(ask.message.ljust(ask.size, b"\0"))
        return ""

    def _request(self, live: Live, ask: Ask, header: Header) -> str:
        """Sends a request; says why where it cannot be sent."""
        message = ask.message
        if ask.size > len(message):
            if not _has_words(message):
                return f"only {len(message)} of {ask.size} bytes were captured"
            self._filled(ask)
            message = message.ljust(ask.size, b"\0")
        if header.command == Command.NEGOTIATE:
            return self.replay.entering.negotiate(live, ask, cleared(message))
        if live.sign_in.dialect is None and not self.replay.entering.begin_within(live, ask, header):
            return live.ended or "the server agrees on no dialect"
        if header.command == Command.SESSION_SETUP_ANDX:
            return self.replay.entering.session_setup(live, ask, self.translated(live, message, header))
        why = self._out_of_place(live, ask, header)
        if why:
            return why
        translated = self.translated(live, message, header)
        changes = self.renaming.changes(translated, header, live)
        if ask.event.share.upper() == IPC:
            try:
                changes |= self._without_pipe_sign_in(ask, translated, header, live)
            except Refused as error:
                return str(error)
        message = with_changes(translated, header, changes, live.encoding)
        self.replay.witness.asked(live, ask, live.send(with_mid(message, self._mid(live, ask, header)), ask))
        return ""

    def _without_pipe_sign_in(self, ask: Ask, message: bytes, header: Header, live: Live) -> dict[int, Body]:
        found = pipe_auth.changes(message, header, live.encoding)
        if found:
            self.replay.witness.note(
                ask.frame, "the sign-in inside the pipe is left out: its keys are the captured client's"
            )
        return found

    def translated(self, live: Live, message: bytes, header: Header) -> bytes:
        """The request with the identifiers that are there now."""
        found = bytearray(cleared(self.replay.tokens.replaced(message, header)))
        signs_in = header.command == Command.SESSION_SETUP_ANDX
        live.ids.translate(found, header, signs_in=signs_in, encoding=live.encoding)
        return bytes(found)

    def _out_of_place(self, live: Live, ask: Ask, header: Header) -> str:
        """Why a request makes no sense here, because of what the server did otherwise."""
        if header.command in _SECONDARIES:
            first = self._sent_as(live, header)
            if first is None or first.refused or first.complete:
                return "the server did not ask for the rest of the transaction"
        if is_acknowledgement(ask.message, header):
            fid = asks_back(self.translated(live, ask.message, header))
            if live.acknowledge(fid):
                return ""
            return "the server did not ask for the oplock"
        return live.rests.missing(ask.message, header)

    def _sent_as(self, live: Live, header: Header) -> Sent | None:
        """The request that went out for the last captured one with the MID and the PID of this header."""
        for ask, sent in reversed(live.by_ask.items()):
            asked = ask.header
            if asked is not None and (asked.mid, asked.pid_low) == (header.mid, header.pid_low):
                return sent
        return None

    def _mid(self, live: Live, ask: Ask, header: Header) -> int:
        if header.command in _SECONDARIES or header.command == Command.NT_CANCEL:
            sent = self._sent_as(live, header)
            return header.mid if sent is None else sent.header.mid
        return live.mid_for(header.mid)

    def _filled(self, ask: Ask) -> None:
        missing = ask.size - len(ask.message)
        self.replay.witness.note(
            ask.frame, f"{missing} of {ask.size} bytes were not captured; zeros are sent for them"
        )


def _has_words(message: bytes) -> bool:
    """Whether the first command's words are there."""
    return len(message) > HEADER_SIZE and len(message) >= HEADER_SIZE + 3 + 2 * message[HEADER_SIZE]
