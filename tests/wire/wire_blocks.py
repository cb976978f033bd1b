"""Blocks of golden bytes for the tests of structures."""

from typing import Any

from fakesmb.wire.codec import Block
from fakesmb.wire.header import HEADER_SIZE, Header, block_at


def octets(text: str) -> bytes:
    """Hexadecimal with spaces and line breaks, as golden bytes are written field by field."""
    return bytes.fromhex("".join(text.split()))


def block(golden: bytes | str, *, unicode: bool = True) -> Block:
    """The block of a message of one command whose WordCount is at offset 32."""
    raw = octets(golden) if isinstance(golden, str) else golden
    return block_at(bytes(HEADER_SIZE) + raw, HEADER_SIZE, unicode=unicode)


def encoded(message: Any, *, unicode: bool = True) -> bytes:
    """A message's block as bytes, when it begins at offset 32."""
    return b"".join(message.encode(HEADER_SIZE, unicode=unicode))


def captured(frame: str) -> tuple[Header, Block]:
    """Header and first block of a captured message, without its four framing bytes."""
    raw = octets(frame)
    header = Header.decode(raw)
    return header, block_at(raw, HEADER_SIZE, unicode=header.unicode)
