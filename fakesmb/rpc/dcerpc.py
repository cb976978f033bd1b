"""Connection-oriented DCE/RPC 5.0: PDUs in, PDUs out ([C706] chapter 12, [MS-RPCE]).

One `Association` lives on one open pipe. It knows nothing of SMB, and of the interfaces only that they turn a
stub into a stub or raise `Fault`. Whatever the peer sends ends in a PDU or in `Disconnect`, never in another
exception.
"""

import struct
import uuid
from collections.abc import Callable, Iterator
from enum import IntEnum
from typing import Final, Protocol

import msgspec

from fakesmb.rpc.view import Caller
from fakesmb.wire.codec import U8, U16, U32, DecodeError, Raw16, Record

MAX_FRAGMENT: Final = 4280
"""What Windows offers on a named pipe."""
LEAST_FRAGMENT: Final = 64
"""Peers that ask for less than this get this much: a fragment must hold more than its own header."""
MAX_REQUEST: Final = 64 * 1024
"""Bytes of one reassembled request. The calls we serve take a few hundred."""
MAX_CONTEXTS: Final = 64
"""Presentation contexts of one association."""

LITTLE_ENDIAN: Final = 0x10


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
    """PDU flags, [C706] 12.6.3.1."""

    FIRST: Final = 0x01
    LAST: Final = 0x02
    DID_NOT_EXECUTE: Final = 0x20
    OBJECT_UUID: Final = 0x80
    WHOLE: Final = FIRST | LAST


class FaultCode:
    """Status of a fault PDU, [C706] appendix E and [MS-RPCE] 2.2.2.11."""

    ACCESS_DENIED: Final = 0x00000005
    BAD_STUB_DATA: Final = 0x000006F7
    UNSPECIFIED: Final = 0x1C000012
    CONTEXT_MISMATCH: Final = 0x1C00001A
    NO_MEMORY: Final = 0x1C00001B
    OPERATION_RANGE: Final = 0x1C010002
    UNKNOWN_INTERFACE: Final = 0x1C010003
    PROTOCOL: Final = 0x1C01000B


class Fault(Exception):
    """A call that is answered with a fault PDU; `executed` says whether it may have had an effect."""

    def __init__(self, status: int, why: str = "", *, executed: bool = False) -> None:
        super().__init__(status, why)
        self.status = status
        self.executed = executed


class Disconnect(Exception):
    """The peer broke the protocol: what is queued may still be read, then the pipe is at its end."""


class Interface(Protocol):
    """One RPC interface, bound to a server."""

    def call(self, operation: int, stub: bytes, caller: Caller) -> bytes:
        """Runs a call; raises `Fault`."""


class Syntax(msgspec.Struct, frozen=True):
    """An interface or transfer syntax: UUID and version."""

    uuid: uuid.UUID
    major: int
    minor: int = 0

    def encode(self) -> bytes:
        """p_syntax_id_t, 20 bytes."""
        return self.uuid.bytes_le + struct.pack("<HH", self.major, self.minor)


NDR: Final = Syntax(uuid.UUID("8a885d04-1ceb-11c9-9fe8-08002b104860"), 2)
"""The 32-bit transfer syntax; NDR64 is refused, as a 32-bit Windows does."""
FEATURES: Final = uuid.UUID("6cb71c2c-9812-4540-0000-000000000000").bytes_le[:8]
"""Prefix of the transfer syntax that is no syntax: bind time feature negotiation ([MS-RPCE] 3.3.1.5.3)."""
FEATURES_KNOWN: Final = 0x03
"""Security context multiplexing, keep connection on orphan: what every Windows since XP SP3 grants."""
NO_SYNTAX: Final = bytes(20)

Finder = Callable[[Syntax], Interface | None]
"""Gives the interface that answers to a syntax, or None."""


class Header(Record, frozen=True):
    """The common header of every PDU, [C706] 12.6.3.1."""

    version: U8
    minor: U8
    kind: U8
    flags: U8
    representation: U8
    character_set: U8
    reserved: U16
    length: U16
    auth_length: U16
    call: U32


class BindHead(Record, frozen=True):
    """What bind, bind_ack and their alter_context twins have behind the header."""

    max_transmit: U16
    max_receive: U16
    group: U32


class ContextHead(Record, frozen=True):
    """One p_cont_elem_t, without its transfer syntaxes."""

    id: U16
    transfer_count: U8
    reserved: U8
    uuid: Raw16
    major: U16
    minor: U16


class CallHead(Record, frozen=True):
    """What a request has behind the header."""

    hint: U32
    context: U16
    operation: U16


