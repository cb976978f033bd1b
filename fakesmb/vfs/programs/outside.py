"""Changes that local programs make in directories that clients watch.

inotify reports every change, also those of this server. The store announces its own (`expect`), and their events are
left out: they are in the queue before it is read, so an expected event that is not in it never comes. A change of a
file's content or attributes that both make between two readings is reported once.
"""

from collections import Counter, deque
from collections.abc import Callable
from os import scandir
from typing import TYPE_CHECKING, Final

from fakesmb.nt.files import FileAction, Filter
from fakesmb.vfs.programs import inotify
from fakesmb.vfs.programs.inotify import Event, Inotify
from fakesmb.vfs.programs.places import opened_in_place
from fakesmb.vfs.reactor import CallLater, DelayedCall, Listen
from fakesmb.vfs.rules.localprograms import OwnChange
from fakesmb.vfs.rules.watches import Watches
from fakesmb.world import Turn

if TYPE_CHECKING:
    from os import _ScandirIterator  # what it is called in typeshed

MOST_DIRECTORIES: Final = 8192
"""Directories watched for local changes; those beyond it in a watched tree are left to changes by clients."""
_FEW: Final = 256
"""Up to so many watches are removed one by one; more are ended at once by closing the descriptor."""
_OTHER_HALF_SECONDS: Final = 0.02
_SWEEP_SECONDS: Final = 0.1
"""So long after a watch has ended, those directories are looked for that nobody watches any longer."""
_MODIFIED: Final = Filter.SIZE | Filter.LAST_WRITE
_ATTRIBUTES: Final = (
    Filter.ATTRIBUTES | Filter.LAST_WRITE | Filter.LAST_ACCESS | Filter.CREATION | Filter.EA | Filter.SECURITY
)
"""inotify does not say which of these changed."""
_OWN_KINDS: Final = {
    inotify.CREATE: OwnChange.ADDED,
    inotify.DELETE: OwnChange.REMOVED,
    inotify.MOVED_FROM: OwnChange.MOVED_FROM,
    inotify.MOVED_TO: OwnChange.MOVED_TO,
}


class _Entering:
    """A directory of a watched tree, whose own directories are to be watched: it is looked through in slices."""

    __slots__ = ("entries", "path", "report", "told")

    def __init__(self, path: str, *, report: bool) -> None:
        self.path = path
        self.report = report
        """Whether all in it is new, and nobody has been told."""
        self.told: set[str] = set()
        """Names of which events have told since it is watched."""
        self.entries: _ScandirIterator[str] | None = None


