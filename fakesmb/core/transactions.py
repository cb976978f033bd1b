"""What the three kinds of transaction share: rows of subcommands, and requests that arrive in pieces.

`core.commands.transactions` runs them.
"""

from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import Any

import msgspec
from twisted.internet.defer import Deferred

from fakesmb.core.dispatch import Needs
from fakesmb.core.request import Request
from fakesmb.core.settings import Limits
from fakesmb.nt.status import NT, SMBError
from fakesmb.wire.codec import Buffer
from fakesmb.wire.trans import TransactionRequest, TransactionSecondaryRequest


class Results(msgspec.Struct, frozen=True, gc=False):
    """What a subcommand answers: parameters, data and setup words; a status other than 0 is a warning.

    `detail` is what they hold, decoded, for the record.
    """

    parameters: Buffer = b""
    data: Buffer = b""
    setup: bytes = b""
    status: int = 0
    detail: object = None


Outcome = Results | Deferred[Results]
Subhandler = Callable[[Request[Any]], Outcome]


class SubcommandRow(msgspec.Struct, frozen=True):
    """One row of a table of subcommands."""

    code: int
    handler: Subhandler
    needs: int


def subcommand(code: int, needs: int = Needs.DISK) -> Callable[[Subhandler], SubcommandRow]:
    """Makes a function a row; `subcommands` finds it in its module. `needs` adds to what the envelope needs."""
    return lambda handler: SubcommandRow(code, handler, needs)


def subcommands(modules: Iterable[ModuleType]) -> Mapping[int, SubcommandRow]:
    """All rows that the modules define; raises `ValueError` where two claim one code."""
    rows: dict[int, SubcommandRow] = {}
    for module in modules:
        for row in vars(module).values():
            if isinstance(row, SubcommandRow):
                if row.code in rows:
                    raise ValueError(f"subcommand 0x{row.code:04X} has two handlers")
                rows[row.code] = row
    return rows


class Partial:
    """A transaction of which more is to come."""

    __slots__ = ("_data", "_data_seen", "_parameters", "_parameters_seen", "_request")

    def __init__(self, request: TransactionRequest) -> None:
        self._request = request
        self._parameters = bytearray(request.total_parameter_count)
        self._data = bytearray(request.total_data_count)
        self._parameters[: len(request.parameters)] = request.parameters
        self._data[: len(request.data)] = request.data
        self._parameters_seen = len(request.parameters)
        self._data_seen = len(request.data)

    def add(self, more: TransactionSecondaryRequest) -> TransactionRequest | None:
        """Takes a piece; gives the whole when nothing is missing. Totals may shrink, never grow."""
        if more.total_parameter_count > len(self._parameters) or more.total_data_count > len(self._data):
            raise SMBError(NT.INVALID_PARAMETER, "a secondary request raises the totals")
        del self._parameters[more.total_parameter_count :]
        del self._data[more.total_data_count :]
        at, end = more.parameter_displacement, more.parameter_displacement + len(more.parameters)
        self._parameters[at:end] = more.parameters
        at, end = more.data_displacement, more.data_displacement + len(more.data)
        self._data[at:end] = more.data
        self._parameters_seen += len(more.parameters)
        self._data_seen += len(more.data)
        if self._parameters_seen < len(self._parameters) or self._data_seen < len(self._data):
            return None
        return msgspec.structs.replace(
            self._request,
            parameters=memoryview(self._parameters),
            data=memoryview(self._data),
            total_parameter_count=len(self._parameters),
            total_data_count=len(self._data),
        )


class Transactions:
    """The unfinished transactions of a connection, by command, PID, MID, UID and TID ([MS-CIFS] 3.3.1.3)."""

    __slots__ = ("_limits", "_partial")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._partial: dict[tuple[int, int, int, int, int], Partial] = {}

    def begin(self, key: tuple[int, int, int, int, int], request: TransactionRequest) -> None:
        """Keeps a first piece; raises INSUFFICIENT_RESOURCES where that would be too much."""
        if len(self._partial) >= self._limits.transactions:
            raise SMBError(NT.INSUFFICIENT_RESOURCES, "too many unfinished transactions")
        self._partial[key] = Partial(request)

    def go_on(
        self, key: tuple[int, int, int, int, int], more: TransactionSecondaryRequest
    ) -> TransactionRequest | None:
        """Adds a piece; gives the whole when it is complete. Raises INVALID_PARAMETER for a stray one."""
        partial = self._partial.get(key)
        if partial is None:
            raise SMBError(NT.INVALID_PARAMETER, "a secondary request of no transaction")
        try:
            whole = partial.add(more)
        except SMBError:
            del self._partial[key]
            raise
        if whole is not None:
            del self._partial[key]
        return whole

    def end(self, *, uid: int | None = None, tid: int | None = None) -> None:
        """Forgets what a user who logs off or a tree that is disconnected left unfinished."""
        self._partial = {
            key: partial
            for key, partial in self._partial.items()
            if (uid is not None and key[3] != uid) or (tid is not None and key[4] != tid)
        }

    def check(self, request: TransactionRequest) -> None:
        """Raises INSUFFICIENT_RESOURCES for totals over the limit."""
        total = request.total_parameter_count + request.total_data_count
        if total > self._limits.transaction_bytes:
            raise SMBError(NT.INSUFFICIENT_RESOURCES, f"a transaction of {total} bytes")
