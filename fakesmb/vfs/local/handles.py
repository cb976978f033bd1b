"""Handles: one object for each open of a file, a named stream or a directory, with the operations of its kind.

Here are what all kinds have in common, and directories. `vfs.local.files` and `vfs.local.streamhandles` are the others.
"""

from collections.abc import Callable, Iterable
from typing import Final

from fakesmb.nt.files import Access, Option
from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs import disk
from fakesmb.vfs.local.attributes import load
from fakesmb.vfs.local.directory import place_of
from fakesmb.vfs.local.facts import info_of
from fakesmb.vfs.paths import Path
from fakesmb.vfs.rules import oplocks
from fakesmb.vfs.rules.access import READS_DATA, WRITES_DATA
from fakesmb.vfs.rules.held import Held
from fakesmb.vfs.rules.locks import LockTable
from fakesmb.vfs.rules.openfiles import OpenFile, OpenFiles
from fakesmb.vfs.store import CreateParameters, FileRange, Handle, Info

LARGEST: Final = (1 << 63) - 1
"""The largest offset and size that a file can have."""
_SETTABLE_MODE: Final = 0x3E
"""The create options that FILE_MODE_INFORMATION shows ([MS-FSCC] 2.4.31)."""


class LocalHandle:
    """One open of a file in a local directory: `vfs.store.Handle` and what the store needs."""

    __slots__ = (
        "access",
        "closed",
        "delete_needs_another",
        "delete_on_close",
        "deleted",
        "disk_path",
        "dos_deny",
        "fd",
        "file",
        "made",
        "mode",
        "name",
        "opens",
        "oplock",
        "options",
        "owner",
        "path",
        "pid",
        "position",
        "sends",
        "share",
        "shown_path",
        "timed",
        "wrote",
    )

    is_directory: bool = False
    keeps_change_time: bool = True
    """Whether a change time that a client set is stored when the file's last open closes."""

    def __init__(
        self,
        opens: OpenFiles,
        path: Path,
        file: OpenFile,
        fd: int,
        request: CreateParameters,
        *,
        access: int,
        name: str,
        shown_path: str,
        disk_path: str,
    ) -> None:
        self.opens = opens
        self.path = path
        self.file = file
        self.fd = fd
        """A descriptor of the file itself; opened with O_PATH where no data may be read or written."""
        self.access = access | Access.READ_ATTRIBUTES  # Windows' server answers queries through any open
        self.share = request.share
        self.options = request.options
        self.pid = request.pid
        self.owner = request.owner
        self.dos_deny = request.dos_deny
        self.name = name
        """The last component on disk, as clients are shown it."""
        self.shown_path = shown_path
        self.disk_path = disk_path
        """Where its name is on disk, to compare with those of others; it is never opened by this."""
        self.position = 0
        self.sends = False
        """Whether a transport may send its data by itself (`readable_range`): they could be read so far."""
        self.mode = request.options & _SETTABLE_MODE
        self.closed = self.deleted = False
        self.delete_on_close = bool(request.options & Option.DELETE_ON_CLOSE)
        self.made = False
        """Whether this open made the file."""
        self.delete_needs_another = False
        """Its close deletes only if another open with DELETE access is left: it asked for delete on close of a
        file that was there, and others opened the file after it."""
        self.wrote = False
        """Whether its close moves the last write time."""
        self.timed = False
        """Whether its writes no longer move the last write time."""
        self.oplock: Held | None = None

    @property
    def xattr_target(self) -> str | int:
        """What names the open file in calls that refuse an O_PATH descriptor (getxattr, utime, chmod)."""
        return disk.place(self.fd)

    @property
    def base(self) -> OpenFile:
        """The file itself, also of a stream's open."""
        return self.file

    def place(self) -> str:
        """Where the open directory is now: its whole path on disk."""
        return place_of(self.fd)

    # -- data ----------------------------------------------------------------------------------------------

    def read(self, offset: int, size: int, pid: int) -> bytes:
        """`FileStore.read`."""
        raise NotImplementedError

    def readable_range(self, offset: int, size: int, pid: int) -> FileRange | None:
        """`FileStore.readable_range`."""
        return None

    def write(self, offset: int, data: bytes | bytearray | memoryview, pid: int) -> int:
        """`FileStore.write`."""
        raise NotImplementedError

    def next_data(self, offset: int) -> tuple[int, int]:
        """`FileStore.next_data`: all that can be read, where nothing is known of holes."""
        return offset, max(self.query().end_of_file, offset)

    def check_room(self, pieces: Iterable[tuple[int, int]]) -> None:
        """`FileStore.check_room`: writing tells, where it is little."""

    def write_zeros(self, offset: int, size: int, pid: int) -> None:
        """`FileStore.write_zeros`."""
        self.write(offset, bytes(size), pid)

    def flush(self) -> Callable[[], None] | None:
        """`FileStore.flush`."""
        return None

    def set_end_of_file(self, size: int, *, holes: bool = False) -> None:
        """`FileStore.set_end_of_file`."""
        raise NotImplementedError

    def set_allocation(self, size: int) -> None:
        """`FileStore.set_allocation`."""
        raise NotImplementedError

    def check_appends(self) -> None:
        """Raises ACCESS_DENIED for an open that may not even append: with that right alone every write does."""
        if not self.access & Access.APPEND_DATA:
            raise SMBError(NT.ACCESS_DENIED, "not opened for writing")

    def before_resize(self, size: int) -> None:
        """Raises where this open may not change the size to that; ends level II oplocks."""
        if not 0 <= size <= LARGEST:
            raise SMBError(NT.INVALID_PARAMETER, f"a size of {size} bytes is out of range")
        if not self.access & Access.WRITE_DATA:
            raise SMBError(NT.ACCESS_DENIED, "not opened for writing")
        if self.file.oplocks is not None:
            oplocks.before_change(self.file)

    def lock_table(self) -> LockTable:
        """The file's locks, for an open that may lock and unlock ([MS-FSA] 2.1.5.8)."""
        if not self.access & (READS_DATA | WRITES_DATA):
            raise SMBError(NT.ACCESS_DENIED, "opened for neither reading nor writing")
        return self.file.lock_table()

    # -- what is known -------------------------------------------------------------------------------------

    def query(self) -> Info:
        """`FileStore.query` of an open file, but for the size of its EAs."""
        st = disk.fstat(self.fd)
        stored = load(self.xattr_target, st, self.opens.side, follow=True)
        return info_of(st, stored, self.name, self.shown_path, self.file)

    def query_base(self) -> Info:
        """What is known of the file itself, also by a stream's open."""
        return self.query()

    def check_has_eas(self) -> None:
        """Raises where this kind of open has no EAs."""

    def check_control(self, code: int) -> None:
        """Raises where this kind of open knows no such control ([MS-FSCC] 2.3)."""

    # -- the end -------------------------------------------------------------------------------------------

    def before_end(self) -> None:
        """This open is about to end; it is still among those of its file."""

    def report_end(self, *, gone: bool) -> None:
        """Tells watches what the end of this open has changed; `gone`: the file is being deleted."""
        self.opens.watches.closed(self, gone=gone)


