"""Whether there is a processor to spare, beside the one that this process needs."""

import os
import time
from pathlib import Path
from typing import Final

BUSY: Final = 0.5
"""Part of a processor; a process that uses less has little to do."""
_IDLE_COLUMN: Final = 4
"""Of the first line of /proc/stat, proc(5)."""


class Processors:
    """Looks at the time since it was last asked."""

    def __init__(self) -> None:
        self._asked, self._used, self._idle = self._now()

    def spare(self) -> bool:
        """True where this process has had little to do, or a whole processor of the machine nothing at all."""
        since, used, idle = self._since_last()
        return used < BUSY * since or idle >= since > 0

    def has_idle_pair(self) -> bool:
        """True where the machine has had two whole processors with nothing to do.

        One is not enough: a client and a server that wait for each other leave one idle, and each is quicker by it.
        """
        since, _, idle = self._since_last()
        return idle >= 2 * since > 0

    def _since_last(self) -> tuple[float, float, float]:
        """Seconds that passed, that this process used, and that processors had nothing to do."""
        asked, used, idle = self._now()
        since = asked - self._asked, used - self._used, idle - self._idle
        self._asked, self._used, self._idle = asked, used, idle
        return since

    @staticmethod
    def _now() -> tuple[float, float, float]:
        return time.monotonic(), time.process_time(), _idle_seconds()


def _idle_seconds() -> float:
    """Of all processors together since the machine started; 0 where the system does not tell."""
    try:
        with Path("/proc/stat").open("rb") as source:
            columns = source.readline().split()
        return int(columns[_IDLE_COLUMN]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return 0.0
