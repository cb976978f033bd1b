"""The computers and workgroups that announced themselves: what the Network of Windows shows."""

from collections.abc import Callable
from typing import Final, NamedTuple

SV_TYPE_SERVER: Final = 0x00000002
LEAST_SECONDS: Final = 60
MOST_SECONDS: Final = 720
MISSED: Final = 3
"""So many announcements may be lost before one is taken to be gone ([MS-BRWS] 3.3.5.1)."""


class Listed(NamedTuple):
    """A computer or a workgroup."""

    name: str
    server_type: int
    """SV_TYPE_* bits, [MS-BRWS] 2.2.1."""
    comment: str
    """Of a workgroup: its master browser."""
    version: tuple[int, int]
    until: float
    """When it is gone unless it says something, seconds of the clock."""


class BrowseList:
    """Bounded: while it is full nobody new is listed. Who says nothing for long enough is gone."""

    __slots__ = ("_most", "_now", "_rows")

    def __init__(self, most: int, now: Callable[[], float]) -> None:
        self._most = most
        self._now = now
        self._rows: dict[str, Listed] = {}

    def add(self, name: str, server_type: int, comment: str, version: tuple[int, int], seconds: int) -> bool:
        """Lists one that announces itself every so many seconds; whether that is new."""
        now = self._now()
        new = name not in self._rows
        if new and len(self._rows) >= self._most:
            self._sweep(now)
            if len(self._rows) >= self._most:
                return False
        kept = MISSED * min(max(seconds, LEAST_SECONDS), MOST_SECONDS)
        self._rows[name] = Listed(name, server_type, comment, version, now + kept)
        return new

    def remove(self, name: str) -> None:
        """It said that it is going."""
        self._rows.pop(name, None)

    def rows(self) -> list[Listed]:
        """All that are there, by name."""
        self._sweep(self._now())
        return sorted(self._rows.values())

    def _sweep(self, now: float) -> None:
        for name in [row.name for row in self._rows.values() if row.until <= now]:
            del self._rows[name]
