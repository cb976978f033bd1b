"""POSIX ACLs: entries of owner, users, group, groups, mask and others, and what they have to do with a mode.

The rules are Linux': `posix_acl_valid` for what an ACL must be, `posix_acl_create` for what a new file gets of a
directory's default, `posix_acl_chmod` for what a mode makes of one.
"""

import struct
from collections.abc import Iterable
from typing import Final, NamedTuple

from fakesmb.nt.status import NT, SMBError


class AclTag:
    """Whom an entry is about; in the order in which entries stand."""

    USER_OBJ: Final = 0x01
    USER: Final = 0x02
    GROUP_OBJ: Final = 0x04
    GROUP: Final = 0x08
    MASK: Final = 0x10
    OTHER: Final = 0x20


NO_ID: Final = 0xFFFFFFFF
"""The ID of an entry that names nobody, and no user's or group's."""
MOST_ENTRIES: Final = (0x10000 - 4) // 8
"""As many fit in the largest extended attribute that Linux takes."""
_NAMED: Final = frozenset({AclTag.USER, AclTag.GROUP})
_ONCE: Final = (AclTag.USER_OBJ, AclTag.GROUP_OBJ, AclTag.OTHER)
_SHIFTS: Final = {AclTag.USER_OBJ: 6, AclTag.GROUP_OBJ: 3, AclTag.OTHER: 0}
_TAGS: Final = frozenset({*_ONCE, *_NAMED, AclTag.MASK})
_HEAD: Final = struct.Struct("<I")
_ENTRY: Final = struct.Struct("<HHI")
_VERSION: Final = 2


class AclEntry(NamedTuple):
    """Who may do what: `permissions` are read 4, write 2, execute 1."""

    tag: int
    permissions: int
    id: int = NO_ID


Acl = tuple[AclEntry, ...]
"""In the order of tags; empty for none."""


class Acls(NamedTuple):
    """The ACLs of a file: its own, and what is inherited of a directory, which may be none."""

    access: Acl
    default: Acl = ()


def of_mode(mode: int) -> Acl:
    """The ACL that permission bits are."""
    return tuple(AclEntry(tag, mode >> shift & 7) for tag, shift in _SHIFTS.items())


def is_extended(acl: Acl) -> bool:
    """Whether it says more than permission bits can."""
    return len(acl) > len(_SHIFTS)


def checked(entries: Iterable[AclEntry]) -> Acl:
    """The entries in their order; raises INVALID_PARAMETER where they are no ACL, as Linux has it.

    One entry each of owner, group and others, at most one mask, which there must be where users or groups are named.
    """
    acl = tuple(sorted(entries, key=lambda entry: (entry.tag, entry.id)))
    if len(acl) > MOST_ENTRIES:
        raise _wrong(f"{len(acl)} entries, {MOST_ENTRIES} fit in an ACL")
    tags = [entry.tag for entry in acl]
    for entry in acl:
        if entry.tag not in _TAGS:
            raise _wrong(f"an entry of the unknown kind 0x{entry.tag:02X}")
        if entry.permissions & ~7:
            raise _wrong(f"permissions 0x{entry.permissions:X} of an entry")
        if entry.tag in _NAMED and not 0 <= entry.id < NO_ID:
            raise _wrong(f"{entry.id} is the ID of nobody")
    if any(tags.count(tag) != 1 for tag in _ONCE) or tags.count(AclTag.MASK) > 1:
        raise _wrong("not one entry each of owner, group and others")
    if AclTag.MASK not in tags and _NAMED.intersection(tags):
        raise _wrong("users or groups without a mask")
    return tuple(entry if entry.tag in _NAMED else AclEntry(entry.tag, entry.permissions) for entry in acl)


def _wrong(why: str) -> SMBError:
    return SMBError(NT.INVALID_PARAMETER, f"no POSIX ACL: {why}")


def mode_of(acl: Acl) -> int:
    """The permission bits: those of the group are the mask's, where there is one."""
    bits = {entry.tag: entry.permissions for entry in acl}
    group = bits.get(AclTag.MASK, bits[AclTag.GROUP_OBJ])
    return bits[AclTag.USER_OBJ] << 6 | group << 3 | bits[AclTag.OTHER]


def base_of(acl: Acl) -> Acl:
    """What is left of an ACL that is taken away: owner, group and others."""
    return tuple(entry for entry in acl if entry.tag in _SHIFTS)


def with_mode(acl: Acl, mode: int) -> Acl:
    """What chmod(2) makes of an ACL: owner, others and mask change, or the group where there is no mask."""
    masked = any(entry.tag == AclTag.MASK for entry in acl)
    shifts = {AclTag.USER_OBJ: 6, AclTag.OTHER: 0, AclTag.MASK if masked else AclTag.GROUP_OBJ: 3}
    return tuple(
        entry._replace(permissions=mode >> shifts[entry.tag] & 7) if entry.tag in shifts else entry
        for entry in acl
    )


def inherited(default: Acl, mode: int) -> Acl:
    """The ACL of a new file whose directory has that default: no more than the mode that it is made with."""
    return with_mode(default, mode_of(default) & mode)


def packed(acl: Acl) -> bytes:
    """As Linux keeps it in an extended attribute, acl(5)."""
    return _HEAD.pack(_VERSION) + b"".join(_ENTRY.pack(*entry) for entry in acl)


def unpacked(value: bytes) -> Acl:
    """The ACL of an extended attribute; empty for what is none."""
    if len(value) < _HEAD.size or len(value) % _ENTRY.size != _HEAD.size:
        return ()
    if _HEAD.unpack_from(value) != (_VERSION,):
        return ()
    try:
        return checked(AclEntry(*entry) for entry in _ENTRY.iter_unpack(value[_HEAD.size :]))
    except SMBError:
        return ()
