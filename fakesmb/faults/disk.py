"""A disk that fails: the store of a share, which forwards to the real one."""

import errno
import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec

from fakesmb.nt.files import Access
from fakesmb.nt.status import NT, SMBError

if TYPE_CHECKING:
    from fakesmb.faults.fault import Fault
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


class BrokenDisk:
    """What the rules that act on a request have to say of its disk, in their order."""

    def __init__(self, share: str, faults: "Iterable[Fault]", acts: "Callable[[Fault], bool]") -> None:
        """`acts` is called when a rule is about to act; False where it may not, any more."""
        self._share = share
        self._faults = tuple(faults)
        self._acts = acts

    def check(self) -> None:
        """Raises EIO where the disk fails at everything."""
        for fault in self._faults:
            if fault.rule.act.io_error and self._acts(fault):
                raise failed()

    def most_read(self, size: int) -> int:
        """How many bytes a read of `size` gives at most."""
        for fault in self._faults:
            short = fault.rule.act.short_read
            if short is not None and short < size:
                return short
        return size

    def was_short(self) -> None:
        """A read gave fewer bytes than there are."""
        for fault in self._faults:
            if fault.rule.act.short_read is not None and self._acts(fault):
                return

    def flush_fails(self) -> bool:
        """Whether data cannot be made durable."""
        return any(fault.rule.act.flush_fails and self._acts(fault) for fault in self._faults)

    def left(self) -> int | None:
        """Bytes that can still be written; None where that is the real disk's to say."""
        rooms = [room for fault in self._faults if (room := self._room(fault)) is not None]
        return min(rooms, default=None)

    def _room(self, fault: "Fault") -> int | None:
        most = fault.rule.act.disk_full_after
        return None if most is None else max(0, most - fault.written.get(self._share, 0))

    def wrote(self, size: int) -> None:
        """So much has been written."""
        for fault in self._faults:
            if fault.rule.act.disk_full_after is not None:
                fault.written[self._share] = fault.written.get(self._share, 0) + size

    def is_full(self, size: int) -> bool:
        """Whether `size` bytes more do not fit; the rule by which they do not has acted then."""
        return any(
            (room := self._room(fault)) is not None and size > room and self._acts(fault)
            for fault in self._faults
        )


def failed() -> OSError:
    """What a system call on a disk with a defect raises."""
    return OSError(errno.EIO, os.strerror(errno.EIO))


def full() -> OSError:
    """What a write to a full disk raises."""
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


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

    @property
    def posix(self) -> "PosixFiles":
        """The operations of the Unix extensions."""
        return cast("PosixFiles", _Forwards(self._inner.posix, self._disk))

    def create(self, path: "Path", request: "CreateParameters") -> "Opened":
        """Opens or creates; a file that is to have room from the start needs it."""
        self._disk.check()
        if request.allocation and self._disk.is_full(request.allocation):
            raise _no_room(request.allocation)
        return cast("Opened", self._inner.create(path, request))

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
        left = self._disk.left()
        size = len(data)
        if left is None or size <= left or not self._disk.is_full(size):
            done: int = self._inner.write(handle, offset, data, pid)
            self._disk.wrote(done)
            return done
        self._disk.wrote(self._inner.write(handle, offset, memoryview(data)[:left], pid))
        raise full()

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
        self._grow(handle, size)
        self._inner.set_end_of_file(handle, size)

    def set_allocation(self, handle: "Handle", size: int) -> None:
        """Reserves, as far as there is room."""
        self._grow(handle, size)
        self._inner.set_allocation(handle, size)

    def _grow(self, handle: "Handle", size: int) -> None:
        self._disk.check()
        if self._disk.left() is not None:
            more = size - self._inner.query(handle).end_of_file
            if more > 0 and self._disk.is_full(more):
                raise _no_room(more)

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
        return msgspec.structs.replace(found, free_units=min(found.free_units, left // unit))


def broken(store: "FileStore", disk: BrokenDisk) -> "FileStore":
    """The store on that disk."""
    return cast("FileStore", BrokenStore(store, disk))


def _no_room(size: int) -> SMBError:
    return SMBError(NT.DISK_FULL, f"the disk has no room for {size} bytes")
