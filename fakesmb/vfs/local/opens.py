"""Opening: every disposition, option and access mask of an NT-style create ([MS-FSA] 2.1.5.1)."""

import errno
import os
import stat
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Final

from fakesmb.nt.files import Access, Action, Attribute, Disposition, Option, ShareMode
from fakesmb.nt.filetime import UNIX_EPOCH
from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs import disk
from fakesmb.vfs.eas import check
from fakesmb.vfs.local import acls, eas, streamfiles, xattrs
from fakesmb.vfs.local.attributes import creation_time, effective, load, save
from fakesmb.vfs.local.descriptors import Guard
from fakesmb.vfs.local.directory import Directory
from fakesmb.vfs.local.facts import info_of
from fakesmb.vfs.local.files import FileHandle, SamePosition, data_flags
from fakesmb.vfs.local.freeing import truncate
from fakesmb.vfs.local.handles import DirectoryHandle, LocalHandle
from fakesmb.vfs.local.lookup import Entry, Lookup
from fakesmb.vfs.local.modes import drop_set_id
from fakesmb.vfs.local.streamopens import StreamOpener
from fakesmb.vfs.local.volume import check_room, check_writable
from fakesmb.vfs.paths import Path, is_legal_on_wire
from fakesmb.vfs.rules import oplocks, sharing, writetimes
from fakesmb.vfs.rules.access import READS_DATA, WRITES_DATA, check_mask, grant, map_generic
from fakesmb.vfs.rules.deletion import others_open
from fakesmb.vfs.rules.openfiles import OpenFiles
from fakesmb.vfs.rules.watches import REPLACED
from fakesmb.vfs.store import CreateParameters, Ea, Info, Opened, SharingViolation, Unfinished
from fakesmb.vfs.stored import SideTable, Stored

_SET_ID: Final = stat.S_ISUID | stat.S_ISGID
_O_PATH: Final = getattr(os, "O_PATH", os.O_RDONLY)
_ATTEMPTS: Final = 4
"""How often an open starts over when a local program changes the name under it."""

REPLACING: Final[dict[int, int]] = {
    Disposition.SUPERSEDE: Access.DELETE,
    Disposition.OVERWRITE: Access.WRITE_DATA,
    Disposition.OVERWRITE_IF: Access.WRITE_DATA,
}
"""The dispositions that empty a file, and the access that each implies: a read-only file can be superseded."""
_EXISTING_ONLY: Final = frozenset({Disposition.OPEN, Disposition.OVERWRITE})
_DISPOSITIONS: Final = frozenset(Disposition)
_KEPT: Final = Attribute.SETTABLE & ~(Attribute.NORMAL | Attribute.SPARSE)
_KEPT_ON_REPLACING: Final = _KEPT & ~Attribute.NOT_CONTENT_INDEXED
_KNOWN_OPTIONS: Final = 0x00EFFFFF
"""All but FILE_RESERVE_OPFILTER, which file systems no longer accept."""
_LARGEST_ALLOCATION: Final = (1 << 63) - 1
_BOTH_SYNCHRONOUS: Final = Option.SYNCHRONOUS_IO_ALERT | Option.SYNCHRONOUS_IO_NONALERT
_OPENED: Final = int(Action.OPENED)


_MAY_BE_READ: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ETXTBSY})
"""Why a file that may be read is not opened for writing, too: MAXIMUM_ALLOWED is less then."""


class _ChangedMeanwhile(Exception):
    """Another program changed the name between looking it up and opening it."""


