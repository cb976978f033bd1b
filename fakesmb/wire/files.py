"""Open, read, write, seek, flush and close ([MS-CIFS] 2.2.4, [MS-SMB] 2.2.4).

The old commands' answers share few shapes, so several commands have one class: `ReadRequest` is also that of
LOCK_AND_READ, `WriteRequest` that of WRITE_AND_UNLOCK, `CreateRequest` that of CREATE_NEW, and so on. What goes
raw or multiplexed is in `raw`.
"""

import struct
from typing import Annotated, ClassVar, Final, Self

from fakesmb.wire.codec import (
    I32,
    U8,
    U16,
    U16_STRUCT,
    U32,
    U64,
    Block,
    Body,
    Buffer,
    BufferFormat4Text,
    CountedTextPart,
    DataBlock,
    DecodeError,
    Int,
    OemText,
    Pad,
    PayloadPart,
    Raw8,
    Raw16,
    Rest,
    Text,
    WrittenPart,
    words_of,
)


class CreateFlag:
    """Flags of NT_CREATE_ANDX, [MS-CIFS] 2.2.4.64.1 and [MS-SMB] 2.2.4.9.1."""

    REQUEST_OPLOCK: Final = 0x02
    REQUEST_OPBATCH: Final = 0x04
    OPEN_TARGET_DIRECTORY: Final = 0x08
    EXTENDED_RESPONSE: Final = 0x10


class OpenFlag:
    """Flags of OPEN_ANDX and TRANS2_OPEN2, [MS-CIFS] 2.2.4.41.1 and [MS-SMB] 2.2.4.1.1."""

    ATTRIBUTES: Final = 0x0001
    OPLOCK: Final = 0x0002
    OPBATCH: Final = 0x0004
    EA_SIZE: Final = 0x0008
    EXTENDED_RESPONSE: Final = 0x0010


class WriteMode:
    """WriteMode bits of WRITE_ANDX and the raw writes, [MS-CIFS] 2.2.4.43.1."""

    WRITE_THROUGH: Final = 0x0001
    READ_BYTES_AVAILABLE: Final = 0x0002
    RAW: Final = 0x0004
    MESSAGE_START: Final = 0x0008


class ResourceType:
    """What an open gave, [MS-CIFS] 2.2.4.41.2."""

    DISK: Final = 0
    BYTE_MODE_PIPE: Final = 1
    MESSAGE_MODE_PIPE: Final = 2
    PRINTER: Final = 3
    UNKNOWN: Final = 0xFFFF


class NtCreateAndxRequest(Body, frozen=True):
    """SMB_COM_NT_CREATE_ANDX request, [MS-CIFS] 2.2.4.64.1. `name_length` is filled in on encoding."""

    ANDX: ClassVar[bool] = True
    reserved: U8 = 0
    name_length: U16 = 0
    flags: U32 = 0
    root_directory_fid: U32 = 0
    desired_access: U32 = 0
    allocation_size: U64 = 0
    ext_file_attributes: U32 = 0
    share_access: U32 = 0
    create_disposition: U32 = 1
    create_options: U32 = 0
    impersonation_level: U32 = 2
    security_flags: U8 = 0
    file_name: Annotated[str, CountedTextPart("name_length")] = ""


class NtCreateAndxResponse(Body, frozen=True, kw_only=True):
    """SMB_COM_NT_CREATE_ANDX response, [MS-CIFS] 2.2.4.64.2. Times are FILETIME."""

    ANDX: ClassVar[bool] = True
    oplock_level: U8 = 0
    fid: U16
    create_disposition: U32 = 1
    """CreateAction: what the open did."""
    create_time: U64 = 0
    last_access_time: U64 = 0
    last_write_time: U64 = 0
    last_change_time: U64 = 0
    ext_file_attributes: U32 = 0x80
    allocation_size: U64 = 0
    end_of_file: U64 = 0
    resource_type: U16 = 0
    nm_pipe_status: U16 = 0
    """For a file: FileStatusFlags, [MS-SMB] 2.2.4.9.2 (7: no EAs, no streams, no reparse tag)."""
    directory: U8 = 0


