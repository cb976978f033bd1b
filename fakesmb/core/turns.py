"""Long work of all clients: a slice of each in turn, and between two turns whatever has come from the network."""

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from fakesmb.vfs.disktask import Work, as_it_is, at_once
from fakesmb.world import Turn

if TYPE_CHECKING:
    from fakesmb.core.state import Clock


class Turns:
    """Work that waits for its next slice. Work that is not done then asks for another, behind all that wait."""

    __slots__ = ("_clock", "_due", "_of_present", "_queue", "_run_work", "_turn")

    def __init__(
        self,
        clock: "Clock",
        turn: Turn,
        run: Callable[[Work], object] = at_once,
        of_present: Callable[[Work], Work] = as_it_is,
    ) -> None:
        """`run` does a piece of work, or begins it (`DiskTasks.run`); `of_present`: `World.of_present`."""
        self._clock = clock
        self._of_present = of_present
        self._run_work = run
        self._turn = turn
        self._queue: deque[list[Work]] = deque()
        """Each in a list of its own, which is empty when the work is no longer wanted."""
        self._due = False

    def later(self, work: Work) -> Callable[[], None]:
        """Calls `work`, which must not raise, in a turn to come; gives what cancels that."""
        entry = [self._of_present(work)]
        self._queue.append(entry)
        if not self._due:
            self._due = True
            self._clock.callLater(0, self._run)
        return entry.clear

    def finish(self) -> None:
        """Does all that waits, to its end: the server stops."""
        while self._queue:
            entry = self._queue.popleft()
            if entry:
                self._run_work(entry.pop())

    def _run(self) -> None:
        """As many slices as there is time for; at least one."""
        turn, queue = self._turn, self._queue
        turn.spare()
        for _ in range(len(queue)):
            entry = queue.popleft()
            if entry:
                self._run_work(entry.pop())
                if turn.over():
                    break
        self._due = bool(queue)
        if queue:
            self._clock.callLater(0, self._run)
