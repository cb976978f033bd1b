"""Requests with what answered them: one pair for each message of a client, however many events told of it.

A request that waits is told before its answer, an echo is answered several times, a transaction may come in several
messages: each is one pair. `Pairing` takes the events in their order.
"""

from typing import Final

from fakesmb.record.events import Exchanged, Shown, Told
from fakesmb.wire.commands import Command
from fakesmb.wire.files import WriteMode
from fakesmb.wire.header import COMMAND_AT, HEADER_SIZE

PRIMARY: Final = {
    Command.TRANSACTION: Command.TRANSACTION,
    Command.TRANSACTION2: Command.TRANSACTION2,
    Command.NT_TRANSACT: Command.NT_TRANSACT,
    Command.TRANSACTION_SECONDARY: Command.TRANSACTION,
    Command.TRANSACTION2_SECONDARY: Command.TRANSACTION2,
    Command.NT_TRANSACT_SECONDARY: Command.NT_TRANSACT,
}
"""The command of the first message of a transaction, by that of any of its messages."""
_SECONDARIES: Final = frozenset(PRIMARY) - frozenset(PRIMARY.values())
_IN_SEVERAL: Final = frozenset(PRIMARY) | {Command.ECHO, Command.WRITE_RAW}
"""Commands whose answers may be several, or whose first answer asks for more."""


class Pair:
    """A request and its answer."""

    __slots__ = ("answered", "asked", "last", "more", "ordinal")

    def __init__(self, ordinal: int, asked: Exchanged | None, answered: Exchanged | None) -> None:
        self.ordinal = self.last = ordinal
        """The places of its first and its last event among all that the journal was given."""
        self.asked = asked
        """What tells the request; None for a message of the server's own, an oplock break."""
        self.answered = answered
        """What tells the last answer; None while there is none, or only one that asks for more."""
        self.more: tuple[Exchanged, ...] = ()
        """The further messages of the request: a transaction in several."""

    @property
    def told(self) -> Exchanged:
        """What tells the request or, where it has been forgotten or there is none, the answer."""
        told = self.asked or self.answered
        assert told is not None
        return told


class Happened:
    """What is no message: a connection, a sign-in, a problem."""

    __slots__ = ("last", "ordinal", "told")

    def __init__(self, ordinal: int, told: Told) -> None:
        self.ordinal = self.last = ordinal
        self.told = told


class Pairing:
    """Makes pairs of the events that it is given. `items` has them in the order in which they began."""

    def __init__(self) -> None:
        self.items: list[Pair | Happened] = []
        self._open: dict[tuple[int, bytes], list[Pair]] = {}
        """Pairs that may be answered, or answered again, by connection and request."""
        self._transactions: dict[tuple[int, bytes], Pair] = {}
        """Those of which more is to come, by connection, command and identifiers."""

    def add(self, ordinal: int, event: Exchanged | Told) -> Pair | Happened:
        """Takes an event; gives the pair that began with it or goes on by it."""
        if type(event) is not Exchanged:
            item: Pair | Happened = Happened(ordinal, event)  # type: ignore[arg-type]
            self.items.append(item)
            return item
        request = event.request
        command = request[COMMAND_AT] if len(request) >= HEADER_SIZE else -1
        if event.shown == Shown.BOTH and command not in _IN_SEVERAL:
            pair = Pair(ordinal, event, event if event.reply else None)
            self.items.append(pair)
            return pair
        return self._add(ordinal, event, command)

    def forget(self, before: int) -> None:
        """Lets go of what ended before that place."""
        self.items = [one for one in self.items if one.last >= before]
        self._open = {
            key: kept
            for key, pairs in self._open.items()
            if (kept := [pair for pair in pairs if pair.last >= before])
        }
        self._transactions = {key: pair for key, pair in self._transactions.items() if pair.last >= before}

    def _add(self, ordinal: int, event: Exchanged, command: int) -> Pair:
        key = event.client.connection, event.request
        if not event.shown & Shown.REQUEST:
            known = self._open.get(key) if event.request else None
            if known:
                pair = next((one for one in known if one.answered is None), known[-1])
                if event.reply:
                    pair.answered = event
                else:
                    pair.more += (event,)  # the data of a raw write
                pair.last = ordinal
                self._open[key] = [one for one in known if one is not pair] + [pair]
                return pair
            pair = Pair(ordinal, event if event.request else None, event)
            self.items.append(pair)
            return pair
        identity = event.client.connection, _identity(event.request, command)
        if command in _SECONDARIES:
            first = self._transactions.get(identity)
            if first is not None:
                first.more += (event,)
                first.last = ordinal
                if event.reply:  # refused
                    first.answered = event
                return first
        pair = Pair(ordinal, event, None)
        if event.reply:
            if command in PRIMARY and _asks_for_more(event):
                self._transactions[identity] = pair
            elif command != Command.WRITE_RAW or not _is_told_later(event):
                pair.answered = event
        self._open.setdefault(key, []).append(pair)
        self.items.append(pair)
        return pair


def _identity(request: bytes, command: int) -> bytes:
    """What the messages of one transaction have in common: command, PID, TID, UID and MID."""
    if len(request) < HEADER_SIZE:
        return b""
    return bytes((PRIMARY.get(command, command),)) + request[12:14] + request[24:HEADER_SIZE]  # type: ignore[call-overload]


def _is_told_later(event: Exchanged) -> bool:
    """Whether the interim response of a WRITE_RAW asks for data whose fate another answer will tell."""
    return (
        len(event.reply) > COMMAND_AT
        and event.reply[COMMAND_AT] == Command.WRITE_RAW
        and len(event.request) > _WRITE_MODE_AT
        and event.request[_WRITE_MODE_AT] & WriteMode.WRITE_THROUGH != 0
        and not event.status
    )


_WRITE_MODE_AT: Final = HEADER_SIZE + 1 + 14
"""WriteMode of WRITE_RAW ([MS-CIFS] 2.2.4.25.1)."""


def _asks_for_more(event: Exchanged) -> bool:
    """An interim response has no words, and no final one of a transaction has none ([MS-CIFS] 2.2.4.33.2)."""
    return not event.status and len(event.reply) > HEADER_SIZE and not event.reply[HEADER_SIZE]
