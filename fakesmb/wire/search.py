"""The searches of the core dialects: SEARCH, FIND, FIND_UNIQUE, FIND_CLOSE ([MS-CIFS] 2.2.4.58 to 2.2.4.61)."""

from typing import Annotated, Final, Self

from fakesmb.wire.codec import U8, U16, U32, Body, BufferFormat4Text, Int, Raw16, Record, VariableBlock

NAME_SIZE: Final = 13


class SearchRequest(Body, frozen=True):
    """SMB_COM_SEARCH, FIND, FIND_UNIQUE and FIND_CLOSE request, [MS-CIFS] 2.2.4.58.1.

    `max_count` counts for one answer. `resume_key` is empty (begin), or 21 bytes (go on).
    """

    max_count: U16
    search_attributes: U16
    file_name: BufferFormat4Text
    resume_key: VariableBlock = b""


class SearchResponse(Body, frozen=True):
    """The answer to all four, [MS-CIFS] 2.2.4.58.2; `entries` are 43 bytes each."""

    count: U16
    entries: VariableBlock = b""


class ResumeKey(Record, frozen=True):
    """SMB_Resume_Key, [MS-CIFS] 2.2.4.58.1: 21 bytes that come back as sent. The client owns `client_state`."""

    reserved: U8 = 0
    server_state: Raw16 = bytes(16)
    client_state: Annotated[bytes, Int("4s")] = bytes(4)


class SearchEntry(Record, frozen=True):
    """SMB_Directory_Information, [MS-CIFS] 2.2.4.58.2: 43 bytes. The name is 8.3, OEM, null-padded."""

    resume_key: Annotated[bytes, Int("21s")]
    file_attributes: U8
    last_write_time: U16
    last_write_date: U16
    file_size: U32
    file_name: Annotated[bytes, Int("13s")]

    @classmethod
    def of(cls, key: ResumeKey, name: bytes, attributes: int, size: int, date: int, clock: int) -> Self:
        """An entry; `name` is in the code page, longer ones are cut to 12 bytes and a null."""
        return cls(key.encode(), attributes & 0xFF, clock, date, min(size, 0xFFFFFFFF), name[: NAME_SIZE - 1])


class FindClose2Request(Body, frozen=True):
    """SMB_COM_FIND_CLOSE2 request, [MS-CIFS] 2.2.4.48.1. SID 0xFFFF closes all (OS/2)."""

    sid: U16
