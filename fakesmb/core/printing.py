"""Print jobs: what clients print becomes a file in the printer's folder. No packet is known here.

A job is in its queue for as long as its file is in the folder: who takes the file away (a program that really prints)
has printed the job, who cancels the job removes the file. The name of a file says how far its job is: `.part` behind
it while data come, `.held` while the job is paused, nothing when it is ready to be printed.
"""

import time
from collections.abc import Hashable, Iterable
from contextlib import suppress
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from fakesmb.nt.files import Access, Disposition, Option, ShareMode
from fakesmb.nt.names import fold
from fakesmb.nt.status import NT, SMBError, from_os
from fakesmb.record.events import Printed
from fakesmb.vfs.paths import Path
from fakesmb.vfs.store import CreateParameters, Handle

if TYPE_CHECKING:
    from fakesmb.core.settings import Limits
    from fakesmb.core.state import Share
    from fakesmb.record.log import EventLog
    from fakesmb.vfs.store import FileStore
    from fakesmb.world import World

UNNAMED: Final = "Remote Downlevel Document"
"""What Windows calls the document of a client that names none."""
MOST_OF_NAME: Final = 255
"""Characters of a document's name that are kept."""
_LAST_NUMBER: Final = 0xFFFF
"""LAN Manager's clients know 16 bits of a job's number."""
_MOST_NAMES: Final = 1000
"""Names that are tried for a file before the folder counts as full of them."""
_USER_BYTES: Final = 40
_DOCUMENT_BYTES: Final = 120
_EXTENSION: Final = ".prn"
_SPOOLS: Final = CreateParameters(
    access=Access.GENERIC_WRITE | Access.DELETE | Access.READ_ATTRIBUTES,
    share=ShareMode.ALL,
    disposition=Disposition.CREATE,
    options=Option.NON_DIRECTORY,
)
_RENAMES: Final = CreateParameters(access=Access.DELETE, share=ShareMode.ALL, options=Option.NON_DIRECTORY)


class JobState(StrEnum):
    """How far a job is."""

    SPOOLING = "spooling"
    """Its data are coming."""
    WAITING = "waiting"
    """All of it is there: a program may print it."""
    PAUSED = "paused"
    """All of it is there, and it is not to be printed yet."""


_SUFFIX: Final = {JobState.SPOOLING: ".part", JobState.PAUSED: ".held", JobState.WAITING: ""}


class Printing(NamedTuple):
    """Who prints, and from where."""

    user: str
    owner: Hashable
    """Whom the job belongs to: what is the same for two sign-ins of one user."""
    peer: str
    """`address:port` of the client."""
    connection: int


class Job(msgspec.Struct, eq=False):
    """One print job."""

    number: int
    """From 1, of the server: no two jobs that are there have the same."""
    printer: str
    """The share."""
    document: str
    user: str
    owner: Hashable
    peer: str
    connection: int
    submitted: float
    """POSIX seconds."""
    base: str
    """The file's name without what says how far the job is."""
    state: JobState = JobState.SPOOLING
    paused: bool = False
    """Whether it, or its printer, is paused: known while data come, too."""
    size: int = 0
    """Bytes of its data."""
    datatype: str = "RAW"
    handle: Handle | None = None
    """The open file, while data come."""
    trouble: SMBError | None = None
    """Why not all of it could be kept: then none of it is, in the end."""

    @property
    def file(self) -> str:
        """The name of its file in the folder of the printer."""
        return self.base + _SUFFIX[self.state]

    @property
    def client(self) -> str:
        """The client's address."""
        return self.peer.rpartition(":")[0] or self.peer


