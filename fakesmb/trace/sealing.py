"""Bytes that were not read and may be a part of a secret."""

from typing import Final

from msgspec.structs import replace

from fakesmb.trace.field import Field
from fakesmb.wire.commands import Command

SIGN_INS: Final = frozenset({Command.SESSION_SETUP_ANDX, Command.TREE_CONNECT, Command.TREE_CONNECT_ANDX})
"""Commands that hold passwords, responses and tokens."""


def sealed(field: Field) -> Field:
    """A field of which whatever was not read may be a part of a secret: that is a secret, too."""
    if field.fields:
        return replace(field, fields=tuple(sealed(one) for one in field.fields))
    if field.name not in ("Unread", "Pad") or not str(field.value).strip("0"):
        return field
    return replace(field, secret=True)


def secret_whole(field: Field) -> Field:
    """A field that is a secret with all that is in it."""
    if not field.fields:
        return replace(field, secret=True)
    return replace(field, fields=tuple(secret_whole(one) for one in field.fields))


def public(field: Field) -> Field:
    """A field without secrets: of a type that holds none."""
    if field.fields:
        return replace(field, fields=tuple(public(one) for one in field.fields))
    return replace(field, secret=False) if field.secret else field
