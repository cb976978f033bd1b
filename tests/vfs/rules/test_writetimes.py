"""When the last write time of an open file moves, by a clock that the test moves."""

import os
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fakesmb.nt.files import Access, Disposition
from fakesmb.nt.filetime import TICKS_PER_SECOND, from_ns
from fakesmb.vfs.local.store import LocalStore
from fakesmb.vfs.paths import Path
from fakesmb.vfs.rules.openfiles import OpenFiles
from fakesmb.vfs.rules.times import WriteClock
from fakesmb.vfs.store import CreateParameters, Handle, Info
from fakesmb.world import World
from tests.vfs.lab import close_all

T2001 = 126_227_808_000_000_000
DELAY = 2


class Desk:
    """A store whose time stands still until the test moves it, and one file in it."""

    def __init__(self, root: pathlib.Path) -> None:
        self.began = World().filetime()
        self.seconds = 1.0
        self.root = root
        self.store = LocalStore(str(root), OpenFiles(WriteClock(self.present, DELAY * TICKS_PER_SECOND)))
        (root / "a").write_bytes(b"content")
        os.utime(root / "a", ns=(10**18, 10**18))

    def present(self) -> int:
        return self.began + int(self.seconds * TICKS_PER_SECOND)

    def open(self, **request: Any) -> Handle:
        return self.store.create(Path(("a",)), CreateParameters(Access.FILE_ALL, **request)).handle

    def write(self, handle: Handle) -> None:
        self.store.write(handle, 0, b"x", 1)

    def facts(self) -> Info:
        return self.store.query(Path(("a",)))

    @property
    def shown(self) -> int:
        return self.facts().last_write_time


