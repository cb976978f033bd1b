"""The one dissector: an exchange, which is bytes, as the decoded messages that people read.

It needs no handler and no state of the server: a request is read by its command, a reply by its command, its
WordCount and the request that it answers. Any bytes are taken; what cannot be read says why.
"""

from collections.abc import Callable, Iterable, Mapping
from mmap import mmap
from typing import Any, Final

from msgspec.structs import replace

from fakesmb.nt.controls import Fsctl
from fakesmb.record.events import Exchanged, Message, Part, Shown, pipe_message
from fakesmb.wire import fs_info, nt_trans, rap, set_info, tokens, trans2, unix
from fakesmb.wire.chain import links
from fakesmb.wire.codec import Block, Body, Buffer, DecodeError, Empty, Omitted, Record, Structure, lighten
from fakesmb.wire.commands import Command, PipeFunction
from fakesmb.wire.files import ReadAndxResponse, ReadResponse, WriteAndxRequest, WriteMode, WriteRequest
from fakesmb.wire.header import Header
from fakesmb.wire.info import LevelContext
from fakesmb.wire.messages import REQUESTS, response_class
from fakesmb.wire.session import SessionSetupExtendedRequest, SessionSetupExtendedResponse
from fakesmb.wire.trans import TransactionRequest, TransactionResponse, TransactionSecondaryRequest
from fakesmb.wire.trans2 import Trans2

IPC: Final = "IPC$"
LONGEST: Final = 0x1000000
"""A message can be no longer: its frame has 24 bits for the length."""
_PIPE_MESSAGE: Final = WriteMode.RAW | WriteMode.MESSAGE_START
_PIPE_DATA: Final = frozenset(
    {
        PipeFunction.TRANSACT_NMPIPE,
        PipeFunction.CALL_NMPIPE,
        PipeFunction.READ_NMPIPE,
        PipeFunction.RAW_READ_NMPIPE,
        PipeFunction.WRITE_NMPIPE,
        PipeFunction.RAW_WRITE_NMPIPE,
    }
)
"""Functions whose data are those of the pipe."""
_NO_HEADER: Final = Header(Command.INVALID, 0, 0, 0, 0, bytes(8), 0, 0, 0, 0)


class Requests:
    """Decoded requests whose replies are told apart from them, so that no request is decoded twice."""

    def __init__(self) -> None:
        self._parts: dict[tuple[bytes, str], list[Part]] = {}

    def keep(self, request: bytes, share: str, parts: "list[Part]") -> None:
        """Keeps the last ones."""
        self._parts[request, share] = parts
        if len(self._parts) > _MOST_REQUESTS:
            del self._parts[next(iter(self._parts))]

    def take(self, request: bytes, share: str) -> "list[Part] | None":
        """What was kept of a request; None where it has to be decoded."""
        return self._parts.pop((request, share), None)


_MOST_REQUESTS: Final = 64
_REQUEST_SHOWN: Final = int(Shown.REQUEST)
_REPLY_SHOWN: Final = int(Shown.REPLY)


def messages(exchange: Exchanged, known: Requests | None = None) -> tuple[Message, ...]:
    """The one or two messages that an exchange tells, decoded. Never raises, whatever the bytes are.

    `known` is for those who are told requests and replies one by one.
    """
    asked, answered = exchange.request, exchange.reply
    shown = int(exchange.shown)
    if known is not None and shown == _REPLY_SHOWN and asked and answered:
        parts = known.take(asked, exchange.share)
        if parts is not None:
            return (_reply(exchange, parts, exchange.number),)
    request = _Half(asked, exchange.request_size, exchange.client.encoding) if asked else None
    parts = [] if request is None else _request_parts(request, exchange.share)
    found: list[Message] = []
    if request is not None and shown & _REQUEST_SHOWN:
        if known is not None and shown == _REQUEST_SHOWN:
            known.keep(asked, exchange.share, parts)
        if exchange.reason and not answered and not parts[-1].problem:
            last = parts[-1]
            told = Part(
                last.command, last.body, last.subcommand, last.detail, exchange.reason, last.parameters
            )
            parts = [*parts[:-1], told]
        found.append(_message(exchange, request, parts, exchange.number, is_request=True))
    if answered and shown & _REPLY_SHOWN:
        found.append(_reply(exchange, parts, exchange.number + len(found)))
    return tuple(found)


