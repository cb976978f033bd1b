"""The name service by its packets: golden bytes, who owns what, who is refused, what is never answered."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock

from fakesmb.netbios import packets
from fakesmb.netbios.nameservice import NameService, State
from fakesmb.netbios.packets import Flag, Kind, NameFlag, Opcode, Owner, Packet, Question, Rcode, Record
from fakesmb.netbios.rates import Rates
from fakesmb.netbios.told import Around, Place
from fakesmb.wire.codec import DecodeError
from fakesmb.wire.netbios import NetBIOSName

ALL: Place = ("10.0.0.255", 137)
PEER: Place = ("10.0.0.9", 4711)
FAKESMB = NetBIOSName("FAKESMB", 0x20)
GROUP = NetBIOSName("WORKGROUP", 0)
ENCODED = b"\x20EGEBELEFFDENECCACACACACACACACACA\0"
"""FAKESMB<20>."""


class Node:
    """A name service, what it sent and what it told the log."""

    def __init__(self, *, broadcast: Place | None = None, rate: int = 1000, addresses: int = 10) -> None:
        self.clock = Clock()
        self.sent: list[tuple[bytes, Place]] = []
        self.told: list[tuple[str, str, str, str]] = []
        around = Around(
            self.clock,
            lambda size: b"\x12\x34"[:size],
            lambda *one: self.told.append(one),
            lambda other: "10.0.0.1",
        )
        self.rates = Rates(rate, addresses, self.clock.seconds)
        self.service = NameService(around, lambda *one: self.sent.append(one), broadcast, self.rates)
        self.service.register(FAKESMB)
        self.service.register(GROUP, group=True)

    def ask(self, data: bytes, sender: Place = PEER) -> bytes | None:
        """What one packet is answered by."""
        before = len(self.sent)
        self.service.received(data, sender)
        new = self.sent[before:]
        assert len(new) <= 1
        assert all(place == sender for _, place in new)
        return new[0][0] if new else None

    def asked(self, packet: Packet, sender: Place = PEER) -> Packet | None:
        answer = self.ask(packets.encode(packet), sender)
        return None if answer is None else packets.decode(answer)


@pytest.fixture
def node() -> Node:
    return Node()


def query(name: NetBIOSName, kind: int = Kind.ADDRESS, flags: int = Flag.RECURSION_DESIRED) -> Packet:
    return Packet(7, Opcode.QUERY, flags, 0, Question(name, kind))


def registration(
    name: NetBIOSName, *, group: bool = False, broadcast: bool = True, opcode: int = Opcode.REGISTRATION
) -> Packet:
    flags = Flag.RECURSION_DESIRED | (Flag.BROADCAST if broadcast else 0)
    data = packets.address_data(Owner(group, "10.0.0.9"))
    return Packet(8, opcode, flags, 0, Question(name), Record(name, Kind.ADDRESS, 300, data))


def test_a_query_byte_for_byte(node: Node) -> None:
    """RFC 1002 4.2.12 and 4.2.13, as Windows asks and Windows answers."""
    asked = bytes.fromhex("abcd 0110 0001 0000 0000 0000") + ENCODED + bytes.fromhex("0020 0001")
    answer = bytes.fromhex("abcd 8500 0000 0001 0000 0000") + ENCODED
    assert node.ask(asked) == answer + bytes.fromhex("0020 0001 000493e0 0006 0000 0a000001")


def test_a_status_byte_for_byte(node: Node) -> None:
    """RFC 1002 4.2.17 and 4.2.18: the hardware address is zeros, as Samba's."""
    star = b"\x20CK" + b"A" * 30 + b"\0"
    asked = bytes.fromhex("0001 0000 0001 0000 0000 0000") + star + bytes.fromhex("0021 0001")
    answer = node.ask(asked)
    assert answer == (
        bytes.fromhex("0001 8400 0000 0001 0000 0000") + star + bytes.fromhex("0021 0001 00000000 0053 02")
        + b"FAKESMB        \x20\x04\x00" + b"WORKGROUP      \x00\x84\x00" + bytes(46)
    )  # fmt: skip


