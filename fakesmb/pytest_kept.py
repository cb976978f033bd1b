"""The files that logs of tests are kept in."""

import re
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final

from fakesmb.record.events import Event
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
