"""SMB_COM_TRANSACTION: functions on named pipes, and names that are no pipe ([MS-CIFS] 2.2.5)."""

import struct
from collections.abc import Callable, Mapping
from typing import Final

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from fakesmb.core.pipe_sign_in import acceptors
from fakesmb.core.request import AnyRequest
from fakesmb.core.transactions import Outcome, Results
from fakesmb.core.views import caller_of
from fakesmb.core.waiting import then
from fakesmb.nt.status import NT, SMBError
from fakesmb.rap import functions as rap
from fakesmb.record.events import pipe_message
from fakesmb.rpc.pipes import Pipe, Received
from fakesmb.wire import names
from fakesmb.wire.commands import Command
from fakesmb.wire.trans import TransactionRequest

_PIPE_INFO: Final = struct.Struct("<HHBBB")
_PEEK: Final = struct.Struct("<HHH")
_STATUS: Final = struct.Struct("<H")
PIPE_PREFIX: Final = "\\PIPE"
LANMAN: Final = "\\PIPE\\LANMAN"
LISTENING_PIPE_STATE: Final = 3  # FILE_PIPE_CONNECTED_STATE of the peek answer, [MS-CIFS] 2.2.5.5.2
UNLIMITED_INSTANCES: Final = 255
QUOTA: Final = 4096


def _params(request: AnyRequest) -> TransactionRequest:
    params: TransactionRequest = request.params
    return params


def _pipe(request: AnyRequest) -> Pipe:
    fid = _params(request).setup_fid
    if fid is None:
        raise SMBError(NT.INVALID_SMB, "a pipe function without its FID")
    pipe = request.open(fid).pipe
    if pipe is None:
        raise SMBError(NT.INVALID_HANDLE, "a file, not a pipe")
    return pipe


def set_state(request: AnyRequest) -> Results:
    """TRANS_SET_NMPIPE_STATE, [MS-CIFS] 2.2.5.1."""
    parameters = _params(request).parameters
    if len(parameters) < _STATUS.size:
        raise SMBError(NT.INVALID_PARAMETER, "no pipe state")
    _pipe(request).set_state(_STATUS.unpack_from(parameters)[0])
    return Results()


def query_state(request: AnyRequest) -> Results:
    """TRANS_QUERY_NMPIPE_STATE, [MS-CIFS] 2.2.5.3."""
    return Results(parameters=_STATUS.pack(_pipe(request).state))


def query_info(request: AnyRequest) -> Results:
    """TRANS_QUERY_NMPIPE_INFO, [MS-CIFS] 2.2.5.4."""
    pipe = _pipe(request)
    name = f"\\PIPE{pipe.path}\0"
    encoded = name.encode("utf-16-le") if request.unicode else name.encode("ascii")
    head = _PIPE_INFO.pack(QUOTA, QUOTA, UNLIMITED_INSTANCES, min(pipe.instances, 255), len(encoded) & 0xFF)
    pad = b"\0" if request.unicode else b""
    return Results(data=head + pad + encoded)


def peek(request: AnyRequest) -> Results:
    """TRANS_PEEK_NMPIPE, [MS-CIFS] 2.2.5.5."""
    pipe = _pipe(request)
    data = pipe.peek(_params(request).max_data_count)
    head = _PEEK.pack(min(pipe.available, 0xFFFF), min(pipe.message_left, 0xFFFF), LISTENING_PIPE_STATE)
    more = pipe.message_left > len(data)
    return Results(parameters=head, data=data, status=NT.BUFFER_OVERFLOW if more else 0)


def transact(request: AnyRequest) -> Outcome:
    """TRANS_TRANSACT_NMPIPE, [MS-CIFS] 2.2.5.6: a write and the read of its answer.

    An answer longer than the client's buffer comes with BUFFER_OVERFLOW; reads fetch the rest.
    """
    params = _params(request)
    request.detail = pipe_message(params.data)
    return then(_pipe(request).transact(params.data, params.max_data_count), _received)


def call(request: AnyRequest) -> Outcome:
    """TRANS_CALL_NMPIPE, [MS-CIFS] 2.2.5.11: opens the pipe that the request names, transacts and closes it.

    What does not fit the client's buffer is lost with the pipe.
    """
    params = _params(request)
    pipe = request.server.pipes.open(params.name, caller_of(request.session), acceptors(request.connection))

    def closed(result: "Received | Failure") -> "Received | Failure":
        pipe.close()
        return result

    request.detail = pipe_message(params.data)
    try:
        received = pipe.transact(params.data, params.max_data_count)
    except BaseException:
        pipe.close()
        raise
    if isinstance(received, Deferred):
        return received.addBoth(closed).addCallback(_received)
    pipe.close()
    return _received(received)


