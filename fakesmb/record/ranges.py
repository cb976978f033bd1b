"""Where in a file a request was at work: offset and length, and the bytes of a chain, which are all kept."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from fakesmb.record.decoded import Halves
from fakesmb.record.events import Exchanged
from fakesmb.wire import files, locking, raw, set_info, trans, unix
from fakesmb.wire.commands import PipeFunction

Range = tuple[int | None, int | None]
NOWHERE: Final[Range] = (None, None)


def range_of(halves: Halves, exchanged: Exchanged) -> Range:
    """Offset and length of what was read, written or locked; of a file whose length was set, that length."""
    asked = halves.asked
    if asked is None:
        return NOWHERE
    detail = asked.detail
    if isinstance(detail, (set_info.SetEndOfFile, set_info.SetAllocation)):
        return None, detail.size
    if isinstance(detail, unix.PosixLock):
        return detail.start, detail.length
    say = _RANGES.get(type(asked.body))
    return NOWHERE if say is None else say(asked.body, halves, exchanged)


def _read(asked: Any, halves: Halves, exchanged: Exchanged) -> Range:
    reply = halves.answered and halves.answered.body
    return asked.offset, len(reply.data) if hasattr(reply, "data") else None


def _read_raw(asked: Any, halves: Halves, exchanged: Exchanged) -> Range:
    return asked.offset, exchanged.reply_size


def _write_andx(asked: Any, halves: Halves, exchanged: Exchanged) -> Range:
    return asked.offset, len(asked.data)


def _counted(asked: Any, halves: Halves, exchanged: Exchanged) -> Range:
    return asked.offset, asked.count


def _locking(asked: locking.LockingAndxRequest, halves: Halves, exchanged: Exchanged) -> Range:
    for one in (*asked.locks, *asked.unlocks):
        return one.offset, one.length
    return NOWHERE


def _of_pipe(asked: Any, halves: Halves, exchanged: Exchanged) -> Range:
    function = asked.subcommand
    if function in (PipeFunction.WRITE_NMPIPE, PipeFunction.RAW_WRITE_NMPIPE):
        return None, len(asked.data)
    reply = halves.answered and halves.answered.body
    if function in (PipeFunction.READ_NMPIPE, PipeFunction.RAW_READ_NMPIPE) and hasattr(reply, "data"):
        return None, len(reply.data)
    return NOWHERE


_RANGES: Final[Mapping[type, Callable[[Any, Halves, Exchanged], Range]]] = MappingProxyType(
    {
        files.ReadAndxRequest: _read,
        files.ReadRequest: _read,
        raw.ReadRawRequest: _read_raw,
        files.WriteAndxRequest: _write_andx,
        files.WriteRequest: _counted,
        files.WriteAndCloseRequest: _counted,
        raw.WriteRawRequest: _counted,
        locking.LockingAndxRequest: _locking,
        locking.LockByteRangeRequest: _counted,
        locking.UnlockByteRangeRequest: _counted,
        trans.TransactionRequest: _of_pipe,
    }
)
