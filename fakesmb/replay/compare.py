"""Two answers to one request, field by field."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from fakesmb.record.values import printable
from fakesmb.replay.expected import kind_of, kind_of_group
from fakesmb.trace.field import Field, Tree

NAMES: Final = ("FileName", "Name", "netname", "shi1_netname")
"""Fields by which entries of a list are told apart."""
LONGEST: Final = 60
"""Characters of a value that are shown."""
MOST: Final = 1000
"""Differences of one message that are kept."""
NOTHING: Final = "nothing"
_POINTS: Final = "points to byte"


class Difference(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A field that is not the same."""

    name: str
    """Where it is: `SMB_COM_NT_CREATE_ANDX.EndOfFile`; an entry of a list by its name."""
    kind: str
    captured: str
    here: str


def differences(captured: Tree, here: Tree) -> list[Difference]:
    """What is different, in the order of the message; 1,000 at most. Where both have a status, an error ends it."""
    found: list[Difference] = []
    for one in _groups(captured.fields, here.fields, "", ""):
        found.append(one)
        if len(found) >= MOST:
            break
    return found


def status_of(tree: Tree) -> Field | None:
    """The Status of a message's header, which has fields of its own where it is a DOS error."""
    for field in tree.fields[:1]:
        for inner in field.fields:
            if inner.name == "Status":
                return inner
    return None


def status_text(field: Field) -> str:
    """`STATUS_SUCCESS`; `ERRDOS 18` of a DOS error."""
    if not field.fields:
        return field.meaning.partition(" (")[0] or str(field.value)
    parts = [one for one in field.fields if one.name != "Reserved"]
    if not any(one.value for one in parts):
        return "STATUS_SUCCESS"
    return " ".join(one.meaning.partition(" (")[0] or str(one.value) for one in parts)


def _groups(captured: Sequence[Field], here: Sequence[Field], path: str, kind: str) -> Iterator[Difference]:
    """`kind` is that of the group, where all its fields are of one; empty where each has its own."""
    for name, old, new in _aligned(captured, here):
        where = f"{path}.{name}" if path else name
        if old is None or new is None:
            yield from _missing(old, new, where, kind)
        elif old.fields or new.fields:
            yield from _groups(old.fields, new.fields, where, kind or kind_of_group(old.name))
        elif not _same(old, new):
            found = "ids" if _is_pointer(old) and _is_pointer(new) else kind_of(old.name)
            yield Difference(where, kind or found, shown(old), shown(new))


def _aligned(
    captured: Sequence[Field], here: Sequence[Field]
) -> Iterator[tuple[str, Field | None, Field | None]]:
    """Fields that belong together, in the order of the capture: by name and number, entries of lists by their name."""
    old, new = _keyed(captured), _keyed(here)
    for key, field in old.items():
        yield key, field, new.get(key)
    for key, field in new.items():
        if key not in old:
            yield key, None, field


def _keyed(fields: Sequence[Field]) -> dict[str, Field]:
    found: dict[str, Field] = {}
    for field in fields:
        key = field.name
        label = _label(field)
        if label:
            key = f"{field.name}[{label}]"
        number = 1
        base = key
        while key in found:
            number += 1
            key = f"{base}#{number}"
        found[key] = field
    return found


def _label(field: Field) -> str:
    """The name of an entry of a list; empty of other fields."""
    for inner in field.fields:
        if inner.name in NAMES and not inner.fields and isinstance(inner.value, str):
            return printable(inner.value)
    return ""


def _missing(old: Field | None, new: Field | None, where: str, kind: str) -> Iterator[Difference]:
    """A field, or a group, that one of both does not have."""
    there = old if old is not None else new
    assert there is not None
    if not there.size and there.value is None and not there.fields:
        return
    kind = kind or kind_of_group(there.name) or ("names" if _label(there) else kind_of(there.name))
    text = shown(there) or "there"
    yield Difference(where, kind, NOTHING if old is None else text, NOTHING if new is None else text)


def _is_pointer(field: Field) -> bool:
    """Whether it is a pointer of NDR that is not null: its value is made up, what it points to is compared."""
    return _POINTS in field.meaning


def _same(old: Field, new: Field) -> bool:
    if old.secret or new.secret:
        return old.secret and new.secret and old.size == new.size
    value: Any = old.value
    return bool(value == new.value)


def shown(field: Field) -> str:
    """A value for people."""
    if field.secret:
        return "hidden"
    if field.fields:
        return f"{field.size} bytes"
    value = "" if field.value is None else str(field.value)
    text = field.meaning or value
    return printable(text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}...")
