"""SMB over TCP as Twisted sees it: bytes to and from an `SMBConnection`, and a limit on both.

One port serves direct TCP and NetBIOS session clients: the core's framer tells them apart ([MS-SMB] 2.1).
"""

import os
import socket
import sys
from collections import deque
from collections.abc import Callable
from typing import Any, Final, Protocol, cast

from twisted.internet import error
from twisted.internet.interfaces import IAddress, IProtocolFactory, IPullProducer
from twisted.internet.protocol import Protocol as TwistedProtocol
from twisted.internet.protocol import connectionDone
from zope.interface import implementer

from fakesmb.core.connection import SMBConnection
from fakesmb.core.idle import IdleWatch
from fakesmb.core.state import Server
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
"""Beyond so many times `limits.total_unread_bytes` a client that leaves something unread is left."""
LEAST_PER_ADDRESS: Final = 64
"""Connections that one address has where nothing else is said."""
TELL_AGAIN: Final = 10.0
"""Seconds in which clients that are refused for the same reason are one line in the log."""
LARGE: Final = 0x4000
"""From so many bytes at once on it matters where a receive cuts the stream."""
LINGER: Final = 1.0
"""Seconds that a client has to take the last replies of a connection that we end."""

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
    def abortConnection(self) -> None: ...  # noqa: N802


def _read_whole(fd: int, offset: int, count: int) -> bytes:
    """Exactly `count` bytes, which a frame has announced: zeros where the file ended meanwhile."""
    data = os.pread(fd, count, offset)
    return data + bytes(count - len(data))


@implementer(IPullProducer)
class DirectTCP(TwistedProtocol):
    """One client's TCP connection.

    A reply leaves in the same turn of the reactor that made it, unless earlier ones still wait for the
    client. As a pull producer of the transport it learns when they have gone.
    """

    connection: SMBConnection | None = None
    _socket: _Socket | None = None
    _linger: DelayedCall | None = None
    unread = 0
    """Bytes of replies that wait for the client."""
    _handed = 0
    """Those of them that the transport has."""
    _full = False
    _resting = False
    """Whether requests that have arrived wait for their turn."""

    def __init__(self, factory: "DirectTCPFactory", host: str = "") -> None:
        self._clients = factory
        self.host = host
        """The client's address."""
        self._most_unread = factory.server.settings.limits.unread_bytes
        self._all_unread = factory.server.quotas.unread
        self._waiting: deque[bytes] = deque()
        """Replies that the transport has not been given yet."""

    def connectionMade(self) -> None:  # noqa: N802
        """Wires the transport to a connection of the core."""
        transport = self._tcp()
        if hasattr(transport, "getHandle"):  # in-memory transports have no socket
            transport.setTcpNoDelay(True)
            transport.setTcpKeepAlive(True)
            transport.bufferSize = RECEIVE_SIZE
            self._socket = transport.getHandle()
        self.connection = SMBConnection(
            self._clients.server,
            _text(transport.getPeer()),
            _text(transport.getHost()),
            self._send,
            self._close,
        )
        if self._socket is not None and sys.platform == "linux":  # elsewhere sendfile is another call
            self.connection.send_range = self._send_range
        self.connection.rest = self._rest
        self._clients.connected.add(self)
        self._clients.idle.begin()

    def _tcp(self) -> _Transport:
        return cast(_Transport, self.transport)

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
        self._all_unread.give_back(self.unread)
        self.unread = 0
        self._waiting.clear()
        if self._linger is not None and self._linger.active():
            self._linger.cancel()
        self._clients.connected.discard(self)
        if not self._clients.connected:
            self._clients.idle.stop()
        connection, self.connection = self.connection, None
        if connection is not None:
            if not reason.check(error.ConnectionClosed):
                self._clients.server.log.problem(
                    reason.getErrorMessage(), connection=connection.number, traceback=reason.getTraceback()
                )
            connection.lost(plain(reason))
        if self._clients.on_disconnect is not None:
            self._clients.on_disconnect()

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
        if self.unread or self._socket is None:
            self._send([head, _read_whole(fd, offset, count)])
            return
        sent = done = 0
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
            rest: list[Buffer] = [head[sent:], _read_whole(fd, offset + done, count - done)]
            self._queue(rest, 0, sum(map(len, rest)))

    def _queue(self, buffers: list[Buffer], sent: int, rest: int) -> None:
        whole = b"".join(buffers)
        piece = whole[sent:] if sent else whole
        transport = self._tcp()
        if self._socket is None:
            transport.write(piece)
            return
        self._waiting.append(piece)
        room = self._all_unread.add(rest)
        self.unread += rest
        if self.unread == rest:
            transport.registerProducer(self, False)  # asks at once
        if self._full or (room and self.unread <= self._most_unread):
            return
        self._full = True
        transport.pauseProducing()
        if self.connection is not None:
            self.connection.hold()
            if self._all_unread.used > MOST_OVER * self._all_unread.limit:
                self.connection.drop("the client does not read its answers (limits.total_unread_bytes)")
                transport.abortConnection()

    def resumeProducing(self) -> None:  # noqa: N802
        """The transport is empty: it gets more of what waits, or else replies may go straight to the socket again."""
        self.unread -= self._handed
        self._all_unread.give_back(self._handed)
        self._handed = 0
        transport, waiting = self._tcp(), self._waiting
        if waiting:
            pieces = [waiting.popleft()]
            self._handed = len(pieces[0])
            while waiting and self._handed + len(waiting[0]) <= AT_ONCE:
                pieces.append(waiting.popleft())
                self._handed += len(pieces[-1])
            transport.write(b"".join(pieces) if len(pieces) > 1 else pieces[0])
            return
        transport.unregisterProducer()
        if self._full:
            self._full = False
            if not self._resting:
                transport.resumeProducing()
            if self.connection is not None:
                self.connection.go_on()

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
        transport.loseConnection()
        if self._socket is not None:
            self._linger = self._clients.server.clock.callLater(LINGER, transport.abortConnection)


