"""Which messages are shown, or asked for: `command=READ path=\\dir\\* status!=SUCCESS`.

One language for the text log, JSON lines, the journal, `fakesmb show` and the page; docs/filter.md has its grammar.
A filter is compiled once. It is about exchanges: where one matches, its request and its reply are shown.
"""

from typing import Any, Final, cast

from fakesmb.record.entry import Entry, entry_of
from fakesmb.record.events import Event, Exchanged, Message
from fakesmb.record.filterlines import lines_of
from fakesmb.record.filternames import NAMES, Test, test_of
from fakesmb.record.filtertext import All, FilterError, Node, Not, Term, parse
from fakesmb.record.journalentry import JournalEntry, entries_of
from fakesmb.record.pairs import Happened, Pair

__all__ = ["Filter", "FilterError"]


class Filter:
    """A compiled filter."""

    __slots__ = ("_test", "about_replies", "text")

    def __init__(self, text: str, test: Test, *, about_replies: bool) -> None:
        self.text = text
        """As it was written."""
        self._test = test
        self.about_replies = about_replies
        """Whether a request that is still unanswered may match otherwise when its reply is known."""

    @classmethod
    def parse(cls, text: str) -> "Filter":
        """The filter that a text says; raises `FilterError`: one line, with the nearest name for a misspelt one."""
        tree = parse(text)
        return cls(text, _compiled(tree), about_replies=not _names(tree) <= _OF_REQUESTS)

    def matches(self, event: Event) -> bool:
        """Whether an event of a server or of a capture is to be shown; of a chain of commands if one of them is."""
        if type(event) is Exchanged:
            pair = Pair(0, event if event.request else None, event if event.reply else None)
            return any(map(self._test, entries_of(pair)))
        if isinstance(event, Message):
            told = entry_of(event)
            return self.matches_entries(*((told, None) if event.request else (None, told)))
        return self._test(JournalEntry(Happened(0, cast("Any", event))))

    def matches_exchange(self, asked: Exchanged | None, answered: Exchanged | None) -> bool:
        """The same of a request and its reply that were told one by one; one of them may be missing."""
        if asked is None and answered is not None and answered.request:
            asked = answered
        return any(map(self._test, entries_of(Pair(0, asked, answered))))

    def matches_entry(self, entry: JournalEntry) -> bool:
        """Whether an entry of a journal is asked for."""
        return self._test(entry)

    def matches_entries(self, request: Entry | None, response: Entry | None) -> bool:
        """The same of JSON lines: of an exchange as far as it is told; of what befell a connection its one line."""
        return any(map(self._test, lines_of(request, response)))

    def __repr__(self) -> str:
        return f"Filter({self.text!r})"


_OF_REQUESTS: Final = frozenset({"command", "connection", "peer", "share", "time", "tried"})
"""Names whose values are known when a request is."""
_SLOW: Final = frozenset({"", "summary", "verb", "to", "problem", "subcommand", "level"})
"""Names for which a message may have to be decoded: compared last."""


def _compiled(node: Node) -> Test:
    if isinstance(node, Term):
        return test_of(node)
    if isinstance(node, Not):
        inner = _compiled(node.part)
        return lambda subject: not inner(subject)
    if isinstance(node, All):
        return _all([_compiled(part) for part in sorted(node.parts, key=_cost)])
    tests = [_compiled(part) for part in node.parts]
    return lambda subject: any(test(subject) for test in tests)


def _all(tests: list[Test]) -> Test:
    if len(tests) == 2:
        first, second = tests
        return lambda subject: first(subject) and second(subject)
    return lambda subject: all(test(subject) for test in tests)


def _cost(node: Node) -> int:
    """How late among others it is best compared."""
    return max((2 if name not in NAMES else 1 if name in _SLOW else 0 for name in _names(node)), default=0)


def _names(node: Node) -> frozenset[str]:
    if isinstance(node, Term):
        return frozenset({node.name})
    parts = (node.part,) if isinstance(node, Not) else node.parts
    return frozenset[str]().union(*map(_names, parts))
