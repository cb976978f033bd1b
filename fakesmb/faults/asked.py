"""A request as rules see it."""

import msgspec

from fakesmb.wire import names


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One command of a message: what rules match, and what a function is given that a rule calls."""

    connection: int
    """The number of the connection, from 1."""
    peer: str
    """`address:port` of the client."""
    code: int = -1
    """The command, of a chain the one in question; -1 where a client connects."""
    sent: int = -1
    """The command of the message: that of a secondary, where it completes a transaction."""
    function: int | None = None
    """The subcommand of a transaction."""
    level: int | None = None
    """The information level that is asked for."""
    paths: tuple[str, ...] = ()
    """What it names, `\\dir\\a.txt`, the path of the open where that is a FID; a rename has two."""
    share: str = ""
    user: str = ""
    params: object = None
    """The decoded request (`wire`); of a transaction its parameters, where they have a structure."""

    @property
    def command(self) -> str:
        """`SMB_COM_WRITE_ANDX`; empty where a client connects."""
        return "" if self.code < 0 else names.command_name(self.code)

    @property
    def subcommand(self) -> str:
        """`TRANS2_FIND_FIRST2`; empty for a command that has none."""
        return "" if self.function is None else names.subcommand_name(self.code, self.function)

    @property
    def path(self) -> str:
        """The first of `paths`; empty where it names nothing."""
        return self.paths[0] if self.paths else ""
