"""TCP segments out of packets: Ethernet with VLAN tags, Linux cooked captures, loopback, bare IP; IPv4 and IPv6.

Fragments of datagrams are put together. Checksums are not looked at: sniffers see packets before the network card
has filled them in.
"""

import ipaddress
import struct
from typing import Final, NamedTuple

from fakesmb.capture.fragments import Datagram, Fragments
from fakesmb.capture.source import Packet
from fakesmb.capture.trouble import Trouble

TCP: Final = 6
_IPV4: Final = 0x0800
_IPV6: Final = 0x86DD
_TAGS: Final = frozenset({0x8100, 0x88A8, 0x9100, 0x9200})
"""EtherTypes of VLAN tags, nested ones too."""
_PPPOE: Final = 0x8864
_TCP_HEAD: Final = struct.Struct(">IIBB").unpack_from
_U16: Final = struct.Struct(">H").unpack_from
_EXTENSIONS: Final = frozenset({0, 43, 60, 135, 139, 140})
"""Extension headers of IPv6 whose length counts units of eight bytes behind the first."""
_FRAGMENT: Final = 44
_AUTHENTICATION: Final = 51
MOST_EXTENSIONS: Final = 16
FIN: Final = 1
SYN: Final = 2
RST: Final = 4
ACK: Final = 16


class Segment(NamedTuple):
    """A TCP segment."""

    way: bytes
    """Both addresses and both ports as they stand in the packet: names one direction of a connection."""
    sequence: int
    acknowledged: int
    flags: int
    data: bytes
    missing: int
    """Bytes that followed `data` in the segment and were not captured."""


class Network:
    """Finds the segments of packets, and keeps the fragments of which more is to come."""

    def __init__(self) -> None:
        self.fragments = Fragments()
        self._unknown: set[int] = set()

    def segment(self, packet: Packet) -> Segment | Trouble | None:
        """The TCP segment of a packet; None where it has none, a `Trouble` once for each kind of link not known."""
        data, link = packet.data, packet.link
        try:
            if link == _ETHERNET:
                kind, at = data[12] << 8 | data[13], 14
            else:
                where = _where(link, data)
                if where is None:
                    if link in self._unknown:
                        return None
                    self._unknown.add(link)
                    return Trouble(packet.number, _unread(link), packet.time)
                kind, at = where
            while kind in _TAGS:
                kind = data[at + 2] << 8 | data[at + 3]
                at += 4
            if kind == _PPPOE:
                kind = _OF_PPP.get(data[at + 6] << 8 | data[at + 7], 0)
                at += 8
            if kind == _IPV4:
                return self._ipv4(packet, data, at)
            if kind == _IPV6:
                return self._ipv6(packet, data, at)
        except (IndexError, struct.error):
            pass  # a packet that ends within its headers
        return None

    def _ipv4(self, packet: Packet, data: bytes, at: int) -> Segment | Trouble | None:
        if data[at + 9] != TCP:
            return None
        tcp_at = at + ((data[at] & 0x0F) << 2)
        total = data[at + 2] << 8 | data[at + 3]
        end = at + total if total else packet.size  # offloaded to the card, which fills it in
        part = data[at + 6] << 8 | data[at + 7]
        if part & 0x3FFF:
            key = data[at + 12 : at + 20] + data[at + 4 : at + 6]
            more = bool(part & 0x2000)
            return self._fragment(
                packet, key, (part & 0x1FFF) << 3, data[tcp_at:end], end - tcp_at, more=more
            )
        return _segment(data[at + 12 : at + 20], data, tcp_at, end)

    def _ipv6(self, packet: Packet, data: bytes, at: int) -> Segment | Trouble | None:
        size = data[at + 4] << 8 | data[at + 5]
        kind = data[at + 6]
        addresses = data[at + 8 : at + 40]
        end = at + 40 + size if size else packet.size
        at += 40
        for _ in range(MOST_EXTENSIONS):
            if kind == TCP:
                return _segment(addresses, data, at, end)
            if kind in _EXTENSIONS:
                kind, at = data[at], at + (data[at + 1] + 1) * 8
            elif kind == _AUTHENTICATION:
                kind, at = data[at], at + (data[at + 1] + 2) * 4
            elif kind == _FRAGMENT:
                place = _U16(data, at + 2)[0]
                if place & 0xFFF9:
                    if data[at] != TCP:
                        return None
                    key = addresses + data[at + 4 : at + 8]
                    offset, more = place & 0xFFF8, bool(place & 1)
                    return self._fragment(packet, key, offset, data[at + 8 : end], end - at - 8, more=more)
                kind, at = data[at], at + 8
            else:
                return None
        return None

    def _fragment(
        self, packet: Packet, key: bytes, offset: int, data: bytes, size: int, *, more: bool
    ) -> Segment | Trouble | None:
        found = self.fragments.add(packet, key, offset, data, size, more=more)
        if not isinstance(found, Datagram):
            return found
        addresses = key[:8] if len(key) < 32 else key[:32]
        try:
            return _segment(addresses, found.data, 0, found.size)
        except (IndexError, struct.error):
            return None


