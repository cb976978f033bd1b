"""Where the bytes of a log go: a file, or standard output, which may be a pipe that nobody reads."""

import os
import select
import stat
import threading
from collections import deque
from typing import Final, Protocol

STANDARD_OUTPUT: Final = 1
MOST_UNREAD: Final = 16 * 1024 * 1024
"""Bytes that wait for the reader of a pipe; more are left out."""
LAST_WORDS: Final = 0.3
"""Seconds that a reader has to take the rest when the server ends."""


class Output(Protocol):
    """Where bytes go."""

    def put(self, data: bytes) -> None:
        """Writes all of it or raises OSError."""

    def close(self) -> None:
        """Lets go of the file."""


class FileOutput:
    """A file descriptor. A write cut short by a full disk is taken back to the last whole line."""

    def __init__(self, fd: int, *, owned: bool = True) -> None:
        self._fd = fd
        self._owned = owned

    @classmethod
    def append(cls, path: str) -> "FileOutput":
        """Opens `path` for appending, made if it is not there; raises OSError."""
        return cls(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644))

    def put(self, data: bytes) -> None:
        """Writes all of `data`. When it raises OSError, a file of ours has no half-written line."""
        done = 0
        try:
            while done < len(data):
                done += self._some(memoryview(data)[done:] if done else data)
        except OSError:
            if done and self._owned:
                self._take_back(done - (data.rfind(b"\n", 0, done) + 1))
            raise

    def _some(self, data: bytes | memoryview) -> int:
        while True:
            try:
                return os.write(self._fd, data)
            except BlockingIOError:  # somebody made our standard output non-blocking: wait as if they had not
                select.select((), (self._fd,), ())

    def _take_back(self, count: int) -> None:
        about = os.fstat(self._fd)
        if stat.S_ISREG(about.st_mode):
            os.ftruncate(self._fd, about.st_size - count)

    def close(self) -> None:
        """Closes the descriptor if it is ours."""
        if self._owned and self._fd >= 0:
            os.close(self._fd)
        self._fd = -1


def standard_output(note: bytes) -> tuple[Output, bool] | None:
    """The output, and whether it is a terminal; None where standard output is closed.

    The server must not stop because a pipe is full. `note` is the line, with %d, that stands for lines which
    nobody read in time.
    """
    file = FileOutput(STANDARD_OUTPUT, owned=False)
    try:
        mode = os.fstat(STANDARD_OUTPUT).st_mode
    except OSError:
        return None
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
        return PatientOutput(file, note), False
    return file, os.isatty(STANDARD_OUTPUT)


class PatientOutput:
    """Hands lines to a thread that writes them; `put` never waits for the reader."""

    def __init__(self, output: Output, note: bytes, *, most_waiting: int = MOST_UNREAD) -> None:
        self._output = output
        self._note = note
        self._most = most_waiting
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._left_out = 0
        self._error: OSError | None = None
        self._ended = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._write, name="fakesmb log", daemon=True)
        self._thread.start()

    def put(self, data: bytes) -> None:
        """Takes whole lines; raises the OSError that an earlier write ended with."""
        with self._changed:
            if self._error is not None:
                raise self._error
            if self._bytes + len(data) > self._most:
                self._left_out += data.count(b"\n")
                return
            if self._left_out:
                data = self._note % self._left_out + data
                self._left_out = 0
            self._waiting.append(data)
            self._bytes += len(data)
            self._changed.notify()

    def _write(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._ended)
                if not self._waiting:
                    return
                data = b"".join(self._waiting)
                self._waiting.clear()
            try:
                self._output.put(data)
            except OSError as error:
                with self._changed:
                    self._error = error
                return
            with self._changed:
                self._bytes -= len(data)

    def close(self) -> None:
        """Gives the reader a moment to take the rest."""
        with self._changed:
            self._ended = True
            self._changed.notify()
        self._thread.join(LAST_WORDS)
        self._output.close()
