"""The fields of the structures that entries tell, which criteria may ask for, and the commands that have them."""

import importlib
from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, Final, get_type_hints

import msgspec

from fakesmb import wire
from fakesmb.wire.commands import Command
from fakesmb.wire.families import Kind
from fakesmb.wire.messages import REQUESTS, RESPONSES
from fakesmb.wire.negotiate import NegotiateExtendedResponse
from fakesmb.wire.search import ResumeKey, SearchEntry
from fakesmb.wire.session import SESSION_SETUP_FORMS

_OF_BODIES: Final = ("dirs", "files", "locking", "negotiate", "raw", "search", "session", "trans", "tree")
"""The modules of `fakesmb.wire` that have the bodies of commands."""
_PIPES: Final = frozenset(
    {Kind(Command.TRANSACTION), Kind(Command.NT_TRANSACT), Kind(Command.READ_ANDX), Kind(Command.WRITE_ANDX)}
)
_SIGN_IN: Final = frozenset({Kind(Command.SESSION_SETUP_ANDX)})
_SETTERS: Final = frozenset({Kind(Command.TRANSACTION2)})
_CARRIERS: Final[Mapping[str, frozenset[Kind]]] = MappingProxyType(
    {
        "dcerpc": _PIPES,
        "fragments": _PIPES,
        "rap": _PIPES,
        "pipes": _PIPES,
        "ntlmssp": _SIGN_IN | _PIPES,
        "tokens": _SIGN_IN | _PIPES,
        "kerberos": _SIGN_IN | _PIPES,
        "kerberos_told": _SIGN_IN,
        "spnego": _SIGN_IN | _PIPES,
        "trans2": _SETTERS,
        "set_info": _SETTERS,
        "unix": _SETTERS,
        "unix_acl": _SETTERS,
        "eas": _SETTERS,
        "dfs": _SETTERS,
        "nt_trans": frozenset({Kind(Command.NT_TRANSACT)}),
    }
)
"""Commands whose messages hold the structures of a module of `fakesmb.wire`, in a layer of their own."""
CARRIERS: Final = frozenset[Kind]().union(*_CARRIERS.values())


@cache
def wire_fields() -> Mapping[str, frozenset[type]]:
    """The names of all fields, and the types that they hold: int, str, bytes, or object for what else there is."""
    found: dict[str, set[type]] = {}
    for cls in structures():
        hints = get_type_hints(cls)
        for name in cls.__struct_fields__:
            found.setdefault(name, set()).add(hints[name] if hints[name] in (int, str, bytes) else object)
    return MappingProxyType({name: frozenset(kinds) for name, kinds in found.items()})


@cache
def with_field(name: str) -> frozenset[Kind]:
    """The commands whose messages can have such a field."""
    own = frozenset(Kind(code) for code, cls in bodies() if name in cls.__struct_fields__)
    of_commands = {cls for _, cls in bodies()}
    for cls in structures():
        if name in cls.__struct_fields__ and cls not in of_commands:
            own |= _CARRIERS.get(cls.__module__.rpartition(".")[2], CARRIERS)
    return own


@cache
def may_have(code: int, name: str, *, request: bool) -> bool:
    """Whether that half of a command can have such a field, in whatever form."""
    if request:
        forms = [cls for one, cls in bodies() if one == code and cls not in RESPONSES.get(code, {}).values()]
        return any(name in cls.__struct_fields__ for cls in forms)
    known: list[Any] = list(RESPONSES.get(code, {}).values())
    if code == Command.NEGOTIATE:
        known.append(NegotiateExtendedResponse)
    return any(name in cls.__struct_fields__ for cls in known)


def bodies() -> Iterator[tuple[int, Any]]:
    """The commands and each structure that a request or a response of theirs may have."""
    yield from REQUESTS.items()
    for code, forms in RESPONSES.items():
        for cls in forms.values():
            yield code, cls
    yield Command.NEGOTIATE, NegotiateExtendedResponse
    for form in SESSION_SETUP_FORMS.values():
        yield Command.SESSION_SETUP_ANDX, form


@cache
def structures() -> tuple[type[msgspec.Struct], ...]:
    """All structures whose fields an entry may tell."""
    found: dict[type[msgspec.Struct], None] = {}
    for module in (*_OF_BODIES, *_CARRIERS):
        for one in vars(importlib.import_module(f"{wire.__name__}.{module}")).values():
            if (
                isinstance(one, type)
                and issubclass(one, msgspec.Struct)
                and one.__module__ == f"{wire.__name__}.{module}"
                and one not in (ResumeKey, SearchEntry)
            ):
                found[one] = None
    return tuple(found)
