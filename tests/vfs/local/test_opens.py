"""Opening and creating: every disposition, directories, attributes, delete on close, and what is refused."""

import os

import pytest

from fakesmb.nt.files import Access, Action, Attribute, Disposition, Option
from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs.paths import Path
from fakesmb.vfs.store import SharingViolation
from tests.refusals import Refuses
from tests.vfs.lab import Lab

D = Disposition
A = Action


@pytest.mark.parametrize(
    ("disposition", "existing", "missing"),
    [
        (D.SUPERSEDE, A.SUPERSEDED, A.CREATED),
        (D.OPEN, A.OPENED, NT.OBJECT_NAME_NOT_FOUND),
        (D.CREATE, NT.OBJECT_NAME_COLLISION, A.CREATED),
        (D.OPEN_IF, A.OPENED, A.CREATED),
        (D.OVERWRITE, A.OVERWRITTEN, NT.OBJECT_NAME_NOT_FOUND),
        (D.OVERWRITE_IF, A.OVERWRITTEN, A.CREATED),
    ],
)
def test_every_disposition(lab: Lab, disposition: Disposition, existing: object, missing: object) -> None:
    def outcome(path: str) -> object:
        try:
            opened = lab.open(path, disposition=disposition)
        except SMBError as error:
            return NT(error.status)
        assert opened.info.path == lab.store.query(opened.handle).path
        lab.store.close(opened.handle)
        return opened.action

    (lab.root / "there").write_text("content")
    assert outcome("there") == existing
    emptied = existing in (A.SUPERSEDED, A.OVERWRITTEN)
    assert (lab.root / "there").read_text() == ("" if emptied else "content")
    assert outcome("missing") == missing
    assert (lab.root / "missing").exists() is (missing == A.CREATED)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ({"disposition": 6}, NT.INVALID_PARAMETER),
        ({"share": 8}, NT.INVALID_PARAMETER),
        ({"options": 0x80000000}, NT.INVALID_PARAMETER),
        ({"options": Option.DIRECTORY | Option.NON_DIRECTORY}, NT.INVALID_PARAMETER),
        ({"options": Option.DIRECTORY, "disposition": D.OVERWRITE_IF}, NT.INVALID_PARAMETER),
        ({"options": Option.DELETE_ON_CLOSE}, NT.INVALID_PARAMETER),
        ({"options": Option.DELETE_ON_CLOSE, "access": Access.MAXIMUM_ALLOWED}, NT.INVALID_PARAMETER),
        ({"options": Option.DELETE_ON_CLOSE, "access": Access.GENERIC_ALL}, NT.INVALID_PARAMETER),
        ({"options": Option.SYNCHRONOUS_IO_ALERT, "access": Access.GENERIC_ALL}, NT.INVALID_PARAMETER),
        ({"options": Option.OPEN_BY_FILE_ID}, NT.NOT_SUPPORTED),
        ({"access": 0x200}, NT.ACCESS_DENIED),
        ({"options": Option.SYNCHRONOUS_IO_NONALERT, "access": 0x89}, NT.INVALID_PARAMETER),
        ({"options": 0x30, "access": 0x120089}, NT.INVALID_PARAMETER),
        ({"options": 0x00100000}, NT.INVALID_PARAMETER),
        ({"options": Option.DIRECTORY}, NT.NOT_A_DIRECTORY),
        ({"options": Option.DIRECTORY, "disposition": D.CREATE}, NT.OBJECT_NAME_COLLISION),
    ],
)
def test_what_no_file_allows(lab: Lab, refuses: Refuses, request_: dict[str, int], status: NT) -> None:
    (lab.root / "a").touch()
    with refuses(status):
        lab.open("a", **request_)


def test_directories_open_as_such_or_not_at_all(lab: Lab, refuses: Refuses) -> None:
    (lab.root / "dir").mkdir()
    for options in (0, Option.DIRECTORY):
        opened = lab.open("dir", options=options)
        assert opened.handle.is_directory
        assert opened.info.attributes == Attribute.DIRECTORY
    for disposition in D:
        with refuses(NT.FILE_IS_A_DIRECTORY):
            lab.open("dir", disposition=disposition, options=Option.NON_DIRECTORY)
    with refuses(NT.OBJECT_NAME_COLLISION):
        lab.open("dir", disposition=D.OVERWRITE_IF)
    with refuses(NT.INVALID_DEVICE_REQUEST):
        lab.store.read(opened.handle, 0, 1, 0)


