"""Names as Windows compares them: users, shares and files alike ([MS-UCODEREF] 3.1.5.3, upper case)."""

from typing import Final

MOST_REMEMBERED: Final = 256
"""Characters of what a client calls itself that are remembered: a user's name has 256 at most (UNLEN)."""


def remembered(text: str) -> str:
    """A name that only people read: its beginning, where it is longer than any that means something."""
    return text if len(text) <= MOST_REMEMBERED else f"{text[:MOST_REMEMBERED]}..."


def fold(name: str) -> str:
    """The form under which names that differ only in case are equal.

    Windows upcases code unit by code unit: nothing grows (`ß` stays), no letter turns into an ASCII one, and none
    that looks like an ASCII letter is one (KELVIN SIGN is no `K`, as it is for `str.casefold`).
    """
    if name.isascii():
        return name.upper()
    return "".join(map(_fold_character, name))


def _fold_character(character: str) -> str:
    upper = character.upper()
    if len(upper) != 1 or (upper < "\x80" <= character):
        return character
    return upper
