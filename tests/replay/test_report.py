"""Kinds of differences, what fails on them, and the lines of the report."""

import importlib
import pkgutil
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fakesmb import NT, FakeSMB, cli, wire
from fakesmb.mistakes import ConfigError
from fakesmb.replay import reference
from fakesmb.replay.compare import Difference, differences, shown
from fakesmb.replay.expected import ALL_KINDS, EXPECTED, KINDS, kind_of
from fakesmb.replay.report import failing_kinds
from fakesmb.replay.shares import ShareMap
from fakesmb.trace.field import Field, Tree
from fakesmb.trace.specnames import spec_name
from fakesmb.wire.codec import Body, Record, Structure
from tests.capture.written import Tcp, Written
from tests.replay.taping import USERS, taped
from tests.replay.test_demo import TREE


def test_the_docs_have_the_table_of_the_code(checkout: Path) -> None:
    text = (checkout / "docs" / "captures.md").read_text(encoding="utf-8")
    assert reference.with_table(text) == text
    assert all(f"| `{kind}` |" in text for kind in ALL_KINDS)


def test_the_docs_have_every_option(checkout: Path) -> None:
    text = (checkout / "docs" / "captures.md").read_text(encoding="utf-8")
    command = cli.main.commands["replay"]
    options = [name for one in command.params for name in one.opts if name.startswith("-")]
    assert "--fail-on" in options
    assert [name for name in options if name.startswith("--") and f"`{name}" not in text] == []


def test_make_docs_writes_it(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("a\n<!-- kinds of differences -->\nold\n<!-- end -->\nb\n")
    reference.main(str(page))
    assert page.read_text() == f"a\n<!-- kinds of differences -->\n{reference.table()}<!-- end -->\nb\n"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("CreationTime", "times"),
        ("FID", "ids"),
        ("EndOfFile", "sizes"),
        ("AllocationSize", "allocation"),
        ("FileName", "names"),
        ("NativeOS", "server"),
        ("ExtFileAttributes", "attributes"),
        ("ByteCount", "layout"),
        ("Whatever", "fields"),
    ],
)
def test_kinds_go_by_the_name_of_the_field(name: str, kind: str) -> None:
    assert kind_of(name) == kind


def test_every_expected_kind_has_a_reason_and_no_other_has() -> None:
    assert all(row.reason for row in EXPECTED)
    assert not any(row.reason for row in KINDS)


def test_what_fails() -> None:
    usual = failing_kinds(None)
    assert "status" in usual
    assert "times" not in usual
    assert failing_kinds("status, Times") == {"status", "times"}
    assert failing_kinds("all") == set(ALL_KINDS)
    assert failing_kinds("none") == set()
    with pytest.raises(ConfigError, match="no kind 'state' of difference; did you mean status"):
        failing_kinds("state")


def tree(*fields: Field) -> Tree:
    return Tree((Field("SMB_Data", 0, 8, fields=fields),), (b"",), 0)


def entry(name: str, size: int) -> Field:
    return Field("Entry", 0, 8, fields=(Field("FileName", 0, 4, name), Field("EndOfFile", 4, 4, size)))


def test_entries_of_lists_are_compared_by_their_names() -> None:
    """Servers list in orders of their own."""
    old, new = (
        tree(entry("a", 1), entry("b", 2), entry("c", 3)),
        tree(entry("c", 3), entry("a", 5), entry("d", 4)),
    )
    assert differences(old, new) == [
        Difference("SMB_Data.Entry[a].EndOfFile", "sizes", "1", "5"),
        Difference("SMB_Data.Entry[b]", "names", "8 bytes", "nothing"),
        Difference("SMB_Data.Entry[d]", "names", "nothing", "8 bytes"),
    ]


def test_secrets_are_never_shown() -> None:
    hidden = Field("NTProofStr", 0, 16, secret=True)
    assert shown(hidden) == "hidden"
    assert differences(tree(hidden), tree(hidden)) == []
    shorter = Field("NTProofStr", 0, 8, secret=True)
    assert differences(tree(hidden), tree(shorter)) == [
        Difference("SMB_Data.NTProofStr", "fields", "hidden", "hidden")
    ]


def test_shares_are_meant_by_server_and_name_by_name_or_all() -> None:
    shares = ShareMap([r"\\OLD\C$=public", "//old/d$/=second", "*=rest", "docs=papers"])
    assert shares.meant(r"\\old\c$") == "public"
    assert shares.meant(r"\\OLD\D$") == "second"
    assert shares.meant(r"\\other\DOCS") == "papers"
    assert shares.meant(r"\\other\c$") == "rest"
    assert shares.meant(r"\\other\IPC$") == "IPC$"
    assert ShareMap().meant(r"\\other\c$") == "c$"