def _reply(exchange: Exchanged, asked: list[Part], number: int) -> Message:
    half = _Half(exchange.reply, exchange.reply_size, exchange.client.encoding)
    parts = _reply_parts(half, exchange, asked)
    return _message(exchange, half, parts, number, is_request=False, asked=asked)


def _message(
    exchange: Exchanged,
    half: "_Half",
    parts: list[Part],
    number: int,
    *,
    is_request: bool,
    asked: "list[Part] | None" = None,
) -> Message:
    client = exchange.client
    fid = exchange.fid
    if fid is None:
        fid = _fid(parts)
        if fid is None and asked is not None:
            fid = _fid(asked)
    alone = not is_request and not exchange.request
    return Message(
        exchange.time if is_request or alone else exchange.answered,
        number,
        client.connection,
        client.peer,
        client.local,
        is_request,
        half.header,
        tuple(parts),
        0 if is_request else exchange.status,
        half.size,
        0.0 if is_request or alone else exchange.answered - exchange.time,
        exchange.user,
        exchange.share,
        exchange.path,
        fid,
        exchange.fault if not is_request or not exchange.reply else "",
    )


class _Half:
    """A request or a reply: its header, and its bytes as long as they were; zeros stand for what was not kept."""

    __slots__ = ("encoding", "header", "kept", "message", "problem", "size")

    def __init__(self, kept: bytes, size: int, encoding: str) -> None:
        self.kept = len(kept)
        self.size = size
        self.encoding = encoding
        self.problem = ""
        missing = min(size, LONGEST) - len(kept)
        self.message: Buffer = _lengthened(kept, missing) if missing > 0 else kept
        try:
            self.header = Header.decode(kept)
        except DecodeError as error:
            self.header = _NO_HEADER
            self.problem = str(error)

    @property
    def whole(self) -> bool:
        """Whether all bytes of the message were kept."""
        return self.kept == len(self.message)

    def check_kept(self, block: Block) -> None:
        """Raises `DecodeError` for a block whose words are beyond what was kept: a capture may cut it anywhere."""
        if self.kept < block.bytes_at - 2:
            raise DecodeError("its words are not there")

    def parts(self, reads: Callable[[int, Block], Body | None]) -> list[Part]:
        """A part for each command, without what is in its transaction, its token or its pipe's message."""
        if self.problem:
            return [Part(self.header.command, problem=self.problem)]
        found = []
        chain = links(
            self.message, self.header.command, reads, unicode=self.header.unicode, encoding=self.encoding
        )
        for code, body, problem in chain:
            if problem and not self.whole:
                problem = f"only {self.kept} of {self.size} bytes are kept"
            found.append(Part(code, body, problem=problem))
        return found


def _lengthened(kept: bytes, missing: int) -> memoryview:
    """The bytes and so many zeros behind them. Where these are many, they take no memory before they are read."""
    size = len(kept) + missing
    if missing <= _FEW_ZEROS:
        return memoryview(bytearray(kept) + bytes(missing))
    zeros = mmap(-1, size)
    zeros[: len(kept)] = kept
    return memoryview(zeros)


_FEW_ZEROS: Final = 1 << 18


def _with_head(cls: type[Body], block: Block, half: _Half) -> Block:
    """The block; where it was cut before a data block (READ, WRITE), with the head that this has in the message."""
    if (
        half.whole
        or half.kept > block.bytes_at
        or cls not in _DATA_BLOCKS
        or block.byte_count < _DATA_BLOCK_HEAD
    ):
        return block
    message = half.message
    assert isinstance(message, memoryview)  # as it is not whole
    at = block.bytes_at
    if at + _DATA_BLOCK_HEAD <= len(message):
        message[at] = 1
        message[at + 1 : at + 3] = (block.byte_count - _DATA_BLOCK_HEAD).to_bytes(2, "little")
    return block


_DATA_BLOCKS: Final = frozenset({ReadResponse, WriteRequest})
_DATA_BLOCK_HEAD: Final = 3


# -- requests ------------------------------------------------------------------------------------------------


def _request_parts(half: _Half, share: str) -> list[Part]:
    def reads(code: int, block: Block) -> Body | None:
        half.check_kept(block)
        row = REQUESTS.get(code)
        return None if row is None else row.decode(_with_head(row, block, half))

    return [_request_part(part, half, share) for part in half.parts(reads)]


