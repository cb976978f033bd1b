"""SMB over TCP as Twisted sees it: bytes to and from an `SMBConnection`, and a limit on both.

One port serves direct TCP and NetBIOS session clients: the core's framer tells them apart ([MS-SMB] 2.1).
"""

import os
import socket
import struct
import sys
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, Protocol, cast

from twisted.internet import error
from twisted.internet.interfaces import IAddress, IProtocolFactory, IPullProducer
from twisted.internet.protocol import Protocol as TwistedProtocol
from twisted.internet.protocol import connectionDone
from zope.interface import implementer

from fakesmb.auth.attempts import address_of
from fakesmb.core.connection import SMBConnection
from fakesmb.core.idle import IdleWatch
from fakesmb.core.state import Server
from fakesmb.record.ends import How
from fakesmb.transport.file_rest import RestOfFile
from fakesmb.transport.sniffing import Sniffed, Sniffer
from fakesmb.transport.unsent import unsent
from fakesmb.vfs.reactor import DelayedCall
from fakesmb.vfs.store import FileRange
from fakesmb.wire.codec import Buffer
from fakesmb.wire.frame import FEW_BYTES

RECEIVE_SIZE: Final = 130_000
"""Bytes taken from the socket at once: two large writes. From 128 KiB on the C library maps and unmaps the memory of
every receive, which costs more than the message (measured: docs/performance.md)."""
AT_ONCE: Final = 128 * 1024
"""Bytes of waiting replies that the transport is given at once: it joins, and so copies, what it is given."""
MOST_OVER: Final = 2
"""Beyond so many times `limits.total_unread_bytes` the client that leaves most unread is left."""
LARGE_REST: Final = 512 * 1024
"""Of a file the bytes that wait for the client in memory, at most: more is read when the client takes it."""
TELL_UNREAD: Final = 0.2
"""Seconds that a client which is read no further has to take its replies before the log says so: a slow one does."""
TELL_UNREAD_AGAIN: Final = 60.0
"""Seconds from one such line about a client to the next."""
LEAST_PER_ADDRESS: Final = 64
"""Connections that one address has where nothing else is said."""
TELL_AGAIN: Final = 10.0
"""Seconds in which clients that are refused for the same reason are one line in the log."""
LARGE: Final = 0x4000
"""From so many bytes at once on it matters where a receive cuts the stream."""
_AT_ONCE: Final = struct.pack("ii", 1, 0)
"""SO_LINGER of a socket whose close is an RST."""
LINGER: Final = 1.0
"""Seconds that a client has to take the last replies of a connection that we end."""
LOOK_AGAIN: Final = 0.01
"""Seconds between looks whether a client has all that was sent."""

_REASONS: Final[tuple[tuple[type[BaseException], str], ...]] = (
    (error.ConnectionDone, "the client closed it"),
    (error.ConnectionAborted, "the client did not take the last replies"),
    (error.ConnectionLost, "the client reset it, or no longer answers"),
)


class _Socket(Protocol):
    """The part of a socket that replies go out by."""

    def fileno(self) -> int: ...
    def send(self, data: Buffer, flags: int = 0, /) -> int: ...
    def sendmsg(self, buffers: list[Buffer], /) -> int: ...
    def setsockopt(self, level: int, name: int, value: bytes, /) -> None: ...


class _Transport(Protocol):
    """What is used of Twisted's TCP transport."""

    bufferSize: int  # noqa: N815

    def getHandle(self) -> _Socket: ...  # noqa: N802
    def getPeer(self) -> IAddress: ...  # noqa: N802
    def getHost(self) -> IAddress: ...  # noqa: N802
    def setTcpNoDelay(self, enabled: bool) -> None: ...  # noqa: N802
    def setTcpKeepAlive(self, enabled: bool) -> None: ...  # noqa: N802
    def write(self, data: bytes) -> None: ...
    def registerProducer(self, producer: object, streaming: bool) -> None: ...  # noqa: N802
    def unregisterProducer(self) -> None: ...  # noqa: N802
    def pauseProducing(self) -> None: ...  # noqa: N802
    def resumeProducing(self) -> None: ...  # noqa: N802
    def loseConnection(self) -> None: ...  # noqa: N802
    def loseWriteConnection(self) -> None: ...  # noqa: N802
    def abortConnection(self) -> None: ...  # noqa: N802


