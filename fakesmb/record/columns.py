"""Lines for a terminal: one message is one line, however narrow that is.

Full lines have number, seconds, source and destination; narrower ones the client and an arrow, the narrowest only the
number of its connection. What is still too long loses the middle of its longest names, and then its end.
"""

import os
import re
import unicodedata
from collections.abc import Callable
from typing import Final

from fakesmb.record.dissect import IPC

ELLIPSIS: Final = "…"
NARROWEST: Final = 40
"""Columns below which lines are no longer made to fit."""
_FULL: Final = 130
_WITH_PEER: Final = 100
_SHORTEST_NAME: Final = 16
"""Columns that a name keeps where others are longer."""
_SHORTER: Final = (
    (re.compile(r" - NT Status: System - \w+, Code = \(\d+\) "), " - "),
    (re.compile(r" = "), "="),
    (re.compile(r" at Offset (?=\d)"), "@"),
    (re.compile(r", FileName=(?=\\)"), ", "),
)
"""What is written shorter where there is no room, one after the other."""
_NAMES: Final = re.compile(r"(?:(?<=Name=)|\\)[^;]*?(?=, \w| - |; \w| \(|$)")
"""Names of files, which may lose their middle."""


def terminal_width(descriptor: int) -> int | None:
    """Columns of the terminal behind a descriptor, as `COLUMNS` says or it does; None where it does not say."""
    told = os.environ.get("COLUMNS", "")
    if told.isdecimal() and int(told):
        return max(int(told), NARROWEST)
    try:
        columns = os.get_terminal_size(descriptor).columns
    except OSError:
        return None
    return max(columns, NARROWEST) if columns else None


def width_of(text: str) -> int:
    """The columns that a text takes: East Asian wide characters two, combining ones none."""
    return len(text) if text.isascii() else sum(map(_width, text))


def _width(character: str) -> int:
    if character < "\u0300":
        return 1
    if unicodedata.category(character) in ("Mn", "Me", "Cf") or "\u1160" <= character <= "\u11ff":
        # An emoji's selector makes some terminals show two columns: one more than it takes in others does no harm.
        return int(character == "\ufe0f")
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def beginning(text: str, width: int) -> str:
    """As much of the beginning as takes at most so many columns."""
    if text.isascii():
        return text[: max(width, 0)]
    for at, character in enumerate(text):
        width -= _width(character)
        if width < 0:
            return text[:at]
    return text


def _end(text: str, width: int) -> str:
    """As much of the end; it does not begin with a character that combines with the one before it."""
    if text.isascii():
        return text[max(0, len(text) - width) :] if width > 0 else ""
    at = len(text)
    for index in range(len(text) - 1, -1, -1):
        own = _width(text[index])
        width -= own
        if width < 0:
            break
        if own:
            at = index
    return text[at:]


def cut_middle(text: str, width: int) -> str:
    """The text in at most so many columns, its middle as an ellipsis where that is shorter."""
    if width_of(text) <= width:
        return text
    if width <= 1:
        return ELLIPSIS[:width]
    behind = (width - 1) * 2 // 3  # the end of a path tells more than its beginning
    return beginning(text, width - 1 - behind) + ELLIPSIS + _end(text, behind)


def shortened(text: str, width: int | None, name: str = "") -> str:
    """A line's words in at most `width` columns; None: as they are. `name` is the path that it is about."""
    if width is None or width_of(text) <= width:
        return text
    for pattern, shorter in _SHORTER:
        text = pattern.sub(shorter, text)
        if width_of(text) <= width:
            return text
    text = _with_shorter_names(text, width, name.strip("\\/"))
    return text if width_of(text) <= width else beginning(text, width - 1).rstrip(ELLIPSIS) + ELLIPSIS


def _with_shorter_names(text: str, width: int, name: str) -> str:
    """The text with names so short that they are within the width, as far as they can be: the longest first."""
    names = re.compile(rf"\\?{re.escape(name)}") if name and name in text else _NAMES
    spans = [one.span() for one in names.finditer(text)]
    if not spans:
        return text
    end = spans[-1][1]  # what stands behind the last name may go before names do
    over = width_of(text[:end]) + (end < len(text)) - width
    if over <= 0:
        return text
    lengths = {span: width_of(text[slice(*span)]) for span in spans}
    kept = dict(lengths)
    for span in sorted(spans, key=lambda one: -lengths[one]):
        spared = min(over, max(0, lengths[span] - _SHORTEST_NAME))
        kept[span] -= spared
        over -= spared
    for begin, end in reversed(spans):
        text = text[:begin] + cut_middle(text[begin:end], kept[begin, end]) + text[end:]
    return text


_ABOUT_OPENS: Final = tuple(
    f"SMB:{way}; {title}"
    for way in "CR"
    for title in (
        "Read",
        "Write",
        "Close",
        "Flush",
        "Lock",
        "Unlock",
        "Seek",
        "Query Information2",
        "Set Information2",
    )
)
"""How the words of those begin that name the file by a FID, or not at all."""


def with_path(text: str, path: str | None, share: str | None) -> str:
    """The words of a read, a write, a close with the path that they are about; a pipe's stay as published."""
    if not path or not share or share.upper() == IPC or not text.startswith(_ABOUT_OPENS):
        return text
    name = path if path[0] in "\\/" else f"\\{path}"
    if name in text:
        return text
    at = text.find(" - NT Status: ")
    return f"{text}, FileName = {name}" if at < 0 else f"{text[:at]}, FileName = {name}{text[at:]}"


def start_of(
    width: int | None,
    number: int | None,
    seconds: float,
    client: str,
    server: str,
    connection: int | None,
    *,
    request: bool,
) -> str:
    """What stands before the words of a message, or of what happened to a connection (no `number`)."""
    told = "-" if number is None else number
    if width is None or width >= _FULL:
        if number is None:
            return f"{told:<6} {seconds:>13.6f}  "
        source, destination = (client, server) if request else (server, client)
        return f"{number:<6} {seconds:>13.6f}  {source:<21}  {destination:<21}  "
    if number is None:
        return f"{told:<5} {seconds:>9.3f} "
    arrow = ">" if request else "<"
    if width >= _WITH_PEER:
        return f"{told:<5} {seconds:>10.4f} {client:<21} {arrow} "
    where = "" if connection is None else connection
    return f"{told:<5} {seconds:>9.3f} {where}{arrow} "


Width = Callable[[], int | None]
"""Columns of a terminal at this moment; None: no limit."""


def unlimited() -> None:
    """The width of what is no terminal."""
