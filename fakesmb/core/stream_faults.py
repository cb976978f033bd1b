"""Frames that leave in pieces, with time between: what follows on the connection waits for them."""

from collections import deque
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from fakesmb.wire.codec import Buffer

if TYPE_CHECKING:
    from fakesmb.core.connection import Send, SendRange, SMBConnection
    from fakesmb.vfs.reactor import DelayedCall
    from fakesmb.vfs.store import FileRange

STEPS: Final = 20
"""Pieces in a second that a trickle consists of at most."""
APART: Final = 0.002
"""Seconds between pieces of given sizes: so long a segment is alone."""


class Piece(NamedTuple):
    """Bytes, and the seconds until the next ones."""

    data: bytes
    seconds: float


Pieces = list[Piece]


def trickled(frame: bytes, rate: int) -> Pieces:
    """A frame at so many bytes in a second."""
    size = max(1, rate // STEPS)
    return [Piece(piece, len(piece) / rate) for piece in _cut(frame, [size] * (len(frame) // size + 1))]


def in_pieces(frame: bytes, sizes: tuple[int, ...]) -> Pieces:
    """A frame in segments of these sizes, and the rest in one."""
    return [Piece(piece, APART) for piece in _cut(frame, [*sizes, len(frame)])]


def together(ways: Sequence[Pieces]) -> Pieces:
    """A frame that is to leave in several ways: cut wherever one of them cuts it, and no byte before any lets it go."""
    if len(ways) == 1:
        return ways[0]
    cuts = sorted({at for way in ways for at, _ in _times(way)})
    times = [max(_time_at(way, at) for way in ways) for at in cuts]
    frame = b"".join(piece.data for piece in ways[0])
    return [
        Piece(frame[start:end], later - sooner)
        for (start, sooner), (end, later) in pairwise(zip(cuts, times, strict=True))
    ]


def _times(way: Pieces) -> list[tuple[int, float]]:
    """Where it is cut, from the beginning to the end, and after how many seconds the bytes behind leave."""
    at, seconds, found = 0, 0.0, [(0, 0.0)]
    for piece in way:
        at, seconds = at + len(piece.data), seconds + piece.seconds
        found.append((at, seconds))
    return found


def _time_at(way: Pieces, at: int) -> float:
    return [seconds for cut, seconds in _times(way) if cut <= at][-1]


def _cut(frame: bytes, sizes: list[int]) -> list[bytes]:
    cut, at = [], 0
    for size in sizes:
        if at < len(frame):
            cut.append(frame[at : at + size])
            at += size
    return cut


class Paced:
    """What leaves a connection while pieces of a frame are still to come."""

    def __init__(self, connection: "SMBConnection") -> None:
        self._connection = connection
        self._queue: deque[Piece | Callable[[], None]] = deque()
        self._timer: DelayedCall | None = None
        self._out = connection.divert(self.send)
        self._send_range: SendRange | None = connection.send_range
        if self._send_range is not None:
            connection.send_range = self.send_range
        self._next: Pieces | None = None
        """How the next frame is cut."""
        self._most = connection.server.settings.limits.unread_bytes
        self._waiting = 0
        """Bytes that are still to leave."""
        self._full = False
        connection.at_end.append(self.stop)

    def send(self, frame: list[Buffer]) -> None:
        """Takes a frame."""
        pieces, self._next = self._next, None
        pieces = pieces or [Piece(b"".join(frame), 0)]
        self._queue += pieces
        self._waiting += sum(len(piece.data) for piece in pieces)
        self._go()
        if self._waiting > self._most and not self._full:
            self._full = True
            self._connection.hold()

    def send_range(self, frame: list[Buffer], part: "FileRange") -> None:
        """Takes a frame that a range of a file ends."""
        self.send([*frame, part.read_whole()])

    def leave_by(self, out: "Send", send_range: "SendRange") -> None:
        """The transport takes what leaves by other callables from now on."""
        self._out = out
        if self._send_range is not None:
            self._send_range = send_range

    def cut_next(self, pieces: Pieces | None) -> None:
        """The next frame is cut so."""
        self._next = pieces

    def then(self, work: Callable[[], None]) -> None:
        """Calls `work` when all has left that is there."""
        self._queue.append(work)
        self._go()

    def _go(self) -> None:
        if self._timer is not None:
            return
        while self._queue:
            piece = self._queue.popleft()
            if not isinstance(piece, Piece):
                piece()
                continue
            self._waiting -= len(piece.data)
            self._out([piece.data])
            if piece.seconds:
                self._timer = self._connection.server.clock.callLater(piece.seconds, self._again)
                return
        self.stop()

    def _again(self) -> None:
        self._timer = None
        self._go()

    def stop(self) -> None:
        """All has left, or nothing will any more: frames leave as before."""
        connection = self._connection
        self._queue.clear()
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
        if connection.paced is self:
            connection.paced = None
            connection.divert(self._out)
            if connection.send_range == self.send_range:
                connection.send_range = self._send_range
            if self.stop in connection.at_end:
                connection.at_end.remove(self.stop)
        if self._full and not connection.closed:
            self._full = False
            connection.go_on()
