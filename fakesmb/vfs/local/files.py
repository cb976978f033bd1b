"""Open files: reading, writing and sizes of their data ([MS-FSA] 2.1.5.3, 2.1.5.4, 2.1.5.15.4)."""

import os
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final

from fakesmb.nt.files import Access, Attribute
from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs import disk
from fakesmb.vfs.local.attributes import load
from fakesmb.vfs.local.freeing import truncate
from fakesmb.vfs.local.handles import LARGEST, LocalHandle, synchronized
from fakesmb.vfs.local.holes import data_ranges, make_hole, next_data
from fakesmb.vfs.local.metadata import note_modified
from fakesmb.vfs.local.volume import BYTES_PER_SECTOR, check_room
from fakesmb.vfs.rules import oplocks, writetimes
from fakesmb.vfs.rules.access import READS_DATA, WRITES_DATA
from fakesmb.vfs.rules.openfiles import Open
from fakesmb.vfs.store import FileRange


def data_flags(access: int) -> int:
    """The open(2) flags for what the access mask lets an open do with data."""
    if access & WRITES_DATA:
        flags = os.O_RDWR if access & READS_DATA else os.O_WRONLY
        return flags if access & Access.WRITE_DATA else flags | os.O_APPEND
    return os.O_RDONLY


_PAGE: Final = 4096
"""Bytes; a read that the disk cuts short ends with one of these."""