class Spooler:
    """The print jobs of one server, in the order in which they came."""

    def __init__(self, shares: "Iterable[Share]", limits: "Limits", world: "World", log: "EventLog") -> None:
        self._printers = {fold(share.name): share for share in shares if share.is_printer}
        self._stores = {name: _store_of(share) for name, share in self._printers.items()}
        self._limits = limits
        self._world = world
        self._log = log
        self._jobs: dict[int, Job] = {}
        self._last = 0
        self._paused: set[str] = set()
        self.total = 0
        """Jobs since the server started."""

    @property
    def printers(self) -> "list[Share]":
        """The shares that are printers."""
        return list(self._printers.values())

    def is_paused(self, printer: str) -> bool:
        """Whether new jobs of a printer wait until it goes on."""
        return fold(printer) in self._paused

    # -- a job's life ----------------------------------------------------------------------------------------

    def begin(self, share: "Share", document: str, who: Printing) -> Job:
        """A new job, whose data are to come.

        Raises PRINT_QUEUE_FULL where there are as many as may be, and what the disk says.
        """
        self._make_room()
        number = self._next_number()
        document = document[:MOST_OF_NAME] or UNNAMED
        now = self._world.now()
        job = Job(
            number, share.name, document, who.user, who.owner, who.peer, who.connection, now,
            base_name(now, number, who.user, document),
            paused=self.is_paused(share.name),
        )  # fmt: skip
        store = self._stores[fold(share.name)]
        for base in _names(job.base):
            if _is_there(store, base) or _is_there(store, base + _SUFFIX[JobState.PAUSED]):
                continue
            job.base = base
            try:
                job.handle = store.create(Path((job.file,)), _SPOOLS).handle
                break
            except SMBError as error:
                if error.status != NT.OBJECT_NAME_COLLISION:
                    raise
        else:
            raise SMBError(NT.OBJECT_NAME_COLLISION, f"the folder of {share.name} has {job.base} already")
        self._jobs[number] = job
        self._last = number
        self.total += 1
        return job

    def write(self, job: Job, offset: int, data: bytes | bytearray | memoryview) -> int:
        """Data of a job at a place of its file; gives their length.

        Raises PRINT_CANCELLED where the job is gone, NO_SPOOL_SPACE where it would get too long, and what the disk
        says: DISK_FULL.
        """
        handle = self._open_of(job)
        self._check_size(job, offset + len(data))
        try:
            count = self._store(job).write(handle, offset, data, handle.pid)
        except (SMBError, OSError) as error:
            job.trouble = error if isinstance(error, SMBError) else SMBError(from_os(error), str(error))
            raise
        job.size = max(job.size, offset + count)
        return count

    def resize(self, job: Job, size: int) -> None:
        """Makes the data of a job that long; raises as `write` does."""
        handle = self._open_of(job)
        self._check_size(job, size)
        self._store(job).set_end_of_file(handle, size)
        job.size = size

    def end(self, job: Job, *, vanished: bool = False) -> SMBError | OSError | None:
        """No more data come: the job is ready. One without any, or whose data were not all kept, is removed.

        Never raises; gives what the disk says. `vanished`: the client left without saying that this was all.
        """
        if self._jobs.get(job.number) is not job or job.handle is None:
            return None
        if job.trouble is not None or not job.size:
            why = f"not all was kept: {job.trouble.why}" if job.trouble is not None else "no data came"
            self._remove(job, why)
            return None
        handle, job.handle = job.handle, None
        store = self._store(job)
        spooled = job.file
        job.state = JobState.PAUSED if job.paused else JobState.WAITING
        trouble: SMBError | OSError | None = store.close(handle)
        if trouble is None:
            trouble = self._rename(job, spooled)
        if trouble is not None:
            job.state = JobState.SPOOLING
            self._log.problem(f"print job {job.number} of {job.printer} stays {spooled}: {trouble}")
            del self._jobs[job.number]
            return trouble
        self._tell(job, "the client vanished, and this much had come" if vanished else "")
        return None

    def cancel(self, job: Job, by: str) -> None:
        """Removes a job and its file; what its client still sends of it is refused."""
        if self._jobs.get(job.number) is job:
            self._remove(job, f"cancelled by {by}")

    def pause(self, job: Job) -> None:
        """The job is not to be printed until it goes on. Raises what the disk says."""
        job.paused = True
        self._move(job, JobState.WAITING, JobState.PAUSED)

    def go_on(self, job: Job) -> None:
        """A job that was paused may be printed. Raises what the disk says."""
        job.paused = False
        self._move(job, JobState.PAUSED, JobState.WAITING)

    # -- a queue ---------------------------------------------------------------------------------------------

    def jobs(self, printer: str | None = None) -> list[Job]:
        """The jobs of a printer, or all, oldest first; those whose files somebody has taken are gone."""
        wanted = [job for job in self._jobs.values() if printer is None or fold(job.printer) == fold(printer)]
        return [job for job in wanted if self._is_left(job)]

    def remembered(self) -> list[Job]:
        """All jobs, oldest first, without a look at the disk: the file of one may be gone."""
        return list(self._jobs.values())

    def job(self, number: int) -> Job | None:
        """The job of that number; None where it is gone."""
        job = self._jobs.get(number)
        return job if job is not None and self._is_left(job) else None

    def pause_printer(self, printer: str) -> None:
        """All its jobs, and those to come, wait until it goes on. Raises what the disk says."""
        self._paused.add(fold(printer))
        for job in self.jobs(printer):
            self.pause(job)

    def resume_printer(self, printer: str) -> None:
        """The printer goes on, with all its jobs. Raises what the disk says."""
        self._paused.discard(fold(printer))
        for job in self.jobs(printer):
            self.go_on(job)

    def purge(self, printer: str, by: str) -> None:
        """Removes all jobs of a printer."""
        for job in self.jobs(printer):
            self.cancel(job, by)

    # -- inside ----------------------------------------------------------------------------------------------

    def _store(self, job: Job) -> "FileStore":
        return self._stores[fold(job.printer)]

    def _is_left(self, job: Job) -> bool:
        """Whether its data come or its file is in the folder; one whose file somebody has taken is forgotten."""
        if job.handle is not None or _is_there(self._store(job), job.file):
            return True
        del self._jobs[job.number]
        return False

    def _make_room(self) -> None:
        """Where there are as many as may be, the oldest that is ready is forgotten; its file stays."""
        if len(self._jobs) < self._limits.print_jobs:
            return
        oldest = next((job for job in self._jobs.values() if job.state is JobState.WAITING), None)
        if oldest is None:
            raise SMBError(
                NT.PRINT_QUEUE_FULL, f"limits.print_jobs: {len(self._jobs)} jobs are not ready yet"
            )
        del self._jobs[oldest.number]

    def _next_number(self) -> int:
        number = self._last
        for _ in range(len(self._jobs) + 1):
            number = number % _LAST_NUMBER + 1
            if number not in self._jobs:
                return number
        raise SMBError(NT.PRINT_QUEUE_FULL, "no number is left for a job")

    def _open_of(self, job: Job) -> Handle:
        if self._jobs.get(job.number) is not job or job.handle is None:
            raise SMBError(NT.PRINT_CANCELLED, f"print job {job.number} is gone")
        return job.handle

    def _check_size(self, job: Job, size: int) -> None:
        most = self._limits.print_job_bytes
        if size > most:
            job.trouble = SMBError(
                NT.NO_SPOOL_SPACE, f"limits.print_job_bytes: a job may have {most} bytes, and not {size}"
            )
            raise job.trouble

    def _remove(self, job: Job, why: str) -> None:
        del self._jobs[job.number]
        store = self._store(job)
        if job.handle is not None:
            store.close(job.handle)
            job.handle = None
        with suppress(SMBError, OSError):  # somebody has taken it: gone is gone
            store.delete(Path((job.file,)))
        self._tell(job, why, kept=False)

    def _move(self, job: Job, before: JobState, after: JobState) -> None:
        if job.state is before:
            old, job.state = job.file, after
            trouble = self._rename(job, old)
            if trouble is not None:
                job.state = before
                raise trouble

    def _rename(self, job: Job, old: str) -> SMBError | OSError | None:
        """Gives the file the name that its job now has."""
        store = self._store(job)
        try:
            opened = store.create(Path((old,)), _RENAMES)
            try:
                store.rename(opened.handle, Path((job.file,)), replace=False)
            finally:
                store.close(opened.handle)
        except (SMBError, OSError) as error:
            return error
        return None

    def _tell(self, job: Job, reason: str, *, kept: bool = True) -> None:
        self._log.emit(
            Printed(
                self._world.now(), job.connection, job.peer, job.user, job.printer, job.number, job.document,
                job.size, job.file if kept else "", reason,
            )
        )  # fmt: skip