def test_the_root_opens(lab: Lab, refuses: Refuses) -> None:
    opened = lab.open("", Access.READ_ATTRIBUTES)
    assert (opened.info.name, opened.info.path, opened.info.is_directory) == ("", "\\", 1)
    with refuses(NT.OBJECT_NAME_COLLISION):
        lab.open("\\", disposition=D.CREATE)
    with refuses(NT.CANNOT_DELETE):
        lab.open("", Access.DELETE, options=Option.DELETE_ON_CLOSE)


def test_a_directory_is_made(lab: Lab) -> None:
    opened = lab.open("new", disposition=D.CREATE, options=Option.DIRECTORY, attributes=Attribute.HIDDEN)
    assert opened.action == A.CREATED
    assert opened.info.attributes == Attribute.DIRECTORY | Attribute.HIDDEN
    assert (lab.root / "new").is_dir()


def test_attributes_given_at_creation(lab: Lab, refuses: Refuses) -> None:
    """A new file is ARCHIVE too; READONLY does not bind the open that makes it."""
    opened = lab.open("a", disposition=D.CREATE, attributes=Attribute.READONLY | Attribute.HIDDEN)
    assert opened.info.attributes == 0x23
    assert lab.store.write(opened.handle, 0, b"x", 0) == 1
    lab.store.close(opened.handle)
    with refuses(NT.ACCESS_DENIED):
        lab.open("a")
    assert lab.open("a", Access.GENERIC_READ)
    with refuses(NT.ACCESS_DENIED):
        lab.open("a", Access.GENERIC_READ, disposition=D.OVERWRITE)
    with refuses(NT.CANNOT_DELETE):
        lab.open("a", Access.DELETE, options=Option.DELETE_ON_CLOSE)
    with refuses(NT.CANNOT_DELETE):
        lab.open("b", Access.DELETE, disposition=D.CREATE, options=Option.DELETE_ON_CLOSE, attributes=1)


def test_a_read_only_file_can_be_superseded_but_not_overwritten(lab: Lab, refuses: Refuses) -> None:
    """The one takes DELETE access, which READONLY leaves; the other WRITE_DATA ([MS-FSA] 2.1.5.1.2)."""
    lab.store.close(lab.open("a", disposition=D.CREATE, attributes=Attribute.READONLY).handle)
    with refuses(NT.ACCESS_DENIED):
        lab.open("a", disposition=D.SUPERSEDE)
    opened = lab.open("a", Access.GENERIC_READ, disposition=D.SUPERSEDE)
    assert (opened.action, opened.info.attributes) == (A.SUPERSEDED, Attribute.ARCHIVE)


def test_read_only_comes_before_what_cannot_be_deleted(lab: Lab, refuses: Refuses) -> None:
    lab.store.close(lab.open("a", disposition=D.CREATE, attributes=Attribute.READONLY).handle)
    with refuses(NT.ACCESS_DENIED):
        lab.open("a", Access.WRITE_DATA | Access.DELETE, options=Option.DELETE_ON_CLOSE)


def test_a_read_only_directory_is_not_deleted(lab: Lab, refuses: Refuses) -> None:
    """[MS-FSA] 2.1.5.1.2.1, 2.1.5.15.3: unlike writing, deleting asks nothing about kinds."""
    directory = Option.DIRECTORY
    lab.store.close(
        lab.open("d", disposition=D.CREATE, options=directory, attributes=Attribute.READONLY).handle
    )
    with refuses(NT.CANNOT_DELETE):
        lab.open("d", Access.DELETE, options=directory | Option.DELETE_ON_CLOSE)
    with refuses(NT.CANNOT_DELETE):
        lab.store.set_delete(lab.open("d", Access.DELETE).handle, delete=True)
    with refuses(NT.CANNOT_DELETE):
        lab.store.remove_directory(Path.parse("d"))


@pytest.mark.parametrize("disposition", [D.CREATE, D.OVERWRITE_IF, D.SUPERSEDE])
@pytest.mark.parametrize("name", ["a", "a:stream"])
@pytest.mark.parametrize(
    ("size", "status"),
    [((1 << 64) - 1, NT.INVALID_PARAMETER), (1 << 63, NT.INVALID_PARAMETER), ((1 << 63) - 1, NT.DISK_FULL)],
)
def test_no_allocation_that_cannot_be(
    lab: Lab, refuses: Refuses, name: str, disposition: D, size: int, status: NT
) -> None:
    with refuses(status):
        lab.open(name, disposition=disposition, allocation=size)
    if ":" not in name:
        assert list(lab.root.iterdir()) == []


