"""Directory searches: names as of the beginning, facts as of the moment they are given out."""

import stat
from bisect import bisect_left
from collections.abc import Callable
from typing import Final

from fakesmb.nt.files import Attribute
from fakesmb.nt.status import SMBError
from fakesmb.vfs import disk
from fakesmb.vfs.local.attributes import load
from fakesmb.vfs.local.directory import Directory
from fakesmb.vfs.local.facts import info_of
from fakesmb.vfs.local.listing import shown_key
from fakesmb.vfs.local.lookup import Lookup
from fakesmb.vfs.local.namelist import NameList, list_of
from fakesmb.vfs.paths import is_legal_on_wire
from fakesmb.vfs.rules.openfiles import OpenFiles
from fakesmb.vfs.shortnames import is_short, short_name
from fakesmb.vfs.store import Info, Unfinished
from fakesmb.vfs.stored import NOTHING
from fakesmb.vfs.wildcards import Matcher, compile_pattern, has_wildcards

_ASKED_FOR: Final = Attribute.HIDDEN | Attribute.SYSTEM | Attribute.DIRECTORY
"""Files with these are listed only if the search asks for them, all others always ([MS-CIFS] 2.2.1.2.4)."""

_REQUIRED_SHIFT: Final = 8
_REQUIRED: Final = 0x37
"""The bits that, shifted up by eight, an entry must have."""

_DOTS: Final = (".", "..")
_FEW: Final = 7
"""The time is looked at before every eighth name: a disk may be slow, and a pattern long."""


def _dots(matcher: Matcher | None) -> tuple[str, ...]:
    """NTFS asks for "." only and lists ".." with it, whatever the pattern has to say about two dots."""
    return _DOTS if matcher is None or matcher(".") else ()


