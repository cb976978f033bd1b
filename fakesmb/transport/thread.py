"""A private reactor in a thread, for tests and programs that do not run Twisted themselves."""

import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final, TypeVar, cast

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


class ReactorThread:
    """Runs a private reactor until `end`. The global reactor is neither used nor installed.

    When its thread has ended, every descriptor that it opened is closed.
    """

    def __init__(self) -> None:
        self.reactor: Any = new_reactor()
        running = threading.Event()
        self.reactor.callWhenRunning(running.set)
        self._thread = threading.Thread(target=self._run, name="fakesmb", daemon=True)
        self._thread.start()
        running.wait(PATIENCE)

    def _run(self) -> None:
        try:
            self.reactor.run(installSignalHandlers=False)
        finally:
            _close(self.reactor)

    @property
    def is_current(self) -> bool:
        """Whether the caller is in the reactor's thread."""
        return threading.current_thread() is self._thread

    def wait(self, function: "Callable[[], Deferred[T]]") -> T:
        """Calls `function` in the reactor's thread and gives or raises what comes of its Deferred."""
        return self.call(cast("Callable[[], T]", function))

    def call(self, function: "Callable[..., T]", *args: object) -> T:
        """Calls `function` in the reactor's thread and gives or raises what comes of it."""
        outcome: Future[T] = Future()

        def failed(failure: Failure) -> None:
            outcome.set_exception(failure.value)

        def begin() -> None:
            maybeDeferred(function, *args).addCallbacks(outcome.set_result, failed)

        self.reactor.callFromThread(begin)
        return outcome.result(PATIENCE)

    def end(self) -> None:
        """Stops the reactor and waits for its thread. Safe to call again."""
        if not self._thread.is_alive():
            return
        self.reactor.callFromThread(self.reactor.stop)
        self._thread.join(PATIENCE)


def _close(reactor: Any) -> None:
    """Closes what Twisted leaves open for a second run: the pipe that wakes the reactor, and the epoll descriptor."""
    waker, reactor.waker = reactor.waker, None  # nothing may write to a number that is soon another's
    waker.connectionLost(None)
    poller = getattr(reactor, "_poller", None)
    if poller is not None:
        poller.close()
