"""A client's connection: a blocking socket, messages in and out, their signatures."""

import contextlib
import socket
import time
from collections import deque
from typing import Final

from fakesmb.auth.signing import SIGNATURE_AT, SIGNATURE_END, SMB_COM_NT_CANCEL, Signer
from fakesmb.replay.places import Place
from fakesmb.wire.codec import DecodeError
from fakesmb.wire.frame import LONGEST_FRAME, Framer, FrameType, prefix

ANSWER_SECONDS: Final = 10.0
"""So long an answer may take."""
_SLICE: Final = 1 << 16


class LineError(Exception):
    """The connection cannot go on; its text is one line for a person."""


class Closed(LineError):
    """The server closed the connection, or reset it."""


class Silent(LineError):
    """No message came in time."""


class Line:
    """One connection to a server. Raises `LineError` where it cannot be made or used any further."""

    def __init__(self, place: Place, timeout: float = ANSWER_SECONDS) -> None:
        self.place = place
        self.timeout = timeout
        self.others: list[int] = []
        """Types of frames that came and are no messages."""
        self._framer = Framer(LONGEST_FRAME)
        self._waiting: deque[bytes] = deque()
        try:
            self.socket = socket.create_connection(place, timeout)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except (OSError, UnicodeError) as error:
            raise LineError(f"{place} does not answer: {reason(error)}") from None

    def send(self, message: bytes) -> None:
        """Sends one message in its frame."""
        self.send_raw(prefix(len(message)) + message)

    def send_raw(self, data: bytes) -> None:
        """Sends bytes as they are."""
        try:
            self.socket.settimeout(self.timeout)
            self.socket.sendall(data)
        except TimeoutError:
            raise Silent(f"the server takes nothing for {self.timeout:g} seconds") from None
        except OSError as error:
            raise Closed(f"the server closed the connection: {reason(error)}") from None

    def receive(self, seconds: float | None = None) -> bytes:
        """The next message; raises `Silent` where none comes in that time, `Closed` where none ever will."""
        end = time.monotonic() + (self.timeout if seconds is None else seconds)
        while not self._waiting:
            self.fill(max(0.0, end - time.monotonic()))
        return self._waiting.popleft()

    @property
    def waiting(self) -> bool:
        """Whether a message is here that `receive` would give at once."""
        return bool(self._waiting)

    def fill(self, seconds: float) -> None:
        """Waits for bytes, and cuts messages out of them. Raises `Silent` and `Closed`."""
        try:
            self.socket.settimeout(max(seconds, 0.0001))
            data = self.socket.recv(_SLICE)
        except (TimeoutError, BlockingIOError):
            raise Silent(f"no answer within {self.timeout:g} seconds") from None
        except OSError as error:
            raise Closed(f"the server closed the connection: {reason(error)}") from None
        if not data:
            raise Closed("the server closed the connection")
        try:
            for frame in self._framer.feed(data):
                if frame.type == FrameType.MESSAGE:
                    self._waiting.append(bytes(frame.body))
                else:
                    self.others.append(frame.type)
        except DecodeError as error:
            raise Closed(f"what the server sends cannot be read: {error}") from None

    def close(self) -> None:
        """Ends the connection."""
        with contextlib.suppress(OSError):
            self.socket.close()


class Numbers:
    """Signs requests and checks answers, once a sign-in gave a key ([MS-CIFS] 3.1.4.1, [MS-SMB] 3.2.4.1)."""

    __slots__ = ("next", "signer")

    def __init__(self, key: bytes, first: int = 2) -> None:
        """`first`: number of the next request; the sign-in that brought the key had 0, its answer 1."""
        self.signer = Signer(key)
        self.next = first

    def sign(self, message: bytes) -> tuple[bytes, int]:
        """The message with its signature, and the number that its answers have."""
        number = self.next
        self.next += 1 if message[4] == SMB_COM_NT_CANCEL else 2
        signature = self.signer.sign((message,), number)
        return message[:SIGNATURE_AT] + signature + message[SIGNATURE_END:], number + 1


def reason(error: BaseException) -> str:
    """What the system says of it, in words and no numbers."""
    return str(getattr(error, "strerror", "") or error) or type(error).__name__
