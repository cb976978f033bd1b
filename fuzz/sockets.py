"""The in-memory client over a real socket."""

import select
import socket
from typing import Any, Final, cast

from fakesmb.core.connection import SMBConnection
from fakesmb.testing import CLIENT_FLAGS2, LARGEST_FRAME, Answer, Client
from fakesmb.wire.frame import Framer
from fakesmb.wire.negotiate import NegotiateExtendedResponse, NegotiateNtResponse

PATIENCE: Final = 20.0
"""Seconds in which an answer must come, on a machine with much else to do."""


class _Wire:
    """What `Client` uses of a connection, over a socket."""

    def __init__(self, port: int, source: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE, (source, 0))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.port: int = self.socket.getsockname()[1]
        self.dialect: object = None
        self.challenge = b""

    def receive(self, data: bytes) -> None:
        """Sends; where the server has gone, the answers tell."""
        try:
            self.socket.sendall(data)
        except OSError:
            return

    def lost(self, reason: str) -> None:
        """Leaves."""
        self.socket.close()


class SocketClient(Client):
    """The in-memory client over a socket. Whoever asks for answers while it prepares waits for the last request's."""

    def __init__(self, port: int, source: str = "127.0.0.1") -> None:
        """`source`: the address that it comes from."""
        self.uid = self.tid = self.mid = 0
        self.pid, self.flags2 = 0x1234, CLIENT_FLAGS2
        self.closed, self.key, self.signer, self.sequence = False, b"", None, 0
        self.breaks = []
        self._numbers, self._sent = {}, []
        self._framer = Framer(LARGEST_FRAME)
        self.wire = _Wire(port, source)
        self.connection = cast(SMBConnection, self.wire)

    def call(self, command: int, body: Any, kind: Any) -> Any:
        """As ever; the challenge of a negotiation is kept for the sign-in."""
        answer = super().call(command, body, kind)
        if isinstance(answer, (NegotiateNtResponse, NegotiateExtendedResponse)):
            self.wire.dialect = answer
            self.wire.challenge = getattr(answer, "challenge", b"")
        return answer

    def answers(self) -> list[Answer]:
        """What came, the answer to the last request among it; raises `ConnectionError`."""
        found: list[Answer] = []
        while not any(answer.header.mid == self.mid for answer in found):
            if not self.arrived(PATIENCE):
                raise ConnectionError("the server closed the connection")
            found += super().answers()
            self.heed_breaks()
        return found

    def heed_breaks(self) -> None:
        """Called for what came, while the answer may still wait for an oplock of this client's own: keeps them."""

    def arrived(self, seconds: float) -> bool:
        """Takes what comes within that time; False when nothing does, or the server has closed (`closed`)."""
        if not select.select([self.wire.socket], [], [], seconds)[0]:
            return False
        try:
            data = self.wire.socket.recv(1 << 17)
        except OSError:
            data = b""
        self.closed = not data
        self._sent.append(data)
        return bool(data)
