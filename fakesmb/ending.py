"""SIGTERM and Ctrl-C end a server within a second, whatever it is in the midst of."""

import _thread
import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, Self

SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
SECONDS: Final = 0.8
"""How long the server has to end by itself."""
LAST_WORDS: Final = 0.15
"""Seconds for what is done for a server that cannot end by itself."""


def _leave(number: int, frame: object) -> None:
    raise SystemExit(0)


def _nothing() -> None:
    """What is to be done at the end unless somebody says more."""


class Ending:
    """Inside its block, a thread of its own hears the signals: also while the main thread is held by a system call.

    It passes them on to the handlers of the main thread. Where that does not leave the block in time (a file system
    that hangs, a thread that waits for one) the process ends all the same, with 0, after `last_words`. Only what
    `finishing` speaks of is waited for: it has limits of its own.
    """

    def __init__(self) -> None:
        self.last_words: Callable[[], None] = _nothing
        self.finishing: Callable[[], bool] = bool
        self.wanted = False
        """A signal came; its exception may have been lost where Python ignores them (in a finalizer)."""
        self._left = threading.Event()
        self._heard: tuple[signal.Signals, ...] = ()
        self._thread: threading.Thread | None = None
        self._mask: set[signal.Signals] = set()
        self._handlers: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._heard = tuple(one for one in SIGNALS if signal.getsignal(one) is not signal.SIG_IGN)
            self._handlers = {one: signal.getsignal(one) for one in self._heard}
            signal.signal(signal.SIGTERM, _leave)
            # The reactor takes over Python's own handler only, not the one that was there while we were loaded.
            if signal.SIGINT in self._heard:
                signal.signal(signal.SIGINT, signal.default_int_handler)
            self._mask = {
                signal.Signals(one) for one in signal.pthread_sigmask(signal.SIG_BLOCK, self._heard)
            }
            self._thread = threading.Thread(target=self._hear, name="fakesmb signals", daemon=True)
            self._thread.start()
            if getattr(self._handlers.get(signal.SIGTERM), "wanted", False):  # of `__main__`: heard, but lost
                self.__exit__()
                raise SystemExit(0)
        return self

    def _hear(self) -> None:
        number = signal.Signals(signal.sigwait(self._heard))
        if self._left.is_set():
            return
        self.wanted = True
        _thread.interrupt_main(number)
        seconds = SECONDS
        while not self._left.wait(seconds):
            seconds = LAST_WORDS
            if not self._still_finishing():
                self._end()

    def _still_finishing(self) -> bool:
        """Waits for what has limits of its own; whether there was such a thing."""
        was = False
        while self.finishing() and not self._left.wait(0.02):
            was = True
        return was

    def _end(self) -> None:
        with suppress(RuntimeError):
            last = threading.Thread(target=self.last_words, daemon=True)
            last.start()
            last.join(LAST_WORDS)
        os._exit(0)

    def __exit__(self, *_: object) -> None:
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._left.set()
        if thread.ident is not None and thread.is_alive():
            with suppress(ProcessLookupError):
                signal.pthread_kill(thread.ident, self._heard[0])
        thread.join()
        for one, handler in self._handlers.items():
            if handler is not None:  # None: one that is not Python's
                signal.signal(one, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
