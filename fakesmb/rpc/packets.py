"""PDUs of connection-oriented DCE/RPC 5.0, to and from bytes ([C706] 12.6, [MS-RPCE] 2.2.2).

Whoever sends a PDU chooses its byte order; ours are little-endian, those of clients may be either.
"""

import struct
import uuid
from enum import IntEnum
from typing import Any, Final

import msgspec

from fakesmb.wire.codec import DecodeError

LITTLE_ENDIAN: Final = 0x10
"""Integer representation in the first byte of a data representation label, [C706] 14.1."""
HEADER_SIZE: Final = 16
CALL_SIZE: Final = 24
"""A request's or response's header with its own fields: where the stub begins."""
OBJECT_SIZE: Final = 16


class Kind(IntEnum):
    """PDU types, [C706] 12.6.4."""

    REQUEST = 0
    RESPONSE = 2
    FAULT = 3
    BIND = 11
    BIND_ACK = 12
    BIND_NAK = 13
    ALTER_CONTEXT = 14
    ALTER_CONTEXT_RESPONSE = 15
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


class FaultCode:
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


class Fault(Exception):
    """What is answered with a fault PDU.

    `executed` says whether the call may have had an effect, `last` that the connection ends with it. `context`
    and `call` are what the PDU shall name where that is not what the offending one named.
    """

    def __init__(
        self,
        status: int,
        why: str = "",
        *,
        executed: bool = False,
        last: bool = False,
        context: int = 0,
        call: int | None = None,
    ) -> None:
        super().__init__(status, why)
        self.status = status
        self.why = why
        self.executed = executed
        self.last = last
        self.context = context
        self.call = call


class BindRefused(Exception):
    """What is answered with a bind_nak PDU, the last of its connection."""

    def __init__(self, reason: int, why: str) -> None:
        super().__init__(reason, why)
        self.reason = reason
        self.why = why


class Layout:
    """Fields that may come in either byte order."""

    def __init__(self, fields: str) -> None:
        self._orders = {order: struct.Struct(order + fields) for order in "<>"}
        self.size = self._orders["<"].size

    def read(self, data: bytes, at: int, order: str) -> tuple[Any, ...]:
        """The fields' values; raises `DecodeError`."""
        if len(data) - at < self.size:
            raise DecodeError(f"{self.size} bytes due at {at} of {len(data)}")
        return self._orders[order].unpack_from(data, at)

    def pack(self, *values: object) -> bytes:
        """The fields, little-endian."""
        return self._orders["<"].pack(*values)


_HEADER: Final = Layout("BBBB4sHHI")
_BIND: Final = Layout("HHIB")
_CONTEXTS_AT: Final = 28
_CONTEXT: Final = Layout("HBx")
_SYNTAX: Final = Layout("16sI")
_CALL: Final = Layout("IHH")
_TRAILER: Final = Layout("BBBBI")
_FAULT: Final = Layout("IHBBII")
_NAK: Final = Layout("HBBB")
TRAILER_SIZE: Final = _TRAILER.size


class Syntax(msgspec.Struct, frozen=True):
    """An interface or transfer syntax: UUID and version (p_syntax_id_t)."""

    uuid: uuid.UUID
    major: int
    minor: int = 0

    def encode(self) -> bytes:
        """20 bytes."""
        return _SYNTAX.pack(self.uuid.bytes_le, self.minor << 16 | self.major)

    @classmethod
    def decode(cls, data: bytes, at: int, order: str) -> "Syntax":
        """Reads one; raises `DecodeError`."""
        raw, version = _SYNTAX.read(data, at, order)
        found = uuid.UUID(bytes_le=raw) if order == "<" else uuid.UUID(bytes=raw)
        return cls(found, version & 0xFFFF, version >> 16)


NO_SYNTAX: Final = bytes(_SYNTAX.size)


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
    """The body of bind and alter_context."""

    max_transmit: int
    max_receive: int
    group: int
    contexts: tuple[Context, ...]


class Packet(msgspec.Struct, frozen=True):
    """One whole PDU from a client: its header, and ways to read what follows."""

    data: bytes
    order: str
    version: tuple[int, int]
    kind: int
    flags: int
    auth_length: int
    call: int

    @classmethod
    def take(cls, stream: bytearray) -> "Packet | None":
        """Cuts the next PDU off a stream, or gives None while it is not whole; raises `DecodeError`."""
        if len(stream) < HEADER_SIZE:
            return None
        order = "<" if stream[4] & LITTLE_ENDIAN else ">"
        major, minor, kind, flags, _, length, auth_length, call = _HEADER.read(
            bytes(stream[:HEADER_SIZE]), 0, order
        )
        if length < HEADER_SIZE:
            raise DecodeError(f"a PDU of {length} bytes")
        if len(stream) < length:
            return None
        data = bytes(stream[:length])
        del stream[:length]
        return cls(data, order, (major, minor), kind, flags, auth_length, call)

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
        at = len(self.data) - self.auth_length - TRAILER_SIZE
        if at < body_at:
            raise DecodeError("a verifier that is not there")
        kind, level, pad, _, context = _TRAILER.read(self.data, at, self.order)
        if pad > at - body_at:
            raise DecodeError("more padding than there is before the verifier")
        return Verifier(kind, level, pad, context, self.data[at + TRAILER_SIZE :], at)


def pdu(
    kind: Kind, call: int, body: bytes, flags: int = Flag.WHOLE, *, trailer: bytes = b"", value: bytes = b""
) -> bytes:
    """A whole PDU around a body and, where there is one, a verifier (`trailer` and `value`)."""
    length = HEADER_SIZE + len(body) + len(trailer) + len(value)
    head = _HEADER.pack(5, 0, kind, flags, bytes((LITTLE_ENDIAN, 0, 0, 0)), length, len(value), call)
    return head + body + trailer + value


def fault(call: int, error: Fault) -> bytes:
    """A fault PDU, [C706] 12.6.4.7."""
    flags = Flag.WHOLE if error.executed else Flag.WHOLE | Flag.DID_NOT_EXECUTE
    body = _FAULT.pack(HEADER_SIZE + _FAULT.size, error.context, 0, 0, error.status, 0)
    return pdu(Kind.FAULT, call if error.call is None else error.call, body, flags)


def bind_nak(call: int, reason: int) -> bytes:
    """A bind_nak PDU with the one version we speak, [C706] 12.6.4.5."""
    return pdu(Kind.BIND_NAK, call, _NAK.pack(reason, 1, 5, 0) + bytes(3))


def acknowledgement(sizes: tuple[int, int], group: int, address: bytes, results: list[bytes]) -> bytes:
    """The body of bind_ack and alter_context_resp, [C706] 12.6.4.4. `address` has its null."""
    body = struct.pack("<HHIH", *sizes, group, len(address)) + address
    body += bytes(-len(body) % 4)
    return body + struct.pack("<BBH", len(results), 0, 0) + b"".join(results)


def response_head(left: int, context: int) -> bytes:
    """What a response has behind the header: the allocation hint, the context, no cancels."""
    return struct.pack("<IHBB", left, context & 0xFF, 0, 0)
