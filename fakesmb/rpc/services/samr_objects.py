"""What the handles of samr stand for, who gets which rights to it, and what its parts share ([MS-SAMR] 3.1.2)."""

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Final, NamedTuple, TypeVar

import msgspec
from impacket.dcerpc.v5.ndr import NDRULONG, NULL

from fakesmb.nt.status import NT, SMBError
from fakesmb.rpc.groups import Handles
from fakesmb.rpc.ndr import Writer
from fakesmb.rpc.services import sam
from fakesmb.rpc.services.sam import Domain, Group, User
from fakesmb.rpc.stub import U32, Call

ACCESS_SYSTEM_SECURITY: Final = 0x01000000
MAXIMUM_ALLOWED: Final = 0x02000000
_GENERIC: Final = 0xF0000000
NEVER: Final = 0x7FFFFFFFFFFFFFFF
FOREVER: Final = -0x8000000000000000
"""Never as a moment (NEVER) and as a duration (FOREVER), in FILETIME ticks."""
NO_HANDLE: Final = bytes(Handles.SIZE)
GROUP_ATTRIBUTES: Final = 0x7
"""SE_GROUP_MANDATORY | ENABLED_BY_DEFAULT | ENABLED ([MS-SAMR] 2.2.1.10)."""
MOST_LOOKUPS: Final = 1000
"""Names or RIDs of one call ([MS-SAMR] 3.1.5.11.2)."""


class Rights(NamedTuple):
    """The access rights of one kind of object ([MS-SAMR] 2.2.1.3 to 2.2.1.7)."""

    everything: int
    read: int
    write: int
    execute: int

    def granted(self, desired: int, *, admin: bool) -> int:
        """What a caller gets who wants `desired`; raises ACCESS_DENIED.

        Administrators get all there is, everybody else reads and looks up, as by the descriptors of 3.1.4.2.
        """
        allowed = self.everything if admin else self.read | self.execute
        wanted = desired & ~_GENERIC & ~MAXIMUM_ALLOWED
        for bit, rights in zip(
            (28, 29, 30, 31), (self.everything, self.execute, self.write, self.read), strict=True
        ):
            if desired & 1 << bit:
                wanted |= rights
        if wanted & ~(allowed | ACCESS_SYSTEM_SECURITY if admin else allowed):
            raise SMBError(NT.ACCESS_DENIED, f"access 0x{desired:08X} is for administrators")
        return allowed | wanted if desired & MAXIMUM_ALLOWED else wanted


class Opened(msgspec.Struct, frozen=True):
    """An open object."""

    rights: ClassVar[Rights]
    access: int


class SamServer(Opened, frozen=True):
    """The server object."""

    rights = Rights(0x000F003F, 0x00020010, 0x0002000E, 0x00020021)
    ENUMERATE_DOMAINS: ClassVar = 0x10
    LOOKUP_DOMAIN: ClassVar = 0x20


class OpenDomain(Opened, frozen=True):
    """A domain."""

    rights = Rights(0x000F07FF, 0x00020084, 0x0002047A, 0x00020301)
    READ_PASSWORD_PARAMETERS: ClassVar = 0x001
    READ_OTHER_PARAMETERS: ClassVar = 0x004
    GET_ALIAS_MEMBERSHIP: ClassVar = 0x080
    LIST_ACCOUNTS: ClassVar = 0x100
    LOOKUP: ClassVar = 0x200
    sid: str


class OpenUser(Opened, frozen=True):
    """A user."""

    rights = Rights(0x000F07FF, 0x0002031A, 0x00020044, 0x00020041)
    READ: ClassVar = 0x001 | 0x002 | 0x008 | 0x010
    LIST_GROUPS: ClassVar = 0x100
    rid: int


class OpenGroup(Opened, frozen=True):
    """A group."""

    rights = Rights(0x000F001F, 0x00020010, 0x0002000E, 0x00020001)
    READ_INFORMATION: ClassVar = 0x01
    LIST_MEMBERS: ClassVar = 0x10
    rid: int


class OpenAlias(Opened, frozen=True):
    """An alias."""

    rights = Rights(0x000F001F, 0x00020004, 0x00020013, 0x00020008)
    LIST_MEMBERS: ClassVar = 0x04
    READ_INFORMATION: ClassVar = 0x08
    rid: int


T = TypeVar("T", bound=Opened)


def held(call: Call, handle: bytes, kind: type[T], needed: int = 0) -> T:
    """What a handle stands for; raises INVALID_HANDLE, and ACCESS_DENIED where it was opened for less.

    One of several bits in `needed` is enough.
    """
    what = call.held(handle, kind)
    if needed and not what.access & needed:
        raise SMBError(NT.ACCESS_DENIED, f"the handle was opened without access 0x{needed:X}")
    return what


def opened(call: Call, what: Opened) -> bytes:
    """The response of the calls that open something."""
    return call.opened(what) + U32.pack(NT.SUCCESS)


def domain_of(call: Call, sid: str) -> Domain:
    """The domain of that SID."""
    for one in sam.domains(call.view.facts):
        if one.sid == sid:
            return one
    raise SMBError(NT.NO_SUCH_DOMAIN, f"no domain {sid}")


def check_domain(call: Call, handle: bytes, status: int, other: str) -> None:
    """Raises `status` for a handle of the domain that has no such accounts."""
    if held(call, handle, OpenDomain, OpenDomain.LOOKUP).sid == other:
        raise SMBError(status, f"no such accounts in domain {other}")


def domain_sid(call: Call, what: Opened) -> str:
    """The SID of the domain that an open account is in."""
    return sam.BUILTIN_SID if isinstance(what, OpenAlias) else call.view.facts.machine_sid


def user_of(call: Call, rid: int) -> User:
    """The user of that RID."""
    for one in sam.machine(call.view.facts).users:
        if one.rid == rid:
            return one
    raise SMBError(NT.NO_SUCH_USER, f"no user with RID {rid}")


def group_of(call: Call, rid: int) -> Group:
    """The group of that RID."""
    for one in sam.machine(call.view.facts).groups:
        if one.rid == rid:
            return one
    raise SMBError(NT.NO_SUCH_GROUP, f"no group with RID {rid}")


def alias_of(call: Call, rid: int) -> Group:
    """The alias of that RID."""
    for one in sam.builtin(call.view.facts).aliases:
        if one.rid == rid:
            return one
    raise SMBError(NT.NO_SUCH_ALIAS, f"no alias with RID {rid}")


def handle(name: str) -> Callable[[Any], bytes]:
    """The argument of an operation that is a context handle."""
    return lambda request: bytes(request[name])


DOMAIN_HANDLE: Final = handle("DomainHandle")


def halves(value: int) -> Callable[[Writer], None]:
    """An OLD_LARGE_INTEGER: 64 bits where 32 would be aligned."""
    low, high = struct.unpack("<II", struct.pack("<q", value))
    return lambda writer: writer.numbers("II", low, high)


def level_response(level: int, structure: Any, values: Mapping[str, Any]) -> bytes:
    """The response of a query: a pointer to a union of information levels, and the status."""
    writer = Writer()
    writer.referent()
    writer.numbers("H", level)
    writer.structure(structure, values)
    return writer.done(NT.SUCCESS)


def numbers(values: Sequence[int]) -> list[Any]:
    rows = []
    for value in values:
        row = NDRULONG()
        row["Data"] = value
        rows.append(row)
    return rows


def put(answer: Any, field: str, member: str, rows: Sequence[Any]) -> None:
    answer[field]["Count"] = len(rows)
    answer[field][member] = list(rows) or NULL
