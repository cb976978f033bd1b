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
"""Patterns with more could make `re` try for minutes; those are matched in linear time."""

Matcher = Callable[[str], bool]


def has_wildcards(text: str) -> bool:
    """Whether the text names more than one thing."""
    return _SPECIAL.search(text) is not None


def compile_pattern(pattern: str, *, exact: bool = False) -> Matcher | None:
    """What tells whether a name matches, whatever its case; None where every name does (`*`, `*.*`, "").

    `exact`: letters are meant as they are.
    """
    if pattern in ("", "*", "*.*", '<"*', '*"*'):
        return None
    form: Callable[[str], str] = str if exact else fold
    folded = re.sub(r"\*{2,}", "*", form(pattern))
    if not has_wildcards(folded):
        return lambda name: form(name) == folded
    # "<" looks ahead for a dot, so it counts twice.
    if folded.count("*") + 2 * folded.count("<") <= _STARS_FOR_RE:
        expression = re.compile("".join(_TOKENS.get(c) or re.escape(c) for c in folded), re.DOTALL)
        matches = expression.fullmatch
        return lambda name: matches(form(name)) is not None
    return _linear(folded, exact=exact)


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


def _linear(pattern: str, *, exact: bool) -> Matcher:
    """A matcher whose time grows with the name, a few operations on numbers for each of its characters.

    Bit `i` of a number stands for the place before the pattern's token `i`: all places that a name can be at are
    followed at once.
    """
    at_token: dict[str, int] = {}
    for place, token in enumerate(pattern):
        at_token[token] = at_token.get(token, 0) | 1 << place
    star, dos_star, dos_qm = (at_token.get(token, 0) for token in "*<>")
    one, dos_dot, dot = (at_token.get(token, 0) for token in '?".')
    letters = {token: bits | one | dos_qm for token, bits in at_token.items() if token not in '*?<>".'}
    others = one | dos_qm
    whole = 1 << len(pattern)
    # What may stand for nothing: where the name goes on, before a dot, at its end.
    within = star | dos_star
    before_dot = within | dos_qm
    at_end = before_dot | dos_dot

    def matches(name: str) -> bool:
        name = name if exact else fold(name)
        last_dot, last = name.rfind("."), len(name) - 1
        places = 1
        for at, character in enumerate(name):
            if character == ".":
                # Adding to the bits of a run of such tokens carries each place in it on to the end of the run.
                places |= ((places & before_dot) + before_dot) ^ before_dot
                taken = one | dot | dos_dot | (dos_qm if at == last else 0)
                if at == last_dot:
                    places = (places & star) | (places & (taken | dos_star)) << 1
                else:
                    places = (places & within) | (places & taken) << 1
            else:
                places |= ((places & within) + within) ^ within
                places = (places & within) | (places & letters.get(character, others)) << 1
            if not places:
                return False
        places |= ((places & at_end) + at_end) ^ at_end
        return bool(places & whole)

    return matches
