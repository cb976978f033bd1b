"""Work that is done at once where it is short, and else by a thread that the end of the interpreter waits for."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Final

AT_ONCE: Final = 0.004
"""Seconds that the caller is kept waiting, about."""
FEW: Final = 200
"""So many steps are done at once, however slow the machine is: what is small is done when the caller goes on."""
THREAD: Final = "fakesmb folders"


def finish_in_time(work: Iterator[None], done: Callable[[], None], seconds: float = AT_ONCE) -> None:
    """Does the work, and calls `done` from whichever thread ends it; `seconds` of it before this returns."""
    until = time.perf_counter() + seconds
    for step, _ in enumerate(work):
        if step > FEW and time.perf_counter() > until:
            threading.Thread(target=_finish, args=(work, done), name=THREAD, daemon=False).start()
            return
    done()


def _finish(work: Iterator[None], done: Callable[[], None]) -> None:
    try:
        for _ in work:
            pass
    finally:
        done()
