"""The requests of a connection that wait for something: locks, notifications, delayed opens, empty pipes."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from fakesmb.nt.quota import Quota, SharedQuota
from fakesmb.nt.status import SMBError
from fakesmb.wire.locking import LockingAndxRequest

if TYPE_CHECKING:
    from fakesmb.core.exchange import Exchange
    from fakesmb.core.request import AnyRequest

_REQUEST_COST: Final = 3072
"""Bytes that a waiting request takes besides its message (measured)."""
_RANGE_COST: Final = 192
"""Bytes that a range to lock takes once it is decoded (measured)."""
_DATA_COST: Final = 20
"""Times its length that the data of a transaction take, of which EAs are decoded, many of a few bytes."""


class Pending:
    """Those that wait, oldest first. Each keeps all that arrived with its message, which is charged once."""

    __slots__ = ("_arrived", "_limit", "_quota", "_waiting")

    def __init__(self, limit: int, quota: Quota) -> None:
        self._limit = limit
        self._quota = quota
        self._waiting: dict[Exchange, int] = {}
        """With the bytes that it is charged with."""
        self._arrived = SharedQuota(quota)
        """What their messages arrived in."""

    def __len__(self) -> int:
        return len(self._waiting)

    def __iter__(self) -> Iterator["Exchange"]:
        return iter(list(self._waiting))

    def add(self, exchange: "Exchange") -> str:
        """Takes one in, and says why that is too much; "" where it is not."""
        if len(self._waiting) >= self._limit:
            why = f"{self._limit} requests wait already (limits.pending)"
        else:
            try:
                self._charge(exchange)
            except SMBError as error:
                why = f"bytes of requests that wait: {error.why}"
            else:
                return ""
        self._waiting[exchange] = 0
        return why

    def discard(self, exchange: "Exchange") -> None:
        """One waits no longer."""
        cost = self._waiting.pop(exchange, 0)
        if cost:
            self._quota.give_back(cost)
            self._arrived.let_go(exchange.arrived_in)

    def _charge(self, exchange: "Exchange") -> None:
        arrived = exchange.arrived_in
        cost = _REQUEST_COST + sum(map(_cost_of_lists, exchange.requests))
        self._quota.take(cost)
        try:
            self._arrived.hold(arrived, len(arrived) if isinstance(arrived, bytes | bytearray) else 0)
        except SMBError:
            self._quota.give_back(cost)
            raise
        self._waiting[exchange] = cost


def _cost_of_lists(request: "AnyRequest | None") -> int:
    """What is made of a request beside its message, where that may be much more than the message is."""
    if request is None:
        return 0
    if isinstance(request.params, LockingAndxRequest):
        return _RANGE_COST * (len(request.params.locks) + len(request.params.unlocks))
    whole = request.transaction
    return 0 if whole is None else _DATA_COST * len(whole.data)
