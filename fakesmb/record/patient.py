"""Outputs that never make the server wait: for the reader of a pipe, for a terminal held by Ctrl-S, for a full disk."""

import io
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from fakesmb.record.log import diagnose
from fakesmb.record.outputs import STANDARD_ERROR, CutOff, FileOutput, Output

MOST_UNREAD: Final = 16 * 1024 * 1024
"""Bytes that wait for the reader or for room; more are left out."""
LAST_WORDS: Final = 0.3
"""Seconds without progress after which the rest is given up when the server ends."""
RETRY_SECONDS: Final = 0.25
"""How soon a write that failed for now is tried again."""
_PIECE: Final = 1 << 18
"""Bytes written at once."""
UNREAD: Final = "nobody read them"

Note = Callable[[int, str], bytes]
"""Makes the line that stands for so many events that are missing, with the reason."""
Tell = Callable[[str], None]


class PatientOutput:
    """Hands lines to a thread that writes them; `put` never waits.

    Where writing fails for now it is tried again until there is room, and `tell` hears of both. What does not fit
    into the memory meanwhile is left out, and the line of `note` says how much.
    """

    def __init__(
        self,
        output: Output,
        name: str,
        *,
        note: Note | None = None,
        most_waiting: int = MOST_UNREAD,
        tell: Tell = diagnose,
    ) -> None:
        self.note: Note = note or _plain_note
        self._output = output
        self._name = name
        self._most = most_waiting
        self._tell = tell
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._left_out = 0
        self._why = UNREAD
        self._halted: OSError | None = None
        """What the latest write failed with, until one succeeds."""
        self._error: OSError | None = None
        """What ended the output for good."""
        self._ended = False
        self._forsaken = False
        """Nobody waits for the thread: it closes the output."""
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def put(self, data: bytes) -> None:
        """Takes whole lines; raises the OSError that an earlier write ended with for good."""
        with self._changed:
            if self._error is not None:
                raise self._error
            if self._bytes + len(data) > self._most:
                self._left_out += data.count(b"\n")
            else:
                if self._left_out:
                    data = self._missing() + data
                self._waiting.append(data)
                self._bytes += len(data)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="fakesmb log", daemon=True)
                self._thread.start()
            self._changed.notify()

    def _missing(self) -> bytes:
        count, self._left_out = self._left_out, 0
        why, self._why = self._why, UNREAD
        return self.note(count, why)

    def _run(self) -> None:
        try:
            while data := self._next():
                self._write(data)
                with self._changed:
                    self._bytes -= len(data)
        except OSError as error:
            with self._changed:
                self._error = error
        finally:
            with self._changed:
                forsaken = self._forsaken
                self._waiting.clear()
            if forsaken:
                self._close_output()

    def _next(self) -> bytes:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._left_out or self._ended)
            pieces, size = [], 0
            while self._waiting and size < _PIECE:
                pieces.append(self._waiting.popleft())
                size += len(pieces[-1])
            if self._left_out and not self._waiting:  # they were to follow all that lay here
                pieces.append(self._missing())
                self._bytes += len(pieces[-1])
            return b"".join(pieces)

    def _write(self, data: bytes) -> None:
        while True:
            try:
                self._output.put(data)
            except CutOff as cut:
                data = data[cut.written :]
                if self._halted is None:
                    self._tell(f"{self._name} has stopped, to go on when that can be: {cut.strerror}")
                with self._changed:
                    self._halted = cut
                    self._why = cut.strerror or str(cut)
                    if self._ended:
                        raise
                    self._changed.wait_for(lambda: self._ended, RETRY_SECONDS)
            else:
                if self._halted is not None:
                    with self._changed:
                        self._halted = None
                    self._tell(f"{self._name} goes on")
                return

    def close(self) -> None:
        """Gives the reader or the disk a moment to take the rest; raises the OSError that keeps it from being done."""
        with self._changed:
            self._ended = True
            self._changed.notify()
            thread = self._thread
        if thread is not None:
            self._wait_for(thread)
            with self._changed:
                self._forsaken = thread.is_alive()
        if not self._forsaken:
            self._close_output()
        if self._halted is not None:
            raise self._halted

    def _wait_for(self, thread: threading.Thread) -> None:
        left = self._bytes
        thread.join(LAST_WORDS)
        until = time.monotonic() + LAST_WORDS
        while thread.is_alive() and self._bytes < left and time.monotonic() < until:
            left = self._bytes
            thread.join(LAST_WORDS)

    def _close_output(self) -> None:
        with suppress(OSError):
            self._output.close()


def _plain_note(count: int, why: str) -> bytes:
    return f"({count} lines left out: {why})\n".encode("utf-8", "backslashreplace")


class PatientText(io.TextIOBase):
    """Standard error for a server that nobody may hold up by not reading it. It takes the place of `sys.stderr`."""

    encoding = "utf-8"
    errors = "backslashreplace"

    def __init__(self, fd: int = STANDARD_ERROR) -> None:
        super().__init__()
        self._fd = fd
        self._lines = PatientOutput(FileOutput(fd, owned=False), "standard error", tell=lambda _: None)

    def write(self, text: str) -> int:
        """Takes the text. Never waits, never raises OSError: there is nobody else to tell."""
        if text:
            with suppress(OSError):
                self._lines.put(text.encode(self.encoding, self.errors))
        return len(text)

    def fileno(self) -> int:
        """The descriptor that it writes to."""
        return self._fd

    def isatty(self) -> bool:
        """Whether that is a terminal."""
        return os.isatty(self._fd)

    def writable(self) -> bool:
        """It is."""
        return True

    def finish(self) -> None:
        """Gives the reader a moment to take the rest."""
        with suppress(OSError):
            self._lines.close()
