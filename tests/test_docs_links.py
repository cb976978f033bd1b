"""Links of the pages as they are read in the repository: each relative one leads to a file, its anchor to a heading."""

import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.docsblocks import CHECKOUT, pages

PAGES = pages()


def tokens(text: str) -> Iterator[Token]:
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        yield token
        yield from token.children or ()


def slug(heading: str) -> str:
    """The anchor that a repository's page, and MyST, give a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@cache
def anchors(page: Path) -> frozenset[str]:
    """Those of a page; a heading that comes again has a number."""
    found: list[str] = []
    parsed = MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf-8"))
    for token, text in pairwise(parsed):
        if token.type == "heading_open":
            name = slug("".join(one.content for one in text.children or ()))
            found.append(f"{name}-{found.count(name)}" if name in found else name)
    return frozenset(found)


def lost(page: Path, text: str) -> list[str]:
    """The links of a page that lead nowhere."""
    found = []
    for token in tokens(text):
        link = str(token.attrGet("href") or token.attrGet("src") or "")
        parts = urlsplit(link)
        if not link or parts.scheme:
            continue
        target = page.parent / unquote(parts.path) if parts.path else page
        if not target.exists() or (
            parts.fragment and target.suffix == ".md" and unquote(parts.fragment) not in anchors(target)
        ):
            found.append(link)
    return found


def test_every_link_leads_somewhere() -> None:
    found = {
        name: links for name, page in PAGES.items() if (links := lost(page, page.read_text(encoding="utf-8")))
    }
    assert found == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[a](docs/nowhere.md)", ["docs/nowhere.md"]),
        ("| a |\n| --- |\n| [a](docs/start.md#nowhere) |", ["docs/start.md#nowhere"]),
        ("[a](docs/start.md#by-pip) [b](docs/start.md) [c](https://example.org/)", []),
        ("`[a](nowhere.md)`\n\n```text\n[a](nowhere.md)\n```", []),
        ("[a](#nowhere)", ["#nowhere"]),
    ],
)
def test_what_leads_nowhere_is_found(text: str, expected: list[str]) -> None:
    assert lost(CHECKOUT / "README.md", text) == expected