def _segment(addresses: bytes, data: bytes, at: int, end: int) -> Segment | None:
    sequence, acknowledged, offset, flags = _TCP_HEAD(data, at + 4)
    begin = at + (offset >> 4 << 2)
    if offset < 0x50 or begin > end:
        return None
    there = len(data)
    return Segment(
        addresses + data[at : at + 4],
        sequence,
        acknowledged,
        flags,
        data[begin:end],
        0 if end <= there else end - max(there, begin),
    )


def other_way(way: bytes) -> bytes:
    """The direction back."""
    half = len(way) // 2 - 2
    return way[half : 2 * half] + way[:half] + way[-2:] + way[-4:-2]


def ends(way: bytes) -> tuple[str, str]:
    """`address:port` of the sender and of the receiver."""
    half = len(way) // 2 - 2
    source, target = (ipaddress.ip_address(way[at : at + half]) for at in (0, half))
    return _end(source, way[-4:-2]), _end(target, way[-2:])


def ports(way: bytes) -> tuple[int, int]:
    """Of the sender and of the receiver."""
    return way[-4] << 8 | way[-3], way[-2] << 8 | way[-1]


def _end(address: "ipaddress.IPv4Address | ipaddress.IPv6Address", port: bytes) -> str:
    number = int.from_bytes(port, "big")
    return f"[{address}]:{number}" if address.version == 6 else f"{address}:{number}"


# -- links -------------------------------------------------------------------------------------------------

_ETHERNET: Final = 1
_NULL: Final = 0
_LOOP: Final = 108
_RAW: Final = frozenset({12, 14, 101, 228, 229})
_SLL: Final = 113
_SLL2: Final = 276
_PPP: Final = frozenset({9, 50})
_OF_PPP: Final = {0x0021: _IPV4, 0x0057: _IPV6}
_FAMILIES: Final = {2: _IPV4, 10: _IPV6, 24: _IPV6, 28: _IPV6, 30: _IPV6}
"""AF_INET and the AF_INET6 of Linux, NetBSD, FreeBSD and macOS."""
_NAMES: Final = {
    105: "IEEE 802.11",
    127: "IEEE 802.11 with radiotap",
    189: "USB",
    220: "USB",
    201: "Bluetooth",
}


def _where(link: int, data: bytes) -> tuple[int, int] | None:
    """EtherType and offset of what a link's header carries; None for a link that is not known."""
    if link in _RAW:
        return (_IPV6 if data[0] >> 4 == 6 else _IPV4), 0
    if link == _NULL:
        # The family is in the byte order of the machine that captured.
        return _FAMILIES.get(data[0] | data[3], 0), 4
    if link == _LOOP:
        return _FAMILIES.get(data[3], 0), 4
    if link == _SLL:
        return _U16(data, 14)[0], 16
    if link == _SLL2:
        return _U16(data, 0)[0], 20
    if link in _PPP:
        at = 2 if data[0] == 0xFF else 0
        return _OF_PPP.get(_U16(data, at)[0], 0), at + 2
    return None


def _unread(link: int) -> str:
    name = f" ({_NAMES[link]})" if link in _NAMES else ""
    return (
        f"packets of link type {link}{name} are not read: capture on an Ethernet, loopback or `any` interface"
    )
