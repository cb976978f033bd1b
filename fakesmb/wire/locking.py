"""Byte-range locks and oplock breaks ([MS-CIFS] 2.2.4.32, 2.2.4.13, 2.2.4.14)."""

import struct
from typing import Annotated, Any, ClassVar, Final, NamedTuple, Self

import msgspec

from fakesmb.wire.codec import U8, U16, U32, Body, Buffer, Cursor, Writer
from fakesmb.wire.commands import Command
from fakesmb.wire.header import pack_header

FOREVER: Final = 0xFFFFFFFF
"""Timeout of a lock that waits until it is granted."""

_SMALL: Final = struct.Struct("<HII")
_LARGE: Final = struct.Struct("<HHIIII")
_HEAD: Final = struct.Struct("<BIHBBIHHH")
NO_FURTHER_COMMAND: Final = 0x000000FF
"""The AndX words of a last command, as one number."""


class LockType:
    """TypeOfLock bits, [MS-CIFS] 2.2.4.32.1; exclusive (read-write) locks have none."""

    SHARED: Final = 0x01
    OPLOCK_RELEASE: Final = 0x02
    CHANGE_LOCKTYPE: Final = 0x04
    CANCEL_LOCK: Final = 0x08
    LARGE_FILES: Final = 0x10


class OplockLevel:
    """NewOplockLevel of a break and OplockLevel of an open, [MS-CIFS] 2.2.4.32.1 and 2.2.4.64.2."""

    NONE: Final = 0
    EXCLUSIVE: Final = 1
    BATCH: Final = 2
    LEVEL_II: Final = 3

    BREAK_TO_NONE: Final = 0
    BREAK_TO_LEVEL_II: Final = 1


class LockRange(NamedTuple):
    """One range of LOCKING_ANDX_RANGE32 or LOCKING_ANDX_RANGE64; `pid` is its owner."""

    pid: int
    offset: int
    length: int

    @classmethod
    def read(cls, cursor: Cursor, *, large: bool) -> Self:
        """The next range; raises `DecodeError`."""
        if not large:
            return cls(*cursor.unpack(_SMALL))
        pid, _, offset_high, offset_low, length_high, length_low = cursor.unpack(_LARGE)
        return cls(pid, offset_high << 32 | offset_low, length_high << 32 | length_low)

    def encode(self, *, large: bool) -> bytes:
        """10 or 20 bytes."""
        pid, offset, length = self
        if not large:
            return _SMALL.pack(pid, offset, length)
        return _LARGE.pack(pid, 0, offset >> 32, offset & 0xFFFFFFFF, length >> 32, length & 0xFFFFFFFF)


class RangesPart(msgspec.Struct, frozen=True):
    """As many ranges as an earlier field says, in the size that `type_of_lock` says."""

    count_field: str

    def read(self, cursor: Cursor, before: dict[str, Any]) -> tuple[LockRange, ...]:
        """The ranges; raises `DecodeError`."""
        large = bool(before["type_of_lock"] & LockType.LARGE_FILES)
        return tuple(LockRange.read(cursor, large=large) for _ in range(before[self.count_field]))

    def write(self, writer: Writer, value: tuple[LockRange, ...]) -> None:
        """32-bit ranges; LockingAndxRequest, which knows the size, writes its own."""
        for one in value:
            writer.data += one.encode(large=False)


class LockingAndxRequest(Body, frozen=True, kw_only=True):
    """SMB_COM_LOCKING_ANDX request, [MS-CIFS] 2.2.4.32.1. The counts are filled in on encoding.

    Timeout is in milliseconds: 0 fails at once, 0xFFFFFFFF waits for ever.
    """

    ANDX: ClassVar[bool] = True
    fid: U16
    type_of_lock: U8 = 0
    new_oplock_level: U8 = 0
    timeout: U32 = 0
    number_of_requested_unlocks: U16 = 0
    number_of_requested_locks: U16 = 0
    unlocks: Annotated[tuple[LockRange, ...], RangesPart("number_of_requested_unlocks")] = ()
    """What to unlock, in order."""
    locks: Annotated[tuple[LockRange, ...], RangesPart("number_of_requested_locks")] = ()
    """What to lock, in order, after all unlocks."""

    def encode(self, at: int, *, unicode: bool = True, encoding: str = "cp850") -> list[Buffer]:
        """Ranges in the size that LARGE_FILES asks for."""
        large = bool(self.type_of_lock & LockType.LARGE_FILES)
        ranges = b"".join(one.encode(large=large) for one in (*self.unlocks, *self.locks))
        head = _HEAD.pack(
            8,
            NO_FURTHER_COMMAND,
            self.fid,
            self.type_of_lock,
            self.new_oplock_level,
            self.timeout,
            len(self.unlocks),
            len(self.locks),
            len(ranges),
        )
        return [head + ranges]


class LockingAndxResponse(Body, frozen=True):
    """SMB_COM_LOCKING_ANDX response, [MS-CIFS] 2.2.4.32.2."""

    ANDX: ClassVar[bool] = True


def oplock_break(tid: int, fid: int, level: int) -> bytes:
    """The request that a server sends to take an oplock back ([MS-CIFS] 2.2.4.32.1, 3.3.4.2).

    A whole message: not a reply, MID and PID 0xFFFF, no ranges. `level` is OplockLevel.BREAK_TO_...
    """
    header = pack_header(Command.LOCKING_ANDX, 0, 0, 0, 0, tid, 0xFFFF, 0, 0xFFFF)
    request = LockingAndxRequest(fid=fid, type_of_lock=LockType.OPLOCK_RELEASE, new_oplock_level=level)
    return b"".join([header, *request.encode(len(header))])


class LockByteRangeRequest(Body, frozen=True):
    """SMB_COM_LOCK_BYTE_RANGE request, [MS-CIFS] 2.2.4.13.1."""

    fid: U16
    count: U32
    offset: U32


class UnlockByteRangeRequest(Body, frozen=True):
    """SMB_COM_UNLOCK_BYTE_RANGE request, [MS-CIFS] 2.2.4.14.1."""

    fid: U16
    count: U32
    offset: U32
