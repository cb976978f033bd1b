"""The table of calls (docs/control.md)."""

from typing import Final

from fakesmb.web import (
    faults,
    files,
    live,
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
    live,
    pages,
)
TABLE: Final[tuple[Route, ...]] = tuple(route for part in _PARTS for route in part.ROUTES)
"""Every call. Of two that fit a path the first is meant."""
ALIASES: Final = {
    **{f"/{name}": f"/api/v1/{name}" for name in ("events", "messages", "state", "profiles")},
    **{
        f"/api/v1/{name}": f"/{name}"
        for name in ("capture.pcapng", "openapi.json", "version", "readyz", "healthz")
    },
}
"""Other paths of calls."""
