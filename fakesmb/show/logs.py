"""JSON lines of ours, read back: whole records, and one line for what is none."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NamedTuple

import msgspec

from fakesmb.nt.statusnames import status_by_name
from fakesmb.record.columns import start_of, with_path
from fakesmb.record.entry import Entry
from fakesmb.record.text import colour_of, colour_of_happening, painted
from fakesmb.show.holding import Holding
from fakesmb.show.output import Screen

if TYPE_CHECKING:  # what is not always asked for takes longer to import than most logs to show
    from fakesmb.record.filters import Filter

LONGEST: Final = 4 << 20
"""Bytes of a line that is still read: ours are shorter."""
_SERVER: Final = "server"
_BAD: Final = ("problem", "sign_in_refused")
_NO_BYTES: Final = "a log keeps no bytes: a capture has them (serve --pcap FILE)"


class Line(NamedTuple):
    """A record and when it was made."""

    entry: Entry
    time: float
    """POSIX seconds."""
    raw: bytes
    """As it stands in the log."""


class Broken(NamedTuple):
    """Lines that are no records, one after the other."""

    first: int
    last: int
    why: str

    def text(self, name: str) -> str:
        """One line that says so."""
        if self.first == self.last:
            return f"{name}:{self.first}: not a record: {self.why}"
        return f"{name}:{self.first}-{self.last}: not records, the first: {self.why}"


class Brief(msgspec.Struct, frozen=True, gc=False):
    """What of an entry its line in the text log needs: to decode it takes half of the time."""

    time: str
    event: str
    number: int | None = None
    connection: int | None = None
    peer: str | None = None
    status: str | None = None
    share: str | None = None
    path: str | None = None
    summary: str | None = None


def read(file: BinaryIO, *, brief: bool = False) -> Iterator[Line | Broken]:
    """The records of a log; with `brief` only what their lines in the text log need."""
    decode: Callable[[bytes], Any] = msgspec.json.Decoder(Brief if brief else Entry).decode
    number = 0
    broken: Broken | None = None
    for raw in _raw_lines(file):
        number += 1
        if not raw.strip():
            continue
        try:
            entry = decode(raw)
            line = Line(entry, datetime.fromisoformat(entry.time).timestamp(), raw)
        except (msgspec.MsgspecError, UnicodeDecodeError, ValueError, OverflowError, RecursionError) as error:
            why = _why(raw, error)
            broken = Broken(number, number, why) if broken is None else broken._replace(last=number)
            continue
        if broken is not None:
            yield broken
            broken = None
        yield line
    if broken is not None:
        yield broken


def _why(raw: bytes, error: Exception) -> str:
    if len(raw) >= LONGEST:
        return f"longer than {LONGEST >> 20} MiB"
    if not raw.endswith(b"\n") and raw.startswith(b"{"):
        return "it is cut off: the log is still being written, or was not to its end"
    return " ".join(str(error).split())


def _raw_lines(file: BinaryIO) -> Iterator[bytes]:
    """The lines; of one that is too long the beginning, and the rest of it is passed over."""
    while line := file.readline(LONGEST):
        yield line
        while len(line) == LONGEST and not line.endswith(b"\n"):
            line = file.readline(LONGEST)
            if len(line) < LONGEST:
                break


class Text:
    """Makes the lines of records for a screen."""

    def __init__(
        self, screen: Screen, name: str, *, verbose: bool = False, hexadecimal: bool = False
    ) -> None:
        self._screen = screen
        self._name = name
        self._verbose = verbose
        self._hexadecimal = hexadecimal
        self.started: float | None = None
        """POSIX seconds from which on those of lines count; None: from the first that is shown."""

    def show(self, line: Line) -> None:
        """Shows a record."""
        if self.started is None:
            self.started = line.time
        entry, seconds = line.entry, max(0.0, line.time - self.started)
        screen = self._screen
        screen.put(entry_line(entry, seconds, screen.width, colour=screen.colour))
        if self._verbose:
            from fakesmb.show.fieldtext import entry_lines

            for text in entry_lines(entry, screen.width):
                screen.put(text)
        if self._hexadecimal:
            self._hexadecimal = False
            from fakesmb.show.treetext import note_lines

            for text in note_lines(_NO_BYTES, 0, screen.width):
                screen.put(text)

    def broken(self, lines: Broken) -> None:
        """Shows what is no record, where it stands."""
        width = self._screen.width
        start = start_of(width, None, 0.0, "", "", None, request=False)
        colour = colour_of_happening(bad=True) if self._screen.colour else ""
        self._screen.put(painted(start, lines.text(self._name), colour, width))


def entry_line(entry: Entry, seconds: float, width: int | None, *, colour: bool) -> str:
    """The line of a record in the text log, with its newline."""
    summary = entry.summary or entry.event
    number = entry.number
    if number is None:
        start = start_of(width, None, seconds, "", "", entry.connection, request=False)
        return painted(start, summary, colour_of_happening(bad=entry.event in _BAD) if colour else "", width)
    request = entry.event == "request"
    text = f"SMB:{summary}" if summary.startswith(("C; ", "R; ")) else summary
    path = entry.path or ""
    text = with_path(text, path, entry.share)
    start = start_of(width, number, seconds, entry.peer or "", _SERVER, entry.connection, request=request)
    shade = colour_of(text, _status(entry.status), request=request) if colour else ""
    return painted(start, text, shade, width, path)


def _status(name: str | None) -> int:
    try:
        return 0 if name is None else status_by_name(name)
    except ValueError:
        return 0


def filtered(lines: Iterator[Line | Broken], filter: "Filter") -> Iterator[Line | Broken]:
    """What a filter shows of a log. A request waits for its response."""

    def matches(asked: Line | None, answered: Line | None) -> bool:
        return filter.matches_entries(asked and asked.entry, answered and answered.entry)

    holding: Holding[Line] = Holding(matches, waits=filter.about_replies, weight=lambda line: len(line.raw))
    for line in lines:
        if isinstance(line, Broken):
            yield line
            continue
        entry = line.entry
        if entry.event == "request":
            yield from holding.request(key_of(entry), line)
        elif entry.event == "response":
            yield from holding.reply(key_of(entry), line)
        elif filter.matches_entries(entry, None):
            yield line
    yield from holding.rest()


def key_of(entry: Entry) -> tuple[int | None, int | None, int | None]:
    """What a request and its response have in common."""
    return entry.connection, entry.pid, entry.mid
