"""A disk that takes its time: whoever asks it gives way, and it answers, or hangs, as a test says."""

from collections import deque
from collections.abc import Callable

from fakesmb.vfs.disktask import MadeCall

Function = Callable[..., object]


class LateCall(MadeCall):
    """A system call that is made when `LateThreads` comes to it: `vfs.disktask.Call`."""

    def __init__(
        self, threads: "LateThreads", function: Function, args: tuple[object, ...], kwargs: dict[str, object]
    ) -> None:
        super().__init__(function, args, kwargs)
        self._threads = threads
        self._then: Function | None = None

    def make(self) -> None:
        """Makes it, and says so."""
        self.attempt()
        assert self._then is not None
        self._then()

    def is_done(self, then: Function) -> bool:
        """It never is at once: others are served first."""
        self._then = then
        self._threads.waiting.append(self)
        return False


class LateThreads:
    """`fakesmb.testing.SlowDisk` without a thread."""

    def __init__(self) -> None:
        self.waiting: deque[LateCall] = deque()
        self.hanging: list[LateCall] = []
        """What the disk hangs on."""
        self.hangs: Callable[[LateCall], bool] = lambda call: False
        """Whether it does on a call."""

    def begin(self, function: Function, args: tuple[object, ...], kwargs: dict[str, object]) -> LateCall:
        """Takes a call."""
        return LateCall(self, function, args, kwargs)

    def settle(self, advance: Callable[[float], None]) -> None:
        """Makes all calls, and those that follow them, but for what hangs."""
        while self.waiting:
            call = self.waiting.popleft()
            if self.hangs(call):
                self.hanging.append(call)
            else:
                call.make()
            advance(0)

    def go_on(self) -> None:
        """The disk hangs no longer: what it hung on is done when the disk is next looked at."""
        self.hangs = lambda call: False
        self.waiting.extend(self.hanging)
        self.hanging.clear()
