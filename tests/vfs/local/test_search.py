"""Searches: what is listed, in which order, where they go on, and directories that change meanwhile."""

import os
from itertools import count

import pytest

from fakesmb.nt.files import Attribute
from fakesmb.nt.status import NT
from fakesmb.vfs.paths import Path
from fakesmb.vfs.store import Unfinished
from tests.refusals import Refuses
from tests.vfs.lab import Lab

P = Path.parse
ALL = 0x16


@pytest.fixture
def files(lab: Lab) -> Lab:
    for name in ("b.txt", "A.TXT", "c.html", ".dot"):
        (lab.root / name).write_text(name)
    (lab.root / "dir").mkdir()
    return lab


def test_dots_first_then_names_in_order(files: Lab) -> None:
    assert files.names() == [".", "..", ".dot", "A.TXT", "b.txt", "c.html", "dir"]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("*.txt", ["A.TXT", "b.txt"]),
        ("<.txt", ["A.TXT", "b.txt"]),
        ("?.*", ["A.TXT", "b.txt", "c.html"]),
        ("?", [".", ".."]),
        (">", [".", ".."]),
        ("??", []),
        ("<", [".", "..", ".dot", "dir"]),
        ("B.TXT", ["b.txt"]),
        ("dir", ["dir"]),
        ("nothing", []),
        ("no*", []),
        ("*.htm", ["c.html"]),
    ],
)
def test_patterns(files: Lab, pattern: str, names: list[str]) -> None:
    """`*.htm` finds `c.html` by its 8.3 name, as on Windows."""
    assert files.names(pattern=pattern) == names


def test_hidden_system_and_directories_only_if_asked_for(files: Lab) -> None:
    files.store.set_basic(P("b.txt"), attributes=Attribute.SYSTEM)
    files.store.set_basic(P("A.TXT"), attributes=Attribute.READONLY | Attribute.ARCHIVE)
    assert files.names(attributes=0) == ["A.TXT", "c.html"]
    assert files.names(attributes=Attribute.HIDDEN) == [".dot", "A.TXT", "c.html"]
    assert files.names(attributes=Attribute.SYSTEM) == ["A.TXT", "b.txt", "c.html"]
    assert files.names(attributes=Attribute.DIRECTORY) == [".", "..", "A.TXT", "c.html", "dir"]


def test_attributes_that_entries_must_have(files: Lab) -> None:
    """The upper byte of SearchAttributes, [MS-CIFS] 2.2.1.2.4."""
    files.store.set_basic(P("A.TXT"), attributes=Attribute.READONLY | Attribute.ARCHIVE)
    assert files.names(attributes=0x1010 | ALL) == [".", "..", "dir"]
    assert files.names(attributes=0x0100 | ALL) == ["A.TXT"]
    assert files.names(attributes=0x2000 | ALL) == [".dot", "A.TXT", "b.txt", "c.html"]


def test_facts_are_those_of_the_entry(files: Lab) -> None:
    search = files.store.search(P(""), "c.html", ALL)
    info = search.next()
    assert info == files.query("c.html")
    assert info is not None
    assert (info.path, info.end_of_file, info.short_name[-4:]) == ("\\c.html", 6, ".HTM")
    search = files.store.search(P("dir"), "*", ALL)
    dot, dotdot = search.next(), search.next()
    assert dot is not None
    assert dotdot is not None
    assert (dot.file_id, dotdot.file_id) == (os.stat(files.root / "dir").st_ino, os.stat(files.root).st_ino)
    search.close()


def test_the_parent_of_the_root_is_the_root(files: Lab) -> None:
    search = files.store.search(P(""), "*", ALL)
    entries = [search.next(), search.next()]
    assert {e.file_id for e in entries if e} == {os.stat(files.root).st_ino}


