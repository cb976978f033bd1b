"""A store some of whose folders are elsewhere: DFS links, which are listed, keep their folders, and are never entered.

As on Windows a link is a directory with a reparse point. None is on the disk; the folders above them are, and are made
where they are missing. Whoever reads paths refuses those that lead to a link or through one (`core.namespaces`).
"""

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec

from fakesmb.nt.files import Attribute, Option
from fakesmb.nt.names import fold
from fakesmb.nt.status import NT, SMBError
from fakesmb.vfs import disk
from fakesmb.vfs.laned import LanedStore
from fakesmb.vfs.paths import Path
from fakesmb.vfs.wildcards import compile_pattern
from fakesmb.vfs.wrapped import Wrapped, WrappedStore

if TYPE_CHECKING:
    from fakesmb.vfs.store import CreateParameters, FileStore, Handle, Info, Names, Opened, Search

_MODE: Final = stat.S_IFLNK | 0o777
"""What a link is by the Unix extensions, as in Samba: Linux looks at a symbolic link again before it goes in."""
REPARSE_TAG_DFS: Final = 0x8000000A
"""IO_REPARSE_TAG_DFS, [MS-FSCC] 2.1.2.1."""
_FIRST_KEY: Final = 0x40000000
"""Resume keys of links; those of names on the disk are below."""
_REQUIRED_SHIFT: Final = 8
_NOT_OF_LINKS: Final = 0x27
"""What a search may demand of entries ([MS-CIFS] 2.2.1.2.4) and no link has."""

Parts = tuple[str, ...]


class Junctions:
    """Where the links of a share are."""

    def __init__(self, links: Iterable[Parts]) -> None:
        self._names: dict[Parts, list[str]] = {}
        self._above: dict[Parts, Parts] = {}
        for link in links:
            self._names.setdefault(_folded(link[:-1]), []).append(link[-1])
            for length in range(1, len(link)):
                self._above.setdefault(_folded(link[:length]), link[:length])
        for names in self._names.values():
            names.sort(key=fold)

    @property
    def folders(self) -> Iterable[Parts]:
        """The folders above links, outer ones first."""
        return self._above.values()

    def names(self, folder: Parts) -> list[str]:
        """The names of the links in a folder, sorted."""
        return self._names.get(_folded(folder), [])

    def hold(self, path: Parts) -> bool:
        """Whether a folder has a link in it, or in one of its folders."""
        return _folded(path) in self._above


def _folded(parts: Parts) -> Parts:
    return tuple(map(fold, parts))


class JunctionSearch:
    """`vfs.store.Search` that gives the links of its folder after what is on the disk."""

    def __init__(self, inner: "Search", links: "list[Info]", hidden: Iterable[str]) -> None:
        self._inner = inner
        self._links = links
        self._hidden = frozenset(map(fold, hidden))
        self._at = -1
        """How many of the links were given; -1 while there are names on the disk."""

    @property
    def names(self) -> "Names":
        """What it goes through now."""
        return self._inner.names

    def keep(self) -> None:
        """It is to go on in later requests."""
        self._inner.keep()

    def next(self) -> "Info | None":
        """The next entry; None at the end. What is on the disk by a link's name is hidden by it."""
        while self._at < 0:
            info = self._inner.next()
            if info is None:
                self._at = 0
            elif fold(info.name) not in self._hidden:
                return info
        if self._at == len(self._links):
            return None
        self._at += 1
        return msgspec.structs.replace(self._links[self._at - 1])

    def tell(self) -> int:
        """The resume key of the entry given last."""
        return self._inner.tell() if self._at < 1 else _FIRST_KEY + self._at

    def seek(self, key: int) -> None:
        """Continues after the entry of that key."""
        if key > _FIRST_KEY:
            self._at = min(key - _FIRST_KEY, len(self._links))
        else:
            self._inner.seek(key)
            self._at = -1

    def seek_name(self, name: str) -> bool:
        """Continues after the entry of that name; False if it was never there."""
        wanted = fold(name)
        for place, info in enumerate(self._links, start=1):
            if fold(info.name) == wanted:
                self._at = place
                return True
        if not self._inner.seek_name(name):
            return False
        self._at = -1
        return True

    def close(self) -> None:
        """Lets the names go."""
        self._inner.close()


