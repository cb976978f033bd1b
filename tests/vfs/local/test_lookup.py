"""Names are found in any case, by short names and through links, and no path leads out of the share."""

import os
import pathlib
import shutil
import tempfile
import time
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakesmb.nt.files import Disposition
from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs.local import directory as directories
from fakesmb.vfs.local import lookup as lookups
from fakesmb.vfs.local.handles import LocalHandle
from fakesmb.vfs.local.listing import Listing
from fakesmb.vfs.local.lookup import Lookup
from fakesmb.vfs.local.store import LocalStore
from fakesmb.vfs.paths import Path, fold
from fakesmb.vfs.rules.openfiles import OpenFiles
from fakesmb.vfs.shortnames import shown_name
from fakesmb.vfs.store import CreateParameters
from tests.examples import examples
from tests.refusals import Refuses
from tests.vfs.lab import Lab


def real(lab: Lab, path: str) -> str:
    entry = Lookup(str(lab.root)).find(Path.parse(path))
    return str(pathlib.Path(entry.path).relative_to(lab.root))


def test_case_does_not_matter_and_is_kept(lab: Lab) -> None:
    (lab.root / "Dir" / "Sub").mkdir(parents=True)
    (lab.root / "Dir" / "Sub" / "Жук.TXT").touch()
    assert real(lab, "dir\\SUB\\жУК.txt") == "Dir/Sub/Жук.TXT"
    assert lab.query("DIR\\sub\\ЖУК.txt").path == "\\Dir\\Sub\\Жук.TXT"


def test_an_exact_name_wins_over_one_in_other_case(lab: Lab) -> None:
    for name in ("a", "A"):
        (lab.root / name).write_text(name)
    assert real(lab, "a") == "a"
    assert real(lab, "A") == "A"


def test_which_part_is_missing_decides_the_status(lab: Lab, refuses: Refuses) -> None:
    (lab.root / "dir").mkdir()
    (lab.root / "file").touch()
    (lab.root / "dir" / "file").touch()
    with refuses(NT.OBJECT_NAME_NOT_FOUND):
        lab.query("dir\\nothing")
    for path in ("nothing\\x", "dir\\nothing\\x", "file\\x", "dir\\file\\x", "file\\x\\y"):
        with refuses(NT.OBJECT_PATH_NOT_FOUND):
            lab.query(path)


def test_names_made_by_local_programs_are_seen_at_once(lab: Lab) -> None:
    """A listing taken a moment ago must not hide what came since, nor show what went."""
    (lab.root / "dir").mkdir()
    for i in range(20):
        with pytest.raises(SMBError):
            lab.query(f"dir\\NEW{i}")
        (lab.root / "dir" / f"new{i}").touch()
        assert lab.query(f"dir\\NEW{i}").name == f"new{i}"
        (lab.root / "dir" / f"new{i}").unlink()
        with pytest.raises(SMBError):
            lab.query(f"dir\\NEW{i}")


