"""Alternate data streams: files in a file, which share its rights, its times and its end."""

import errno
import os
from pathlib import Path as OsPath

import pytest

from fakesmb.nt.files import Access, Action, Attribute, Disposition, Option, ShareMode
from fakesmb.nt.status import NT
from fakesmb.vfs.local.handles import LocalHandle
from fakesmb.vfs.local.streams import LARGEST
from fakesmb.vfs.paths import Path
from fakesmb.vfs.store import Info
from tests.refusals import Refuses
from tests.vfs.lab import Lab

ALL = Access.FILE_ALL
XATTR = "user.DosStream.{}:$DATA"


def write(lab: Lab, path: str, data: bytes) -> None:
    opened = lab.open(path, disposition=Disposition.OPEN_IF)
    lab.store.write(opened.handle, 0, data, 0)
    lab.store.close(opened.handle)


def content(lab: Lab, path: str) -> bytes:
    opened = lab.open(path, Access.READ_DATA)
    data = lab.store.read(opened.handle, 0, 1 << 20, 0)
    lab.store.close(opened.handle)
    return data


def listed(lab: Lab, path: str) -> list[str]:
    return [one.name for one in lab.store.streams(Path.parse(path))]


def test_a_stream_is_kept_as_samba_keeps_it(lab: Lab) -> None:
    """`user.DosStream.<name>:$DATA`, and a zero byte after the contents."""
    write(lab, "a:side", b"data")
    assert os.getxattr(lab.root / "a", XATTR.format("side")) == b"data\0"
    assert (lab.root / "a").read_bytes() == b""
    os.setxattr(lab.root / "a", XATTR.format("theirs"), b"of Samba\0")
    assert content(lab, "a:theirs") == b"of Samba"


def test_a_file_comes_with_its_first_stream(lab: Lab) -> None:
    opened = lab.open("a:s", disposition=Disposition.CREATE, attributes=Attribute.HIDDEN)
    assert opened.action == 2
    assert lab.store.query(Path.parse("a")).attributes == Attribute.HIDDEN | Attribute.ARCHIVE


@pytest.mark.parametrize("name", ["a:Side", "a:SIDE:$DATA", "A:side:$data"])
def test_names_are_found_in_any_case(lab: Lab, name: str) -> None:
    write(lab, "a:Side", b"1")
    assert content(lab, name) == b"1"
    write(lab, name, b"2")
    assert listed(lab, "a") == ["::$DATA", ":Side:$DATA"]


def test_what_is_missing_and_what_is_there(lab: Lab, refuses: Refuses) -> None:
    with refuses(NT.OBJECT_NAME_NOT_FOUND):
        lab.open("a:s")
    assert not (lab.root / "a").exists()
    write(lab, "a:s", b"1")
    with refuses(NT.OBJECT_NAME_NOT_FOUND):
        lab.open("a:t")
    with refuses(NT.OBJECT_NAME_COLLISION):
        lab.open("a:S", disposition=Disposition.CREATE)
    with refuses(NT.OBJECT_NAME_NOT_FOUND):
        lab.query("a:t")


def test_writes_reach_the_disk_at_once_and_leave_gaps_of_zeros(lab: Lab) -> None:
    handle = lab.open("a:s", disposition=Disposition.CREATE).handle
    lab.store.write(handle, 4, b"tail", 0)
    assert os.getxattr(lab.root / "a", XATTR.format("s")) == b"\0\0\0\0tail\0"
    assert lab.store.read(handle, 2, 4, 0) == b"\0\0ta"
    assert lab.store.read(handle, 100, 4, 0) == b""


def test_sizes_are_the_streams_all_else_is_the_files(lab: Lab) -> None:
    (lab.root / "a").write_bytes(bytes(100))
    handle = lab.open("a:s", disposition=Disposition.CREATE).handle
    lab.store.set_end_of_file(handle, 10)
    lab.store.set_basic(handle, write=133_000_000_000_000_000, attributes=Attribute.HIDDEN)
    stream, by_name, base = lab.store.query(handle), lab.query("a:s"), lab.query("a")
    assert isinstance(by_name, Info)
    assert isinstance(base, Info)
    assert (stream.end_of_file, by_name.end_of_file, base.end_of_file) == (10, 10, 100)
    assert stream.path == by_name.path == "\\a:s"
    assert stream.attributes == by_name.attributes == base.attributes == Attribute.HIDDEN
    assert stream.last_write_time == base.last_write_time == 133_000_000_000_000_000
    assert stream.file_id == base.file_id
    lab.store.set_end_of_file(handle, 3)
    lab.store.set_allocation(handle, 1)
    assert lab.store.query(handle).end_of_file == 1


