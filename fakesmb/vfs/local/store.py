"""A directory of the local disk as an NT file store: `FileStore` over POSIX calls made directly."""

import copy
import errno
import os
import stat
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final

from fakesmb.nt.controls import CHANGING
from fakesmb.nt.files import Access, Action, Disposition, Option, ShareMode
from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs import disk
from fakesmb.vfs.eas import check
from fakesmb.vfs.local import closing, control, eas, replacing, streamfiles, streamnames, streams, xattrs
from fakesmb.vfs.local.attributes import creation_time, load
from fakesmb.vfs.local.descriptors import Guard
from fakesmb.vfs.local.facts import info_of
from fakesmb.vfs.local.freeing import Freeing
from fakesmb.vfs.local.handles import LocalHandle, local_handle
from fakesmb.vfs.local.lookup import Lookup
from fakesmb.vfs.local.metadata import set_basic, set_eas
from fakesmb.vfs.local.namespace import Namespace, check_included
from fakesmb.vfs.local.opens import Opener
from fakesmb.vfs.local.posix import LocalPosixFiles
from fakesmb.vfs.local.posixnames import ExactLookup, LinkSearch
from fakesmb.vfs.local.search import LocalSearch
from fakesmb.vfs.local.speltnames import SpeltLookup, SpeltSearch
from fakesmb.vfs.local.streamhandles import StreamHandle
from fakesmb.vfs.local.volume import check_writable, volume_of
from fakesmb.vfs.paths import Path, is_legal_on_wire
from fakesmb.vfs.rules import oplocks
from fakesmb.vfs.rules.locks import LockTable
from fakesmb.vfs.rules.openfiles import OpenFiles
from fakesmb.vfs.rules.watch import difference
from fakesmb.vfs.store import (
    CreateParameters,
    Ea,
    FileLimits,
    FileRange,
    Info,
    Opened,
    StreamFacts,
    Unfinished,
    Volume,
)
from fakesmb.vfs.wildcards import has_wildcards

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from fakesmb.nt.descriptor import Descriptor
    from fakesmb.nt.token import Token
    from fakesmb.vfs.store import Changes, Handle

_MAKE_DIRECTORY: Final = CreateParameters(
    access=Access.READ_ATTRIBUTES,
    disposition=Disposition.CREATE,
    options=Option.DIRECTORY,
    share=ShareMode.ALL,
)
_NOT_OURS_TO_DELETE: Final = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ENOTEMPTY})
"""A local program was there first: it deleted the file, or put something into the directory."""
_DELETE_STREAM: Final = CreateParameters(
    access=Access.DELETE, share=ShareMode.NONE, options=Option.DELETE_ON_CLOSE | Option.NON_DIRECTORY
)


