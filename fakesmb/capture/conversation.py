"""One connection of a capture: its requests paired with their replies, as the protocol pairs them.

A reply has the PID and the MID of its request ([MS-CIFS] 2.2.3.1). An echo has several, a transaction may come in
several messages either way, raw data have no header at all, and an oplock break answers nothing.
"""

import struct
from typing import Final

import msgspec

from fakesmb.capture import sign_ins
from fakesmb.capture.flows import Sent, Way
from fakesmb.capture.pairing import SECONDARIES, WORDS_AT, acknowledges, answers, kept, more_follows
from fakesmb.capture.trouble import Trouble
from fakesmb.nt.status import from_dos
from fakesmb.record.events import Client, Event, Exchanged, Shown
from fakesmb.trace.about import About
from fakesmb.trace.tables import Tables
from fakesmb.wire.commands import Command
from fakesmb.wire.header import COMMAND_AT, HEADER_SIZE, MAGIC, Flags, Flags2

MOST_WAITING: Final = 1024
"""Requests of a connection that wait for their reply; the oldest go first."""
_IDS: Final = struct.Struct("<HHHH").unpack_from
_IDS_AT: Final = 24
_STATUS: Final = struct.Struct("<I").unpack_from
_STATUS_AT: Final = 5
_FLAGS2_HIGH_AT: Final = 11
_NT_STATUS: Final = Flags2.NT_STATUS >> 8
_FLAGS_AT: Final = 9
_COST: Final = 400
"""Bytes that a waiting request is counted for beside its own."""


class Asked(msgspec.Struct, gc=False):
    """A request that waits for its reply."""

    time: float
    command: int
    request: bytes
    size: int
    about: About
    left: int = 1
    """Replies that are still to come."""
    answered: bool = False
    """Whether one has come, or none is due."""
    older: "Asked | None" = None
    """One of the same identifiers that was not answered when this was asked."""


