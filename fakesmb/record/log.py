"""The one dispatcher: every event to every sink, and a broken sink never silences the others.

Events are data for others. What befalls the record itself (a full disk, a closed terminal) is talk about
ourselves: one line through `diagnose`, and a `Problem` event for the sinks that are left.
"""

import logging
import time
from collections.abc import Callable, Iterable
from typing import Protocol

from fakesmb.record.events import Event, Problem


class Sink(Protocol):
    """Something that keeps or shows events."""

    def write(self, event: Event) -> None:
        """Takes one event; called on the path of every request, so it should only keep it."""

    def flush(self) -> None:
        """Puts out whatever is kept back."""

    def close(self) -> None:
        """Flushes and lets go of files."""


def diagnose(line: str) -> None:
    """Says something about the record itself: standard error, unless `logging` is configured otherwise."""
    logging.getLogger("fakesmb.record").error("%s", line)


class EventLog:
    """Fans events out to sinks. A sink that raises is dropped, with one line that says so."""

    def __init__(
        self,
        sinks: Iterable[Sink] = (),
        *,
        now: Callable[[], float] = time.time,
        diagnose: Callable[[str], None] = diagnose,
    ) -> None:
        self.sinks: tuple[Sink, ...] = tuple(sinks)
        """Replaced, never changed in place: `emit` may be walking over it."""
        self._now = now
        self._diagnose = diagnose
        self.closing = False
        """Whether `close` is under way: it waits for what is still to be written."""

    def add(self, sink: Sink) -> None:
        """Events from now on go to `sink` too."""
        self.sinks = (*self.sinks, sink)

    def remove(self, sink: Sink) -> None:
        """Events from now on pass `sink` by; it is neither flushed nor closed."""
        self.sinks = tuple(one for one in self.sinks if one is not sink)

    def emit(self, event: Event) -> None:
        """Gives the event to every sink. Never raises."""
        for sink in self.sinks:
            try:
                sink.write(event)
            except Exception as error:
                self._drop(sink, error)

    def problem(self, text: str, *, connection: int | None = None, traceback: str = "") -> None:
        """Records a bug of ours, or something that needs a person."""
        self.emit(Problem(self._now(), connection, text, traceback))

    def flush(self) -> None:
        """Has every sink put out what it keeps back, by the reactor's timer and at the end. Never raises."""
        for sink in self.sinks:
            try:
                sink.flush()
            except Exception as error:
                self._drop(sink, error)

    def close(self) -> None:
        """Flushes and closes every sink; events after this go nowhere. Never raises."""
        self.flush()
        sinks, self.sinks = self.sinks, ()
        self.closing = True
        for sink in sinks:
            try:
                sink.close()
            except Exception as error:
                self._diagnose(f"{_name(sink)} did not close: {_reason(error)}")
        self.closing = False

    def _drop(self, sink: Sink, error: Exception) -> None:
        if sink not in self.sinks:  # dropped already, by an event written while this one was on its way
            return
        self.remove(sink)
        line = f"{_name(sink)} stopped recording: {_reason(error)}"
        self._diagnose(line)
        self.problem(line)


def _name(sink: Sink) -> str:
    return str(getattr(sink, "name", "") or type(sink).__name__)


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
