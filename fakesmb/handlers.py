"""The handlers that a server answers with. The core does not import them: they import the core."""

from collections.abc import Mapping
from functools import cache

from fakesmb.core.dispatch import CommandRow
from fakesmb.core.transactions import SubcommandRow


@cache
def tables() -> tuple[Mapping[int, CommandRow], Mapping[int, SubcommandRow]]:
    """Every command that is answered, and every subcommand of TRANSACTION2, by code.

    They are imported by the first call: a server listens before it needs them.
    """
    from fakesmb.core.commands.table import COMMANDS
    from fakesmb.core.trans2.table import SUBCOMMANDS

    return COMMANDS, SUBCOMMANDS
