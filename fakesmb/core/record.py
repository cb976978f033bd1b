"""What the core tells the record: the bytes of requests and replies, and what only the server knew of them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from fakesmb.record.events import MOST_KEPT, MOST_OF_PATH, Exchanged, Shown
from fakesmb.wire.chain import ANDX_COMMANDS
from fakesmb.wire.codec import Buffer
from fakesmb.wire.commands import Command
from fakesmb.wire.header import COMMAND_AT, HEADER_SIZE, NO_ANDX

if TYPE_CHECKING:
    from fakesmb.core.connection import SMBConnection
    from fakesmb.core.state import Session, Tree

TRANSFERS: Final = frozenset(
    {
        Command.READ,
        Command.WRITE,
        Command.LOCK_AND_READ,
        Command.WRITE_AND_UNLOCK,
        Command.WRITE_RAW,
        Command.WRITE_AND_CLOSE,
        Command.READ_ANDX,
        Command.WRITE_ANDX,
        Command.WRITE_PRINT_FILE,
    }
)
"""Commands whose bytes are data of a file or of a pipe."""


def is_chain(message: Buffer) -> bool:
    """Whether a message of at least a header and AndX words carries a further command."""
    return (
        message[COMMAND_AT] in ANDX_COMMANDS
        and len(message) > HEADER_SIZE + 1
        and message[HEADER_SIZE] > 1
        and message[HEADER_SIZE + 1] != NO_ANDX
    )


def kept(message: Buffer, *, of_pipe: bool) -> bytes:
    """The part of a message that the record keeps: whole chains, else its beginning, without data of files."""
    if len(message) > HEADER_SIZE and not is_chain(message):
        if not of_pipe and message[COMMAND_AT] in TRANSFERS:
            return bytes(message[: HEADER_SIZE + 3 + 2 * message[HEADER_SIZE]])
        if len(message) > MOST_KEPT:
            return bytes(message[:MOST_KEPT])
    return bytes(message)


def joined(buffers: Sequence[Buffer], size: int) -> bytes:
    """The beginning of a message that is sent in pieces, or all of it where it is short or a chain."""
    if size <= MOST_KEPT or is_chain(b"".join(buffers[:2])):
        return b"".join(buffers)
    parts: list[Buffer] = []
    left = MOST_KEPT
    for buffer in buffers:
        parts.append(buffer[:left])
        left -= len(parts[-1])
        if not left:
            break
    return b"".join(parts)


def tell(
    connection: "SMBConnection",
    *,
    arrived: float,
    answered: float,
    request: bytes,
    request_size: int,
    reply: bytes,
    reply_size: int,
    shown: int,
    status: int,
    session: "Session | None",
    tree: "Tree | None",
    path: str,
    fid: int | None,
    reason: str,
    fault: str = "",
    effect: int = 0,
    data: bytes | None = None,
    faults: tuple[str, ...] = (),
) -> None:
    """Appends one event to the record of the server."""
    server = connection.server
    identity = None if session is None else session.identity
    number = server.messages + 1
    server.messages += (shown & Shown.REQUEST) + (shown >> 1)
    server.log.emit(
        Exchanged(
            connection.client,
            arrived,
            answered,
            number,
            request,
            request_size,
            reply,
            reply_size,
            shown,
            status,
            "" if identity is None else identity.user,
            "" if tree is None else tree.share.name,
            path if len(path) <= MOST_OF_PATH else path[:MOST_OF_PATH],
            fid,
            reason,
            fault,
            effect,
            data,
            faults,
        )
    )
