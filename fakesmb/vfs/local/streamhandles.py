"""Open named streams: reading, writing, sizes and their end ([MS-FSA] 2.1.5.3, 2.1.5.4, 2.1.5.15.4, 2.1.5.5)."""

import os
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final

from fakesmb.nt.files import Access, FileAction, Filter
from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs import disk
from fakesmb.vfs.local import streams
from fakesmb.vfs.local.attributes import load
from fakesmb.vfs.local.control import OF_DATA
from fakesmb.vfs.local.facts import info_of
from fakesmb.vfs.local.handles import LocalHandle, synchronized
from fakesmb.vfs.local.metadata import note_modified
from fakesmb.vfs.local.streamfiles import as_stream
from fakesmb.vfs.rules import oplocks, writetimes
from fakesmb.vfs.rules.access import READS_DATA, WRITES_DATA
from fakesmb.vfs.rules.openfiles import OpenFile, StreamFile
from fakesmb.vfs.store import Info

_WRITTEN: Final = Filter.STREAM_SIZE | Filter.STREAM_WRITE


class StreamHandle(LocalHandle):
    """An open named stream. `fd` is its file, of which the stream is an extended attribute."""

    __slots__ = ()

    keeps_change_time = False

    @property
    def stream(self) -> StreamFile:
        """The stream that is open."""
        assert isinstance(self.file, StreamFile)
        return self.file

    @property
    def base(self) -> OpenFile:
        """The file that has the stream."""
        return self.stream.base

    def contents(self) -> bytes:
        """All of the stream; b"" where a local program took it away."""
        held = streams.load(self.xattr_target, self.stream.stream)
        return b"" if held is None else held

    def read(self, offset: int, size: int, pid: int) -> bytes:
        """At most `size` bytes; b"" at the end."""
        if not self.access & READS_DATA:
            raise SMBError(NT.ACCESS_DENIED, "not opened for reading")
        if self.file.locks is not None:
            self.file.locks.check_read(self, pid, offset, size)
        return self.contents()[offset : offset + size]

    def write(self, offset: int, data: bytes | bytearray | memoryview, pid: int) -> int:
        """Writes all of it and returns its length: it is on the disk when this returns."""
        if not self.access & Access.WRITE_DATA:
            self.check_appends()
            offset = len(self.contents())
        size = len(data)
        if self.file.locks is not None:
            self.file.locks.check_write(self, pid, offset, size)
        if not size:
            return 0
        if offset + size > streams.LARGEST:
            raise SMBError(NT.DISK_FULL, f"a stream of {offset + size} bytes is too long for the disk")
        oplocks.before_change(self.file)
        if not self.wrote:
            writetimes.before_write(self, self.opens.clock)
            note_modified(self)
        held = bytearray(self.contents())
        if len(held) < offset:
            held += bytes(offset - len(held))
        held[offset : offset + size] = data
        streams.save(self.xattr_target, self.stream.stream, held)
        return size

    def flush(self) -> Callable[[], None] | None:
        """What makes the stream and all other extended attributes of its file durable."""
        if self.access & WRITES_DATA:
            with suppress(PermissionError):
                return partial(synchronized, self.reopened(os.O_RDONLY))
        return None

    def set_end_of_file(self, size: int, *, holes: bool = False) -> None:
        """Truncates or extends."""
        self._resize(size, shrink_only=False)

    def set_allocation(self, size: int) -> None:
        """Reserves; a size below the end of file truncates ([MS-FSA] 2.1.5.15.1)."""
        self._resize(size, shrink_only=True)
        self.file.allocation = size

    def _resize(self, size: int, *, shrink_only: bool) -> None:
        self.before_resize(size)
        held = self.contents()
        if size > streams.LARGEST:
            raise SMBError(NT.DISK_FULL, f"a stream of {size} bytes is too long for the disk")
        if shrink_only and size >= len(held):
            return
        streams.save(self.xattr_target, self.stream.stream, held[:size] + bytes(max(size - len(held), 0)))
        writetimes.resized(self, self.opens.clock)
        note_modified(self)
        if self.opens.watches.active:
            self._report(FileAction.MODIFIED_STREAM, _WRITTEN)

    def query(self) -> Info:
        """What is known of the stream: its sizes; everything else is its file's."""
        return as_stream(self.query_base(), streams.size(self.xattr_target, self.stream.stream), self.stream)

    def query_base(self) -> Info:
        """What is known of the file, under the stream's name."""
        st = disk.fstat(self.fd)
        stored = load(self.xattr_target, st, self.opens.side, follow=True)
        return info_of(st, stored, self.name, self.shown_path, self.base)

    def check_has_eas(self) -> None:
        """Refuses."""
        raise SMBError(NT.INVALID_PARAMETER, "a named stream has no EAs")

    def check_control(self, code: int) -> None:
        """Refuses what is about how data lies on the disk."""
        if code in OF_DATA:
            raise SMBError(NT.INVALID_DEVICE_REQUEST, "named streams are neither sparse nor have holes")

    def before_end(self) -> None:
        """A delete-pending stream is removed with its last open."""
        if self.file.delete_pending and len(self.file.opens) == 1:
            with suppress(OSError):
                streams.remove(self.xattr_target, self.stream.stream)

    def report_end(self, *, gone: bool) -> None:
        """Tells watches of a stream that is deleted or was written."""
        if self.file.delete_pending and not self.file.opens:
            self._report(FileAction.REMOVED_STREAM, Filter.STREAM_NAME)
        elif self.wrote:
            self._report(FileAction.MODIFIED_STREAM, _WRITTEN)

    def _report(self, action: int, bits: int) -> None:
        self.opens.watches.report_stream(self.disk_path, self.stream.stream, action, bits)

    def reopened(self, flags: int) -> int:
        """Another descriptor of the file, for what `fd` cannot do."""
        return disk.open(f"/proc/self/fd/{self.fd}", flags | os.O_NONBLOCK | os.O_CLOEXEC)
