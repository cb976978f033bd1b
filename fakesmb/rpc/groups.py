"""Association groups and the context handles that live in them ([C706] 4.2.16.6, [MS-RPCE] 3.3.1.4).

Pipes of one owner that name the same group share its handles, interface by interface. Nobody else's pipe joins it. A
group ends with its last pipe, and its handles with it.
"""

import struct
from collections.abc import Callable, Hashable
from itertools import count
from typing import Final, Protocol, runtime_checkable

from fakesmb.rpc.faults import Fault
from fakesmb.wire.dcerpc import FaultStatus

FIRST_GROUP: Final = 0x5000
_HANDLE: Final = struct.Struct("<4xIIQ")
_HANDLE_COST: Final = 320
"""Bytes that an open handle takes with what it stands for (measured)."""


@runtime_checkable
class Ends(Protocol):
    """What a handle stands for, where it must know that the client is gone ([C706] 5.1.6)."""

    def ended(self) -> None:
        """The handle was not closed, and nobody can use it any more."""


class Handles:
    """The context handles that one user has open on one interface through one group, each with what it stands for."""

    SIZE: Final = _HANDLE.size
    LIMIT: Final = 256
    """Of one group and interface, whoever opened them."""

    def __init__(self, group: int = 0, places: "Places | None" = None) -> None:
        self._group = group
        self._places = places or Places()
        self._open: dict[bytes, object] = {}

    def give(self, what: object = None) -> bytes | None:
        """A new handle; None for a client that has too many."""
        number = self._places.take(self.LIMIT)
        if number is None:
            return None
        handle = _HANDLE.pack(self._group, 0, number)
        self._open[handle] = what
        return handle

    def check(self, handle: bytes) -> object:
        """What an open handle stands for; raises `Fault` for one that is not open, or another user's."""
        if handle not in self._open:
            raise Fault(FaultStatus.CONTEXT_MISMATCH, f"no context handle {handle.hex()}")
        return self._open[handle]

    def close(self, handle: bytes) -> None:
        """Ends a handle; raises `Fault` if it is not open."""
        self.check(handle)
        del self._open[handle]
        self._places.taken -= 1

    def end(self) -> None:
        """Ends all of them."""
        self._places.taken -= len(self._open)
        held = list(self._open.values())
        self._open.clear()
        for what in held:
            if isinstance(what, Ends):
                what.ended()


class Places:
    """Counts the handles of one group and interface over all users: their number is bounded, and none comes twice."""

    __slots__ = ("_given", "taken")

    def __init__(self) -> None:
        self.taken = self._given = 0

    def take(self, limit: int) -> int | None:
        """The number of a new handle; None where there are as many as may be."""
        if self.taken >= limit:
            return None
        self.taken += 1
        self._given += 1
        return self._given


class Group:
    """One association group. It belongs to whoever made it, and each of its handles to the user who opened it."""

    def __init__(self, number: int, owner: Hashable) -> None:
        self.number = number
        self.owner = owner
        self.members = 0
        self._handles: dict[tuple[str, Hashable], Handles] = {}
        self._places: dict[str, Places] = {}

    def handles(self, interface: str, user: Hashable) -> Handles:
        """The handles of one user on one interface; a sign-in inside a pipe is another user's."""
        found = self._handles.get((interface, user))
        if found is None:
            places = self._places.setdefault(interface, Places())
            found = self._handles[interface, user] = Handles(self.number, places)
        return found

    @property
    def held(self) -> int:
        """Bytes that the open handles take."""
        return _HANDLE_COST * sum(places.taken for places in self._places.values())

    def end(self) -> None:
        """Ends all handles."""
        for handles in self._handles.values():
            handles.end()

    def forget(self, user: Hashable) -> None:
        """Ends the handles of one who does not come again."""
        for key in [key for key in self._handles if key[1] == user]:
            self._handles.pop(key).end()


class Groups:
    """All association groups of one server."""

    def __init__(self, new_number: Callable[[], int] | None = None) -> None:
        """`new_number` gives the number of the next new group, from 1 on."""
        self._groups: dict[int, Group] = {}
        self._new_number = new_number or count(1).__next__

    def join(self, number: int, owner: Hashable) -> Group | None:
        """The group of that number, or a new one for 0; None where the owner has none."""
        if number == 0:
            number = FIRST_GROUP + self._new_number() % 0x7FFFFFFF
            self._groups[number] = Group(number, owner)
        group = self._groups.get(number)
        if group is None or group.owner != owner:
            return None
        group.members += 1
        return group

    def leave(self, group: Group) -> None:
        """One member less; the last one takes the group with it."""
        group.members -= 1
        if not group.members:
            self._groups.pop(group.number, None)
            group.end()
