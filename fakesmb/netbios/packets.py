"""Packets of the name service (RFC 1002 4.2), read and written; no state.

All of a packet that counts fits one datagram: a question, and the record that it is about or answered by.
"""

import struct
from enum import IntEnum, IntFlag
from typing import Final, NamedTuple

from fakesmb.wire.codec import Buffer, DecodeError
from fakesmb.wire.netbios import NAME_SIZE, NetBIOSName, decode_name, encode_name
from fakesmb.wire.oem import encode_short

LONGEST: Final = 576
"""Bytes of a packet over UDP (RFC 1002 4.4, MAX_DATAGRAM_LENGTH)."""
INTERNET: Final = 1
"""The class of every question and record."""
MOST_PARTS: Final = 4
"""Questions and records of one packet: registrations have one of each."""
_HEADER: Final = struct.Struct(">HHHHHH")
_QUESTION: Final = struct.Struct(">HH")
_RECORD: Final = struct.Struct(">HHIH")
_ADDRESS: Final = struct.Struct(">H4s")
_NAME_ENTRY: Final = struct.Struct(">15sBH")
_TO_QUESTION: Final = struct.pack(">H", 0xC000 | _HEADER.size)
"""A pointer to the name of the question, in place of a record's own, as RFC 1002 4.2.2 has it."""
_STATISTICS: Final = bytes(46)
"""UNIT_ID, which is the hardware address where a node tells it, and counters that nobody reads."""


class Opcode(IntEnum):
    """RFC 1002 4.2.1.1; 9 is what Windows sends for a refresh, 15 what it registers by with several addresses."""

    QUERY = 0
    REGISTRATION = 5
    RELEASE = 6
    WAIT = 7
    REFRESH = 8
    REFRESH_WINDOWS = 9
    MULTIHOMED = 15


class Flag(IntFlag):
    """NM_FLAGS with the bit R, where they stand in the second word of the header."""

    RESPONSE = 0x8000
    AUTHORITATIVE = 0x0400
    TRUNCATED = 0x0200
    RECURSION_DESIRED = 0x0100
    RECURSION_AVAILABLE = 0x0080
    BROADCAST = 0x0010


class Rcode(IntEnum):
    """RFC 1002 4.2.6 and 4.2.14."""

    OK = 0
    FORMAT = 1
    SERVER = 2
    NO_SUCH_NAME = 3
    UNSUPPORTED = 4
    REFUSED = 5
    ACTIVE = 6
    """Another node owns the name."""
    CONFLICT = 7


class Kind(IntEnum):
    """Types of questions and records, RFC 1002 4.2.1.2."""

    NULL = 0x0A
    """Of the empty record that says that a name is not there (4.2.14)."""
    ADDRESS = 0x20
    STATUS = 0x21


class NameFlag(IntFlag):
    """NB_FLAGS of an address (4.2.1.3), and NAME_FLAGS of a status (4.2.18)."""

    GROUP = 0x8000
    CONFLICT = 0x0800
    ACTIVE = 0x0400


class Question(NamedTuple):
    """What is asked for."""

    name: NetBIOSName
    kind: int = Kind.ADDRESS


class Record(NamedTuple):
    """A resource record."""

    name: NetBIOSName
    kind: int
    seconds: int
    """For how long it may be kept."""
    data: bytes


class Packet(NamedTuple):
    """A packet. Of a registration `record` is what it registers."""

    id: int
    opcode: int
    flags: int
    rcode: int = 0
    question: Question | None = None
    record: Record | None = None

    @property
    def is_response(self) -> bool:
        """Whether it answers."""
        return bool(self.flags & Flag.RESPONSE)

    @property
    def is_broadcast(self) -> bool:
        """Whether it says that all nodes were asked."""
        return bool(self.flags & Flag.BROADCAST)


class Owner(NamedTuple):
    """What the record of a name says."""

    group: bool
    address: str


class StatusEntry(NamedTuple):
    """One name of a node, as its status has it."""

    name: NetBIOSName
    flags: int = NameFlag.ACTIVE


