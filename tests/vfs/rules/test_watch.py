"""Watches: which changes are told to whom, what is kept between requests, and what ends the wait."""

import pytest
from twisted.internet.defer import CancelledError

from fakesmb.nt.files import Disposition, FileAction, Filter
from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs.paths import Path
from fakesmb.vfs.store import Handle
from tests.refusals import Refuses
from tests.vfs.lab import Lab, flush
from tests.vfs.watching import ADDED, ALL, EVERYTHING, MODIFIED, NEW, OLD, REMOVED, Watcher, make


class TestNames:
    def test_made_and_deleted(self, lab: Lab) -> None:
        watcher = Watcher(lab)
        make(lab, "a.txt", "dir/")
        lab.store.delete(Path.parse("a.txt"))
        lab.store.remove_directory(Path.parse("dir"))
        assert watcher.all() == [(ADDED, "a.txt"), (ADDED, "dir"), (REMOVED, "a.txt"), (REMOVED, "dir")]

    def test_a_file_that_is_still_open_is_removed_with_its_last_close(self, lab: Lab) -> None:
        opened = lab.open("a.txt", EVERYTHING, disposition=Disposition.CREATE)
        watcher = Watcher(lab)
        lab.store.set_delete(opened.handle, delete=True)
        assert watcher.now() is None
        lab.store.close(opened.handle)
        assert watcher.all() == [(REMOVED, "a.txt")]

    def test_files_and_directories_have_filters_of_their_own(self, lab: Lab) -> None:
        files, directories = Watcher(lab, bits=Filter.FILE_NAME), Watcher(lab, bits=Filter.DIR_NAME)
        make(lab, "a.txt", "dir/")
        assert (files.all(), directories.all()) == ([(ADDED, "a.txt")], [(ADDED, "dir")])

    def test_a_rename_in_one_directory_is_told_as_a_pair(self, lab: Lab) -> None:
        """And the first waiting request gets both names, not the old one alone."""
        make(lab, "a.txt")
        watcher = Watcher(lab)
        watcher.ask()
        lab.store.rename(Path.parse("a.txt"), Path.parse("b.txt"), replace=False)
        assert watcher.told == [[(OLD, "a.txt"), (NEW, "b.txt")]]

    def test_a_renamed_file_is_modified_and_a_renamed_directory_is_not(self, lab: Lab) -> None:
        """Tunneling may restore attributes and creation time: Windows reports them for files."""
        make(lab, "a.txt", "dir/")
        watcher = Watcher(lab, bits=Filter.ATTRIBUTES | Filter.CREATION)
        lab.store.rename(Path.parse("dir"), Path.parse("dir2"), replace=False)
        lab.store.rename(Path.parse("a.txt"), Path.parse("b.txt"), replace=False)
        assert watcher.all() == [(MODIFIED, "b.txt")]

    def test_a_rename_into_another_directory_is_a_removal_and_an_addition(self, lab: Lab) -> None:
        make(lab, "dir/", "dir/a.txt")
        above, inside = Watcher(lab, recursive=True), Watcher(lab, "dir")
        lab.store.rename(Path.parse("dir\\a.txt"), Path.parse("a.txt"), replace=False)
        assert above.all() == [(REMOVED, "dir\\a.txt"), (ADDED, "a.txt")]
        assert inside.all() == [(REMOVED, "a.txt")]

    def test_a_rename_over_another_file_removes_that_first(self, lab: Lab) -> None:
        make(lab, "a.txt", "b.txt")
        watcher = Watcher(lab)
        lab.store.rename(Path.parse("a.txt"), Path.parse("b.txt"), replace=True)
        assert watcher.all() == [(REMOVED, "b.txt"), (OLD, "a.txt"), (NEW, "b.txt")]

    def test_a_hard_link_is_an_addition(self, lab: Lab) -> None:
        make(lab, "a.txt")
        watcher = Watcher(lab)
        lab.store.link(Path.parse("a.txt"), Path.parse("b.txt"), replace=False)
        assert watcher.all() == [(ADDED, "b.txt")]

    def test_what_fails_is_not_told(self, lab: Lab, refuses: Refuses) -> None:
        make(lab, "a.txt")
        watcher = Watcher(lab, bits=ALL)
        with refuses(NT.OBJECT_NAME_COLLISION):
            make(lab, "a.txt")
        with refuses(NT.OBJECT_NAME_NOT_FOUND):
            lab.store.delete(Path.parse("b.txt"))
        assert watcher.now() is None


