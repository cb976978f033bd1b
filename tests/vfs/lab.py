"""A store over a folder of the test's own, and what checks that nothing leaks."""

import os
import pathlib
from collections.abc import Iterator
from typing import Any

import pytest

from fakesmb.vfs.local.handles import LocalHandle
from fakesmb.vfs.local.store import LocalStore
from fakesmb.vfs.paths import Path
from fakesmb.vfs.rules.openfiles import OpenFiles
from fakesmb.vfs.store import CreateParameters, Handle, Info, Opened


class Lab:
    """A share, a folder outside it, and short ways to open things."""

    def __init__(self, root: pathlib.Path, outside: pathlib.Path) -> None:
        self.root = root
        self.outside = outside
        self.opens = OpenFiles()
        self.store = LocalStore(str(root), self.opens)

    def open(self, path: str, access: int = 0x12019F, **request: Any) -> Opened:
        """Opens for reading and writing, unless told otherwise."""
        return self.store.create(Path.parse(path), CreateParameters(access, **request))

    def names(self, directory: str = "", pattern: str = "*", attributes: int = 0x16) -> list[str]:
        """What a search gives out."""
        search = self.store.search(Path.parse(directory), pattern, attributes)
        found = []
        while (info := search.next()) is not None:
            found.append(info.name)
        search.close()
        return found

    def query(self, path: str) -> Info:
        """What is known of a file or directory."""
        return self.store.query(Path.parse(path))


def close_all(store: LocalStore) -> None:
    """Closes what a test left open."""
    for handle in store.opens:
        assert isinstance(handle, LocalHandle)
        store.close(handle)


@pytest.fixture
def lab(tmp_path: pathlib.Path) -> Iterator[Lab]:
    """A fresh share; fails the test that leaves a file or a descriptor open."""
    root, outside = tmp_path / "share", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (outside / "secret.txt").write_text("secret")
    before = set(os.listdir("/proc/self/fd"))
    lab = Lab(root, outside)
    yield lab
    close_all(lab.store)
    assert len(lab.opens) == 0
    assert not lab.opens.by_key
    assert lab.opens.deleting == 0
    lab.store.shutdown()
    leaked = [f"/proc/self/fd/{fd}" for fd in set(os.listdir("/proc/self/fd")) - before]
    # The first test of a session also sees the pipe that pytest-twisted's reactor makes for itself.
    assert [path for path in leaked if os.path.exists(path) and "pipe:" not in os.readlink(path)] == []


def flush(store: LocalStore, handle: Handle) -> None:
    """Makes a file durable before it returns."""
    work = store.flush(handle)
    if work is not None:
        work()
