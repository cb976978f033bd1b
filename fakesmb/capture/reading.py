"""Packets out of a capture: pcap of every kind, pcapng, either of them compressed by gzip, from a file or a pipe.

The forms are those of draft-ietf-opsawg-pcap and draft-ietf-opsawg-pcapng. A file is read once, from its beginning to
its end, one packet at a time.
"""

import gzip
import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from fakesmb.capture.trouble import CaptureError, Trouble

GZIP: Final = b"\x1f\x8b"
SECTION: Final = b"\x0a\x0d\x0d\x0a"
"""Type of pcapng's Section Header Block, the same from both ends."""
PCAP: Final = {
    b"\xd4\xc3\xb2\xa1": ("<", 1e6, 16),
    b"\xa1\xb2\xc3\xd4": (">", 1e6, 16),
    b"\x4d\x3c\xb2\xa1": ("<", 1e9, 16),
    b"\xa1\xb2\x3c\x4d": (">", 1e9, 16),
    b"\x34\xcd\xb2\xa1": ("<", 1e6, 24),
    b"\xa1\xb2\xcd\x34": (">", 1e6, 24),
}
"""How a pcap begins -> its byte order, its ticks a second, and bytes of a packet's header (24 in Kuznetzov's form)."""
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


def is_capture(head: bytes) -> bool:
    """Whether a file that begins so is one that `packets` reads; four bytes are enough."""
    return head[:2] == GZIP or head[:4] == SECTION or head[:4] in PCAP


def open_capture(path: str | Path) -> BinaryIO:
    """Opens a file to be read by `packets`; raises `CaptureError` with one line where that cannot be done."""
    try:
        return Path(path).open("rb")
    except IsADirectoryError:
        raise CaptureError(f"{path} is a directory, not a capture") from None
    except OSError as error:
        raise CaptureError(f"{path} cannot be read: {error.strerror or error}") from None


def packets(file: BinaryIO) -> Iterator[Packet | Trouble]:
    """The packets of a capture, and what could not be read of it.

    The file needs no `seek`: it may be a pipe that is still being written. Raises `CaptureError` where it is no
    capture; what is wrong further on ends the packets with a `Trouble`.
    """
    if isinstance(file, io.RawIOBase):
        file = io.BufferedReader(file)
    source = _Source(file)
    head = source.take(4)
    if head[:2] == GZIP:
        source = _Source(_unzipped(head, file))
        head = source.take(4)
        if source.failure:
            raise CaptureError(f"compressed by gzip, and damaged: {source.failure}")
    if not head:
        raise CaptureError("the file is empty")
    if head == SECTION:
        return _guarded(_PcapNg(source))
    form = PCAP.get(head)
    if form is None:
        raise CaptureError(f"no capture: it begins with 0x{head.hex()}, which neither pcap nor pcapng does")
    return _guarded(_Pcap(source, *form))


class _Source:
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


def _unzipped(head: bytes, file: BinaryIO) -> BinaryIO:
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


class _End(Exception):
    """The packets end here, before the file does."""


def _guarded(reader: "_Pcap | _PcapNg") -> Iterator[Packet | Trouble]:
    try:
        yield from reader.read()
    except _End as end:
        yield Trouble(reader.number, str(end))


class _Pcap:
    def __init__(self, source: _Source, order: str, ticks: float, header_size: int) -> None:
        self.number = 0
        self._source = source
        self._order = order
        self._ticks = ticks
        self._header_size = header_size

    def read(self) -> Iterator[Packet | Trouble]:
        take, ticks, size = self._source.take, self._ticks, self._header_size
        rest = take(20)
        if len(rest) < 20:
            raise CaptureError("a pcap that ends in its header")
        link = struct.unpack_from(self._order + "I", rest, 16)[0] & 0xFFFF
        unpack = struct.Struct(self._order + "IIII").unpack_from
        while head := take(size):
            self.number += 1
            if len(head) < size:
                raise _End(self._cut())
            seconds, part, kept, sent = unpack(head)
            if kept > LONGEST_PACKET:
                raise _End(f"a packet of {kept} bytes cannot be: nothing behind it can be read")
            data = take(kept)
            if len(data) < kept:
                if data:
                    yield Packet(self.number, seconds + part / ticks, link, data, max(sent, kept))
                raise _End(self._cut())
            yield Packet(self.number, seconds + part / ticks, link, data, sent if sent > kept else kept)
        if self._source.failure:
            raise _End(self._cut())

    def _cut(self) -> str:
        why = self._source.failure
        return f"the file is damaged: {why}" if why else "the file ends within this packet"


class _Interface(msgspec.Struct, frozen=True, gc=False):
    link: int = 1
    ticks: float = 1e6
    offset: int = 0
    snap: int = 0


