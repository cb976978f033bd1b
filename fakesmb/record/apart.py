"""JSON lines made by a process of its own, so that no request waits while its line is made.

The server keeps what happened and puts it in batches into a spool; the other process (`record.writing`) makes the
lines, when there is a processor for it. Where the spool is full the server waits a moment, then keeps batches itself,
and leaves out what goes beyond. When the server has ended the log is complete, also after a `kill -9`, but for what was
not yet in the spool; what a full or stalled disk kept out is told.
"""

import fcntl
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from fakesmb.record.events import Event
from fakesmb.record.jsonl import JsonLines, shows_by
from fakesmb.record.log import diagnose
from fakesmb.record.outputs import FileOutput, open_log
from fakesmb.record.patient import PatientOutput
from fakesmb.record.processors import Processors
from fakesmb.record.spool import SPOOL_BYTES
from fakesmb.record.writer import AHEAD, MOST_KEPT, GoesOn, Writer

BATCH: Final = 512
"""Events that are put into the spool at once; at the latest when the log is flushed."""
FLUSHES_BEFORE_START: Final = 2
"""Flushes that the writer's process waits for, while there is little to write."""


class LinesApart:
    """A sink like `JsonLines`, whose lines a process of its own makes.

    That process starts once there is more to write than a start needs: whoever waits for the server to be ready does
    not wait for it. `spare` says whether there is a processor for it, of which the server is not in need.
    """

    def __init__(
        self,
        path: str,
        *,
        secrets: bool = False,
        spool_bytes: int = SPOOL_BYTES,
        most_kept: int = MOST_KEPT,
        spare: Callable[[], bool] | None = None,
        tell: Callable[[str], None] = diagnose,
        at_end: Callable[[], float] | None = None,
        filter: str = "",
    ) -> None:
        """Appends to the file at `path`, made if it is not there; raises OSError.

        `filter` says which messages it has, in the language of docs/filter.md; empty: all. `at_end` says how
        many seconds `close` waits for the process at most, which then goes on alone.
        """
        self.name = f"the log file {path}"
        self._secrets = secrets
        self._log = open_log(path, secrets=secrets)
        with suppress(OSError):  # whoever gets an exclusive lock on the file knows that it is complete
            fcntl.flock(self._log, fcntl.LOCK_SH | fcntl.LOCK_NB)
        self._spool_bytes = spool_bytes
        self._most_kept = most_kept
        self._spare = spare or Processors().spare
        self._tell = tell
        self._at_end = at_end
        self._filter = filter
        self._writer: Writer | None = None
        self._here: JsonLines | None = None
        """Makes the lines in this process, where no other could be started."""
        self._events: list[Event] = []
        self._flushes = 0

    def write(self, event: Event) -> None:
        """Keeps the event."""
        events = self._events
        events.append(event)
        if len(events) >= BATCH:
            self._give()

    def flush(self) -> None:
        """Puts everything into the spool, and lets the writer go on; raises OSError where it is gone."""
        if self._events or self._writer is not None or self._here is not None:
            self._flushes += 1
            if self._flushes > FLUSHES_BEFORE_START:
                writer = self._give()
                if writer is None:
                    self._flush_here()
                    return
                self._hear(writer)
                if self._spare() or writer.waiting > self._spool_bytes * 3 // 4:
                    writer.go_on(AHEAD)

    def _give(self) -> Writer | None:
        """Hands on what was kept: to the process, if there is one."""
        if self._writer is None and self._here is None:
            self._start()
        events, self._events = self._events, []
        if self._writer is not None:
            self._writer.give(events)
        elif self._here is not None:
            for event in events:
                self._here.write(event)
        return self._writer

    def _start(self) -> None:
        try:
            self._writer = Writer(
                self._log,
                secrets=self._secrets,
                spool_bytes=self._spool_bytes,
                most_kept=self._most_kept,
                filter=self._filter,
            )
        except OSError as error:  # no descriptors, processes or memory are left
            self._tell(
                f"{self.name} is written by the server itself, no process can be started: {error.strerror}"
            )
            self._here = self._made_here()

    def _made_here(self) -> JsonLines:
        output = PatientOutput(FileOutput(self._log), self.name, tell=self._tell)
        lines = JsonLines(output, secrets=self._secrets, shows=shows_by(self._filter))
        output.note = lines.left_out
        return lines

    def _flush_here(self) -> None:
        if self._here is not None:
            self._here.flush()

    def _hear(self, writer: Writer) -> None:
        before = writer.halted
        writer.hear()
        if writer.halted and not before:
            self._tell(f"{self.name} has stopped, to go on when that can be: {writer.halted}")
        elif before and not writer.halted:
            self._tell(f"{self.name} goes on")

    def close(self) -> None:
        """Waits until everything is written, or as long as `at_end` says; raises OSError where it cannot be written."""
        if self._writer is None:
            lines = self._here or self._made_here()
            for event in self._events:
                lines.write(event)
            lines.close()
            return
        os.close(self._log)
        try:
            self._give()
        finally:
            try:
                self._writer.end(self._at_end and self._at_end())
            except GoesOn as more:
                self._tell(f"{self.name}: {more}")
