"""Oplock breaks, and the messages that give an oplock back ([MS-CIFS] 2.2.4.32.1)."""

from typing import TYPE_CHECKING

from fakesmb.wire.codec import DecodeError
from fakesmb.wire.commands import Command
from fakesmb.wire.header import HEADER_SIZE, Flags, Flags2, Header, block_at
from fakesmb.wire.locking import LockingAndxRequest, LockType

if TYPE_CHECKING:
    from fakesmb.replay.live import Live


def _locking(message: bytes) -> LockingAndxRequest | None:
    try:
        return LockingAndxRequest.decode(block_at(message, HEADER_SIZE, unicode=False))
    except DecodeError:
        return None


def is_acknowledgement(message: bytes, header: Header) -> bool:
    """Whether a client's message gives an oplock back, and does nothing else: nobody answers it."""
    if header.command != Command.LOCKING_ANDX:
        return False
    request = _locking(message)
    return (
        request is not None
        and bool(request.type_of_lock & LockType.OPLOCK_RELEASE)
        and not request.locks
        and not request.unlocks
    )


def asks_back(message: bytes) -> int:
    """The FID that a break, or its acknowledgement, is about; -1 where that cannot be read."""
    request = _locking(message)
    return -1 if request is None else request.fid


def acknowledgement(message: bytes, live: "Live") -> bytes:
    """What gives back the oplock that the server's message asks for; raises `DecodeError`."""
    asked = Header.decode(message)
    request = _locking(message)
    if request is None:
        raise DecodeError("an oplock break that cannot be read")
    uid = next(iter(live.ids.uids.values()), live.ids.usual_uid or 0)
    header = Header(
        Command.LOCKING_ANDX,
        0,
        Flags.CASE_INSENSITIVE,
        Flags2.NT_STATUS | Flags2.LONG_NAMES,
        0,
        bytes(8),
        asked.tid,
        0xFEFF,
        uid,
        live.mid_for(0xFFFE),
    )
    body = LockingAndxRequest(
        fid=request.fid, type_of_lock=LockType.OPLOCK_RELEASE, new_oplock_level=request.new_oplock_level
    )
    return header.encode() + b"".join(body.encode(HEADER_SIZE))
