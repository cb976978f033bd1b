"""The text of a filter as a tree of its words: `command=READ (status!=SUCCESS or not path=\\dir\\*)`.

    filter     = group { "or" group }
    group      = part { [ "and" ] part }
    part       = [ "not" | "!" ] part | "(" filter ")" | comparison | text
    comparison = name ( "=" | "!=" | ">=" | "<=" | ">" | "<" ) value

A value or a text in quotes, single or double, may hold blanks and parentheses. A backslash is a backslash everywhere.
"""

import re
from typing import Final, NamedTuple

LONGEST: Final = 4096
"""Characters of a filter."""
DEEPEST: Final = 50
"""Parentheses in parentheses."""


class FilterError(ValueError):
    """What is wrong with a filter, in one line."""


class Term(NamedTuple):
    """A comparison; of a text that may stand anywhere, `name` and `operator` are empty."""

    name: str
    operator: str
    value: str


class All(NamedTuple):
    """Each of them."""

    parts: "tuple[Node, ...]"


class Either(NamedTuple):
    """Any of them."""

    parts: "tuple[Node, ...]"


class Not(NamedTuple):
    """Whatever it is not."""

    part: "Node"


Node = Term | All | Either | Not

_OPERATOR: Final = re.compile(r"(!=|>=|<=|==|=|>|<)")
_COMPARISON: Final = re.compile(r"([A-Za-z_][\w.]*)(!=|>=|<=|==|=|>|<)")
_END: Final = re.compile(r"[\s()]")
_BLANKS: Final = re.compile(r"\s+")


def parse(text: str) -> Node:
    """The tree of a filter; raises `FilterError`."""
    if len(text) > LONGEST:
        raise FilterError(f"a filter has at most {LONGEST} characters, this one {len(text)}")
    words = _words(text)
    if not words:
        raise FilterError("a filter needs a word, such as command=READ or status!=SUCCESS")
    reader = _Reader(words)
    found = reader.either(0)
    if reader.next is not None:
        raise FilterError("a parenthesis is closed that was not opened")
    return found


def _words(text: str) -> "list[str | Term]":
    """Parentheses and the words `and`, `or`, `not` as themselves, everything else as terms."""
    found: list[str | Term] = []
    at = 0
    while at < len(text):
        blanks = _BLANKS.match(text, at)
        if blanks:
            at = blanks.end()
        elif text[at] in "()" or (text[at] == "!" and not text.startswith("!=", at)):
            found.append("not" if text[at] == "!" else text[at])
            at += 1
        else:
            word, at = _word(text, at)
            found.append(word)
    return found


def _word(text: str, at: int) -> "tuple[str | Term, int]":
    comparison = _COMPARISON.match(text, at)
    if comparison is None:
        if _OPERATOR.match(text, at):
            near = text[at:].split()[0]
            raise FilterError(
                f"{near} has no name before it; no blanks stand around an operator: status!=SUCCESS"
            )
        quoted = text[at] in "\"'"
        value, end = _value(text, at)
        if not quoted and value.lower() in ("and", "or", "not"):
            return value.lower(), end
        return Term("", "", value), end
    name, operator = comparison.groups()
    value, end = _value(text, comparison.end())
    if not value:
        raise FilterError(
            f"{name}{operator} has no value; {name}=* is whatever has one, not {name}=* what has none"
        )
    return Term(name.lower(), "=" if operator == "==" else operator, value), end


def _value(text: str, at: int) -> tuple[str, int]:
    """The value that begins there, and where it ends."""
    if text[at : at + 1] in ('"', "'"):
        end = text.find(text[at], at + 1)
        if end < 0:
            raise FilterError(f"a quote is not closed: {text[at : at + 40]}")
        if end + 1 < len(text) and not _END.match(text, end + 1):
            raise FilterError(f"a blank is missing after {text[at : end + 1]}")
        return text[at + 1 : end], end + 1
    stop = _END.search(text, at)
    end = len(text) if stop is None else stop.start()
    if text[end : end + 1] == "(":
        raise FilterError(f'what has parentheses stands in quotes: "{text[at : end + 1]}..."')
    return text[at:end], end


class _Reader:
    """Walks over the words once."""

    def __init__(self, words: "list[str | Term]") -> None:
        self._words = words
        self._at = 0

    @property
    def next(self) -> "str | Term | None":
        """The word that is not read yet."""
        return self._words[self._at] if self._at < len(self._words) else None

    def either(self, depth: int) -> Node:
        """Groups with `or` between them."""
        parts = [self._all(depth)]
        while self.next == "or":
            self._at += 1
            parts.append(self._all(depth))
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _all(self, depth: int) -> Node:
        parts = [self._part(depth)]
        while self.next is not None and self.next not in ("or", ")"):
            if self.next == "and":
                self._at += 1
            parts.append(self._part(depth))
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _part(self, depth: int) -> Node:
        negated = False
        while self.next == "not":
            negated = not negated
            self._at += 1
        word = self.next
        if word is None or word in (")", "and", "or"):
            before = self._words[self._at - 1] if self._at else ""
            raise FilterError(
                f"something is missing {f'after {_shown(before)}' if before else f'before {word}'}"
            )
        self._at += 1
        found: Node
        if word == "(":
            if depth >= DEEPEST:
                raise FilterError(f"more than {DEEPEST} parentheses are in each other")
            found = self.either(depth + 1)
            if self.next != ")":
                raise FilterError("a parenthesis is not closed")
            self._at += 1
        else:
            assert isinstance(word, Term)
            found = word
        return Not(found) if negated else found


def _shown(word: "str | Term") -> str:
    return word if isinstance(word, str) else "".join(word)
