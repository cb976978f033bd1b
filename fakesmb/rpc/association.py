"""Connection-oriented DCE/RPC 5.0: PDUs in, PDUs out ([C706] chapter 12, [MS-RPCE] 3.3).

One `Association` lives on one open pipe. It knows nothing of SMB, and of the interfaces only that they turn a
stub into a stub or raise `Fault`. Whatever the peer sends ends in a PDU or in `Disconnect`, never in another
exception. What Windows answers to the odd and the wrong was learnt from Samba's raw protocol tests.
"""

import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from fakesmb.nt.status import SMBError
from fakesmb.rpc.groups import Group, Groups, Handles
from fakesmb.rpc.packets import (
    CALL_SIZE,
    HEADER_SIZE,
    NO_SYNTAX,
    TRAILER_SIZE,
    BindRefused,
    Context,
    Fault,
    FaultCode,
    Flag,
    Kind,
    NakReason,
    Packet,
    Syntax,
    Verifier,
    acknowledgement,
    bind_nak,
    fault,
    pdu,
    response_head,
)
from fakesmb.rpc.security import (
    PAD_TO,
    USABLE,
    Acceptors,
    Level,
    SecurityContext,
    none_accepted,
    signed_in,
)
from fakesmb.rpc.view import Caller, ServerView
from fakesmb.wire.codec import U16_STRUCT, DecodeError

MAX_FRAGMENT: Final = 4280
"""What Windows offers on a named pipe."""
LEAST_FRAGMENT: Final = 2048
"""Peers that ask for less than this get this much, as from Windows."""
LONGEST_REQUEST_FRAGMENT: Final = 5840
"""A longer fragment of a request breaks the protocol, whatever was agreed on."""
MAX_REQUEST: Final = 256 * 1024
"""Bytes of one reassembled request (Windows: 4 MiB). The longest we serve is a lookup of a thousand names."""
MAX_CONTEXTS: Final = 64
"""Presentation contexts of one association."""
MAX_SECURITY_CONTEXTS: Final = 64
"""Security contexts of one association; Windows has 2049."""
SIGNATURE_SIZE: Final = 16
NO_AUTHENTICATION: Final = 0


class Disconnect(Exception):
    """The peer broke the protocol: what is queued may still be read, then the pipe is at its end."""


class Client(msgspec.Struct, frozen=True):
    """Who calls, and how."""

    caller: Caller
    handles: Handles
    """The context handles that the client's pipes share on this interface."""
    big_endian: bool = False
    """The byte order of the stub."""


class Interface(Protocol):
    """One RPC interface, bound to a server."""

    def call(self, operation: int, stub: bytes, client: Client) -> bytes:
        """Runs a call; raises `Fault`."""


class Traffic:
    """What has gone over the pipes of one server, for rpc_mgmt_inq_stats."""

    __slots__ = ("calls_in", "calls_out", "packets_in", "packets_out")

    def __init__(self) -> None:
        self.calls_in = self.calls_out = self.packets_in = self.packets_out = 0


class Registered(NamedTuple):
    """An interface and the pipe it is behind."""

    name: str
    syntax: Syntax
    path: str


class Surroundings(msgspec.Struct, frozen=True):
    """What an interface is bound to: the server, and the endpoint it shares with others."""

    view: ServerView
    syntaxes: tuple[Syntax, ...]
    traffic: Traffic
    registered: tuple[Registered, ...] = ()
    """All interfaces of the server."""


NDR: Final = Syntax(uuid.UUID("8a885d04-1ceb-11c9-9fe8-08002b104860"), 2)
"""The 32-bit transfer syntax, the only one, as of a 32-bit Windows."""
NDR64: Final = Syntax(uuid.UUID("71710533-beba-4937-8319-b5dbef9ccc36"), 1)
"""[MS-RPCE] 2.2.4.12; refused."""
FEATURES: Final = uuid.UUID("6cb71c2c-9812-4540-0000-000000000000").bytes_le[:8]
"""Prefix of the transfer syntax that is no syntax: bind time feature negotiation ([MS-RPCE] 3.3.1.5.3)."""
FEATURES_KNOWN: Final = 0x03
"""Security context multiplexing, keep connection on orphan: what every Windows since XP SP3 grants."""

Finder = Callable[[Syntax], tuple[str, Interface] | None]
"""Gives the name and the interface that answer to a syntax, or None."""


