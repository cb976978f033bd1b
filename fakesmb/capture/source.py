"""Where packets come from: bytes of a file or a pipe, compressed or not, and what a packet is."""

import gzip
import io
import zlib
from typing import BinaryIO, Final

import msgspec

LONGEST_PACKET: Final = 1 << 24
"""Bytes of a packet, or of a block of pcapng, that are believed."""


class Packet(msgspec.Struct, frozen=True, gc=False):
    """One packet as it was captured."""

    number: int
    """From 1, as Wireshark counts."""
    time: float
    """POSIX seconds."""
    link: int
    """LINKTYPE_ of its interface: 1 is Ethernet."""
    data: bytes
    size: int
    """Bytes of it that went over the wire: more than those of `data` where the capture cut it."""


class Source:
    """A file that gives as many bytes as are asked for, fewer only at its end."""

    __slots__ = ("_read", "failure")

    def __init__(self, file: BinaryIO) -> None:
        self._read = file.read
        self.failure = ""
        """Why it ended before its end."""

    def take(self, size: int) -> bytes:
        """The next bytes."""
        try:
            found = self._read(size)
            if len(found) == size:
                return found
            while 0 < len(found) < size:
                more = self._read(size - len(found))
                if not more:
                    break
                found += more
        except (OSError, EOFError, zlib.error) as error:
            self.failure = str(error)
            return b""
        return found


def unzipped(head: bytes, file: BinaryIO) -> BinaryIO:
    """What is in a file compressed by gzip of which `head` was read already."""
    return gzip.GzipFile(fileobj=io.BufferedReader(_Prefixed(head, file)))  # type: ignore[return-value, type-var]


class _Prefixed(io.RawIOBase):
    """A file whose first bytes have been read already."""

    def __init__(self, head: bytes, file: BinaryIO) -> None:
        self._head = head
        self._file = file

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        """Fills the buffer as far as there is something at once."""
        data, self._head = self._head[: len(buffer)], self._head[len(buffer) :]
        if not data:
            data = getattr(self._file, "read1", self._file.read)(len(buffer)) or b""
        buffer[: len(data)] = data
        return len(data)


class End(Exception):
    """The packets end here, before the file does."""
