"""Security descriptors ([MS-DTYP] 2.4): what they hold, and the self-relative bytes that wire and disk share.

SIDs are text in the canonical form (`S-1-5-32-544`). Reading raises `ValueError`; `wire.security` makes that a
`DecodeError`.
"""

import struct
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

import msgspec

Bytes = bytes | bytearray | memoryview

_SID_HEAD: Final = struct.Struct(">BBHI")
"""Revision, SubAuthorityCount, IdentifierAuthority ([MS-DTYP] 2.4.2.2)."""
_MOST_SUB_AUTHORITIES: Final = 15
_ACE_HEAD: Final = struct.Struct("<BBH")
_MASK: Final = struct.Struct("<I")
_ACL: Final = struct.Struct("<BBHHH")
_DESCRIPTOR: Final = struct.Struct("<BBHIIII")
_LARGEST: Final = 0xFFFF
"""Length of an ACL or an ACE, which have 16 bits for it."""


class AceType:
    """ACE types ([MS-DTYP] 2.4.4.1)."""

    ALLOWED: Final = 0
    DENIED: Final = 1
    AUDIT: Final = 2
    ALARM: Final = 3
    ALLOWED_OBJECT: Final = 5
    MANDATORY_LABEL: Final = 17


_PLAIN: Final = frozenset((0, 1, 2, 3, 9, 10, 13, 14, 17, 18, 19))
"""Types that hold a mask and a SID, the callback ones with data of an application after it."""
_OBJECT: Final = frozenset((5, 6, 7, 8, 11, 12, 15, 16))
"""Types that hold flags and up to two GUIDs between mask and SID."""


class AceFlag:
    """ACE flags ([MS-DTYP] 2.4.4.1)."""

    OBJECT_INHERIT: Final = 0x01
    CONTAINER_INHERIT: Final = 0x02
    NO_PROPAGATE: Final = 0x04
    INHERIT_ONLY: Final = 0x08
    INHERITED: Final = 0x10


class Control:
    """Control bits of a descriptor ([MS-DTYP] 2.4.6)."""

    OWNER_DEFAULTED: Final = 0x0001
    GROUP_DEFAULTED: Final = 0x0002
    DACL_PRESENT: Final = 0x0004
    DACL_DEFAULTED: Final = 0x0008
    SACL_PRESENT: Final = 0x0010
    SACL_DEFAULTED: Final = 0x0020
    DACL_AUTO_INHERIT_REQ: Final = 0x0100
    SACL_AUTO_INHERIT_REQ: Final = 0x0200
    DACL_AUTO_INHERITED: Final = 0x0400
    SACL_AUTO_INHERITED: Final = 0x0800
    DACL_PROTECTED: Final = 0x1000
    SACL_PROTECTED: Final = 0x2000
    SELF_RELATIVE: Final = 0x8000


class SecurityInformation:
    """Which parts of a security descriptor ([MS-DTYP] 2.4.7)."""

    OWNER: Final = 0x00000001
    GROUP: Final = 0x00000002
    DACL: Final = 0x00000004
    SACL: Final = 0x00000008
    LABEL: Final = 0x00000010
    PROTECTED_DACL: Final = 0x80000000
    PROTECTED_SACL: Final = 0x40000000
    UNPROTECTED_DACL: Final = 0x20000000
    UNPROTECTED_SACL: Final = 0x10000000


class WellKnown:
    """SIDs that are the same everywhere ([MS-DTYP] 2.4.2.4)."""

    EVERYONE: Final = "S-1-1-0"
    CREATOR_OWNER: Final = "S-1-3-0"
    CREATOR_GROUP: Final = "S-1-3-1"
    OWNER_RIGHTS: Final = "S-1-3-4"
    NETWORK: Final = "S-1-5-2"
    ANONYMOUS: Final = "S-1-5-7"
    AUTHENTICATED_USERS: Final = "S-1-5-11"
    SYSTEM: Final = "S-1-5-18"
    ADMINISTRATORS: Final = "S-1-5-32-544"
    USERS: Final = "S-1-5-32-545"
    GUESTS: Final = "S-1-5-32-546"
    UNIX_USERS: Final = "S-1-22-1"
    """With a POSIX uid after it, as Samba names users that have no account."""
    UNIX_GROUPS: Final = "S-1-22-2"


