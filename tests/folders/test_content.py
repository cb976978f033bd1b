"""Content: what may be in it, and what is said of what may not."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import PurePath
from typing import Any

import pytest

from fakesmb.folders.content import Contents, File, tree_of
from fakesmb.folders.errors import FolderError


def test_names_lead_into_directories_and_values_are_files() -> None:
    tree = tree_of({"a.txt": b"x", "é/b": "é", "é\\c": bytearray(b"c"), "d/": {}, "e": {"f/g": File(b"g")}})
    assert tree == {
        "a.txt": File(b"x"),
        "é": {"b": File("é".encode()), "c": File(b"c")},
        "d": {},
        "e": {"f": {"g": File(b"g")}},
    }


def test_two_keys_may_lead_into_one_directory() -> None:
    assert tree_of({"d/": {"a": b""}, "d/b": b"", "d": {"c": b""}}) == {
        "d": {"a": File(), "b": File(), "c": File()}
    }


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"a/": b"x"}, "a/: ends in / and so is a directory"),
        ({"d": {"a\\": b"x"}}, "d/a\\: ends in \\ and so is a directory"),
        ({"A.txt": b"", "a.TXT": b""}, "a.TXT: the same file to clients as A.txt"),
        ({"D/a": b"", "d/b": b""}, "d/b: the same directory to clients as D"),
        ({"a": b"", "a/b": b""}, "a/b: a is a file and a directory"),
        ({"a/b": b"", "a": b""}, "a: is there already as a directory"),
        ({"a": b"", "a/": {}}, "a/: a is a file and a directory"),
        ({"d/a": b"", "d": {"a": b""}}, "d/a: is there already"),
        ({"../x": b""}, "../x: .. is no name"),
        ({"a/./x": b""}, "a/./x: . is no name"),
        ({"a": {"..": {}}}, "a/..: .. is no name"),
        ({"/a": b""}, "/a: a name must be relative"),
        ({"\\a": b""}, "\\a: a name must be relative"),
        ({"/": {}}, "/: a name must be relative"),
        ({"": b""}, "'': a name must not be empty"),
        ({"a//b": b""}, "a//b: a name between two separators is empty"),
        ({"C:\\a": b""}, "C:\\a: no name may have a colon"),
        ({"a:s": b""}, "File(..., streams={...})"),
        ({"a*": b""}, "a*: "),
        ({"a\0b": b""}, "'a\\x00b': "),
        ({"a\n": b""}, "'a\\n': "),
        ({"\ud800": b""}, "'\\ud800': "),
        ({"/".join(["d" * 50] * 100): b""}, "a path of 5099 bytes is too long for the disk"),
        ({"/".join("d" * 200): b""}, "directories more than 128 deep"),
        ({"é" * 200: b""}, "a name of 400 bytes is too long"),
        ({"x" * 256: b""}, "too long"),
        ({3: b""}, "3: a name must be a text, not int"),
        ({b"a": b""}, "b'a': a name must be a text, not bytes"),
        ({"d": {None: b""}}, "d/None: a name must be a text"),
        ({"a": 3}, "a: must be bytes, a text, a File or a mapping, not int"),
        ({"d": {"a": None}}, "d/a: must be bytes, a text, a File or a mapping, not None"),
        ({"a": ["x"]}, "a: must be bytes, a text, a File or a mapping, not list"),
        ({"a": PurePath("x")}, "a: must be bytes, a text, a File or a mapping, not Pure"),
        ([], "content: must be a mapping of names, not list"),
    ],
)
def test_what_cannot_be_names_its_key(content: Any, words: str) -> None:
    with pytest.raises(FolderError) as error:
        Contents(content)
    assert words in str(error.value)
    assert "\n" not in str(error.value)
    assert "\0" not in str(error.value)
    assert len(str(error.value)) < 200


def test_content_that_holds_itself_ends() -> None:
    content: dict[str, Any] = {}
    content["d"] = content
    with pytest.raises(FolderError, match="does it hold itself"):
        tree_of(content)


def test_a_file_is_what_it_was_given() -> None:
    noon = datetime(2004, 2, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    file = File("é", read_only=True, modified=noon, eas={"A": b"1"}, streams={"s": "2"})
    assert file == File(
        b"\xc3\xa9", read_only=True, modified=datetime(2004, 2, 1, 10), eas={"A": b"1"}, streams={"s": b"2"}
    )
    assert file.modified == datetime(2004, 2, 1, 10, tzinfo=UTC)
    assert File(modified=0).modified == datetime(1970, 1, 1, tzinfo=UTC)
    assert repr(File(b"x", hidden=True)) == "File(b'x', hidden=True)"
    assert File(b"x") != File(b"x", system=True)
    assert File(b"x") != b"x"
    assert repr(Contents({"a": b"x"})) == "Contents({'a': File(b'x')})"
    assert Contents({"a": b"x"}) == Contents({"a": "x"})


@pytest.mark.parametrize(
    ("keywords", "kind", "words"),
    [
        ({"hiden": True}, TypeError, "did you mean hidden?"),
        ({"hidden": 1}, TypeError, "hidden of a File must be True or False, not 1"),
        ({"data": 3}, TypeError, "data of a File must be bytes or a text, not int"),
        ({"modified": "today"}, TypeError, "modified of a File must be a datetime"),
        ({"modified": True}, TypeError, "modified of a File must be a datetime"),
        ({"modified": datetime(1600, 12, 31)}, ValueError, "before 1601, and no time that a file can have"),
        ({"modified": -11644473600}, ValueError, "no time that a file can have"),
        (
            {"modified": datetime.min.replace(tzinfo=timezone(timedelta(hours=2)))},
            ValueError,
            "no time that a file",
        ),
        ({"modified": 1e300}, ValueError, "no time that a file can have"),
        ({"eas": ["A"]}, TypeError, "eas of a File must be a mapping"),
        ({"eas": {"A": 3}}, TypeError, "eas['A'] of a File must be bytes"),
        ({"eas": {"a*": b"1"}}, ValueError, "no EA can be called 'a*'"),
        ({"eas": {"DOSATTRIB": b"1"}}, ValueError, "a name that the server uses itself"),
        ({"eas": {"A": b""}}, ValueError, "'A' is empty"),
        ({"eas": {"A": b"1", "a": b"2"}}, ValueError, "'A' and 'a' differ in case only"),
        ({"eas": {"A": b"x" * 70000}}, ValueError, "65535 is the most"),
        ({"streams": {"a:b": b""}}, ValueError, "streams of a File: 'a:b'"),
        ({"streams": {"a/b": b""}}, ValueError, "streams of a File: 'a/b'"),
        ({"streams": {"": b""}}, ValueError, "streams of a File: ''"),
        ({"streams": {"s": b"x" * 70000}}, ValueError, "65535 is the most"),
        ({"streams": {"s": b"", "S": b""}}, ValueError, "differ in case only"),
    ],
)
def test_a_file_that_cannot_be_says_what_is_wrong(
    keywords: dict[str, Any], kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind) as error:
        File(**keywords)
    assert words in str(error.value)