def decode(data: Buffer, encoding: str = "cp850") -> Packet:
    """Reads a packet; raises `DecodeError`. What stands behind the last record is not looked at."""
    if len(data) < _HEADER.size:
        raise DecodeError(f"{len(data)} bytes are no packet of the name service")
    number, word, *counts = _HEADER.unpack_from(data)
    if sum(counts) > MOST_PARTS or counts[0] > 1:
        raise DecodeError(f"{counts[0]} questions and {sum(counts[1:])} records in one packet")
    at = _HEADER.size
    question = record = None
    if counts[0]:
        name, at = decode_name(data, at, encoding, pointers=True)
        kind, at = _fixed(data, at, _QUESTION)[0], at + _QUESTION.size
        question = Question(name, kind)
    for _ in range(sum(counts[1:])):
        found, at = _record(data, at, encoding)
        record = record or found
    return Packet(number, word >> 11 & 0x0F, word & ~0x780F, word & 0x0F, question, record)


def _record(data: Buffer, at: int, encoding: str) -> tuple[Record, int]:
    name, at = decode_name(data, at, encoding, pointers=True)
    kind, _, seconds, length = _fixed(data, at, _RECORD)
    at += _RECORD.size
    if at + length > len(data):
        raise DecodeError(f"a record of {length} bytes at {at} of {len(data)}")
    return Record(name, kind, seconds, bytes(data[at : at + length])), at + length


def _fixed(data: Buffer, at: int, layout: struct.Struct) -> tuple[int, ...]:
    if at + layout.size > len(data):
        raise DecodeError(f"a packet of {len(data)} bytes ends at {at}")
    return layout.unpack_from(data, at)


def encode(packet: Packet, encoding: str = "cp850") -> bytes:
    """The bytes of a packet. The record of a registration or release is an additional one, any other an answer."""
    asks, has = packet.question is not None, packet.record is not None
    answers = has and packet.is_response
    head = _HEADER.pack(
        packet.id,
        packet.opcode << 11 | packet.flags | packet.rcode,
        asks,
        answers,
        0,
        has and not answers,
    )
    out = bytearray(head)
    if packet.question is not None:
        out += encode_name(packet.question.name, encoding) + _QUESTION.pack(packet.question.kind, INTERNET)
    if packet.record is not None:
        name, kind, seconds, data = packet.record
        if packet.question is not None and packet.question.name == name:
            out += _TO_QUESTION
        else:
            out += encode_name(name, encoding)
        out += _RECORD.pack(kind, INTERNET, seconds, len(data)) + data
    return bytes(out)


def address_data(owner: Owner) -> bytes:
    """The data of a record that says where a name is: NB_FLAGS of a broadcast node, and an address."""
    flags = NameFlag.GROUP if owner.group else 0
    return _ADDRESS.pack(flags, bytes(map(int, owner.address.split("."))))


def owner_of(record: Record) -> Owner:
    """Who a record says has the name: of several addresses the first. Raises `DecodeError`."""
    if len(record.data) < _ADDRESS.size:
        raise DecodeError(f"a record of {len(record.data)} bytes holds no address")
    flags, address = _ADDRESS.unpack_from(record.data)
    return Owner(bool(flags & NameFlag.GROUP), ".".join(map(str, address)))


def status_data(entries: list[StatusEntry], encoding: str = "cp850") -> bytes:
    """The data of a node's status, RFC 1002 4.2.18: as many names as a packet has room for."""
    most = (LONGEST - _HEADER.size - 255 - _RECORD.size - 1 - len(_STATISTICS)) // _NAME_ENTRY.size
    shown = entries[:most]
    raw = b"".join(
        _NAME_ENTRY.pack(
            encode_short(one.name.name, encoding, NAME_SIZE).ljust(NAME_SIZE), one.name.suffix, one.flags
        )
        for one in shown
    )
    return bytes((len(shown),)) + raw + _STATISTICS


def status_of(record: Record, encoding: str = "cp850") -> list[StatusEntry]:
    """The names of a node's status; raises `DecodeError`."""
    if not record.data or len(record.data) < 1 + record.data[0] * _NAME_ENTRY.size:
        raise DecodeError("a status that is shorter than its names")
    found = []
    for index in range(record.data[0]):
        raw, suffix, flags = _NAME_ENTRY.unpack_from(record.data, 1 + index * _NAME_ENTRY.size)
        found.append(StatusEntry(NetBIOSName(raw.decode(encoding, "replace").rstrip(" \0"), suffix), flags))
    return found
