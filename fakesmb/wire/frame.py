"""Messages out of a byte stream: direct TCP and NetBIOS session service framing.

Both put four bytes before each message ([MS-SMB] 2.1 and RFC 1002 4.3): a type and a length. Direct TCP has a
24-bit length and one type; NetBIOS has 17 bits and session control. One port serves both.
"""

from collections.abc import Iterator
from enum import IntEnum
from typing import Final, NamedTuple

from fakesmb.wire.codec import DecodeError

PREFIX_SIZE: Final = 4
LONGEST_FRAME: Final = 0xFFFFFF
"""Bytes of a message, as far as direct TCP can count."""
BEGINNING: Final = 64
"""So many bytes of what is no frame are kept, to tell what it is."""
FEW_BYTES: Final = 8192
"""Up to this length the pieces of a frame are joined: a copy costs less than a list of buffers for the kernel."""


class FrameType(IntEnum):
    """The first byte of a frame, RFC 1002 4.3.1."""

    MESSAGE = 0x00
    SESSION_REQUEST = 0x81
    POSITIVE_RESPONSE = 0x82
    NEGATIVE_RESPONSE = 0x83
    RETARGET_RESPONSE = 0x84
    KEEPALIVE = 0x85


_TYPES: Final = frozenset(FrameType)


def no_frame(kind: int) -> str:
    """What is wrong with a frame of another type."""
    return f"a frame of the unknown type 0x{kind:02X}"


class Frame(NamedTuple):
    """One frame; the body is a view into what arrived and is valid as long as somebody holds it."""

    type: int
    body: memoryview


class FrameError(DecodeError):
    """A stream that cannot be cut into messages any further."""

    def __init__(self, text: str, beginning: bytes = b"") -> None:
        """`beginning`: the first bytes of what is no frame."""
        super().__init__(text)
        self.beginning = beginning


def prefix(length: int) -> bytes:
    """The four bytes before a message of `length` bytes."""
    return length.to_bytes(PREFIX_SIZE, "big")


class Framer:
    """Collects bytes, however they were cut, and gives whole frames. Holds at most one frame and a chunk."""

    __slots__ = ("_last", "_limit", "_need", "_pieces", "held")

    def __init__(self, limit: int) -> None:
        self._pieces: list[bytes | bytearray | memoryview] = []
        self.held = 0
        """Bytes of the frame that has arrived in part."""
        self._need = PREFIX_SIZE
        self._last = PREFIX_SIZE
        """Bytes of the last whole frame."""
        self._limit = limit

    def best_read(self, most: int) -> int:
        """How many bytes to take of the stream next, at most `most`, so that they end with a frame.

        That is so when frames go on being as long as the one that arrived last, as those of a large write are.
        """
        missing = self._need - self.held if self._pieces else 0
        if missing >= most or self._last > most:
            return most
        return missing + (most - missing) // self._last * self._last or most

    def is_one_message(self, data: bytes) -> bool:
        """Whether `data` is exactly one message, as what a client sends at once nearly always is.

        The frame's type is 0 then, so all four bytes before the message are its length.
        """
        return (
            not self._pieces
            and int.from_bytes(data[:PREFIX_SIZE], "big") == len(data) - PREFIX_SIZE <= self._limit
        )

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that `data` completes; raises `FrameError` at one that is longer than the limit, or of no type."""
        if self._pieces:
            self._keep(data)
            self.held += len(data)
            if self.held < self._need:
                return
            data = b"".join(self._pieces)
            self._pieces.clear()
        view = memoryview(data)
        at, size = 0, len(data)
        while size - at >= PREFIX_SIZE:
            length = int.from_bytes(view[at + 1 : at + PREFIX_SIZE], "big")
            if length > self._limit:
                raise FrameError(
                    f"a message of {length} bytes, {self._limit} are allowed (limits.message_bytes)",
                    bytes(view[at : at + BEGINNING]),
                )
            end = at + PREFIX_SIZE + length
            if end > size:
                if data[at] not in _TYPES:  # nobody waits for the rest of what is no frame
                    raise FrameError(no_frame(data[at]), bytes(view[at : at + BEGINNING]))
                self._need = end - at
                break
            self._last = end - at
            yield Frame(data[at], view[at + PREFIX_SIZE : end])
            at = end
        else:
            self._need = PREFIX_SIZE
        if at < size:
            # A view of the rest saves a copy; it may hold on to as much again as it shows, no more.
            self._pieces.append(view[at:] if size - at > at else data[at:])
        self.held = size - at

    def _keep(self, data: bytes) -> None:
        """Small pieces go together: each by itself would take many times its length."""
        if len(data) >= FEW_BYTES:
            self._pieces.append(data)
        elif isinstance(self._pieces[-1], bytearray):
            self._pieces[-1] += data
        else:
            self._pieces.append(bytearray(data))
