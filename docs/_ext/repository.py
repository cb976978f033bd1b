"""The pages of the repository, which read well as plain Markdown, made into pages of the site.

- `index.md` is a list of pages under headings; each heading with its pages becomes a part of the navigation.
- `<!-- the whole of ../NAME.md -->` in a page is replaced, with the page, by that file of the repository's root.
- A link to such a file leads to its page; one to any other file of the repository is a copy to download, and one to a
  folder or to a file that is not there is told as a warning, which ends the build.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from sphinx.application import Sphinx
from sphinx.util import logging

ROOT: Final = Path(__file__).parent.parent.parent
DOCS: Final = ROOT / "docs"
_FENCE: Final = re.compile(r"^( *)(```+|~~~+).*?^ *\2`*~* *$", re.MULTILINE | re.DOTALL)
_LINK: Final = re.compile(r"(?<=\]\()([^)\s#:]+)(#[^)\s]*)?(?=\))")
_WHOLE: Final = re.compile(r"<!-- the whole of (\S+) -->")
_HEADING: Final = re.compile(r"^## (.+)$", re.MULTILINE)
_ENTRY: Final = re.compile(r"^- \[([^\]]+)\]\(([\w/-]+)\.md\)", re.MULTILINE)
_told = logging.getLogger(__name__)


def whole(page: Path) -> Path | None:
    """The file of which a page is the place on the site."""
    found = _WHOLE.search(page.read_text(encoding="utf-8"))
    return (page.parent / found[1]).resolve() if found else None


def places() -> dict[Path, Path]:
    """The files that are pages of the site: where their text is, and the page."""
    pages = [page for page in DOCS.rglob("*.md") if not page.is_relative_to(DOCS / "_ext")]
    return {page: page for page in pages} | {file: page for page in pages if (file := whole(page))}


def linked(text: str, file: Path, page: Path, missing: list[str]) -> str:
    """The text of `file` as that of `page`, its links as from there; `missing` gets those that lead nowhere."""
    known = places()

    def leading(found: re.Match[str]) -> str:
        target = (file.parent / found[1]).resolve()
        if not target.is_file():
            missing.append(found[0])
            return found[0]
        return os.path.relpath(known.get(target, target), page.parent) + (found[2] or "")

    parts = list(_apart(text))
    return "".join(part if is_code else _LINK.sub(leading, part) for is_code, part in parts)


def _apart(text: str) -> Iterator[tuple[bool, str]]:
    """The text in pieces: whether it is a fenced block, and what it says."""
    begin = 0
    for found in _FENCE.finditer(text):
        yield False, text[begin : found.start()]
        yield True, found[0]
        begin = found.end()
    yield False, text[begin:]


def navigation(text: str) -> str:
    """The lists of pages under the headings of the index, as Sphinx reads them."""
    parts = _HEADING.split(text)[1:]
    trees = []
    for caption, listed in zip(parts[::2], parts[1::2], strict=True):
        pages = "\n".join(f"{title} <{page}>" for title, page in _ENTRY.findall(listed))
        if pages:
            trees.append(f"```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{pages}\n```\n")
    return "\n".join(trees)


def _read(app: Sphinx, name: str, source: list[str]) -> None:
    page = Path(app.env.doc2path(name))
    file = whole(page)
    if file:
        app.env.note_dependency(str(file))
    text = file.read_text(encoding="utf-8") if file else source[0]
    missing: list[str] = []
    text = linked(text, file or page, page, missing)
    for target in missing:
        _told.warning("%s: a link to %s, which is no file of the repository", name, target)
    source[0] = text + ("\n" + navigation(text) if name == "index" else "")


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.connect("source-read", _read)
    return {"parallel_read_safe": True}
