"""Local programs break the oplocks of clients by changing a file, and by opening it where a share says so."""

import os
import struct
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fakesmb.nt.controls import Fsctl
from fakesmb.nt.files import Access, Disposition, Oplock
from fakesmb.vfs.programs import local_opens
from fakesmb.vfs.programs.inotify import Event, Inotify
from fakesmb.vfs.programs.local_opens import LocalOpens
from fakesmb.vfs.store import Opened
from tests.vfs.lab import Lab

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux' own")

ATTRIBUTES = Access.READ_ATTRIBUTES | Access.SYNCHRONIZE


class Local:
    """What reads for the store, and what was said of trouble."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.ready: list[Callable[[], None]] = []
        self.problems: list[str] = []
        self.told: list[tuple[int, bool]] = []
        lab.opens.local_opens = LocalOpens(self._listen, self.problems.append)
        (lab.root / "a").write_bytes(b"old")

    def _listen(self, fd: int, ready: Callable[[], None]) -> Callable[[], None]:
        self.ready.append(ready)
        return lambda: self.ready.remove(ready)

    def open(self, oplock: int, access: int = Access.FILE_ALL, **how: Any) -> Opened:
        """A client's open with an oplock."""
        opened = self.lab.open(
            "a",
            access,
            oplock=oplock,
            level_two=True,
            share=7,
            break_oplock=lambda level, must: self.told.append((level, must)),
            **how,
        )
        assert opened.oplock == oplock
        return opened

    def breaks(self) -> list[tuple[int, bool]]:
        """What clients were told of since the last call: (level, must acknowledge)."""
        for ready in self.ready:
            ready()
        told, self.told = self.told, []
        return told


@pytest.fixture
def local(lab: Lab) -> Local:
    return Local(lab)


@pytest.mark.parametrize("level", [Oplock.EXCLUSIVE, Oplock.BATCH])
def test_reading_disturbs_nobody(lab: Lab, local: Local, level: int) -> None:
    """However often: impacket holds a batch oplock and fails when it is asked to give it up."""
    opened = local.open(level)
    for _ in range(3):
        assert (lab.root / "a").read_bytes() == b"old"
        (lab.root / "a").stat()
        list(lab.root.iterdir())
    lab.store.write(opened.handle, 0, b"new", 1)
    assert (lab.root / "a").read_bytes() == b"new"
    assert local.breaks() == []


def _append(path: Path) -> None:
    with path.open("ab") as program:
        program.write(b"new")


def _overwrite(path: Path) -> None:
    path.write_bytes(b"")


def _truncate(path: Path) -> None:
    os.truncate(path, 1)


def _replace(path: Path) -> None:
    (path.parent / "b").write_bytes(b"as editors save")
    (path.parent / "b").replace(path)


def _delete(path: Path) -> None:
    path.unlink(missing_ok=True)


def _reserve(path: Path) -> None:
    fd = os.open(path, os.O_WRONLY)
    os.posix_fallocate(fd, 0, 100)
    os.close(fd)


@pytest.mark.parametrize("level", [Oplock.EXCLUSIVE, Oplock.BATCH])
@pytest.mark.parametrize("change", [_append, _overwrite, _truncate, _reserve, _replace, _delete])
def test_a_change_asks_for_everything(
    lab: Lab, local: Local, level: int, change: Callable[[Path], None]
) -> None:
    """What the client holds is not what the disk holds: not even level II is left."""
    opened = local.open(level)
    change(lab.root / "a")
    assert local.breaks() == [(Oplock.NONE, True)]
    change(lab.root / "a")
    assert local.breaks() == []
    lab.store.acknowledge_oplock(opened.handle, Oplock.NONE)
    change(lab.root / "a")
    assert local.breaks() == []


def test_a_change_between_the_holders_own(lab: Lab, local: Local) -> None:
    """It looks like one of the holder's until the program closes the file."""
    opened = local.open(Oplock.BATCH)
    lab.store.write(opened.handle, 0, b"mine", 1)
    with (lab.root / "a").open("ab", buffering=0) as program:
        program.write(b"theirs")
        assert local.breaks() == []
    assert local.breaks() == [(Oplock.NONE, True)]
    lab.store.acknowledge_oplock(opened.handle, Oplock.NONE)
    lab.store.close(opened.handle)
    opened = local.open(Oplock.BATCH)
    with (lab.root / "a").open("ab", buffering=0) as program:
        lab.store.write(opened.handle, 0, b"mine", 1)
        program.write(b"theirs")
        assert local.breaks() == []
        program.write(b"theirs")
        assert local.breaks() == []
    assert local.breaks() == [(Oplock.NONE, True)]


