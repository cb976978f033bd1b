"""POSIX ACLs of the CIFS Unix extensions, level 0x204 (Samba's Unix extensions 1.0)."""

from typing import Any, Final

import msgspec

from fakesmb.nt.posixacl import NO_ID, Acl, AclEntry, Acls
from fakesmb.nt.posixacl import AclTag as AclTag
from fakesmb.wire.codec import Buffer, DecodeError, layout_of
from fakesmb.wire.info import LevelContext, need
from fakesmb.wire.info_layouts import PosixAclEntry, PosixAclHead

_ACL_HEAD: Final = layout_of(PosixAclHead).fixed
_ACL_ENTRY: Final = layout_of(PosixAclEntry).fixed
ACL_VERSION: Final = 1
NO_ACL: Final = 0xFFFF
"""The count of entries of an ACL that a set request leaves alone."""
_NOBODY: Final = 0xFFFFFFFFFFFFFFFF
"""The ID of an entry that names nobody: owner, group, mask and others."""


def encode_acl(acls: Any, context: LevelContext) -> bytes:
    """The ACLs of a file (`nt.posixacl.Acls`): the entries of its own, then those of its default."""
    entries = (*acls.access, *acls.default)
    return _ACL_HEAD.pack(ACL_VERSION, len(acls.access), len(acls.default)) + b"".join(
        _ACL_ENTRY.pack(tag, permissions, _NOBODY if who == NO_ID else who)
        for tag, permissions, who in entries
    )


class SetAcl(msgspec.Struct, frozen=True, gc=False):
    """The ACLs that a set request wants, unchecked; None leaves one alone, an empty one is taken away."""

    access: tuple[AclEntry, ...] | None = None
    default: tuple[AclEntry, ...] | None = None


def decode_acl(data: Buffer, context: LevelContext) -> SetAcl:
    """The POSIX ACLs of a set request; raises `DecodeError`."""
    need(data, _ACL_HEAD.size, "a POSIX ACL")
    version, count, defaults = _ACL_HEAD.unpack_from(data)
    if version != ACL_VERSION:
        raise DecodeError(f"POSIX ACL version {version} is unknown")
    middle = _ACL_HEAD.size + _size(count)
    end = middle + _size(defaults)
    need(data, end, "a POSIX ACL")
    return SetAcl(
        None if count == NO_ACL else _entries(data, _ACL_HEAD.size, middle),
        None if defaults == NO_ACL else _entries(data, middle, end),
    )


def _size(count: int) -> int:
    return 0 if count == NO_ACL else count * _ACL_ENTRY.size


def _entries(data: Buffer, start: int, end: int) -> Acl:
    found = (_ACL_ENTRY.unpack_from(data, at) for at in range(start, end, _ACL_ENTRY.size))
    return tuple(AclEntry(tag, bits, NO_ID if who == _NOBODY else who) for tag, bits, who in found)


__all__ = ["ACL_VERSION", "NO_ACL", "AclTag", "Acls", "SetAcl", "decode_acl", "encode_acl"]
