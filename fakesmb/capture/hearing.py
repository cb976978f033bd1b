"""What a server hears of its connections, and what its record says of it, goes to all captures that are under way."""

import time
from collections.abc import Callable
from typing import Any, Final, Protocol

from fakesmb.capture.cutting import Shortened
from fakesmb.capture.notes import Began, Came, Ended, HalfClosed, Left, Note
from fakesmb.capture.packets import End
from fakesmb.record.ends import How
from fakesmb.record.events import Event, Exchanged, Message
from fakesmb.record.log import EventLog
from fakesmb.wire.codec import Buffer

PASS_ON_SECONDS: Final = 0.03
"""How soon what is heard is passed on."""
QUIET: Final = 3
"""So often nothing is passed on before nobody looks any more: what waits for its event in vain goes on meanwhile."""
MOST_BYTES: Final = 1 << 20
"""Of what was heard and not passed on yet; beyond it that is done at once."""
LEAST_KEPT: Final = 512
"""Bytes of a message that makers are given, whatever they keep of it: they look into it."""


class Taker(Protocol):
    """A capture, as the server sees it."""

    snap: int
    """Bytes of a packet that it keeps; 0: all."""

    @property
    def is_behind(self) -> bool:
        """Whether it has something to do with what it took that it leaves for the next time."""

    def begin(self, listening: tuple[End, ...]) -> None:
        """The server listens there."""

    def take(self, notes: list[Note]) -> bool:
        """Takes what happened since it was called last; False where it has ended by itself."""

    def end(self) -> None:
        """Nothing follows: makes it whole. Waits until that is done."""


class _Place:
    """A capture, and what it is still to be given."""

    __slots__ = ("known", "notes", "taker")

    def __init__(self, taker: Taker) -> None:
        self.taker = taker
        self.notes: list[Note] = []
        self.known: set[int] = set()
        """The connections that it has."""


