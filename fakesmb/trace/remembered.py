"""What numbers stand for: so many are remembered, and it is known how much they hold."""

from collections.abc import Callable, Hashable
from typing import Final, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

COST: Final = 150
"""Bytes that an entry is counted for beside what it says."""


class Remembered(dict[K, V]):
    """A dictionary that forgets what is oldest. `held` is right while only `remember` and `forget` change it."""

    __slots__ = ("_most", "_size", "held")

    def __init__(self, most: int, size: Callable[[V], int]) -> None:
        """`size` gives the bytes of a value, about."""
        super().__init__()
        self._most = most
        self._size = size
        self.held = 0
        """Bytes that all of it holds, about."""

    def remember(self, key: K, value: V) -> None:
        """Notes a value, which counts as new whatever was there."""
        self.forget(key)
        if len(self) >= self._most:
            self.forget(next(iter(self)))
        self[key] = value
        self.held += self._size(value) + COST

    def forget(self, key: K) -> V | None:
        """Takes a value away and gives it; None where there is none."""
        value = self.pop(key, None)
        if value is not None:
            self.held -= self._size(value) + COST
        return value
