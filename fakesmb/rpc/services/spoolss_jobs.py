"""spoolss: print jobs, and printing ([MS-RPRN] 3.1.4.3, 3.1.4.9)."""

import struct
from typing import Final

from fakesmb.rpc.printview import JobChange
from fakesmb.rpc.services.spoolss_asked import (
    DATATYPES,
    Asked,
    Opened,
    PrintError,
    buffer,
    failed_buffer,
    last_number,
    status_of,
)
from fakesmb.rpc.services.spoolss_levels import (
    JOB_LEVELS,
    pack,
)
from fakesmb.rpc.stub import Win32

_JOB_CHANGES: Final = {1: JobChange.PAUSE, 2: JobChange.GO_ON, 3: JobChange.CANCEL, 5: JobChange.CANCEL}


def enum_jobs(asked: Asked) -> bytes:
    """RpcEnumJobs, 3.1.4.3.3."""
    handle = asked.handle()
    first, most, level = asked.numbers("III")
    room = asked.room()
    try:
        _, printer = asked.printer(handle)
    except PrintError as error:
        return failed_buffer(room, error.code, counted=True)
    if level not in JOB_LEVELS:
        return failed_buffer(room, Win32.INVALID_LEVEL, counted=True)
    jobs = asked.call.view.printing.jobs(printer.row.name)[first : first + most]
    return buffer(pack([JOB_LEVELS[level](job, printer) for job in jobs]), room, len(jobs))


def get_job(asked: Asked) -> bytes:
    """RpcGetJob, 3.1.4.3.2."""
    _, printer = asked.printer()
    number, level = asked.numbers("II")
    room = asked.room()
    job = asked.call.view.printing.job(number)
    if job is None or job.printer != printer.row.name:
        return failed_buffer(room, Win32.INVALID_PARAMETER, counted=False)
    if level not in JOB_LEVELS:
        return failed_buffer(room, Win32.INVALID_LEVEL, counted=False)
    return buffer(pack([JOB_LEVELS[level](job, printer)]), room)


def set_job(asked: Asked) -> bytes:
    """RpcSetJob, 3.1.4.3.1: pauses, resumes or removes a job, for its owner or an administrator."""
    _, printer = asked.printer()
    number = asked.number()
    job = asked.call.view.printing.job(number)
    if job is None or job.printer != printer.row.name:
        return status_of(Win32.INVALID_PARAMETER)
    change = _JOB_CHANGES.get(last_number(asked))
    if change is None:
        return status_of(Win32.NOT_SUPPORTED)
    asked.call.view.printing.change_job(number, change, asked.call.caller)
    return status_of(Win32.OK)


def start_doc(asked: Asked) -> bytes:
    """RpcStartDocPrinter, 3.1.4.9.1."""
    opened, printer = asked.printer()
    level, tag = asked.numbers("II")
    if level != 1 or tag != 1 or not asked.pointed():
        return bytes(4) + status_of(Win32.INVALID_LEVEL)
    there = [asked.pointed() for _ in range(3)]
    document, _, datatype = (asked.text() if one else None for one in there)
    if opened.job is not None:
        return bytes(4) + status_of(Win32.INVALID_PARAMETER)
    if datatype and datatype.upper() not in DATATYPES:
        return bytes(4) + status_of(Win32.INVALID_DATATYPE)
    opened.job = asked.call.view.printing.begin(
        printer.row.name, document or "", datatype or opened.datatype, asked.call.caller
    )
    return struct.pack("<II", opened.job, Win32.OK)


def page(asked: Asked) -> bytes:
    """RpcStartPagePrinter and RpcEndPagePrinter, 3.1.4.9.2 and 3.1.4.9.4: pages are in the data."""
    _document(asked.opened())
    return status_of(Win32.OK)


def _document(opened: Opened) -> int:
    if opened.job is None:
        raise PrintError(Win32.SPL_NO_STARTDOC)
    return opened.job


def write_printer(asked: Asked) -> bytes:
    """RpcWritePrinter, 3.1.4.9.3."""
    opened = asked.opened()
    data = asked.array()
    if asked.number() != len(data):
        raise ValueError("cbBuf is not the size of the buffer")
    written = asked.call.view.printing.write(_document(opened), data)
    return struct.pack("<II", written, Win32.OK)


def end_doc(asked: Asked) -> bytes:
    """RpcEndDocPrinter, 3.1.4.9.7."""
    opened = asked.opened()
    number = _document(opened)
    opened.job = None
    asked.call.view.printing.end(number)
    return status_of(Win32.OK)


def abort_printer(asked: Asked) -> bytes:
    """RpcAbortPrinter, 3.1.4.9.5: the document is removed."""
    opened = asked.opened()
    number = _document(opened)
    opened.job = None
    asked.call.view.printing.change_job(number, JobChange.CANCEL, asked.call.caller)
    return status_of(Win32.OK)


def add_job(asked: Asked) -> bytes:
    """RpcAddJob, 3.1.4.3.4: for programs of this machine."""
    asked.printer()
    asked.number()
    return failed_buffer(asked.room(), Win32.INVALID_PARAMETER, counted=False)