@pytest.mark.parametrize("text", ["public", "=public", "a=", r"a=b\c"])
def test_mistakes_of_maps(text: str) -> None:
    with pytest.raises(ConfigError, match="write"):
        ShareMap([text])


# -- the report ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.replay.test_demo import demo_at

    with FakeSMB({"c$": TREE}, users=USERS, signing="off") as smb:
        return taped(smb, tmp_path_factory.mktemp("capture"), demo_at)


def replay(capture: Path, smb: FakeSMB, *arguments: str) -> Result:
    return CliRunner().invoke(cli.main, ["replay", str(capture), f"127.0.0.1:{smb.port}", *arguments])


def test_people_read_what_is_different_and_what_it_comes_to(capture: Path) -> None:
    with FakeSMB({"c$": TREE}, users=USERS, signing="off") as smb:
        smb.faults.inject(command="NT_CREATE_ANDX", path="readme.txt", fail=NT.ACCESS_DENIED)
        done = replay(capture, smb)
        assert done.exit_code == 1
        lines = done.stdout.splitlines()
        assert "    Status: STATUS_SUCCESS, here STATUS_ACCESS_DENIED  (status)" in lines
        assert any(
            line.startswith("frame ") and "Nt Create Andx, FileName = \\readme.txt" in line for line in lines
        )
        assert any(line.startswith("26 requests sent, 0 not; answers: ") for line in lines)
        assert max(map(len, lines)) <= 100
        quiet = replay(capture, smb, "-q").stdout.splitlines()
        assert quiet[0].startswith("26 requests sent")
        loud = replay(capture, smb, "-v").stdout
        assert "(ids, expected)" in loud


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["nowhere.pcap", "127.0.0.1:1"], "nowhere.pcap"),
        (["CAPTURE", "127.0.0.1:x"], "is no port"),
        (["CAPTURE", "127.0.0.1:1", "-u", "alice"], "-u is NAME:PASSWORD"),
        (["CAPTURE", "127.0.0.1:1", "--map", "x"], "--map 'x'"),
        (["CAPTURE", "127.0.0.1:1", "--fail-on", "sizs"], "did you mean sizes"),
        (["PAGE", "127.0.0.1:1"], "no capture"),
        (["EMPTY", "127.0.0.1:1"], "no request of an SMB1 client"),
    ],
)
def test_mistakes_are_one_line(capture: Path, tmp_path: Path, words: list[str], line: str) -> None:
    page, empty = tmp_path / "page.pcap", tmp_path / "empty.pcap"
    page.write_text("<html>no capture at all</html>")
    empty.write_bytes(capture.read_bytes()[:24])
    names = {"CAPTURE": str(capture), "PAGE": str(page), "EMPTY": str(empty)}
    done = CliRunner().invoke(cli.main, ["replay", *[names.get(word, word) for word in words]])
    assert (done.exit_code, done.stdout) == (2, "")
    assert line in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_capture_of_another_protocol_says_which(tmp_path: Path) -> None:
    capture = Written()
    Tcp(capture).open().send(True, b"\0\0\0\x40\xfeSMB" + bytes(60))
    path = tmp_path / "smb2.pcap"
    path.write_bytes(capture.pcap())
    done = CliRunner().invoke(cli.main, ["replay", str(path), "127.0.0.1:1"])
    assert done.exit_code == 2
    assert "goes on with SMB 2 or 3" in done.stderr


def test_nobody_there(capture: Path, unused: Callable[[], int]) -> None:
    done = CliRunner().invoke(cli.main, ["replay", str(capture), f"127.0.0.1:{unused()}"])
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.endswith("does not answer: Connection refused\n")


@pytest.fixture
def unused() -> Callable[[], int]:
    import socket

    def port() -> int:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            number: int = free.getsockname()[1]
            return number

    return port


def test_all_times_that_a_server_tells_are_expected_to_differ() -> None:
    """Whatever the specifications call them."""
    found = {}
    for module in pkgutil.iter_modules(wire.__path__):
        for cls in vars(importlib.import_module(f"fakesmb.wire.{module.name}")).values():
            if isinstance(cls, type) and issubclass(cls, Body | Record | Structure):
                for name in cls.__struct_fields__:
                    if re.search(r"(?<![a-z])(time|date|modified)$", name):
                        found[spec_name(name, cls)] = cls.__name__
    assert len(found) > 10
    assert {name: cls for name, cls in found.items() if kind_of(name) != "times"} == {}
