"""Where faults stand at the message boundary: before requests of the commands that rules are about."""

from collections.abc import Sequence
from functools import partial, reduce
from typing import TYPE_CHECKING, ClassVar

from fakesmb.core.asking import asked_on_connect
from fakesmb.core.exchange import Exchange, Step
from fakesmb.core.fault_calls import called
from fakesmb.core.faulty_exchange import FaultyExchange
from fakesmb.core.plan import NoPlans, Plan, no_plan, transaction2_plan
from fakesmb.core.tap import Tap
from fakesmb.faults.asked import Asked
from fakesmb.faults.fault import Fault
from fakesmb.wire.commands import Command
from fakesmb.wire.header import Header

if TYPE_CHECKING:
    from fakesmb.core.connection import SMBConnection
    from fakesmb.core.state import Server


class PlansOfOthers(dict[int, Plan]):
    """The usual plans, but for some commands and some subcommands of TRANSACTION2."""

    def __init__(
        self, usual: dict[int, Plan], commands: frozenset[int], functions: frozenset[int], server: "Server"
    ) -> None:
        super().__init__()
        self._usual = usual
        self._commands = commands
        self._functions = functions
        self._server = server

    def __missing__(self, code: int) -> Plan:
        if code not in self._commands:
            made = self._usual[code]
        elif code == Command.TRANSACTION2 and self._functions:
            rows, subrows = self._server.handlers()
            others = {one: row for one, row in subrows.items() if one not in self._functions}
            made = transaction2_plan(rows[code], others)
        else:
            made = no_plan
        self[code] = made
        return made


class FaultTap(Tap):
    """The armed rules of a server."""

    every_frame: ClassVar[bool] = False

    def __init__(self, server: "Server", faults: tuple[Fault, ...]) -> None:
        self._server = server
        self._faults = faults
        self._of_requests = tuple(fault for fault in faults if not fault.rule.match.connects)
        self._commands = _union([fault.rule.match.commands for fault in self._of_requests])
        about = [
            fault.rule.match.functions
            for fault in self._of_requests
            if Command.TRANSACTION2 in (fault.rule.match.commands or ())
        ]
        self._functions = _union(about) or frozenset()
        self._plans: tuple[dict[int, Plan], dict[int, Plan]] | None = None
        """The usual ones that some were taken of, and what is left."""
        self._connecting: tuple[SMBConnection, Fault, Asked] | None = None
        """The rule that acts on the client that is just connecting."""

    def plans(self, connection: "SMBConnection", usual: dict[int, Plan]) -> dict[int, Plan]:
        """The plans of the commands that no rule is about."""
        if self._commands is None:
            return NoPlans()
        if isinstance(usual, NoPlans) or not self._commands:
            return usual
        if self._plans is None or self._plans[0] is not usual:
            self._plans = usual, PlansOfOthers(usual, self._commands, self._functions, self._server)
        return self._plans[1]

    def exchange(
        self, connection: "SMBConnection", header: Header, steps: Sequence[Step]
    ) -> type[Exchange] | None:
        """One that asks the rules, where they are about one of its commands."""
        commands = self._commands
        if commands is None or any(step.code in commands for step in steps):
            return FaultyExchange
        return None

    def connecting(self, connection: "SMBConnection") -> str:
        """The name of the rule that acts on a client that connects."""
        asked = asked_on_connect(connection)
        due = [fault for fault in self._faults if fault.see(asked)]
        fault = next((one for one in due if one.take(asked)), None)
        if fault is None:
            return ""
        self._connecting = connection, fault, asked
        return fault.name

    def connected(self, connection: "SMBConnection") -> None:
        """What rules do to a client that connects."""
        connecting, self._connecting = self._connecting, None
        if connecting is None or connecting[0] is not connection:
            return
        _, fault, asked = connecting
        fault.acted()
        act = fault.rule.act
        go_on = connection.hold_back()
        if act.hang:
            fault.hold(connection, go_on)
            connection.at_end.append(partial(fault.let_go, connection))
            return

        def then() -> None:
            if act.call is not None:
                called(connection, fault, asked)
            if act.reset:
                connection.reset(f"{fault.name}: reset")
            elif act.drop:
                connection.finish(f"{fault.name}: dropped")
            else:
                go_on()

        timer = self._server.clock.callLater(act.delay, then)
        connection.at_end.append(lambda: timer.cancel() if timer.active() else None)


def _union(sets: "Sequence[frozenset[int] | None]") -> frozenset[int] | None:
    """All of them together, None being everything; None of nothing but None."""
    if not sets:
        return frozenset()
    return reduce(lambda one, other: None if one is None or other is None else one | other, sets)