def _received(received: Received) -> Results:
    data, more = received
    return Results(data=data, status=NT.BUFFER_OVERFLOW if more else 0, detail=pipe_message(data))


def raw_read(request: AnyRequest) -> Outcome:
    """TRANS_RAW_READ_NMPIPE, [MS-CIFS] 3.3.5.57.3: messages run together."""
    return then(_pipe(request).receive(_params(request).max_data_count, raw=True), _received)


def write(request: AnyRequest) -> Results:
    """TRANS_WRITE_NMPIPE and TRANS_RAW_WRITE_NMPIPE, [MS-CIFS] 2.2.5.8 and 2.2.5.7."""
    return Results(parameters=_STATUS.pack(_pipe(request).write(_params(request).data) & 0xFFFF))


def read(request: AnyRequest) -> Outcome:
    """TRANS_READ_NMPIPE, [MS-CIFS] 3.3.5.57.9."""
    return then(_pipe(request).receive(_params(request).max_data_count), _received)


def wait(request: AnyRequest) -> Results:
    """TRANS_WAIT_NMPIPE, [MS-CIFS] 2.2.5.10: an instance is always free; a pipe must be there."""
    name = _params(request).name
    if not request.server.pipes.exists(name):
        raise SMBError(NT.OBJECT_NAME_NOT_FOUND, f"no pipe {name!r}")
    return Results()


def remote_administration(request: AnyRequest, name: str) -> Results:
    """A transaction without setup words: a call of the Remote Administration Protocol, [MS-RAP] 3.1.4.

    jcifs, Windows 9x and OS/2 list shares this way.
    """
    if name != LANMAN:
        raise SMBError(NT.OBJECT_NAME_NOT_FOUND, f"{name} without a pipe function")
    params = _params(request)
    parameters, data = rap.transact(
        params.parameters,
        params.data,
        params.max_parameter_count,
        params.max_data_count,
        request.server.view,
        caller_of(request.session),
        request.connection.oem_encoding,
    )
    return Results(parameters=parameters, data=data)


FUNCTIONS: Final[Mapping[int, Callable[[AnyRequest], Outcome]]] = {
    0x0001: set_state,
    0x0011: raw_read,
    0x0021: query_state,
    0x0022: query_info,
    0x0023: peek,
    0x0026: transact,
    0x0031: write,
    0x0036: read,
    0x0037: write,
    0x0053: wait,
    0x0054: call,
}
"""Named-pipe functions, [MS-CIFS] 2.2.2.2."""


def named_transaction(request: AnyRequest) -> Outcome:
    """SMB_COM_TRANSACTION by its name ([MS-CIFS] 3.3.5.29).

    Raises OBJECT_PATH_SYNTAX_BAD for a name that is neither pipe nor mailslot, OBJECT_NAME_NOT_FOUND for what
    nobody listens to.
    """
    params = _params(request)
    name = params.name.replace("/", "\\")
    request.path = name
    upper = name.upper()
    if upper.rstrip("\\") == PIPE_PREFIX or upper.startswith(f"{PIPE_PREFIX}\\"):
        if not params.setup:
            # Windows asks for no particular share here, and clients send it wherever they are connected.
            return remote_administration(request, upper)
        if not request.tree.share.is_ipc:
            raise SMBError(NT.OBJECT_NAME_NOT_FOUND, "pipes are on IPC$")
        request.subcommand = function = params.subcommand
        handler = FUNCTIONS.get(function or 0)
        if handler is None:
            known = names.subcommand(Command.TRANSACTION, function or 0)
            raise SMBError(
                NT.INVALID_PARAMETER if known is None else NT.NOT_IMPLEMENTED, f"pipe function {function}"
            )
        return handler(request)
    if upper.startswith("\\MAILSLOT\\"):
        raise SMBError(NT.OBJECT_NAME_NOT_FOUND, f"nobody listens to {name}")
    raise SMBError(NT.OBJECT_PATH_SYNTAX_BAD, f"{name!r} is neither a pipe nor a mailslot")