def _request_part(part: Part, half: _Half, share: str) -> Part:
    command, body = part.command, part.body
    if body is None:
        return part
    if isinstance(body, TransactionRequest):
        subcommand = body.subcommand
        parameters = _request_parameters(command, body, half)
        detail = _request_detail(command, body, parameters, half)
        light = lighten(body)
        if isinstance(detail, rap.RapRequest) and detail.function in rap.PASSWORDS:
            light = replace(light, parameters=Omitted(len(body.parameters)))
        return Part(command, light, subcommand, detail, "", parameters)
    detail = None
    if type(body) is WriteAndxRequest and share == IPC:
        # Raw mode's first write of a message begins with the length of the whole, which is not of the message.
        skip = 2 if body.write_mode & _PIPE_MESSAGE == _PIPE_MESSAGE else 0
        detail = pipe_message(body.data[skip:])
    elif type(body) is SessionSetupExtendedRequest:
        detail = tokens.told(body.security_blob, half.encoding)
    return Part(command, lighten(body), None, detail)  # type: ignore[type-var]


def joined(first: Exchanged, more: Iterable[Exchanged]) -> Part | None:
    """The transaction that came in several messages, as one part; None where not all bytes of them were kept."""
    half = _Half(first.request, first.request_size, first.client.encoding)
    bodies, size = [], 0
    for one in (half, *(_Half(event.request, event.request_size, event.client.encoding) for event in more)):
        size += one.size
        parts = one.parts(lambda code, block: REQUESTS[code].decode(block) if code in REQUESTS else None)
        if not one.whole or parts[0].body is None:
            return None
        bodies.append(parts[0].body)
    body = bodies[0]
    if not isinstance(body, TransactionRequest):
        return None
    if body.total_parameter_count + body.total_data_count > size:
        return None
    parameters = bytearray(body.parameters).ljust(body.total_parameter_count, b"\0")
    data = bytearray(body.data).ljust(body.total_data_count, b"\0")
    for piece in bodies[1:]:
        if not isinstance(piece, TransactionSecondaryRequest):
            return None
        for place, at, taken in (
            (parameters, piece.parameter_displacement, piece.parameters),
            (data, piece.data_displacement, piece.data),
        ):
            place[at : at + len(taken)] = taken
    whole = replace(
        body,
        parameters=bytes(parameters),
        data=bytes(data),
        total_parameter_count=len(parameters),
        total_data_count=len(data),
    )
    return _request_part(Part(half.header.command, whole), half, first.share)


def _request_parameters(command: int, body: TransactionRequest, half: _Half) -> object:
    code = body.subcommand
    if code is None:
        return None
    if command == Command.TRANSACTION2:
        # A referral's name is UTF-16 whatever the message's flags say ([MS-DFSC] 2.2.2).
        unicode = half.header.unicode or code == Trans2.GET_DFS_REFERRAL
        return _structure(trans2.TRANS2_REQUESTS.get(code), body.parameters, unicode, half.encoding)
    if command == Command.NT_TRANSACT:
        if code in nt_trans.NT_TRANSACT_SETUPS:
            return _structure(nt_trans.NT_TRANSACT_SETUPS[code], body.setup, False, "")
        return _structure(
            nt_trans.NT_TRANSACT_REQUESTS.get(code), body.parameters, half.header.unicode, half.encoding
        )
    return None


def _structure(
    cls: type[Structure] | type[Record] | None, data: Buffer, unicode: bool, encoding: str
) -> object:
    """The structure that the bytes hold; None where they hold none: the answer tells the problem."""
    if cls is None:
        return None
    try:
        if issubclass(cls, Structure):
            return cls.decode(data, unicode=unicode, encoding=encoding)
        return cls.decode(data)
    except DecodeError:
        return None


def _request_detail(command: int, body: TransactionRequest, parameters: object, half: _Half) -> object:
    if command == Command.TRANSACTION:
        if not body.setup and body.name.upper() == rap.LANMAN_PIPE:
            return _structure(rap.RapRequest, body.parameters, False, half.encoding)
        return pipe_message(body.data) if body.subcommand in _PIPE_DATA else None
    if command == Command.NT_TRANSACT:
        if isinstance(parameters, nt_trans.IoctlSetup):
            pipe = parameters.function_code == Fsctl.PIPE_TRANSCEIVE
            return pipe_message(body.data) if pipe else None
        return None
    levels = _SET_LEVELS.get(body.subcommand)
    if levels is None or parameters is None or not half.whole or not body.complete:
        return None
    level = levels.get(parameters.information_level)  # type: ignore[attr-defined]
    if level is None or level.decode is None:
        return None
    try:
        return level.decode(body.data, LevelContext(unicode=half.header.unicode, encoding=half.encoding))
    except DecodeError:
        return None


