"""What identifiers meant at each message: followed when somebody asks, so that it costs nobody else anything."""

from collections.abc import Callable
from time import perf_counter
from typing import Any, Final

from twisted.internet.defer import Deferred

from fakesmb.record.events import Event, Exchanged
from fakesmb.trace.context import NO_CONTEXT, Context
from fakesmb.trace.follow import Follower
from fakesmb.web.told import Place, Told
from fakesmb.wire.commands import Command
from fakesmb.wire.header import COMMAND_AT, HEADER_SIZE

SLICE_SECONDS: Final = 0.002
"""So long is followed at a stretch."""
_CHANGE_NOTHING: Final = frozenset(
    {
        Command.READ_ANDX,
        Command.WRITE_ANDX,
        Command.READ,
        Command.WRITE,
        Command.ECHO,
        Command.LOCKING_ANDX,
        Command.QUERY_INFORMATION,
        Command.QUERY_INFORMATION2,
        Command.CHECK_DIRECTORY,
        Command.FLUSH,
    }
)
"""Commands, of files, after which identifiers mean what they meant before."""
_IPC: Final = "IPC$"


class Contexts:
    """Those of all that is remembered."""

    def __init__(self, told: Told, reactor: Any, clock: Callable[[], float] = perf_counter) -> None:
        self._told = told
        self._reactor = reactor
        self._clock = clock
        self._follower = Follower()
        self._last = 0
        """The id up to which is followed."""
        self._contexts: dict[int, Context] = {}
        """Of what is remembered and followed, by the id of its first message."""
        told.forgetting = self._forget

    def of(self, place: Place) -> "Deferred[Context]":
        """The context of an event; fires when all before it are followed, a slice at a turn of the reactor."""
        done: Deferred[Context] = Deferred()

        def go_on() -> None:
            if done.called:  # nobody waits any more
                return
            if self._follow(place.last):
                done.callback(self._contexts.get(place.id, NO_CONTEXT))
            else:
                self._reactor.callLater(0, go_on)

        go_on()
        return done

    def _follow(self, last: int) -> bool:
        """Follows up to that id, for a slice of time; whether it is all."""
        until = self._clock() + SLICE_SECONDS
        for place in self._told.after(self._last):
            if place.id > last:
                break
            self._contexts[place.id] = self._follower.follow(place.event)
            self._last = place.last
            if self._clock() >= until and self._last < last:
                return False
        return True

    def _forget(self, place: Place) -> None:
        """What is forgotten unfollowed may have changed what identifiers mean."""
        if place.id <= self._last:
            self._contexts.pop(place.id, None)
            return
        if changes(place.event):
            self._follower.follow(place.event)
        self._last = place.last


def changes(event: Event) -> bool:
    """Whether identifiers may mean something else after it."""
    if not isinstance(event, Exchanged):
        return True
    message = event.request or event.reply
    if len(message) < HEADER_SIZE or event.share.upper() == _IPC:
        return True
    return message[COMMAND_AT] not in _CHANGE_NOTHING or event.faults != () or _is_chain(message)


def _is_chain(message: bytes) -> bool:
    """Whether an AndX command has another behind it."""
    words = message[HEADER_SIZE + 1 :]
    return message[COMMAND_AT] in _ANDX and len(words) > 0 and words[0] != 0xFF


_ANDX: Final = frozenset({Command.READ_ANDX, Command.WRITE_ANDX, Command.LOCKING_ANDX})
