"""Waiting for a rule to act, where a reactor runs."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred

if TYPE_CHECKING:
    from fakesmb.faults.fault import Fault


def when_hit(call_later: Callable[..., Any], fault: "Fault", n: int, timeout: float) -> "Deferred[None]":
    """Fires when a rule has acted `n` times, or fails with AssertionError after `timeout` seconds, or when it cannot.

    `call_later` is the reactor's.
    """

    def end() -> None:
        forget()
        if timer.active():
            timer.cancel()

    def cancelled(_: object) -> None:
        end()

    done: Deferred[None] = Deferred(cancelled)

    def heard() -> None:
        if done.called:
            return
        if fault.hits >= n:
            end()
            done.callback(None)
        elif fault.over:
            too_late()

    def too_late() -> None:
        end()
        done.errback(fault.missed(n, timeout))

    forget = fault.when_hit(heard)
    timer = call_later(timeout, too_late)
    heard()
    return done
