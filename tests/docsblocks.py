"""The blocks of a page of docs/, each with what it is and where it goes."""

import re
from pathlib import Path
from typing import NamedTuple

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"(?:#|//) ([\w/-]+\.\w+)(, continued)?\n")


class Block(NamedTuple):
    """One fenced block."""

    page: str
    line: int
    language: str
    text: str

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
        Block(page.name, text.count("\n", 0, found.start()) + 1, found[1], found[2])
        for found in _FENCE.finditer(text)
    ]


def write(found: list[Block], folder: Path) -> None:
    """Writes the files that blocks are; what continues one goes behind it."""
    for block in found:
        if block.file:
            path = folder / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            before = path.read_text(encoding="utf-8") + "\n\n" if block.continued else ""
            path.write_text(before + block.text, encoding="utf-8")