class LocalStore:
    """The folder `root` as a share. `opens` is shared by all stores of one server.

    With `acls` every new file gets a security descriptor; without, those that are given one or would inherit one.

    `special_modes`: clients of the Unix extensions may set special bits and owners, as far as `modes` allows.

    Raises NotADirectoryError or FileNotFoundError at once where `root` is no directory.
    """

    def __init__(
        self,
        root: str,
        opens: OpenFiles,
        *,
        read_only: bool = False,
        label: str = "",
        acls: bool = False,
        special_modes: bool = False,
    ) -> None:
        if not stat.S_ISDIR(disk.stat(root).st_mode):
            raise NotADirectoryError(root)
        self.read_only = read_only
        self._special_modes = special_modes
        self.opens = opens
        self._label = label or os.path.basename(os.path.realpath(root))[:32]
        self._lookup = self._names = Lookup(root, opens.world, room=opens.room)
        self._exact_names = ExactLookup(root, opens.world, room=opens.room, beside=self._names)
        self._spelt_names = SpeltLookup(root, opens.world, room=opens.room, beside=self._names)
        self._search: type[LocalSearch] = LocalSearch
        self._freeing = Freeing()
        if not read_only:
            replacing.clear_up(self._names)
        self._let_in(Guard(self._lookup.root, opens, always=acls))

    def _let_in(self, guard: Guard) -> None:
        self._guard = guard
        self._opener = Opener(self._lookup, self.opens, guard, read_only=self.read_only)
        self._namespace = Namespace(self._lookup, self.opens, guard, self._freeing, read_only=self.read_only)

    def for_user(self, token: "Token | None") -> "LocalStore":
        """The same files with access checks for that user; None: the server itself, no access checks."""
        store = copy.copy(self)
        store._let_in(self._guard.for_user(token))
        return store

    @property
    def posix(self) -> LocalPosixFiles:
        """The operations of the Unix extensions."""
        return LocalPosixFiles(
            self._lookup,
            self.opens,
            self._guard,
            self._namespace,
            read_only=self.read_only,
            special_modes=self._special_modes,
        )

    def with_posix_names(self) -> "LocalStore":
        """The same files for the same user by POSIX names: each as it is spelt, and all characters legal."""
        store = copy.copy(self)
        store._lookup = self._exact_names
        store._search = LinkSearch
        store._let_in(self._guard)
        return store

    def with_exact_names(self) -> "LocalStore":
        """The same files for the same user by Windows' names, each as it is spelt."""
        store = copy.copy(self)
        store._lookup = self._spelt_names
        store._search = SpeltSearch
        store._let_in(self._guard)
        return store

    @property
    def root(self) -> str:
        """The folder's real path."""
        return self._lookup.root.path

    def limit(self, limits: FileLimits) -> None:
        """What clients may hold in all shares of the server."""
        self.opens.limit(limits)

    def shutdown(self) -> None:
        """Closes descriptors that are kept for reuse. The store stays usable and opens them again."""
        self._names.close()
        self._exact_names.close()
        self._spelt_names.close()
        if self.opens.watches.outside is not None:
            self.opens.watches.outside.close()
        if self.opens.local_opens is not None:
            self.opens.local_opens.close()

    def create(self, path: Path, request: CreateParameters) -> Opened:
        """Opens or creates; raises `SharingViolation` where another open excludes it."""
        opened = self._opener.create(path, request)
        if request.write_time > 0 and opened.action != Action.OPENED:
            local = local_handle(opened.handle)
            try:
                set_basic(local, 0, 0, request.write_time, 0, 0)
            except BaseException:
                local.delete_on_close = local.delete_on_close or local.made
                self.close(local)
                raise
            return Opened(local, opened.action, local.query(), opened.oplock)
        return opened

    def close(self, handle: "Handle", last_write_time: int = 0) -> OSError | None:
        """Ends an open: its locks, its delete-on-close; sets the write time if one is given. Never raises."""
        if not isinstance(handle, LocalHandle) or handle.closed:
            return None
        deleted, trouble = closing.end(handle, last_write_time)
        if deleted is not None:
            try:
                self._namespace.finish(deleted)
                handle.deleted = True
            except SMBError:  # the path leads elsewhere now
                pass
            except OSError as error:
                if error.errno not in _NOT_OURS_TO_DELETE:
                    trouble = error
        if handle.file.waiters:
            handle.file.wake()
        return trouble

    def acknowledge_oplock(self, handle: "Handle", level: int) -> None:
        """The holder gives up a breaking oplock and keeps `level`; anything else than a break is ignored."""
        oplocks.acknowledge(local_handle(handle), level)

    def read(self, handle: "Handle", offset: int, size: int, pid: int) -> bytes:
        """At most `size` bytes; b"" at the end.

        EXECUTE access is enough here: the core checks whether the client may use it ([MS-SMB] READ_PERMIT_EXECUTE).
        """
        if not isinstance(handle, LocalHandle) or handle.closed:
            raise SMBError(NT.INVALID_HANDLE)
        return handle.read(offset, size, pid)

    def readable_range(self, handle: "Handle", offset: int, size: int, pid: int) -> FileRange | None:
        """What `read` would give, for a transport that sends files by itself; None where only `read` can tell."""
        if not isinstance(handle, LocalHandle) or handle.closed:
            raise SMBError(NT.INVALID_HANDLE)
        return handle.readable_range(offset, size, pid)

    def write(self, handle: "Handle", offset: int, data: bytes | bytearray | memoryview, pid: int) -> int:
        """Writes all of it and returns its length."""
        if not isinstance(handle, LocalHandle) or handle.closed:
            raise SMBError(NT.INVALID_HANDLE)
        return handle.write(offset, data, pid)

    def next_data(self, handle: "Handle", offset: int) -> tuple[int, int]:
        """The range of the first data at or behind `offset`, perhaps behind a hole; the end of file twice for none."""
        return local_handle(handle).next_data(offset)

    def check_room(self, handle: "Handle", pieces: Iterable[tuple[int, int]]) -> None:
        """Raises DISK_FULL where data at these places, each an offset and a size, do not all fit on the disk."""
        local_handle(handle).check_room(pieces)

    def write_zeros(self, handle: "Handle", offset: int, size: int, pid: int) -> None:
        """As `write`, of zeros that need take no room: a hole where the disk can."""
        local_handle(handle).write_zeros(offset, size, pid)

    def flush(self, handle: "Handle") -> Callable[[], None] | None:
        """What makes it durable, to be run once in any thread."""
        return local_handle(handle).flush()

    def set_end_of_file(self, handle: "Handle", size: int) -> None:
        """Truncates or extends."""
        local_handle(handle).set_end_of_file(size, holes=self._lookup.posix)

    def set_allocation(self, handle: "Handle", size: int) -> None:
        """Reserves; a size below the end of file truncates ([MS-FSA] 2.1.5.15.1)."""
        local_handle(handle).set_allocation(size)

    def lock(self, handle: "Handle", pid: int, offset: int, length: int, *, exclusive: bool) -> None:
        """Takes a byte range at once, or raises LOCK_NOT_GRANTED / FILE_LOCK_CONFLICT."""
        local = local_handle(handle)
        _locking(local).take(local, pid, offset, length, exclusive=exclusive)

    def wait_lock(
        self, handle: "Handle", pid: int, offset: int, length: int, *, exclusive: bool
    ) -> "Deferred[None]":
        """Takes a byte range when it becomes free; cancelling the Deferred ends the wait."""
        local = local_handle(handle)
        return _locking(local).wait(local, pid, offset, length, exclusive=exclusive)

    def unlock(
        self, handle: "Handle", pid: int, offset: int, length: int, *, exclusive: bool | None = None
    ) -> None:
        """Frees exactly that range, or raises RANGE_NOT_LOCKED."""
        local = local_handle(handle)
        local.lock_table().free(local, pid, offset, length, exclusive)

    def query(self, target: "Handle | Path", *, ea_size: bool = False) -> Info:
        """What is known of an open file or of a name (which is not opened, so sharing does not matter)."""
        side = self.opens.side
        if not isinstance(target, Path):
            local = local_handle(target)
            info = local.query()
            if ea_size:
                info.ea_size = eas.size(local.xattr_target)
            return info
        entry = self._lookup.itself(target)
        found = entry.st
        assert found is not None
        if self.opens.secured:
            self._guard.check(entry, Access.READ_ATTRIBUTES)
        files = self.opens.by_key
        file = files.get((found.st_dev, found.st_ino)) if files else None
        if file is not None and file.delete_pending:
            raise SMBError(NT.DELETE_PENDING)
        if target.stream:
            info = streamfiles.info_of_name(entry, target.stream, side, file)
        else:
            stored = load(entry.xattr_path, found, side)
            name = entry.name
            if not is_legal_on_wire(name):
                name = entry.directory.shown(name)
            info = info_of(found, stored, name, entry.directory.prefix + name, file)
        if ea_size and not stat.S_ISLNK(
            found.st_mode
        ):  # a link has none, and those of the file that it leads to are not asked for
            info.ea_size = eas.size(entry.xattr_path, follow=False)
        return info

    def streams(self, target: "Handle | Path") -> list[StreamFacts]:
        """The data streams of a file, the unnamed one first; a directory has named ones only."""
        if isinstance(target, Path):
            entry = self._lookup.find(target)
            return streamfiles.listed(entry.xattr_path, self.query(Path(target.parts)), follow=False)
        local = local_handle(target)
        return streamfiles.listed(local.xattr_target, local.query_base())

    def extras(self, handle: "Handle") -> tuple[bool, bool]:
        """Whether an open file has EAs, and whether it has named streams."""
        names = xattrs.names(local_handle(handle).xattr_target)
        return any(map(eas.name_in, names)), any(map(streams.name_in, names))

    def eas(self, target: "Handle | Path") -> list[Ea]:
        """The extended attributes of a file. INVALID_PARAMETER for a named stream, which has none."""
        if isinstance(target, Path):
            if target.stream:
                raise SMBError(NT.INVALID_PARAMETER, "a named stream has no EAs")
            entry = self._lookup.find(target)
            if self.opens.secured:
                self._guard.check(entry, Access.READ_EA)
            return eas.load(entry.xattr_path, follow=False)
        local = local_handle(target)
        local.check_has_eas()
        if not local.access & Access.READ_EA:
            raise SMBError(NT.ACCESS_DENIED, "no READ_EA access")
        return eas.load(local.xattr_target)

    def set_eas(self, target: "Handle | Path", wanted: Sequence[Ea]) -> None:
        """Sets these extended attributes, or none of them ([MS-FSA] 2.1.5.15.5)."""
        if isinstance(target, Path):
            check(wanted)
            opened = self.create(target, CreateParameters(access=Access.WRITE_EA))
            try:
                self.set_eas(opened.handle, wanted)
            finally:
                self.close(opened.handle)
            return
        local = local_handle(target)
        local.check_has_eas()
        if not local.access & Access.WRITE_EA:
            raise SMBError(NT.ACCESS_DENIED, "no WRITE_EA access")
        set_eas(local, wanted, as_spelt=self._lookup.posix)

    def set_basic(
        self,
        target: "Handle | Path",
        *,
        creation: int = 0,
        access: int = 0,
        write: int = 0,
        change: int = 0,
        attributes: int = 0,
    ) -> None:
        """Sets times (0: leave; -1: leave and stop automatic updates) and attributes (0: leave).

        `change` lasts as long as the file is open: POSIX sets it by itself.
        """
        if isinstance(target, Path):
            opened = self.create(target, CreateParameters(access=Access.WRITE_ATTRIBUTES))
            try:
                self._set_basic(local_handle(opened.handle), creation, access, write, change, attributes)
            finally:
                self.close(opened.handle)
            return
        local = local_handle(target)
        if not local.access & Access.WRITE_ATTRIBUTES:
            raise SMBError(NT.ACCESS_DENIED, "no WRITE_ATTRIBUTES access")
        self._set_basic(local, creation, access, write, change, attributes)

    def _set_basic(
        self, local: LocalHandle, creation: int, access: int, write: int, change: int, attributes: int
    ) -> None:
        watches = self.opens.watches
        before = local.query() if watches.active else None
        set_basic(local, creation, access, write, change, attributes)
        if before is not None:
            watches.modified(local.disk_path, difference(before, local.query()))

    def set_delete(self, handle: "Handle", *, delete: bool) -> None:
        """Marks for deletion when the last open closes, or takes the mark back."""
        local = local_handle(handle)
        if not delete:
            if not local.access & Access.DELETE:
                raise SMBError(NT.ACCESS_DENIED, "no DELETE access")
            self.opens.mark_deleted(local.file, None)
            return
        self._namespace.check_deletable(local, local.query().attributes)
        check_writable(local.fd)
        self.opens.mark_deleted(local.file, local.disk_path)

    def rename(self, target: "Handle | Path", to: Path, *, replace: bool, share: int = ShareMode.ALL) -> None:
        """Gives a new name, in the same share; the handle's path follows. `share`: what others may have open."""
        if isinstance(target, Path):
            if target.stream:
                self._rename_stream(target, to, replace=replace, share=share)
            else:
                self._namespace.rename(target, to, replace=replace, share=share)
            return
        local = local_handle(target)
        if not local.access & Access.DELETE:
            raise SMBError(NT.ACCESS_DENIED, "no DELETE access")
        if isinstance(local, StreamHandle):
            streamnames.check_rename(local.path, to, by_name=False)
            streamnames.rename(local, to, self._lookup.root, replace=replace)
        else:
            self._namespace.rename(local.path, to, replace=replace, handle=local)

    def _rename_stream(self, path: Path, to: Path, *, replace: bool, share: int) -> None:
        streamnames.check_rename(path, to, by_name=True)
        opened = self.create(path, CreateParameters(access=Access.DELETE, share=share))
        try:
            local = local_handle(opened.handle)
            assert isinstance(local, StreamHandle)
            streamnames.rename(local, to, self._lookup.root, replace=replace)
        finally:
            self.close(opened.handle)

    def link(self, target: "Handle | Path", to: Path, *, replace: bool) -> None:
        """Makes a hard link."""
        local = None if isinstance(target, Path) else local_handle(target)
        source = target if isinstance(target, Path) else target.path
        self._namespace.link(source, to, replace=replace, handle=local)

    def make_directory(self, path: Path) -> None:
        """Makes one directory."""
        self.close(self.create(path, _MAKE_DIRECTORY).handle)

    def remove_directory(self, path: Path) -> None:
        """Removes an empty directory; DIRECTORY_NOT_EMPTY else."""
        self._namespace.remove_directory(path)

    def delete(self, path: Path, excluded: int = 0) -> None:
        """Deletes a file by name, under the rules of an open for DELETE that shares nothing.

        A file that has any of the attributes `excluded` is NO_SUCH_FILE.
        """
        if path.stream:
            check_included(self.query(path).attributes, excluded)
            self.close(self.create(path, _DELETE_STREAM).handle)
        else:
            self._namespace.delete(path, excluded)

    def check_directory(self, path: Path) -> None:
        """Raises unless the path is a directory."""
        entry = self._lookup.find(path)
        if entry.st is None or not stat.S_ISDIR(entry.st.st_mode) or path.stream or path.unnamed:
            raise SMBError(NT.NOT_A_DIRECTORY)

    def search(self, directory: Path, pattern: str, attributes: int) -> LocalSearch:
        """Begins a search; `attributes` are SearchAttributes ([MS-CIFS] 2.2.1.2.4)."""
        if pattern and not has_wildcards(pattern):
            self._lookup.check_new(pattern)
        where = self._lookup.directory(directory.parts)
        if self.opens.secured:
            self._guard.check_list(where)
        return self._search(self._lookup, self.opens, where, pattern, attributes)

    def control(self, handle: "Handle", code: int, data: bytes, room: int) -> tuple[bytes, NT]:
        """Answers a file system control ([MS-FSCC] 2.3)."""
        if self.read_only and code in CHANGING:
            raise SMBError(NT.MEDIA_WRITE_PROTECTED, "the share is read-only")
        local, watches = local_handle(handle), self.opens.watches
        local.check_control(code)
        before = local.query() if watches.active and code in CHANGING else None
        answer = control.run(local, code, data, room)
        if before is not None:
            watches.modified(local.disk_path, difference(before, local.query()))
        return answer

    def watch(
        self, handle: "Handle", completion_filter: int, *, recursive: bool, size: int
    ) -> "Deferred[Changes]":
        """The changes in a directory since the last call for this open, or the next ([MS-FSA] 2.1.5.11)."""
        directory = local_handle(handle)
        if directory.file.delete_pending:
            raise SMBError(NT.DELETE_PENDING, "the watched directory is being deleted")
        return self.opens.watches.ask(directory, completion_filter, recursive=recursive, size=size)

    def end_watch(self, handle: "Handle") -> None:
        """Answers all requests that wait for changes through this open with none: it is about to end."""
        if self.opens.watches.active:
            self.opens.watches.forget(local_handle(handle))

    def query_security(self, handle: "Handle", parts: int) -> "Descriptor":
        """Parts (SecurityInformation) of a descriptor."""
        return self._guard.query(local_handle(handle), parts)

    def set_security(self, handle: "Handle", parts: int, descriptor: "Descriptor") -> None:
        """Exchanges parts of a descriptor ([MS-FSA] 2.1.5.17)."""
        if self.read_only:
            raise SMBError(NT.MEDIA_WRITE_PROTECTED, "the share is read-only")
        self._guard.change(local_handle(handle), parts, descriptor)

    def maximal_access(self, handle: "Handle") -> int:
        """All that this user could open the file for."""
        return self._guard.maximal(local_handle(handle))

    def alias(self, path: str, name: str) -> str:
        """The 8.3 name of `name` in the directory at `path`, "" for one that is one itself or has none."""
        try:
            return self._lookup.directory(tuple(filter(None, path.split("\\")))).alias(name)
        except Unfinished:
            raise
        except (SMBError, OSError):  # it is gone: nothing of it can be asked for
            return ""

    def begin_again(self) -> None:
        """Nothing is open: the names that went away lately do not come back, and another folder may be in the root's
        place now, of which nothing is known yet.
        """
        before = self._names.root_key() if self.opens.side else None
        self._names.close()
        self._exact_names.close()
        self.opens.tunnel.clear()
        if before is not None and self._names.finds_root() and self._names.root_key() != before:
            for key in [
                key for key in self.opens.side if key[0] == before[0]
            ]:  # inodes get their numbers again
                del self.opens.side[key]

    def is_there(self) -> bool:
        """Whether the folder is there now."""
        return self._lookup.finds_root()

    def volume(self) -> Volume:
        """The volume's facts and free space."""
        entry = self._lookup.entry(Path(()))
        root, st = entry.directory, entry.st
        assert st is not None
        stored = load(root.xattr_base, st, self.opens.side)
        named = xattrs.supported(root.xattr_base)
        return volume_of(
            root.fd, root.path, self._label, creation_time(stored.creation_time, st), streams=named
        )


def _locking(local: LocalHandle) -> LockTable:
    """The lock table for a new lock, which ends level II oplocks; freeing one does not ([MS-FSA] 2.1.5.9)."""
    table = local.lock_table()
    local.opens.lock_limits.check(local.owner, len(table))
    if local.file.oplocks is not None:
        oplocks.end_shared(local.file)
    return table
