"""A capture made by a process of its own, so that no request waits while its packets are made.

What the server hears goes into a spool (`record.spool`), in batches; the process (`capture.making`) makes packets of
them at once, as somebody may be looking on. Where it is behind the server waits a moment, and then leaves out what is
too much. What was put outlives the server: its capture is whole up to there, also after a `kill -9`.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from math import inf
from typing import Final

import msgspec

from fakesmb.capture.backlog import LeftOut
from fakesmb.capture.files import CaptureFile
from fakesmb.capture.maker import Form
from fakesmb.capture.notes import Note, Tick
from fakesmb.capture.packets import End
from fakesmb.record.beside import ENDED, GOES_ON, HALTED, POSITION_BYTES
from fakesmb.record.log import diagnose
from fakesmb.record.patient import LAST_WORDS
from fakesmb.record.processors import Processors
from fakesmb.record.spool import SPOOL_BYTES, Spool
from fakesmb.record.writer import encoded

WAIT: Final = 0.05
"""Seconds that the server waits for room in the spool, unless it is known that there will be none soon."""
PATIENCE: Final = 10.0
"""Seconds without progress after which the process is given up at the end: it may have got no processor."""
STALLED: Final = 0.4
"""The same while it is in the midst of a write."""
LOOK: Final = 0.2
"""Seconds from one look at what there is to do to the next."""
MUCH: Final = 256 << 10
"""Bytes in that time, 500 requests about, beyond which the server is busy."""
LITTLE: Final = 16 << 10
"""Of a busy server so many bytes are taken at each look: who looks on sees that it lives."""
_POLL: Final = 0.002
IN_TIME: Final = "they could not be written in time"
Tell = Callable[[str], None]


class ApartCapture:
    """A `Taker` (`capture.hearing`) to a file that is open."""

    def __init__(
        self,
        file: CaptureFile,
        name: str,
        *,
        begins: Callable[[tuple[End, ...]], Form],
        snap: int = 0,
        spool_bytes: int = SPOOL_BYTES,
        tell: Tell = diagnose,
        at_end: Callable[[], float] | None = None,
        spare: Callable[[], bool] | None = None,
    ) -> None:
        """`begins` is called once the server listens, and says how the capture is written. `at_end` says how many
        seconds `end` waits for the process at most, which then goes on alone. `spare` says whether there is a processor
        for the process, of which the server is not in need.
        """
        self.snap = snap
        self._file = file
        self._name = name
        self._begins = begins
        self._spool_bytes = spool_bytes
        self._tell = tell
        self._at_end = at_end
        self._spool: Spool | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._told = 0
        """The position up to which the process was told to go."""
        self._spare = spare or Processors().has_idle_pair
        self._goes_on = True
        """Whether packets are made of all that there is."""
        self._look_at = 0.0
        """When to look again whether they are to be."""
        self._looked_end = 0
        """The end of the spool when it was looked at last."""
        self._left_out = LeftOut()
        self._why = IN_TIME
        self._halted = False
        self._gave_up = ""

    @property
    def is_behind(self) -> bool:
        """Whether the process is still to be told to go on."""
        return self._spool is not None and self._spool.end > self._told

    def begin(self, listening: tuple[End, ...]) -> None:
        """Starts the process. Raises OSError where there is no room for one."""
        form = self._begins(listening)
        self._spool = spool = Spool.make(self._spool_bytes)
        try:
            self._process = process = _started(self._file.fileno(), spool, form)
        except BaseException:
            spool.close()
            raise
        finally:
            self._file.close()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            os.set_blocking(pipe.fileno(), False)

    def take(self, notes: list[Note]) -> bool:
        """Takes what happened; False where it cannot be written any more."""
        process, spool = self._process, self._spool
        assert process is not None
        assert spool is not None
        self._hear()
        if self._gave_up or process.poll() is not None:
            self._hear()
            why = self._gave_up or f"its process ended with code {process.returncode}"
            self._tell(f"{self._name} has ended: {why}")
            return False
        missing = self._left_out.told(time.time(), self._why)
        batch = encoded([*missing, *notes, Tick()])
        if self._put(batch, WAIT if not missing else 0.0):
            self._why = IN_TIME
        else:
            self._left_out.add(missing)
            self._left_out.add(notes)
        self._go_on_in_turn()
        return True

    def _go_on_in_turn(self) -> None:
        """Has packets made of what is in the spool, or of a part of it where the server needs the processors."""
        assert self._spool is not None
        now, end = time.monotonic(), self._spool.end
        if now >= self._look_at:
            calm = end - self._looked_end <= MUCH * max(1.0, (now - self._look_at) / LOOK)
            self._look_at, self._looked_end = now + LOOK, end
            self._goes_on = self._spare() or calm or self._spool.waiting > self._spool.size * 3 // 4
            if not self._goes_on:
                self._go_on(LITTLE)
        if self._goes_on:
            self._go_on()

    def _put(self, batch: bytes, seconds: float) -> bool:
        """Puts a batch into the spool; waits for room as long as there comes some."""
        assert self._spool is not None
        if len(batch) > self._spool.size // 4:
            return False
        until = time.monotonic() + (0.0 if self._halted else seconds)
        while not self._spool.put(batch):
            if time.monotonic() >= until:
                return False
            self._go_on()
            time.sleep(_POLL)
        return True

    def _go_on(self, most: int | None = None) -> None:
        """Has packets made of all that is in the spool, or of so many bytes."""
        assert self._spool is not None
        assert self._process is not None
        assert self._process.stdin is not None
        until = self._spool.end if most is None else min(self._spool.end, self._spool.taken + most)
        if until > self._told:
            # A pipe that is full has told it enough for now; why one is broken is heard at the next turn.
            with suppress(BlockingIOError, BrokenPipeError):
                os.write(self._process.stdin.fileno(), until.to_bytes(POSITION_BYTES, "little"))
                self._told = until

    def _hear(self) -> None:
        """Takes what the process says of its file."""
        assert self._process is not None
        assert self._process.stdout is not None
        said = b""
        with suppress(BlockingIOError):
            while piece := os.read(self._process.stdout.fileno(), 4096):
                said += piece
        for line in said.splitlines():
            reason = line[1:].decode(errors="replace")
            if line.startswith(ENDED):
                self._gave_up = reason
            elif line.startswith(HALTED):
                self._halted, self._why = True, reason
                self._tell(f"{self._name} has stopped, to go on when that can be: {reason}")
            elif line.startswith(GOES_ON):
                self._halted = False
                self._tell(f"{self._name} goes on")

    def end(self) -> None:
        """Waits until all is written, or as long as `at_end` says: then the process does it by itself."""
        process, self._process = self._process, None
        spool = self._spool
        if process is None or spool is None:
            self._file.close()
            return
        assert process.stdin is not None
        assert process.stdout is not None
        missing = self._left_out.told(time.time(), self._why)
        if missing:
            with suppress(OSError):
                spool.leave([encoded(missing)])
        with suppress(BrokenPipeError):
            process.stdin.close()
        if not _waited(process, spool, inf if self._at_end is None else self._at_end(), halted=self._halted):
            self._tell(f"{self._name}: process {process.pid} writes the rest of it")
        process.stdout.close()
        spool.close()


def _waited(process: "subprocess.Popen[bytes]", spool: Spool, seconds: float, *, halted: bool) -> bool:
    """Whether the process has ended within the time, or as long as it gets on."""
    until, taken, since = time.monotonic() + seconds, spool.taken, time.monotonic()
    while process.poll() is None:
        now = time.monotonic()
        if spool.taken != taken:
            taken, since = spool.taken, now
        patience = LAST_WORDS if halted else STALLED if spool.busy else PATIENCE
        if now > until or now - since > patience:
            return False
        time.sleep(_POLL)
    return True


def _started(file: int, spool: Spool, form: Form) -> "subprocess.Popen[bytes]":
    """The process; raises OSError."""
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "fakesmb.capture.making"),
            *(str(file), str(spool.memory), str(spool.size), msgspec.json.encode(form).decode()),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # whoever reads that of the server to its end does not wait for this process
        pass_fds=(file, spool.memory),
        start_new_session=True,  # Ctrl-C is for the server, which then ends the process
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
