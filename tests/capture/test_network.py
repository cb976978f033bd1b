"""TCP segments out of what links carry."""

import struct
from collections.abc import Callable

import pytest

from fakesmb.capture.network import ends, other_way
from tests.capture.test_streams import message
from tests.capture.written import ETHERNET, Tcp, Written, ethernet, halves, ip, ipv4, ipv6, troubles

Wrap = Callable[[bytes], bytes]


def kind(packet: bytes) -> bytes:
    return b"\x08\x00" if packet[0] >> 4 == 4 else b"\x86\xdd"


LINKS: dict[str, tuple[int, Wrap]] = {
    "Ethernet": (1, ethernet),
    "VLAN": (1, lambda packet: ethernet(packet, 0x8100)),
    "QinQ": (1, lambda packet: ethernet(packet, 0x88A8, 0x8100)),
    "PPPoE": (
        1,
        lambda packet: (
            ETHERNET
            + b"\x88\x64\x11\0\0\1\0\0"
            + (b"\x00\x21" if packet[0] >> 4 == 4 else b"\x00\x57")
            + packet
        ),
    ),
    "SLL": (113, lambda packet: bytes(14) + kind(packet) + packet),
    "SLL2": (276, lambda packet: kind(packet) + bytes(18) + packet),
    "NULL": (0, lambda packet: struct.pack("<I", 2 if packet[0] >> 4 == 4 else 30) + packet),
    "NULL of the other byte order": (
        0,
        lambda packet: struct.pack(">I", 2 if packet[0] >> 4 == 4 else 24) + packet,
    ),
    "LOOP": (108, lambda packet: struct.pack(">I", 2 if packet[0] >> 4 == 4 else 28) + packet),
    "RAW": (101, lambda packet: packet),
    "RAW of BSD": (12, lambda packet: packet),
    "PPP": (9, lambda packet: b"\xff\x03" + (b"\x00\x21" if packet[0] >> 4 == 4 else b"\x00\x57") + packet),
}


@pytest.mark.parametrize("addresses", [("10.0.0.1", "10.0.0.2"), ("fe80::1", "fe80::2")])
@pytest.mark.parametrize("link", LINKS)
def test_links(link: str, addresses: tuple[str, str]) -> None:
    capture = Written(*LINKS[link])
    tcp = Tcp(capture, (addresses[0], 1025), (addresses[1], 445)).open()
    tcp.send(True, message(1))
    tcp.send(False, message(1, reply=True))
    found = halves(capture.events())
    assert [one.number for one in found] == [4, 5]
    bracketed = f"[{addresses[0]}]" if ":" in addresses[0] else addresses[0]
    assert found[0].client.peer == f"{bracketed}:1025"


def sent(wrap: Wrap) -> list[int]:
    """The frames of messages, where packets of IP are wrapped so."""
    capture = Written(wrap=wrap)
    tcp = Tcp(capture).open()
    tcp.send(True, message(1))
    tcp.send(False, message(1, reply=True))
    return [one.number for one in halves(capture.events())]


def test_padding_and_options() -> None:
    assert sent(lambda packet: ethernet(packet) + bytes(30)) == [4, 5]

    def options(packet: bytes) -> bytes:
        size = struct.pack(">H", len(packet) + 8)
        return ethernet(b"\x47" + packet[1:2] + size + packet[4:20] + bytes(8) + packet[20:])

    assert sent(options) == [4, 5]


def test_a_length_that_the_network_card_fills_in() -> None:
    assert sent(lambda packet: ethernet(packet[:2] + b"\0\0" + packet[4:])) == [4, 5]


