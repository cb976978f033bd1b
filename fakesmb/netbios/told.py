"""What the parts of this room are given: a way to send, a clock, a place for lines. No socket is seen here."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from fakesmb.world import DelayedCall

Place = tuple[str, int]
"""An IPv4 address and a port of UDP."""
Send = Callable[[bytes, Place], None]


class Clock(Protocol):
    """Twisted's IReactorTime, or a clock of tests."""

    def seconds(self) -> float:
        """Seconds of a clock that only goes forward."""

    def callLater(  # noqa: N802
        self, delay: float, callable: Callable[..., object], *args: object, **kw: object
    ) -> DelayedCall:
        """Calls back after `delay` seconds."""


class Around(NamedTuple):
    """What surrounds the services of one server."""

    clock: Clock
    entropy: Callable[[int], bytes]
    tell: Callable[[str, str, str, str], None]
    """Takes what goes into the log: `registered`, `queried`, `refused`, ...; the peer's `address:port`, or ""; the
    name; and what there is to say of it."""
    address_for: Callable[[str], str]
    """The server's own address, as who has that address reaches it."""
    encoding: str = "cp850"

    def number(self) -> int:
        """A number that a stranger does not guess: of 16 bits."""
        return int.from_bytes(self.entropy(2), "big")


def shown(place: Place) -> str:
    """`address:port`."""
    return f"{place[0]}:{place[1]}"
