"""Work that is done at once where it is short, and else by a thread that the end of the interpreter waits for."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Final

AT_ONCE: Final = 0.004
"""Seconds that the caller is kept waiting, about."""
FEW: Final = 200
"""So many steps are done at once, however slow the machine is: what is small is done when the caller goes on."""
_BETWEEN: Final = 32
"""Steps from one pause to the next."""
_PAUSE: Final = 0.001
"""Seconds."""
THREAD: Final = "fakesmb folders"


def finish_in_time(work: Iterator[None], done: Callable[[], None], seconds: float = AT_ONCE) -> None:
    """Does the work, and calls `done` from whichever thread ends it; `seconds` of it before this returns."""
    until = time.perf_counter() + seconds
    for step, _ in enumerate(work):
        if step > FEW and time.perf_counter() > until and _begin_thread(work, done):
            return
    done()


def _begin_thread(work: Iterator[None], done: Callable[[], None]) -> bool:
    """False where the interpreter ends, and would not wait for a thread any more, or where none can be had."""
    if not threading.main_thread().is_alive():
        return False
    try:
        threading.Thread(target=_finish, args=(work, done), name=THREAD, daemon=False).start()
    except RuntimeError:
        return False
    return True


def _finish(work: Iterator[None], done: Callable[[], None]) -> None:
    pace = Pace(lambda: not threading.main_thread().is_alive())
    try:
        for _ in work:
            pace.step()
    finally:
        done()


class Pace:
    """Of a thread that makes many short system calls: it pauses, else it would take the interpreter again and again
    before others who wait for it, and each of their steps would last 5 ms.
    """

    def __init__(self, hurry: Callable[[], bool]) -> None:
        """`hurry` says whether somebody waits for the work."""
        self._hurry = hurry
        self._steps = 0

    def step(self) -> None:
        """One step has been done."""
        self._steps += 1
        if not self._steps % _BETWEEN and not self._hurry():
            time.sleep(_PAUSE)
