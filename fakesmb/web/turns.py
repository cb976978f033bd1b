"""Long work in short turns of the reactor, so that no client of SMB waits for somebody who looks."""

from collections.abc import Generator
from time import perf_counter
from typing import Any, Final, TypeVar

from twisted.internet.defer import Deferred

T = TypeVar("T")
SLICE_SECONDS: Final = 0.005


def in_turns(reactor: Any, work: Generator[object, None, T]) -> "Deferred[T]":
    """Goes through a generator, a moment at each turn; fires with what it returns. Cancelled, it closes it."""
    done: Deferred[T] = Deferred(lambda _: work.close())

    def go_on() -> None:
        if done.called:
            return
        until = perf_counter() + SLICE_SECONDS
        try:
            while perf_counter() < until:
                next(work)
        except StopIteration as end:
            done.callback(end.value)
        except Exception:
            done.errback()
        else:
            reactor.callLater(0, go_on)

    go_on()
    return done
