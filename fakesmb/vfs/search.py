"""Directory searches: names as of the beginning, facts as of the moment they are given out."""

import os
import stat
from typing import Final

from fakesmb.status import SMBError
from fakesmb.vfs.api import Attribute, Info
from fakesmb.vfs.attributes import NOTHING, load
from fakesmb.vfs.directory import Directory, shown_name
from fakesmb.vfs.facts import info_of
from fakesmb.vfs.lookup import Lookup
from fakesmb.vfs.openfiles import OpenFiles
from fakesmb.vfs.paths import fold, is_legal_on_wire
from fakesmb.vfs.shortnames import short_name
from fakesmb.vfs.wildcards import Matcher, compile_pattern, has_wildcards

_ASKED_FOR: Final = Attribute.HIDDEN | Attribute.SYSTEM | Attribute.DIRECTORY
"""Files with these are listed only if the search asks for them, all others always ([MS-CIFS] 2.2.1.2.4)."""

_REQUIRED_SHIFT: Final = 8
_REQUIRED: Final = 0x37
"""The bits that, shifted up by eight, an entry must have."""

_DOTS: Final = (".", "..")


def names_in(lookup: Lookup, directory: Directory, pattern: str) -> list[str]:
    """The names on disk that match, sorted as Windows lists them, `.` and `..` first."""
    if not has_wildcards(pattern) and pattern:
        entry = lookup.child(directory, pattern)
        return [] if entry.st is None else [entry.name]
    matches = compile_pattern(pattern)
    names = directory.names()
    names.sort(key=fold)
    if matches is None:
        return [*_DOTS, *names]
    return [*filter(matches, _DOTS), *(name for name in names if _matches(matches, name))]


def _matches(matches: Matcher, name: str) -> bool:
    """By its own name or, as on Windows, by its 8.3 name."""
    if is_legal_on_wire(name) and matches(name):
        return True
    short = short_name(name)
    return bool(short) and matches(short)


def _merged(fresh: list[str], given: set[str]) -> list[str]:
    gone = given.difference(fresh)
    if not gone:
        return fresh
    dots = [name for name in fresh if name in _DOTS]
    return dots + sorted([*fresh[len(dots) :], *(gone.difference(_DOTS))], key=fold)


class LocalSearch:
    """`vfs.api.Search` over a local directory. Holds the directory open through `directory`."""

    __slots__ = (
        "_at",
        "_attributes",
        "_directory",
        "_index",
        "_lookup",
        "_names",
        "_opens",
        "_pattern",
        "_required",
        "_stamp",
    )

    def __init__(
        self, lookup: Lookup, opens: OpenFiles, directory: Directory, pattern: str, attributes: int
    ) -> None:
        self._pattern = pattern
        self._stamp = directory.stamp()
        self._lookup = lookup
        self._opens = opens
        self._directory: Directory | None = directory
        self._names = self._matching(directory)
        self._attributes = attributes
        self._required = attributes >> _REQUIRED_SHIFT & _REQUIRED
        self._at = 0
        self._index: dict[str, int] | None = None

    def _matching(self, directory: Directory) -> list[str]:
        return names_in(self._lookup, directory, self._pattern)

    def next(self) -> Info | None:
        """The next entry that still exists and matches; None at the end."""
        names = self._names
        directory = self._directory
        if directory is None:
            return None
        while self._at < len(names):
            name = names[self._at]
            self._at += 1
            info = self._look(directory, name)
            if info is not None and self._wanted(info.attributes):
                return info
        return None

    def tell(self) -> int:
        """The resume key of the entry given last."""
        return self._at + 1

    def seek(self, key: int) -> None:
        """Continues after the entry of that key; 0 starts over, one beyond the end ends."""
        self._at = min(max(key - 1, 0), len(self._names))

    def seek_name(self, name: str) -> bool:
        """Continues after the entry of that name, or of that 8.3 name, in any case.

        What was made or removed meanwhile counts, as on NTFS: OS/2 deletes as it lists.
        """
        self._refresh()
        if self._index is None:
            self._index = {fold(shown_name(n)): at for at, n in reversed(list(enumerate(self._names)))}
            for place, known in enumerate(self._names):
                if known not in _DOTS and (short := short_name(known)):
                    self._index.setdefault(short, place)
        found = self._index.get(fold(name))
        if found is None:
            return False
        self._at = found + 1
        return True

    def _refresh(self) -> None:
        """Takes the names anew where the directory has changed; those given before stay findable."""
        directory = self._directory
        if directory is None or not has_wildcards(self._pattern):
            return
        stamp = directory.stamp()
        if stamp == self._stamp:
            return
        given = set(self._names[: self._at])
        fresh = self._matching(directory)
        # Names that are gone stay where they were: a client resumes by the last one, which it may have deleted.
        self._names = _merged(fresh, given)
        self._stamp = stamp
        self._index = None

    def close(self) -> None:
        """Lets the snapshot and the directory go."""
        self._directory = None
        self._names = []
        self._index = None

    def _wanted(self, attributes: int) -> bool:
        return not attributes & _ASKED_FOR & ~self._attributes and not self._required & ~attributes

    def _look(self, directory: Directory, name: str) -> Info | None:
        if name in _DOTS:
            return self._look_dots(directory, name)
        try:
            st = directory.lstat(name)
            if stat.S_ISLNK(st.st_mode):
                return self._look_link(directory, name)
            stored = load(directory.xattr_base + name, st, self._opens.side)
        except FileNotFoundError:
            return None
        shown = name if is_legal_on_wire(name) else short_name(name)
        files = self._opens.by_key
        file = files.get((st.st_dev, st.st_ino)) if files else None
        return info_of(st, stored, shown, directory.prefix + shown, file)

    def _look_link(self, directory: Directory, name: str) -> Info | None:
        """A link is listed as what it leads to; one that leads nowhere or out of the share is not listed."""
        try:
            entry = self._lookup.child(directory, name)
        except (SMBError, OSError):
            return None
        if entry.st is None:
            return None
        stored = load(entry.xattr_path, entry.st, self._opens.side)
        return info_of(entry.st, stored, shown_name(name), entry.client_path, self._opens.get(entry.st))

    def _look_dots(self, directory: Directory, name: str) -> Info | None:
        try:
            if directory.fd is None:
                st = directory.status()
            else:
                st = os.stat(name, dir_fd=directory.fd, follow_symlinks=False)
        except OSError:
            return None
        info = info_of(st, NOTHING, "", directory.prefix + name, None)
        info.name = name
        return info