class FileHandle(LocalHandle):
    """An open file: its data is what `fd` reads and writes."""

    __slots__ = ()

    def read(self, offset: int, size: int, pid: int) -> bytes:
        """At most `size` bytes; b"" at the end."""
        if not self.access & READS_DATA:
            raise SMBError(NT.ACCESS_DENIED, "not opened for reading")
        self._check_locks(offset, size, pid, writes=False)
        if offset > LARGEST - size:
            if offset > LARGEST:
                raise SMBError(NT.INVALID_PARAMETER, f"offset {offset} beyond 2^63 - 1")
            return b""
        self.sends = False
        data = disk.pread(self.fd, size, offset)
        if len(data) < size and data and not (offset + len(data)) % _PAGE:
            disk.pread(
                self.fd, 1, offset + len(data)
            )  # it ends there, or the disk fails there, and says so now
        self.sends = True
        return data

    def readable_range(self, offset: int, size: int, pid: int) -> FileRange | None:
        """What `read` would give, as a range of `fd`; None where only `read` can tell.

        That is so until a read has succeeded: a disk that fails is told in an answer that has not begun yet.
        """
        if not self.access & READS_DATA or offset > LARGEST - size:
            return None
        self._check_locks(offset, size, pid, writes=False)
        if not self.sends:
            return None
        there = disk.fstat(self.fd).st_size - offset
        if there < size:
            size = max(there, 0)
        return FileRange(self.fd, offset, size)

    def write(self, offset: int, data: bytes | bytearray | memoryview, pid: int) -> int:
        """Writes all of it and returns its length."""
        size = len(data)
        offset = self._before_write(offset, size, pid)
        if not size:
            return 0
        written = disk.pwrite(self.fd, data, offset)
        while written < size:
            written += disk.pwrite(self.fd, memoryview(data)[written:], offset + written)
        if self.file.oplocks is not None:
            oplocks.after_change(self.file)
        return size

    def next_data(self, offset: int) -> tuple[int, int]:
        """`FileStore.next_data`."""
        if not self.access & READS_DATA:
            raise SMBError(NT.ACCESS_DENIED, "not opened for reading")
        return next_data(self.fd, offset)

    def check_room(self, pieces: Iterable[tuple[int, int]]) -> None:
        """`FileStore.check_room`: what is there already is no more."""
        more = 0
        for offset, size in pieces:
            there = data_ranges(self.fd, offset, offset + size)
            more += size - sum(min(end, offset + size) - start for start, end in there)
        if more > 0:
            check_room(self.fd, more)

    def write_zeros(self, offset: int, size: int, pid: int) -> None:
        """`FileStore.write_zeros`."""
        offset = self._before_write(offset, size, pid)
        if not size:
            return
        there = disk.fstat(self.fd).st_size
        if offset < there:
            make_hole(self.fd, offset, min(offset + size, there))
        if there < offset + size:
            disk.ftruncate(self.fd, offset + size)
        oplocks.after_change(self.file)

    def _before_write(self, offset: int, size: int, pid: int) -> int:
        """Raises where that may not be written, tells all who must know of it, and gives where it goes."""
        if not self.access & Access.WRITE_DATA:
            self.check_appends()
            offset = disk.fstat(self.fd).st_size
        self._check_locks(offset, size, pid, writes=True)
        if offset > LARGEST - size:
            raise SMBError(NT.INVALID_PARAMETER, f"{size} bytes at offset {offset} end beyond 2^63 - 1")
        if not size:
            return offset
        if self.file.oplocks is not None:
            oplocks.before_change(self.file)
        opens = self.opens
        if not self.wrote:
            writetimes.before_write(self, opens.clock)
            note_modified(self)
        if opens.watches.active:
            opens.watches.writing(self, offset + size)
        return offset

    def _check_locks(self, offset: int, size: int, pid: int, *, writes: bool) -> None:
        """Raises FILE_LOCK_CONFLICT where a lock of another client or of a local program is in the way."""
        locks, local = self.file.locks, self.file.local
        if locks is not None:
            if writes:
                locks.check_write(self, pid, offset, size)
            else:
                locks.check_read(self, pid, offset, size)
        if (
            local is not None
            and local.any(self.fd)
            and local.obstacle(self.fd, offset, offset + size, exclusive=writes) is not None
        ):
            raise SMBError(NT.FILE_LOCK_CONFLICT, "a local program has locked the range")

    def flush(self) -> Callable[[], None] | None:
        """What makes the data durable, where this open could have written them."""
        if not self.access & WRITES_DATA:
            return None
        fd = os.dup(self.fd)  # the disk may take its time: many may be under way
        try:
            self.opens.room.check_brief(fd)
        except SMBError:
            disk.close(fd)
            raise
        return partial(synchronized, fd)

    def set_end_of_file(self, size: int, *, holes: bool = False) -> None:
        """Truncates or extends, as far as the disk has room: only a sparse file may grow beyond that.

        With `holes` every file may, as POSIX has it.
        """
        self.before_resize(size)
        st = disk.fstat(self.fd)
        more = size - max(st.st_size, st.st_blocks * BYTES_PER_SECTOR)
        if more > 0 and not holes:
            try:
                check_room(self.fd, more)
            except SMBError as refused:
                if refused.status != NT.DISK_FULL or not self._is_sparse(st):
                    raise
        self._truncate(size)

    def _is_sparse(self, st: os.stat_result) -> bool:
        known = load(self.xattr_target, st, self.opens.side, follow=True).attributes
        return known > 0 and bool(known & Attribute.SPARSE)

    def set_allocation(self, size: int) -> None:
        """Reserves; a size below the end of file truncates ([MS-FSA] 2.1.5.15.1)."""
        self.before_resize(size)
        st = disk.fstat(self.fd)
        if size < st.st_size:
            self._truncate(size)
        elif size > st.st_size:
            check_room(self.fd, size - st.st_size)
        self.file.allocation = size

    def _truncate(self, size: int) -> None:
        note_modified(self)  # it may fail, and then nothing has been done
        truncate(self.fd, size, self.opens.world.turn.over)
        oplocks.after_change(self.file)
        writetimes.resized(self, self.opens.clock)
        if self.opens.watches.active:
            self.opens.watches.resized(self)


class SamePosition(FileHandle):
    """A DENY_DOS or FCB open of a process that has the file open like this: both move one position."""

    __slots__ = ("_first",)

    def __init__(self, first: Open, *args: Any, **kwargs: Any) -> None:
        at = first.position
        self._first = first
        super().__init__(*args, **kwargs)
        first.position = at

    @property
    def position(self) -> int:
        """As in `Handle`."""
        return self._first.position

    @position.setter
    def position(self, offset: int) -> None:
        self._first.position = offset
