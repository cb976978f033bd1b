"""spoolss: opening printers, what they are, and the changes that clients wait for ([MS-RPRN] 3.1.4.2, 3.1.4.10)."""

from typing import Final

from fakesmb.rpc.printview import RAW, JobChange
from fakesmb.rpc.services.spoolss_asked import (
    DATATYPES,
    Asked,
    Opened,
    PrintError,
    buffer,
    failed_buffer,
    last_number,
    refusal,
    shown,
    status_of,
)
from fakesmb.rpc.services.spoolss_levels import (
    ENUMERATED,
    PRINTER_LEVELS,
    pack,
)
from fakesmb.rpc.stub import NO_HANDLE, Win32
from fakesmb.rpc.view import ServerView

ADMINISTER: Final = 0x00000001 | 0x00000004 | 0x000D0000 | 0x50000000
"""Rights that only administrators get: SERVER_ACCESS_ADMINISTER, PRINTER_ACCESS_ADMINISTER, DELETE, WRITE_DAC,
WRITE_OWNER, GENERIC_ALL and GENERIC_WRITE ([MS-RPRN] 2.2.3.1)."""
_ENUM_LOCAL, _ENUM_NAME, _ENUM_SHARED = 0x02, 0x08, 0x20
_PRINTER_CHANGES: Final = {1: JobChange.PAUSE, 2: JobChange.GO_ON, 3: JobChange.CANCEL}


def enum_printers(asked: Asked) -> bytes:
    """RpcEnumPrinters, 3.1.4.2.1: the printers of this server, for those who ask for local ones or by its name."""
    flags, name, level = asked.number(), asked.unique_text(), asked.number()
    room = asked.room()
    if level not in ENUMERATED:
        return failed_buffer(room, Win32.INVALID_LEVEL, counted=True)
    here = flags & (_ENUM_LOCAL | _ENUM_SHARED) or (flags & _ENUM_NAME and name)
    view = asked.call.view
    rows = view.printing.printers() if here else ()
    found = [PRINTER_LEVELS[level](shown(view, row)) for row in rows]
    return buffer(pack(found), room, len(found))


def open_printer(asked: Asked) -> bytes:
    """RpcOpenPrinter and RpcOpenPrinterEx, 3.1.4.2.2 and 3.1.4.2.14; who the client says it is does not count."""
    name, datatype = asked.unique_text(), asked.unique_text()
    asked.number()
    if asked.pointed():
        asked.array()
    access = asked.number()
    call = asked.call
    if call.caller.anonymous or (access & ADMINISTER and not call.admin):
        return NO_HANDLE + status_of(Win32.ACCESS_DENIED)
    printer = _printer_of(call.view, name or "")
    if printer is not None:
        call.view.printing.check_use(printer, call.caller)
    if datatype and datatype.upper() not in DATATYPES:
        return NO_HANDLE + status_of(Win32.INVALID_DATATYPE)
    handle = call.handles.give(Opened(call.view, printer, datatype or RAW))
    if handle is None:
        return NO_HANDLE + status_of(Win32.NOT_ENOUGH_MEMORY)
    return handle + status_of(Win32.OK)


def _printer_of(view: ServerView, name: str) -> str | None:
    """The printer that a name means, None for the server: `\\\\SERVER\\lp`, `lp`, `\\\\SERVER`, nothing."""
    printer = name[2:].partition("\\")[2] if name.startswith("\\\\") else name
    if not printer.strip("\\"):
        return None
    row = view.printing.printer(printer.partition(",")[0].strip())
    if row is None:
        raise PrintError(Win32.INVALID_PRINTER_NAME)
    return row.name


def get_printer(asked: Asked) -> bytes:
    """RpcGetPrinter, 3.1.4.2.6."""
    handle = asked.handle()
    level = asked.number()
    room = asked.room()
    try:
        _, printer = asked.printer(handle)
    except PrintError as error:
        return failed_buffer(room, error.code, counted=False)
    if level not in PRINTER_LEVELS:
        return failed_buffer(room, Win32.INVALID_LEVEL, counted=False)
    return buffer(pack([PRINTER_LEVELS[level](printer)]), room)


def set_printer(asked: Asked) -> bytes:
    """RpcSetPrinter, 3.1.4.2.5: pauses, resumes, or removes all jobs; what a printer is cannot be set."""
    _, printer = asked.printer()
    change = _PRINTER_CHANGES.get(last_number(asked))
    if change is None:
        return status_of(refusal(asked))
    asked.call.view.printing.change_printer(printer.row.name, change, asked.call.caller)
    return status_of(Win32.OK)


def close_printer(asked: Asked) -> bytes:
    """RpcClosePrinter, 3.1.4.2.9: a document that was not ended is printed as far as it came."""
    handle = asked.handle()
    what = asked.call.handles.check(handle)
    if isinstance(what, Opened) and what.job is not None:
        number, what.job = what.job, None
        asked.call.view.printing.end(number)
    asked.call.handles.close(handle)
    return NO_HANDLE + status_of(Win32.OK)


def find_first_change(asked: Asked) -> bytes:
    """RpcRemoteFindFirstPrinterChangeNotificationEx, 3.1.4.10.4: as by a server that cannot call the client back."""
    asked.opened()
    return status_of(Win32.SERVER_UNAVAILABLE)


def find_close_change(asked: Asked) -> bytes:
    """RpcFindClosePrinterChangeNotification, 3.1.4.10.2: there is none to be closed."""
    asked.opened()
    return status_of(Win32.INVALID_HANDLE)


def refresh_change(asked: Asked) -> bytes:
    """RpcRouterRefreshPrinterChangeNotification, 3.1.4.10.5: nobody is told of changes."""
    asked.opened()
    return bytes(4) + status_of(Win32.INVALID_HANDLE)
