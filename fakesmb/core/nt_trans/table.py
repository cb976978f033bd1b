"""The table of NT_TRANSACT functions that are answered."""

from typing import Final

from fakesmb.core.transactions import subcommands

FUNCTIONS: Final = subcommands(())
"""By function code."""
