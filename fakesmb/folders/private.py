"""The private folders of one server: filled when it starts, exchanged for fresh ones at a reset, removed at its end.

A reset takes as long as two renames, whatever is in them: a spare copy is made ahead of it, in a thread, which also
removes what was exchanged. A folder keeps its path. Where there is no room for a spare copy the folder is filled anew
at the reset.
"""

import errno
import os
import re
import stat
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from math import inf
from typing import Final

from fakesmb.folders.content import Tree, measure
from fakesmb.folders.copying import Copy, size_of
from fakesmb.folders.errors import FolderError, Stopped, size_text
from fakesmb.folders.filling import fill
from fakesmb.folders.homes import Home
from fakesmb.folders.leftovers import remove_left
from fakesmb.folders.overlay import LIMIT
from fakesmb.folders.places import MARGIN, check_room, free_bytes, full, places, takes_xattrs
from fakesmb.folders.removal import removal
from fakesmb.folders.slices import THREAD, Pace
from fakesmb.nt.names import fold

_STOPPING: Final = "the server is stopping"
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_PLAIN: Final = re.compile(r"[\w$-][\w$.-]{0,79}", re.ASCII)
"""Names of shares that are names of directories, too."""
_SPARE: Final = ".spare-"
_OLD: Final = ".old-"
_MADE: Final = ".made-"
"""What names of directories begin with that are no share's: one of them is being made."""


class Wanted:
    """A private folder that is wanted: content, or a copy of the folder at a path; `limit` in bytes."""

    __slots__ = ("limit", "name", "source")

    def __init__(self, name: str, source: Tree | str, limit: int = LIMIT) -> None:
        self.name = name
        self.source = source
        self.limit = limit

    @property
    def what(self) -> str:
        """What it is, for people."""
        return f"the copy of {self.source}" if isinstance(self.source, str) else "the content"

    def measure(self) -> int:
        """How many bytes it needs. Raises `FolderError` where that is more than it may have, or cannot be told."""
        if isinstance(self.source, str):
            try:
                size = size_of(self.source)
            except OSError as error:
                raise self.refused(error) from None
        else:
            size = measure(self.source)[1]
        if size > self.limit:
            raise FolderError(
                f"share {self.name}: {self.what} takes {size_text(size)}, and overlay_limit is {size_text(self.limit)}"
            )
        return size

    def refused(self, error: OSError) -> FolderError:
        """The one line of what the disk says."""
        at = error.filename if isinstance(error.filename, str) else None
        what = (
            f"cannot copy {at or self.source}"
            if isinstance(self.source, str)
            else f"cannot make {at or 'it'}"
        )
        return FolderError(f"share {self.name}: {what}: {error.strerror}")


class _Folder:
    """One private folder: where it is, and how it is made fresh."""

    __slots__ = ("number", "path", "size", "spare", "wanted", "without")

    def __init__(self, wanted: Wanted, path: str, number: int, size: int) -> None:
        self.wanted = wanted
        self.path = path
        self.number = number
        self.size = size
        self.spare: str | None = None
        self.without = ""
        """Why there is no spare copy, once one was tried."""