def test_writes_of_the_holder_are_not_told_of_for_ever(
    lab: Lab, local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each would cost as much as the write; whoever opens the file meanwhile is looked at again."""
    events: list[Event] = []
    read = Inotify.read

    def counted(watches: Inotify, enough: Callable[[], bool] = bool) -> Iterator[Event]:
        for event in read(watches, enough):
            events.append(event)
            yield event

    monkeypatch.setattr(Inotify, "read", counted)
    opened = local.open(Oplock.BATCH)
    for _ in range(5):
        lab.store.write(opened.handle, 0, b"mine", 1)
        assert local.breaks() == []
    assert len(events) == 1
    (lab.root / "a").read_bytes()
    lab.store.write(opened.handle, 0, b"mine", 1)
    assert local.breaks() == []
    with (lab.root / "a").open("ab", buffering=0) as program:
        assert local.breaks() == []
        program.write(b"theirs")
        assert local.breaks() == [(Oplock.NONE, True)]


def test_a_share_without_local_breaks(lab: Lab, local: Local) -> None:
    """Neither level hears of anything."""
    opened = local.open(Oplock.BATCH, local_breaks=False)
    _overwrite(lab.root / "a")
    assert local.breaks() == []
    lab.store.close(opened.handle)
    assert local.ready == []


@pytest.mark.parametrize("level", [Oplock.EXCLUSIVE, Oplock.BATCH])
def test_opening_asks_for_level_two_where_the_share_says_so(lab: Lab, local: Local, level: int) -> None:
    """Once. The holder keeps level II, which a change ends without asking."""
    opened = local.open(level, local_breaks="opens")
    assert local.breaks() == []
    assert (lab.root / "a").read_bytes() == b"old"
    assert local.breaks() == [(Oplock.LEVEL_II, True)]
    (lab.root / "a").read_bytes()
    assert local.breaks() == []
    lab.store.acknowledge_oplock(opened.handle, Oplock.LEVEL_II)
    (lab.root / "a").read_bytes()
    assert local.breaks() == []
    with (lab.root / "a").open("ab") as program:
        program.write(b"new")
    assert local.breaks() == [(Oplock.NONE, False)]


def test_the_holders_own_doings_break_nothing(lab: Lab, local: Local) -> None:
    """Reading, writing, new sizes, asking for attributes, and others who ask for those; a local reader or not."""
    opened = local.open(Oplock.BATCH, disposition=Disposition.OVERWRITE)
    for at in range(3):
        lab.store.write(opened.handle, at, b"mine", 1)
        (lab.root / "a").read_bytes()
        if at:
            assert local.breaks() == []
    lab.store.set_end_of_file(opened.handle, 100)
    lab.store.set_allocation(opened.handle, 50)
    lab.store.set_allocation(opened.handle, 5000)
    lab.store.lock(opened.handle, 1, 0, 10, exclusive=True)
    assert local.breaks() == []
    lab.store.control(opened.handle, Fsctl.SET_ZERO_DATA, struct.pack("<qq", 20, 30), 0)
    lab.store.set_basic(opened.handle, attributes=0x20)
    lab.query("a")
    other = lab.open("a", ATTRIBUTES, share=7)
    assert local.breaks() == []
    lab.store.close(other.handle)
    lab.store.close(opened.handle)
    assert local.breaks() == []


def test_after_the_end_nothing_is_watched(lab: Lab, local: Local) -> None:
    """What happened before a close is nobody's; a new oplock begins anew."""
    first = local.open(Oplock.BATCH)
    _append(lab.root / "a")
    lab.store.close(first.handle)
    assert local.breaks() == []
    local.open(Oplock.BATCH)
    assert local.breaks() == []
    _append(lab.root / "a")
    assert local.breaks() == [(Oplock.NONE, True)]


def test_without_inotify(lab: Lab, local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    """Oplocks are given all the same, and somebody is told what is missing, once."""

    def refuse() -> None:
        raise OSError("no more instances")

    monkeypatch.setattr(local_opens, "Inotify", refuse)
    for _ in range(2):
        lab.store.close(local.open(Oplock.BATCH).handle)
    assert len(local.problems) == 1


def test_the_server_ends(lab: Lab, local: Local) -> None:
    """Its descriptor goes."""
    before = os.listdir("/proc/self/fd")
    lab.store.close(local.open(Oplock.BATCH).handle)
    lab.store.shutdown()
    assert local.ready == []
    assert len(os.listdir("/proc/self/fd")) == len(before) - 1  # the root's, too
