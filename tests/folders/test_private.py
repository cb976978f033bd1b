"""Private folders: where they are, that they become fresh, and that nothing of them stays."""

import errno
import fcntl
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fakesmb import FakeSMB
from fakesmb.folders import homes, leftovers, places, private, removal
from fakesmb.folders.content import File, tree_of
from fakesmb.folders.errors import FolderError
from fakesmb.folders.homes import Home
from fakesmb.folders.leftovers import remove_all_left, remove_left
from fakesmb.folders.private import PrivateFolders, Wanted
from fakesmb.folders.slices import THREAD
from tests.folders.conftest import user_xattrs

CONTENT = {"a.txt": b"x", "dir/": {"b": "b"}}


def made(*wanted: Wanted, **more: Any) -> tuple[PrivateFolders, list[str]]:
    said: list[str] = []
    return PrivateFolders(wanted, said.append, **more), said


def content(name: str = "in", limit: int = 1 << 30, **files: bytes) -> Wanted:
    return Wanted(name, tree_of(files or CONTENT), limit)


def names(folder: str) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in Path(folder).rglob("*"))


def exchange(folders: PrivateFolders) -> FolderError | None:
    done: list[FolderError | None] = []
    ready = threading.Event()

    def take(trouble: FolderError | None) -> None:
        done.append(trouble)
        ready.set()

    folders.exchange(take)
    assert ready.wait(10)
    return done[0]


def test_a_folder_is_filled_exchanged_and_removed(place: Path) -> None:
    folders, said = made(content(), content("c$", a=b"1"))
    try:
        path = folders.paths["in"]
        assert os.path.dirname(path) == folders.home
        assert os.path.dirname(folders.home) == str(place)
        assert stat.S_IMODE(os.stat(folders.home).st_mode) == 0o700
        assert names(path) == ["a.txt", "dir", "dir/b"]
        for _ in range(3):
            folders.make_spares()
            folders.make_spares()  # one thread is enough
            assert folders.wait_until_ready(10)
            assert folders.has_all_spares
            Path(path, "a.txt").write_bytes(b"changed")
            Path(path, "new").mkdir()
            assert exchange(folders) is None
            assert folders.paths["in"] == path
            assert names(path) == ["a.txt", "dir", "dir/b"]
            assert Path(path, "a.txt").read_bytes() == b"x"
        folders.make_spares()
        folders.wait_until_ready()
        assert sorted(os.listdir(folders.home)) == [".fakesmb", ".spare-0", ".spare-1", "c$", "in"]
        assert said == []
    finally:
        folders.close()
        folders.close()


def test_without_a_spare_copy_it_is_filled_anew(place: Path, tmp_path: Path) -> None:
    """Because twice of it is more than the limit; that is said once."""
    source = tmp_path / "data"
    source.mkdir()
    (source / "f").write_bytes(b"x" * 5000)
    os.mkfifo(source / "pipe")
    folders, said = made(Wanted("data", str(source), 10_000))
    try:
        path = folders.paths["data"]
        for _ in range(2):
            folders.make_spares()
            folders.wait_until_ready()
            assert not folders.has_all_spares
            Path(path, "f").unlink()
            assert exchange(folders) is None
            assert names(path) == ["f"]
        assert len(said) == 2
        assert said[0] == f"share data: {source}: devices, pipes and sockets are left out: pipe"
        assert next(line for line in said if "no spare copy" in line).endswith(
            "a reset copies it anew, which takes longer: twice 8.0 KiB is more than overlay_limit, 9.8 KiB"
        )
        (source / "f").write_bytes(b"x" * 50_000)
        trouble = exchange(folders)
        assert "share data: has more than 9.8 KiB" in str(trouble)
        assert names(path) == []
        shutil.rmtree(source)
        assert f"share data: cannot copy {source}: No such file" in str(exchange(folders))
        assert os.path.isdir(path)
    finally:
        folders.close()


