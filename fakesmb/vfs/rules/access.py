"""Access masks: generic rights, MAXIMUM_ALLOWED, and what a read-only share or file takes away."""

from typing import Final

from fakesmb.nt.files import Access, Attribute
from fakesmb.nt.status import NT, SMBError

READS_DATA: Final = Access.READ_DATA | Access.EXECUTE
WRITES_DATA: Final = Access.WRITE_DATA | Access.APPEND_DATA

_UNKNOWN: Final = 0x0CE0FE00
"""Bits that no open may ask for ([MS-FSA] 2.1.5.1)."""

_GENERIC: Final = 0xF0000000
_READ_ONLY_SHARE: Final = Access.FILE_READ | Access.FILE_EXECUTE
_LOST_BY_READONLY: Final = WRITES_DATA | Access.DELETE_CHILD


def map_generic(asked: int) -> int:
    """The specific rights behind generic ones ([MS-SMB] 2.2.1.4.1); MAXIMUM_ALLOWED stays in the mask."""
    if not asked & _GENERIC:
        return asked
    mask = asked & ~_GENERIC
    if asked & Access.GENERIC_READ:
        mask |= Access.FILE_READ
    if asked & Access.GENERIC_WRITE:
        mask |= Access.FILE_WRITE
    if asked & Access.GENERIC_EXECUTE:
        mask |= Access.FILE_EXECUTE
    if asked & Access.GENERIC_ALL:
        mask |= Access.FILE_ALL
    return mask


def check_mask(mask: int, *, privileged: bool = False) -> None:
    """Raises ACCESS_DENIED for a mask that asks for nothing or for what does not exist ([MS-FSA] 2.1.5.1).

    PRIVILEGE_NOT_HELD for the SACL, where the opener is not `privileged`.
    """
    if not mask or mask & _UNKNOWN:
        what = "unknown bits" if mask else "no rights"
        raise SMBError(NT.ACCESS_DENIED, f"access mask 0x{mask:08X} has {what}")
    if mask & Access.SYSTEM_SECURITY and not privileged:
        raise SMBError(NT.PRIVILEGE_NOT_HELD, "ACCESS_SYSTEM_SECURITY needs SeSecurityPrivilege")


def grant(mask: int, *, read_only_share: bool, attributes: int) -> int:
    """The access an open gets: `mask` (generic bits mapped) or ACCESS_DENIED ([MS-FSA] 2.1.5.1.2.1).

    `attributes` are those of an existing file; 0 for one that is being made.
    """
    readonly = attributes & Attribute.READONLY and not attributes & Attribute.DIRECTORY
    if mask & Access.MAXIMUM_ALLOWED:
        mask &= ~Access.MAXIMUM_ALLOWED
        allowed = _READ_ONLY_SHARE if read_only_share else Access.FILE_ALL
        if readonly:
            allowed &= ~_LOST_BY_READONLY
        granted = mask | allowed
    else:
        granted = mask
    if readonly and mask & WRITES_DATA:
        raise SMBError(NT.ACCESS_DENIED, "the file is read-only")
    if read_only_share and mask & ~_READ_ONLY_SHARE:
        raise SMBError(NT.ACCESS_DENIED, "the share is read-only")
    return granted