class Opener:
    """Opens files below one root, by the rules of one share, for one user."""

    def __init__(self, lookup: Lookup, opens: OpenFiles, guard: Guard, *, read_only: bool) -> None:
        self._lookup = lookup
        self._opens = opens
        self._guard = guard
        self._read_only = read_only
        self._inherits = lookup.inherits_acls
        self._streams = StreamOpener(lookup, opens, guard, self.create, read_only=read_only)

    def create(self, path: Path, request: CreateParameters) -> Opened:
        """`FileStore.create`."""
        # Windows' server adds READ_ATTRIBUTES to whatever the client asks for.
        mask = map_generic(request.access) or Access.READ_ATTRIBUTES
        _check_request(path, request, mask, privileged=self._guard.privileged)
        if path.stream:
            return self._streams.create(path, request, mask)
        for _ in range(_ATTEMPTS):
            entry = self._lookup.entry(path)
            try:
                if entry.st is None:
                    return self._make(path, request, mask, entry)
                return self._open(path, request, mask, entry, entry.st)
            except (_ChangedMeanwhile, FileNotFoundError, FileExistsError):
                continue
        raise SMBError(NT.ACCESS_DENIED, "the name changes faster than it can be opened")

    def _open(
        self, path: Path, request: CreateParameters, mask: int, entry: Entry, st: os.stat_result
    ) -> Opened:
        disposition, options = request.disposition, request.options
        directory = stat.S_ISDIR(st.st_mode)
        _check_kind(st.st_mode, disposition, options | Option.NON_DIRECTORY if path.unnamed else options)
        stored = load(entry.xattr_path, st, self._opens.side)
        attributes = effective(st.st_mode, entry.data_name, stored.attributes)
        replacing = disposition in REPLACING
        if replacing:
            self._check_replace(request, attributes)
            if request.allocation:
                check_room(self._lookup.root.fd, request.allocation)
        access = grant(mask, read_only_share=self._read_only, attributes=attributes)
        if options & Option.DELETE_ON_CLOSE:
            self._check_delete_on_close(entry, attributes)
            check_writable(self._lookup.root.path)
        if self._opens.secured:
            access = self._guard.open(entry, mask, access, disposition, options)
        file = self._opens.get(st)
        if file is not None:
            try:
                sharing.check(file, access | REPLACING.get(disposition, 0), request)
            except SharingViolation as violation:
                oplocks.before_refusal(file, violation, replacing=replacing)
            if replacing and file.streams:
                sharing.check_streams(file)
            if file.oplocks is not None:
                oplocks.before_open(file, access, request, replacing=replacing)
        fd, access = _open_existing(entry, st, access, mask, replacing=replacing)
        try:
            if fd > self._opens.room.last:
                fd = self._opens.room.settle(fd)
            action = _OPENED
            if replacing:
                st, stored = self._replace(fd, entry.path, request, st, stored)
                if file is not None:
                    writetimes.replaced(file)
                action = Action.SUPERSEDED if disposition == Disposition.SUPERSEDE else Action.OVERWRITTEN
                if self._opens.watches.active:
                    self._opens.watches.modified(entry.path, REPLACED)
        except BaseException:
            disk.close(fd)
            raise
        return self._opened(path, request, entry, st, stored, fd, access, action, directory=directory)

    def _check_replace(self, request: CreateParameters, attributes: int) -> None:
        if self._read_only:
            raise SMBError(NT.ACCESS_DENIED, "the share is read-only")
        if attributes & Attribute.READONLY and request.disposition != Disposition.SUPERSEDE:
            raise SMBError(NT.ACCESS_DENIED, "the file is read-only")
        if attributes & ~request.attributes & (Attribute.HIDDEN | Attribute.SYSTEM):
            raise SMBError(
                NT.ACCESS_DENIED, "a hidden or system file can be overwritten only with these attributes"
            )

    def _check_delete_on_close(self, entry: Entry, attributes: int) -> None:
        if attributes & Attribute.READONLY:
            raise SMBError(NT.CANNOT_DELETE, "the file is read-only")
        if not entry.name:
            raise SMBError(NT.CANNOT_DELETE, "the share's root cannot be deleted")

    def _replace(
        self, fd: int, place: str, request: CreateParameters, st: os.stat_result, stored: Stored
    ) -> tuple[os.stat_result, Stored]:
        """Empties a file and gives it the attributes of the request ([MS-FSA] 2.1.5.1.2).

        The data go last: whatever the disk refuses before leaves the file as it was.
        """
        born, side = creation_time(stored.creation_time, st), self._opens.side
        before = eas.load(fd) if stored.ea_size or request.eas else []
        try:
            ea_size = eas.put(fd, request.eas) if request.eas else 0
            new = Stored(request.attributes & _KEPT_ON_REPLACING | Attribute.ARCHIVE, born, ea_size)
            if not _saved_or_emptied(fd, st, new, side, request.eas):
                truncate(fd, 0, self._opens.world.turn.over)
        except BaseException:
            with suppress(OSError, SMBError):
                if before or request.eas:
                    eas.replace(fd, before)
                if stored.attributes >= 0:
                    save(fd, st, stored, side, follow=True)
            raise
        if before:
            eas.drop_others(fd, request.eas)
        streamfiles.drop_all(fd, xattrs.names(fd), self._opens.get(st), self._opens, place)
        return disk.fstat(fd), new

    def _make(self, path: Path, request: CreateParameters, mask: int, entry: Entry) -> Opened:
        """Creates what is not there."""
        options, wanted = request.options, request.attributes & _KEPT
        if request.disposition in _EXISTING_ONLY:
            raise SMBError(NT.OBJECT_NAME_NOT_FOUND, str(path))
        if self._read_only:
            raise SMBError(NT.ACCESS_DENIED, "the share is read-only")
        if options & Option.DELETE_ON_CLOSE and wanted & Attribute.READONLY:
            raise SMBError(NT.CANNOT_DELETE, "a new read-only file cannot be deleted on close")
        self._lookup.check_new(entry.name)
        if request.allocation:
            check_room(self._lookup.root.fd, request.allocation)
        access = grant(mask, read_only_share=False, attributes=0)
        parent = entry.directory
        if self._opens.deleting and self._opens.is_deleting(parent.status()):
            raise SMBError(NT.DELETE_PENDING, "the directory is being deleted")
        name = self._opens.tunnel.recall(parent.path, entry.name)
        if name != entry.name:
            try:
                longer = self._lookup.child(parent, name)
                if longer.st is None and parent.alias(name) == entry.name.upper():
                    entry, path = longer, Path((*path.parts[:-1], name))
            except Unfinished:
                self._opens.tunnel.remember(parent.path, name)
                raise
        directory = bool(options & Option.DIRECTORY)
        descriptor = request.descriptor
        if self._opens.secured or descriptor is not None:
            descriptor = self._guard.make(parent, descriptor, directory=directory)
        if directory:
            if wanted & Attribute.TEMPORARY:
                raise SMBError(NT.INVALID_PARAMETER, "a directory cannot be temporary")
            fd = _made_directory(parent, entry.name)
        else:
            wanted |= Attribute.ARCHIVE
            fd = parent.open(entry.name, data_flags(access) | os.O_CREAT | os.O_EXCL | os.O_NONBLOCK)
        try:
            parent.changed(added=entry.name)
            fd = self._opens.room.settle(fd)
            st = disk.fstat(fd)
            if self._inherits:
                acls.inherit(disk.place(parent.fd), fd, directory=directory)
            ea_size = eas.save(disk.place(fd), request.eas) if request.eas else 0
            stored = Stored(wanted, st.st_mtime_ns // 100 + UNIX_EPOCH, ea_size)
            if directory:
                save(entry.xattr_path, st, stored, self._opens.side)
            else:
                save(fd, st, stored, self._opens.side, follow=True)
            if descriptor is not None:
                self._guard.keep(entry.xattr_path if directory else fd, descriptor, follow=not directory)
            # Again: storing attributes and descriptor moved the change time.
            st = disk.fstat(fd)
        except BaseException:
            # For example the disk is full: a file that could not be made completely is removed.
            disk.close(fd)
            parent.about_to_change()
            with suppress(OSError):
                (parent.rmdir if directory else parent.unlink)(entry.name)
                parent.changed(removed=entry.name)
            raise
        if self._opens.watches.active:
            self._opens.watches.added(entry.path, directory=directory)
        return self._opened(path, request, entry, st, stored, fd, access, Action.CREATED, directory=directory)

    def _opened(
        self,
        path: Path,
        request: CreateParameters,
        entry: Entry,
        st: os.stat_result,
        stored: Stored,
        fd: int,
        access: int,
        action: int,
        *,
        directory: bool,
    ) -> Opened:
        file = self._opens.of(st)
        name = entry.name
        if not is_legal_on_wire(name):
            name = entry.directory.shown_at_once(name)
        shown = entry.directory.prefix + name
        kind: Callable[..., LocalHandle] = DirectoryHandle if directory else FileHandle
        if request.dos_deny and not directory:
            # A process's second DENY_DOS open shares the first one's position.
            first = sharing.same_dos_open(file, request)
            kind = kind if first is None else partial(SamePosition, first)
        handle = kind(
            self._opens,
            path,
            file,
            fd,
            request,
            access=access,
            name=name,
            shown_path=shown,
            disk_path=entry.path,
        )
        handle.made = action == Action.CREATED
        if file.opens:
            others_open(file)
        self._opens.begin(handle)
        if request.allocation and action != _OPENED and not directory:
            file.allocation = request.allocation
        info: Info = info_of(st, stored, name, shown, file)
        if request.oplock:
            return Opened(handle, action, info, oplocks.grant(file, handle, request))
        return Opened(handle, action, info)


def _check_request(path: Path, request: CreateParameters, mask: int, *, privileged: bool) -> None:
    """The combinations that no file allows ([MS-FSA] 2.1.5.1, parameter checks)."""
    options = request.options
    check_mask(mask, privileged=privileged)
    if (
        request.disposition not in _DISPOSITIONS
        or request.share & ~ShareMode.ALL
        or options & ~_KNOWN_OPTIONS
    ):
        unknown = f"disposition {request.disposition}, share mode 0x{request.share:X} or options 0x{options:X} unknown"
        raise SMBError(NT.INVALID_PARAMETER, unknown)
    if request.allocation > _LARGEST_ALLOCATION:
        raise SMBError(NT.INVALID_PARAMETER, f"allocation size {request.allocation} beyond 2^63 - 1")
    if options & Option.DIRECTORY and (options & Option.NON_DIRECTORY or request.disposition in REPLACING):
        raise SMBError(
            NT.INVALID_PARAMETER,
            f"FILE_DIRECTORY_FILE with disposition {request.disposition}, options 0x{options:X}",
        )
    synchronous = options & (Option.SYNCHRONOUS_IO_ALERT | Option.SYNCHRONOUS_IO_NONALERT)
    # Windows checks these two against the mask as it was sent: generic rights and MAXIMUM_ALLOWED do not count.
    if synchronous == _BOTH_SYNCHRONOUS or (synchronous and not request.access & Access.SYNCHRONIZE):
        raise SMBError(
            NT.INVALID_PARAMETER, "two options of synchronous I/O, or one without SYNCHRONIZE access"
        )
    if options & Option.DELETE_ON_CLOSE and not request.access & Access.DELETE:
        raise SMBError(NT.INVALID_PARAMETER, "delete on close needs DELETE access")
    if options & Option.OPEN_BY_FILE_ID:
        raise SMBError(NT.NOT_SUPPORTED, "open by file id is not supported")
    if options & Option.DIRECTORY and (path.stream or path.unnamed):
        raise SMBError(NT.NOT_A_DIRECTORY, "a named stream is no directory")
    if request.eas:
        check(request.eas)


def _check_kind(mode: int, disposition: int, options: int) -> None:
    """Raises unless a file of this kind may be opened in this way ([MS-FSA] 2.1.5.1.2)."""
    if stat.S_ISDIR(mode) and options & Option.NON_DIRECTORY:
        raise SMBError(NT.FILE_IS_A_DIRECTORY)
    if disposition == Disposition.CREATE:
        raise SMBError(NT.OBJECT_NAME_COLLISION)
    if stat.S_ISDIR(mode):
        if disposition in REPLACING:
            raise SMBError(NT.OBJECT_NAME_COLLISION, "a directory cannot be overwritten")
    elif options & Option.DIRECTORY:
        raise SMBError(NT.NOT_A_DIRECTORY)
    elif not stat.S_ISREG(mode):
        raise SMBError(NT.ACCESS_DENIED, "a pipe, socket or device cannot be opened")


def _saved_or_emptied(
    fd: int, st: os.stat_result, stored: Stored, side: SideTable, wanted: Sequence[Ea]
) -> bool:
    """Stores the attributes of a file that is to be emptied; True where that took emptying it first.

    A disk that is full has room for them only then, or when the EAs that are not `wanted` have gone. Raises OSError.
    """
    try:
        save(fd, st, stored, side, follow=True)
    except OSError as error:
        if error.errno not in xattrs.NO_ROOM:
            raise
    else:
        return False
    eas.drop_others(fd, wanted)
    try:
        save(fd, st, stored, side, follow=True)
    except OSError as error:
        if error.errno not in xattrs.NO_ROOM or not st.st_blocks:
            raise
    else:
        return False
    disk.ftruncate(fd, 0)
    save(fd, st, stored, side, follow=True)
    return True


def _made_directory(parent: Directory, name: str) -> int:
    """A descriptor of a new directory, which is not left behind where there is no descriptor for it."""
    parent.mkdir(name)
    try:
        return parent.open(name, _O_PATH | os.O_DIRECTORY)
    except BaseException:
        with suppress(OSError):
            parent.rmdir(name)
        raise


def _open_existing(
    entry: Entry, st: os.stat_result, access: int, mask: int, *, replacing: bool
) -> tuple[int, int]:
    """A descriptor of the inode `st`, and the access that the disk's permissions leave."""
    place, name = entry.data_directory, entry.data_name
    if stat.S_ISDIR(st.st_mode):
        fd = place.open(name, _O_PATH | os.O_DIRECTORY)
    elif not access & (READS_DATA | WRITES_DATA) and not replacing:
        fd = place.open(name, _O_PATH | os.O_NONBLOCK)
    else:
        flags = data_flags(access | Access.WRITE_DATA if replacing else access)
        try:
            fd = place.open(name, flags | os.O_NONBLOCK)
        except OSError as error:
            if error.errno not in _MAY_BE_READ:
                raise
            if not mask & Access.MAXIMUM_ALLOWED or mask & WRITES_DATA or replacing:
                raise
            access &= ~WRITES_DATA
            fd = place.open(name, os.O_RDONLY | os.O_NONBLOCK)
    now = disk.fstat(fd)
    if now.st_ino != st.st_ino or now.st_dev != st.st_dev:
        disk.close(fd)
        raise _ChangedMeanwhile
    if now.st_mode & _SET_ID and (replacing or access & WRITES_DATA):
        drop_set_id(fd, now)
    return fd, access
