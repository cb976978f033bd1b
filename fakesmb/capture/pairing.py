"""Which reply answers which request, and whether it is the last that does."""

import struct
from typing import Final

from fakesmb.record.events import MOST_KEPT
from fakesmb.record.pairs import PRIMARY
from fakesmb.wire.chain import ANDX_COMMANDS
from fakesmb.wire.commands import Command
from fakesmb.wire.header import HEADER_SIZE, NO_ANDX
from fakesmb.wire.locking import LockType

WORDS_AT: Final = HEADER_SIZE + 1
SECONDARIES: Final = frozenset(PRIMARY) - frozenset(PRIMARY.values())
_TRANSFERS: Final = frozenset(
    {
        Command.WRITE,
        Command.WRITE_AND_UNLOCK,
        Command.WRITE_RAW,
        Command.WRITE_MPX,
        Command.WRITE_AND_CLOSE,
        Command.WRITE_ANDX,
    }
)
"""Requests that carry data of a file or a pipe."""


def kept(message: bytes, command: int) -> bytes:
    """What is kept of a request until its reply comes: chains whole, others without the data of files."""
    size = len(message)
    if size <= _FEW or (size > WORDS_AT + 1 and message[WORDS_AT] != NO_ANDX and command in ANDX_COMMANDS):
        return message
    if command in _TRANSFERS:
        return message[: WORDS_AT + 2 + 2 * message[HEADER_SIZE]]
    return message[:MOST_KEPT]


_FEW: Final = 512


def answers(reply: int, request: int) -> bool:
    """Whether a reply of that command may be to such a request."""
    if reply == request:
        return True
    if request == Command.WRITE_RAW:
        return reply == Command.WRITE_COMPLETE
    return reply in PRIMARY and PRIMARY.get(request) == PRIMARY[reply]  # type: ignore[call-overload, index]


def acknowledges(command: int, message: bytes) -> bool:
    """Whether it is a LOCKING_ANDX that gives an oplock back and locks nothing: only a refusal of it has an answer."""
    return (
        command == Command.LOCKING_ANDX
        and len(message) >= WORDS_AT + 16
        and message[WORDS_AT] == NO_ANDX
        and message[WORDS_AT + 6] & LockType.OPLOCK_RELEASE != 0
        and not any(message[WORDS_AT + 12 : WORDS_AT + 16])
    )


def more_follows(command: int, message: bytes, status: int) -> bool:
    """Whether another reply to the same request may come, other than an echo."""
    if command in PRIMARY:
        return not status and not _whole(command, message)
    return command == Command.READ_MPX and not status


def _whole(command: int, message: bytes) -> bool:
    """Whether a reply of a transaction is its last: not an interim one, and nothing is behind what it carries."""
    if len(message) <= HEADER_SIZE or not message[HEADER_SIZE]:
        return False
    try:
        if command == Command.NT_TRANSACT:
            total, all_data, count, _, at, data, _, data_at = _NT_RESPONSE(message, WORDS_AT + 3)
        else:
            total, all_data, _, count, _, at, data, _, data_at = _RESPONSE(message, WORDS_AT)
    except struct.error:
        return True
    return bool(count + at >= total and data + data_at >= all_data)


_RESPONSE: Final = struct.Struct("<9H").unpack_from
"""TRANSACTION and TRANSACTION2 responses from TotalParameterCount to DataDisplacement, [MS-CIFS] 2.2.4.33.2."""
_NT_RESPONSE: Final = struct.Struct("<8I").unpack_from
"""NT_TRANSACT responses likewise, [MS-CIFS] 2.2.4.62.2."""
