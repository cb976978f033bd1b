"""A local program swaps names, directories and the share itself for links to a folder outside, all the time."""

import os
import pathlib
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import pytest

from fakesmb.nt.files import Access, Disposition, Option
from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs.local import lookup
from fakesmb.vfs.local.store import LocalStore
from fakesmb.vfs.paths import Path
from fakesmb.vfs.programs.places import opened_in_place
from fakesmb.vfs.store import CreateParameters, Ea, PosixChanges
from tests.refusals import Refuses
from tests.vfs.lab import Lab, close_all

SECRET = "secret of outside"
SECONDS = 1.5
STREAM = "user.DosStream.secret-stream:$DATA"
NAMES = ("f", "d\\f", "d\\e\\f", "d", "d\\e", "D\\E\\F", "")
SWAPPER = """
import os, sys
share, outside, root = sys.argv[1:]
def swap(name):
    kept, to = share + name + '.kept', outside + name
    os.rename(share + name, kept); os.symlink(to, share + name)
    os.stat(share)
    os.unlink(share + name); os.rename(kept, share + name)
print(flush=True)
while True:
    for name in ('/f', '/d', '/d/e', '/d/f', '/d/e/f') + ('',) * int(root):
        swap(name)
"""


def fill(folder: pathlib.Path, text: str) -> None:
    """The same names inside and outside; outside they have other contents, attributes and streams."""
    (folder / "d" / "e").mkdir(parents=True)
    for name in ("f", "d/f", "d/e/f"):
        (folder / name).write_text(text)
    if text == SECRET:
        for name in ("f", "d/f", "d/e/f", "d", "d/e", "."):
            os.setxattr(folder / name, STREAM, b"secret\0")
            os.setxattr(folder / name, "user.SECRET", b"secret")
        for name in ("secret", "d/secret", "d/e/secret"):
            (folder / name).touch()


@pytest.fixture
def two(lab: Lab) -> Lab:
    """The share and the folder outside, alike but for what is secret."""
    try:
        os.setxattr(lab.root, "user.probe", b"1")
    except OSError:
        pytest.skip("no extended attributes here")
    (lab.outside / "secret.txt").unlink()
    fill(lab.root, "inside")
    fill(lab.outside, SECRET)
    return lab


def listed(store: LocalStore, path: Path) -> list[str]:
    search = store.search(path, "*", 0x16)
    try:
        return [info.name for info in iter(search.next, None)]
    finally:
        search.close()


def read(store: LocalStore, path: Path) -> bytes:
    handle = store.create(path, CreateParameters(Access.READ_DATA, options=Option.NON_DIRECTORY)).handle
    try:
        return store.read(handle, 0, 100, 0)
    finally:
        store.close(handle)


def told(store: LocalStore) -> Iterator[str]:
    """All that clients can be told by name, as texts; whatever is refused is left out."""
    for name in NAMES:
        path = Path.parse(name)
        stream = Path(path.parts, "secret-stream")
        for question, about in (
            (lambda path: store.query(path, ea_size=True).ea_size, path),
            (store.streams, path),
            (store.eas, path),
            (partial(listed, store), path),
            (partial(read, store), path),
            (lambda path: store.query(path).name, stream),
            (partial(read, store), stream),
        ):
            with suppress(SMBError, OSError):
                yield f"{name}: {question(about)!r}"


def change(store: LocalStore, number: int) -> None:
    """Whatever makes and changes by name."""
    made = CreateParameters(Access.FILE_ALL, disposition=Disposition.OPEN_IF, share=7)
    for folder in ("", "d\\", "d\\e\\"):
        change_in(store, folder, f"{folder}new{number}", made)


def change_in(store: LocalStore, folder: str, name: str, made: CreateParameters) -> None:
    steps: tuple[Callable[[], object], ...] = (
        lambda: store.close(store.create(Path.parse(name), made).handle),
        lambda: store.make_directory(Path.parse(name + "dir")),
        lambda: store.posix.make_link(Path.parse(name + "link"), "f"),
        lambda: store.posix.make_node(Path.parse(name + "pipe"), 0o010000),
        lambda: store.link(Path.parse(f"{folder}f"), Path.parse(name + "hard"), replace=False),
        lambda: store.rename(Path.parse(name), Path.parse(name + "moved"), replace=True),
        lambda: store.set_eas(Path.parse(f"{folder}f"), [Ea("NEW", b"new")]),
        lambda: store.set_basic(Path.parse(f"{folder}f"), attributes=0x22),
        lambda: store.posix.change(Path.parse(f"{folder}f"), PosixChanges(mode=0o600)),
        lambda: store.delete(Path.parse(name + "moved")),
        lambda: store.delete(Path.parse(name + "hard")),
        lambda: store.remove_directory(Path.parse(name + "dir")),
    )
    for step in steps:
        with suppress(SMBError, OSError):
            step()


