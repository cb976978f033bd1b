"""The site is built of docs/ without a warning, and needs nothing but itself to be read."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

pytest.importorskip("furo", reason="the extra docs is not installed")


class Page(HTMLParser):
    """What a page of the site has and wants."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.anchors |= {found[name] for name in ("id", "name") if name in found}
        if "href" in found:
            (self.links if tag == "a" else self.loads).append(found["href"])
        if "src" in found:
            self.loads.append(found["src"])


@pytest.fixture(scope="module")
def site(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    words = ["-q", "-W", "--keep-going", "-b", "html", "-d", str(folder / "read"), str(checkout / "docs")]
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *words, str(folder / "site")],
        cwd=checkout,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "site"


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    return {path: Page(path) for path in site.rglob("*.html")}


def test_every_page_of_docs_is_in_the_navigation(checkout: Path, pages: dict[Path, Page], site: Path) -> None:
    names = [
        str(path.relative_to(checkout / "docs").with_suffix(".html"))
        for path in checkout.glob("docs/**/*.md")
    ]
    assert len(names) > 20
    assert not {name for name in names if name != "index.html"} - set(pages[site / "index.html"].links)


def test_every_link_of_the_site_leads_somewhere(pages: dict[Path, Page]) -> None:
    lost = []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.is_file() or (
                parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors
            ):
                lost.append(f"{path.name}: {link}")
    assert not lost


def test_nothing_is_loaded_from_elsewhere(pages: dict[Path, Page], site: Path) -> None:
    assert [link for page in pages.values() for link in page.loads if urlsplit(link).netloc] == []
    sheets = [path.read_text(encoding="utf-8") for path in site.rglob("*.css")]
    assert len(sheets) > 2
    assert not [
        found for sheet in sheets for found in re.findall(r"(?:url\(|@import)\W*(?:https?:)?//", sheet)
    ]


def test_every_word_of_a_page_can_be_searched_for(site: Path) -> None:
    index = (site / "searchindex.js").read_text(encoding="utf-8")
    assert '"docnames"' in index
    for word in ("oplock", "smbclient", "kerbero"):
        assert word in index
