"""Why nothing came: what befell the connections that should have brought it."""

from typing import TYPE_CHECKING, Final

from fakesmb.record import describe
from fakesmb.record.events import Connected, Disconnected, Problem, SignedIn, SignInRefused, Told
from fakesmb.record.pairs import Happened, Pair

if TYPE_CHECKING:
    from fakesmb.record.questions import Window

MOST: Final = 3
_STOPPING: Final = "the server is stopping"


def causes(window: "Window") -> list[str]:
    """Lines that say what kept clients from doing more, at most `MOST`; nothing where nothing did."""
    happened = [item.told for item in window.items if isinstance(item, Happened)]
    if not window.items:
        return [f"Nothing came from any client since {window.since}."]
    found = [f"Why: {text}" for text in _told(happened)]
    if not found and not any(isinstance(item, Pair) for item in window.items):
        opened = sum(isinstance(one, Connected) for one in happened)
        if opened:
            found = [f"Why: {_count(opened, 'connection')} opened, and nothing was sent on {_them(opened)}."]
    return found[-MOST:]


def _told(happened: "list[Told]") -> "list[str]":
    found: dict[str, None] = {}
    for one in happened:
        if isinstance(one, (SignInRefused, Problem)) or _is_dropped(one):
            text = describe.happening(one)  # type: ignore[arg-type]  # no message is one
            found.pop(text, None)
            found[text] = None
        elif isinstance(one, SignedIn) and not one.pipe:
            refused = f"connection {one.connection}: "
            found = {text: None for text in found if not (text.startswith(refused) and "was refused" in text)}
    return list(found)


def _is_dropped(one: Told) -> bool:
    return isinstance(one, Disconnected) and one.by_server and one.reason != _STOPPING


def _count(number: int, what: str) -> str:
    return f"1 {what} was" if number == 1 else f"{number} {what}s were"


def _them(number: int) -> str:
    return "it" if number == 1 else "them"
