"""Security descriptors of files on the disk, and their enforcement on opens and names.

A descriptor is kept in the extended attribute `user.fakesmb.NTACL`, self-relative ([MS-DTYP] 2.4.6): Samba's own
`security.NTACL` takes privileges that a test server should not have. As long as no file of the server has one,
nothing is looked up: the attribute `user.fakesmb.NTACL.used` of a share's root remembers that one has.
"""

from contextlib import suppress
from functools import lru_cache
from typing import Final

from fakesmb.nt.descriptor import Control, Descriptor, WellKnown, descriptor_bytes, read_descriptor
from fakesmb.nt.files import Access, Disposition, Filter
from fakesmb.nt.status import NT, SMBError
from fakesmb.nt.token import Token
from fakesmb.vfs import disk
from fakesmb.vfs.local import xattrs
from fakesmb.vfs.local.directory import Directory
from fakesmb.vfs.local.handles import LocalHandle
from fakesmb.vfs.local.lookup import Entry
from fakesmb.vfs.rules.openfiles import OpenFiles
from fakesmb.vfs.rules.permissions import (
    allowed,
    changed,
    default_descriptor,
    for_new,
    rights_to_query,
    rights_to_set,
    selected,
    through_parent,
    through_privileges,
)

XATTR: Final = "user.fakesmb.NTACL"
USED: Final = "user.fakesmb.NTACL.used"

_REPLACES: Final = {
    Disposition.SUPERSEDE: Access.DELETE | Access.WRITE_EA | Access.WRITE_ATTRIBUTES,
    Disposition.OVERWRITE: Access.WRITE_DATA | Access.WRITE_EA | Access.WRITE_ATTRIBUTES,
    Disposition.OVERWRITE_IF: Access.WRITE_DATA | Access.WRITE_EA | Access.WRITE_ATTRIBUTES,
}
"""What replacing a file needs besides what is asked for ([MS-FSA] 2.1.5.1.2)."""

_LISTS: Final = Control.DACL_PRESENT | Control.SACL_PRESENT
_SERVER: Final = Token(WellKnown.SYSTEM, admin=True)


@lru_cache(256)
def _parsed(blob: bytes) -> Descriptor:
    return read_descriptor(blob)


def load(target: str | int, *, follow: bool = False) -> Descriptor | None:
    """The descriptor that is kept with a file; one that cannot be read denies everything."""
    if not xattrs.HAVE:
        return None
    try:
        return _parsed(disk.getxattr(target, XATTR, follow_symlinks=follow))
    except OSError as error:
        if error.errno in xattrs.ABSENT or isinstance(error, FileNotFoundError):
            return None
        raise
    except ValueError:
        raise SMBError(NT.ACCESS_DENIED, f"{XATTR} holds no security descriptor") from None


def save(target: str | int, descriptor: Descriptor, *, follow: bool = True) -> None:
    """Keeps a descriptor with a file; raises NOT_SUPPORTED where the disk cannot."""
    if not xattrs.HAVE:
        raise SMBError(NT.NOT_SUPPORTED, "this system has no extended attributes")
    try:
        blob = descriptor_bytes(descriptor)
    except ValueError as error:
        raise SMBError(NT.INVALID_SECURITY_DESCR, str(error)) from None
    try:
        disk.setxattr(target, XATTR, blob, follow_symlinks=follow)
    except OSError as error:
        if error.errno in xattrs.UNSUPPORTED:
            raise SMBError(NT.NOT_SUPPORTED, "the disk takes no extended attributes") from None
        raise


def _used(root: Directory) -> bool:
    """Whether a file of this share had a descriptor once."""
    if not xattrs.HAVE:
        return False
    try:
        disk.getxattr(root.xattr_base, USED)
    except OSError:
        return False
    return True


