"""What is kept of a test: its log, in a file, and the errors of the server."""

import re
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final

from fakesmb.record.events import Event, Problem
from fakesmb.record.jsonl import JsonLines
from fakesmb.record.outputs import FileOutput

_LONGEST_NAME: Final = 120
_USUAL: Final = re.compile(r"[\w/-]+\.py(?:::\w+)+(?:\[\w(?:[\w-]*\w)?\])?", re.ASCII)
"""Names of tests that no other is taken for, when they are made names of files."""
_UNUSUAL: Final = re.compile(r"[^\w.-]+", re.ASCII)


def name_of(test: str) -> str:
    """A name for the file of a test: `tests/test_a.py::test_b[x]` is tests.test_a.py.test_b-x.jsonl.

    One that is long, or has more in it than most, ends in a hash: no two tests have the same.
    """
    plain = _UNUSUAL.sub("-", test.replace("::", ".").replace("/", ".")).rstrip("-")[:_LONGEST_NAME]
    if _USUAL.fullmatch(test) and len(test) <= _LONGEST_NAME:
        return f"{plain}.jsonl"
    return f"{plain}-{sha256(test.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}.jsonl"


def write(path: Path, events: Sequence[Event], *, secrets: bool) -> None:
    """The events as JSON lines, in place of what the file had. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    sink = JsonLines(FileOutput.append(str(path), secrets=secrets), secrets=secrets)
    for event in events:
        sink.write(event)
    sink.close()


class InternalErrors:
    """A place for the record that keeps the server's own errors: a test may empty the journal, or ask for none."""

    name = "the check of pytest"

    def __init__(self) -> None:
        self._found: list[Problem] = []

    def write(self, event: Event) -> None:
        """Keeps it where it is one."""
        if type(event) is Problem and event.traceback:
            self._found.append(event)

    def flush(self) -> None:
        """Nothing is kept back."""

    def close(self) -> None:
        """The server has stopped; one that is started again is heard by way of the journal."""

    def told(self, events: Sequence[Event]) -> list[str]:
        """What was found, here or among the events of the journal."""
        others = [one for one in events if type(one) is Problem and one.traceback and one not in self._found]
        return [
            f"An internal error of the server: {one.text}\n{one.traceback}".rstrip()
            for one in (*self._found, *others)
        ]