class TestContents:
    """Which bits each change has: every watcher listens to one."""

    @pytest.fixture
    def file(self, lab: Lab) -> Handle:
        return lab.open("f", EVERYTHING, disposition=Disposition.CREATE).handle

    def told(self, lab: Lab, watchers: list[Watcher]) -> int:
        """The bits whose watchers were told of exactly one modification."""
        bits = 0
        for watcher in watchers:
            changes = watcher.all()
            assert changes in ([], [(MODIFIED, "f")])
            bits |= watcher.bits if changes else 0
        return bits

    @pytest.fixture
    def watchers(self, lab: Lab, file: Handle) -> list[Watcher]:
        return [Watcher(lab, bits=1 << bit) for bit in range(12)]

    @pytest.mark.parametrize(
        ("change", "bits"),
        [
            ({"attributes": 0x22}, Filter.ATTRIBUTES),
            ({"attributes": 0x20}, 0),
            ({"creation": 130_000_000_000_000_000}, Filter.CREATION),
            ({"access": 130_000_000_000_000_000}, Filter.LAST_ACCESS),
            ({"write": 130_000_000_000_000_000}, Filter.LAST_WRITE),
            ({"change": 130_000_000_000_000_000}, 0),
        ],
    )
    def test_basic_information(
        self, lab: Lab, file: Handle, watchers: list[Watcher], change: dict[str, int], bits: int
    ) -> None:
        """Only what is another value now ([MS-FSA] 2.1.5.15.2)."""
        lab.store.set_basic(file, **change)
        assert self.told(lab, watchers) == bits

    def test_basic_information_by_name(self, lab: Lab, watchers: list[Watcher]) -> None:
        lab.store.set_basic(Path.parse("f"), attributes=0x22)
        assert self.told(lab, watchers) == Filter.ATTRIBUTES

    def test_writes_are_told_when_the_file_closes(
        self, lab: Lab, file: Handle, watchers: list[Watcher]
    ) -> None:
        for offset in (0, 1, 2):
            lab.store.write(file, offset, b"x", 0)
        flush(lab.store, file)
        assert self.told(lab, watchers) == 0
        lab.store.close(file)
        assert self.told(lab, watchers) == Filter.SIZE | Filter.LAST_WRITE

    def test_a_write_that_leaves_the_size(self, lab: Lab, file: Handle) -> None:
        lab.store.write(file, 0, b"abc", 0)
        lab.store.close(file)
        watchers = [Watcher(lab, bits=1 << bit) for bit in range(12)]
        again = lab.open("f").handle
        lab.store.write(again, 0, b"xyz", 0)
        lab.store.close(again)
        assert self.told(lab, watchers) == Filter.LAST_WRITE

    def test_what_was_written_before_the_watch_began_is_told_too(self, lab: Lab, file: Handle) -> None:
        lab.store.write(file, 0, b"abc", 0)
        watcher = Watcher(lab, bits=Filter.LAST_WRITE)
        lab.store.close(file)
        assert watcher.all() == [(MODIFIED, "f")]

    def test_truncation_is_told_at_once(self, lab: Lab, file: Handle, watchers: list[Watcher]) -> None:
        lab.store.set_end_of_file(file, 10_000)
        assert self.told(lab, watchers) == Filter.SIZE | Filter.ATTRIBUTES
        lab.store.close(file)
        assert self.told(lab, watchers) == Filter.LAST_WRITE

    def test_overwriting(self, lab: Lab, file: Handle, watchers: list[Watcher]) -> None:
        lab.open("f", disposition=Disposition.OVERWRITE, attributes=0x20)
        assert self.told(lab, watchers) == Filter.SIZE | Filter.ATTRIBUTES | Filter.LAST_WRITE

    def test_a_file_that_goes_away_is_not_modified(self, lab: Lab, file: Handle) -> None:
        watcher = Watcher(lab, bits=ALL)
        lab.store.write(file, 0, b"abc", 0)
        lab.store.set_delete(file, delete=True)
        lab.store.close(file)
        assert watcher.all() == [(REMOVED, "f")]
        assert not lab.opens.watches._unreported

    def test_a_close_that_sets_the_write_time(self, lab: Lab, file: Handle, watchers: list[Watcher]) -> None:
        lab.store.close(file, 130_000_000_000_000_000)
        assert self.told(lab, watchers) == Filter.LAST_WRITE

    def test_a_security_descriptor(self, lab: Lab, file: Handle, watchers: list[Watcher]) -> None:
        lab.store.set_security(file, 4, lab.store.query_security(file, 4))
        assert self.told(lab, watchers) == Filter.SECURITY

    def test_a_file_made_sparse(self, lab: Lab, file: Handle, watchers: list[Watcher]) -> None:
        lab.store.control(file, 0x000900C4, b"", 0)
        assert self.told(lab, watchers) == Filter.ATTRIBUTES

    def test_a_stream_is_told_by_its_file_and_its_name(self, lab: Lab) -> None:
        streams, files = Watcher(lab, bits=Filter.STREAM_NAME), Watcher(lab)
        lab.opens.watches.report_stream(str(lab.root / "f"), "s", FileAction.ADDED_STREAM, Filter.STREAM_NAME)
        assert (streams.all(), files.now()) == ([(FileAction.ADDED_STREAM, "f:s")], None)

    def test_reading_is_no_change(self, lab: Lab, file: Handle, watchers: list[Watcher]) -> None:
        lab.store.read(file, 0, 10, 0)
        lab.store.query(file)
        lab.store.close(file)
        assert self.told(lab, watchers) == 0


