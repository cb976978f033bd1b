"""What a DCE/RPC fragment says of itself, in the words of a label: for the record, which keeps no stub data."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

from fakesmb.wire.codec import Buffer, DecodeError
from fakesmb.wire.dcerpc import HEADER_SIZE, Flag, Packet, PacketType
from fakesmb.wire.interfaces import interface_name

AUTHENTICATION_TYPES: Final[Mapping[int, str]] = MappingProxyType(
    {9: "SPNEGO", 10: "NTLMSSP", 14: "TLS", 16: "Kerberos", 68: "Netlogon"}
)
"""[MS-RPCE] 2.2.1.1.7."""
AUTHENTICATION_LEVELS: Final[Mapping[int, str]] = MappingProxyType(
    {2: "connect", 3: "call", 4: "packet", 5: "integrity", 6: "privacy"}
)
"""[MS-RPCE] 2.2.1.1.8."""


class Fragment(msgspec.Struct, frozen=True, gc=False):
    """One fragment; fields that its type does not have are empty."""

    packet_type: int
    flags: int
    length: int
    """Of the fragment, as it says itself."""
    auth_length: int
    call_id: int
    interfaces: tuple[str, ...] = ()
    """BIND, ALTER_CONTEXT: UUIDs of the abstract syntaxes offered."""
    results: tuple[int, ...] = ()
    """BIND_ACK, ALTER_CONTEXT_RESP: result of each context, 0 is acceptance."""
    context_id: int = 0
    opnum: int | None = None
    """REQUEST: the operation."""
    status: int | None = None
    """FAULT: the status; BIND_NAK: the reason."""
    auth_type: int = 0
    auth_level: int = 0
    """Of the verifier, if the fragment has one ([MS-RPCE] 2.2.2.11)."""

    @property
    def title(self) -> str:
        """`Bind`, `Request`, `Fault`, ..."""
        try:
            return PacketType(self.packet_type).name.replace("_", " ").title()
        except ValueError:
            return f"PTYPE {self.packet_type}"

    @property
    def interface_names(self) -> tuple[str, ...]:
        """The interfaces by common name, or by UUID where they have none."""
        return tuple(map(interface_name, self.interfaces))

    @property
    def protection(self) -> str:
        """`NTLMSSP privacy`; empty without a verifier."""
        if not self.auth_level:
            return ""
        kind = AUTHENTICATION_TYPES.get(self.auth_type, f"type {self.auth_type}")
        return f"{kind} {AUTHENTICATION_LEVELS.get(self.auth_level, f'level {self.auth_level}')}"

    @property
    def first(self) -> bool:
        """PFC_FIRST_FRAG."""
        return bool(self.flags & Flag.FIRST)

    @property
    def last(self) -> bool:
        """PFC_LAST_FRAG."""
        return bool(self.flags & Flag.LAST)


def read(data: Buffer) -> Fragment:
    """The fragment that begins the data, which may hold only part of it; raises `DecodeError`."""
    packet = Packet.peek(data)
    major, minor = packet.version
    if major != 5 or minor > 1:
        raise DecodeError(f"DCE/RPC version {major}.{minor}")
    own = _FIELDS.get(packet.type)
    fields = {} if own is None else own(packet)
    fields["auth_type"], fields["auth_level"] = _protection(packet)
    return Fragment(packet.type, packet.flags, packet.length, packet.auth_length, packet.call, **fields)


def _protection(packet: Packet) -> tuple[int, int]:
    """Type and level of the verifier; zeros where there is none, or where it lies beyond the data."""
    try:
        verifier = packet.verifier(HEADER_SIZE)
    except DecodeError:
        return 0, 0
    return (0, 0) if verifier is None else (verifier.type, verifier.level)


def _bind(packet: Packet) -> dict[str, Any]:
    return {"interfaces": tuple(str(one.interface.uuid) for one in packet.bind().contexts)}


def _bind_ack(packet: Packet) -> dict[str, Any]:
    return {"results": tuple(one.result for one in packet.bind_ack().results)}


def _request(packet: Packet) -> dict[str, Any]:
    _, context, operation = packet.call_head()
    return {"context_id": context, "opnum": operation}


def _fault(packet: Packet) -> dict[str, Any]:
    fault = packet.fault()
    return {"context_id": fault.context, "status": fault.status}


def _nak(packet: Packet) -> dict[str, Any]:
    return {"status": packet.nak_reason()}


_FIELDS: Final[Mapping[int, Callable[[Packet], dict[str, Any]]]] = {
    PacketType.BIND: _bind,
    PacketType.ALTER_CONTEXT: _bind,
    PacketType.BIND_ACK: _bind_ack,
    PacketType.ALTER_CONTEXT_RESP: _bind_ack,
    PacketType.REQUEST: _request,
    PacketType.FAULT: _fault,
    PacketType.BIND_NAK: _nak,
}
"""What only some types have."""
