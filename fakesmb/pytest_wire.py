"""The capture of a test: kept in memory while it runs, made where it is to be kept."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from fakesmb.capture.memory import KeptCapture

if TYPE_CHECKING:
    from fakesmb.capture.captures import Captures


class Wire:
    """What goes over the wire of a server while one test has it."""

    def __init__(
        self, captures: "Captures", across: Callable[[Callable[[], None]], None], path: Path
    ) -> None:
        """`across` does something in the thread of the server; `path` is where the capture is kept, if it is."""
        self._captures = captures
        self._across = across
        self._path = path
        self._capture = KeptCapture()
        self._written = -1
        """How much of it the file has."""
        across(partial(captures.add, self._capture))

    def end(self) -> None:
        """The test is over."""
        self._across(partial(self._captures.remove, self._capture))

    def keep(self, *, secrets: bool) -> Path | None:
        """The file, which is made where it has not all of it; None where no client was there. Raises OSError."""
        self._across(self._captures.pass_on)
        if self._capture.is_empty:
            return None
        if self._capture.size != self._written:
            self._capture.write(self._path, secrets=secrets)
            self._written = self._capture.size
        return self._path
