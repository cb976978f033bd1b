"""Which extended attributes a file may have, and how long they are as a list ([MS-FSA] 2.1.5.15.4)."""

import re
from collections.abc import Iterable
from typing import Final

from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs.paths import fold
from fakesmb.vfs.store import Ea

LARGEST: Final = 0xFFFF
"""Bytes of all EAs of a file as a list, at most (NTFS)."""

_RESERVED: Final = ("DOSATTRIB", "DOSSTREAM.", "FAKESMB.", "SAMBA_", "SMBREPARSE")
_ILLEGAL: Final = re.compile(r'[\x00-\x1f"*+,/:;<=>?\[\\\]|\ud800-\udfff]')
_LONGEST_NAME: Final = 254
_NEED: Final = 0x80
"""FILE_NEED_EA: the one flag there is."""
_LIST: Final = 4
_ENTRY: Final = 5
"""Bytes of a list and of each entry in it besides name and value: sizes, flags and the name's null."""


def check(eas: Iterable[Ea]) -> None:
    """Raises INVALID_EA_NAME, INVALID_EA_FLAG, or ACCESS_DENIED for a reserved name, unless all of these can be set."""
    for ea in eas:
        if not _is_name(ea.name):
            raise SMBError(NT.INVALID_EA_NAME, f"no EA can be called {ea.name!r}")
        if ea.flags & ~_NEED:
            raise SMBError(NT.INVALID_EA_FLAG, f"EA flags 0x{ea.flags:02X} are not defined")
        if _is_reserved(ea.name):
            raise SMBError(NT.ACCESS_DENIED, f"{ea.name!r} is a name that the server uses itself")


def may_have(name: str) -> bool:
    """Whether an EA of that name can be set."""
    return _is_name(name) and not _is_reserved(name)


def size_of(eas: Iterable[Ea]) -> int:
    """EaSize: the length of these as a list ([MS-CIFS] 2.2.1.2.2.1), 0 for none."""
    entries = sum(_ENTRY + len(ea.name) + len(ea.value) for ea in eas)
    return entries + _LIST if entries else 0


def _is_name(name: str) -> bool:
    return 0 < len(name) <= _LONGEST_NAME and _ILLEGAL.search(name) is None


def _is_reserved(name: str) -> bool:
    return fold(name).startswith(_RESERVED)
