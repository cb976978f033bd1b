"""Packets out of a capture: pcap of every kind, pcapng, either of them compressed by gzip, from a file or a pipe.

The forms are those of draft-ietf-opsawg-pcap and draft-ietf-opsawg-pcapng. A file is read once, from its beginning to
its end, one packet at a time.
"""

import io
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from fakesmb.capture.sections import SECTION, PcapNg
from fakesmb.capture.source import LONGEST_PACKET, End, Packet, Source, unzipped
from fakesmb.capture.trouble import CaptureError, Trouble

GZIP: Final = b"\x1f\x8b"
PCAP: Final = {
    b"\xd4\xc3\xb2\xa1": ("<", 1e6, 16),
    b"\xa1\xb2\xc3\xd4": (">", 1e6, 16),
    b"\x4d\x3c\xb2\xa1": ("<", 1e9, 16),
    b"\xa1\xb2\x3c\x4d": (">", 1e9, 16),
    b"\x34\xcd\xb2\xa1": ("<", 1e6, 24),
    b"\xa1\xb2\xcd\x34": (">", 1e6, 24),
}
"""How a pcap begins -> its byte order, its ticks a second, and bytes of a packet's header (24 in Kuznetzov's form)."""


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
    source = Source(file)
    head = source.take(4)
    if head[:2] == GZIP:
        source = Source(unzipped(head, file))
        head = source.take(4)
        if source.failure:
            raise CaptureError(f"compressed by gzip, and damaged: {source.failure}")
    if not head:
        raise CaptureError("the file is empty")
    if head == SECTION:
        return _guarded(PcapNg(source))
    form = PCAP.get(head)
    if form is None:
        raise CaptureError(f"no capture: it begins with 0x{head.hex()}, which neither pcap nor pcapng does")
    return _guarded(_Pcap(source, *form))


def _guarded(reader: "_Pcap | PcapNg") -> Iterator[Packet | Trouble]:
    try:
        yield from reader.read()
    except End as end:
        yield Trouble(reader.number, str(end))


class _Pcap:
    def __init__(self, source: Source, order: str, ticks: float, header_size: int) -> None:
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
                raise End(self._cut())
            seconds, part, kept, sent = unpack(head)
            if kept > LONGEST_PACKET:
                raise End(f"a packet of {kept} bytes cannot be: nothing behind it can be read")
            data = take(kept)
            if len(data) < kept:
                if data:
                    yield Packet(self.number, seconds + part / ticks, link, data, max(sent, kept))
                raise End(self._cut())
            yield Packet(self.number, seconds + part / ticks, link, data, sent if sent > kept else kept)
        if self._source.failure:
            raise End(self._cut())

    def _cut(self) -> str:
        why = self._source.failure
        return f"the file is damaged: {why}" if why else "the file ends within this packet"
