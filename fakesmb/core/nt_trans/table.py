"""The table of NT_TRANSACT functions that are answered."""

from typing import Final

from fakesmb.core.nt_trans import create, ioctl, notify, quota, rename, security
from fakesmb.core.transactions import subcommands

FUNCTIONS: Final = subcommands((create, security, ioctl, notify, rename, quota))
"""By function code."""
