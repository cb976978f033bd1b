"""Information levels by the subcommand that carries them, for those who ask by name."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from fakesmb.nt.nearest import nearest
from fakesmb.wire import file_info, find_info, fs_info, set_info, unix
from fakesmb.wire.info import Level
from fakesmb.wire.trans2 import Trans2

_FINDS: Final[Mapping[int, str]] = MappingProxyType(
    {code: level.name for table in (find_info.LEVELS, unix.FIND_LEVELS) for code, level in table.items()}
)


def _names(*tables: Mapping[int, Level]) -> Mapping[int, str]:
    return MappingProxyType({code: level.name for table in tables for code, level in table.items()})


_QUERIES: Final = _names(file_info.LEVELS, unix.QUERY_LEVELS)
_SETS: Final = _names(set_info.SET_LEVELS, unix.SET_LEVELS)

LEVELS: Final[Mapping[int, Mapping[int, str]]] = MappingProxyType(
    {
        Trans2.FIND_FIRST2: _FINDS,
        Trans2.FIND_NEXT2: _FINDS,
        Trans2.QUERY_PATH_INFORMATION: _QUERIES,
        Trans2.QUERY_FILE_INFORMATION: _QUERIES,
        Trans2.SET_PATH_INFORMATION: _SETS,
        Trans2.SET_FILE_INFORMATION: _SETS,
        Trans2.QUERY_FS_INFORMATION: _names(fs_info.LEVELS, unix.FS_LEVELS),
        Trans2.SET_FS_INFORMATION: _names(fs_info.SET_LEVELS),
    }
)
"""The names of the levels of each subcommand of TRANSACTION2 that has levels."""


def level_name(subcommand: int | None, code: int) -> str:
    """`SMB_QUERY_FILE_ALL_INFO`; its code in hexadecimal where it has no name."""
    return LEVELS.get(-1 if subcommand is None else subcommand, {}).get(code) or f"0x{code:04X}"


def check_level(name: str) -> None:
    """Raises ValueError, with the nearest names, for a name that is no level of any subcommand."""
    known = sorted({one for table in LEVELS.values() for one in table.values()})
    if name in known or (name.startswith("0x") and len(name) == len("0x0000")):
        return
    raise ValueError(f"no information level is called {name!r}{nearest(name, known)}")
