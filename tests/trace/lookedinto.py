"""What every tree keeps, and how tests look into one."""

from collections.abc import Iterator, Sequence

from fakesmb.record.events import Exchanged
from fakesmb.trace.context import NO_CONTEXT, Context
from fakesmb.trace.field import Field, Tree
from fakesmb.trace.trees import trees
from tests.trace import treechecks


def leaves(fields: Sequence[Field]) -> Iterator[Field]:
    """The fields that have no others in them."""
    for one in fields:
        if one.fields:
            yield from leaves(one.fields)
        else:
            yield one


def check(fields: Sequence[Field], buffers: Sequence[bytes]) -> None:
    """Every byte of every buffer lies in exactly one leaf."""
    places: dict[int, list[tuple[int, int]]] = {}
    for one in leaves(fields):
        places.setdefault(one.buffer, []).append((one.at, one.size))
    for index, buffer in enumerate(buffers):
        at = 0
        for start, size in sorted(places.get(index, [])):
            assert start == at, (index, start, at)
            at = start + size
        assert at == len(buffer)


def named(fields: Sequence[Field], name: str) -> list[Field]:
    """The fields of that name, at any depth."""
    found: list[Field] = []
    for one in fields:
        if one.name == name:
            found.append(one)
        found += named(one.fields, name)
    return found


def seen(event: Exchanged, context: Context = NO_CONTEXT) -> list[Tree]:
    """The trees of an event, checked."""
    found = list(trees(event, context))
    for one in found:
        treechecks.check(one)
    return found
