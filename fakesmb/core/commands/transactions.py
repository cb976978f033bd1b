"""TRANSACTION, Command.TRANSACTION2 and Command.NT_TRANSACT: assembled, run, answered in as many messages as it takes.

A transaction may arrive in pieces ([MS-CIFS] 3.3.5.2.5): the first message gets an interim
answer, the secondaries none, and the answer proper goes out when all of it is there.
"""

from typing import Any

from twisted.internet.defer import Deferred

from fakesmb.core.dispatch import Needs, command
from fakesmb.core.nt_trans.table import FUNCTIONS
from fakesmb.core.record import kept
from fakesmb.core.request import NO_REPLY, Answer, AnyRequest, Empty, Request
from fakesmb.core.trans.named import named_transaction
from fakesmb.core.transactions import Outcome, answer_of, invoke
from fakesmb.nt.status import SMBError
from fakesmb.wire.commands import Command
from fakesmb.wire.trans import (
    NtTransactRequest,
    NtTransactSecondaryRequest,
    Transaction2Request,
    Transaction2SecondaryRequest,
    TransactionRequest,
    TransactionSecondaryRequest,
)


def _key(request: AnyRequest, code: int) -> tuple[int, int, int, int, int]:
    header = request.header
    return code, header.pid, header.mid, header.uid, header.tid


def _first(request: Request[Any], code: int) -> "Answer | Deferred[Answer]":
    first: TransactionRequest = request.params
    if first.complete:
        return _run(request, first, code)
    request.connection.transactions.begin(_key(request, code), first, kept(request.message, of_pipe=True))
    return Empty()


def _secondary(request: Request[Any], code: int) -> "Answer | Deferred[Answer]":
    complete = request.connection.transactions.go_on(_key(request, code), request.params)
    if complete is None:
        return NO_REPLY
    whole, first_message = complete
    # The answer is that of the first request: its command, and the same MID.
    request.exchange.answer_as(code, first_message)
    return _run(request, whole, code)


def _run(request: AnyRequest, whole: TransactionRequest, code: int) -> "Answer | Deferred[Answer]":
    outcome: Outcome | Exception
    try:
        if code == Command.TRANSACTION:
            outcome = named_transaction(request, whole)
        else:
            rows = FUNCTIONS if code == Command.NT_TRANSACT else request.server.handlers()[1]
            outcome = invoke(request, whole, rows, code)
    except SMBError as error:
        outcome = error
    return answer_of(request, whole, outcome, code)


@command(Command.TRANSACTION, TransactionRequest, Needs.TREE)
def transaction_(request: Request[TransactionRequest]) -> "Answer | Deferred[Answer]":
    """SMB_COM_TRANSACTION, [MS-CIFS] 3.3.5.31: named pipes, \\PIPE\\LANMAN, mailslots."""
    return _first(request, Command.TRANSACTION)


@command(Command.TRANSACTION_SECONDARY, TransactionSecondaryRequest, Needs.TREE)
def transaction_secondary(request: Request[TransactionSecondaryRequest]) -> "Answer | Deferred[Answer]":
    """SMB_COM_TRANSACTION_SECONDARY, [MS-CIFS] 2.2.4.34."""
    return _secondary(request, Command.TRANSACTION)


@command(Command.TRANSACTION2, Transaction2Request, Needs.TREE)
def transaction2(request: Request[Transaction2Request]) -> "Answer | Deferred[Answer]":
    """SMB_COM_TRANSACTION2, [MS-CIFS] 3.3.5.38."""
    return _first(request, Command.TRANSACTION2)


@command(Command.TRANSACTION2_SECONDARY, Transaction2SecondaryRequest, Needs.TREE)
def transaction2_secondary(request: Request[Transaction2SecondaryRequest]) -> "Answer | Deferred[Answer]":
    """SMB_COM_TRANSACTION2_SECONDARY, [MS-CIFS] 2.2.4.47."""
    return _secondary(request, Command.TRANSACTION2)


@command(Command.NT_TRANSACT, NtTransactRequest, Needs.TREE)
def nt_transact(request: Request[NtTransactRequest]) -> "Answer | Deferred[Answer]":
    """SMB_COM_NT_TRANSACT, [MS-CIFS] 3.3.5.50."""
    return _first(request, Command.NT_TRANSACT)


@command(Command.NT_TRANSACT_SECONDARY, NtTransactSecondaryRequest, Needs.TREE)
def nt_transact_secondary(request: Request[NtTransactSecondaryRequest]) -> "Answer | Deferred[Answer]":
    """SMB_COM_NT_TRANSACT_SECONDARY, [MS-CIFS] 2.2.4.63."""
    return _secondary(request, Command.NT_TRANSACT)
