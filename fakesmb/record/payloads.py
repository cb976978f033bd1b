"""What was read or written, where the record has the bytes."""

from typing import Any, Final

from fakesmb.record.decoded import Halves
from fakesmb.record.glance import is_chain
from fakesmb.record.pairs import Pair
from fakesmb.wire.chain import links
from fakesmb.wire.codec import Block, Body, DecodeError
from fakesmb.wire.files import (
    ReadAndxResponse,
    ReadResponse,
    WriteAndCloseRequest,
    WriteAndxRequest,
    WriteRequest,
)
from fakesmb.wire.header import Header
from fakesmb.wire.messages import REQUESTS, response_class

_WRITES: Final = (WriteAndxRequest, WriteRequest, WriteAndCloseRequest)
_READS: Final = (ReadAndxResponse, ReadResponse)


def payload_of(pair: Pair, index: int, halves: Halves) -> bytes | None:
    """The data of the command at that place of its message, as far as they were kept; None where they were not."""
    if not is_chain(pair):
        for event in (*pair.more, pair.answered, pair.asked):
            if event is not None and event.data is not None:
                return event.data
        return None
    written = halves.asked is not None and isinstance(halves.asked.body, _WRITES)
    read = halves.answered is not None and isinstance(halves.answered.body, _READS)
    event = pair.asked if written else pair.answered
    if event is None or not (written or read):
        return None
    return _nth(event.request if written else event.reply, index, event.client.encoding, request=written)


def _nth(message: bytes, index: int, encoding: str, *, request: bool) -> bytes | None:
    def reads(code: int, block: Block) -> Body | None:
        cls = REQUESTS.get(code) if request else response_class(code, block)
        return None if cls is None else cls.decode(block)

    try:
        header = Header.decode(message)
    except DecodeError:
        return None
    found = list(links(message, header.command, reads, unicode=header.unicode, encoding=encoding))
    body: Any = found[index].body if index < len(found) else None
    return None if body is None else bytes(body.data)
