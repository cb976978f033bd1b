"""The names of a directory by their folded form and by their 8.3 names: what a path in any case is resolved with.

They are read in slices, however many there are and however fast a local program changes them: who looks for a name is
answered from names that were read after it had asked, whatever has happened to the directory since.
"""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Final

from fakesmb.vfs import disk
from fakesmb.vfs.paths import fold, is_legal_on_wire
from fakesmb.vfs.shortnames import Aliases, shown_name

if TYPE_CHECKING:
    from os import _ScandirIterator  # what it is called in typeshed

ROW: Final = 1000
"""Names read before the time is looked at: about a millisecond."""
_FEW: Final = 64
"""Of so many names that differ only in case the first stands for all; of more, any."""

Stamp = tuple[int, int, int, int, int]
"""What changes whenever a name in a directory does."""


def shown_key(names: list[str]) -> Callable[[str], str]:
    """What gives the folded form of a name as it is shown; for plain names, which most are, a quick one."""
    text = "/".join(names)
    if text.isascii() and is_legal_on_wire(text, longest=len(text)):
        return str.upper
    return _folded_shown


def _folded_shown(name: str) -> str:
    return fold(shown_name(name))


class _Reading:
    """A directory that is being read: what it was when that began, and how far it is."""

    __slots__ = ("began", "entries", "gone", "seen", "settled", "stale", "stamp")

    def __init__(self, entries: "_ScandirIterator[str]", stamp: Stamp, began: int, *, settled: bool) -> None:
        self.entries = entries
        self.stamp: Stamp | None = stamp
        self.began = began
        self.settled = settled
        self.seen = 0
        self.gone: set[str] = set()
        """Names that this server has removed meanwhile, which the system may give all the same."""
        self.stale: Iterator[str] | None = None
        """Names that may be gone, once all have been read."""


