"""The bounded history that tests ask: was it requested, how often, with what; if not, what came closest."""

import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from fakesmb.record.events import Event, Exchanged, Message

if TYPE_CHECKING:
    from fakesmb.record.criteria import Criterion
    from fakesmb.record.entry import Entry

MOST_EVENTS: Final = 20_000
MOST_BYTES: Final = 64 << 20
OVERHEAD: Final = 900
"""Bytes that an event's objects take beside what came over the wire, about (measured: 750)."""
LARGEST: Final = 16_384
"""Events hold no payload: a large message does not weigh more than its names, tokens and lists can."""

_CASELESS: Final = frozenset({"user", "share", "path", "domain", "workstation"})


class Journal:
    """A sink that remembers the latest events. Criteria are the names of the record (docs/record.md).

    `path`, `share` and `user` compare without regard to case, `path` with or without its leading backslash;
    `command` and `status` also take their numbers (`status=NT.ACCESS_DENIED`). Each command of an AndX chain
    counts. A key that is not of the record is looked for in `fields`, then in their
    `parameters` and `detail`. One that is neither a key nor a field of any message raises TypeError, an unknown
    command, status or event ValueError: a misspelt question never finds nothing in silence.
    """

    name = "the journal"

    def __init__(
        self,
        *,
        most_events: int = MOST_EVENTS,
        most_bytes: int = MOST_BYTES,
        settle: Callable[[], object] | None = None,
    ) -> None:
        self._settle = settle
        """Called before each question: waits until what was answered before now has been written here."""
        self._events: deque[Event] = deque()
        self._most_events = most_events
        self._most_bytes = most_bytes
        self._bytes = 0
        self.forgotten = 0
        """Events that no longer fitted."""

    def write(self, event: Event) -> None:
        """Remembers the event and forgets the oldest beyond the bounds."""
        events = self._events
        events.append(event)
        if type(event) is Exchanged:  # nearly all are; a call more would cost as much as the rest
            self._bytes += OVERHEAD + len(event.request) + len(event.reply) + len(event.path)
        else:
            self._bytes += _weight(event)
        while len(events) > self._most_events or self._bytes > self._most_bytes:
            self._bytes -= _weight(events.popleft())
            self.forgotten += 1

    def flush(self) -> None:
        """Nothing is kept back."""

    def close(self) -> None:
        """The history stays readable."""

    def clear(self) -> None:
        """Forgets everything."""
        self._wait()
        self._events.clear()
        self._bytes = self.forgotten = 0

    def _wait(self) -> None:
        if self._settle is not None:
            self._settle()

    def __len__(self) -> int:
        self._wait()
        return len(self._events)

    @property
    def events(self) -> tuple[Event, ...]:
        """The events as they were emitted, oldest first."""
        self._wait()
        return tuple(self._events)

    def entries(self, **criteria: "Criterion") -> "list[Entry]":
        """All that match, oldest first."""
        wanted = self._checked(criteria)
        return [entry for entry in self._entries(self.events) if not _misses(entry, wanted)]

    def requests(self, **criteria: "Criterion") -> "list[Entry]":
        """The requests that match."""
        return self._messages(True, criteria)

    def responses(self, **criteria: "Criterion") -> "list[Entry]":
        """The responses that match."""
        return self._messages(False, criteria)

    def problems(self) -> "list[Entry]":
        """What went wrong inside the server."""
        return self.entries(event="problem")

    def verify(self, *, count: int | None = None, **criteria: "Criterion") -> "list[Entry]":
        """The matching requests (responses, where `status` or `took_us` is asked): `count`, or at least one.

        Raises AssertionError that shows what matched or, where too few did, the nearest miss.
        """
        request = not {"status", "took_us"} & set(criteria)
        found = self._messages(request, criteria)
        if len(found) == count or (count is None and found):
            return found
        raise AssertionError(self._mismatch(request, count, criteria, found))

    def _messages(self, request: bool, criteria: "Mapping[str, Criterion]") -> "list[Entry]":
        wanted = self._checked(criteria)
        return [entry for entry in self._all(request) if not _misses(entry, wanted)]

    def _all(self, request: bool) -> "Iterator[Entry]":
        kind = "request" if request else "response"
        return (entry for entry in self._entries(self.events) if entry.event == kind)

    @staticmethod
    def _checked(criteria: "Mapping[str, Criterion]") -> "dict[str, Criterion]":
        from fakesmb.record.criteria import checked  # as below

        return checked(criteria)

    @staticmethod
    def _entries(events: "Iterator[Event] | tuple[Event, ...]") -> "Iterator[Entry]":
        # What formats events takes longer to import than a server may to start: not before someone asks.
        from fakesmb.record.entry import entries_of

        for event in events:
            yield from entries_of(event)

    def _mismatch(
        self, request: bool, count: int | None, criteria: "Mapping[str, Criterion]", found: "list[Entry]"
    ) -> str:
        kind = "requests" if request else "responses"
        wanted = ", ".join(f"{name}={_shown(value)}" for name, value in criteria.items()) or "anything"
        number = "at least 1" if count is None else str(count)
        lines = [f"{number} {kind} expected with {wanted}: {len(found)} found."]
        lines += [f"  matched: {_line(entry)}" for entry in found[:10]]
        if count is None or len(found) < count:
            lines += self._nearest(request, self._checked(criteria))
        if self.forgotten:
            lines.append(f"The journal is bounded: {self.forgotten} older events are forgotten.")
        return "\n".join(lines)

    def _nearest(self, request: bool, wanted: "Mapping[str, Criterion]") -> list[str]:
        best: tuple[float, Entry] | None = None
        for entry in self._all(request):
            misses = _misses(entry, wanted)
            if misses:
                distance = sum(_distance(_value(entry, name), wanted[name]) for name in misses)
                if best is None or distance <= best[0]:
                    best = distance, entry
        if best is None:
            return [f"No other {'requests' if request else 'responses'} were recorded."]
        entry = best[1]
        lines = [f"Nearest miss: {_line(entry)}"]
        return lines + [
            f"  {name}: expected {_shown(wanted[name])}, was {_shown(_value(entry, name))}"
            for name in _misses(entry, wanted)
        ]


