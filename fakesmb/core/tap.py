"""What may stand at the message boundary of a connection: a fault, a capture, a profile of another server.

Every message that comes in and every frame that goes out passes a connection's taps, and no plan and no shortcut is
taken past them. Where nothing is armed nothing is asked: arming binds other methods to the connection, on connections
that live already, too (`SMBConnection.arm`).
"""

from typing import TYPE_CHECKING

from fakesmb.core.exchange import Exchange
from fakesmb.wire.codec import Buffer
from fakesmb.wire.header import Header

if TYPE_CHECKING:
    from fakesmb.core.connection import SMBConnection


class Tap:
    """Lets everything pass as it is; subclasses look at it, or change it."""

    def received(self, connection: "SMBConnection", message: memoryview) -> memoryview | None:
        """The message to be answered in place of one that arrived; None where none is to be."""
        return message

    def exchange(self, connection: "SMBConnection", header: Header) -> type[Exchange] | None:
        """The class of the exchange that answers this message; None where this tap leaves it alone."""
        return None

    def sending(self, connection: "SMBConnection", frame: list[Buffer]) -> list[Buffer]:
        """The buffers to go out in place of a frame; an empty list where nothing is to."""
        return frame
