"""What happened, in the order told: each message and each event of a connection has an id, from 1, that no other has.

Ids are counted here, as events come; entries are made of them when somebody looks. It is bounded as the journal is.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from fakesmb.record.events import Event, Exchanged, Shown
from fakesmb.record.journal import MOST_BYTES, OVERHEAD
from fakesmb.record.jsonl import JsonLines

_SPARE: Final = 4096
"""Places of forgotten events that the lists keep at most before they are cut."""


class Place(NamedTuple):
    """An event and the id of the first that it tells."""

    id: int
    event: Event

    @property
    def last(self) -> int:
        """The id of the last that it tells."""
        return self.id + count(self.event) - 1


class Told:
    """A sink that numbers what it is given, and remembers the latest."""

    name = "the control API"

    def __init__(self, most_events: int, most_bytes: int = MOST_BYTES) -> None:
        self.last = 0
        """The id of the newest."""
        self.cleared = 0
        """The id of the newest when `clear` was called last."""
        self.resets = 0
        """How often it was."""
        self._most_events = most_events
        self._most_bytes = most_bytes
        self._bytes = 0
        self._ids: list[int] = []
        self._events: list[Event | None] = []
        self._first = 0
        """The place in both lists of the oldest that is remembered."""
        self._wakers: tuple[Callable[[], object], ...] = ()
        self.forgetting: Callable[[Place], None] | None = None
        """Is told of each event that is forgotten."""
        self._lines = JsonLines(_Nowhere())

    # -- the sink ------------------------------------------------------------------------------------------

    def write(self, event: Event) -> None:
        """Numbers and remembers the event, and forgets the oldest beyond the bounds."""
        new = count(event)
        if not new:
            return
        self._ids.append(self.last + 1)
        self._events.append(event)
        self.last += new
        self._bytes += _weight(event)
        while len(self._ids) - self._first > self._most_events or self._bytes > self._most_bytes:
            oldest = self._place(self._first)
            self._bytes -= _weight(oldest.event)
            self._events[self._first] = None
            self._first += 1
            if self.forgetting is not None:
                self.forgetting(oldest)
        if self._first > _SPARE:
            del self._ids[: self._first], self._events[: self._first]
            self._first = 0
        for waker in self._wakers:
            waker()

    def flush(self) -> None:
        """Nothing is kept back."""

    def close(self) -> None:
        """The history stays readable."""

    def wake(self, waker: Callable[[], object]) -> Callable[[], None]:
        """Has `waker` called after each event; gives what ends that."""
        self._wakers += (waker,)

        def end() -> None:
            self._wakers = tuple(one for one in self._wakers if one is not waker)

        return end

    def __len__(self) -> int:
        """How many events are remembered."""
        return len(self._ids) - self._first

    # -- the history ---------------------------------------------------------------------------------------

    def clear(self) -> None:
        """Forgets all; ids go on."""
        if self.forgetting is not None:
            for place in self.after(0):
                self.forgetting(place)
        self._ids.clear()
        self._events.clear()
        self._first = self._bytes = 0
        self.cleared = self.last
        self.resets += 1
        for waker in self._wakers:
            waker()

    def forgotten(self, after: int = 0) -> int:
        """How many behind that id, and since it was cleared, are not remembered."""
        oldest = self._ids[self._first] if self._first < len(self._ids) else self.last + 1
        return max(0, oldest - 1 - max(after, self.cleared))

    def after(self, last: int) -> Iterator[Place]:
        """What tells ids behind that one, oldest first. It goes on where others come or are forgotten meanwhile."""
        while True:
            index = max(self._first, bisect_right(self._ids, last))
            if index > self._first and index <= len(self._ids):
                before = self._place(index - 1)
                if before.last > last:  # it tells two, and the second is wanted
                    index -= 1
            if index >= len(self._ids):
                return
            place = self._place(index)
            yield place
            last = place.last

    def at(self, wanted: int) -> Place | None:
        """What tells the one of that id; None where it is forgotten, or still to come."""
        index = bisect_right(self._ids, wanted) - 1
        if index < self._first:
            return None
        place = self._place(index)
        return place if wanted <= place.last else None

    def _place(self, index: int) -> Place:
        event = self._events[index]
        assert event is not None
        return Place(self._ids[index], event)

    # -- how it is shown -----------------------------------------------------------------------------------

    def lines(self, place: Place) -> list[tuple[int, bytes]]:
        """The entries of an event as JSON, each with its id."""
        found = self._lines.lines(place.event).split(b"\n")[:-1]
        return [(number, b'{"id":%d,%b' % (number, line[1:])) for number, line in enumerate(found, place.id)]


def count(event: Event) -> int:
    """How many ids an event takes: one for each message that it tells, and one for what is no message."""
    if type(event) is not Exchanged:
        return 1
    shown = event.shown
    return (1 if shown & Shown.REQUEST and event.request else 0) + (
        1 if shown & Shown.REPLY and event.reply else 0
    )


def _weight(event: Event) -> int:
    if type(event) is Exchanged:
        return OVERHEAD + len(event.request) + len(event.reply) + len(event.path) + len(event.data or b"")
    return OVERHEAD


class _Nowhere:
    """An output for a maker of lines who is only asked for them."""

    def put(self, data: bytes) -> None:
        """Nothing is put."""

    def close(self) -> None:
        """There is nothing to close."""
