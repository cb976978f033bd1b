"""Changes by local programs: real inotify, read when the test says so, and no reactor."""

import inspect
import os
import sys
from collections.abc import Callable
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock

from fakesmb.nt.files import Disposition, Filter
from fakesmb.vfs.paths import Path
from fakesmb.vfs.programs import outside
from fakesmb.vfs.programs.inotify import OVERFLOW, Event
from fakesmb.vfs.programs.outside import OutsideChanges
from tests.vfs.lab import Lab
from tests.vfs.watching import ADDED, ALL, MODIFIED, NAME, NEW, OLD, REMOVED, Watcher, make

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux' own")


class Local:
    """What the transport layer does for real: reads when there is something, and calls again soon."""

    def __init__(self, lab: Lab) -> None:
        self.clock = Clock()
        self.listening: dict[int, Callable[[], None]] = {}
        self.problems: list[str] = []
        self.found = OutsideChanges(
            lab.opens.watches,
            self._listen,
            self.clock.callLater,
            self.problems.append,
        )
        lab.opens.watches.outside = self.found

    def _listen(self, fd: int, ready: Callable[[], None]) -> Callable[[], None]:
        self.listening[fd] = ready
        return lambda: self.listening.__delitem__(fd)

    def turn(self) -> None:
        """One turn of the reactor."""
        for ready in list(self.listening.values()):
            ready()
        while self.clock.getDelayedCalls():
            self.clock.advance(0.02)


@pytest.fixture
def local(lab: Lab) -> Local:
    return Local(lab)


def test_names(lab: Lab, local: Local) -> None:
    watcher = Watcher(lab)
    (lab.root / "a.txt").write_text("x")
    (lab.root / "a.txt").rename(lab.root / "b.txt")
    (lab.root / "b.txt").unlink()
    (lab.root / "dir").mkdir()
    (lab.root / "dir").rmdir()
    local.turn()
    assert watcher.all() == [
        (ADDED, "a.txt"),
        (OLD, "a.txt"),
        (NEW, "b.txt"),
        (REMOVED, "b.txt"),
        (ADDED, "dir"),
        (REMOVED, "dir"),
    ]


def test_the_halves_of_a_rename_may_come_apart(lab: Lab, local: Local) -> None:
    """A program may be held up between them; a name that only goes is removed a moment later."""
    (lab.root / "a").touch()
    (lab.root / "c").touch()
    watcher = Watcher(lab, bits=NAME)
    inotify = local.found._inotify
    assert inotify is not None
    (lab.root / "a").rename(lab.root / "b")
    first, second = list(inotify.read())
    for half in (first, second):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(inotify, "read", lambda pause, half=half: iter([half]))
            local.found.read()
    assert watcher.all() == [(OLD, "a"), (NEW, "b")]
    assert local.clock.getDelayedCalls() == []
    (lab.root / "c").rename(lab.outside / "c")
    local.found.read()
    assert watcher.all() == []
    local.clock.advance(0.02)
    assert watcher.all() == [(REMOVED, "c")]


def test_contents_and_attributes(lab: Lab, local: Local) -> None:
    (lab.root / "a.txt").write_text("x")
    size = Watcher(lab, bits=Filter.SIZE)
    security = Watcher(lab, bits=Filter.SECURITY)
    with (lab.root / "a.txt").open("a") as file:
        for _ in range(10):
            file.write("more")
            file.flush()
    local.turn()
    assert (size.all(), security.now()) == ([(MODIFIED, "a.txt")], None)
    (lab.root / "a.txt").chmod(0o600)
    local.turn()
    assert (size.now(), security.all()) == (None, [(MODIFIED, "a.txt")])


def test_what_comes_in_and_what_goes_out(lab: Lab, local: Local) -> None:
    """A rename whose other half is somewhere else is an addition or a removal."""
    watcher = Watcher(lab)
    (lab.outside / "secret.txt").rename(lab.root / "in.txt")
    local.turn()
    assert watcher.all() == [(ADDED, "in.txt")]
    (lab.root / "in.txt").rename(lab.outside / "out.txt")
    local.turn()
    assert watcher.all() == [(REMOVED, "in.txt")]