_SET_LEVELS: Final[Mapping[int | None, Mapping[int, Any]]] = {
    Trans2.SET_PATH_INFORMATION: set_info.SET_LEVELS | unix.SET_LEVELS,
    Trans2.SET_FILE_INFORMATION: set_info.SET_LEVELS | unix.SET_LEVELS,
    Trans2.SET_FS_INFORMATION: fs_info.SET_LEVELS,
}
"""The levels of the subcommands that set something."""


# -- replies -------------------------------------------------------------------------------------------------


def _reply_parts(half: _Half, exchange: Exchanged, asked: list[Part]) -> list[Part]:
    status = exchange.status

    def reads(code: int, block: Block) -> Body | None:
        half.check_kept(block)
        if status and not block.word_count:
            return None
        cls = response_class(code, block)
        return cls.decode(_with_head(cls, block, half))

    parts = half.parts(reads)
    last = len(parts) - 1
    found = []
    for index, part in enumerate(parts):
        request = asked[index] if index < len(asked) else None
        why = exchange.reason if index == last else ""
        found.append(_reply_part(part, request, half, exchange.share, why))
    return found


def _reply_part(part: Part, request: Part | None, half: _Half, share: str, why: str) -> Part:
    command, body = part.command, part.body
    subcommand = None if request is None else request.subcommand
    if body is None:
        return Part(command, None, subcommand, None, why or part.problem)
    if isinstance(body, TransactionResponse):
        parameters = _reply_parameters(command, subcommand, body, half)
        detail = _reply_detail(command, request, body)
        return Part(command, lighten(body), subcommand, detail, why, parameters)
    detail = None
    if type(body) is ReadAndxResponse and share == IPC:
        detail = pipe_message(body.data)
    elif type(body) is SessionSetupExtendedResponse:
        detail = tokens.told(body.security_blob, half.encoding)
    if type(body) is Empty:
        subcommand = None  # an interim answer says nothing of its subcommand
    return Part(command, lighten(body), subcommand, detail, why)  # type: ignore[type-var]


def _reply_parameters(command: int, subcommand: int | None, body: TransactionResponse, half: _Half) -> object:
    data = body.parameters
    if subcommand is None or body.parameter_displacement or not len(data):
        return None
    cls: type[Structure] | None = None
    if command == Command.TRANSACTION2:
        cls = trans2.TRANS2_RESPONSES.get(subcommand)
        if cls is trans2.Open2Response and len(data) > _OPEN2_SIZE:
            cls = trans2.Open2ExtendedResponse
    elif command == Command.NT_TRANSACT:
        cls = nt_trans.NT_TRANSACT_RESPONSES.get(subcommand)
        if cls is nt_trans.NtCreateResponse and len(data) > _NT_CREATE_SIZE:
            cls = nt_trans.NtCreateExtendedResponse
    return _structure(cls, data, half.header.unicode, half.encoding)


_OPEN2_SIZE: Final = len(trans2.Open2Response(fid=0).encode())
_NT_CREATE_SIZE: Final = len(nt_trans.NtCreateResponse(fid=0).encode())


def _reply_detail(command: int, request: Part | None, body: TransactionResponse) -> object:
    if request is None:
        return None
    if command == Command.TRANSACTION:
        if type(request.detail) is rap.RapRequest:
            return _structure(rap.RapResponse, body.parameters, False, "")
        return pipe_message(body.data) if request.subcommand in _PIPE_DATA else None
    setup = request.parameters
    if type(setup) is nt_trans.IoctlSetup and setup.function_code == Fsctl.PIPE_TRANSCEIVE:
        return pipe_message(body.data)
    if command == Command.NT_TRANSACT and request.subcommand == nt_trans.NtTransact.NOTIFY_CHANGE:
        try:
            return nt_trans.read_notify_information(body.parameters)
        except DecodeError:
            return None
    return None


# -- both ----------------------------------------------------------------------------------------------------


def _fid(parts: list[Part]) -> int | None:
    """The first FID that the commands name."""
    for part in parts:
        for place in (part.parameters, part.body):
            fid = getattr(place, "fid", None)
            if fid is None and part.command == Command.TRANSACTION and part.subcommand in _FID_IN_SETUP:
                fid = getattr(place, "setup_fid", None)
            if type(fid) is int:
                return fid
    return None


_FID_IN_SETUP: Final = frozenset(PipeFunction) - {PipeFunction.WAIT_NMPIPE, PipeFunction.CALL_NMPIPE}
