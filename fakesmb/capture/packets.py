"""Ethernet, IP and TCP around what a connection carried: a conversation as a sniffer beside it would have seen it.

Addresses are the real ones. Sequence numbers count the real bytes, from a beginning of our own. Checksums are right in
packets of up to 4 KiB, and in larger ones where there is time for them. Else those leave them as a host does whose
network card makes them: the sum of the pseudo header alone, which Wireshark knows by the name of checksum offload.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address
from struct import Struct
from typing import Final, NamedTuple

MOST_SUMMED: Final = 4096
"""Bytes of a packet whose checksum is made."""
_ETHERNET_IPV4: Final = bytes(12) + b"\x08\x00"
_ETHERNET_IPV6: Final = bytes(12) + b"\x86\xdd"
"""No hardware addresses, as on Linux's loopback interface."""
_TCP: Final = 6
_HOPS: Final = 64
_IPV4: Final = Struct(">BBHHHBBH4s4s")
_IPV4_DO_NOT_FRAGMENT: Final = 0x4000
_IPV6: Final = Struct(">IHBB16s16s")
_SEGMENT: Final = Struct(">HHIIBBHHH")
_WINDOW: Final = 65535
_SCALE: Final = 7
_LONGEST_PACKET: Final = 65535
_ALL: Final = 0xFFFFFFFF
_APART: Final = 0x9E3779B1
"""Sequence numbers of connections begin so far apart that none is taken for another's, also on the same ports."""


class Flag:
    """Flags of a segment, RFC 9293 3.1."""

    FIN: Final = 0x01
    SYN: Final = 0x02
    RST: Final = 0x04
    PSH: Final = 0x08
    ACK: Final = 0x10


class End(NamedTuple):
    """An address and a port."""

    address: str
    port: int


class Made(NamedTuple):
    """A packet: what is kept of it, and its size."""

    data: bytes
    size: int


class Conversation:
    """One TCP connection, which makes its packets in their order."""

    def __init__(self, client: End, server: End, number: int) -> None:
        """`number` tells it from others; addresses are IPv4 or IPv6, both of one kind."""
        ours, theirs = _address(client.address), _address(server.address)
        if ours.version != theirs.version:
            ours, theirs = _as_ipv6(ours), _as_ipv6(theirs)
        self.most = _LONGEST_PACKET - _SEGMENT.size - (_IPV4.size if ours.version == 4 else 0)
        """Bytes that one packet carries at most: IPv6 does not count its own header."""
        way = _Way4 if ours.version == 4 else _Way6
        self._to_server = way(ours.packed, client.port, theirs.packed, server.port)
        self._to_client = way(theirs.packed, server.port, ours.packed, client.port)
        self.options = b"\x02\x04" + self.most.to_bytes(2, "big") + b"\x01\x03\x03" + bytes((_SCALE,))
        """Those of the handshake: the longest segment, and that windows are larger than they say."""
        first = number * _APART & _ALL
        self._sent = {True: first, False: first ^ 0x5A5A5A5A}
        """The sequence number that comes next, of the client (True) and the server."""

    def segment(
        self,
        data: bytes = b"",
        size: int = 0,
        *,
        from_client: bool,
        flags: int,
        options: bytes = b"",
        summed: int = MOST_SUMMED,
    ) -> Made:
        """The next packet of one side. It carries `size` bytes, at most `most`; `data` are the first of them.

        The checksum is made where all are there, and no more than `summed`.
        """
        way = self._to_server if from_client else self._to_client
        sequence = self._sent[from_client]
        acknowledged = self._sent[not from_client] if flags & Flag.ACK else 0
        window = _WINDOW if not flags & Flag.RST else 0
        head = _SEGMENT.pack(
            way.source,
            way.target,
            sequence,
            acknowledged,
            (_SEGMENT.size + len(options)) << 2,
            flags,
            window,
            0,
            0,
        )
        length = len(head) + len(options) + size
        pseudo = way.pseudo + length
        if len(data) == size <= summed:
            checksum = -(pseudo + _sum(head) + _sum(options + data)) % 0xFFFF
        else:
            checksum = pseudo % 0xFFFF or 0xFFFF
        self._sent[from_client] = sequence + size + bool(flags & (Flag.SYN | Flag.FIN)) & _ALL
        before = way.before(length)
        made = b"".join((before, head[:16], checksum.to_bytes(2, "big"), b"\0\0", options, data))
        return Made(made, len(before) + length)

    def skip(self, size: int, *, from_client: bool) -> None:
        """So many bytes went by that there is no packet of."""
        self._sent[from_client] = self._sent[from_client] + size & _ALL


class _Way4:
    """One direction, IPv4."""

    def __init__(self, source: bytes, source_port: int, target: bytes, target_port: int) -> None:
        self.source, self.target = source_port, target_port
        self._ends = source, target
        self.pseudo = _sum(source + target) + _TCP
        """The sum of the pseudo header (RFC 9293 3.1) but for the length."""
        self._head_sum = _sum(self._head(0, 0))

    def _head(self, length: int, checksum: int) -> bytes:
        return _IPV4.pack(0x45, 0, length, 0, _IPV4_DO_NOT_FRAGMENT, _HOPS, _TCP, checksum, *self._ends)

    def before(self, length: int) -> bytes:
        """What stands before a segment of so many bytes."""
        length += _IPV4.size
        return _ETHERNET_IPV4 + self._head(length, -(self._head_sum + length) % 0xFFFF)


class _Way6:
    """One direction, IPv6 (RFC 8200)."""

    def __init__(self, source: bytes, source_port: int, target: bytes, target_port: int) -> None:
        self.source, self.target = source_port, target_port
        self._ends = source, target
        self.pseudo = _sum(source + target) + _TCP

    def before(self, length: int) -> bytes:
        """What stands before a segment of so many bytes."""
        return _ETHERNET_IPV6 + _IPV6.pack(6 << 28, length, _TCP, _HOPS, *self._ends)


def _sum(data: bytes) -> int:
    """What is left of the sum of the 16-bit words when 65,535 is taken away as often as can be (RFC 1071).

    Python reads little-endian numbers faster; the sum of swapped words is the swapped sum.
    """
    swapped = int.from_bytes(data, "little") % 0xFFFF
    return swapped >> 8 | (swapped & 0xFF) << 8


def _address(text: str) -> IPv4Address | IPv6Address:
    """The address that Twisted tells; what is none (a path, nothing) is the unspecified one."""
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return IPv4Address(0)
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


def _as_ipv6(address: IPv4Address | IPv6Address) -> IPv6Address:
    return IPv6Address(f"::ffff:{address}") if isinstance(address, IPv4Address) else address
