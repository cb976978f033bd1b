"""Association groups and the context handles that live in them ([C706] 4.2.16.6, [MS-RPCE] 3.3.1.4).

Pipes of one client that name the same group share its handles, interface by interface. A group ends with its
last pipe, and its handles with it.
"""

import struct
from typing import Final

from fakesmb.rpc.faults import Fault
from fakesmb.wire.dcerpc import FaultStatus

FIRST_GROUP: Final = 0x5000
_HANDLE: Final = struct.Struct("<4xIIQ")


class Handles:
    """The context handles that one group has open on one interface, each with what it stands for."""

    SIZE: Final = _HANDLE.size
    LIMIT: Final = 256

    def __init__(self, group: int = 0) -> None:
        self._group = group
        self._open: dict[bytes, object] = {}
        self._given = 0

    def give(self, what: object = None) -> bytes | None:
        """A new handle; None for a client that has too many."""
        if len(self._open) >= self.LIMIT:
            return None
        self._given += 1
        handle = _HANDLE.pack(self._group, 0, self._given)
        self._open[handle] = what
        return handle

    def check(self, handle: bytes) -> object:
        """What an open handle stands for; raises `Fault` for one that is not open."""
        if handle not in self._open:
            raise Fault(FaultStatus.CONTEXT_MISMATCH, f"no context handle {handle.hex()}")
        return self._open[handle]

    def close(self, handle: bytes) -> None:
        """Ends a handle; raises `Fault` if it is not open."""
        self.check(handle)
        del self._open[handle]


class Group:
    """One association group."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.members = 0
        self._handles: dict[str, Handles] = {}

    def handles(self, interface: str) -> Handles:
        """The handles of one interface."""
        found = self._handles.get(interface)
        if found is None:
            found = self._handles[interface] = Handles(self.number)
        return found


class Groups:
    """All association groups of one server."""

    def __init__(self) -> None:
        self._groups: dict[int, Group] = {}
        self._made = 0

    def join(self, number: int) -> Group | None:
        """The group of that number, or a new one for 0; None where there is none."""
        if number == 0:
            self._made += 1
            number = FIRST_GROUP + self._made % 0x7FFFFFFF
            self._groups[number] = Group(number)
        group = self._groups.get(number)
        if group is not None:
            group.members += 1
        return group

    def leave(self, group: Group) -> None:
        """One member less; the last one takes the group with it."""
        group.members -= 1
        if not group.members:
            self._groups.pop(group.number, None)