class Hearing:
    """A sniffer (`transport.sniffing.Sniffer`) and a place for the record, for all captures of a server.

    Where there is none it hears nothing.
    """

    name = "the captures"

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._places: tuple[_Place, ...] = ()
        self._arm: Callable[[Any], None] | None = None
        """Has the server's connections heard, or not any more; None before it listens."""
        self._later: Callable[[float, Callable[[], None]], Any] | None = None
        self._timer: Any = None
        """Will pass on what was heard; None while nothing is."""
        self._quiet = 0
        """How often there was nothing."""
        self._listening: tuple[End, ...] = ()
        self._keys = 0
        self._bytes = 0
        self._snap: int | None = None
        """Bytes of a message that are kept; None: all."""
        self._shortened: dict[int, Shortened] = {}

    # -- captures that come and go -------------------------------------------------------------------------

    def start(
        self,
        listening: tuple[End, ...],
        arm: Callable[[Any], None],
        later: Callable[[float, Callable[[], None]], Any],
    ) -> None:
        """The server listens there: from now on `arm` has its connections heard; `later` is the reactor's."""
        self._listening, self._arm, self._later = listening, arm, later
        for place in self._places:
            place.taker.begin(listening)
        if self._places:
            self._hear()

    def add(self, taker: Taker) -> None:
        """One more capture, from now on."""
        place = _Place(taker)
        if self._arm is not None:
            self.pass_on()
            taker.begin(self._listening)
        self._keep_enough(taker.snap)
        self._places = (*self._places, place)
        if self._arm is not None:
            self._hear()

    def remove(self, taker: Taker) -> None:
        """Nothing more goes to it; it has what there was until now."""
        if self._arm is not None:
            self.pass_on()
        self._take_out(taker)

    def _take_out(self, taker: Taker) -> None:
        if all(place.taker is not taker for place in self._places):
            return
        self._places = tuple(place for place in self._places if place.taker is not taker)
        if not self._places and self._arm is not None:
            self._arm(None)
            self._log.remove(self)
            self._shortened.clear()
            if self._timer is not None and self._timer.active():
                self._timer.cancel()
            self._timer = None

    def stop(self) -> None:
        """The server has stopped: ends all captures."""
        places = self._places
        for place in places:
            self.remove(place.taker)
        self._arm = None
        for place in places:
            place.taker.end()

    def _hear(self) -> None:
        assert self._arm is not None
        if self not in self._log.sinks:
            self._log.add(self)
        self._arm(self)

    def _wait(self) -> None:
        assert self._later is not None
        self._timer = self._later(PASS_ON_SECONDS, self._next)

    def _next(self) -> None:
        self._timer = None
        self.pass_on()
        if self._places and (self._quiet < QUIET or any(place.taker.is_behind for place in self._places)):
            self._wait()

    def pass_on(self) -> None:
        """Gives all captures what was heard until now."""
        self._bytes = 0
        self._quiet += 1
        for place in self._places:
            notes, place.notes = place.notes, []
            if notes:
                self._quiet = 0
            if not place.taker.take(notes):
                self._take_out(place.taker)

    def _keep_enough(self, snap: int) -> None:
        """So much of messages is wanted, too. It never becomes less while somebody listens: who looks for the ends of
        messages has to have seen all that came before.
        """
        if not self._places:
            self._snap = max(snap, LEAST_KEPT) if snap else None
        elif not snap:
            self._snap = None
        elif self._snap is not None:
            self._snap = max(snap, self._snap)
            for one in self._shortened.values():
                one.snap = self._snap

    # -- what is heard -------------------------------------------------------------------------------------

    def _note(self, key: int, note: Note) -> None:
        for place in self._places:
            if key in place.known:
                place.notes.append(note)
        if self._timer is None:
            self._wait()

    def key(self) -> int:
        """The next connection's."""
        self._keys += 1
        return self._keys

    def began(
        self, key: int, connection: int, client: tuple[str, int], server: tuple[str, int], *, handshake: bool
    ) -> None:
        """A connection is there, new or between two messages."""
        note = Began(key, connection, time.time(), client, server, handshake)
        for place in self._places:
            if key not in place.known:
                place.known.add(key)
                place.notes.append(note)
        if self._timer is None:
            self._wait()
        if self._snap is not None and key not in self._shortened:
            self._shortened[key] = Shortened(self._snap)

    def came(self, key: int, data: bytes) -> None:
        """Bytes of the client."""
        if self._bytes > MOST_BYTES:  # between two messages, of which the record has told
            self.pass_on()
        now, size = time.time(), len(data)
        snap = self._snap
        if snap is None:
            self._bytes += size
            self._note(key, Came(key, now, data, size))
            return
        shortened = self._shortened.get(key)
        if shortened is None:  # the connection is still to begin
            return
        if shortened.is_short(data):
            self._bytes += size
            self._note(key, Came(key, now, data, size))
            return
        for kept, whole in shortened.take(data):
            self._bytes += len(kept)
            self._note(key, Came(key, now, kept, whole))

    def left(self, key: int, frame: list[Buffer]) -> None:
        """A frame, or a piece of one."""
        first = frame[0]
        data = first if len(frame) == 1 and type(first) is bytes else b"".join(frame)
        size = len(data)
        if self._snap is not None and size > self._snap:
            data = data[: self._snap]
        self._bytes += len(data)
        self._note(key, Left(key, time.time(), data, size))

    def most_of_range(self, frame: list[Buffer]) -> int | None:
        """How much of a file it wants behind a frame."""
        return None if self._snap is None else max(0, self._snap - sum(map(len, frame)))

    def left_range(self, key: int, frame: list[Buffer], data: bytes, size: int) -> None:
        """A frame that ends with `size` bytes of a file."""
        head = b"".join(frame)
        self._bytes += len(head) + len(data)
        self._note(key, Left(key, time.time(), head + data, len(head) + size))

    def half_closed(self, key: int) -> None:
        """The server sends no more."""
        self._note(key, HalfClosed(key, time.time()))

    def ended(self, key: int, how: How) -> None:
        """A connection is over."""
        self._note(key, Ended(key, time.time(), how))
        self._shortened.pop(key, None)
        for place in self._places:
            place.known.discard(key)

    # -- what the record tells -----------------------------------------------------------------------------

    def write(self, event: Event) -> None:
        """What the record says of all this."""
        if type(event) is Exchanged and event.data is not None:
            event = _without_data(event)
        if not isinstance(event, Message):
            for place in self._places:
                place.notes.append(event)
            if self._timer is None and self._later is not None:
                self._wait()

    def flush(self) -> None:
        """It is passed on in its own time."""

    def close(self) -> None:
        """The record ends with the server, which stops the captures then."""


def _without_data(event: Exchanged) -> Exchanged:
    from msgspec.structs import replace

    return replace(event, data=None)
