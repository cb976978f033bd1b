"""What the command says to people: lines on standard error."""

import contextlib
import sys
from typing import Final, NoReturn

MISTAKE: Final = 2
"""The exit code of mistakes."""


def tell(text: str) -> None:
    """Writes to standard error, which may be closed."""
    if sys.stderr is None:  # closed by whoever started us
        return
    with contextlib.suppress(OSError):
        sys.stderr.write(text)
        sys.stderr.flush()


def fail(text: str) -> NoReturn:
    """One line on standard error, and the exit code of mistakes."""
    tell(f"fakesmb: {one_line(text)}\n")
    sys.exit(MISTAKE)


def one_line(text: str) -> str:
    """Names may hold anything; a terminal gets escapes of what it would not show."""
    if text.isprintable():
        return text
    from fakesmb.record.values import printable

    return printable(text)
