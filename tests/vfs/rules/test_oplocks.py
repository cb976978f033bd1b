"""Oplocks of the store: who gets which, and what takes it away. [MS-FSA] 2.1.4.12, 2.1.5.18, 2.1.5.19."""

from collections.abc import Callable

import pytest

from fakesmb.nt.files import Access, Disposition, Oplock, ShareMode
from fakesmb.nt.status import NT
from fakesmb.vfs.paths import Path
from fakesmb.vfs.store import Handle, Opened, OplockBreaking, SharingViolation
from tests.refusals import Refuses
from tests.vfs.lab import Lab, flush

NONE, EXCLUSIVE, BATCH, LEVEL_II = Oplock.NONE, Oplock.EXCLUSIVE, Oplock.BATCH, Oplock.LEVEL_II
ATTRIBUTES = Access.READ_ATTRIBUTES | Access.WRITE_ATTRIBUTES | Access.SYNCHRONIZE
ALL = Access.FILE_ALL


class Caching:
    """Opens that ask for oplocks, and what they are told of them: (level, must acknowledge)."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        (lab.root / "a").write_bytes(b"old")

    def open(
        self,
        oplock: int = NONE,
        path: str = "a",
        access: int = ALL,
        *,
        level_two: bool = True,
        **request: object,
    ) -> "Caller":
        told: list[tuple[int, bool]] = []
        opened = self.lab.open(
            path,
            access,
            oplock=oplock,
            level_two=level_two,
            break_oplock=(lambda level, must: told.append((level, must))) if oplock else None,
            **request,
        )
        return Caller(self.lab, opened, told)


class Caller:
    """One open, and the breaks that it was told of."""

    def __init__(self, lab: Lab, opened: Opened, told: list[tuple[int, bool]]) -> None:
        self.lab = lab
        self.handle: Handle = opened.handle
        self.level = opened.oplock
        self.told = told

    def acknowledge(self, level: int = NONE) -> None:
        self.lab.store.acknowledge_oplock(self.handle, level)

    def close(self) -> None:
        self.lab.store.close(self.handle)


@pytest.fixture
def caching(lab: Lab) -> Caching:
    return Caching(lab)


def breaking(act: Callable[[], object]) -> OplockBreaking:
    """The operation has to wait for an oplock."""
    with pytest.raises(OplockBreaking) as caught:
        act()
    return caught.value


@pytest.mark.parametrize("level", [EXCLUSIVE, BATCH])
def test_alone_one_gets_what_one_asks_for(caching: Caching, level: int) -> None:
    assert caching.open(level).level == level


def test_without_asking_there_is_none(caching: Caching) -> None:
    assert caching.open().level == NONE


def test_a_directory_gets_none(caching: Caching) -> None:
    (caching.lab.root / "d").mkdir()
    assert caching.open(BATCH, "d", access=Access.READ_DATA).level == NONE


def test_beside_another_open_there_is_level_two_for_those_who_know_it(caching: Caching) -> None:
    caching.open()
    assert caching.open(BATCH).level == LEVEL_II
    assert caching.open(EXCLUSIVE).level == LEVEL_II
    assert caching.open(BATCH, level_two=False).level == NONE


def test_beside_byte_range_locks_there_is_none(caching: Caching) -> None:
    first = caching.open()
    caching.lab.store.lock(first.handle, 1, 0, 1, exclusive=True)
    assert caching.open(BATCH).level == NONE


@pytest.mark.parametrize("level", [EXCLUSIVE, BATCH])
def test_another_open_makes_it_level_two(caching: Caching, level: int) -> None:
    """It waits, asks once, and goes on when the holder has acknowledged."""
    first = caching.open(level)
    woken: list[int] = []
    breaking(lambda: caching.open(BATCH)).wait(lambda: woken.append(1))
    breaking(lambda: caching.open(BATCH))
    assert first.told == [(LEVEL_II, True)]
    assert not woken
    first.acknowledge(LEVEL_II)
    assert woken == [1]
    second = caching.open(BATCH)
    assert second.level == LEVEL_II
    caching.lab.store.write(first.handle, 0, b"new", 1)
    assert first.told == [(LEVEL_II, True), (NONE, False)]
    assert second.told == [(NONE, False)]


def test_the_holder_may_keep_nothing(caching: Caching) -> None:
    first = caching.open(BATCH)
    breaking(lambda: caching.open(BATCH))
    first.acknowledge(NONE)
    second = caching.open(BATCH)
    caching.lab.store.write(second.handle, 0, b"new", 1)
    assert first.told == [(LEVEL_II, True)]


def test_a_holder_without_level_two_is_left_with_nothing(caching: Caching) -> None:
    first = caching.open(BATCH, level_two=False)
    breaking(caching.open)
    assert first.told == [(NONE, True)]
    first.acknowledge(LEVEL_II)
    assert caching.open(BATCH).level == LEVEL_II
    caching.lab.store.write(first.handle, 0, b"new", 1)
    assert first.told == [(NONE, True)], "level II was not there to keep"


def test_close_answers_a_break(caching: Caching) -> None:
    """Who opens next is alone and gets the oplock."""
    first = caching.open(BATCH, share=ShareMode.NONE)
    woken: list[int] = []
    breaking(caching.open).wait(lambda: woken.append(1))
    first.close()
    assert woken == [1]
    assert caching.open(BATCH).level == BATCH


def test_who_does_not_want_to_wait_any_more_is_not_called(caching: Caching) -> None:
    first = caching.open(BATCH)
    woken: list[int] = []
    breaking(caching.open).wait(lambda: woken.append(1))()
    first.acknowledge()
    assert not woken


def test_an_acknowledgement_of_nothing_changes_nothing(caching: Caching) -> None:
    first = caching.open(BATCH)
    first.acknowledge()
    breaking(caching.open)


def test_attributes_only_opens_break_nothing_and_get_nothing(caching: Caching) -> None:
    first = caching.open(EXCLUSIVE, share=ShareMode.NONE)
    assert caching.open(BATCH, access=ATTRIBUTES).level == NONE
    assert not first.told


def test_an_attributes_only_open_may_hold_one(caching: Caching) -> None:
    first = caching.open(BATCH, access=ATTRIBUTES)
    assert first.level == BATCH
    breaking(caching.open)
    assert first.told == [(LEVEL_II, True)]


@pytest.mark.parametrize(
    "disposition", [Disposition.OVERWRITE, Disposition.OVERWRITE_IF, Disposition.SUPERSEDE]
)
@pytest.mark.parametrize("access", [ALL, ATTRIBUTES])
def test_overwriting_breaks_to_none(caching: Caching, disposition: int, access: int) -> None:
    first = caching.open(EXCLUSIVE)
    breaking(lambda: caching.open(access=access, disposition=disposition))
    assert first.told == [(NONE, True)]
    assert (caching.lab.root / "a").read_bytes() == b"old"
    first.acknowledge()
    assert caching.open(EXCLUSIVE, access=access, disposition=disposition).level == LEVEL_II


def test_overwriting_ends_level_two_at_once(caching: Caching) -> None:
    caching.open()
    second = caching.open(BATCH)
    caching.open(disposition=Disposition.OVERWRITE)
    assert second.told == [(NONE, False)]


class TestSharing:
    def test_an_exclusive_holder_is_left_alone(self, caching: Caching) -> None:
        first = caching.open(EXCLUSIVE, share=ShareMode.NONE)
        with pytest.raises(SharingViolation):
            caching.open()
        assert not first.told

    def test_a_batch_holder_may_close_first(self, caching: Caching) -> None:
        first = caching.open(BATCH, share=ShareMode.NONE)
        breaking(caching.open)
        assert first.told == [(LEVEL_II, True)]
        first.acknowledge(LEVEL_II)
        with pytest.raises(SharingViolation):
            caching.open()
        assert len(first.told) == 1

    def test_deleting_by_name_is_such_an_open(self, caching: Caching) -> None:
        first = caching.open(BATCH)
        breaking(lambda: caching.lab.store.delete(Path.parse("a")))
        first.acknowledge(LEVEL_II)
        with pytest.raises(SharingViolation):
            caching.lab.store.delete(Path.parse("a"))
        first.close()
        caching.lab.store.delete(Path.parse("a"))
        assert not (caching.lab.root / "a").exists()


class TestChanges:
    """What level II does not outlive, one's own included; who is alone keeps what one has."""

    CHANGES = pytest.mark.parametrize(
        "change",
        [
            lambda store, handle: store.write(handle, 0, b"x", 1),
            lambda store, handle: store.set_end_of_file(handle, 1),
            lambda store, handle: store.set_allocation(handle, 1),
            lambda store, handle: store.lock(handle, 1, 0, 1, exclusive=False),
            lambda store, handle: store.wait_lock(handle, 1, 0, 1, exclusive=True),
        ],
        ids=["write", "end of file", "allocation", "lock", "waiting lock"],
    )

    @CHANGES
    def test_level_two(self, caching: Caching, change: Callable[[object, Handle], object]) -> None:
        caching.open()
        second, third = caching.open(BATCH), caching.open(BATCH)
        change(caching.lab.store, second.handle)
        assert second.told == third.told == [(NONE, False)]
        change(caching.lab.store, second.handle)
        assert len(third.told) == 1

    @CHANGES
    def test_alone(self, caching: Caching, change: Callable[[object, Handle], object]) -> None:
        first = caching.open(BATCH)
        change(caching.lab.store, first.handle)
        assert not first.told

    def test_reads_change_nothing(self, caching: Caching) -> None:
        caching.open()
        second = caching.open(BATCH)
        caching.lab.store.read(second.handle, 0, 1, 1)
        flush(caching.lab.store, second.handle)
        assert not second.told

    def test_an_unlock_changes_nothing(self, caching: Caching, refuses: Refuses) -> None:
        store, first = caching.lab.store, caching.open(BATCH)
        store.lock(first.handle, 1, 0, 1, exclusive=True)
        breaking(caching.open)
        first.acknowledge(LEVEL_II)
        caching.open()
        store.unlock(first.handle, 1, 0, 1)
        with refuses(NT.RANGE_NOT_LOCKED):
            store.unlock(first.handle, 1, 0, 1)
        assert first.told == [(LEVEL_II, True)]

    def test_a_write_of_nothing_changes_nothing(self, caching: Caching) -> None:
        caching.open()
        second = caching.open(BATCH)
        caching.lab.store.write(second.handle, 0, b"", 1)
        assert not second.told

    def test_an_open_that_will_change_the_size_breaks_to_none(self, caching: Caching) -> None:
        first = caching.open(EXCLUSIVE)
        breaking(lambda: caching.open(access=Access.WRITE_DATA, resizes=True))
        assert first.told == [(NONE, True)]


