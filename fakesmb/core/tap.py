"""What may stand at the message boundary of a connection: a fault, a capture, a profile of another server.

Every message that comes in and every frame that goes out passes a connection's taps, and no plan and no shortcut is
taken past them. A tap that looks at the requests of some commands only (`every_frame` is False) leaves all others their
plans. Where nothing is armed nothing is asked: arming binds other methods to the connection, on connections that live
already, too (`SMBConnection.arm`).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from fakesmb.core.exchange import Exchange, Step
from fakesmb.core.plan import NoPlans, Plan
from fakesmb.wire.codec import Buffer
from fakesmb.wire.header import Header

if TYPE_CHECKING:
    from fakesmb.core.connection import SMBConnection


class Tap:
    """Lets everything pass as it is; subclasses look at it, or change it."""

    every_frame: ClassVar[bool] = True
    """Whether it wants to see every message and every frame: `received` and `sending` are called only then."""

    def plans(self, connection: "SMBConnection", usual: dict[int, Plan]) -> dict[int, Plan]:
        """The plans by which messages are answered that it does not want to see."""
        return NoPlans()

    def connecting(self, connection: "SMBConnection") -> str:
        """A client connects; what of this tap is to act on it, for the record."""
        return ""

    def connected(self, connection: "SMBConnection") -> None:
        """A client has connected, and its transport is ready."""

    def received(self, connection: "SMBConnection", message: memoryview) -> memoryview | None:
        """The message to be answered in place of one that arrived; None where none is to be."""
        return message

    def exchange(
        self, connection: "SMBConnection", header: Header, steps: Sequence[Step]
    ) -> type[Exchange] | None:
        """The class of the exchange that answers this message; None where this tap leaves it alone."""
        return None

    def sending(self, connection: "SMBConnection", frame: list[Buffer]) -> list[Buffer]:
        """The buffers to go out in place of a frame; an empty list where nothing is to."""
        return frame
