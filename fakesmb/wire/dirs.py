"""Directories, deletion, renaming and the old attribute commands ([MS-CIFS] 2.2.4)."""

from typing import Annotated, Any, ClassVar, Final

import msgspec

from fakesmb.wire.codec import U16, U32, Body, BufferFormat4Text, Cursor, Int, Writer


class CreateDirectoryRequest(Body, frozen=True):
    """SMB_COM_CREATE_DIRECTORY request, [MS-CIFS] 2.2.4.1.1."""

    directory_name: BufferFormat4Text


class DeleteDirectoryRequest(Body, frozen=True):
    """SMB_COM_DELETE_DIRECTORY request, [MS-CIFS] 2.2.4.2.1."""

    directory_name: BufferFormat4Text


class CheckDirectoryRequest(Body, frozen=True):
    """SMB_COM_CHECK_DIRECTORY request, [MS-CIFS] 2.2.4.17.1."""

    directory_name: BufferFormat4Text


class DeleteRequest(Body, frozen=True):
    """SMB_COM_DELETE request, [MS-CIFS] 2.2.4.7.1; the name may have wildcards."""

    search_attributes: U16
    file_name: BufferFormat4Text


class RenameRequest(Body, frozen=True):
    """SMB_COM_RENAME request, [MS-CIFS] 2.2.4.8.1; the names may have wildcards."""

    search_attributes: U16
    old_file_name: BufferFormat4Text
    new_file_name: BufferFormat4Text


class NtRenameLevel:
    """InformationLevel of NT_RENAME, [MS-CIFS] 2.2.4.66.1."""

    LINK = 0x0103
    RENAME = 0x0104
    MOVE = 0x0105


class NtRenameRequest(Body, frozen=True):
    """SMB_COM_NT_RENAME request, [MS-CIFS] 2.2.4.66.1."""

    search_attributes: U16
    information_level: U16
    cluster_count: U32
    old_file_name: BufferFormat4Text
    new_file_name: BufferFormat4Text


Reserved10 = Annotated[bytes, Int("10s")]


class QueryInformationRequest(Body, frozen=True):
    """SMB_COM_QUERY_INFORMATION request, [MS-CIFS] 2.2.4.9.1."""

    file_name: BufferFormat4Text


class QueryInformationResponse(Body, frozen=True):
    """SMB_COM_QUERY_INFORMATION response, [MS-CIFS] 2.2.4.9.2. `last_write_time` is UTIME."""

    file_attributes: U16
    last_write_time: U32
    file_size: U32
    reserved: Reserved10 = bytes(10)


class SetInformationRequest(Body, frozen=True):
    """SMB_COM_SET_INFORMATION request, [MS-CIFS] 2.2.4.10.1. `last_write_time` is UTIME; 0 leaves it alone."""

    SHORTER: ClassVar[tuple[int, ...]] = (2, 3)
    file_attributes: U16
    last_write_time: U32
    reserved: Reserved10 = bytes(10)
    file_name: BufferFormat4Text = ""


class QueryInformation2Request(Body, frozen=True):
    """SMB_COM_QUERY_INFORMATION2 request, [MS-CIFS] 2.2.4.31.1."""

    fid: U16


class QueryInformation2Response(Body, frozen=True):
    """SMB_COM_QUERY_INFORMATION2 response, [MS-CIFS] 2.2.4.31.2; SMB_DATE and SMB_TIME pairs."""

    create_date: U16
    create_time: U16
    last_access_date: U16
    last_access_time: U16
    last_write_date: U16
    last_write_time: U16
    file_data_size: U32
    file_allocation_size: U32
    file_attributes: U16


class SetInformation2Request(Body, frozen=True):
    """SMB_COM_SET_INFORMATION2 request, [MS-CIFS] 2.2.4.30.1; a pair of zeros leaves a time alone."""

    fid: U16
    create_date: U16
    create_time: U16
    last_access_date: U16
    last_access_time: U16
    last_write_date: U16
    last_write_time: U16


_FIRST_OF_NAMES: Final = 0x20
"""No name begins with a character below a space."""


def is_format(cursor: Cursor) -> bool:
    """Whether a byte is a buffer format, or padding, and not the beginning of a name."""
    return cursor.message[cursor.at] < _FIRST_OF_NAMES


class LooseFormat4Part(msgspec.Struct, frozen=True):
    """A name with or without its buffer format byte: clients of COPY and MOVE do not agree."""

    def read(self, cursor: Cursor, before: dict[str, Any]) -> str:
        """The name."""
        if cursor.left and is_format(cursor):
            cursor.buffer_format(4)
        return cursor.text(strict=False)

    def write(self, writer: Writer, value: str) -> None:
        """The name with its byte."""
        writer.data.append(4)
        writer.text(value)


class CopyFlag:
    """Flags of COPY and MOVE, as LAN Manager 1.0 has them ([SMB-LM1X] 9.2.1)."""

    TARGET_IS_FILE: Final = 0x0001
    TARGET_IS_DIRECTORY: Final = 0x0002
    TARGET_ASCII: Final = 0x0004
    SOURCE_ASCII: Final = 0x0008
    VERIFY: Final = 0x0010
    TREE: Final = 0x0020


class CopyRequest(Body, frozen=True):
    """SMB_COM_COPY and SMB_COM_MOVE request, as LANMAN 1.0 defined it ([MS-CIFS] 2.2.4.37, 2.2.4.38).

    All of it may be missing: servers of NT LM 0.12 refuse it unread.
    """

    SHORTER: ClassVar[tuple[int, ...]] = (0, 1, 2)
    tid2: U16 = 0xFFFF
    open_function: U16 = 0
    flags: U16 = 0
    source_file_name: Annotated[str, LooseFormat4Part()] = ""
    target_file_name: Annotated[str, LooseFormat4Part()] = ""


class CopyResponse(Body, frozen=True):
    """SMB_COM_COPY and SMB_COM_MOVE response of LANMAN 1.0: how many files were copied."""

    count: U16
