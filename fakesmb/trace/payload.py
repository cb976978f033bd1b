"""What was read or written put back into its message, where the record keeps it beside that."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from fakesmb.wire.commands import Command
from fakesmb.wire.header import COMMAND_AT, HEADER_SIZE

_WORDS_AT: Final = HEADER_SIZE + 1
_BLOCK_HEAD: Final = 3
"""BufferFormat and DataLength."""
_OFFSET_AT: Final[Mapping[tuple[int, bool], int]] = MappingProxyType(
    {
        (Command.WRITE_ANDX, True): _WORDS_AT + 22,
        (Command.WRITE_RAW, True): _WORDS_AT + 22,
        (Command.READ_ANDX, False): _WORDS_AT + 12,
    }
)
"""Where the words have DataOffset, by command and whether it is a request."""
_BLOCKS: Final = frozenset(
    {
        (Command.WRITE, True),
        (Command.WRITE_AND_UNLOCK, True),
        (Command.READ, False),
        (Command.LOCK_AND_READ, False),
    }
)
"""Messages whose data are a data block."""


def with_payload(message: bytes, size: int, data: bytes | None, *, is_request: bool) -> bytes:
    """The message that was cut behind its words, as far as it goes with these data.

    What lay between, padding and the head of a data block, is as senders have it.
    """
    if not data or len(message) <= HEADER_SIZE or len(message) >= size:
        return message
    between = _between(message, is_request)
    if between is None or len(message) + len(between) >= size:
        return message
    return (message + between + data)[:size]


def _between(message: bytes, is_request: bool) -> bytes | None:
    """The bytes before the data; None for a message without any, and for one that was not cut there."""
    kind = message[COMMAND_AT], is_request
    bytes_at = _WORDS_AT + 2 * message[HEADER_SIZE] + 2
    if len(message) != bytes_at:
        return None
    if kind in _BLOCKS:
        count = int.from_bytes(message[-2:], "little") - _BLOCK_HEAD
        return b"\1" + max(count, 0).to_bytes(2, "little")
    if kind == (Command.WRITE_AND_CLOSE, True):
        return b"\0"
    at = _OFFSET_AT.get(kind)
    if at is None or at + 2 > bytes_at:
        return None
    offset = int.from_bytes(message[at : at + 2], "little")
    return bytes(offset - bytes_at) if offset >= bytes_at else None
