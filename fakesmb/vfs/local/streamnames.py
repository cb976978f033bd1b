"""Renaming named streams ([MS-FSA] 2.1.5.15.11.1)."""

import os
import stat
from contextlib import AbstractContextManager

from fakesmb.nt.files import FileAction, Filter
from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs import disk
from fakesmb.vfs.local import replacing, streams
from fakesmb.vfs.local.directory import Directory
from fakesmb.vfs.local.files import FileHandle, data_flags
from fakesmb.vfs.local.modes import drop_set_id
from fakesmb.vfs.local.streamhandles import StreamHandle
from fakesmb.vfs.paths import Path, fold
from fakesmb.vfs.rules import oplocks


def rename(handle: StreamHandle, to: Path, root: Directory, *, replace: bool) -> None:
    """Gives an open stream another name in its file ([MS-FSA] 2.1.5.15.11.1).

    An existing stream of that name is replaced only if it is empty and closed; else INVALID_PARAMETER. The same holds
    where the stream becomes the unnamed one.
    """
    file, opens, target = handle.stream, handle.opens, handle.xattr_target
    if to.unnamed:
        _take_unnamed(handle, replace=replace)
        return
    there = streams.find(target, to.stream)
    if there is not None and fold(there) != fold(file.stream):
        if not replace:
            raise SMBError(NT.OBJECT_NAME_COLLISION)
        base = file.base
        if (base.streams is not None and fold(there) in base.streams) or streams.size(target, there):
            raise SMBError(NT.INVALID_PARAMETER, "the stream to replace is open or not empty")
    if file.oplocks is not None:
        oplocks.before_rename(file, handle)
    old = file.stream

    def keeping(name: str, held: bytes) -> AbstractContextManager[None]:
        inode = disk.fstat(handle.fd).st_ino
        return replacing.kept(root, handle.disk_path, inode, name, held, opens)

    streams.rename(target, old, to.stream, keeping)
    opened = file.base.streams
    assert opened is not None
    opened.pop(fold(old), None)
    opened[fold(to.stream)] = file
    file.stream = to.stream
    for one in file.opens:
        one.path = Path(one.path.parts, to.stream)
        one.name = one.name.partition(":")[0] + ":" + to.stream
        one.shown_path = one.shown_path.rpartition(":")[0] + ":" + to.stream
    if file.times is not None:
        file.times.touch()
    if opens.watches.active:
        report, place = opens.watches.report_stream, handle.disk_path
        report(place, old, FileAction.REMOVED_STREAM, Filter.STREAM_NAME)
        report(place, to.stream, FileAction.ADDED_STREAM, Filter.STREAM_NAME)


def _take_unnamed(handle: StreamHandle, *, replace: bool) -> None:
    """A stream becomes its file's data, and its opens become opens of the file."""
    file, opens = handle.stream, handle.opens
    base = file.base
    st = disk.fstat(handle.fd)
    if stat.S_ISDIR(st.st_mode):
        raise SMBError(NT.INVALID_PARAMETER, "a directory has no unnamed stream")
    if not replace:
        raise SMBError(NT.OBJECT_NAME_COLLISION)
    if base.opens or st.st_size:
        raise SMBError(NT.INVALID_PARAMETER, "the file's own data is open or not empty")
    held = handle.contents()
    opened = [one for one in file.opens if isinstance(one, StreamHandle)]
    fds = [one.reopened(data_flags(one.access)) for one in opened]
    data = handle.reopened(os.O_WRONLY)
    try:
        drop_set_id(data, st)
        disk.pwrite(data, held, 0)
        streams.remove(handle.xattr_target, file.stream)
    finally:
        disk.close(data)
    for one, fd in zip(opened, fds, strict=True):
        os.dup2(fd, one.fd, inheritable=False)
        disk.close(fd)
        # The client keeps its FID, and so this object: it becomes an open of the file.
        one.__class__ = FileHandle  # type: ignore[assignment]
        one.file = base
        one.path = Path(one.path.parts)
        one.name = one.name.partition(":")[0]
        one.shown_path = one.shown_path.rpartition(":")[0]
    base.opens, base.locks, base.oplocks, base.waiters = file.opens, file.locks, file.oplocks, file.waiters
    if base.streams is not None:
        base.streams.pop(fold(file.stream), None)
    if file.delete_pending:
        opens.mark_deleted(file, None)
        opens.mark_deleted(base, handle.disk_path)


def check_rename(old: Path, to: Path, *, by_name: bool) -> None:
    """Raises unless `to` is the name of a stream alone: a stream does not leave its file."""
    if to.parts:
        if by_name:
            raise SMBError(NT.INVALID_PARAMETER, "a stream cannot move to another file or become one")
        raise SMBError(NT.NOT_SUPPORTED, "the new name of a stream must not name a file")
    if not to.stream and not to.unnamed:
        raise SMBError(NT.OBJECT_NAME_INVALID, f"no new name for {old}")