@pytest.fixture
def desk(tmp_path: pathlib.Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    close_all(desk.store)
    desk.store.shutdown()


BEFORE = from_ns(10**18)


def test_a_write_shows_after_the_delay_and_once(desk: Desk) -> None:
    handle = desk.open()
    changed = desk.facts().change_time
    desk.write(handle)
    due = desk.present() + DELAY * TICKS_PER_SECOND
    assert (desk.shown, desk.facts().change_time) == (BEFORE, changed)
    desk.seconds += DELAY - 0.1
    desk.write(handle)
    assert desk.shown == BEFORE
    desk.seconds += 0.1
    assert (desk.shown, desk.facts().change_time) == (due, due)
    desk.seconds += 10
    desk.write(handle)
    desk.seconds += 10
    assert desk.shown == due, "later writes of the same open do not count"


def test_both_ways_of_asking_agree(desk: Desk) -> None:
    handle = desk.open()
    desk.write(handle)
    for _ in range(3):
        by_handle = desk.store.query(handle)
        assert (by_handle.last_write_time, by_handle.change_time) == (desk.shown, desk.facts().change_time)
        desk.seconds += DELAY


def test_the_close_of_a_writer_is_the_time(desk: Desk) -> None:
    handle = desk.open()
    desk.write(handle)
    desk.seconds += 100
    desk.store.close(handle)
    assert desk.shown == desk.present()


def test_the_close_of_a_reader_is_not(desk: Desk) -> None:
    desk.store.close(desk.open())
    assert desk.shown == BEFORE


@pytest.mark.parametrize("size", [3, 7, 100])
def test_a_new_size_shows_at_once(desk: Desk, size: int) -> None:
    handle = desk.open()
    for _ in range(2):
        desk.seconds += 1
        desk.store.set_end_of_file(handle, size)
        assert desk.shown == desk.present()
    moment = desk.shown
    desk.seconds += 5
    desk.store.close(handle)
    assert desk.shown == moment


def test_a_write_after_a_new_size_shows_at_the_close(desk: Desk) -> None:
    handle = desk.open()
    desk.store.set_end_of_file(handle, 3)
    moment = desk.shown
    desk.write(handle)
    desk.seconds += 10
    assert desk.shown == moment
    desk.store.close(handle)
    assert desk.shown == desk.present()


def test_a_smaller_allocation_is_a_new_size(desk: Desk) -> None:
    handle = desk.open()
    desk.store.set_allocation(handle, 4)
    assert desk.shown == desk.present()


@pytest.mark.parametrize("change", ["write", "resize"])
def test_a_time_that_was_set_stays(desk: Desk, change: str) -> None:
    handle = desk.open()
    desk.write(handle)
    desk.store.set_basic(handle, write=T2001)
    desk.seconds += 10
    if change == "write":
        desk.write(handle)
    else:
        desk.store.set_end_of_file(handle, 1)
    desk.seconds += 10
    assert desk.shown == T2001
    desk.store.close(handle)
    assert desk.shown == T2001


def test_a_time_set_by_one_open_ends_with_the_close_of_another(desk: Desk) -> None:
    setter, writer = desk.open(), desk.open()
    desk.write(writer)
    desk.store.set_basic(setter, write=T2001)
    desk.seconds += 10
    desk.write(writer)
    assert desk.shown == T2001, "what was to follow the write does not"
    desk.store.close(writer)
    closed = desk.shown
    assert closed == desk.present()
    desk.write(setter)
    desk.seconds += 10
    desk.store.close(setter)
    assert desk.shown == closed, "the setter's own writes and close do not count"


def test_updates_can_be_stopped_and_resumed(desk: Desk) -> None:
    handle = desk.open()
    desk.store.set_basic(handle, write=-1)
    desk.write(handle)
    desk.seconds += 10
    assert desk.shown == BEFORE
    desk.store.set_basic(handle, write=-2)
    desk.store.close(handle)
    assert desk.shown == desk.present()


def test_an_overwrite_shows_to_others_at_once(desk: Desk) -> None:
    handle = desk.open()
    desk.write(handle)
    desk.open(disposition=Disposition.OVERWRITE)
    assert desk.shown == desk.present()


def test_a_new_name_moves_the_change_time_alone(desk: Desk) -> None:
    handle = desk.open()
    desk.write(handle)
    desk.seconds += 1
    desk.store.rename(handle, Path(("b",)), replace=False)
    info = desk.store.query(handle)
    assert (info.last_write_time, info.change_time) == (BEFORE, desk.present())


def test_a_change_time_can_be_set_while_the_file_is_open(desk: Desk) -> None:
    handle = desk.open()
    desk.store.set_basic(handle, change=T2001)
    assert desk.store.query(handle).change_time == T2001


@pytest.mark.parametrize("name", ["a", "d"])
def test_a_change_time_outlasts_the_open(desk: Desk, name: str) -> None:
    """Of files and directories: `utimes` of smbclient sets all four times by name."""
    (desk.root / "d").mkdir()
    desk.store.set_basic(Path((name,)), change=T2001)
    assert desk.store.query(Path((name,))).change_time == T2001


def test_the_disk_gets_the_time(desk: Desk) -> None:
    """With the last close, for local programs."""
    first, second = desk.open(), desk.open()
    desk.store.set_basic(first, write=T2001)
    desk.write(first)
    desk.store.close(first)
    desk.store.close(second)
    assert from_ns(os.stat(desk.root / "a").st_mtime_ns) == T2001


def test_a_local_write_after_a_new_size_is_kept(desk: Desk) -> None:
    handle = desk.open()
    desk.store.set_end_of_file(handle, 3)
    later = (desk.present() + TICKS_PER_SECOND - from_ns(0)) * 100
    os.utime(desk.root / "a", ns=(later, later))
    desk.store.close(handle)
    assert desk.shown == from_ns(later)


def test_a_file_that_goes_away_gets_none(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    handle = desk.open()
    desk.write(handle)
    desk.store.set_delete(handle, delete=True)
    refuse: Callable[..., None] = lambda *args, **kwargs: pytest.fail("utime of a deleted file")  # noqa: E731
    monkeypatch.setattr(os, "utime", refuse)
    desk.store.close(handle)
    assert not (desk.root / "a").exists()
