"""JSON lines made by a process of its own, so that no request waits for a line.

The server keeps what happened, and gives it in batches through a pipe; the other process makes the lines, at the pace
it gets. What the pipe does not take yet waits here, bounded: beyond that the server waits for the writer. When the
server has ended the log is complete, also after a `kill -9`, but for what still waited here.
"""

import os
import subprocess
import sys
from collections import deque
from contextlib import suppress
from typing import BinaryIO, Final

import msgspec

from fakesmb.record.events import Connected, Disconnected, Event, Exchange, Problem, SignedIn, SignInRefused
from fakesmb.record.jsonl import JsonLines
from fakesmb.record.outputs import FileOutput

BATCH: Final = 512
"""Events that are given to the writer at once; at the latest when the log is flushed."""
MOST_WAITING: Final = 8 << 20
"""Bytes that wait for the writer before the server does."""
_SIZE: Final = 4
_NICE: Final = 5
_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(
    list[Exchange | Connected | Disconnected | SignedIn | SignInRefused | Problem]
)
_PIPE_BYTES: Final = 1 << 20
_SET_PIPE_SIZE: Final = 1031
"""F_SETPIPE_SZ of fcntl(2), on Linux."""


class LinesApart:
    """A sink like `JsonLines`, whose lines a process of its own makes."""

    def __init__(self, path: str, *, secrets: bool = False) -> None:
        """Appends to the file at `path`, made if it is not there; raises OSError."""
        self.name = f"the log file {path}"
        log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            self._writer = subprocess.Popen(
                [sys.executable, "-m", "fakesmb.record.apart", str(log), *(["--secrets"] if secrets else [])],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                pass_fds=(log,),
                start_new_session=True,  # Ctrl-C is for the server, which then ends the writer
                env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            )
        finally:
            os.close(log)
        assert self._writer.stdin is not None
        self._pipe = self._writer.stdin.fileno()
        os.set_blocking(self._pipe, False)
        _widen(self._pipe)
        self._events: list[Event] = []
        self._batches: deque[bytes | memoryview] = deque()
        self._bytes = 0

    def write(self, event: Event) -> None:
        """Keeps the event."""
        events = self._events
        events.append(event)
        if len(events) >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Gives the writer what it takes; raises OSError where it is gone."""
        if self._events:
            batch = _encoded(self._events)
            self._events = []
            self._batches.append(len(batch).to_bytes(_SIZE, "little") + batch)
            self._bytes += _SIZE + len(batch)
        self._give()
        if self._bytes > MOST_WAITING:
            os.set_blocking(self._pipe, True)
            try:
                while self._bytes > MOST_WAITING // 2:
                    self._give_one()
            finally:
                os.set_blocking(self._pipe, False)

    def _give(self) -> None:
        with suppress(BlockingIOError):
            while self._batches:
                self._give_one()

    def _give_one(self) -> None:
        first = self._batches[0]
        try:
            given = os.write(self._pipe, first)
        except BrokenPipeError:
            raise OSError(0, self._why_it_ended()) from None
        self._bytes -= given
        if given == len(first):
            self._batches.popleft()
        else:
            self._batches[0] = memoryview(first)[given:]

    def _why_it_ended(self) -> str:
        assert self._writer.stdout is not None
        said = self._writer.stdout.read().decode(errors="replace").strip()
        return said or f"its writer ended with code {self._writer.wait()}"

    def close(self) -> None:
        """Gives the rest, and waits until it is written; raises OSError where it cannot be."""
        try:
            os.set_blocking(self._pipe, True)
            self.flush()
            while self._batches:
                self._give_one()
        finally:
            assert self._writer.stdin is not None
            assert self._writer.stdout is not None
            self._writer.stdin.close()
            said = self._writer.stdout.read().decode(errors="replace").strip()
            self._writer.stdout.close()
            self._writer.wait()
            self._batches.clear()
        if said:
            raise OSError(0, said)


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
    """Lets the server come first where both want the same processor."""
    with suppress(OSError):
        if hasattr(os, "sched_setscheduler"):
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
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
