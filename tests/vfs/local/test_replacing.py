"""A hard link that replaces a file, and a rename between two links: nothing lost where the disk refuses a step, nothing
left by a server that is killed in between, and nothing told but what clients see."""

import ctypes
import errno
import os
import signal
import subprocess
import sys
from typing import Any

import pytest

from fakesmb.nt.status import NT, from_os
from fakesmb.vfs.local import replacing
from fakesmb.vfs.local.replacing import UNDER_WAY
from fakesmb.vfs.local.store import LocalStore
from fakesmb.vfs.paths import Path
from tests.vfs.lab import Lab
from tests.vfs.local.test_faults import fails_with, status_of

P = Path.parse

KILLED = """
import os, signal, sys
from fakesmb.vfs.local.store import LocalStore
from fakesmb.vfs.paths import Path
from tests.vfs.lab import Lab
import pathlib
lab = Lab(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[1]))
os.rename = lambda *args, **more: os.kill(os.getpid(), signal.SIGKILL)
lab.store.link(Path.parse("source"), Path.parse(sys.argv[2]), replace=True)
"""


@pytest.fixture
def two(lab: Lab) -> Lab:
    """A file and one that is to be replaced, in the root and in a folder."""
    (lab.root / "dir").mkdir()
    for name in ("source", "target", "dir/target"):
        (lab.root / name).write_text(name)
    return lab


def names(lab: Lab) -> list[str]:
    return sorted(str(path.relative_to(lab.root)) for path in lab.root.rglob("*"))


@pytest.mark.parametrize("number", [errno.EMLINK, errno.EIO, errno.ENOSPC, errno.EXDEV, errno.EPERM])
@pytest.mark.parametrize("call", ["link", "rename"])
@pytest.mark.parametrize("to", ["target", "TARGET", "dir\\target", "dir\\Target"])
def test_a_link_that_fails_costs_nothing(
    two: Lab, monkeypatch: pytest.MonkeyPatch, to: str, call: str, number: int
) -> None:
    before = names(two)
    two.names()
    with monkeypatch.context() as patch:
        patch.setattr(os, call, fails_with(number))
        status = status_of(lambda: two.store.link(P("source"), P(to), replace=True))
    assert status == from_os(OSError(number, ""))
    assert names(two) == before
    assert (two.root / to.lower().replace("\\", "/")).read_text() == to.lower().replace("\\", "/")
    assert two.query(to).end_of_file == len(to)
    assert UNDER_WAY not in os.listxattr(two.root)
    two.store.link(P("source"), P(to), replace=True)
    assert (two.root / to.replace("\\", "/")).read_text() == "source"
    assert len(names(two)) == len(before)
    assert two.query("source").number_of_links == 2
    assert UNDER_WAY not in os.listxattr(two.root)


