"""Threads that make system calls on disks that may hang, so that the reactor's own never does."""

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, Final

from fakesmb.vfs.disktask import MadeCall

PATIENCE: Final = 0.0005
"""Seconds that the reactor waits for a call before it serves others: most are done by then."""
_IDLE_SECONDS: Final = 10.0
"""So long a thread waits for another call before it ends."""


class ThreadCall(MadeCall):
    """`vfs.disktask.Call`."""

    def __init__(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        super().__init__(function, args, kwargs)
        self._then: Callable[[], object] | None = None
        self._done = threading.Lock()
        self._done.acquire()
        self._lock = threading.Lock()

    def make(self, call_from_thread: Callable[[Callable[[], object]], object]) -> None:
        """Makes the call, in the thread."""
        self.attempt()
        with self._lock:
            self._done.release()
            then = self._then
        if then is not None:
            call_from_thread(then)

    def is_done(self, then: Callable[[], object]) -> bool:
        """Whether it is done within `PATIENCE`; else `then` is called in the reactor's thread when it is."""
        if self._done.acquire(timeout=PATIENCE):
            return True
        with self._lock:
            if self._done.acquire(blocking=False):
                return True
            self._then = then
        return False


class DiskThreads:
    """`vfs.disktask.Threads`: as many threads as calls are under way at the same time."""

    def __init__(self, call_from_thread: Callable[[Callable[[], object]], object]) -> None:
        self._call_from_thread = call_from_thread
        self._calls: SimpleQueue[ThreadCall | None] = SimpleQueue()
        self._idle = 0
        self._lock = threading.Lock()

    def begin(
        self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> ThreadCall:
        """Has a thread make this call."""
        call = ThreadCall(function, args, kwargs)
        with self._lock:
            start = not self._idle
            self._idle -= not start
        self._calls.put(call)
        if start:
            # A daemon: the process does not wait at its end for a disk that hangs.
            threading.Thread(target=self._serve, name="fakesmb-disk", daemon=True).start()
        return call

    def _serve(self) -> None:
        while True:
            try:
                call = self._calls.get(timeout=_IDLE_SECONDS)
            except Empty:
                with self._lock:
                    if self._idle:  # else a call that counts on this thread is on its way
                        self._idle -= 1
                        return
                continue
            if call is None:
                return
            call.make(self._call_from_thread)
            del call
            with self._lock:
                self._idle += 1

    def end(self) -> None:
        """Those that have nothing to do end now; one whose call hangs does some time after that."""
        with self._lock:
            for _ in range(self._idle):
                self._calls.put(None)
            self._idle = 0