class Conversation:
    """What is known of a connection."""

    def __init__(self, client: Client, ways: tuple[Way, Way]) -> None:
        self.client = client
        self._from_client, self._from_server = (way.framing for way in ways)
        self.tables = Tables(client.encoding)
        self._waiting: dict[int, Asked] = {}
        self.waiting_bytes = 0
        """Bytes of the requests that wait for their reply."""
        self.messages = 0
        """How many it took."""
        self._counted = 0
        """Bytes that its connection is said to hold for it."""
        self._raw_read: Asked | None = None
        self._raw_write: Asked | None = None

    def uncounted(self) -> int:
        """How many bytes more it holds than when this was last asked."""
        before, self._counted = self._counted, self.waiting_bytes + self.tables.held
        return self._counted - before

    def take(self, sent: Sent) -> "list[Event | Trouble]":
        """The events that a message makes."""
        message = sent.message
        raw = self._raw_write if sent.from_client else self._raw_read
        if raw is not None and (sent.from_client or message[:4] != MAGIC):
            return [self._raw(sent, raw)]
        if len(message) < HEADER_SIZE:
            return [_short(sent)]
        if sent.from_client:
            return [self._request(sent, message)]
        return self._reply(sent, message)

    # -- requests ------------------------------------------------------------------------------------------

    def _request(self, sent: Sent, message: bytes) -> Event:
        command = message[COMMAND_AT]
        _, pid, _, mid = _IDS(message, _IDS_AT)
        key = pid << 16 | mid
        if command in SECONDARIES:
            first = self._find(key, command)
            about = self.tables.asked(message) if first is None else first.about
        else:
            about = self.tables.asked(message)
            if command != Command.NT_CANCEL:
                asked = Asked(sent.time, command, kept(message, command), sent.size, about)
                self._wait(key, asked, message)
                if command == Command.READ_RAW:
                    self._raw_read = asked
                    self._from_server.raw = True
        if self._raw_read is not None and command != Command.READ_RAW:
            self._raw_read = None
            self._from_server.raw = False
        return Exchanged(
            self.client,
            sent.time,
            0.0,
            sent.frame,
            message,
            sent.size,
            b"",
            0,
            Shown.REQUEST,
            0,
            about.user,
            about.share,
            about.path,
            about.fid,
        )

    def _wait(self, key: int, asked: Asked, message: bytes) -> None:
        command = asked.command
        if command == Command.ECHO and len(message) >= WORDS_AT + 2:
            asked.left = message[WORDS_AT] | message[WORDS_AT + 1] << 8
        asked.answered = acknowledges(command, message)
        waiting = self._waiting
        before = waiting.pop(key, None)
        if before is not None:
            if before.answered or command == before.command == Command.WRITE_MPX:
                self.waiting_bytes -= len(before.request) + _COST
            else:
                asked.older = before
        elif len(waiting) >= MOST_WAITING:
            self._forget(waiting.pop(next(iter(waiting))))
        waiting[key] = asked
        self.waiting_bytes += len(asked.request) + _COST

    def _forget(self, asked: Asked | None) -> None:
        while asked is not None:
            self.waiting_bytes -= len(asked.request) + _COST
            asked = asked.older

    # -- replies -------------------------------------------------------------------------------------------

    def _reply(self, sent: Sent, message: bytes) -> "list[Event | Trouble]":
        command = message[COMMAND_AT]
        if command == Command.LOCKING_ANDX and not message[_FLAGS_AT] & Flags.REPLY:
            return [self._alone(sent, self.tables.broken(message), 0)]
        _, pid, _, mid = _IDS(message, _IDS_AT)
        key = pid << 16 | mid
        status = _STATUS(message, _STATUS_AT)[0]
        if status and not message[_FLAGS2_HIGH_AT] & _NT_STATUS:
            status = from_dos(status)
        asked = self._waiting.get(key)
        if asked is not None and (asked.older is not None or not answers(command, asked.command)):
            asked = self._find(key, command)
        if asked is None:
            return [self._alone(sent, self.tables.answered(b"", message, status, About()), status)]
        about = asked.about
        signs_in = asked.command == Command.SESSION_SETUP_ANDX
        told: list[Event | Trouble] = []
        if signs_in:
            told = sign_ins.events(sent, message, status, self.tables.signs_in(message, about))
        about = self.tables.answered(asked.request, message, status, about)
        told.append(
            Exchanged(
                self.client,
                asked.time,
                sent.time,
                sent.frame,
                asked.request,
                asked.size,
                message,
                sent.size,
                Shown.REPLY,
                status,
                about.user,
                about.share,
                about.path,
                about.fid,
            )
        )
        if command == Command.WRITE_RAW and not status and message[HEADER_SIZE] == 1:
            self._raw_write = asked
            self._from_client.raw = True
            return told
        asked.answered = True
        asked.left -= 1
        if asked.left <= 0 and not more_follows(command, message, status):
            self._answered(key, asked)
        return told

    def _find(self, key: int, command: int) -> Asked | None:
        """The oldest request of these identifiers that such a reply may answer."""
        found = None
        asked = self._waiting.get(key)
        while asked is not None:
            if answers(command, asked.command):
                found = asked
            asked = asked.older
        return found

    def _answered(self, key: int, asked: Asked) -> None:
        """No more replies come to it."""
        self.waiting_bytes -= len(asked.request) + _COST
        latest = self._waiting[key]
        if latest is asked:
            if asked.older is None:
                del self._waiting[key]
            else:
                self._waiting[key] = asked.older
            return
        while latest.older is not asked:
            assert latest.older is not None
            latest = latest.older
        latest.older = asked.older

    def _alone(self, sent: Sent, about: About, status: int) -> Event:
        """A message of the server's own, or a reply whose request was not captured."""
        return Exchanged(
            self.client,
            sent.time,
            sent.time,
            sent.frame,
            b"",
            0,
            sent.message,
            sent.size,
            Shown.REPLY,
            status,
            about.user,
            about.share,
            about.path,
            about.fid,
        )

    # -- raw mode ------------------------------------------------------------------------------------------

    def _raw(self, sent: Sent, asked: Asked) -> Event:
        """Bare data of a file: what READ_RAW gave, or what WRITE_RAW goes on with."""
        if sent.from_client:
            self._raw_write = None
            self._from_client.raw = False
        else:
            self._raw_read = None
            self._from_server.raw = False
            self._answered_raw(asked)
        about = asked.about
        return Exchanged(
            self.client,
            asked.time if not sent.from_client else sent.time,
            0.0 if sent.from_client else sent.time,
            sent.frame,
            asked.request,
            asked.size,
            b"",
            0 if sent.from_client else sent.size,
            0,
            0,
            about.user,
            about.share,
            about.path,
            about.fid,
            data=sent.message,
        )

    def _answered_raw(self, asked: Asked) -> None:
        _, pid, _, mid = _IDS(asked.request, _IDS_AT)
        one = self._waiting.get(pid << 16 | mid)
        while one is not None:
            if one is asked:
                self._answered(pid << 16 | mid, asked)
                return
            one = one.older


def _short(sent: Sent) -> Trouble:
    side = "client" if sent.from_client else "server"
    size = len(sent.message)
    text = f"a message of the {side} of which {size} of {sent.size} bytes were captured: its header is longer"
    return Trouble(sent.frame, text, sent.time)