@pytest.mark.parametrize("to", ["target", "TARGET", "dir\\target"])
def test_a_server_that_is_killed_leaves_no_name(two: Lab, to: str) -> None:
    before = names(two)
    done = subprocess.run([sys.executable, "-c", KILLED, str(two.root), to], check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(names(two)) == len(before) + 1
    LocalStore(str(two.root), two.opens, read_only=True).shutdown()
    assert len(names(two)) == len(before) + 1  # a read-only share is not changed
    LocalStore(str(two.root), two.opens).shutdown()
    assert names(two) == before
    assert (two.root / to.lower().replace("\\", "/")).read_text() == to.lower().replace("\\", "/")
    assert UNDER_WAY not in os.listxattr(two.root)


@pytest.mark.parametrize(
    "note", [b"source", b"../outside/.fakesmb-link-0", b"out/.fakesmb-link-0", b".fakesmb-link-1", b"", b"/"]
)
def test_a_note_takes_nothing_else_away(two: Lab, note: bytes) -> None:
    """It names one link of several, of the server's own making, in the share."""
    (two.root / ".fakesmb-link-1").write_text("the only name of it")
    for place in (two.outside / "a", two.outside / ".fakesmb-link-0"):
        place.unlink(missing_ok=True)
    (two.outside / "a").write_text("x")
    os.link(two.outside / "a", two.outside / ".fakesmb-link-0")
    (two.root / "out").symlink_to(two.outside)
    before = names(two)
    os.setxattr(two.root, UNDER_WAY, note)
    LocalStore(str(two.root), two.opens).shutdown()
    assert names(two) == before
    assert (two.outside / ".fakesmb-link-0").exists()


def test_where_the_disk_takes_no_note(two: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "setxattr", fails_with(errno.ENOTSUP))
    two.store.link(P("source"), P("target"), replace=True)
    assert (two.root / "target").read_text() == "source"


def test_over_another_link_of_the_same_file(two: Lab) -> None:
    """There is nothing to do but for the spelling."""
    os.link(two.root / "source", two.root / "second")
    (two.root / "soft").symlink_to("source")
    for to in ("second", "SECOND"):
        for path in ("source", "soft"):
            two.store.link(P(path), P(to), replace=True)
            assert names(two) == sorted(["dir", "dir/target", "soft", "source", "target", to])
            assert two.query("source").number_of_links == 2


@pytest.mark.parametrize("to", ["second", "SECOND", "dir\\second"])
def test_a_rename_between_two_links_loses_no_name(two: Lab, monkeypatch: pytest.MonkeyPatch, to: str) -> None:
    place = two.root / to.lower().replace("\\", "/")
    os.link(two.root / "source", place)
    with monkeypatch.context() as patch:
        patch.setattr(os, "unlink", fails_with(errno.EIO))
        assert status_of(lambda: two.store.rename(P("source"), P(to), replace=True)) == NT.DATA_ERROR
    assert place.read_text() == "source"
    two.store.rename(P("source"), P(to), replace=True)
    assert not (two.root / "source").exists()
    assert two.query(to).number_of_links == 1
    assert (two.root / to.replace("\\", "/")).read_text() == "source"


def test_the_spelling_that_the_disk_refuses_is_not_told(two: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is open has the name that it has."""
    real = os.rename

    def rename(old: str, new: str, **more: Any) -> None:
        if old == "target":
            raise OSError(errno.EIO, "broken")
        real(old, new, **more)

    monkeypatch.setattr(os, "rename", rename)
    two.names()
    opened = two.open("source")
    two.store.rename(P("source"), P("TARGET"), replace=True)
    assert opened.handle.path == P("target")
    assert (two.root / "target").read_text() == "source"
    assert "target" in two.names()
    assert two.query("Target").end_of_file == len("source")


@pytest.mark.parametrize("to", ["target", "TARGET", "dir\\target", "dir\\Target"])
@pytest.mark.parametrize("exchanges", [False, True])
def test_a_directory_in_the_place_of_a_file(
    two: Lab, monkeypatch: pytest.MonkeyPatch, to: str, exchanges: bool
) -> None:
    (two.root / "folder").mkdir()
    (two.root / "folder" / "inside").touch()
    before = names(two)
    if not exchanges:
        monkeypatch.setattr(replacing, "_libc", lambda: None)
    with monkeypatch.context() as patch:
        patch.setattr(os, "unlink", fails_with(errno.EIO))
        assert status_of(lambda: two.store.rename(P("folder"), P(to), replace=True)) == NT.DATA_ERROR
    assert names(two) == before
    assert (two.root / to.lower().replace("\\", "/")).read_text() == to.lower().replace("\\", "/")
    two.store.rename(P("folder"), P(to), replace=True)
    assert (two.root / to.replace("\\", "/") / "inside").exists()
    assert len(names(two)) == len(before) - 1
    assert "folder" not in two.names()


@pytest.mark.parametrize("number", [errno.EIO, errno.EXDEV, errno.EACCES])
def test_an_exchange_that_fails_costs_nothing(two: Lab, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    class Libc:
        @staticmethod
        def renameat2(*_: object) -> int:
            ctypes.set_errno(number)
            return -1

    monkeypatch.setattr(replacing, "_libc", Libc)
    before = names(two)
    act = lambda: two.store.rename(P("dir"), P("target"), replace=True)  # noqa: E731
    assert status_of(act) == from_os(OSError(number, ""))
    assert names(two) == before
    assert (two.root / "target").read_text() == "target"