def test_replacing_forgets_what_the_indexer_was_told(lab: Lab) -> None:
    bits = Attribute.NOT_CONTENT_INDEXED | Attribute.HIDDEN
    made = lab.open("a", disposition=D.CREATE, attributes=bits)
    assert made.info.attributes == bits | Attribute.ARCHIVE
    again = lab.open("a", disposition=D.OVERWRITE, attributes=bits)
    assert again.info.attributes == Attribute.HIDDEN | Attribute.ARCHIVE


@pytest.mark.parametrize("bit", [Attribute.HIDDEN, Attribute.SYSTEM])
def test_overwriting_hidden_and_system_files_takes_saying_so(lab: Lab, refuses: Refuses, bit: int) -> None:
    lab.store.close(lab.open("a", disposition=D.CREATE, attributes=bit).handle)
    with refuses(NT.ACCESS_DENIED):
        lab.open("a", disposition=D.OVERWRITE_IF)
    assert (
        lab.open("a", disposition=D.OVERWRITE_IF, attributes=bit).info.attributes == bit | Attribute.ARCHIVE
    )


def test_overwriting_keeps_the_creation_time(lab: Lab) -> None:
    born = lab.open("a", disposition=D.CREATE).info.creation_time
    again = lab.open("a", disposition=D.OVERWRITE, attributes=Attribute.TEMPORARY)
    assert again.info.creation_time == born
    assert again.info.attributes == Attribute.TEMPORARY | Attribute.ARCHIVE


def test_overwriting_counts_as_writing_for_others(lab: Lab) -> None:
    lab.open("a", Access.GENERIC_READ, disposition=D.CREATE, share=1)
    with pytest.raises(SharingViolation):
        lab.open("a", Access.GENERIC_READ, disposition=D.OVERWRITE)


def test_an_open_without_write_access_may_still_overwrite(lab: Lab, refuses: Refuses) -> None:
    (lab.root / "a").write_text("content")
    opened = lab.open("a", Access.GENERIC_READ, disposition=D.OVERWRITE)
    assert (lab.root / "a").read_text() == ""
    with refuses(NT.ACCESS_DENIED):
        lab.store.write(opened.handle, 0, b"x", 0)


def test_maximum_allowed(lab: Lab) -> None:
    (lab.root / "a").touch()
    assert lab.open("a", Access.MAXIMUM_ALLOWED).handle.access == Access.FILE_ALL


def test_a_read_only_share(lab: Lab, refuses: Refuses) -> None:
    from fakesmb.vfs.local.store import LocalStore

    (lab.root / "a").write_text("content")
    lab.store = LocalStore(str(lab.root), lab.opens, read_only=True)
    opened = lab.open("a", Access.MAXIMUM_ALLOWED)
    assert opened.handle.access == 0x1200A9
    for access, disposition in (
        (Access.WRITE_DATA, D.OPEN),
        (Access.DELETE, D.OPEN),
        (Access.GENERIC_READ, D.OVERWRITE),
        (Access.GENERIC_READ, D.SUPERSEDE),
    ):
        with refuses(NT.ACCESS_DENIED):
            lab.open("a", access, disposition=disposition)
    path = Path.parse("new")
    for change in (
        lambda: lab.open("new", Access.GENERIC_READ, disposition=D.OPEN_IF),
        lambda: lab.store.make_directory(path),
        lambda: lab.store.delete(Path.parse("a")),
        lambda: lab.store.rename(Path.parse("a"), path, replace=False),
        lambda: lab.store.link(Path.parse("a"), path, replace=False),
        lambda: lab.store.set_basic(Path.parse("a"), attributes=1),
    ):
        with refuses(NT.ACCESS_DENIED):
            change()
    lab.store.close(opened.handle, 131_000_000_000_000_000)
    assert os.listdir(lab.root) == ["a"]
    assert (lab.root / "a").stat().st_mtime > 1_700_000_000


def test_delete_on_close(lab: Lab, refuses: Refuses) -> None:
    """The name goes with the last close; until then others may not come in once the first handle is closed."""
    first = lab.open("a", Access.DELETE, disposition=D.CREATE, options=Option.DELETE_ON_CLOSE).handle
    second = lab.open("a", Access.READ_ATTRIBUTES).handle
    assert not lab.store.query(second).delete_pending
    lab.store.close(first)
    assert (lab.root / "a").exists()
    assert lab.store.query(second).delete_pending
    assert lab.store.query(second).number_of_links == 0
    for again in (lambda: lab.open("a"), lambda: lab.query("a")):
        with refuses(NT.DELETE_PENDING):
            again()
    lab.store.close(second)
    assert not (lab.root / "a").exists()


