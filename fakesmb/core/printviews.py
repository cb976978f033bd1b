"""What the server lets its RPC interfaces see of its printers, and do with them."""

from typing import TYPE_CHECKING, Final

from fakesmb.auth.accounts import Guest
from fakesmb.core.printing import Job, Printing, Spooler
from fakesmb.nt.status import NT, SMBError
from fakesmb.rpc.printview import JobChange, JobPhase, JobRow, PrinterRow

if TYPE_CHECKING:
    from fakesmb.core.state import Server, Share
    from fakesmb.rpc.view import Caller


class LivePrinting:
    """`rpc.printview.PrintView` over a running server."""

    def __init__(self, server: "Server") -> None:
        self._server = server

    @property
    def _spooler(self) -> Spooler:
        return self._server.spooler

    def printers(self) -> list[PrinterRow]:
        """All of them, by name."""
        return [
            self._row(share) for share in sorted(self._spooler.printers, key=lambda one: one.name.casefold())
        ]

    def printer(self, name: str) -> PrinterRow | None:
        """The one of that name, in any case."""
        share = self._share(name)
        return None if share is None else self._row(share)

    def _share(self, name: str) -> "Share | None":
        share = self._server.share(name)
        return share if share is not None and share.is_printer else None

    def _row(self, share: "Share") -> PrinterRow:
        spooler = self._spooler
        return PrinterRow(
            share.name,
            share.comment,
            share.driver,
            spooler.is_paused(share.name),
            len(spooler.jobs(share.name)),
            spooler.total,
        )

    def jobs(self, printer: str) -> list[JobRow]:
        """The jobs of a printer, oldest first."""
        return [_row_of(job, at + 1) for at, job in enumerate(self._spooler.jobs(printer))]

    def job(self, number: int) -> JobRow | None:
        """The job of that number; None where it is gone."""
        job = self._spooler.job(number)
        rows = [] if job is None else self.jobs(job.printer)
        return next((one for one in rows if one.number == number), None)

    def check_use(self, printer: str, caller: "Caller") -> None:
        """Raises ACCESS_DENIED for those whom the share does not admit, and for guests who may change nothing.

        At share level a printer that has a password is printed on over its share alone: on a pipe none is shown.
        """
        share = self._share(printer)
        proved = not caller.anonymous and not caller.guest
        admitted = share is not None and share.admits_user(caller.user, proved=proved, admin=caller.admin)
        locked = (
            share is not None and share.passwords is not None and self._server.settings.security == "share"
        )
        reads_only = caller.guest and self._server.accounts.guest is Guest.READ_ONLY
        if caller.anonymous or reads_only or locked or not admitted:
            raise SMBError(NT.ACCESS_DENIED, f"{caller.user or 'anonymous'} may not print on {printer}")

    def change_job(self, number: int, change: JobChange, caller: "Caller") -> None:
        """What its owner or an administrator does to a job."""
        job = self._spooler.job(number)
        if job is None:
            raise SMBError(NT.INVALID_PARAMETER, f"no print job {number}")
        if caller.anonymous or not (caller.admin or caller.identity == job.owner):
            raise SMBError(NT.ACCESS_DENIED, f"print job {number} is {job.user}'s")
        if change is JobChange.CANCEL:
            self._spooler.cancel(job, caller.user)
        elif change is JobChange.PAUSE:
            self._spooler.pause(job)
        else:
            self._spooler.go_on(job)

    def change_printer(self, name: str, change: JobChange, caller: "Caller") -> None:
        """What an administrator does to a printer."""
        if not caller.admin:
            raise SMBError(NT.ACCESS_DENIED, f"{caller.user!r} is no administrator")
        share = self._share(name)
        if share is None:
            raise SMBError(NT.INVALID_PARAMETER, f"no printer {name!r}")
        if change is JobChange.CANCEL:
            self._spooler.purge(share.name, caller.user)
        elif change is JobChange.PAUSE:
            self._spooler.pause_printer(share.name)
        else:
            self._spooler.resume_printer(share.name)

    def begin(self, printer: str, document: str, datatype: str, caller: "Caller") -> int:
        """A new job; gives its number."""
        self.check_use(printer, caller)
        share = self._share(printer)
        assert share is not None
        who = Printing(caller.user, caller.identity, caller.peer, caller.connection)
        job = self._spooler.begin(share, document, who)
        job.datatype = datatype[:_MOST_OF_DATATYPE]
        return job.number

    def write(self, number: int, data: bytes) -> int:
        """More data of a job, behind those that have come."""
        job = self._spooler.job(number)
        if job is None:
            raise SMBError(NT.PRINT_CANCELLED, f"print job {number} is gone")
        return self._spooler.write(job, job.size, data)

    def end(self, number: int, *, vanished: bool = False) -> None:
        """No more data come."""
        job = self._spooler.job(number)
        trouble = None if job is None else self._spooler.end(job, vanished=vanished)
        if trouble is not None:
            raise trouble


_MOST_OF_DATATYPE: Final = 64


def _row_of(job: Job, position: int) -> JobRow:
    return JobRow(
        job.number, job.printer, job.document, job.user, job.client, job.submitted, job.size,
        JobPhase(job.state), job.paused, position, job.datatype,
    )  # fmt: skip
