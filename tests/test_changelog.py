"""CHANGELOG.md has the form of Keep a Changelog 1.1.0, and reads like something for people."""

import re
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from fakesmb.version import __version__

KINDS = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")
"""In this order."""
LONGEST, MOST_LINES = 150, 4
_RELEASE = re.compile(r"## \[(Unreleased|(\d+)\.(\d+)\.(\d+))\](?: - (\d{4}-\d\d-\d\d))?")
_LINK = re.compile(r"\]\(([^)]+)\)")


class Release(NamedTuple):
    """What stands under one heading of the second level."""

    version: tuple[int, ...] | None
    """None: unreleased."""
    day: date | None
    sections: dict[str, list[str]]
    """Its entries by kind, each with the lines that belong to it joined by line breaks."""


def releases(text: str) -> list[Release]:
    """Raises `AssertionError` for a line that the form does not know."""
    found: list[Release] = []
    section: list[str] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        where = f"CHANGELOG.md:{number}: {line}"
        if line.startswith("## "):
            match = _RELEASE.fullmatch(line)
            assert match, where
            assert (match[1] == "Unreleased") == (match[5] is None), where
            version = None if match[2] is None else tuple(int(match[at]) for at in (2, 3, 4))
            found.append(Release(version, date.fromisoformat(match[5]) if match[5] else None, {}))
            section = None
        elif line.startswith("### "):
            kind = line.removeprefix("### ")
            assert kind in KINDS, where
            assert found, where
            assert kind not in found[-1].sections, where
            section = found[-1].sections[kind] = []
        elif line.startswith("- "):
            assert section is not None, f"{where}: an entry stands under a kind of change"
            section.append(line)
        elif line.startswith("  "):
            assert section, where
            section[-1] += "\n" + line
        else:
            assert not line.startswith("#") or number == 1, where
    return found


@pytest.fixture
def text(checkout: Path) -> str:
    return (checkout / "CHANGELOG.md").read_text(encoding="utf-8")


def test_it_begins_with_what_is_not_released_and_goes_back_from_the_newest(text: str) -> None:
    assert text.startswith("# Changelog\n")
    first, *others = releases(text)
    assert first.version is None
    assert others
    for newer, older in pairwise(others):
        assert (newer.version or ()) > (older.version or ())
        assert (newer.day or date.min) >= (older.day or date.max)


def test_the_newest_release_is_the_version_of_the_package(text: str) -> None:
    newest = next(release.version for release in releases(text) if release.version)
    assert ".".join(map(str, newest)) == __version__


def test_kinds_of_changes_stand_in_their_order_and_none_is_empty(text: str) -> None:
    for release in releases(text):
        assert list(release.sections) == [kind for kind in KINDS if kind in release.sections]
        assert all(release.sections.values())


def test_entries_are_short_whole_sentences_and_said_once(text: str) -> None:
    """Of what is released; until then a line may wait for its last form."""
    released = [one for one in releases(text) if one.version]
    entries = [entry for release in released for kind in release.sections.values() for entry in kind]
    assert [entry for entry in entries if not entry.endswith(".")] == []
    assert [entry for entry in entries if entry.count("\n") >= MOST_LINES] == []
    assert [line for entry in entries for line in entry.splitlines() if len(line) > LONGEST] == []
    assert len(set(entries)) == len(entries)


def test_what_it_leads_to_is_there(text: str, checkout: Path) -> None:
    local = {link.partition("#")[0] for link in _LINK.findall(text) if "://" not in link}
    assert [link for link in local if not (checkout / link).is_file()] == []
    assert "SECURITY.md" in local


@pytest.mark.parametrize(
    "wrong",
    [
        "## 1.0.0 - 2026-11-29",
        "## [1.0.0]",
        "## [1.0.0] - 29.11.2026",
        "## [Unreleased] - 2026-11-29",
        "## [Unreleased]\n\n### Mended",
        "## [Unreleased]\n\n- An entry of no kind.",
        "## [Unreleased]\n\n### Added\n\n### Added",
    ],
)
def test_what_is_not_of_the_form_is_found(wrong: str) -> None:
    with pytest.raises(AssertionError, match=r"CHANGELOG\.md:\d+"):
        releases(f"# Changelog\n\n{wrong}\n")
