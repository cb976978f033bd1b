"""Share modes: every pair of rights and modes, violations that are waited for, deny modes of DOS."""

import itertools
from typing import Any

import pytest

from fakesmb.nt.files import Access, DosDeny, ShareMode
from fakesmb.nt.status import NT
from fakesmb.vfs.rules.sharing import conflict
from fakesmb.vfs.store import SharingViolation
from tests.refusals import Refuses
from tests.vfs.lab import Lab

READ, WRITE, DELETE = Access.READ_DATA, Access.WRITE_DATA, Access.DELETE
NEEDS = {
    READ: ShareMode.READ,
    Access.EXECUTE: ShareMode.READ,
    WRITE: ShareMode.WRITE,
    Access.APPEND_DATA: ShareMode.WRITE,
    DELETE: 4,
}


def test_every_pair_of_one_right_and_one_share_mode() -> None:
    """Each open must be allowed by the share mode of the other: [MS-FSA] 2.1.5.1.2.2."""
    for (one, need), (other, other_need) in itertools.product(NEEDS.items(), repeat=2):
        for share, other_share in itertools.product(range(8), repeat=2):
            expected = not (other_share & need and share & other_need)
            assert conflict(one, share, other, other_share) is expected


def test_attributes_only_opens_exclude_nobody() -> None:
    quiet = Access.READ_ATTRIBUTES | Access.WRITE_ATTRIBUTES | Access.SYNCHRONIZE | Access.READ_CONTROL
    assert not conflict(quiet, 0, READ | WRITE | DELETE, 0)
    assert not conflict(READ | WRITE | DELETE, 0, quiet, 0)


def test_a_violation_can_be_waited_for(lab: Lab) -> None:
    (lab.root / "a").touch()
    holder = lab.open("a", share=0).handle
    called: list[int] = []
    with pytest.raises(SharingViolation) as caught:
        lab.open("a")
    caught.value.wait(lambda: called.append(1))
    forget = caught.value.wait(lambda: called.append(2))
    forget()
    assert called == []
    lab.store.close(holder)
    assert called == [1]
    lab.store.close(lab.open("a").handle)
    assert called == [1]
    forget()


def test_trying_again_from_the_callback_works(lab: Lab) -> None:
    (lab.root / "a").touch()
    holder = lab.open("a", share=0).handle
    with pytest.raises(SharingViolation) as caught:
        lab.open("a")
    got: list[object] = []
    caught.value.wait(lambda: got.append(lab.open("a")))
    lab.store.close(holder)
    assert len(got) == 1


def test_deny_dos_opens_of_one_process_go_together(lab: Lab) -> None:
    (lab.root / "a").touch()
    me, you = object(), object()
    same: dict[str, Any] = {"dos_deny": 1, "pid": 7, "owner": me}
    lab.open("a", share=0, **same)
    lab.open("a", share=0, **same)
    lab.open("a", share=0, **same | {"dos_deny": 2})
    others: tuple[dict[str, Any], ...] = ({"pid": 8}, {"owner": you}, {"dos_deny": 0})
    for different in others:
        with pytest.raises(SharingViolation):
            lab.open("a", share=0, **same | different)


def test_deny_dos_opens_of_one_process_move_one_position(lab: Lab) -> None:
    (lab.root / "a").touch()
    first = lab.open("a", share=0, dos_deny=DosDeny.DOS, pid=7).handle
    first.position = 5
    second = lab.open("a", share=0, dos_deny=DosDeny.DOS, pid=7).handle
    assert (first.position, second.position) == (5, 5)
    second.position = 9
    assert first.position == 9


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [
        (DosDeny.DOS_PROGRAM, DosDeny.DOS_PROGRAM, True),
        (DosDeny.DOS_PROGRAM, DosDeny.FCB, False),
        (DosDeny.FCB, DosDeny.DOS_PROGRAM, True),
    ],
)
def test_programs_that_are_open(lab: Lab, first: int, second: int, together: bool) -> None:
    """By DENY_DOS they exclude nobody, but an FCB open excludes them."""
    (lab.root / "a.exe").touch()
    share = {DosDeny.DOS_PROGRAM: 3, DosDeny.FCB: 0}
    one = lab.open("a.exe", share=share[first], dos_deny=first, pid=7).handle
    one.position = 5
    if together:
        two = lab.open("a.exe", share=share[second], dos_deny=second, pid=7).handle
        assert two.position == 0
    else:
        with pytest.raises(SharingViolation):
            lab.open("a.exe", share=share[second], dos_deny=second, pid=7)


def test_directories_share_too(lab: Lab) -> None:
    (lab.root / "dir").mkdir()
    lab.open("dir", Access.LIST_DIRECTORY, share=0)
    with pytest.raises(SharingViolation):
        lab.open("dir", Access.LIST_DIRECTORY)
    lab.open("dir", Access.READ_ATTRIBUTES)


def test_hard_links_are_one_file(lab: Lab) -> None:
    (lab.root / "a").touch()
    (lab.root / "b").hardlink_to(lab.root / "a")
    lab.open("a", share=0)
    with pytest.raises(SharingViolation):
        lab.open("b")


def test_pending_deletion_comes_before_sharing(lab: Lab, refuses: Refuses) -> None:
    (lab.root / "a").touch()
    holder = lab.open("a", DELETE, share=0).handle
    lab.store.set_delete(holder, delete=True)
    with refuses(NT.DELETE_PENDING):
        lab.open("a")
