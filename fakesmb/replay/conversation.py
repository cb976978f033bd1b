"""One request after the other and their answers, with the headers that a Windows XP gives them."""

from collections.abc import Callable
from time import sleep
from typing import Final, TypeVar

import msgspec
from msgspec.structs import replace

from fakesmb.nt.status import NT, label
from fakesmb.record import describe, dissect
from fakesmb.record.events import Client, Exchanged
from fakesmb.replay.line import Line, Numbers
from fakesmb.wire.codec import Body, DecodeError
from fakesmb.wire.commands import Command
from fakesmb.wire.header import ERROR_BLOCK, HEADER_SIZE, Flags, Flags2, Header, block_at
from fakesmb.wire.messages import response_class
from fakesmb.wire.trans import TransactionResponse

B = TypeVar("B", bound=Body)

REDIRECTOR_PID: Final = 0xFEFF
"""What XP's redirector has in what it sends for itself: sign-in, tree connect, close, reads for the cache."""
PROGRAM_PID: Final = 0x0C3C
"""The program that looks at the share."""
FIRST_FLAGS2: Final = (
    Flags2.UNICODE
    | Flags2.NT_STATUS
    | Flags2.EXTENDED_SECURITY
    | Flags2.IS_LONG_NAME
    | Flags2.SIGNATURE_REQUIRED
    | Flags2.EAS
    | Flags2.LONG_NAMES
)
"""Of XP's Negotiate: 0xC853."""
FLAGS2: Final = (
    Flags2.UNICODE
    | Flags2.NT_STATUS
    | Flags2.EXTENDED_SECURITY
    | Flags2.SIGNATURE
    | Flags2.EAS
    | Flags2.LONG_NAMES
)
"""Of everything after it: 0xC807."""
FLAGS: Final = Flags.CASE_INSENSITIVE | Flags.CANONICALIZED_PATHS
SECOND_MID: Final = 0x40
"""Of the first Session Setup of the published exchange; Negotiate has 0."""
MID_STEP: Final = 0x10
_MID_MASK: Final = 0xFFFF
_SEVERE: Final = 0xC0000000


class Otherwise(Exception):
    """The server did something else than the conversation needs; its text is one line."""


class Answer(msgspec.Struct, frozen=True):
    """One answer: its header and its bytes, of a transaction in several messages the first one's."""

    header: Header
    message: bytes
    shown: str
    """The message in the words of the log."""
    pieces: tuple[bytes, ...] = ()
    """The further messages of a transaction's answer."""

    @property
    def failed(self) -> bool:
        """Whether it is only a status, and none of success or warning."""
        return self.header.status & _SEVERE == _SEVERE or (
            bool(self.header.status) and self.message[HEADER_SIZE:] == ERROR_BLOCK
        )

    @property
    def status(self) -> str:
        """The status by name."""
        return label(self.header.status)

    def body(self, kind: type[B]) -> B:
        """The first command's structure; raises `Otherwise`."""
        return _read(self.message, self.header, kind)

    def transaction(self) -> TransactionResponse:
        """All pieces put together; raises `Otherwise`."""
        first = self.body(TransactionResponse)
        if not self.pieces:
            return first
        parameters, data = bytearray(first.parameters), bytearray(first.data)
        for piece in self.pieces:
            more = _read(piece, self.header, TransactionResponse)
            _put(parameters, more.parameter_displacement, bytes(more.parameters))
            _put(data, more.data_displacement, bytes(more.data))
        return replace(first, parameters=bytes(parameters), data=bytes(data))


def _put(into: bytearray, at: int, data: bytes) -> None:
    into.extend(bytes(max(0, at + len(data) - len(into))))
    into[at : at + len(data)] = data


def _read(message: bytes, header: Header, kind: type[B]) -> B:
    try:
        block = block_at(message, HEADER_SIZE, unicode=header.unicode)
        found = response_class(header.command, block)
        if issubclass(found, kind):
            return found.decode(block)
    except DecodeError as error:
        raise Otherwise(f"its answer cannot be read: {error}") from None
    raise Otherwise(
        f"its answer to {describe.title(header.command)} is of another form than this exchange has"
    )


