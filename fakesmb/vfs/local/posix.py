"""What the CIFS Unix extensions ask of a store: names as POSIX has them, symbolic links, permissions, unlink at once.

Everything here looks at the name itself (lstat) and works from a directory that `Lookup` holds, so nothing leads out of
the share: a symbolic link may have any target, but only the store's lookup follows it, and only inside the share.
"""

import os
import stat
from typing import Final, NamedTuple

from msgspec.structs import replace

from fakesmb.nt.files import Access, ShareMode
from fakesmb.nt.filetime import UNIX_EPOCH
from fakesmb.nt.posixacl import Acl, Acls, base_of, inherited, mode_of, of_mode
from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs import disk
from fakesmb.vfs.local import acls
from fakesmb.vfs.local.attributes import load, save
from fakesmb.vfs.local.descriptors import Guard
from fakesmb.vfs.local.handles import local_handle
from fakesmb.vfs.local.lookup import Entry, Lookup
from fakesmb.vfs.local.metadata import as_shown
from fakesmb.vfs.local.modes import SPECIAL, may_be_special, settable
from fakesmb.vfs.local.namespace import Namespace
from fakesmb.vfs.local.posixnames import PosixSearch, posix_info
from fakesmb.vfs.paths import Path, is_utf8
from fakesmb.vfs.rules import oplocks, sharing
from fakesmb.vfs.rules.openfiles import Open, OpenFiles
from fakesmb.vfs.rules.oplocks import after_facts
from fakesmb.vfs.rules.posix_locks import PosixLocks
from fakesmb.vfs.rules.writetimes import set_times
from fakesmb.vfs.store import CreateParameters, Handle, Info, PosixChanges, SharingViolation

_LONGEST_TARGET: Final = 4095
_DELETE: Final = CreateParameters(access=Access.DELETE)


class _Place(NamedTuple):
    """A file that is to be changed: how system calls name it, and those of extended attributes."""

    name: str | int
    where: int | None
    st: os.stat_result
    xattrs: str | int
    shown: str
    follow: bool


