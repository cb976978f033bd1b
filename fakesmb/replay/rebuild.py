"""A message with some of its commands replaced: the chain is joined anew."""

from collections.abc import Mapping

from fakesmb.replay.references import blocks
from fakesmb.wire.chain import Joiner
from fakesmb.wire.codec import Body, DecodeError
from fakesmb.wire.header import HEADER_SIZE, Header
from fakesmb.wire.messages import REQUESTS


def rebuilt(message: bytes, header: Header, changes: Mapping[int, Body], encoding: str = "cp850") -> bytes:
    """The message whose commands at these places of the chain are others; raises `DecodeError`.

    What follows a change is decoded and encoded again: data, names and offsets move.
    """
    joiner = Joiner()
    first = min(changes)
    found = list(blocks(message, header, encoding))
    if first >= len(found):
        raise DecodeError("the command that is to be replaced cannot be read")
    for index, (code, block) in enumerate(found):
        body = changes.get(index)
        if body is None and index < first:
            at, end = block.words_at - 1, block.bytes_at + block.byte_count
            if joiner.length < at:
                joiner.blocks.append(bytes(at - joiner.length))
                joiner.length = at
            joiner.add(code, [bytes(message[at:end])], chains=True)
            continue
        if body is None:
            cls = REQUESTS.get(code)
            if cls is None:
                raise DecodeError("a command whose structure is not known follows what is replaced")
            body = cls.decode(block)
        at = joiner.next_offset() if index else HEADER_SIZE
        joiner.add(code, body.encode(at, unicode=header.unicode, encoding=encoding), chains=body.ANDX)
    return message[:HEADER_SIZE] + b"".join(joiner.blocks)