def test_what_is_too_much_is_said_before_anything_is_made(place: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "f").write_bytes(b"x" * 5000)
    for wanted, words in (
        (
            Wanted("data", str(tmp_path / "data"), 5000),
            f"share data: the copy of {tmp_path / 'data'} takes 8.0 KiB, and overlay_limit is 4.9 KiB",
        ),
        (content(limit=5000), "share in: the content takes 8.0 KiB, and overlay_limit is 4.9 KiB"),
        (
            Wanted("gone", str(tmp_path / "gone")),
            f"share gone: cannot copy {tmp_path / 'gone'}: No such file",
        ),
    ):
        with pytest.raises(FolderError) as error:
            made(wanted)
        assert words in str(error.value)


def test_a_full_disk_is_one_line_and_leaves_nothing(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(private, "free_bytes", lambda _: 100)
        patch.setattr(places, "free_bytes", lambda _: 100)
        with pytest.raises(FolderError) as error:
            made(content())
    assert str(error.value) == (
        f"share in: the content does not fit into {place}: it needs 8.0 KiB, and 100 bytes are free "
        "(FAKESMB_TMP names another place)"
    )
    write = os.write

    def full(fd: int, data: bytes) -> int:
        if bytes(data) == b"b":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(fd, data)

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(FolderError, match="share in: the content does not fit into"):
            made(content())
    folders, said = made(content())
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        folders.make_spares()
        folders.wait_until_ready()
        assert not folders.has_all_spares
        assert "share in: no spare copy is kept ready" in said[0]
        assert "does not fit into" in said[0]
        assert sorted(os.listdir(folders.home)) == [".fakesmb", "in"]
    folders.close()


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ("/nowhere/at/all", "FAKESMB_TMP: there is no folder /nowhere/at/all"),
        ("/etc/passwd", "FAKESMB_TMP: /etc/passwd is not a folder"),
        ("/proc", "/proc"),
    ],
)
def test_a_wrong_place_is_one_line(monkeypatch: pytest.MonkeyPatch, named: str, words: str) -> None:
    monkeypatch.setenv(places.VARIABLE, named)
    with pytest.raises(FolderError) as error:
        made(content())
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_the_first_place_with_room_that_takes_extended_attributes_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    monkeypatch.delenv(places.VARIABLE, raising=False)
    monkeypatch.setattr(places, "IN_MEMORY", str(one))
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(other))
    room = {str(one): 1 << 40, str(other): 1 << 40}
    takes = {str(one): True, str(other): True}
    monkeypatch.setattr(private, "free_bytes", lambda path: room.get(path, 1 << 40))
    monkeypatch.setattr(private, "takes_xattrs", lambda path: takes[os.path.dirname(path)])

    def where() -> str:
        folders, _ = made(content())
        folders.close()
        return os.path.basename(os.path.dirname(folders.home))

    assert where() == "one"
    room[str(one)] = 100
    assert where() == "other"
    room[str(one)] = 1 << 40
    takes[str(one)] = False
    assert where() == "other"
    takes[str(other)] = False
    assert where() == "one"
    monkeypatch.setattr(places, "IN_MEMORY", str(tmp_path / "gone"))
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path / "gone, too"))
    with pytest.raises(FolderError, match="FAKESMB_TMP names one"):
        made(content())
    assert os.listdir(one) == os.listdir(other) == []


def test_what_a_place_without_extended_attributes_cannot_keep_is_named(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(private, "takes_xattrs", lambda _: False)
    with pytest.raises(FolderError, match=r"share in: dir/a: hidden must be kept in extended attributes"):
        made(Wanted("in", tree_of({"dir/a": File(b"", hidden=True)})))
    folders, _ = made(content())
    folders.close()

    def no(*_: object) -> None:
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))

    monkeypatch.setattr(os, "setxattr", no)
    assert not places.takes_xattrs(str(place))
    monkeypatch.delattr(os, "setxattr")
    assert not places.takes_xattrs(str(place))


