"""The envelopes of TRANSACTION, TRANSACTION2 and NT_TRANSACT ([MS-CIFS] 2.2.4.33, 2.2.4.46, 2.2.4.62).

A transaction carries setup words, parameters and data. Those lie in the message by offset and count; a request may
be longer than one message (secondary requests bring the rest), and so may a response (several messages). Offsets
are checked against the message, not against ByteCount: a few devices (Popcorn Hour) send ByteCount 0.
"""

import struct
from collections.abc import Iterator
from typing import ClassVar, Final, NamedTuple, Self

import msgspec

from fakesmb.wire.codec import U16_STRUCT, Block, Body, Buffer, Cursor, DecodeError, Record, Writer

TRANSACTION_WORDS: Final = "HHHHBxHIHHHHHBx"
"""The 14 fixed words of TRANSACTION and TRANSACTION2 requests, as `struct` has them."""
TRANSACTION_RESPONSE_WORDS: Final = "HH2xHHHHHHBx"
"""The 10 fixed words of their responses."""
_REQUEST: Final = struct.Struct(f"<{TRANSACTION_WORDS}")
_NT_REQUEST: Final = struct.Struct("<BHIIIIIIIIBH")
_SECONDARY: Final = struct.Struct("<HHHHHHHH")
_NT_SECONDARY: Final = struct.Struct("<3xIIIIIIIIx")
_RESPONSE: Final = struct.Struct(f"<{TRANSACTION_RESPONSE_WORDS}")
_NT_RESPONSE: Final = struct.Struct("<3xIIIIIIIIB")
ALIGNMENT: Final = 4
"""Parameters and data begin at multiples of this: Windows 95 loses its way otherwise."""


class TransactionFlag:
    """Flags of a transaction request, [MS-CIFS] 2.2.4.33.1."""

    DISCONNECT_TID: Final = 0x0001
    NO_RESPONSE: Final = 0x0002


class Setup(Record, frozen=True):
    """Setup words, where they and not the parameters say what a transaction asks ([MS-CIFS] 2.2.4.33.1)."""


def _part(block: Block, offset: int, count: int, total: int, what: str) -> memoryview:
    if count > total:
        raise DecodeError(f"{count} bytes of {what}, more than the {total} announced")
    if not count:
        return memoryview(b"")
    if offset < block.bytes_at or offset + count > len(block.message):
        raise DecodeError(f"{what} at {offset}, {count} bytes, in a message of {len(block.message)}")
    return memoryview(block.message)[offset : offset + count]


def _setup(block: Block, fixed: int, count: int) -> bytes:
    """The setup words after `fixed` words; raises `DecodeError` for a block that does not hold them."""
    if block.word_count < fixed + count:
        raise DecodeError(f"WordCount {block.word_count} with {count} setup words")
    at = block.words_at + 2 * fixed
    return bytes(memoryview(block.message)[at : at + 2 * count])


def _check_words(block: Block, least: int, what: type) -> None:
    if block.word_count < least:
        raise DecodeError(f"a {what.__name__} of {block.word_count} words is too short")


