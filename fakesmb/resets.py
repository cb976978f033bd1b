"""`reset()`: a server that runs becomes as it was when it started, or parts of it, without being started again."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from threading import get_ident
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from twisted.internet.defer import Deferred, DeferredLock, inlineCallbacks, succeed

from fakesmb.mistakes import ConfigError
from fakesmb.nt.nearest import nearest
from fakesmb.transport.direct import DirectTCPFactory

if TYPE_CHECKING:
    from collections.abc import Generator

    from twisted.internet.interfaces import IDelayedCall

    from fakesmb.folders.private import PrivateFolders

Part = Literal["journal", "faults", "shares", "sessions"]
"""What can be reset by itself. Private folders are exchanged while no client is there: `shares` drops them, too."""
PARTS: Final[tuple[Part, ...]] = get_args(Part)
REASON: Final = "the server is reset"
STOPPED: Final = "the server was stopped before it was reset"
PATIENCE: Final = 0.1
"""Seconds that clients have to take their last replies."""
DISK_PATIENCE: Final = 5.0
"""Seconds that a disk has which hangs, until it is said that the server cannot be reset."""
_LOOKS: Final = 0.002
"""Seconds from one look to the next for what no call tells: connections that wait for a disk or a later turn."""


class Resets:
    """The resets of one server that runs, one after the other. All is called in the reactor's thread.

    `ports` listen; `forget` forgets what is not of the core: faults, then the journal.
    """

    def __init__(
        self,
        reactor: Any,
        factory: DirectTCPFactory,
        ports: Sequence[Any],
        folders: "PrivateFolders | None",
        forget: Callable[[Collection[Part]], object],
    ) -> None:
        self._reactor = reactor
        self._factory = factory
        self._ports = ports
        self._folders = folders
        self._forget = forget
        self._lock = DeferredLock()
        self._ended = False

    def reset(self, parts: Collection[Part] = PARTS) -> Deferred[None]:
        """Drops the clients, whose last events come before the journal is cleared; then shares, faults, journal,
        and where both sessions and journal begin anew identifiers. Fires when that is done.

        Fails with `ConfigError` where a private folder cannot be made again, RuntimeError where the server stops first
        or a disk hangs.
        """
        return self._lock.run(self._reset, parts)

    def wait_for_spare(self) -> Deferred[None]:
        """Fires when no thread makes spare copies."""
        return succeed(None) if self._folders is None else self._in_reactor(self._folders.when_ready)

    def end(self) -> Deferred[None]:
        """The server stops: a reset that is under way fails soon, and none begins. Fires when that is so."""
        self._ended = True
        if self._folders is not None:
            self._folders.give_up()
        return self._lock.run(succeed, None)

    @inlineCallbacks
    def _reset(self, parts: Collection[Part]) -> "Generator[Deferred[Any], Any, None]":
        self._check()
        folders = self._folders if "shares" in parts else None
        if "shares" not in parts and "sessions" not in parts:
            self._forget(parts)
            return
        if folders is not None:
            yield self._in_reactor(folders.when_ready)
        with self._nobody_comes():
            yield _Leaving(self._reactor, self._factory).done
            trouble = None
            if folders is not None:
                trouble = yield self._in_reactor(folders.exchange)
            self._forget(parts)
            if "sessions" in parts and "journal" in parts:  # what the journal keeps has the numbers of before
                self._factory.server.begin_again()
        if folders is not None:
            folders.make_spares()
        self._check()
        if trouble is not None:
            raise ConfigError(str(trouble))

    def _check(self) -> None:
        if self._ended:
            raise RuntimeError(STOPPED)

    @contextmanager
    def _nobody_comes(self) -> Iterator[None]:
        """Who connects meanwhile waits in the system's queue."""
        self._check()
        for port in self._ports:
            port.pauseProducing()
        try:
            yield
        finally:
            for port in self._ports:
                if port.connected:
                    port.resumeProducing()

    def _in_reactor(self, begin: Callable[[Callable[..., None]], None]) -> Deferred[Any]:
        """Fires with what `begin` calls back, at once or from another thread."""
        done: Deferred[Any] = Deferred()
        here = get_ident()

        def arrived(*given: object) -> None:
            result = given[0] if given else None
            if get_ident() == here:
                done.callback(result)
            else:
                self._reactor.callFromThread(done.callback, result)

        begin(arrived)
        return done


class _Leaving:
    """All clients are dropped: `done` fires when their transports are closed, and all that they had open is."""

    def __init__(self, reactor: Any, factory: DirectTCPFactory) -> None:
        self.done: Deferred[None] = Deferred()
        self._reactor = reactor
        self._factory = factory
        self._next: IDelayedCall | None = None
        self._timers = [
            reactor.callLater(PATIENCE, factory.abort_all),
            reactor.callLater(DISK_PATIENCE, self._too_late),
        ]
        for protocol in tuple(factory.connected):
            protocol.linger_no_more()
        factory.drop_all(REASON)
        factory.on_disconnect = self._look
        self._look()

    def _look(self) -> None:
        if self.done.called or self._factory.connected:  # the last to end calls again
            return
        if not self._factory.server.connections:
            self._end(None)
        elif self._next is None or not self._next.active():
            self._next = self._reactor.callLater(_LOOKS, self._look)

    def _too_late(self) -> None:
        waiting = len(self._factory.server.connections)
        self._end(
            RuntimeError(f"{waiting} connections wait for a disk that does not answer: no reset is possible")
        )

    def _end(self, trouble: Exception | None) -> None:
        self._factory.on_disconnect = None
        for timer in (*self._timers, self._next):
            if timer is not None and timer.active():
                timer.cancel()
        if trouble is None:
            self.done.callback(None)
        else:
            self.done.errback(trouble)


def checked(parts: Collection[str]) -> tuple[Part, ...]:
    """The parts, all of them where none is named. Raises ValueError for what is none."""
    for part in parts:
        if part not in PARTS:
            raise ValueError(f"no part is called {part!r}{nearest(part, PARTS)} ({', '.join(PARTS)})")
    return tuple(part for part in PARTS if not parts or part in parts)
