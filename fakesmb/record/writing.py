"""The process that makes the lines of a log file from what a server puts into a spool (`record.apart`)."""

import sys
from collections.abc import Iterable
from typing import BinaryIO, Final

import msgspec

from fakesmb.record.beside import POSITION_BYTES, Persistent, heed_no_signals, say_why, step_back
from fakesmb.record.events import Exchanged, Happening
from fakesmb.record.jsonl import JsonLines, shows_by
from fakesmb.record.outputs import FileOutput
from fakesmb.record.spool import Spool
from fakesmb.record.writer import FILTER

_DECODER: Final = msgspec.msgpack.Decoder(list[Exchanged | Happening])


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


def main(log: str, memory: str, spool_bytes: str, *options: str) -> int:
    """The writer's process: it is told on standard input how far to go, and says on standard output what went wrong."""
    step_back()
    heed_no_signals()
    spool = Spool(int(memory), int(spool_bytes))
    output = Persistent(FileOutput(int(log)), spool)
    try:
        filter = next((one.removeprefix(FILTER) for one in options if one.startswith(FILTER)), "")
        log_file = JsonLines(output, secrets="--secrets" in options, shows=shows_by(filter))
        write_lines(sys.stdin.buffer, spool, log_file)
    except Exception as error:
        say_why(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
