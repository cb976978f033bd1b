"""Oplocks and local programs: changing a file ends the oplocks that clients hold of it, reading it ends none.

Clients that ask for oplocks and cannot take a break (impacket) are thus not disturbed by a program that looks at their
files; what a client keeps back, such a program does not see. A share may have oplocks end when a file is opened at all.

inotify tells after the fact and holds nobody back. It tells of the holder's own changes (`oplocks.changed_locally`)
and of no open of the server's: one that reads or writes has ended the oplock first, and one for attributes is O_PATH.
A holder that writes and is alone with the file is thus watched without its changes, which would cost as much as the
writes, until somebody else opens the file. Where a local program has it open, the file's write time tells whose a
change was. What a program writes through a mapping the kernel tells of when the mapping ends, and not before.
"""

import fcntl
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from fakesmb.vfs.programs import inotify
from fakesmb.vfs.programs.inotify import Inotify
from fakesmb.vfs.reactor import Listen
from fakesmb.vfs.rules import oplocks
from fakesmb.vfs.rules.openfiles import OpenFile

_SET_SIGNAL: Final = 10
_SET_LEASE: Final = 1024
"""F_SETSIG and F_SETLEASE of fcntl(2), which only Linux has."""

UNGUARDED: Final = 0
"""No watch has this number."""


class Guarded:
    """A file that is watched, and how."""

    __slots__ = ("exclusive", "facts", "fd", "file", "opens", "wanted", "write_time")

    def __init__(self, file: OpenFile, fd: int, *, exclusive: bool, opens: bool) -> None:
        self.file = file
        self.fd = fd
        """The holder's descriptor: open as long as its oplock lasts."""
        self.exclusive = exclusive
        self.opens = exclusive and opens
        self.wanted = 0
        self.facts: tuple[int, ...] = ()
        self.write_time = 0
        if exclusive:
            self.look()

    def look(self) -> None:
        """Remembers what local programs may set, but for what reading changes (the access time)."""
        st = os.fstat(self.fd)
        self.facts = (st.st_nlink, st.st_mode, st.st_uid, st.st_gid)
        self.write_time = st.st_mtime_ns

    def events(self, *, changes: bool) -> int:
        """What to be told of: changes, or only the programs that could make some."""
        if not self.exclusive:
            return inotify.MODIFY
        opens = inotify.OPEN if self.opens or not changes else 0
        always = inotify.CLOSE_WRITE | inotify.ATTRIB | inotify.MOVE_SELF
        return always | opens | (inotify.MODIFY if changes else 0)

    @property
    def sees_changes(self) -> bool:
        """Whether the kernel tells of each change; else only of who opens the file, and of who lets it go."""
        return bool(self.wanted & inotify.MODIFY)

    def was_changed(self) -> bool:
        """Whether the write time tells of a local program's change; False where it may be of the server's own doing."""
        oplocks_of = self.file.oplocks
        if not self.exclusive or oplocks_of is None or oplocks_of.own or oplocks_of.own_facts:
            return False
        return os.fstat(self.fd).st_mtime_ns != self.write_time

    def heed_facts(self) -> None:
        """Times, mode, owner, links or extended attributes were set, by the server or a local program."""
        oplocks_of = self.file.oplocks
        links, others, write_time = self.facts[0], self.facts[1:], self.write_time
        self.look()
        if not self.facts[0]:  # an editor has put another in its place, or it was deleted
            oplocks.lost_locally(self.file)
        elif oplocks_of is None or oplocks_of.own_facts:
            return
        elif links != self.facts[0]:
            oplocks.renamed_locally(self.file)
        elif others != self.facts[1:] or (write_time != self.write_time and not oplocks_of.own):
            oplocks.opened_locally(self.file)

    def heed_move(self) -> None:
        """It was renamed: by the server, where it is at the path that its holder has by now."""
        oplocks_of = self.file.oplocks
        held = oplocks_of.exclusive if oplocks_of is not None else None
        if oplocks_of is None or held is None or oplocks_of.own_facts:
            return
        try:
            there = os.path.samestat(os.lstat(held.handle.disk_path), os.fstat(self.fd))
        except OSError:
            there = False
        if not there:
            oplocks.renamed_locally(self.file)


