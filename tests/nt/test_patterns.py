"""Names as testers write them."""

import pytest

from fakesmb.nt.patterns import name_matcher, path_matcher


@pytest.mark.parametrize("written", ["dir/A.txt", r"dir\a.txt", "/dir/a.txt", r"\DIR\a.TXT", "dir/a.txt/"])
def test_slashes_and_case_do_not_matter(written: str) -> None:
    assert path_matcher(written)(r"\Dir\a.txt")
    assert not path_matcher(written)(r"\a.txt")


@pytest.mark.parametrize(
    ("written", "path", "matches"),
    [
        (r"\dir\*.bak", r"\dir\a.bak", True),
        (r"\dir\*.bak", r"\dir\a.bak2", False),
        (r"\dir\*.bak", r"\a.bak", False),
        ("*.bak", r"\dir\sub\a.BAK", True),
        ("a?.txt", r"\ab.txt", True),
        ("a?.txt", r"\a.txt", False),
        ("[ab].txt", r"\a.txt", False),
        ("[ab].txt", r"\[AB].txt", True),
        ("a.txt", r"\axtxt", False),
        ("", "\\", True),
        ("/", "", True),
        ("*", "\\", True),
    ],
)
def test_only_asterisk_and_question_mark_are_wild(written: str, path: str, matches: bool) -> None:
    assert path_matcher(written)(path) is matches


def test_names_of_shares_and_users() -> None:
    assert name_matcher("Public")("PUBLIC")
    assert name_matcher("b*")("Bob")
    assert not name_matcher("b?")("Bob")


def test_names_that_are_two_files_are_two() -> None:
    """Case is that of Windows, letter by letter: `ß` is no `ss`."""
    assert not path_matcher("masse.txt")("\\ma\xdfe.txt")
    assert path_matcher("MA\xdfE.TXT")("\\ma\xdfe.txt")
    assert path_matcher("\xe4*")("\\\xc4b")
    assert not name_matcher("k")("\u212a")
