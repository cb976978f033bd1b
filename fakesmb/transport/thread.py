"""A private reactor in a thread, for tests and programs that do not run Twisted themselves."""

import _thread
import sys
import threading
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar, cast

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


class Once:
    """What happens once, and is waited for.

    An exception of a signal that breaks off the `wait` of a `threading.Event` or a `Future` may leave its lock locked,
    so that whoever is to tell that it happened waits for ever. There is nothing of the kind here.
    """

    def __init__(self) -> None:
        self._happened = False
        self._lock = _thread.allocate_lock()
        self._lock.acquire()

    def set(self) -> None:
        """It happened; called once."""
        self._happened = True
        self._lock.release()

    def wait(self, patience: float | None) -> bool:
        """Whether it happened in so many seconds (None: any time)."""
        if not self._happened and self._lock.acquire(timeout=-1 if patience is None else patience):
            self._lock.release()
        return self._happened


class Outcome(Generic[T]):
    """What comes of a call: a result or an exception, once `told`."""

    def __init__(self) -> None:
        self.told = Once()
        self.result: T | None = None
        self.error: BaseException | None = None


class ReactorThread:
    """Runs a private reactor from `begin` to `end`. The global reactor is neither used nor installed.

    When its thread has ended, every descriptor that it opened is closed, and what is still to be called in it is left.
    """

    def __init__(self) -> None:
        self.reactor: Any = None
        """Made by `begin`."""
        self._waiting: set[Outcome[Any]] = set()
        """What is still to come of calls."""
        self._ended = False
        self._changing = threading.Lock()
        """Held to change the two: no call comes after the end."""
        self._begun = False
        self._refused: Exception | None = None
        self._running = Once()
        self._thread = threading.Thread(target=self._run, name=NAME, daemon=True)

    def begin(self) -> None:
        """Starts the thread, and waits until its reactor runs. Raises OSError or RuntimeError where none is left."""
        self._begun = True
        # In a thread: an exception of a signal, which comes to the main thread only, would break what is made here.
        _thread.start_new_thread(self._start, ())
        self._running.wait(PATIENCE)
        if self._refused is not None:
            raise self._refused

    def _start(self) -> None:
        try:
            self.reactor = new_reactor()
            self._call_from_thread: Callable[..., object] = self.reactor.callFromThread
            self.reactor.callFromThread = self._call_unless_ended
            self.reactor.callWhenRunning(self._running.set)
            self._thread.start()
        except Exception as error:
            self._refused = error
            self._ended = True
            if self.reactor is not None:
                _close(self.reactor)
            self._running.set()

    def _call_unless_ended(self, function: "Callable[..., object]", *args: object, **more: object) -> None:
        """The reactor's `callFromThread`, which wakes it by a descriptor: that may be another's after the end."""
        with self._changing:
            if not self._ended:
                self._call_from_thread(function, *args, **more)

    def _run(self) -> None:
        try:
            self.reactor.run(installSignalHandlers=False)
        finally:
            with self._changing:
                self._ended = True
                waiting, self._waiting = self._waiting, set()
            for outcome in waiting:
                outcome.error = ThreadEndedError()
                outcome.told.set()
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
        outcome = Outcome[T]()

        def ours() -> bool:
            """Whether nobody has told the end meanwhile."""
            with self._changing:
                present = outcome in self._waiting
                self._waiting.discard(outcome)
            return present

        def done(result: T) -> None:
            outcome.result = result
            if ours():
                outcome.told.set()

        def failed(failure: Failure) -> None:
            outcome.error = failure.value
            if ours():
                outcome.told.set()

        def begin() -> None:
            maybeDeferred(function, *args).addCallbacks(done, failed)

        if not self._begun:
            raise ThreadEndedError
        self._running.wait(PATIENCE)  # it may have been broken off
        with self._changing:
            if self._ended:
                raise ThreadEndedError
            self._waiting.add(outcome)
            self._call_from_thread(begin)
        if not outcome.told.wait(patience):
            raise TimeoutError(f"the thread of the server has not answered for {patience:g} s")
        if outcome.error is not None:
            raise outcome.error
        return cast("T", outcome.result)

    def _stop(self) -> None:
        if self.reactor.running:  # `end` may have been broken off, and come again
            self.reactor.stop()

    def end(self) -> None:
        """Stops the reactor and waits for its thread. Safe to call again, also where an exception broke it off."""
        if not self._begun:
            return
        self._running.wait(PATIENCE)
        if self._refused is None:
            self.reactor.callFromThread(self._stop)
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