HEADER_SIZE: Final = 16
_RESULT: Final = struct.Struct("<HH")
_ACCEPT: Final = _RESULT.pack(0, 0) + NDR.encode()
_UNKNOWN_INTERFACE: Final = _RESULT.pack(2, 1) + NO_SYNTAX
_UNKNOWN_TRANSFER: Final = _RESULT.pack(2, 2) + NO_SYNTAX
_LIMIT: Final = _RESULT.pack(2, 3) + NO_SYNTAX
_FEATURES_ACK: Final = 3
_NAK_VERSION: Final = 4
_NAK_AUTH: Final = 8


def pdu(kind: Kind, call: int, body: bytes, flags: int = Flag.WHOLE) -> bytes:
    """A whole PDU around a body."""
    return Header(5, 0, kind, flags, LITTLE_ENDIAN, 0, 0, HEADER_SIZE + len(body), 0, call).encode() + body


def fault(call: int, context: int, error: Fault) -> bytes:
    """A fault PDU, [C706] 12.6.4.7."""
    flags = Flag.WHOLE if error.executed else Flag.WHOLE | Flag.DID_NOT_EXECUTE
    return pdu(Kind.FAULT, call, struct.pack("<IHBBII", 32, context, 0, 0, error.status, 0), flags)


def bind_nak(call: int, reason: int) -> bytes:
    """A bind_nak PDU with the one version we speak, [C706] 12.6.4.5."""
    return pdu(Kind.BIND_NAK, call, struct.pack("<HBBB", reason, 1, 5, 0))


class _Assembly(msgspec.Struct):
    """A request whose last fragment has not come yet."""

    call: int
    context: int
    operation: int
    stub: bytearray