class JunctionStore(WrappedStore):
    """`vfs.store.FileStore` with links in it; all else is the inner store's."""

    def __init__(self, inner: Any, junctions: Junctions, root: str) -> None:
        """`root`: the folder on the disk."""
        super().__init__(inner, lambda store: with_junctions(store, junctions, root))
        self._junctions = junctions
        self._root = root

    @property
    def posix(self) -> Any:
        """The operations of the Unix extensions."""
        return JunctionPosix(self._inner.posix, self)

    def is_there(self) -> bool:
        """Whether the folder is there now; the folders above links are, then, if the disk takes them."""
        if not self._inner.is_there():
            return False
        for folder in self._junctions.folders:
            with suppress(OSError):
                disk.mkdir(os.path.join(self._root, *folder))
        return True

    def search(self, directory: Path, pattern: str, attributes: int) -> "Search":
        """Begins a search."""
        return self.with_links(
            self._inner.search(directory, pattern, attributes), directory, pattern, attributes
        )

    def with_links(
        self, found: "Search", directory: Path, pattern: str, attributes: int, mode: int = 0
    ) -> "Search":
        """A search with the links of the folder that it asks for; `mode` is st_mode of them, 0 a directory's."""
        names = self._junctions.names(directory.parts)
        if not names:
            return found
        matches = compile_pattern(pattern)
        required = attributes >> _REQUIRED_SHIFT
        wanted = attributes & Attribute.DIRECTORY and not required & _NOT_OF_LINKS
        listed = [name for name in names if wanted and (matches is None or matches(name))]
        links = self._told(directory, listed, mode) if listed else []
        return cast("Search", JunctionSearch(found, links, names))

    def _told(self, directory: Path, names: list[str], mode: int) -> "list[Info]":
        root = self._inner.query(Path())
        return [_told(directory, name, root, mode) for name in names]

    def create(self, path: Path, request: "CreateParameters") -> "Opened":
        """Opens or creates; a folder that holds links is not deleted."""
        if request.options & Option.DELETE_ON_CLOSE:
            self.check_empty(path.parts)
        opened: Opened = self._inner.create(path, request)
        return opened

    def remove_directory(self, path: Path) -> None:
        """Removes an empty directory; one that holds links is not empty."""
        self.check_empty(path.parts)
        self._inner.remove_directory(path)

    def set_delete(self, handle: "Handle", *, delete: bool) -> None:
        """Marks for deletion, or unmarks."""
        if delete:
            self.check_empty(handle.path.parts)
        self._inner.set_delete(handle, delete=delete)

    def rename(self, target: "Handle | Path", to: Path, **how: Any) -> None:
        """Renames; ACCESS_DENIED for a folder that holds links: they stay where they are."""
        parts = target.parts if isinstance(target, Path) else target.path.parts
        if self._junctions.hold(parts) or self._junctions.hold(to.parts):
            raise SMBError(NT.ACCESS_DENIED, "a folder with DFS links in it stays where it is")
        self._inner.rename(target, to, **how)

    def check_empty(self, parts: Parts) -> None:
        """Raises DIRECTORY_NOT_EMPTY for a folder that holds links."""
        if self._junctions.hold(parts):
            raise SMBError(NT.DIRECTORY_NOT_EMPTY, "there are DFS links in it")


class JunctionPosix(Wrapped):
    """`vfs.store.PosixFiles` with links in its listings."""

    def __init__(self, inner: Any, store: JunctionStore) -> None:
        super().__init__(inner)
        self._store = store

    def search(self, directory: Path, pattern: str, attributes: int) -> "Search":
        """Begins a search that gives the facts of names themselves."""
        found = self._inner.search(directory, pattern, attributes)
        return self._store.with_links(found, directory, pattern, attributes, _MODE)

    def unlink(self, path: Path, *, directory: bool) -> None:
        """Removes a name; a folder that holds links is not empty."""
        self._store.check_empty(path.parts)
        self._inner.unlink(path, directory=directory)


def with_junctions(store: "FileStore", junctions: Junctions, root: str) -> "FileStore":
    """The store with links in it."""
    if isinstance(store, LanedStore):
        return store.over(lambda inner: with_junctions(inner, junctions, root))
    return cast("FileStore", JunctionStore(store, junctions, root))


def _told(directory: Path, name: str, root: "Info", mode: int) -> "Info":
    """What is told of a link: the times and the owner are those of the share's root."""
    path = str(Path((*directory.parts, name)))
    return msgspec.structs.replace(
        root,
        name=name,
        path=path,
        attributes=Attribute.DIRECTORY | Attribute.REPARSE_POINT,
        reparse_tag=REPARSE_TAG_DFS,
        ea_size=REPARSE_TAG_DFS,  # where an entry is a reparse point: [MS-FSCC] 2.4.14
        end_of_file=0,
        allocation_size=0,
        number_of_links=1,
        file_id=_number(path),
        is_directory=1,
        mode_bits=mode or root.mode_bits,
        alias="",
    )


def _number(path: str) -> int:
    """A file number that is the same in each run, and that no disk gives: its highest bit is set."""
    number = 0xCBF29CE484222325
    for byte in fold(path).encode("utf-16-le", "surrogatepass"):
        number = (number ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return number | 1 << 63