class TestNames:
    def rename(self, caching: Caching, to: str = "b", **how: int) -> None:
        caching.lab.store.rename(Path.parse("a"), Path.parse(to), replace=False, **how)

    def test_a_rename_by_another_ends_batch(self, caching: Caching) -> None:
        first = caching.open(BATCH)
        breaking(lambda: self.rename(caching))
        assert first.told == [(NONE, True)]
        assert (caching.lab.root / "a").exists()
        first.acknowledge()
        self.rename(caching)
        assert first.handle.path == Path.parse("b")

    def test_a_rename_by_the_holder_does_not(self, caching: Caching) -> None:
        first = caching.open(BATCH)
        caching.lab.store.rename(first.handle, Path.parse("b"), replace=False)
        assert not first.told

    def test_exclusive_and_level_two_holders_know_no_name(self, caching: Caching) -> None:
        first = caching.open(EXCLUSIVE)
        self.rename(caching)
        assert not first.told

    def test_a_hard_link_ends_batch(self, caching: Caching) -> None:
        first = caching.open(BATCH)
        breaking(lambda: caching.lab.store.link(Path.parse("a"), Path.parse("b"), replace=False))
        assert first.told == [(NONE, True)]
        assert not (caching.lab.root / "b").exists()

    def test_a_rename_that_shares_less_meets_the_holder(self, caching: Caching) -> None:
        first = caching.open(BATCH)
        breaking(lambda: self.rename(caching, share=ShareMode.READ | ShareMode.WRITE))
        assert first.told == [(LEVEL_II, True)]
        first.acknowledge(LEVEL_II)
        with pytest.raises(SharingViolation):
            self.rename(caching, share=ShareMode.READ | ShareMode.WRITE)

    def test_the_holder_of_a_file_to_replace_may_close_it(self, caching: Caching) -> None:
        (caching.lab.root / "b").touch()
        first = caching.open(BATCH, "b")
        breaking(lambda: caching.lab.store.rename(Path.parse("a"), Path.parse("b"), replace=True))
        assert first.told == [(LEVEL_II, True)]
        assert (caching.lab.root / "a").exists()
        first.close()
        caching.lab.store.rename(Path.parse("a"), Path.parse("b"), replace=True)
        assert (caching.lab.root / "b").read_bytes() == b"old"

    def test_the_holders_in_a_directory_that_moves_may_close(self, caching: Caching) -> None:
        (caching.lab.root / "d").mkdir()
        for name in "bc":
            (caching.lab.root / "d" / name).touch()
        inside = [caching.open(BATCH, f"d\\{name}") for name in "bc"]
        outside = caching.open(BATCH)
        breaking(lambda: caching.lab.store.rename(Path.parse("d"), Path.parse("e"), replace=False))
        assert [one.told for one in inside] == [[(LEVEL_II, True)]] * 2, "all are asked at once"
        assert not outside.told
        for one in inside:
            one.close()
        caching.lab.store.rename(Path.parse("d"), Path.parse("e"), replace=False)
        assert (caching.lab.root / "e" / "b").exists()


def test_level_two_of_an_open_that_ended_is_gone(caching: Caching) -> None:
    first, second = caching.open(), caching.open(BATCH)
    second.close()
    caching.lab.store.write(first.handle, 0, b"x", 1)
    assert not second.told


def test_hard_links_share_one_oplock(caching: Caching) -> None:
    """What is cached is the file, whatever it is called."""
    (caching.lab.root / "b").hardlink_to(caching.lab.root / "a")
    first = caching.open(EXCLUSIVE)
    breaking(lambda: caching.open(path="b"))
    assert first.told == [(LEVEL_II, True)]


def test_attributes_and_times_break_nothing(caching: Caching) -> None:
    first = caching.open(BATCH, share=ShareMode.NONE)
    caching.lab.store.set_basic(Path.parse("a"), attributes=2, write=1 << 56)
    caching.lab.store.query(Path.parse("a"))
    assert not first.told