class OutsideChanges:
    """`vfs.rules.localprograms.Outside` by inotify.

    Its descriptor stays from the first watch on: the kernel takes some 20 ms to close one that has watched.
    """

    def __init__(
        self,
        watches: Watches,
        listen: Listen,
        call_later: CallLater,
        problem: Callable[[str], None],
        turn: Turn | None = None,
    ) -> None:
        self._turn = turn or Turn()
        self._watches = watches
        self._listen = listen
        self._call_later = call_later
        self._problem = problem
        self._inotify: Inotify | None = None
        self._unlisten: Callable[[], None] | None = None
        self._paths: dict[int, str] = {}
        self._numbers: dict[str, int] = {}
        self._to_enter: deque[_Entering] = deque()
        """New directories first."""
        self._new_ones: dict[str, _Entering] = {}
        """Those of them that are new, by their paths."""
        self._reading_on: DelayedCall | None = None
        self._to_sweep: list[str] | None = None
        """Those that are still to be looked at, of directories that may be watched for nobody."""
        self._sweep_again = False
        self._entering: DelayedCall | None = None
        self._sweeping: DelayedCall | None = None
        self._expected: Counter[tuple[int, str]] = Counter()
        self._touched: set[str] = set()
        self._moving: tuple[int, str, int] | None = None
        """The first half of a rename: its cookie, the old path, and FILE_NAME or DIR_NAME."""
        self._finishing: DelayedCall | None = None
        self._told = False

    # -- what is watched -----------------------------------------------------------------------------------

    def begin(self, path: str, fd: int, *, recursive: bool) -> None:
        """A directory is watched from now on. Where the system refuses, changes by clients are told all the same."""
        if self._inotify is None:
            try:
                self._inotify = Inotify()
            except OSError as error:
                self._refused(error)
                return
        if self._unlisten is None:
            self._unlisten = self._listen(self._inotify.fd, self.read)
        if self._add(f"/proc/self/fd/{fd}", path) and recursive:
            self._enter_later(path)

    def end(self) -> None:
        """A watch has ended: directories that no other watch needs are watched no longer."""
        if self._inotify is None:
            return
        if not self._watches.active:
            self._rest()
            return
        if self._sweeping is None:  # thousands may end at once
            self._sweeping = self._call_later(_SWEEP_SECONDS, self._sweep)
        elif self._to_sweep is not None:
            self._sweep_again = True

    def _sweep(self) -> None:
        """Looks for directories that nobody watches any longer, a slice of them."""
        self._sweeping = None
        self._turn.spare()
        tops = {(watch.path, watch.recursive) for watch in self._watches}
        left = list(self._numbers) if self._to_sweep is None else self._to_sweep
        self._to_sweep = None
        while left:
            path = left.pop()
            if path in self._numbers and not _needed(path, tops):
                self._drop(path)
            if not len(left) % _FEW and left and self._turn.over():
                self._to_sweep = left
                self._sweeping = self._call_later(0, self._sweep)
                return
        if self._sweep_again:
            self._sweep_again = False
            self.end()

    def close(self) -> None:
        """Ends all watches and closes the descriptor; a new watch opens another."""
        self._rest()
        if self._inotify is not None:
            self._inotify.close()
            self._inotify = None

    def _rest(self) -> None:
        if self._unlisten is not None:
            self._unlisten()
            self._unlisten = None
        if self._entering is not None and self._entering.active():
            self._entering.cancel()
        if self._sweeping is not None and self._sweeping.active():
            self._sweeping.cancel()
        if self._reading_on is not None and self._reading_on.active():
            self._reading_on.cancel()
        self._sweeping = self._reading_on = self._to_sweep = None
        self._sweep_again = False
        self._moving = None
        self._forget_timer()
        if self._inotify is not None and len(self._paths) <= _FEW:
            for number in self._paths:
                self._inotify.remove(number)
        elif self._inotify is not None:
            self._inotify.close()
            self._inotify = None
        self._paths.clear()
        self._numbers.clear()
        if self._to_enter and self._to_enter[0].entries is not None:
            self._to_enter[0].entries.close()
        self._to_enter.clear()
        self._new_ones.clear()
        self._expected.clear()
        self._touched.clear()

    def _add(self, place: str, path: str) -> bool:
        """Watches one directory by `place`, known as `path`."""
        if self._inotify is None:
            return False
        if len(self._numbers) >= MOST_DIRECTORIES:
            self._refused(f"more than {MOST_DIRECTORIES} directories")
            return False
        try:
            number = self._inotify.add(place)
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            return False
        except OSError as error:
            self._refused(error)
            return False
        self._paths[number] = path
        self._numbers[path] = number
        return True

    def _refused(self, why: object) -> None:
        if not self._told:
            self._told = True
            self._problem(f"not all changes by local programs can be seen (inotify: {why})")

    def _drop(self, path: str) -> None:
        number = self._numbers.pop(path)
        self._paths.pop(number, None)
        if self._inotify is not None:
            self._inotify.remove(number)

    def _enter_later(self, path: str) -> None:
        self._to_enter.append(_Entering(path, report=False))
        self._go_on_entering()

    def _go_on_entering(self) -> None:
        if self._to_enter and (self._entering is None or not self._entering.active()):
            self._entering = self._call_later(0, self._enter_some)

    def _enter_some(self) -> None:
        """Goes on watching the directories in a watched tree, and telling what is in new ones: a slice of it."""
        self._turn.spare()
        tells = bool(self._new_ones)
        while self._to_enter and self._enter_part() and not self._turn.over():
            pass
        self._go_on_entering()
        if tells:
            self.read()  # what is in the queue of what was just told

    def _enter_new(self, path: str) -> None:
        """A directory is new, and watched from now on: all in it is told, at any depth."""
        one = self._new_ones[path] = _Entering(path, report=True)
        self._put_first(one)
        while self._to_enter and self._to_enter[0].report and not self._turn.over():
            self._enter_part()
        self._go_on_entering()

    def _put_first(self, one: _Entering) -> None:
        """Behind the one that has been begun."""
        begun = self._to_enter and self._to_enter[0].entries is not None
        self._to_enter.insert(1 if begun else 0, one)

    def _enter_part(self) -> bool:
        """Looks through the next directory; False where the turn was over before its end."""
        one = self._to_enter[0]
        try:
            if one.entries is None:
                with opened_in_place(one.path) as fd:
                    one.entries = scandir(fd)
            for entry in one.entries:
                self._enter_entry(one, entry.name, directory=entry.is_dir(follow_symlinks=False))
                if self._to_enter and self._to_enter[0] is not one:
                    return True  # a report ended the last watch
                if self._turn.over():
                    return False
            one.entries.close()
        except OSError:
            if one.entries is not None:
                one.entries.close()
        self._to_enter.popleft()
        if one.report and self._new_ones.get(one.path) is one:
            del self._new_ones[one.path]
        return True

    def _enter_entry(self, one: _Entering, name: str, *, directory: bool) -> None:
        inner = f"{one.path.rstrip('/')}/{name}"
        if one.report and name not in one.told:
            self._expected[OwnChange.ADDED, inner] += 1
            self._watches.report(inner, FileAction.ADDED, _name_bit(directory))
        if directory and inner not in self._numbers and self._add_in_place(inner):
            new = _Entering(inner, report=one.report)
            if one.report:
                self._new_ones[inner] = new
                self._put_first(new)
            else:
                self._to_enter.append(new)

    def _add_in_place(self, path: str) -> bool:
        """Watches the directory at a path, unless a link is there or on the way by now."""
        try:
            with opened_in_place(path) as fd:
                return self._add(f"/proc/self/fd/{fd}", path)
        except OSError:
            return False

    def _is_in_tree(self, path: str) -> bool:
        """Whether somebody watches all directories at and around this path."""
        tops = {(watch.path, True) for watch in self._watches if watch.recursive}
        return _needed(path, tops)

    # -- what this server does -----------------------------------------------------------------------------

    def expect(self, kind: int, path: str, *, directory: bool = False) -> None:
        """The store has just made this change and reports it itself."""
        if (path.rpartition("/")[0] or "/") not in self._numbers:
            return
        self._touched.add(path)
        if kind != OwnChange.TOUCHED:
            self._expected[kind, path] += 1
        if directory and kind == OwnChange.ADDED:
            self._follow(path)
        elif directory and kind == OwnChange.REMOVED:
            self._numbers.pop(path, None)  # another may get its path before the system has ended its watch

    def moved(self, old: str, new: str) -> None:
        """A directory has another path now."""
        inside = old + "/"
        for path in [path for path in self._numbers if path == old or path.startswith(inside)]:
            number = self._numbers.pop(path)
            now = new + path[len(old) :]
            self._numbers[now] = number
            self._paths[number] = now
        for one in self._to_enter:
            if one.path == old or one.path.startswith(inside):
                if self._new_ones.pop(one.path, None) is not None:
                    self._new_ones[new + one.path[len(old) :]] = one
                one.path = new + one.path[len(old) :]
        if not self._is_in_tree(new):
            self.end()  # what is in it may be watched for nobody now
        elif new not in self._numbers:
            self._follow(new)

    def _follow(self, path: str) -> None:
        """Something new is there: if it is a directory of a watched tree, it is watched as well."""
        if path not in self._numbers and self._is_in_tree(path) and self._add_in_place(path):
            self._enter_later(path)

    # -- what others do ------------------------------------------------------------------------------------

    def read(self) -> None:
        """Reads the events, and reports the changes that this server did not make.

        Of a flood it leaves some for a later turn: then it is not known yet which expected events never come.
        """
        if self._inotify is None:
            return
        self._turn.begin()
        reported: set[tuple[str, int]] = set()
        for event in self._inotify.read(pause=self._turn.over):
            self._take(event, reported)
            if not self._watches.active:  # a report ended the last watch
                return
        if self._moving is not None and self._finishing is None:
            # Whoever renames may be held up between the system's two events.
            self._finishing = self._call_later(_OTHER_HALF_SECONDS, self._finish_move)
        if self._inotify.drained:
            self._expected.clear()
            self._touched.clear()
        elif self._reading_on is None or not self._reading_on.active():
            self._reading_on = self._call_later(0, self.read)

    def _take(self, event: Event, reported: set[tuple[str, int]]) -> None:
        if event.mask & inotify.OVERFLOW:
            self._watches.overflow()
            return
        directory = self._paths.get(event.watch)
        if directory is None:
            return
        if not event.name:
            self._take_self(event, directory)
            return
        path = f"{directory.rstrip('/')}/{event.name}"
        kind = event.mask & 0xFFF
        if kind != inotify.MOVED_TO:
            self._finish_move()
        if kind in (inotify.MODIFY, inotify.ATTRIB):
            if path not in self._touched and (path, kind) not in reported:
                reported.add((path, kind))
                bits = _MODIFIED if kind == inotify.MODIFY else _ATTRIBUTES
                self._watches.report(path, FileAction.MODIFIED, bits)
            return
        own = (_OWN_KINDS[kind], path)
        if self._expected[own] > 0:
            self._expected[own] -= 1
            self._finish_move()
            return
        reported.discard((path, inotify.MODIFY))
        reported.discard((path, inotify.ATTRIB))
        self._take_name(event, kind, path)

    def _take_self(self, event: Event, directory: str) -> None:
        """An event of a watched directory itself: only moves matter."""
        if event.mask & inotify.IGNORED:
            self._paths.pop(event.watch, None)
            if self._numbers.get(directory) == event.watch:
                del self._numbers[directory]
        elif event.mask & inotify.MOVE_SELF:
            for watch in self._watches:
                if watch.path == directory:
                    self._watches.moved(directory, watch.handle.place())

    def _take_name(self, event: Event, kind: int, path: str) -> None:
        directory = bool(event.mask & inotify.IS_DIRECTORY)
        bit = _name_bit(directory)
        if self._new_ones and (one := self._new_ones.get(path.rpartition("/")[0] or "/")) is not None:
            one.told.add(event.name)
        if kind == inotify.CREATE:
            self._watches.report(path, FileAction.ADDED, bit)
            self._new(path, directory=directory)
        elif kind == inotify.DELETE:
            self._numbers.pop(path, None)
            self._watches.report(path, FileAction.REMOVED, bit)
        elif kind == inotify.MOVED_FROM:
            self._moving = (event.cookie, path, bit)
        elif self._moving is not None and self._moving[0] == event.cookie:
            old = self._moving[1]
            self._moving = None
            self._forget_timer()
            self._watches.report_rename(old, path, directory=directory)
        else:
            self._finish_move()
            self._watches.report(path, FileAction.ADDED, bit)
            if directory:
                self._follow(path)

    def _new(self, path: str, *, directory: bool) -> None:
        """A local program made it; if it is a directory, things may be in it before it is watched."""
        if directory and self._is_in_tree(path) and self._add_in_place(path):
            self._enter_new(path)

    def _finish_move(self) -> None:
        """A rename without its second event: the new name is in a directory that is not watched."""
        self._forget_timer()
        if self._moving is not None:
            (_, path, bit), self._moving = self._moving, None
            self._watches.report(path, FileAction.REMOVED, bit)
            inside = path + "/"
            for gone in [known for known in self._numbers if known == path or known.startswith(inside)]:
                self._drop(gone)

    def _forget_timer(self) -> None:
        if self._finishing is not None and self._finishing.active():
            self._finishing.cancel()
        self._finishing = None


def _name_bit(directory: bool) -> int:
    return Filter.DIR_NAME if directory else Filter.FILE_NAME


def _needed(path: str, tops: set[tuple[str, bool]]) -> bool:
    """Whether a directory is one of those, or in one of those that are watched as a tree."""
    if (path, False) in tops or (path, True) in tops:
        return True
    while path:
        path = path.rpartition("/")[0]
        if (path or "/", True) in tops:
            return True
    return False