@implementer(IProtocolFactory)
class DirectTCPFactory:
    """Makes a `DirectTCP` for each client, up to `limits.connections`."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.connected: set[DirectTCP] = set()
        self.idle = IdleWatch(server)
        """Closes connections that nobody uses."""
        self._unsaid = 0
        """Clients refused since the last line that says so."""
        self._next_line = 0.0
        self.on_disconnect: Callable[[], None] | None = None
        """Called after each connection that ends."""

    def doStart(self) -> None:  # noqa: N802
        """Called for every port that begins to listen."""

    def doStop(self) -> None:  # noqa: N802
        """Called for every port that no longer listens."""

    def buildProtocol(self, addr: IAddress) -> DirectTCP | None:  # noqa: N802
        """A protocol, or None where there are too many connections, from everywhere or from there; the log says so."""
        limits, host = self.server.settings.limits, _host(addr)
        most = limits.connections
        if len(self.connected) >= most:
            self._refuse(addr, f"{most} connections are open (limits.connections)")
            return None
        most = limits.connections_per_address or (
            most if _is_loopback(host) else min(most, max(most // 4, LEAST_PER_ADDRESS))
        )
        if sum(one.host == host for one in self.connected) >= most:
            self._refuse(addr, f"{most} connections from there are open (limits.connections_per_address)")
            return None
        return DirectTCP(self, host)

    def _refuse(self, addr: IAddress, why: str) -> None:
        """One line for many: who knocks a thousand times a second shall not fill the log."""
        now = self.server.clock.seconds()
        self._unsaid += 1
        if now >= self._next_line:
            more = f", and {self._unsaid - 1} before" if self._unsaid > 1 else ""
            self._unsaid, self._next_line = 0, now + TELL_AGAIN
            self.server.log.problem(f"refused {_text(addr)}{more}: {why}")

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