def _result(result: int, reason: int, syntax: bytes = NO_SYNTAX) -> bytes:
    return U16_STRUCT.pack(result) + U16_STRUCT.pack(reason) + syntax


_ACCEPT: Final = _result(0, 0, NDR.encode())
_UNKNOWN_INTERFACE: Final = _result(2, 1)
_UNKNOWN_TRANSFER: Final = _result(2, 2)
_LIMIT: Final = _result(2, 3)
_FEATURES_ACK: Final = 3


class _Bound(msgspec.Struct, frozen=True):
    """A presentation context that was agreed on."""

    syntax: Syntax
    name: str
    interface: Interface


class _Assembly(msgspec.Struct):
    """A request whose last fragment has not come yet."""

    call: int
    context: int
    operation: int
    bound: _Bound
    security: SecurityContext | None
    big_endian: bool
    stub: bytearray


class Association:
    """One DCE/RPC connection.

    `find` gives interfaces, `address` is the secondary address of the bind_ack (`\\PIPE\\srvsvc`), `caller`
    whoever the transport says it is, and `acceptors` what can be signed in with inside the pipe.
    """

    def __init__(
        self,
        find: Finder,
        address: str,
        groups: Groups,
        caller: Caller,
        acceptors: Acceptors = none_accepted,
        traffic: Traffic | None = None,
    ) -> None:
        self._find = find
        self._address = address
        self._groups = groups
        self._caller = caller
        self._acceptors = acceptors
        self._traffic = traffic or Traffic()
        self._group: Group | None = None
        self._contexts: dict[int, _Bound] = {}
        self._securities: dict[int, SecurityContext] = {}
        self._default: SecurityContext | None = None
        self._named_connect = False
        self._multiplexed = False
        self._partial: _Assembly | None = None
        self._input = bytearray()
        self.fragment = MAX_FRAGMENT
        """The longest PDU either side sends."""

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        """Takes bytes as they come, PDUs cut anywhere. `answers` deals with those that are whole."""
        self._input += data

    def answers(self) -> Iterator[bytes]:
        """Deals with one whole PDU after the other and gives what it is answered with.

        A generator, so that a reader who falls behind stops the work too. Raises `Disconnect`.
        """
        try:
            while (packet := Packet.take(self._input)) is not None:
                self._traffic.packets_in += 1
                for answer in self._answer(packet):
                    self._traffic.packets_out += 1
                    yield answer
        except DecodeError as error:
            raise Disconnect(str(error)) from None

    def close(self) -> None:
        """Leaves the group and forgets keys and half-sent requests; closing twice is harmless."""
        if self._group is not None:
            self._groups.leave(self._group)
            self._group = None
        self._securities.clear()
        self._default = None
        self._contexts.clear()
        self._partial = None
        self._input.clear()

    def _answer(self, packet: Packet) -> Iterator[bytes]:
        try:
            if packet.version[0] != 5 or packet.version[1] > 1:
                raise BindRefused(NakReason.PROTOCOL, f"version {packet.version}")
            step = _STEPS.get(packet.kind)
            if step is None:
                raise Fault(FaultCode.PROTOCOL, f"PDU type {packet.kind} from a client", last=True)
            yield from step(self, packet)
        except BindRefused as error:
            if packet.kind == Kind.BIND:
                yield bind_nak(packet.call, error.reason)
            raise Disconnect(error.why) from None
        except Fault as error:
            yield fault(packet.call, error)
            if error.last:
                raise Disconnect(error.why) from None

    # Bind, alter_context, auth3

    def _bind(self, packet: Packet) -> Iterator[bytes]:
        if self._group is not None:
            raise BindRefused(NakReason.NOT_SPECIFIED, "a second bind")
        try:
            verifier = packet.verifier(CALL_SIZE)
            bind = packet.bind()
        except DecodeError as error:
            raise BindRefused(NakReason.PROTOCOL, str(error)) from None
        if not bind.contexts or not all(one.transfers for one in bind.contexts):
            raise BindRefused(NakReason.NOT_SPECIFIED, "a bind to nothing")
        if sum(map(_is_features, bind.contexts)) > 1:
            raise BindRefused(NakReason.NOT_SPECIFIED, "features negotiated twice")
        group = self._groups.join(bind.group)
        if group is None:
            raise BindRefused(NakReason.NOT_SPECIFIED, f"no association group 0x{bind.group:08X}")
        self._group = group
        wanted = min(bind.max_transmit, bind.max_receive, MAX_FRAGMENT)
        self.fragment = max(wanted, LEAST_FRAGMENT) & ~7
        results = self._results(bind.contexts)
        trailer, value = self._begin(verifier)
        self._multiplexed = bool(packet.flags & Flag.MULTIPLEXED)
        address = self._address.encode("ascii") + b"\0"
        yield self._acknowledge(Kind.BIND_ACK, packet, address, results, trailer, value)

    def _alter(self, packet: Packet) -> Iterator[bytes]:
        try:
            verifier = packet.verifier(CALL_SIZE)
            bind = packet.bind()
        except DecodeError as error:
            raise Fault(FaultCode.PROTOCOL, str(error), last=True) from None
        if self._group is None:
            raise Fault(FaultCode.PROTOCOL, "alter_context before bind", last=True)
        if verifier is not None and verifier.type == NO_AUTHENTICATION:
            raise Fault(FaultCode.ACCESS_DENIED, "a sign-in with nothing", last=True)
        if not bind.contexts or not all(one.transfers for one in bind.contexts):
            raise Fault(FaultCode.PROTOCOL, "alter_context to nothing", last=True)
        results = self._results(bind.contexts)
        trailer, value = self._continue(verifier)
        yield self._acknowledge(Kind.ALTER_CONTEXT_RESPONSE, packet, b"", results, trailer, value)

    def _auth3(self, packet: Packet) -> Iterator[bytes]:
        """The third leg of a sign-in, which is not answered: if it failed, the next request is ([MS-RPCE] 2.2.2.5)."""
        try:
            verifier = packet.verifier(HEADER_SIZE + 4)
        except DecodeError as error:
            raise Fault(FaultCode.NO_MEMORY, str(error), last=True) from None
        security = None if verifier is None else self._securities.get(verifier.context)
        if verifier is None or security is None or security.finished:
            raise Fault(FaultCode.PROTOCOL, "auth3 without a sign-in", last=True)
        if not security.matches(verifier):
            security.fail()
        else:
            try:
                if security.step(verifier.value) or not security.finished:
                    security.fail()  # SPNEGO wants to answer, and cannot
            except (SMBError, Fault):
                security.fail()
        yield from ()

    def _acknowledge(
        self, kind: Kind, packet: Packet, address: bytes, results: list[bytes], trailer: bytes, value: bytes
    ) -> bytes:
        assert self._group is not None
        flags = Flag.WHOLE | packet.flags & Flag.HEADER_SIGNING
        if kind == Kind.BIND_ACK:
            flags |= packet.flags & Flag.MULTIPLEXED
        sizes = (self.fragment, self.fragment)
        body = acknowledgement(sizes, self._group.number, address, results)
        return pdu(kind, packet.call, body, flags, trailer=trailer, value=value)

    def _results(self, contexts: tuple[Context, ...]) -> list[bytes]:
        """Judges the presentation contexts of a bind or alter_context; raises `Fault`.

        An interface that is asked for twice in one PDU is granted once: that is how Windows lets a client find
        out which of its transfer syntaxes will do.
        """
        granted: set[Syntax] = set()
        results = []
        for one in contexts:
            result = self._result(one)
            if result == _ACCEPT:
                if one.interface in granted:
                    result = _UNKNOWN_TRANSFER
                granted.add(one.interface)
            results.append(result)
        return results

    def _result(self, context: Context) -> bytes:
        if _is_features(context):
            return _result(_FEATURES_ACK, context.transfers[0].uuid.bytes_le[8] & FEATURES_KNOWN)
        known = self._contexts.get(context.id)
        if known is not None and (known.syntax != context.interface or NDR64 in context.transfers):
            raise Fault(FaultCode.PROTOCOL, f"context {context.id} is another one", last=True)
        found = self._find(context.interface)
        if found is None:
            return _UNKNOWN_INTERFACE
        if NDR not in context.transfers:
            return _UNKNOWN_TRANSFER
        if known is None:
            if len(self._contexts) >= MAX_CONTEXTS:
                return _LIMIT
            self._contexts[context.id] = _Bound(context.interface, *found)
        return _ACCEPT

    # Sign-in

    def _begin(self, verifier: Verifier | None) -> tuple[bytes, bytes]:
        """The first leg of a sign-in in a bind; gives trailer and token of the answer."""
        if verifier is None:
            return b"", b""
        if not Level.CONNECT <= verifier.level <= Level.PRIVACY:
            raise BindRefused(NakReason.NOT_SPECIFIED, f"authentication level {verifier.level}")
        acceptor = self._acceptors(verifier.type)
        if acceptor is None:
            raise BindRefused(NakReason.AUTHENTICATION_TYPE, f"authentication type {verifier.type}")
        if verifier.level not in USABLE:
            raise BindRefused(NakReason.INVALID_CHECKSUM, f"authentication level {verifier.level}")
        security = SecurityContext(verifier, acceptor)
        try:
            token = security.step(verifier.value)
        except (SMBError, Fault) as error:
            raise BindRefused(NakReason.INVALID_CHECKSUM, str(error)) from None
        self._add(security)
        return security.trailer(), token

    def _continue(self, verifier: Verifier | None) -> tuple[bytes, bytes]:
        """A leg of a sign-in in an alter_context, of one under way or of another one."""
        if verifier is None:
            return b"", b""
        security = self._securities.get(verifier.context)
        if security is None:
            security = self._another(verifier)
        elif verifier.type != security.type:
            raise Fault(FaultCode.SECURITY_PACKAGE, "another authentication type", last=True)
        elif security.finished or verifier.level != security.level:
            raise Fault(FaultCode.ACCESS_DENIED, "a sign-in that is over, or another level", last=True)
        return security.trailer(), signed_in(security, verifier.value)

    def _another(self, verifier: Verifier) -> SecurityContext:
        acceptor = self._acceptors(verifier.type)
        if acceptor is None:
            raise Fault(FaultCode.SECURITY_PACKAGE, f"authentication type {verifier.type}", last=True)
        if verifier.level not in USABLE:
            raise Fault(FaultCode.ACCESS_DENIED, f"authentication level {verifier.level}", last=True)
        if len(self._securities) >= MAX_SECURITY_CONTEXTS:
            raise Fault(FaultCode.PROTOCOL, "too many security contexts", last=True)
        security = SecurityContext(verifier, acceptor)
        self._add(security)
        return security

    def _add(self, security: SecurityContext) -> None:
        """Takes a security context in. Requests without a verifier run under the last one of level CONNECT, until
        one is named: then, and without one, they run as whoever the transport says.
        """
        self._securities[security.id] = security
        if security.level == Level.CONNECT and not self._named_connect:
            self._default = security

    # Requests

    def _request(self, packet: Packet) -> Iterator[bytes]:
        if self._group is None:
            raise Fault(FaultCode.PROTOCOL, "a request before bind", last=True)
        verifier = packet.verifier(packet.stub_at)
        hint, context, operation = packet.call_head()
        if len(packet.data) < packet.stub_at:
            raise DecodeError("an object UUID that is not there")
        if len(packet.data) > LONGEST_REQUEST_FRAGMENT:
            raise Fault(FaultCode.PROTOCOL, "too long a fragment", executed=True, last=True)
        call = self._partial
        if call is not None and call.call == packet.call:
            call.stub += self._stub(packet, verifier, call)  # else its headers do not count
            if packet.flags & Flag.FIRST or call.big_endian != (packet.order == ">"):
                raise self._out_of_turn(packet, context)
        else:
            call = self._first(packet, context, operation, verifier)
            call.stub += self._stub(packet, verifier, call)
        if len(call.stub) > MAX_REQUEST or (hint > MAX_REQUEST and not packet.flags & Flag.LAST):
            raise Fault(FaultCode.ACCESS_DENIED, "too long a request", **_of(call))
        self._partial = call
        if packet.flags & Flag.LAST:
            self._partial = None
            yield from self._run(call)

    def _first(self, packet: Packet, context: int, operation: int, verifier: Verifier | None) -> _Assembly:
        """A request whose first fragment this is; raises `Fault` if it cannot be."""
        bound = self._contexts.get(context)
        first = bool(packet.flags & Flag.FIRST)
        if self._partial is not None or not (first or self._multiplexed):
            raise self._out_of_turn(packet, context)
        if bound is None:
            raise Fault(FaultCode.UNKNOWN_INTERFACE, f"presentation context {context}")
        security = self._security(verifier, context)
        if packet.flags & Flag.PENDING_CANCEL:
            raise Fault(FaultCode.NO_CALL_ACTIVE, "a call that begins cancelled", last=True)
        if not first:
            raise self._out_of_turn(packet, context)
        return _Assembly(packet.call, context, operation, bound, security, packet.order == ">", bytearray())

    def _out_of_turn(self, packet: Packet, context: int) -> Fault:
        """A fragment that cannot be now. It ends the call under way, unless calls may run side by side."""
        partial = self._partial
        why = "a fragment out of turn"
        if partial is not None and (not self._multiplexed or partial.call == packet.call):
            return Fault(FaultCode.PROTOCOL, why, **_of(partial))
        named = context if partial is None and self._multiplexed and context in self._contexts else 0
        return Fault(FaultCode.PROTOCOL, why, executed=True, last=True, context=named)

    def _security(self, verifier: Verifier | None, context: int) -> SecurityContext | None:
        """The security context of a request; None where the transport's word is taken. Raises `Fault`."""
        security = self._default if verifier is None else self._securities.get(verifier.context)
        if security is not None and not security.finished:
            raise Fault(FaultCode.PROTOCOL, "a request amid a sign-in", last=True)
        if verifier is None:
            matches = security is None or not security.failed
        else:
            matches = security is not None and security.matches(verifier)
        if not matches:
            raise Fault(
                FaultCode.ACCESS_DENIED, "not signed in so", executed=True, last=True, context=context
            )
        if verifier is not None:
            self._default = None
            self._named_connect |= verifier.level == Level.CONNECT
        return security

    def _stub(self, packet: Packet, verifier: Verifier | None, call: _Assembly) -> bytes:
        security = call.security
        if verifier is None:
            if security is not None and security.protects:
                raise Fault(FaultCode.PROTOCOL, "a fragment without its signature", **_of(call))
            return packet.data[packet.stub_at :]
        if security is None:
            raise Fault(FaultCode.ACCESS_DENIED, "no such sign-in", **_of(call))
        try:
            return security.open(packet, verifier)
        except Fault as error:
            error.context = call.context
            error.call = call.call
            raise

    def _run(self, call: _Assembly) -> Iterator[bytes]:
        assert self._group is not None
        self._traffic.calls_in += 1
        security = call.security
        caller = self._caller if security is None or security.caller is None else security.caller
        client = Client(caller, self._group.handles(call.bound.name), call.big_endian)
        try:
            stub = call.bound.interface.call(call.operation, bytes(call.stub), client)
        except Fault as error:
            error.context = call.context
            raise
        self._traffic.calls_out += 1
        yield from self._response(call, stub)

    def _response(self, call: _Assembly, stub: bytes) -> Iterator[bytes]:
        """A response in fragments; all but the last have a multiple of 8 bytes of stub ([MS-RPCE] 2.2.2.6)."""
        security = call.security if call.security is not None and call.security.protects else None
        if security is None:
            step = (self.fragment - CALL_SIZE) & ~7
        else:
            step = (self.fragment - CALL_SIZE - TRAILER_SIZE - SIGNATURE_SIZE) & ~(PAD_TO - 1)
        for at in range(0, max(len(stub), 1), step):
            flags = (Flag.FIRST if at == 0 else 0) | (Flag.LAST if at + step >= len(stub) else 0)
            part, left = stub[at : at + step], len(stub) - at
            if security is not None:
                yield security.response(call.call, flags, left, call.context, part)
            else:
                yield pdu(Kind.RESPONSE, call.call, response_head(left, call.context) + part, flags)

    def _ignore(self, packet: Packet) -> Iterator[bytes]:
        """co_cancel and orphaned: calls end at once, so nothing is left to cancel, and Windows goes on too."""
        yield from ()


def _is_features(context: Context) -> bool:
    return context.transfers[0].uuid.bytes_le.startswith(FEATURES)


def _of(call: _Assembly) -> dict[str, Any]:
    """What a fault says that ends a call, and the connection with it."""
    return {"executed": True, "last": True, "context": call.context, "call": call.call}


_STEPS: Final[Mapping[int, Callable[[Association, Packet], Iterator[bytes]]]] = {
    Kind.REQUEST: Association._request,
    Kind.BIND: Association._bind,
    Kind.ALTER_CONTEXT: Association._alter,
    Kind.AUTH3: Association._auth3,
    Kind.CO_CANCEL: Association._ignore,
    Kind.ORPHANED: Association._ignore,
}
