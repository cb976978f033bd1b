"""Work that waits for a disk which may hang, while the one thread that serves everybody goes on with others.

The work runs in a greenlet. A system call on such a disk (`vfs.disk`) is made by another thread; where it is not done
at once the greenlet gives way, and goes on from there when it is. All Python code still runs in the one thread.
"""

import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, Protocol

from greenlet import getcurrent, greenlet

from fakesmb.nt.quota import Quota
from fakesmb.world import DelayedCall, Turn

Work = Callable[[], object]

NAMES: Final = object()
"""What a lane's look-ups and changes of names take turns for."""
_MOST_CALLS: Final = 64
"""System calls on open files of one lane that threads make at the same time, beside one for names."""


def as_it_is(work: Work) -> Work:
    """The work itself, where it is everybody's time."""
    return work


class Call(Protocol):
    """A system call that a thread makes."""

    def outcome(self) -> Any:
        """What it gave, or raises what it raised. Only once it is done."""

    def is_done(self, then: Work) -> bool:
        """Whether it is done, or is soon; else `then` is called when it is, in the thread that serves everybody."""


class MadeCall:
    """The part of a `Call` that makes it and keeps what came of it, for who says when."""

    def __init__(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.function = function
        self.args = args
        self._kwargs = kwargs
        self._result: Any = None
        self._error: BaseException | None = None

    def attempt(self) -> None:
        """Makes it, in whatever thread."""
        try:
            self._result = self.function(*self.args, **self._kwargs)
        except BaseException as error:
            self._error = error

    def outcome(self) -> Any:
        """What it gave, or raises what it raised."""
        error, self._error = self._error, None
        if error is not None:
            try:
                raise error
            finally:
                del error  # its traceback leads here: nothing that it holds shall wait for the collector
        return self._result


class Threads(Protocol):
    """Makes system calls in threads: `transport.diskthreads`."""

    def begin(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        """Has a thread make this call."""


class Lane:
    """The work on one disk that may hang: who waits for whom.

    Names are looked up and changed by one task at a time, and each open file is used by one at a time, as it would be
    if nothing ever gave way. Who takes both takes the names first.
    """

    def __init__(self) -> None:
        self.crowd = Quota("limits.waiting_for_disk", sys.maxsize)
        """Requests that are at work in it, or wait; bounded by `FileStore.limit`."""
        self._held: dict[object, tuple[DiskTask, int]] = {}
        """Who holds what, and how many times."""
        self._waiting: dict[object, deque[DiskTask]] = {}
        self._calls = 0
        self._waiting_calls: deque[DiskTask] = deque()
        self._when_free: list[Work] = []

    @contextmanager
    def held(self, task: "DiskTask", *keys: object) -> Iterator[None]:
        """Holds these while the block runs; its system calls are made by threads."""
        taken = 0
        outer, task.lane = task.lane, self
        try:
            for key in keys:
                self._take(task, key)
                taken += 1
            yield
        finally:
            task.lane = outer
            for key in keys[:taken]:
                self._let_go(key)

    def _take(self, task: "DiskTask", key: object) -> None:
        owner, times = self._held.get(key, (task, 0))
        if owner is task:
            self._held[key] = (task, times + 1)
        else:
            self._waiting.setdefault(key, deque()).append(task)
            task.give_way()  # until `_let_go` has made it the owner

    def _let_go(self, key: object) -> None:
        task, times = self._held[key]
        waiting = self._waiting.get(key)
        if times > 1:
            self._held[key] = (task, times - 1)
        elif waiting:
            self._held[key] = (waiting[0], 1)
            waiting.popleft().go_on_soon()
        else:
            del self._held[key]
            self._waiting.pop(key, None)
            while self._when_free and not self._held:
                self._when_free.pop()()

    def when_free(self, work: Work) -> None:
        """Does this when nobody holds anything: now, or later."""
        if self._held:
            self._when_free.append(work)
        else:
            work()

    def enter_call(self, task: "DiskTask") -> bool:
        """Waits while too many of its system calls are under way; False for one that does not count among them."""
        if self._held.get(NAMES, (None, 0))[0] is task:
            return False
        if self._calls >= _MOST_CALLS:
            self._waiting_calls.append(task)
            task.give_way()  # `leave_call` hands its place over
        else:
            self._calls += 1
        return True

    def leave_call(self) -> None:
        """One of its system calls is done."""
        if self._waiting_calls:
            self._waiting_calls.popleft().go_on_soon()
        else:
            self._calls -= 1


class DiskTask(greenlet):
    """One piece of work, such as answering a message."""

    def __init__(self, tasks: "DiskTasks", work: Work) -> None:
        super().__init__()
        self._tasks = tasks
        self._work = work
        self._resume: Work | None = tasks.of_present(self.switch)
        """Goes on with it; only while it waits, since it refers back to this."""
        self.lane: Lane | None = None
        """Where it is at work now."""
        self.afterwards: Work | None = None

    def run(self) -> None:
        """The greenlet's own function."""
        try:
            self._work()
        finally:
            self._tasks.under_way.discard(self)
            if self.afterwards is not None:
                self.afterwards()

    def go_on(self) -> None:
        """Runs it until it gives way or is done."""
        self.parent = getcurrent()
        resume, self._resume = self._resume, None
        assert resume is not None
        resume()

    def go_on_soon(self) -> None:
        """Runs it in a later turn of the loop."""
        self._tasks.soon(self.go_on)

    def give_way(self) -> None:
        """Returns when somebody lets it go on; others are served meanwhile."""
        turn = self._tasks.turn
        since, turn.since = turn.since, None
        self._tasks.under_way.add(self)
        self._resume = self._tasks.of_present(self.switch)
        assert self.parent is not None
        self.parent.switch()
        turn.since = since

    def call(self, lane: Lane, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """What a system call gives that a thread makes."""
        counts = lane.enter_call(self)
        try:
            call = self._tasks.threads.begin(function, args, kwargs)
            if not call.is_done(self.go_on):
                self.give_way()
            return call.outcome()
        finally:
            if counts:
                lane.leave_call()


class DiskTasks:
    """All such work of one server."""

    def __init__(
        self,
        threads: Threads,
        call_later: Callable[[float, Callable[[], object]], DelayedCall],
        turn: Turn,
        of_present: Callable[[Work], Work] = as_it_is,
    ) -> None:
        """`of_present`: `World.of_present`."""
        self.of_present = of_present
        self.threads = threads
        self.turn = turn
        self._call_later = call_later
        self.under_way: set[DiskTask] = set()
        """Those that gave way: kept, since a greenlet ends when nothing refers to it."""

    def soon(self, work: Work) -> None:
        """Does it in a later turn of the loop."""
        self._call_later(0, work)

    def run(self, work: Work, afterwards: Work | None = None) -> bool:
        """Does `work`; False where it has given way to others, and calls `afterwards` when it is done."""
        task = DiskTask(self, work)
        task.go_on()
        if task.dead:
            return True
        task.afterwards = afterwards
        return False


def at_once(work: Work, afterwards: Work | None = None) -> bool:
    """As `DiskTasks.run`, where no disk is known to hang."""
    work()
    return True


def current_task() -> DiskTask | None:
    """The task that runs now, if one does."""
    here = getcurrent()
    return here if isinstance(here, DiskTask) else None
