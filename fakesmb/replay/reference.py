"""The table of docs/captures.md: which differences are to be expected, and why. `make docs` writes it."""

import re
import sys
from pathlib import Path
from typing import Final

from fakesmb.replay.expected import EXPECTED, KINDS, OTHERS

_TABLE: Final = re.compile(r"(<!-- kinds of differences -->\n).*?(<!-- end -->)", re.DOTALL)


def table() -> str:
    """All kinds, those that are expected with their reason."""
    rows = ["", "| kind | fields | expected, because |", "| --- | --- | --- |"]
    rows += [f"| `{row.kind}` | {_fields(row.fields)} | {row.reason} |" for row in EXPECTED]
    rows += ["", "| kind | fields |", "| --- | --- |"]
    rows += [f"| `{row.kind}` | {_fields(row.fields)} |" for row in KINDS]
    rows += [f"| `{kind}` | {what} |" for kind, what in OTHERS.items()]
    return "\n".join([*rows, "", ""])


def _fields(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def with_table(text: str) -> str:
    """The page with the table as it is now."""
    return _TABLE.sub(lambda found: found[1] + table() + found[2], text)


def main(path: str) -> None:
    """Writes the table into the page."""
    page = Path(path)
    page.write_text(with_table(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
