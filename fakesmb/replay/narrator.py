"""Steps, sentences and messages of a conversation, for a terminal."""

import textwrap
from collections.abc import Callable
from typing import Final

WIDTH: Final = 79


class Narrator:
    """Tells people what a client does; every line fits a terminal of 80 columns."""

    def __init__(self, say: Callable[[str], None]) -> None:
        """`say` is given the lines."""
        self._say = say

    def title(self, text: str) -> None:
        """A step begins."""
        self._say(text)

    def end(self) -> None:
        """A step is over."""
        self._say("")

    def tell(self, text: str) -> None:
        """A sentence."""
        for line in textwrap.wrap(text, WIDTH - 3):
            self._say(f"   {line}")

    def message(self, words: str, of_server: bool) -> None:
        """A message, in the words of the log."""
        arrow = "<-" if of_server else "->"
        for line in textwrap.wrap(words, WIDTH - 6, break_on_hyphens=False) or [""]:
            self._say(f"   {arrow} {line}")
            arrow = "    "
