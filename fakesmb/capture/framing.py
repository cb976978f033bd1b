"""Messages out of one direction of a connection, as its bytes arrive in order: NetBIOS framing that survives gaps."""

from typing import Final

from fakesmb.wire.frame import PREFIX_SIZE, FrameType
from fakesmb.wire.header import HEADER_SIZE, MAGIC

MOST_KEPT: Final = 1 << 18
"""Bytes of a message that are kept; what follows is counted."""
_TYPES: Final = frozenset(FrameType)
_MAGICS: Final = frozenset({MAGIC, b"\xfeSMB", b"\xfdSMB", b"\xfcSMB"})
_NAME: Final = b"SMB"
_HEAD: Final = 8
"""Bytes that tell whether a message begins: its length and its first four."""
_CONTROL_AT_MOST: Final = 256
"""Bytes of a session request or its answer."""


def begins_message(data: bytes | bytearray, at: int = 0) -> bool:
    """Whether a message of SMB begins there, as far as eight bytes can tell."""
    return (
        data[at : at + 1] == b"\0"
        and bytes(data[at + 4 : at + _HEAD]) in _MAGICS
        and int.from_bytes(data[at + 1 : at + 4], "big") >= HEADER_SIZE
    )


def begins_session(data: bytes) -> bool:
    """Whether a NetBIOS session request begins there: two encoded names of 34 bytes."""
    return data[:4] == b"\x81\x00\x00\x44" and data[4:5] == b"\x20"


