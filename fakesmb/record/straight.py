"""The words of one message, straight from its bytes, for the many that are alike: reads, queries, calls of pipes.

They are those of the general way (`dissect`, `describe`), letter for letter; None where only that knows them.
"""

from struct import Struct
from typing import Final

from fakesmb.record import lines
from fakesmb.record.dissect import IPC
from fakesmb.record.events import Exchanged, Shown, pipe_message
from fakesmb.record.glance import trans2_function
from fakesmb.record.plans import WORDS_AT, NoPlan
from fakesmb.record.words import higher
from fakesmb.wire.codec import DecodeError
from fakesmb.wire.commands import Command, PipeFunction
from fakesmb.wire.header import HEADER_SIZE, Flags2
from fakesmb.wire.trans2 import Trans2

_REQUEST: Final = int(Shown.REQUEST)
_REPLY: Final = int(Shown.REPLY)
_UNICODE: Final = int(Flags2.UNICODE)
_CALL: Final = Struct("<HH14xHHHHBxHH")
"""TotalParameterCount, TotalDataCount; ParameterCount, ParameterOffset, DataCount, DataOffset, SetupCount, the function
and the FID of a TRANSACTION with two setup words ([MS-CIFS] 2.2.4.33.1)."""
_CALL_WORDS: Final = 16
_ANSWER: Final = Struct("<HH2xHHHHHHB")
"""TotalParameterCount, TotalDataCount; ParameterCount to DataDisplacement, SetupCount of the answer."""
_ANSWER_WORDS: Final = 10


def tagged(event: Exchanged) -> str | None:
    """What `describe.tagged` says of the one message that an event shows; None where the general way has to be gone."""
    shown = int(event.shown)
    if shown not in (_REQUEST, _REPLY) or event.fault or event.reason:
        return None
    try:
        return _request(event) if shown == _REQUEST else _reply(event)
    except (NoPlan, DecodeError):
        return None


def _request(event: Exchanged) -> str | None:
    message, size = event.request, event.request_size
    flags2, _, _, _, _, _, word_count = lines.ids(message, size)
    command = message[4]
    on_ipc = event.share == IPC
    if command == Command.TRANSACTION:
        return _called(event) if on_ipc and word_count == _CALL_WORDS else None
    plan = lines.request_plan(command, word_count, on_ipc)
    return f"SMB:C; {plan(message, size, flags2 & _UNICODE != 0, event.client.encoding)[0]}"


def _reply(event: Exchanged) -> str | None:
    message, request = event.reply, event.request
    flags2, _, _, _, _, _, word_count = lines.ids(message, event.reply_size)
    command = message[4]
    if len(request) < HEADER_SIZE or request[4] != command:
        return None
    if command == Command.TRANSACTION:
        calls = event.share == IPC and request[HEADER_SIZE] == _CALL_WORDS and word_count == _ANSWER_WORDS
        return _answered(event) if calls and not event.status else None
    code = None
    if command == Command.TRANSACTION2:
        code = trans2_function(request)
    if (code is None and command in lines.GENERAL) or code == Trans2.GET_DFS_REFERRAL:
        return None
    return f"SMB:R; {lines.answer(event, command, word_count, flags2 & _UNICODE != 0, code)[0]}"


def _called(event: Exchanged) -> str | None:
    """A call through a pipe, whole in one message."""
    message = event.request
    if len(message) != event.request_size or len(message) < WORDS_AT + 2 * _CALL_WORDS + 2:
        return None
    all_parameters, all_data, count, _, data, at, setup_count, function, fid = _CALL.unpack_from(
        message, WORDS_AT
    )
    if (
        function != PipeFunction.TRANSACT_NMPIPE
        or setup_count != 2
        or all_parameters
        or count
        or data != all_data
    ):
        return None
    rpc = _carried(message, at, data, WORDS_AT + 2 * _CALL_WORDS + 2, event.path)
    return rpc and f"{rpc} (C; Transact, Transact Nmpipe, FID = 0x{fid:04X}, {data} bytes)"


def _answered(event: Exchanged) -> str | None:
    message, request = event.reply, event.request
    if len(message) != event.reply_size or len(message) < WORDS_AT + 2 * _ANSWER_WORDS + 2:
        return None
    if len(request) < WORDS_AT + 2 * _CALL_WORDS:
        return None
    if _CALL.unpack_from(request, WORDS_AT)[-2] != PipeFunction.TRANSACT_NMPIPE:
        return None
    found = _ANSWER.unpack_from(message, WORDS_AT)
    all_parameters, all_data, count, _, moved, data, at, data_moved, setup_count = found
    if all_parameters or count or moved or data_moved or setup_count or data != all_data:
        return None
    rpc = _carried(message, at, data, WORDS_AT + 2 * _ANSWER_WORDS + 2, event.path)
    return rpc and f"{rpc} (R; Transact, Transact Nmpipe, {data} bytes)"


def _carried(message: bytes, at: int, size: int, least: int, path: str) -> str | None:
    """What the PDU says, which is the whole of what a transaction carries; None where it is none."""
    count = message[least - 2] | message[least - 1] << 8
    if not size or at < least or at + size > least + count or least + count > len(message):
        return None
    fragment = pipe_message(message[at : at + size])
    return None if fragment is None else higher.of_fragment(fragment, path)
