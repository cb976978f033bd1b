"""The fields of a JSON line under the names of the specification, with what their values mean: a log keeps no bytes.

Which structure the fields are of is told by the command, the direction and the fields themselves.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, Final

import msgspec

from fakesmb.nt.status import label
from fakesmb.record.entry import Entry
from fakesmb.record.filterlines import Lines, lines_of
from fakesmb.record.values import printable
from fakesmb.record.wirefields import bodies, structures
from fakesmb.show.treetext import leaf_lines, value_text
from fakesmb.trace.bitnames import NTLM_FLAGS
from fakesmb.trace.fieldmeanings import meaning_of
from fakesmb.trace.meanings import Meaning, named
from fakesmb.trace.sections import command_section
from fakesmb.trace.specnames import spec_name
from fakesmb.wire.dcerpc import PacketType
from fakesmb.wire.levels import level_name
from fakesmb.wire.ntlmssp import MessageType

_HEADER: Final = (
    ("Command", "command"),
    ("Status", "status"),
    ("PID", "pid"),
    ("TID", "tid"),
    ("UID", "uid"),
    ("MID", "mid"),
)
_NAMED: Final = {"uid": "user", "tid": "share"}
"""Identifiers of the header, and the key that tells what they stand for."""
_DEEPEST: Final = 20
"""Steps of a tree; ours have at most a few."""
_SIZES: Final = ((0xFF, 1), (0xFFFF, 2), (0xFFFFFFFF, 4))
_OF_TIMES: Final = 8


def entry_lines(entry: Entry, width: int | None) -> Iterator[str]:
    """What a line of a log holds, below the line that tells it in short."""
    if entry.event not in ("request", "response"):
        yield from _happening(entry, width)
        return
    yield from leaf_lines("SMB_Header", 0, width, section="[MS-CIFS] 2.2.3.1")
    for name, key in _HEADER:
        value = getattr(entry, key)
        if value is not None:
            yield from leaf_lines(f"{name}: {_identifier(entry, key, value)}", 1, width)
    request = entry.event == "request"
    for command in lines_of(entry if request else None, None if request else entry):
        yield from _command(command, request, width)


def _identifier(entry: Entry, key: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    known = getattr(entry, _NAMED[key]) if key in _NAMED else None
    return f"0x{value:04X} ({printable(known)})" if known else f"0x{value:04X}"


def _command(command: Lines, request: bool, width: int | None) -> Iterator[str]:
    part = command.asked_part if request else command.answered_part
    fields = command.request if request else command.response
    code = command.code
    cls = _class_of(code, request, frozenset(fields))
    what = f"{part.get('command') or 'a command'} {'request' if request else 'response'}"
    section = "" if code is None else command_section(code, cls, is_request=request)
    yield from leaf_lines(what, 0, width, section=section)
    if part.get("subcommand"):
        yield from leaf_lines(f"Subcommand: {part['subcommand']}", 1, width)
    if part.get("problem"):
        yield from leaf_lines(f"problem: {printable(part['problem'])}", 1, width)
    yield from _fields(fields, cls, command, 1, width)


def _happening(entry: Entry, width: int | None) -> Iterator[str]:
    for key in ("reason", "problem", "native_os", "protection", "fault", "traceback"):
        value = getattr(entry, key)
        for line in str(value).splitlines() if value else ():
            yield from leaf_lines(f"{key}: {printable(line)}", 0, width)


def _fields(
    fields: Mapping[str, Any], cls: type | None, command: Lines, depth: int, width: int | None
) -> Iterator[str]:
    for name, value in fields.items():
        yield from _field(name, value, cls, command, depth, width)


def _field(
    name: str, value: Any, cls: type | None, command: Lines, depth: int, width: int | None
) -> Iterator[str]:
    shown = printable(spec_name(name, cls))
    if depth > _DEEPEST:
        yield from leaf_lines(f"{shown}: ...", depth, width)
    elif isinstance(value, dict) and value:
        yield from leaf_lines(shown, depth, width)
        yield from _fields(value, _inner(frozenset(value)), command, depth + 1, width)
    elif isinstance(value, list) and value:
        yield from leaf_lines(shown, depth, width)
        for one in value:
            if isinstance(one, dict):
                yield from leaf_lines("-", depth + 1, width)
                yield from _fields(one, _inner(frozenset(one)), command, depth + 2, width)
            else:
                yield from leaf_lines(printable(str(one)), depth + 1, width)
    else:
        yield from leaf_lines(f"{shown}: {printable(_told(name, value, cls, command))}", depth, width)


def _told(name: str, value: Any, cls: type | None, command: Lines) -> str:
    if name == "information_level" and type(value) is int:
        return f"0x{value:04X} = {level_name(command.function, value)}"
    if name == "status" and type(value) is int:
        return label(value)
    if name in _IDENTIFIERS and type(value) is int:
        return f"0x{value:04X}"
    if type(value) is not int:
        return value_text(value, "", 0)
    meaning = _OWN.get((getattr(cls, "__name__", ""), name)) or meaning_of(cls or object, name)
    try:
        told = "" if meaning is None else meaning(value)
    except Exception:  # a number of another field of that name
        told = ""
    return value_text(value, told, _OF_TIMES if "time" in name else _size_of(value))


_OWN: Final[Mapping[tuple[str, str], Meaning]] = {
    ("Token", "flags"): NTLM_FLAGS,
    ("Token", "message_type"): named({one: one.name for one in MessageType}),
    ("Fragment", "packet_type"): named({one: one.name for one in PacketType}),
}
"""Of what a log tells of tokens and of fragments, which are no structures of the wire."""
_IDENTIFIERS: Final = frozenset({"fid", "tid", "uid", "sid", "setup_fid", "root_directory_fid"})


def _size_of(value: int) -> int:
    return next((size for most, size in _SIZES if value <= most), 8)


@cache
def _class_of(code: int | None, request: bool, names: frozenset[str]) -> type | None:
    """The structure of a command that has such fields."""
    if code is None:
        return None
    known = [
        form for one, form in bodies() if one == code and form.__name__.endswith(("Request", "Response"))
    ]
    told = "Request" if request else "Response"
    own = [form for form in known if form.__name__.endswith(told)]
    return _nearest(own, names) or _nearest(known, names) or _inner(names)


@cache
def _inner(names: frozenset[str]) -> type | None:
    """The structure that has such fields, wherever it is."""
    return _nearest(structures(), names - {"detail", "parameters"})


def _nearest(classes: Iterable[type[msgspec.Struct]], names: frozenset[str]) -> type[msgspec.Struct] | None:
    """The one of the classes that has all of these fields, and the fewest others."""
    names -= {"detail"}
    having = [one for one in classes if names <= set(one.__struct_fields__)]
    return min(having, key=lambda one: len(one.__struct_fields__), default=None)