def test_a_group_says_that_it_is_one(node: Node) -> None:
    answer = node.asked(query(GROUP))
    assert answer is not None
    assert answer.record is not None
    assert packets.owner_of(answer.record) == Owner(True, "10.0.0.1")


def test_the_wildcard_is_answered(node: Node) -> None:
    answer = node.asked(query(NetBIOSName("*", 0), flags=Flag.BROADCAST))
    assert answer is not None
    assert answer.record is not None
    assert packets.owner_of(answer.record).address == "10.0.0.1"


def test_names_that_are_not_ours(node: Node) -> None:
    """Who asks us alone is told that it is none of ours; who asks all hears nothing of it."""
    other = NetBIOSName("OTHER", 0x20)
    answer = node.asked(query(other))
    assert answer is not None
    assert answer.rcode == Rcode.NO_SUCH_NAME
    assert node.asked(query(other, flags=Flag.BROADCAST)) is None
    assert node.asked(query(NetBIOSName("FAKESMB", 0x1D), flags=Flag.BROADCAST)) is None
    assert node.asked(query(FAKESMB._replace(scope="LAB"), flags=Flag.BROADCAST)) is None
    assert node.asked(query(other, Kind.STATUS)) is None
    assert node.asked(query(FAKESMB, Kind.NULL)) is None


def test_case_does_not_matter(node: Node) -> None:
    assert node.asked(query(NetBIOSName("fakesmb", 0x20))) is not None


@pytest.mark.parametrize(
    "opcode", [Opcode.REGISTRATION, Opcode.REFRESH, Opcode.REFRESH_WINDOWS, Opcode.MULTIHOMED]
)
@pytest.mark.parametrize("broadcast", [False, True])
def test_our_names_are_defended(node: Node, opcode: int, broadcast: bool) -> None:
    """RFC 1002 5.1.1.3: a registration of a name that is ours is refused as one that is active."""
    answer = node.asked(registration(FAKESMB, broadcast=broadcast, opcode=opcode))
    assert answer is not None
    assert (answer.opcode, answer.rcode, answer.id) == (Opcode.REGISTRATION, Rcode.ACTIVE, 8)
    assert node.told[-1][0] == "refused"
    assert node.asked(registration(FAKESMB, group=True, broadcast=broadcast, opcode=opcode)) is not None


def test_a_group_takes_members(node: Node) -> None:
    assert node.asked(registration(GROUP, group=True)) is None
    answer = node.asked(registration(GROUP))
    assert answer is not None
    assert answer.rcode == Rcode.ACTIVE


def test_other_names_are_for_others_to_defend(node: Node) -> None:
    """Who asks us alone takes us for a name server."""
    other = NetBIOSName("OTHER", 0x20)
    assert node.asked(registration(other)) is None
    answer = node.asked(registration(other, broadcast=False))
    assert answer is not None
    assert answer.rcode == Rcode.REFUSED


def test_nobody_releases_our_names(node: Node) -> None:
    release = registration(FAKESMB, opcode=Opcode.RELEASE)
    assert node.asked(release) is None
    assert node.told[-1][0] == "refused"
    assert node.service.owns(FAKESMB)
    told = len(node.told)
    assert node.asked(registration(NetBIOSName("OTHER"), opcode=Opcode.RELEASE)) is None
    assert (
        node.asked(registration(GROUP, group=True, opcode=Opcode.RELEASE)) is None
    )  # another member leaves it
    assert len(node.told) == told
    assert node.service.owns(GROUP)


