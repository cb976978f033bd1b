"""What a sniffer beside the server hears of a client's connection: whatever comes and leaves, and how it ends.

Where nobody sniffs nothing is asked: `Sniffed` stands in place of methods of a connection while somebody does, also of
one that lives. Plans are taken past it, and the kernel goes on sending files by itself where the sniffer does not want
all of them.
"""

import array
import fcntl
import termios
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from twisted.internet.interfaces import IAddress

from fakesmb.core.connection import SendRange, SMBConnection
from fakesmb.record.ends import How
from fakesmb.vfs.store import FileRange
from fakesmb.wire.codec import Buffer

if TYPE_CHECKING:
    from fakesmb.transport.direct import DirectTCP

End = tuple[str, int]
"""An address and a port."""


class Sniffer(Protocol):
    """What is told. Called on the path of every request, so it should only keep it."""

    def key(self) -> int:
        """What it wants to know a connection by. The numbers of connections begin anew when a server is reset."""

    def began(self, key: int, connection: int, client: End, server: End, *, handshake: bool) -> None:
        """A connection begins, or is there already (without `handshake`) and between two messages."""

    def came(self, key: int, data: bytes) -> None:
        """Bytes of the client."""

    def left(self, key: int, frame: list[Buffer]) -> None:
        """A frame, or the part of one that leaves by itself."""

    def most_of_range(self, frame: list[Buffer]) -> int | None:
        """How many bytes it wants of the range of a file that ends a frame; None for all."""

    def left_range(self, key: int, frame: list[Buffer], data: bytes, size: int) -> None:
        """A frame whose end is a range of a file, `size` bytes that begin with `data`."""

    def half_closed(self, key: int) -> None:
        """The server sends no more."""

    def ended(self, key: int, how: How) -> None:
        """The connection is over."""


class Sniffed:
    """A client's connection while somebody sniffs."""

    def __init__(self, protocol: "DirectTCP", connection: SMBConnection, sniffer: Sniffer) -> None:
        self._protocol = protocol
        self._connection = connection
        self._key = sniffer.key()
        self._sniffer = sniffer
        self._send = protocol._send
        self._send_range: SendRange = protocol._send_range
        self._waits = False
        """Whether a sniffer that came later waits for the end of a message."""
        self._unread = False
        """Whether the client had sent what was not read when the server closed the connection."""
        self.ignores = "dataReceived" in vars(protocol)
        """Whether what the client sends is for nobody, as it is after the server's own end."""
        self._take: Callable[[bytes], None] = protocol.dataReceived

    def begin(self, *, handshake: bool) -> None:
        """Tells of the connection, or will when it is between two messages."""
        if handshake:
            self._begin(handshake=True)
        else:
            self._waits = True
            self._begin_if_at_rest()

    def _begin(self, *, handshake: bool) -> None:
        transport = self._protocol._tcp()
        ends = _end(transport.getPeer()), _end(transport.getHost())
        self._sniffer.began(self._key, self._connection.number, *ends, handshake=handshake)

    def _begin_if_at_rest(self) -> None:
        if self._connection.is_between_messages and not self._protocol.unread:
            self._waits = False
            self._begin(handshake=False)

    def received(self, data: bytes) -> None:
        """In place of the protocol's `dataReceived`."""
        if self._waits:
            self._begin_if_at_rest()
        if self._connection.sealing is None:
            self.came(data)
        if not self.ignores:
            self._take(data)

    def came(self, data: bytes) -> None:
        """Bytes of the client's; of an encrypted connection what they mean, a frame at a time."""
        self._sniffer.came(self._key, data)

    def left(self, frame: list[Buffer]) -> None:
        """A frame of the server's, before it is encrypted."""
        self._sniffer.left(self._key, frame)

    def send(self, frame: list[Buffer]) -> None:
        """In place of the protocol's own."""
        if self._connection.sealing is None:
            self.left(frame)
        self._send(frame)

    def send_range(self, frame: list[Buffer], part: FileRange) -> None:
        """In place of the protocol's own. Raises OSError where the file cannot be read and nothing has left."""
        most = self._sniffer.most_of_range(frame)
        if most is None or most >= part.length:
            self.send([*frame, part.read_whole()])
            return
        before = frame.copy()
        data = FileRange(part.fd, part.offset, most).read_whole()
        self._send_range(frame, part)
        self._sniffer.left_range(self._key, before, data, part.length)

    def closing(self, fd: int) -> None:
        """The server closes the connection."""
        self._unread = has_unread(fd)

    def half_closed(self) -> None:
        """The server has sent all that it sends."""
        self._sniffer.half_closed(self._key)

    def ended(self, how: How) -> None:
        """The connection is over."""
        if how is How.SERVER_CLOSED and self._unread:
            how = How.SERVER_LEFT_UNREAD
        self._sniffer.ended(self._key, how)


def has_unread(fd: int) -> bool:
    """Whether the kernel has bytes of the client that nobody has read."""
    count = array.array("i", (0,))
    try:
        fcntl.ioctl(fd, termios.FIONREAD, count)
    except OSError:
        return False
    return count[0] > 0


def _end(address: IAddress) -> End:
    host = str(getattr(address, "host", "")).removeprefix("::ffff:")
    return host, int(getattr(address, "port", 0))