def test_extension_headers_of_ipv6() -> None:
    def extended(packet: bytes) -> bytes:
        rest = packet[20:]
        headers = (
            bytes((60, 0)) + bytes(6)  # hop by hop
            + bytes((43, 1)) + bytes(14)  # destination options of two units
            + bytes((51, 0)) + bytes(6)  # routing
            + bytes((44, 1)) + bytes(10)  # authentication of 12 bytes
            + bytes((6, 0, 0, 0, 1, 2, 3, 4))  # a fragment that is all
        )  # fmt: skip
        return ethernet(ipv6("fe80::1", "fe80::2", rest, extensions=headers, first=0))

    assert sent(extended) == [4, 5]
    assert sent(lambda packet: ethernet(ipv6("fe80::1", "fe80::2", packet[20:], first=59))) == []
    endless = bytes((0, 0)) + bytes(6)
    many = endless * 20
    assert (
        sent(lambda packet: ethernet(ipv6("fe80::1", "fe80::2", packet[20:], extensions=many, first=0))) == []
    )


def test_fragments_of_ipv6() -> None:
    capture = Written()
    tcp = Tcp(capture, ("fe80::1", 1025), ("fe80::2", 445)).open()
    whole = tcp.segment(True, message(1, data=bytes(200)))[40:]
    for at in (96, 0, 192):
        piece = whole[at : at + 96]
        place = at | (1 if at + 96 < len(whole) else 0)
        header = struct.pack(">BBHI", 6, 0, place, 77)
        capture.packet(ipv6("fe80::1", "fe80::2", piece, extensions=header, first=44))
    capture.packet(
        ipv6("fe80::1", "fe80::2", b"x" * 8, extensions=struct.pack(">BBHI", 17, 0, 8, 5), first=44)
    )
    found = capture.events()
    assert [one.number for one in halves(found)] == [6]
    assert not troubles(found)


def test_fragments_that_overlap_or_never_come() -> None:
    capture = Written()
    for at, size, more in ((0, 24, True), (16, 24, False)):
        capture.packet(ipv4("10.0.0.1", "10.0.0.2", bytes(size), part=at, more=more))
    capture.packet(ipv4("10.0.0.1", "10.0.0.2", bytes(24), more=True, number=8))
    capture.packet(ipv4("10.0.0.1", "10.0.0.2", bytes(24), more=True, number=8))
    capture.packet(ipv4("10.0.0.1", "10.0.0.2", bytes(24), more=True, number=9))
    short = ((0, 8, True), (8, 8, False))
    for at, size, more in short:  # together too short for a TCP header
        capture.packet(ipv4("10.0.0.1", "10.0.0.2", bytes(size), part=at, more=more, number=10))
    assert troubles(capture.events()) == [
        "frame 2: fragments that overlap: their datagram is dropped",
        "frame 3: a fragment of a datagram that never became whole; so are 1 more",
    ]


def test_what_is_no_segment_is_passed_by() -> None:
    capture = Written()
    capture.add(b"")
    capture.add(ETHERNET + b"\x08\x06" + bytes(28))  # ARP
    capture.add(ETHERNET + b"\x08\x00\x45")
    capture.packet(ip("10.0.0.1", "10.0.0.2", b"")[:9] + b"\x11" + bytes(30))  # UDP
    capture.packet(ipv4("10.0.0.1", "10.0.0.2", bytes(20)))  # a TCP header that says it has none
    assert capture.events() == []


def test_a_link_that_is_not_known_is_one_line() -> None:
    capture = Written(105, lambda packet: packet)
    tcp = Tcp(capture).open()
    tcp.send(True, message(1))
    assert troubles(capture.events()) == [
        "frame 1: packets of link type 105 (IEEE 802.11) are not read: "
        "capture on an Ethernet, loopback or `any` interface"
    ]


def test_directions_have_names() -> None:
    way = bytes((10, 0, 0, 1, 10, 0, 0, 2)) + b"\x04\x01\x01\xbd"
    assert ends(way) == ("10.0.0.1:1025", "10.0.0.2:445")
    assert ends(other_way(way)) == ("10.0.0.2:445", "10.0.0.1:1025")
    assert other_way(other_way(way)) == way
