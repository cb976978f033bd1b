"""Requests put together from their fragments ([C706] 12.6.3.1, PFC_FIRST_FRAG and PFC_LAST_FRAG)."""

from typing import Final

import msgspec

from fakesmb.rpc.faults import Fault
from fakesmb.rpc.presentation import BoundContext, PresentationContexts
from fakesmb.rpc.security import SecurityContext
from fakesmb.rpc.sign_ins import SecurityContexts
from fakesmb.wire.codec import DecodeError
from fakesmb.wire.dcerpc import FaultStatus, Flag, Packet, Verifier

LONGEST_REQUEST_FRAGMENT: Final = 5840
"""A longer fragment of a request breaks the protocol, whatever was agreed on."""
MAX_REQUEST: Final = 256 * 1024
"""Bytes of one reassembled request (Windows: 4 MiB). The longest we serve is a lookup of a thousand names."""


class Call(msgspec.Struct):
    """A request, whole or with fragments still to come."""

    call: int
    context: int
    operation: int
    bound: BoundContext
    security: SecurityContext | None
    big_endian: bool
    stub: bytearray

    def fault(self, status: int, why: str) -> Fault:
        """A fault that ends the call, and the connection with it."""
        return Fault(status, why, executed=True, last=True, context=self.context, call=self.call)


class Assembly:
    """Puts the requests of one association together. One at a time is under way."""

    def __init__(self, contexts: PresentationContexts, securities: SecurityContexts) -> None:
        self._contexts = contexts
        self._securities = securities
        self._partial: Call | None = None
        self.multiplexed = False
        """Whether client and server agreed that calls may run side by side."""

    @property
    def held(self) -> int:
        """Bytes of a request that is not whole."""
        return 0 if self._partial is None else len(self._partial.stub)

    def clear(self) -> None:
        """Forgets a request that is not whole."""
        self._partial = None

    def take(self, packet: Packet) -> Call | None:
        """Takes one fragment, and gives the call with its last one; raises `Fault` and `DecodeError`."""
        verifier = packet.verifier(packet.stub_at)
        hint, context, operation = packet.call_head()
        if len(packet.data) < packet.stub_at:
            raise DecodeError("an object UUID is announced, and the PDU ends before it")
        if len(packet.data) > LONGEST_REQUEST_FRAGMENT:
            why = f"a fragment of {len(packet.data)} bytes"
            raise Fault(FaultStatus.PROTOCOL, why, executed=True, last=True)
        call = self._partial
        if call is not None and call.call == packet.call:
            call.stub += _stub(packet, verifier, call)  # else its headers do not count
            if packet.flags & Flag.FIRST or call.big_endian != (packet.order == ">"):
                raise self._out_of_turn(packet, context)
        else:
            call = self._first(packet, context, operation, verifier)
            call.stub += _stub(packet, verifier, call)
        if len(call.stub) > MAX_REQUEST or (hint > MAX_REQUEST and not packet.flags & Flag.LAST):
            size = max(len(call.stub), hint)
            raise call.fault(FaultStatus.ACCESS_DENIED, f"a request of {size} bytes, {MAX_REQUEST} allowed")
        last = packet.flags & Flag.LAST
        self._partial = None if last else call
        return call if last else None

    def _first(self, packet: Packet, context: int, operation: int, verifier: Verifier | None) -> Call:
        """A request whose first fragment this is; raises `Fault` if it cannot be."""
        bound = self._contexts.get(context)
        first = bool(packet.flags & Flag.FIRST)
        if self._partial is not None or not (first or self.multiplexed):
            raise self._out_of_turn(packet, context)
        if bound is None:
            raise Fault(FaultStatus.UNKNOWN_INTERFACE, f"presentation context {context} is not bound")
        security = self._securities.of_request(verifier, context)
        if packet.flags & Flag.PENDING_CANCEL:
            raise Fault(FaultStatus.NO_CALL_ACTIVE, "the first fragment of a call cancels it", last=True)
        if not first:
            raise self._out_of_turn(packet, context)
        return Call(packet.call, context, operation, bound, security, packet.order == ">", bytearray())

    def _out_of_turn(self, packet: Packet, context: int) -> Fault:
        """A fragment that cannot be now. It ends the call under way, unless calls may run side by side."""
        partial = self._partial
        why = f"a fragment of call {packet.call} out of turn"
        if partial is not None and (not self.multiplexed or partial.call == packet.call):
            return partial.fault(FaultStatus.PROTOCOL, why)
        known = partial is None and self.multiplexed and self._contexts.get(context) is not None
        return Fault(FaultStatus.PROTOCOL, why, executed=True, last=True, context=context if known else 0)


def _stub(packet: Packet, verifier: Verifier | None, call: Call) -> bytes:
    """The stub data of one fragment, its signature checked; raises `Fault`."""
    security = call.security
    if verifier is None:
        if security is not None and security.protects:
            raise call.fault(FaultStatus.PROTOCOL, "a fragment without its signature")
        return packet.data[packet.stub_at :]
    if security is None:
        raise call.fault(FaultStatus.ACCESS_DENIED, "a fragment signed in a call that began unsigned")
    try:
        return security.open(packet, verifier)
    except Fault as error:
        error.context = call.context
        error.call = call.call
        raise