def test_delete_on_close_leaves_a_directory_that_is_not_empty(lab: Lab) -> None:
    opened = lab.open(
        "dir", Access.DELETE, disposition=D.CREATE, options=Option.DELETE_ON_CLOSE | Option.DIRECTORY
    )
    (lab.root / "dir" / "a").touch()
    lab.store.close(opened.handle)
    assert (lab.root / "dir" / "a").exists()


def test_nothing_is_made_in_a_directory_that_will_go(lab: Lab, refuses: Refuses) -> None:
    lab.store.make_directory(Path.parse("dir"))
    opened = lab.open("dir", Access.DELETE)
    lab.store.set_delete(opened.handle, delete=True)
    with refuses(NT.DELETE_PENDING):
        lab.open("dir\\new", disposition=D.CREATE)


def test_allocation_is_shown_while_open(lab: Lab) -> None:
    opened = lab.open("a", disposition=D.CREATE, allocation=10_000)
    assert (opened.info.allocation_size, opened.info.end_of_file) == (12_288, 0)


def test_an_attribute_only_open_needs_no_permission_to_read(lab: Lab) -> None:
    (lab.root / "a").touch(mode=0o000)
    opened = lab.open("a", Access.READ_ATTRIBUTES)
    assert opened.info.attributes & Attribute.READONLY


def test_two_shares_on_one_folder_see_each_other(lab: Lab) -> None:
    from fakesmb.vfs.local.store import LocalStore
    from fakesmb.vfs.store import CreateParameters

    (lab.root / "dir").mkdir()
    (lab.root / "dir" / "a").touch()
    other = LocalStore(str(lab.root / "dir"), lab.opens)
    lab.open("dir\\a", share=0)
    with pytest.raises(SharingViolation):
        other.create(Path.parse("a"), CreateParameters(Access.GENERIC_READ))
    other.shutdown()


def test_what_cannot_be_made_whole_is_not_left_behind(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "full")

    monkeypatch.setattr(os, "setxattr", full)
    for options in (0, Option.DIRECTORY):
        with pytest.raises(OSError, match="full"):
            lab.open("a", disposition=D.CREATE, options=options)
    assert os.listdir(lab.root) == []


@pytest.mark.parametrize("name", ["a", "a:s"])
@pytest.mark.parametrize("disposition", [Disposition.OPEN, Disposition.OVERWRITE])
@pytest.mark.parametrize("access", [Access.APPEND_DATA, Access.APPEND_DATA | Access.READ_DATA])
def test_the_right_to_append_appends(lab: Lab, name: str, disposition: int, access: int) -> None:
    """Whatever offset a write names, it goes to the end, as on NTFS; nothing is cut or overwritten."""
    lab.open("a", disposition=Disposition.OPEN_IF)
    first = lab.open(name, disposition=Disposition.OPEN_IF).handle
    lab.store.write(first, 0, b"old", 1)
    handle = lab.open(name, access, disposition=disposition).handle
    kept = b"" if disposition == Disposition.OVERWRITE else b"old"
    for offset in (0, 1, 1000, 1 << 62, (1 << 64) - 1):
        assert lab.store.write(handle, offset, b"new", 1) == 3
    assert lab.store.read(first, 0, 100, 1) == kept + b"new" * 5
    with pytest.raises(SMBError) as error:
        lab.store.set_end_of_file(handle, 0)
    assert error.value.status == NT.ACCESS_DENIED
    with pytest.raises(SMBError):
        lab.store.set_allocation(handle, 0)
    assert lab.store.query(first).end_of_file == len(kept) + 15


def test_zeros_are_appended_too(lab: Lab) -> None:
    """A copy of a hole cuts nothing out of a file that may only grow."""
    first = lab.open("a", disposition=Disposition.OPEN_IF).handle
    lab.store.write(first, 0, b"old", 1)
    lab.store.write_zeros(lab.open("a", Access.APPEND_DATA).handle, 0, 2, 1)
    assert lab.store.read(first, 0, 100, 1) == b"old\0\0"


def test_appending_meets_the_locks_of_the_end(lab: Lab) -> None:
    """Not those of the offset that the write names."""
    first = lab.open("a", disposition=Disposition.OPEN_IF).handle
    lab.store.write(first, 0, b"old", 1)
    lab.store.lock(first, 1, 0, 3, exclusive=True)
    handle = lab.open("a", Access.APPEND_DATA).handle
    assert lab.store.write(handle, 0, b"new", 2) == 3
    lab.store.lock(first, 1, 6, 1, exclusive=True)
    with pytest.raises(SMBError) as error:
        lab.store.write(handle, 0, b"new", 2)
    assert error.value.status == NT.FILE_LOCK_CONFLICT
