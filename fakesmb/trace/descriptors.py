"""Security descriptors as fields ([MS-DTYP] 2.4.6): owner, group and lists, with names of SIDs that are well known."""

from collections.abc import Callable
from typing import Final

from fakesmb.nt.descriptor import _OBJECT, AceType, read_sid
from fakesmb.trace import bitnames
from fakesmb.trace.meanings import bits, guid, named
from fakesmb.trace.taking import Taking
from fakesmb.wire.codec import DecodeError

SIDS: Final = {
    "S-1-0-0": "Nobody",
    "S-1-1-0": "Everyone",
    "S-1-2-0": "Local",
    "S-1-3-0": "Creator Owner",
    "S-1-3-1": "Creator Group",
    "S-1-3-4": "Owner Rights",
    "S-1-5-1": "Dialup",
    "S-1-5-2": "Network",
    "S-1-5-3": "Batch",
    "S-1-5-4": "Interactive",
    "S-1-5-6": "Service",
    "S-1-5-7": "Anonymous",
    "S-1-5-9": "Enterprise Domain Controllers",
    "S-1-5-10": "Self",
    "S-1-5-11": "Authenticated Users",
    "S-1-5-12": "Restricted",
    "S-1-5-13": "Terminal Server Users",
    "S-1-5-18": "Local System",
    "S-1-5-19": "Local Service",
    "S-1-5-20": "Network Service",
    "S-1-5-32": "Builtin",
    "S-1-5-32-544": "Administrators",
    "S-1-5-32-545": "Users",
    "S-1-5-32-546": "Guests",
    "S-1-5-32-547": "Power Users",
    "S-1-5-32-548": "Account Operators",
    "S-1-5-32-549": "Server Operators",
    "S-1-5-32-550": "Print Operators",
    "S-1-5-32-551": "Backup Operators",
    "S-1-5-32-552": "Replicators",
    "S-1-16-4096": "Low Mandatory Level",
    "S-1-16-8192": "Medium Mandatory Level",
    "S-1-16-12288": "High Mandatory Level",
}
"""[MS-DTYP] 2.4.2.4."""
_RIDS: Final = {
    500: "Administrator",
    501: "Guest",
    512: "Domain Admins",
    513: "Domain Users",
    514: "Domain Guests",
    515: "Domain Computers",
    516: "Domain Controllers",
}
_CONTROL: Final = bits(
    {
        0x0001: "SE_OWNER_DEFAULTED",
        0x0002: "SE_GROUP_DEFAULTED",
        0x0004: "SE_DACL_PRESENT",
        0x0008: "SE_DACL_DEFAULTED",
        0x0010: "SE_SACL_PRESENT",
        0x0020: "SE_SACL_DEFAULTED",
        0x0100: "SE_DACL_AUTO_INHERIT_REQ",
        0x0200: "SE_SACL_AUTO_INHERIT_REQ",
        0x0400: "SE_DACL_AUTO_INHERITED",
        0x0800: "SE_SACL_AUTO_INHERITED",
        0x1000: "SE_DACL_PROTECTED",
        0x2000: "SE_SACL_PROTECTED",
        0x4000: "SE_RM_CONTROL_VALID",
        0x8000: "SE_SELF_RELATIVE",
    }
)
_ACE_TYPE: Final = named(
    {
        0: "ACCESS_ALLOWED_ACE_TYPE",
        1: "ACCESS_DENIED_ACE_TYPE",
        2: "SYSTEM_AUDIT_ACE_TYPE",
        3: "SYSTEM_ALARM_ACE_TYPE",
        5: "ACCESS_ALLOWED_OBJECT_ACE_TYPE",
        6: "ACCESS_DENIED_OBJECT_ACE_TYPE",
        7: "SYSTEM_AUDIT_OBJECT_ACE_TYPE",
        9: "ACCESS_ALLOWED_CALLBACK_ACE_TYPE",
        10: "ACCESS_DENIED_CALLBACK_ACE_TYPE",
        17: "SYSTEM_MANDATORY_LABEL_ACE_TYPE",
    }
)
_VERBS: Final = {AceType.ALLOWED: "allowed", AceType.DENIED: "denied", AceType.AUDIT: "audited"}
_ACE_FLAGS: Final = bits(
    {
        0x01: "OBJECT_INHERIT_ACE",
        0x02: "CONTAINER_INHERIT_ACE",
        0x04: "NO_PROPAGATE_INHERIT_ACE",
        0x08: "INHERIT_ONLY_ACE",
        0x10: "INHERITED_ACE",
        0x40: "SUCCESSFUL_ACCESS_ACE_FLAG",
        0x80: "FAILED_ACCESS_ACE_FLAG",
    }
)
_OBJECT_FLAGS: Final = bits({1: "ACE_OBJECT_TYPE_PRESENT", 2: "ACE_INHERITED_OBJECT_TYPE_PRESENT"})
_HEAD_SIZE: Final = 20
_LONGEST_SID: Final = 68
_ACL_SIZE: Final = 8
_ACE_HEAD_SIZE: Final = 4


