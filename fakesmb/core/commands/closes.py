"""Closing and making durable: CLOSE, CLOSE_PRINT_FILE, FLUSH, PROCESS_EXIT ([MS-CIFS] 2.2.4)."""

from twisted.internet.defer import Deferred

from fakesmb.core.dispatch import Needs, command
from fakesmb.core.endings import end
from fakesmb.core.files import made_durable
from fakesmb.core.id_pool import RESERVED_ID
from fakesmb.core.request import Answer, Empty, Request
from fakesmb.nt.status import NT, SMBError
from fakesmb.wire.commands import Command
from fakesmb.wire.files import ClosePrintFileRequest, CloseRequest, FlushRequest
from fakesmb.wire.times import utime_to
from fakesmb.wire.tree import ProcessExitRequest


@command(Command.CLOSE, CloseRequest, Needs.TREE)
def close(request: Request[CloseRequest]) -> Answer:
    """SMB_COM_CLOSE, [MS-CIFS] 3.3.5.7. A time of 0 or -1 leaves the write time alone."""
    params = request.params
    entry = request.open(params.fid)
    trouble = request.connection.close_open(
        entry, utime_to(params.last_write_time, request.connection.profile.time_zone)
    )
    request.ended(entry.handle)
    if trouble is not None:
        raise trouble
    return Empty()


@command(Command.CLOSE_PRINT_FILE, ClosePrintFileRequest, Needs.TREE)
def close_print_file(request: Request[ClosePrintFileRequest]) -> Answer:
    """SMB_COM_CLOSE_PRINT_FILE, [MS-CIFS] 3.3.5.56: no file here is one that prints when it is closed."""
    request.open(request.params.fid)
    raise SMBError(NT.INVALID_SMB, f"FID 0x{request.params.fid:04X} is not a print file")


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
