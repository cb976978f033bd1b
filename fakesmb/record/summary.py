"""What all that happened comes to: connections, messages, files read and written, refusals with their reasons.

It is told when a server ends, and by `fakesmb show --summary`. Its memory is bounded, however long it counts.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from fakesmb.nt.status import is_smb_error
from fakesmb.record.entry import Entry, entry_of
from fakesmb.record.events import (
    Connected,
    Event,
    Exchanged,
    Message,
    Problem,
    Shown,
    SignedIn,
    SignInRefused,
)
from fakesmb.record.filterlines import Lines, lines_of
from fakesmb.record.glance import is_chain
from fakesmb.record.journalentry import JournalEntry, entries_of
from fakesmb.record.pairs import Pair
from fakesmb.record.values import printable
from fakesmb.wire.commands import Command
from fakesmb.wire.families import FAMILIES
from fakesmb.wire.header import COMMAND_AT, HEADER_SIZE

MOST_KEPT: Final = 1000
"""Files, users and reasons that are counted one by one; what comes after is counted together."""
_SHOWN: Final = 10
"""Files of a list."""
_REASONS: Final = 3
_READS, _WRITES = (frozenset(kind.command for kind in FAMILIES[name]) for name in ("READ", "WRITE"))
_MOVES: Final = _READS | _WRITES | {Command.TRANSACTION}
_UNSAID: Final = "STATUS_MORE_PROCESSING_REQUIRED"
"""A step of a sign-in, which is no refusal."""
_ERROR: Final = 3
_PIPES: Final = "IPC$"


class Tally:
    """Bytes by name; what comes when many names are known is counted under none."""

    def __init__(self) -> None:
        self.amounts: Counter[str] = Counter()
        self.others = 0

    def add(self, name: str, amount: int) -> None:
        """Counts for a name."""
        if name in self.amounts or len(self.amounts) < MOST_KEPT:
            self.amounts[name] += amount
        else:
            self.others += amount

    @property
    def total(self) -> int:
        """Of all names."""
        return self.amounts.total() + self.others


class Summary:
    """Counts what it is given: events of a server or of a capture, or JSON lines."""

    def __init__(self) -> None:
        self.messages = 0
        self.first: float | None = None
        """POSIX seconds of the first message."""
        self.last = 0.0
        self.errors = 0
        """Problems that are bugs of ours, with a traceback."""
        self.notices = 0
        """Other problems, which a person should know."""
        self._connections: set[int] = set()
        self._more_connections = 0
        self._users = Tally()
        self._read = Tally()
        self._written = Tally()
        self._refused: Counter[str] = Counter()
        self._reasons: dict[str, Counter[str]] = {}

    # -- counting ------------------------------------------------------------------------------------------

    def add(self, event: Event) -> None:
        """Counts an event."""
        if type(event) is Exchanged:
            self._exchange(event)
        elif isinstance(event, Message):
            told = entry_of(event)
            self.add_lines(*((told, None) if event.request else (None, told)), time=event.time)
        else:
            assert not isinstance(event, (Exchanged, Message))
            self._time(event.time)
            if isinstance(event, Connected):
                self._connection(event.connection)
            elif isinstance(event, SignedIn):
                self._users.add(event.user or event.kind, 1)
            elif isinstance(event, SignInRefused):
                self._refuse(f"sign-in of {event.user or 'nobody'}", event.reason)
            elif isinstance(event, Problem):
                self._problem(event.traceback)

    def add_lines(self, request: Entry | None, response: Entry | None, *, time: float) -> None:
        """Counts the lines of an exchange, or the one of what befell a connection."""
        self._time(time)
        line = request or response
        if line is None:
            return
        if line.connection is not None:
            self._connection(line.connection)
        if line.event not in ("request", "response"):
            self._line(line)
            return
        self.messages += (request is not None) + (response is not None)
        if response is not None:
            for one in lines_of(request, response):
                self._answered(one)

    def add_reply(self, request: Entry | None, response: Entry, *, time: float) -> None:
        """Counts the line of a response whose request was counted before."""
        self.add_lines(request, response, time=time)
        self.messages -= request is not None

    def _line(self, line: Entry) -> None:
        if line.event == "signed_in":
            self._users.add(line.user or line.kind or "", 1)
        elif line.event == "sign_in_refused":
            self._refuse(f"sign-in of {line.user or 'nobody'}", line.reason or "")
        elif line.event == "problem":
            self._problem(line.traceback)

    def _problem(self, traceback: str | None) -> None:
        if traceback:
            self.errors += 1
        else:
            self.notices += 1

    def _time(self, time: float) -> None:
        self.first = time if self.first is None else min(self.first, time)
        self.last = max(self.last, time)

    def _connection(self, number: int) -> None:
        if number in self._connections:
            return
        if len(self._connections) < MOST_KEPT * 10:
            self._connections.add(number)
        else:
            self._more_connections = 1

    def _exchange(self, event: Exchanged) -> None:
        shown = event.shown
        replied = bool(event.reply) and shown & Shown.REPLY
        self.messages += 2 if shown == Shown.BOTH and replied else 1
        self._time(event.time)
        if replied:
            self._time(event.answered)
        self._connection(event.client.connection)
        if not replied:
            return
        message = event.request or event.reply
        code = message[COMMAND_AT] if len(message) >= HEADER_SIZE else -1
        pair = Pair(0, event if event.request else None, event)
        if event.status or code in _MOVES or is_chain(pair):  # what else there is only counts as messages
            for entry in entries_of(pair):
                self._answered(entry)

    def _answered(self, subject: JournalEntry | Lines) -> None:
        code, status = subject.code, subject.status
        if code is None or status is None:
            return
        if status != "STATUS_SUCCESS" and _is_error(subject):
            if status != _UNSAID:
                self._refuse(status, subject.reason or "")
            return
        if code in _MOVES:
            length = subject.length
            if length and subject.share != _PIPES and subject.path:
                (self._read if code in _READS else self._written).add(subject.path, length)

    def _refuse(self, status: str, reason: str) -> None:
        if status not in self._refused and len(self._refused) >= MOST_KEPT:
            status, reason = "others", ""
        self._refused[status] += 1
        reasons = self._reasons.setdefault(status, Counter())
        if reason and (reason in reasons or len(reasons) < _REASONS):
            reasons[reason] += 1

    # -- telling -------------------------------------------------------------------------------------------

    def lines(self) -> Iterator[str]:
        """The summary, a few lines."""
        connections = len(self._connections)
        more = " and more" * self._more_connections
        seconds = self.last - (self.first or self.last)
        who = self._who()
        yield (
            f"{counted(connections, 'connection')}{more}, {counted(self.messages, 'message')} in {seconds:.1f} s"
            f"{f', signed in: {who}' if who else ''}"
        )
        for verb, tally in (("read", self._read), ("written", self._written)):
            if tally.total:
                yield f"{verb}: {_files(tally)}"
        if self._refused:
            refused = self._refused.most_common(_SHOWN)
            yield f"refused: {'; '.join(self._refusal(status, count) for status, count in refused)}"
        if self.errors:
            yield f"{counted(self.errors, 'internal error')} of the server"
        if self.notices:
            yield f"{counted(self.notices, 'notice')} of the server"

    def _who(self) -> str:
        return ", ".join(
            printable(name) + (f" ({count} times)" if count > 1 else "")
            for name, count in self._users.amounts.most_common(_SHOWN)
        )

    def _refusal(self, status: str, count: int) -> str:
        told = self._reasons.get(status)
        reasons = f" ({', '.join(printable(one) for one in told)})" if told else ""
        return f"{count:,} {printable(status)}{reasons}"


def _is_error(subject: JournalEntry | Lines) -> bool:
    code = subject.status_code
    return code is not None and (code >> 30 == _ERROR or is_smb_error(code))


def _files(tally: Tally) -> str:
    count = len(tally.amounts)
    listed = ", ".join(f"{printable(name)} {amount:,}" for name, amount in tally.amounts.most_common(_SHOWN))
    kept = " and more" if tally.others else ""
    rest = ", ..." if count > _SHOWN or tally.others else ""
    return f"{counted(count, 'file')}{kept}, {counted(tally.total, 'byte')}: {listed}{rest}"


def counted(number: int, what: str) -> str:
    """`1 file`, `2,000 files`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"
