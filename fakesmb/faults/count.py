"""Which of the requests that a rule means it acts on: it counts them."""

from random import Random
from typing import Literal

import msgspec

from fakesmb.faults.asked import Asked

Per = Literal["server", "connection", "path"]


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """After `skip` requests, on the `nth` or on each `every`-th; at most `times`; last, with a probability."""

    nth: frozenset[int] = frozenset()
    """Empty: any."""
    skip: int = 0
    every: int = 1
    times: int = 0
    """0: without end."""
    per: Per = "server"
    """What is counted by itself: all requests together, those of each connection, those about each path."""
    chance: float = 1.0
    seed: int = 0


class Counter:
    """The counts of one armed rule."""

    __slots__ = ("_count", "_dice", "_seen", "_taken")

    def __init__(self, count: Count) -> None:
        self._count = count
        self._seen: dict[object, int] = {}
        self._taken: dict[object, int] = {}
        self._dice = Random(count.seed)

    def _key(self, asked: Asked) -> object:
        per = self._count.per
        if per == "server":
            return None
        return asked.connection if per == "connection" else (asked.share, asked.path)

    def see(self, asked: Asked) -> bool:
        """Counts a request; whether it is one to act on, but for `times`."""
        count, key = self._count, self._key(asked)
        number = self._seen[key] = self._seen.get(key, 0) + 1
        number -= count.skip
        if number < 1 or number % count.every or (count.nth and number not in count.nth):
            return False
        return count.chance >= 1 or self._dice.random() < count.chance

    def take(self, asked: Asked) -> bool:
        """Takes one of `times`; False where none is left."""
        count, key = self._count, self._key(asked)
        taken = self._taken.get(key, 0)
        if count.times and taken >= count.times:
            return False
        self._taken[key] = taken + 1
        return True

    def give_back(self, asked: Asked) -> None:
        """It did not come to that: what the rule does had no occasion."""
        self._taken[self._key(asked)] -= 1
