"""POSIX ACLs on the disk: its own where it takes any, else in extended attributes of ours, in Linux' form.

The disk's own it heeds itself: chmod(2) changes the mask, and new files inherit. What is kept in our attributes is read
together with the mode, which so does the same.
"""

import os
from typing import Final

from fakesmb.nt import posixacl
from fakesmb.nt.posixacl import Acl
from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs import disk
from fakesmb.vfs.local import xattrs

_DISKS: Final = "system.posix_acl_"
_OURS: Final = "user.fakesmb.posix_acl_"
ACCESS: Final = "access"
DEFAULT: Final = "default"


def kept_by(place: str) -> bool:
    """Whether the disk takes ACLs of its own there."""
    if not xattrs.HAVE:
        return False
    try:
        disk.getxattr(place, _DISKS + ACCESS)
    except OSError as error:
        return error.errno not in xattrs.UNSUPPORTED
    return True


def load(target: str | int, kind: str, *, follow: bool) -> Acl:
    """The ACL of that kind that is kept; empty for none."""
    for prefix in (_DISKS, _OURS):
        value = xattrs.value(target, prefix + kind, follow=follow)
        if value is not None:
            return posixacl.unpacked(value)
    return ()


def access_of(target: str | int, st: os.stat_result, *, follow: bool) -> Acl:
    """The ACL of a file, with the permissions that its mode says."""
    acl = load(target, ACCESS, follow=follow)
    return posixacl.with_mode(acl, st.st_mode) if acl else posixacl.of_mode(st.st_mode)


def save(target: str | int, kind: str, acl: Acl, *, follow: bool) -> None:
    """Keeps an ACL, of which the mode is not set where the disk has none of its own; an empty one is dropped.

    Raises NOT_SUPPORTED where the disk takes none in any form, OSError where it may not or has no room.
    """
    if not acl or (kind == ACCESS and not posixacl.is_extended(acl)):
        _drop(target, kind, follow=follow)
        return
    value = posixacl.packed(acl)
    for prefix in (_DISKS, _OURS):
        try:
            disk.setxattr(target, prefix + kind, value, follow_symlinks=follow)
        except OSError as error:
            if error.errno not in xattrs.UNSUPPORTED:
                raise
        else:
            return
    raise SMBError(NT.NOT_SUPPORTED, "the disk keeps neither ACLs nor extended attributes")


def _drop(target: str | int, kind: str, *, follow: bool) -> None:
    for prefix in (_DISKS, _OURS):
        try:
            disk.removexattr(target, prefix + kind, follow_symlinks=follow)
        except OSError as error:
            if error.errno not in xattrs.ABSENT:
                raise


def inherit(parent: str | int, fd: int, *, directory: bool) -> None:
    """Gives a new file what its directory has for it, where the disk does not do so itself."""
    default = load(parent, DEFAULT, follow=True)
    if not default:
        return
    place = disk.place(fd)
    acl = posixacl.inherited(default, 0o777 if directory else 0o666)
    save(place, ACCESS, acl, follow=True)
    if directory:
        save(place, DEFAULT, default, follow=True)
    disk.chmod(place, posixacl.mode_of(acl))
