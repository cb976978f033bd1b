"""The permission bits and owners that clients of the Unix extensions may set.

A file runs with the rights of its owner, which is the server's process: so set-user-ID and set-group-ID, the sticky
bit and owners are the business of those who work on this machine, unless a share says otherwise (`special_modes`).
"""

import os
import stat
from pathlib import Path
from typing import Final

from fakesmb.nt.descriptor import WellKnown
from fakesmb.nt.token import Token
from fakesmb.vfs import disk

PERMISSIONS: Final = 0o777
SPECIAL: Final = stat.S_ISUID | stat.S_ISGID | stat.S_ISVTX
_CAPABILITIES: Final = "CapEff:"
_OVER_FILES: Final = sum(1 << bit for bit in (0, 1, 2, 3, 4, 6, 7, 21))
"""CAP_CHOWN, DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER, FSETID, SETGID, SETUID and SYS_ADMIN: capabilities(7)."""


def has_rights_of_root() -> bool:
    """Whether this process may do with files what no user may: it is root, or has root's capabilities over files."""
    if os.geteuid() == 0:
        return True
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return False
    found = next((line for line in lines if line.startswith(_CAPABILITIES)), f"{_CAPABILITIES} 0")
    return bool(int(found.split()[1], 16) & _OVER_FILES)


def may_be_special(token: Token | None, *, special_modes: bool) -> bool:
    """Whether a user may set special bits and owners: on a share that allows it, who proved a password.

    Never while the server has more rights than any client has.
    """
    known = token is None or token.has(WellKnown.AUTHENTICATED_USERS)
    return special_modes and known and not has_rights_of_root()


def settable(wanted: int, st: os.stat_result, *, special: bool) -> int:
    """The mode that a file gets for the one that a client wants.

    A directory keeps the special bits it has: they say whose group new files get, and who may delete them.
    """
    if special:
        return wanted & (PERMISSIONS | SPECIAL)
    kept = st.st_mode & SPECIAL if stat.S_ISDIR(st.st_mode) else 0
    return wanted & PERMISSIONS | kept


def drop_set_id(fd: int, st: os.stat_result) -> None:
    """Takes set-user-ID and set-group-ID from a file that is opened for writing, as a write does unless it is root's.

    Else who may write to a program could make it another one that runs with its owner's rights.
    """
    if st.st_mode & (stat.S_ISUID | stat.S_ISGID) and stat.S_ISREG(st.st_mode) and has_rights_of_root():
        disk.fchmod(fd, st.st_mode & (PERMISSIONS | stat.S_ISVTX))
