"""epmapper: which interfaces are behind which pipes ([C706] appendix O, [MS-RPCE] 2.2.1.2).

Tools that survey a machine begin with it. There are no endpoints but pipes, and nobody registers any.
"""

import struct
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from fakesmb.rpc.byteorder import Reader
from fakesmb.rpc.groups import Handles
from fakesmb.rpc.interface import Interface, Registered, Surroundings
from fakesmb.rpc.ndr import Writer
from fakesmb.rpc.stub import Call, Operation, TableInterface
from fakesmb.wire.dcerpc import NDR, Syntax
from fakesmb.wire.oem import encode_oem

NOT_REGISTERED: Final = 0x16C9A0D6
"""ept_s_not_registered, and the end of a list."""
MOST_ENTRIES: Final = 500
"""Entries of one answer; there are not that many."""
NO_HANDLE: Final = bytes(Handles.SIZE)
_NOTHING: Final = NO_HANDLE + bytes(16)
"""No entries, and an array for none."""

_UUID_FLOOR, _RPC_FLOOR, _PIPE_FLOOR, _NETBIOS_FLOOR = 0x0D, 0x0B, 0x0F, 0x11
"""Protocol identifiers, [C706] appendix I."""
_LONGEST_TOWER: Final = 2048
_FLOOR_SIZE: Final = struct.Struct("<H")

ALL, BY_INTERFACE, BY_OBJECT, BY_BOTH = range(4)
"""inquiry_type."""
ALL_VERSIONS, COMPATIBLE, EXACT, MAJOR_ONLY, UP_TO = range(1, 6)
"""vers_option."""


def _floor(left: bytes, right: bytes) -> bytes:
    return _FLOOR_SIZE.pack(len(left)) + left + _FLOOR_SIZE.pack(len(right)) + right


def _syntax_floor(syntax: Syntax) -> bytes:
    left = bytes((_UUID_FLOOR,)) + syntax.uuid.bytes_le + _FLOOR_SIZE.pack(syntax.major)
    return _floor(left, _FLOOR_SIZE.pack(syntax.minor))


def tower(one: Registered, machine: str) -> bytes:
    """The protocol tower of an endpoint: interface, transfer syntax, RPC, pipe, machine."""
    return b"".join(
        (
            _FLOOR_SIZE.pack(5),
            _syntax_floor(one.syntax),
            _syntax_floor(NDR),
            _floor(bytes((_RPC_FLOOR,)), bytes(2)),
            _floor(bytes((_PIPE_FLOOR,)), one.path.encode("ascii") + b"\0"),
            _floor(bytes((_NETBIOS_FLOOR,)), encode_oem(f"\\\\{machine}", "ascii") + b"\0"),
        )
    )


class Wanted(NamedTuple):
    """What a tower that is to be mapped asks for."""

    interface: Syntax
    protocols: frozenset[int]


def wanted(data: bytes) -> Wanted:
    """Reads a tower; raises `ValueError` and `struct.error` for what is none."""
    (count,) = _FLOOR_SIZE.unpack_from(data)
    at, floors = 2, []
    for _ in range(count):
        parts = []
        for _ in range(2):
            (size,) = _FLOOR_SIZE.unpack_from(data, at)
            parts.append(data[at + 2 : at + 2 + size])
            at += 2 + size
        if at > len(data) or not parts[0]:
            raise ValueError(f"{count} floors announced, the tower ends at {len(data)}")
        floors.append(parts)
    left, right = floors[0]
    if left[0] != _UUID_FLOOR or len(left) != 19 or len(right) != 2:
        raise ValueError(f"protocol 0x{left[0]:02X} on the first floor, where the interface belongs")
    syntax = Syntax(
        uuid.UUID(bytes_le=left[1:17]), _FLOOR_SIZE.unpack_from(left, 17)[0], _FLOOR_SIZE.unpack(right)[0]
    )
    return Wanted(syntax, frozenset(left[0] for left, _ in floors[2:]))


class _LookupRequest:
    """ept_lookup, whose pointers impacket takes for structures."""

    def __init__(self, reader: Reader) -> None:
        self.inquiry = reader.number()
        self.object = reader.uuid() if reader.number() else None
        self.interface: Syntax | None = None
        if reader.number():
            found = reader.uuid()
            self.interface = Syntax(found, *reader.numbers("HH"))
        self.option = reader.number()
        self.handle = reader.handle()
        self.most = reader.number()