@implementer(IPullProducer)
class DirectTCP(TwistedProtocol):
    """One client's TCP connection.

    A reply leaves in the same turn of the reactor that made it, unless earlier ones still wait for the
    client. As a pull producer of the transport it learns when they have gone.
    """

    connection: SMBConnection | None = None
    _socket: _Socket | None = None
    _linger: DelayedCall | None = None
    _telling: DelayedCall | None = None
    """Will say in the log that the client does not read."""
    _tell_next = 0.0
    unread = 0
    """Bytes of replies that wait for the client."""
    _handed = 0
    """Those of them that the transport has."""
    _full = False
    _resting = False
    """Whether requests that have arrived wait for their turn."""
    _sniffed: Sniffed | None = None
    """What stands before the methods of a connection that somebody sniffs."""
    _closes = False
    """Whether the server closes the connection."""

    def __init__(self, factory: "DirectTCPFactory", host: str = "") -> None:
        self._clients = factory
        self.host = host
        """The client's address; of IPv6 the network, of which one machine has all addresses."""
        self._most_unread = factory.server.settings.limits.unread_bytes
        self._all_unread = factory.server.quotas.unread
        self._left = -1
        """Bytes that the client has not acknowledged, where its connection ends when it has."""
        self._ends_at = 0.0
        self._waiting: deque[bytes | RestOfFile] = deque()
        """Replies that the transport has not been given yet."""

    def connectionMade(self) -> None:  # noqa: N802
        """Wires the transport to a connection of the core."""
        transport = self._tcp()
        if hasattr(transport, "getHandle"):  # in-memory transports have no socket
            transport.setTcpNoDelay(True)
            transport.setTcpKeepAlive(True)
            transport.bufferSize = RECEIVE_SIZE
            self._socket = transport.getHandle()
        if self._is_one_too_many():
            self._clients.refuse(transport.getPeer(), "the process has no descriptor left for it")
            transport.abortConnection()
            return
        self.connection = SMBConnection(
            self._clients.server,
            _text(transport.getPeer()),
            _text(transport.getHost()),
            self._send,
            self._close,
        )
        if self._socket is not None and self._clients.ranges:
            self.connection.send_range = self._send_range
        self.connection.rest = self._rest
        if self._socket is not None:
            self.connection.abort = self._abort
            self.connection.abort_when_sent = self._abort_when_sent
            self.connection.half_close = self._half_close
        if self._clients.sniffer is not None:
            self.sniffed_by(self._clients.sniffer, handshake=True)
        self._clients.connected.add(self)
        self._clients.idle.begin()
        self.connection.begin()

    def _is_one_too_many(self) -> bool:
        """Whether the server itself needs the descriptor of this connection."""
        takes = self._clients.takes_connection
        if takes is None or self._socket is None:
            return False
        return not takes(self._socket.fileno(), len(self._clients.connected))

    def _tcp(self) -> _Transport:
        return cast(_Transport, self.transport)

    def sniffed_by(self, sniffer: Sniffer | None, *, handshake: bool = False) -> None:
        """From now on the sniffer hears what comes and leaves; None: nobody does. Again for another that came later."""
        connection, sniffed = self.connection, self._sniffed
        if connection is None:
            return
        if sniffer is not None:
            if sniffed is None:
                sniffed = self._sniffed = Sniffed(self, connection, sniffer)
                self.dataReceived = sniffed.received  # type: ignore[method-assign]
                connection.leave_by(sniffed.send, sniffed.send_range)
                connection.overhears = sniffed
            sniffed.begin(handshake=handshake)
        elif sniffed is not None:
            self._sniffed = None
            del self.dataReceived
            if sniffed.ignores:
                self._ignore_what_comes()
            connection.leave_by(self._send, self._send_range)
            connection.overhears = None

    def _ignore_what_comes(self) -> None:
        if self._sniffed is not None:
            self._sniffed.ignores = True
        else:
            self.dataReceived = lambda data: None  # type: ignore[method-assign]

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        """Passes on bytes of the stream, however they were cut."""
        connection = self.connection
        assert connection is not None
        connection.receive(data)
        if len(data) >= LARGE and self._socket is not None:
            # Frames cut at their ends need not be joined, which copies them.
            self._tcp().bufferSize = connection.best_read(RECEIVE_SIZE)

    def connectionLost(self, reason: Any = connectionDone) -> None:  # noqa: N802
        """Says why, in plain words."""
        self._socket = None
        self._forget_waiting()
        for timer in (self._linger, self._telling):
            if timer is not None and timer.active():
                timer.cancel()
        self._clients.connected.discard(self)
        if not self._clients.connected:
            self._clients.idle.stop()
        if self._sniffed is not None:
            self._sniffed.ended(self._how(reason))
        connection, self.connection = self.connection, None
        if connection is not None:
            if not reason.check(error.ConnectionClosed):
                self._clients.server.log.problem(
                    reason.getErrorMessage(), connection=connection.number, traceback=reason.getTraceback()
                )
            connection.lost(plain(reason))
        if self._clients.on_disconnect is not None:
            self._clients.on_disconnect()

    def _how(self, reason: Any) -> How:
        """How the connection ended."""
        if reason.check(error.ConnectionAborted):
            return How.SERVER_RESET
        if reason.check(error.ConnectionLost):
            return How.CLIENT_RESET
        return (
            How.SERVER_CLOSED if self._closes or not reason.check(error.ConnectionDone) else How.CLIENT_CLOSED
        )

    # -- replies -------------------------------------------------------------------------------------------

    def _send(self, buffers: list[Buffer]) -> None:
        size = len(buffers[0]) if len(buffers) == 1 else sum(map(len, buffers))
        sent = 0
        if not self.unread and self._socket is not None:
            try:
                if len(buffers) == 1:
                    sent = self._socket.send(buffers[0])
                elif size <= FEW_BYTES:
                    sent = self._socket.send(b"".join(buffers))
                else:
                    sent = self._socket.sendmsg(buffers)
            except OSError:  # full; or the client is gone, which the reactor reports in its own time
                sent = 0
            if sent == size:
                return
        self._queue(buffers, sent, size - sent)

    def _send_range(self, buffers: list[Buffer], part: FileRange) -> None:
        """Sends a frame whose end is part of a file, which the kernel takes from its cache."""
        fd, offset, count = part
        if not count:  # nothing follows that would push out what MSG_MORE holds back
            self._send(buffers)
            return
        head = b"".join(buffers)
        sent = done = 0
        if not self.unread and self._socket is not None:
            try:
                sent = self._socket.send(head, socket.MSG_MORE)
                while sent == len(head) and done < count:
                    more = os.sendfile(self._socket.fileno(), fd, offset + done, count - done)
                    if not more:  # cut short since its size was looked at
                        break
                    done += more
            except OSError:  # full, or gone; or a file system that knows no sendfile
                pass
        if sent < len(head) or done < count:
            try:
                self._queue_range(head[sent:], FileRange(fd, offset + done, count - done))
            except OSError as why:
                if not sent:
                    raise
                self._break_off(why)

    def _queue_range(self, head: bytes, part: FileRange) -> None:
        """A large range waits in the file, not in memory. Raises OSError before anything is queued."""
        fd, offset, count = part
        rest = None
        if count > LARGE_REST and self._socket is not None:
            with suppress(OSError):  # no descriptor is left
                rest = RestOfFile(fd, offset, count, self._clients.takes_brief)
        if rest is None:
            self._queue([head, part.read_whole()], 0, len(head) + count)
            return
        if head:
            self._queue([head], 0, len(head))
        self._wait(rest, count, room=True)

    def _break_off(self, why: OSError) -> None:
        """What was announced cannot be sent: nothing that is true can follow it.

        From now on data are read before their answer begins, for all clients, so that it can say what the disk said.
        """
        said = f"a file cannot be read any more while it is sent: {why.strerror}"
        self._clients.send_no_ranges(said)
        if self.connection is not None:
            self.connection.drop(said)
        self._tcp().abortConnection()

    def _queue(self, buffers: list[Buffer], sent: int, rest: int) -> None:
        whole = b"".join(buffers)
        piece = whole[sent:] if sent else whole
        transport = self._tcp()
        if self._socket is None:
            transport.write(piece)
            return
        self._wait(piece, rest, room=self._all_unread.add(rest))

    def _wait(self, piece: bytes | RestOfFile, size: int, *, room: bool) -> None:
        transport = self._tcp()
        self._waiting.append(piece)
        self.unread += size
        if self.unread == size:
            transport.registerProducer(self, False)  # asks at once
        if self._full or (room and self.unread <= self._most_unread):
            return
        self._full = True
        transport.pauseProducing()
        if self._telling is None and self.unread > self._most_unread:
            self._telling = self._clients.server.clock.callLater(TELL_UNREAD, self._tell_unread)
        if self.connection is not None:
            self.connection.hold()
            if self._all_unread.used > MOST_OVER * self._all_unread.limit:
                self._clients.leave_one()

    def resumeProducing(self) -> None:  # noqa: N802
        """The transport is empty: it gets more of what waits, or else replies may go straight to the socket again."""
        self.unread -= self._handed
        self._all_unread.give_back(self._handed)
        self._handed = 0
        transport = self._tcp()
        if self._waiting:
            try:
                transport.write(self._next_piece())
            except OSError as why:
                self._break_off(why)
            return
        transport.unregisterProducer()
        if self._full:
            self._full = False
            if self._telling is not None and self._telling.active():
                self._telling.cancel()
            self._telling = None
            if not self._resting:
                transport.resumeProducing()
            if self.connection is not None:
                self.connection.go_on()

    def _next_piece(self) -> bytes:
        """What the transport is given next. Raises OSError where that is of a file which cannot be read any more."""
        waiting = self._waiting
        first = waiting[0]
        if isinstance(first, RestOfFile):
            piece = first.read(AT_ONCE)
            if not first.left:
                waiting.popleft()
            self._all_unread.add(len(piece))
            self._handed = len(piece)
            return piece
        pieces = [first]
        self._handed = len(first)
        waiting.popleft()
        while waiting and isinstance(more := waiting[0], bytes) and self._handed + len(more) <= AT_ONCE:
            pieces.append(more)
            self._handed += len(more)
            waiting.popleft()
        return b"".join(pieces) if len(pieces) > 1 else first

    def _forget_waiting(self) -> None:
        in_memory = self.unread
        for piece in self._waiting:
            if isinstance(piece, RestOfFile):
                in_memory -= piece.left
                piece.close()
        self._all_unread.give_back(in_memory)
        self.unread = self._handed = 0
        self._waiting.clear()

    def leave(self) -> None:
        """The client is left with its answers: it does not read them."""
        if self.connection is not None:
            self.connection.drop("the client does not read its answers (limits.total_unread_bytes)")
        self._forget_waiting()
        self._tcp().abortConnection()

    def _tell_unread(self) -> None:
        """One line for each time that a client is read no further, but for those that soon follow another."""
        now = self._clients.server.clock.seconds()
        if self.connection is None or now < self._tell_next:
            return
        self._tell_next = now + TELL_UNREAD_AGAIN
        self.connection.problem(
            f"{self.unread} bytes of answers wait for the client: it is read no further until it takes them "
            "(limits.unread_bytes)"
        )

    def _rest(self, rests: bool) -> None:
        """Reads no further while requests that have arrived wait for their turn."""
        self._resting = rests
        if self._socket is not None and not self._full:
            transport = self._tcp()
            (transport.pauseProducing if rests else transport.resumeProducing)()

    def stopProducing(self) -> None:  # noqa: N802
        """The transport is gone; `connectionLost` follows."""

    # -- the end -------------------------------------------------------------------------------------------

    def _close(self) -> None:
        transport = self._tcp()
        self._closes = True
        if self._sniffed is not None and self._socket is not None:
            self._sniffed.closing(self._socket.fileno())
        transport.loseConnection()
        if self._socket is not None:
            self._linger = self._clients.server.clock.callLater(LINGER, transport.abortConnection)

    def linger_no_more(self) -> None:
        """A connection that has ended before does not wait for its client to close it, too."""
        if self.connection is not None and self.connection.closed and not self.unread:
            self._closes = True
            self._tcp().loseConnection()

    def _half_close(self) -> None:
        """Ends it by a FIN. A close with something unread would be an RST: it comes when the client has closed, too."""
        transport = self._tcp()
        self._ignore_what_comes()
        transport.resumeProducing()
        transport.loseWriteConnection()
        if self._sniffed is not None:
            self._sniffed.half_closed()
        self._linger = self._clients.server.clock.callLater(LINGER, self._close)

    def _abort_when_sent(self) -> None:
        """Ends it by an RST when the client has all that was sent, or takes no more for a while."""
        self._ignore_what_comes()
        self._ends_at = self._clients.server.clock.seconds() + LINGER
        self._abort_if_sent()

    def _abort_if_sent(self) -> None:
        left = 0 if self._socket is None else self.unread + unsent(self._socket.fileno())
        clock = self._clients.server.clock
        if left != self._left:
            self._left, self._ends_at = left, clock.seconds() + LINGER
        if left and clock.seconds() < self._ends_at:
            self._linger = clock.callLater(LOOK_AGAIN, self._abort_if_sent)
        else:
            self._abort()

    def _abort(self) -> None:
        """Ends it by an RST: what the kernel has not sent yet it throws away."""
        if self._socket is not None:
            with suppress(OSError):  # the client is gone already
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self._forget_waiting()
        self._tcp().abortConnection()


