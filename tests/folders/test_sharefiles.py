"""`smb.share("in")`: what is on the disk, from a test's side."""

import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from fakesmb import FakeSMB, FakeSMBService, File, Share
from fakesmb.folders.sharefiles import ShareFiles
from fakesmb.testing import PASSWORD, USER, Client
from fakesmb.transport.thread import ReactorThread
from fakesmb.wire.nt_trans import read_notify_information
from fakesmb.wire.trans import NtTransactResponse
from tests.core.test_notify import Watcher
from tests.folders.test_reset import CREATE, client

USERS = {USER: PASSWORD}
CONTENT: dict[str, Any] = {"a.txt": b"x", "dir/": {"B.txt": "b", "empty/": {}}}


@pytest.fixture
def smb(place: Path) -> Iterator[FakeSMB]:
    with FakeSMB({"in": CONTENT}, users=USERS) as server:
        yield server


@pytest.fixture
def files(smb: FakeSMB) -> ShareFiles:
    return smb.share("IN")


def test_what_is_there(files: ShareFiles) -> None:
    assert files.read("a.txt") == files.read("\\A.TXT") == files.read(PurePosixPath("/a.txt")) == b"x"
    assert files.read_text("DIR\\b.txt") == "b"
    assert files.list() == ["a.txt", "dir"]
    assert files.list("dir/") == ["B.txt", "empty"]
    assert files.tree() == {"a.txt": b"x", "dir/": {"B.txt": b"b", "empty/": {}}}
    assert files.tree("dir/empty") == {}
    assert files.exists("DIR")
    assert files.exists("")
    assert not files.exists("dir/c")
    assert not files.exists("c/c")
    assert (files.is_directory("dir"), files.is_directory("a.txt"), files.is_directory("c")) == (
        True,
        False,
        False,
    )
    assert files.path == files.on_disk("a.TXT").parent
    assert files.on_disk("a.TXT").read_bytes() == b"x"
    assert repr(files) == "<files of share in>"


def test_what_is_written_a_client_reads_and_the_other_way_round(smb: FakeSMB, files: ShareFiles) -> None:
    files.write("A.TXT", b"longer than before")
    files.write("new/deep/c.txt", "é")
    one = client(smb)
    assert one.read(one.create("a.txt")) == b"longer than before"
    assert one.read(one.create("new\\deep\\c.txt")) == "é".encode()
    one.write(one.create("dir\\made", disposition=CREATE), b"by a client")
    assert files.read("dir/made") == b"by a client"
    files.write("a.txt", b"")
    assert files.read("a.txt") == b""
    assert files.list() == ["a.txt", "dir", "new"]
    files.make_directory("Dir/x/y")
    assert files.tree("dir/x") == {"y/": {}}
    files.delete("new")
    files.delete("a.txt")
    assert files.list() == ["dir"]


def test_files_with_all_that_clients_see_of_them(files: ShareFiles) -> None:
    whole = File(
        b"d",
        read_only=True,
        hidden=True,
        system=True,
        modified=datetime(2004, 2, 1, tzinfo=UTC),
        eas={"A": b"1"},
        streams={"Zone.Identifier": b"[Zone]"},
    )
    files.write("w", whole)
    assert files.file("w") == whole
    assert files.read("w:zone.identifier") == b"[Zone]"
    assert (files.exists("w:Zone.Identifier"), files.exists("w:other")) == (True, False)
    files.write("w:more", b"2")
    files.write("w:MORE", b"3")
    assert files.file("w").streams == {"more": b"3", "Zone.Identifier": b"[Zone]"}
    files.delete("w:MORE")
    files.set("w", read_only=False, hidden=False, modified=5)
    changed = files.file("w")
    assert (changed.read_only, changed.hidden, changed.system, changed.eas) == (
        False,
        False,
        True,
        {"A": b"1"},
    )
    assert changed.modified == datetime(1970, 1, 1, 0, 0, 5, tzinfo=UTC)
    files.write("w", File(b"plain"))
    assert files.file("w").data == b"plain"
    assert not files.file("w").streams
    assert not files.file("w").system
    files.write("new:stream", b"s")
    assert files.file("new").streams == {"stream": b"s"}
    os.chmod(files.on_disk("new"), 0o444)
    assert files.file("new").read_only
    files.set("new", read_only=False)
    assert not files.file("new").read_only
    with pytest.raises(TypeError, match="set has no 'readonly'; did you mean read_only"):
        files.set("new", readonly=True)  # type: ignore[arg-type]


def test_clients_are_told_of_what_is_changed(smb: FakeSMB, files: ShareFiles) -> None:
    """As of changes by other programs: to those who watch, and an oplock breaks."""
    watcher, holder = client(smb), client(smb)
    watch = Watcher(watcher)
    watch.ask()
    holder.create("a.txt", flags=6)
    files.write("new", b"")
    files.write("a.txt", b"changed")
    assert watcher.arrived(10)
    assert holder.arrived(10)
    told = Client.answers(watcher)[-1].body(NtTransactResponse)
    assert read_notify_information(told.parameters) == [(1, "new")]


