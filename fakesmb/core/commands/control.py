"""About the connection and its other requests: ECHO, NT_CANCEL ([MS-CIFS] 2.2.4.39, 2.2.4.65)."""

from typing import Final

from fakesmb.core.dispatch import Needs, command
from fakesmb.core.id_pool import RESERVED_ID
from fakesmb.core.request import NO_REPLY, Answer, Replies, Reply, Request
from fakesmb.nt.status import NT, SMBError
from fakesmb.wire.codec import Body
from fakesmb.wire.commands import Command
from fakesmb.wire.session import (
    EchoRequest,
    EchoResponse,
    NtCancelRequest,
)

MOST_ECHOES: Final = 16
"""Answers to one ECHO ([MS-CIFS] 3.3.5.33 allows a limit): more would multiply what a stranger sends."""


@command(Command.ECHO, EchoRequest, Needs.NOTHING)
def echo(request: Request[EchoRequest]) -> Answer:
    """SMB_COM_ECHO, [MS-CIFS] 3.3.5.33."""
    tid = request.header.tid
    if tid != RESERVED_ID and tid and tid not in request.connection.trees.entries:
        raise SMBError(NT.SMB_BAD_TID, f"TID 0x{tid:04X} is not connected")
    count = request.params.echo_count
    if count == 0:
        return NO_REPLY
    data = request.params.data
    if count == 1:
        return EchoResponse(1, data)
    answers: list[Body] = [EchoResponse(number + 1, data) for number in range(min(count, MOST_ECHOES))]
    return Replies(tuple(Reply(answer) for answer in answers))


@command(Command.NT_CANCEL, NtCancelRequest, Needs.NOTHING)
def nt_cancel(request: Request[NtCancelRequest]) -> Answer:
    """SMB_COM_NT_CANCEL, [MS-CIFS] 3.3.5.52: no answer of its own; what it cancels ends with STATUS_CANCELLED."""
    header = request.header
    for exchange in list(request.connection.pending):
        other = exchange.header
        if (other.mid, other.pid, other.uid, other.tid) == (header.mid, header.pid, header.uid, header.tid):
            exchange.cancel()
    return NO_REPLY