class _MapRequest:
    """ept_map."""

    def __init__(self, reader: Reader) -> None:
        self.object = reader.uuid() if reader.number() else None
        self.wanted = None
        if reader.number():
            reader.number()
            size = reader.number()
            if size > _LONGEST_TOWER:
                raise ValueError(f"a tower of {size} bytes")
            self.wanted = wanted(reader.take(size))
        self.handle = reader.handle()
        self.most = reader.number()


class _FreeRequest:
    def __init__(self, reader: Reader) -> None:
        self.handle = reader.handle()


def _fits(known: Syntax, asked: Syntax, option: int) -> bool:
    """Whether an interface is one that is asked for, its version as vers_option says."""
    if known.uuid != asked.uuid:
        return False
    same = known.major == asked.major
    versions: Mapping[int, bool] = {
        COMPATIBLE: same and known.minor >= asked.minor,
        EXACT: same and known.minor == asked.minor,
        MAJOR_ONLY: same,
        UP_TO: (known.major, known.minor) <= (asked.major, asked.minor),
    }
    return versions.get(option, True)


class _Rest:
    """What a client has not asked for yet."""

    def __init__(self, entries: Sequence[Registered]) -> None:
        self._entries = entries

    def take(self, most: int) -> Sequence[Registered]:
        """The next entries."""
        part, self._entries = self._entries[:most], self._entries[most:]
        return part


def _piece(
    call: Call, handle: bytes, most: int, found: Sequence[Registered]
) -> tuple[bytes, Sequence[Registered]]:
    """The next piece of a list, and the handle to go on with.

    That is the same all along and good until a piece is not filled, as with Windows: nmap goes on with the
    first one until nothing comes.
    """
    rest = _Rest(found) if handle == NO_HANDLE else call.held(handle, _Rest)
    part = rest.take(most)
    if len(part) == most > 0:
        return (call.opened(rest) if handle == NO_HANDLE else handle), part
    if handle != NO_HANDLE:
        call.handles.close(handle)
    return NO_HANDLE, part


def interface(around: Surroundings) -> Interface:
    """The interface, bound to the endpoints of a server."""

    def lookup(call: Call, request: _LookupRequest) -> bytes:
        """ept_lookup: the endpoints of an interface, or all."""
        found = list(around.registered)
        if request.inquiry in (BY_OBJECT, BY_BOTH) and request.object and request.object.int:
            found = []
        if request.inquiry in (BY_INTERFACE, BY_BOTH) and request.interface is not None:
            asked = request.interface
            found = [one for one in found if _fits(one.syntax, asked, request.option)]
        handle, part = _piece(call, request.handle, min(request.most, MOST_ENTRIES), found)
        writer = Writer()
        writer.raw(handle)
        writer.numbers("IIII", len(part), request.most, 0, len(part))
        for one in part:
            writer.align(4)
            writer.raw(bytes(16))
            writer.pointer(_tower_writer(writer, tower(one, call.view.facts.name.upper())))
            name = one.name.encode("ascii") + b"\0"
            writer.numbers("II", 0, len(name))
            writer.raw(name)
        return writer.done(0 if part else NOT_REGISTERED)

    def find(call: Call, request: _MapRequest) -> bytes:
        """ept_map: the endpoints that fit a tower."""
        found: list[Registered] = []
        asked = request.wanted
        if asked is not None and asked.protocols >= {_RPC_FLOOR, _PIPE_FLOOR}:
            found = [one for one in around.registered if _fits(one.syntax, asked.interface, COMPATIBLE)]
        handle, part = _piece(call, request.handle, min(request.most, MOST_ENTRIES), found)
        writer = Writer()
        writer.raw(handle)
        writer.numbers("IIII", len(part), request.most, 0, len(part))
        for one in part:
            writer.pointer(_tower_writer(writer, tower(one, call.view.facts.name.upper())))
        return writer.done(0 if part else NOT_REGISTERED)

    def free(call: Call, handle: bytes) -> bytes:
        """ept_lookup_handle_free."""
        call.handles.close(handle)
        return NO_HANDLE + bytes(4)

    operations: Mapping[int, Operation] = {
        2: Operation(_LookupRequest, (_itself,), lookup, _NOTHING),
        3: Operation(_MapRequest, (_itself,), find, _NOTHING),
        4: Operation(_FreeRequest, (lambda request: request.handle,), free),
    }
    return TableInterface(operations, around.view)


def _itself(request: Any) -> Any:
    return request


def _tower_writer(writer: Writer, octets: bytes) -> Any:
    def write() -> None:
        writer.numbers("II", len(octets), len(octets))
        writer.raw(octets)

    return write
