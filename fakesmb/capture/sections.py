"""Packets out of pcapng (draft-ietf-opsawg-pcapng): sections, each in its byte order and with interfaces of its own."""

import struct
from collections.abc import Iterator
from typing import Final

import msgspec

from fakesmb.capture.source import LONGEST_PACKET, End, Packet, Source
from fakesmb.capture.trouble import CaptureError, Trouble

SECTION: Final = b"\x0a\x0d\x0d\x0a"
"""Type of the Section Header Block, the same from both ends."""


class _Interface(msgspec.Struct, frozen=True, gc=False):
    link: int = 1
    ticks: float = 1e6
    offset: int = 0
    snap: int = 0


class PcapNg:
    """Sections, each in its byte order, each with interfaces of its own."""

    def __init__(self, source: Source) -> None:
        self.number = 0
        self._source = source
        self._order = "<"
        self._interfaces: list[_Interface] = []
        self._head = struct.Struct("<II")
        self._packet = struct.Struct("<IIIII")

    def read(self) -> Iterator[Packet | Trouble]:
        """The packets behind the type of the first block; raises `End` where what follows cannot be read."""
        take = self._source.take
        self._section(take(4))
        while head := take(8):
            if len(head) < 8:
                raise End(self._cut())
            if head[:4] == SECTION:
                self._section(head[4:])
                continue
            kind, size = self._head.unpack(head)
            if size < 12 or size > LONGEST_PACKET:
                raise End(f"a block of {size} bytes cannot be: nothing behind it can be read")
            body = take(size - 8 + (-size & 3))
            found = self._block(kind, body, whole=len(body) >= size - 8)
            if found is not None:
                yield found
            if len(body) < size - 8:
                raise End(self._cut())
        if self._source.failure:
            raise End(self._cut())

    def _section(self, size: bytes) -> None:
        """Reads a Section Header Block behind its type, and `size`, which it needs the byte order for."""
        mark = self._source.take(4)
        if mark not in (b"\x4d\x3c\x2b\x1a", b"\x1a\x2b\x3c\x4d"):
            if not self.number and not self._interfaces:
                raise CaptureError("a pcapng whose section header says no byte order")
            raise End("a section header that says no byte order: nothing behind it can be read")
        self._order = order = "<" if mark[0] == 0x4D else ">"
        self._head = struct.Struct(order + "II")
        self._packet = struct.Struct(order + "IIIII")
        self._interfaces = []
        length = struct.unpack(order + "I", size)[0]
        if not 28 <= length <= LONGEST_PACKET:
            raise End(f"a section header of {length} bytes cannot be: nothing behind it can be read")
        if len(self._source.take(length - 12)) < length - 12:
            raise End(self._cut())

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