def test_our_own_changes_are_told_once(lab: Lab, local: Local) -> None:
    watcher = Watcher(lab, bits=ALL & ~Filter.LAST_ACCESS, recursive=True)
    opened = lab.open("a.txt", 0x1F01FF, disposition=Disposition.CREATE)
    local.turn()
    lab.store.write(opened.handle, 0, b"abc", 0)
    local.turn()
    lab.store.set_basic(opened.handle, attributes=0x22)
    lab.store.close(opened.handle)
    local.turn()
    lab.store.rename(Path.parse("a.txt"), Path.parse("b.txt"), replace=False)
    lab.store.link(Path.parse("b.txt"), Path.parse("c.txt"), replace=False)
    lab.store.delete(Path.parse("b.txt"))
    make(lab, "dir/")
    local.turn()
    make(lab, "dir/d.txt")
    lab.store.delete(Path.parse("dir\\d.txt"))
    lab.store.remove_directory(Path.parse("dir"))
    local.turn()
    assert watcher.all() == [
        (ADDED, "a.txt"),
        (MODIFIED, "a.txt"),
        (MODIFIED, "a.txt"),
        (OLD, "a.txt"),
        (NEW, "b.txt"),
        (MODIFIED, "b.txt"),
        (ADDED, "c.txt"),
        (REMOVED, "b.txt"),
        (ADDED, "dir"),
        (ADDED, "dir\\d.txt"),
        (REMOVED, "dir\\d.txt"),
        (REMOVED, "dir"),
    ]


def test_times_that_a_close_sets_are_our_own_change(lab: Lab, local: Local) -> None:
    opened = lab.open("a.txt", 0x1F01FF, disposition=Disposition.CREATE)
    watcher = Watcher(lab, bits=ALL)
    local.turn()
    lab.store.close(opened.handle, 130_000_000_000_000_000)
    local.turn()
    assert watcher.all() == [(MODIFIED, "a.txt")]


def test_the_same_names_made_by_both(lab: Lab, local: Local) -> None:
    watcher = Watcher(lab)
    make(lab, "a")
    (lab.root / "a").unlink()
    (lab.root / "a").touch()
    local.turn()
    assert watcher.all() == [(ADDED, "a"), (REMOVED, "a"), (ADDED, "a")]


def test_what_is_expected_is_forgotten_once_the_queue_is_read(lab: Lab, local: Local) -> None:
    """An event of ours that never came does not swallow somebody's later."""
    watcher = Watcher(lab, bits=ALL)
    lab.opens.watches.modified(str(lab.root / "a"), 0)
    local.turn()
    (lab.root / "a").touch()
    local.turn()
    assert (ADDED, "a") in watcher.all()


