"""8.3 names ([MS-FSCC] 2.1.5.2.1) for names that are not.

Stable, because they depend on nothing but the name.
"""

import re
from functools import lru_cache
from typing import Final
from zlib import crc32

from fakesmb.vfs.paths import fold, is_legal_on_wire

_CHARACTERS: Final = r"[!#-)\-0-9@A-Z^_`a-z{}~]"
_IS_8_3: Final = re.compile(rf"(?:{_CHARACTERS}{{1,8}}(?:\.{_CHARACTERS}{{1,3}})?|\.\.?)\Z")
"""With the two names that every directory has."""
_NOT_SHORT: Final = re.compile(r"[^!#-)\-0-9@A-Z^_`{}~]")
_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_PAIRS: Final = tuple(a + b for a in _DIGITS for b in _DIGITS)

_REMEMBERED: Final = 4096
"""Names whose short name is not made again: clients list a directory several times while they work in it."""


def is_short(name: str) -> bool:
    """Whether a name is its own 8.3 name (case aside)."""
    return _IS_8_3.match(name) is not None


@lru_cache(maxsize=_REMEMBERED)
def short_name(name: str) -> str:
    """The 8.3 name of a name that is not one, else "".

    A letter of the name, five characters of a hash, `~`, one more, then the extension: `RA4QX7~K.TXT`.
    A hash instead of `~1`, `~2`: no look at the directory, and the same answer after files come and go.
    """
    if not name or _IS_8_3.match(name) is not None:
        return ""
    upper = fold(name)
    base, dot, extension = upper.rpartition(".")
    if not dot or not base:
        base, extension = upper.lstrip("."), ""
    value, low = divmod(crc32(upper.encode("utf-8", "surrogatepass")), 1296)
    high, middle = divmod(value, 1296)
    last = _PAIRS[high % 1296]
    first = base[:1]
    if not ("A" <= first <= "Z"):
        first = _NOT_SHORT.sub("", base[:8])[:1] or "_"
    hashed = f"{first}{_PAIRS[low]}{_PAIRS[middle]}{last[0]}~{last[1]}"
    if not extension:
        return hashed
    if not (extension.isascii() and extension.isalnum()):
        extension = _NOT_SHORT.sub("", extension)
    return f"{hashed}.{extension[:3]}" if extension else hashed


def shown_name(name: str) -> str:
    """The name a client is given for a name on disk: a short one where SMB has no way to write it."""
    return name if is_legal_on_wire(name) else short_name(name)
