"""PDUs of connection-oriented DCE/RPC 5.0, to and from bytes ([C706] 12.6, [MS-RPCE] 2.2.2).

Whoever sends a PDU chooses its byte order; ours are little-endian, those of clients may be either. The same structures
serve the server and the record: what needs a whole PDU says so, everything else reads the PDU as far as it goes.
"""

import struct
from enum import IntEnum
from typing import Any, Final
from uuid import UUID

import msgspec

from fakesmb.wire.codec import Buffer, DecodeError

LITTLE_ENDIAN: Final = 0x10
"""Integer representation in the first byte of a data representation label, [C706] 14.1."""
HEADER_SIZE: Final = 16
CALL_SIZE: Final = 24
"""A request's or response's header with its own fields: where the stub begins."""
OBJECT_SIZE: Final = 16


class PacketType(IntEnum):
    """PTYPE of the connection-oriented protocol, [C706] 12.6.4."""

    REQUEST = 0
    RESPONSE = 2
    FAULT = 3
    BIND = 11
    BIND_ACK = 12
    BIND_NAK = 13
    ALTER_CONTEXT = 14
    ALTER_CONTEXT_RESP = 15
    AUTH3 = 16
    SHUTDOWN = 17
    CO_CANCEL = 18
    ORPHANED = 19


class Flag:
    """PDU flags, [C706] 12.6.3.1 and [MS-RPCE] 2.2.2.3."""

    FIRST: Final = 0x01
    LAST: Final = 0x02
    HEADER_SIGNING: Final = 0x04
    """In bind and alter_context and their answers."""
    PENDING_CANCEL: Final = 0x04
    """In all others."""
    MULTIPLEXED: Final = 0x10
    DID_NOT_EXECUTE: Final = 0x20
    OBJECT_UUID: Final = 0x80
    WHOLE: Final = FIRST | LAST


class FaultStatus:
    """Status of a fault PDU, [C706] appendix E and [MS-ERREF] 2.2."""

    ACCESS_DENIED: Final = 0x00000005
    NO_CALL_ACTIVE: Final = 0x000006BD
    BAD_STUB_DATA: Final = 0x000006F7
    SECURITY_PACKAGE: Final = 0x00000721
    CONTEXT_MISMATCH: Final = 0x1C00001A
    NO_MEMORY: Final = 0x1C00001B
    OPERATION_RANGE: Final = 0x1C010002
    UNKNOWN_INTERFACE: Final = 0x1C010003
    PROTOCOL: Final = 0x1C01000B


class NakReason:
    """Why a bind is refused as a whole, [MS-RPCE] 2.2.2.5."""

    NOT_SPECIFIED: Final = 0
    PROTOCOL: Final = 4
    AUTHENTICATION_TYPE: Final = 8
    INVALID_CHECKSUM: Final = 9


class Layout:
    """Fields that may come in either byte order."""

    __slots__ = ("_orders", "size")

    def __init__(self, fields: str) -> None:
        self._orders = {order: struct.Struct(order + fields) for order in "<>"}
        self.size = self._orders["<"].size

    def read(self, data: Buffer, at: int, order: str) -> tuple[Any, ...]:
        """The fields' values; raises `DecodeError` where the data end before them."""
        if len(data) - at < self.size:
            raise DecodeError(f"a DCE/RPC PDU ends at {len(data)}, {self.size} bytes are due at {at}")
        return self._orders[order].unpack_from(data, at)

    def pack(self, *values: object) -> bytes:
        """The fields, little-endian."""
        return self._orders["<"].pack(*values)


_HEADER: Final = Layout("BBBB4sHHI")
_BIND: Final = Layout("HHIB")
_CONTEXTS_AT: Final = 28
_CONTEXT: Final = Layout("HBx")
_SYNTAX: Final = Layout("16sI")
_ACKNOWLEDGED: Final = Layout("HHIH")
_RESULTS: Final = Layout("B3x")
_RESULT: Final = Layout("HH")
_CALL: Final = Layout("IHH")
_TRAILER: Final = Layout("BBBBI")
_FAULT: Final = Layout("IHBBI")
_NAK: Final = Layout("H")
_VERSIONS: Final = bytes((1, 5, 0))
"""Of a bind_nak: one protocol version is spoken here, 5.0."""
TRAILER_SIZE: Final = _TRAILER.size