class DirectoryHandle(LocalHandle):
    """An open directory. It has no data."""

    __slots__ = ()

    is_directory = True

    def read(self, offset: int, size: int, pid: int) -> bytes:
        """Refuses."""
        raise SMBError(NT.INVALID_DEVICE_REQUEST, "a directory has no data")

    def write(self, offset: int, data: bytes | bytearray | memoryview, pid: int) -> int:
        """Refuses."""
        raise SMBError(NT.INVALID_DEVICE_REQUEST, "a directory has no data")

    def set_end_of_file(self, size: int, *, holes: bool = False) -> None:
        """Refuses."""
        raise SMBError(NT.INVALID_PARAMETER, "a directory has no end of file")

    def set_allocation(self, size: int) -> None:
        """Refuses."""
        raise SMBError(NT.INVALID_PARAMETER, "a directory has no allocation")

    def lock_table(self) -> LockTable:
        """Refuses."""
        raise SMBError(NT.INVALID_PARAMETER, "a directory has no byte ranges to lock")

    def report_end(self, *, gone: bool) -> None:
        """Does nothing: a directory is not written through its opens."""


def local_handle(handle: Handle) -> LocalHandle:
    """The open of a local file that a handle is; INVALID_HANDLE for another store's, or after its close."""
    if not isinstance(handle, LocalHandle) or handle.closed:
        raise SMBError(NT.INVALID_HANDLE, "not open in this share")
    return handle


def synchronized(fd: int) -> None:
    """fsync(2) of a descriptor that nothing else uses, which ends with it."""
    try:
        disk.fsync(fd)
    finally:
        disk.close(fd)
