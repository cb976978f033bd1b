"""Conversations with the core, in memory, that a journal remembers."""

from pathlib import Path
from typing import Any

from fakesmb.record import glance, ranges, verbs
from fakesmb.record.criteria import Criteria
from fakesmb.record.decoded import halves_of
from fakesmb.record.journal import Journal
from fakesmb.record.journalentry import JournalEntry, entries_of
from fakesmb.record.pairs import Pair
from fakesmb.testing import Client, InMemoryServer


class Talk:
    """A server in memory whose journal is asked, and clients of it."""

    def __init__(
        self, folder: Path, *, keep_data: int = 0, journal: Journal | None = None, **keywords: Any
    ) -> None:
        self.folder = folder
        self.server = InMemoryServer({"public": folder}, **keywords)
        self.server.server.keep_data = keep_data
        self.journal = Journal(keep_data=keep_data) if journal is None else journal
        self.server.server.log.add(self.journal)

    def client(self, share: str = "public") -> Client:
        """A client of its own connection that is signed in as alice."""
        return self.server.client().sign_in().connect(share)


def filled(folder: Path) -> Path:
    """The folder, with a.txt, dir and dir/b.txt in it."""
    (folder / "a.txt").write_bytes(b"hello world")
    (folder / "dir").mkdir()
    (folder / "dir" / "b.txt").write_bytes(b"b")
    return folder


def whole(journal: Journal, **criteria: Any) -> list[JournalEntry]:
    """The exchanges that match when every one is decoded and compared, whatever could be seen of it before."""
    asked = Criteria(criteria, keep_data=journal.keep_data > 0)
    pairs = [item for item in journal._window().items if isinstance(item, Pair)]
    return [entry for pair in pairs for entry in entries_of(pair) if asked.meets(entry)]


def check_glances(journal: Journal) -> None:
    """What is seen at a glance is what decoding gives."""
    for item in journal._window().items:
        if not isinstance(item, Pair):
            continue
        seen = glance.glances(item) if glance.is_chain(item) else [glance.glance_at(item)]
        for one, halves in zip(seen, halves_of(item), strict=True):
            part = halves.asked or halves.answered
            assert one is not None
            assert part is not None
            assert (one.code, one.status) == (part.command, halves.status)
            assert (one.at > 0, one.reply_at > 0) == (halves.asked is not None, halves.answered is not None)
            told = ranges.range_at_a_glance(item, one)
            assert told is None or told == ranges.range_of(halves, item.answered or item.told)
            function = glance.trans2_function(item.told.request)
            assert function is None or function == part.subcommand
            level = glance.trans2_level(item.told.request)
            assert level in (None, getattr(part.parameters, "information_level", None))
        for entry in entries_of(item):
            row = verbs.row_of(entry.code or 0, entry.function)
            if row.see is not None and entry.verbs:
                told_at_once = row.see(entry._number, item.answered or item.told)
                assert row.say is not None
                assert told_at_once in (None, row.say(entry._halves, item.answered or item.told))
