"""NetBIOS datagrams (RFC 1002 4.4) and the mailslot messages in them ([MS-MAIL] 2.2.1), read and written; no state."""

import struct
from enum import IntEnum
from typing import Final, NamedTuple

from fakesmb.wire.codec import Buffer, DecodeError
from fakesmb.wire.commands import Command
from fakesmb.wire.header import HEADER_SIZE, Header, block_at, pack_header
from fakesmb.wire.netbios import NetBIOSName, decode_name, encode_name
from fakesmb.wire.trans import TransactionRequest

BROWSE: Final = "\\MAILSLOT\\BROWSE"
"""What browsers listen to ([MS-BRWS] 2.1)."""
_HEADER: Final = struct.Struct(">BBH4sHHH")
_FIRST: Final = 0x02
_MORE: Final = 0x01
_WRITE: Final = struct.Struct("<HHH").pack(1, 0, 2)
"""The setup words of a mailslot message: a write, of no priority, of the class that needs no answer."""


class DatagramType(IntEnum):
    """MSG_TYPE, RFC 1002 4.4.1."""

    DIRECT_UNIQUE = 0x10
    DIRECT_GROUP = 0x11
    BROADCAST = 0x12


class Datagram(NamedTuple):
    """From whom, to whom, and what."""

    source: NetBIOSName
    destination: NetBIOSName
    data: bytes
    kind: int = DatagramType.DIRECT_GROUP
    id: int = 0
    address: str = "0.0.0.0"
    port: int = 138


def decode(data: Buffer, encoding: str = "cp850") -> Datagram:
    """Reads a datagram that is whole; raises `DecodeError`, of one in fragments too: nobody sends those."""
    if len(data) < _HEADER.size:
        raise DecodeError(f"{len(data)} bytes are no datagram")
    kind, flags, number, address, port, length, offset = _HEADER.unpack_from(data)
    if kind not in _KINDS:
        raise DecodeError(f"a datagram of type 0x{kind:02X} carries nothing")
    if flags & _MORE or not flags & _FIRST or offset:
        raise DecodeError("a part of a datagram")
    source, at = decode_name(data, _HEADER.size, encoding)
    destination, at = decode_name(data, at, encoding)
    end = min(len(data), _HEADER.size + length)
    return Datagram(source, destination, bytes(data[at:end]), kind, number, ".".join(map(str, address)), port)


_KINDS: Final = frozenset(DatagramType)


def encode(datagram: Datagram, encoding: str = "cp850") -> bytes:
    """The bytes of a datagram."""
    names = encode_name(datagram.source, encoding) + encode_name(datagram.destination, encoding)
    head = _HEADER.pack(
        datagram.kind,
        _FIRST,
        datagram.id,
        bytes(map(int, datagram.address.split("."))),
        datagram.port,
        len(names) + len(datagram.data),
        0,
    )
    return head + names + datagram.data


def message_of(data: Buffer, encoding: str = "cp850") -> tuple[str, bytes]:
    """The mailslot that a message is for, in upper case, and what it brings; raises `DecodeError`."""
    header = Header.decode(data)
    if header.command != Command.TRANSACTION or header.is_reply:
        raise DecodeError(f"command 0x{header.command:02X} is no message to a mailslot")
    block = block_at(data, HEADER_SIZE, unicode=header.unicode, encoding=encoding)
    request = TransactionRequest.decode(block)
    if not request.complete:
        raise DecodeError("a part of a message to a mailslot")
    return request.name.upper(), bytes(request.data)


def message(mailslot: str, data: bytes, encoding: str = "cp850") -> bytes:
    """A message to a mailslot."""
    header = pack_header(Command.TRANSACTION, 0, 0, 0, 0, 0, 0, 0, 0)
    request = TransactionRequest(name=mailslot, setup=_WRITE, data=data)
    return header + b"".join(request.encode(HEADER_SIZE, unicode=False, encoding=encoding))
