"""Messages of commands that the server does not speak, or does not send: for captures of others."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from fakesmb.wire import dirs, messages
from fakesmb.wire.codec import U16, U32, Block, Body, BufferFormat4Text, DataBlock, DecodeError, Rest
from fakesmb.wire.commands import Command
from fakesmb.wire.files import CreateResponse


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


class IoctlResponse(Body, frozen=True):
    """SMB_COM_IOCTL response, [MS-CIFS] 2.2.4.35.2."""

    total_parameter_count: U16
    total_data_count: U16
    parameter_count: U16
    parameter_offset: U16
    parameter_displacement: U16
    data_count: U16
    data_offset: U16
    data_displacement: U16
    payload: Rest = b""


class OpenPrintFileRequest(Body, frozen=True):
    """SMB_COM_OPEN_PRINT_FILE request, [MS-CIFS] 2.2.4.67.1."""

    setup_length: U16
    mode: U16
    identifier: BufferFormat4Text


class WritePrintFileRequest(Body, frozen=True):
    """SMB_COM_WRITE_PRINT_FILE request, [MS-CIFS] 2.2.4.68.1."""

    fid: U16
    data: DataBlock = b""


_REQUESTS: Final[dict[int, type[Body]]] = {
    Command.MOVE: dirs.CopyRequest,
    Command.OPEN_PRINT_FILE: OpenPrintFileRequest,
    Command.WRITE_PRINT_FILE: WritePrintFileRequest,
}
REQUESTS: Final[Mapping[int, type[Body]]] = MappingProxyType(_REQUESTS | dict(messages.REQUESTS))
"""Command to the class of its request."""
_RESPONSES: Final[Mapping[int, type[Body]]] = MappingProxyType(
    {
        Command.READ_MPX: ReadMpxResponse,
        Command.IOCTL: IoctlResponse,
        Command.MOVE: dirs.CopyResponse,
        Command.OPEN_PRINT_FILE: CreateResponse,
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
