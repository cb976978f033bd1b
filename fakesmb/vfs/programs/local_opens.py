"""Oplocks and local programs: changing a file ends the oplocks that clients hold of it, reading it ends none.

Clients that ask for oplocks and cannot take a break (impacket) are thus not disturbed by a program that looks at their
files; what a client keeps back, such a program does not see. A share may have oplocks end when a file is opened at all.

inotify tells after the fact and holds nobody back. It tells of the holder's own changes (`oplocks.changed_locally`)
and of no open of the server's: one that reads or writes has ended the oplock first, and one for attributes is O_PATH.
"""

from collections.abc import Callable
from typing import Final

from fakesmb.vfs.programs import inotify
from fakesmb.vfs.programs.inotify import Inotify
from fakesmb.vfs.reactor import Listen
from fakesmb.vfs.rules import oplocks
from fakesmb.vfs.rules.openfiles import OpenFile

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

    def guard(self, file: OpenFile, fd: int, *, exclusive: bool, opens: bool) -> None:
        """A client holds an oplock of the file now, or one of another level; `fd` is any descriptor of the file.

        `opens`: a local program that opens the file breaks an exclusive one, even to read.
        """
        self.release(file)
        if self._refused:
            return
        try:
            if self._inotify is None:
                self._inotify = Inotify()
                self._unlisten = self._listen(self._inotify.fd, self.read)
            wanted = inotify.MODIFY
            if exclusive:
                wanted |= inotify.CLOSE_WRITE | (inotify.OPEN if opens else 0)
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
        seen = set()
        for event in self._inotify.read():
            file = self._files.get(event.watch)
            if file is not None:
                seen.add(file)
                _heed(file, event.mask)
        for file in seen:
            oplocks.looked_at(file)

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


def _heed(file: OpenFile, mask: int) -> None:
    if mask & inotify.OPEN:
        oplocks.opened_locally(file)
    if mask & (inotify.MODIFY | inotify.CLOSE_WRITE):
        oplocks.changed_locally(file, closed=not mask & inotify.MODIFY)