class LocalSearch:
    """`vfs.store.Search` over a local directory. Holds the directory open through `directory`."""

    __slots__ = (
        "_at",
        "_attributes",
        "_directory",
        "_dots",
        "_last",
        "_list",
        "_lookup",
        "_matcher",
        "_names",
        "_opens",
        "_others",
        "_pattern",
        "_paused_at",
        "_plain",
        "_ready",
        "_refreshed",
        "_required",
        "_turn",
        "_wild",
    )

    _order: str = "shown"
    """Of whose lists are sorted alike, and may be shared."""
    _compiled = staticmethod(compile_pattern)
    """How a pattern is read."""

    def __init__(
        self, lookup: Lookup, opens: OpenFiles, directory: Directory, pattern: str, attributes: int
    ) -> None:
        self._pattern = pattern
        self._plain = False
        """Whether every name is shown as it is on disk."""
        self._wild = not pattern or has_wildcards(pattern)
        self._lookup = lookup
        self._opens = opens
        self._directory: Directory | None = directory
        self._attributes = attributes
        self._required = attributes >> _REQUIRED_SHIFT & _REQUIRED
        self._at = 0
        self._matcher = self._compiled(pattern) if self._wild else None
        self._dots: tuple[str, ...] = _dots(self._matcher) if self._wild else ()
        self._last = ""
        """The entry given last, and whether the names were taken anew, when `seek_name` was called first."""
        self._refreshed = False
        self._turn = opens.world.turn
        self._paused_at = -1
        self._list: NameList
        self._names: list[str]
        """Those of the list, which are not all there until it is ready."""
        self._ready = False
        self._others: dict[str, str] | None = None
        if self._wild:
            self._begin(list_of(directory, self._dots, self._key, self._turn, opens.names, self._order))
        else:
            self._begin(NameList(self._one(directory), self._key, self._turn, opens.names))

    def _prepare(self) -> None:
        """Has the names read, of many a part only: raises `Unfinished` then, and is to be called again."""
        self._list.prepare()
        self._plain = self._list.plain
        self._others = self._list.others if self._wild else self._others_of_one()
        self._ready = True

    def _others_of_one(self) -> dict[str, str]:
        """Of a name asked for by itself: none is told in a large directory whose names are not known."""
        directory = self._directory
        if directory is None:
            return {}
        names = [name for name in self._names if not is_short(name)]
        told = {name: directory.alias(name) if directory.is_known() else "" for name in names}
        return {name: alias for name, alias in told.items() if alias != short_name(name)}

    def _alias(self, name: str) -> str:
        other = self._others.get(name) if self._others else None
        return short_name(name) if other is None else other

    def _matches(self, matches: Matcher, name: str) -> bool:
        """By its own name or, as on Windows, by its 8.3 name."""
        if is_legal_on_wire(name) and matches(name):
            return True
        short = self._alias(name)
        return bool(short) and matches(short)

    def _begin(self, names: NameList) -> None:
        self._list = names
        self._names = names.names
        self._ready = False

    @property
    def names(self) -> NameList:
        """The names that it goes through, which other searches may share."""
        return self._list

    def _key(self, names: list[str]) -> Callable[[str], str]:
        """What gives the form by which these names are sorted and found."""
        return shown_key(names)

    def _one(self, directory: Directory) -> list[str]:
        """The name that a pattern without wildcards stands for, if it is there."""
        entry = self._lookup.child(directory, self._pattern)
        return [] if entry.st is None else [entry.name]

    def keep(self) -> None:
        """It stays open for later requests; raises TOO_MANY_OPENED_FILES where its directory may not."""
        if self._directory is not None and self._directory is not self._lookup.root:
            self._opens.room.check(self._directory.fd)

    def next(self) -> Info | None:
        """The next entry that still exists and matches; None at the end."""
        if not self._ready:
            self._prepare()
        names, matcher = self._names, self._matcher
        directory = self._directory
        if directory is None:
            return None
        while self._at < len(names):
            if not self._at & _FEW and self._at != self._paused_at and self._turn.over():
                self._paused_at = self._at
                raise Unfinished
            name = names[self._at]
            self._at += 1
            if matcher is not None and name not in _DOTS and not self._matches(matcher, name):
                continue
            try:
                info = self._look(directory, name)
            except Unfinished:  # the name was spelt otherwise by then
                self._at -= 1
                raise
            if info is not None and self._wanted(info.attributes):
                return info
        return None

    def tell(self) -> int:
        """The resume key of the entry given last."""
        return self._at + 1

    def seek(self, key: int) -> None:
        """Continues after the entry of that key; 0 starts over, one beyond the end ends. May raise `Unfinished`."""
        self._prepare()
        self._at = min(max(key - 1, 0), len(self._names))

    def seek_name(self, name: str) -> bool:
        """Continues after the entry of that name, or of that 8.3 name, in any case.

        What was made or removed meanwhile counts, as on NTFS: OS/2 deletes as it lists. May raise `Unfinished`.
        """
        self._prepare()
        if not self._refreshed:
            self._last = self._names[self._at - 1] if self._at else ""
            self._refresh()
            self._refreshed = True
            self._prepare()
        last = self._last
        if name in self._dots:
            self._refreshed = False
            self._at = self._dots.index(name) + 1
            return True
        first = len(self._dots)
        keys = self._list.all_keys()
        key = self._key([name])(name)
        place = bisect_left(keys, key)
        if place == len(keys) or keys[place] != key:
            place = self._list.place_of_alias(key) - first if "~" in name else -1
            if place < 0:
                self._refreshed = False
                return False
        self._refreshed = False
        while self._names[first + place] != last and keys[place + 1 : place + 2] == [key]:
            place += 1  # of names that differ only in case, the one given last
        self._at = first + place + 1
        return True

    def _refresh(self) -> None:
        """Takes the names anew where the directory has changed; those given before stay findable."""
        directory = self._directory
        if directory is None or not self._wild:
            return
        stamp = directory.stamp()
        if stamp == self._list.stamp:
            return
        given = set(self._names[len(self._dots) : self._at])
        names = NameList([*self._dots], self._key, self._turn, self._opens.names, stamp)
        names.read(directory, given)
        self._begin(names)

    def close(self) -> None:
        """Lets the snapshot and the directory go."""
        self._directory = None
        self._begin(NameList([], self._key, self._turn, self._opens.names))

    def _wanted(self, attributes: int) -> bool:
        return not attributes & _ASKED_FOR & ~self._attributes and not self._required & ~attributes

    def _look(self, directory: Directory, name: str) -> Info | None:
        if name in _DOTS:
            return self._look_dots(directory, name)
        try:
            st = disk.lstat(name, directory.fd)
            if stat.S_ISLNK(st.st_mode):
                return self._look_link(directory, name)
            stored = load(directory.xattr_base + name, st, self._opens.side)
        except FileNotFoundError:
            return None
        shown = name if self._plain or is_legal_on_wire(name) else self._alias(name)
        files = self._opens.by_key
        file = files.get((st.st_dev, st.st_ino)) if files else None
        info = info_of(st, stored, shown, directory.prefix + shown, file)
        return self._with_alias(info, name) if self._others else info

    def _with_alias(self, info: Info, name: str) -> Info | None:
        """Nothing where the name cannot be told in any way."""
        info.alias = self._others.get(name) if self._others and info.name == name else None
        return info if info.name else None

    def _look_link(self, directory: Directory, name: str) -> Info | None:
        """A link is listed as what it leads to; one that leads nowhere or out of the share is not listed."""
        try:
            entry = self._lookup.child(directory, name)
        except Unfinished:
            raise
        except (SMBError, OSError):
            return None
        if entry.st is None:
            return None
        stored = load(entry.xattr_path, entry.st, self._opens.side)
        shown = name if is_legal_on_wire(name) else self._alias(name)
        info = info_of(entry.st, stored, shown, directory.prefix + shown, self._opens.get(entry.st))
        return self._with_alias(info, name) if self._others else info

    def _look_dots(self, directory: Directory, name: str) -> Info | None:
        try:
            st = directory.status() if directory is self._lookup.root else directory.lstat(name)
        except OSError:
            return None
        info = info_of(st, NOTHING, "", directory.prefix + name, None)
        info.name = name
        return info
