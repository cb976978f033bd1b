"""The table of TRANS2 subcommands that are answered."""

from typing import Final

from fakesmb.core.trans2 import find, fs_info, open2, query_info, referral, set_info, unix_info
from fakesmb.core.transactions import subcommands

SUBCOMMANDS: Final = subcommands((open2, find, query_info, set_info, fs_info, referral, unix_info))
"""By subcommand code."""
