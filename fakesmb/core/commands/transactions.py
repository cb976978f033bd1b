"""TRANSACTION, Command.TRANSACTION2 and Command.NT_TRANSACT: assembled, run, answered in as many messages as it takes.

A transaction may arrive in pieces ([MS-CIFS] 3.3.5.29 to .32, .40, .41, .58, .59): the first message gets an interim
answer, the secondaries none, and the answer proper goes out when all of it is there.
"""

from collections.abc import Mapping
from typing import Any, Final

from twisted.internet.defer import Deferred

from fakesmb.core.dispatch import Needs, command
from fakesmb.core.nt_trans.table import FUNCTIONS
from fakesmb.core.request import NO_REPLY, Answer, AnyRequest, Empty, Replies, Reply, Request
from fakesmb.core.trans.named import named_transaction
from fakesmb.core.trans2.table import SUBCOMMANDS
from fakesmb.core.transactions import Outcome, Results, SubcommandRow, invoke, reply_detail
from fakesmb.nt.status import NT, SMBError
from fakesmb.wire.codec import Structure
from fakesmb.wire.commands import Command
from fakesmb.wire.header import HEADER_SIZE
from fakesmb.wire.trans import (
    NtTransactRequest,
    NtTransactResponse,
    NtTransactSecondaryRequest,
    Transaction2Request,
    Transaction2SecondaryRequest,
    TransactionFlag,
    TransactionRequest,
    TransactionResponse,
    TransactionSecondaryRequest,
)

_ABOUT_EAS: Final = frozenset({NT.INVALID_EA_NAME, NT.INVALID_EA_FLAG, NT.EA_LIST_INCONSISTENT})

TABLES: Final[Mapping[int, Mapping[int, SubcommandRow]]] = {
    Command.TRANSACTION2: SUBCOMMANDS,
    Command.NT_TRANSACT: FUNCTIONS,
}


def _key(request: AnyRequest, code: int) -> tuple[int, int, int, int, int]:
    header = request.header
    return code, header.pid, header.mid, header.uid, header.tid


def _first(request: Request[Any], code: int) -> "Answer | Deferred[Answer]":
    first: TransactionRequest = request.params
    transactions = request.connection.transactions
    if first.complete:
        return _run(request, first, code)
    transactions.check(first)
    transactions.begin(_key(request, code), first)
    return Empty()


def _secondary(request: Request[Any], code: int) -> "Answer | Deferred[Answer]":
    whole = request.connection.transactions.go_on(_key(request, code), request.params)
    if whole is None:
        return NO_REPLY
    # The answer is that of the first request: its command, and the same MID.
    request.exchange.answer_as(code)
    return _run(request, whole, code)


def _run(request: AnyRequest, whole: TransactionRequest, code: int) -> "Answer | Deferred[Answer]":
    outcome: Outcome
    try:
        if code == Command.TRANSACTION:
            outcome = named_transaction(request, whole)
        else:
            outcome = invoke(request, whole, TABLES[code], code)
    except SMBError as error:
        # These are warnings, and Samba's client wants a whole answer with a warning.
        if error.status not in _ABOUT_EAS:
            raise
        outcome = Results(status=error.status)
    if isinstance(outcome, Deferred):
        return outcome.addCallback(lambda results: _answer(request, whole, results, code))
    return _answer(request, whole, outcome, code)


def _answer(request: AnyRequest, whole: TransactionRequest, results: Results, code: int) -> Answer:
    status, parameters, data = results.status, results.parameters, results.data
    request.reply_detail = reply_detail(request, results)
    if isinstance(parameters, Structure):
        parameters = parameters.encode(unicode=request.unicode, encoding=request.connection.oem_encoding)
    if len(parameters) > whole.max_parameter_count and code != Command.NT_TRANSACT:
        parameters = memoryview(parameters)[: whole.max_parameter_count]
        status = status or NT.BUFFER_OVERFLOW
    if len(data) > whole.max_data_count:
        data, status = memoryview(data)[: whole.max_data_count], status or NT.BUFFER_OVERFLOW
    if whole.flags & TransactionFlag.DISCONNECT_TID:
        request.connection.end(tree=request.tree)
        request.connection.trees.pop(request.tree.tid)
    if whole.flags & TransactionFlag.NO_RESPONSE:
        return NO_REPLY
    kind = NtTransactResponse if code == Command.NT_TRANSACT else TransactionResponse
    response = kind(parameters=parameters, data=data, setup=results.setup)
    largest = max(request.connection.max_buffer, HEADER_SIZE + 64)
    if HEADER_SIZE + response.size(HEADER_SIZE) <= largest:
        return Reply(response, status) if status else response
    return Replies(tuple(Reply(piece, status) for piece in response.pieces(largest, HEADER_SIZE)))


@command(Command.TRANSACTION, TransactionRequest, Needs.TREE)
def transaction_(request: Request[TransactionRequest]) -> "Answer | Deferred[Answer]":
    """SMB_COM_TRANSACTION, [MS-CIFS] 3.3.5.29: named pipes, \\PIPE\\LANMAN, mailslots."""
    return _first(request, Command.TRANSACTION)


@command(Command.TRANSACTION_SECONDARY, TransactionSecondaryRequest, Needs.TREE)
def transaction_secondary(request: Request[TransactionSecondaryRequest]) -> "Answer | Deferred[Answer]":
    """SMB_COM_TRANSACTION_SECONDARY, [MS-CIFS] 3.3.5.30."""
    return _secondary(request, Command.TRANSACTION)


@command(Command.TRANSACTION2, Transaction2Request, Needs.TREE)
def transaction2(request: Request[Transaction2Request]) -> "Answer | Deferred[Answer]":
    """SMB_COM_TRANSACTION2, [MS-CIFS] 3.3.5.40."""
    return _first(request, Command.TRANSACTION2)


@command(Command.TRANSACTION2_SECONDARY, Transaction2SecondaryRequest, Needs.TREE)
def transaction2_secondary(request: Request[Transaction2SecondaryRequest]) -> "Answer | Deferred[Answer]":
    """SMB_COM_TRANSACTION2_SECONDARY, [MS-CIFS] 3.3.5.41."""
    return _secondary(request, Command.TRANSACTION2)


@command(Command.NT_TRANSACT, NtTransactRequest, Needs.TREE)
def nt_transact(request: Request[NtTransactRequest]) -> "Answer | Deferred[Answer]":
    """SMB_COM_NT_TRANSACT, [MS-CIFS] 3.3.5.58."""
    return _first(request, Command.NT_TRANSACT)


@command(Command.NT_TRANSACT_SECONDARY, NtTransactSecondaryRequest, Needs.TREE)
def nt_transact_secondary(request: Request[NtTransactSecondaryRequest]) -> "Answer | Deferred[Answer]":
    """SMB_COM_NT_TRANSACT_SECONDARY, [MS-CIFS] 3.3.5.59."""
    return _secondary(request, Command.NT_TRANSACT)
