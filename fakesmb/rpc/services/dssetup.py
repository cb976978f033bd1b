"""dssetup: whether this machine is in a domain ([MS-DSSP]); it is on lsarpc's pipe, where Windows clients ask it."""

import struct
from collections.abc import Callable, Mapping
from typing import Final

from impacket.dcerpc.v5 import dssp

from fakesmb.rpc.interface import Interface, Surroundings
from fakesmb.rpc.stub import FIRST_REFERENT, U32, Call, Operation, TableInterface, Win32, wide
from fakesmb.rpc.view import ServerFacts

STANDALONE_SERVER: Final = 2
MEMBER_SERVER: Final = 3
"""DSROLE_MACHINE_ROLE, [MS-DSSP] 2.2.2."""

# impacket pads these structures wrongly, so they are put together here.
_BASIC: Final = struct.Struct("<H2xIIII16x")
"""Role, flags, pointers to NetBIOS, DNS and forest name, GUID."""
_STRING: Final = struct.Struct("<III")
_UPGRADE: Final = struct.Struct("<IH2x")
_OPERATION: Final = struct.Struct("<H")


def _basic(facts: ServerFacts) -> bytes:
    role = MEMBER_SERVER if facts.domain_joined else STANDALONE_SERVER
    name = wide(facts.workgroup).encode("utf-16-le")
    count = len(name) // 2
    head = _BASIC.pack(role, 0, FIRST_REFERENT + 4, 0, 0)
    return bytes(2) + head + _STRING.pack(count, 0, count) + name + bytes(-len(name) % 4)


def _upgrade(facts: ServerFacts) -> bytes:
    return bytes(2) + _UPGRADE.pack(0, 0)


def _operation(facts: ServerFacts) -> bytes:
    return _OPERATION.pack(0)


_LEVELS: Final[Mapping[int, Callable[[ServerFacts], bytes]]] = {1: _basic, 2: _upgrade, 3: _operation}
"""DSROLE_PRIMARY_DOMAIN_INFO_LEVEL, [MS-DSSP] 2.2.7: what comes after the level that selects it."""


def primary_domain(call: Call, level: int) -> bytes:
    """DsRolerGetPrimaryDomainInformation, [MS-DSSP] 3.2.5.1; nothing is being upgraded or under way."""
    give = _LEVELS.get(level)
    if give is None:
        return U32.pack(0) + U32.pack(Win32.INVALID_PARAMETER)
    return struct.pack("<IH", FIRST_REFERENT, level) + give(call.view.facts) + U32.pack(Win32.OK)


OPERATIONS: Final[Mapping[int, Operation]] = {
    0: Operation(dssp.DsRolerGetPrimaryDomainInformation, ("InfoLevel",), primary_domain),
}
"""The rest has not been on the wire since Windows 2000 ([MS-DSSP] 3.2.5)."""


def interface(around: Surroundings) -> Interface:
    """The interface, bound to a server."""
    return TableInterface(OPERATIONS, around.view)
