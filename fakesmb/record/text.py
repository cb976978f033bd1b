"""The text form: one line a message, as a network analyser's list of frames."""

from collections.abc import Callable
from typing import Final

from fakesmb.nt.status import NT
from fakesmb.record import describe
from fakesmb.record.columns import Width, shortened, start_of, unlimited, width_of, with_path
from fakesmb.record.events import Event, Exchanged, Message, Shown, Told
from fakesmb.record.linesink import MOST_WAITING, LineSink, Shows
from fakesmb.record.outputs import Output
from fakesmb.record.values import printable

_REQUEST_SHOWN: Final = int(Shown.REQUEST)
_REPLY: Final = "\x1b[32m"
_REQUEST: Final = "\x1b[36m"
_WARNING: Final = "\x1b[33m"
_ERROR: Final = "\x1b[31m"
_HIGHER: Final = "\x1b[35m"
_HAPPENING: Final = "\x1b[1m"
_FAINT: Final = "\x1b[2m"
_RESET: Final = "\x1b[0m"


class TextLines(LineSink):
    """A sink for people: number, seconds since `started`, source, destination, description.

    `colour` and `width` are for terminals; there, `immediate` shows every message as it comes.
    """

    name = "the text log"

    def __init__(
        self,
        output: Output,
        *,
        started: float,
        colour: bool = False,
        most_waiting: int = MOST_WAITING,
        immediate: bool = False,
        width: Width = unlimited,
        shows: Shows | None = None,
        seen: Callable[[Event], object] | None = None,
    ) -> None:
        super().__init__(output, most_waiting=most_waiting, immediate=immediate, shows=shows, seen=seen)
        self._started = started
        self._colour = colour
        self._width = width

    def line(self, event: Told) -> bytes:
        """One line. An event that cannot be described is still shown, with the reason."""
        seconds = max(0.0, event.time - self._started)
        width = self._width()
        try:
            if isinstance(event, Message):
                return self._message(event, seconds, width)
            text = describe.happening(event)
            colour = _ERROR if describe.is_bad(event) else _HAPPENING
        except Exception as error:
            text, colour = f"not described: {type(error).__name__}: {error}", _ERROR
        start = start_of(width, None, seconds, "", "", event.connection, request=False)
        return self._put(start, text, colour, width)

    def _message(self, message: Message, seconds: float, width: int | None) -> bytes:
        text = with_path(describe.tagged(message), message.path, message.share)
        start = start_of(
            width,
            message.number,
            seconds,
            message.peer,
            message.local,
            message.connection,
            request=message.request,
        )
        return self._put(
            start, text, colour_of(text, message.status, request=message.request), width, message.path
        )

    def straight(self, event: Exchanged, words: str) -> str:
        """The line of an event that shows one message, whose words are known (`record.straight`)."""
        width, client, path = self._width(), event.client, event.path
        request = event.shown == _REQUEST_SHOWN
        status = 0 if request else event.status
        time = event.time if request or not event.request else event.answered
        text = with_path(words, path, event.share)
        start = start_of(
            width,
            event.number,
            max(0.0, time - self._started),
            client.peer,
            client.local,
            client.connection,
            request=request,
        )
        return painted(
            start, text, colour_of(text, status, request=request) if self._colour else "", width, path
        )

    def _put(self, start: str, text: str, colour: str, width: int | None, path: str = "") -> bytes:
        return painted(start, text, colour if self._colour else "", width, path).encode(
            "utf-8", "backslashreplace"
        )


def painted(start: str, text: str, colour: str, width: int | None, path: str = "") -> str:
    """A line with its newline: it fits into the width and holds nothing that could disturb a terminal."""
    text = printable(text)
    if width is not None:
        text = shortened(text, width - width_of(start), printable(path))
    return f"{_FAINT}{start}{_RESET}{colour}{text}{_RESET}\n" if colour else f"{start}{text}\n"


def colour_of(text: str, status: int, *, request: bool) -> str:
    """The colour of a message, by its words and the NT status of a reply."""
    severity = status >> 30
    if not request and severity == 3:
        return _WARNING if status == NT.MORE_PROCESSING_REQUIRED else _ERROR
    if not request and severity == 2:
        return _WARNING
    if not text.startswith("SMB:"):
        return _HIGHER
    return _REQUEST if request else _REPLY


def colour_of_happening(*, bad: bool) -> str:
    """The colour of what befell a connection."""
    return _ERROR if bad else _HAPPENING
