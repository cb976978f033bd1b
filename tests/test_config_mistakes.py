"""Every key of fakesmb.toml with a value of another type: one line in plain English, with the line and the key."""

import re
from pathlib import Path
from typing import get_args, get_origin, get_type_hints

import msgspec
import pytest

from fakesmb.config import forms, tomlfile
from fakesmb.config.merging import Arguments, merge
from fakesmb.config.parts import FilePart
from fakesmb.config.whole import check_whole
from fakesmb.core.profiles import KEYS
from fakesmb.faults.keys import FaultKeys
from fakesmb.mistakes import ConfigError

HINTS = get_type_hints(FilePart)
LISTS = {table for table, hint in HINTS.items() if get_origin(hint) is list}
WRONG = (
    "5",
    "-5",
    "99999999999999999999",
    "1.5",
    "nan",
    '"x"',
    '""',
    "true",
    '["x"]',
    "[[1]]",
    "{a = 1}",
    "2004-02-01",
)
BASE = {
    "user": {"name": '"bob"', "password": '"x"'},
    "share": {"name": '"s"', "path": '"."'},
    "fault": {"command": '"READ"'},
}
WORDS_OF_PROGRAMS = re.compile(
    r"`|\b(Expected|expected|got|int|str|bool|float|array|object|null|None|dict|mapping|NoneType)\b"
)


def keys_of(table: str) -> tuple[str, ...]:
    if table == "profile":
        return tuple(KEYS)
    if table == "fault":
        return tuple(FaultKeys.__annotations__)
    hint = HINTS[table]
    for one in (hint, *get_args(hint)):
        if isinstance(one, type) and issubclass(one, msgspec.Struct):
            return one.__struct_fields__
    return ()


def mistake(path: Path, text: str) -> str:
    """What is said of a file, empty where it is none."""
    path.write_text(text)
    try:
        part = tomlfile.read(str(path))
        if part.fault:
            check_whole(merge(part, Arguments()), str(path), part)
    except ConfigError as error:
        return str(error).removeprefix(f"{path}:")
    return ""


@pytest.mark.parametrize("table", HINTS)
def test_a_value_of_another_type_is_told_in_plain_english(table: str, tmp_path: Path) -> None:
    head = f"[[{table}]]" if table in LISTS else f"[{table}]"
    place = f"{table}[0]" if table in LISTS else table
    said = 0
    for key in keys_of(table):
        base = {name: value for name, value in BASE.get(table, {}).items() if name != key}
        if key == "content":
            del base["path"]
        told = [
            mistake(
                tmp_path / "x.toml",
                "\n".join([head, f"{key} = {value}", *(f"{a} = {b}" for a, b in base.items())]),
            )
            for value in WRONG
        ]
        assert any(told), key
        for line in filter(None, told):
            assert re.match(rf"[12]: {re.escape(place)}(\.\w+)?(\[0\])?: \S", line), line
            assert not WORDS_OF_PROGRAMS.search(line), line
            said += 1
    assert said > 5 * len(keys_of(table))