class LocalOpens:
    """Watches the files that clients hold oplocks of. Without inotify nothing is watched; the record says so once."""

    def __init__(self, listen: Listen, problem: Callable[[str], None]) -> None:
        self._listen = listen
        self._problem = problem
        self._inotify: Inotify | None = None
        self._unlisten: Callable[[], None] | None = None
        self._files: dict[int, Guarded] = {}
        self._refused = False

    def guard(self, file: OpenFile, fd: int, *, exclusive: bool, opens: bool) -> None:
        """A client holds an oplock of the file now, or one of another level; `fd` is the holder's descriptor.

        `opens`: a local program that opens the file breaks an exclusive one, even to read.
        """
        self.release(file)
        if self._refused:
            return
        guarded = Guarded(file, fd, exclusive=exclusive, opens=opens)
        try:
            if self._inotify is None:
                self._inotify = Inotify()
                self._unlisten = self._listen(self._inotify.fd, self.read)
            file.guard = self._watch(self._inotify, guarded, changes=True)
        except OSError as error:
            self._refused = True
            self._problem(f"local programs break no oplocks (inotify: {error})")
            return
        self._files[file.guard] = guarded

    def _watch(self, watches: Inotify, guarded: Guarded, *, changes: bool) -> int:
        wanted = guarded.events(changes=changes)
        if wanted == guarded.wanted:
            return guarded.file.guard
        guarded.wanted = wanted
        return watches.add(f"/proc/self/fd/{guarded.fd}", wanted)

    def release(self, file: OpenFile) -> None:
        """No client holds an oplock of the file any longer."""
        if file.guard != UNGUARDED and self._inotify is not None:
            self._inotify.remove(file.guard)
            self._files.pop(file.guard, None)
            file.guard = UNGUARDED

    def read(self) -> None:
        """Reads the events, and breaks the oplocks that they end."""
        watches = self._inotify
        if watches is None:
            return
        seen: dict[int, int] = {}
        for event in watches.read(lambda: True):  # what a flood has more of comes with the next turn
            guarded = self._files.get(event.watch)
            if guarded is not None:
                seen[event.watch] = seen.get(event.watch, 0) | event.mask
                _heed(guarded, event.mask)
        for watch, mask in seen.items():
            guarded = self._files.get(watch)
            if guarded is not None and guarded.exclusive:
                self._watch_on(watches, guarded, mask)

    def _watch_on(self, watches: Inotify, guarded: Guarded, mask: int) -> None:
        """Changes of a holder that is alone with the file are not looked at any more, until somebody opens it."""
        if (
            mask & inotify.OPEN and not guarded.sees_changes
        ):  # until now: whoever opened it may have changed it
            if guarded.was_changed():
                oplocks.lost_locally(guarded.file)
            oplocks.may_have_changed(guarded.file)
        own = oplocks.looked_at(guarded.file)
        alone = own and not mask & inotify.OPEN and is_alone(guarded.fd)
        if own:
            oplocks.share(guarded.file, alone=alone)
            guarded.look()
        with suppress(OSError):
            self._watch(watches, guarded, changes=not alone)

    def close(self) -> None:
        """The server ends."""
        for guarded in list(self._files.values()):
            self.release(guarded.file)
        if self._unlisten is not None:
            self._unlisten()
            self._unlisten = None
        if self._inotify is not None:
            self._inotify.close()
            self._inotify = None


def _heed(guarded: Guarded, mask: int) -> None:
    if mask & inotify.OPEN and guarded.opens:
        oplocks.opened_locally(guarded.file)
    # The kernel tells of no change through a mapping: the write time does, once it has ended.
    if mask & inotify.CLOSE_WRITE and (not guarded.sees_changes or guarded.was_changed()):
        oplocks.may_have_changed(guarded.file)
    if mask & (inotify.MODIFY | inotify.CLOSE_WRITE):
        oplocks.changed_locally(guarded.file, closed=not mask & inotify.MODIFY)
    if mask & inotify.ATTRIB and guarded.exclusive:
        guarded.heed_facts()
    if mask & inotify.MOVE_SELF and guarded.exclusive:
        guarded.heed_move()


def is_alone(fd: int) -> bool:
    """Whether no other program has the file open; False where that is not known.

    The kernel gives a lease to nobody else. It is given back at once, and who opens the file meanwhile waits so long;
    the signal that the kernel sends then is one that is ignored.
    """
    try:
        fcntl.fcntl(fd, _SET_SIGNAL, signal.SIGURG)
        fcntl.fcntl(fd, _SET_LEASE, fcntl.F_WRLCK)
        fcntl.fcntl(fd, _SET_LEASE, fcntl.F_UNLCK)
    except OSError:  # another has it open, or the disk knows no leases, or the file belongs to another user
        return False
    return True
