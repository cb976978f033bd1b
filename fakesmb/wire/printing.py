"""Printing by the core commands: OPEN_PRINT_FILE to GET_PRINT_QUEUE, and the one IOCTL that is of print jobs."""

from typing import Annotated, ClassVar, Final, Self

from fakesmb.wire.codec import U8, U16, U32, Body, BufferFormat4Text, DataBlock, Int, Record, Rest

IOCTL_PRINT: Final = 0x53
"""Category of SMB_COM_IOCTL that is about print jobs."""
QUERY_JOB_INFO: Final = 0x60
"""Its function that LAN Manager's clients ask: which job is this, and where?"""


class OpenPrintFileRequest(Body, frozen=True):
    """SMB_COM_OPEN_PRINT_FILE request, [MS-CIFS] 2.2.4.67.1."""

    setup_length: U16
    mode: U16
    identifier: BufferFormat4Text


class OpenPrintFileResponse(Body, frozen=True):
    """SMB_COM_OPEN_PRINT_FILE response, [MS-CIFS] 2.2.4.67.2."""

    fid: U16


class WritePrintFileRequest(Body, frozen=True):
    """SMB_COM_WRITE_PRINT_FILE request, [MS-CIFS] 2.2.4.68.1."""

    fid: U16
    data: DataBlock = b""


class GetPrintQueueRequest(Body, frozen=True):
    """SMB_COM_GET_PRINT_QUEUE request, [MS-CIFS] 2.2.4.70 and [SMB-CORE] 5.26.

    A negative `max_count` asks for jobs before `start_index`.
    """

    max_count: U16
    start_index: U16


class GetPrintQueueResponse(Body, frozen=True):
    """SMB_COM_GET_PRINT_QUEUE response, [MS-CIFS] 2.2.4.70 and [SMB-CORE] 5.26; `entries` are 28 bytes each."""

    count: U16
    restart_index: U16
    entries: DataBlock = b""


class PrintQueueStatus:
    """Status of a job in a PrintQueueEntry, [SMB-CORE] 5.26."""

    HELD: Final = 1
    PRINTING: Final = 2
    AWAITING: Final = 3
    INTERCEPT: Final = 4
    FILE_ERROR: Final = 5
    PRINTER_ERROR: Final = 6


class PrintQueueEntry(Record, frozen=True):
    """A job of a print queue, [SMB-CORE] 5.26: 28 bytes. The name is OEM, null-padded."""

    file_date: U16
    file_time: U16
    entry_status: U8
    spool_file_number: U16
    spool_file_size: U32
    reserved: U8 = 0
    spool_file_name: Annotated[bytes, Int("16s")] = bytes(16)

    @classmethod
    def of(cls, date: int, clock: int, status: int, number: int, size: int, name: bytes) -> Self:
        """An entry; `name` is in the code page, longer ones are cut to 15 bytes and a null."""
        return cls(date, clock, status, number, min(size, 0xFFFFFFFF), 0, name[:15])


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

    DATA_OFFSET: ClassVar[int] = 52
    """Where data begin behind one byte of padding, from the SMB header on."""

    @classmethod
    def of(cls, data: bytes) -> Self:
        """The answer that has these data, and no parameters."""
        return cls(0, len(data), 0, 0, 0, len(data), cls.DATA_OFFSET, 0, b"\0" + data)


class JobInfo(Record, frozen=True):
    """What IOCTL_QUERY_JOB_INFO gives, 32 bytes as OS/2's SplQueryJobInfo has them: OEM names, null-padded."""

    job_id: U16
    server_name: Annotated[bytes, Int("16s")]
    share_name: Annotated[bytes, Int("14s")]
