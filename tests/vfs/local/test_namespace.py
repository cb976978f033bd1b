"""Renames, links and deletions: what may be replaced, what an open file forbids, what follows a handle."""

import contextlib
import errno
import os

import pytest

from fakesmb.nt.files import Access, Attribute, Disposition, Option, ShareMode
from fakesmb.nt.status import NT
from fakesmb.vfs.paths import Path
from fakesmb.vfs.store import SharingViolation
from tests.refusals import Refuses
from tests.vfs.lab import Lab

P = Path.parse


def touch(lab: Lab, *names: str) -> None:
    for name in names:
        (lab.root / name).parent.mkdir(parents=True, exist_ok=True)
        (lab.root / name).write_text(name)


def test_a_file_is_renamed_and_moved(lab: Lab) -> None:
    touch(lab, "a", "dir/b")
    lab.store.rename(P("A"), P("DIR\\New Name"), replace=False)
    assert sorted(os.listdir(lab.root / "dir")) == ["New Name", "b"]
    assert lab.query("dir\\new name").name == "New Name"


def test_case_only_renames(lab: Lab) -> None:
    touch(lab, "readme", "dir/x")
    lab.store.rename(P("readme"), P("ReadMe"), replace=False)
    lab.store.rename(P("DIR"), P("Dir"), replace=False)
    assert sorted(os.listdir(lab.root)) == ["Dir", "ReadMe"]
    lab.store.rename(P("ReadMe"), P("ReadMe"), replace=False)


def test_onto_what_exists(lab: Lab, refuses: Refuses) -> None:
    touch(lab, "a", "Target", "dir/x", "locked")
    with refuses(NT.OBJECT_NAME_COLLISION):
        lab.store.rename(P("a"), P("TARGET"), replace=False)
    with refuses(NT.ACCESS_DENIED):
        lab.store.rename(P("a"), P("dir"), replace=True)
    lab.store.set_basic(P("locked"), attributes=Attribute.READONLY)
    with refuses(NT.ACCESS_DENIED):
        lab.store.rename(P("a"), P("locked"), replace=True)
    opened = lab.open("target", Access.READ_ATTRIBUTES)
    with refuses(NT.ACCESS_DENIED):
        lab.store.rename(P("a"), P("target"), replace=True)
    lab.store.close(opened.handle)
    lab.store.rename(P("a"), P("TARGET"), replace=True)
    assert sorted(os.listdir(lab.root)) == ["TARGET", "dir", "locked"]
    assert (lab.root / "TARGET").read_text() == "a"


