"""TCP connections of a capture, both of their directions, and what is seen of them."""

from typing import Any, Final

import msgspec

from fakesmb.capture import network
from fakesmb.capture.framing import Framing
from fakesmb.capture.network import Segment
from fakesmb.capture.source import Packet
from fakesmb.capture.trouble import Trouble


class Flow:
    """A TCP connection."""

    __slots__ = (
        "active",
        "away",
        "client",
        "closing",
        "ended",
        "forgotten",
        "held",
        "home",
        "ignored",
        "names",
        "number",
        "simple",
        "talk",
    )

    def __init__(self, away: bytes) -> None:
        self.away = Way(self, away)
        """The direction of what is first seen."""
        self.home = Way(self, network.other_way(away))
        self.away.back, self.home.back = self.home, self.away
        self.client: Way | None = None
        """The direction from client to server, once that is known."""
        self.closing: Way | None = None
        """The direction whose FIN came first."""
        self.names = network.ends(away)
        """`address:port` of client and server."""
        self.number = 0
        """Counts the connections that were told, from 1; 0 before that."""
        self.ended = False
        self.simple = True
        """Whether a segment in its turn is only that: nothing is ignored, and no side has closed."""
        self.ignored = False
        self.active = False
        """Whether there was another packet of it since it was last asked whether it can be given up."""
        self.held = 0
        """Bytes held for it."""
        self.forgotten = False
        """Whether it is not followed any further."""
        self.talk: Any = None
        """What whoever reads the messages keeps of the connection."""

    def ignore(self) -> None:
        """What follows is of no interest: it speaks another protocol."""
        self.ignored = True
        self.simple = False

    def from_client(self, way: "Way") -> None:
        """Notes which direction is the client's."""
        self.client = way
        self.names = network.ends(way.name)

    def ways(self) -> "tuple[Way, Way]":
        """The directions from the client and from the server."""
        away = self.client or self.away
        return away, away.back


NOTHING: Final = Packet(0, 0.0, 0, b"", 0)


class Way:
    """A direction of a connection. Offsets are of its bytes; they begin as its sequence numbers and do not wrap."""

    __slots__ = (
        "acknowledged",
        "back",
        "early",
        "early_bytes",
        "ending",
        "flow",
        "framing",
        "holes",
        "last",
        "messages",
        "name",
        "next",
        "patience",
        "start",
    )

    def __init__(self, flow: Flow, name: bytes) -> None:
        self.flow = flow
        self.name = name
        self.back = self
        """The other direction."""
        self.start = -1
        """The offset of its first byte, where its SYN was seen."""
        self.next = -1
        """The offset of the byte that is wanted next; -1 while nothing was seen."""
        self.early: list[tuple[int, int, Packet, Segment]] = []
        """A heap of segments that came before their turn: offset, number of the packet, packet, segment."""
        self.early_bytes = 0
        self.messages: list[tuple[int, bytes, int]] = []
        """What the framing found: kind, kept bytes, size."""
        self.framing = Framing(self.messages)
        self.ending = -1
        """The offset behind its last byte, once its FIN was seen."""
        self.acknowledged = -1
        """The last that it acknowledged of the other direction; -1 for nothing."""
        self.last = NOTHING
        """The packet of the highest number among those that the message that has begun is of."""
        self.patience = 0
        """Segments of the connection that came since one was missing."""
        self.holes: list[tuple[int, int]] = []
        """Bytes that were jumped over or went before what was first seen, from and to, in their order."""


class Sent(msgspec.Struct, gc=False):
    """A message, or what else a frame of NetBIOS carries."""

    frame: int
    """Number of the packet that it ends in."""
    time: float
    connection: int
    """Counts connections, from 1."""
    from_client: bool
    peer: str
    """`address:port` of the client."""
    local: str
    """`address:port` of the server."""
    message: bytes
    """Without its length: from the SMB header on, as far as it was captured."""
    size: int
    """Bytes of the whole."""
    kind: int
    """`FrameType`: 0 is a message."""
    flow: Flow


class Began(msgspec.Struct, gc=False):
    """A connection of which the first message was seen, or the handshake."""

    time: float
    flow: Flow


class Ended(msgspec.Struct, gc=False):
    """A connection that ended."""

    time: float
    flow: Flow
    reason: str
    by_server: bool


Seen = Sent | Began | Ended | Trouble
"""What `Streams.feed` gives."""
