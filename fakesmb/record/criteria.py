"""What a journal can be asked for: names that are checked, so that a misspelt one never finds nothing in silence."""

import importlib
import pkgutil
import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final

import msgspec

from fakesmb import wire
from fakesmb.nt.nearest import nearest
from fakesmb.nt.status import NT, label
from fakesmb.record.entry import EVENTS, Entry
from fakesmb.wire import names

Criterion = object
"""A plain value (equal), a `re.Pattern` (found in the text) or a function of the value."""

_PLACES: Final = frozenset({"parameters", "detail"})
_CODE_OF_COMMAND: Final = re.compile(r"SMB_COM_0x[0-9A-F]{2}")
_CODE_OF_STATUS: Final = re.compile(r"0x[0-9A-F]{8}")


def checked(criteria: Mapping[str, Criterion]) -> dict[str, Criterion]:
    """The criteria, with numbers of commands and statuses as names.

    Raises TypeError for a criterion that is neither a key of the record nor a field of any message, ValueError for
    an event, a command or a status that is not known; both tell the nearest names.
    """
    wanted = dict(criteria)
    for name, value in wanted.items():
        if name not in Entry.__struct_fields__ and name not in _PLACES and name not in wire_fields():
            known = [*Entry.__struct_fields__, *wire_fields()]
            raise TypeError(f"no key or field is called {name!r}{nearest(name, known)}")
        if name == "command":
            wanted[name] = names.command_name(value) if isinstance(value, int) else value
            commands = (row.name for row in names.COMMANDS.values())
            _check("command", wanted[name], commands, _CODE_OF_COMMAND)
        elif name == "status":
            wanted[name] = label(value) if isinstance(value, int) else value
            _check("status", wanted[name], (one.label for one in NT), _CODE_OF_STATUS)
        elif name == "event":
            _check("event", value, EVENTS, None)
    return wanted


def _check(what: str, value: Criterion, known: Iterable[str], code: re.Pattern[str] | None) -> None:
    if not isinstance(value, str) or (code is not None and code.fullmatch(value)):
        return
    listed = list(known)
    if value not in listed:
        raise ValueError(f"no {what} is called {value!r}{nearest(value, listed)}")


@cache
def wire_fields() -> frozenset[str]:
    """The names of all fields of all structures in `fakesmb.wire`."""
    found: set[str] = set()
    for module in pkgutil.iter_modules(wire.__path__, f"{wire.__name__}."):
        for one in vars(importlib.import_module(module.name)).values():
            if isinstance(one, type) and issubclass(one, msgspec.Struct):
                found.update(one.__struct_fields__)
    return frozenset(found)