class LocalPosixFiles:
    """`vfs.store.PosixFiles`: the POSIX operations of one share, for one user."""

    def __init__(
        self,
        lookup: Lookup,
        opens: OpenFiles,
        guard: Guard,
        namespace: Namespace,
        *,
        read_only: bool,
        special_modes: bool,
    ) -> None:
        self._lookup = lookup
        self._opens = opens
        self._guard = guard
        self._namespace = namespace
        self._read_only = read_only
        self._special_modes = special_modes

    # -- asking --------------------------------------------------------------------------------------------

    def query(self, target: Handle | Path) -> Info:
        """The facts of a name itself, a symbolic link's own, or of an open file."""
        side = self._opens.side
        if not isinstance(target, Path):
            opened = local_handle(target)
            st = disk.fstat(opened.fd)
            stored = load(opened.xattr_target, st, side, follow=True)
            return posix_info(st, stored, opened.name, opened.shown_path)
        entry = self._find(target)
        assert entry.st is not None
        if self._opens.secured:
            self._guard.check(entry, Access.READ_ATTRIBUTES)
        stored = load(entry.xattr_path, entry.st, side)
        return posix_info(entry.st, stored, entry.name, entry.client_path)

    def read_link(self, path: Path) -> str:
        """The target of a symbolic link; INVALID_PARAMETER for anything else."""
        entry = self._find(path)
        assert entry.st is not None
        if not stat.S_ISLNK(entry.st.st_mode):
            raise SMBError(NT.INVALID_PARAMETER, "not a symbolic link")
        return entry.directory.read_link(entry.name)

    def search(self, directory: Path, pattern: str, attributes: int) -> PosixSearch:
        """Begins a search that gives the facts of names themselves."""
        where = self._lookup.directory(directory.parts)
        if self._opens.secured:
            self._guard.check_list(where)
        return PosixSearch(self._lookup, self._opens, where, pattern, attributes)

    def _place(self, target: Handle | Path, access: int) -> "_Place":
        """Where a file is that this user may change; raises ACCESS_DENIED."""
        if isinstance(target, Path):
            entry = self._find(target)
            assert entry.st is not None
            if self._opens.secured:
                self._guard.check(entry, access)
            where = entry.directory.fd
            return _Place(entry.name or ".", where, entry.st, entry.xattr_path, entry.name, follow=False)
        handle = local_handle(target)
        if handle.access & access != access and not handle.access & Access.WRITE_DATA:
            raise SMBError(NT.ACCESS_DENIED, "not opened for changing permissions, owner or times")
        name, st = handle.xattr_target, disk.fstat(handle.fd)
        return _Place(name, None, st, handle.xattr_target, handle.name, follow=True)

    # -- changing ------------------------------------------------------------------------------------------

    def change(self, target: Handle | Path, wanted: PosixChanges) -> None:
        """Sets owner, permissions and times. Of a symbolic link itself, permissions cannot be set.

        Special bits are left out, and owners refused, unless the share lets this user set them (`modes`).
        """
        self._check_writable()
        access = Access.WRITE_ATTRIBUTES
        if wanted.mode is not None:
            access |= Access.WRITE_DAC
        if wanted.uid is not None or wanted.gid is not None:
            access |= Access.WRITE_OWNER
        handle = None if isinstance(target, Path) else local_handle(target)
        name, where, st, xattrs, shown, follow = self._place(target, access)
        if wanted.uid is not None or wanted.gid is not None:
            uid, gid = _kept(wanted.uid, st.st_uid), _kept(wanted.gid, st.st_gid)
            if (uid, gid) != (-1, -1):
                if not self._special():
                    raise SMBError(NT.ACCESS_DENIED, "owners are not changed by clients of this share")
                disk.chown(name, uid, gid, dir_fd=where, follow_symlinks=follow)
        if wanted.mode is not None:
            mode = settable(wanted.mode, st, special=self._special())
            _set_mode(name, where, st, mode, follow=follow)
        if wanted.access_time is not None or wanted.write_time is not None:
            times = (
                _nanoseconds(wanted.access_time, st.st_atime_ns),
                _nanoseconds(wanted.write_time, st.st_mtime_ns),
            )
            with _bad_value():
                disk.utime(name, ns=times, dir_fd=where, follow_symlinks=follow)
            if wanted.write_time is not None:
                self._sticks(handle, st, wanted.write_time)
        if wanted.creation_time is not None:
            stored = as_shown(load(xattrs, st, self._opens.side, follow=follow), st, shown)
            stored = replace(stored, creation_time=wanted.creation_time)
            save(xattrs, st, stored, self._opens.side, follow=follow)
        after_facts(self._opens.get(st))

    def acls(self, target: Handle | Path) -> Acls:
        """The POSIX ACLs of a file."""
        if isinstance(target, Path):
            entry = self._find(target)
            xattrs: str | int = entry.xattr_path
            st, follow = entry.st, False
            assert st is not None
            if self._opens.secured:
                self._guard.check(entry, Access.READ_ATTRIBUTES)
        else:
            handle = local_handle(target)
            st, xattrs, follow = disk.fstat(handle.fd), handle.xattr_target, True
        if stat.S_ISLNK(st.st_mode):  # it has none, and what it leads to is not asked for
            return Acls(of_mode(st.st_mode))
        default = acls.load(xattrs, acls.DEFAULT, follow=follow) if stat.S_ISDIR(st.st_mode) else ()
        return Acls(acls.access_of(xattrs, st, follow=follow), default)

    def set_acls(self, target: Handle | Path, access: Acl | None, default: Acl | None) -> None:
        """Sets POSIX ACLs, and with a file's own its permission bits."""
        self._check_writable()
        place = self._place(target, Access.WRITE_DAC | Access.WRITE_ATTRIBUTES)
        st, follow = place.st, place.follow
        if stat.S_ISLNK(st.st_mode):
            raise SMBError(NT.NOT_SUPPORTED, "a symbolic link has no ACL")
        if default and not stat.S_ISDIR(st.st_mode):
            raise SMBError(NT.ACCESS_DENIED, "only a directory has a default ACL")
        if access is not None:
            if not access:
                access = base_of(acls.access_of(place.xattrs, st, follow=follow))
            mode = settable(mode_of(access) | stat.S_IMODE(st.st_mode) & SPECIAL, st, special=True)
            acls.save(place.xattrs, acls.ACCESS, access, follow=follow)
            _set_mode(place.name, place.where, st, mode, follow=follow)
        if default is not None and stat.S_ISDIR(st.st_mode):
            acls.save(place.xattrs, acls.DEFAULT, default, follow=follow)
        after_facts(self._opens.get(st))

    def set_new_mode(self, target: Handle | Path, mode: int) -> None:
        """The permissions that a file was to be made with, whatever access it was opened for."""
        if isinstance(target, Path):
            entry, path = self._find(target), target
            st, follow = entry.st, False
            place: str | int = entry.xattr_path
            assert st is not None
            name: str | int = entry.name
            where: int | None = entry.directory.fd
        else:
            handle = local_handle(target)
            st, path, follow, where = disk.fstat(handle.fd), handle.path, True, None
            name = place = handle.xattr_target
        mode = settable(mode, st, special=self._special())
        parent = self._lookup.directory(path.parts[:-1])
        default = acls.load(disk.place(parent.fd), acls.DEFAULT, follow=True)
        if default:
            acl = inherited(default, mode)
            if stat.S_ISREG(st.st_mode) or stat.S_ISDIR(st.st_mode):  # others have it of the disk, if at all
                acls.save(place, acls.ACCESS, acl, follow=follow)
            mode = mode & SPECIAL | mode_of(acl)
        _set_mode(name, where, st, mode, follow=follow)

    def _special(self) -> bool:
        return may_be_special(self._guard.token, special_modes=self._special_modes)

    def locks(self, handle: Handle) -> PosixLocks:
        """The POSIX locks that are taken through an open file."""
        opened = local_handle(handle)
        if opened.file.oplocks is not None:
            oplocks.end_shared(opened.file)
        return PosixLocks(opened, self._opens.lock_limits)

    def _sticks(self, handle: Open | None, st: os.stat_result, write: int) -> None:
        """A write time that a client sets is not moved by writes through other opens."""
        if handle is None:
            file = self._opens.get(st)
            if file is None or not file.opens:
                return
            handle = next(iter(file.opens))
        set_times(handle, self._opens.clock, write, 0)

    def make_link(self, path: Path, target: str) -> None:
        """Makes a symbolic link with any `target`: the lookup decides whether it can be followed."""
        self._check_writable()
        if not target or not is_utf8(target) or len(target.encode()) > _LONGEST_TARGET:
            raise SMBError(
                NT.INVALID_PARAMETER,
                f"a link target of {len(target)} characters: none, too many or not UTF-8",
            )
        entry = self._new(path)
        entry.directory.about_to_change()
        disk.symlink(target, entry.name, dir_fd=entry.directory.fd)
        self._added(entry)

    def make_node(self, path: Path, kind: int) -> None:
        """Makes a named pipe (S_IFIFO) or a socket (S_IFSOCK), which nobody opens here."""
        self._check_writable()
        entry = self._new(path)
        entry.directory.about_to_change()
        disk.mknod(entry.name, kind | 0o600, dir_fd=entry.directory.fd)
        self._added(entry)

    def make_hard_link(self, old: Path, new: Path) -> None:
        """Gives a file, or a symbolic link itself, one more name."""
        self._check_writable()
        source = self._find(old)
        assert source.st is not None
        if stat.S_ISDIR(source.st.st_mode):
            raise SMBError(NT.FILE_IS_A_DIRECTORY)
        source.directory.check_openable(source.name)
        if self._opens.secured:
            self._guard.check_link(source)
        target = self._new(new)
        target.directory.about_to_change()
        source.directory.link(source.name, target.directory, target.name)
        after_facts(self._opens.get(source.st))
        self._added(target)

    def unlink(self, path: Path, *, directory: bool) -> None:
        """Removes a name at once, even of an open file; its opens, which must share DELETE, stay usable."""
        self._check_writable()
        entry = self._find(path)
        st = entry.st
        assert st is not None
        if not entry.name:
            raise SMBError(NT.ACCESS_DENIED, "the share's root cannot be deleted")
        if stat.S_ISDIR(st.st_mode) != directory:
            raise SMBError(NT.NOT_A_DIRECTORY if directory else NT.FILE_IS_A_DIRECTORY)
        if self._opens.secured:
            self._guard.check(entry, Access.DELETE)
        file = self._opens.get(st)
        if file is not None:
            try:
                sharing.check_delete(file, ShareMode.ALL)
            except SharingViolation as violation:
                oplocks.before_refusal(file, violation)
            if file.oplocks is not None:
                oplocks.before_open(file, Access.DELETE, _DELETE, replacing=False)
        self._namespace.unlink(entry)

    def _find(self, path: Path) -> Entry:
        entry = self._entry(path)
        if entry.st is None:
            raise SMBError(NT.OBJECT_NAME_NOT_FOUND, str(path))
        return entry

    def _entry(self, path: Path) -> Entry:
        """The name itself, existing or not."""
        if path.stream or path.unnamed:
            raise SMBError(NT.OBJECT_NAME_INVALID, "a POSIX name has no streams")
        return self._lookup.unfollowed(path)

    def _new(self, path: Path) -> Entry:
        entry = self._entry(path)
        if entry.st is not None or not entry.name:
            raise SMBError(NT.OBJECT_NAME_COLLISION)
        self._lookup.check_new(entry.name)
        if self._opens.deleting and self._opens.is_deleting(entry.directory.status()):
            raise SMBError(NT.DELETE_PENDING, "the directory is being deleted")
        if self._opens.secured:
            self._guard.check_add(entry.directory, directory=False)
        return entry

    def _added(self, entry: Entry) -> None:
        entry.directory.changed(added=entry.name)
        if self._opens.watches.active:
            self._opens.watches.added(entry.path, directory=False)

    def _check_writable(self) -> None:
        if self._read_only:
            raise SMBError(NT.ACCESS_DENIED, "the share is read-only")


def _kept(wanted: int | None, now: int) -> int:
    return -1 if wanted is None or wanted == now else wanted


def _nanoseconds(time: int | None, now: int) -> int:
    return now if time is None else (time - UNIX_EPOCH) * 100


class _bad_value:  # noqa: N801
    """Turns a time that utime(2) cannot take into INVALID_PARAMETER."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OverflowError):
            raise SMBError(NT.INVALID_PARAMETER, "timestamp out of range") from None


def _set_mode(name: str | int, where: int | None, st: os.stat_result, mode: int, *, follow: bool) -> None:
    if stat.S_ISLNK(st.st_mode):
        return  # as on Linux: the permissions of a symbolic link mean nothing
    if follow or isinstance(name, int):
        disk.chmod(name, mode)
        return
    # Through a descriptor of the very file: chmod(2) by name would follow a link that came between.
    fd = disk.open(name, getattr(os, "O_PATH", os.O_RDONLY) | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=where)
    try:
        now = disk.fstat(fd)
        if (now.st_dev, now.st_ino) == (st.st_dev, st.st_ino):
            disk.chmod(disk.place(fd), mode)
    finally:
        disk.close(fd)
