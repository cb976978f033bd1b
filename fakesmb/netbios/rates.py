"""How much of what strangers send is heeded: addresses are easily forged, and what is not answered hurts nobody."""

from collections.abc import Callable
from typing import Final

TOTAL: Final = 4
"""All addresses together have so many times what one has."""


class Rates:
    """So many packets a second of each address, and of all. It takes so many addresses a second."""

    __slots__ = ("_counts", "_most_addresses", "_now", "_per_address", "_second", "_total", "dropped")

    def __init__(self, per_address: int, most_addresses: int, now: Callable[[], float]) -> None:
        self._per_address = per_address
        self._most_addresses = most_addresses
        self._now = now
        self._second = 0
        self._counts: dict[str, int] = {}
        self._total = 0
        self.dropped = 0
        """Packets that were too many."""

    def __len__(self) -> int:
        return len(self._counts)

    def admits(self, address: str) -> bool:
        """Whether a packet of an address is to be looked at."""
        second = int(self._now())
        if second != self._second:
            self._second = second
            self._counts.clear()
            self._total = 0
        count = self._counts.get(address, 0)
        full = count == 0 and len(self._counts) >= self._most_addresses
        if full or count >= self._per_address or self._total >= TOTAL * self._per_address:
            self.dropped += 1
            return False
        self._counts[address] = count + 1
        self._total += 1
        return True
