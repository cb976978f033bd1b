"""Patterns as DOS and NT match them, as the reference says, and at bounded cost."""

import time
from collections.abc import Iterator
from functools import lru_cache

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fakesmb.vfs.wildcards import compile_pattern, from_dos, has_wildcards


def matches(pattern: str, name: str) -> bool:
    matcher = compile_pattern(pattern)
    return True if matcher is None else matcher(name)


def reference(pattern: str, name: str) -> bool:
    """[MS-FSA] 2.1.4.4 word by word, slowly; a dot that ends a name is any character, as Samba's masktest has it."""
    pattern, name = pattern.upper(), name.upper()
    last_dot = name.rfind(".")

    @lru_cache(None)
    def at(p: int, n: int) -> bool:
        if p == len(pattern):
            return n == len(name)
        token = pattern[p]
        more = n < len(name)
        if token == "*":
            return at(p + 1, n) or (more and at(p, n + 1))
        if token == "<":
            return at(p + 1, n) or (more and at(p + 1 if n == last_dot else p, n + 1))
        if token == "?":
            return more and at(p + 1, n + 1)
        if token == ">":
            if more and (name[n] != "." or n == len(name) - 1) and at(p + 1, n + 1):
                return True
            return (not more or name[n] == ".") and at(p + 1, n)
        if token == '"':
            return at(p + 1, n + 1) if more and name[n] == "." else not more and at(p + 1, n)
        return more and name[n] == token and at(p + 1, n + 1)

    return at(0, 0)


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("*", "anything", True),
        ("*.*", "no-dot", True),
        ("", "anything", True),
        ("*.txt", "A.TXT", True),
        ("*.txt", "a.txt.bak", False),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("<.txt", "a.b.txt", True),
        ("<.b", "a.b.txt", False),
        ("<b", "a.b", True),
        ("<", "a.b", False),
        ("<", "noext", True),
        ("<", ".", True),
        (">", ".", True),
        ("a>", "a.", True),
        ("a>b", "a.b", False),
        ('<"', "noext", True),
        ('<"', "a.txt", False),
        (">>>>>>>>", "short", True),
        (">>>>>>>>.>>>", "readme.md", True),
        (">>>>>>>>.>>>", "longer-than-8.md", False),
        ('a">>>', "a", True),
        ('a">>>', "a.txt", True),
        ("жу*", "ЖУК.txt", True),
        ("plain.txt", "PLAIN.TXT", True),
        ("a+b.txt", "a+b.txt", True),
        ("a.txt", "abtxt", False),
    ],
)
def test_dos_wildcards(pattern: str, name: str, expected: bool) -> None:
    assert matches(pattern, name) is expected
    if pattern not in ("", "*.*"):
        assert reference(pattern, name) is expected


PATTERNS = st.text(alphabet='ab.*?<>"', max_size=9)
MANY_STARS = st.lists(st.sampled_from(["*", "<", "?", ">", '"', ".", "a", "b"]), min_size=3, max_size=14).map(
    lambda tokens: "*" + "".join(tokens) + "<*?"
)
NAMES = st.text(alphabet="abAB.", min_size=1, max_size=9)


@given(PATTERNS, NAMES)
@example("<<<.a", "a.b.a")
@example("a*b*a*<", "aabba.b")
def test_as_the_reference_says(pattern: str, name: str) -> None:
    if pattern not in ("", "*.*", '<"*', '*"*'):
        assert matches(pattern, name) is reference(pattern, name)


@given(MANY_STARS, st.text(alphabet="abAB.", min_size=1, max_size=14))
@example('*?*?<>">*<*?', "a.b.")
def test_patterns_of_many_stars_match_as_the_reference_says(pattern: str, name: str) -> None:
    assert matches(pattern, name) is reference(pattern, name)


class Counted(str):
    """A folded name that counts how often a character of it was looked at."""

    looks = 0

    def __iter__(self) -> Iterator[str]:
        for character in super().__iter__():
            self.looks += 1
            yield character


@pytest.mark.parametrize(
    "pattern", ["*?" * 120, "*a" * 120 + "b", "<a" * 120, "*<" * 100 + "!", "<" * 250, "<x<"]
)
def test_each_character_of_a_name_is_looked_at_once(pattern: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the pattern: 1,000 long names were looked through for 13 seconds."""
    matcher = compile_pattern(pattern)
    assert matcher is not None
    name = Counted("a." * 127)
    monkeypatch.setattr("fakesmb.vfs.wildcards.fold", lambda text: text)
    matcher(name)
    assert 0 < name.looks <= len(name)


def test_a_hostile_pattern_costs_little() -> None:
    started = time.process_time()
    assert not matches("*a" * 100 + "b", "a" * 255)
    assert not matches("<a" * 100 + "b", "a." * 127)
    assert not matches("*<" * 50 + "!", "ab." * 85)
    for pattern in ("*?" * 120, "*" + "?*" * 60 + "x", "<a<b", "*a*b", "*<a", "<<b", ">" * 200 + "*x*"):
        for name in ("a" * 255, "a." * 127, "." * 255):
            matches(pattern, name)
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("????????.???", "*"),
        ("*.*", '<"*'),
        ("*.txt", "<.txt"),
        ("*.", '<"'),
        ("a?.c", "a>.c"),
        ("file.?", 'file">'),
        ("plain.txt", "plain.txt"),
    ],
)
def test_patterns_of_old_clients(old: str, new: str) -> None:
    assert from_dos(old) == new


def test_old_patterns_match_as_dos_did() -> None:
    assert matches(from_dos("*.*"), "noext")
    assert matches(from_dos("*."), "noext")
    assert not matches(from_dos("*."), "a.txt")
    assert matches(from_dos("????????.???"), "a name longer than that.html")


def test_what_counts_as_a_pattern() -> None:
    assert all(has_wildcards(c) for c in '*?<>"')
    assert not has_wildcards("a.b~1")
