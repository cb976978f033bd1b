"""How the values of a rule are spelt: each function reads one key, and raises ValueError with what it should be."""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from inspect import iscoroutinefunction
from ipaddress import ip_network
from typing import Final, get_args

from fakesmb.faults.action import When
from fakesmb.faults.asked import Asked
from fakesmb.faults.count import Per
from fakesmb.faults.match import Network
from fakesmb.nt.nearest import nearest
from fakesmb.nt.patterns import name_matcher, path_matcher
from fakesmb.nt.status import SMBError
from fakesmb.vfs.paths import Path
from fakesmb.wire import names
from fakesmb.wire.commands import Command
from fakesmb.wire.families import Kind, kinds_of, subcommand_of, whole_name

_PREFIXES: Final = ("TRANS2_", "NT_TRANSACT_", "TRANS_")
_NEVER_ANSWERED: Final = frozenset({Command.NT_CANCEL})


# -- numbers and words -------------------------------------------------------------------------------------


def is_number(value: object) -> bool:
    """Whether it is a whole number, and not True or False."""
    return isinstance(value, int) and not isinstance(value, bool)


def count(value: object, least: int = 1) -> int:
    """A whole number of at least `least`."""
    if not is_number(value):
        raise ValueError(f"must be a whole number of at least {least}, not {value!r}")
    assert isinstance(value, int)
    if value < least:
        raise ValueError(f"must be at least {least}, not {value}")
    return value


def skipped(value: object) -> int:
    """A whole number, 0 included."""
    return count(value, 0)


def size(value: object) -> int:
    """A whole number of bytes, 0 included."""
    if not is_number(value) or value < 0:  # type: ignore[operator]
        raise ValueError(f"must be a number of bytes, at least 0, not {value!r}")
    assert isinstance(value, int)
    return value


def numbers(value: object) -> frozenset[int]:
    """A number from 1, or several."""
    if isinstance(value, Collection) and not isinstance(value, str | bytes):
        if not value:
            raise ValueError("must be a number from 1, or several: an empty list has none")
        return frozenset(count(one) for one in value)
    return frozenset({count(value)})


def flag(value: object) -> bool:
    """True or False."""
    if not isinstance(value, bool):
        raise ValueError(f"must be true or false, not {value!r}")
    return value


def seconds(value: object) -> float:
    """Seconds, more than 0."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise ValueError(f"must be a number of seconds above 0, not {value!r}")
    return float(value)


def chance(value: object) -> float:
    """A probability."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
        raise ValueError(f"must be a probability above 0 and at most 1, not {value!r}")
    return float(value)


def seed(value: object) -> int:
    """A number to begin the dice with."""
    if not is_number(value):
        raise ValueError(f"must be a whole number, not {value!r}")
    assert isinstance(value, int)
    return value


def word(value: object, words: Sequence[str]) -> str:
    """One of some words."""
    if value not in words:
        wanted = f"{', '.join(words[:-1])} or {words[-1]}"
        raise ValueError(f"must be {wanted}, not {value!r}{nearest(value, words)}")
    assert isinstance(value, str)
    return value


def when(value: object) -> When:
    """`before`, `mid-response` or `after`."""
    return word(value, get_args(When))  # type: ignore[return-value]


def per(value: object) -> Per:
    """`server`, `connection` or `path`."""
    return word(value, get_args(Per))  # type: ignore[return-value]


def text(value: object) -> str:
    """A name that is not empty."""
    if not isinstance(value, str) or not value:
        raise ValueError(f"must be a text that is not empty, not {value!r}")
    return value


def pieces(value: object) -> tuple[int, ...]:
    """The sizes of pieces."""
    if is_number(value):
        return (count(value),)
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        raise ValueError(f"must be a size in bytes, or several, not {value!r}")
    found = tuple(count(one) for one in value)
    if not found:
        raise ValueError("must be a size in bytes, or several: an empty list has none")
    return found


def function(value: object) -> Callable[[Asked], object]:
    """A function of the request."""
    if not callable(value):
        raise ValueError(f"must be a Python function, which a file of settings cannot have, not {value!r}")
    if iscoroutinefunction(value) or iscoroutinefunction(getattr(value, "__call__", None)):  # noqa: B004
        raise ValueError(
            "must be a plain function, not an async one: the request cannot wait for what it says"
        )
    return value


# -- requests ----------------------------------------------------------------------------------------------


