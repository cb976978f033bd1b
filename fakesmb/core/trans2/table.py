"""The table of TRANS2 subcommands that are answered."""

from typing import Final

from fakesmb.core.trans2 import file_info, find, fs_info, open2, referral, unix_info
from fakesmb.core.transactions import subcommands

SUBCOMMANDS: Final = subcommands((open2, find, file_info, fs_info, referral, unix_info))
"""By subcommand code."""
