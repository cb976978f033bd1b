"""The lists in docs/testing.md that are made from the code: `python -m tests.docslists` writes them (`make docs`)."""

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from textwrap import fill

from fakesmb.record.criteria import NAMES
from fakesmb.record.verbs import VERBS

PAGE = Path(__file__).parent.parent / "docs" / "testing.md"
_LIST = re.compile(r"(<!-- list: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_WIDTH = 120


def _names(names: Iterable[str]) -> str:
    return fill(", ".join(f"`{name}`" for name in names), _WIDTH) + "\n"


LISTS: Mapping[str, Callable[[], str]] = {
    "verbs": lambda: _names(VERBS),
    "criteria": lambda: _names(sorted(NAMES)),
}


def with_lists(text: str) -> str:
    """The page with its lists as they are now."""
    return _LIST.sub(lambda found: found[1] + LISTS[found[2]]() + found[3], text)


if __name__ == "__main__":
    PAGE.write_text(with_lists(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