class _PcapNg:
    """Sections, each in its byte order, each with interfaces of its own."""

    def __init__(self, source: _Source) -> None:
        self.number = 0
        self._source = source
        self._order = "<"
        self._interfaces: list[_Interface] = []
        self._head = struct.Struct("<II")
        self._packet = struct.Struct("<IIIII")

    def read(self) -> Iterator[Packet | Trouble]:
        take = self._source.take
        self._section(take(4))
        while head := take(8):
            if len(head) < 8:
                raise _End(self._cut())
            if head[:4] == SECTION:
                self._section(head[4:])
                continue
            kind, size = self._head.unpack(head)
            if size < 12 or size > LONGEST_PACKET:
                raise _End(f"a block of {size} bytes cannot be: nothing behind it can be read")
            body = take(size - 8 + (-size & 3))
            found = self._block(kind, body, whole=len(body) >= size - 8)
            if found is not None:
                yield found
            if len(body) < size - 8:
                raise _End(self._cut())
        if self._source.failure:
            raise _End(self._cut())

    def _section(self, size: bytes) -> None:
        """Reads a Section Header Block behind its type, and `size`, which it needs the byte order for."""
        mark = self._source.take(4)
        if mark not in (b"\x4d\x3c\x2b\x1a", b"\x1a\x2b\x3c\x4d"):
            if not self.number and not self._interfaces:
                raise CaptureError("a pcapng whose section header says no byte order")
            raise _End("a section header that says no byte order: nothing behind it can be read")
        self._order = order = "<" if mark[0] == 0x4D else ">"
        self._head = struct.Struct(order + "II")
        self._packet = struct.Struct(order + "IIIII")
        self._interfaces = []
        length = struct.unpack(order + "I", size)[0]
        if not 28 <= length <= LONGEST_PACKET:
            raise _End(f"a section header of {length} bytes cannot be: nothing behind it can be read")
        if len(self._source.take(length - 12)) < length - 12:
            raise _End(self._cut())

    def _block(self, kind: int, body: bytes, *, whole: bool) -> Packet | Trouble | None:
        if kind == _ENHANCED:
            self.number += 1
            if len(body) < (24 if whole else 20):
                return None
            interface, high, low, kept, sent = self._packet.unpack_from(body)
            return self._made(interface, high, low, body, kept, sent, whole=whole)
        if kind == _SIMPLE:
            return self._simple(body, whole=whole)
        if kind == _OBSOLETE:
            self.number += 1
            if len(body) < (24 if whole else 20):
                return None
            interface, _ = struct.unpack_from(self._order + "HH", body)
            _, high, low, kept, sent = self._packet.unpack_from(body)
            return self._made(interface, high, low, body, kept, sent, whole=whole)
        if kind == _INTERFACE and whole and len(body) >= 12:
            self._interfaces.append(_interface(body, self._order))
        return None

    def _made(
        self, interface: int, high: int, low: int, body: bytes, kept: int, sent: int, *, whole: bool
    ) -> Packet | Trouble:
        if interface >= len(self._interfaces):
            return Trouble(
                self.number, f"a packet of interface {interface}, which its section does not describe"
            )
        if whole and kept > len(body) - 24:
            return Trouble(self.number, f"a packet of {kept} bytes in a block of {len(body) + 8}")
        of = self._interfaces[interface]
        time = (high << 32 | low) / of.ticks + of.offset
        return Packet(self.number, time, of.link, body[20 : 20 + kept], max(sent, kept))

    def _simple(self, body: bytes, *, whole: bool) -> Packet | Trouble | None:
        """A Simple Packet Block: it has no time, and is of the section's first interface."""
        self.number += 1
        if len(body) < (8 if whole else 4):
            return None
        if not self._interfaces:
            return Trouble(self.number, "a packet in a section that describes no interface")
        of = self._interfaces[0]
        sent = struct.unpack_from(self._order + "I", body)[0]
        there = len(body) - (8 if whole else 4)
        kept = min(sent, of.snap or sent, max(there, 0))
        return Packet(self.number, 0.0, of.link, body[4 : 4 + kept], sent)

    def _cut(self) -> str:
        why = self._source.failure
        return f"the file is damaged: {why}" if why else "the file ends within a block"


_INTERFACE: Final = 1
_OBSOLETE: Final = 2
_SIMPLE: Final = 3
_ENHANCED: Final = 6
_TIME_RESOLUTION: Final = 9
_TIME_OFFSET: Final = 14


def _interface(body: bytes, order: str) -> _Interface:
    """An Interface Description Block; options that it does not end well are ignored."""
    link, _, snap = struct.unpack_from(order + "HHI", body)
    ticks, offset, at = 1e6, 0, 8
    while at + 4 <= len(body) - 4:
        code, size = struct.unpack_from(order + "HH", body, at)
        value = body[at + 4 : at + 4 + size]
        if not code:
            break
        if code == _TIME_RESOLUTION and size == 1:
            exponent = value[0] & 0x7F
            ticks = float(2**exponent if value[0] & 0x80 else 10 ** min(exponent, 30))
        elif code == _TIME_OFFSET and len(value) == 8:
            offset = struct.unpack(order + "q", value)[0]
        at += 4 + size + (-size & 3)
    return _Interface(link, ticks, offset, snap)
