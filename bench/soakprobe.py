"""How long the server of a soak keeps others waiting: `python -m bench.soakprobe PORT PID`, until standard input ends.

Sends an ECHO every 10 ms and keeps how long each took, less what the machine did to it: how late the sleeps around it
were, and how long the server (PID) was ready to run without a processor meanwhile. It is a process of its own and comes
before others where it may, so that the load of the clients is not taken for the server's. Prints what it found as JSON.
"""

import json
import os
import select
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

from bench.servers import PASSWORD, USER
from bench.smb1client import Client

HELD_UP: Final = 0.1
"""Seconds that an ECHO may take."""
EVERY: Final = 0.01
_FIRST: Final = -15
"""Of the values of nice(2), those of what is to run before all else; for root only."""


class Echo(Protocol):
    """A client that can send an ECHO and wait for its answer."""

    def echo(self) -> None: ...


class Probe:
    """The ECHOs of one run."""

    def __init__(self, client: Echo, pid: int) -> None:
        self._schedule = Path(f"/proc/{pid}/task/{pid}/schedstat")
        self.waits: list[float] = []
        """Seconds, one for each ECHO, without what the machine did."""
        self.late = 0.0
        """Seconds, at most, that a sleep of this machine was too long."""
        self.starved = 0.0
        """Seconds, at most, that the server had no processor during one ECHO."""
        self._client = client

    def one(self, before: float) -> float:
        """One ECHO and a sleep, after a sleep that was `before` seconds late; how late this one was."""
        began, without = time.perf_counter(), self._without_processor()
        self._client.echo()
        starved = self._without_processor() - without
        took = time.perf_counter() - began - starved
        after = self.sleep()
        self.waits.append(max(0.0, took - max(before, after)))
        self.starved = max(self.starved, starved)
        return after

    def _without_processor(self) -> float:
        """Seconds that the server has spent so."""
        try:
            return int(self._schedule.read_text().split()[1]) / 1e9
        except (OSError, IndexError):
            return 0.0

    def sleep(self) -> float:
        """Until the next ECHO is due; how late it ended."""
        began = time.perf_counter()
        time.sleep(EVERY)
        late = time.perf_counter() - began - EVERY
        self.late = max(self.late, late)
        return late

    def found(self) -> dict[str, float]:
        """Number, and seconds."""
        ordered = sorted(self.waits) or [0.0]
        return {
            "count": len(self.waits),
            "median": ordered[len(ordered) // 2],
            "thousandth": ordered[len(ordered) * 999 // 1000],
            "longest": ordered[-1],
            "over": sum(one > HELD_UP for one in ordered),
            "late": self.late,
            "starved": self.starved,
        }


def main(port: int, pid: int) -> None:
    """Until standard input ends."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, _FIRST)
    probe = Probe(Client("127.0.0.1", port, USER, PASSWORD, timeout=60).login(), pid)
    late, error = probe.sleep(), ""
    try:
        while not select.select([sys.stdin], [], [], 0)[0]:
            late = probe.one(late)
    except Exception as why:
        error = f"the probe: {type(why).__name__}: {why}"
    print(json.dumps(probe.found() | {"error": error}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
