"""Open named streams: reading, writing, sizes, names, and their end ([MS-FSA] 2.1.5.3, 2.1.5.4, 2.1.5.15)."""

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from fakesmb.nt.files import Attribute, Filter, Happened
from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs.local import streams
from fakesmb.vfs.local.attributes import SideTable, load
from fakesmb.vfs.local.directory import shown_name
from fakesmb.vfs.local.facts import info_of, round_up
from fakesmb.vfs.local.handles import LocalHandle
from fakesmb.vfs.local.lookup import Entry
from fakesmb.vfs.local.metadata import note_modified
from fakesmb.vfs.paths import Path, fold
from fakesmb.vfs.rules import oplocks, writetimes
from fakesmb.vfs.rules.access import READS_DATA, WRITES_DATA
from fakesmb.vfs.rules.openfiles import OpenFile, OpenFiles, StreamFile
from fakesmb.vfs.store import Info, StreamFacts

UNNAMED: Final = "::$DATA"
_WRITTEN: Final = Filter.STREAM_SIZE | Filter.STREAM_WRITE


# -- data --------------------------------------------------------------------------------------------------


def stream_of(own: LocalHandle) -> StreamFile:
    """The stream that is open; INVALID_DEVICE_REQUEST for a directory, which has no data."""
    if not isinstance(own.file, StreamFile):
        raise SMBError(NT.INVALID_DEVICE_REQUEST, "data of a directory")
    return own.file


def read(own: LocalHandle, offset: int, size: int, pid: int) -> bytes:
    """`FileStore.read` of a stream."""
    file = stream_of(own)
    if not own.access & READS_DATA:
        raise SMBError(NT.ACCESS_DENIED, "not opened for reading")
    if file.locks is not None:
        file.locks.check_read(own, pid, offset, size)
    return _contents(own, file)[offset : offset + size]


def write(
    own: LocalHandle, opens: OpenFiles, offset: int, data: bytes | bytearray | memoryview, pid: int
) -> int:
    """`FileStore.write` of a stream: it is on the disk when this returns."""
    file = stream_of(own)
    if not own.access & WRITES_DATA:
        raise SMBError(NT.ACCESS_DENIED, "not opened for writing")
    size = len(data)
    if file.locks is not None:
        file.locks.check_write(own, pid, offset, size)
    if not size:
        return 0
    if offset + size > streams.LARGEST:
        raise SMBError(NT.DISK_FULL, f"a stream of {offset + size} bytes")
    oplocks.before_change(file)
    if not own.wrote:
        writetimes.before_write(own, opens.clock)
        note_modified(own, opens)
    held = bytearray(_contents(own, file))
    if len(held) < offset:
        held += bytes(offset - len(held))
    held[offset : offset + size] = data
    streams.save(own.xattr_target, file.stream, held)
    return size


def resize(own: LocalHandle, opens: OpenFiles, size: int, *, shrink_only: bool = False) -> None:
    """`FileStore.set_end_of_file` of a stream; with `shrink_only` that of `set_allocation`."""
    file = stream_of(own)
    held = _contents(own, file)
    if size > streams.LARGEST:
        raise SMBError(NT.DISK_FULL, f"a stream of {size} bytes")
    if not (shrink_only and size >= len(held)):
        streams.save(own.xattr_target, file.stream, held[:size] + bytes(max(size - len(held), 0)))
        writetimes.resized(own, opens.clock)
        note_modified(own, opens)
        if opens.watches.active:
            opens.watches.report_stream(own.disk_path, file.stream, Happened.MODIFIED_STREAM, _WRITTEN)
    if shrink_only:
        file.allocation = size


