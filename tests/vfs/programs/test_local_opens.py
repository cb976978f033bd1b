"""Local programs break the oplocks of clients by changing a file, and by opening it where a share says so."""

import contextlib
import mmap
import os
import shutil
import struct
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fakesmb.nt.controls import Fsctl
from fakesmb.nt.files import Access, Disposition, Oplock
from fakesmb.vfs.paths import Path as SharePath
from fakesmb.vfs.programs import local_opens
from fakesmb.vfs.programs.inotify import Event, Inotify
from fakesmb.vfs.programs.local_opens import LocalOpens
from fakesmb.vfs.store import Opened, PosixChanges
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
    """Of a program that opens the file after the holder has written, at its first change."""
    opened = local.open(Oplock.BATCH)
    lab.store.write(opened.handle, 0, b"mine", 1)
    assert local.breaks() == []
    with (lab.root / "a").open("ab", buffering=0) as program:
        lab.store.write(opened.handle, 0, b"mine", 1)
        assert local.breaks() == []
        program.write(b"theirs")
        assert local.breaks() == [(Oplock.NONE, True)]


@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize("level", [Oplock.EXCLUSIVE, Oplock.BATCH])
@pytest.mark.parametrize("change", [_append, _overwrite, _reserve])
def test_a_change_after_the_holders_own(
    lab: Lab, local: Local, level: int, change: Callable[[Path], None], *, written: bool
) -> None:
    """The program has opened and closed the file by the time that the server looks."""
    opened = local.open(level)
    lab.store.write(opened.handle, 0, b"mine", 1)
    assert local.breaks() == []
    if written:
        lab.store.write(opened.handle, 0, b"more", 1)
    (lab.root / "a").read_bytes()
    change(lab.root / "a")
    assert local.breaks() == [(Oplock.NONE, True)]


@pytest.mark.parametrize("again", [False, True])
def test_a_change_at_once_when_the_file_was_opened(lab: Lab, local: Local, *, again: bool) -> None:
    """Nothing was looked at yet: the write time tells, or the close where the holder has written again."""
    opened = local.open(Oplock.BATCH)
    lab.store.write(opened.handle, 0, b"mine", 1)
    assert local.breaks() == []
    time.sleep(0.02)  # the kernel's clock ticks
    if again:
        lab.store.write(opened.handle, 0, b"mine", 1)
        assert local.breaks() == []
    with (lab.root / "a").open("ab", buffering=0) as program:
        program.write(b"theirs")
        told = local.breaks()
        assert told == ([] if again else [(Oplock.NONE, True)])
    assert told + local.breaks() == [(Oplock.NONE, True)]


def test_a_reader_between_the_holders_own_changes(lab: Lab, local: Local) -> None:
    opened = local.open(Oplock.BATCH)
    lab.store.write(opened.handle, 0, b"mine", 1)
    assert local.breaks() == []
    with (lab.root / "a").open("rb"):
        lab.store.write(opened.handle, 0, b"mine", 1)
        assert local.breaks() == []
    lab.store.write(opened.handle, 0, b"mine", 1)
    assert local.breaks() == []


def test_a_change_through_a_mapping_is_seen_when_that_ends(lab: Lab, local: Local) -> None:
    local.open(Oplock.BATCH)
    time.sleep(0.02)
    with (lab.root / "a").open("r+b") as program, mmap.mmap(program.fileno(), 3) as mapping:
        mapping[0:1] = b"X"
        assert local.breaks() == []
    assert local.breaks() == [(Oplock.NONE, True)]


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("look", [True, False])
def test_a_program_that_had_the_file_open(lab: Lab, local: Local, *, before: bool, look: bool) -> None:
    """Its change ends the oplock at once, although the holder writes, too, before and after it."""
    with contextlib.ExitStack() as programs:
        if before:
            program = programs.enter_context((lab.root / "a").open("r+b", buffering=0))
        opened = local.open(Oplock.BATCH)
        if not before:
            program = programs.enter_context((lab.root / "a").open("r+b", buffering=0))
        for at in range(3):
            lab.store.write(opened.handle, at, b"mine", 1)
            assert local.breaks() == []
        if look:
            lab.store.write(opened.handle, 0, b"mine", 1)
        time.sleep(0.02)  # the kernel's clock ticks
        program.write(b"theirs")
        time.sleep(0.02)
        if look:
            lab.store.write(opened.handle, 0, b"mine", 1)
        assert local.breaks() == [(Oplock.NONE, True)]


