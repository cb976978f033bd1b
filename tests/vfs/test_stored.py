"""Every writer of stored attributes keeps what it does not change: EA size, attributes, creation time."""

import errno
import os

import pytest

from fakesmb.nt.files import Access, Attribute
from fakesmb.vfs.local.attributes import decode
from fakesmb.vfs.paths import Path
from fakesmb.vfs.store import Ea, Info, PosixChanges
from tests.vfs.lab import Lab

SET_SPARSE = 0x000900C4
T2001 = 126_227_808_000_000_000
EAS = (Ea("AUTHOR", b"somebody"),)


def queried(lab: Lab, name: str) -> Info:
    return lab.store.query(Path((name,)))


@pytest.fixture
def without_xattrs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk takes no extended attributes: what is stored goes into the server's side table."""

    def unsupported(*_: object, **__: object) -> bytes:
        raise OSError(errno.ENOTSUP, "not supported")

    for call in ("getxattr", "setxattr", "listxattr"):
        monkeypatch.setattr(os, call, unsupported)


def with_eas(lab: Lab) -> int:
    """A file that has EAs; their size as it is stored."""
    lab.store.close(lab.open("a", disposition=2).handle)
    lab.store.set_eas(Path(("a",)), EAS)
    size = queried(lab, "a").ea_size
    assert size > 0
    return size


def test_set_sparse_keeps_the_ea_size(lab: Lab) -> None:
    size = with_eas(lab)
    handle = lab.open("a").handle
    lab.store.control(handle, SET_SPARSE, b"", 0)
    assert queried(lab, "a").attributes & Attribute.SPARSE
    assert queried(lab, "a").ea_size == size


def test_a_creation_time_by_unix_extensions_keeps_the_ea_size(lab: Lab) -> None:
    size = with_eas(lab)
    lab.store.posix.change(Path(("a",)), PosixChanges(creation_time=T2001))
    assert queried(lab, "a").creation_time == T2001
    assert queried(lab, "a").ea_size == size


def test_a_creation_time_by_unix_extensions_sets_no_attributes(lab: Lab) -> None:
    """Of a file that a local program made, nothing is stored yet."""
    (lab.root / "local").touch()
    before = queried(lab, "local").attributes
    lab.store.posix.change(Path(("local",)), PosixChanges(creation_time=T2001))
    assert queried(lab, "local").attributes == before == Attribute.ARCHIVE
    assert decode(os.getxattr(lab.root / "local", "user.DOSATTRIB")).creation_time == T2001


def test_a_creation_time_by_unix_extensions_keeps_hidden(lab: Lab) -> None:
    lab.store.close(lab.open("a", disposition=2, attributes=Attribute.HIDDEN).handle)
    lab.store.posix.change(Path(("a",)), PosixChanges(creation_time=T2001))
    assert queried(lab, "a").attributes == Attribute.HIDDEN | Attribute.ARCHIVE


def test_another_link_keeps_what_the_side_table_knows(lab: Lab, without_xattrs: None) -> None:
    lab.store.close(lab.open("a", disposition=2, attributes=Attribute.HIDDEN).handle)
    lab.store.link(Path(("a",)), Path(("b",)), replace=False)
    lab.store.delete(Path(("a",)))
    assert queried(lab, "b").attributes & Attribute.HIDDEN


def test_a_replaced_file_leaves_the_side_table(lab: Lab, without_xattrs: None) -> None:
    """Its inode number is soon that of another file."""
    for name in ("a", "b"):
        lab.store.close(lab.open(name, disposition=2, attributes=Attribute.HIDDEN).handle)
    replaced = os.stat(lab.root / "b")
    lab.store.rename(Path(("a",)), Path(("b",)), replace=True)
    assert (replaced.st_dev, replaced.st_ino) not in lab.opens.side


def test_an_overwritten_file_keeps_its_creation_time(lab: Lab) -> None:
    lab.store.close(lab.open("a", disposition=2).handle)
    lab.store.set_basic(Path(("a",)), creation=T2001)
    lab.store.close(lab.open("a", Access.FILE_ALL, disposition=5).handle)
    assert queried(lab, "a").creation_time == T2001