class Association:
    """One DCE/RPC connection.

    `find` gives interfaces, `address` is the secondary address of the bind_ack (`\\PIPE\\srvsvc`) and `group`
    the association group a client gets that names none.
    """

    def __init__(self, find: Finder, address: str, group: int, caller: Caller) -> None:
        self._find = find
        self._address = address
        self._group = group
        self._caller = caller
        self._contexts: dict[int, Interface] = {}
        self._bound = False
        self._partial: _Assembly | None = None
        self._input = bytearray()
        self.max_transmit = MAX_FRAGMENT
        self.max_receive = MAX_FRAGMENT

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        """Takes bytes as they come, PDUs cut anywhere. `answers` deals with those that are whole."""
        self._input += data

    def answers(self) -> Iterator[bytes]:
        """Deals with one whole PDU after the other and gives what it is answered with.

        A generator, so that a reader who falls behind stops the work too. Raises `Disconnect`.
        """
        while len(self._input) >= HEADER_SIZE:
            header = Header.decode(self._input)
            if header.length < HEADER_SIZE:
                raise Disconnect(f"a PDU of {header.length} bytes")
            if len(self._input) < header.length:
                return
            body = bytes(memoryview(self._input)[HEADER_SIZE : header.length])
            del self._input[: header.length]
            try:
                yield from self._answer(header, body)
            except DecodeError as error:
                raise Disconnect(str(error)) from None

    def _answer(self, header: Header, body: bytes) -> Iterator[bytes]:
        kind = header.kind
        if header.version != 5 or header.minor > 1 or not header.representation & LITTLE_ENDIAN:
            if kind == Kind.BIND:
                yield bind_nak(header.call, _NAK_VERSION)
                return
            raise Disconnect(f"version {header.version}.{header.minor}")
        if kind == Kind.REQUEST:
            yield from self._request(header, body)
        elif kind in (Kind.BIND, Kind.ALTER_CONTEXT):
            yield self._bind(header, body)
        elif kind == Kind.ORPHANED:
            if self._partial is not None and self._partial.call == header.call:
                self._partial = None
        elif kind not in (Kind.CO_CANCEL, Kind.AUTH3):  # calls end at once: nothing is left to cancel
            yield fault(header.call, 0, Fault(FaultCode.PROTOCOL))
            raise Disconnect(f"PDU type {kind} from a client")

    def _bind(self, header: Header, body: bytes) -> bytes:
        alter = header.kind == Kind.ALTER_CONTEXT
        if alter and not self._bound:
            raise Disconnect("alter_context before bind")
        if header.auth_length:
            # Clients that would sign or seal inside the pipe go on without it, or give up: both at once.
            if alter:
                return fault(header.call, 0, Fault(FaultCode.ACCESS_DENIED))
            return bind_nak(header.call, _NAK_AUTH)
        head = BindHead.decode(body)
        if not alter:
            self.max_transmit = max(min(head.max_receive, MAX_FRAGMENT), LEAST_FRAGMENT)
            self.max_receive = max(min(head.max_transmit, MAX_FRAGMENT), LEAST_FRAGMENT)
            self._group = head.group or self._group
            self._bound = True
        results = [self._result(*element) for element in _contexts(body)]
        address = b"" if alter else self._address.encode("ascii") + b"\0"
        ack = BindHead(self.max_transmit, self.max_receive, self._group).encode()
        ack += struct.pack("<H", len(address)) + address
        ack += bytes(-len(ack) % 4)
        ack += struct.pack("<BBH", len(results), 0, 0) + b"".join(results)
        return pdu(Kind.ALTER_CONTEXT_RESPONSE if alter else Kind.BIND_ACK, header.call, ack)

    def _result(self, context: ContextHead, transfers: list[bytes]) -> bytes:
        if len(transfers) == 1 and transfers[0].startswith(FEATURES):
            return _RESULT.pack(_FEATURES_ACK, transfers[0][8] & FEATURES_KNOWN) + NO_SYNTAX
        syntax = Syntax(uuid.UUID(bytes_le=context.uuid), context.major, context.minor)
        interface = self._find(syntax)
        if interface is None:
            return _UNKNOWN_INTERFACE
        if NDR.encode() not in transfers:
            return _UNKNOWN_TRANSFER
        if len(self._contexts) >= MAX_CONTEXTS and context.id not in self._contexts:
            return _LIMIT
        self._contexts[context.id] = interface
        return _ACCEPT

    def _request(self, header: Header, body: bytes) -> Iterator[bytes]:
        head = CallHead.decode(body)
        if not self._bound:
            yield fault(header.call, head.context, Fault(FaultCode.PROTOCOL))
            raise Disconnect("a request before bind")
        if header.auth_length:
            yield fault(header.call, head.context, Fault(FaultCode.ACCESS_DENIED))
            return
        skip = CallHead.size() + (16 if header.flags & Flag.OBJECT_UUID else 0)
        if len(body) < skip:
            raise DecodeError("an object UUID that is not there")
        whole = self._join(header, head, memoryview(body)[skip:])
        if len(whole.stub) > MAX_REQUEST:
            self._partial = None
            yield fault(header.call, head.context, Fault(FaultCode.NO_MEMORY))
            raise Disconnect(f"a request of more than {MAX_REQUEST} bytes")
        if header.flags & Flag.LAST:
            self._partial = None
            yield from self._run(whole)

    def _join(self, header: Header, head: CallHead, stub: memoryview) -> _Assembly:
        partial = self._partial
        if header.flags & Flag.FIRST:
            if partial is not None:
                raise Disconnect("a first fragment before the last one of another call")
            partial = self._partial = _Assembly(header.call, head.context, head.operation, bytearray())
        elif partial is None or (partial.call, partial.context) != (header.call, head.context):
            raise Disconnect("a fragment of no call")
        partial.stub += stub
        return partial

    def _run(self, call: _Assembly) -> Iterator[bytes]:
        interface = self._contexts.get(call.context)
        try:
            if interface is None:
                raise Fault(FaultCode.UNKNOWN_INTERFACE)
            stub = interface.call(call.operation, bytes(call.stub), self._caller)
        except Fault as error:
            yield fault(call.call, call.context, error)
            return
        # Stub data of all fragments but the last comes in multiples of 8 ([MS-RPCE] 2.2.2.6).
        step = (self.max_transmit - HEADER_SIZE - 8) & ~7
        for at in range(0, max(len(stub), 1), step):
            flags = (Flag.FIRST if at == 0 else 0) | (Flag.LAST if at + step >= len(stub) else 0)
            body = struct.pack("<IHBB", len(stub) - at, call.context, 0, 0) + stub[at : at + step]
            yield pdu(Kind.RESPONSE, call.call, body, flags)


def _contexts(body: bytes) -> Iterator[tuple[ContextHead, list[bytes]]]:
    """The presentation contexts of a bind, each with its transfer syntaxes; raises `DecodeError`."""
    at = BindHead.size()
    if len(body) < at + 4:
        raise DecodeError("no presentation context list")
    count = body[at]
    at += 4
    for _ in range(count):
        context = ContextHead.decode(body, at)
        at += ContextHead.size()
        end = at + 20 * context.transfer_count
        if end > len(body):
            raise DecodeError("transfer syntaxes that are not there")
        yield context, [body[i : i + 20] for i in range(at, end, 20)]
        at = end
