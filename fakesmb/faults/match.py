"""Which requests a rule means."""

from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Final

import msgspec

from fakesmb.faults.asked import Asked
from fakesmb.wire.commands import Command
from fakesmb.wire.families import Kind

Network = IPv4Network | IPv6Network

SECONDARIES: Final[dict[int, int]] = {
    Command.TRANSACTION: Command.TRANSACTION_SECONDARY,
    Command.TRANSACTION2: Command.TRANSACTION2_SECONDARY,
    Command.NT_TRANSACT: Command.NT_TRANSACT_SECONDARY,
}
"""The command that further parts of a transaction come by: the last one completes it."""


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """What must be true of a request, all of it; what is None does not matter."""

    connects: bool = False
    """Whether the rule means clients that connect, and no request."""
    kinds: frozenset[Kind] | None = None
    level: int | None = None
    path: "Callable[[str], bool] | None" = None
    share: "Callable[[str], bool] | None" = None
    user: "Callable[[str], bool] | None" = None
    connection: int | None = None
    peer: Network | None = None

    def __call__(self, asked: Asked) -> bool:
        """Whether the rule means that request, or that connection."""
        return (
            self._means(asked)
            and (self.level is None or asked.level == self.level)
            and (self.share is None or self.share(asked.share))
            and (self.user is None or self.user(asked.user))
            and (self.connection is None or asked.connection == self.connection)
            and (self.peer is None or _is_in(asked.peer, self.peer))
            and (self.path is None or any(map(self.path, asked.paths)))
        )

    def _means(self, asked: Asked) -> bool:
        if self.connects or asked.code < 0:
            return self.connects and asked.code < 0
        kinds = self.kinds
        return (
            kinds is None
            or Kind(asked.code) in kinds
            or Kind(asked.code, asked.function) in kinds
            or Kind(asked.sent) in kinds
        )

    @property
    def commands(self) -> frozenset[int] | None:
        """The commands of the messages that may have to do with it; None for all."""
        if self.kinds is None:
            return None
        codes = {kind.command for kind in self.kinds}
        return frozenset(codes | {SECONDARIES[code] for code in codes if code in SECONDARIES})

    @property
    def functions(self) -> frozenset[int] | None:
        """The subcommands of TRANSACTION2 that may have to do with it; None for all."""
        kinds = self.kinds
        if kinds is None or Kind(Command.TRANSACTION2) in kinds:
            return None
        return frozenset(
            kind.subcommand
            for kind in kinds
            if kind.command == Command.TRANSACTION2 and kind.subcommand is not None
        )


def _is_in(peer: str, network: Network) -> bool:
    host = peer.rpartition(":")[0].strip("[]")
    try:
        return ip_address(host) in network
    except ValueError:
        return False
