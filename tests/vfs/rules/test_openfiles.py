"""The table of open files: who is in it, what is open below a directory, which files are to be deleted."""

from fakesmb.nt.files import Access
from fakesmb.vfs.rules.openfiles import OpenFile
from tests.vfs.lab import Lab


def test_all_opens_of_a_server_can_be_seen(lab: Lab) -> None:
    """What srvsvc's NetrFileEnum lists."""
    for name in ("a", "b"):
        (lab.root / name).touch()
    handles = [lab.open("a").handle, lab.open("A").handle, lab.open("b").handle]
    assert len(lab.opens) == 3
    assert {id(h) for h in lab.opens} == {id(h) for h in handles}
    assert len(lab.opens.by_key) == 2


def test_open_below_looks_at_whole_components(lab: Lab) -> None:
    (lab.root / "dir").mkdir()
    (lab.root / "dir" / "a").touch()
    lab.open("dir\\a", Access.READ_ATTRIBUTES)
    assert lab.opens.is_open_below(f"{lab.root}/dir")
    assert lab.opens.is_open_below(str(lab.root))
    assert not lab.opens.is_open_below(f"{lab.root}/di")
    assert not lab.opens.is_open_below(f"{lab.root}/dir/a")


def test_marks_are_counted_once() -> None:
    from fakesmb.vfs.rules.openfiles import OpenFiles

    opens, file = OpenFiles(), OpenFile((1, 2))
    for path, count in (("/a", 1), ("/a", 1), (None, 0), (None, 0)):
        opens.mark_deleted(file, path)
        assert opens.deleting == count
