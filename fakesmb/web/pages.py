"""The files of the page."""

from pathlib import Path
from typing import Final

from fakesmb.nt.nearest import nearest
from fakesmb.web.answer import Answer, RefusedError
from fakesmb.web.routes import Ask, Route

FOLDER: Final = Path(__file__).parent / "page"
INDEX: Final = "index.html"
KINDS: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json",
}
"""Content types by the end of a name; what ends otherwise is not given out."""
_ANEW: Final = {"Cache-Control": "no-cache"}


def index(ask: Ask) -> Answer:
    """`GET /`."""
    return _file(INDEX)


def file(ask: Ask) -> Answer:
    """`GET /page/{name}`."""
    return _file(ask.names["name"])


def _file(name: str) -> Answer:
    """A file of the folder, which is flat: a name is compared with those that are in it, so none leads out."""
    there = {one.name: one for one in FOLDER.iterdir() if one.suffix in KINDS} if FOLDER.is_dir() else {}
    if name not in there:
        raise RefusedError(404, f"the page has no file {name!r}{nearest(name, list(there))}")
    return Answer(there[name].read_bytes(), KINDS[there[name].suffix], headers=_ANEW)


ROUTES: Final = (
    Route("GET", "/", index, "The page", {200: KINDS[".html"]}),
    Route("GET", "/page/{name}", file, "A file of the page", {200: "application/octet-stream"}),
)
