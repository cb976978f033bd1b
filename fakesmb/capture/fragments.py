"""Fragments of IP datagrams, put together as they come: a bounded number of them."""

from typing import Final, NamedTuple

from fakesmb.capture.source import Packet
from fakesmb.capture.trouble import Trouble


class Datagram(NamedTuple):
    """What fragments carried together, without their IP headers."""

    data: bytes
    size: int
    """More than there are of `data` where a fragment was cut by the capture."""


class _Pieces:
    __slots__ = ("first", "held", "size", "there", "total")

    def __init__(self, first: Packet) -> None:
        self.first = first
        self.there: dict[int, tuple[bytes, int]] = {}
        """Offset -> bytes and how many they were."""
        self.size = 0
        self.held = 0
        self.total = -1


class Fragments:
    """Datagrams of which fragments are missing; at most so many, of at most so many bytes together."""

    MOST: Final = 1024
    MOST_BYTES: Final = 8 << 20
    COST: Final = 200
    """Bytes that a fragment is counted for beside its own."""

    def __init__(self) -> None:
        self._open: dict[bytes, _Pieces] = {}
        self.held = 0

    def add(
        self, packet: Packet, key: bytes, offset: int, data: bytes, size: int, *, more: bool
    ) -> Datagram | Trouble | None:
        """Takes a fragment; gives the datagram that it completes, or what is wrong."""
        pieces = self._open.get(key)
        if pieces is None:
            pieces = self._open[key] = _Pieces(packet)
        if offset in pieces.there or size <= 0:
            return self._bounded()  # sent again
        pieces.there[offset] = data, size
        pieces.size += size
        pieces.held += len(data) + self.COST
        self.held += len(data) + self.COST
        if not more:
            pieces.total = offset + size
        if pieces.total < 0 or pieces.size < pieces.total:
            return self._bounded()
        self._forget(key)
        return _joined(pieces, packet)

    def _forget(self, key: bytes) -> _Pieces:
        pieces = self._open.pop(key)
        self.held -= pieces.held
        return pieces

    def _bounded(self) -> Trouble | None:
        if len(self._open) <= self.MOST and self.held <= self.MOST_BYTES:
            return None
        lost = self._forget(next(iter(self._open)))
        return Trouble(lost.first.number, "a fragment of a datagram that never became whole", lost.first.time)

    def rest(self) -> "list[Trouble]":
        """What is said, when the capture ends, of the datagrams that never became whole."""
        count = len(self._open)
        if not count:
            return []
        first = next(iter(self._open.values())).first
        text = "a fragment of a datagram that never became whole"
        if count > 1:
            text = f"{text}; so are {count - 1} more"
        return [Trouble(first.number, text, first.time)]


def _joined(pieces: _Pieces, packet: Packet) -> Datagram | Trouble:
    data, cut = bytearray(), False
    at = 0
    for offset in sorted(pieces.there):
        piece, size = pieces.there[offset]
        if offset != at:
            return Trouble(packet.number, "fragments that overlap: their datagram is dropped", packet.time)
        if not cut:
            data += piece
        cut = cut or len(piece) < size
        at += size
    return Datagram(bytes(data), at)
