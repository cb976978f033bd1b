"""Opening named streams ([MS-FSA] 2.1.5.1.1, 2.1.5.1.2): they have the rights of their file and are deleted with it."""

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from fakesmb.nt.files import Access, Action, Attribute, Disposition, FileAction, Filter, Option
from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs import disk
from fakesmb.vfs.local import streams, xattrs
from fakesmb.vfs.local.attributes import effective, load
from fakesmb.vfs.local.descriptors import Guard
from fakesmb.vfs.local.handles import LocalHandle
from fakesmb.vfs.local.lookup import Entry, Lookup
from fakesmb.vfs.local.metadata import note_modified
from fakesmb.vfs.local.streamhandles import StreamHandle
from fakesmb.vfs.local.volume import check_room
from fakesmb.vfs.paths import Path, fold
from fakesmb.vfs.rules import oplocks, sharing
from fakesmb.vfs.rules.access import WRITES_DATA, grant
from fakesmb.vfs.rules.openfiles import OpenFiles
from fakesmb.vfs.store import CreateParameters, Opened, SharingViolation

_O_PATH: Final = getattr(os, "O_PATH", os.O_RDONLY)
_EXISTING_ONLY: Final = frozenset({Disposition.OPEN, Disposition.OVERWRITE})
_REPLACING: Final = frozenset({Disposition.SUPERSEDE, Disposition.OVERWRITE, Disposition.OVERWRITE_IF})
_ATTEMPTS: Final = 4
_BASE: Final = CreateParameters(
    access=Access.READ_ATTRIBUTES, disposition=Disposition.CREATE, options=Option.NON_DIRECTORY
)


