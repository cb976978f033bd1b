"""An exchange as the labelled trees of its messages: every byte that was kept is in exactly one field."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from fakesmb.record.events import Exchanged
from fakesmb.trace.commands import command_fields
from fakesmb.trace.context import NO_CONTEXT, Context
from fakesmb.trace.field import Field, Tree
from fakesmb.trace.half import Half, halves, is_message
from fakesmb.trace.header import header_field
from fakesmb.trace.hiding import hidden
from fakesmb.trace.noting import message_notes
from fakesmb.trace.sealing import sealed
from fakesmb.trace.settle import settled, unread
from fakesmb.wire.header import HEADER_SIZE

_EXACT: Final = 1 << 53
"""From here on a double, which is what JavaScript has for numbers, does not hold each integer."""


def trees(exchange: Exchanged, context: Context = NO_CONTEXT, *, secrets: bool = False) -> tuple[Tree, ...]:
    """The tree of each half that the exchange shows. Never raises, whatever the bytes are.

    Secrets are without value, and zeros in the buffers, unless `secrets` asks for them.
    """
    return tuple(_tree(half, secrets) for half in halves(exchange, context))


def _tree(half: Half, secrets: bool) -> Tree:
    fields = _fields(half)
    problem = half.problems[0] if half.problems else ""
    buffers = tuple(half.buffers)
    if not secrets:
        fields, buffers = hidden(fields, buffers)
    return Tree(fields, buffers, half.size, problem, message_notes(half))


def _fields(half: Half) -> tuple[Field, ...]:
    message = half.message
    if not is_message(message) or len(message) < HEADER_SIZE:
        why = half.problems[0] if half.problems else ""
        return (unread(0, len(message), why, message),) if message else ()
    try:
        fields = [header_field(half), *command_fields(half)]
    except Exception as error:  # a walker's bug must not hide the message
        why = f"{type(error).__name__}: {error}"
        half.problems.append(why)
        rest = sealed(unread(HEADER_SIZE, len(message), why, message))  # which may hold secrets
        fields = [header_field(half), rest] if rest.size else [header_field(half)]
    return settled(fields, 0, len(message), message)


def as_json(tree: Tree) -> dict[str, Any]:
    """The tree as JSON has it: buffers in hexadecimal; integers beyond 2**53 as text, which JavaScript keeps.

    Lone surrogates, which names may have and UTF-8 has not, are U+FFFD.
    """
    told: dict[str, Any] = msgspec.to_builtins(tree, builtin_types=(bytes,))
    told["buffers"] = [one.hex() for one in tree.buffers]
    for field in told["fields"]:
        _exact(field)
    _spelt(told, ("problem",))
    if "notes" in told:
        told["notes"] = [_whole(one) for one in tree.notes]
    return told


def sentences(tree: Tree) -> tuple[str, ...]:
    """All that newcomers are told of a message: about the whole, then about its values, each once."""
    found = dict.fromkeys(tree.notes)
    _gather(tree.fields, found)
    return tuple(found)


def _gather(fields: Sequence[Field], found: dict[str, None]) -> None:
    for one in fields:
        if one.note:
            found[one.note] = None
        _gather(one.fields, found)


def _exact(field: dict[str, Any]) -> None:
    value = field.get("value")
    if type(value) is int and not -_EXACT <= value <= _EXACT:
        field["value"] = str(value)
    _spelt(field, ("name", "value", "meaning", "note"))
    for inner in field.get("fields", ()):
        _exact(inner)


def _spelt(told: dict[str, Any], keys: Sequence[str]) -> None:
    for key in keys:
        text = told.get(key)
        if type(text) is str and not text.isascii():
            told[key] = _whole(text)


def _whole(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
