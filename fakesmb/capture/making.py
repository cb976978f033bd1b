"""The process that makes a capture of what a server puts into a spool (`capture.apart`)."""

import json
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import BinaryIO, Final

import msgspec

from fakesmb.capture.comments import comments_of
from fakesmb.capture.files import CaptureFile
from fakesmb.capture.maker import Form, Maker
from fakesmb.capture.notes import Note
from fakesmb.record.beside import POSITION_BYTES, Persistent, heed_no_signals, say_why
from fakesmb.record.events import Client, Exchanged, Shown
from fakesmb.record.outputs import Output
from fakesmb.record.spool import Spool

MUCH: Final = 4 << 20
"""Bytes in the spool, from which on the maker is in a hurry."""
AT_ONCE: Final = 256
"""Notes of which packets are made before they are written."""
_NICE: Final = 5
"""The server comes first where both want the same processor, but a person may be looking on."""
_NEGOTIATE: Final = bytes.fromhex("ff534d4272" + "00" * 27 + "000c00024e54204c4d20302e313200")
"""A request like any client's first one."""
_DECODER: Final = msgspec.msgpack.Decoder(list[Note])


def make(told: BinaryIO, spool: Spool, maker: Maker, output: Output) -> None:
    """Makes a capture of what is in the spool, as far as `told` says, and of the rest at its end; raises OSError."""
    output.put(maker.made())
    warm_up()
    while len(position := told.read(POSITION_BYTES)) == POSITION_BYTES:
        _write(spool.take(int.from_bytes(position, "little")), spool, maker, output)
    _write(spool.take(), spool, maker, output)
    _write(spool.left(), spool, maker, output)
    output.put(maker.finish())
    output.close()


def _write(batches: Iterable[bytes], spool: Spool, maker: Maker, output: Output) -> None:
    for batch in batches:
        notes = _DECODER.decode(batch)
        maker.in_hurry = spool.waiting > MUCH
        for at in range(0, len(notes), AT_ONCE):
            maker.take(notes[at : at + AT_ONCE])
            output.put(maker.made())


def warm_up() -> None:
    """Has loaded and compiled what the first message would wait for."""
    comments_of(Exchanged(Client(0, "", ""), 0.0, 0.0, 0, _NEGOTIATE, len(_NEGOTIATE), b"", 0, Shown.REQUEST))


def main(capture: str, memory: str, spool_bytes: str, form: str) -> int:
    """The process: it is told on standard input how far to go, and says on standard output what went wrong."""
    heed_no_signals()
    with suppress(OSError):
        os.nice(_NICE)
    spool = Spool(int(memory), int(spool_bytes))
    try:
        maker = Maker(msgspec.convert(json.loads(form), Form))
        make(sys.stdin.buffer, spool, maker, Persistent(CaptureFile(int(capture)), spool))
    except Exception as error:
        say_why(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
