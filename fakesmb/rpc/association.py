"""Connection-oriented DCE/RPC 5.0: PDUs in, PDUs out ([C706] chapter 12, [MS-RPCE] 3.3).

One `Association` lives on one open pipe. It knows nothing of SMB, and of the interfaces only that they turn a
stub into a stub or raise `Fault`. Whatever the peer sends ends in a PDU or in `Disconnect`, never in another
exception. What Windows answers to unusual and malformed PDUs is taken from Samba's raw protocol tests.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Final

from fakesmb.rpc.assembly import Assembly, Call
from fakesmb.rpc.faults import BindRefused, Fault
from fakesmb.rpc.groups import Group, Groups
from fakesmb.rpc.interface import Client, Finder, Traffic
from fakesmb.rpc.presentation import PresentationContexts, negotiates_features
from fakesmb.rpc.security import PAD_TO, Acceptors, none_accepted
from fakesmb.rpc.sign_ins import NO_AUTHENTICATION, SecurityContexts
from fakesmb.rpc.view import Caller
from fakesmb.wire.codec import DecodeError
from fakesmb.wire.dcerpc import (
    CALL_SIZE,
    HEADER_SIZE,
    TRAILER_SIZE,
    BindAck,
    FaultStatus,
    Flag,
    NakReason,
    Packet,
    PacketType,
    Result,
    bind_nak,
    pdu,
    response_head,
)

MAX_FRAGMENT: Final = 4280
"""What Windows offers on a named pipe."""
LEAST_FRAGMENT: Final = 2048
"""Peers that ask for less than this get this much, as from Windows."""
SIGNATURE_SIZE: Final = 16


class Disconnect(Exception):
    """The peer broke the protocol: what is queued may still be read, then the pipe is at its end."""


class Association:
    """One DCE/RPC connection.

    `find` gives interfaces, `address` is the secondary address of the bind_ack (`\\PIPE\\srvsvc`), `caller`
    whoever the transport says it is, `owner` whom its association groups are for, and `acceptors` what can be
    signed in with inside the pipe.
    """

    def __init__(
        self,
        find: Finder,
        address: str,
        groups: Groups,
        caller: Caller,
        acceptors: Acceptors = none_accepted,
        traffic: Traffic | None = None,
        owner: Hashable = None,
    ) -> None:
        self._address = address
        self._groups = groups
        self._caller = caller
        self._owner = caller.identity if owner is None else owner
        self._traffic = traffic or Traffic()
        self._group: Group | None = None
        self._contexts = PresentationContexts(find)
        self._securities = SecurityContexts(acceptors)
        self._assembly = Assembly(self._contexts, self._securities)
        self._input = bytearray()
        self.fragment = MAX_FRAGMENT
        """The longest PDU either side sends."""

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        """Takes bytes as they come, PDUs cut anywhere. `answers` deals with those that are whole."""
        self._input += data

    @property
    def held(self) -> int:
        """Bytes that it keeps of what came: PDUs and requests that are not whole, sign-ins, handles of its group."""
        handles = 0 if self._group is None else self._group.held
        return len(self._input) + self._assembly.held + self._securities.held + handles

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
            self._group.forget(self)
            self._groups.leave(self._group)
            self._group = None
        self._securities.clear()
        self._contexts.clear()
        self._assembly.clear()
        self._input.clear()

    def _answer(self, packet: Packet) -> Iterator[bytes]:
        try:
            major, minor = packet.version
            if major != 5 or minor > 1:
                raise BindRefused(NakReason.PROTOCOL, f"DCE/RPC version {major}.{minor}")
            step = _STEPS.get(packet.type)
            if step is None:
                raise Fault(FaultStatus.PROTOCOL, f"PDU type {packet.type} from a client", last=True)
            yield from step(self, packet)
        except BindRefused as error:
            if packet.type == PacketType.BIND:
                yield bind_nak(packet.call, error.reason)
            raise Disconnect(error.why) from None
        except Fault as error:
            yield error.encode(packet.call)
            if error.last:
                raise Disconnect(error.why) from None

    # -- bind, alter_context, auth3 ------------------------------------------------------------------------

    def _bind(self, packet: Packet) -> Iterator[bytes]:
        if self._group is not None:
            raise BindRefused(NakReason.NOT_SPECIFIED, "a second bind")
        try:
            verifier = packet.verifier(CALL_SIZE)
            bind = packet.bind()
        except DecodeError as error:
            raise BindRefused(NakReason.PROTOCOL, str(error)) from None
        if not bind.contexts or not all(one.transfers for one in bind.contexts):
            raise BindRefused(NakReason.NOT_SPECIFIED, "a bind without interface or transfer syntax")
        if sum(map(negotiates_features, bind.contexts)) > 1:
            raise BindRefused(NakReason.NOT_SPECIFIED, "features negotiated twice")
        group = self._groups.join(bind.group, self._owner)
        if group is None:
            raise BindRefused(
                NakReason.NOT_SPECIFIED, f"no association group 0x{bind.group:08X} of this client"
            )
        self._group = group
        wanted = min(bind.max_transmit, bind.max_receive, MAX_FRAGMENT)
        self.fragment = max(wanted, LEAST_FRAGMENT) & ~7
        results = self._contexts.negotiate(bind.contexts)
        trailer, token = self._securities.begin(verifier)
        self._assembly.multiplexed = bool(packet.flags & Flag.MULTIPLEXED)
        address = self._address.encode("ascii") + b"\0"
        yield self._acknowledge(PacketType.BIND_ACK, packet, address, results, trailer, token)

    def _alter(self, packet: Packet) -> Iterator[bytes]:
        try:
            verifier = packet.verifier(CALL_SIZE)
            bind = packet.bind()
        except DecodeError as error:
            raise Fault(FaultStatus.PROTOCOL, str(error), last=True) from None
        if self._group is None:
            raise Fault(FaultStatus.PROTOCOL, "alter_context before bind", last=True)
        if verifier is not None and verifier.type == NO_AUTHENTICATION:
            raise Fault(FaultStatus.ACCESS_DENIED, "a sign-in of authentication type 0 (none)", last=True)
        if not bind.contexts or not all(one.transfers for one in bind.contexts):
            why = "an alter_context without interface or transfer syntax"
            raise Fault(FaultStatus.PROTOCOL, why, last=True)
        results = self._contexts.negotiate(bind.contexts)
        trailer, token = self._securities.proceed(verifier)
        yield self._acknowledge(PacketType.ALTER_CONTEXT_RESP, packet, b"", results, trailer, token)

    def _auth3(self, packet: Packet) -> Iterator[bytes]:
        try:
            verifier = packet.verifier(HEADER_SIZE + 4)
        except DecodeError as error:
            raise Fault(FaultStatus.NO_MEMORY, str(error), last=True) from None
        self._securities.finish(verifier)
        yield from ()

    def _acknowledge(
        self,
        kind: PacketType,
        packet: Packet,
        address: bytes,
        results: tuple[Result, ...],
        trailer: bytes,
        token: bytes,
    ) -> bytes:
        assert self._group is not None
        flags = Flag.WHOLE | packet.flags & Flag.HEADER_SIGNING
        if kind == PacketType.BIND_ACK:
            flags |= packet.flags & Flag.MULTIPLEXED
        body = BindAck(self.fragment, self.fragment, self._group.number, address, results)
        return pdu(kind, packet.call, body.encode(), flags, trailer=trailer, value=token)

    # -- requests ------------------------------------------------------------------------------------------

    def _request(self, packet: Packet) -> Iterator[bytes]:
        if self._group is None:
            raise Fault(FaultStatus.PROTOCOL, "a request before bind", last=True)
        call = self._assembly.take(packet)
        if call is not None:
            yield from self._run(call, self._group)

    def _run(self, call: Call, group: Group) -> Iterator[bytes]:
        self._traffic.calls_in += 1
        security = call.security
        caller = self._caller if security is None or security.caller is None else security.caller
        user: Hashable = caller.identity
        if security is not None and security.caller is not None and (caller.anonymous or caller.guest):
            user = self  # who proved no password inside a pipe is nobody else's guest
        client = Client(caller, group.handles(call.bound.name, user), call.big_endian)
        try:
            stub = call.bound.interface.call(call.operation, bytes(call.stub), client)
        except Fault as error:
            error.context = call.context
            raise
        self._traffic.calls_out += 1
        yield from self._response(call, stub)

    def _response(self, call: Call, stub: bytes) -> Iterator[bytes]:
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
                yield pdu(PacketType.RESPONSE, call.call, response_head(left, call.context) + part, flags)

    def _ignore(self, packet: Packet) -> Iterator[bytes]:
        """co_cancel and orphaned: calls end at once, so nothing is left to cancel, and Windows goes on too."""
        yield from ()


_STEPS: Final[Mapping[int, Callable[[Association, Packet], Iterator[bytes]]]] = {
    PacketType.REQUEST: Association._request,
    PacketType.BIND: Association._bind,
    PacketType.ALTER_CONTEXT: Association._alter,
    PacketType.AUTH3: Association._auth3,
    PacketType.CO_CANCEL: Association._ignore,
    PacketType.ORPHANED: Association._ignore,
}
