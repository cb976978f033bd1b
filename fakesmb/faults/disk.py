"""A disk that fails: the store of a share, which forwards to the real one."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec

from fakesmb.faults.brokendisk import BrokenDisk, failed, full
from fakesmb.nt.files import Access, Action, Disposition, Option
from fakesmb.nt.status import NT, SMBError

if TYPE_CHECKING:
    from fakesmb.nt.token import Token
    from fakesmb.vfs.paths import Path
    from fakesmb.vfs.store import CreateParameters, FileRange, FileStore, Handle, Opened, PosixFiles, Volume

_WRITES: Final = Access.WRITE_DATA | Access.APPEND_DATA
_ASKS_NO_DISK: Final = frozenset(
    {
        "acknowledge_oplock",
        "end_watch",
        "limit",
        "lock",
        "locks",
        "maximal_access",
        "read_only",
        "shutdown",
        "unlock",
        "wait_lock",
        "watch",
    }
)
"""What a disk that fails does not fail at: it is not asked."""


class _Forwards:
    """An object of a store whose calls fail where the disk does."""

    def __init__(self, inner: Any, disk: BrokenDisk) -> None:
        self._inner = inner
        self._disk = disk

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name in _ASKS_NO_DISK or not callable(found):
            return found

        def call(*args: Any, **kwargs: Any) -> Any:
            self._disk.check()
            return found(*args, **kwargs)

        return call


class BrokenStore(_Forwards):
    """`vfs.store.FileStore` on a broken disk."""

    def for_user(self, token: "Token | None") -> "FileStore":
        """The same files with access checks for that user."""
        return broken(self._inner.for_user(token), self._disk)

    def with_posix_names(self) -> "FileStore":
        """The same files by POSIX names."""
        return broken(self._inner.with_posix_names(), self._disk)

    def with_exact_names(self) -> "FileStore":
        """The same files by Windows' names, each as it is spelt."""
        return broken(self._inner.with_exact_names(), self._disk)

    @property
    def posix(self) -> "PosixFiles":
        """The operations of the Unix extensions."""
        return cast("PosixFiles", _Forwards(self._inner.posix, self._disk))

    def create(self, path: "Path", request: "CreateParameters") -> "Opened":
        """Opens or creates; a file that is to have room from the start needs it, and so does a directory."""
        self._disk.check()
        if not self._disk.fills or request.disposition == Disposition.OPEN:
            return cast("Opened", self._inner.create(path, request))
        if request.options & Option.DIRECTORY:
            if self._disk.left() == 0 and not self._is_there(path) and self._disk.is_full(1):
                raise full()
        elif request.allocation and self._disk.is_full(request.allocation):
            raise _no_room(request.allocation)
        opened: Opened = self._inner.create(path, request)
        if opened.action != Action.OPENED and not opened.handle.is_directory:
            name = str(opened.handle.path)
            self._disk.began(name)
            self._disk.grew(name, 0, request.allocation)
        return opened

    def _is_there(self, path: "Path") -> bool:
        try:
            self._inner.query(path)
        except (SMBError, OSError):
            return False
        return True

    def close(self, handle: "Handle", last_write_time: int = 0) -> OSError | None:
        """Ends an open; the disk fails to say that all is well."""
        trouble: OSError | None = self._inner.close(handle, last_write_time)
        try:
            self._disk.check()
        except OSError as error:
            trouble = trouble or error
        return trouble

    def read(self, handle: "Handle", offset: int, size: int, pid: int) -> bytes:
        """As many bytes as the disk gives at once."""
        self._disk.check()
        most = self._disk.most_read(size)
        if most == size:
            return cast(bytes, self._inner.read(handle, offset, size, pid))
        data: bytes = self._inner.read(handle, offset, most + 1, pid)
        if len(data) > most:
            self._disk.was_short()
        return data[:most]

    def readable_range(self, handle: "Handle", offset: int, size: int, pid: int) -> "FileRange | None":
        """None: only `read` can tell. Raises where it may not be read."""
        self._disk.check()
        self._inner.readable_range(handle, offset, size, pid)
        return None

    def write(self, handle: "Handle", offset: int, data: bytes | bytearray | memoryview, pid: int) -> int:
        """Writes all of it; of what does not fit, what does."""
        self._disk.check()
        if not self._disk.fills:
            return cast(int, self._inner.write(handle, offset, data, pid))
        path, end, size = str(handle.path), self._end_of(handle), len(data)
        fits = self._disk.most_written(path, end, offset, size)
        done: int = self._inner.write(handle, offset, data if fits == size else memoryview(data)[:fits], pid)
        self._disk.wrote(path, end, offset, done)
        if fits < size:
            raise full()
        return done

    def _end_of(self, handle: "Handle") -> int:
        return cast(int, self._inner.query(handle).end_of_file)

    def check_room(self, handle: "Handle", pieces: Iterable[tuple[int, int]]) -> None:
        """Raises DISK_FULL where data do not all fit."""
        self._disk.check()
        found = list(pieces)
        size = sum(length for _, length in found)
        if self._disk.is_full(size):
            raise _no_room(size)
        self._inner.check_room(handle, found)

    def flush(self, handle: "Handle") -> Callable[[], None] | None:
        """What makes it durable, or says that it cannot."""
        self._disk.check()
        work: Callable[[], None] | None = self._inner.flush(handle)
        if handle.is_directory or not handle.access & _WRITES or not self._disk.flush_fails():
            return work

        def fails() -> None:
            if work is not None:  # else it has been done already
                work()
            raise failed()

        return fails

    def set_end_of_file(self, handle: "Handle", size: int) -> None:
        """Truncates or extends, as far as there is room."""
        self._grow(handle, size, self._inner.set_end_of_file)

    def set_allocation(self, handle: "Handle", size: int) -> None:
        """Reserves, as far as there is room."""
        self._grow(handle, size, self._inner.set_allocation)

    def _grow(self, handle: "Handle", size: int, work: "Callable[[Handle, int], None]") -> None:
        self._disk.check()
        if not self._disk.fills:
            work(handle, size)
            return
        path, end = str(handle.path), self._end_of(handle)
        if not self._disk.has_room_to_grow(path, end, size):
            raise _no_room(size - end)
        work(handle, size)
        self._disk.grew(path, end, size)

    def make_directory(self, path: "Path") -> None:
        """Makes one directory, which takes room."""
        self._disk.check()
        if self._disk.left() == 0 and self._disk.is_full(1):
            raise full()
        self._inner.make_directory(path)

    def volume(self) -> "Volume":
        """The volume's facts, and as much free space as there is."""
        self._disk.check()
        found: Volume = self._inner.volume()
        left = self._disk.left()
        if left is None:
            return found
        unit = found.sectors_per_unit * found.bytes_per_sector
        free = left // unit
        if free >= found.free_units:
            return found
        return msgspec.structs.replace(found, free_units=free, reserved_units=0)


def broken(store: "FileStore", disk: BrokenDisk) -> "FileStore":
    """The store on that disk."""
    return cast("FileStore", BrokenStore(store, disk))


def _no_room(size: int) -> SMBError:
    return SMBError(NT.DISK_FULL, f"the disk has no room for {size} bytes")
