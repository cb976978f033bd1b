"""Secrets taken out of a tree: no value, and zeros for their bytes."""

from msgspec.structs import replace

from fakesmb.trace.field import Field

HIDDEN = "hidden"
Spans = list[tuple[int, int, int]]
"""Buffer, offset and size of each secret."""


def hidden(
    fields: tuple[Field, ...], buffers: tuple[bytes, ...]
) -> tuple[tuple[Field, ...], tuple[bytes, ...]]:
    """The fields and the buffers without secrets."""
    spans: Spans = []
    for one in fields:
        secrets_of(one, spans)
    if not spans:
        return fields, buffers
    changed = [bytearray(one) for one in buffers]
    for buffer, at, size in spans:
        changed[buffer][at : at + size] = bytes(size)
    return tuple(_without(one) for one in fields), tuple(bytes(one) for one in changed)


def secrets_of(field: Field, spans: Spans) -> None:
    """Adds the secrets of a field."""
    if field.secret:
        spans.append((field.buffer, field.at, field.size))
        return
    for one in field.fields:
        secrets_of(one, spans)


def _without(field: Field) -> Field:
    if field.secret:
        return replace(field, value=None, meaning=HIDDEN, fields=())
    if not field.fields:
        return field
    inside = tuple(_without(one) for one in field.fields)
    if any(one.secret for one in inside):
        # What a group says of its values goes with them; its kind stays: `MsvAvTimestamp: 2004-05-31`.
        return replace(field, meaning=field.meaning.partition(":")[0], fields=inside)
    return replace(field, fields=inside)
