"""Two names whose 8.3 names come out the same: the first two, found among a million."""

from typing import Final

TWINS: Final = ("a rather long name 27F99.txt", "a rather long name 84CFE.txt")
CYRILLIC: Final = ("Ж 1D3C.txt", "Ж 118006.txt")
"""Unspellable in cp850, and with equal hashes."""
