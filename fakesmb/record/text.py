"""The text form: one line a message, as a network analyser's list of frames."""

from functools import lru_cache
from typing import Final

from fakesmb.record import describe
from fakesmb.record.events import Message, Told
from fakesmb.record.linesink import MOST_WAITING, LineSink
from fakesmb.record.outputs import Output
from fakesmb.record.values import printable

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

    `colour` is for terminals; there, `immediate` shows every message as it comes.
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
    ) -> None:
        super().__init__(output, most_waiting=most_waiting, immediate=immediate)
        self._started = started
        self._colour = colour

    def line(self, event: Told) -> bytes:
        """One line. An event that cannot be described is still shown, with the reason."""
        seconds = max(0.0, event.time - self._started)
        try:
            if isinstance(event, Message):
                return self._message(event, seconds)
            text = describe.happening(event)
            colour = _ERROR if describe.is_bad(event) else _HAPPENING
            return self._put(f"{'-':<6} {seconds:>13.6f}  ", text, colour)
        except Exception as error:
            return self._put(
                f"{'-':<6} {seconds:>13.6f}  ", f"not described: {type(error).__name__}: {error}", _ERROR
            )

    def _message(self, message: Message, seconds: float) -> bytes:
        text = describe.tagged(message)
        ends = _ends(message.peer, message.local) if message.request else _ends(message.local, message.peer)
        return self._put(f"{message.number:<6} {seconds:>13.6f}  {ends}", text, _colour_of(message, text))

    def _put(self, start: str, text: str, colour: str) -> bytes:
        text = printable(text)
        line = f"{_FAINT}{start}{_RESET}{colour}{text}{_RESET}\n" if self._colour else f"{start}{text}\n"
        return line.encode("utf-8", "backslashreplace")


def _colour_of(message: Message, text: str) -> str:
    severity = message.status >> 30
    if not message.request and severity == 3:
        return _WARNING if message.status == 0xC0000016 else _ERROR
    if not message.request and severity == 2:
        return _WARNING
    if not text.startswith("SMB:"):
        return _HIGHER
    return _REQUEST if message.request else _REPLY


@lru_cache(maxsize=256)
def _ends(source: str, destination: str) -> str:
    return f"{source:<21}  {destination:<21}  "
