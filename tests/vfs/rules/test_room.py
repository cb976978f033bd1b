"""Open files leave descriptors for connections."""

import os
from collections.abc import Iterator

import pytest

from fakesmb.nt.files import Access, Disposition, Option
from fakesmb.nt.status import NT
from fakesmb.vfs.local.store import LocalStore
from fakesmb.vfs.paths import Path
from tests.refusals import Refuses
from tests.vfs.lab import Lab


@pytest.fixture(autouse=True)
def no_gaps() -> Iterator[None]:
    """Descriptors are given out one after the other: none below the highest is free."""
    highest = max(int(fd) for fd in os.listdir("/proc/self/fd"))
    fillers = [os.dup(0)]
    while fillers[-1] < highest:
        fillers.append(os.dup(0))
    yield
    for fd in fillers:
        os.close(fd)


def next_descriptor() -> int:
    fd = os.dup(0)
    os.close(fd)
    return fd


@pytest.mark.parametrize("disposition", [Disposition.OPEN, Disposition.OVERWRITE, Disposition.SUPERSEDE])
def test_an_open_beyond_is_refused_and_changes_nothing(
    lab: Lab, refuses: Refuses, disposition: Disposition
) -> None:
    (lab.root / "a").write_text("abc")
    (lab.root / "d").mkdir()
    lab.store.check_directory(Path.parse("d"))
    said: list[str] = []
    kept = 7
    lab.opens.room.bound(next_descriptor() + 3 + kept, kept, said.append)
    held = [lab.open("a") for _ in range(3)]
    before = set(os.listdir("/proc/self/fd"))
    with refuses(NT.TOO_MANY_OPENED_FILES):
        lab.open("a", disposition=disposition)
    for options in (0, Option.DIRECTORY):
        with refuses(NT.TOO_MANY_OPENED_FILES):
            lab.open("new", disposition=Disposition.CREATE, options=options)
    with refuses(NT.TOO_MANY_OPENED_FILES):
        lab.open("a:stream", disposition=Disposition.OPEN_IF)
    with refuses(NT.TOO_MANY_OPENED_FILES):
        lab.open("d", Access.READ_ATTRIBUTES)
    assert set(os.listdir("/proc/self/fd")) == before
    assert sorted(os.listdir(lab.root)) == ["a", "d"]
    assert (lab.root / "a").read_text() == "abc"
    assert lab.query("a").end_of_file == 3
    assert len(said) == 1
    assert "7 kept for connections" in said[0]
    lab.store.close(held[0].handle)
    assert lab.open("a")


def test_a_search_that_would_hold_one_more_is_not_kept(lab: Lab, refuses: Refuses) -> None:
    """It may go on for one request, as long as connections have something left."""
    for number in range(12):
        (lab.root / f"d{number}").mkdir()
    lab.opens.room.bound(next_descriptor() + 13, 9, lambda text: None)
    searches = []
    for number in range(4):
        searches.append(lab.store.search(Path((f"d{number}",)), "*", 0x16))
        assert searches[-1].next() is not None
        searches[-1].keep()
    for store in (lab.store, lab.store.with_posix_names()):
        assert isinstance(store, LocalStore)
        other = store.search(Path(("d5",)), "*", 0x16)
        with refuses(NT.TOO_MANY_OPENED_FILES):
            other.keep()
        assert other.next() is not None
        other.close()
    root = store.search(Path(()), "*", 0x16)
    root.keep()  # the share's own folder is open anyway
    with refuses(NT.TOO_MANY_OPENED_FILES):
        searches.extend(lab.store.search(Path((f"d{number}",)), "*", 0x16) for number in range(4, 12))
    for search in (root, *searches):
        search.close()


def test_folders_that_were_looked_up_make_room_for_files(lab: Lab) -> None:
    for number in range(12):
        (lab.root / f"d{number}").mkdir()
        (lab.root / f"d{number}" / "a").touch()
    lab.opens.room.bound(next_descriptor() + 12, 4, lambda text: None)
    for number in range(8):
        lab.store.search(Path((f"d{number}",)), "*", 0x16).close()
    opened = [lab.open("d0\\a") for _ in range(6)]
    assert all(lab.store.read(one.handle, 0, 1, 0) == b"" for one in opened)