class StreamOpener:
    """Opens the named streams of one share's files for one user. `make_file` is how files are opened."""

    def __init__(
        self,
        lookup: Lookup,
        opens: OpenFiles,
        guard: Guard,
        make_file: Callable[[Path, CreateParameters], Opened],
        *,
        read_only: bool,
    ) -> None:
        self._lookup = lookup
        self._opens = opens
        self._guard = guard
        self._make_file = make_file
        self._read_only = read_only

    def create(self, path: Path, request: CreateParameters, mask: int) -> Opened:
        """Opens or makes a stream, and with it the file where there is none."""
        for _ in range(_ATTEMPTS):
            entry = self._lookup.entry(path)
            if entry.st is None:
                if request.disposition in _EXISTING_ONLY:
                    # Explorer probes dozens of streams of each file and wants exactly this for one that is missing.
                    raise SMBError(NT.OBJECT_NAME_NOT_FOUND, str(path))
                _check_disk(entry.directory.xattr_base)
                with suppress(FileExistsError):
                    return self._make_both(path, request, mask)
                continue
            if not stat.S_ISREG(entry.st.st_mode) and not stat.S_ISDIR(entry.st.st_mode):
                raise SMBError(NT.ACCESS_DENIED, "a pipe, socket or device has no streams")
            with suppress(FileNotFoundError):
                return self._open(path, request, mask, entry, entry.st)
        raise SMBError(NT.ACCESS_DENIED, "the name changes faster than it can be opened")

    def _make_both(self, path: Path, request: CreateParameters, mask: int) -> Opened:
        """Makes the file that the stream needs."""
        request_for_base = CreateParameters(
            access=_BASE.access,
            disposition=_BASE.disposition,
            options=_BASE.options,
            attributes=request.attributes,
            pid=request.pid,
            owner=request.owner,
            descriptor=request.descriptor,
            eas=request.eas,
        )
        base = self._make_file(Path(path.parts), request_for_base).handle
        assert isinstance(base, LocalHandle)
        entry: Entry | None = None
        try:
            entry = self._lookup.on_disk(base.disk_path)
            if entry is None or entry.st is None:
                raise FileExistsError(path.name)
            return self._open(path, request, mask, entry, entry.st, made=True)
        except BaseException:
            # The file was made for the stream only, which could not be made.
            if entry is not None:
                with suppress(OSError):
                    entry.directory.about_to_change()
                    entry.directory.unlink(entry.name)
                    entry.directory.changed(removed=entry.name)
            raise
        finally:
            self._opens.end(base)
            disk.close(base.fd)

    def _open(
        self,
        path: Path,
        request: CreateParameters,
        mask: int,
        entry: Entry,
        st: os.stat_result,
        *,
        made: bool = False,
    ) -> Opened:
        place, name = entry.data_directory, entry.data_name
        kind = os.O_DIRECTORY if stat.S_ISDIR(st.st_mode) else 0
        fd = place.open(name or ".", _O_PATH | os.O_NONBLOCK | kind)
        try:
            fd = self._opens.room.settle(fd)
            now = disk.fstat(fd)
            if now.st_ino != st.st_ino or now.st_dev != st.st_dev:
                raise FileNotFoundError(name)
            return self._open_in(path, request, mask, entry, now, fd, made=made)
        except BaseException:
            disk.close(fd)
            raise

    def _open_in(
        self,
        path: Path,
        request: CreateParameters,
        mask: int,
        entry: Entry,
        st: os.stat_result,
        fd: int,
        *,
        made: bool,
    ) -> Opened:
        """Opens the stream of the file that `fd` is open on; `made`: the file was made for this open."""
        target = disk.place(fd)
        disposition = Disposition(request.disposition)
        base = self._opens.get(st)
        if base is not None and base.delete_pending:
            raise SMBError(NT.DELETE_PENDING)
        there = streams.find(target, path.stream)
        if there is None:
            _check_disk(target)
        if there is None and disposition in _EXISTING_ONLY:
            raise SMBError(NT.OBJECT_NAME_NOT_FOUND, str(path))
        if there is not None and disposition == Disposition.CREATE:
            raise SMBError(NT.OBJECT_NAME_COLLISION)
        replacing = there is not None and disposition in _REPLACING
        changes = there is None or replacing
        access = self._granted(request, mask, entry, st, changes=changes, made=made)
        if changes and request.allocation:
            check_room(self._lookup.root.fd, request.allocation)
        file = base.streams.get(fold(path.stream)) if base is not None and base.streams else None
        if file is not None:
            try:
                sharing.check(file, access | Access.WRITE_DATA if replacing else access, request)
            except SharingViolation as violation:
                oplocks.before_refusal(file, violation, replacing=replacing)
            oplocks.before_open(file, access, request, replacing=replacing)
        spelling = there or path.stream
        action: int = Action.OPENED
        watches = self._opens.watches
        if there is None:
            streams.save(target, spelling, b"")
            action = Action.CREATED
            if watches.active:
                watches.report_stream(entry.path, spelling, FileAction.ADDED_STREAM, Filter.STREAM_NAME)
        elif replacing:
            streams.save(target, spelling, b"")
            action = Action.SUPERSEDED if disposition == Disposition.SUPERSEDE else Action.OVERWRITTEN
            if watches.active:
                bits = Filter.STREAM_SIZE | Filter.STREAM_WRITE
                watches.report_stream(entry.path, spelling, FileAction.MODIFIED_STREAM, bits)
        return self._opened(path, request, entry, disk.fstat(fd), fd, spelling, access, action)

    def _granted(
        self,
        request: CreateParameters,
        mask: int,
        entry: Entry,
        st: os.stat_result,
        *,
        changes: bool,
        made: bool,
    ) -> int:
        """The access to a stream: what the file's attributes and its descriptor leave.

        READONLY does not bind the open that makes the file.
        """
        if changes and self._read_only:
            raise SMBError(NT.ACCESS_DENIED, "the share is read-only")
        stored = load(entry.xattr_path, st, self._opens.side)
        attributes = effective(st.st_mode, entry.data_name, stored.attributes)
        if attributes & Attribute.READONLY:
            # A read-only directory may be written to.
            if changes and not made and not attributes & Attribute.DIRECTORY:
                raise SMBError(NT.ACCESS_DENIED, "the file is read-only")
            if request.options & Option.DELETE_ON_CLOSE:
                raise SMBError(NT.CANNOT_DELETE, "the file is read-only")
        access = grant(mask, read_only_share=self._read_only, attributes=0 if made else attributes)
        if self._opens.secured:
            needed = mask | Access.WRITE_DATA if changes and not mask & WRITES_DATA else mask
            access &= self._guard.open(entry, needed, access, Disposition.OPEN, request.options)
        return access

    def _opened(
        self,
        path: Path,
        request: CreateParameters,
        entry: Entry,
        st: os.stat_result,
        fd: int,
        spelling: str,
        access: int,
        action: int,
    ) -> Opened:
        file = self._opens.stream(self._opens.of(st), spelling)
        name = f"{entry.directory.shown_at_once(entry.name)}:{spelling}"
        handle = StreamHandle(
            self._opens,
            path,
            file,
            fd,
            request,
            access=access,
            name=name,
            shown_path=entry.directory.prefix + name,
            disk_path=entry.path,
        )
        self._opens.begin(handle)
        if request.allocation and action != Action.OPENED:
            file.allocation = request.allocation
        if action != Action.OPENED:
            note_modified(handle)
        info = handle.query()
        granted = oplocks.grant(file, handle, request) if request.oplock else 0
        return Opened(handle, action, info, granted)


def _check_disk(target: str | int) -> None:
    """Raises OBJECT_NAME_INVALID, as FAT does, where the disk cannot have streams."""
    if not xattrs.supported(target):
        raise SMBError(NT.OBJECT_NAME_INVALID, "the disk keeps no streams")
