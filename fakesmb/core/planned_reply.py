"""The answer of a planned request: one frame behind its header, one event; all else goes on as an exchange."""

from collections.abc import Callable
from struct import Struct
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.defer import Deferred

from fakesmb.core import record
from fakesmb.core.reply import status_on_wire
from fakesmb.core.request import Answer, AnyRequest, FileData
from fakesmb.nt.status import SMBError
from fakesmb.record.events import MOST_KEPT, Exchange, Shown
from fakesmb.wire.codec import Body, Buffer, layout_of
from fakesmb.wire.files import read_andx_head
from fakesmb.wire.frame import PREFIX_SIZE, prefix
from fakesmb.wire.header import COMMAND_AT, HEADER_SIZE, MAGIC, Flags2, Header

if TYPE_CHECKING:
    from fakesmb.core.connection import SMBConnection

Encoder = Callable[[Any, tuple[Any, ...], bool, str], list[Buffer]]
"""An answer, the fields of its header, whether strings are Unicode, the OEM code page: to the buffers of its frame."""

HEADER: Final = "4sBIBHH8x2xHHHH"
"""The header of a reply without a signature, as `struct` has it."""
_REPLY_WORDS_AT: Final = PREFIX_SIZE + HEADER_SIZE
_HEAD: Final = Struct(f"<4s{HEADER}")
_ERROR: Final = Struct(f"<4s{HEADER}3x")
_ERROR_PREFIX: Final = prefix(HEADER_SIZE + 3)


def finish(
    connection: "SMBConnection", request: AnyRequest, answer: "Answer | Exception | Deferred[Answer]"
) -> None:
    """Sends and records what a handler gave or raised."""
    if not request.is_planned or connection.closed:
        request.exchange.finish(request, answer)
        return
    header = request.header
    status = wire_status = 0
    flags2 = header.flags2 & connection.profile.reply_flags2
    reason = ""
    encode: Encoder | None = ENCODERS[type(answer)]
    outcome: Any = answer
    if encode is None:
        if not isinstance(answer, SMBError):
            request.exchange.finish(request, answer)
            return
        status, reason = answer.status, answer.why
        wire_status, flags2 = status_on_wire(status, flags2, answer.dos)
        answer.__traceback__ = answer.__context__ = answer.__cause__ = None
        encode = _error
    fields = header_fields(connection, header, wire_status, flags2)
    try:
        frame = encode(outcome, fields, header.flags2 & Flags2.UNICODE != 0, connection.oem_encoding)
    except Exception as error:  # a bug in a structure, which the exchange reports
        request.exchange.finish(request, error)
        return
    if type(answer) is FileData:
        size = len(frame[0]) + len(frame[1]) + answer.part.length - PREFIX_SIZE
        answered = connection.now()
        connection.send_file_range(frame, size, answer.part)
        told(connection, request, b"".join(frame), size, answered, status, reason)
        return
    send(connection, request, frame, status, reason)


def header_fields(connection: "SMBConnection", header: Header, status: int, flags2: int) -> tuple[Any, ...]:
    """What `HEADER` packs for the reply to a request with that header."""
    return (
        MAGIC,
        header.command,
        status,
        connection.profile.reply_flags,
        flags2,
        header.pid_high,
        header.tid,
        header.pid_low,
        header.uid,
        header.mid,
    )


def send(
    connection: "SMBConnection",
    request: AnyRequest,
    frame: list[Buffer],
    status: int = 0,
    reason: str = "",
) -> None:
    """Sends a frame as the answer, and tells the record."""
    if len(frame) == 1:
        kept = frame[0]
        size = len(kept) - PREFIX_SIZE
    else:
        size = sum(map(len, frame)) - PREFIX_SIZE
        kept = record.joined(frame, size + PREFIX_SIZE)
    answered = connection.now()
    connection.send_frame(frame, size)
    told(connection, request, kept, size, answered, status, reason)


def told(
    connection: "SMBConnection",
    request: AnyRequest,
    frame: Buffer,
    size: int,
    answered: float,
    status: int,
    reason: str,
) -> None:
    """Tells the record of a planned request and its reply of `size` bytes, of which `frame` has the beginning."""
    message, tree, server = request.message, request.tree, connection.server
    if message[COMMAND_AT] in record.TRANSFERS and tree is not None and tree.store is not None:
        message_kept = bytes(message[: HEADER_SIZE + 3 + 2 * message[HEADER_SIZE]])
        reply_kept = bytes(frame[PREFIX_SIZE : PREFIX_SIZE + HEADER_SIZE + 3 + 2 * frame[_REPLY_WORDS_AT]])
    else:
        message_kept = bytes(message[:MOST_KEPT])
        reply_kept = bytes(frame[PREFIX_SIZE : PREFIX_SIZE + MOST_KEPT])
    session = request.session
    identity = None if session is None else session.identity
    number = server.messages + 1
    server.messages = number + 1
    server.log.emit(
        Exchange(
            connection.client,
            request.arrived,
            answered,
            number,
            message_kept,
            len(message),
            reply_kept,
            size,
            Shown.BOTH,
            status,
            "" if identity is None else identity.user,
            "" if tree is None else tree.share.name,
            request.path,
            request.fid_used,
            reason,
        )
    )


def encoder_of(kind: type) -> Encoder | None:
    """What frames an answer of that class; None for an outcome that the exchange must take on."""
    if kind is FileData:
        return _file_data
    if not issubclass(kind, Body):
        return None
    if kind.encode is Body.encode and not layout_of(kind).parts:
        return _fixed(kind)
    return _variable


def _fixed(kind: type[Body]) -> Encoder:
    """Frame, header, words and an empty ByteCount in one pack."""
    layout = layout_of(kind)
    start = layout.start
    whole = Struct(f"<4s{HEADER}{len(start)}s{layout.full.format.removeprefix('<')}2x")
    head, values, pack = prefix(whole.size - PREFIX_SIZE), layout.word_values, whole.pack

    def encode(body: Body, header: tuple[Any, ...], unicode: bool, encoding: str) -> list[Buffer]:
        return [pack(head, *header, start, *values(body))]

    return encode


def _variable(body: Body, header: tuple[Any, ...], unicode: bool, encoding: str) -> list[Buffer]:
    blocks = body.encode(HEADER_SIZE, unicode=unicode, encoding=encoding)
    size = HEADER_SIZE
    for block in blocks:
        size += len(block)
    return [_HEAD.pack(prefix(size), *header), *blocks]


def _error(error: SMBError, header: tuple[Any, ...], unicode: bool, encoding: str) -> list[Buffer]:
    return [_ERROR.pack(_ERROR_PREFIX, *header)]


def _file_data(answer: FileData, header: tuple[Any, ...], unicode: bool, encoding: str) -> list[Buffer]:
    length = answer.part.length
    head = read_andx_head(HEADER_SIZE, length)
    return [_HEAD.pack(prefix(HEADER_SIZE + len(head) + length), *header), head]


class Encoders(dict[type, "Encoder | None"]):
    """Encoders by the class of the answer, made when the first answer of that class leaves."""

    def __missing__(self, kind: type) -> "Encoder | None":
        made = self[kind] = encoder_of(kind)
        return made


ENCODERS: Final = Encoders()
