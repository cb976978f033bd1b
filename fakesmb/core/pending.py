"""The requests of a connection that wait for something: locks, notifications, delayed opens, empty pipes."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from fakesmb.nt.quota import Quota, SharedQuota
from fakesmb.nt.status import SMBError

if TYPE_CHECKING:
    from fakesmb.core.exchange import Exchange

_REQUEST_COST: Final = 3072
"""Bytes that a waiting request takes besides its message (measured)."""


class Pending:
    """Those that wait, oldest first. Each keeps all that arrived with its message, which is charged once."""

    __slots__ = ("_arrived", "_limit", "_quota", "_waiting")

    def __init__(self, limit: int, quota: Quota) -> None:
        self._limit = limit
        self._quota = quota
        self._waiting: dict[Exchange, bool] = {}
        """With whether it is charged."""
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
        self._waiting[exchange] = False
        return why

    def discard(self, exchange: "Exchange") -> None:
        """One waits no longer."""
        if self._waiting.pop(exchange, False):
            self._quota.give_back(_REQUEST_COST)
            self._arrived.let_go(exchange.arrived_in)

    def _charge(self, exchange: "Exchange") -> None:
        arrived = exchange.arrived_in
        self._quota.take(_REQUEST_COST)
        try:
            self._arrived.hold(arrived, len(arrived) if isinstance(arrived, bytes | bytearray) else 0)
        except SMBError:
            self._quota.give_back(_REQUEST_COST)
            raise
        self._waiting[exchange] = True