def facts(folder: pathlib.Path) -> list[Any]:
    """All of a folder that a server could have changed."""
    found = []
    for one in sorted(folder.rglob("*")):
        st = one.lstat()
        kept = {name: os.getxattr(one, name) for name in os.listxattr(one)}
        found.append((str(one), st.st_mode, st.st_mtime_ns, st.st_nlink, st.st_size, kept))
    return found


@pytest.mark.parametrize("root", [False, True])
def test_nothing_outside_is_told_or_made(two: Lab, monkeypatch: pytest.MonkeyPatch, *, root: bool) -> None:
    monkeypatch.setattr(lookup, "_ROOT_SECONDS", 0.01)
    before = facts(two.outside)
    words = [sys.executable, "-c", SWAPPER, str(two.root), str(two.outside), str(int(root))]
    answers = 0
    with subprocess.Popen(words, stdout=subprocess.PIPE) as swapper:
        try:
            assert swapper.stdout is not None
            swapper.stdout.readline()
            until = time.monotonic() + SECONDS
            while time.monotonic() < until:
                for store in (two.store, two.store.with_posix_names()):
                    for text in told(store):
                        assert "secret" not in text
                        answers += 1
                    change(store, answers)
                assert swapper.poll() is None
        finally:
            swapper.kill()
    assert answers > 20
    assert facts(two.outside) == before
    close_all(two.store)


@pytest.mark.parametrize(
    "ask",
    [
        lambda store, path: store.streams(path),
        lambda store, path: store.eas(path),
        lambda store, path: store.query(path, ea_size=True).ea_size or "",
        lambda store, path: store.query(Path(path.parts, "secret-stream")).name,
    ],
)
@pytest.mark.parametrize("name", ["f", "d\\f", "d\\e"])
def test_a_name_that_becomes_a_link_has_no_attributes_of_what_it_leads_to(
    two: Lab, monkeypatch: pytest.MonkeyPatch, name: str, ask: Callable[[LocalStore, Path], object]
) -> None:
    """37 values and 126 names of streams came out in a minute of swaps."""
    here = two.root / name.replace("\\", "/")
    original = os.listxattr

    def swapped(path: Any, **how: Any) -> list[str]:
        if not here.is_symlink():
            here.rename(two.root / "kept")
            here.symlink_to(two.outside / name.replace("\\", "/"))
        return original(path, **how)

    monkeypatch.setattr(os, "listxattr", swapped)
    with suppress(SMBError, OSError):
        assert "secret" not in str(ask(two.store, Path.parse(name)))
    assert here.is_symlink()


def test_a_link_in_the_place_of_the_root_is_noticed(
    two: Lab, monkeypatch: pytest.MonkeyPatch, refuses: Refuses
) -> None:
    monkeypatch.setattr(lookup, "_ROOT_SECONDS", -1.0)
    two.store.shutdown()
    two.query("d\\f")
    two.root.rename(two.root.parent / "elsewhere")
    two.root.symlink_to(two.outside)
    for name in ("f", "d\\f", "", "nothing"):
        with refuses(NT.OBJECT_PATH_NOT_FOUND):
            two.query(name)
    with refuses(NT.OBJECT_PATH_NOT_FOUND):
        two.names()
    with refuses(NT.OBJECT_PATH_NOT_FOUND):
        two.open("new", disposition=Disposition.CREATE)
    with refuses(NT.OBJECT_PATH_NOT_FOUND):
        two.store.volume()
    two.root.unlink()
    (two.root.parent / "elsewhere").rename(two.root)
    assert read(two.store, Path.parse("d\\f")) == b"inside"


def test_before_it_is_noticed_the_folder_is_still_the_one_that_is_shared(two: Lab) -> None:
    two.root.rename(two.root.parent / "elsewhere")
    two.root.symlink_to(two.outside)
    assert read(two.store, Path.parse("f")) == b"inside"
    assert "secret" not in two.names()


