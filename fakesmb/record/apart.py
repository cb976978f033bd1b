"""JSON lines made by a process of its own, so that no request waits while its line is made.

The server keeps what happened and puts it in batches into a spool; the other process makes the lines, when there is
a processor for it. Where the spool is full the server waits. When the server has ended the log is complete, also
after a `kill -9`, but for what was not yet in the spool.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import BinaryIO, Final

import msgspec

from fakesmb.record.events import Connected, Disconnected, Event, Exchanged, Problem, SignedIn, SignInRefused
from fakesmb.record.jsonl import JsonLines
from fakesmb.record.outputs import FileOutput
from fakesmb.record.processors import Processors
from fakesmb.record.spool import SPOOL_BYTES, Spool

BATCH: Final = 512
"""Events that are put into the spool at once; at the latest when the log is flushed."""
AHEAD: Final = 2 << 20
"""Bytes of events that the writer may turn to lines from one flush to the next: less than a flush takes."""
PATIENCE: Final = 10.0
"""Seconds that the process may take nothing, or need to end, before it is given up."""
FLUSHES_BEFORE_START: Final = 2
"""Flushes that the writer's process waits for, while there is little to write."""
_POLL: Final = 0.002
_POSITION_BYTES: Final = 8
_NICE: Final = 10
_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(
    list[Exchanged | Connected | Disconnected | SignedIn | SignInRefused | Problem]
)


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
        spare: Callable[[], bool] | None = None,
    ) -> None:
        """Appends to the file at `path`, made if it is not there; raises OSError."""
        self.name = f"the log file {path}"
        self._secrets = secrets
        self._log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        self._spool_bytes = spool_bytes
        self._spare = spare or Processors().spare
        self._writer: Writer | None = None
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
        if self._events or self._writer is not None:
            self._flushes += 1
            if self._flushes > FLUSHES_BEFORE_START:
                writer = self._give()
                if self._spare() or writer.waiting > self._spool_bytes * 3 // 4:
                    writer.go_on(AHEAD)

    def _give(self) -> "Writer":
        if self._writer is None:
            self._writer = Writer(self._log, secrets=self._secrets, spool_bytes=self._spool_bytes)
        events, self._events = self._events, []
        self._writer.give(events)
        return self._writer

    def close(self) -> None:
        """Waits until everything is written; raises OSError where it cannot be."""
        if self._writer is None:
            lines = JsonLines(FileOutput(self._log), secrets=self._secrets)
            for event in self._events:
                lines.write(event)
            lines.close()
            return
        os.close(self._log)
        try:
            self._give()
        finally:
            self._writer.end()


class Writer:
    """The process that makes lines, the spool before it, and the pipe that tells it how far to go."""

    def __init__(self, log: int, *, secrets: bool, spool_bytes: int = SPOOL_BYTES) -> None:
        self._spool = Spool.make(spool_bytes)
        memory = self._spool.memory
        options = ["--secrets"] if secrets else []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "fakesmb.record.apart", str(log), str(memory), str(spool_bytes), *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=(log, memory),
            start_new_session=True,  # Ctrl-C is for the server, which then ends the writer
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._input, self._said = self._process.stdin, self._process.stdout
        os.set_blocking(self._input.fileno(), False)
        self._told = 0
        """The position up to which the process was told to go."""

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    @property
    def waiting(self) -> int:
        """Bytes in the spool of which no lines were made yet."""
        return self._spool.end - self._spool.taken

    def give(self, events: list[Event]) -> None:
        """Takes a batch; waits for the process where its spool is full. Raises OSError where it is gone."""
        if not events:
            if self._process.poll() is not None:
                raise OSError(0, self._why_it_ended() or "its writer ended")
            return
        batch = _encoded(events)
        if len(batch) > self._spool.size // 4 and len(events) > 1:
            half = len(events) // 2
            self.give(events[:half])
            self.give(events[half:])
            return
        while not self._spool.put(batch):
            self.go_on(AHEAD)
            self._wait_for_progress()

    def go_on(self, most: int | None = None) -> None:
        """Has lines made of what is in the spool, of `most` bytes for now; raises OSError where the process is gone."""
        until = self._spool.end
        if most is not None:
            until = min(until, self._spool.taken + most)
        if until > self._told:
            try:
                # A pipe that is full has told the process enough for now.
                with suppress(BlockingIOError):
                    os.write(self._input.fileno(), until.to_bytes(_POSITION_BYTES, "little"))
                    self._told = until
            except BrokenPipeError:
                raise OSError(0, self._why_it_ended() or "its writer ended") from None

    def _wait_for_progress(self) -> None:
        taken, since = self._spool.taken, time.monotonic()
        while self._spool.taken == taken:
            if self._process.poll() is not None:
                raise OSError(0, self._why_it_ended() or "its writer ended")
            if time.monotonic() - since > PATIENCE:
                self._process.kill()
                raise OSError(0, f"its writer has taken nothing for {PATIENCE:g} seconds")
            time.sleep(_POLL)

    def _why_it_ended(self) -> str:
        """What the process said at its end, or its exit code; empty where all is well."""
        try:
            code = self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return f"its writer did not end within {PATIENCE:g} seconds"
        said = self._said.read().decode(errors="replace").strip()
        return said or (f"its writer ended with code {code}" if code else "")

    def end(self) -> None:
        """Waits until all is written; raises OSError where it cannot be."""
        why = ""
        try:
            while self.waiting:
                self.go_on()
                self._wait_for_progress()
        finally:
            with suppress(BrokenPipeError):
                self._input.close()
            why = self._why_it_ended()
            self._said.close()
            self._spool.close()
        if why:
            raise OSError(0, why)


def _encoded(events: list[Event]) -> bytes:
    try:
        return _ENCODER.encode(events)
    except UnicodeEncodeError:  # NTFS allows a lone surrogate in a name, UTF-8 does not
        return _ENCODER.encode([_encodable(event) for event in events])


def _encodable(event: Event) -> Event:
    """The event with lone surrogates written as escapes, as a line has them."""
    texts = {
        name: value.encode("utf-8", "backslashreplace").decode("utf-8")
        for name, value in msgspec.structs.asdict(event).items()
        if isinstance(value, str)
    }
    return msgspec.structs.replace(event, **texts)


def write_lines(told: BinaryIO, spool: Spool, log: JsonLines) -> None:
    """Makes lines of what is in the spool, as far as `told` says, and of the rest at its end; raises OSError."""
    while len(position := told.read(_POSITION_BYTES)) == _POSITION_BYTES:
        _write(spool.take(int.from_bytes(position, "little")), log)
    _write(spool.take(), log)
    log.close()


def _write(batches: Iterable[bytes], log: JsonLines) -> None:
    for batch in batches:
        for event in _DECODER.decode(batch):
            log.write(event)
        log.flush()


def _step_back() -> None:
    """Lets the server come first where both want the same processor: it waits before too much waits here."""
    with suppress(OSError):
        if hasattr(os, "SCHED_IDLE"):
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        else:
            os.nice(_NICE)


def main(log: str, memory: str, spool_bytes: str, *options: str) -> int:
    """The writer's process: it is told on standard input how far to go, and says on standard output what went wrong."""
    _step_back()
    lines = JsonLines(FileOutput(int(log)), secrets="--secrets" in options)
    try:
        write_lines(sys.stdin.buffer, Spool(int(memory), int(spool_bytes)), lines)
    except OSError as error:
        sys.stdout.write(error.strerror or str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
