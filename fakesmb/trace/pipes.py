"""What requests and replies carry over named pipes: the PDUs of DCE/RPC in them, and what these belong to."""

from typing import Any, Final

from fakesmb.nt.controls import Fsctl
from fakesmb.trace.association import Pdu
from fakesmb.trace.context import Half
from fakesmb.trace.following import Turn, renamed
from fakesmb.wire.codec import DecodeError
from fakesmb.wire.commands import Command, PipeFunction
from fakesmb.wire.files import (
    ReadAndxResponse,
    ReadResponse,
    WriteAndCloseRequest,
    WriteAndxRequest,
    WriteMode,
    WriteRequest,
)
from fakesmb.wire.fragments import read as read_fragment
from fakesmb.wire.nt_trans import IoctlSetup, NtTransact
from fakesmb.wire.trans import TransactionResponse

COMMANDS: Final = frozenset({Command.TRANSACTION, Command.TRANSACTION_SECONDARY, Command.NT_TRANSACT})
"""Commands that are looked at wherever they are. Reads and writes are, where their FID is a pipe."""
TRANSFERS: Final = frozenset(
    {
        Command.READ,
        Command.WRITE,
        Command.LOCK_AND_READ,
        Command.WRITE_AND_UNLOCK,
        Command.WRITE_AND_CLOSE,
        Command.READ_ANDX,
        Command.WRITE_ANDX,
    }
)
_RAW_START: Final = WriteMode.RAW | WriteMode.MESSAGE_START
RAW_HEAD: Final = 2
"""Raw mode's first write of a message begins with the length of the whole, which is not of the message."""
_ASK: Final = frozenset(
    {
        PipeFunction.TRANSACT_NMPIPE,
        PipeFunction.CALL_NMPIPE,
        PipeFunction.RAW_WRITE_NMPIPE,
        PipeFunction.WRITE_NMPIPE,
    }
)
_ANSWER: Final = frozenset(
    {
        PipeFunction.TRANSACT_NMPIPE,
        PipeFunction.CALL_NMPIPE,
        PipeFunction.READ_NMPIPE,
        PipeFunction.RAW_READ_NMPIPE,
    }
)


def raw_head(body: Any) -> int:
    """Bytes before the PDUs in what a WRITE_ANDX carries."""
    return RAW_HEAD if type(body) is WriteAndxRequest and body.write_mode & _RAW_START == _RAW_START else 0


def requested(turn: Turn, body: Any, joined: Half) -> tuple[Pdu, ...] | None:
    """The PDUs that a request carries; None where it carries nothing over a pipe, or a part of a transaction."""
    assert turn.asked is not None
    kind = type(body)
    if kind is WriteAndxRequest or kind is WriteRequest or kind is WriteAndCloseRequest:
        turn.fid = body.fid if turn.fid is None else turn.fid
        data = bytes(body.data[raw_head(body) :])
        if not _is_pipe(turn, data):
            return None
        return _taken(turn, body.fid, data, request=True, whole=turn.asked.whole)
    if joined.piece:
        return None
    asked = joined.asked
    if asked is None:
        return None
    pipe = _pipe_of(turn, asked.command, asked.subcommand, asked.setup, _ASK)
    if pipe is None:
        return None
    whole = joined.whole
    data = bytes(body.data) if whole is None else whole.data
    return _taken(turn, pipe, data, request=True, whole=turn.asked.whole)


def replied(turn: Turn, body: Any, joined: Half) -> tuple[Pdu, ...] | None:
    """The PDUs that a reply carries; None where it carries nothing over a pipe, or a part of a transaction."""
    assert turn.answered is not None
    kind = type(body)
    if kind is ReadAndxResponse or kind is ReadResponse:
        fid = getattr(turn.request, "fid", turn.fid)
        fid = turn.fid if fid == _NO_FID else fid
        data = bytes(body.data)
        if fid is None or not _is_pipe(turn, data):
            return None
        return _taken(turn, fid, data, request=False, whole=turn.answered.whole)
    asked = joined.asked
    if not isinstance(body, TransactionResponse) or asked is None or joined.piece:
        return None
    pipe = _pipe_of(turn, asked.command, asked.subcommand, asked.setup, _ANSWER)
    if pipe is None:
        return None
    data = bytes(body.data) if joined.whole is None else joined.whole.data
    found = _taken(turn, pipe, data, request=False, whole=turn.answered.whole)
    if pipe < 0:
        turn.followed.forget_pipe(pipe)
    return found


_NO_FID: Final = 0xFFFF


def _is_pipe(turn: Turn, data: bytes) -> bool:
    """Whether a read or a write is of a pipe. Where neither FID nor TID is known, PDUs look like nothing else."""
    opened = turn.opened
    if opened is not None:
        return opened.pipe
    if turn.share is not None or turn.event.share:
        return turn.on_ipc
    try:
        return bool(data) and read_fragment(data).length <= _LONGEST_GUESSED
    except DecodeError:
        return False


_LONGEST_GUESSED: Final = 5840


def _pipe_of(
    turn: Turn, command: int, subcommand: int | None, setup: bytes, functions: frozenset[PipeFunction]
) -> int | None:
    """The FID of the pipe whose data a transaction carries, or a number for one that was found by its name."""
    if command == Command.TRANSACTION and subcommand in functions:
        if subcommand == PipeFunction.CALL_NMPIPE:
            message = turn.event.request or turn.event.reply
            return -1 - (message[30] | message[31] << 8)
        return int.from_bytes(setup[2:4], "little") if len(setup) >= 4 else None
    if command == Command.NT_TRANSACT and subcommand == NtTransact.IOCTL and len(setup) >= IoctlSetup.size():
        ioctl = IoctlSetup.decode(setup)
        return ioctl.fid if ioctl.function_code == Fsctl.PIPE_TRANSCEIVE else None
    return None


def _taken(turn: Turn, number: int, data: bytes, *, request: bool, whole: bool) -> tuple[Pdu, ...]:
    event, followed = turn.event, turn.followed
    missing = 0
    if not whole:
        missing = event.request_size - len(event.request) if request else event.reply_size - len(event.reply)
        missing = min(missing, len(data))
        data = data[: len(data) - missing]
    if number >= 0:
        turn.fid = number
        number |= turn.tid << 16
    pipe = followed.pipe(number)
    held = pipe.held
    found = pipe.take(data, request=request, number=event.number, missing=missing)
    followed.held += pipe.held - held
    opened = turn.opened if number >= 0 else None
    if opened is not None and not request and opened.interfaces != pipe.interfaces:
        followed.history.put(renamed(opened, interfaces=pipe.interfaces))
    return found
