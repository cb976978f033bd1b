"""The commands of a message as structures that still have their payloads, which the record leaves out."""

from typing import Any, Final

from fakesmb.record.events import Exchanged
from fakesmb.wire.chain import ANDX_COMMANDS, links
from fakesmb.wire.codec import Block, Body, DecodeError
from fakesmb.wire.header import COMMAND_AT, HEADER_SIZE, NO_ANDX, Header
from fakesmb.wire.messages import REQUESTS, response_class

MOST_FILLED_UP: Final = 0x48000
"""Bytes of a message, of which fewer were kept, that are filled up with zeros to read what is at its beginning."""


class Half:
    """A request or a reply: header and commands. `whole` says whether all its bytes are there."""

    __slots__ = ("bodies", "header", "message", "unicode", "whole")

    def __init__(self, event: Exchanged, *, request: bool) -> None:
        kept, size = (event.request, event.request_size) if request else (event.reply, event.reply_size)
        self.whole = len(kept) >= size
        self.message = kept if self.whole or size > MOST_FILLED_UP else kept.ljust(size, b"\0")
        self.header: Header | None = None
        self.bodies: list[tuple[int, Any]] = []
        """Code and structure of each command; None for a structure that cannot be read, or for a bare status."""
        try:
            header = Header.decode(kept)
        except DecodeError:
            return
        self.header, self.unicode = header, header.unicode
        status = event.status

        def asks(code: int, block: Block) -> Body | None:
            row = REQUESTS.get(code)
            return None if row is None else row.decode(block)

        def answers(code: int, block: Block) -> Body | None:
            if status and not block.word_count:
                return None
            return response_class(code, block).decode(block)

        reads = asks if request else answers
        chain = links(
            self.message, header.command, reads, unicode=header.unicode, encoding=event.client.encoding
        )
        self.bodies = [(link.code, link.body) for link in chain]


def is_chain(message: bytes) -> bool:
    """Whether a message of at least a header carries more than one command."""
    return (
        message[COMMAND_AT] in ANDX_COMMANDS
        and len(message) > HEADER_SIZE + 1
        and message[HEADER_SIZE] > 1
        and message[HEADER_SIZE + 1] != NO_ANDX
    )