class TestWhoIsTold:
    def test_only_a_watched_tree_hears_of_what_is_deeper(self, lab: Lab) -> None:
        make(lab, "dir/", "dir/sub/")
        tree, flat = Watcher(lab, recursive=True), Watcher(lab)
        make(lab, "dir/sub/a.txt", "b.txt")
        assert tree.all() == [(ADDED, "dir\\sub\\a.txt"), (ADDED, "b.txt")]
        assert flat.all() == [(ADDED, "b.txt")]

    def test_a_directory_is_not_told_of_itself(self, lab: Lab) -> None:
        make(lab, "dir/", "dir/a.txt")
        watcher, above = Watcher(lab, "dir", ALL, recursive=True), Watcher(lab, bits=ALL)
        lab.store.set_basic(Path.parse("dir"), attributes=0x12)
        assert watcher.now() is None
        assert above.all() == [(MODIFIED, "dir")]

    def test_another_share_of_the_same_folder(self, lab: Lab) -> None:
        """Names are relative to the watched directory, whichever share led to it."""
        from fakesmb.vfs.local.store import LocalStore

        make(lab, "dir/")
        inner = LocalStore(str(lab.root / "dir"), lab.opens)
        watcher = Watcher(lab, recursive=True)
        inner.make_directory(Path.parse("sub"))
        assert watcher.all() == [(ADDED, "dir\\sub")]
        inner.shutdown()

    def test_a_watch_follows_its_directory_to_another_name(self, lab: Lab) -> None:
        make(lab, "dir/", "dir/sub/")
        watcher, deeper = Watcher(lab, "dir"), Watcher(lab, "dir\\sub")
        lab.store.close(deeper.handle)  # a directory in which something is open cannot be renamed
        lab.store.rename(Path.parse("dir"), Path.parse("other"), replace=False)
        make(lab, "other/a.txt", "dir/")
        make(lab, "dir/b.txt")
        assert watcher.all() == [(ADDED, "a.txt")]

    def test_a_directory_that_a_local_program_renames(self, lab: Lab) -> None:
        """It is found again with the next request."""
        make(lab, "dir/", "dir/sub/")
        watcher = Watcher(lab, "dir\\sub")
        (lab.root / "dir").rename(lab.root / "other")
        assert watcher.now() is None
        make(lab, "other/sub/a.txt")
        assert watcher.all() == [(ADDED, "a.txt")]

    def test_a_name_that_smb_cannot_say_is_told_by_its_short_name(self, lab: Lab) -> None:
        (lab.root / "a:b").mkdir()
        watcher = Watcher(lab, recursive=True)
        (shown,) = [name for name in lab.names() if "~" in name]
        make(lab, f"{shown}/c")
        assert watcher.all() == [(ADDED, f"{shown}\\c")]


