"""JSON lines made by a process of its own, so that no request waits while its line is made.

The server keeps what happened, and gives it in batches through a pipe; the other process makes the lines, at the pace
it gets. What the pipe does not take yet waits here, bounded: beyond that the server waits for the writer. When the
server has ended the log is complete, also after a `kill -9`, but for what still waited here.
"""

import os
import select
import subprocess
import sys
from collections import deque
from contextlib import suppress
from typing import BinaryIO, Final

import msgspec

from fakesmb.record.events import Connected, Disconnected, Event, Exchanged, Problem, SignedIn, SignInRefused
from fakesmb.record.jsonl import JsonLines
from fakesmb.record.outputs import FileOutput

BATCH: Final = 512
"""Events that are given to the writer at once; at the latest when the log is flushed."""
MOST_WAITING: Final = 8 << 20
"""Bytes that wait for the writer before the server does."""
PATIENCE: Final = 10.0
"""Seconds that the process may take nothing, or need to end, before it is given up."""
_SIZE: Final = 4
_NICE: Final = 10
FLUSHES_BEFORE_START: Final = 2
"""Flushes that the writer's process waits for, while there is little to write."""
_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(
    list[Exchanged | Connected | Disconnected | SignedIn | SignInRefused | Problem]
)
_PIPE_BYTES: Final = 1 << 20
_SET_PIPE_SIZE: Final = 1031
"""F_SETPIPE_SZ of fcntl(2), on Linux."""


class LinesApart:
    """A sink like `JsonLines`, whose lines a process of its own makes.

    That process starts once there is more to write than a start needs: whoever waits for the server to be ready does
    not wait for it.
    """

    def __init__(self, path: str, *, secrets: bool = False) -> None:
        """Appends to the file at `path`, made if it is not there; raises OSError."""
        self.name = f"the log file {path}"
        self._secrets = secrets
        self._log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
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
        """Gives the writer what it takes; raises OSError where it is gone."""
        if self._events or self._writer is not None:
            self._flushes += 1
            if self._flushes > FLUSHES_BEFORE_START:
                self._give()

    def _give(self) -> None:
        if self._writer is None:
            self._writer = Writer(self._log, secrets=self._secrets)
        events, self._events = self._events, []
        self._writer.give(events)

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
    """The process that makes lines, and the pipe to it."""

    def __init__(self, log: int, *, secrets: bool) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "fakesmb.record.apart", str(log), *(["--secrets"] if secrets else [])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=(log,),
            start_new_session=True,  # Ctrl-C is for the server, which then ends the writer
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._input, self._said = self._process.stdin, self._process.stdout
        self._pipe = self._input.fileno()
        os.set_blocking(self._pipe, False)
        _widen(self._pipe)
        self._batches: deque[bytes | memoryview] = deque()
        self._waiting = 0
        """Bytes that the pipe has not taken."""

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def give(self, events: list[Event]) -> None:
        """Takes a batch; waits for the process where too much waits for it. Raises OSError where it is gone."""
        if events:
            batch = _encoded(events)
            self._batches.append(len(batch).to_bytes(_SIZE, "little") + batch)
            self._waiting += _SIZE + len(batch)
        with suppress(BlockingIOError):
            while self._batches:
                self._give_one()
        if self._waiting > MOST_WAITING:
            self._give_until(MOST_WAITING // 2)

    def _give_until(self, left: int) -> None:
        """Waits until no more than that many bytes wait; raises OSError where the process takes nothing any more."""
        while self._waiting > left:
            if not select.select((), (self._pipe,), (), PATIENCE)[1]:
                self._process.kill()
                raise OSError(0, f"its writer has taken nothing for {PATIENCE:g} seconds")
            with suppress(BlockingIOError):
                self._give_one()

    def _give_one(self) -> None:
        first = self._batches[0]
        try:
            given = os.write(self._pipe, first)
        except BrokenPipeError:
            raise OSError(0, self._why_it_ended() or "its writer ended") from None
        self._waiting -= given
        if given == len(first):
            self._batches.popleft()
        else:
            self._batches[0] = memoryview(first)[given:]

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
        """Gives the rest, and waits until it is written; raises OSError where it cannot be."""
        try:
            self._give_until(0)
        finally:
            self._batches.clear()
            self._waiting = 0
            with suppress(BrokenPipeError):
                self._input.close()
            why = self._why_it_ended()
            self._said.close()
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


def _widen(pipe: int) -> None:
    """Makes room in the pipe, where the system lets us."""
    if sys.platform == "linux":
        import fcntl

        with suppress(OSError):
            fcntl.fcntl(pipe, _SET_PIPE_SIZE, _PIPE_BYTES)


def write_lines(source: BinaryIO, log: JsonLines) -> None:
    """Makes lines of the batches that come from `source` until its end; raises OSError."""
    while True:
        size = source.read(_SIZE)
        if len(size) < _SIZE:
            break
        batch = source.read(int.from_bytes(size, "little"))
        try:
            events = _DECODER.decode(batch)
        except msgspec.DecodeError:  # the server was killed in the middle of a batch
            break
        for event in events:
            log.write(event)
        log.flush()
    log.close()


def _step_back() -> None:
    """Lets the server come first where both want the same processor: it waits before too much waits here."""
    with suppress(OSError):
        if hasattr(os, "SCHED_IDLE"):
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        else:
            os.nice(_NICE)


def main(log: str, *options: str) -> int:
    """The writer's process: batches on standard input, lines to a descriptor; what went wrong on standard output."""
    _step_back()
    lines = JsonLines(FileOutput(int(log)), secrets="--secrets" in options)
    try:
        write_lines(sys.stdin.buffer, lines)
    except OSError as error:
        sys.stdout.write(error.strerror or str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
