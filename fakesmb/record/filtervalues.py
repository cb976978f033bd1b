"""What a filter looks at in a subject: a `JournalEntry`, or `Lines`, which have the same attributes."""

from collections.abc import Callable, Iterable, Mapping
from struct import Struct
from typing import Any, Final

from fakesmb.record import entry
from fakesmb.record.events import Exchanged, Shown
from fakesmb.record.filterlines import Lines
from fakesmb.record.journalentry import JournalEntry
from fakesmb.record.pairs import Pair
from fakesmb.wire.header import HEADER_SIZE

Subject = JournalEntry | Lines
Values = Callable[[Any], Iterable[Any]]
"""The values of a subject that a comparison looks at; none where it has none."""


def attribute(name: str) -> Values:
    """The one value of an attribute, where there is one."""

    def values(subject: Subject) -> Iterable[Any]:
        value = getattr(subject, name)
        return () if value is None else (value,)

    return values


_IDS: Final[Mapping[str, Struct]] = {"tid": Struct("<24xH"), "uid": Struct("<28xH"), "mid": Struct("<30xH")}
_PID: Final = Struct("<12xH12xH")


def identifier(name: str) -> Values:
    """An identifier of the header, of request and answer."""

    def values(subject: Subject) -> Iterable[int]:
        if isinstance(subject, Lines):
            yield from subject.both(name)
            return
        for message in _messages(subject):
            if len(message) >= HEADER_SIZE:
                yield _identifier(message, name)

    return values


def _identifier(message: bytes, name: str) -> int:
    if name == "pid":
        high, low = _PID.unpack_from(message)
        return int(high << 16 | low)
    return int(_IDS[name].unpack_from(message)[0])


def _messages(subject: JournalEntry) -> Iterable[bytes]:
    if isinstance(subject.item, Pair):
        asked, answered = subject.item.asked, subject.item.answered
        if asked is not None:
            yield asked.request
        if answered is not None:
            yield answered.reply


def numbers(subject: Subject) -> Iterable[int]:
    """The numbers of the messages that are told."""
    if isinstance(subject, Lines):
        yield from subject.both("number")
        return
    for event in _events(subject):
        yield event.number
        if event.shown == Shown.BOTH and event.reply:
            yield event.number + 1


def _events(subject: JournalEntry) -> list[Exchanged]:
    if not isinstance(subject.item, Pair):
        return []
    asked, answered = subject.item.asked, subject.item.answered
    return [event for event in ((asked,) if asked is answered else (asked, answered)) if event is not None]


def sizes(subject: Subject) -> Iterable[int]:
    """Bytes of the two messages."""
    if isinstance(subject, Lines):
        yield from subject.both("length") if subject.is_message else ()
    elif isinstance(subject.item, Pair):
        asked, answered = subject.item.asked, subject.item.answered
        if asked is not None:
            yield asked.request_size
        if answered is not None and answered.reply:
            yield answered.reply_size


def events(subject: Subject) -> Iterable[str]:
    """`exchange`, and which of its halves there are; of a connection what befell it."""
    if isinstance(subject, Lines):
        halves = (subject.asked, subject.answer) if subject.is_message else None
        what = subject.told.event
    else:
        pair = subject.item
        halves = (pair.asked, pair.answered) if isinstance(pair, Pair) else None  # type: ignore[assignment]
        what = subject.event
    if halves is None:
        yield what
        return
    yield "exchange"
    yield from (name for name, half in zip(("request", "response"), halves, strict=True) if half is not None)


def directions(subject: Subject) -> Iterable[str]:
    """`C` and `R`, of the halves that there are."""
    found = set(events(subject))
    yield from (letter for letter, name in (("C", "request"), ("R", "response")) if name in found)


def of_connection(name: str) -> Values:
    """A key that only events of connections have."""

    def values(subject: Subject) -> Iterable[Any]:
        if isinstance(subject, Lines):
            line = None if subject.is_message else subject.told
        else:
            told = subject.item.told
            line = None if isinstance(subject.item, Pair) else entry.entry_of(told)  # type: ignore[arg-type]
        value = None if line is None else getattr(line, name)
        return () if value is None else (value,)

    return values
