"""Names as POSIX has them: exact spelling, symbolic links as themselves, and searches that list them so."""

import os
import stat
from collections.abc import Callable
from contextlib import suppress

from fakesmb.nt.filetime import UNIX_EPOCH, possible
from fakesmb.vfs.local.attributes import creation_time, effective, load
from fakesmb.vfs.local.directory import Directory
from fakesmb.vfs.local.lookup import Entry, Lookup
from fakesmb.vfs.local.search import LocalSearch
from fakesmb.vfs.paths import Path, check_posix_name, is_utf8
from fakesmb.vfs.store import Info
from fakesmb.vfs.stored import Stored


class ExactLookup(Lookup):
    """Finds names in their exact spelling only: for a client that wants POSIX path names."""

    posix = True

    def child(self, directory: Directory, name: str) -> Entry:
        """What `name` is in a directory."""
        check_posix_name(name)
        try:
            st = directory.lstat(name)
        except FileNotFoundError:
            other = _untold(directory, name)
            if other is None:
                return self._nothing(directory, name)
            name, st = other, directory.lstat(other)
        if stat.S_ISLNK(st.st_mode):
            return self._follow(directory, name)
        return Entry(directory, name, st)

    def named(self, path: Path) -> Entry:
        """The name itself: the client follows symbolic links, so here they are files of their own."""
        return self.unfollowed(path)

    def check_new(self, name: str) -> None:
        """Raises OBJECT_NAME_INVALID unless a file may get this name."""
        check_posix_name(name)

    def own_name(self, directory: Directory, name: str) -> str:
        """The name itself."""
        check_posix_name(name)
        if "~" in name:
            with suppress(FileNotFoundError):
                directory.lstat(name)
                return name
            return _untold(directory, name) or name
        return name


def _untold(directory: Directory, name: str) -> str | None:
    """The name on disk that no client can be told, for it is not UTF-8, and whose 8.3 name that is."""
    found = directory.spelling(name) if "~" in name else None
    return found if found is not None and not is_utf8(found) else None


def posix_info(st: os.stat_result, stored: Stored, name: str, path: str) -> Info:
    """What lstat(2) tells. Sizes are the disk's: a symbolic link is as long as its target."""
    return Info(
        name,
        path,
        possible(creation_time(stored.creation_time, st)),
        possible(st.st_atime_ns // 100 + UNIX_EPOCH),
        possible(st.st_mtime_ns // 100 + UNIX_EPOCH),
        st.st_ctime_ns // 100 + UNIX_EPOCH,
        effective(st.st_mode, name, stored.attributes),
        st.st_size,
        st.st_blocks * 512,
        st.st_nlink,
        st.st_ino,
        is_directory=int(stat.S_ISDIR(st.st_mode)),
        device=st.st_dev,
        mode_bits=st.st_mode,
        posix_uid=st.st_uid,
        posix_gid=st.st_gid,
        special_device=st.st_rdev,
    )


class LinkSearch(LocalSearch):
    """A search at the levels of Windows for a client with POSIX names: it follows symbolic links by itself.

    So links are listed themselves, wherever they lead: smbclient deletes only what a search finds.
    """

    __slots__ = ()

    _order = "on disk"

    def _key(self, names: list[str]) -> Callable[[str], str]:
        return str

    def _one(self, directory: Directory) -> list[str]:
        with suppress(FileNotFoundError):
            name = self._lookup.own_name(directory, self._pattern)
            directory.lstat(name)
            return [name]
        return []

    def _look_link(self, directory: Directory, name: str) -> Info | None:
        return self._look_itself(directory, name)

    def _look_itself(self, directory: Directory, name: str) -> Info | None:
        try:
            st = directory.lstat(name)
            stored = load(directory.xattr_base + name, st, self._opens.side)
        except FileNotFoundError:
            return None
        shown = name if is_utf8(name) else self._alias(name)
        if not shown:
            return None
        return posix_info(st, stored, shown, directory.prefix + shown)


class PosixSearch(LinkSearch):
    """A search at the levels of the Unix extensions, whose entries all are as lstat(2) has them."""

    __slots__ = ()

    def _look(self, directory: Directory, name: str) -> Info | None:
        if name in (".", ".."):
            return self._look_dots(directory, name)
        return self._look_itself(directory, name)