@implementer(IProtocolFactory)
class DirectTCPFactory:
    """Makes a `DirectTCP` for each client, up to `limits.connections`."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.connected: set[DirectTCP] = set()
        self.idle = IdleWatch(server)
        """Closes connections that nobody uses."""
        self.ranges = sys.platform == "linux"  # elsewhere sendfile is another call
        """Whether the kernel sends data of files by itself, until a disk fails."""
        self.takes_connection: Callable[[int, int], bool] | None = None
        """Whether one more may have this descriptor, beside so many others; None where nobody counts them."""
        self.takes_brief: Callable[[int], bool] = bool
        """Whether a descriptor may be taken for the rest of a file that a client reads; all may where nobody counts."""
        self._unsaid = 0
        """Clients refused since the last line that says so."""
        self._next_line = 0.0
        self.on_disconnect: Callable[[], None] | None = None
        """Called after each connection that ends."""
        self.sniffer: Sniffer | None = None
        """Who hears what comes and leaves."""

    def doStart(self) -> None:  # noqa: N802
        """Called for every port that begins to listen."""

    def doStop(self) -> None:  # noqa: N802
        """Called for every port that no longer listens."""

    def buildProtocol(self, addr: IAddress) -> DirectTCP | None:  # noqa: N802
        """A protocol, or None where there are too many connections, from everywhere or from there; the log says so."""
        limits, host = self.server.settings.limits, address_of(_text(addr))
        most = limits.connections
        if len(self.connected) >= most:
            self.refuse(addr, f"{most} connections are open (limits.connections)")
            return None
        most = limits.connections_per_address or (
            most if _is_loopback(host) else min(most, max(most // 4, LEAST_PER_ADDRESS))
        )
        if sum(one.host == host for one in self.connected) >= most:
            self.refuse(addr, f"{most} connections from there are open (limits.connections_per_address)")
            return None
        return DirectTCP(self, host)

    def refuse(self, addr: IAddress, why: str) -> None:
        """Tells of a client. One line for many: who knocks a thousand times a second shall not fill the log."""
        now = self.server.clock.seconds()
        self._unsaid += 1
        if now >= self._next_line:
            more = f", and {self._unsaid - 1} before" if self._unsaid > 1 else ""
            self._unsaid, self._next_line = 0, now + TELL_AGAIN
            self.server.log.problem(f"refused {_text(addr)}{more}: {why}")

    def send_no_ranges(self, why: str) -> None:
        """From now on all data of files are read before their answer begins; the log says why."""
        if self.ranges:
            self.ranges = False
            self.server.log.problem(f"{why}; from now on data are read before they are sent")
            for protocol in self.connected:
                if protocol.connection is not None:
                    protocol.connection.send_range = None

    def sniffed_by(self, sniffer: Sniffer | None) -> None:
        """From now on the sniffer hears all connections, those that are there from their next message on; or nobody."""
        self.sniffer = sniffer
        for protocol in tuple(self.connected):
            protocol.sniffed_by(sniffer)

    def leave_one(self) -> None:
        """Clients leave far too much unread together: the one that leaves most is left, not who comes last."""
        max(self.connected, key=lambda one: one.unread).leave()

    def drop_all(self, reason: str) -> None:
        """Ends every connection; what was answered before still goes out."""
        for protocol in tuple(self.connected):
            if protocol.connection is not None:
                protocol.connection.drop(reason)

    def abort_all(self) -> None:
        """Ends every connection at once, whatever waits for its client."""
        for protocol in tuple(self.connected):
            cast(_Transport, protocol.transport).abortConnection()


def plain(reason: Any) -> str:
    """Why a transport ended, for people."""
    for kind, text in _REASONS:
        if reason.check(kind):
            return text
    return str(reason.getErrorMessage())


def _host(address: IAddress) -> str:
    return str(getattr(address, "host", "")).removeprefix("::ffff:")


def _is_loopback(host: str) -> bool:
    return host == "::1" or host.startswith("127.")


def _text(address: IAddress) -> str:
    host, port = _host(address), getattr(address, "port", 0)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
