"""What testers call commands by: their names, and families of those that do the same thing in different ages of SMB."""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final, NamedTuple

from fakesmb.nt.nearest import nearest
from fakesmb.wire import names
from fakesmb.wire.commands import Command, PipeFunction
from fakesmb.wire.nt_trans import NtTransact
from fakesmb.wire.trans2 import Trans2


class Kind(NamedTuple):
    """A command, with any subcommand or with one of a transaction's."""

    command: int
    subcommand: int | None = None


FAMILIES: Final[Mapping[str, frozenset[Kind]]] = MappingProxyType(
    {
        "READ": frozenset(
            {
                Kind(Command.READ),
                Kind(Command.LOCK_AND_READ),
                Kind(Command.READ_RAW),
                Kind(Command.READ_MPX),
                Kind(Command.READ_ANDX),
                Kind(Command.READ_BULK),
                Kind(Command.TRANSACTION, PipeFunction.READ_NMPIPE),
                Kind(Command.TRANSACTION, PipeFunction.RAW_READ_NMPIPE),
            }
        ),
        "WRITE": frozenset(
            {
                Kind(Command.WRITE),
                Kind(Command.WRITE_AND_UNLOCK),
                Kind(Command.WRITE_RAW),
                Kind(Command.WRITE_MPX),
                Kind(Command.WRITE_AND_CLOSE),
                Kind(Command.WRITE_ANDX),
                Kind(Command.WRITE_PRINT_FILE),
                Kind(Command.WRITE_BULK),
                Kind(Command.TRANSACTION, PipeFunction.WRITE_NMPIPE),
                Kind(Command.TRANSACTION, PipeFunction.RAW_WRITE_NMPIPE),
            }
        ),
        "OPEN": frozenset(
            {
                Kind(Command.OPEN),
                Kind(Command.CREATE),
                Kind(Command.CREATE_NEW),
                Kind(Command.CREATE_TEMPORARY),
                Kind(Command.OPEN_ANDX),
                Kind(Command.NT_CREATE_ANDX),
                Kind(Command.OPEN_PRINT_FILE),
                Kind(Command.TRANSACTION2, Trans2.OPEN2),
                Kind(Command.NT_TRANSACT, NtTransact.CREATE),
                Kind(Command.NT_TRANSACT, NtTransact.CREATE2),
            }
        ),
        "FIND": frozenset(
            {
                Kind(Command.SEARCH),
                Kind(Command.FIND),
                Kind(Command.FIND_UNIQUE),
                Kind(Command.TRANSACTION2, Trans2.FIND_FIRST2),
                Kind(Command.TRANSACTION2, Trans2.FIND_NEXT2),
            }
        ),
    }
)
"""Families by name: `READ` is each way to read, `SMB_COM_READ` the one command of that name."""

_PREFIX: Final = "SMB_COM_"


@cache
def _codes() -> Mapping[str, int]:
    return MappingProxyType({row.name: code for code, row in names.COMMANDS.items()})


@cache
def _subcommands() -> Mapping[str, Kind]:
    found = {
        row.name: Kind(command, code)
        for command, table in names.SUBCOMMANDS.items()
        for code, row in table.items()
        if command in _WHOLE
    }
    return MappingProxyType(found)


_WHOLE: Final = frozenset({Command.TRANSACTION, Command.TRANSACTION2, Command.NT_TRANSACT})
"""The transactions; the commands of their further parts have the same subcommands."""


def kinds_of(command: int | str) -> frozenset[Kind]:
    """What a command is called by: its code, its name (`SMB_COM_CLOSE`, `SMB_COM_0x5A`) or a family (`READ`).

    Raises ValueError, with the nearest names, for a name that is none and for a code that no byte holds.
    """
    if isinstance(command, int):
        if not 0 <= command <= 0xFF:
            raise ValueError(f"a command has a code of one byte, not {command}")
        return frozenset({Kind(int(command))})
    family = FAMILIES.get(command)
    if family is not None:
        return family
    code = _codes().get(command)
    if code is None and command.startswith(f"{_PREFIX}0x") and len(command) == len(_PREFIX) + 4:
        code = _number(command[len(_PREFIX) :])
    if code is not None:
        return frozenset({Kind(code)})
    subcommand = _subcommands().get(command)
    if subcommand is not None:
        raise ValueError(f"{command!r} is no command but a subcommand: say subcommand={command!r}")
    spellings = {name.removeprefix(_PREFIX): name for name in _codes()}
    told = spellings | {name: name for name in (*_codes(), *FAMILIES)}
    raise ValueError(f"no command is called {command!r}{nearest(command, told)}")


def whole_name(command: str) -> str:
    """`write_andx`, `WRITE_ANDX` and `SMB_COM_WRITE_ANDX` are the same; `WRITE` is the family. What is none stays."""
    name = command.strip().upper()
    if name in FAMILIES:
        return name
    return next((spelt for spelt in (name, f"{_PREFIX}{name}") if spelt in _codes()), command)


def subcommand_of(name: str) -> Kind:
    """A transaction and its subcommand by the name of the latter: `TRANS2_FIND_FIRST2`.

    Raises ValueError, with the nearest names.
    """
    found = _subcommands().get(name)
    if found is None:
        raise ValueError(f"no subcommand is called {name!r}{nearest(name, list(_subcommands()))}")
    return found


def _number(text: str) -> int | None:
    try:
        return int(text, 16)
    except ValueError:
        return None
