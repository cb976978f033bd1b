"""AP-REQs that were accepted, that none is accepted twice ([RFC 4120] 3.2.3)."""

from collections import Counter
from collections.abc import Hashable
from hashlib import blake2b
from heapq import heappop, heappush
from typing import Final

_SHARE: Final = 8
"""One client may take a part of this many of the room: it cannot keep all others out."""


class Replays:
    """The authenticators of the last minutes. What is too old is not kept: its own time has it refused."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._until: list[tuple[float, bytes, Hashable]] = []
        """A heap by the time until which each must be known."""
        self._known: set[bytes] = set()
        self._of: Counter[Hashable] = Counter()

    def __len__(self) -> int:
        return len(self._known)

    def add(self, authenticator: bytes, client: Hashable, until: float, now: float) -> str:
        """Takes an authenticator (as it was encrypted); gives why it may not be accepted, nothing where it may.

        It is known until `until`. Who sends more than there is room for is refused: to forget one that could still be
        replayed would be worse.
        """
        self._forget(now)
        digest = blake2b(authenticator, digest_size=16).digest()
        if digest in self._known:
            return "it was sent before"
        most = max(1, self._limit // _SHARE)
        if len(self._known) >= self._limit or self._of[client] >= most:
            whose = "" if len(self._known) >= self._limit else f" of {client}"
            count = len(self._known) if not whose else self._of[client]
            return f"{count} sign-ins{whose} within minutes are remembered already (limits.kerberos_sign_ins)"
        self._known.add(digest)
        self._of[client] += 1
        heappush(self._until, (until, digest, client))
        return ""

    def clear(self) -> None:
        """Forgets all."""
        self._until.clear()
        self._known.clear()
        self._of.clear()

    def _forget(self, now: float) -> None:
        while self._until and self._until[0][0] < now:
            _, digest, client = heappop(self._until)
            self._known.discard(digest)
            self._of[client] -= 1
            if not self._of[client]:
                del self._of[client]