def _weight(event: Event) -> int:
    if type(event) is Exchanged:
        return OVERHEAD + len(event.request) + len(event.reply) + len(event.path)
    return OVERHEAD + min(event.size, LARGEST) if type(event) is Message else OVERHEAD


def _value(entry: "Entry", name: str) -> Any:
    if name in type(entry).__struct_fields__:
        return getattr(entry, name)
    fields = entry.fields or {}
    for place in (fields, fields.get("parameters"), fields.get("detail")):
        if isinstance(place, dict) and name in place:
            return place[name]
    return None


def _misses(entry: "Entry", wanted: "Mapping[str, Criterion]") -> list[str]:
    return [name for name, want in wanted.items() if not _matches(name, _value(entry, name), want)]


def _matches(name: str, value: Any, want: Any) -> bool:
    if isinstance(want, re.Pattern):
        return value is not None and want.search(str(value)) is not None
    if isinstance(want, Callable):  # type: ignore[arg-type]
        return value is not None and bool(want(value))
    if name in _CASELESS and isinstance(value, str) and isinstance(want, str):
        return _folded(name, value) == _folded(name, want)
    return bool(value == want)


def _folded(name: str, text: str) -> str:
    text = text.casefold()
    return "\\" + text.strip("\\") if name == "path" else text


def _distance(value: Any, want: Any) -> float:
    """1 for a value quite unlike the one wanted, less the more alike they are; more for none at all."""
    if value is None:
        return 1.5
    if isinstance(value, str) and isinstance(want, str):
        from difflib import SequenceMatcher  # as above

        return 1.0 - 0.9 * SequenceMatcher(None, value.casefold(), want.casefold()).ratio()
    return 1.0


def _shown(value: Any) -> str:
    if isinstance(value, re.Pattern):
        return f"/{value.pattern}/"
    return getattr(value, "__name__", "a condition") if callable(value) else repr(value)


def _line(entry: "Entry") -> str:
    return f"#{entry.number} {entry.summary or entry.event}"