def flush(own: LocalHandle) -> None:
    """Makes the stream durable, with all else that its file has beside its data."""
    with suppress(PermissionError):
        fd = _reopened(own, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def _contents(own: LocalHandle, file: StreamFile) -> bytes:
    held = streams.load(own.xattr_target, file.stream)
    return b"" if held is None else held


# -- what is known -----------------------------------------------------------------------------------------


def info_of_open(own: LocalHandle, side: SideTable) -> Info:
    """What is known of an open stream: its own sizes, all else its file's."""
    file = stream_of(own)
    st = os.fstat(own.fd)
    stored = load(own.xattr_target, st, side, follow=True)
    info = info_of(st, stored, own.name, own.shown_path, file.base)
    return _as_stream(info, streams.size(own.xattr_target, file.stream), file)


def info_of_name(entry: Entry, name: str, side: SideTable, file: OpenFile | None) -> Info:
    """What is known of a stream by its name; OBJECT_NAME_NOT_FOUND where it is not there."""
    assert entry.st is not None
    target = entry.xattr_path
    there = streams.find(target, name)
    if there is None:
        raise SMBError(NT.OBJECT_NAME_NOT_FOUND, name)
    stream = file.streams.get(fold(there)) if file is not None and file.streams else None
    if stream is not None and stream.delete_pending:
        raise SMBError(NT.DELETE_PENDING)
    shown = f"{shown_name(entry.name)}:{there}"
    stored = load(target, entry.st, side)
    info = info_of(entry.st, stored, shown, entry.directory.prefix + shown, file)
    return _as_stream(info, streams.size(target, there), stream)


def _as_stream(info: Info, size: int, stream: StreamFile | None) -> Info:
    info.end_of_file = size
    info.allocation_size = round_up(max(size, stream.allocation if stream is not None else 0))
    if info.is_directory:
        info.is_directory = 0
        info.attributes = info.attributes & ~Attribute.DIRECTORY or Attribute.NORMAL
    if stream is not None and stream.delete_pending and not info.delete_pending:
        info.delete_pending, info.number_of_links = 1, max(info.number_of_links - 1, 0)
    return info


def listed(target: str | int, base: Info) -> list[StreamFacts]:
    """All data streams of a file of which `base` is known, the unnamed one first."""
    found = [] if base.is_directory else [StreamFacts(UNNAMED, base.end_of_file, base.allocation_size)]
    for name in streams.names(target):
        size = streams.size(target, name)
        found.append(StreamFacts(f":{name}:$DATA", size, round_up(size)))
    return found


# -- names and ends ----------------------------------------------------------------------------------------


def base_of(own: LocalHandle) -> OpenFile:
    """The file of an open file or stream."""
    return own.file.base if isinstance(own.file, StreamFile) else own.file


def before_end(own: LocalHandle) -> OpenFile:
    """An open of a directory or stream is about to end: a stream to be deleted goes with its last. Gives the file."""
    file = own.file
    if not isinstance(file, StreamFile):
        return file
    if file.delete_pending and len(file.opens) == 1:
        with suppress(OSError):
            streams.remove(own.xattr_target, file.stream)
    return file.base


def closed(own: LocalHandle, opens: OpenFiles) -> None:
    """Tells watches what the end of an open stream has changed."""
    file = own.file
    if isinstance(file, StreamFile):
        watches = opens.watches
        if file.delete_pending and not file.opens:
            watches.report_stream(own.disk_path, file.stream, Happened.REMOVED_STREAM, Filter.STREAM_NAME)
        elif own.wrote:
            watches.report_stream(own.disk_path, file.stream, Happened.MODIFIED_STREAM, _WRITTEN)


def drop_all(fd: int, names: Iterable[str], file: OpenFile | None, opens: OpenFiles, path: Path) -> None:
    """A file is overwritten and loses its streams: those that are open with their last close.

    `names`: its extended attributes.
    """
    for xattr in names:
        name = streams.name_in(xattr)
        if not name:
            continue
        stream = file.streams.get(fold(name)) if file is not None and file.streams else None
        if stream is None:
            streams.remove(fd, name)
        elif not stream.delete_pending:
            opens.mark_deleted(stream, path)


def rename(own: LocalHandle, to: Path, opens: OpenFiles, *, replace: bool) -> None:
    """Gives an open stream another name in its file ([MS-FSA] 2.1.5.15.11.1).

    A stream that is in the way must be empty and closed: INVALID_PARAMETER. So must the unnamed one, whose place a
    stream can take.
    """
    file = stream_of(own)
    target = own.xattr_target
    if to.unnamed:
        _take_unnamed(own, file, opens, replace=replace)
        return
    there = streams.find(target, to.stream)
    if there is not None and fold(there) != fold(file.stream):
        if not replace:
            raise SMBError(NT.OBJECT_NAME_COLLISION)
        base = file.base
        if (base.streams is not None and fold(there) in base.streams) or streams.size(target, there):
            raise SMBError(NT.INVALID_PARAMETER, "the stream to replace is open or not empty")
    if file.oplocks is not None:
        oplocks.before_rename(file, own)
    old = file.stream
    streams.rename(target, old, to.stream)
    opened = file.base.streams
    assert opened is not None
    opened.pop(fold(old), None)
    opened[fold(to.stream)] = file
    file.stream = to.stream
    for handle in file.opens:
        handle.path = Path(handle.path.parts, to.stream)
        handle.name = handle.name.partition(":")[0] + ":" + to.stream
        handle.shown_path = handle.shown_path.rpartition(":")[0] + ":" + to.stream
    if file.times is not None:
        file.times.touch()
    if opens.watches.active:
        report, place = opens.watches.report_stream, own.disk_path
        report(place, old, Happened.REMOVED_STREAM, Filter.STREAM_NAME)
        report(place, to.stream, Happened.ADDED_STREAM, Filter.STREAM_NAME)


def _take_unnamed(own: LocalHandle, file: StreamFile, opens: OpenFiles, *, replace: bool) -> None:
    """A stream becomes its file's data, and its opens become opens of the file."""
    base, target = file.base, own.xattr_target
    st = os.fstat(own.fd)
    if stat.S_ISDIR(st.st_mode):
        raise SMBError(NT.INVALID_PARAMETER, "a directory has no unnamed stream")
    if not replace:
        raise SMBError(NT.OBJECT_NAME_COLLISION)
    if base.opens or st.st_size:
        raise SMBError(NT.INVALID_PARAMETER, "the file's own data is open or not empty")
    held = _contents(own, file)
    opened = [handle for handle in file.opens if isinstance(handle, LocalHandle)]
    fds = [_reopened(handle, _flags(handle)) for handle in opened]
    data = _reopened(own, os.O_WRONLY)
    try:
        os.pwrite(data, held, 0)
        streams.remove(target, file.stream)
    finally:
        os.close(data)
    for handle, fd in zip(opened, fds, strict=True):
        os.dup2(fd, handle.fd, inheritable=False)
        os.close(fd)
        handle.file, handle.unusual = base, False
        handle.path = Path(handle.path.parts)
        handle.name = handle.name.partition(":")[0]
        handle.shown_path = handle.shown_path.rpartition(":")[0]
    base.opens, base.locks, base.oplocks, base.waiters = file.opens, file.locks, file.oplocks, file.waiters
    if base.streams is not None:
        base.streams.pop(fold(file.stream), None)
    if file.delete_pending:
        opens.mark_deleted(file, None)
        opens.mark_deleted(base, own.path)


def _reopened(own: LocalHandle, flags: int) -> int:
    """A descriptor of the file whose stream is open."""
    return os.open(f"/proc/self/fd/{own.fd}", flags | os.O_NONBLOCK | os.O_CLOEXEC)


def _flags(handle: LocalHandle) -> int:
    if handle.access & WRITES_DATA:
        return os.O_RDWR if handle.access & READS_DATA else os.O_WRONLY
    return os.O_RDONLY


def check_rename(old: Path, to: Path, *, by_name: bool) -> None:
    """Raises unless `to` is the name of a stream alone: a stream does not leave its file."""
    if to.parts:
        if by_name:
            raise SMBError(NT.INVALID_PARAMETER, "a stream cannot become a file, nor one of another")
        raise SMBError(NT.NOT_SUPPORTED, "a stream's new name is its own, without the file's")
    if not to.stream and not to.unnamed:
        raise SMBError(NT.OBJECT_NAME_INVALID, f"{old} without a name")
