"""The process that makes lines of what happened (`record.writing`), as the server sees it."""

import os
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from math import inf
from typing import Final

import msgspec

from fakesmb.record.beside import ENDED, GOES_ON, HALTED, POSITION_BYTES
from fakesmb.record.events import Event, Exchanged, Shown
from fakesmb.record.linesink import left_out
from fakesmb.record.patient import LAST_WORDS
from fakesmb.record.spool import SPOOL_BYTES, Spool

AHEAD: Final = 2 << 20
"""Bytes of events that the writer may turn to lines from one flush to the next: less than a flush takes."""
WAIT: Final = 0.05
"""Seconds that the server waits for room in the spool, each time that it has a batch."""
MOST_KEPT: Final = 16 << 20
"""Bytes of batches that the server keeps itself while the spool is full."""
PATIENCE: Final = 10.0
"""Seconds without progress after which the process is given up at the end: it may have got no processor."""
STALLED: Final = 0.4
"""The same while it is in the midst of a write."""
FILTER: Final = "--filter="
_POLL: Final = 0.002
_ENCODER: Final = msgspec.msgpack.Encoder()


class GoesOn(Exception):
    """The process has more to write than could be waited for, and does so; its text says for people what it does."""


class Writer:
    """The process that makes lines, the spool before it, and the pipe that tells it how far to go."""

    def __init__(
        self,
        log: int,
        *,
        secrets: bool,
        spool_bytes: int = SPOOL_BYTES,
        most_kept: int = MOST_KEPT,
        filter: str = "",
    ) -> None:
        self._spool = Spool.make(spool_bytes)
        memory = self._spool.memory
        try:
            self._process = _started(log, memory, spool_bytes, secrets=secrets, filter=filter)
        except BaseException:
            self._spool.close()
            raise
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._input, self._said = self._process.stdin, self._process.stdout
        os.set_blocking(self._input.fileno(), False)
        os.set_blocking(self._said.fileno(), False)
        self._told = 0
        """The position up to which the process was told to go."""
        self._kept: deque[bytes] = deque()
        """Batches for which the spool has no room."""
        self._kept_bytes = 0
        self._most_kept = most_kept
        self._left_out = 0
        self._why_left_out = ""
        self.halted = ""
        """Why the process cannot write for now; empty where it can."""
        self._gave_up = ""

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    @property
    def waiting(self) -> int:
        """Bytes in the spool of which no lines were made yet."""
        return self._spool.end - self._spool.taken

    def give(self, events: list[Event]) -> None:
        """Takes a batch; waits a moment for the process where its spool is full. Raises OSError where it is gone."""
        if self._process.poll() is not None:
            raise OSError(0, self._why_it_ended() or "its writer ended")
        for batch, count in _batches(events, self._spool.size // 4):
            if self._kept_bytes + len(batch) > self._most_kept:
                self._left_out += count
                self._why_left_out = self.halted or "they could not be written in time"
            else:
                self._note_what_is_missing()
                self._keep(batch)
        self._put(WAIT if events else 0.0)

    def _keep(self, batch: bytes) -> None:
        self._kept.append(batch)
        self._kept_bytes += len(batch)

    def _note_what_is_missing(self) -> None:
        if self._left_out:
            self._keep(encoded([left_out(self._left_out, self._why_left_out)]))
            self._left_out = 0

    def _put(self, most_seconds: float) -> None:
        """Puts what was kept into the spool, as far as there is room within that time."""
        until = time.monotonic() + (0.0 if self.halted else most_seconds)
        while self._kept or self._left_out:
            if not self._kept:
                self._note_what_is_missing()
            if self._spool.put(self._kept[0]):
                self._kept_bytes -= len(self._kept.popleft())
                continue
            self.go_on(AHEAD)
            if self._process.poll() is not None:
                raise OSError(0, self._why_it_ended() or "its writer ended")
            if time.monotonic() >= until:
                return
            time.sleep(_POLL)

    def go_on(self, most: int | None = None) -> None:
        """Has lines made of what is in the spool, of `most` bytes for now; raises OSError where the process is gone."""
        until = self._spool.end
        if most is not None:
            until = min(until, self._spool.taken + most)
        if until > self._told:
            try:
                # A pipe that is full has told the process enough for now.
                with suppress(BlockingIOError):
                    os.write(self._input.fileno(), until.to_bytes(POSITION_BYTES, "little"))
                    self._told = until
            except BrokenPipeError:
                raise OSError(0, self._why_it_ended() or "its writer ended") from None

    def hear(self) -> None:
        """Takes what the process says of its file."""
        said = b""
        with suppress(BlockingIOError):
            while piece := os.read(self._said.fileno(), 4096):
                said += piece
        for line in said.splitlines():
            reason = line[1:].decode(errors="replace")
            if line.startswith(ENDED):
                self._gave_up = reason
            elif line.startswith((HALTED, GOES_ON)):
                self.halted = reason

    def _why_it_ended(self, patience: float = PATIENCE) -> str:
        """What the process said at its end, or its exit code; empty where all is well. Raises `GoesOn`."""
        try:
            code = self._process.wait(patience)
        except subprocess.TimeoutExpired:
            if self.halted or self._spool.busy:
                return f"its disk takes nothing; process {self.pid} writes the rest when it does"
            raise GoesOn(f"process {self.pid} writes the rest of it, a moment longer") from None
        self.hear()
        return self._gave_up or (f"its writer ended with code {code}" if code else "")

    def end(self, most_seconds: float | None = None) -> None:
        """Waits until all is written, or for so long: then the process does it by itself, and `GoesOn` is raised.

        Raises OSError where it cannot be written.
        """
        until = inf if most_seconds is None else time.monotonic() + most_seconds
        self._hurry()
        try:
            self._drain(until)
            self._leave_kept()
        finally:
            with suppress(BrokenPipeError):
                self._input.close()
            try:
                why = self._why_it_ended(max(0.0, min(self._patience(), until - time.monotonic())))
            finally:
                self._said.close()
                self._spool.close()
        if why:
            missing = f" ({self._left_out} events left out)" if self._left_out else ""
            raise OSError(0, why + missing)

    def _hurry(self) -> None:
        """The server needs no processor any more, others may."""
        if hasattr(os, "SCHED_OTHER"):
            with suppress(OSError):  # only root may
                os.sched_setscheduler(self.pid, os.SCHED_OTHER, os.sched_param(0))

    def _leave_kept(self) -> None:
        if not self.halted:
            self._note_what_is_missing()
            self._spool.leave(self._kept)
            self._kept.clear()

    def _drain(self, until: float) -> None:
        taken, since = self._spool.taken, time.monotonic()
        while (self._kept or self._left_out or self.waiting) and time.monotonic() < until:
            self._put(0.0)
            self.go_on()
            self.hear()
            if self._spool.taken != taken:
                taken, since = self._spool.taken, time.monotonic()
            elif self._process.poll() is not None or time.monotonic() - since > self._patience():
                return
            time.sleep(_POLL)

    def _patience(self) -> float:
        if self.halted:
            return LAST_WORDS
        return STALLED if self._spool.busy else PATIENCE


def _started(
    log: int, memory: int, spool_bytes: int, *, secrets: bool, filter: str
) -> "subprocess.Popen[bytes]":
    """The process; raises OSError."""
    options = ["--secrets"] * secrets + [f"{FILTER}{filter}"] * bool(filter)
    return subprocess.Popen(
        [sys.executable, "-m", "fakesmb.record.writing", str(log), str(memory), str(spool_bytes), *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # whoever reads that of the server to its end does not wait for this process
        pass_fds=(log, memory),
        start_new_session=True,  # Ctrl-C is for the server, which then ends the writer
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )


def _batches(events: list[Event], most: int) -> Iterator[tuple[bytes, int]]:
    """The events as batches of at most `most` bytes, and how many events of the log each holds."""
    if not events:
        return
    batch = encoded(events)
    if len(batch) > most and len(events) > 1:
        half = len(events) // 2
        yield from _batches(events[:half], most)
        yield from _batches(events[half:], most)
    else:
        yield batch, sum(map(_told, events))


def _told(event: Event) -> int:
    """How many events of the log it is: an exchange is a request and a response."""
    return 2 if type(event) is Exchanged and event.shown == Shown.BOTH and event.reply else 1


def encoded(events: Sequence[msgspec.Struct]) -> bytes:
    """The events for the other process."""
    try:
        return _ENCODER.encode(events)
    except UnicodeEncodeError:  # NTFS allows a lone surrogate in a name, UTF-8 does not
        return _ENCODER.encode([_encodable(event) for event in events])


def _encodable(event: msgspec.Struct) -> msgspec.Struct:
    """The event with lone surrogates written as escapes, as a line has them."""
    texts = {
        name: value.encode("utf-8", "backslashreplace").decode("utf-8")
        for name, value in msgspec.structs.asdict(event).items()
        if isinstance(value, str)
    }
    return msgspec.structs.replace(event, **texts)