class TransactionRequest(Body, frozen=True, kw_only=True):
    """SMB_COM_TRANSACTION request, [MS-CIFS] 2.2.4.33.1. Parameters and data are views into the message.

    `name` is `\\PIPE\\`, `\\PIPE\\LANMAN` or `\\MAILSLOT\\...`. `setup` is the words' bytes.
    """

    name: str = ""
    setup: bytes = b""
    parameters: Buffer = b""
    data: Buffer = b""
    total_parameter_count: int = 0
    total_data_count: int = 0
    max_parameter_count: int = 0
    max_data_count: int = 0
    max_setup_count: int = 0
    flags: int = 0
    timeout: int = 0

    FIXED_WORDS: ClassVar[int] = 14
    NAMED: ClassVar[bool] = True

    @property
    def subcommand(self) -> int | None:
        """The first setup word: the function; None where there is no setup."""
        return U16_STRUCT.unpack_from(self.setup)[0] if len(self.setup) >= 2 else None

    @property
    def setup_fid(self) -> int | None:
        """The second setup word: the FID of pipe functions; None where there is none."""
        return U16_STRUCT.unpack_from(self.setup, 2)[0] if len(self.setup) >= 4 else None

    @property
    def complete(self) -> bool:
        """Whether no secondary request is needed."""
        return len(self.parameters) == self.total_parameter_count and len(self.data) == self.total_data_count

    @classmethod
    def decode(cls, block: Block) -> Self:
        """Reads a request; raises `DecodeError`."""
        _check_words(block, cls.FIXED_WORDS, cls)
        (
            total_parameters,
            total_data,
            max_parameters,
            max_data,
            max_setup,
            flags,
            timeout,
            _,
            parameter_count,
            parameter_offset,
            data_count,
            data_offset,
            setup_count,
        ) = _REQUEST.unpack_from(block.message, block.words_at)
        return cls(
            name=_name(block) if cls.NAMED else "",
            setup=_setup(block, cls.FIXED_WORDS, setup_count),
            parameters=_part(block, parameter_offset, parameter_count, total_parameters, "parameters"),
            data=_part(block, data_offset, data_count, total_data, "data"),
            total_parameter_count=total_parameters,
            total_data_count=total_data,
            max_parameter_count=max_parameters,
            max_data_count=max_data,
            max_setup_count=max_setup,
            flags=flags,
            timeout=timeout,
        )

    def encode(self, at: int, *, unicode: bool = True, encoding: str = "cp850") -> list[Buffer]:
        """The request as a client sends it. Totals of 0 are filled in from what is there."""
        bytes_at = at + 3 + 2 * self.FIXED_WORDS + len(self.setup)
        writer = Writer(bytes_at, unicode=unicode, encoding=encoding)
        if self.NAMED:
            writer.text(self.name)
        else:
            writer.data += b"\0"
        parameter_offset = _append(writer, self.parameters)
        data_offset = _append(writer, self.data)
        words = _REQUEST.pack(
            self.total_parameter_count or len(self.parameters),
            self.total_data_count or len(self.data),
            self.max_parameter_count,
            self.max_data_count,
            self.max_setup_count,
            self.flags,
            self.timeout,
            0,
            len(self.parameters),
            parameter_offset,
            len(self.data),
            data_offset,
            len(self.setup) // 2,
        )
        return _block(self.FIXED_WORDS, words, self.setup, writer.data)


_LONGEST_NAME: Final = 0xFFFF
"""Bytes: as many as ByteCount can say. Some clients' ByteCount says less than their name has."""


def _name(block: Block) -> str:
    end = min(len(block.message), block.bytes_at + _LONGEST_NAME)
    unicode = block.unicode and not is_oem_name(block.message, block.bytes_at)
    cursor = Cursor(block.message, block.bytes_at, end, unicode=unicode, encoding=block.encoding)
    return cursor.text(strict=False) if block.byte_count or cursor.left else ""


_LONGEST_PREFIX: Final = 9


def is_oem_name(message: Buffer, at: int) -> bool:
    """Whether a transaction's name stands there in OEM, whatever the flags say, as some clients send it."""
    return bytes(message[at : at + _LONGEST_PREFIX]).upper().startswith((b"\\PIPE", b"\\MAILSLOT"))


def _append(writer: Writer, part: Buffer) -> int:
    writer.align(ALIGNMENT)
    at = writer.at
    writer.data += part
    return at


def _block(fixed_words: int, words: bytes, setup: bytes, data: bytearray) -> list[Buffer]:
    word_count = fixed_words + len(setup) // 2
    return [b"%c%b%b%b" % (word_count, words, setup, U16_STRUCT.pack(len(data) & 0xFFFF)), data]


class Transaction2Request(TransactionRequest, frozen=True, kw_only=True):
    """SMB_COM_TRANSACTION2 request, [MS-CIFS] 2.2.4.46.1: the subcommand is the only setup word."""

    NAMED: ClassVar[bool] = False


class NtTransactRequest(TransactionRequest, frozen=True, kw_only=True):
    """SMB_COM_NT_TRANSACT request, [MS-CIFS] 2.2.4.62.1. Counts have 32 bits, the function its own word."""

    function: int = 0

    FIXED_WORDS: ClassVar[int] = 19
    NAMED: ClassVar[bool] = False

    @property
    def subcommand(self) -> int | None:
        """The function."""
        return self.function

    @classmethod
    def decode(cls, block: Block) -> Self:
        """Reads a request; raises `DecodeError`."""
        _check_words(block, cls.FIXED_WORDS, cls)
        (
            max_setup,
            _,
            total_parameters,
            total_data,
            max_parameters,
            max_data,
            parameter_count,
            parameter_offset,
            data_count,
            data_offset,
            setup_count,
            function,
        ) = _NT_REQUEST.unpack_from(block.message, block.words_at)
        return cls(
            setup=_setup(block, cls.FIXED_WORDS, setup_count),
            parameters=_part(block, parameter_offset, parameter_count, total_parameters, "parameters"),
            data=_part(block, data_offset, data_count, total_data, "data"),
            total_parameter_count=total_parameters,
            total_data_count=total_data,
            max_parameter_count=max_parameters,
            max_data_count=max_data,
            max_setup_count=max_setup,
            function=function,
        )

    def encode(self, at: int, *, unicode: bool = True, encoding: str = "cp850") -> list[Buffer]:
        """The request as a client sends it. Totals of 0 are filled in from what is there."""
        bytes_at = at + 3 + 2 * self.FIXED_WORDS + len(self.setup)
        writer = Writer(bytes_at, unicode=unicode, encoding=encoding)
        parameter_offset = _append(writer, self.parameters)
        data_offset = _append(writer, self.data)
        words = _NT_REQUEST.pack(
            self.max_setup_count,
            0,
            self.total_parameter_count or len(self.parameters),
            self.total_data_count or len(self.data),
            self.max_parameter_count,
            self.max_data_count,
            len(self.parameters),
            parameter_offset,
            len(self.data),
            data_offset,
            len(self.setup) // 2,
            self.function,
        )
        return _block(self.FIXED_WORDS, words, self.setup, writer.data)


