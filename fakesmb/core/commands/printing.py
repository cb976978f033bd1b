"""Printing as the core dialects know it: OPEN_PRINT_FILE to GET_PRINT_QUEUE, IOCTL ([MS-CIFS] 2.2.4.67 to 2.2.4.70).

A printer's share makes a job of every open (`core.printstore`), so these and the commands of files are interchangeable:
what OPEN_PRINT_FILE opens WRITE_ANDX may write to, and CLOSE may close.
"""

from typing import TYPE_CHECKING, Final

from fakesmb.core.dispatch import Needs, command
from fakesmb.core.files import open_file
from fakesmb.core.printing import Job, JobState
from fakesmb.core.printstore import PrintHandle
from fakesmb.core.request import Answer, AnyRequest, Empty, Request
from fakesmb.core.state import Open
from fakesmb.nt.files import Access, Disposition, Option
from fakesmb.nt.filetime import from_seconds
from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs.store import CreateParameters, Opened
from fakesmb.wire.commands import Command
from fakesmb.wire.files import ClosePrintFileRequest, IoctlRequest
from fakesmb.wire.oem import encode_short
from fakesmb.wire.printing import (
    IOCTL_PRINT,
    QUERY_JOB_INFO,
    GetPrintQueueRequest,
    GetPrintQueueResponse,
    IoctlResponse,
    JobInfo,
    OpenPrintFileRequest,
    OpenPrintFileResponse,
    PrintQueueEntry,
    PrintQueueStatus,
    WritePrintFileRequest,
)
from fakesmb.wire.times import dos_from

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

_STATUS: Final = {
    JobState.SPOOLING: PrintQueueStatus.INTERCEPT,
    JobState.WAITING: PrintQueueStatus.AWAITING,
    JobState.PAUSED: PrintQueueStatus.HELD,
}
_NAME: Final = 15
_SHARE: Final = 13
_ENTRIES_HEAD: Final = 44
"""Bytes of an answer to GET_PRINT_QUEUE that are not entries."""


@command(Command.OPEN_PRINT_FILE, OpenPrintFileRequest, Needs.WRITABLE)
def open_print_file(request: Request[OpenPrintFileRequest]) -> "Answer | Deferred[Answer]":
    """SMB_COM_OPEN_PRINT_FILE, [MS-CIFS] 3.3.5.54. Data go to the printer as they come, in either mode."""
    if not request.tree.share.is_printer:
        raise SMBError(NT.INVALID_DEVICE_REQUEST, f"{request.tree.share.name} is no printer")
    create = CreateParameters(
        access=Access.GENERIC_WRITE,
        disposition=Disposition.CREATE,
        options=Option.NON_DIRECTORY,
        pid=request.header.pid,
        owner=request.connection,
    )

    def response(opened: Opened, entry: Open) -> Answer:
        return OpenPrintFileResponse(entry.fid)

    return open_file(request, request.named(request.params.identifier), create, response)


@command(Command.WRITE_PRINT_FILE, WritePrintFileRequest, Needs.TREE)
def write_print_file(request: Request[WritePrintFileRequest]) -> Answer:
    """SMB_COM_WRITE_PRINT_FILE, [MS-CIFS] 3.3.5.55: behind what came before."""
    entry, handle = _print_file(request, request.params.fid)
    job, data = handle.job, request.params.data
    request.store.write(handle, job.size, data, request.header.pid_low)
    entry.offset = job.size
    return Empty()


@command(Command.CLOSE_PRINT_FILE, ClosePrintFileRequest, Needs.TREE)
def close_print_file(request: Request[ClosePrintFileRequest]) -> Answer:
    """SMB_COM_CLOSE_PRINT_FILE, [MS-CIFS] 3.3.5.56: the job is complete."""
    entry, handle = _print_file(request, request.params.fid)
    trouble = request.connection.close_open(entry)
    request.ended(handle)
    if trouble is not None:
        raise trouble
    return Empty()


def _print_file(request: AnyRequest, fid: int) -> tuple[Open, PrintHandle]:
    entry = request.open(fid)
    if not isinstance(entry.handle, PrintHandle):
        raise SMBError(NT.INVALID_SMB, f"FID 0x{fid:04X} is not a print file")
    return entry, entry.handle


@command(Command.GET_PRINT_QUEUE, GetPrintQueueRequest, Needs.TREE)
def get_print_queue(request: Request[GetPrintQueueRequest]) -> Answer:
    """SMB_COM_GET_PRINT_QUEUE, [MS-CIFS] 2.2.4.70 and [SMB-CORE] 5.26. Windows has had none since NT and says
    STATUS_NOT_IMPLEMENTED; here a printer answers as Samba's does, in every dialect.
    """
    share = request.tree.share
    if not share.is_printer:
        raise SMBError(NT.NOT_IMPLEMENTED, f"{share.name} is no printer")
    params = request.params
    jobs = request.server.spooler.jobs(share.name)
    most = max((request.connection.max_buffer - _ENTRIES_HEAD) // PrintQueueEntry.size(), 0)
    backwards = params.max_count >= 0x8000
    wanted = min(0x10000 - params.max_count if backwards else params.max_count, most)
    if backwards:
        last = min(params.start_index + 1, len(jobs))
        first = max(last - wanted, 0)
        restart = max(first - 1, 0)
    else:
        first = min(params.start_index, len(jobs))
        last = min(first + wanted, len(jobs))
        restart = last
    found = jobs[first:last]
    if not found:
        return GetPrintQueueResponse(0, 0)
    return GetPrintQueueResponse(len(found), restart, b"".join(_entry(request, job) for job in found))


def _entry(request: AnyRequest, job: Job) -> bytes:
    date, clock = dos_from(from_seconds(job.submitted), request.connection.zone)
    name = encode_short(job.user, request.connection.oem_encoding, _NAME)
    return PrintQueueEntry.of(date, clock, _STATUS[job.state], job.number, job.size, name).encode()


@command(Command.IOCTL, IoctlRequest)
def ioctl(request: Request[IoctlRequest]) -> Answer:
    """SMB_COM_IOCTL, [MS-CIFS] 3.3.5.32. Windows knows one function: which job a print file is.

    Its refusal of others comes before it looks at the FID.
    """
    params = request.params
    of_job = (params.category, params.function) == (IOCTL_PRINT, QUERY_JOB_INFO)
    if not of_job or not request.tree.share.is_printer:
        what = f"category 0x{params.category:04X} has no function 0x{params.function:04X}"
        raise SMBError(NT.INVALID_SMB, what if not of_job else f"{request.tree.share.name} is no printer")
    _, handle = _print_file(request, params.fid)
    encoding = request.connection.oem_encoding
    return IoctlResponse.of(
        JobInfo(
            handle.job.number,
            encode_short(request.server.settings.name, encoding, _NAME),
            encode_short(request.tree.share.name, encoding, _SHARE),
        ).encode()
    )
