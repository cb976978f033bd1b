"""The table of all commands that are answered."""

from typing import Final

from fakesmb.core.commands import (
    attributes,
    closes,
    control,
    directories,
    io,
    locking,
    names,
    negotiation,
    old_copies,
    old_files,
    opens,
    printing,
    raw,
    search,
    session,
    transactions,
    tree,
)
from fakesmb.core.dispatch import CommandRow, table

COMMANDS: Final = table(
    (
        negotiation,
        session,
        control,
        tree,
        opens,
        printing,
        closes,
        old_files,
        old_copies,
        io,
        raw,
        directories,
        names,
        attributes,
        search,
        locking,
        transactions,
    ),
    CommandRow,
)
"""By command code."""
