"""A printer as a file store: every open makes a print job, whatever it is called and however it is opened.

So each way to open, write and close a file prints, whichever command a client knows: NT_CREATE_ANDX of Windows and
smbclient, OPEN_ANDX, CREATE, OPEN_PRINT_FILE. There is nothing else: no file that could be read, found or renamed.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final, NoReturn

from fakesmb.core.printing import Job, JobState, Printing, Spooler
from fakesmb.core.views import caller_of
from fakesmb.nt.files import Access, Action, Attribute
from fakesmb.nt.filetime import from_seconds
from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs.paths import Path
from fakesmb.vfs.store import Info, Opened

if TYPE_CHECKING:
    from fakesmb.core.state import Session, Share
    from fakesmb.nt.token import Token
    from fakesmb.vfs.store import CreateParameters, FileLimits, FileStore, Handle, Volume

_GRANTED: Final = (
    Access.WRITE_DATA
    | Access.APPEND_DATA
    | Access.WRITE_ATTRIBUTES
    | Access.WRITE_EA
    | Access.READ_ATTRIBUTES
    | Access.READ_CONTROL
    | Access.SYNCHRONIZE
)
_UNIT: Final = 4096


def document_path(text: str, *, wildcards: bool = False) -> Path:
    """The name of a document as a path of one component, whatever characters are in it: it names no file."""
    name = text.replace("/", "\\").rstrip("\\").rpartition("\\")[2]
    return Path((name,)) if name else Path()


class PrintHandle:
    """`vfs.store.Handle` of a print job."""

    __slots__ = (
        "access", "closed", "deleted", "is_directory", "job", "mode", "options", "path", "pid", "position",
        "printed", "share",
    )  # fmt: skip

    def __init__(self, job: Job, create: "CreateParameters") -> None:
        self.job = job
        self.path = Path((job.document,))
        self.access: int = _GRANTED
        self.share, self.options, self.pid = create.share, create.options, create.pid
        self.is_directory = self.closed = self.deleted = self.printed = False
        self.position = self.mode = 0


class PrintStore:
    """`vfs.store.FileStore` of one user on a printer. What it does not have, no printer can."""

    read_only: Final = False

    def __init__(self, share: "Share", session: "Session") -> None:
        self._spooler: Spooler = session.connection.server.spooler
        self._share = share
        self._session = session

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)

        def refuse(*args: object, **kwargs: object) -> NoReturn:
            raise SMBError(NT.INVALID_DEVICE_REQUEST, f"{self._share.name} is a printer, and has no files")

        return refuse

    def limit(self, limits: "FileLimits") -> None:
        """The folder has its own."""

    def for_user(self, token: "Token | None") -> "PrintStore":
        """It is a user's already."""
        return self

    def with_exact_names(self) -> "PrintStore":
        """It has no names."""
        return self

    def with_posix_names(self) -> "PrintStore":
        """Documents have no other names."""
        return self

    def create(self, path: Path, request: "CreateParameters") -> Opened:
        """Begins a job of the name that the client gives."""
        connection = self._session.connection
        caller = caller_of(self._session)
        who = Printing(caller.user, caller.identity, connection.peer, connection.number)
        job = self._spooler.begin(self._share, path.name, who)
        handle = PrintHandle(job, request)
        return Opened(handle, Action.CREATED, _info(job))

    def close(self, handle: "Handle", last_write_time: int = 0) -> "SMBError | OSError | None":
        """Ends the job."""
        print_handle = job_handle(handle)
        if print_handle.closed:
            return None
        print_handle.closed = True
        trouble = self._spooler.end(print_handle.job, vanished=self._session.connection.closed)
        print_handle.printed = trouble is None and print_handle.job.state is not JobState.SPOOLING
        return trouble

    def write(self, handle: "Handle", offset: int, data: bytes | bytearray | memoryview, pid: int) -> int:
        """Writes data of the job."""
        return self._spooler.write(job_handle(handle).job, offset, data)

    def set_end_of_file(self, handle: "Handle", size: int) -> None:
        """Cuts or extends the data of the job."""
        self._spooler.resize(job_handle(handle).job, size)

    def set_allocation(self, handle: "Handle", size: int) -> None:
        """Nothing is reserved: how long a job gets nobody knows before its end."""

    def flush(self, handle: "Handle") -> Callable[[], None] | None:
        """Nothing need be durable before the job is there."""
        return None

    def check_room(self, handle: "Handle", pieces: Iterable[tuple[int, int]]) -> None:
        """The disk is asked by each write."""

    def query(self, target: "Handle | Path", *, ea_size: bool = False) -> Info:
        """What is known of a job that is open."""
        if isinstance(target, Path):
            raise SMBError(NT.INVALID_DEVICE_REQUEST, f"{self._share.name} is a printer, and has no files")
        return _info(job_handle(target).job)

    def extras(self, handle: "Handle") -> tuple[bool, bool]:
        """A job has neither EAs nor streams."""
        return False, False

    def maximal_access(self, handle: "Handle") -> int:
        """To print."""
        return _GRANTED

    def end_watch(self, handle: "Handle") -> None:
        """Nobody watches a job."""

    def acknowledge_oplock(self, handle: "Handle", level: int) -> None:
        """Nobody has one."""

    def volume(self) -> "Volume":
        """Of the folder: how much room there is for jobs."""
        return _folder(self._share).volume()

    def is_there(self) -> bool:
        """Whether the folder is."""
        return _folder(self._share).is_there()


def _folder(share: "Share") -> "FileStore":
    store = share.store
    assert store is not None
    return store


def job_handle(handle: "Handle") -> PrintHandle:
    """The handle of a job; every handle of a print store is one."""
    assert isinstance(handle, PrintHandle)
    return handle


def _info(job: Job) -> Info:
    when = from_seconds(job.submitted)
    return Info(
        name=job.document,
        path=f"\\{job.document}",
        creation_time=when,
        last_access_time=when,
        last_write_time=when,
        change_time=when,
        attributes=Attribute.NORMAL,
        end_of_file=job.size,
        allocation_size=-(-job.size // _UNIT) * _UNIT,
        number_of_links=1,
        file_id=job.number,
        alias="",
    )
