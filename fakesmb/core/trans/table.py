"""The table of functions on named pipes that are answered."""

from typing import Final

from fakesmb.core.trans import pipes
from fakesmb.core.transactions import subcommands

FUNCTIONS: Final = subcommands((pipes,))
"""By function code ([MS-CIFS] 2.2.2.2)."""
