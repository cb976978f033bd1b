"""A reader of DCE/RPC fragments for labels in the record (C706 chapter 12, [MS-RPCE] 2.2.2); `rpc` answers them."""

import struct
from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

import msgspec

from fakesmb.wire.codec import Buffer, DecodeError

HEADER_SIZE: Final = 16


class PacketType(IntEnum):
    """PTYPE of the connection-oriented protocol."""

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


INTERFACES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "4b324fc8-1670-01d3-1278-5a47bf6ee188": "srvsvc",
        "6bffd098-a112-3610-9833-46c3f87e345a": "wkssvc",
        "12345778-1234-abcd-ef00-0123456789ab": "lsarpc",
        "12345778-1234-abcd-ef00-0123456789ac": "samr",
        "12345678-1234-abcd-ef00-01234567cffb": "netlogon",
        "367abb81-9844-35f1-ad32-98f038001003": "svcctl",
        "338cd001-2244-31f1-aaaa-900038001003": "winreg",
        "12345678-1234-abcd-ef00-0123456789ab": "spoolss",
        "8d9f4e40-a03d-11ce-8f69-08003e30051b": "pnp",
        "1ff70682-0a51-30e8-076d-740be8cee98b": "atsvc",
        "3919286a-b10c-11d0-9ba8-00c04fd92ef5": "dssetup",
        "4fc742e0-4a10-11cf-8273-00aa004ae673": "netdfs",
        "82273fdc-e32a-18c3-3f78-827929dc23ea": "eventlog",
        "6bffd098-a112-3610-9833-012892020162": "browser",
        "885d85fb-c754-4062-a0e7-68692ce04f43": "mdssvc",
        "afa8bd80-7d8a-11c9-bef4-08002b102989": "mgmt",
        "e1af8308-5d1f-11c9-91a4-08002b14a0fa": "epmapper",
    }
)
"""Interface UUID to its common name."""

AUTHENTICATION_TYPES: Final[Mapping[int, str]] = MappingProxyType(
    {9: "SPNEGO", 10: "NTLMSSP", 14: "TLS", 16: "Kerberos", 68: "Netlogon"}
)
"""[MS-RPCE] 2.2.1.1.7."""
AUTHENTICATION_LEVELS: Final[Mapping[int, str]] = MappingProxyType(
    {2: "connect", 3: "call", 4: "packet", 5: "integrity", 6: "privacy"}
)
"""[MS-RPCE] 2.2.1.1.8."""

_HEADER: Final = struct.Struct("BBBBB3xHHI")
_BIND: Final = struct.Struct("HHIB3x")
_CONTEXT: Final = struct.Struct("HBx")
_SYNTAX_SIZE: Final = 20
_REQUEST: Final = struct.Struct("IHH")
_FAULT: Final = struct.Struct("IHBxI")
_RESULT_SIZE: Final = 24


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
        return tuple(INTERFACES.get(one, one) for one in self.interfaces)

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
        return bool(self.flags & 1)

    @property
    def last(self) -> bool:
        """PFC_LAST_FRAG."""
        return bool(self.flags & 2)


def read(data: Buffer) -> Fragment:
    """The fragment that begins the data, which may hold only part of it; raises `DecodeError`."""
    if len(data) < HEADER_SIZE:
        raise DecodeError(f"a DCE/RPC fragment of {len(data)} bytes")
    order = "<" if data[4] & 0x10 else ">"
    major, minor, kind, flags, _, length, auth_length, call_id = struct.unpack_from(
        order + _HEADER.format, data
    )
    if major != 5 or minor > 1:
        raise DecodeError(f"DCE/RPC version {major}.{minor}")
    fields = _fields(kind, data, order)
    fields["auth_type"], fields["auth_level"] = _verifier(data, length, auth_length)
    return Fragment(kind, flags, length, auth_length, call_id, **fields)


def _fields(kind: int, data: Buffer, order: str) -> dict[str, Any]:
    """What only some types have."""
    if kind in (PacketType.BIND, PacketType.ALTER_CONTEXT):
        return {"interfaces": _interfaces(data, order)}
    if kind in (PacketType.BIND_ACK, PacketType.ALTER_CONTEXT_RESP):
        return {"results": _results(data, order)}
    if kind == PacketType.REQUEST:
        _, context, opnum = _unpack(order, _REQUEST, data, HEADER_SIZE)
        return {"context_id": context, "opnum": opnum}
    if kind == PacketType.FAULT:
        _, context, _, status = _unpack(order, _FAULT, data, HEADER_SIZE)
        return {"context_id": context, "status": status}
    if kind == PacketType.BIND_NAK:
        return {"status": _unpack(order, _U16, data, HEADER_SIZE)[0]}
    return {}


_TRAILER_SIZE: Final = 8


def _verifier(data: Buffer, length: int, auth_length: int) -> tuple[int, int]:
    """Type and level; zeros where there is no verifier, or where it lies beyond the data."""
    at = length - auth_length - _TRAILER_SIZE
    if not auth_length or at < HEADER_SIZE or at + 2 > len(data):
        return 0, 0
    return data[at], data[at + 1]


_U16: Final = struct.Struct("H")


def _unpack(order: str, layout: struct.Struct, data: Buffer, at: int) -> tuple[int, ...]:
    if at < 0 or len(data) - at < layout.size:
        raise DecodeError("a DCE/RPC fragment that ends in its fields")
    return struct.unpack_from(order + layout.format, data, at)


def _interfaces(data: Buffer, order: str) -> tuple[str, ...]:
    _, _, _, count = _unpack(order, _BIND, data, HEADER_SIZE)
    at = HEADER_SIZE + 12
    found = []
    for _ in range(count):
        _, transfers = _unpack(order, _CONTEXT, data, at)
        at += 4
        raw = bytes(data[at : at + 16])
        if len(raw) < 16:
            raise DecodeError("an abstract syntax that ends early")
        found.append(str(UUID(bytes_le=raw) if order == "<" else UUID(bytes=raw)))
        at += _SYNTAX_SIZE * (1 + transfers)
    return tuple(found)


def _results(data: Buffer, order: str) -> tuple[int, ...]:
    at = HEADER_SIZE + 8
    (address_size,) = _unpack(order, _U16, data, at)
    at += 2 + address_size
    at += -at % 4
    if len(data) <= at:
        raise DecodeError("a bind acknowledgement without results")
    count, at = data[at], at + 4
    return tuple(_unpack(order, _U16, data, at + _RESULT_SIZE * index)[0] for index in range(count))