class Syntax(msgspec.Struct, frozen=True):
    """An interface or transfer syntax: UUID and version (p_syntax_id_t, [C706] 12.6.3.1)."""

    uuid: UUID
    major: int
    minor: int = 0

    def encode(self) -> bytes:
        """20 bytes."""
        return _SYNTAX.pack(self.uuid.bytes_le, self.minor << 16 | self.major)

    @classmethod
    def decode(cls, data: Buffer, at: int, order: str) -> "Syntax":
        """Reads one; raises `DecodeError`."""
        raw, version = _SYNTAX.read(data, at, order)
        found = UUID(bytes_le=raw) if order == "<" else UUID(bytes=raw)
        return cls(found, version & 0xFFFF, version >> 16)


NDR: Final = Syntax(UUID("8a885d04-1ceb-11c9-9fe8-08002b104860"), 2)
"""The 32-bit transfer syntax, [C706] appendix I."""
NDR64: Final = Syntax(UUID("71710533-beba-4937-8319-b5dbef9ccc36"), 1)
"""[MS-RPCE] 2.2.4.12."""
NO_SYNTAX: Final = Syntax(UUID(int=0), 0)
"""In the result of a presentation context that was refused."""


class Verifier(msgspec.Struct, frozen=True):
    """sec_trailer and what follows it, [MS-RPCE] 2.2.2.11. `at` is where the trailer begins in its PDU."""

    type: int
    level: int
    pad: int
    context: int
    value: bytes = b""
    at: int = 0

    def encode(self) -> bytes:
        """The trailer, without its value."""
        return _TRAILER.pack(self.type, self.level, self.pad, 0, self.context)


class Context(msgspec.Struct, frozen=True):
    """A presentation context that a client asks for (p_cont_elem_t)."""

    id: int
    interface: Syntax
    transfers: tuple[Syntax, ...]


class Bind(msgspec.Struct, frozen=True):
    """The body of bind and alter_context, [C706] 12.6.4.3 and 12.6.4.1."""

    max_transmit: int
    max_receive: int
    group: int
    contexts: tuple[Context, ...]


class Result(msgspec.Struct, frozen=True):
    """What became of one presentation context (p_result_t). `result` 0 is acceptance."""

    result: int
    reason: int = 0
    syntax: Syntax = NO_SYNTAX


class BindAck(msgspec.Struct, frozen=True):
    """The body of bind_ack and alter_context_resp, [C706] 12.6.4.4 and 12.6.4.2. `address` has its null."""

    max_transmit: int
    max_receive: int
    group: int
    address: bytes
    results: tuple[Result, ...]

    def encode(self) -> bytes:
        """The body, which begins behind the header."""
        sizes = (self.max_transmit, self.max_receive, self.group, len(self.address))
        body = _ACKNOWLEDGED.pack(*sizes) + self.address
        body += bytes(-len(body) % 4) + _RESULTS.pack(len(self.results))
        return body + b"".join(
            _RESULT.pack(one.result, one.reason) + one.syntax.encode() for one in self.results
        )


class FaultBody(msgspec.Struct, frozen=True):
    """The body of fault, [C706] 12.6.4.7."""

    context: int
    status: int

    def encode(self) -> bytes:
        """The body, its reserved field included; the allocation hint is the PDU's length, as Windows has it."""
        size = _FAULT.size + 4
        return _FAULT.pack(HEADER_SIZE + size, self.context, 0, 0, self.status) + bytes(4)


