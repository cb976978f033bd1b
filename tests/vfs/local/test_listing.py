"""The names of a directory, read in slices."""

import os
from pathlib import Path

import pytest

from fakesmb.vfs.local.directory import Directory
from fakesmb.vfs.local.listing import ROW
from fakesmb.vfs.shortnames import short_name
from fakesmb.vfs.store import Unfinished
from fakesmb.world import World

NAMES = 3 * ROW + 10


@pytest.fixture
def directory(tmp_path: Path) -> Directory:
    """Of some thousand names; each look at the turn finds it over."""
    for number in range(NAMES):
        (tmp_path / f"a long name {number}").touch()
    world = World()
    ticks = iter(range(1_000_000))
    world.turn.now = lambda: next(ticks)
    world.turn.begin()
    return Directory(str(tmp_path), os.open(tmp_path, os.O_RDONLY), "\\", world)


def attempts(directory: Directory, name: str) -> tuple[int, str | None]:
    """How often a request asks until it is answered, and what it is told. A file appears before each."""
    turn, kept = directory._world.turn, None
    for number in range(1, 100):
        Path(directory.path, f"new {name.replace('~', ' ')} {number}").touch()
        try:
            found = directory.spelling(name)
        except Unfinished as obstacle:
            kept, turn.since = obstacle.keeps, obstacle.since
        else:
            turn.since = None
            assert kept is directory
            return number, found
    raise AssertionError("never answered")


def test_it_is_read_in_slices_while_it_changes(directory: Directory) -> None:
    """Every request is answered, from what was read after it had asked: in few slices."""
    assert attempts(directory, "A LONG NAME 7") == (4, "a long name 7")
    times, found = attempts(directory, short_name("a long name 8"))
    assert found == "a long name 8"
    assert times < 30
    assert attempts(directory, "NONE")[1] is None


def test_who_comes_later_is_not_told_the_older_names(directory: Directory) -> None:
    """A file that was made after a reading had gone past it is found by who asks afterwards."""
    turn = directory._world.turn
    with pytest.raises(Unfinished) as first:
        directory.spelling("LATE")
    Path(directory.path, "late").touch()
    found: str | None = None
    turn.since = None
    for _ in range(20):
        try:
            found = directory.spelling("LATE")
            break
        except Unfinished as obstacle:
            turn.since = obstacle.since if turn.since is None else turn.since
    assert found == "late"
    turn.since = first.value.since
    assert directory.spelling("LATE") in (None, "late")


def test_our_own_changes_are_carried_into_a_reading(directory: Directory) -> None:
    """What this server removes while the directory is read is gone, what it makes is there; and no reading is lost."""
    turn, path = directory._world.turn, Path(directory.path)
    os.utime(path, ns=(0, 0))
    with pytest.raises(Unfinished) as obstacle:
        directory.spelling("NONE")
    for number in range(0, NAMES, 7):
        directory.about_to_change()
        directory.unlink(f"a long name {number}")
        directory.changed(removed=f"a long name {number}")
        directory.about_to_change()
        (path / f"another name {number}").touch()
        directory.changed(added=f"another name {number}")
    turn.since = obstacle.value.since
    for _ in range(20):
        try:
            directory.spelling("NONE")
            break
        except Unfinished:
            pass
    turn.since = None
    readings = turn.readings
    for number in range(NAMES):
        expected = None if number % 7 == 0 else f"a long name {number}"
        assert directory.spelling(f"A LONG NAME {number}") == expected
        if number % 7 == 0:
            assert directory.spelling(f"ANOTHER NAME {number}") == f"another name {number}"
    assert turn.readings == readings


def test_names_that_differ_in_case_come_and_go(tmp_path: Path) -> None:
    """Hundreds that differ in nothing else: whichever is left is found."""
    directory = Directory(str(tmp_path), os.open(tmp_path, os.O_RDONLY), "\\", World())
    names = [
        "".join(c.upper() if number >> at & 1 else c for at, c in enumerate("abcdefgh"))
        for number in range(256)
    ]
    for name in names:
        (tmp_path / name).touch()
    for left in range(len(names), 0, -1):
        assert directory.spelling("aBcDeFgH") in os.listdir(tmp_path)
        directory.about_to_change()
        directory.unlink(names[left - 1])
        directory.changed(removed=names[left - 1])
    assert directory.spelling("aBcDeFgH") is None


def test_an_empty_directory_is_empty(tmp_path: Path) -> None:
    directory = Directory(str(tmp_path), os.open(tmp_path, os.O_RDONLY), "\\", World())
    assert directory.is_empty()
    (tmp_path / ".a").touch()
    assert not directory.is_empty()
