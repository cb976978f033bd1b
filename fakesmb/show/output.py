"""Where `fakesmb show` writes, and how wide and colourful that is."""

import os
from collections.abc import Callable
from typing import BinaryIO, Final

from fakesmb.record.columns import Width, unlimited

_AT_ONCE: Final = 1 << 16


class Screen:
    """Lines for people: kept until many, or until there is nothing more to read for now."""

    def __init__(self, file: BinaryIO, *, width: Width = unlimited, colour: bool = False) -> None:
        self._file = file
        self._waiting: list[str] = []
        self._size = 0
        self.width = width()
        """Columns, which are asked for anew with every flush; None: any number."""
        self._ask = width
        self.colour = colour

    def put(self, text: str) -> None:
        """Shows a text, newlines and all."""
        self._waiting.append(text)
        self._size += len(text)
        if self._size >= _AT_ONCE:
            self.flush()

    def line(self, text: str) -> None:
        """Shows a line."""
        self.put(f"{text}\n")

    def flush(self) -> None:
        """Shows what waits; raises `BrokenPipeError` where nobody looks any more."""
        if self._waiting:
            text, self._waiting, self._size = "".join(self._waiting), [], 0
            self._file.write(text.encode("utf-8", "backslashreplace"))
            self._file.flush()
            self.width = self._ask()


def screen_of(file: BinaryIO, is_terminal: Callable[[int], bool] = os.isatty) -> Screen:
    """The screen that a file is: on a terminal it has a width and colours."""
    from fakesmb.record.columns import terminal_width

    try:
        descriptor = file.fileno()
        terminal = is_terminal(descriptor)
    except (OSError, ValueError):
        return Screen(file)
    if not terminal:
        return Screen(file)
    colour = "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
    return Screen(file, width=lambda: terminal_width(descriptor), colour=colour)