class Guard:
    """Access checks for one user over the files of one share. `token` None: the server itself, no access checks."""

    __slots__ = ("_always", "_opens", "_root", "privileged", "token")

    def __init__(
        self, root: Directory, opens: OpenFiles, token: Token | None = None, *, always: bool = False
    ) -> None:
        self._root = root
        self._opens = opens
        self._always = always
        self.token = token
        self.privileged = token is not None and token.admin
        """Whether the user may see and change SACLs."""
        opens.secured = opens.secured or always or _used(root)

    def for_user(self, token: Token | None) -> "Guard":
        """The same for another user."""
        return Guard(self._root, self._opens, token, always=self._always)

    def open(self, entry: Entry, asked: int, access: int, disposition: int, options: int) -> int:
        """The access that an open of an existing file gets; raises ACCESS_DENIED where its descriptor refuses it.

        `asked` is the mask with generic rights mapped, `access` what it grants where nothing restricts it.
        """
        token = self.token
        if token is None or not self._opens.secured:
            return access
        own = load(entry.xattr_path)
        if own is None:
            return access
        needed = asked & Access.FILE_ALL | _REPLACES.get(Disposition(disposition), 0)
        rights = allowed(own, token) | through_privileges(token, asked, options)
        if needed & ~rights or asked & Access.MAXIMUM_ALLOWED:
            rights |= self._by_parent(entry, token)
        if needed & ~rights:
            raise SMBError(
                NT.ACCESS_DENIED, f"the security descriptor does not grant 0x{needed & ~rights:08X}"
            )
        if asked & Access.MAXIMUM_ALLOWED:
            return access & (rights | ~Access.FILE_ALL)
        return access

    def make(self, parent: Directory, given: Descriptor | None, *, directory: bool) -> Descriptor | None:
        """The descriptor to store with a new file or directory, or None; ACCESS_DENIED if this user may not make it."""
        token = self.token or _SERVER
        if given is not None and not (given.owner or given.group or given.control & _LISTS):
            given = None
        own = load(parent.xattr_base) if self._opens.secured else None
        if own is not None:
            if self.token is not None:
                self._check_adding(own, token, directory=directory)
        elif given is None and not self._always:
            return None
        else:
            own = default_descriptor(parent.status())
        return for_new(own, given, token, directory=directory)

    def keep(self, target: str | int, descriptor: Descriptor, *, follow: bool = True) -> None:
        """Keeps a descriptor with a file, and remembers that there is one."""
        save(target, descriptor, follow=follow)
        self._opens.secured = True
        if not _used(self._root):
            with suppress(OSError):
                disk.setxattr(self._root.xattr_base, USED, b"1")

    def check_add(self, parent: Directory, *, directory: bool) -> None:
        """Raises ACCESS_DENIED where this user may not put a new name into a directory."""
        if self.token is not None and self._opens.secured:
            own = load(parent.xattr_base)
            if own is not None:
                self._check_adding(own, self.token, directory=directory)

    def check_list(self, directory: Directory) -> None:
        """Raises ACCESS_DENIED where this user may not see what is in a directory."""
        if self.token is not None and self._opens.secured:
            own = load(directory.xattr_base)
            if own is not None and not allowed(own, self.token) & Access.LIST_DIRECTORY:
                raise SMBError(NT.ACCESS_DENIED, "the directory's descriptor refuses listing")

    def check(self, entry: Entry, wanted: int) -> None:
        """Raises ACCESS_DENIED where this user may not do that with what is there."""
        self.open(entry, wanted, wanted, Disposition.OPEN, 0)

    def check_link(self, entry: Entry) -> None:
        """Raises ACCESS_DENIED where this user may not give a file another name: that needs what changes it."""
        self.check(entry, Access.WRITE_ATTRIBUTES)

    def query(self, handle: LocalHandle, parts: int) -> Descriptor:
        """These parts of an open file's descriptor."""
        if rights_to_query(parts) & ~handle.access:
            raise SMBError(NT.ACCESS_DENIED, "not opened for reading its descriptor")
        return selected(self._of(handle), parts)

    def change(self, handle: LocalHandle, parts: int, descriptor: Descriptor) -> None:
        """Exchanges these parts of an open file's descriptor."""
        if rights_to_set(parts) & ~handle.access:
            raise SMBError(NT.ACCESS_DENIED, "not opened for changing its descriptor")
        old = self._of(handle)
        self.keep(handle.xattr_target, changed(old, descriptor, parts, self.token))
        if handle.file.times is not None:
            handle.file.times.touch()
        if self._opens.watches.active:
            self._opens.watches.modified(handle.disk_path, Filter.SECURITY)

    def maximal(self, handle: LocalHandle) -> int:
        """All that this user could open the file for."""
        own = load(handle.xattr_target, follow=True) if self._opens.secured and self.token else None
        return Access.FILE_ALL if own is None or self.token is None else allowed(own, self.token)

    def _of(self, handle: LocalHandle) -> Descriptor:
        own = load(handle.xattr_target, follow=True)
        if own is None:
            return default_descriptor(disk.fstat(handle.fd))
        self._opens.secured = True  # a local program may have copied it with the file
        return own

    def _by_parent(self, entry: Entry, token: Token) -> int:
        own = load(entry.directory.xattr_base) if entry.name else None
        return Access.DELETE | Access.READ_ATTRIBUTES if own is None else through_parent(own, token)

    @staticmethod
    def _check_adding(own: Descriptor, token: Token, *, directory: bool) -> None:
        wanted = Access.ADD_SUBDIRECTORY if directory else Access.ADD_FILE
        if not allowed(own, token) & wanted:
            raise SMBError(NT.ACCESS_DENIED, "the directory's descriptor refuses new names")
