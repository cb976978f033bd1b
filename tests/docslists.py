"""The lists in docs/testing.md that are made from the code: `python -m tests.docslists` writes them (`make docs`)."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from fakesmb.record.criteria import NAMES, TRIED
from fakesmb.record.journalentry import JournalEntry
from fakesmb.record.verbs import VERBS

PAGE = Path(__file__).parent.parent / "docs" / "testing.md"
_LIST = re.compile(r"(<!-- list: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def verbs() -> str:
    """Every verb, and what it says."""
    return _table("verb", VERBS)


def criteria() -> str:
    """Every criterion but the fields of messages, and what it is compared with."""
    told = {
        name: " ".join((getattr(JournalEntry, name).__doc__ or "").split()) for name in NAMES if name != TRIED
    }
    return _table("criterion", told | {TRIED: 'A verb, also of what failed: `tried="opened"`.'})


def _table(what: str, rows: Mapping[str, str]) -> str:
    lines = [f"| `{name}` | {text.replace('|', chr(92) + '|')} |" for name, text in rows.items()]
    return "\n".join(["", f"| {what} | |", "| --- | --- |", *lines, "", ""])


LISTS: Mapping[str, Callable[[], str]] = {"verbs": verbs, "criteria": criteria}


def with_lists(text: str) -> str:
    """The page with its lists as they are now."""
    return _LIST.sub(lambda found: found[1] + LISTS[found[2]]() + found[3], text)


if __name__ == "__main__":
    PAGE.write_text(with_lists(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
