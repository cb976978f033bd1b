"""The lists of verbs and criteria in docs/journal.md, made from the tables that answer questions: `make docs`."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from fakesmb.record.criteria import FILTER, NAMES, TRIED
from fakesmb.record.journalentry import JournalEntry
from fakesmb.record.verbs import VERBS, commands_of
from fakesmb.wire import names
from fakesmb.wire.families import FAMILIES, Kind

BEGIN: Final = "<!-- made by make docs -->"
END: Final = "<!-- end of what is made -->"


def verbs_table() -> Iterator[str]:
    """A row for each verb: what it says, and the commands that may do it."""
    yield "| verb | says that | done by |"
    yield "| --- | --- | --- |"
    for verb, says in VERBS.items():
        yield f"| `{verb}` | {says} | {_list(commands_of(verb))} |"


def families_table() -> Iterator[str]:
    """A row for each family of commands."""
    yield "| family | is any of |"
    yield "| --- | --- |"
    for family, kinds in FAMILIES.items():
        yield f"| `{family}` | {_list(kinds)} |"


def criteria_table() -> Iterator[str]:
    """A row for each criterion that is no field of a message."""
    yield "| criterion | is |"
    yield "| --- | --- |"
    for name in sorted(NAMES):
        says = _SAYS.get(name) or (getattr(JournalEntry, name).__doc__ or "").strip()
        text = " ".join(says.split()).removesuffix(".").replace("|", "\\|")
        yield f"| `{name}` | {text[:1].lower() + text[1:]} |"


_SAYS: Final = {
    TRIED: "The same of what failed or has no answer, too: a verb that the command may stand for.",
    FILTER: "An expression that says all of this in one text: `command=READ status!=SUCCESS` ([filter.md](filter.md)).",
}


def _list(kinds: frozenset[Kind]) -> str:
    return ", ".join(sorted(map(_name, kinds)))


def _name(kind: Kind) -> str:
    if kind.subcommand is None:
        return names.command_name(kind.command).removeprefix("SMB_COM_")
    return names.subcommand_name(kind.command, kind.subcommand)


def made() -> str:
    """What stands between `BEGIN` and `END` of the page."""
    parts = (
        ("## Verbs", verbs_table()),
        ("## Families of commands", families_table()),
        ("## Criteria", criteria_table()),
    )
    return "\n".join(line for title, table in parts for line in ("", title, "", *table)) + "\n\n"


def renewed(page: str) -> str:
    """The page with its lists as they are today; raises ValueError for one that has no place for them."""
    before, _, rest = page.partition(f"{BEGIN}\n")
    _, found, after = rest.partition(END)
    if not found:
        raise ValueError(f"the page has no {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{made()}{END}{after}"


if __name__ == "__main__":  # pragma: no cover  (make docs)
    for path in map(Path, sys.argv[1:]):
        path.write_text(renewed(path.read_text(encoding="utf-8")), encoding="utf-8")
