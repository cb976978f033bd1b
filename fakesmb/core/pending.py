"""The requests of a connection that wait for something: locks, notifications, delayed opens, empty pipes."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from fakesmb.nt.quota import Quota
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
        self._waiting: dict[Exchange, int | None] = {}
        """With what its message arrived in, by `id`; None where that is not charged."""
        self._arrived: dict[int, tuple[int, int]] = {}
        """By `id`: how many requests keep it, and its bytes."""

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
                self._waiting[exchange] = self._charge(exchange.arrived_in)
            except SMBError as error:
                why = f"bytes of requests that wait: {error.why}"
            else:
                return ""
        self._waiting[exchange] = None
        return why

    def discard(self, exchange: "Exchange") -> None:
        """One waits no longer."""
        key = self._waiting.pop(exchange, None)
        if key is None:
            return
        count, size = self._arrived.pop(key)
        if count > 1:
            self._arrived[key] = count - 1, size
            size = 0
        self._quota.give_back(_REQUEST_COST + size)

    def _charge(self, arrived: object) -> int:
        key = id(arrived)
        count, size = self._arrived.get(key, (0, 0))
        if not count:
            size = len(arrived) if isinstance(arrived, bytes | bytearray) else 0
        self._quota.take(_REQUEST_COST + (0 if count else size))
        self._arrived[key] = count + 1, size
        return key