class Packet(msgspec.Struct, frozen=True):
    """A PDU: its header, and ways to read what follows. `data` begins with the header and may end early."""

    data: bytes
    order: str
    version: tuple[int, int]
    type: int
    flags: int
    length: int
    """Of the whole PDU, as its header says."""
    auth_length: int
    call: int

    @classmethod
    def peek(cls, data: Buffer) -> "Packet":
        """The PDU that begins the data, which may hold only part of it; raises `DecodeError`."""
        data = bytes(data)
        order = "<" if len(data) > 4 and data[4] & LITTLE_ENDIAN else ">"
        major, minor, kind, flags, _, length, auth_length, call = _HEADER.read(data, 0, order)
        if length < HEADER_SIZE:
            raise DecodeError(f"a DCE/RPC PDU cannot have a length of {length} bytes")
        return cls(data[:length], order, (major, minor), kind, flags, length, auth_length, call)

    @classmethod
    def take(cls, stream: bytearray) -> "Packet | None":
        """Cuts the next PDU off a stream, or gives None while it is not whole; raises `DecodeError`."""
        if len(stream) < HEADER_SIZE:
            return None
        length = cls.peek(stream[:HEADER_SIZE]).length
        if len(stream) < length:
            return None
        packet = cls.peek(stream[:length])
        del stream[:length]
        return packet

    def bind(self) -> Bind:
        """The PDU as a bind or alter_context; raises `DecodeError`."""
        transmit, receive, group, count = _BIND.read(self.data, HEADER_SIZE, self.order)
        at = _CONTEXTS_AT
        contexts = []
        for _ in range(count):
            number, transfers = _CONTEXT.read(self.data, at, self.order)
            at += _CONTEXT.size
            syntaxes = [
                Syntax.decode(self.data, at + _SYNTAX.size * index, self.order)
                for index in range(1 + transfers)
            ]
            at += _SYNTAX.size * len(syntaxes)
            contexts.append(Context(number, syntaxes[0], tuple(syntaxes[1:])))
        return Bind(transmit, receive, group, tuple(contexts))

    def bind_ack(self) -> BindAck:
        """The PDU as a bind_ack or alter_context_resp; raises `DecodeError`."""
        data, order = self.data, self.order
        transmit, receive, group, size = _ACKNOWLEDGED.read(data, HEADER_SIZE, order)
        start = HEADER_SIZE + _ACKNOWLEDGED.size
        at = start + size
        at += -at % 4
        (count,) = _RESULTS.read(data, at, order)
        at += _RESULTS.size
        results = []
        for _ in range(count):
            result, reason = _RESULT.read(data, at, order)
            results.append(Result(result, reason, Syntax.decode(data, at + _RESULT.size, order)))
            at += _RESULT.size + _SYNTAX.size
        return BindAck(transmit, receive, group, data[start : start + size], tuple(results))

    def fault(self) -> FaultBody:
        """The PDU as a fault; raises `DecodeError`."""
        _, context, _, _, status = _FAULT.read(self.data, HEADER_SIZE, self.order)
        return FaultBody(context, status)

    def nak_reason(self) -> int:
        """Why a bind_nak refuses; raises `DecodeError`."""
        reason: int = _NAK.read(self.data, HEADER_SIZE, self.order)[0]
        return reason

    def call_head(self) -> tuple[int, int, int]:
        """A request's allocation hint, presentation context and operation number; raises `DecodeError`."""
        hint, context, operation = _CALL.read(self.data, HEADER_SIZE, self.order)
        return hint, context, operation

    @property
    def stub_at(self) -> int:
        """Where a request's stub begins."""
        return CALL_SIZE + (OBJECT_SIZE if self.flags & Flag.OBJECT_UUID else 0)

    def verifier(self, body_at: int) -> Verifier | None:
        """What authenticates the PDU, or None; it and its padding lie behind `body_at`. Raises `DecodeError`."""
        if not self.auth_length:
            return None
        at = self.length - self.auth_length - TRAILER_SIZE
        if at < body_at:
            raise DecodeError(f"a verifier of {self.auth_length} bytes does not fit a PDU of {self.length}")
        kind, level, pad, _, context = _TRAILER.read(self.data, at, self.order)
        if pad > at - body_at:
            raise DecodeError(f"{pad} bytes of padding before the verifier, {at - body_at} there")
        return Verifier(kind, level, pad, context, self.data[at + TRAILER_SIZE :], at)


def pdu(
    kind: PacketType,
    call: int,
    body: bytes,
    flags: int = Flag.WHOLE,
    *,
    trailer: bytes = b"",
    value: bytes = b"",
) -> bytes:
    """A whole PDU around a body and, where there is one, a verifier (`trailer` and `value`)."""
    length = HEADER_SIZE + len(body) + len(trailer) + len(value)
    head = _HEADER.pack(5, 0, kind, flags, bytes((LITTLE_ENDIAN, 0, 0, 0)), length, len(value), call)
    return head + body + trailer + value


def bind_nak(call: int, reason: int) -> bytes:
    """A bind_nak PDU with the one protocol version we speak, [C706] 12.6.4.5."""
    return pdu(PacketType.BIND_NAK, call, _NAK.pack(reason) + _VERSIONS + bytes(3))


def response_head(left: int, context: int) -> bytes:
    """What a response has behind the header: the allocation hint, the context, no cancels."""
    return _CALL.pack(left, context & 0xFF, 0)