def test_our_own_changes_do_not_list_the_directory_again(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    (lab.root / "dir").mkdir()
    for i in range(50):
        (lab.root / "dir" / f"file{i}").touch()
    listed = 0

    def counted(where: str | int) -> list[str]:
        nonlocal listed
        listed += 1
        return original(where)

    original = os.listdir
    monkeypatch.setattr(os, "listdir", counted)
    for i in range(100):
        lab.store.close(lab.open(f"dir\\new{i}", disposition=Disposition.CREATE).handle)
        assert lab.query(f"dir\\NEW{i}").name == f"new{i}"
        lab.store.delete(Path.parse(f"dir\\New{i}"))
    assert listed <= 3


def test_short_names_are_accepted(lab: Lab) -> None:
    (lab.root / "A long directory name").mkdir()
    (lab.root / "A long directory name" / "A long file name.html").write_text("x")
    short_dir = lab.query("A long directory name").short_name
    short = lab.query("A long directory name\\A long file name.html").short_name
    assert short_dir
    assert short
    assert lab.query(f"{short_dir.lower()}\\{short}").name == "A long file name.html"


def test_names_that_smb_cannot_say_are_reached_by_their_short_name(lab: Lab) -> None:
    for name in (b"a:b.txt", b"b\\c", b"\xff\xfe.bin"):
        pathlib.Path(os.fsdecode(os.fsencode(lab.root) + b"/" + name)).touch()
    shown = lab.names()
    assert len(shown) == 5
    for short in shown[2:]:
        assert lab.query(short).name == short
        lab.store.close(lab.open(short).handle)


def test_links_inside_the_share_are_followed(lab: Lab) -> None:
    (lab.root / "real").mkdir()
    (lab.root / "real" / "a.txt").write_text("abc")
    (lab.root / "relative").symlink_to("real")
    (lab.root / "absolute").symlink_to(lab.root / "real" / "a.txt")
    (lab.root / "home").symlink_to(".")
    assert lab.query("relative\\A.TXT").end_of_file == 3
    assert lab.query("RELATIVE\\a.txt").end_of_file == 3
    assert lab.query("absolute").end_of_file == 3
    assert lab.query("home\\home\\real\\a.txt").end_of_file == 3
    assert lab.query("relative").is_directory
    opened = lab.open("absolute")
    assert lab.store.read(opened.handle, 0, 10, 0) == b"abc"


def test_a_link_that_changes_is_followed_anew(lab: Lab) -> None:
    for name in ("one", "two"):
        (lab.root / name).mkdir()
        (lab.root / name / "a").write_text(name)
    (lab.root / "link").symlink_to("one")
    for path in ("link\\a", "LINK\\a"):
        assert lab.query(path).end_of_file == 3
    os.unlink(lab.root / "link")
    (lab.root / "link").symlink_to("two")
    (lab.root / "two" / "a").write_text("longer")
    for path in ("link\\a", "LINK\\a"):
        assert lab.query(path).end_of_file == 6


@pytest.mark.parametrize("target", ["../outside", "/etc", "sub/../../outside", "..", "/", "/proc/self/root"])
def test_links_that_leave_are_refused(lab: Lab, refuses: Refuses, target: str) -> None:
    (lab.root / "sub").mkdir()
    (lab.root / "link").symlink_to(target)
    for path in ("link", "link\\secret.txt", "LINK\\nothing\\x", "Link\\passwd"):
        with refuses(NT.ACCESS_DENIED):
            lab.query(path)
        with refuses(NT.ACCESS_DENIED):
            lab.open(path, disposition=Disposition.OPEN_IF)
    with refuses(NT.ACCESS_DENIED):
        lab.store.search(Path(("link",)), "*", 0x16)
    with refuses(NT.ACCESS_DENIED):
        lab.store.make_directory(Path.parse("link\\new"))
    assert os.listdir(lab.outside) == ["secret.txt"]
    assert lab.names() == [".", "..", "sub"]


def test_links_to_nothing_and_in_circles(lab: Lab, refuses: Refuses) -> None:
    (lab.root / "dead").symlink_to("nothing")
    (lab.root / "round").symlink_to("round")
    with refuses(NT.OBJECT_NAME_NOT_FOUND):
        lab.query("dead")
    with pytest.raises((SMBError, OSError)):
        lab.query("round")
    with pytest.raises((SMBError, OSError)):
        lab.query("round\\x")
    assert lab.names() == [".", ".."]


def test_a_directory_moved_out_is_left(lab: Lab, refuses: Refuses) -> None:
    """A descriptor held on a directory does not reach what a local program moved away."""
    (lab.root / "dir").mkdir()
    (lab.root / "dir" / "a").touch()
    assert lab.query("dir\\a")
    (lab.root / "dir").rename(lab.outside / "dir")
    with refuses(NT.OBJECT_PATH_NOT_FOUND):
        lab.query("dir\\a")
    (lab.root / "dir").symlink_to(lab.outside / "dir")
    with refuses(NT.ACCESS_DENIED):
        lab.query("dir\\a")


def test_a_directory_that_was_replaced_is_the_new_one(lab: Lab) -> None:
    (lab.root / "dir").mkdir()
    (lab.root / "dir" / "a").write_text("1")
    assert lab.query("dir\\a").end_of_file == 1
    shutil.rmtree(lab.root / "dir")
    (lab.root / "dir").mkdir()
    (lab.root / "dir" / "a").write_text("22")
    assert lab.query("dir\\a").end_of_file == 2


def test_a_swap_for_a_link_between_look_and_open_opens_nothing(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file that was looked at becomes a link to a secret before it is opened."""
    (lab.root / "a").write_text("harmless")
    original = os.open

    def swapped(path: str, flags: int, *rest: Any, **kw: Any) -> int:
        if path == "a" and not (lab.root / "a").is_symlink():
            (lab.root / "a").unlink()
            (lab.root / "a").symlink_to(lab.outside / "secret.txt")
        return original(path, flags, *rest, **kw)

    monkeypatch.setattr(os, "open", swapped)
    with pytest.raises((SMBError, OSError)):
        lab.open("a")


def test_what_is_opened_is_what_was_looked_at(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another file takes the name between look and open: the open starts over and describes that one."""
    (lab.root / "a").write_text("one")
    (lab.root / "b").write_text("another")
    original = os.open

    def swapped(path: str, flags: int, *rest: Any, **kw: Any) -> int:
        if (lab.root / "b").exists():
            (lab.root / "b").rename(lab.root / "a")
        return original(path, flags, *rest, **kw)

    monkeypatch.setattr(os, "open", swapped)
    opened = lab.open("a")
    assert opened.info == lab.store.query(opened.handle)
    assert lab.store.read(opened.handle, 0, 10, 0) == b"another"


def test_a_young_listing_proves_nothing(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the kernel's clock ticks coarsely, a directory can change and look the same."""
    (lab.root / "a").touch()
    directory = Lookup(str(lab.root)).root
    for age, seen in ((0, "b"), (10**9, None)):
        stamp = (1, time.time_ns() - age, 1, 1, 1)
        monkeypatch.setattr(directories, "_stamp", lambda _, stamp=stamp: stamp)
        assert directory.spelling("B") is None
        (lab.root / "b").touch()
        assert directory.spelling("B") == seen
        (lab.root / "b").unlink()


def test_what_is_not_a_file_is_never_opened(lab: Lab, refuses: Refuses) -> None:
    os.mkfifo(lab.root / "fifo")
    for disposition in (Disposition.OPEN, Disposition.OVERWRITE_IF):
        with refuses(NT.ACCESS_DENIED):
            lab.open("fifo", disposition=disposition)
    assert lab.query("fifo").end_of_file == 0


def test_many_directories_hold_few_descriptors(lab: Lab) -> None:
    for i in range(200):
        (lab.root / f"d{i}").mkdir()
        (lab.root / f"d{i}" / "a").touch()
    before = len(os.listdir("/proc/self/fd"))
    for i in range(200):
        lab.query(f"d{i}\\a")
    assert len(os.listdir("/proc/self/fd")) - before <= 64


class Names:
    """A directory of these names, as `os.scandir` gives it."""

    def __init__(self, names: list[str]) -> None:
        self._names = iter(names)

    def __iter__(self) -> "Names":
        return self

    def __next__(self) -> Any:
        return SimpleNamespace(name=next(self._names))

    def close(self) -> None:
        """Nothing is open."""


def whole(listing: Listing, names: list[str], number: int) -> None:
    """Reads these names, all at once, as reading `number` of a directory that has not changed for long."""
    stamp = (number, 0, 0, 0, 0)
    listing.begin(Names(names), stamp, number, settled=True)  # type: ignore[arg-type]
    assert listing.read(stamp, bool)


def test_a_listing_carries_our_changes() -> None:
    listing = Listing()
    whole(listing, ["b", "A"], 1)
    assert (listing.find("A"), listing.find("B"), listing.find("C")) == ("A", "b", None)
    listing.changed((2, 0, 0, 0, 0), added="A long name.txt")
    assert listing.serves((2, 0, 0, 0, 0), 1)
    assert listing.find("A LONG NAME.TXT") == "A long name.txt"
    listing.changed((3, 0, 0, 0, 0), removed="A")
    assert listing.find("A") is None


HOSTILE = st.lists(
    st.sampled_from(
        ["..", ".", "a", "A", "in", "out", "up", "abs", "loop", "secret.txt", "deep", "", "a\0b", "~", "c:"]
    ),
    max_size=6,
)


@pytest.fixture(scope="module")
def tangle() -> object:
    """A share full of links in every direction, beside a folder it must never reach."""
    with tempfile.TemporaryDirectory() as folder:
        top = pathlib.Path(folder)
        root, outside = top / "share", top / "outside"
        (root / "a" / "deep").mkdir(parents=True)
        outside.mkdir()
        (outside / "secret.txt").write_text("secret")
        (root / "a" / "secret.txt").write_text("public")
        for place in (root, root / "a", root / "a" / "deep"):
            (place / "out").symlink_to(outside)
            (place / "up").symlink_to("..")
            (place / "abs").symlink_to(root / "a")
            (place / "in").symlink_to("deep")
            (place / "loop").symlink_to("loop")
        yield root, outside


@settings(max_examples=examples(400), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    parts=HOSTILE,
    slash=st.sampled_from("\\/"),
    disposition=st.sampled_from(list(Disposition)),
    option=st.booleans(),
)
def test_no_path_leaves(
    tangle: tuple[pathlib.Path, pathlib.Path],
    parts: list[str],
    slash: str,
    disposition: Disposition,
    option: bool,
) -> None:
    """Whatever the path and the links: what is opened lies inside, and nothing outside changes."""
    root, outside = tangle
    opens = OpenFiles()
    store = LocalStore(str(root), opens)
    before = (os.listdir(outside), os.stat(outside).st_mtime_ns, (outside / "secret.txt").read_text())
    try:
        path = Path.parse(slash.join(parts))
        opened = store.create(path, CreateParameters(0x12019F, disposition=disposition, options=int(option)))
    except (SMBError, OSError):
        pass
    else:
        assert isinstance(opened.handle, LocalHandle)
        fd = opened.handle.fd
        place = os.readlink(f"/proc/self/fd/{fd}")
        assert place == str(root) or place.startswith(f"{root}/")
        if not opened.handle.is_directory:
            assert store.read(opened.handle, 0, 6, 0) != b"secret"
        store.close(opened.handle)
    store.shutdown()
    assert (os.listdir(outside), os.stat(outside).st_mtime_ns, (outside / "secret.txt").read_text()) == before


def test_a_directory_is_one_however_it_is_spelt(lab: Lab) -> None:
    """What a change under one spelling leaves in the listings must hold under the other, too."""
    (lab.root / "dir").mkdir()
    (lab.root / "dir" / "a").touch()
    for directory in ("dir", "DIR"):
        with pytest.raises(SMBError):
            lab.query(f"{directory}\\nothing")
    lab.store.rename(Path.parse("dir\\a"), Path.parse("DIR\\A"), replace=False)
    assert lab.query("dir\\a").name == lab.query("DIR\\a").name == "A"


@pytest.mark.parametrize("name", ["..", ".", "", "a/../../outside/secret.txt", "/etc/passwd", "a\0b"])
def test_a_path_that_was_not_parsed_does_not_leave_either(lab: Lab, refuses: Refuses, name: str) -> None:
    """Renames with wildcards put names together: the store does not take them on trust."""
    (lab.root / "a").touch()
    for parts in ((name,), ("a", name)):
        with refuses(NT.OBJECT_NAME_INVALID if parts == (name,) else NT.OBJECT_PATH_NOT_FOUND):
            lab.store.query(Path(parts))
    with refuses(NT.OBJECT_NAME_INVALID):
        lab.store.rename(Path(("a",)), Path((name,)), replace=True)
    for directory in ((name,), (name, "outside")):
        with pytest.raises((SMBError, ValueError, OSError)):
            lab.store.create(Path((*directory, "secret.txt")), CreateParameters(1))


@pytest.mark.parametrize("name", ["a<b", "a*", "x:y", "\x01"])
def test_no_file_gets_a_name_that_no_client_can_say(lab: Lab, refuses: Refuses, name: str) -> None:
    (lab.root / "a").touch()
    for change in (
        lambda: lab.store.rename(Path(("a",)), Path((name,)), replace=False),
        lambda: lab.store.link(Path(("a",)), Path((name,)), replace=False),
        lambda: lab.store.create(Path((name,)), CreateParameters(1, disposition=Disposition.CREATE)),
    ):
        with refuses(NT.OBJECT_NAME_INVALID):
            change()
    assert os.listdir(lab.root) == ["a"]


NAMES = st.lists(
    st.sampled_from(["a", "A", "b", "B", "c.txt", "C.TXT", "A long name", "a:b", "Жук", "жук"]), unique=True
)


@given(st.lists(NAMES, min_size=1, max_size=6))
def test_an_updated_listing_finds_what_a_new_one_finds(moments: list[list[str]]) -> None:
    many = [f"other {number}" for number in range(50)]  # so that few names change
    listing = Listing()
    for number, names in enumerate(moments, 1):
        whole(listing, many + names, number)
        new = Listing()
        whole(new, many + names, number)
        assert listing.names == new.names
        assert (listing.stamp, listing.settled) == ((number, 0, 0, 0, 0), True)
        assert listing.has_aliases(bool)
        assert new.has_aliases(bool)
        for key in map(fold, ("a", "B", "C.txt", "A LONG NAME", "жУК", *map(shown_name, names))):
            assert listing.find(key) == new.find(key)
            assert listing.find_alias(key) == new.find_alias(key)


def test_removing_one_of_two_names_that_differ_in_case_leaves_the_other(lab: Lab) -> None:
    (lab.root / "dir").mkdir()
    for name in ("file", "FILE"):
        (lab.root / "dir" / name).write_text(name)
    assert lab.query("dir\\File").name == "FILE"
    time.sleep(0.03)  # a listing that is settled
    assert lab.query("dir\\fiLE").name == "FILE"
    lab.store.delete(Path.parse("dir\\FILE"))
    assert lab.query("dir\\File").name == "file"


def test_directories_are_let_go_by_least_recent_use(lab: Lab) -> None:
    for number in range(100):
        (lab.root / f"d{number}").mkdir()
    lookup = Lookup(str(lab.root))
    often = lookup.directory(("d0",))
    for number in range(1, 100):
        lookup.directory((f"d{number}",))
        assert lookup.directory(("d0",)) is often
    before = len(os.listdir("/proc/self/fd"))
    del often
    lookup.close()
    assert before - len(os.listdir("/proc/self/fd")) == 64 + 1  # with the root


def test_a_directory_that_was_reached_by_its_8_3_name(lab: Lab) -> None:
    """Another that really has this name is meant as soon as it is there."""
    (lab.root / "a long directory name").mkdir()
    (lab.root / "a long directory name" / "one").touch()
    alias = lab.query("a long directory name").short_name
    assert lab.names(alias)[2:] == ["one"]
    (lab.root / alias.lower()).mkdir()
    (lab.root / alias.lower() / "two").touch()
    assert lab.names(alias)[2:] == ["two"]
    assert lab.names("a long directory name")[2:] == ["one"]
    other = lab.store.alias("", "a long directory name")
    assert lab.names(other)[2:] == ["one"]
    assert {lab.query(f"{other}\\one").path, lab.query(f"{alias}\\two").path} == {
        "\\a long directory name\\one",
        f"\\{alias.lower()}\\two",
    }


def test_paths_of_files_in_a_directory_that_smb_cannot_name(lab: Lab) -> None:
    """They begin with what the directory is called now."""
    (lab.root / "a:b").mkdir()
    (lab.root / "a:b" / "one").touch()
    first = lab.names()[2]
    assert lab.query(f"{first}\\one").path == f"\\{first}\\one"
    (lab.root / first).mkdir()
    (lab.root / first / "two").touch()
    now = {lab.query(f"{name}\\{there}").path for name in lab.names()[2:] for there in lab.names(name)[2:]}
    assert len(now) == 2
    assert {lab.query(path).path for path in now} == now


def test_a_name_that_is_not_utf8_is_reached_with_posix_names_too(lab: Lab) -> None:
    """By the name that the client is shown: for others it is not there."""
    raw = os.fsencode(lab.root) + b"/\xff\xfe.bin"
    pathlib.Path(os.fsdecode(raw)).write_bytes(b"raw")
    exact = lab.store.with_posix_names()
    search = exact.posix.search(Path(()), "*", 0x16)
    shown = []
    while (info := search.next()) is not None:
        shown.append(info.name)
    search.close()
    (name,) = [one for one in shown if one not in (".", "..")]
    assert exact.query(Path((name,))).end_of_file == 3
    exact.delete(Path((name,)))
    assert os.listdir(lab.root) == []


def test_held_directories_know_a_bounded_number_of_names(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """64 of 100,000 names each would take more than 2 GB."""
    monkeypatch.setattr(lookups, "_HELD_NAMES", 100)
    for number in range(8):
        (lab.root / f"d{number}").mkdir()
        for name in range(40):
            (lab.root / f"d{number}" / f"{name}").touch()
    lookup = Lookup(str(lab.root))
    for number in range(8):
        assert lookup.directory((f"d{number}",)).spelling("nothing") is None
    assert lookup._known_names() <= 100 + 40
    assert ("d7",) in lookup._held
    lookup.close()
