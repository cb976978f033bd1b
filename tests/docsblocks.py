"""The blocks of a page of docs/, each with what it is and where it goes."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from markdown_it import MarkdownIt

CHECKOUT: Final = Path(__file__).parent.parent
_FENCE = re.compile(r"^(?:<!-- not run: (.*?) -->\n+)?```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"(?:#|//) ([\w/-]+\.\w+)(, continued)?\n")

RUN: Final = ("sh", "bash", "console", "python")
"""The languages of blocks that do something."""
SHOWN: Final = (
    "text",
    "toml",
    "ini",
    "json",
    "js",
    "java",
    "yaml",
    "dockerfile",
    "xml",
    "c",
    "csharp",
    "go",
    "bat",
    "powershell",
)
"""Those of the others."""

ELSEWHERE: Final[Mapping[str, str]] = {
    "docs/testing.md": "tests/test_docs_testing.py",
    "docs/clients.md": "tests/test_docs_clients.py",
    "docs/clients/devices.md": "tests/test_docs_clients.py",
    "docs/clients/libraries.md": "tests/test_docs_clients.py",
    "docs/clients/retro.md": "tests/test_docs_clients.py",
    "docs/clients/unix.md": "tests/test_docs_clients.py",
    "docs/clients/windows.md": "tests/test_docs_clients.py",
    "docs/docker.md": "tests/docker/test_page.py",
    "docs/kerberos.md": "tests/clients/test_kerberos.py",
    "docs/control.md": "tests/clients/test_control.py",
    "docs/shares.md": "tests/folders/test_page.py",
    "docs/printing.md": "tests/test_printing.py",
    "docs/journal.md": "tests/record/test_reference.py",
    "CONTRIBUTING.md": "tests/test_contributing.py",
    "examples/asyncio-watcher/README.md": "tests/test_examples.py",
    "examples/classroom/README.md": "tests/test_examples.py",
    "examples/node-service/README.md": "tests/test_examples.py",
    "examples/public-read-only/README.md": "tests/test_examples.py",
    "examples/pytest-uploader/README.md": "tests/test_examples.py",
    "examples/replay/README.md": "tests/test_examples.py",
    "examples/retro-lab/README.md": "tests/test_examples.py",
    "examples/scanner/README.md": "tests/test_examples.py",
    "examples/unittest-inbox/README.md": "tests/test_examples.py",
    "examples/containers/README.md": "tests/docker/test_testcontainers.py",
    "docs/command.md": "tests/commandline/test_help.py",
}
"""Pages whose blocks a test of their own runs, all of them, and that test. Blocks of others `test_docs_blocks` runs."""


class Block(NamedTuple):
    """One fenced block."""

    page: str
    line: int
    language: str
    text: str
    not_run: str = ""
    """Why nothing here can run it; empty: it is run."""

    @property
    def file(self) -> str:
        """The file that its first line names; empty where it names none."""
        found = _FILE.match(self.text)
        return found[1] if found else ""

    @property
    def continued(self) -> bool:
        """Whether it goes behind what the file has."""
        found = _FILE.match(self.text)
        return bool(found and found[2])


def blocks(page: Path) -> list[Block]:
    """All of a page."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(page.name, text.count("\n", 0, found.start(2)) + 1, found[2], found[3], found[1] or "")
        for found in _FENCE.finditer(text)
    ]


def pages() -> dict[str, Path]:
    """Those for readers, by their place in the repository."""
    found = [*CHECKOUT.glob("*.md"), *CHECKOUT.glob("docs/**/*.md"), *CHECKOUT.glob("examples/**/*.md")]
    return {str(page.relative_to(CHECKOUT)): page for page in sorted(found)}


def unclear(page: Path) -> list[str]:
    """Where code stands that is not a fenced block with a language known here."""
    found = []
    for token in MarkdownIt("commonmark").parse(page.read_text(encoding="utf-8")):
        if token.type == "code_block" or (token.type == "fence" and token.info not in (*RUN, *SHOWN)):
            line = token.map[0] + 1 if token.map else 0
            found.append(f"{page.relative_to(CHECKOUT)}:{line}: {token.info or 'no language'}")
    return found


def write(found: list[Block], folder: Path) -> None:
    """Writes the files that blocks are; what continues one goes behind it."""
    for block in found:
        if block.file:
            path = folder / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            before = path.read_text(encoding="utf-8") + "\n\n" if block.continued else ""
            path.write_text(before + block.text, encoding="utf-8")
