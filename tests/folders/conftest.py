"""Private folders in a place of the test's own, so that what is left behind can be counted."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakesmb.folders import places
from fakesmb.folders.slices import THREAD


def user_xattrs(folder: Path) -> bool:
    probe = folder / "probe"
    probe.mkdir()
    try:
        return places.takes_xattrs(str(probe))
    finally:
        probe.rmdir()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where private folders are made; nothing may be in it at the end."""
    folder = tmp_path / "place"
    folder.mkdir()
    monkeypatch.setenv(places.VARIABLE, str(folder))
    yield folder
    for thread in threading.enumerate():
        if thread.name == THREAD:
            thread.join(10)
    assert os.listdir(folder) == []