def test_a_stream_too_large_is_a_full_disk(lab: Lab, refuses: Refuses) -> None:
    handle = lab.open("a:s", disposition=Disposition.CREATE).handle
    lab.store.write(handle, 0, b"kept", 0)
    with refuses(NT.DISK_FULL):
        lab.store.write(handle, LARGEST, b"x", 0)
    with refuses(NT.DISK_FULL):
        lab.store.write(handle, 1 << 40, b"x", 0)
    with refuses(NT.DISK_FULL):
        lab.store.set_end_of_file(handle, LARGEST + 1)
    assert lab.store.read(handle, 0, 10, 0) == b"kept"


def test_streams_of_one_file_do_not_exclude_each_other(lab: Lab, refuses: Refuses) -> None:
    lab.open("a:one", disposition=Disposition.CREATE, share=0)
    lab.open("a:two", disposition=Disposition.CREATE, share=0)
    lab.open("a", share=0)
    with refuses(NT.SHARING_VIOLATION):
        lab.open("a:ONE", share=ShareMode.ALL)


def test_an_open_for_delete_is_one_of_all_streams(lab: Lab, refuses: Refuses) -> None:
    """Not the other way round."""
    stream = lab.open("a:s", disposition=Disposition.CREATE, share=ShareMode.READ | ShareMode.WRITE).handle
    with refuses(NT.SHARING_VIOLATION):
        lab.open("a", Access.DELETE)
    with refuses(NT.SHARING_VIOLATION):
        lab.store.delete(Path.parse("a"))
    lab.store.close(stream)
    lab.open("a", share=0)
    lab.open("a:s", Access.DELETE)


def test_a_deleted_file_goes_when_its_last_stream_closes(lab: Lab, refuses: Refuses) -> None:
    stream = lab.open("a:s", disposition=Disposition.CREATE).handle
    lab.store.write(stream, 0, b"still", 0)
    lab.store.delete(Path.parse("a"))
    for name in ("a", "a:s"):
        with refuses(NT.DELETE_PENDING):
            lab.query(name)
        with refuses(NT.DELETE_PENDING):
            lab.open(name)
    assert lab.store.query(stream).delete_pending == 1
    assert lab.store.read(stream, 0, 9, 0) == b"still"
    lab.store.close(stream)
    assert not (lab.root / "a").exists()


def test_a_deleted_stream_goes_with_its_own_last_open(lab: Lab, refuses: Refuses) -> None:
    write(lab, "a:s", b"1")
    first, second = lab.open("a:s", ALL).handle, lab.open("a:s", ALL).handle
    lab.store.set_delete(first, delete=True)
    with refuses(NT.DELETE_PENDING):
        lab.open("a:s")
    with refuses(NT.DELETE_PENDING):
        lab.query("a:s")
    lab.store.close(first)
    assert listed(lab, "a") == ["::$DATA", ":s:$DATA"]
    lab.store.close(second)
    assert listed(lab, "a") == ["::$DATA"]
    assert (lab.root / "a").exists()


def test_streams_are_deleted_by_name_and_on_close(lab: Lab, refuses: Refuses) -> None:
    write(lab, "a:one", b"1")
    write(lab, "a:two", b"2")
    lab.store.delete(Path.parse("a:ONE"))
    lab.store.close(lab.open("a:two", Access.DELETE, options=Option.DELETE_ON_CLOSE).handle)
    assert listed(lab, "a") == ["::$DATA"]
    with refuses(NT.OBJECT_NAME_NOT_FOUND):
        lab.store.delete(Path.parse("a:one"))


