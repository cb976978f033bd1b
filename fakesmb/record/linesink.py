"""What the sinks that write lines share: lines are kept as events come, and go out whole, many at once."""

import time
from typing import Final

from fakesmb.record import dissect
from fakesmb.record.events import Event, Exchanged, Problem, Told
from fakesmb.record.outputs import Output

MOST_WAITING: Final = 256
"""Events that wait for `flush`; so many are written at once: bounded memory."""
MOST_BYTES: Final = 1 << 20
"""Bytes of messages that wait likewise."""


def left_out(count: int, why: str) -> Problem:
    """The event that stands for so many others that are missing from a log."""
    return Problem(time.time(), None, f"{count} events left out: {why}")


class LineSink:
    """Keeps events until `flush`, which formats and writes them at once.

    Many in a row cost half of what each would cost between two requests. Sub-classes give `line`. `immediate` is for
    a person who watches: every event goes out as it comes.
    """

    name = "the log"

    def __init__(self, output: Output, *, most_waiting: int = MOST_WAITING, immediate: bool = False) -> None:
        self._output = output
        self._waiting: list[Event] = []
        self._bytes = 0
        self._most = 1 if immediate else most_waiting

    def line(self, event: Told) -> bytes:
        """The event's line with its newline."""
        raise NotImplementedError

    def left_out(self, count: int, why: str) -> bytes:
        """The line that stands for so many events that could not be written."""
        return self.line(left_out(count, why))

    def write(self, event: Event) -> None:
        """Keeps the event."""
        if type(event) is Exchanged:
            self._bytes += len(event.request) + len(event.reply) + len(event.path)
        waiting = self._waiting
        waiting.append(event)
        if len(waiting) >= self._most or self._bytes >= MOST_BYTES:
            self.flush()

    def lines(self, event: Event) -> bytes:
        """The lines of what was kept. An exchange that cannot be dissected is still told, with the reason."""
        if not isinstance(event, Exchanged):
            return self.line(event)
        try:
            told = dissect.messages(event)
        except Exception as error:
            why = f"exchange {event.number} not described: {type(error).__name__}: {error}"
            return self.line(Problem(event.time, event.client.connection, why))
        return b"".join(map(self.line, told))

    def flush(self) -> None:
        """Writes what waits; raises OSError when it cannot be written."""
        if self._waiting:
            waiting, self._waiting, self._bytes = self._waiting, [], 0
            self._output.put(b"".join(map(self.lines, waiting)))

    def close(self) -> None:
        """Writes what waits and closes the output."""
        try:
            self.flush()
        finally:
            self._output.close()
