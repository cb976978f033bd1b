"""What the record keeps of data that were read and written, where a server was asked to keep some (`keep_data`)."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from fakesmb.core.request import Answer, AnyRequest, FileData, Reply
from fakesmb.wire.commands import Command, PipeFunction

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from fakesmb.core.connection import SMBConnection

Finish = Callable[["SMBConnection", AnyRequest, "Answer | Exception | Deferred[Answer]"], None]

_WRITES: Final = frozenset(
    {Command.WRITE, Command.WRITE_ANDX, Command.WRITE_AND_UNLOCK, Command.WRITE_AND_CLOSE}
)
_READS: Final = frozenset({Command.READ, Command.READ_ANDX, Command.LOCK_AND_READ, Command.READ_RAW})
_PIPE_WRITES: Final = frozenset({PipeFunction.WRITE_NMPIPE, PipeFunction.RAW_WRITE_NMPIPE})
_PIPE_READS: Final = frozenset({PipeFunction.READ_NMPIPE, PipeFunction.RAW_READ_NMPIPE})


def keep(request: AnyRequest, answer: object, most: int) -> None:
    """Notes the first `most` bytes of what a request wrote, or its answer reads."""
    code = request.row.code
    if code in _WRITES:
        request.kept = bytes(request.params.data[:most])
    elif code in _READS:
        request.kept = _read(answer, most)
    elif code == Command.TRANSACTION and request.transaction is not None:
        function = request.transaction.subcommand
        if function in _PIPE_WRITES:
            request.kept = bytes(request.transaction.data[:most])
        elif function in _PIPE_READS:
            request.kept = _read(answer, most)


def _read(answer: object, most: int) -> bytes | None:
    if isinstance(answer, FileData):
        fd, offset, length = answer.part
        return os.pread(fd, min(length, most), offset)
    body: Any = answer.body if isinstance(answer, Reply) else answer
    data = getattr(body, "data", None)
    return None if data is None else bytes(data[:most])


def keeping(finish: Finish, most: int) -> Finish:
    """How the plans of a server finish that keeps data."""

    def finish_and_keep(
        connection: "SMBConnection", request: AnyRequest, answer: "Answer | Exception | Deferred[Answer]"
    ) -> None:
        keep(request, answer, most)
        finish(connection, request, answer)

    return finish_and_keep
