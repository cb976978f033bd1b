"""The handlers that a server answers with. The core does not import them: they import the core."""

from collections.abc import Mapping
from functools import lru_cache

from fakesmb.core.dispatch import CommandRow
from fakesmb.core.profile import Profile
from fakesmb.core.transactions import SubcommandRow


@lru_cache(maxsize=16)
def tables(profile: Profile) -> tuple[Mapping[int, CommandRow], Mapping[int, SubcommandRow]]:
    """Every command that is answered by a server of that profile, and every subcommand of TRANSACTION2, by code.

    They are imported by the first call: a server listens before it needs them.
    """
    from fakesmb.core.commands.refusals import limited
    from fakesmb.core.commands.table import COMMANDS
    from fakesmb.core.trans2.table import SUBCOMMANDS

    return limited(COMMANDS, SUBCOMMANDS, profile)