class PrivateFolders:
    """All of one server. Its methods are called by one thread; `say` may be called by another."""

    def __init__(
        self,
        wanted: Sequence[Wanted],
        say: Callable[[str], None],
        *,
        dated: int | None = None,
        owner: tuple[int, int] | None = None,
    ) -> None:
        """Makes and fills them. Raises `FolderError`, and leaves nothing then.

        `dated`: the write time of files of content, in POSIX nanoseconds; None: now. `owner`: the user and group who
        will go on, where it is another than now.
        """
        self._say = say
        self._told: set[str] = set()
        self._dated = dated
        sizes = [one.measure() for one in wanted]
        self._home, self._xattrs = _home_for(wanted, sum(sizes))
        self._ending = threading.Event()
        self._lock = threading.Lock()
        self._busy = False
        self._waiting: list[Callable[[], None]] = []
        self._threads: list[threading.Thread] = []
        self._awaited = False
        """Whether somebody waits for what the thread does now."""
        self._pace = Pace(lambda: self._awaited or bool(self._waiting) or self._ending.is_set())
        self._olds = 0
        self._finalizer = weakref.finalize(self, _clean, self._home, self._ending, self._threads)
        try:
            self._folders = [
                _Folder(one, os.path.join(self._home.path, _directory_of(one.name, number)), number, size)
                for number, (one, size) in enumerate(zip(wanted, sizes, strict=True))
            ]
            for folder in self._folders:
                self._check_place(folder)
                self._make(folder, folder.path)
            if owner is not None:
                _give(self._home.path, owner)
        except BaseException:
            self.close()
            raise

    @property
    def home(self) -> str:
        """The directory that they are in."""
        return self._home.path

    @property
    def paths(self) -> Mapping[str, str]:
        """Where each is, by the name of its share; a reset does not change it."""
        return {folder.wanted.name: folder.path for folder in self._folders}

    @property
    def has_all_spares(self) -> bool:
        """Whether each has a spare copy."""
        return all(folder.spare is not None for folder in self._folders)

    # -- spare copies --------------------------------------------------------------------------------------

    def make_spares(self) -> None:
        """Begins to make those that are missing, in a thread, which removes first what was exchanged."""
        self._in_thread(self._make_spares)

    def when_ready(self, call: Callable[[], None]) -> None:
        """Calls once no thread is at work: at once, or later in that thread."""
        with self._lock:
            if self._busy:
                self._waiting.append(call)
                return
        call()

    def wait_until_ready(self, seconds: float | None = None) -> bool:
        """Blocks until no thread is at work; whether that is so now."""
        ready = threading.Event()
        self.when_ready(ready.set)
        return ready.wait(seconds)

    def _make_spares(self) -> None:
        self._remove_old()
        for folder in self._folders:
            if folder.spare is None and not folder.without:
                self._make_spare(folder)

    def _make_spare(self, folder: _Folder) -> None:
        try:
            if 2 * folder.size > folder.wanted.limit:
                raise FolderError(
                    f"twice {size_text(folder.size)} is more than overlay_limit, {size_text(folder.wanted.limit)}"
                )
            if folder.size and folder.size > free_bytes(self.home):
                raise FolderError(f"{self.home} has no room for it")
            made = os.path.join(self.home, f"{_MADE}{folder.number}")
            self._make(folder, made)
            spare = os.path.join(self.home, f"{_SPARE}{folder.number}")
            os.rename(made, spare)
            folder.spare = spare
        except (FolderError, OSError) as error:
            folder.without = str(error)
            self._tell(
                f"share {folder.wanted.name}: no spare copy is kept ready, so a reset copies it anew, "
                f"which takes longer: {folder.without}"
            )

    def _tell(self, line: str) -> None:
        """Once, and not after each reset."""
        if line not in self._told:
            self._told.add(line)
            self._say(line)

    def _make(self, folder: _Folder, path: str) -> None:
        """Makes one at a path where nothing is. Raises `FolderError` and leaves nothing, `Stopped`."""
        try:
            os.mkdir(path)
            if isinstance(folder.wanted.source, str):
                copy = Copy(folder.wanted.limit, self._given_up, owners=os.geteuid() == 0)
                copied = copy.run(folder.wanted.source, path)
                if path == folder.path:
                    for line in copied.told(f"share {folder.wanted.name}: {folder.wanted.source}"):
                        self._tell(line)
            else:
                fill(path, folder.wanted.source, self._given_up, xattrs=self._xattrs, dated=self._dated)
        except BaseException as error:
            self._remove(path)
            if isinstance(error, OSError):
                raise self._explained(folder, error) from None
            if isinstance(error, FolderError):
                raise FolderError(f"share {folder.wanted.name}: {error}") from None
            raise

    def _explained(self, folder: _Folder, error: OSError) -> FolderError:
        if error.errno in _NO_ROOM:
            free = free_bytes(self.home)
            what = f"share {folder.wanted.name}: {folder.wanted.what}"
            return FolderError(full(os.path.dirname(self.home), what, folder.size, free))
        return folder.wanted.refused(error)

    def _check_place(self, folder: _Folder) -> None:
        source = folder.wanted.source
        if isinstance(source, str) and (self.home + "/").startswith(
            os.path.realpath(source).rstrip("/") + "/"
        ):
            raise FolderError(
                f"share {folder.wanted.name}: the copy of {source} would be in {source} itself "
                f"({self.home}); FAKESMB_TMP names another place"
            )

    # -- reset ---------------------------------------------------------------------------------------------

    def exchange(self, done: Callable[[FolderError | None], None]) -> None:
        """Puts a fresh folder in each one's place; nobody may use them meanwhile, and no thread may be at work.

        Calls `done`: at once where all have spare copies, else later in a thread, with what went wrong.
        """
        missing = []
        for folder in self._folders:
            self._take_away(folder)
            spare, folder.spare = folder.spare, None
            try:
                if spare is None:
                    missing.append(folder)
                else:
                    os.rename(spare, folder.path)
            except FileNotFoundError:  # somebody has cleared up
                missing.append(folder)
        if not missing:
            done(None)
            return
        self._in_thread(lambda: self._fill_again(missing), done)

    def _take_away(self, folder: _Folder) -> None:
        self._olds += 1
        with suppress(FileNotFoundError):  # a local program was there first
            os.rename(folder.path, os.path.join(self.home, f"{_OLD}{self._olds}"))

    def _fill_again(self, missing: list[_Folder]) -> None:
        os.makedirs(self.home, stat.S_IRWXU, exist_ok=True)
        self._remove_old()
        trouble = []
        for folder in missing:
            try:
                self._make(folder, folder.path)
                folder.without = ""
            except FolderError as error:
                trouble.append(error)
                os.makedirs(folder.path, exist_ok=True)
        if trouble:
            raise FolderError("; ".join(map(str, trouble)))

    def _remove_old(self) -> None:
        for name in os.listdir(self.home):
            if name.startswith((_OLD, _MADE)):
                self._remove(os.path.join(self.home, name))

    def _remove(self, path: str) -> None:
        """Unless the end comes, which removes everything and waits for nobody."""
        for _ in removal(path):
            if self._given_up():
                return

    def _given_up(self) -> bool:
        """Whether the end comes; asked at each step of what may be long."""
        if threading.current_thread() in self._threads:
            self._pace.step()
        return self._ending.is_set()

    # -- the thread ----------------------------------------------------------------------------------------

    def _in_thread(
        self, work: Callable[[], None], done: Callable[[FolderError | None], None] | None = None
    ) -> None:
        with self._lock:
            ending = self._ending.is_set()
            if self._busy or (ending and done is None):
                return
            self._busy = not ending
        if ending and done is not None:
            done(FolderError(_STOPPING))
            return
        self._awaited = done is not None
        thread = threading.Thread(target=self._run, args=(work, done), name=THREAD, daemon=True)
        self._threads[:] = [thread]
        try:
            thread.start()
        except RuntimeError:  # none can be had: then it is done here
            self._threads.clear()
            self._run(work, done)

    def _run(self, work: Callable[[], None], done: Callable[[FolderError | None], None] | None) -> None:
        trouble: FolderError | None = None
        try:
            work()
        except Stopped:
            trouble = FolderError(_STOPPING)
        except FolderError as error:
            trouble = error
        except OSError as error:
            trouble = FolderError(f"{self.home}: {error.strerror}")
        except Exception as error:  # whatever it is, those who wait are told
            trouble = FolderError(f"{self.home}: {type(error).__name__}: {error}")
        if trouble is not None and done is None and not self._ending.is_set():
            self._tell(f"private folders: {trouble}")
        with self._lock:
            self._busy = False
            waiting, self._waiting = self._waiting, []
        if done is not None:
            done(trouble)
        for call in waiting:
            call()

    # -- the end -------------------------------------------------------------------------------------------

    def give_up(self) -> None:
        """What a thread is at work on is not wanted any more: the server is about to stop."""
        self._ending.set()

    def close(self) -> None:
        """Removes them all: in a thread that the end of the interpreter waits for, where it takes long."""
        if self._finalizer.detach() is not None:
            self._end()
            self._home.remove()

    def _end(self) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join()