class Ace(msgspec.Struct, frozen=True, gc=False):
    """One entry of an ACL ([MS-DTYP] 2.4.4)."""

    type: int
    flags: int
    mask: int
    sid: str
    guids: bytes = b""
    """Of object types: their flags and GUIDs, as they are."""
    data: bytes = b""
    """What an application put after the SID, padding included."""


class Acl(msgspec.Struct, frozen=True):
    """A list of entries, in the order in which they are looked at ([MS-DTYP] 2.4.5)."""

    aces: tuple[Ace, ...] = ()
    revision: int = 2


class Descriptor(msgspec.Struct, frozen=True):
    """A security descriptor ([MS-DTYP] 2.4.6).

    A list that is None while its PRESENT bit is set is a null list: everything is allowed.
    """

    owner: str | None = None
    group: str | None = None
    dacl: Acl | None = None
    sacl: Acl | None = None
    control: int = Control.SELF_RELATIVE


@lru_cache(1024)
def sid_bytes(sid: str) -> bytes:
    """A SID as it is on the wire; raises `ValueError` for text that is none."""
    head, *numbers = sid.split("-")
    if head != "S" or len(numbers) < 2 or numbers[0] != "1":
        raise ValueError(f"not a SID: {sid}")
    authority, *subs = (int(number, 0) for number in numbers[1:])
    if len(subs) > _MOST_SUB_AUTHORITIES or not 0 <= authority < 1 << 48:
        raise ValueError(f"not a SID: {sid}")
    try:
        return _SID_HEAD.pack(1, len(subs), authority >> 32, authority & 0xFFFFFFFF) + struct.pack(
            f"<{len(subs)}I", *subs
        )
    except struct.error:
        raise ValueError(f"not a SID: {sid}") from None


def read_sid(data: Bytes, at: int = 0) -> tuple[str, int]:
    """A SID out of bytes, and where it ends."""
    if at < 0 or len(data) - at < _SID_HEAD.size:
        raise ValueError("a SID that is cut off")
    revision, count, high, low = _SID_HEAD.unpack_from(data, at)
    end = at + _SID_HEAD.size + 4 * count
    if revision != 1 or count > _MOST_SUB_AUTHORITIES or end > len(data):
        raise ValueError("not a SID")
    return _sid_text(bytes(data[at:end]), high << 32 | low), end


@lru_cache(1024)
def _sid_text(raw: bytes, authority: int) -> str:
    subs = struct.unpack_from(f"<{raw[1]}I", raw, _SID_HEAD.size)
    shown = f"0x{authority:012X}" if authority > 0xFFFFFFFF else str(authority)
    return "-".join(["S", "1", shown, *map(str, subs)])


def read_ace(data: Bytes, at: int, end: int) -> tuple[Ace, int]:
    """An entry out of bytes, and where it ends."""
    if end - at < _ACE_HEAD.size + _MASK.size:
        raise ValueError("an ACE that is cut off")
    kind, flags, size = _ACE_HEAD.unpack_from(data, at)
    stop = at + size
    if size < _ACE_HEAD.size + _MASK.size or size % 4 or stop > end:
        raise ValueError(f"an ACE of {size} bytes")
    (mask,) = _MASK.unpack_from(data, at + _ACE_HEAD.size)
    place = at + _ACE_HEAD.size + _MASK.size
    guids = b""
    if kind in _OBJECT:
        if stop - place < 4:
            raise ValueError("an object ACE without its flags")
        length = 4 + 16 * (data[place] & 3).bit_count()
        guids = bytes(data[place : place + length])
        place += length
    elif kind not in _PLAIN:
        raise ValueError(f"ACE type {kind}")
    sid, place = read_sid(data[:stop], place)
    return Ace(kind, flags, mask, sid, guids, bytes(data[place:stop])), stop


