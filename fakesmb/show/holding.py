"""Which messages a filter shows, where requests and replies come one by one: a request waits for its reply.

It is shown when that matches, right before it; where no reply comes it is judged alone, at the end or when many wait.
"""

from collections.abc import Callable, Hashable, Iterator
from typing import Final, Generic, TypeVar

MOST_HELD: Final = 512
"""Requests that wait."""

T = TypeVar("T")


class Holding(Generic[T]):
    """Holds requests back. `matches` judges a request and its reply, one of which may be missing."""

    def __init__(self, matches: Callable[[T | None, T | None], bool], *, waits: bool) -> None:
        self._matches = matches
        self._waits = waits
        """Whether a request may match otherwise when its reply is known."""
        self._held: dict[Hashable, T] = {}

    def request(self, key: Hashable, one: T) -> Iterator[T]:
        """Takes a request; gives what is to be shown now."""
        if not self._waits:
            if self._matches(one, None):
                yield one
            return
        before = self._held.pop(key, None)
        if before is None and len(self._held) >= MOST_HELD:
            before = self._held.pop(next(iter(self._held)))
        if before is not None and self._matches(before, None):
            yield before
        self._held[key] = one

    def reply(self, key: Hashable, one: T) -> Iterator[T]:
        """Takes a reply; gives what is to be shown now."""
        asked = self._held.pop(key, None)
        if self._matches(asked, one):
            if asked is not None:
                yield asked
            yield one

    def rest(self) -> Iterator[T]:
        """What was not answered."""
        held, self._held = self._held, {}
        yield from (one for one in held.values() if self._matches(one, None))