def test_what_is_replaced_is_there_until_the_new_one_is(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rename that the disk refuses must not cost the file that it would have replaced."""
    touch(lab, "a", "b")

    def refused(*_: object, **__: object) -> None:
        raise OSError(errno.EXDEV, "refused")

    monkeypatch.setattr(os, "rename", refused)
    with pytest.raises(OSError, match="refused"):
        lab.store.rename(P("a"), P("b"), replace=True)
    assert sorted(os.listdir(lab.root)) == ["a", "b"]
    assert (lab.root / "b").read_text() == "b"


def test_onto_another_link_of_itself(lab: Lab) -> None:
    touch(lab, "a")
    lab.store.link(P("a"), P("b"), replace=False)
    lab.store.rename(P("a"), P("b"), replace=True)
    assert os.listdir(lab.root) == ["b"]


def test_a_directory_does_not_move_while_something_in_it_is_open(lab: Lab, refuses: Refuses) -> None:
    touch(lab, "dir/sub/a", "dirty/b")
    lab.open("dirty\\b")
    opened = lab.open("dir\\sub\\a", Access.READ_ATTRIBUTES)
    with refuses(NT.ACCESS_DENIED):
        lab.store.rename(P("dir"), P("new"), replace=False)
    lab.store.close(opened.handle)
    lab.store.rename(P("dir"), P("new"), replace=False)
    assert lab.query("new\\sub\\a").path == "\\new\\sub\\a"


def test_a_directory_does_not_move_into_itself(lab: Lab, refuses: Refuses) -> None:
    touch(lab, "dir/sub/a", "dir2/x")
    for to in ("dir\\new", "dir\\sub\\new", "DIR\\sub\\new"):
        with refuses(NT.SHARING_VIOLATION):
            lab.store.rename(P("dir"), P(to), replace=False)
    lab.store.rename(P("dir"), P("dir2\\dir"), replace=False)


def test_missing_places(lab: Lab, refuses: Refuses) -> None:
    touch(lab, "a")
    with refuses(NT.OBJECT_NAME_NOT_FOUND):
        lab.store.rename(P("b"), P("c"), replace=False)
    with refuses(NT.OBJECT_PATH_NOT_FOUND):
        lab.store.rename(P("a"), P("nodir\\c"), replace=False)
    with refuses(NT.ACCESS_DENIED):
        lab.store.rename(P(""), P("c"), replace=False)
    with refuses(NT.OBJECT_NAME_INVALID):
        lab.store.rename(P("a"), P("a:s"), replace=False)


def test_the_handle_follows(lab: Lab, refuses: Refuses) -> None:
    touch(lab, "a", "dir/x")
    opened = lab.open("a", Access.FILE_ALL)
    other = lab.open("A", Access.READ_ATTRIBUTES)
    lab.store.rename(opened.handle, P("dir\\b"), replace=False)
    for handle in (opened.handle, other.handle):
        assert handle.path == P("dir\\b")
        assert (lab.store.query(handle).name, lab.store.query(handle).path) == ("b", "\\dir\\b")
    lab.store.set_delete(opened.handle, delete=True)
    lab.store.close(opened.handle)
    lab.store.close(other.handle)
    assert os.listdir(lab.root / "dir") == ["x"]
    with refuses(NT.INVALID_HANDLE):
        lab.store.rename(opened.handle, P("c"), replace=False)


def test_renaming_takes_delete_access_or_everyones_consent(lab: Lab, refuses: Refuses) -> None:
    touch(lab, "a")
    opened = lab.open("a", Access.GENERIC_READ, share=ShareMode.READ | ShareMode.WRITE)
    with refuses(NT.ACCESS_DENIED):
        lab.store.rename(opened.handle, P("b"), replace=False)
    with pytest.raises(SharingViolation):
        lab.store.rename(P("a"), P("b"), replace=False)
    lab.store.close(opened.handle)
    lab.open("a", Access.GENERIC_READ, share=ShareMode.ALL)
    lab.store.rename(P("a"), P("b"), replace=False)


@pytest.mark.parametrize(
    ("access", "share", "free"),
    [
        (Access.DELETE, ShareMode.ALL, False),
        (Access.READ_DATA, ShareMode.ALL, True),
        (Access.READ_DATA, ShareMode.READ | ShareMode.DELETE, False),
        (Access.READ_ATTRIBUTES, ShareMode.NONE, True),
    ],
)
def test_a_rename_by_command_opens_the_directory_it_leads_to(
    lab: Lab, refuses: Refuses, access: int, share: int, *, free: bool
) -> None:
    touch(lab, "a", "dir/x")
    lab.open("dir", access, share=share, options=Option.DIRECTORY)
    with contextlib.nullcontext() if free else refuses(NT.SHARING_VIOLATION):
        lab.store.rename(P("a"), P("dir\\a"), replace=False, share=ShareMode.READ | ShareMode.WRITE)
    assert (lab.root / "dir/a").exists() is free


def test_who_has_it_open_comes_before_what_it_is(lab: Lab, refuses: Refuses) -> None:
    """Windows opens for DELETE, and asks the file system to mark it then."""
    touch(lab, "a", "dir/x")
    lab.store.set_basic(P("a"), attributes=Attribute.READONLY)
    one = lab.open("a", Access.READ_DATA, share=ShareMode.READ).handle
    two = lab.open("dir", Access.READ_DATA, share=ShareMode.READ).handle
    with refuses(NT.SHARING_VIOLATION):
        lab.store.delete(P("a"))
    with refuses(NT.SHARING_VIOLATION):
        lab.store.remove_directory(P("dir"))
    lab.store.close(one)
    lab.store.close(two)
    with refuses(NT.CANNOT_DELETE):
        lab.store.delete(P("a"))
    with refuses(NT.DIRECTORY_NOT_EMPTY):
        lab.store.remove_directory(P("dir"))


def test_streams_are_no_names(lab: Lab, refuses: Refuses) -> None:
    touch(lab, "a", "dir/x")
    for name in ("a:s", "a::$DATA", "b::$DATA", ":s"):
        with refuses(NT.OBJECT_NAME_INVALID):
            lab.store.rename(P("a"), P(name), replace=False)
    for name in ("a:s", "dir:s", "dir::$DATA"):
        with refuses(NT.NOT_A_DIRECTORY):
            lab.store.remove_directory(P(name))
    with refuses(NT.FILE_IS_A_DIRECTORY):
        lab.store.rename(P("dir::$DATA"), P("b"), replace=False)


def test_a_link_of_that_name_is_there(lab: Lab, refuses: Refuses) -> None:
    """Also where it is the file itself ([MS-FSA] 2.1.5.15.6)."""
    touch(lab, "a")
    with refuses(NT.OBJECT_NAME_COLLISION):
        lab.store.link(P("a"), P("A"), replace=False)
    lab.store.link(P("a"), P("A"), replace=True)
    assert os.listdir(lab.root) == ["a"]


def test_no_link_to_a_file_that_the_disk_does_not_let_open(
    lab: Lab, refuses: Refuses, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By name, by handle, by the Unix extensions: Linux refuses that only where `protected_hardlinks` is set."""
    touch(lab, "a", "b")
    handle = lab.open("a", Access.DELETE).handle
    monkeypatch.setattr(os, "access", lambda name, *_, **__: name != "a")
    for source in (P("a"), handle):
        for to in ("c", "b"):
            with refuses(NT.ACCESS_DENIED):
                lab.store.link(source, P(to), replace=True)
    with refuses(NT.ACCESS_DENIED):
        lab.store.with_posix_names().posix.make_hard_link(P("a"), P("c"))
    assert sorted(os.listdir(lab.root)) == ["a", "b"]
    lab.store.link(P("b"), P("c"), replace=False)


def test_hard_links(lab: Lab, refuses: Refuses) -> None:
    touch(lab, "a", "taken", "dir/x")
    lab.store.link(P("a"), P("dir\\b"), replace=False)
    assert lab.query("a").number_of_links == 2
    with refuses(NT.OBJECT_NAME_COLLISION):
        lab.store.link(P("a"), P("TAKEN"), replace=False)
    lab.store.link(P("a"), P("TAKEN"), replace=True)
    assert lab.query("a").number_of_links == 3
    with refuses(NT.FILE_IS_A_DIRECTORY):
        lab.store.link(P("dir"), P("c"), replace=False)
    opened = lab.open("a")
    lab.store.link(opened.handle, P("d"), replace=False)
    assert (lab.root / "d").samefile(lab.root / "a")


def test_deleting_by_name(lab: Lab, refuses: Refuses) -> None:
    touch(lab, "a", "r", "dir/x")
    lab.store.delete(P("A"))
    assert sorted(os.listdir(lab.root)) == ["dir", "r"]
    with refuses(NT.OBJECT_NAME_NOT_FOUND):
        lab.store.delete(P("a"))
    with refuses(NT.FILE_IS_A_DIRECTORY):
        lab.store.delete(P("dir"))
    lab.store.set_basic(P("r"), attributes=Attribute.READONLY)
    with refuses(NT.CANNOT_DELETE):
        lab.store.delete(P("r"))


def test_deleting_an_open_file(lab: Lab, refuses: Refuses) -> None:
    touch(lab, "a")
    opened = lab.open("a", share=ShareMode.ALL)
    with pytest.raises(SharingViolation):
        lab.store.delete(P("a"))  # it shares nothing itself
    lab.store.close(opened.handle)
    opened = lab.open("a", Access.READ_ATTRIBUTES, share=ShareMode.NONE)
    lab.store.delete(P("a"))
    assert (lab.root / "a").exists()
    with refuses(NT.DELETE_PENDING):
        lab.store.delete(P("a"))
    lab.store.close(opened.handle)
    assert not (lab.root / "a").exists()


def test_deletion_can_be_taken_back(lab: Lab, refuses: Refuses) -> None:
    touch(lab, "a")
    opened = lab.open("a", Access.FILE_ALL)
    lab.store.set_delete(opened.handle, delete=True)
    lab.store.set_delete(opened.handle, delete=True)
    assert lab.opens.deleting == 1
    with refuses(NT.DELETE_PENDING):
        lab.query("a")
    lab.store.set_delete(opened.handle, delete=False)
    lab.store.close(opened.handle)
    assert (lab.root / "a").exists()


def test_who_may_mark_for_deletion(lab: Lab, refuses: Refuses) -> None:
    touch(lab, "a", "dir/x")
    with refuses(NT.ACCESS_DENIED):
        lab.store.set_delete(lab.open("a").handle, delete=True)
    with refuses(NT.CANNOT_DELETE):
        lab.store.set_delete(lab.open("", Access.DELETE).handle, delete=True)
    with refuses(NT.DIRECTORY_NOT_EMPTY):
        lab.store.set_delete(lab.open("dir", Access.DELETE).handle, delete=True)
    lab.store.set_basic(P("a"), attributes=Attribute.READONLY)
    with refuses(NT.CANNOT_DELETE):
        lab.store.set_delete(lab.open("a", Access.DELETE).handle, delete=True)


def test_directories_are_made_and_removed(lab: Lab, refuses: Refuses) -> None:
    touch(lab, "a")
    lab.store.make_directory(P("dir"))
    lab.store.check_directory(P("DIR"))
    lab.store.check_directory(P(""))
    with refuses(NT.OBJECT_NAME_COLLISION):
        lab.store.make_directory(P("DIR"))
    with refuses(NT.OBJECT_NAME_COLLISION):
        lab.store.make_directory(P("a"))
    with refuses(NT.OBJECT_PATH_NOT_FOUND):
        lab.store.make_directory(P("no\\dir"))
    with refuses(NT.NOT_A_DIRECTORY):
        lab.store.check_directory(P("a"))
    with refuses(NT.OBJECT_NAME_NOT_FOUND):
        lab.store.check_directory(P("b"))
    with refuses(NT.NOT_A_DIRECTORY):
        lab.store.remove_directory(P("a"))
    touch(lab, "dir/x")
    with refuses(NT.DIRECTORY_NOT_EMPTY):
        lab.store.remove_directory(P("dir"))
    lab.store.delete(P("dir\\x"))
    lab.store.remove_directory(P("Dir"))
    with refuses(NT.ACCESS_DENIED):
        lab.store.remove_directory(P(""))
    assert os.listdir(lab.root) == ["a"]


def test_deleting_a_link_leaves_what_it_leads_to(lab: Lab) -> None:
    touch(lab, "real/a")
    (lab.root / "file").symlink_to("real/a")
    (lab.root / "folder").symlink_to("real")
    (lab.root / "third").symlink_to("real/a")
    lab.store.delete(P("file"))
    lab.store.remove_directory(P("folder"))
    opened = lab.open("third", Access.DELETE)
    lab.store.set_delete(opened.handle, delete=True)
    lab.store.close(opened.handle)
    assert os.listdir(lab.root) == ["real"]
    assert (lab.root / "real" / "a").read_text() == "real/a"


def test_a_local_program_took_the_name_first(lab: Lab) -> None:
    """A file that took the place of a deleted one is not removed in its stead."""
    touch(lab, "a")
    opened = lab.open("a", Access.DELETE)
    lab.store.set_delete(opened.handle, delete=True)
    (lab.root / "a").unlink()
    (lab.root / "a").write_text("another")
    lab.store.close(opened.handle)
    assert (lab.root / "a").read_text() == "another"


def test_moving_out_through_a_link_is_refused(lab: Lab, refuses: Refuses) -> None:
    touch(lab, "a")
    (lab.root / "out").symlink_to(lab.outside)
    for change in (lab.store.rename, lab.store.link):
        with refuses(NT.ACCESS_DENIED):
            change(P("a"), P("out\\a"), replace=True)
        with refuses(NT.ACCESS_DENIED):
            change(P("out\\secret.txt"), P("b"), replace=True)
    with refuses(NT.ACCESS_DENIED):
        lab.store.delete(P("out\\secret.txt"))
    assert os.listdir(lab.outside) == ["secret.txt"]


def test_create_new_over_a_dead_link_makes_nothing_elsewhere(lab: Lab) -> None:
    (lab.root / "dead").symlink_to(lab.outside / "new")
    with pytest.raises(Exception, match="STATUS_"):
        lab.open("dead", disposition=Disposition.OVERWRITE_IF)
    assert os.listdir(lab.outside) == ["secret.txt"]
