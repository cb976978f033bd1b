"""Negotiate: the dialects a client offers and the four shapes of the answer ([MS-CIFS] 2.2.4.52)."""

import struct
from typing import Annotated, Any, Final, Self

import msgspec

from fakesmb.wire.codec import (
    I16,
    U8,
    U16,
    U32,
    U64,
    Block,
    Body,
    Buffer,
    CountedPart,
    Cursor,
    FixedPart,
    Rest,
    TextPart,
    Writer,
)
from fakesmb.wire.dialect import SecurityMode

NO_DIALECT: Final = 0xFFFF
"""DialectIndex of "none of these"."""


class Capability:
    """Capabilities bits of negotiate and session setup, [MS-CIFS] 2.2.4.52.2 and [MS-SMB] 2.2.4.5.2.1."""

    RAW_MODE: Final = 0x00000001
    MPX_MODE: Final = 0x00000002
    UNICODE: Final = 0x00000004
    LARGE_FILES: Final = 0x00000008
    NT_SMBS: Final = 0x00000010
    RPC_REMOTE_APIS: Final = 0x00000020
    STATUS32: Final = 0x00000040
    LEVEL_II_OPLOCKS: Final = 0x00000080
    LOCK_AND_READ: Final = 0x00000100
    NT_FIND: Final = 0x00000200
    DFS: Final = 0x00001000
    INFOLEVEL_PASSTHRU: Final = 0x00002000
    LARGE_READX: Final = 0x00004000
    LARGE_WRITEX: Final = 0x00008000
    LWIO: Final = 0x00010000
    UNIX: Final = 0x00800000
    COMPRESSED_DATA: Final = 0x02000000
    DYNAMIC_REAUTH: Final = 0x20000000
    PERSISTENT_HANDLES: Final = 0x40000000
    EXTENDED_SECURITY: Final = 0x80000000


class RawMode:
    """RawMode bits of the LAN Manager answer to a negotiate."""

    READ: Final = 0x0001
    WRITE: Final = 0x0002


class DialectsPart(msgspec.Struct, frozen=True):
    """Dialect strings, each after a BufferFormat byte of 2, which is not looked at. The last null may be missing."""

    def read(self, cursor: Cursor, before: dict[str, Any]) -> tuple[str, ...]:
        """The dialects in the client's order, up to one without a name."""
        listed = bytes(cursor.rest())
        found = []
        at = 1
        while at < len(listed):
            end = listed.find(0, at)
            name = listed[at:] if end < 0 else listed[at:end]
            if not name:
                break
            found.append(name.decode(cursor.encoding, "replace"))
            at += len(name) + 2
        return tuple(found)

    def write(self, writer: Writer, value: tuple[str, ...]) -> None:
        """The list."""
        for dialect in value:
            writer.data.append(2)
            writer.oem(dialect)


class NegotiateRequest(Body, frozen=True):
    """SMB_COM_NEGOTIATE request, [MS-CIFS] 2.2.4.52.1."""

    dialects: Annotated[tuple[str, ...], DialectsPart()]


UnalignedText = Annotated[str, TextPart(align=False)]


NT_WORD_COUNT: Final = 17
_CAPABILITIES: Final = struct.Struct("<19xI")


class NegotiateNtWords(Body, frozen=True, kw_only=True):
    """The 17 words that both NT LM 0.12 answers share, [MS-CIFS] 2.2.4.52.2.

    `system_time` is FILETIME, `server_time_zone` minutes west of UTC.
    """

    dialect_index: U16
    security_mode: U8 = SecurityMode.USER | SecurityMode.ENCRYPT_PASSWORDS
    max_mpx_count: U16 = 50
    max_number_vcs: U16 = 1
    max_buffer_size: U32 = 16644
    max_raw_size: U32 = 65536
    session_key: U32 = 0
    capabilities: U32 = 0
    system_time: U64 = 0
    server_time_zone: I16 = 0
    challenge_length: U8 = 0


class NegotiateNtResponse(NegotiateNtWords, frozen=True, kw_only=True):
    """NT LM 0.12 without extended security: challenge and names, [MS-CIFS] 2.2.4.52.2, [MS-SMB] 2.2.4.5.2.2.

    Windows does not align the names, and clients read them where Windows puts them. They are in Unicode if the
    server knows it, whatever the request's Flags2 say: nmap and Windows' own clients read them so.
    """

    challenge_length: U8 = 8
    challenge: Annotated[bytes, CountedPart("challenge_length")]
    domain_name: UnalignedText = ""
    server_name: UnalignedText = ""

    def encode(self, at: int, *, unicode: bool = True, encoding: str = "cp850") -> list[Buffer]:
        """As every message, but for the names' encoding."""
        return super().encode(at, unicode=bool(self.capabilities & Capability.UNICODE), encoding=encoding)

    @classmethod
    def decode(cls, block: Block) -> Self:
        """As every message, but for the names' encoding."""
        if block.word_count == NT_WORD_COUNT:
            (capabilities,) = _CAPABILITIES.unpack_from(block.message, block.words_at)
            block = block._replace(unicode=bool(capabilities & Capability.UNICODE))
        return super().decode(block)


class NegotiateExtendedResponse(NegotiateNtWords, frozen=True, kw_only=True):
    """NT LM 0.12 with extended security: server GUID and the first token, [MS-SMB] 2.2.4.5.2.1."""

    server_guid: Annotated[bytes, FixedPart(16)]
    security_blob: Rest = b""


class NegotiateLanmanResponse(Body, frozen=True, kw_only=True):
    """The 13 words of MICROSOFT NETWORKS 1.03 to LANMAN2.1, [MS-CIFS] 2.2.4.52.2; date and time are SMB_DATE and
    SMB_TIME, local. The domain is of LANMAN2.1.
    """

    dialect_index: U16
    security_mode: U16 = SecurityMode.USER | SecurityMode.ENCRYPT_PASSWORDS
    max_buffer_size: U16 = 16644
    max_mpx_count: U16 = 50
    max_number_vcs: U16 = 1
    raw_mode: U16 = 0
    session_key: U32 = 0
    server_time: U16 = 0
    server_date: U16 = 0
    server_time_zone: I16 = 0
    challenge_length: U16 = 8
    reserved: U16 = 0
    challenge: Annotated[bytes, CountedPart("challenge_length")] = b""
    primary_domain: Annotated[str, TextPart(oem=True, optional=True)] = ""

    @classmethod
    def of_core_plus(cls, index: int, raw: int) -> Self:
        """What MICROSOFT NETWORKS 1.03 knows of the words: the index and raw mode; the others are reserved."""
        return cls(
            dialect_index=index,
            security_mode=0,
            max_buffer_size=0,
            max_mpx_count=0,
            max_number_vcs=0,
            raw_mode=raw,
            challenge_length=0,
        )


class NegotiateCoreResponse(Body, frozen=True):
    """The one word of the core dialects, or 0xFFFF where none is common, [MS-CIFS] 2.2.4.52.2."""

    dialect_index: U16 = NO_DIALECT


def is_extended(block: Block) -> bool:
    """Whether an answer of 17 words has a server GUID and a token where the other has challenge and names."""
    return bool(_CAPABILITIES.unpack_from(block.message, block.words_at)[0] & Capability.EXTENDED_SECURITY)