@pytest.mark.parametrize(
    ("work", "kind", "words"),
    [
        (
            lambda f: f.read("b.txt"),
            FileNotFoundError,
            "share in: b.txt: there is no such file; did you mean a.txt?",
        ),
        (lambda f: f.read("dri/B.txt"), FileNotFoundError, "share in: dri/B.txt: there is no such file"),
        (lambda f: f.read("dir/c.txt"), FileNotFoundError, "did you mean B.txt?"),
        (lambda f: f.read("dir"), IsADirectoryError, "share in: dir: Is a directory"),
        (lambda f: f.read("a.txt:s"), FileNotFoundError, "share in: a.txt:s: there is no such"),
        (lambda f: f.read("../x"), ValueError, "share in: ../x: the path climbs out of the share"),
        (lambda f: f.read("a*"), ValueError, "share in: a*: 'a*' has characters that no name can have"),
        (lambda f: f.read(3), TypeError, "a path in a share is a text, not int"),
        (lambda f: f.read(b"a"), TypeError, "a path in a share is a text, not bytes"),
        (lambda f: f.file("c"), FileNotFoundError, "share in: c: there is no such file"),
        (lambda f: f.write("a.txt/b", b""), NotADirectoryError, "share in: a.txt/b: a.txt is a file"),
        (lambda f: f.write("dir", b""), IsADirectoryError, "share in: dir: Is a directory"),
        (lambda f: f.write("", b""), IsADirectoryError, "share in: the folder itself: Is a directory"),
        (lambda f: f.write("b", 3), TypeError, "data of a File must be bytes or a text, not int"),
        (lambda f: f.write("b:s", File()), ValueError, "share in: b:s: a stream has data only"),
        (lambda f: f.write("b:s", bytes(1 << 20)), OSError, "share in: b:s: a stream of 1048576 bytes"),
        (lambda f: f.make_directory("dir"), FileExistsError, "share in: dir: File exists"),
        (lambda f: f.delete("c"), FileNotFoundError, "share in: c: there is no such file"),
        (lambda f: f.delete("a.txt:s"), FileNotFoundError, "share in: a.txt:s: there is no such"),
        (lambda f: f.delete(""), ValueError, "the share itself is not deleted"),
        (lambda f: f.list("a.txt"), NotADirectoryError, "share in: a.txt: Not a directory"),
        (lambda f: f.list("a.txt:s"), NotADirectoryError, "share in: a.txt:s: Not a directory"),
        (lambda f: f.tree("c"), FileNotFoundError, "share in: c: there is no such file"),
        (lambda f: f.on_disk("c"), FileNotFoundError, "share in: c: there is no such file"),
    ],
)
def test_errors_name_the_share_and_the_path(
    files: ShareFiles, work: Any, kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind) as error:
        work(files)
    assert words in str(error.value)
    assert "\n" not in str(error.value)
    if isinstance(error.value, OSError):
        assert error.value.errno


def test_no_path_leads_out_of_the_share(files: ShareFiles, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "f").write_bytes(b"secret")
    (files.path / "out").symlink_to(secret)
    (files.path / "file").symlink_to(secret / "f")
    (files.path / "inner").symlink_to("dir")
    (files.path / "round").symlink_to(".")
    (files.path / "nowhere").symlink_to("not/there")
    os.mkfifo(files.path / "pipe")
    for work in (
        lambda: files.read("out/f"),
        lambda: files.read("file"),
        lambda: files.write("out/g", b""),
        lambda: files.write("file", b""),
        lambda: files.list("out"),
        lambda: files.exists("file"),
        lambda: files.make_directory("out/d"),
    ):
        with pytest.raises(PermissionError, match="leads out of the share"):
            work()
    assert files.read("inner/b.txt") == b"b"
    assert files.tree() == {"a.txt": b"x", "dir/": {"B.txt": b"b", "empty/": {}}}
    files.delete("out")
    files.delete("inner")
    assert sorted(os.listdir(secret)) == ["f"]
    assert files.exists("dir/b.txt")


def test_it_follows_a_reset_and_a_new_start(place: Path) -> None:
    smb = FakeSMB({"in": CONTENT}, users=USERS)
    files = smb.share("in")
    with pytest.raises(RuntimeError, match="share in: its files are there only while the server runs"):
        files.read("a.txt")
    for _ in range(2):
        with smb:
            files.write("a.txt", b"changed")
            files.delete("dir")
            smb.reset()
            assert files.read("a.txt") == b"x"
            assert files.list() == ["a.txt", "dir"]


def test_a_folder_as_it_is_needs_no_server_that_runs(tmp_path: Path) -> None:
    smb = FakeSMB({"docs": Share(tmp_path, read_only=True)}, users=USERS)
    smb.share("docs").write("a", b"1")
    assert (tmp_path / "a").read_bytes() == b"1"
    with smb:
        assert smb.share("docs").read("a") == b"1"
    with pytest.raises(ValueError, match="no share is called 'dosc'; did you mean docs"):
        smb.share("dosc")
    with pytest.raises(TypeError, match="the name of a share is a text, not int"):
        smb.share(3)  # type: ignore[arg-type]


def test_a_service_has_them_too(place: Path) -> None:
    service = FakeSMBService({"in": CONTENT}, users=USERS)
    thread = ReactorThread()
    thread.begin()
    try:
        thread.wait(lambda: service.start(thread.reactor))
        assert thread.call(service.share("in").read, "a.txt") == b"x"
        thread.wait(service.stop)
    finally:
        thread.end()


def test_threads_may_all_ask(smb: FakeSMB, files: ShareFiles) -> None:
    errors: list[Exception] = []

    def work(number: int) -> None:
        try:
            for turn in range(20):
                files.write(f"{number}/f", str(turn))
                assert files.read_text(f"{number}/f") == str(turn)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