def sid_name(text: str) -> str:
    """The name of a SID that is the same everywhere, or whose last number is; else the SID itself."""
    name = SIDS.get(text)
    if name is None and text.startswith("S-1-5-21-"):
        name = _RIDS.get(int(text.rpartition("-")[2]))
    return text if name is None else f"{name} ({text})"


def sid(take: Taking, name: str) -> str:
    """A SID; raises `DecodeError`. Gives its name."""
    try:
        text, _ = read_sid(take.data[take.at : min(take.end, take.at + _LONGEST_SID)])
    except ValueError as error:
        raise DecodeError(f"{name}: {error}") from None
    told = sid_name(text)
    with take.group(name, section="[MS-DTYP] 2.4.2.2", meaning=told):
        take.number("Revision", 1)
        count = take.number("SubAuthorityCount", 1)
        take.raw("IdentifierAuthority", 6, lambda raw: str(int.from_bytes(raw, "big")))
        for _ in range(count):
            take.number("SubAuthority", 4)
    return told


def _ace(take: Taking) -> None:
    start = take.at
    with take.group("ACE", section="[MS-DTYP] 2.4.4") as group:
        kind = take.number("AceType", 1, _ACE_TYPE)
        take.number("AceFlags", 1, _ACE_FLAGS)
        size = take.number("AceSize", 2)
        end = start + size
        if size < _ACE_HEAD_SIZE or end > take.end:
            raise DecodeError(f"an ACE of {size} bytes, {take.end - start} are left")
        outer, take.end = take.end, end
        try:
            mask = take.number("Mask", 4, bitnames.ACCESS)
            if kind in _OBJECT:
                flags = take.number("ObjectFlags", 4, _OBJECT_FLAGS)
                for bit, name in ((1, "ObjectType"), (2, "InheritedObjectType")):
                    if flags & bit:
                        take.raw(name, 16, guid)
            who = sid(take, "Sid")
            group.meaning = (
                f"{who} is {_VERBS.get(kind, _ACE_TYPE(kind) or f'type {kind}')} {bitnames.ACCESS(mask)}"
            )
            take.raw("ApplicationData", take.left)
        finally:
            take.end = outer


def _acl(take: Taking, name: str) -> None:
    start = take.at
    with take.group(name, section="[MS-DTYP] 2.4.5") as group:
        take.number("AclRevision", 1)
        take.number("Sbz1", 1)
        size = take.number("AclSize", 2)
        count = take.number("AceCount", 2)
        take.number("Sbz2", 2)
        end = start + size
        if size < _ACL_SIZE or end > take.end:
            raise DecodeError(f"an ACL of {size} bytes, {take.end - start} are left")
        group.meaning = f"{count} entries"
        outer, take.end = take.end, end
        try:
            for _ in range(count):
                _ace(take)
            take.raw("Unused", take.left)
        finally:
            take.end = outer


_PARTS: Final[tuple[tuple[str, str, Callable[[Taking, str], object]], ...]] = (
    ("OffsetOwner", "OwnerSid", sid),
    ("OffsetGroup", "GroupSid", sid),
    ("OffsetSacl", "Sacl", _acl),
    ("OffsetDacl", "Dacl", _acl),
)


def descriptor(take: Taking) -> None:
    """A self-relative descriptor, its parts in the order in which they lie; raises `DecodeError`."""
    base = take.at
    take.number("Revision", 1)
    take.number("Sbz1", 1)
    take.number("Control", 2, _CONTROL)
    parts: list[tuple[int, str, Callable[[Taking, str], object]]] = []
    for name, part, read in _PARTS:
        offset = take.number(name, 4)
        if offset:
            parts.append((base + offset, part, read))
    for at, part, read in sorted(parts, key=lambda one: one[0]):
        if at < take.at:
            if at < base + _HEAD_SIZE:
                raise DecodeError(f"{part} is said to be at {at - base}, inside the head")
            continue  # owner and group may be one
        take.raw("Pad", at - take.at)
        read(take, part)
