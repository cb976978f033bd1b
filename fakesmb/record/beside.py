"""What the processes share that a server starts to write for it: one for the lines of its log, one for each capture.

Each is told on its standard input how far to go, and says on its standard output what goes wrong.
"""

import os
import select
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from fakesmb.record.outputs import CutOff, Output
from fakesmb.record.patient import RETRY_SECONDS
from fakesmb.record.spool import Spool

HALTED: Final = b"-"
GOES_ON: Final = b"+"
ENDED: Final = b"!"
"""How the lines begin that a process says: it cannot write for now, it can again, it has given up; and why."""
POSITION_BYTES: Final = 8
"""Of a position in the spool, as it is told through the pipe."""
_NICE: Final = 10


def step_back() -> None:
    """Lets the server come first where both want the same processor: it waits before too much waits here."""
    with suppress(OSError):
        if hasattr(os, "SCHED_IDLE"):
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        else:
            os.nice(_NICE)


def say(line: bytes) -> None:
    """Tells the server."""
    with suppress(OSError):  # there may be nobody left
        os.write(sys.stdout.fileno(), line + b"\n")


def server_has_ended(seconds: float) -> bool:
    """Whether the other end of standard input is closed, or is within that time."""
    poll = select.poll()
    poll.register(sys.stdin.fileno(), 0)
    return bool(poll.poll(seconds * 1000))


def heed_no_signals() -> None:
    """Who ends the server's group of processes wants its files whole: this process ends with the server."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())  # the server's, which hears signals in a thread of its own


def say_why(error: Exception) -> None:
    """Tells the server what ends the process."""
    reason = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
    say(ENDED + reason.encode("utf-8", "backslashreplace").replace(b"\n", b" "))


class Persistent:
    """An output that tries again until all is written; what comes meanwhile waits in the spool.

    `say` takes a line for the server, `ended` says whether it has gone: then what cannot be written is given up.
    """

    def __init__(
        self,
        output: Output,
        spool: Spool,
        say: Callable[[bytes], None] = say,
        ended: Callable[[float], bool] = server_has_ended,
    ) -> None:
        self._output = output
        self._spool = spool
        self._say = say
        self._ended = ended

    def put(self, data: bytes) -> None:
        """Writes all of it; raises OSError where it cannot be, ever."""
        halted = False
        while True:
            try:
                self._try(data)
                break
            except CutOff as cut:
                data = data[cut.written :]
                if not halted:
                    halted = True
                    self._say(HALTED + (cut.strerror or str(cut)).encode())
            if self._ended(RETRY_SECONDS):
                self._try(data)
                break
        if halted:
            self._say(GOES_ON)

    def _try(self, data: bytes) -> None:
        self._spool.set_busy(True)
        try:
            self._output.put(data)
        finally:
            self._spool.set_busy(False)

    def close(self) -> None:
        """Lets go of the file."""
        self._output.close()