class Conversation:
    """Speaks as an XP does: one request, its answer. Raises `LineError` and `Otherwise`."""

    def __init__(self, line: Line, show: Callable[[str, bool], None], pace: float = 0.0) -> None:
        """`show` is given each message in the words of the log, and whether the server sent it.

        `pace` are seconds before each request.
        """
        self.line = line
        self.show = show
        self.pace = pace
        self.uid = 0
        self.flags2 = FIRST_FLAGS2
        self.numbers: Numbers | None = None
        self._mid = 0
        self._asked = 0
        self._share = self._path = ""
        self._client = Client(1, "", "")

    def ask(
        self,
        command: int,
        body: Body,
        *,
        tid: int = 0,
        pid: int = REDIRECTOR_PID,
        flags2: int = 0,
        share: str = "",
        path: str = "",
    ) -> Answer:
        """Sends a request and gives its answer; arguments as those of `tell`."""
        sent = self.tell(command, body, tid=tid, pid=pid, flags2=flags2, share=share, path=path)
        return self._answer(*sent)

    def tell(
        self,
        command: int,
        body: Body,
        *,
        tid: int = 0,
        pid: int = REDIRECTOR_PID,
        flags2: int = 0,
        share: str = "",
        path: str = "",
    ) -> tuple[bytes, int, int | None]:
        """Sends a request and gives it, its MID and the number of its answer's signature; `flags2` are further bits.

        `share` and `path` are what its TID and FID stand for: the words of the log need them.
        """
        if self.pace and self._asked:
            sleep(self.pace)
        header = Header(command, 0, FLAGS, self.flags2 | flags2, 0, bytes(8), tid, pid, self.uid, self._mid)
        blocks = body.encode(HEADER_SIZE, unicode=header.unicode)
        message = header.encode() + b"".join(blocks)
        if body.ANDX:
            # XP tells where its message ends, though no command follows there
            message = message[:35] + len(message).to_bytes(2, "little") + message[37:]
        self._share, self._path = share, path
        self.show(self._words(message, b""), False)
        signed, number = (message, None) if self.numbers is None else self.numbers.sign(message)
        self.line.send(signed)
        self._mid = (self._mid + MID_STEP if self._asked else SECOND_MID) & _MID_MASK
        self._asked += 1
        return message, header.mid, number

    def _answer(self, request: bytes, mid: int, number: int | None) -> Answer:
        message, header = self._next(request[4], mid, number)
        shown = self._words(request, message)
        self.show(shown, True)
        pieces: list[bytes] = []
        if header.command in (Command.TRANSACTION, Command.TRANSACTION2) and len(message) > HEADER_SIZE + 3:
            first = _read(message, header, TransactionResponse)
            left = _missing(first)
            while left > 0:
                piece, its = self._next(request[4], mid, number)
                more = _read(piece, its, TransactionResponse)
                size = len(more.data) + len(more.parameters)
                if not size:
                    break
                left -= size
                pieces.append(piece)
        return Answer(header, message, shown, tuple(pieces))

    def _next(self, command: int, mid: int, number: int | None) -> tuple[bytes, Header]:
        while True:
            message = self.line.receive()
            try:
                header = Header.decode(message)
            except DecodeError as error:
                raise Otherwise(f"what it sends is no message of SMB1: {error}") from None
            if not header.is_reply:
                continue  # it wants an oplock back: the file will be closed in a moment
            if (header.command, header.mid) != (command, mid):
                raise Otherwise(
                    f"it answers {describe.title(header.command)} with MID {header.mid}, which nobody asked"
                )
            if number is not None and self.numbers and not self.numbers.signer.verify(message, number):
                raise Otherwise("the signature of its answer is wrong")
            return message, header

    def _words(self, request: bytes, reply: bytes) -> str:
        """The reply in the words of the log, or the request where there is none yet."""
        status = 0
        if reply:
            status = int.from_bytes(reply[5:9], "little")
        event = Exchanged(
            self._client,
            0.0,
            0.0,
            1,
            request,
            len(request),
            reply,
            len(reply),
            2 if reply else 1,
            status,
            share=self._share,
            path=self._path,
        )
        (message,) = dissect.messages(event)
        return describe.tagged(message)


def _missing(first: TransactionResponse) -> int:
    total = (first.total_parameter_count or 0) + (first.total_data_count or 0)
    return total - len(first.parameters) - len(first.data)


MORE: Final = NT.MORE_PROCESSING_REQUIRED


def good(answer: Answer, what: str) -> Answer:
    """The answer, unless it is a refusal: raises `Otherwise`."""
    if answer.failed:
        raise Otherwise(f"{what} is refused: {answer.status}")
    return answer
