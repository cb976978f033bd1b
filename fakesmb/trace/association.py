"""DCE/RPC on a pipe as it can be read from outside: what is bound, which call a reply answers, fragments put together.

A pipe is a stream of PDUs in each direction, and a message of SMB may carry several of them or part of one. Nothing
here trusts a length: what is not whole after `MOST_OF_PDU` bytes, or does not begin like a PDU, is let go.
"""

from typing import Final

import msgspec

from fakesmb.wire.codec import DecodeError
from fakesmb.wire.dcerpc import HEADER_SIZE, NDR, Flag, Packet, PacketType
from fakesmb.wire.interfaces import interface_name

MOST_OF_PDU: Final = 0x10000
"""A PDU has 16 bits for its length."""
MOST_OF_STUB: Final = 0x40000
"""Bytes of stub data of several fragments that are put together."""
MOST_CALLS: Final = 64
"""Calls of one pipe that have no answer yet."""
MOST_CONTEXTS: Final = 256
"""Presentation contexts of one pipe."""
MOST_PDUS: Final = 512
"""PDUs of one message that are looked at."""
PRIVACY: Final = 6
"""RPC_C_AUTHN_LEVEL_PKT_PRIVACY, [MS-RPCE] 2.2.1.1.8: stub data are sealed."""


class Bound(msgspec.Struct, frozen=True, gc=False):
    """A presentation context: what the calls that name it are about."""

    context: int
    uuid: str
    """Of the interface, lower case."""
    major: int
    minor: int = 0
    transfer: str = str(NDR.uuid)
    """UUID of the transfer syntax."""
    accepted: bool = True

    @property
    def name(self) -> str:
        """`srvsvc`, or the UUID of an interface without a common name."""
        return interface_name(self.uuid)


class Call(msgspec.Struct, frozen=True, gc=False):
    """A call: what its answer is read by."""

    id: int
    bound: Bound | None
    opnum: int
    number: int = 0
    """Of the event that told the request."""
    level: int = 0
    """How it is protected, [MS-RPCE] 2.2.1.1.8."""


class Pdu(msgspec.Struct, frozen=True, gc=False):
    """One PDU, or the part of it that a message carries."""

    at: int
    """Where its bytes begin in what the message carries."""
    size: int
    """Bytes of it that lie there."""
    data: bytes = b""
    """All of the PDU, with what messages before carried, in the message in which it ends; else nothing."""
    length: int = 0
    """Of the whole PDU as it says itself; 0 for bytes that are none."""
    earlier: int = 0
    """Bytes of it that messages before this one carried."""
    call: Call | None = None
    """Of a request, a response or a fault."""
    stub: bytes | None = None
    """Stub data of several fragments put together, where this is the last of them."""
    fragments: int = 0
    """How many there were."""
    piece: bool = False
    """Whether more of it comes later, or its stub data are only a part of those of the call."""

    @property
    def whole(self) -> bool:
        """Whether all its bytes are in `data`."""
        return 0 < self.length == len(self.data)


class _Stub:
    """Stub data of a call under way."""

    __slots__ = ("count", "data", "lost")

    def __init__(self) -> None:
        self.data = bytearray()
        self.count = 0
        self.lost = False