class NtCreateAndxExtendedResponse(NtCreateAndxResponse, frozen=True, kw_only=True):
    """SMB_COM_NT_CREATE_ANDX response with extended information, [MS-SMB] 2.2.4.9.2.

    It has 50 words but says WordCount 0x2A, as Windows does and clients demand, so that the low word of `file_id`
    sits where a dissector looks for ByteCount: XP sends 0 for it.
    """

    volume_guid: Raw16 = bytes(16)
    file_id: U64 = 0
    maximal_access_rights: U32 = 0
    guest_maximal_access_rights: U32 = 0

    DOCUMENTED_WORD_COUNT: ClassVar[int] = 42
    TRUE_WORD_COUNT: ClassVar[int] = 50

    @classmethod
    def decode(cls, block: Block) -> Self:
        """Reads 50 words, whether the block says 42 or 50; raises `DecodeError`."""
        if block.word_count == cls.DOCUMENTED_WORD_COUNT:
            block = block._replace(word_count=cls.TRUE_WORD_COUNT)
        if len(block.message) < block.words_at + 2 * cls.TRUE_WORD_COUNT:
            raise DecodeError("an extended NT_CREATE_ANDX response of less than 50 words")
        return super().decode(block)

    def encode(self, at: int, *, unicode: bool = True, encoding: str = "cp850") -> list[Buffer]:
        """50 words under WordCount 42."""
        head = bytearray(super().encode(at, unicode=unicode, encoding=encoding)[0])
        head[0] = self.DOCUMENTED_WORD_COUNT
        return [bytes(head)]


class OpenAndxRequest(Body, frozen=True, kw_only=True):
    """SMB_COM_OPEN_ANDX request, [MS-CIFS] 2.2.4.41.1. `creation_time` is UTIME."""

    ANDX: ClassVar[bool] = True
    flags: U16 = 0
    access_mode: U16 = 0
    search_attributes: U16 = 0
    file_attributes: U16 = 0
    creation_time: U32 = 0
    open_mode: U16 = 1
    allocation_size: U32 = 0
    timeout: U32 = 0
    reserved: U32 = 0
    file_name: Text


class OpenAndxResponse(Body, frozen=True, kw_only=True):
    """SMB_COM_OPEN_ANDX response, [MS-CIFS] 2.2.4.41.2. `last_write_time` is UTIME."""

    ANDX: ClassVar[bool] = True
    fid: U16
    file_attributes: U16 = 0
    last_write_time: U32 = 0
    file_data_size: U32 = 0
    access_rights: U16 = 0
    resource_type: U16 = 0
    nm_pipe_status: U16 = 0
    open_results: U16 = 1
    server_fid: U32 = 0
    reserved: U16 = 0


class OpenAndxExtendedResponse(OpenAndxResponse, frozen=True, kw_only=True):
    """SMB_COM_OPEN_ANDX response with maximal rights (WordCount 19), [MS-SMB] 2.2.4.1.2."""

    maximal_access_rights: U32 = 0
    guest_maximal_access_rights: U32 = 0


class ReadAndxRequest(Body, frozen=True):
    """SMB_COM_READ_ANDX request, [MS-CIFS] 2.2.4.42.1 and [MS-SMB] 2.2.4.2.1.

    `timeout` is a pipe's timeout in milliseconds, or for a file and a client with CAP_LARGE_READX MaxCountHigh.
    """

    ANDX: ClassVar[bool] = True
    SHORTER: ClassVar[tuple[int, ...]] = (10,)
    fid: U16
    offset_low: U32 = 0
    max_count: U16 = 0
    min_count: U16 = 0
    timeout: U32 = 0
    remaining: U16 = 0
    offset_high: U32 = 0

    @property
    def offset(self) -> int:
        """The 64-bit offset."""
        return self.offset_high << 32 | self.offset_low

    @property
    def size(self) -> int:
        """MaxCount with MaxCountHigh, for files. 0xFFFF as high word is no count: XP sends it."""
        high = self.timeout & 0xFFFF
        return self.max_count if high == 0xFFFF else high << 16 | self.max_count


_READ_HEAD: Final = struct.Struct("<BIHHHHHH8xH")
_NO_ANDX_WORDS: Final = 0x000000FF


class ReadAndxResponse(Body, frozen=True):
    """SMB_COM_READ_ANDX response, [MS-CIFS] 2.2.4.42.2 and [MS-SMB] 2.2.4.2.2.

    `ReadAndxResponse(data=...)` is enough: lengths and offset are filled in on encoding. The data begin at an even
    offset (60 in a message of one command, as Windows pads), which Unicode pipe payloads need.
    """

    ANDX: ClassVar[bool] = True
    available: U16 = 0xFFFF
    data_compaction_mode: U16 = 0
    reserved: U16 = 0
    data_length: U16 = 0
    data_offset: U16 = 0
    data_length_high: U16 = 0
    reserved2: Raw8 = bytes(8)
    data: Rest = b""

    WORD_COUNT: ClassVar[int] = 12

    @classmethod
    def decode(cls, block: Block) -> Self:
        """Reads a response; the data are a view by DataOffset and length. Raises `DecodeError`."""
        form = words_of(cls).forms.get(block.word_count)
        if form is None:
            raise DecodeError(f"WordCount {block.word_count} of {cls.__name__}")
        values = form.unpack_from(block.message, block.words_at + 4)
        length, offset, high = values[3:6]
        return cls(*(*values, payload(block, offset, length | high << 16)))

    def encode(self, at: int, *, unicode: bool = True, encoding: str = "cp850") -> list[Buffer]:
        """Head and payload; the payload is not copied. ByteCount keeps its low 16 bits."""
        data = self.data
        head = read_andx_head(at, len(data), self.available, self.data_compaction_mode, self.reserved)
        return [head, data]


