"""Closing and making durable: CLOSE, FLUSH, PROCESS_EXIT ([MS-CIFS] 2.2.4)."""

from twisted.internet.defer import Deferred

from fakesmb.core.dispatch import Needs, command
from fakesmb.core.endings import end
from fakesmb.core.files import made_durable
from fakesmb.core.id_pool import RESERVED_ID
from fakesmb.core.request import Answer, Empty, Request
from fakesmb.wire.commands import Command
from fakesmb.wire.files import CloseRequest, FlushRequest
from fakesmb.wire.times import utime_to
from fakesmb.wire.tree import ProcessExitRequest


@command(Command.CLOSE, CloseRequest, Needs.TREE)
def close(request: Request[CloseRequest]) -> Answer:
    """SMB_COM_CLOSE, [MS-CIFS] 3.3.5.7. A time of 0 or -1 leaves the write time alone."""
    params = request.params
    entry = request.open(params.fid)
    trouble = request.connection.close_open(entry, utime_to(params.last_write_time, request.connection.zone))
    request.ended(entry.handle)
    if trouble is not None:
        raise trouble
    return Empty()


@command(Command.FLUSH, FlushRequest, Needs.DISK)
def flush(request: Request[FlushRequest]) -> Deferred[Answer]:
    """SMB_COM_FLUSH, [MS-CIFS] 3.3.5.8. FID 0xFFFF flushes everything that the process has open."""
    fid = request.params.fid
    if fid != RESERVED_ID:
        handles = [request.file(fid)]
    else:
        handles = [
            entry.handle
            for entry in request.connection.opens
            if entry.tree is request.tree
            and entry.session is request.session
            and entry.pid == request.header.pid
            and entry.handle is not None
        ]
    return made_durable(request, handles).addCallback(lambda _: Empty())


@command(Command.PROCESS_EXIT, ProcessExitRequest, Needs.SESSION)
def process_exit(request: Request[ProcessExitRequest]) -> "Answer | Deferred[Answer]":
    """SMB_COM_PROCESS_EXIT, [MS-CIFS] 3.3.5.20: closes what that process of the user has open."""
    ended = end(request.connection, session=request.session, pid=request.header.pid, asking=request.exchange)
    return Empty() if ended is None else ended.addCallback(lambda _: Empty())
