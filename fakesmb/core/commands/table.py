"""The table of all commands that are answered."""

from typing import Final

from fakesmb.core.commands import io, locking, names, opens, session, transactions, tree
from fakesmb.core.dispatch import table

COMMANDS: Final = table((session, tree, opens, io, names, locking, transactions))
"""By command code."""
