"""Stubs of calls as their own declarations have them: impacket's structure of each operation that is served, filled."""

import contextlib
import importlib
import logging
import random
from collections.abc import Mapping
from functools import cache
from typing import Any, Final, cast

from impacket.dcerpc.v5 import ndr

from fakesmb.rpc.interface import Surroundings, Traffic
from fakesmb.rpc.pipes import SERVICES
from fakesmb.rpc.view import ServerView
from fuzz.values import Dice

_LOG: Final = logging.getLogger("impacket")
_DEEPEST: Final = 6
_HANDLE_NAMES: Final = ("HANDLE", "Handle")
_BITS: Final[Mapping[int, int]] = {1: 8, 2: 16, 4: 32, 8: 64}


@cache
def operations(service: str) -> Mapping[int, Any]:
    """The operations of a served interface by number, each with the `request` that makes its structure."""
    around = Surroundings(cast(ServerView, None), (), Traffic())  # none of it is called here
    found: Mapping[int, Any] = getattr(
        importlib.import_module(SERVICES[service]).interface(around), "operations", {}
    )
    return found


def stub(dice: Dice, service: str, operation: int, handle: bytes) -> bytes | None:
    """A call that fits its declaration, None where that cannot be built."""
    row = operations(service).get(operation)
    if row is None:
        return None
    state, silent = random.getstate(), _LOG.disabled
    random.seed(dice.below(1 << 32))  # impacket throws referents by it
    _LOG.disabled = True
    try:
        call = row.request()
        _fill(dice, call, handle, 0)
        data: bytes = call.getData()
    except Exception:  # impacket has many ways to say that a union has no such arm
        return None
    finally:
        random.setstate(state)
        _LOG.disabled = silent
    return data


def _fill(dice: Dice, structure: Any, handle: bytes, depth: int) -> None:
    """Sets the fields of a structure, as deep as it goes; what refuses a value keeps its own."""
    for name, field in list(getattr(structure, "fields", {}).items()):
        if dice.chance(0.15):
            continue
        with contextlib.suppress(Exception):
            if name == "Data" and any(part in type(structure).__name__ for part in _HANDLE_NAMES):
                structure["Data"] = handle
            elif isinstance(field, ndr.NDRPOINTERNULL) or name in (
                "ReferentID",
                "MaximumCount",
                "ActualCount",
                "Offset",
            ):
                continue
            elif isinstance(field, int):
                structure[name] = dice.number(_BITS.get(structure.item_size(), 32), name.lower())
            elif isinstance(field, (str, bytes)):
                structure[name] = f"{dice.name(name.lower())}\0"
            elif _is_number(field):
                structure[name] = _number(dice, name, field)
            elif _is_text(field):
                structure[name] = f"{dice.name(name.lower())}\0"
            elif depth < _DEEPEST:
                _fill(dice, field, handle, depth + 1)


def _is_number(field: Any) -> bool:
    return isinstance(field, ndr.NDR) and isinstance(getattr(field, "fields", {}).get("Data"), int)


def _number(dice: Dice, name: str, field: Any) -> int:
    size = len(field.getData())
    if "evel" in name or "lass" in name:
        return dice.one((0, 1, 2, 3, 10, 100, 101, 102, 502, 1005))
    return dice.number(min(_BITS.get(size, 32), 31), name.lower())


def _is_text(field: Any) -> bool:
    return "STR" in type(field).__name__.upper() and "ARRAY" not in type(field).__name__.upper()
