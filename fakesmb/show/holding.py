"""Which messages a filter shows, where requests and replies come one by one: a request waits for its reply.

It is shown when that matches, right before it; where no reply comes it is judged alone, at the end or when many wait.
"""

from collections.abc import Callable, Hashable, Iterator
from typing import Final, Generic, TypeVar

MOST_HELD: Final = 512
"""Requests that wait."""
MOST_BYTES: Final = 16 << 20
"""Their bytes."""

T = TypeVar("T")


class Holding(Generic[T]):
    """Holds requests back. `matches` judges a request and its reply, one of which may be missing."""

    def __init__(
        self, matches: Callable[[T | None, T | None], bool], *, waits: bool, weight: Callable[[T], int]
    ) -> None:
        self._matches = matches
        self._waits = waits
        """Whether a request may match otherwise when its reply is known."""
        self._weight = weight
        self._held: dict[Hashable, T] = {}
        self._bytes = 0

    def request(self, key: Hashable, one: T) -> Iterator[T]:
        """Takes a request; gives what is to be shown now."""
        if not self._waits:
            if self._matches(one, None):
                yield one
            return
        before = self._take(key)
        if before is not None and self._matches(before, None):
            yield before
        self._held[key] = one
        self._bytes += self._weight(one)
        while len(self._held) > MOST_HELD or (self._bytes > MOST_BYTES and len(self._held) > 1):
            oldest = self._take(next(iter(self._held)))
            if self._matches(oldest, None):
                yield oldest  # type: ignore[misc]

    def _take(self, key: Hashable) -> T | None:
        one = self._held.pop(key, None)
        if one is not None:
            self._bytes -= self._weight(one)
        return one

    def reply(self, key: Hashable, one: T) -> Iterator[T]:
        """Takes a reply; gives what is to be shown now."""
        asked = self._take(key)
        if self._matches(asked, one):
            if asked is not None:
                yield asked
            yield one

    def rest(self) -> Iterator[T]:
        """What was not answered."""
        held, self._held = self._held, {}
        yield from (one for one in held.values() if self._matches(one, None))