@pytest.mark.parametrize(
    "disposition", [Disposition.SUPERSEDE, Disposition.OVERWRITE, Disposition.OVERWRITE_IF]
)
def test_a_file_that_is_overwritten_loses_its_streams(lab: Lab, disposition: Disposition) -> None:
    write(lab, "a:gone", b"1")
    held = lab.open("a:held", disposition=Disposition.CREATE).handle
    lab.open("a", disposition=disposition)
    assert listed(lab, "a") == ["::$DATA", ":held:$DATA"]
    lab.store.close(held)
    assert listed(lab, "a") == ["::$DATA"]


def test_a_stream_that_is_overwritten_leaves_the_file_alone(lab: Lab) -> None:
    (lab.root / "a").write_text("content")
    write(lab, "a:s", b"1")
    write(lab, "a:t", b"2")
    assert lab.open("a:s", disposition=Disposition.OVERWRITE_IF).info.end_of_file == 0
    assert listed(lab, "a") == ["::$DATA", ":s:$DATA", ":t:$DATA"]
    assert (lab.root / "a").read_text() == "content"


class TestRename:
    """[MS-FSA] 2.1.5.15.11.1."""

    def test_in_its_file(self, lab: Lab) -> None:
        write(lab, "a:old", b"1")
        handle = lab.open("a:old", ALL).handle
        lab.store.rename(handle, Path.parse(":new"), replace=False)
        assert listed(lab, "a") == ["::$DATA", ":new:$DATA"]
        lab.store.write(handle, 1, b"2", 0)
        assert content(lab, "a:NEW") == b"12"
        assert lab.store.query(handle).path == "\\a:new"
        lab.store.rename(Path.parse("a:new"), Path.parse(":New:$DATA"), replace=False)
        assert listed(lab, "a") == ["::$DATA", ":New:$DATA"]

    def test_over_another(self, lab: Lab, refuses: Refuses) -> None:
        """Only one that is closed and empty."""
        write(lab, "a:one", b"1")
        write(lab, "a:two", b"")
        handle = lab.open("a:one", ALL).handle
        with refuses(NT.OBJECT_NAME_COLLISION):
            lab.store.rename(handle, Path.parse(":two"), replace=False)
        other = lab.open("a:two").handle
        with refuses(NT.INVALID_PARAMETER):
            lab.store.rename(handle, Path.parse(":two"), replace=True)
        lab.store.write(other, 0, b"2", 0)
        lab.store.close(other)
        with refuses(NT.INVALID_PARAMETER):
            lab.store.rename(handle, Path.parse(":two"), replace=True)
        write(lab, "a:three", b"")
        lab.store.rename(handle, Path.parse(":three"), replace=True)
        assert content(lab, "a:three") == b"1"

    def test_to_the_unnamed_one_of_a_program(self, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
        """What a client makes a program of runs as nobody else: under root it loses set-user-ID, as at every write."""
        monkeypatch.setattr("fakesmb.vfs.local.modes.has_rights_of_root", lambda: True)
        (lab.root / "a").touch()
        write(lab, "a:s", b"a program")
        (lab.root / "a").chmod(0o6755)
        lab.store.rename(Path.parse("a:s"), Path.parse("::$DATA"), replace=True)
        assert (lab.root / "a").read_bytes() == b"a program"
        assert (lab.root / "a").stat().st_mode & 0o7777 == 0o755

    def test_to_the_unnamed_one(self, lab: Lab, refuses: Refuses) -> None:
        """The stream's opens become opens of the file, locks and all."""
        write(lab, "a:s", b"data")
        handle = lab.open("a:s", ALL).handle
        lab.store.lock(handle, 1, 0, 1, exclusive=True)
        with refuses(NT.OBJECT_NAME_COLLISION):
            lab.store.rename(handle, Path.parse("::$DATA"), replace=False)
        lab.store.rename(handle, Path.parse("::$DATA"), replace=True)
        assert listed(lab, "a") == ["::$DATA"]
        assert (lab.root / "a").read_bytes() == b"data"
        lab.store.write(handle, 4, b"!", 1)
        assert (lab.root / "a").read_bytes() == b"data!"
        with refuses(NT.FILE_LOCK_CONFLICT):
            lab.store.read(lab.open("a").handle, 0, 1, 2)

    def test_never_out_of_its_file(self, lab: Lab, refuses: Refuses) -> None:
        write(lab, "a:s", b"1")
        handle = lab.open("a:s", ALL).handle
        for target in ("b", "b:s", "a:t"):
            with refuses(NT.NOT_SUPPORTED):
                lab.store.rename(handle, Path.parse(target), replace=True)
            with refuses(NT.INVALID_PARAMETER):
                lab.store.rename(Path.parse("a:s"), Path.parse(target), replace=True)
        with refuses(NT.OBJECT_NAME_INVALID):
            lab.store.rename(Path.parse("a"), Path.parse("b:s"), replace=True)
        with refuses(NT.INVALID_PARAMETER):
            lab.store.link(Path.parse("a:s"), Path.parse("b"), replace=False)

    def test_a_file_with_an_open_stream_keeps_its_name(self, lab: Lab, refuses: Refuses) -> None:
        stream = lab.open("a:s", disposition=Disposition.CREATE).handle
        with refuses(NT.ACCESS_DENIED):
            lab.store.rename(Path.parse("a"), Path.parse("b"), replace=False)
        lab.store.close(stream)
        lab.store.rename(Path.parse("a"), Path.parse("b"), replace=False)
        assert listed(lab, "b") == ["::$DATA", ":s:$DATA"]


def test_locks_are_the_streams(lab: Lab, refuses: Refuses) -> None:
    write(lab, "a:s", b"12345")
    one, two, base = lab.open("a:s").handle, lab.open("a:s").handle, lab.open("a").handle
    lab.store.lock(one, 1, 0, 2, exclusive=True)
    for refused in (lambda: lab.store.read(two, 0, 1, 2), lambda: lab.store.write(two, 1, b"x", 2)):
        with refuses(NT.FILE_LOCK_CONFLICT):
            refused()
    assert lab.store.read(two, 2, 9, 2) == b"345"
    lab.store.lock(base, 2, 0, 2, exclusive=True)
    lab.store.close(one)
    assert lab.store.read(two, 0, 2, 2) == b"12"


def test_directories_have_named_streams_only(lab: Lab, refuses: Refuses) -> None:
    (lab.root / "d").mkdir()
    assert listed(lab, "d") == []
    write(lab, "d:s", b"1")
    assert listed(lab, "d") == [":s:$DATA"]
    opened = lab.open("d:s")
    assert not opened.info.is_directory
    assert opened.info.attributes == Attribute.ARCHIVE
    with refuses(NT.FILE_IS_A_DIRECTORY):
        lab.open("d::$DATA")
    for name in ("d::$DATA", "d:s", "a:s"):
        with refuses(NT.NOT_A_DIRECTORY):
            lab.open(name, options=Option.DIRECTORY)
    with refuses(NT.NOT_A_DIRECTORY):
        lab.store.check_directory(Path.parse("d:s"))


def test_the_unnamed_stream_is_the_file(lab: Lab) -> None:
    (lab.root / "a").write_text("content")
    assert content(lab, "a::$DATA") == b"content"


def test_a_file_is_made_read_only_with_its_stream(lab: Lab, refuses: Refuses) -> None:
    """[MS-FSA] 2.1.5.1.1: the attributes are the file's, and do not bind the open that makes it."""
    opened = lab.open("a:s", disposition=Disposition.OPEN_IF, attributes=Attribute.READONLY)
    assert opened.action == Action.CREATED
    assert lab.store.write(opened.handle, 0, b"1", 0) == 1
    lab.store.close(opened.handle)
    with refuses(NT.ACCESS_DENIED):
        lab.open("a")
    assert content(lab, "a:s") == b"1"
    with refuses(NT.CANNOT_DELETE):
        lab.open(
            "b:s", 0x110000, disposition=Disposition.CREATE, attributes=1, options=Option.DELETE_ON_CLOSE
        )
    assert not (lab.root / "b").exists()


def test_a_read_only_directory_has_streams_like_any(lab: Lab) -> None:
    (lab.root / "d").mkdir()
    lab.store.set_basic(Path.parse("d"), attributes=Attribute.READONLY)
    write(lab, "d:s", b"1")
    assert content(lab, "d:s") == b"1"


def test_a_read_only_file_has_read_only_streams(lab: Lab, refuses: Refuses) -> None:
    write(lab, "a:s", b"1")
    lab.store.set_basic(Path.parse("a"), attributes=Attribute.READONLY)
    assert content(lab, "a:s") == b"1"
    with refuses(NT.ACCESS_DENIED):
        lab.open("a:s", Access.WRITE_DATA)
    with refuses(NT.ACCESS_DENIED):
        lab.open("a:new", Access.READ_DATA, disposition=Disposition.OPEN_IF)
    with refuses(NT.CANNOT_DELETE):
        lab.store.delete(Path.parse("a:s"))


def test_access_is_what_was_asked_for(lab: Lab, refuses: Refuses) -> None:
    write(lab, "a:s", b"1")
    with refuses(NT.ACCESS_DENIED):
        lab.store.write(lab.open("a:s", Access.READ_DATA).handle, 0, b"x", 0)
    with refuses(NT.ACCESS_DENIED):
        lab.store.read(lab.open("a:s", Access.WRITE_DATA).handle, 0, 1, 0)


def test_extras_tell_what_else_there_is(lab: Lab) -> None:
    """An open's FileStatusFlags are made of it."""
    handle = lab.open("a", disposition=Disposition.CREATE).handle
    assert lab.store.extras(handle) == (False, False)
    write(lab, "a:s", b"1")
    assert lab.store.extras(handle) == (False, True)


def test_a_closed_stream_leaves_nothing_in_memory(lab: Lab) -> None:
    handles = [lab.open(f"a:{n}", disposition=Disposition.OPEN_IF).handle for n in "xyx"]
    assert len(lab.opens) == 3
    assert {handle.path.stream for handle in lab.opens if isinstance(handle, LocalHandle)} == {"x", "y"}
    for handle in handles:
        lab.store.close(handle)
    assert not lab.opens.by_key


def test_without_extended_attributes_there_are_none(
    lab: Lab, refuses: Refuses, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As FAT answers; the file itself works."""

    def refused(*args: object, **more: object) -> None:
        raise OSError(errno.ENOTSUP, "not here")

    for call in ("getxattr", "setxattr", "listxattr", "removexattr"):
        monkeypatch.setattr(os, call, refused)
    for disposition in (Disposition.OPEN_IF, Disposition.CREATE):
        with refuses(NT.OBJECT_NAME_INVALID):
            lab.open("new:s", disposition=disposition)
    assert list(lab.root.iterdir()) == []
    lab.open("a", disposition=Disposition.CREATE)
    with refuses(NT.OBJECT_NAME_INVALID):
        lab.open("a:s")
    assert listed(lab, "a") == ["::$DATA"]
    lab.open("a", disposition=Disposition.OVERWRITE)
    assert not lab.store.volume().attributes & 0x40000
    monkeypatch.undo()
    assert lab.store.volume().attributes & 0x40000


def test_a_stream_the_disk_has_no_room_for(
    lab: Lab, refuses: Refuses, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle = lab.open("a:s", disposition=Disposition.CREATE).handle
    real = os.setxattr

    def full(target: str | int, name: str, value: bytes, *args: object, **more: object) -> None:
        if len(value) > 100:
            raise OSError(errno.ENOSPC, "full")
        real(target, name, value)

    monkeypatch.setattr(os, "setxattr", full)
    with refuses(NT.DISK_FULL):
        lab.store.write(handle, 0, bytes(100), 0)
    lab.store.write(handle, 0, bytes(99), 0)


def test_names_too_long_for_the_disk_are_invalid(lab: Lab, refuses: Refuses) -> None:
    (lab.root / "a").touch()
    with refuses(NT.OBJECT_NAME_INVALID):
        lab.open("a:" + "x" * 250, disposition=Disposition.CREATE)
    assert OsPath(lab.root / "a").exists()
    with refuses(NT.OBJECT_NAME_INVALID):
        lab.open("b:" + "x" * 250, disposition=Disposition.CREATE)
    assert not OsPath(lab.root / "b").exists()