class Framing:
    """Cuts messages out of a direction's bytes. Holds one message at most, as far as it is kept."""

    __slots__ = ("_cut", "_found", "_need", "_rest", "_seen", "held", "lost", "raw", "skipped", "trouble")

    def __init__(self, found: list[tuple[int, bytes, int]]) -> None:
        self._found = found.append
        """Takes the type, the kept bytes and the size of each message."""
        self.held = bytearray()
        """The beginning of the message that has arrived in part, its length included."""
        self._need = 0
        """Bytes of the message that has arrived in part, its length included; 0 while that is not known."""
        self._seen = 0
        """How many of them went by."""
        self._rest = 0
        """Bytes to come of a message that was told already, as not all of it was captured."""
        self._cut = False
        """Whether some that went by were not captured: what follows them is not kept."""
        self.lost = False
        """Whether it looks for the next message: what went by was none."""
        self.skipped = 0
        """Bytes that went by while it looked."""
        self.trouble = ""
        """Why it last had to look, though nothing was skipped; whoever reads that makes it empty."""
        self.raw = False
        """Whether the next message may be bare data of a file."""

    @property
    def within(self) -> bool:
        """Whether a message has begun and not ended."""
        return not self.lost and bool(self.held or self._need)

    def is_one_message(self, data: bytes) -> bool:
        """Whether the next bytes are a message of SMB 1, all of it and nothing else."""
        return (
            data[PREFIX_SIZE:_HEAD] == MAGIC
            and int.from_bytes(data[:PREFIX_SIZE], "big") == len(data) - PREFIX_SIZE
            and not (self._need or self.held or self.lost or self._rest)
        )

    def feed(self, data: bytes, missing: int = 0) -> None:
        """Takes the next bytes, and so many behind them that were not captured."""
        at = 0
        while at < len(data):
            at = self._take(data, at)
        if missing:
            self._not_captured(missing)

    def skip(self, missing: int) -> None:
        """So many bytes are not there. The message that they are of is known as far as it was; the next may be lost."""
        if self._rest:
            passed = min(self._rest, missing)
            self._rest -= passed
            missing -= passed
            if not missing:
                return
        if self.lost or not self._need:
            self.lose(len(self.held) + missing)
            return
        left = self._need - self._seen
        self._cut = True
        if missing < left:
            self._seen += missing
            return
        self._end()
        if missing > left:
            self.lose(missing - left)

    def _not_captured(self, missing: int) -> None:
        """The capture has only the beginning of the segment: the message is told with it, and its rest goes by."""
        if not self.lost and self._need and not self._rest:
            rest = self._need - self._seen
            self._end()
            self._rest = rest
        if self._rest:
            passed = min(self._rest, missing)
            self._rest -= passed
            missing -= passed
        if missing:
            if not self.lost:
                self.trouble = (
                    self.trouble or f"what followed in this packet was not captured, {missing} bytes"
                )
            self.lose(len(self.held) + missing)

    def lose(self, skipped: int) -> None:
        """Looks for the next message from here."""
        self.lost = True
        self.skipped += skipped
        self._need = self._seen = self._rest = 0
        self._cut = False
        self.held.clear()

    def _take(self, data: bytes, at: int) -> int:
        if self._rest:
            passed = min(self._rest, len(data) - at)
            self._rest -= passed
            return at + passed
        if self.lost:
            return self._search(data, at)
        if not self._need:
            return self._begin(data, at)
        size = min(self._need - self._seen, len(data) - at)
        if not self._cut:
            room = MOST_KEPT + PREFIX_SIZE - len(self.held)
            self.held += data[at : at + min(size, room)] if room > 0 else b""
        self._seen += size
        if self._seen == self._need:
            self._end()
        return at + size

    def _begin(self, data: bytes, at: int) -> int:
        """Reads the beginning of a message, as far as it tells whether there is one."""
        more = data[at : at + _HEAD - len(self.held)]
        self.held += more
        held = self.held
        if held[0] not in _TYPES:
            return self._astray(at, more)
        if len(held) < PREFIX_SIZE:
            return at + len(more)
        length = int.from_bytes(held[1:4], "big")
        if held[0] and length > _CONTROL_AT_MOST:
            return self._astray(at, more)
        if not held[0] and not self.raw:
            if length < HEADER_SIZE:
                return self._astray(at, more)
            if len(held) < _HEAD:
                return at + len(more)
            if bytes(held[4:_HEAD]) not in _MAGICS:
                return self._astray(at, more)
        self._need = PREFIX_SIZE + length
        surplus = len(held) - self._need
        if surplus > 0:
            del held[self._need :]
            more = more[:-surplus]
        self._seen = len(held)
        if self._seen == self._need:
            self._end()
        return at + len(more)

    def _astray(self, at: int, more: bytes) -> int:
        """What is here is no message: looks on from the second byte of it."""
        held = bytes(self.held[: len(self.held) - len(more)])
        self.trouble = self.trouble or f"no message begins where one should: 0x{self.held[:4].hex()}"
        self.lose(1)
        if not held:
            return at + 1
        self.held += held[1:]
        return at

    def _search(self, data: bytes, at: int) -> int:
        """Looks for a message's beginning, which may be in what came before."""
        before = bytes(self.held)
        if before:
            window = before + data[at : at + _HEAD - 1]
            for begin in range(len(before)):
                if begins_message(window, begin):
                    self.held[:] = before[begin:]
                    return self._rejoin(begin, at)
            self.held.clear()
        place = at
        while (place := data.find(_NAME, place)) >= 0:
            begin = place - 5
            if begin >= at and begins_message(data, begin):
                return self._rejoin(len(before) + begin - at, begin)
            place += 1
        rest = len(data) - at
        tail = data[-(_HEAD - 1) :] if rest >= _HEAD else (before + data[at:])[-(_HEAD - 1) :]
        self.skipped += len(before) + rest - len(tail)
        self.held += tail
        return len(data)

    def _rejoin(self, skipped: int, at: int) -> int:
        self.skipped += skipped
        self.lost = False
        return at

    def _end(self) -> None:
        held, size, kind = self.held, self._need - PREFIX_SIZE, self.held[0]
        self.held = bytearray()
        self._need = self._seen = 0
        self._cut = False
        self._found((kind, bytes(held[PREFIX_SIZE:]), size))
