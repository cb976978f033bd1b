"""What the sinks that write lines share: lines are kept as events come, and go out whole, many at once."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from fakesmb.record import dissect
from fakesmb.record.events import Event, Exchanged, Problem, Told
from fakesmb.record.outputs import Output

MOST_WAITING: Final = 256
"""Events that wait for `flush`; so many are written at once: bounded memory."""
MOST_BYTES: Final = 1 << 20
"""Bytes of messages that wait likewise."""
Shows = Callable[[Event], bool]
"""Which events a log has: `Filter.matches`."""


def left_out(count: int, why: str) -> Problem:
    """The event that stands for so many others that are missing from a log."""
    return Problem(time.time(), None, f"{count} events left out: {why}")


class LineSink:
    """Keeps events until `flush`, which formats and writes them at once.

    Many in a row cost half of what each would cost between two requests. Sub-classes give `line`. `immediate` is for
    a person who watches: every event goes out as it comes. What `shows` does not want is left out, but for
    problems; `seen` is called with each event, shown or not.
    """

    name = "the log"

    def __init__(
        self,
        output: Output,
        *,
        most_waiting: int = MOST_WAITING,
        immediate: bool = False,
        shows: Shows | None = None,
        seen: Callable[[Event], object] | None = None,
    ) -> None:
        self._output = output
        self._filter = shows
        self._seen = seen
        self._waiting: list[Event] = []
        self._bytes = 0
        self._requests = dissect.Requests()
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

    def told(self, event: Event) -> tuple[Told, ...]:
        """What lines are made of. An exchange that cannot be dissected is still told, with the reason."""
        if not isinstance(event, Exchanged):
            return (event,)
        try:
            return dissect.messages(event, self._requests)
        except Exception as error:
            why = f"exchange {event.number} not described: {type(error).__name__}: {error}"
            return (Problem(event.time, event.client.connection, why),)

    def lines(self, event: Event) -> bytes:
        """The lines of what was kept."""
        return b"".join(map(self.line, self.told(event)))

    def flush(self) -> None:
        """Writes what waits; raises OSError when it cannot be written."""
        if self._waiting:
            waiting, self._waiting, self._bytes = self._waiting, [], 0
            if self._seen is not None:
                for event in waiting:
                    with suppress(Exception):  # a mistake of ours there must not cost the lines
                        self._seen(event)
            if self._filter is not None:
                waiting = [event for event in waiting if self._shows(event)]
            if lines := b"".join(map(self.lines, waiting)):
                self._output.put(lines)

    def _shows(self, event: Event) -> bool:
        """Whether the filter matches. What it cannot judge, for a mistake of ours, is shown."""
        try:
            return self._filter is None or type(event) is Problem or self._filter(event)
        except Exception:
            return True

    def close(self) -> None:
        """Writes what waits and closes the output."""
        try:
            self.flush()
        finally:
            self._output.close()
