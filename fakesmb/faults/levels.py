"""How information levels are spelt, and which requests ask at one."""

import re
from typing import Final

from fakesmb.faults.spelling import is_number
from fakesmb.nt.nearest import nearest
from fakesmb.wire import file_info, find_info, fs_info, names, set_info
from fakesmb.wire.commands import Command
from fakesmb.wire.families import Kind


def has_level(kind: Kind) -> bool:
    """Whether its requests ask for an information level."""
    if kind.subcommand is None:
        return kind.command in (Command.TRANSACTION2, Command.NT_RENAME)
    name = names.subcommand_name(kind.command, kind.subcommand)
    return kind.command == Command.TRANSACTION2 and ("INFORMATION" in name or name.startswith("TRANS2_FIND_"))


def level(value: object) -> int:
    """An information level by number or name."""
    if is_number(value):
        assert isinstance(value, int)
        if not 0 <= value <= 0xFFFF:
            raise ValueError(f"must be a level from 0 to 0xFFFF, not {value}")
        return value
    if not isinstance(value, str):
        raise ValueError(f"must be the number or the name of a level, not {value!r}")
    known: dict[str, int] = {}
    for table in (file_info.LEVELS, find_info.LEVELS, fs_info.LEVELS, set_info.SET_LEVELS):
        for code, row in table.items():
            known.setdefault(row.name, code)
    if value not in known:
        raise ValueError(f"no level is called {value!r}{nearest(value, list(known))}")
    return known[value]


_LEVELS: Final = (
    (re.compile("TRANS2_QUERY_(PATH|FILE)_"), file_info.LEVELS),
    (re.compile("TRANS2_SET_(PATH|FILE)_"), set_info.SET_LEVELS),
    (re.compile("TRANS2_FIND_"), find_info.LEVELS),
    (re.compile("TRANS2_.*_FS_"), fs_info.LEVELS),
)
"""The levels of subcommands whose names begin so."""


def check_level(value: object, kinds: frozenset[Kind]) -> None:
    """Raises ValueError for the name of a level that none of these requests has."""
    if is_number(value):
        return
    asked = [names.subcommand_name(*kind) for kind in kinds if kind.subcommand is not None]  # type: ignore[arg-type]
    if any(kind.subcommand is None and has_level(kind) for kind in kinds):
        return
    known = [
        row.name for pattern, table in _LEVELS if any(map(pattern.match, asked)) for row in table.values()
    ]
    if value not in known:
        told = " or ".join(sorted(name for name in asked if name.startswith("TRANS2_")))
        raise ValueError(f"{told} has no level {value!r}{nearest(value, known)}")
