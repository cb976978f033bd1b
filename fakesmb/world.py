"""The one source of time and randomness for core, auth, rpc, rap and vfs. Each server has a `World` of its own.

Nothing else there calls `time.time`, `os.urandom` or `secrets`, so that a run can be repeated; a test reads them.
"""

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from math import inf
from typing import Final, Protocol

from fakesmb.nt.filetime import from_ns

TURN_SECONDS: Final = 0.015
"""So long requests are answered before the loop looks at everybody's sockets again."""
SLICE_SECONDS: Final = 0.01
"""So long others wait for a slice of long work, where the turn was long already."""


class DelayedCall(Protocol):
    """A call that is still to come, as Twisted's IDelayedCall."""

    def active(self) -> bool:
        """Whether it has been neither made nor cancelled."""

    def cancel(self) -> None:
        """Cancels the call."""


class Turn:
    """The present turn of the one loop that serves everybody: whether long work must leave the rest for the next.

    A reactor that tells of its turns (`transport.reactor`) drives it, and counts how long the longest was. Of any other
    a turn is taken to begin with each slice of work.
    """

    __slots__ = ("began", "driven", "later", "longest", "now", "readings", "since", "until")

    def __init__(self, *, driven: bool = False) -> None:
        self.now: Callable[[], float] = time.perf_counter
        """Seconds of a clock that only goes forward."""
        self.later: Callable[[Callable[[], None]], object] = _at_once
        """Calls what has more to do in a turn to come (`core.turns`)."""
        self.driven = driven
        self.began = self.now() if driven else 0.0
        self.until = 0.0 if driven else inf
        """No turn is over before; where none has begun, none ends."""
        self.longest = 0.0
        """Seconds between two looks at the sockets, at most so far; 0 where nobody drives it."""
        self.readings = 0
        """How many directories have begun to be read for looking up names in them: each reading's own number."""
        self.since: int | None = None
        """While a request is attempted again: how many had when it was first; None of one that is new."""

    def count_from_now(self) -> None:
        """Forgets how long turns were."""
        self.began, self.longest = self.now(), 0.0

    def leave_out(self) -> None:
        """What this turn has done so far kept nobody waiting."""
        self.began = self.now()

    def begin(self) -> None:
        """A request begins with what may be long."""
        if not self.driven:
            self.spare()

    def spare(self) -> None:
        """A slice of long work begins that waited for its turn: it has some time, however long the turn is."""
        self.until = self.now() + SLICE_SECONDS

    def over(self) -> bool:
        """Whether others should have their turn now."""
        now = self.now()
        return now > self.until and now - self.began > TURN_SECONDS


def _at_once(work: Callable[[], None]) -> None:
    work()


class Steps:
    """Things to do one after the other, which nobody waits for: at once while there is time, else in turns to come."""

    __slots__ = ("_busy", "_queue", "_turn")

    def __init__(self, turn: Turn) -> None:
        self._turn = turn
        self._queue: deque[Iterator[Callable[[], object]]] = deque()
        self._busy = False

    def do(self, steps: Iterable[Callable[[], object]]) -> None:
        """Takes what must not raise; done when this returns, unless the turn is over before or other steps wait."""
        self._queue.append(iter(steps))
        if not self._busy:
            self._busy = True
            self._turn.begin()
            self._run()

    def _run(self) -> None:
        queue = self._queue
        while queue:
            for step in queue[0]:
                step()
                if self._turn.over():
                    self._turn.later(self._run)
                    return
            queue.popleft()
        self._busy = False


class World:
    """The machine's clock and its entropy."""

    def __init__(self) -> None:
        self.now: Callable[[], float] = time.time
        """POSIX seconds, UTC."""
        self.turn = Turn()

    def now_ns(self) -> int:
        """POSIX nanoseconds, UTC."""
        return time.time_ns()

    def disk_ns(self) -> int:
        """POSIX nanoseconds of the kernel's clock, which dates files: to compare with `st_ctime_ns`, even where a test
        pretends another time."""
        return time.time_ns()

    def filetime(self) -> int:
        """The present moment as FILETIME ticks."""
        return from_ns(self.now_ns())

    def entropy(self, size: int) -> bytes:
        """`size` bytes that nobody can guess."""
        return os.urandom(size)