class Association:
    """What one pipe's conversation is about."""

    __slots__ = ("_calls", "_left", "_proposed", "_streams", "_stubs", "contexts")

    def __init__(self) -> None:
        self.contexts: dict[int, Bound] = {}
        """What is bound, by the identifier of its presentation context."""
        self._proposed: dict[int, list[Bound]] = {}
        """Contexts asked for and not answered yet, by call."""
        self._calls: dict[int, Call] = {}
        self._streams = (bytearray(), bytearray())
        """Bytes of a PDU that is not whole yet: of the server, of the client."""
        self._left = [0, 0]
        """Bytes of a PDU that will not be put together and are still to come."""
        self._stubs: dict[tuple[bool, int], _Stub] = {}

    @property
    def held(self) -> int:
        """Bytes of memory that wait for more."""
        return sum(map(len, self._streams)) + sum(len(one.data) for one in self._stubs.values())

    def let_go(self) -> None:
        """Forgets what waits for more."""
        for request in (False, True):
            self._lose(request)
        self._stubs.clear()

    @property
    def interfaces(self) -> tuple[str, ...]:
        """`srvsvc 3.0` for each that is bound."""
        bound = self.contexts.values()
        return tuple(dict.fromkeys(f"{one.name} {one.major}.{one.minor}" for one in bound))

    def take(self, data: bytes, *, request: bool, number: int, missing: int = 0) -> tuple[Pdu, ...]:
        """The PDUs in what a message carries. `missing`: so many bytes after these were not kept."""
        found: list[Pdu] = []
        at = 0
        while at < len(data) and len(found) < MOST_PDUS:
            pdu = self._next(data, at, request, number)
            found.append(pdu)
            at += pdu.size
        if at < len(data):
            found.append(Pdu(at, len(data) - at))
        if missing:
            stream = self._streams[request]
            more = _length(stream) - len(stream) - missing if stream else self._left[request] - missing
            self._lose(request)
            self._left[request] = max(more, 0)
        return tuple(found)

    def _lose(self, request: bool) -> None:
        self._streams[request].clear()
        self._left[request] = 0

    def _next(self, data: bytes, at: int, request: bool, number: int) -> Pdu:
        stream, rest = self._streams[request], len(data) - at
        if self._left[request]:
            size = min(self._left[request], rest)
            self._left[request] -= size
            return Pdu(at, size)
        earlier = len(stream)
        begun = bytes(stream) + data[at : at + max(HEADER_SIZE - earlier, 0)]
        if len(begun) < HEADER_SIZE:
            if not _could_begin(begun):
                self._lose(request)
                return Pdu(at, rest)
            stream += data[at:]
            return Pdu(at, rest, earlier=earlier, piece=True)
        length = _length(begun)
        if not length:
            self._lose(request)
            return Pdu(at, rest)
        size = min(length - earlier, rest)
        stream += data[at : at + size]
        if len(stream) < length:
            return Pdu(at, size, b"", length, earlier, piece=True)
        whole = bytes(stream)
        stream.clear()
        call, stub, count, piece = self._read(Packet.peek(whole), request, number)
        return Pdu(at, size, whole, length, earlier, call, stub, count, piece)

    def _read(
        self, packet: Packet, request: bool, number: int
    ) -> tuple[Call | None, bytes | None, int, bool]:
        kind = packet.type
        try:
            if request and kind in (PacketType.BIND, PacketType.ALTER_CONTEXT):
                self._propose(packet)
            elif not request and kind in (PacketType.BIND_ACK, PacketType.ALTER_CONTEXT_RESP):
                self._acknowledge(packet)
            elif not request and kind == PacketType.BIND_NAK:
                self._proposed.pop(packet.call, None)
            elif kind == PacketType.REQUEST and request:
                return self._request(packet, number)
            elif kind in (PacketType.RESPONSE, PacketType.FAULT) and not request:
                return self._response(packet)
        except DecodeError:
            pass
        return None, None, 0, False

    def _propose(self, packet: Packet) -> None:
        proposed = [
            Bound(
                one.id,
                str(one.interface.uuid),
                one.interface.major,
                one.interface.minor,
                str(one.transfers[0].uuid) if one.transfers else "",
                accepted=False,
            )
            for one in packet.bind().contexts
        ]
        self._proposed[packet.call] = proposed
        for one in proposed:
            if one.context not in self.contexts and len(self.contexts) < MOST_CONTEXTS:
                self.contexts[one.context] = one  # a client may call before it has read the answer
        if len(self._proposed) > MOST_CALLS:
            del self._proposed[next(iter(self._proposed))]

    def _acknowledge(self, packet: Packet) -> None:
        proposed = self._proposed.pop(packet.call, [])
        for one, result in zip(proposed, packet.bind_ack().results, strict=False):
            known = self.contexts.get(one.context)
            if result.result == 0:
                if known is not None or len(self.contexts) < MOST_CONTEXTS:
                    self.contexts[one.context] = msgspec.structs.replace(
                        one, transfer=str(result.syntax.uuid), accepted=True
                    )
            elif known is not None and not known.accepted and known.uuid == one.uuid:
                del self.contexts[one.context]

    def _request(self, packet: Packet, number: int) -> tuple[Call | None, bytes | None, int, bool]:
        _, context, opnum = packet.call_head()
        call = self._calls.get(packet.call)
        if call is None or packet.flags & Flag.FIRST:
            verifier = packet.verifier(packet.stub_at)
            level = 0 if verifier is None else verifier.level
            call = Call(packet.call, self.contexts.get(context), opnum, number, level)
            self._calls[packet.call] = call
            if len(self._calls) > MOST_CALLS:
                del self._calls[next(iter(self._calls))]
        return call, *self._joined(packet, request=True)

    def _response(self, packet: Packet) -> tuple[Call | None, bytes | None, int, bool]:
        call = self._calls.get(packet.call)
        if packet.type == PacketType.FAULT:
            self._calls.pop(packet.call, None)
            self._stubs.pop((False, packet.call), None)
            return call, None, 0, False
        if packet.flags & Flag.LAST:
            self._calls.pop(packet.call, None)
        return call, *self._joined(packet, request=False)

    def _joined(self, packet: Packet, *, request: bool) -> tuple[bytes | None, int, bool]:
        """The stub of all fragments with the last one, how many those were, and whether more belongs to it."""
        key = request, packet.call
        first, last = packet.flags & Flag.FIRST, packet.flags & Flag.LAST
        if first and last:
            self._stubs.pop(key, None)
            return None, 1, False
        if first:
            self._stubs.pop(key, None)
            stub = self._stubs[key] = _Stub()
            if len(self._stubs) > MOST_CALLS:
                del self._stubs[next(iter(self._stubs))]
        else:
            known = self._stubs.get(key)
            if known is None:  # its first fragment was not seen
                return None, 0, True
            stub = known
        stub.count += 1
        stub.data += stub_of(packet)
        if len(stub.data) > MOST_OF_STUB:
            stub.lost = True
            stub.data.clear()
        if not last:
            return None, stub.count, True
        del self._stubs[key]
        return (None, stub.count, True) if stub.lost else (bytes(stub.data), stub.count, False)


def stub_of(packet: Packet) -> bytes:
    """The stub data of one fragment, without padding and verifier; raises `DecodeError` where these do not fit."""
    at = packet.stub_at if packet.type == PacketType.REQUEST else HEADER_SIZE + 8
    verifier = packet.verifier(at)
    return packet.data[at:] if verifier is None else packet.data[at : verifier.at - verifier.pad]


def _could_begin(data: bytes) -> bool:
    """Whether a few bytes could be the first of a PDU: version 5.0 or 5.1."""
    return data[:1] in (b"", b"\5") and data[1:2] in (b"", b"\0", b"\1")


def _length(data: bytes | bytearray) -> int:
    """The length that a PDU says it has; 0 for bytes that begin none."""
    try:
        packet = Packet.peek(data[:HEADER_SIZE])
    except DecodeError:
        return 0
    if packet.version not in ((5, 0), (5, 1)) or packet.type > PacketType.ORPHANED:
        return 0
    return packet.length