def test_a_link_above_the_root_is_noticed(
    tmp_path: pathlib.Path, lab: Lab, monkeypatch: pytest.MonkeyPatch, refuses: Refuses
) -> None:
    monkeypatch.setattr(lookup, "_ROOT_SECONDS", -1.0)
    (lab.root / "above" / "share").mkdir(parents=True)
    (lab.outside / "share").mkdir()
    store = LocalStore(str(lab.root / "above" / "share"), lab.opens)
    store.query(Path(()))
    (lab.root / "above").rename(lab.root / "moved")
    (lab.root / "above").symlink_to(lab.outside)
    with refuses(NT.OBJECT_PATH_NOT_FOUND):
        store.query(Path(()))
    store.shutdown()


@pytest.mark.parametrize("name", ["f", "", "d\\f", "F"])
def test_a_folder_that_is_gone_and_back_is_served_at_once(two: Lab, refuses: Refuses, name: str) -> None:
    two.query("d\\f")
    shutil.rmtree(two.root)
    with refuses(NT.OBJECT_PATH_NOT_FOUND):
        two.query(name)
    fill(two.root, "another")
    assert two.query(name).path
    assert read(two.store, Path.parse("d\\f")) == b"another"


def test_forty_links_are_followed_and_no_more(lab: Lab, refuses: Refuses) -> None:
    for folder in (lab.root, lab.root / "d"):
        folder.mkdir(exist_ok=True)
        (folder / "0").mkdir()
        (folder / "0" / "f").write_text("end")
        for number in range(42):
            (folder / str(number + 1)).symlink_to(str(number))
    for inner in ("", "d\\"):
        assert lab.query(f"{inner}40").is_directory
        assert lab.query(f"{inner}40\\f").end_of_file == 3
        assert lab.store.with_posix_names().query(Path.parse(f"{inner}40\\f")).end_of_file == 3
        with refuses(NT.ACCESS_DENIED):
            lab.query(f"{inner}41")
        with refuses(NT.ACCESS_DENIED):
            lab.query(f"{inner}41\\f")
        assert "41" not in lab.names(inner)


@pytest.mark.parametrize(
    "there", ["{up}/outside/secret.txt", "{up}/outside/nothing", "/nothing/at/all", "/etc"]
)
def test_a_link_does_not_tell_what_is_outside(lab: Lab, refuses: Refuses, there: str) -> None:
    """A client of the Unix extensions may write any text into a link."""
    (lab.root / "d").mkdir()
    for up in ("..", str(lab.root.parent)):
        (lab.root / "l").symlink_to(there.format(up=up))
        (lab.root / "d" / "l").symlink_to(there.format(up=f"../{up}" if up == ".." else up))
        for name in ("l", "d\\l", "l\\x", "D\\L"):
            with refuses(NT.ACCESS_DENIED):
                lab.query(name)
        (lab.root / "l").unlink()
        (lab.root / "d" / "l").unlink()


def test_a_link_may_name_the_share_itself(lab: Lab) -> None:
    """Out by its text and back along the share's own path, or by the name that the share was given by."""
    (lab.root / "d").mkdir()
    (lab.root / "d" / "f").write_text("abc")
    alias = lab.root.parent / "alias"
    alias.symlink_to(lab.root)
    store = LocalStore(str(alias), lab.opens)
    for number, target in enumerate(
        (
            f"../{lab.root.name}/d/f",
            f"d/../../{lab.root.name}/d/./f",
            f"{lab.root}/d/f",
            f"/../..{lab.root}/d//f",
            f"{alias}/d/f",
            "d/../d/f",
        )
    ):
        (lab.root / f"l{number}").symlink_to(target)
        assert store.query(Path.parse(f"l{number}")).end_of_file == 3
    for number, target in enumerate((str(lab.root), ".", "d/..", f"../{lab.root.name}", str(alias))):
        (lab.root / f"r{number}").symlink_to(target)
        assert store.query(Path.parse(f"r{number}")).is_directory
        assert store.query(Path.parse(f"r{number}\\d\\f")).end_of_file == 3
    store.shutdown()


def test_what_is_watched_is_no_link(two: Lab) -> None:
    (two.root / "l").symlink_to(two.outside)
    with opened_in_place(str(two.root / "d")) as fd:
        assert sorted(os.listdir(fd)) == ["e", "f"]
    for path in (two.root / "l", two.root / "l" / "d", two.root / "d" / "f", two.root / "nothing"):
        with pytest.raises(OSError, match=r"Not a directory|No such file"), opened_in_place(str(path)):
            pass
