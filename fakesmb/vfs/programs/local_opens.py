"""Oplocks and local programs: opening a file breaks its exclusive or batch oplock, changing it ends level II.

inotify tells after the fact and holds nobody back: the client writes back what it kept, but the local program may have
read before. The server's own opens are not among those told of: one that reads or writes has ended the oplock first,
and inotify does not tell of one for attributes (O_PATH).
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Final

from fakesmb.nt.files import Oplock
from fakesmb.vfs.programs import inotify
from fakesmb.vfs.programs.inotify import Inotify
from fakesmb.vfs.reactor import Listen
from fakesmb.vfs.rules import oplocks
from fakesmb.vfs.rules.openfiles import OpenFile
from fakesmb.vfs.store import OplockBreaking

UNGUARDED: Final = 0
"""No watch has this number."""


class LocalOpens:
    """Watches the files that clients hold oplocks of. Without inotify nothing is watched; the record says so once."""

    def __init__(self, listen: Listen, problem: Callable[[str], None]) -> None:
        self._listen = listen
        self._problem = problem
        self._inotify: Inotify | None = None
        self._unlisten: Callable[[], None] | None = None
        self._files: dict[int, OpenFile] = {}
        self._refused = False

    def guard(self, file: OpenFile, fd: int, *, exclusive: bool) -> None:
        """A client holds an oplock of the file now, or one of another level; `fd` is any descriptor of the file."""
        self.release(file)
        if self._refused:
            return
        try:
            if self._inotify is None:
                self._inotify = Inotify()
                self._unlisten = self._listen(self._inotify.fd, self.read)
            wanted = inotify.OPEN if exclusive else inotify.MODIFY
            file.guard = self._inotify.add(f"/proc/self/fd/{fd}", wanted)
        except OSError as error:
            self._refused = True
            self._problem(f"local programs break no oplocks (inotify: {error})")
            return
        self._files[file.guard] = file

    def release(self, file: OpenFile) -> None:
        """No client holds an oplock of the file any longer."""
        if file.guard != UNGUARDED and self._inotify is not None:
            self._inotify.remove(file.guard)
            self._files.pop(file.guard, None)
            file.guard = UNGUARDED

    def read(self) -> None:
        """Reads the events, and breaks the oplocks that they end."""
        if self._inotify is None:
            return
        for event in self._inotify.read():
            file = self._files.get(event.watch)
            if file is not None and event.mask & (inotify.OPEN | inotify.MODIFY):
                _break(file, changed=bool(event.mask & inotify.MODIFY))

    def close(self) -> None:
        """The server ends."""
        for file in list(self._files.values()):
            self.release(file)
        if self._unlisten is not None:
            self._unlisten()
            self._unlisten = None
        if self._inotify is not None:
            self._inotify.close()
            self._inotify = None


def _break(file: OpenFile, *, changed: bool) -> None:
    if changed:
        oplocks.before_change(file)
    else:
        with suppress(OplockBreaking):
            oplocks.break_exclusive(file, Oplock.LEVEL_II)
