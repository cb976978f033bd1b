"""8.3 names: which names need one, and that each gets one of its own that stays the same."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakesmb.vfs.shortnames import Aliases, is_short, short_name
from tests.vfs.twins import CYRILLIC, TWINS


@pytest.mark.parametrize("name", ["A.TXT", "readme", "12345678.123", "a~1.b", "$x-y_z.!!!", "", ".", ".."])
def test_8_3_names_need_no_other(name: str) -> None:
    assert short_name(name) == ""


@pytest.mark.parametrize(
    "name",
    [
        "readme.html",
        "123456789",
        ".profile",
        "a b.txt",
        "a.b.c",
        "a.",
        "[x].txt",
        "жук",
        "...",
        "\udcff",
        "a:b",
        "日本.日本",
    ],
)
def test_others_get_one(name: str) -> None:
    short = short_name(name)
    assert is_short(short), short
    assert re.fullmatch(r"[^.]{8}(\.[^.]{1,3})?", short)
    assert "~" in short


def test_a_short_name_depends_on_the_name_alone_and_not_on_its_case() -> None:
    assert short_name("Long File Name.html") == short_name("LONG FILE NAME.HTML")
    assert short_name("Long File Name.html").endswith(".HTM")
    assert short_name("Long File Name.html") != short_name("Long File Name2.html")


@given(st.text(alphabet=st.characters(), max_size=60))
def test_any_name_at_all(name: str) -> None:
    short = short_name(name)
    assert short == "" or is_short(short)


def test_ten_thousand_names_do_not_collide() -> None:
    names = {short_name(f"a rather long name {i}.txt") for i in range(10_000)}
    assert len(names) == 10_000


def aliases(*names: str) -> Aliases:
    made = Aliases()
    made.add(names)
    return made


def test_a_name_that_is_anothers_8_3_name_stays_its_own() -> None:
    """What was shown by it gets another, whichever came first and however the name is spelt."""
    long = "a rather long name.txt"
    for real in (short_name(long), short_name(long).lower()):
        for order in ((real, long), (long, real)):
            made = aliases(*order)
            other = made.of(long)
            assert other not in ("", short_name(long))
            assert is_short(other)
            assert (made.find(short_name(long)), made.find(other), made.of(real)) == (real, long, "")


def test_two_names_that_would_get_the_same_get_others() -> None:
    """The one that both would have means neither: nobody who was shown it reaches the wrong one."""
    one, two = TWINS
    made = aliases(one, "b.txt", two)
    assert short_name(one) == short_name(two)
    assert made.find(short_name(one)) is None
    assert len({made.of(one), made.of(two), short_name(one)}) == 3
    assert (made.find(made.of(one)), made.find(made.of(two))) == (one, two)
    made.remove(two)
    assert (made.of(one), made.find(short_name(one))) == (short_name(one), one)


def test_the_further_names_are_nobodys_either() -> None:
    one, two = TWINS
    taken = aliases(one, two).of(one)
    made = aliases(one, two, taken)
    assert (made.find(taken), made.of(one) in ("", taken)) == (taken, False)
    assert made.find(made.of(one)) == one


@given(st.lists(st.sampled_from([*TWINS, *map(short_name, TWINS), "a:b", "A:b", "x.txt"]), max_size=7))
def test_no_two_files_have_one_name(names: list[str]) -> None:
    """Also when names come and go one by one."""
    made = Aliases()
    for name in names:
        made.add([name])
    for name in names[::2]:
        made.remove(name)
    left = set(names) - set(names[::2])
    again = aliases(*left)
    assert {name: made.of(name) for name in left} == {name: again.of(name) for name in left}
    given = [made.of(name) for name in left if made.of(name)]
    assert len({*given, *(name.upper() for name in left if is_short(name))}) == len(given) + len(
        {name for name in left if is_short(name)}
    )
    for name in left:
        assert made.find(made.of(name) or name.upper()) == (name if made.of(name) or "~" in name else None)


def test_the_names_that_tests_collide_by_have_equal_hashes() -> None:
    for one, two in (TWINS, CYRILLIC):
        assert one != two
        assert short_name(one) == short_name(two) != ""
