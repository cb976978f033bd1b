"""A misspelt name is answered with those that it comes nearest to."""

from collections.abc import Iterable, Mapping
from typing import Final

MOST: Final = 3
"""How many names are told."""
_ALIKE: Final = 0.6


def nearest(name: object, known: "Iterable[str] | Mapping[str, str]") -> str:
    """`; did you mean a or b?` for the ends of messages, empty where nothing that is known comes near.

    Case does not matter. A mapping has spellings that the name may be near to, and for each what is to be told.
    """
    from difflib import get_close_matches  # only an error needs it, and it takes longer than all the rest

    told = known if isinstance(known, Mapping) else {one: one for one in known}
    folded = {spelling.casefold(): shown for spelling, shown in told.items()}
    spelt = str(name).casefold()
    close = [spelt] if spelt in folded else get_close_matches(spelt, folded, 2 * MOST, _ALIKE)
    found = list(dict.fromkeys(folded[one] for one in close))[:MOST]
    return f"; did you mean {' or '.join(found)}?" if found else ""