def ace_bytes(ace: Ace) -> bytes:
    """An entry as it is on the wire; raises `ValueError` where it is too long."""
    sid = sid_bytes(ace.sid)
    size = _ACE_HEAD.size + _MASK.size + len(ace.guids) + len(sid) + len(ace.data)
    if size > _LARGEST:
        raise ValueError("an ACE too long")
    return (
        _ACE_HEAD.pack(ace.type, ace.flags, size)
        + _MASK.pack(ace.mask & 0xFFFFFFFF)
        + ace.guids
        + sid
        + ace.data
    )


def read_acl(data: Bytes, at: int = 0) -> Acl:
    """An ACL out of bytes; what is between its last entry and its end does not matter."""
    if len(data) - at < _ACL.size:
        raise ValueError("an ACL that is cut off")
    revision, _, size, count, _ = _ACL.unpack_from(data, at)
    end = at + size
    if revision not in (2, 3, 4) or size < _ACL.size or end > len(data):
        raise ValueError(f"an ACL of revision {revision} and {size} bytes")
    aces = []
    at += _ACL.size
    for _ in range(count):
        ace, at = read_ace(data, at, end)
        aces.append(ace)
    return Acl(tuple(aces), revision)


def acl_bytes(acl: Acl) -> bytes:
    """An ACL as it is on the wire; raises `ValueError` where it is too long."""
    body = b"".join(map(ace_bytes, acl.aces))
    size = _ACL.size + len(body)
    if size > _LARGEST:
        raise ValueError("an ACL too long")
    return _ACL.pack(acl.revision, 0, size, len(acl.aces), 0) + body


def read_descriptor(data: Bytes) -> Descriptor:
    """A self-relative descriptor out of bytes."""
    if len(data) < _DESCRIPTOR.size:
        raise ValueError("a descriptor that is cut off")
    revision, _, control, owner, group, sacl, dacl = _DESCRIPTOR.unpack_from(data)
    if revision != 1 or not control & Control.SELF_RELATIVE:
        raise ValueError("not a self-relative descriptor of revision 1")
    if any(0 < offset < _DESCRIPTOR.size for offset in (owner, group, sacl, dacl)):
        raise ValueError("a descriptor whose parts overlap its head")
    return Descriptor(
        read_sid(data, owner)[0] if owner else None,
        read_sid(data, group)[0] if group else None,
        read_acl(data, dacl) if dacl and control & Control.DACL_PRESENT else None,
        read_acl(data, sacl) if sacl and control & Control.SACL_PRESENT else None,
        control,
    )


def descriptor_bytes(descriptor: Descriptor) -> bytes:
    """A self-relative descriptor as Windows lays it out: SACL, DACL, owner, group."""
    parts = (
        b"" if descriptor.sacl is None else acl_bytes(descriptor.sacl),
        b"" if descriptor.dacl is None else acl_bytes(descriptor.dacl),
        b"" if descriptor.owner is None else sid_bytes(descriptor.owner),
        b"" if descriptor.group is None else sid_bytes(descriptor.group),
    )
    offsets = []
    at = _DESCRIPTOR.size
    for part in parts:
        offsets.append(at if part else 0)
        at += len(part)
    sacl, dacl, owner, group = offsets
    control = descriptor.control | Control.SELF_RELATIVE
    return _DESCRIPTOR.pack(1, 0, control, owner, group, sacl, dacl) + b"".join(parts)


def allow(sid: str, mask: int, flags: int = 0) -> Ace:
    """An entry that allows."""
    return Ace(AceType.ALLOWED, flags, mask, sid)


def acl_of(aces: Iterable[Ace]) -> Acl:
    """An ACL of the revision its entries need: object entries came with revision 4."""
    entries = tuple(aces)
    return Acl(entries, 4 if any(ace.type in _OBJECT for ace in entries) else 2)
