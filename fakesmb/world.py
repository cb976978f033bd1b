"""The one source of time and randomness for core, auth, rpc, rap and vfs. Each server has a `World` of its own.

Nothing else there calls `time.time`, `os.urandom` or `secrets`; a test reads them. So a run can be repeated: in a
`RepeatableWorld` the time is told and randomness is made of a seed. What one connection is told depends on that
connection alone, whatever others do at the same time: its time goes by its own messages, its random bytes are made of
its number.
"""

import os
import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from itertools import count
from math import inf
from typing import Final, NamedTuple, ParamSpec, Protocol, TypeVar

from fakesmb.nt.filetime import from_ns

P = ParamSpec("P")
R = TypeVar("R")

TURN_SECONDS: Final = 0.015
"""So long requests are answered before the loop looks at everybody's sockets again."""
SLICE_SECONDS: Final = 0.01
"""So long others wait for a slice of long work, where the turn was long already."""


USUAL_BEGINNING: Final = 1_075_629_600_000_000_000
"""2004-02-01 10:00:00 UTC, POSIX nanoseconds: where the time of a repeatable run begins that nobody named one for."""
EARLIEST: Final = datetime(1980, 1, 1, tzinfo=UTC)
"""Where old clients' dates begin."""
LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC)
_STEP: Final = re.compile(r"step=(\d{1,12})(ns|us|ms|s)")
_NS: Final = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}
_MUST_BE: Final = "must be a time such as 2004-02-01T10:00:00Z, or 2004-02-01T10:00:00Z,step=1ms"
_SECOND: Final = 1_000_000_000
_LONGEST_STEP: Final = 3600 * _SECOND
"""So a connection's time is one that Windows knows for longer than any test runs."""


Zone = Callable[[float], int]
"""Tells how many minutes west of UTC local time is at a moment, POSIX seconds."""


def utc(moment: float) -> int:
    """The zone that is UTC."""
    return 0


def machine_zone(moment: float) -> int:
    """The machine's own zone, with its summer time."""
    return -round(time.localtime(moment).tm_gmtoff / 60)


def zone_of(given: int | str) -> Zone:
    """The zone that a person asks for: minutes west of UTC, or a name such as Europe/Berlin.

    Raises ValueError, with the nearest name, where there is none.
    """
    if isinstance(given, int):
        return lambda moment: given
    from zoneinfo import ZoneInfo, available_timezones  # few servers ask for it

    from fakesmb.nt.nearest import nearest

    try:
        zone = ZoneInfo(given)
    except (KeyError, ValueError, OSError):  # not there; no name; a folder of names
        raise ValueError(
            f"no time zone is called {given!r}{nearest(given, sorted(available_timezones()))}"
        ) from None

    def minutes_west(moment: float) -> int:
        offset = datetime.fromtimestamp(moment, zone).utcoffset()
        return 0 if offset is None else -round(offset.total_seconds() / 60)

    return minutes_west


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

    stands = False
    """Whether it is always the same time: then nobody can tell by it for how long something has not been used."""

    def __init__(self) -> None:
        self.now: Callable[[], float] = time.time
        """POSIX seconds, UTC."""
        self.zone: Zone = machine_zone
        """Local time where nobody asks for another."""
        self.turn = Turn()
        self.new_group: Callable[[], int] = count(1).__next__
        """The number of a new association group, from 1 on."""

    def clock_of(self, connection: int) -> Callable[[], float]:
        """What tells the time (as `now`) of one connection: it is asked first whenever something happens there."""
        return self.now

    def of_present(self, work: Callable[P, R]) -> Callable[P, R]:
        """The same work, for later: whatever happens meanwhile elsewhere, it is done in the time of the connection in
        which something happens now, and whoever calls it is in its own again afterwards."""
        return work

    def begin_again(self) -> None:
        """Numbers of connections begin at 1 again: so does what depends on them."""

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


class Clock(NamedTuple):
    """A time that is told: when it begins, and by how much each look at it is later."""

    began: int = USUAL_BEGINNING
    """POSIX nanoseconds, UTC."""
    step: int = 0
    """Nanoseconds."""


