"""Local programs break the oplocks of clients: by opening a file, and by changing it."""

import os
import sys
from collections.abc import Callable

import pytest

from fakesmb.nt.files import Access, Oplock
from fakesmb.vfs.programs import local_opens
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

    def open(self, oplock: int, access: int = Access.FILE_ALL) -> Opened:
        """A client's open with an oplock."""
        opened = self.lab.open(
            "a",
            access,
            oplock=oplock,
            level_two=True,
            share=7,
            break_oplock=lambda level, must: self.told.append((level, must)),
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
def test_opening_asks_for_level_two(lab: Lab, local: Local, level: int) -> None:
    """Once. The holder keeps level II, which a change ends without asking."""
    opened = local.open(level)
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
    """Reading, writing, asking for attributes, and others who ask for those."""
    opened = local.open(Oplock.BATCH)
    lab.store.write(opened.handle, 0, b"mine", 1)
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
    (lab.root / "a").read_bytes()
    lab.store.close(first.handle)
    assert local.breaks() == []
    local.open(Oplock.BATCH)
    assert local.breaks() == []
    (lab.root / "a").read_bytes()
    assert local.breaks() == [(Oplock.LEVEL_II, True)]


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
    assert len(os.listdir("/proc/self/fd")) == len(before)
