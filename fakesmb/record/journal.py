"""The bounded history that tests ask: what was requested, how it was answered; if not, what came closest."""

import threading
from bisect import bisect_left
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from fakesmb.record.events import Event, Exchanged
from fakesmb.record.pairs import Happened, Pair, Pairing
from fakesmb.record.questions import Questions, Window

if TYPE_CHECKING:
    from fakesmb.record.journalentry import JournalEntry

MOST_EVENTS: Final = 20_000
MOST_BYTES: Final = 64 << 20
OVERHEAD: Final = 900
"""Bytes that an event's objects take beside what came over the wire, about (measured: 750)."""

OFF: Final = (
    "the journal is off (journal=0, [log] journal, --journal): it remembers nothing that could be asked for"
)


class Mark:
    """A moment of a journal, for `since`."""

    __slots__ = ("journal", "ordinal")

    def __init__(self, journal: "Journal", ordinal: int) -> None:
        self.journal = journal
        self.ordinal = ordinal

    def __repr__(self) -> str:
        return f"<mark after event {self.ordinal}>"


class Journal(Questions):
    """A sink that remembers the latest events, and answers questions about them.

    It is bounded by events and by bytes. What goes beyond is forgotten, and a question whose answer that could change
    fails and says so. Questions may come from any thread, also after the server has stopped.
    """

    name = "the journal"

    def __init__(
        self,
        *,
        most_events: int = MOST_EVENTS,
        most_bytes: int = MOST_BYTES,
        keep_data: int = 0,
        settle: Callable[[], object] | None = None,
    ) -> None:
        """`settle`: see there."""
        self.settle = settle
        """Called before each question: waits until what was answered before now has been written here."""
        self.keep_data = keep_data
        """Bytes of each read and write that the server gives with the event."""
        self.all_unmet: list[str] = []
        """As `unmet`, with those of before `clear`."""
        self.unmet: list[str] = []
        """What `expect` waited for in vain, in words."""
        self._events: deque[Event] = deque()
        self._most_events = most_events
        self._most_bytes = most_bytes
        self._bytes = 0
        self._first = 0
        """The place of the oldest event that is remembered among all that came."""
        self._dropping = False
        """Whether the writer is between forgetting an event and counting it."""
        self._start = 0
        """Where `clear` was called last."""
        self._cleared = False
        self._lock = threading.Lock()
        """Held by those who ask, never by the writer."""
        self._pairing = Pairing()
        self._paired = 0
        """How many of all events the pairing has seen."""
        self._wakers: tuple[Callable[[], object], ...] = ()

    # -- the sink ------------------------------------------------------------------------------------------

    def write(self, event: Event) -> None:
        """Remembers the event and forgets the oldest beyond the bounds."""
        events = self._events
        events.append(event)
        if type(event) is Exchanged:  # nearly all are; a call more would cost as much as the rest
            self._bytes += OVERHEAD + len(event.request) + len(event.reply) + len(event.path)
            if event.data is not None:
                self._bytes += len(event.data)
        else:
            self._bytes += OVERHEAD
        while len(events) > self._most_events or self._bytes > self._most_bytes:
            self._dropping = True
            self._bytes -= _weight(events.popleft())
            self._first += 1
            self._dropping = False

    def flush(self) -> None:
        """Nothing is kept back."""

    def close(self) -> None:
        """The history stays readable."""

    # -- who waits -----------------------------------------------------------------------------------------

    def _wake_by(self, waker: Callable[[], object]) -> None:
        """Has `waker` called after each event from now on, in the reactor's thread. Where none is it costs nothing."""
        with self._lock:
            self._wakers += (waker,)
            self.write = self._write_and_wake  # type: ignore[method-assign]

    def _wake_no_more(self, waker: Callable[[], object]) -> None:
        with self._lock:
            self._wakers = tuple(one for one in self._wakers if one is not waker)
            if not self._wakers:
                self.__dict__.pop("write", None)

    def _write_and_wake(self, event: Event) -> None:
        Journal.write(self, event)
        for waker in self._wakers:
            waker()

    # -- the history ---------------------------------------------------------------------------------------

    @property
    def forgotten(self) -> int:
        """Events since the beginning, or the last `clear`, that no longer fitted."""
        return max(0, self._first - self._start)

    @property
    def events(self) -> tuple[Event, ...]:
        """The events as they were emitted, oldest first."""
        self._wait()
        first, events = self._snapshot()
        return events[max(0, self._start - first) :]

    def __len__(self) -> int:
        """How many events there are."""
        return len(self.events)

    def __bool__(self) -> bool:
        """A journal that is empty is one nonetheless."""
        return True

    def problems(self) -> "list[JournalEntry]":
        """What went wrong inside the server."""
        return super().problems() if self._most_events else []

    def mark(self) -> Mark:
        """This moment: what was answered before it is not `since` it."""
        self._wait()
        first, events = self._snapshot()
        return Mark(self, first + len(events))

    def clear(self) -> None:
        """Forgets everything, `unmet` too. What happens from now on is asked for."""
        self._start = self.mark().ordinal
        self._cleared = True
        self.unmet.clear()

    def lines(self, count: int = 20) -> list[str]:
        """The last lines of the text log, at most so many."""
        from fakesmb.record.lastlines import last_lines

        return last_lines(self.events, count)

    def _wait(self) -> None:
        if self.settle is not None:
            self.settle()

    def _snapshot(self) -> tuple[int, tuple[Event, ...]]:
        """The place of the first event, and the events: what belongs together, while the writer goes on."""
        while True:
            first = self._first
            if not self._dropping:
                events = tuple(self._events)
                if not self._dropping and first == self._first:
                    return first, events

    def _items(self, start: int) -> tuple[int, list[Pair | Happened]]:
        """The place of the first event that is remembered, and what began at `start` or later."""
        self._wait()
        with self._lock:
            first, events = self._snapshot()
            new = self._paired - first
            if new < 0:  # more came than are remembered
                self._paired, new = first, 0
            for ordinal, event in enumerate(events[new:], self._paired):
                self._pairing.add(ordinal, event)
            self._paired = first + len(events)
            pairing, oldest = self._pairing, max(first, self._start)
            if pairing.items and pairing.items[0].last < oldest:
                pairing.forget(oldest)
            return first, pairing.items[bisect_left(pairing.items, start, key=_place) :]

    @property
    def _keeps_data(self) -> bool:
        return self.keep_data > 0

    @property
    def _by_bytes(self) -> bool:
        return self._first > 0 and len(self._events) < self._most_events

    def _window(self) -> Window:
        if not self._most_events:
            raise RuntimeError(OFF)
        start = self._start
        first, items = self._items(start)
        since = "the journal was cleared" if self._cleared else "the server began"
        return Window(items, max(0, first - start), since, self._by_bytes)

    def _window_since(self, mark: Mark) -> Window:
        if not self._most_events:
            raise RuntimeError(OFF)
        start = max(mark.ordinal, self._start)
        first, items = self._items(start)
        lost = max(first, self._start) - mark.ordinal
        return Window(items, max(0, lost), "the mark", self._by_bytes)

    def since(self, mark: Mark) -> "Since":
        """The same questions, of what began after the mark. Raises ValueError for the mark of another journal."""
        __tracebackhide__ = True
        return Since(self, self._own(mark))

    def _own(self, mark: Mark) -> Mark:
        __tracebackhide__ = True
        if not isinstance(mark, Mark):
            raise TypeError(f"since takes what mark() gave, not {mark!r}")
        if mark.journal is not self:
            raise ValueError("the mark is another journal's")
        return mark


class Since(Questions):
    """What happened after a mark."""

    def __init__(self, journal: Journal, mark: Mark) -> None:
        self._journal = journal
        self._mark = mark

    def _window(self) -> Window:
        return self._journal._window_since(self._mark)

    @property
    def _keeps_data(self) -> bool:
        return self._journal.keep_data > 0


def _place(item: Pair | Happened) -> int:
    return item.ordinal


def _weight(event: Event) -> int:
    if type(event) is Exchanged:
        kept = 0 if event.data is None else len(event.data)
        return OVERHEAD + len(event.request) + len(event.reply) + len(event.path) + kept
    return OVERHEAD
