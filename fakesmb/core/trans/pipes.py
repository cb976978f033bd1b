"""SMB_COM_TRANSACTION on named pipes: reading, writing, transacting and their state ([MS-CIFS] 2.2.5)."""

from typing import Final

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from fakesmb.core.dispatch import Needs
from fakesmb.core.pipe_sign_in import acceptors
from fakesmb.core.request import Request
from fakesmb.core.transactions import Outcome, Results, subcommand
from fakesmb.core.views import caller_of, group_owner
from fakesmb.core.waiting import then
from fakesmb.nt.status import NT, SMBError
from fakesmb.rpc.pipes import Pipe, Received
from fakesmb.wire.codec import DecodeError
from fakesmb.wire.commands import PipeFunction
from fakesmb.wire.pipes import (
    PeekResponse,
    PipeFidSetup,
    PipeInfo,
    PipeSetup,
    PipeState,
    WriteNmpipeResponse,
)

CONNECTED_STATE: Final = 3
"""NamedPipeState of the peek answer: connected to a server ([MS-CIFS] 2.2.5.5.2)."""
UNLIMITED_INSTANCES: Final = 255
QUOTA: Final = 4096
"""Bytes of a pipe's buffers, as TRANS_QUERY_NMPIPE_INFO tells them."""


def _pipe(request: Request[PipeFidSetup]) -> Pipe:
    pipe = request.open(request.params.fid).pipe
    if pipe is None:
        raise SMBError(NT.INVALID_HANDLE, f"FID 0x{request.params.fid:04X} is a file, not a pipe")
    return pipe


@subcommand(PipeFunction.SET_NMPIPE_STATE, PipeFidSetup, Needs.TREE)
def set_state(request: Request[PipeFidSetup]) -> Results:
    """TRANS_SET_NMPIPE_STATE, [MS-CIFS] 3.3.5.57.2."""
    try:
        wanted = PipeState.decode(request.transaction.parameters)
    except DecodeError as error:
        raise SMBError(NT.INVALID_PARAMETER, str(error)) from error
    _pipe(request).set_state(wanted.state)
    return Results()


@subcommand(PipeFunction.RAW_READ_NMPIPE, PipeFidSetup, Needs.TREE)
def raw_read(request: Request[PipeFidSetup]) -> Outcome:
    """TRANS_RAW_READ_NMPIPE, [MS-CIFS] 3.3.5.57.3: messages run together."""
    return then(_pipe(request).receive(request.transaction.max_data_count, raw=True), _received)


@subcommand(PipeFunction.QUERY_NMPIPE_STATE, PipeFidSetup, Needs.TREE)
def query_state(request: Request[PipeFidSetup]) -> Results:
    """TRANS_QUERY_NMPIPE_STATE, [MS-CIFS] 3.3.5.57.4."""
    return Results(PipeState(_pipe(request).state))


@subcommand(PipeFunction.QUERY_NMPIPE_INFO, PipeFidSetup, Needs.TREE)
def query_info(request: Request[PipeFidSetup]) -> Results:
    """TRANS_QUERY_NMPIPE_INFO, [MS-CIFS] 3.3.5.57.5."""
    pipe = _pipe(request)
    name = f"\\PIPE{pipe.path}\0"
    encoded = name.encode("utf-16-le") if request.unicode else name.encode("ascii")
    head = PipeInfo(QUOTA, QUOTA, UNLIMITED_INSTANCES, min(pipe.instances, 255), len(encoded) & 0xFF)
    pad = b"\0" if request.unicode else b""
    return Results(data=head.encode() + pad + encoded)


@subcommand(PipeFunction.PEEK_NMPIPE, PipeFidSetup, Needs.TREE)
def peek(request: Request[PipeFidSetup]) -> Results:
    """TRANS_PEEK_NMPIPE, [MS-CIFS] 3.3.5.57.6."""
    pipe = _pipe(request)
    data = pipe.peek(request.transaction.max_data_count)
    head = PeekResponse(min(pipe.available, 0xFFFF), min(pipe.message_left, 0xFFFF), CONNECTED_STATE)
    more = pipe.message_left > len(data)
    return Results(head, data, status=NT.BUFFER_OVERFLOW if more else 0)


@subcommand(PipeFunction.TRANSACT_NMPIPE, PipeFidSetup, Needs.TREE)
def transact(request: Request[PipeFidSetup]) -> Outcome:
    """TRANS_TRANSACT_NMPIPE, [MS-CIFS] 3.3.5.57.7: a write and the read of its answer.

    An answer longer than the client's buffer comes with BUFFER_OVERFLOW; reads fetch the rest.
    """
    sent = request.transaction
    return then(_pipe(request).transact(sent.data, sent.max_data_count), _received)


@subcommand(PipeFunction.RAW_WRITE_NMPIPE, PipeFidSetup, Needs.TREE)
def raw_write(request: Request[PipeFidSetup]) -> Results:
    """TRANS_RAW_WRITE_NMPIPE, [MS-CIFS] 3.3.5.57.8."""
    return _write(request)


@subcommand(PipeFunction.READ_NMPIPE, PipeFidSetup, Needs.TREE)
def read(request: Request[PipeFidSetup]) -> Outcome:
    """TRANS_READ_NMPIPE, [MS-CIFS] 3.3.5.57.9."""
    return then(_pipe(request).receive(request.transaction.max_data_count), _received)


@subcommand(PipeFunction.WRITE_NMPIPE, PipeFidSetup, Needs.TREE)
def write(request: Request[PipeFidSetup]) -> Results:
    """TRANS_WRITE_NMPIPE, [MS-CIFS] 3.3.5.57.10."""
    return _write(request)


def _write(request: Request[PipeFidSetup]) -> Results:
    return Results(WriteNmpipeResponse(_pipe(request).write(request.transaction.data) & 0xFFFF))


@subcommand(PipeFunction.WAIT_NMPIPE, PipeSetup, Needs.TREE)
def wait(request: Request[PipeSetup]) -> Results:
    """TRANS_WAIT_NMPIPE, [MS-CIFS] 3.3.5.57.11: an instance is always free; a pipe must be there."""
    name = request.transaction.name
    if not request.server.pipes.exists(name):
        raise SMBError(NT.OBJECT_NAME_NOT_FOUND, f"no pipe {name!r}")
    return Results()


@subcommand(PipeFunction.CALL_NMPIPE, PipeSetup, Needs.TREE)
def call(request: Request[PipeSetup]) -> Outcome:
    """TRANS_CALL_NMPIPE, [MS-CIFS] 3.3.5.57.12: opens the pipe that the request names, transacts and closes it.

    What does not fit the client's buffer is lost with the pipe.
    """
    sent = request.transaction
    session = request.session
    pipe = request.server.pipes.open(
        sent.name,
        caller_of(session),
        acceptors(request.connection),
        owner=group_owner(session),
        quotas=request.connection.quotas.pipes,
    )

    def closed(result: "Received | Failure") -> "Received | Failure":
        pipe.close()
        return result

    try:
        received = pipe.transact(sent.data, sent.max_data_count)
    except BaseException:
        pipe.close()
        raise
    if isinstance(received, Deferred):
        return received.addBoth(closed).addCallback(_received)
    pipe.close()
    return _received(received)


def _received(received: Received) -> Results:
    data, more = received
    return Results(data=data, status=NT.BUFFER_OVERFLOW if more else 0)