@pytest.mark.parametrize("table", HINTS)
def test_a_table_of_another_kind_is_told_in_plain_english(table: str, tmp_path: Path) -> None:
    written = f"[[{table}]]" if table in LISTS else f"[{table}]"
    other = f"[{table}]" if table in LISTS else f"[[{table}]]"
    for text in (*(f"{table} = {value}\n" for value in WRONG), f"{other}\nx = 1\n"):
        line = mistake(tmp_path / "x.toml", text)
        assert re.match(rf"[12]: {table}\b", line), (text, line)
        assert not WORDS_OF_PROGRAMS.search(line), line
    assert mistake(tmp_path / "x.toml", f"{other}\n").endswith(f"write {written}")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[sever]\n", "1: sever: no such table; did you mean [server] or [[user]]?"),
        ("[users]\n", "1: users: no such table; did you mean [[user]]?"),
        ("[[shares]]\n", "1: shares: no such table; did you mean [[share]]?"),
        ("\n[qqq]\n", "2: qqq: no such key"),
        ("[server]\nprot = 1\n", "2: server.prot: no such key; did you mean port?"),
        ("port = 1\n", "1: port: no such key here; [server] and [web] and [names] have it"),
        (
            '[[share]]\nname = "a"\npath = "."\nread-only = true\n',
            "4: share[0].read-only: no such key; did you mean read_only?",
        ),
        ('[server]\nport = "445"\n', "2: server.port: must be a port number from 0 to 65535"),
        (
            '[server]\nplain_text = "true"\n',
            "2: server.plain_text: must be true or false: write it without quotes",
        ),
        ('[[user]]\nname = "a"\npassword = 12\n', "3: user[0].password: must be a text: write it in quotes"),
        (
            '[[share]]\nname = "a"\npath = "."\nusers = "bob"\n',
            "4: share[0].users: must be a list, not a text",
        ),
        (
            '[[share]]\nname = "a"\npath = "."\nusers = [1]\n',
            "4: share[0].users[0]: must be a text: write it in quotes",
        ),
        (
            '[[share]]\nname = "a"\n[share.content]\nb = 1\n',
            "3: share[0].content: b: must be a text or a table, not a",
        ),
        ("server = {prot = 1}\n", "1: server.prot: no such key; did you mean port?"),
        (
            '[server]\nprofile = "windos-98"\n',
            "2: server.profile: no profile is called 'windos-98'; did you mean windows-98",
        ),
    ],
)
def test_what_is_meant(text: str, said: str, tmp_path: Path) -> None:
    assert mistake(tmp_path / "x.toml", text).startswith(said)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with folders and a file."""
    for name in ("data/in", "empty one", "x,ro", "d"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "lab.toml").touch()
    (tmp_path / "notes.txt").touch()
    (tmp_path / "talk.CAP").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("text", "path", "read_only", "overlay"),
    [
        ("a=data", "data", False, False),
        ("a=data,ro", "data", True, False),
        ("a=data,RO", "data", True, False),
        ("a=data,rw", "data", False, False),
        ("a=data,Overlay,Ro", "data", True, True),
        ("a=data,ro,overlay,ro", "data", True, True),
        ("a=x,ro", "x,ro", False, False),
        ("a=x,ro,ro", "x,ro", True, False),
    ],
)
@pytest.mark.usefixtures("here")
def test_words_behind_the_path_of_a_share(text: str, path: str, *, read_only: bool, overlay: bool) -> None:
    made = forms.share(text)
    assert (made.path, made.read_only, made.overlay) == (path, read_only, overlay)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a=data,ro,rw", "share a: ro or rw, not both"),
        (
            "a=data,read-only",
            "share a: there is no folder data,read-only; behind a comma may stand ro, rw or overlay, not read-only; "
            "did you mean ro?",
        ),
        ("a=", "a=: a share is NAME=PATH, and there is no PATH"),
        ("data", "data: a share is NAME=PATH; did you mean data=data?"),
        ("empty one,ro", "empty one,ro: a share is NAME=PATH; did you mean 'empty one=empty one,ro'?"),
        ("nowhere", "nowhere: a share is NAME=PATH, NAME=PATH,ro or NAME=PATH,overlay"),
    ],
)
@pytest.mark.usefixtures("here")
def test_a_share_that_is_none(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        forms.share(text)
    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("root", "said"),
    [
        ("dat", "there is no folder dat; did you mean data?"),
        ("data/inn", "there is no folder data/inn; did you mean data/in?"),
        ("~/lab", "there is no folder ~/lab: the shell left the ~ as it is; write the whole path"),
        ("lab.toml", "lab.toml is a file; did you mean fakesmb serve --config lab.toml?"),
        ("talk.CAP", "talk.CAP is a file; did you mean fakesmb show talk.CAP?"),
        ("notes.txt", "notes.txt is a file, and must be a folder: its sub-directories are the shares"),
        (
            "empty one",
            "empty one has no sub-directory to share; to share the folder itself: --share 'empty one=empty one'",
        ),
        ("a\0b", "'a\\x00b': no path holds a NUL character, or half of a surrogate pair"),
    ],
)
@pytest.mark.usefixtures("here")
def test_a_root_that_is_none(root: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        forms.subdirectories(root)
    assert str(caught.value) == f"ROOT: {said}"


@pytest.mark.usefixtures("here")
def test_a_file_that_is_none() -> None:
    for path, said in {
        "lab.tmol": "there is no file lab.tmol; did you mean lab.toml?",
        "data": "data: is a folder, and a fakesmb.toml is a file",
    }.items():
        with pytest.raises(ConfigError) as caught:
            tomlfile.read(path)
        assert str(caught.value) == said
