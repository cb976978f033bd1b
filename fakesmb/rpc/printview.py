"""What interfaces may ask of printers, and do: spoolss, and the Remote Administration Protocol.

Whoever may not gets `SMBError` ACCESS_DENIED. Times are POSIX seconds.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final, Protocol

import msgspec

from fakesmb.rpc.caller import Caller

RAW: Final = "RAW"
"""The data type of what is printed as it comes."""


class JobPhase(StrEnum):
    """How far a job is: `core.printing.JobState`."""

    SPOOLING = "spooling"
    WAITING = "waiting"
    PAUSED = "paused"


class PrinterRow(msgspec.Struct, frozen=True):
    """A printer, which is a share of the same name."""

    name: str
    comment: str = ""
    driver: str = ""
    paused: bool = False
    jobs: int = 0
    """Those that wait, are paused, or are coming."""
    total_jobs: int = 0
    """Since the server started."""


class JobRow(msgspec.Struct, frozen=True):
    """A print job."""

    number: int
    printer: str
    document: str
    user: str
    client: str
    """Address of the client, without backslashes."""
    submitted: float
    size: int
    phase: JobPhase
    paused: bool = False
    position: int = 1
    """In its queue, from 1."""
    datatype: str = RAW


class JobChange(StrEnum):
    """What can be done to a job or to a printer with all its jobs."""

    PAUSE = "pause"
    GO_ON = "go on"
    CANCEL = "cancel"


class PrintView(Protocol):
    """The printers of a server, and their jobs."""

    def printers(self) -> Sequence[PrinterRow]:
        """All of them, in a stable order."""

    def printer(self, name: str) -> PrinterRow | None:
        """The one of that name, in any case."""

    def jobs(self, printer: str) -> Sequence[JobRow]:
        """The jobs of a printer, oldest first."""

    def job(self, number: int) -> JobRow | None:
        """The job of that number; None where it is gone."""

    def check_use(self, printer: str, caller: Caller) -> None:
        """Raises ACCESS_DENIED where that user may not print there."""

    def change_job(self, number: int, change: JobChange, caller: Caller) -> None:
        """What its owner or an administrator does to a job; raises what the disk says."""

    def change_printer(self, name: str, change: JobChange, caller: Caller) -> None:
        """What an administrator does to a printer."""

    def begin(self, printer: str, document: str, datatype: str, caller: Caller) -> int:
        """A new job; gives its number. Raises PRINT_QUEUE_FULL, and what the disk says."""

    def write(self, number: int, data: bytes) -> int:
        """More data of a job that was begun; gives their length. Raises PRINT_CANCELLED, NO_SPOOL_SPACE, DISK_FULL."""

    def end(self, number: int, *, vanished: bool = False) -> None:
        """No more data come: the job is ready. Nothing where it is gone already."""
