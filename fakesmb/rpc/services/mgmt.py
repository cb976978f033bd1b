"""mgmt: what every RPC endpoint tells of itself ([C706] appendix Q); scanners ask it which interfaces there are."""

import struct
from collections.abc import Mapping
from typing import Any, Final

from impacket.dcerpc.v5 import mgmt

from fakesmb.rpc.byteorder import Ignored, Reader
from fakesmb.rpc.faults import Fault
from fakesmb.rpc.interface import Interface, Surroundings
from fakesmb.rpc.security import NTLMSSP, SPNEGO
from fakesmb.rpc.stub import FIRST_REFERENT, Call, Operation, TableInterface, Win32
from fakesmb.wire.dcerpc import FaultStatus
from fakesmb.wire.oem import encode_oem

UNKNOWN_AUTHENTICATION: Final = 1747
"""RPC_S_UNKNOWN_AUTHN_SERVICE, [MS-ERREF] 2.2."""
STATISTICS: Final = 4
"""Calls in, calls out, packets in, packets out."""
_U32: Final = struct.Struct("<I")
_TRUE: Final = 1


class PrincipalRequest:
    """rpc_mgmt_inq_princ_name, which impacket lacks."""

    def __init__(self, reader: Reader) -> None:
        self.protocol, self.room = reader.numbers("II")


def interface(around: Surroundings) -> Interface:
    """The interface, bound to an endpoint of a server."""

    def interfaces(call: Call) -> bytes:
        """rpc_mgmt_inq_if_ids: pointers to all interfaces of the endpoint, then these."""
        syntaxes = around.syntaxes
        count = len(syntaxes)
        head = struct.pack("<III", FIRST_REFERENT, count, count)
        pointers = struct.pack(f"<{count}I", *(FIRST_REFERENT + 4 * (index + 1) for index in range(count)))
        ids = b"".join(one.uuid.bytes_le + struct.pack("<HH", one.major, one.minor) for one in syntaxes)
        return head + pointers + ids + _U32.pack(Win32.OK)

    def statistics(call: Call, wanted: int) -> bytes:
        """rpc_mgmt_inq_stats: as many of the four counters as there is room for."""
        traffic = around.traffic
        counters = (traffic.calls_in, traffic.calls_out, traffic.packets_in, traffic.packets_out)
        told = [value & 0xFFFFFFFF for value in counters[: min(wanted, STATISTICS)]]
        return struct.pack(f"<II{len(told)}I", len(told), len(told), *told) + _U32.pack(Win32.OK)

    def listening(call: Call) -> bytes:
        """rpc_mgmt_is_server_listening: it is, as it answers."""
        return struct.pack("<II", Win32.OK, _TRUE)

    def stop(call: Call) -> bytes:
        """rpc_mgmt_stop_server_listening: nobody may, over the network."""
        return _U32.pack(Win32.ACCESS_DENIED)

    def principal(call: Call, protocol: int, room: int) -> bytes:
        """rpc_mgmt_inq_princ_name: whom clients sign in to, for the two ways to sign in."""
        if not room:
            raise Fault(FaultStatus.BAD_STUB_DATA, "no room for a principal name")
        name, status = b"", UNKNOWN_AUTHENTICATION
        if protocol in (SPNEGO, NTLMSSP):
            name, status = encode_oem(f"{around.view.facts.name.upper()}$", "ascii"), Win32.OK
            if len(name) >= room:
                name, status = b"", Win32.INSUFFICIENT_BUFFER
        text = name + b"\0"
        out = struct.pack("<III", room, 0, len(text)) + text
        return out + bytes(-len(out) % 4) + _U32.pack(status)

    operations: Mapping[int, Operation] = {
        0: Operation(Ignored, (), interfaces),
        1: Operation(mgmt.inq_stats, ("count",), statistics),
        2: Operation(Ignored, (), listening),
        3: Operation(Ignored, (), stop),
        4: Operation(PrincipalRequest, (_protocol, _room), principal),
    }
    return TableInterface(operations, around.view)


def _protocol(request: Any) -> int:
    protocol: int = request.protocol
    return protocol


def _room(request: Any) -> int:
    room: int = request.room
    return room
