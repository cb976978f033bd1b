"""POSIX ACLs of the CIFS Unix extensions, level 0x204 (Samba's Unix extensions 1.0)."""

from typing import Any, Final

import msgspec

from fakesmb.wire.codec import Buffer, DecodeError, layout_of
from fakesmb.wire.info import LevelContext, need
from fakesmb.wire.info_layouts import PosixAclEntry, PosixAclHead

_ACL_HEAD: Final = layout_of(PosixAclHead).fixed
_ACL_ENTRY: Final = layout_of(PosixAclEntry).fixed


class AclTag:
    """Whom an entry of a POSIX ACL is about."""

    USER_OBJ: Final = 0x01
    USER: Final = 0x02
    GROUP_OBJ: Final = 0x04
    GROUP: Final = 0x08
    MASK: Final = 0x10
    OTHER: Final = 0x20


ACL_VERSION: Final = 1
NO_ACL: Final = 0xFFFF
"""The count of entries of an ACL that a set request leaves alone."""
_NO_ID: Final = 0xFFFFFFFFFFFFFFFF
"""The ID of an entry that names nobody: owner, group and others."""
_SHIFTS: Final = {AclTag.USER_OBJ: 6, AclTag.GROUP_OBJ: 3, AclTag.OTHER: 0}


def encode_acl(facts: Any, context: LevelContext) -> bytes:
    """The POSIX ACL that the permission bits are: owner, group and others."""
    mode = facts.mode_bits
    return _ACL_HEAD.pack(ACL_VERSION, len(_SHIFTS), 0) + b"".join(
        _ACL_ENTRY.pack(tag, mode >> shift & 7, _NO_ID) for tag, shift in _SHIFTS.items()
    )


class SetAcl(msgspec.Struct, frozen=True, gc=False):
    """The permission bits that an ACL of owner, group and others says; None for an ACL that says more."""

    mode: int | None
    untouched: bool = False


def decode_acl(data: Buffer, context: LevelContext) -> SetAcl:
    """A POSIX ACL of a set request; raises `DecodeError`."""
    need(data, _ACL_HEAD.size, "a POSIX ACL")
    version, count, defaults = _ACL_HEAD.unpack_from(data)
    if version != ACL_VERSION:
        raise DecodeError(f"POSIX ACL version {version} is unknown")
    if count == NO_ACL:
        return SetAcl(None, untouched=defaults in (0, NO_ACL))
    need(data, _ACL_HEAD.size + count * _ACL_ENTRY.size, "a POSIX ACL")
    if defaults not in (0, NO_ACL):
        return SetAcl(None)
    mode, seen = 0, set()
    for at in range(_ACL_HEAD.size, _ACL_HEAD.size + count * _ACL_ENTRY.size, _ACL_ENTRY.size):
        tag, permissions, _ = _ACL_ENTRY.unpack_from(data, at)
        if tag not in _SHIFTS or tag in seen:
            return SetAcl(None)
        seen.add(tag)
        mode |= (permissions & 7) << _SHIFTS[tag]
    return SetAcl(mode if len(seen) == len(_SHIFTS) else None)