def commands(value: object) -> frozenset[Kind]:
    """A command by name, code or family; or several."""
    if isinstance(value, Collection) and not isinstance(value, str | bytes):
        if not value:
            raise ValueError("an empty list has no command")
        return frozenset().union(*(commands(one) for one in value))
    if is_number(value):
        assert isinstance(value, int)
        found = kinds_of(value)
        if not names.is_command(value):
            raise ValueError(f"no command has code 0x{value:02X}")
    elif isinstance(value, str):
        found = kinds_of(whole_name(value))
    else:
        raise ValueError(f"must be the name or the code of a command, or a family, not {value!r}")
    return found


def subcommand(value: object, of: frozenset[Kind] | None) -> frozenset[Kind]:
    """A subcommand by name or code; `of` are the commands that the rule names beside it."""
    if is_number(value):
        return _numbered(value, of)  # type: ignore[arg-type]
    if not isinstance(value, str):
        raise ValueError(f"must be the name or the code of a subcommand, not {value!r}")
    found = _named(value.strip().upper(), value)
    if of is None:
        if len(found) > 1:
            whole = " or ".join(sorted(names.subcommand_name(*kind) for kind in found))  # type: ignore[arg-type]
            raise ValueError(f"several are called {value!r}: {whole}")
        return found
    of_commands = {kind.command for kind in of}
    wanted = frozenset(kind for kind in found if kind.command in of_commands)
    if not wanted:
        owners = " or ".join(sorted(names.command_name(kind.command) for kind in found))
        raise ValueError(f"{value!r} is a subcommand of {owners}, which is not the command")
    return wanted


def _named(name: str, said: str) -> frozenset[Kind]:
    found = frozenset(kind for spelt, kind in _subcommands().items() if _without_prefix(spelt) == name)
    return found or frozenset({subcommand_of(name if name in _subcommands() else said)})


@cache
def _subcommands() -> Mapping[str, Kind]:
    whole = (Command.TRANSACTION, Command.TRANSACTION2, Command.NT_TRANSACT)
    return {row.name: Kind(int(one), code) for one in whole for code, row in names.SUBCOMMANDS[one].items()}


def _without_prefix(name: str) -> str:
    return next((name.removeprefix(prefix) for prefix in _PREFIXES if name.startswith(prefix)), name)


def _numbered(code: int, of: frozenset[Kind] | None) -> frozenset[Kind]:
    if of is None:
        raise ValueError(f"{code} needs the command that it is a subcommand of")
    tables = {kind.command: names.SUBCOMMANDS.get(kind.command) for kind in of}
    having = [command for command, table in tables.items() if table is not None]
    if not having:
        told = " or ".join(sorted(map(names.command_name, tables)))
        raise ValueError(f"{told} has no subcommands")
    found = frozenset(Kind(command, code) for command in having if code in (tables[command] or {}))
    if not found:
        raise ValueError(f"{names.command_name(having[0])} has no subcommand 0x{code:04X}")
    return found


def path(value: object) -> Callable[[str], bool]:
    """What tells whether a path is meant."""
    said = text(value)
    if said.replace("/", "\\").startswith("\\\\"):
        raise ValueError(f"{said!r} is the name of a server: say share=, and a path inside it")
    try:
        Path.parse(said.replace("*", "x").replace("?", "x"))
    except SMBError as error:
        raise ValueError(f"no request can name {said!r}: {error.why}") from None
    return path_matcher(said)


def name(value: object) -> Callable[[str], bool]:
    """What tells whether a share or a user is meant."""
    return name_matcher(text(value))


def peer(value: object) -> Network:
    """An address or a network."""
    said = text(value)
    try:
        return ip_network(said.strip("[]"))
    except ValueError as error:
        why = str(error).rpartition(" does not appear to be ")
        told = "" if why[1] else f": {error}"
        raise ValueError(f"must be an IP address or a network as 10.0.0.0/8, not {said!r}{told}") from None


def connection(value: object) -> int:
    """The number of a connection."""
    if not is_number(value) or value < 1:  # type: ignore[operator]
        raise ValueError(f"must be the number of a connection, from 1, not {value!r}")
    assert isinstance(value, int)
    return value


def check_answered(kinds: frozenset[Kind]) -> None:
    """Raises ValueError where none of the commands is ever answered."""
    if all(kind.command in _NEVER_ANSWERED for kind in kinds):
        raise ValueError("SMB_COM_NT_CANCEL is never answered, so nothing can be done to its answer")