def test_resuming_by_key_and_by_name(files: Lab) -> None:
    search = files.store.search(P(""), "*", ALL)
    given: list[tuple[str, int]] = []
    while (info := search.next()) is not None:
        given.append((info.name, search.tell()))
    assert all(key for _, key in given)
    for at, (name, key) in enumerate(given[:-1]):
        search.seek(key)
        following = search.next()
        assert following is not None
        assert following.name == given[at + 1][0]
        assert search.seek_name(name.swapcase())
        following = search.next()
        assert following is not None
        assert following.name == given[at + 1][0]
    search.seek(0)
    first = search.next()
    assert first is not None
    assert first.name == "."
    assert not search.seek_name("never")
    short = files.query("c.html").short_name
    assert search.seek_name(short.lower())
    search.seek(10_000)
    assert search.next() is None


def test_deleting_what_is_listed(files: Lab) -> None:
    """The usual `del *.*`: each name goes as soon as it was given out; others may vanish before."""
    search = files.store.search(P(""), "*", 0x02)
    first = search.next()
    assert first is not None
    files.store.delete(P(first.name))
    (files.root / "b.txt").unlink()
    assert search.seek_name(first.name)
    rest = []
    while (info := search.next()) is not None:
        rest.append(info.name)
        files.store.delete(P(info.name))
    assert rest == ["A.TXT", "c.html"]


def test_a_directory_that_goes_while_it_is_listed(files: Lab) -> None:
    (files.root / "dir" / "x").touch()
    search = files.store.search(P("dir"), "x", ALL)
    (files.root / "dir" / "x").unlink()
    (files.root / "dir").rmdir()
    assert search.next() is None
    search.close()
    assert search.next() is None


def test_places_that_cannot_be_searched(files: Lab, refuses: Refuses) -> None:
    for path in ("nothing", "b.txt", "nothing\\x"):
        with refuses(NT.OBJECT_PATH_NOT_FOUND):
            files.store.search(P(path), "*", ALL)


@pytest.mark.parametrize(
    "pattern", ["..", ".", "../outside/secret.txt", "..\\outside", "a\0b", "/etc/passwd", "c:"]
)
def test_a_pattern_is_one_harmless_name(files: Lab, refuses: Refuses, pattern: str) -> None:
    with refuses(NT.OBJECT_NAME_INVALID):
        files.store.search(P("dir"), pattern, ALL)


def test_links_are_listed_as_what_they_lead_to(files: Lab) -> None:
    (files.root / "inside").symlink_to("b.txt")
    (files.root / "outside").symlink_to(files.outside)
    (files.root / "dead").symlink_to("nothing")
    assert files.names() == [".", "..", ".dot", "A.TXT", "b.txt", "c.html", "dir", "inside"]
    search = files.store.search(P(""), "inside", ALL)
    info = search.next()
    assert info is not None
    assert (info.name, info.end_of_file, info.path) == ("inside", 5, "\\inside")


def test_what_is_being_deleted_is_marked(files: Lab) -> None:
    opened = files.open("b.txt", 0x10000)
    files.store.set_delete(opened.handle, delete=True)
    info = files.store.search(P(""), "b.txt", ALL).next()
    assert info is not None
    assert info.delete_pending == 1


def test_many_names_are_sorted_in_slices(lab: Lab) -> None:
    """So that others have a turn; the names are those of the beginning."""
    names = [f"{number * 7919 % 25_000:06}{'aB'[number % 2]}" for number in range(25_000)]
    for name in names:
        os.close(os.open(lab.root / name, os.O_CREAT))
    turn = lab.opens.world.turn
    turn.now = count(0, 0.001).__next__
    turn.spare()
    search = lab.store.search(Path(), "*", 0x16)
    slices, found = 0, []
    while True:
        try:
            info = search.next()
        except Unfinished:
            turn.spare()
            slices += 1
            continue
        if info is None:
            break
        found.append(info.name)
    # The time is looked at after each 1,000 names read, sorted or taken, and at every eighth name given out.
    assert slices >= (25 + 25 + 25_000 // 8) // 12
    assert found == [".", "..", *sorted(names, key=str.upper)]
    turn.now = lambda: 0.0
    search = lab.store.search(Path(), "*", 0x16)
    assert search.seek_name(found[20_000])
    info = search.next()
    assert info is not None
    assert info.name == found[20_001]