class TransactionSecondaryRequest(Body, frozen=True, kw_only=True):
    """SMB_COM_TRANSACTION_SECONDARY request, [MS-CIFS] 2.2.4.34.1: more of a request, at its displacements.

    The totals may be smaller than the first request said, never larger.
    """

    parameters: Buffer = b""
    data: Buffer = b""
    total_parameter_count: int = 0
    total_data_count: int = 0
    parameter_displacement: int = 0
    data_displacement: int = 0

    LAYOUT: ClassVar[struct.Struct] = _SECONDARY
    WORDS: ClassVar[int] = 8
    TRAILING: ClassVar[bytes] = b""
    """Words after the layout: TRANSACTION2_SECONDARY has a FID there that nobody uses."""

    @classmethod
    def decode(cls, block: Block) -> Self:
        """Reads a request; raises `DecodeError`."""
        _check_words(block, cls.WORDS, cls)
        (
            total_parameters,
            total_data,
            parameter_count,
            parameter_offset,
            parameter_displacement,
            data_count,
            data_offset,
            data_displacement,
        ) = cls.LAYOUT.unpack_from(block.message, block.words_at)
        if parameter_displacement + parameter_count > total_parameters and parameter_count:
            raise DecodeError("parameters beyond their announced end")
        if data_displacement + data_count > total_data and data_count:
            raise DecodeError("data beyond their announced end")
        return cls(
            parameters=_part(block, parameter_offset, parameter_count, total_parameters, "parameters"),
            data=_part(block, data_offset, data_count, total_data, "data"),
            total_parameter_count=total_parameters,
            total_data_count=total_data,
            parameter_displacement=parameter_displacement,
            data_displacement=data_displacement,
        )

    def encode(self, at: int, *, unicode: bool = True, encoding: str = "cp850") -> list[Buffer]:
        """The request as a client sends it."""
        writer = Writer(at + 3 + 2 * self.WORDS + len(self.TRAILING), unicode=unicode, encoding=encoding)
        parameter_offset = _append(writer, self.parameters)
        data_offset = _append(writer, self.data)
        words = self.LAYOUT.pack(
            self.total_parameter_count,
            self.total_data_count,
            len(self.parameters),
            parameter_offset,
            self.parameter_displacement,
            len(self.data),
            data_offset,
            self.data_displacement,
        )
        return _block(self.WORDS, words, self.TRAILING, writer.data)


class Transaction2SecondaryRequest(TransactionSecondaryRequest, frozen=True, kw_only=True):
    """SMB_COM_TRANSACTION2_SECONDARY request, [MS-CIFS] 2.2.4.47.1."""

    TRAILING: ClassVar[bytes] = b"\xff\xff"


class NtTransactSecondaryRequest(TransactionSecondaryRequest, frozen=True, kw_only=True):
    """SMB_COM_NT_TRANSACT_SECONDARY request, [MS-CIFS] 2.2.4.63.1."""

    LAYOUT: ClassVar[struct.Struct] = _NT_SECONDARY
    WORDS: ClassVar[int] = 18


class _Window(NamedTuple):
    """What one message of a response carries."""

    parameters_from: int
    parameters_to: int
    data_from: int
    data_to: int