def _store_of(share: "Share") -> "FileStore":
    """The folder by its names as they are spelt: so no other name is ever looked for, however many there are."""
    store = share.store
    assert store is not None
    return store.with_posix_names()


def _is_there(store: "FileStore", name: str) -> bool:
    try:
        store.query(Path((name,)))
    except (SMBError, OSError):
        return False
    return True


def _names(base: str) -> Iterable[str]:
    """The name, and what it is called where a file of another run has it."""
    yield base
    for again in range(2, _MOST_NAMES):
        yield f"{base.removesuffix(_EXTENSION)}-{again}{_EXTENSION}"


def base_name(now: float, number: int, user: str, document: str) -> str:
    """The name of a job's file, `20040201-100000-00001-alice-letter.txt.prn`: they sort as they came. Times are UTC."""
    when = time.strftime("%Y%m%d-%H%M%S", time.gmtime(now))
    parts = [when, f"{number:05}", _harmless(user, _USER_BYTES), _harmless(document, _DOCUMENT_BYTES)]
    return "-".join(part for part in parts if part) + _EXTENSION


def _harmless(text: str, most: int) -> str:
    """What of a name any file may be called: letters, digits, `-`, `_` and dots that hide nothing."""
    clean = "".join(c if c.isalnum() or c in "-_." else "_" for c in text)
    raw = clean.encode("utf-8", "replace")[:most]
    return raw.decode("utf-8", "ignore").strip("._-")
