"""A capture made in a thread of the server's own process: for tests and programs, and for who looks on by HTTP."""

import threading
import time
from collections.abc import Callable
from typing import Final

from fakesmb.capture.backlog import MOST_WAITING, LeftOut, size_of
from fakesmb.capture.maker import Form, Maker
from fakesmb.capture.notes import Note, Tick
from fakesmb.capture.packets import End
from fakesmb.record.log import diagnose
from fakesmb.record.outputs import CutOff, Output
from fakesmb.record.patient import LAST_WORDS, RETRY_SECONDS

AT_ONCE: Final = 32
"""Notes of which packets are made in a row: then others have the interpreter for a moment."""
PAUSE: Final = 50e-6
"""Seconds of that moment."""
MUCH: Final = 4 << 20
"""Bytes of notes that wait, from which on the maker is in a hurry."""
Tell = Callable[[str], None]


class ThreadCapture:
    """A `Taker` that writes to an output. What goes wrong there is told in one line, and the server goes on."""

    def __init__(
        self,
        output: Output,
        name: str,
        *,
        begins: Callable[[tuple[End, ...]], Form],
        snap: int = 0,
        most_waiting: int = MOST_WAITING,
        tell: Tell = diagnose,
    ) -> None:
        """`begins` is called once the server listens, and says how the capture is written; `name` is what lines about
        it call it.
        """
        self.snap = snap
        self._output = output
        self._name = name
        self._begins = begins
        self._most = most_waiting
        self._tell = tell
        self._changed = threading.Condition()
        self._batches: list[list[Note]] = []
        self._waiting = 0
        self._left_out = LeftOut()
        self._why = ""
        """Why the output takes nothing for now."""
        self._last = False
        self._gave_up = False
        self._progress = 0
        self._thread: threading.Thread | None = None

    @property
    def is_behind(self) -> bool:
        """Its thread goes on by itself."""
        return False

    def begin(self, listening: tuple[End, ...]) -> None:
        """Writes the beginning, at once."""
        maker = Maker(self._begins(listening))
        self._thread = threading.Thread(target=self._run, args=(maker,), name="fakesmb capture", daemon=True)
        self._thread.start()

    def take(self, notes: list[Note]) -> bool:
        """Takes what happened; False where it cannot be written any more."""
        size = size_of(notes)
        with self._changed:
            if self._gave_up:
                return False
            if self._waiting + size > self._most:
                self._left_out.add(notes)
                return True
            why = self._why or "they could not be written in time"
            self._batches.append([*self._left_out.told(time.time(), why), *notes, Tick()])
            self._waiting += size
            self._changed.notify()
        return True

    def leave(self) -> None:
        """Nothing follows; what there is is written without anybody who waits for it."""
        with self._changed:
            self._last = True
            self._changed.notify()

    def end(self) -> None:
        """Waits until all is written, or nothing more can be."""
        self.leave()
        thread = self._thread
        if thread is None:
            self._output.close()
            return
        progress = -1
        while thread.is_alive() and progress != self._progress:
            progress = self._progress
            thread.join(LAST_WORDS)

    def _run(self, maker: Maker) -> None:
        try:
            self._put(maker.made())
            while (notes := self._next()) is not None:
                maker.in_hurry = self._waiting > MUCH
                for at in range(0, len(notes), AT_ONCE):
                    maker.take(notes[at : at + AT_ONCE])
                    self._put(maker.made())
                    self._progress += 1
                    time.sleep(PAUSE)
            self._put(maker.finish())
        except OSError as error:
            with self._changed:
                self._gave_up = True
                self._batches.clear()
            self._tell(f"{self._name} has ended: {error.strerror or error}")
        finally:
            self._output.close()

    def _next(self) -> list[Note] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._batches or self._last)
            if not self._batches:
                return self._rest()
            notes = self._batches.pop(0)
            self._waiting -= size_of(notes)
            return notes

    def _rest(self) -> list[Note] | None:
        """What was left out last is told, too."""
        return self._left_out.told(time.time(), self._why or "they could not be written in time") or None

    def _put(self, data: bytes) -> None:
        while data:
            try:
                self._output.put(data)
                break
            except CutOff as cut:
                data = data[cut.written :]
                with self._changed:
                    if self._last:
                        raise
                    before, self._why = self._why, cut.strerror or str(cut)
                if not before:
                    self._tell(f"{self._name} has stopped, to go on when that can be: {self._why}")
                with self._changed:
                    self._changed.wait_for(lambda: self._last, RETRY_SECONDS)
        if self._why and data:
            self._why = ""
            self._tell(f"{self._name} goes on")