def clock_of(given: object) -> Clock:
    """The clock that a person asks for: `TIME[,step=1ms]` as text, or a datetime; without a zone it is UTC.

    Raises ValueError with what it must be.
    """
    step = 0
    if isinstance(given, str):
        text, comma, more = given.partition(",")
        found = _STEP.fullmatch(more.strip()) if comma else None
        if comma and found is None:
            raise ValueError(f"{more.strip()!r} is no step: {_MUST_BE}")
        if found is not None:
            step = int(found[1]) * _NS[found[2]]
            if step > _LONGEST_STEP:
                raise ValueError(f"{more.strip()!r} is more than an hour")
        try:
            given = datetime.fromisoformat(text.strip())
        except ValueError:
            raise ValueError(_MUST_BE) from None
    if not isinstance(given, datetime):
        raise ValueError(_MUST_BE)
    try:
        moment = given.replace(tzinfo=UTC) if given.tzinfo is None else given.astimezone(UTC)
    except OverflowError:  # in the first or last hours that Python knows
        moment = given.replace(tzinfo=UTC)
    if not EARLIEST <= moment < LATEST:
        raise ValueError(f"{moment.year} is no year between {EARLIEST.year} and {LATEST.year - 1}")
    microseconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    return Clock(microseconds * 1000, step)


class ToldTime(World):
    """The time begins when it is told to, and goes on by a step at each look of a connection at its clock.

    Between its looks a connection's time stands still. A step of 0: it always does.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock
        self._looks: dict[int, int] = {}
        self._present = clock.began
        self.latest = clock.began
        """The latest time that any connection has had, POSIX nanoseconds."""
        self.connection = 0
        """The number of the connection in which something happens now; 0 before any."""
        self.now = self._seconds
        self.zone = utc
        self.stands = clock.step == 0

    def _seconds(self) -> float:
        return self._present / _SECOND

    def now_ns(self) -> int:
        """The time of the connection in which something happens, POSIX nanoseconds."""
        return self._present

    def clock_of(self, connection: int) -> Callable[[], float]:
        """The time of one connection, by a step later at each look."""
        looks, began, step = self._looks, self.clock.began, self.clock.step
        looks[connection] = 0

        def look() -> float:
            seen = looks.get(connection, 0)
            looks[connection] = seen + 1
            self.connection = connection
            self._present = present = began + seen * step
            if present > self.latest:
                self.latest = present
            return present / _SECOND

        return look

    def of_present(self, work: Callable[P, R]) -> Callable[P, R]:
        """The same work, done in the present connection's time."""
        connection = self.connection

        def do(*args: P.args, **kwargs: P.kwargs) -> R:
            before = self.connection
            self._enter(connection)
            try:
                return work(*args, **kwargs)
            finally:
                self._enter(before)

        return do

    def _enter(self, connection: int) -> None:
        """It is the time of that connection's last look; 0: of none."""
        self.connection = connection
        looks = self._looks.get(connection, 0)
        self._present = self.clock.began + max(looks - 1, 0) * self.clock.step

    def begin_again(self) -> None:
        """As a new one."""
        self._looks.clear()
        self._present = self.latest = self.clock.began
        self.connection = 0


class RepeatableWorld(ToldTime):
    """Time as told, and randomness made of a seed, of the number of the connection, and of what it had before."""

    def __init__(self, seed: int, clock: Clock | None = None) -> None:
        super().__init__(clock or Clock())
        self.seed = seed
        self._given: dict[int, int] = {}
        self._groups: dict[int, int] = {}
        self.new_group = self._next_group

    def entropy(self, size: int) -> bytes:
        """`size` bytes that whoever knows the seed can foretell."""
        connection = self.connection
        number = self._given.get(connection, 0)
        self._given[connection] = number + 1
        return self.made_of("entropy", connection, number, size=size)

    def made_of(self, *what: object, size: int) -> bytes:
        """`size` bytes that are always the same of the same seed and the same things."""
        made = b""
        while len(made) < size:
            text = repr((self.seed, *what, len(made)))
            made += blake2b(text.encode("utf-8", "surrogatepass")).digest()
        return made[:size]

    def _next_group(self) -> int:
        number = self._groups[self.connection] = self._groups.get(self.connection, 0) + 1
        return max(self.connection - 1, 0) << 12 | number

    def begin_again(self) -> None:
        """As a new one."""
        super().begin_again()
        self._given.clear()
        self._groups.clear()
