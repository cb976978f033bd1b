"""Delete on close, as Windows has it beyond the specification."""

import pytest

from fakesmb.nt.files import Access, Disposition, Option
from tests.vfs.lab import Lab

READS_AND_DELETES = Access.FILE_READ | Access.DELETE
ALL = Access.FILE_ALL
DOC = Option.DELETE_ON_CLOSE


def test_the_maker_deletes_whoever_came(lab: Lab) -> None:
    maker = lab.open("a", ALL, options=DOC, disposition=Disposition.CREATE).handle
    lab.store.close(lab.open("a", READS_AND_DELETES).handle)
    lab.store.close(maker)
    assert not (lab.root / "a").exists()


def test_alone_it_deletes_what_it_found(lab: Lab) -> None:
    (lab.root / "a").touch()
    lab.store.close(lab.open("a", ALL, options=DOC).handle)
    assert not (lab.root / "a").exists()


def test_opens_before_it_do_not_matter(lab: Lab) -> None:
    (lab.root / "a").touch()
    first = lab.open("a", ALL).handle
    lab.store.close(lab.open("a", ALL, options=DOC).handle)
    assert lab.store.query(first).delete_pending
    lab.store.close(first)
    assert not (lab.root / "a").exists()


def test_one_after_it_takes_the_wish_away(lab: Lab) -> None:
    (lab.root / "a").touch()
    wisher = lab.open("a", ALL, options=DOC).handle
    lab.store.close(lab.open("a", READS_AND_DELETES).handle)
    lab.store.close(wisher)
    assert (lab.root / "a").exists()


@pytest.mark.parametrize(("access", "deleted"), [(READS_AND_DELETES, True), (Access.FILE_READ, False)])
def test_one_that_is_left_decides_by_its_access(lab: Lab, access: int, deleted: bool) -> None:
    (lab.root / "a").touch()
    wisher = lab.open("a", ALL, options=DOC).handle
    left = lab.open("a", access).handle
    assert not lab.store.query(left).delete_pending
    lab.store.close(wisher)
    assert lab.store.query(left).delete_pending == deleted
    lab.store.close(left)
    assert (lab.root / "a").exists() != deleted


def test_directories_go_regardless(lab: Lab) -> None:
    (lab.root / "d").mkdir()
    wisher = lab.open("d", ALL, options=DOC | Option.DIRECTORY).handle
    lab.store.close(lab.open("d", Access.FILE_READ).handle)
    lab.store.close(wisher)
    assert not (lab.root / "d").exists()
