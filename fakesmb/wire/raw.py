"""Raw and multiplexed reads and writes ([MS-CIFS] 2.2.4.22 to 2.2.4.28), for DOS, OS/2 and Windows 9x."""

from typing import Annotated, ClassVar, Self

from msgspec.structs import replace

from fakesmb.wire.codec import U16, U32, Block, Body, Buffer, RestPart
from fakesmb.wire.files import payload


class ReadRawRequest(Body, frozen=True):
    """SMB_COM_READ_RAW request, [MS-CIFS] 2.2.4.22.1. The answer is bare data, or an empty frame."""

    SHORTER: ClassVar[tuple[int, ...]] = (8,)
    fid: U16
    offset_low: U32
    max_count: U16
    min_count: U16
    timeout: U32
    reserved: U16 = 0
    offset_high: U32 = 0

    @property
    def offset(self) -> int:
        """The 64-bit offset."""
        return self.offset_high << 32 | self.offset_low


class ReadMpxRequest(Body, frozen=True):
    """SMB_COM_READ_MPX request, [MS-CIFS] 2.2.4.23.1."""

    fid: U16
    offset: U32
    max_count: U16
    min_count: U16
    timeout: U32
    reserved: U16 = 0


class WriteRawRequest(Body, frozen=True):
    """SMB_COM_WRITE_RAW request, [MS-CIFS] 2.2.4.25.1. `data` are the first of `count` bytes."""

    SHORTER: ClassVar[tuple[int, ...]] = (12,)
    fid: U16
    count: U16
    reserved: U16
    offset_low: U32
    timeout: U32
    write_mode: U16
    reserved2: U32
    data_length: U16
    data_offset: U16
    offset_high: U32 = 0
    data: Annotated[Buffer, RestPart()] = b""

    @property
    def offset(self) -> int:
        """The 64-bit offset."""
        return self.offset_high << 32 | self.offset_low

    @classmethod
    def decode(cls, block: Block) -> Self:
        """Reads a request; `data` is a view checked to lie in the message. Raises `DecodeError`."""
        request = super().decode(block)
        return replace(request, data=payload(block, request.data_offset, request.data_length))


class WriteMpxRequest(Body, frozen=True):
    """SMB_COM_WRITE_MPX request, [MS-CIFS] 2.2.4.26.1. Only the last of a sequence is answered."""

    fid: U16
    total_byte_count: U16
    reserved: U16
    offset: U32
    timeout: U32
    write_mode: U16
    request_mask: U32
    data_length: U16
    data_offset: U16
    data: Annotated[Buffer, RestPart()] = b""

    @classmethod
    def decode(cls, block: Block) -> Self:
        """Reads a request; `data` is a view checked to lie in the message. Raises `DecodeError`."""
        request = super().decode(block)
        return replace(request, data=payload(block, request.data_offset, request.data_length))


class WriteRawInterimResponse(Body, frozen=True):
    """SMB_COM_WRITE_RAW interim response: send the raw data now, [MS-CIFS] 2.2.4.25.2. `available` is -1."""

    available: U16 = 0xFFFF


class WriteCompleteResponse(Body, frozen=True):
    """SMB_COM_WRITE_COMPLETE: the end of a raw write-through, [MS-CIFS] 2.2.4.25.3."""

    count: U16


class WriteMpxResponse(Body, frozen=True):
    """SMB_COM_WRITE_MPX response, [MS-CIFS] 2.2.4.26.2."""

    response_mask: U32
