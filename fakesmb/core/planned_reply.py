"""The answer of a planned request: one frame behind its header, one event; all else goes on as an exchange."""

from collections.abc import Callable
from struct import Struct
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.defer import Deferred

from fakesmb.core.record import TRANSFERS
from fakesmb.core.reply import status_on_wire
from fakesmb.core.request import Answer, AnyRequest, FileData
from fakesmb.nt.status import SMBError, from_os
from fakesmb.record.events import MOST_KEPT, MOST_OF_PATH, Exchanged, Shown
from fakesmb.wire.codec import Body, Buffer, layout_of, words_of
from fakesmb.wire.files import read_andx_head
from fakesmb.wire.frame import PREFIX_SIZE, prefix
from fakesmb.wire.header import COMMAND_AT, ERROR_BLOCK, HEADER_SIZE, MAGIC, Flags2, Header, pack_header

if TYPE_CHECKING:
    from fakesmb.core.connection import SMBConnection
    from fakesmb.vfs.store import FileRange

Encoder = Callable[[Any, "SMBConnection", Header], list[Buffer]]
"""An answer, and the header of its request: to the buffers of the frame."""

_HEADER: Final = "4sBIBHH8x2xHHHH"
"""The header of a reply without a signature, as `struct` has it."""
_ERROR_PREFIX: Final = prefix(HEADER_SIZE + len(ERROR_BLOCK))
_MOST_OF_FRAME: Final = PREFIX_SIZE + MOST_KEPT
_WORDS_AT: Final = HEADER_SIZE + 3
"""Where a block's words end that has none, ByteCount included."""


def finish(
    connection: "SMBConnection", request: AnyRequest, answer: "Answer | Exception | Deferred[Answer]"
) -> None:
    """Sends and records what a handler gave or raised."""
    encode: Encoder | None = ENCODERS[type(answer)]
    if request.exchange_or_none is not None or connection.closed:
        request.exchange.finish(request, answer)
        return
    if encode is None:
        if isinstance(answer, SMBError):
            _refuse(connection, request, answer)
        else:
            request.exchange.finish(request, answer)
        return
    try:
        frame = encode(answer, connection, request.header)
    except Exception as error:  # a bug in a structure, which the exchange reports
        request.exchange.finish(request, error)
        return
    send(connection, request, frame, answer.part if type(answer) is FileData else None)


def _refuse(connection: "SMBConnection", request: AnyRequest, error: SMBError) -> None:
    header = request.header
    # A traceback would keep the frames, and so the message, until the collector runs.
    error.__traceback__ = error.__context__ = error.__cause__ = None
    status, flags2 = status_on_wire(
        error.status, header.flags2 & connection.reply_flags2, error.dos, connection.old_errors
    )
    head = pack_header(
        header.command,
        status,
        connection.reply_flags,
        flags2,
        header.pid_high,
        header.tid,
        header.pid_low,
        header.uid,
        header.mid,
    )
    frame = b"".join((_ERROR_PREFIX, head, ERROR_BLOCK))
    send(connection, request, [frame], status=error.status, reason=error.why)


def send(
    connection: "SMBConnection",
    request: AnyRequest,
    frame: "list[Buffer]",
    part: "FileRange | None" = None,
    status: int = 0,
    reason: str = "",
) -> None:
    """Sends a frame, which a range of a file may end, as the answer; and tells the record."""
    first, alone = frame[0], len(frame) == 1
    size = (len(first) if alone else sum(map(len, frame))) - PREFIX_SIZE
    answered = connection.now()
    if part is None:
        connection.send_frame(frame, size)
    else:
        size += part.length
        try:
            connection.send_file_range(frame, size, part)
        except OSError as error:  # nothing of it has left yet
            _refuse(connection, request, SMBError(from_os(error), error.strerror or ""))
            return
    message, session, tree = request.message, request.session, request.tree
    if message[COMMAND_AT] in TRANSFERS and tree is not None and tree.store is not None:
        asked = bytes(message[: _WORDS_AT + 2 * message[HEADER_SIZE]])
        reply = bytes(first if alone else b"".join(frame[:2]))
        reply = reply[PREFIX_SIZE : PREFIX_SIZE + _WORDS_AT + 2 * reply[PREFIX_SIZE + HEADER_SIZE]]
    else:
        asked = bytes(message if len(message) <= MOST_KEPT else message[:MOST_KEPT])
        whole = first if alone else b"".join([buffer[:_MOST_OF_FRAME] for buffer in frame])
        reply = bytes(whole[PREFIX_SIZE:_MOST_OF_FRAME])
    server = connection.server
    path = request.path
    identity = None if session is None else session.identity
    number = server.messages + 1
    server.messages = number + 1
    server.log.emit(
        Exchanged(
            connection.client,
            request.arrived,
            answered,
            number,
            asked,
            len(message),
            reply,
            size,
            Shown.BOTH,
            status,
            "" if identity is None else identity.user,
            "" if tree is None else tree.share.name,
            path if len(path) <= MOST_OF_PATH else path[:MOST_OF_PATH],
            request.fid_used,
            reason,
            "",
            request.effect,
            request.kept,
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


def frame_struct(rest: str) -> Struct:
    """The layout of a frame: its prefix, the header of an unsigned reply as `head_of` has it, and the rest."""
    return Struct(f"<4s{_HEADER}{rest}")


def _fixed(kind: type[Body]) -> Encoder:
    """Frame, header, words and an empty ByteCount in one pack."""
    layout = layout_of(kind)
    start = words_of(kind).start
    whole = frame_struct(f"{len(start)}s{layout.fixed.format.removeprefix('<')}2x")
    head, values, pack = prefix(whole.size - PREFIX_SIZE), layout.fixed_values, whole.pack

    def encode(body: Body, connection: "SMBConnection", header: Header) -> list[Buffer]:
        frame = pack(
            head,
            MAGIC,
            header.command,
            0,
            connection.reply_flags,
            header.flags2 & connection.reply_flags2,
            header.pid_high,
            header.tid,
            header.pid_low,
            header.uid,
            header.mid,
            start,
            *values(body),
        )
        return [frame]

    return encode


def _variable(body: Body, connection: "SMBConnection", header: Header) -> list[Buffer]:
    unicode = header.flags2 & Flags2.UNICODE != 0
    blocks = body.encode(HEADER_SIZE, unicode=unicode, encoding=connection.oem_encoding)
    size = HEADER_SIZE
    for block in blocks:
        size += len(block)
    blocks.insert(0, head_of(connection, header, size))
    return blocks


def _file_data(answer: FileData, connection: "SMBConnection", header: Header) -> list[Buffer]:
    length = answer.part.length
    words = read_andx_head(HEADER_SIZE, length)
    return [head_of(connection, header, HEADER_SIZE + len(words) + length) + words]


def head_of(connection: "SMBConnection", header: Header, size: int) -> bytes:
    """The prefix and the header of a successful answer of `size` bytes."""
    return prefix(size) + pack_header(
        header.command,
        0,
        connection.reply_flags,
        header.flags2 & connection.reply_flags2,
        header.pid_high,
        header.tid,
        header.pid_low,
        header.uid,
        header.mid,
    )


class Encoders(dict[type, "Encoder | None"]):
    """Encoders by the class of the answer, made when the first answer of that class leaves."""

    def __missing__(self, kind: type) -> "Encoder | None":
        made = self[kind] = encoder_of(kind)
        return made


ENCODERS: Final = Encoders()
