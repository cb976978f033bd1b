"""The table of all commands that are answered."""

from typing import Final

from fakesmb.core.commands import (
    closes,
    io,
    locking,
    names,
    old_files,
    opens,
    raw,
    search,
    session,
    transactions,
    tree,
)
from fakesmb.core.dispatch import CommandRow, table

COMMANDS: Final = table(
    (session, tree, opens, closes, old_files, io, raw, names, search, locking, transactions), CommandRow
)
"""By command code."""
