"""Large files that go, shrink or become holes: the disk frees them in slices, or while a thread waits."""

import os
import struct
import threading
from itertools import count
from pathlib import Path

import pytest

from fakesmb.nt.files import Disposition
from fakesmb.vfs.local import freeing, holes
from fakesmb.vfs.paths import Path as Parsed
from fakesmb.vfs.store import Unfinished
from tests.vfs.lab import Lab

PIECES = 600


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred KiB are large here, and cut off by the hundred."""
    monkeypatch.setattr(freeing, "LARGE", 100_000)
    monkeypatch.setattr(freeing, "_STEP", 100 * 8192)
    monkeypatch.setattr(holes, "_STEP", 100 * 8192)


def scattered(path: Path) -> None:
    """A file in hundreds of pieces."""
    with path.open("wb") as file:
        for number in range(PIECES):
            file.seek(number * 8192)
            file.write(b"x" * 4096)


def slices(lab: Lab, act: object) -> int:
    """How often it is to be called."""
    lab.opens.world.turn.now = count(0, 1).__next__
    lab.opens.world.turn.begin()
    for number in range(1, 50):
        try:
            act()  # type: ignore[operator]
        except Unfinished:
            continue
        return number
    raise AssertionError("never done")


def test_a_file_shrinks_in_slices(lab: Lab) -> None:
    scattered(lab.root / "a")
    handle = lab.open("a").handle
    assert slices(lab, lambda: lab.store.set_end_of_file(handle, 5)) > 3
    assert (lab.root / "a").read_bytes() == b"xxxxx"
    lab.store.close(handle)


def test_a_file_is_overwritten_in_slices(lab: Lab) -> None:
    scattered(lab.root / "a")
    assert slices(lab, lambda: lab.store.close(lab.open("a", disposition=Disposition.OVERWRITE).handle)) > 3
    assert (lab.root / "a").read_bytes() == b""


def test_zeros_come_in_slices(lab: Lab) -> None:
    scattered(lab.root / "a")
    handle = lab.open("a").handle
    asked = struct.pack("<QQ", 0, (PIECES - 1) * 8192)
    assert slices(lab, lambda: lab.store.control(handle, 0x980C8, asked, 0)) > 3
    data = (lab.root / "a").read_bytes()
    assert data == bytes((PIECES - 1) * 8192) + b"x" * 4096
    lab.store.close(handle)


@pytest.mark.parametrize("replaced", [False, True])
def test_a_thread_waits_for_what_a_name_frees(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, *, replaced: bool
) -> None:
    scattered(lab.root / "a")
    closed: list[str] = []
    keep = os.close

    def close(fd: int) -> None:
        if threading.current_thread() is not threading.main_thread():
            closed.append(os.readlink(f"/proc/self/fd/{fd}"))  # the collector may close others' in any thread
        keep(fd)

    monkeypatch.setattr(os, "close", close)
    before = threading.active_count()
    if replaced:
        (lab.root / "b").touch()
        lab.store.rename(Parsed.parse("b"), Parsed.parse("a"), replace=True)
    else:
        lab.store.delete(Parsed.parse("a"))
    while threading.active_count() > before:
        threading.Event().wait(0.01)
    assert [one for one in closed if one.startswith(f"{lab.root}/")] == [f"{lab.root}/a (deleted)"]
    assert os.listdir(lab.root) == (["a"] if replaced else [])
