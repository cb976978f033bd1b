"""A reactor of one's own in a thread: for tests and programs that know nothing of Twisted."""

import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final, TypeVar, cast

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.python.failure import Failure

T = TypeVar("T")

PATIENCE: Final = 30.0
"""Seconds that a call into the reactor may take before the caller is told."""


class ReactorThread:
    """Runs a private reactor until `end`. The global reactor is neither used nor installed."""

    def __init__(self) -> None:
        self.reactor = _new_reactor()
        running = threading.Event()
        self.reactor.callWhenRunning(running.set)
        self._thread = threading.Thread(target=self._run, name="fakesmb", daemon=True)
        self._thread.start()
        running.wait(PATIENCE)

    def _run(self) -> None:
        self.reactor.run(installSignalHandlers=False)

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
        """Stops the reactor and its thread."""
        self.reactor.callFromThread(self.reactor.stop)
        self._thread.join(PATIENCE)


def _new_reactor() -> Any:
    if sys.platform == "linux":
        from fakesmb.transport.reactor import new_reactor

        return new_reactor()
    from twisted.internet.selectreactor import SelectReactor

    return SelectReactor()