class Listing:
    """The names in a directory, as they were at one moment or, of many, between two."""

    __slots__ = (
        "_aliases",
        "_reading",
        "_round",
        "_rounds",
        "_same",
        "_to_alias",
        "began",
        "names",
        "settled",
        "stamp",
    )

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        """By their folded form as they are shown."""
        self.stamp: Stamp | None = None
        """The directory's, from before it was read; None where it has changed meanwhile."""
        self.settled = False
        """Whether a change from then on cannot have left the same stamp."""
        self.began = 0
        """The number that its reading has among all (`Turn.readings`)."""
        self._rounds: dict[str, int] = {}
        """Every name on disk, with the reading that found it last."""
        self._round = 0
        self._same: dict[str, set[str]] = {}
        """Those that differ only in case, by their folded form."""
        self._aliases: Aliases | None = None
        """The 8.3 names, once somebody has looked for one: of all names but those of `_to_alias`."""
        self._to_alias: Iterator[str] | None = None
        self._reading: _Reading | None = None

    def serves(self, stamp: Stamp, since: int) -> bool:
        """Whether it is good now, of a directory with that stamp, or was read later than the reading `since`."""
        if stamp != self.stamp:
            self.stamp = None
        elif self.settled:
            return True
        return self.began > since

    @property
    def is_being_read(self) -> bool:
        """Whether `read` has begun and is to be called again."""
        return self._reading is not None

    def begin(self, entries: "_ScandirIterator[str]", stamp: Stamp, began: int, *, settled: bool) -> None:
        """The directory is to be read: it has that stamp now. What is known of it is good until all has been read."""
        self.stop()
        self._round += 1
        self._reading = _Reading(entries, stamp, began, settled=settled)

    def stop(self) -> None:
        """Ends the reading, if there is one."""
        if self._reading is not None:
            self._reading.entries.close()
            self._reading = None

    def read(self, stamp: Stamp, over: Callable[[], bool]) -> bool:
        """Reads a part of the names, at least a row; True once all have been. `stamp` is the directory's now."""
        reading = self._reading
        assert reading is not None
        if reading.stamp != stamp:
            reading.stamp = None
        while reading.stale is None:
            row = disk.next_names(reading.entries, ROW)
            if row:
                self._take(row, reading)
            else:
                reading.entries.close()
                changed = reading.seen < len(self._rounds)
                reading.stale = iter(list(self._rounds) if changed else ())
                break
            if len(row) == ROW and over():
                return False
        while row := list(islice(reading.stale, ROW)):
            for name in row:
                if self._rounds.get(name, self._round) != self._round:
                    self._remove(name)
            if len(row) == ROW and over():
                return False
        self.began, self.stamp, self.settled = reading.began, reading.stamp, reading.settled
        self._reading = None
        return True

    def _take(self, row: list[str], reading: _Reading) -> None:
        rounds, now = self._rounds, self._round
        if reading.gone:
            row = [name for name in row if name not in reading.gone]
        new = [name for name in row if name not in rounds]
        reading.seen += len(row)
        rounds.update(dict.fromkeys(row, now))
        if new:
            self._add(new)

    def _add_one(self, name: str) -> None:
        key = _folded_shown(name) if not name.isascii() or not is_legal_on_wire(name) else name.upper()
        other = self.names.setdefault(key, name)
        if other != name:
            self._add_same(key, name, other)
        if self._aliases is not None:
            self._aliases.add([name])

    def _add(self, new: list[str]) -> None:
        key_of, names = shown_key(new), self.names
        for name in new:
            key = key_of(name)
            other = names.setdefault(key, name)
            if other != name:
                self._add_same(key, name, other)
        if self._aliases is not None:
            self._aliases.add(new)

    def _add_same(self, key: str, name: str, other: str) -> None:
        """Of names that differ only in case, the first."""
        self._same.setdefault(key, {other}).add(name)
        if name < other:
            self.names[key] = name

    def find(self, key: str) -> str | None:
        """The name on disk that is so in its folded form, but for names that SMB cannot write."""
        found = self.names.get(key)
        return found if found is None or is_legal_on_wire(found) else None

    def has_aliases(self, over: Callable[[], bool]) -> bool:
        """Takes some of the names for their 8.3 names; True once all are taken."""
        if self._aliases is None:
            self._aliases = Aliases()
            self._to_alias = iter(list(self._rounds))
        while self._to_alias is not None:
            row = list(islice(self._to_alias, ROW))
            self._aliases.add([name for name in row if name in self._rounds])
            if len(row) < ROW:
                self._to_alias = None
            elif over():
                return False
        return True

    def find_alias(self, key: str) -> str | None:
        """The name on disk whose 8.3 name that is in its folded form."""
        assert self._aliases is not None
        return self._aliases.find(key)

    def alias(self, name: str) -> str:
        """The 8.3 name of a name, also of one that has just gone; "" where it is one itself, or has none."""
        aliases = self._aliases
        assert aliases is not None
        if name in self._rounds:
            return aliases.of(name)
        aliases.add([name])
        try:
            return aliases.of(name)
        finally:
            aliases.remove(name)

    # -- our own changes -----------------------------------------------------------------------------------

    def about_to_change(self, stamp: Stamp) -> None:
        """A directory of that stamp is about to be changed by this server: what is not good now is not carried over."""
        if self.stamp != stamp:
            self.stamp = None
        if self._reading is not None and self._reading.stamp != stamp:
            self._reading.stamp = None

    def changed(self, stamp: Stamp, *, added: str = "", removed: str = "") -> None:
        """This server has changed the directory, which now has that stamp: what was good before is good."""
        reading = self._reading
        if removed:
            if reading is not None:
                reading.gone.add(removed)
            if removed in self._rounds:
                self._remove(removed)
        if added:
            if reading is not None:
                reading.gone.discard(added)
                if self._rounds.get(added) != self._round:
                    reading.seen += 1
            if added not in self._rounds:
                self._add_one(added)
            self._rounds[added] = self._round
        if self.stamp is not None:
            self.stamp, self.settled = stamp, True
        if reading is not None and reading.stamp is not None:
            reading.stamp, reading.settled = stamp, True

    def _remove(self, name: str) -> None:
        del self._rounds[name]
        key = _folded_shown(name)
        same = self._same.get(key)
        if same is not None:
            same.discard(name)
            if self.names[key] == name:
                self.names[key] = min(same) if len(same) <= _FEW else next(iter(same))
            if len(same) == 1:
                del self._same[key]
        elif self.names.get(key) == name:
            del self.names[key]
        if self._aliases is not None:
            self._aliases.remove(name)
