"""The commands of one message, one after another: an AndX chain, or a single command ([MS-CIFS] 2.2.3.4)."""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from fakesmb.wire.codec import Block, Body, Buffer, DecodeError
from fakesmb.wire.header import HEADER_SIZE, NO_ANDX, andx_of, block_at

MOST_COMMANDS: Final = 32
"""Commands of one chain; clients send four at most, and each may ask for as much as a message of its own."""

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