def test_names_are_registered_by_three_broadcasts() -> None:
    """RFC 1002 5.1.1.1: three requests, a quarter of a second apart, and then the name is ours."""
    node = Node(broadcast=ALL)
    node.clock.pump([0.25] * 3)
    mine = [packets.decode(data) for data, place in node.sent if place == ALL]
    ours = [one for one in mine if one.question == Question(FAKESMB)]
    assert [one.flags for one in ours] == [0x0110, 0x0110, 0x0110, 0x0010]
    assert node.service.owns(FAKESMB)
    assert ("registered", "", "FAKESMB<20>", "") in node.told
    assert ("registered", "", "WORKGROUP<00>", "a group's") in node.told
    golden = (
        bytes.fromhex("1234 2910 0001 0000 0000 0001") + ENCODED + bytes.fromhex("0020 0001 c00c 0020 0001")
    )
    assert node.sent[0][0] == golden + bytes.fromhex("000493e0 0006 0000 0a000001")


def test_a_name_that_another_has_is_not_answered_for() -> None:
    node = Node(broadcast=ALL)
    assert node.asked(query(FAKESMB, flags=Flag.BROADCAST)) is None
    number = packets.decode(node.sent[0][0]).id
    record = Record(FAKESMB, Kind.ADDRESS, 0, packets.address_data(Owner(False, "10.0.0.9")))
    refusal = Packet(number, Opcode.REGISTRATION, Flag.RESPONSE, Rcode.ACTIVE, None, record)
    assert node.asked(refusal._replace(id=number ^ 1)) is None
    assert node.service.state(FAKESMB) is State.ASKED
    assert node.asked(refusal) is None
    assert node.service.state(FAKESMB) is State.CONFLICT
    assert node.told[-1][0] == "conflict"
    node.clock.advance(1)
    assert node.service.state(FAKESMB) is State.CONFLICT
    assert node.asked(query(FAKESMB, flags=Flag.BROADCAST)) is None
    status = node.asked(query(NetBIOSName("*", 0), Kind.STATUS))
    assert status is not None
    assert status.record is not None
    assert packets.status_of(status.record)[0].flags == NameFlag.CONFLICT | NameFlag.ACTIVE


def test_what_is_ours_nobody_takes_by_a_word(node: Node) -> None:
    """A conflict demand that anybody may send takes no name from us, as it did from Windows before MS00-047."""
    record = Record(FAKESMB, Kind.ADDRESS, 0, packets.address_data(Owner(False, "10.0.0.9")))
    for rcode in Rcode:
        assert node.asked(Packet(0, Opcode.REGISTRATION, Flag.RESPONSE, rcode, None, record)) is None
    assert node.service.owns(FAKESMB)
    said = [one for one in node.told if one[0] != "registered"]
    assert said == [("refused", "10.0.0.9:4711", "FAKESMB<20>", "a conflict: it is ours")]


def test_our_own_broadcasts_are_no_conflict() -> None:
    node = Node(broadcast=ALL)
    node.clock.pump([0.25] * 4)
    for data, _ in list(node.sent):
        assert node.ask(data) is None
    assert node.service.owns(FAKESMB)


def test_names_are_released_at_the_end() -> None:
    node = Node(broadcast=ALL)
    node.clock.pump([0.25] * 4)
    node.sent.clear()
    node.service.end()
    assert [packets.decode(data).opcode for data, _ in node.sent] == [Opcode.RELEASE] * 2
    assert not node.service.owns(FAKESMB)
    assert node.clock.getDelayedCalls() == []


def test_names_that_were_never_ours_are_not_released() -> None:
    node = Node(broadcast=ALL)
    node.sent.clear()
    node.service.end()
    node.service.release(FAKESMB)
    assert node.sent == []
    assert node.clock.getDelayedCalls() == []


def test_responses_are_never_answered(node: Node) -> None:
    """Two servers that answered each other's answers would never stop."""
    for opcode in range(16):
        for flags in (Flag.RESPONSE, Flag.RESPONSE | Flag.BROADCAST):
            assert node.asked(query(FAKESMB)._replace(opcode=opcode, flags=flags)) is None
    assert node.asked(query(FAKESMB), ("10.0.0.9", 0)) is None


