"""A private reactor in a thread, for tests and programs that do not run Twisted themselves."""

import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any, Final, TypeVar, cast

from twisted.internet import tcp
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.python.failure import Failure

if sys.platform == "linux":
    from fakesmb.transport.reactor import new_reactor
else:
    from twisted.internet import selectreactor

    new_reactor = selectreactor.SelectReactor

T = TypeVar("T")

PATIENCE: Final = 30.0
"""Seconds that a call into the reactor may take before the caller is told."""


NAME: Final = "fakesmb"
"""What the threads are called."""


class ThreadEndedError(RuntimeError):
    """The thread of the reactor has ended, or ends before it came to what it was asked."""

    def __init__(self) -> None:
        super().__init__("the server has stopped")


class ReactorThread:
    """Runs a private reactor until `end`. The global reactor is neither used nor installed.

    When its thread has ended, every descriptor that it opened is closed.
    """

    def __init__(self) -> None:
        self.reactor: Any = new_reactor()
        self._waiting: set[Future[Any]] = set()
        """What is still to come of calls."""
        self._ended = False
        self._changing = threading.Lock()
        """Held to change the two: no call comes after the end."""
        running = threading.Event()
        self.reactor.callWhenRunning(running.set)
        self._thread = threading.Thread(target=self._run, name=NAME, daemon=True)
        self._thread.start()
        running.wait(PATIENCE)

    def _run(self) -> None:
        try:
            self.reactor.run(installSignalHandlers=False)
        finally:
            with self._changing:
                self._ended = True
                waiting, self._waiting = self._waiting, set()
            for outcome in waiting:
                outcome.set_exception(ThreadEndedError())
            _close(self.reactor)

    @property
    def is_current(self) -> bool:
        """Whether the caller is in the reactor's thread."""
        return threading.current_thread() is self._thread

    def wait(self, function: "Callable[[], Deferred[T]]", *, patience: float | None = PATIENCE) -> T:
        """Calls `function` in the reactor's thread and gives or raises what comes of its Deferred.

        Raises TimeoutError where that takes more than `patience` seconds (None: it may take any time).
        """
        return self._outcome(cast("Callable[[], T]", function), (), patience)

    def call(self, function: "Callable[..., T]", *args: object) -> T:
        """Calls `function` in the reactor's thread and gives or raises what comes of it.

        Raises ThreadEndedError where the thread has ended, TimeoutError where it does not answer.
        """
        return self._outcome(function, args, PATIENCE)

    def _outcome(self, function: "Callable[..., T]", args: "tuple[object, ...]", patience: float | None) -> T:
        outcome: Future[T] = Future()

        def ours() -> bool:
            """Whether nobody has told the end meanwhile."""
            with self._changing:
                present = outcome in self._waiting
                self._waiting.discard(outcome)
            return present

        def done(result: T) -> None:
            if ours():
                outcome.set_result(result)

        def failed(failure: Failure) -> None:
            if ours():
                outcome.set_exception(failure.value)

        def begin() -> None:
            maybeDeferred(function, *args).addCallbacks(done, failed)

        with self._changing:
            if self._ended:
                raise ThreadEndedError
            self._waiting.add(outcome)
            self.reactor.callFromThread(begin)
        try:
            return outcome.result(patience)
        except FutureTimeout:
            if outcome.done():  # it is what came of the call
                raise
            raise TimeoutError(f"the thread of the server has not answered for {patience:g} s") from None

    def end(self) -> None:
        """Stops the reactor and waits for its thread. Safe to call again."""
        if not self._thread.is_alive():
            return
        self.reactor.callFromThread(self.reactor.stop)
        self._thread.join(PATIENCE)
        if not any(one.name == NAME for one in threading.enumerate()):
            _give_back_reserve()


def _give_back_reserve() -> None:
    """Closes the descriptor that Twisted keeps for when there are no others, from the first port that listens on.

    The next port opens it again. Where the program has a reactor of its own, that may have ports.
    """
    reserve = getattr(tcp, "_reservedFD", None)
    if "twisted.internet.reactor" not in sys.modules and reserve is not None and reserve.available():
        reserve.__enter__()


def _close(reactor: Any) -> None:
    """Closes what Twisted leaves open for a second run: the pipe that wakes the reactor, and the epoll descriptor."""
    waker, reactor.waker = reactor.waker, None  # nothing may write to a number that is soon another's
    waker.connectionLost(None)
    poller = getattr(reactor, "_poller", None)
    if poller is not None:
        poller.close()
