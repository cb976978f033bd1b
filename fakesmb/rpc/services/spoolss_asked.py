"""How requests of spoolss are read, and their answers written ([MS-RPRN] 3.1.4).

Buffers are bytes whose size the client says; an answer that does not fit says how much would be needed.
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from fakesmb.nt.status import ERRDOS, NT, SMBError, from_os, to_dos
from fakesmb.rpc.byteorder import Reader
from fakesmb.rpc.printview import PrinterRow
from fakesmb.rpc.services.spoolss_levels import (
    Printer,
    Structure,
    pack,
)
from fakesmb.rpc.stub import FIRST_REFERENT, U32, Call, Win32
from fakesmb.rpc.view import ServerView

_OF_NT: Final = {
    NT.PRINT_QUEUE_FULL: Win32.PRINTQ_FULL,
    NT.NO_SPOOL_SPACE: Win32.NO_SPOOL_SPACE,
    NT.PRINT_CANCELLED: Win32.PRINT_CANCELLED,
    NT.INSUFFICIENT_RESOURCES: Win32.NOT_ENOUGH_MEMORY,
}
DATATYPES: Final = ("RAW", "RAW [FF APPENDED]", "RAW [FF AUTO]", "TEXT", "XPS_PASS")


class PrintError(Exception):
    """A call that ends in a Win32 code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Opened:
    """What a printer handle stands for: a printer, or the server itself."""

    def __init__(self, view: ServerView, printer: str | None, datatype: str) -> None:
        self._view = view
        self.printer = printer
        self.datatype = datatype
        self.job: int | None = None
        """The document that is being printed through it."""

    def ended(self) -> None:
        """The handle is gone, and nobody can say any more that the document is complete."""
        if self.job is not None:
            number, self.job = self.job, None
            self._view.printing.end(number, vanished=True)


class Asked(Reader):
    """A request, and who asks."""

    call: Call

    def pointed(self) -> bool:
        """Whether a pointer points to something."""
        return self.number() != 0

    def text(self) -> str:
        """A string that is a parameter, without its null."""
        text = self.wide_string().partition("\0")[0]
        self.align(4)
        return text

    def unique_text(self) -> str | None:
        """A string that a pointer leads to; None for no pointer."""
        return self.text() if self.pointed() else None

    def array(self) -> bytes:
        """Bytes behind their number."""
        data = self.take(self.number())
        self.align(4)
        return data

    def room(self) -> int | None:
        """A buffer for the answer and its size; None where there is no buffer, which says how much would be needed."""
        data = self.array() if self.pointed() else None
        size = self.number()
        if data is not None and len(data) != size:
            raise ValueError(f"a buffer of {len(data)} bytes that is said to have {size}")
        return None if data is None else size

    def opened(self, handle: bytes | None = None) -> Opened:
        """The printer or server that a handle is of: the next one, or one that was read already.

        Raises `PrintError` for another kind, `Fault` for a stale one.
        """
        what = self.call.handles.check(self.handle() if handle is None else handle)
        if not isinstance(what, Opened):
            raise PrintError(Win32.INVALID_HANDLE)
        return what

    def printer(self, handle: bytes | None = None) -> tuple[Opened, Printer]:
        """The same of a handle that must be a printer's, and the printer."""
        opened = self.opened(handle)
        row = None if opened.printer is None else self.call.view.printing.printer(opened.printer)
        if row is None:
            raise PrintError(Win32.INVALID_HANDLE)
        return opened, shown(self.call.view, row)


def shown(view: ServerView, row: PrinterRow) -> Printer:
    """A printer as levels see it."""
    return Printer(row, view.facts, view.time())


# -- answers ---------------------------------------------------------------------------------------------------


def buffer(data: bytes, room: int | None, count: int | None = None) -> bytes:
    """A buffer with what was asked for, the size that is needed, and how many structures there are, if it is an array.

    Where it does not fit the buffer is empty, and the status ERROR_INSUFFICIENT_BUFFER.
    """
    fits = len(data) <= (room or 0)
    returned = b"" if count is None else U32.pack(count if fits else 0)
    status = Win32.OK if fits else Win32.INSUFFICIENT_BUFFER
    return buffer_of(data if fits else b"", room) + U32.pack(len(data)) + returned + U32.pack(status)


def buffer_of(data: bytes, room: int | None) -> bytes:
    if room is None:
        return U32.pack(0)
    return struct.pack("<II", FIRST_REFERENT, room) + data.ljust(room, b"\0") + bytes(-room % 4)


def failed_buffer(room: int | None, code: int, *, counted: bool) -> bytes:
    """The same where there is nothing to give."""
    return buffer_of(b"", room) + bytes(8 if counted else 4) + U32.pack(code)


def array_of(data: bytes, size: int) -> bytes:
    return U32.pack(size) + data.ljust(size, b"\0") + bytes(-size % 4)


def status_of(code: int) -> bytes:
    return U32.pack(code)


def code_of(error: SMBError | OSError) -> int:
    """The Win32 code of what went wrong."""
    status = error.status if isinstance(error, SMBError) else from_os(error)
    known = _OF_NT.get(status)  # type: ignore[call-overload]
    if known is not None:
        return int(known)
    kind, code = to_dos(status)
    return code if kind == ERRDOS else Win32.GEN_FAILURE


Run = Callable[[Asked], bytes]


def enumeration(levels: Callable[[Asked], Callable[[int], Sequence[Structure]]]) -> Run:
    """A call of Level, buffer and its size, behind what `levels` reads: that gives the structures of a level.

    These raise `PrintError`: INVALID_LEVEL, INVALID_HANDLE. `levels` raises none: the buffer is still to be read.
    """

    def run(asked: Asked) -> bytes:
        rows = levels(asked)
        level = asked.number()
        room = asked.room()
        try:
            found = rows(level)
        except PrintError as error:
            return failed_buffer(room, error.code, counted=True)
        return buffer(pack(found), room, len(found))

    return run


def of_table(levels: Mapping[int, Structure]) -> Callable[[int], Sequence[Structure]]:
    def rows(level: int) -> Sequence[Structure]:
        if level not in levels:
            raise PrintError(Win32.INVALID_LEVEL)
        return [levels[level]]

    return rows


def last_number(asked: Asked) -> int:
    """The last parameter, behind containers of many kinds."""
    asked.at = len(asked.stub) // 4 * 4 - 4
    return asked.number()


def denied(before: int = 0) -> Run:
    """What changes the server, and is not for others."""

    return lambda asked: bytes(before) + status_of(refusal(asked))


def refusal(asked: Asked) -> int:
    """The code of what is not for others, and not offered to administrators."""
    return Win32.NOT_SUPPORTED if asked.call.admin else Win32.ACCESS_DENIED
