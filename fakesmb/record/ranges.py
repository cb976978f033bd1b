"""Where in a file a request was at work: offset and length, and the bytes of a chain, which are all kept."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from fakesmb.record.decoded import Halves
from fakesmb.record.events import Exchanged
from fakesmb.record.glance import Glance, number
from fakesmb.record.pairs import Pair
from fakesmb.wire import files, locking, raw, set_info, trans, unix
from fakesmb.wire.commands import Command, PipeFunction
from fakesmb.wire.families import Kind
from fakesmb.wire.trans2 import Trans2

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


def range_at_a_glance(pair: Pair, glance: Glance) -> Range | None:
    """The same without decoding, for the commands that move most data; None for the others."""
    code = glance.code
    names = _SEEN.get(code)
    if names is None or not glance.at:
        return None
    request = pair.told.request

    def asked(name: str) -> int | None:
        return number(request, glance.at, code, name, request=True)

    offset = asked(names.offset)
    if offset is None:
        return None
    offset |= (asked("offset_high") or 0) << 32
    if not names.answered:
        length = asked(names.length)
        return None if length is None else (offset, length | (asked(names.high) or 0) << 16)
    answered = pair.answered
    if answered is None or not glance.reply_at:
        return offset, None
    length = number(answered.reply, glance.reply_at, code, names.length, request=False)
    if length is None:
        return offset, None
    high = number(answered.reply, glance.reply_at, code, names.high, request=False) or 0
    return offset, length | high << 16


class _Seen(NamedTuple):
    """The names of the numbers."""

    offset: str
    length: str
    high: str
    answered: bool
    """Whether the length is that of the answer."""


_SEEN: Final[Mapping[int, _Seen]] = MappingProxyType(
    {
        Command.READ_ANDX: _Seen("offset_low", "data_length", "data_length_high", True),
        Command.READ: _Seen("offset", "count", "", True),
        Command.LOCK_AND_READ: _Seen("offset", "count", "", True),
        Command.WRITE_ANDX: _Seen("offset_low", "data_length", "data_length_high", False),
        Command.WRITE: _Seen("offset", "count", "", False),
        Command.WRITE_AND_UNLOCK: _Seen("offset", "count", "", False),
        Command.WRITE_AND_CLOSE: _Seen("offset", "count", "", False),
    }
)


WITH_RANGE: Final = frozenset(Kind(code) for code in _SEEN) | {
    Kind(Command.READ_RAW),
    Kind(Command.WRITE_RAW),
    Kind(Command.LOCKING_ANDX),
    Kind(Command.LOCK_BYTE_RANGE),
    Kind(Command.UNLOCK_BYTE_RANGE),
    Kind(Command.TRANSACTION),
    Kind(Command.TRANSACTION2, Trans2.SET_PATH_INFORMATION),
    Kind(Command.TRANSACTION2, Trans2.SET_FILE_INFORMATION),
}
"""The commands that can have an offset or a length."""


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
