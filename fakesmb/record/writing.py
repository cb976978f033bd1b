"""The process that makes the lines of a log file from what a server puts into a spool (`record.apart`)."""

import os
import select
import signal
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import BinaryIO, Final

import msgspec

from fakesmb.record.events import Connected, Disconnected, Exchanged, Problem, SignedIn, SignInRefused
from fakesmb.record.jsonl import JsonLines, shows_by
from fakesmb.record.outputs import CutOff, FileOutput, Output
from fakesmb.record.patient import RETRY_SECONDS
from fakesmb.record.spool import Spool
from fakesmb.record.writer import ENDED, FILTER, GOES_ON, HALTED, POSITION_BYTES

_NICE: Final = 10
_DECODER: Final = msgspec.msgpack.Decoder(
    list[Exchanged | Connected | Disconnected | SignedIn | SignInRefused | Problem]
)


class Persistent:
    """An output that tries again until all is written; what comes meanwhile waits in the spool.

    `say` takes a line for the server, `ended` says whether it has gone: then what cannot be written is given up.
    """

    def __init__(
        self, output: Output, spool: Spool, say: Callable[[bytes], None], ended: Callable[[float], bool]
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


def write_lines(told: BinaryIO, spool: Spool, log: JsonLines) -> None:
    """Makes lines of what is in the spool, as far as `told` says, and of the rest at its end; raises OSError."""
    while len(position := told.read(POSITION_BYTES)) == POSITION_BYTES:
        _write(spool.take(int.from_bytes(position, "little")), log)
    _write(spool.take(), log)
    _write(spool.left(), log)
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


def _say(line: bytes) -> None:
    with suppress(OSError):  # there may be nobody left
        os.write(sys.stdout.fileno(), line + b"\n")


def _server_has_ended(seconds: float) -> bool:
    """Whether the other end of standard input is closed, or is within that time."""
    poll = select.poll()
    poll.register(sys.stdin.fileno(), 0)
    return bool(poll.poll(seconds * 1000))


def main(log: str, memory: str, spool_bytes: str, *options: str) -> int:
    """The writer's process: it is told on standard input how far to go, and says on standard output what went wrong."""
    _step_back()
    signal.signal(
        signal.SIGTERM, signal.SIG_IGN
    )  # who ends the server's group of processes wants its log whole
    signal.pthread_sigmask(signal.SIG_SETMASK, ())  # the server's, which hears signals in a thread of its own
    spool = Spool(int(memory), int(spool_bytes))
    output = Persistent(FileOutput(int(log)), spool, _say, _server_has_ended)
    try:
        filter = next((one.removeprefix(FILTER) for one in options if one.startswith(FILTER)), "")
        log_file = JsonLines(output, secrets="--secrets" in options, shows=shows_by(filter))
        write_lines(sys.stdin.buffer, spool, log_file)
    except Exception as error:
        reason = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
        _say(ENDED + reason.encode("utf-8", "backslashreplace").replace(b"\n", b" "))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
