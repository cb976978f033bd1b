"""DOS wildcards, [MS-FSA] 2.1.4.4: `*` and `?`, and the three that stand in for the rules of old DOS.

`<` (DOS_STAR) is `*` that stops before or after the last dot; `>` (DOS_QM) is `?` that matches no dot but one that
ends the name, and may match nothing before a dot or at the end; `"` (DOS_DOT) is a dot, or nothing at the end. Clients
send those; people type the others.
"""

import re
from collections.abc import Callable
from typing import Final

from fakesmb.vfs.paths import fold

_SPECIAL: Final = re.compile(r'[*?<>"]')
_TOKENS: Final = {
    "*": ".*",
    "?": ".",
    "<": r"(?:[^.]|\.(?=.*\.))*\.?",
    ">": r"(?:[^.]|\.?\Z|(?=\.))",
    '"': r"(?:\.|\Z)",
}
_STARS_FOR_RE: Final = 2
"""Patterns with more stars could make `re` backtrack for minutes; those are matched state by state."""

Matcher = Callable[[str], bool]


def has_wildcards(text: str) -> bool:
    """Whether the text names more than one thing."""
    return _SPECIAL.search(text) is not None


def compile_pattern(pattern: str) -> Matcher | None:
    """What tells whether a name matches, whatever its case; None where every name does (`*`, `*.*`, "")."""
    if pattern in ("", "*", "*.*", '<"*', '*"*'):
        return None
    folded = re.sub(r"\*{2,}", "*", fold(pattern))
    if not has_wildcards(folded):
        return lambda name: fold(name) == folded
    if folded.count("*") + folded.count("<") <= _STARS_FOR_RE:
        expression = re.compile("".join(_TOKENS.get(c) or re.escape(c) for c in folded), re.DOTALL)
        matches = expression.fullmatch
        return lambda name: matches(fold(name)) is not None
    return lambda name: _walk(folded, fold(name))


def from_dos(pattern: str) -> str:
    """The pattern that an old-style search means: there `*.` and `?` obey the rules of DOS.

    Windows clients translate themselves and send `<`, `>` and `"`; SMB_COM_SEARCH and clients of LAN Manager
    days leave it to the server.
    """
    if pattern == "????????.???":
        return "*"
    out = []
    for at, character in enumerate(pattern):
        following = pattern[at + 1 : at + 2]
        if character == "?":
            out.append(">")
        elif character == "." and following in ("?", "*", ""):
            out.append('"')
        elif character == "*" and following == ".":
            out.append("<")
        else:
            out.append(character)
    return "".join(out)


def _walk(pattern: str, name: str) -> bool:
    """Matches in time len(pattern) * len(name), by the set of places in the pattern a name can reach."""
    end = len(pattern)
    last_dot, last = name.rfind("."), len(name) - 1
    places = {0}
    for at, character in enumerate(name):
        places = _skip(pattern, places, before_dot=character == ".")
        one = ("?", character, ">") if character != "." else ("?", ".", '"', ">" if at == last else "")
        reached = set()
        for place in places:
            if place == end:
                continue
            token = pattern[place]
            if token == "*" or (token == "<" and at != last_dot):
                reached.add(place)
            elif token in one or token == "<":
                reached.add(place + 1)
        if not reached:
            return False
        places = reached
    return end in _skip(pattern, places, before_dot=True, at_end=True)


def _skip(pattern: str, places: set[int], *, before_dot: bool, at_end: bool = False) -> set[int]:
    """Adds the places reached without consuming a character."""
    pending = list(places)
    seen = set(places)
    while pending:
        place = pending.pop()
        if place >= len(pattern):
            continue
        token = pattern[place]
        if token in "*<" or (token == ">" and before_dot) or (token == '"' and at_end):
            following = place + 1
            if following not in seen:
                seen.add(following)
                pending.append(following)
    return seen
