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


SERVER_CHALLENGE: Final = (
    "The server's random number. The client answers it with a value that only who knows the password can compute: "
    "the password itself is never sent."
)
NTLM_MESSAGES: Final[Mapping[int, str]] = MappingProxyType(
    {
        1: "The first of three messages of a sign-in: the client says what it can do, and not yet who it is.",
        2: "The second of three: the server says what they both can do, and sends its challenge.",
        3: "The third of three: who signs in, and the proof that this is so.",
    }
)
"""By MessageType."""
_NULL: Final = "NULL is how Network Monitor writes a name of no letters."
EMPTY_NAMES: Final[Mapping[tuple[int, str], str]] = MappingProxyType(
    {
        (3, "DomainName"): f"The client names no domain: the account is the server's own. {_NULL}",
        (3, "UserName"): f"The client names nobody: an anonymous sign-in. {_NULL}",
    }
)
"""What an empty name of an NTLMSSP message means, by MessageType and field."""


SPNEGO: Final = (
    "SPNEGO: both sides say which mechanisms of signing in they know; one of them fills the tokens inside."
)
HINT: Final = (
    "Windows servers have said this since 2008: they have no name to hint at, and clients do not look."
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
