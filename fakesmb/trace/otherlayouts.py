"""Messages of commands that the server does not speak, or does not send: for captures of others."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from fakesmb.wire import messages
from fakesmb.wire.codec import U16, U32, Block, Body, DecodeError, Rest
from fakesmb.wire.commands import Command


class ReadMpxResponse(Body, frozen=True):
    """SMB_COM_READ_MPX response, [MS-CIFS] 2.2.4.23.2."""

    offset: U32
    count: U16
    remaining: U16
    data_compaction_mode: U16
    reserved: U16
    data_length: U16
    data_offset: U16
    data: Rest = b""


REQUESTS: Final[Mapping[int, type[Body]]] = messages.REQUESTS
"""Command to the class of its request."""
_RESPONSES: Final[Mapping[int, type[Body]]] = MappingProxyType(
    {
        Command.READ_MPX: ReadMpxResponse,
    }
)


def response_class(code: int, block: Block) -> type[Body]:
    """The class of a reply; raises `DecodeError` for a WordCount that has none."""
    try:
        return messages.response_class(code, block)
    except DecodeError:
        if code in _RESPONSES:
            return _RESPONSES[code]
        raise