@pytest.mark.parametrize("opcode", [1, 2, 3, 4, 7, 10, 11, 12, 13, 14])
def test_other_opcodes(node: Node, opcode: int) -> None:
    assert node.asked(query(FAKESMB)._replace(opcode=opcode)) is None


def test_an_address_is_heeded_so_often_in_a_second() -> None:
    node = Node(rate=5)
    data = packets.encode(query(FAKESMB))
    assert sum(node.ask(data) is not None for _ in range(9)) == 5
    assert node.ask(data, ("10.0.0.10", 137)) is not None
    node.clock.advance(1)
    assert node.ask(data) is not None
    assert node.rates.dropped == 4


def test_so_many_addresses_are_heeded_in_a_second() -> None:
    node = Node(addresses=3)
    data = packets.encode(query(FAKESMB))
    assert sum(node.ask(data, (f"10.0.1.{one}", 137)) is not None for one in range(200)) == 3
    assert len(node.rates) == 3


def test_all_addresses_together_are_heeded_so_often() -> None:
    node = Node(rate=2, addresses=100)
    data = packets.encode(query(FAKESMB))
    assert sum(node.ask(data, (f"10.0.1.{one}", 137)) is not None for one in range(200)) == 8


def test_a_status_fits_one_packet(node: Node) -> None:
    for number in range(200):
        node.service.register(NetBIOSName(f"NAME{number}", 0x20))
    scoped = NetBIOSName("*", 0)
    answer = node.ask(packets.encode(query(scoped, Kind.STATUS)))
    assert answer is not None
    assert len(answer) <= packets.LONGEST


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 11,
        bytes.fromhex("0001 0000 0002 0000 0000 0000") + ENCODED * 2,
        bytes.fromhex("0001 0000 0001 0009 0000 0000") + ENCODED + bytes(4),
        bytes.fromhex("0001 0000 0001 0000 0000 0000") + b"\xc0\x0c" + bytes.fromhex("0020 0001"),
        bytes.fromhex("0001 0000 0001 0000 0000 0000") + ENCODED + b"\0",
        bytes.fromhex("0001 2900 0001 0000 0000 0001")
        + ENCODED
        + bytes.fromhex("0020 0001 c00c 0020 0001 00000000 0006"),
        bytes.fromhex("0001 2900 0001 0000 0000 0001") + ENCODED + bytes.fromhex("0020 0001 c00c 0020"),
        bytes.fromhex("0001 2900 0001 0000 0000 0001")
        + ENCODED
        + bytes.fromhex("0020 0001 c00c 0020 0001 00000000 0002 0000"),
        bytes.fromhex("0001 2900 0001 0000 0000 0000") + ENCODED + bytes.fromhex("0020 0001"),
        bytes.fromhex("0001 0000 0000 0000 0000 0000"),
    ],
)
def test_what_is_no_packet(node: Node, data: bytes) -> None:
    assert node.ask(data) is None


def test_a_status_that_is_cut() -> None:
    with pytest.raises(DecodeError):
        packets.status_of(Record(FAKESMB, Kind.STATUS, 0, b"\2" + bytes(18)))


@given(st.binary(max_size=120))
def test_any_bytes_are_one_answer_or_none(data: bytes) -> None:
    Node().ask(data)


@given(st.integers(0, 0xFFFF), st.binary(max_size=40), st.integers(0, 33), st.integers(0, 255))
def test_spoilt_packets(word: int, tail: bytes, at: int, byte: int) -> None:
    """A real request with other flags, a byte that is another, and anything behind it."""
    name = bytearray(ENCODED)
    name[at] = byte
    head = struct.pack(">HHHHHH", 1, word, 1, 0, 0, int(bool(tail)))
    answer = Node().ask(head + bytes(name) + bytes.fromhex("00200001") + tail)
    assert answer is None or len(answer) <= packets.LONGEST