def test_a_program_that_cannot_be_told_from_the_holder_is_seen_when_it_closes(
    lab: Lab, local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a disk whose clock stands still between two writes."""
    monkeypatch.setattr("fakesmb.vfs.rules.oplocks._write_time", lambda oplocks: 1)
    with (lab.root / "a").open("r+b", buffering=0) as program:
        opened = local.open(Oplock.BATCH)
        lab.store.write(opened.handle, 0, b"mine", 1)
        program.write(b"theirs")
        assert local.breaks() == []
    assert local.breaks() == [(Oplock.NONE, True)]


def _rename(path: Path) -> None:
    path.rename(path.parent / "b")


def _away(path: Path) -> None:
    (path.parent / "into").mkdir()
    path.rename(path.parent / "into" / path.name)


def _link(path: Path) -> None:
    os.link(path, path.parent / "b")


NAMES = [_rename, _away, _link]


@pytest.mark.parametrize(
    ("level", "left"), [(Oplock.EXCLUSIVE, Oplock.LEVEL_II), (Oplock.BATCH, Oplock.NONE)]
)
@pytest.mark.parametrize("change", NAMES)
def test_another_name_is_as_a_rename_by_another_client(
    lab: Lab, local: Local, level: int, left: int, change: Callable[[Path], None]
) -> None:
    """Who holds a batch oplock may open the file again by the name that it had."""
    opened = local.open(level)
    lab.store.write(opened.handle, 0, b"mine", 1)
    assert local.breaks() == []
    change(lab.root / "a")
    assert local.breaks() == [(left, True)]
    lab.store.acknowledge_oplock(opened.handle, Oplock.NONE)


def _chmod(path: Path) -> None:
    path.chmod(0o640 if path.stat().st_mode & 0o777 != 0o640 else 0o600)


def _utime(path: Path) -> None:
    os.utime(path, (1, 1))


def _chown(path: Path) -> None:
    os.chown(path, -1, 12345)


@pytest.mark.parametrize("level", [Oplock.EXCLUSIVE, Oplock.BATCH])
@pytest.mark.parametrize("change", [_chmod, _utime, _chown])
def test_what_is_known_of_the_file_is_set(
    lab: Lab, local: Local, level: int, change: Callable[[Path], None]
) -> None:
    """The data are as they were: level II stays."""
    if change is _chown and os.geteuid():
        pytest.skip("only root gives files away")
    local.open(level)
    change(lab.root / "a")
    assert local.breaks() == [(Oplock.LEVEL_II, True)]


@pytest.mark.parametrize("written", [True, False])
@pytest.mark.parametrize("beside", [True, False])
def test_who_only_reads_disturbs_nobody_in_any_way(
    lab: Lab, local: Local, *, written: bool, beside: bool
) -> None:
    """Reading by a mapping, extended attributes, access times that are set back, a copy, a file beside it."""
    path = lab.root / "a"
    descriptor = os.open(path, os.O_RDWR) if beside else -1
    opened = local.open(Oplock.BATCH)
    for at in range(3):
        if written:
            lab.store.write(opened.handle, at, b"mine", 1)
            assert local.breaks() == []
        with path.open("rb") as program, mmap.mmap(program.fileno(), 0, prot=mmap.PROT_READ) as mapped:
            assert mapped[:1]
            st = os.fstat(program.fileno())
            os.utime(path, ns=(1, st.st_mtime_ns))
        os.listxattr(path)
        shutil.copy2(path, lab.root / "copy")
        with contextlib.suppress(OSError):
            os.close(os.open(path, os.O_RDONLY | os.O_NOATIME))
        assert local.breaks() == []
    if beside:
        os.close(descriptor)


def test_what_clients_do_to_the_file_breaks_nothing(lab: Lab, local: Local) -> None:
    """Times, mode and attributes that the holder or another sets, its own rename, links of the holder's."""
    opened = local.open(Oplock.BATCH)
    lab.store.set_basic(opened.handle, write=130_000_000_000_000_000)
    assert local.breaks() == []
    with (lab.root / "a").open("rb"):
        lab.store.write(opened.handle, 0, b"mine", 1)
        assert local.breaks() == []
        lab.store.set_basic(opened.handle, write=131_000_000_000_000_000, attributes=2)
        lab.store.write(opened.handle, 0, b"mine", 1)
        assert local.breaks() == []
    other = lab.open("a", Access.WRITE_ATTRIBUTES, share=7)
    lab.store.set_basic(other.handle, write=130_000_000_000_000_000, attributes=0x20)
    lab.store.close(other.handle)
    assert local.breaks() == []
    lab.store.posix.change(SharePath.parse("a"), PosixChanges(mode=0o600))
    assert local.breaks() == []
    lab.store.rename(opened.handle, SharePath.parse("b"), replace=False)
    assert local.breaks() == []
    lab.store.link(opened.handle, SharePath.parse("c"), replace=False)
    assert local.breaks() == []


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
