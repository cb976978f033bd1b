"""What the three kinds of transaction share: rows of subcommands, and requests that arrive in pieces.

`core.commands.transactions` runs them.
"""

from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import Any, Final, TypeVar

import msgspec
from twisted.internet.defer import Deferred

from fakesmb.core.dispatch import Needs, table
from fakesmb.core.endings import end
from fakesmb.core.request import NO_REPLY, Answer, AnyRequest, Replies, Reply, Request
from fakesmb.core.waiting import once_finished
from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs.store import Unfinished
from fakesmb.wire import names
from fakesmb.wire.codec import Buffer, Structure
from fakesmb.wire.commands import Command
from fakesmb.wire.header import HEADER_SIZE
from fakesmb.wire.trans import (
    NtTransactResponse,
    Setup,
    TransactionFlag,
    TransactionRequest,
    TransactionResponse,
)
from fakesmb.wire.trans2 import Trans2


class Results(msgspec.Struct, frozen=True, gc=False):
    """What a subcommand answers: parameters, data and setup words; a status other than 0 is a warning.

    Parameters that are a structure are encoded as the client wants its strings.
    """

    parameters: Buffer | Structure = b""
    data: Buffer = b""
    setup: bytes = b""
    status: int = 0


_ABOUT_EAS: Final = frozenset({NT.INVALID_EA_NAME, NT.INVALID_EA_FLAG, NT.EA_LIST_INCONSISTENT})

Outcome = Results | Deferred[Results]
Subhandler = Callable[[Request[Any]], Outcome]
P = TypeVar("P", bound=Structure | Setup)


class SubcommandRow(msgspec.Struct, frozen=True):
    """One row of a table of subcommands."""

    code: int
    request: type[Structure] | type[Setup]
    handler: Subhandler
    needs: int

    def decode(self, whole: TransactionRequest, *, unicode: bool, encoding: str) -> Structure | Setup:
        """What the subcommand asks, from the transaction's parameters or setup words; raises `DecodeError`."""
        if issubclass(self.request, Setup):
            return self.request.decode(whole.setup)
        return self.request.decode(whole.parameters, unicode=unicode, encoding=encoding)


def subcommand(
    code: int, request: type[P], needs: int = Needs.DISK
) -> Callable[[Callable[[Request[P]], Outcome]], SubcommandRow]:
    """Makes a handler a row; `subcommands` finds it in its module. `needs` adds to what the envelope needs.

    The handler finds the decoded structure in `request.params` and the transaction in `request.transaction`.
    """
    return lambda handler: SubcommandRow(code, request, handler, needs)  # type: ignore[arg-type]


def subcommands(modules: Iterable[ModuleType]) -> Mapping[int, SubcommandRow]:
    """All rows that the modules define; raises `ValueError` where two claim one code."""
    return table(modules, SubcommandRow)


def invoke(
    request: AnyRequest, whole: TransactionRequest, rows: Mapping[int, SubcommandRow], command: int
) -> Outcome:
    """Runs the subcommand of a complete transaction after checking what it needs, with what it asks decoded."""
    function = whole.subcommand
    row = None if function is None else rows.get(function)
    if row is None:
        raise unsupported(command, function)
    if row.needs & Needs.ON_DISK and request.tree.store is None:
        raise SMBError(NT.INVALID_DEVICE_REQUEST, "IPC$ has no files")
    if row.needs & Needs.NOT_READ_ONLY:
        request.check_writable()
    request.transaction = whole
    request.params = row.decode(whole, unicode=request.unicode, encoding=request.connection.oem_encoding)
    try:
        return row.handler(request)
    except Unfinished as obstacle:
        return once_finished(row.handler, request, obstacle, request.server)


def answer_of(
    request: AnyRequest, whole: TransactionRequest, outcome: "Outcome | Exception", command: int
) -> "Answer | Deferred[Answer]":
    """What a subcommand gave, as one message or as several; raises what it raised."""
    if isinstance(outcome, Exception):
        # These are warnings, and Samba's client wants a whole answer with a warning.
        if not isinstance(outcome, SMBError) or outcome.status not in _ABOUT_EAS:
            raise outcome
        outcome = Results(status=outcome.status)
    if isinstance(outcome, Deferred):
        return outcome.addCallback(lambda results: _in_messages(request, whole, results, command))
    return _in_messages(request, whole, outcome, command)


def _in_messages(
    request: AnyRequest, whole: TransactionRequest, results: Results, command: int
) -> "Answer | Deferred[Answer]":
    status, parameters, data = results.status, results.parameters, results.data
    if isinstance(parameters, Structure):
        parameters = parameters.encode(unicode=request.unicode, encoding=request.connection.oem_encoding)
    if len(parameters) > whole.max_parameter_count:
        # amiga-smbfs asks for none, LanMan98 has no room for more than it asked for; both want the data.
        parameters = b""
    if len(data) > whole.max_data_count:
        data, status = memoryview(data)[: whole.max_data_count], status or NT.BUFFER_OVERFLOW
    answer = _answer(request, whole, parameters, data, results.setup, status, command)
    if whole.flags & TransactionFlag.DISCONNECT_TID and request.tree.belongs_to(request.session.uid):
        request.connection.trees.pop(request.tree.tid)
        ended = end(request.connection, tree=request.tree, asking=request.exchange)
        return answer if ended is None else ended.addCallback(lambda _: answer)
    return answer


def _answer(
    request: AnyRequest,
    whole: TransactionRequest,
    parameters: Buffer,
    data: Buffer,
    setup: bytes,
    status: int,
    command: int,
) -> Answer:
    if whole.flags & TransactionFlag.NO_RESPONSE:
        return NO_REPLY
    kind = NtTransactResponse if command == Command.NT_TRANSACT else TransactionResponse
    response = kind(parameters=parameters, data=data, setup=setup)
    largest = max(request.connection.max_buffer, HEADER_SIZE + 64)
    if HEADER_SIZE + response.size(HEADER_SIZE) <= largest:
        return Reply(response, status) if status else response
    return Replies(tuple(Reply(piece, status) for piece in response.pieces(largest, HEADER_SIZE)))


_NO_SUPPORT: Final = frozenset({(Command.TRANSACTION2, Trans2.IOCTL2)})
"""Subcommands that are refused with SMB_NO_SUPPORT ([MS-CIFS] 2.2.6.11)."""


def unsupported(command: int, function: int | None) -> SMBError:
    """The refusal of a subcommand without a handler: not built, or not defined at all.

    NT_TRANSACT says these in its own way ([MS-CIFS] 3.3.5.50).
    """
    if function is None:
        return SMBError(NT.INVALID_SMB, "a transaction without a subcommand")
    known = names.subcommand(command, function)
    of_nt = command == Command.NT_TRANSACT
    if known is None:
        status = NT.INVALID_SMB if of_nt else NT.INVALID_PARAMETER
        return SMBError(status, f"no subcommand has code 0x{function:04X}")
    status = NT.SMB_BAD_COMMAND if of_nt else NT.NOT_IMPLEMENTED
    if (command, function) in _NO_SUPPORT:
        status = NT.SMB_NO_SUPPORT
    return SMBError(status, f"{known.name} is not implemented")