def test_streams_too_long_for_the_disk_are_named(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not user_xattrs(place):
        pytest.skip("the disk takes no extended attributes")

    def too_long(*_: object, **__: object) -> None:
        raise OSError(errno.E2BIG, os.strerror(errno.E2BIG))

    folders, _ = made(content())
    folders.close()
    with monkeypatch.context() as patch:
        patch.setattr(private, "takes_xattrs", lambda _: True)
        patch.setattr(os, "setxattr", too_long)
        with pytest.raises(FolderError, match="share in: a: a stream larger than"):
            made(Wanted("in", tree_of({"a": File(b"", streams={"s": b"x"})})))


def test_a_copy_is_not_made_in_the_folder_itself(place: Path) -> None:
    with pytest.raises(FolderError, match=r"would be in .* itself"):
        made(Wanted("x", str(place)))


def test_names_of_shares_that_are_no_names_of_directories(place: Path) -> None:
    folders, _ = made(content("a b"), content(".x"), content("Ünlü"))
    assert [os.path.basename(path) for path in folders.paths.values()] == ["share-0", "share-1", "share-2"]
    folders.close()


def test_times_may_be_told(place: Path) -> None:
    folders, _ = made(Wanted("in", tree_of({"a": b"", "d/b": File(b"", modified=5.5)})), dated=10**18)
    path = folders.paths["in"]
    assert os.stat(path).st_mtime_ns == os.stat(f"{path}/a").st_mtime_ns == 10**18
    assert os.stat(f"{path}/d").st_mtime_ns == 10**18
    assert os.stat(f"{path}/d/b").st_mtime_ns == 5_500_000_000
    folders.close()


def test_the_owner_may_be_another(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[tuple[str, int, int]] = []
    monkeypatch.setattr(os, "chown", lambda path, uid, gid, **_: given.append((path, uid, gid)))
    folders, _ = made(content(), owner=(12, 34))
    home = folders.home
    assert {os.path.relpath(path, home) for path, _, _ in given} == {
        ".", "in", "in/a.txt", "in/dir", "in/dir/b", homes.MARK
    }  # fmt: skip
    assert (
        {ids for _, *ids in map(tuple, given)} == {(12, 34)}
        if False
        else all((uid, gid) == (12, 34) for _, uid, gid in given)
    )
    folders.close()


def test_what_is_under_way_is_given_up_at_the_end(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "many"
    source.mkdir()
    for number in range(300):
        (source / str(number)).write_bytes(b"x")
    folders, _ = made(Wanted("many", str(source)))
    began = threading.Event()
    go_on = threading.Event()
    make = folders._make

    def slow(*args: Any) -> None:
        began.set()
        go_on.wait(10)
        make(*args)

    monkeypatch.setattr(folders, "_make", slow)
    folders.make_spares()
    assert began.wait(10)
    waits: list[str] = []
    folders.when_ready(lambda: waits.append("called"))
    assert waits == []
    folders.give_up()
    go_on.set()
    folders.wait_until_ready()
    assert waits == ["called"]
    assert not folders.has_all_spares
    assert str(exchange(folders)) == "the server is stopping"
    folders.make_spares()
    folders.close()


@pytest.mark.parametrize("cleared", ["spare", "home"])
def test_what_somebody_has_cleared_up_is_made_again(place: Path, cleared: str) -> None:
    folders, said = made(content())
    folders.make_spares()
    folders.wait_until_ready()
    for path in [folders.home] if cleared == "home" else Path(folders.home).glob(".spare*"):
        shutil.rmtree(path)
    assert exchange(folders) is None
    assert names(folders.paths["in"]) == ["a.txt", "dir", "dir/b"]
    shutil.rmtree(folders.home)
    folders.make_spares()
    folders.wait_until_ready()
    assert said == [f"private folders: {folders.home}: No such file or directory"]
    folders.close()


def test_a_link_in_the_place_of_a_folder_takes_nothing_else_with_it(place: Path, tmp_path: Path) -> None:
    (tmp_path / "others").mkdir()
    (tmp_path / "others" / "kept").touch()
    folders, _ = made(content())
    for _ in range(2):
        shutil.rmtree(folders.paths["in"])
        os.symlink(tmp_path / "others", folders.paths["in"])
        assert exchange(folders) is None
        assert names(folders.paths["in"]) == ["a.txt", "dir", "dir/b"]
    shutil.rmtree(folders.paths["in"])
    os.symlink(tmp_path / "others", folders.paths["in"])
    folders.close()
    assert os.listdir(tmp_path / "others") == ["kept"]


def test_without_a_thread_it_is_done_by_who_asks(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders, _ = made(content())

    def no_more(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", no_more)
    folders.make_spares()
    assert folders.wait_until_ready(0)
    assert folders.has_all_spares
    folders.close()


def test_an_error_of_ours_in_the_thread_is_told(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders, said = made(content())
    monkeypatch.setattr(private, "fill", lambda *_, **__: 1 / 0)
    folders.make_spares()
    assert folders.wait_until_ready(10)
    assert said == [f"private folders: {folders.home}: ZeroDivisionError: division by zero"]
    assert "ZeroDivisionError" in str(exchange(folders))
    folders.close()


def test_the_end_waits_for_no_removal(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what a reset has exchanged, or of a copy that was begun: all goes with the home."""
    folders, _ = made(content())
    folders.make_spares()
    folders.wait_until_ready()
    for number in range(500):
        Path(folders.paths["in"], str(number)).touch()
    removed: list[str] = []
    began, go_on = threading.Event(), threading.Event()

    def slow(path: str) -> Iterator[None]:
        for step in removal.removal(path):
            removed.append(path)
            began.set()
            go_on.wait(10)
            yield step

    monkeypatch.setattr(private, "removal", slow)
    assert exchange(folders) is None
    folders.make_spares()
    assert began.wait(10)
    folders.give_up()
    go_on.set()
    folders.close()
    assert len(removed) == 1


def test_many_files_are_removed_by_a_thread_that_is_waited_for(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders, _ = made(content())
    for number in range(600):
        Path(folders.paths["in"], str(number)).touch()
    began = time.perf_counter()
    folders.close()
    took = time.perf_counter() - began
    thread = next((one for one in threading.enumerate() if one.name == THREAD), None)
    if thread is not None:
        assert not thread.daemon
        thread.join()
    assert took < 0.5


def test_what_no_thread_can_be_had_for_is_done_at_once(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the end of the interpreter: none would be waited for."""

    def no_more(*_: object, **__: object) -> threading.Thread:
        raise RuntimeError("can't start new thread")

    ways: list[Callable[[], None]] = [
        lambda: monkeypatch.setattr(threading, "Thread", no_more),
        lambda: monkeypatch.setattr(threading.main_thread(), "is_alive", lambda: False),
    ]
    for patch in ways:
        folders, _ = made(content())
        for number in range(600):
            Path(folders.paths["in"], str(number)).touch()
        patch()
        folders.close()
        assert os.listdir(place) == []
        monkeypatch.undo()
        monkeypatch.setenv(places.VARIABLE, str(place))


# -- leftovers ---------------------------------------------------------------------------------------------


def left_behind(place: Path, *files: str, name: str = "left") -> Path:
    """What a killed server leaves: a home that nobody holds."""
    home = place / f"{leftovers.PREFIX}{name}"
    home.mkdir(mode=0o700)
    (home / homes.MARK).write_bytes(b"")
    for file in files:
        (home / file).write_bytes(b"")
    return home


def test_what_a_killed_server_left_the_next_one_removes(place: Path) -> None:
    left = left_behind(place, "f")
    (left / "in" / "deep").mkdir(parents=True)
    folders, _ = made(content())
    assert os.listdir(place) == [os.path.basename(folders.home)]
    other, _ = made(content())  # both live
    assert len(os.listdir(place)) == 2
    folders.close()
    assert os.path.isdir(other.home)
    other.close()


def test_a_server_with_plain_folders_only_looks_for_them_too(place: Path, tmp_path: Path) -> None:
    left_behind(place, "f")
    with FakeSMB({"plain": tmp_path}):
        assert os.listdir(place) == []


def test_a_place_that_cannot_be_is_no_matter_to_who_needs_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(places.VARIABLE, "/nowhere")
    remove_all_left()


@pytest.mark.parametrize("kind", ["file", "link", "rights", "no mark", "another name", "owner", "young"])
def test_nothing_of_others_is_ever_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    there = left_behind(tmp_path, "f")
    if kind == "file":
        shutil.rmtree(there)
        there.write_bytes(b"")
    elif kind == "link":
        there.rename(tmp_path / "elsewhere")
        there.symlink_to(tmp_path / "elsewhere")
    elif kind == "rights":
        there.chmod(0o755)
    elif kind == "no mark":
        (there / homes.MARK).unlink()
    elif kind == "another name":
        there = there.rename(tmp_path / "fakesmb-work")
    elif kind == "owner":
        monkeypatch.setattr(os, "geteuid", lambda: 12345678)
    else:
        there = there.rename(tmp_path / ".fakesmb-new-xyz")
    before = sorted(str(path) for path in tmp_path.rglob("*"))
    remove_left(str(tmp_path))
    assert sorted(str(path) for path in tmp_path.rglob("*")) == before


def test_the_rest_of_a_home_is_removed_once_it_is_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server may be killed while it makes its home, or while it removes it."""
    (tmp_path / f"{leftovers.PREFIX}a").mkdir(mode=0o700)
    (tmp_path / ".fakesmb-new-b").mkdir(mode=0o700)
    (tmp_path / ".fakesmb-new-b" / homes.MARK).touch()
    remove_left(str(tmp_path))
    assert len(os.listdir(tmp_path)) == 2
    later = time.time() + 120
    monkeypatch.setattr(time, "time", lambda: later)
    remove_left(str(tmp_path))
    assert os.listdir(tmp_path) == []
    remove_left(str(tmp_path / "gone"))


def test_a_disk_without_locks_keeps_what_may_be_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", no)
    home = Home(str(tmp_path))
    remove_left(str(tmp_path))
    assert os.path.isdir(home.path)
    home.remove()
    assert os.listdir(tmp_path) == []


def test_a_home_that_cannot_be_made_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(fcntl, "flock", no)
    with pytest.raises(FolderError, match=r"no private folder can be made in .*: Input/output error"):
        Home(str(tmp_path))
    assert os.listdir(tmp_path) == []


SCRIPT = """
import os, sys, time
from fakesmb.folders.content import tree_of
from fakesmb.folders.private import PrivateFolders, Wanted
folders = PrivateFolders([Wanted("in", tree_of({"a": b"x"}))], print)
folders.make_spares()
print(folders.home, flush=True)
"""
ENDS: dict[str, tuple[str, Callable[[subprocess.Popen[str]], object]]] = {
    "runs to its end": ("", bool),
    "raises": ("raise ValueError", bool),
    "forks": ("if os.fork() == 0: sys.exit()\nos.wait(); assert os.path.isdir(folders.home)", bool),
    "is killed": ("time.sleep(60)", lambda process: process.kill()),
}


@pytest.mark.parametrize("how", ENDS)
def test_a_program_that_ends_leaves_nothing_or_what_the_next_one_removes(
    place: Path, checkout: Path, how: str
) -> None:
    more, end = ENDS[how]
    environment = os.environ | {"PYTHONPATH": str(checkout)}
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT + more],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    home = process.stdout.readline().strip()
    assert os.path.dirname(home) == str(place)
    end(process)
    _, errors = process.communicate(timeout=20)
    assert ("Assertion" in errors) is False
    assert os.path.isdir(home) == (how == "is killed")
    folders, _ = made(content())
    folders.close()


def test_a_place_whose_room_nobody_counts_has_some(monkeypatch: pytest.MonkeyPatch) -> None:
    uncounted = SimpleNamespace(f_blocks=0, f_bavail=0, f_frsize=4096)
    monkeypatch.setattr("os.statvfs", lambda _: uncounted)
    places.check_room("/somewhere", 1 << 40, "all of it")