class TestRequests:
    def test_a_waiting_request_is_answered_by_the_first_change(self, lab: Lab) -> None:
        watcher = Watcher(lab)
        watcher.ask()
        make(lab, "a", "b")
        assert watcher.told == [[(ADDED, "a")]]
        assert watcher.all() == [(ADDED, "b")]

    def test_several_are_answered_in_order(self, lab: Lab) -> None:
        watcher = Watcher(lab)
        first, second = watcher.ask(), watcher.ask()
        assert not first.called
        make(lab, "a")
        assert first.called
        assert not second.called
        make(lab, "b")
        assert watcher.told == [[(ADDED, "a")], [(ADDED, "b")]]

    def test_filter_and_depth_are_those_of_the_first_request(self, lab: Lab) -> None:
        make(lab, "dir/")
        watcher = Watcher(lab, bits=Filter.DIR_NAME, recursive=True)
        watcher.bits, watcher.recursive = Filter.FILE_NAME, False
        make(lab, "a.txt", "dir/sub/")
        assert watcher.all() == [(ADDED, "dir\\sub")]

    def test_too_much_to_keep(self, lab: Lab) -> None:
        """No change at all is told, and keeping begins anew ([MS-CIFS] 3.3.5.59.4)."""
        watcher = Watcher(lab, size=3 * 16)
        make(lab, "a1", "b2", "c3")
        assert watcher.all() == [(ADDED, "a1"), (ADDED, "b2"), (ADDED, "c3")]
        make(lab, "d4", "e5", "f6", "g7", "h8")
        assert watcher.now() == []
        assert watcher.now() is None
        make(lab, "i9")
        assert watcher.all() == [(ADDED, "i9")]

    def test_a_name_longer_than_the_answer_may_be(self, lab: Lab) -> None:
        """Explorer of XP asks with 32 bytes: a longer name makes it list the directory."""
        watcher = Watcher(lab, size=1000)
        watcher.ask(32)
        make(lab, "a name of more than ten characters")
        assert watcher.told == [[]]

    def test_cancelled(self, lab: Lab) -> None:
        watcher = Watcher(lab)
        first = watcher.ask()
        watcher.ask()
        first.cancel()
        make(lab, "a")
        assert isinstance(watcher.told[0], CancelledError)
        assert watcher.told[1] == [(ADDED, "a")]

    def test_the_open_closes(self, lab: Lab) -> None:
        watcher = Watcher(lab)
        watcher.ask()
        watcher.ask()
        lab.store.close(watcher.handle)
        assert watcher.told == [[], []]
        assert not lab.opens.watches.active

    def test_the_directory_is_deleted(self, lab: Lab) -> None:
        make(lab, "dir/")
        watcher = Watcher(lab, "dir")
        watcher.ask()
        lab.store.remove_directory(Path.parse("dir"))
        (error,) = watcher.told
        assert isinstance(error, SMBError)
        assert error.status == NT.DELETE_PENDING
        with pytest.raises(SMBError) as refused:
            watcher.ask()
        assert refused.value.status == NT.DELETE_PENDING
