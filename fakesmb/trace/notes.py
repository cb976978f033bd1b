"""Sentences for newcomers: what puzzles who sees SMB for the first time. `show` and the page take them from here."""

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, Final

Note = Callable[[Any], str]
"""A value to the sentence that it needs; empty where it needs none."""

ANY_SERVICE: Final = (
    "????? asks for whatever kind of share this is; the answer says which: IPC has named pipes, A: is a disk."
)


def _service(value: str) -> str:
    return ANY_SERVICE if value == "?????" else ""


_NOTES: Final[Mapping[tuple[str, str], Note]] = MappingProxyType(
    {("TreeConnectAndxRequest", "service"): _service}
)


@cache
def note_of(cls: type, field: str) -> Note | None:
    """The sentence that a field of a structure may need."""
    for base in cls.__mro__:
        own = _NOTES.get((base.__name__, field))
        if own is not None:
            return own
    return None
