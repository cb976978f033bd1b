"""The SMB header and the AndX chain ([MS-CIFS] 2.2.3.1 and 2.2.3.4)."""

import struct
from typing import Final

import msgspec

from fakesmb.wire.codec import Block, Buffer, DecodeError

MAGIC: Final = b"\xffSMB"
SMB2_MAGIC: Final = b"\xfeSMB"
HEADER_SIZE: Final = 32
COMMAND_AT: Final = 4
"""Where the command code stands in a message."""
NO_ANDX: Final = 0xFF
ERROR_BLOCK: Final = b"\0\0\0"
"""WordCount 0, ByteCount 0: the body of an answer that is only a status."""

_LAYOUT: Final = struct.Struct("<4sBIBHH8sHHHHH")
_ANDX: Final = struct.Struct("<BBH")
_NT_CREATE_ANDX: Final = 0xA2
_CREATE_WORDS: Final = 42


class Flags:
    """SMB_FLAGS_*, the Flags byte."""

    LOCK_AND_READ: Final = 0x01
    CASE_INSENSITIVE: Final = 0x08
    CANONICALIZED_PATHS: Final = 0x10
    OPLOCK: Final = 0x20
    OPBATCH: Final = 0x40
    REPLY: Final = 0x80


class Flags2:
    """SMB_FLAGS2_*, the Flags2 word."""

    LONG_NAMES: Final = 0x0001
    EAS: Final = 0x0002
    SIGNATURE: Final = 0x0004
    COMPRESSED: Final = 0x0008
    SIGNATURE_REQUIRED: Final = 0x0010
    IS_LONG_NAME: Final = 0x0040
    REPARSE_PATH: Final = 0x0400
    EXTENDED_SECURITY: Final = 0x0800
    DFS: Final = 0x1000
    PAGING_IO: Final = 0x2000
    NT_STATUS: Final = 0x4000
    UNICODE: Final = 0x8000


class Header(msgspec.Struct, frozen=True, gc=False):
    """SMB_Header without its magic, [MS-CIFS] 2.2.3.1. `status` is NT or DOS as `flags2` says."""

    command: int
    status: int
    flags: int
    flags2: int
    pid_high: int
    signature: bytes
    tid: int
    pid_low: int
    uid: int
    mid: int

    @property
    def pid(self) -> int:
        """The client's 32-bit process identifier."""
        return self.pid_high << 16 | self.pid_low

    @property
    def unicode(self) -> bool:
        """Whether this message's strings are UTF-16LE."""
        return bool(self.flags2 & Flags2.UNICODE)

    @property
    def sequence_number(self) -> int:
        """SequenceNumber of connectionless transports, where a signature has its last bytes ([MS-CIFS] 2.2.3.1)."""
        return int.from_bytes(self.signature[6:8], "little")

    @property
    def is_reply(self) -> bool:
        """SMB_FLAGS_REPLY."""
        return bool(self.flags & Flags.REPLY)

    @classmethod
    def decode(cls, message: Buffer) -> "Header":
        """Reads the first 32 bytes of a message; raises `DecodeError`."""
        if len(message) < HEADER_SIZE:
            raise DecodeError(f"a message of {len(message)} bytes is shorter than its header")
        magic, command, status, flags, flags2, pid_high, signature, _, tid, pid, uid, mid = (
            _LAYOUT.unpack_from(message)
        )
        if magic != MAGIC:
            raise DecodeError(f"its header begins with 0x{bytes(message[:4]).hex()}, which is not SMB")
        return cls(command, status, flags, flags2, pid_high, signature, tid, pid, uid, mid)

    def encode(self) -> bytes:
        """The 32 bytes."""
        return _LAYOUT.pack(
            MAGIC,
            self.command,
            self.status,
            self.flags,
            self.flags2,
            self.pid_high,
            self.signature,
            0,
            self.tid,
            self.pid_low,
            self.uid,
            self.mid,
        )


def pack_header(
    command: int,
    status: int,
    flags: int,
    flags2: int,
    pid_high: int,
    tid: int,
    pid_low: int,
    uid: int,
    mid: int,
) -> bytes:
    """A header with an empty signature, without building a `Header` (the path of every reply)."""
    return _LAYOUT.pack(MAGIC, command, status, flags, flags2, pid_high, b"", 0, tid, pid_low, uid, mid)


def block_at(message: Buffer, at: int, *, unicode: bool, encoding: str = "cp850") -> Block:
    """The block whose WordCount is at offset `at`; raises `DecodeError` where its words do not fit the message.

    A ByteCount that is missing is 0, and one that goes beyond the message ends with it.
    """
    size = len(message)
    if at >= size:
        raise DecodeError("no WordCount")
    word_count = message[at]
    bytes_at = at + 3 + 2 * word_count
    if bytes_at > size:
        if bytes_at - 2 > size:
            raise DecodeError(f"WordCount {word_count} goes beyond the message")
        return Block(message, word_count, at + 1, size, 0, unicode, encoding)
    byte_count = message[bytes_at - 2] | message[bytes_at - 1] << 8
    if bytes_at + byte_count > size:
        byte_count = size - bytes_at
        if word_count == _CREATE_WORDS and message[4] == _NT_CREATE_ANDX and message[9] & Flags.REPLY:
            # An extended create answer: 50 words that say they are 42, so that a file id stands for ByteCount
            byte_count = 0
    return Block(message, word_count, at + 1, bytes_at, byte_count, unicode, encoding)


def andx_of(block: Block) -> tuple[int, int]:
    """AndXCommand and AndXOffset of a block that has them; (NO_ANDX, 0) of one too short to hold them."""
    if block.word_count < 2:
        return NO_ANDX, 0
    command, _, offset = _ANDX.unpack_from(block.message, block.words_at)
    return command, offset