def read_andx_head(
    at: int, length: int, available: int = 0xFFFF, data_compaction_mode: int = 0, reserved: int = 0
) -> bytes:
    """A READ_ANDX response that begins at offset `at`, as far as its `length` bytes of data, padding included."""
    offset = at + 27
    pad = offset & 1
    offset += pad
    head = _READ_HEAD.pack(
        ReadAndxResponse.WORD_COUNT,
        _NO_ANDX_WORDS,
        available,
        data_compaction_mode,
        reserved,
        length & 0xFFFF,
        offset if offset <= 0xFFFF else 0,
        length >> 16,
        length + pad & 0xFFFF,
    )
    return head + b"\0" if pad else head


def payload(block: Block, offset: int, length: int) -> memoryview:
    """`length` bytes at `offset` from the SMB header, after the block's words; raises `DecodeError`.

    ByteCount is not asked: it has 16 bits, and payloads are longer.
    """
    if not length:
        return memoryview(b"")
    if offset < block.bytes_at or offset + length > len(block.message):
        raise DecodeError(f"data at {offset}, {length} bytes, in a message of {len(block.message)}")
    return memoryview(block.message)[offset : offset + length]


class WriteAndxRequest(Body, frozen=True):
    """SMB_COM_WRITE_ANDX request, [MS-CIFS] 2.2.4.43.1 and [MS-SMB] 2.2.4.3.1.

    `data` is a view into the message. Lengths and offset are filled in on encoding.
    """

    ANDX: ClassVar[bool] = True
    SHORTER: ClassVar[tuple[int, ...]] = (12,)
    fid: U16
    offset_low: U32 = 0
    timeout: U32 = 0
    write_mode: U16 = 0
    remaining: U16 = 0
    data_length_high: U16 = 0
    data_length: U16 = 0
    data_offset: U16 = 0
    offset_high: U32 = 0
    data: Annotated[Buffer, PayloadPart("data_offset", "data_length", "data_length_high")] = b""

    @property
    def offset(self) -> int:
        """The 64-bit offset."""
        return self.offset_high << 32 | self.offset_low

    def encode(self, at: int, *, unicode: bool = True, encoding: str = "cp850") -> list[Buffer]:
        """The 14-word form, one byte of padding, the payload (not copied)."""
        length = len(self.data)
        head = b"\x0e\xff\0\0\0" + _WRITE_FORMS[14].pack(
            self.fid,
            self.offset_low,
            self.timeout,
            self.write_mode,
            self.remaining,
            length >> 16,
            length & 0xFFFF,
            at + 32,
            self.offset_high,
        )
        return [head + U16_STRUCT.pack(length + 1 & 0xFFFF) + b"\0", self.data]


_WRITE_FORMS: Final = words_of(WriteAndxRequest).forms


class WriteAndxResponse(Body, frozen=True):
    """SMB_COM_WRITE_ANDX response, [MS-CIFS] 2.2.4.43.2. `available` 0xFFFF is what Windows 9x needs."""

    ANDX: ClassVar[bool] = True
    count: U16
    available: U16 = 0xFFFF
    count_high: U16 = 0
    reserved: U16 = 0

    @classmethod
    def of(cls, count: int, available: int = 0xFFFF) -> Self:
        """The answer to a write of `count` bytes."""
        return cls(count & 0xFFFF, available, count >> 16)


class CloseRequest(Body, frozen=True):
    """SMB_COM_CLOSE request, [MS-CIFS] 2.2.4.5.1."""

    fid: U16
    last_write_time: U32 = 0xFFFFFFFF
    """UTIME; 0 or 0xFFFFFFFF leaves the time alone."""


class FlushRequest(Body, frozen=True):
    """SMB_COM_FLUSH request, [MS-CIFS] 2.2.4.6.1. FID 0xFFFF is every open of the process."""

    fid: U16


class ClosePrintFileRequest(Body, frozen=True):
    """SMB_COM_CLOSE_PRINT_FILE request, [MS-CIFS] 2.2.4.69.1."""

    fid: U16


