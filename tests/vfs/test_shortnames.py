"""8.3 names: which names need one, and that each gets one of its own that stays the same."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakesmb.vfs.shortnames import is_short, short_name


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