class TestTrees:
    def test_deeper_directories_are_watched(self, lab: Lab, local: Local) -> None:
        (lab.root / "a" / "b").mkdir(parents=True)
        tree, flat = Watcher(lab, recursive=True), Watcher(lab)
        local.turn()
        (lab.root / "a" / "b" / "c.txt").touch()
        local.turn()
        assert tree.all() == [(ADDED, "a\\b\\c.txt")]
        assert flat.now() is None

    def test_a_new_directory_and_what_was_in_it_before_it_was_seen(self, lab: Lab, local: Local) -> None:
        watcher = Watcher(lab, recursive=True)
        local.turn()
        (lab.root / "a" / "b").mkdir(parents=True)
        (lab.root / "a" / "b" / "c.txt").touch()
        local.turn()
        assert watcher.all() == [(ADDED, "a"), (ADDED, "a\\b"), (ADDED, "a\\b\\c.txt")]
        (lab.root / "a" / "b" / "d.txt").touch()
        local.turn()
        assert watcher.all() == [(ADDED, "a\\b\\d.txt")]

    def test_a_directory_that_a_client_makes(self, lab: Lab, local: Local) -> None:
        watcher = Watcher(lab, recursive=True)
        make(lab, "a/")
        (lab.root / "a" / "b").touch()
        local.turn()
        assert watcher.all() == [(ADDED, "a"), (ADDED, "a\\b")]

    def test_a_directory_made_again(self, lab: Lab, local: Local) -> None:
        watcher = Watcher(lab, bits=Filter.FILE_NAME, recursive=True)
        for _ in range(3):
            make(lab, "a/")
            local.turn()
            (lab.root / "a" / "b").touch()
            (lab.root / "a" / "b").unlink()
            lab.store.remove_directory(Path.parse("a"))
        local.turn()
        assert watcher.all() == [(ADDED, "a\\b"), (REMOVED, "a\\b")] * 3

    @pytest.mark.parametrize("by_client", [True, False])
    def test_a_renamed_directory_goes_on_under_its_new_name(
        self, lab: Lab, local: Local, by_client: bool
    ) -> None:
        (lab.root / "a" / "sub").mkdir(parents=True)
        watcher = Watcher(lab, recursive=True)
        local.turn()
        if by_client:
            lab.store.rename(Path.parse("a"), Path.parse("b"), replace=False)
        else:
            (lab.root / "a").rename(lab.root / "b")
        local.turn()
        (lab.root / "b" / "sub" / "c.txt").touch()
        local.turn()
        assert watcher.all() == [(OLD, "a"), (NEW, "b"), (ADDED, "b\\sub\\c.txt")]

    def test_a_directory_that_left_is_not_watched(self, lab: Lab, local: Local) -> None:
        (lab.root / "a" / "sub").mkdir(parents=True)
        watcher = Watcher(lab, recursive=True)
        local.turn()
        (lab.root / "a").rename(lab.outside / "a")
        local.turn()
        assert watcher.all() == [(REMOVED, "a")]
        (lab.outside / "a" / "sub" / "x").touch()
        local.turn()
        assert watcher.now() is None

    def test_links_are_not_followed(self, lab: Lab, local: Local) -> None:
        (lab.root / "link").symlink_to(lab.outside)
        watcher = Watcher(lab, recursive=True)
        local.turn()
        (lab.outside / "x").touch()
        local.turn()
        assert watcher.now() is None

    def test_too_many_directories(self, lab: Lab, local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
        """Those beyond the bound are left to clients, and somebody is told, once."""
        monkeypatch.setattr(outside, "MOST_DIRECTORIES", 3)
        for number in range(9):
            (lab.root / f"d{number}").mkdir()
        watcher = Watcher(lab, recursive=True)
        local.turn()
        for number in range(9):
            (lab.root / f"d{number}" / "x").touch()
        local.turn()
        assert len(watcher.all()) == 2
        assert len(local.problems) == 1


def test_a_watched_directory_that_is_renamed(lab: Lab, local: Local) -> None:
    (lab.root / "a").mkdir()
    watcher = Watcher(lab, "a")
    (lab.root / "a").rename(lab.root / "b")
    local.turn()
    (lab.root / "b" / "c").touch()
    local.turn()
    assert watcher.all() == [(ADDED, "c")]


def test_more_than_the_system_keeps(lab: Lab, local: Local) -> None:
    """The queue of the system overflowed: everybody must look for himself."""
    watcher = Watcher(lab)
    local.found._take(Event(-1, OVERFLOW, 0, ""), set())
    assert watcher.now() == []


def test_without_a_watch_the_descriptor_stays_until_the_server_ends(lab: Lab, local: Local) -> None:
    """Closing one that has watched takes the kernel 20 ms, and all clients with it; the next watch uses it again."""
    before = os.listdir("/proc/self/fd")
    assert local.listening == {}
    first, second = Watcher(lab), Watcher(lab, recursive=True)
    assert len(local.listening) == 1
    lab.store.close(first.handle)
    assert len(local.listening) == 1
    lab.store.close(second.handle)
    assert local.listening == {}
    assert len(os.listdir("/proc/self/fd")) == len(before) + 1
    assert local.clock.getDelayedCalls() == []
    make(lab, "unseen")
    third = Watcher(lab, bits=NAME)
    assert len(os.listdir("/proc/self/fd")) == len(before) + 2
    (lab.root / "seen").touch()
    local.turn()
    assert third.all() == [(ADDED, "seen")]
    lab.store.close(third.handle)
    lab.store.shutdown()
    assert len(os.listdir("/proc/self/fd")) == len(before) - 1  # the root's, too


def test_of_many_directories_the_descriptor_goes(
    lab: Lab, local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thousands of single steps would take longer than closing it."""
    monkeypatch.setattr(outside, "_FEW", 1)
    before = os.listdir("/proc/self/fd")
    (lab.root / "below").mkdir()
    watcher = Watcher(lab, recursive=True)
    local.clock.advance(0)
    lab.store.close(watcher.handle)
    assert len(os.listdir("/proc/self/fd")) == len(before)


def test_a_system_without_inotify(lab: Lab, local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    """Changes by clients are told all the same, and somebody is told what is missing."""

    def refuse() -> None:
        raise OSError("no more instances")

    monkeypatch.setattr(outside, "Inotify", refuse)
    watcher = Watcher(lab, bits=NAME)
    make(lab, "a")
    assert watcher.all() == [(ADDED, "a")]
    assert len(local.problems) == 1


_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["client", "local"]),
        st.sampled_from(["make", "remove", "rename", "turn"]),
        st.sampled_from("abc"),
        st.sampled_from("abc"),
    ),
    max_size=30,
)


@given(_STEPS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_what_is_told_is_what_happened(
    lab: Lab, local: Local, steps: list[tuple[str, str, str, str]]
) -> None:
    """Whoever does it and whenever it is read: one told of every change knows which names there are."""
    folder = lab.root / f"d{len(os.listdir(lab.root))}"
    folder.mkdir()
    watcher = Watcher(lab, folder.name, Filter.FILE_NAME, size=60_000)
    names: set[str] = set()
    for who, what, name, other in steps:
        path, to = (Path.parse(f"{folder.name}\\{one}") for one in (name, other))
        if what == "turn" or (what == "make") == (name in names) or (what == "rename" and other in names):
            local.turn()
        elif what == "make":
            make(lab, f"{folder.name}/{name}") if who == "client" else (folder / name).touch()
            names.add(name)
        elif what == "remove":
            lab.store.delete(path) if who == "client" else (folder / name).unlink()
            names.discard(name)
        else:
            if who == "client":
                lab.store.rename(path, to, replace=False)
            else:
                (folder / name).rename(folder / other)
            names = names - {name} | {other}
    local.turn()
    changes = watcher.all()
    told = [name for action, name in changes if action in (ADDED, NEW)]
    gone = [name for action, name in changes if action in (REMOVED, OLD)]
    assert {name for name in "abc" if told.count(name) > gone.count(name)} == names
    assert all(told.count(name) - gone.count(name) in (0, 1) for name in "abc")
    lab.store.close(watcher.handle)


def test_a_flood_is_read_in_turns_and_nothing_of_it_is_told_twice(lab: Lab, local: Local) -> None:
    """As long as a local program went on, nobody else was served."""
    watcher = Watcher(lab, bits=NAME, size=1 << 20)
    turn = local.found._turn
    for number in range(1000):
        (lab.root / f"{number:04}").touch()
    handle = lab.open("own", disposition=2).handle
    turn.now = count(0, 1).__next__
    local.found.read()
    assert local.found._inotify is not None
    assert not local.found._inotify.drained
    while not local.found._inotify.drained:
        local.found.read()
    told = watcher.all()
    assert sorted(told) == [*((ADDED, f"{number:04}") for number in range(1000)), (ADDED, "own")]
    assert not local.found._expected
    lab.store.close(handle)


def test_a_deep_tree_is_entered_without_recursion(lab: Lab, local: Local) -> None:
    """One of 1,000 levels raised where nobody caught it, and no change was told until the next start."""
    Watcher(lab, recursive=True)
    deep = lab.root
    for _ in range(200):
        deep /= "d"
    deep.mkdir(parents=True)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + 120)
    try:
        local.turn()
    finally:
        sys.setrecursionlimit(limit)
    assert len(local.found._numbers) == 201
    assert local.problems == []


def test_a_new_tree_is_told_in_turns_and_each_name_once(lab: Lab, local: Local) -> None:
    """Of 10,000 directories that a local program made at once, the server told in one go: a second."""
    watcher = Watcher(lab, bits=NAME, size=1 << 20, recursive=True)
    names = [f"new\\{folder:02}\\{number:02}" for folder in range(20) for number in range(20)]
    for name in names:
        (lab.root / name.replace("\\", "/")).mkdir(parents=True)
    local.found._turn.now = count(0, 1).__next__
    local.found.read()
    assert len(local.found._new_ones) > 0
    (lab.root / "new" / "00" / "late").touch()
    (lab.root / "new" / "19" / "late").touch()
    local.turn()
    expected = ["new", *(f"new\\{folder:02}" for folder in range(20)), *names]
    assert sorted(watcher.all()) == sorted(
        (ADDED, one) for one in [*expected, "new\\00\\late", "new\\19\\late"]
    )
    assert len(local.found._numbers) == len(expected) + 1
    assert not local.found._expected
    assert not local.found._new_ones


def test_directories_that_nobody_watches_any_longer_are_looked_for_in_turns(lab: Lab, local: Local) -> None:
    for number in range(600):
        (lab.root / f"{number}").mkdir()
    other = Watcher(lab, path="7")
    tree = Watcher(lab, recursive=True)
    local.turn()
    assert len(local.found._numbers) == 601
    local.found._turn.now = count(0, 1).__next__
    lab.store.close(tree.handle)
    slices = 0
    keep = local.found._sweep

    def sweep() -> None:
        nonlocal slices
        slices += 1
        keep()

    local.found._sweep = sweep  # type: ignore[method-assign]
    local.clock.advance(0.1)
    assert slices == 2
    assert list(local.found._numbers) == [str(lab.root / "7")]
    lab.store.close(other.handle)


def test_thousands_of_watches_that_end_are_looked_at_once(lab: Lab, local: Local) -> None:
    """Each looked through all directories of all trees: 1,000 that left at once took half a minute."""
    for number in range(50):
        (lab.root / f"{number}").mkdir()
    tree = Watcher(lab, recursive=True)
    local.turn()
    others = [Watcher(lab, recursive=True, path=str(number)) for number in range(50)]
    local.turn()
    assert len(local.found._numbers) == 51
    sweeps = 0
    keep = local.found._sweep

    def sweep() -> None:
        nonlocal sweeps
        sweeps += 1
        keep()

    local.found._sweep = sweep  # type: ignore[method-assign]
    for watcher in (tree, *others[1:]):
        lab.store.close(watcher.handle)
    local.turn()
    assert sweeps == 1
    assert len(local.found._numbers) == 1
    lab.store.close(others[0].handle)
    local.turn()
    assert not local.found._numbers


@pytest.mark.parametrize("to", ["b", "B"])
def test_a_link_that_replaces_is_told_as_such(lab: Lab, local: Local, to: str) -> None:
    """The name that it has meanwhile is nobody's business."""
    for name in ("a", "b", "c"):
        (lab.root / name).touch()
    watcher = Watcher(lab, bits=NAME)
    lab.store.link(Path(("a",)), Path((to,)), replace=True)
    local.turn()
    assert watcher.all() == [(REMOVED, "b"), (ADDED, to)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "rename", lambda *_, **__: (_ for _ in ()).throw(OSError(5, "broken")))
        with pytest.raises(OSError, match="broken"):
            lab.store.link(Path(("a",)), Path(("c",)), replace=True)
    local.turn()
    assert watcher.all() == []


@pytest.mark.parametrize("to", ["b", "B"])
@pytest.mark.parametrize("linked", [False, True])
def test_a_rename_that_replaces_is_told_as_such(lab: Lab, local: Local, to: str, linked: bool) -> None:
    """Also in another spelling, which takes a step more, and between two links of a file."""
    (lab.root / "a").touch()
    if linked:
        os.link(lab.root / "a", lab.root / "b")
    else:
        (lab.root / "b").touch()
    watcher = Watcher(lab, bits=NAME)
    lab.store.rename(Path(("a",)), Path((to,)), replace=True)
    local.turn()
    assert watcher.all() == [(REMOVED, "b"), (OLD, "a"), (NEW, to)]


@pytest.mark.parametrize("to", ["b", "B", "other/b"])
def test_a_directory_that_replaces_a_file_is_told_as_such(lab: Lab, local: Local, to: str) -> None:
    (lab.root / "a").mkdir()
    (lab.root / "other").mkdir()
    (lab.root / to.lower()).touch()
    watcher = Watcher(lab, bits=NAME, recursive=True)
    local.turn()
    lab.store.rename(Path(("a",)), Path(tuple(to.split("/"))), replace=True)
    local.turn()
    shown = to.replace("/", "\\")
    renamed = [(OLD, "a"), (NEW, shown)] if "/" not in to else [(REMOVED, "a"), (ADDED, shown)]
    assert watcher.all() == [(REMOVED, shown.lower()), *renamed]
    (lab.root / to / "new").touch()
    local.turn()
    assert watcher.all() == [(ADDED, f"{shown}\\new")]
