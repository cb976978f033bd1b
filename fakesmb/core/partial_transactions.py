"""Requests of transactions that arrive in several messages ([MS-CIFS] 3.3.5.2.5): kept as they come, by a quota.

Nothing is allocated for what was only announced: what is held is what has arrived.
"""

import copy
from typing import Final

import msgspec

from fakesmb.core.settings import Limits
from fakesmb.nt.quota import Quota
from fakesmb.nt.status import NT, SMBError
from fakesmb.wire.codec import Buffer
from fakesmb.wire.trans import TransactionRequest, TransactionSecondaryRequest

Key = tuple[int, int, int, int, int]
"""Command, PID, MID, UID and TID."""

_TRANSACTION_COST: Final = 2048
"""Bytes that an unfinished transaction takes, whatever has arrived of it."""
_PIECE_COST: Final = 256
"""Bytes that a piece takes besides its own, where it does not follow on the one before."""


class Pieces:
    """Parameters or data as far as they are there. A piece that comes before its turn is kept beside the others."""

    __slots__ = ("_early", "_joined", "_seen", "total")

    def __init__(self, total: int, first: Buffer) -> None:
        self.total = total
        """Bytes announced."""
        self._joined = bytearray(first)
        self._early: list[tuple[int, bytes]] = []
        self._seen = len(first)

    @property
    def complete(self) -> bool:
        """Whether as many bytes have come as were announced."""
        return self._seen >= self.total

    def cost(self, at: int, piece: Buffer) -> int:
        """Bytes of memory that this piece will take."""
        return len(piece) + (_PIECE_COST if piece and not self._follows(at) else 0)

    def _follows(self, at: int) -> bool:
        return at == len(self._joined) and not self._early

    def add(self, at: int, piece: Buffer) -> None:
        """Takes a piece in whose place begins at `at`."""
        if not piece:
            return
        self._seen += len(piece)
        if self._follows(at):
            self._joined += piece
        else:
            self._early.append((at, bytes(piece)))

    def whole(self) -> memoryview:
        """All that was announced; where pieces lay over each other the later one counts, and gaps are zeros."""
        joined, total = self._joined, self.total
        del joined[total:]
        joined += bytes(total - len(joined))
        for at, piece in self._early:
            joined[at : at + len(piece)] = piece
        del joined[total:]
        return memoryview(joined)


class Partial:
    """A transaction of which more is to come."""

    __slots__ = ("_data", "_parameters", "_request", "charged", "first_message")

    def __init__(self, request: TransactionRequest, first_message: bytes) -> None:
        # Parameters and data are views: they would keep the message that they came in.
        self._request = msgspec.structs.replace(request, parameters=b"", data=b"")
        self.first_message = first_message
        """What the record keeps of it: the answer is to that message."""
        self._parameters = Pieces(request.total_parameter_count, request.parameters)
        self._data = Pieces(request.total_data_count, request.data)
        self.charged = 0
        """Bytes taken of the quota."""

    def cost(self, more: TransactionSecondaryRequest) -> int:
        """Bytes of memory that a piece will take."""
        return self._parameters.cost(more.parameter_displacement, more.parameters) + self._data.cost(
            more.data_displacement, more.data
        )

    def add(self, more: TransactionSecondaryRequest) -> TransactionRequest | None:
        """Takes a piece; gives the whole when nothing is missing. Totals may shrink, never grow."""
        parameters, data = self._parameters, self._data
        if more.total_parameter_count > parameters.total or more.total_data_count > data.total:
            raise SMBError(NT.INVALID_PARAMETER, "a secondary request raises the totals")
        parameters.total, data.total = more.total_parameter_count, more.total_data_count
        parameters.add(more.parameter_displacement, more.parameters)
        data.add(more.data_displacement, more.data)
        if not (parameters.complete and data.complete):
            return None
        return msgspec.structs.replace(
            self._request,
            parameters=parameters.whole(),
            data=data.whole(),
            total_parameter_count=parameters.total,
            total_data_count=data.total,
        )


class Transactions:
    """The unfinished transactions of a connection, by command, PID, MID, UID and TID ([MS-CIFS] 3.3.1.3)."""

    __slots__ = ("_limits", "_partial", "_quota")

    def __init__(self, limits: Limits, quota: Quota) -> None:
        self._limits = limits
        self._quota = quota
        """Bytes that may be held, of sign-ins under way, too."""
        self._partial: dict[Key, Partial] = {}

    def begin(self, key: Key, request: TransactionRequest, first_message: bytes) -> None:
        """Keeps a first piece; raises INSUFFICIENT_RESOURCES where that would be too much.

        One that has the key already is given up: its client has begun anew.
        """
        self._forget(key)
        limits = self._limits
        total = request.total_parameter_count + request.total_data_count
        if total > limits.transaction_bytes:
            why = f"a transaction of {total} bytes, {limits.transaction_bytes} are allowed (limits.transaction_bytes)"
            raise SMBError(NT.INSUFFICIENT_RESOURCES, why)
        if len(self._partial) >= limits.transactions:
            why = f"{limits.transactions} unfinished transactions (limits.transactions)"
            raise SMBError(NT.INSUFFICIENT_RESOURCES, why)
        own = len(request.parameters) + len(request.data) + len(request.setup) + 4 * len(request.name)
        cost = _TRANSACTION_COST + len(first_message) + own
        self._quota.take(cost)
        partial = self._partial[key] = Partial(request, first_message)
        partial.charged = cost

    def go_on(self, key: Key, more: TransactionSecondaryRequest) -> tuple[TransactionRequest, bytes] | None:
        """Adds a piece; gives the whole when it is complete, and its first message as the record keeps it.

        Raises INVALID_PARAMETER for a stray one, INSUFFICIENT_RESOURCES for one that is too much: that ends the
        transaction.
        """
        partial = self._partial.get(key)
        if partial is None:
            raise SMBError(NT.INVALID_PARAMETER, "a secondary request of no transaction")
        try:
            cost = partial.cost(more)
            self._quota.take(cost)
            partial.charged += cost
            whole = partial.add(more)
        except SMBError:
            self._forget(key)
            raise
        if whole is None:
            return None
        self._forget(key)
        return whole, partial.first_message

    def first_message(self, key: Key) -> bytes | None:
        """What the record keeps of the message that began one; None where none has that key."""
        partial = self._partial.get(key)
        return None if partial is None else partial.first_message

    def give_up(self, key: Key) -> None:
        """Its last part came, and it is not done."""
        self._forget(key)

    def whole_with(self, key: Key, more: TransactionSecondaryRequest) -> TransactionRequest | None:
        """The whole that a piece would complete, which is not added; None where it would not."""
        partial = self._partial.get(key)
        if partial is None:
            return None
        try:
            return copy.deepcopy(partial).add(more)
        except SMBError:
            return None

    def _forget(self, key: Key) -> None:
        partial = self._partial.pop(key, None)
        if partial is not None:
            self._quota.give_back(partial.charged)

    def end(self, *, uid: int | None = None, tid: int | None = None) -> None:
        """Forgets what a user who logs off or a tree that is disconnected left unfinished; without either, all."""
        for key in list(self._partial):
            if uid in (None, key[3]) and tid in (None, key[4]):
                self._forget(key)
