"""What a capture holds, for replaying: the client's messages, which answers came to each, and in what order."""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from fakesmb.capture.trouble import Trouble
from fakesmb.record.events import Connected, Disconnected, Event, Exchanged, Shown
from fakesmb.wire.codec import DecodeError
from fakesmb.wire.commands import Command
from fakesmb.wire.header import Header

MOST_PENDING: Final = 1024
"""Requests of a connection for which answers are sought; those that went before have none any more."""
MOST_BYTES: Final = 512 << 20
"""Bytes of messages that are kept."""


class Ask(msgspec.Struct, eq=False, gc=True):
    """A message of the client, or the bare data that belong to its WRITE_RAW."""

    frame: int
    time: float
    connection: int
    message: bytes
    """As far as it was captured."""
    size: int
    """Bytes of it as it was sent."""
    event: Exchanged
    header: Header | None
    """None of bare data, and of what is too short to have one."""
    of: "Ask | None" = None
    """The WRITE_RAW whose data these are."""
    next_frame: int = 0
    """Of the next message of the client on the connection; 0 for none."""
    answers: "list[Told]" = msgspec.field(default_factory=list)

    @property
    def command(self) -> int:
        """The first command's code; -1 of bare data."""
        return -1 if self.header is None else self.header.command


class Told(msgspec.Struct, eq=False, gc=True):
    """A message of the server: an answer, or what it says of its own (an oplock break)."""

    frame: int
    time: float
    connection: int
    message: bytes
    size: int
    event: Exchanged
    ask: Ask | None = None
    """What it answers; None for what nobody asked, or where the request was not captured."""
    bare: bool = False
    """Data of a READ_RAW, without a header."""
    unasked: bool = False
    """A request of the server's own."""


Item = Ask | Told | Connected | Disconnected | Trouble


class Pairing:
    """Finds the request of each answer, connection by connection: by MID, PID and command."""

    def __init__(self) -> None:
        self._pending: dict[int, deque[Ask]] = {}

    def asked(self, ask: Ask) -> None:
        """A request goes by."""
        pending = self._pending.setdefault(ask.connection, deque(maxlen=MOST_PENDING))
        if pending:
            pending[-1].next_frame = ask.frame
        pending.append(ask)

    def ended(self, connection: int) -> None:
        """A connection is over."""
        self._pending.pop(connection, None)

    def of_answer(self, connection: int, header: Header) -> Ask | None:
        """The last request that an answer with this header can be of."""
        for ask in reversed(self._pending.get(connection, ())):
            asked = ask.header
            if (
                asked is not None
                and asked.mid == header.mid
                and asked.pid_low == header.pid_low
                and answers(asked.command, header.command)
            ):
                return ask
        return None

    def last(self, connection: int, command: int) -> Ask | None:
        """The last request of a command."""
        for ask in reversed(self._pending.get(connection, ())):
            if ask.command == command:
                return ask
        return None


def answers(asked: int, command: int) -> bool:
    """Whether a server's message of `command` can answer a request of `asked`."""
    return command == asked or _OTHER_ANSWERS.get(asked) == command


_OTHER_ANSWERS: Final[dict[int, int]] = {Command.WRITE_RAW: Command.WRITE_COMPLETE}


def items(events: Iterable[Event | Trouble]) -> Iterator[Item]:
    """What there is to replay and to compare, in the order of the capture; answers know their requests."""
    pairing = Pairing()
    kept = 0
    for event in events:
        if isinstance(event, Exchanged):
            kept += len(event.request) + len(event.reply)
            if kept > MOST_BYTES:
                yield Trouble(
                    event.number, f"messages of more than {MOST_BYTES >> 20} MiB: the rest is left out"
                )
                return
            found = _message(event, pairing)
            if found is not None:
                yield found
        elif isinstance(event, (Connected, Disconnected)):
            if isinstance(event, Disconnected):
                pairing.ended(event.connection)
            yield event
        elif isinstance(event, Trouble):
            yield event


def _message(event: Exchanged, pairing: Pairing) -> Item | None:
    number, connection = event.number, event.client.connection
    if not event.shown:
        return _bare(event, pairing)
    if event.shown & Shown.REQUEST:
        header = _header(event.request)
        ask = Ask(number, event.time, connection, event.request, event.request_size, event, header)
        pairing.asked(ask)
        return ask
    header = _header(event.reply)
    told = Told(number, event.answered, connection, event.reply, event.reply_size, event)
    if header is None:
        return None
    if not header.is_reply:
        told.unasked = True
        return told
    told.ask = pairing.of_answer(connection, header)
    if told.ask is not None:
        told.ask.answers.append(told)
    return told


def _bare(event: Exchanged, pairing: Pairing) -> Item | None:
    """Data without a header: those of a WRITE_RAW come from the client, those of a READ_RAW from the server."""
    number, connection, data = event.number, event.client.connection, event.data or b""
    header = _header(event.request)
    if header is None:
        return None
    if header.command == Command.WRITE_RAW:
        of = pairing.last(connection, Command.WRITE_RAW)
        size = event.request_size if event.data is None else len(data)
        return Ask(number, event.time, connection, data, size, event, None, of)
    told = Told(number, event.answered, connection, data, len(data), event, bare=True)
    told.ask = pairing.last(connection, Command.READ_RAW)
    if told.ask is not None:
        told.ask.answers.append(told)
    return told


def _header(message: bytes) -> Header | None:
    try:
        return Header.decode(message)
    except DecodeError:
        return None
