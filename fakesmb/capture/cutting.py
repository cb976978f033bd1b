"""Cuts what goes over a connection at the ends of its messages, whose first four bytes say how long they are."""

from collections.abc import Iterator
from typing import Final

from fakesmb.wire.frame import PREFIX_SIZE, FrameType
from fakesmb.wire.header import MAGIC, SMB2_MAGIC

_TYPES: Final = frozenset(FrameType)
_HEAD: Final = PREFIX_SIZE + 32
"""Bytes of a frame up to the end of its SMB header."""


class Shortened:
    """Keeps the beginnings of messages only, for who wants `snap` bytes of each."""

    __slots__ = ("_missing", "_prefix", "_room", "snap")

    def __init__(self, snap: int) -> None:
        self.snap = snap
        self._missing = 0
        """Bytes of the message in hand that are still to come."""
        self._room = 0
        """Bytes of it that are still to be kept."""
        self._prefix = b""
        """Of the next message, where not all of its first four bytes are there."""

    def is_short(self, data: bytes) -> bool:
        """Whether these are exactly one message, all of which is kept."""
        size = len(data)
        return (
            size <= self.snap
            and not self._missing
            and not self._prefix
            and int.from_bytes(data[:PREFIX_SIZE], "big") == size - PREFIX_SIZE
        )

    def take(self, data: bytes) -> Iterator[tuple[bytes, int]]:
        """What follows, in pieces: the bytes that are kept, and the size."""
        at, size = 0, len(data)
        while at < size:
            if not self._missing:
                before = len(self._prefix)
                head = self._prefix + data[at : at + PREFIX_SIZE - before]
                if len(head) < PREFIX_SIZE:
                    self._prefix = head
                    yield data[at:], size - at
                    return
                self._prefix = b""
                self._missing = PREFIX_SIZE - before + int.from_bytes(head[1:], "big")
                self._room = self.snap
            taken = min(self._missing, size - at)
            kept = min(taken, self._room)
            yield data[at : at + kept], taken
            self._missing -= taken
            self._room -= kept
            at += taken


class Frame:
    """One message of a connection with its four bytes before it, or bytes that are none."""

    __slots__ = ("comment", "from_client", "head", "hidden", "is_message", "length", "told")

    def __init__(self, *, from_client: bool) -> None:
        self.from_client = from_client
        self.head = b""
        """Its beginning, up to the end of the SMB header."""
        self.length = 0
        """Bytes, as its first four say; 0 where they do not."""
        self.is_message = False
        """Whether it is an SMB message."""
        self.told = False
        """Whether the record has told of it, or will not."""
        self.comment = ""
        self.hidden: list[tuple[int, int]] | None = None
        """Where its secrets begin and end, counted from the SMB header; None as long as nobody has looked."""


class Run:
    """A frame, or the part of it that went by itself."""

    __slots__ = ("at", "data", "frame", "last", "size")

    def __init__(self, frame: Frame, at: int, data: bytes, size: int, *, last: bool) -> None:
        self.frame = frame
        self.at = at
        """Where in the frame it begins."""
        self.data = data
        """The beginning of it."""
        self.size = size
        self.last = last
        """Whether the frame ends with it."""


class Direction:
    """What one side sends."""

    def __init__(self, *, from_client: bool, most: int) -> None:
        """`most`: bytes of a run."""
        self._from_client = from_client
        self._most = most
        self._frame: Frame | None = None
        self._length = 0
        """Bytes of the frame in hand; 0 where that is not known yet."""
        self._at = 0
        """Those of them that were given."""
        self._held = bytearray()
        self._size = 0
        """Bytes that have not been given; `_held` are the first of them."""
        self.lost = False
        """Whether bytes are missing, so that nobody knows where the next message begins."""

    @property
    def held(self) -> int:
        """Bytes that wait for the rest of their message."""
        return self._size

    @property
    def is_of_message(self) -> bool:
        """Whether those belong to an SMB message, or may do so."""
        return self._at > 0 or _may_be_message(self._held)

    def take(self, data: bytes, size: int) -> Iterator[Run]:
        """Takes what follows, `size` bytes that begin with `data`; gives what is whole by now."""
        if self.lost:
            if not begins_message(data):
                frame = self._new_frame()
                frame.told = True
                yield Run(frame, 0, data, size, last=True)
                return
            self.lost = False
        while size:
            left = self._wanted() - self._size
            taken = min(left, size)
            kept = data[:taken]
            if len(self._held) == self._size:
                self._held += kept
            self._size += taken
            data, size = data[taken:], size - taken
            if not self._length and self._at + self._size >= PREFIX_SIZE:
                head = (b"" if self._frame is None else self._frame.head) + self._held
                if head[0] not in _TYPES:  # no frame: nobody knows what follows
                    self._held += data
                    self._size += size
                    yield self._no_frame()
                    return
                self._frame = self._frame or self._new_frame()
                self._length = self._frame.length = PREFIX_SIZE + int.from_bytes(head[1:PREFIX_SIZE], "big")
            if (self._length and self._at + self._size == self._length) or self._size >= self._most:
                yield self.cut()

    def _wanted(self) -> int:
        """So much of the stream belongs together, counted from what was given last."""
        if not self._length:
            return PREFIX_SIZE - self._at
        return min(self._length - self._at, self._most)

    def _new_frame(self) -> Frame:
        return Frame(from_client=self._from_client)

    def _no_frame(self) -> Run:
        frame = self._new_frame()
        frame.told = True
        run = Run(frame, 0, bytes(self._held), self._size, last=True)
        self._frame, self._at = None, 0
        self._held, self._size = bytearray(), 0
        return run

    def cut(self) -> Run:
        """What waits for the rest of its message, as a run of its own."""
        if self._frame is None:
            self._frame = self._new_frame()
        frame = self._frame
        data, size, at = bytes(self._held), self._size, self._at
        self._held, self._size = bytearray(), 0
        if len(frame.head) == at:
            frame.head += data[: _HEAD - at]
        frame.is_message = frame.head[:1] == b"\0" and MAGIC.startswith(
            frame.head[PREFIX_SIZE : PREFIX_SIZE + len(MAGIC)]
        )
        last = self._length == at + size
        if last:
            self._frame, self._length, self._at = None, 0, 0
        else:
            self._at = at + size
        return Run(frame, at, data, size, last=last)


def begins_message(data: bytes) -> bool:
    """Whether these bytes look like the first of a frame that holds an SMB message."""
    return data[:1] == b"\0" and data[PREFIX_SIZE : PREFIX_SIZE + len(MAGIC)] in (MAGIC, SMB2_MAGIC)


def _may_be_message(data: bytes | bytearray) -> bool:
    magic = data[PREFIX_SIZE : PREFIX_SIZE + len(MAGIC)]
    return data[:1] in (b"", b"\0") and (MAGIC.startswith(magic) or SMB2_MAGIC.startswith(magic))
