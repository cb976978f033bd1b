"""READ_ANDX and Command.WRITE_ANDX of files without a detour: most bytes, and in a copy most messages, go this way.

A lane takes a whole message that is one plain read or write and does what the general way (`exchange`, `commands.io`)
does, with the same answer and the same events: a test compares both. For anything else, an error among it, it gives
False before it has changed anything that matters (a write that failed half-way is written again), and the general way
says what is wrong.
"""

import time
from collections.abc import Callable
from struct import Struct
from typing import TYPE_CHECKING, Final

from fakesmb.core.exchange import REPLY_FLAGS, REPLY_FLAGS2
from fakesmb.core.state import LARGEST_READ
from fakesmb.nt.files import Access
from fakesmb.record import events
from fakesmb.wire.codec import Buffer
from fakesmb.wire.commands import Command
from fakesmb.wire.frame import prefix
from fakesmb.wire.header import MAGIC, NO_ANDX, Flags
from fakesmb.wire.negotiate import Capability

if TYPE_CHECKING:
    from fakesmb.core.connection import SMBConnection
    from fakesmb.core.state import Open


SMALLEST_RANGE: Final = 0x4000
"""Bytes from which on a file goes to the socket by itself: below that a copy costs less than another system call."""

_HEADER: Final = "<4sBIBHH8s2xHHHH"
_READ: Final = Struct(_HEADER + "BBxHHIHHIHIH")
_READ_WORDS: Final = 12
_READ_REPLY: Final = Struct("<4sBIBHH8x2xHHHHBIHHHHHH8xHx")
_READ_DATA: Final = 60
"""Where the data of a read's answer begin: after 12 words, ByteCount and a byte of padding."""
_WRITE: Final = Struct(_HEADER + "BBxHHIIHHHHHIH")
_WRITE_WORDS: Final = 14
_WRITE_REPLY: Final = Struct("<4sBIBHH8x2xHHHHBIHHHHH")
_NO_ANDX_WORDS: Final = 0x000000FF
_NO_COUNT: Final = 0xFFFF
"""MaxCountHigh of XP: no count at all."""


def _open(connection: "SMBConnection", fid: int, tid: int, uid: int) -> "Open | None":
    entry = connection.opens.entries.get(fid)
    if entry is None or entry.tree.tid != tid or entry.session.uid != uid:
        return None
    return entry


def read(connection: "SMBConnection", message: memoryview) -> bool:
    """Answers a Command.READ_ANDX of a file; False where it is something else."""
    if len(message) < _READ.size:
        return False
    (
        magic, _, _, flags, flags2, pid_high, _, tid, pid, uid, mid,
        words, andx, _, fid, offset_low, count, _, high, _, offset_high, byte_count,
    ) = _READ.unpack_from(message)  # fmt: skip
    if words != _READ_WORDS or andx != NO_ANDX or magic != MAGIC or flags & Flags.REPLY:
        return False
    if _READ.size + byte_count > len(message):
        return False
    entry = _open(connection, fid, tid, uid)
    if entry is None:
        return False
    handle, store = entry.handle, entry.tree.store
    if handle is None or store is None or not handle.access & Access.READ_DATA:
        return False
    arrived = entry.session.last_used = time.time()
    size, high_count = count, high & 0xFFFF
    if high_count and high_count != _NO_COUNT and connection.capabilities & Capability.LARGE_READX:
        size |= high_count << 16
    offset = offset_high << 32 | offset_low
    if size > LARGEST_READ:
        size = min(size, entry.tree.largest_read)
    part, data = None, b""
    try:
        if size >= SMALLEST_RANGE and connection.send_range is not None:
            part = store.readable_range(handle, offset, size, pid)
        if part is None:
            data = store.read(handle, offset, size, pid)
    except Exception:
        return False
    length = len(data) if part is None else part.length
    handle.position = entry.offset = offset + length
    head = _READ_REPLY.pack(
        MAGIC, Command.READ_ANDX, 0, REPLY_FLAGS, flags2 & REPLY_FLAGS2, pid_high, tid, pid, uid, mid,
        _READ_WORDS, _NO_ANDX_WORDS, 0xFFFF, 0, 0, length & 0xFFFF, _READ_DATA, length >> 16, length + 1 & 0xFFFF,
    )  # fmt: skip
    answered = time.time()
    frame: list[Buffer] = [prefix(_READ_DATA + length), head]
    if part is None or connection.send_range is None:
        frame.append(data)
        connection.send_frame(frame, _READ_DATA + length)
    elif not connection.closed:
        connection.server.counters.bytes_sent += _READ_DATA + length
        connection.send_range(frame, part)
    _record(connection, entry, message, length, _READ_DATA + length, arrived, answered)
    return True


def write(connection: "SMBConnection", message: memoryview) -> bool:
    """Answers a Command.WRITE_ANDX to a file; False where it is something else."""
    if len(message) < _WRITE.size:
        return False
    (
        magic, _, _, flags, flags2, pid_high, _, tid, pid, uid, mid,
        words, andx, _, fid, offset_low, _, mode, _, high, low, start, offset_high, byte_count,
    ) = _WRITE.unpack_from(message)  # fmt: skip
    if words != _WRITE_WORDS or andx != NO_ANDX or magic != MAGIC or flags & Flags.REPLY or mode:
        return False
    if _WRITE.size + byte_count > len(message):
        return False
    entry = _open(connection, fid, tid, uid)
    if entry is None:
        return False
    handle, store = entry.handle, entry.tree.store
    length = high << 16 | low
    if handle is None or store is None or start < _WRITE.size or start + length > len(message):
        return False
    arrived = entry.session.last_used = time.time()
    offset = offset_high << 32 | offset_low
    try:
        count = store.write(handle, offset, message[start : start + length], pid)
    except Exception:
        return False
    entry.offset = offset + count
    head = _WRITE_REPLY.pack(
        MAGIC, Command.WRITE_ANDX, 0, REPLY_FLAGS, flags2 & REPLY_FLAGS2, pid_high, tid, pid, uid, mid,
        6, _NO_ANDX_WORDS, count & 0xFFFF, 0xFFFF, count >> 16, 0, 0,
    )  # fmt: skip
    answered = time.time()
    connection.send_frame([prefix(len(head)), head], len(head))
    _record(connection, entry, message, count, len(head), arrived, answered)
    return True


def _record(
    connection: "SMBConnection",
    entry: "Open",
    message: memoryview,
    length: int,
    answer_size: int,
    arrived: float,
    answered: float,
) -> None:
    server, identity = connection.server, entry.session.identity
    number = server.messages + 1
    server.messages = number + 1
    server.log.transfer(
        events.Transfer(
            arrived,
            answered,
            number,
            connection.number,
            connection.peer,
            connection.local,
            bytes(message[: _WRITE.size]),
            len(message),
            length,
            answer_size,
            "" if identity is None else identity.user,
            entry.tree.share.name,
            entry.path,
        )
    )


LANES: Final[dict[int, Callable[["SMBConnection", memoryview], bool]]] = {
    Command.READ_ANDX: read,
    Command.WRITE_ANDX: write,
}
"""By command code."""