class TransactionResponse(Body, frozen=True, kw_only=True):
    """The response to TRANSACTION and TRANSACTION2, [MS-CIFS] 2.2.4.33.2 and 2.2.4.46.2: whole, or one piece.

    Built whole from `parameters`, `data` and `setup`; `pieces` cuts it into messages. Totals of None are the
    lengths of what is there.
    """

    setup: bytes = b""
    parameters: Buffer = b""
    data: Buffer = b""
    total_parameter_count: int | None = None
    total_data_count: int | None = None
    parameter_displacement: int = 0
    data_displacement: int = 0

    LAYOUT: ClassVar[struct.Struct] = _RESPONSE
    FIXED_WORDS: ClassVar[int] = 10

    def size(self, at: int) -> int:
        """Bytes of the block when it begins at offset `at`."""
        head = at + 3 + 2 * self.FIXED_WORDS + len(self.setup)
        parameters_end = head + -head % ALIGNMENT + len(self.parameters)
        return parameters_end + -parameters_end % ALIGNMENT + len(self.data) - at

    def encode(self, at: int, *, unicode: bool = True, encoding: str = "cp850") -> list[Buffer]:
        """The block; the data are its last part and are not copied."""
        setup, parameters, data = self.setup, self.parameters, self.data
        parameter_count, data_count = len(parameters), len(data)
        bytes_at = at + 3 + 2 * self.FIXED_WORDS + len(setup)
        parameter_offset = bytes_at + -bytes_at % ALIGNMENT
        parameters_end = parameter_offset + parameter_count
        data_offset = parameters_end + -parameters_end % ALIGNMENT
        words = self.LAYOUT.pack(
            parameter_count if self.total_parameter_count is None else self.total_parameter_count,
            data_count if self.total_data_count is None else self.total_data_count,
            parameter_count,
            parameter_offset,
            self.parameter_displacement,
            data_count,
            data_offset,
            self.data_displacement,
            len(setup) // 2,
        )
        head = b"%c%b%b%b%b%b%b" % (
            self.FIXED_WORDS + len(setup) // 2,
            words,
            setup,
            U16_STRUCT.pack(data_offset + data_count - bytes_at & 0xFFFF),
            bytes(parameter_offset - bytes_at),
            bytes(parameters),
            bytes(data_offset - parameters_end),
        )
        return [head, data] if data_count else [head]

    def pieces(self, max_size: int, at: int = 32) -> Iterator[Self]:
        """Itself if its message fits `max_size` bytes, else as many pieces as it takes, in order."""
        if at + self.size(at) <= max_size:
            yield self
            return
        for window in self._windows(max_size - at):
            yield msgspec.structs.replace(
                self,
                parameters=memoryview(self.parameters)[window.parameters_from : window.parameters_to],
                data=memoryview(self.data)[window.data_from : window.data_to],
                total_parameter_count=len(self.parameters),
                total_data_count=len(self.data),
                parameter_displacement=window.parameters_from,
                data_displacement=window.data_from,
            )

    def _windows(self, room: int) -> Iterator[_Window]:
        # Alignment costs at most three bytes twice; a multiple of four keeps every piece's data aligned.
        room -= 3 + 2 * self.FIXED_WORDS + len(self.setup) + 2 * (ALIGNMENT - 1)
        room = max(room - room % ALIGNMENT, ALIGNMENT)
        parameters, data = 0, 0
        while parameters < len(self.parameters) or data < len(self.data):
            parameters_to = min(parameters + room, len(self.parameters))
            data_to = min(data + room - (parameters_to - parameters), len(self.data))
            yield _Window(parameters, parameters_to, data, data_to)
            parameters, data = parameters_to, data_to

    @classmethod
    def decode(cls, block: Block) -> Self:
        """Reads one message of a response; raises `DecodeError`."""
        _check_words(block, cls.FIXED_WORDS, cls)
        (
            total_parameters,
            total_data,
            parameter_count,
            parameter_offset,
            parameter_displacement,
            data_count,
            data_offset,
            data_displacement,
            setup_count,
        ) = cls.LAYOUT.unpack_from(block.message, block.words_at)
        return cls(
            setup=_setup(block, cls.FIXED_WORDS, setup_count),
            parameters=_part(block, parameter_offset, parameter_count, total_parameters, "parameters"),
            data=_part(block, data_offset, data_count, total_data, "data"),
            total_parameter_count=total_parameters,
            total_data_count=total_data,
            parameter_displacement=parameter_displacement,
            data_displacement=data_displacement,
        )


class NtTransactResponse(TransactionResponse, frozen=True, kw_only=True):
    """The response to NT_TRANSACT, [MS-CIFS] 2.2.4.62.2."""

    LAYOUT: ClassVar[struct.Struct] = _NT_RESPONSE
    FIXED_WORDS: ClassVar[int] = 18
