"""The answer of a planned TRANSACTION2: parameters and data behind one pack of frame, header and words."""

from typing import TYPE_CHECKING, Final

from twisted.internet.defer import Deferred

from fakesmb.core.planned_reply import finish, frame_struct, send
from fakesmb.core.request import Answer, AnyRequest
from fakesmb.core.transactions import Results, answer_of
from fakesmb.wire.codec import Structure
from fakesmb.wire.frame import FEW_BYTES, PREFIX_SIZE, prefix
from fakesmb.wire.header import HEADER_SIZE, MAGIC, Flags2
from fakesmb.wire.trans import ALIGNMENT, TRANSACTION_RESPONSE_WORDS, TransactionRequest, TransactionResponse

if TYPE_CHECKING:
    from fakesmb.core.connection import SMBConnection

_WORDS: Final = TransactionResponse.FIXED_WORDS
_FRAME: Final = frame_struct(f"B{TRANSACTION_RESPONSE_WORDS}Hx")
"""As far as the parameters, which begin after a byte of padding."""
_PARAMETERS_AT: Final = _FRAME.size - PREFIX_SIZE
_BYTES_AT: Final = HEADER_SIZE + 3 + 2 * _WORDS
_PADDING: Final = tuple(bytes(-count % ALIGNMENT) for count in range(ALIGNMENT))


def finish_transaction(
    connection: "SMBConnection",
    request: AnyRequest,
    whole: TransactionRequest,
    outcome: "Results | Exception | Deferred[Results]",
) -> None:
    """Sends and records what the handler of a subcommand gave or raised."""
    if (
        type(outcome) is not Results
        or outcome.setup
        or request.exchange_or_none is not None
        or connection.closed
    ):
        finish(connection, request, _settled(request, whole, outcome))
        return
    header = request.header
    unicode = header.flags2 & Flags2.UNICODE != 0
    parameters, data = outcome.parameters, outcome.data
    if isinstance(parameters, Structure):
        try:
            parameters = parameters.encode(unicode=unicode, encoding=connection.oem_encoding)
        except Exception as error:  # a bug in a structure, which the exchange reports
            finish(connection, request, error)
            return
    parameter_count, data_count = len(parameters), len(data)
    parameters_end = _PARAMETERS_AT + parameter_count
    padding = _PADDING[parameters_end % ALIGNMENT]
    data_at = parameters_end + len(padding)
    size = data_at + data_count
    if (
        parameter_count > whole.max_parameter_count
        or data_count > whole.max_data_count
        or size > connection.max_buffer
        or outcome.status
    ):
        finish(connection, request, _settled(request, whole, outcome))
        return
    head = _FRAME.pack(
        prefix(size),
        MAGIC,
        header.command,
        0,
        connection.reply_flags,
        header.flags2 & connection.reply_flags2,
        header.pid_high,
        header.tid,
        header.pid_low,
        header.uid,
        header.mid,
        _WORDS,
        parameter_count,
        data_count,
        parameter_count,
        _PARAMETERS_AT,
        0,
        data_count,
        data_at,
        0,
        0,
        size - _BYTES_AT & 0xFFFF,
    )
    if data_count <= FEW_BYTES:
        send(connection, request, [b"".join((head, parameters, padding, data))])
    else:
        send(connection, request, [b"".join((head, parameters, padding)), data])


def _settled(
    request: AnyRequest, whole: TransactionRequest, outcome: "Results | Exception | Deferred[Results]"
) -> "Answer | Exception | Deferred[Answer]":
    try:
        return answer_of(request, whole, outcome, request.header.command)
    except Exception as error:
        return error
