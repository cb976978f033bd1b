"""The table of calls (docs/control.md)."""

from typing import Final

from fakesmb.web import (
    faults,
    files,
    loaded,
    messages,
    pages,
    questions,
    resetting,
    saving,
    service,
    state,
    teaching,
)
from fakesmb.web.routes import Route

_PARTS: Final = (
    service,
    state,
    messages,
    questions,
    faults,
    resetting,
    files,
    teaching,
    loaded,
    saving,
    pages,
)
TABLE: Final[tuple[Route, ...]] = tuple(route for part in _PARTS for route in part.ROUTES)
"""Every call. Of two that fit a path the first is meant."""
