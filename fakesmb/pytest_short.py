"""An error that fakesmb raises on purpose is shown where the test called it: how we found it out helps nobody."""

import contextlib
from pathlib import Path
from types import TracebackType
from typing import Final

import _pytest
import pluggy
import pytest
import twisted

OURS: Final = str(Path(__file__).parent)
BETWEEN: Final = (OURS, str(Path(twisted.__file__).parent), contextlib.__file__)
"""Files whose frames may stand between the call and the error."""
PYTEST: Final = (_pytest.__path__[0], pluggy.__path__[0])
"""Who calls our fixtures and hooks."""


def shorten(excinfo: "pytest.ExceptionInfo[BaseException]") -> None:
    """Takes our frames from the end of the traceback, where the last of them has a `raise`: else it is a bug."""
    frames = list(_frames(excinfo.value.__traceback__))
    kept = len(frames)
    while kept and _file(frames[kept - 1]).startswith(BETWEEN):
        kept -= 1
    if not 0 < kept < len(frames) or _file(frames[kept - 1]).startswith(PYTEST):
        return
    on_purpose = str(excinfo.traceback[-1].statement).lstrip().startswith("raise")
    if on_purpose and _file(frames[kept]).startswith(OURS):
        frames[kept - 1].tb_next = None


def _frames(trace: TracebackType | None) -> "list[TracebackType]":
    found = []
    while trace is not None:
        found.append(trace)
        trace = trace.tb_next
    return found


def _file(trace: TracebackType) -> str:
    return trace.tb_frame.f_code.co_filename