def _clean(home: Home, ending: threading.Event, threads: list[threading.Thread]) -> None:
    """The interpreter ends, and nobody has stopped the server."""
    if not home.is_ours:
        return
    ending.set()
    for thread in threads:
        thread.join()
    home.remove(inf)


def _home_for(wanted: Sequence[Wanted], size: int) -> tuple[Home, bool]:
    """A home where all fit, and whether it takes extended attributes.

    Best is one that takes them and has room for spare copies.
    """
    best: tuple[tuple[bool, ...], str] | None = None
    for place in places():
        remove_left(place)
        free = free_bytes(place)
        home = Home(place)
        xattrs = takes_xattrs(home.path)
        worth = (size <= free, xattrs, 2 * size + MARGIN <= free)
        if all(worth):
            return home, xattrs
        home.remove()
        if best is None or worth > best[0]:
            best = worth, place
    if best is None:
        raise FolderError("there is no folder for private folders: FAKESMB_TMP names one")
    check_room(best[1], size, _told(wanted))
    return Home(best[1]), best[0][1]


def _told(wanted: Sequence[Wanted]) -> str:
    return " and ".join(f"share {one.name}: {one.what}" for one in wanted)


def _directory_of(name: str, number: int) -> str:
    return fold(name).lower() if _PLAIN.fullmatch(name) else f"share-{number}"


def _give(top: str, owner: tuple[int, int]) -> None:
    os.chown(top, *owner)
    for directory, directories, files in os.walk(top):
        for name in (*directories, *files):
            os.chown(os.path.join(directory, name), *owner, follow_symlinks=False)
