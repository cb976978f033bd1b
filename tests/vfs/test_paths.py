"""Paths as clients write them: parsed, refused with the right status, and never leading upwards."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs.paths import Path, fold, is_legal_on_wire


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ()),
        ("\\", ()),
        ("\\\\", ()),
        ("/", ()),
        ("a.txt", ("a.txt",)),
        ("\\a.txt", ("a.txt",)),
        ("\\dir\\sub\\", ("dir", "sub")),
        ("dir/sub\\x", ("dir", "sub", "x")),
        ("/dir\\x\\", ("dir", "x")),
        ("a\\\\b", ("a", "b")),
        ("\\a\\..\\b", ("b",)),
        ("a\\b\\..\\..\\c", ("c",)),
        ("...", ("...",)),
        ("a..b\\.hidden", ("a..b", ".hidden")),
        ("Жук\\日本.txt", ("Жук", "日本.txt")),
        ("x" * 255, ("x" * 255,)),
    ],
)
def test_what_clients_write_is_read(text: str, parts: tuple[str, ...]) -> None:
    assert Path.parse(text) == Path(parts)


@pytest.mark.parametrize(
    ("text", "parts", "stream"),
    [
        ("a:s", ("a",), "s"),
        ("dir\\a:s:$DATA", ("dir", "a"), "s"),
        (":\x05SummaryInformation:$DATA", (), "\x05SummaryInformation"),
        (
            "\\dir\\a:{4c8cc155-6c1e-11d1-8e41-00c04fb9386d}:$DATA",
            ("dir", "a"),
            "{4c8cc155-6c1e-11d1-8e41-00c04fb9386d}",
        ),
    ],
)
def test_streams_are_split_off(text: str, parts: tuple[str, ...], stream: str) -> None:
    assert Path.parse(text) == Path(parts, stream)


@pytest.mark.parametrize(
    ("text", "parts"), [("a::$DATA", ("a",)), ("d\\a::$data", ("d", "a")), ("::$DATA", ())]
)
def test_the_unnamed_stream_can_be_said(text: str, parts: tuple[str, ...]) -> None:
    """No directory has it, and a rename to it alone is one of a stream: so it is remembered."""
    assert Path.parse(text) == Path(parts, unnamed=True)


@pytest.mark.parametrize("text", ["..", "\\..", "a\\..\\..", "a/../../etc/passwd", "\\..\\..\\x"])
def test_climbing_out_is_bad_syntax(text: str) -> None:
    with pytest.raises(SMBError) as caught:
        Path.parse(text)
    assert caught.value.status == NT.OBJECT_PATH_SYNTAX_BAD


@pytest.mark.parametrize(
    "text",
    [
        *(f"a{c}b" for c in '<>"|?*\0\x01\x1f'),
        "a/",
        "dir\\a/\\",
        "a:s/t",
        "c:\\x",
        "c:",
        "dir\\c:\\x",
        "a:b:c:d",
        "a:$i30:$INDEX_ALLOCATION",
        "a\\:s",
        ".",
        "a\\.",
        "x" * 256,
        "\U0001f600" * 128,
        "a" * 40_000,
        "\ud800",
        "\udc80x",
        "a:" + "s" * 256,
    ],
)
def test_names_that_no_file_has_are_invalid(text: str) -> None:
    with pytest.raises(SMBError) as caught:
        Path.parse(text)
    assert caught.value.status == NT.OBJECT_NAME_INVALID


def test_the_index_of_a_directory_has_one_name() -> None:
    with pytest.raises(SMBError) as caught:
        Path.parse("a:s:$INDEX_ALLOCATION")
    assert caught.value.status == NT.INVALID_PARAMETER


@pytest.mark.parametrize("text", [".\\a", "a\\.\\b", ".\\.", "\\.\\\\.\\", "a.\\.\\.\\b"])
def test_what_is_below_a_dot_has_no_path(text: str) -> None:
    """A dot alone is a name that no file has; so no directory has it either."""
    with pytest.raises(SMBError) as caught:
        Path.parse(text)
    assert caught.value.status == NT.OBJECT_PATH_NOT_FOUND


def test_the_directory_of_a_pattern_is_the_last_name() -> None:
    with pytest.raises(SMBError) as caught:
        Path.parse("a\\.\\*", wildcards=True)
    assert caught.value.status == NT.OBJECT_NAME_INVALID


def test_wildcards_only_in_the_last_component_and_only_where_allowed() -> None:
    assert Path.parse('\\dir\\*.t?t<>"', wildcards=True).parts == ("dir", '*.t?t<>"')
    for text, allowed in (("*.txt", False), ("d*\\a", True), ("a|b", True)):
        with pytest.raises(SMBError) as caught:
            Path.parse(text, wildcards=allowed)
        assert caught.value.status == NT.OBJECT_NAME_INVALID


@given(st.text(alphabet=st.sampled_from("ab./\\:*?\0 \x1f~\udc80"), max_size=30), st.booleans())
def test_no_parsed_path_can_leave(text: str, wildcards: bool) -> None:
    """Whatever is asked, components are names in one directory, or the request is refused."""
    refusal = None
    try:
        path = Path.parse(text, wildcards=wildcards)
    except SMBError as error:
        refusal = error.status
    if refusal is not None:
        assert refusal in (NT.OBJECT_PATH_SYNTAX_BAD, NT.OBJECT_PATH_NOT_FOUND, NT.OBJECT_NAME_INVALID)
        return
    for part in path.parts:
        assert part not in ("", ".", "..")
        assert not set(part) & set("/\\\0:\udc80")


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40))
def test_the_quick_way_and_the_careful_way_agree(text: str) -> None:
    """Long paths take the careful way; a harmless directory in front must change nothing else."""
    front = "d" * 100 + "\\" + "e" * 100

    def parsed(text: str) -> object:
        try:
            return Path.parse(text).parts
        except SMBError as error:
            return error.status

    short = parsed("d\\e\\" + text)
    long = parsed(front + "\\" + text)
    if isinstance(short, tuple) and short[:2] == ("d", "e"):
        assert long == (*front.split("\\"), *short[2:])


def test_parent_name_join_and_text() -> None:
    path = Path.parse("\\dir\\a.txt")
    assert path.parent == Path(("dir",))
    assert path.name == "a.txt"
    assert Path().parent == Path()
    assert Path().name == ""
    assert path.parent.join("b") == Path(("dir", "b"))
    assert (str(path), str(Path()), str(Path(("a",), "s"))) == ("\\dir\\a.txt", "\\", "\\a:s")


@pytest.mark.parametrize("name", ["", ".", "..", "a\\b", "a/b", "a\0", "*"])
def test_join_takes_one_harmless_component(name: str) -> None:
    with pytest.raises(SMBError):
        Path().join(name)


def test_folding_is_that_of_windows() -> None:
    assert fold("readMe.txt") == "README.TXT"
    assert fold("жук") == "ЖУК"
    assert fold("straße") == "STRAßE"
    assert fold("ﬁ") == "ﬁ"
    assert fold("ı") != fold("i")
    assert fold("ſ") != fold("s")


def test_names_that_clients_cannot_write() -> None:
    assert is_legal_on_wire("Grüße, Жук.txt")
    for name in ("a:b", "a\\b", "a?b", "\udcff.txt", "tab\there"):
        assert not is_legal_on_wire(name)
