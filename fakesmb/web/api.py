"""The table of calls (docs/control.md)."""

from typing import Final

from fakesmb.web import messages, pages, questions, service
from fakesmb.web.routes import Route

TABLE: Final[tuple[Route, ...]] = (*service.ROUTES, *messages.ROUTES, *questions.ROUTES, *pages.ROUTES)
"""Every call. Of two that fit a path the first is meant."""
