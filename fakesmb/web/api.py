"""The table of calls (docs/control.md)."""

from typing import Final

from fakesmb.web import loaded, messages, pages, questions, saving, service, teaching
from fakesmb.web.routes import Route

_PARTS: Final = (service, messages, questions, teaching, loaded, saving, pages)
TABLE: Final[tuple[Route, ...]] = tuple(route for part in _PARTS for route in part.ROUTES)
"""Every call. Of two that fit a path the first is meant."""