class OpenRequest(Body, frozen=True):
    """SMB_COM_OPEN request, [MS-CIFS] 2.2.4.3.1."""

    access_mode: U16
    search_attributes: U16
    file_name: BufferFormat4Text


class OpenResponse(Body, frozen=True):
    """SMB_COM_OPEN response, [MS-CIFS] 2.2.4.3.2. `last_modified` is UTIME."""

    fid: U16
    file_attributes: U16
    last_modified: U32
    file_size: U32
    access_mode: U16


class CreateRequest(Body, frozen=True):
    """SMB_COM_CREATE and SMB_COM_CREATE_NEW request, [MS-CIFS] 2.2.4.4.1 and 2.2.4.16.1."""

    file_attributes: U16
    creation_time: U32
    file_name: BufferFormat4Text


class CreateResponse(Body, frozen=True):
    """SMB_COM_CREATE and SMB_COM_CREATE_NEW response, [MS-CIFS] 2.2.4.4.2."""

    fid: U16


class CreateTemporaryRequest(Body, frozen=True):
    """SMB_COM_CREATE_TEMPORARY request, [MS-CIFS] 2.2.4.15.1."""

    file_attributes: U16
    creation_time: U32
    directory_name: BufferFormat4Text


class CreateTemporaryResponse(Body, frozen=True):
    """SMB_COM_CREATE_TEMPORARY response, [MS-CIFS] 2.2.4.15.2.

    Windows sends the bare OEM name, without the buffer format byte of the specification.
    """

    fid: U16
    temporary_file_name: OemText


class ReadRequest(Body, frozen=True):
    """SMB_COM_READ and SMB_COM_LOCK_AND_READ request, [MS-CIFS] 2.2.4.11.1 and 2.2.4.20.1."""

    SHORTER: ClassVar[tuple[int, ...]] = (3, 4)
    fid: U16
    count: U16
    offset: U32
    estimate_remaining: U16 = 0


class ReadResponse(Body, frozen=True):
    """SMB_COM_READ and SMB_COM_LOCK_AND_READ response, [MS-CIFS] 2.2.4.11.2."""

    count: U16 = 0
    reserved: Raw8 = bytes(8)
    data: DataBlock = b""


class WriteRequest(Body, frozen=True):
    """SMB_COM_WRITE and SMB_COM_WRITE_AND_UNLOCK request, [MS-CIFS] 2.2.4.12.1. Count 0 sets the length."""

    fid: U16
    count: U16
    offset: U32
    estimate_remaining: U16 = 0
    data: Annotated[Buffer, WrittenPart("count")] = b""


class WriteResponse(Body, frozen=True):
    """Count of bytes written: WRITE, WRITE_AND_UNLOCK, WRITE_AND_CLOSE, [MS-CIFS] 2.2.4.12.2."""

    count: U16


class WriteAndCloseRequest(Body, frozen=True):
    """SMB_COM_WRITE_AND_CLOSE request, [MS-CIFS] 2.2.4.40.1. `last_write_time` is UTIME."""

    SHORTER: ClassVar[tuple[int, ...]] = (6,)
    fid: U16
    count: U16
    offset: U32
    last_write_time: U32
    reserved: Annotated[bytes, Int("12s")] = bytes(12)
    pad: Pad = 0
    data: Rest = b""


class SeekMode:
    """Mode of SMB_COM_SEEK, [MS-CIFS] 2.2.4.19.1."""

    START: Final = 0
    CURRENT: Final = 1
    END: Final = 2


class SeekRequest(Body, frozen=True):
    """SMB_COM_SEEK request, [MS-CIFS] 2.2.4.19.1."""

    fid: U16
    mode: U16
    offset: I32


class SeekResponse(Body, frozen=True):
    """SMB_COM_SEEK response, [MS-CIFS] 2.2.4.19.2: the new position from the start."""

    offset: U32


class IoctlRequest(Body, frozen=True):
    """SMB_COM_IOCTL request, [MS-CIFS] 2.2.4.35.1. The form of LAN Manager 1.0 ends after the function."""

    SHORTER: ClassVar[tuple[int, ...]] = (3,)
    fid: U16
    category: U16
    function: U16
    total_parameter_count: U16 = 0
    total_data_count: U16 = 0
    max_parameter_count: U16 = 0
    max_data_count: U16 = 0
    timeout: U32 = 0
    reserved: U16 = 0
    parameter_count: U16 = 0
    parameter_offset: U16 = 0
    data_count: U16 = 0
    data_offset: U16 = 0
    payload: Rest = b""
