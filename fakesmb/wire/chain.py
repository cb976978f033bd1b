"""The AndX chain: the commands of one message, split and joined ([MS-CIFS] 2.2.3.4)."""

import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from fakesmb.wire.codec import Block, Body, Buffer, DecodeError
from fakesmb.wire.commands import Command
from fakesmb.wire.header import HEADER_SIZE, NO_ANDX, andx_of, block_at

ANDX_COMMANDS: Final = frozenset(
    {
        Command.LOCKING_ANDX,
        Command.OPEN_ANDX,
        Command.READ_ANDX,
        Command.WRITE_ANDX,
        Command.SESSION_SETUP_ANDX,
        Command.LOGOFF_ANDX,
        Command.TREE_CONNECT_ANDX,
        Command.NT_CREATE_ANDX,
    }
)
"""Commands whose words begin with AndXCommand, AndXReserved and AndXOffset."""
MOST_COMMANDS: Final = 32
"""Commands of one chain; clients send four at most, and each may ask for as much as a message of its own."""

ALIGNMENT: Final = 4
"""The next block of a chain begins at a multiple of this."""
LAST_BLOCK_OFFSET: Final = 0xFFFC
"""Where the last block may begin: AndXOffset has 16 bits."""

_ANDX: Final = struct.Struct("<BBH")

Reads = Callable[[int, Block], Body | None]
"""The structure of a command's block, None where its structure is not known; raises `DecodeError`."""


class Link(NamedTuple):
    """One command of a message."""

    code: int
    body: Body | None
    """None where `problem` says why, or where the command's structure is not known."""
    problem: str


def links(message: Buffer, code: int, reads: Reads, *, unicode: bool, encoding: str) -> Iterator[Link]:
    """The chain that begins with command `code`. It ends at the last command, or at the first that cannot be read."""
    at = HEADER_SIZE
    for _ in range(MOST_COMMANDS):
        try:
            block = block_at(message, at, unicode=unicode, encoding=encoding)
            body = reads(code, block)
        except DecodeError as error:
            yield Link(code, None, str(error))
            return
        yield Link(code, body, "")
        if body is None or not body.ANDX:
            return
        code, offset = andx_of(block)
        if code == NO_ANDX:
            return
        if offset <= at:
            yield Link(code, None, f"AndXOffset {offset} does not lead forward from {at}")
            return
        at = offset
    yield Link(code, None, f"a chain of more than {MOST_COMMANDS} commands")


class Joiner:
    """The blocks of a message being built, each linked to the one before."""

    __slots__ = ("_patch", "blocks", "length")

    def __init__(self) -> None:
        self.blocks: list[Buffer] = []
        self.length = HEADER_SIZE
        """Bytes of the message so far, its header included."""
        self._patch = -1

    @property
    def has_room(self) -> bool:
        """Whether another block may begin where this message ends."""
        return self.length <= LAST_BLOCK_OFFSET

    def next_offset(self) -> int:
        """Pads to where the next block begins, and gives its offset from the SMB header."""
        padding = -self.length % ALIGNMENT
        if padding:
            self.blocks.append(bytes(padding))
            self.length += padding
        return self.length

    def add(self, code: int, block: Sequence[Buffer], *, chains: bool) -> None:
        """Appends the block of command `code`; one that `chains` can be followed by another."""
        if self._patch >= 0:
            head = bytearray(self.blocks[self._patch])
            _ANDX.pack_into(head, 1, code, 0, self.length)
            self.blocks[self._patch] = head
        self._patch = len(self.blocks) if chains else -1
        self.blocks += block
        for buffer in block:
            self.length += len(buffer)
