"""A client's connection: a blocking socket, messages in and out, their signatures."""

import contextlib
import select
import socket
import time
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final

from fakesmb.address import Place
from fakesmb.auth.signing import SIGNATURE_AT, SIGNATURE_END, SMB_COM_NT_CANCEL, Signer
from fakesmb.wire.foreign import protocol_of
from fakesmb.wire.frame import LONGEST_FRAME, FrameError, Framer, FrameType, prefix
from fakesmb.wire.netbios import ANY_SERVER, SESSION_PORT, NetBIOSName, Suffix, encode_name

ANSWER_SECONDS: Final = 10.0
"""So long an answer may take."""
CALLED: Final = NetBIOSName(ANY_SERVER, Suffix.SERVER)
CALLING: Final = NetBIOSName("FAKESMB", Suffix.WORKSTATION)
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
        self.socket.setblocking(False)
        self._poll = select.poll()
        self._poll.register(self.socket, select.POLLIN)
        if place.port == SESSION_PORT:
            self._begin_session()

    def _begin_session(self) -> None:
        """What servers want first on port 139 ([RFC 1002] 4.3.2): whom the session is for, and from whom."""
        names = encode_name(CALLED) + encode_name(CALLING)
        self.send_raw(bytes((FrameType.SESSION_REQUEST, 0, 0, len(names))) + names)
        end = time.monotonic() + self.timeout
        while not self.others:
            if not self._wait(select.POLLIN, end - time.monotonic()):
                raise LineError(f"{self.place} does not answer the session request")
            self._take()
        if self.others[0] != FrameType.POSITIVE_RESPONSE:
            raise LineError(f"{self.place} refuses a NetBIOS session for {ANY_SERVER}")

    def send(self, message: bytes) -> None:
        """Sends one message in its frame."""
        self.send_raw(prefix(len(message)) + message)

    def send_raw(self, data: bytes) -> None:
        """Sends bytes as they are; what comes meanwhile is taken, so that neither side waits for the other."""
        view = memoryview(data)
        end = time.monotonic() + self.timeout
        while view:
            ready = self._wait(select.POLLIN | select.POLLOUT, end - time.monotonic())
            if not ready:
                raise Silent(f"the server takes nothing for {self.timeout:g} seconds")
            try:
                if ready & select.POLLOUT:
                    view = view[self.socket.send(view) :]
                    end = time.monotonic() + self.timeout
                    continue
            except BlockingIOError:
                continue
            except OSError as error:
                raise Closed(f"the server closed the connection: {reason(error)}") from None
            self._take()

    def receive(self, seconds: float | None = None) -> bytes:
        """The next message; raises `Silent` where none comes in that time, `Closed` where none ever will."""
        end = time.monotonic() + (self.timeout if seconds is None else seconds)
        while not self._waiting:
            if not self._wait(select.POLLIN, end - time.monotonic()):
                raise Silent(f"no answer within {self.timeout:g} seconds")
            self._take()
        return self._waiting.popleft()

    def arrived(self) -> Iterator[bytes]:
        """The messages that are here, without waiting; raises `Closed` once there are no more."""
        try:
            while self._wait(select.POLLIN, 0):
                self._take()
        except Closed:
            yield from self._given()
            raise
        yield from self._given()

    def _given(self) -> Iterator[bytes]:
        while self._waiting:
            yield self._waiting.popleft()

    def _wait(self, events: int, seconds: float) -> int:
        """Which of the events there are after that time at most; what went wrong counts as something to read."""
        self._poll.modify(self.socket, events)
        found = self._poll.poll(max(0.0, seconds) * 1000)
        happened = found[0][1] if found else 0
        return happened if not happened & ~events else happened | select.POLLIN

    def _take(self) -> None:
        """Takes what is there, and cuts messages out of it. Raises `Closed`."""
        try:
            data = self.socket.recv(_SLICE)
        except BlockingIOError:
            return
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
        except FrameError as error:
            if protocol := protocol_of(error.beginning):
                raise Closed(f"{self.place} speaks {protocol}, not SMB: is the port right?") from None
            raise Closed(f"what the server sends cannot be read: {error}") from None

    @staticmethod
    def wait_for_any(lines: "Sequence[Line]", seconds: float) -> None:
        """Returns when something came on one of them, or that time is over."""
        poll = select.poll()
        for line in lines:
            poll.register(line.socket, select.POLLIN)
        poll.poll(seconds * 1000)

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
