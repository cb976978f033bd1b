"""Linux' inotify(7): which names in which directories change, whoever changes them."""

import ctypes
import os
import struct
import sys
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

CREATE: Final = 0x00000100
DELETE: Final = 0x00000200
MODIFY: Final = 0x00000002
CLOSE_WRITE: Final = 0x00000008
OPEN: Final = 0x00000020
ATTRIB: Final = 0x00000004
MOVED_FROM: Final = 0x00000040
MOVED_TO: Final = 0x00000080
MOVE_SELF: Final = 0x00000800
OVERFLOW: Final = 0x00004000
IGNORED: Final = 0x00008000
IS_DIRECTORY: Final = 0x40000000

_ONLY_DIRECTORY: Final = 0x01000000
_NO_UNLINKED: Final = 0x04000000
OF_DIRECTORIES: Final = (
    CREATE | DELETE | MODIFY | ATTRIB | MOVED_FROM | MOVED_TO | MOVE_SELF | _ONLY_DIRECTORY | _NO_UNLINKED
)
_EVENT: Final = struct.Struct("=iIII")
_READ: Final = 0x2000
"""Bytes read at once: some 200 events, which take a few milliseconds to tell."""


class Event(NamedTuple):
    """One change: `name` in the directory that `watch` stands for, or ("") that directory itself."""

    watch: int
    mask: int
    cookie: int
    """The same in both halves of a rename."""
    name: str


class Inotify:
    """One inotify instance. Raises OSError where the system has none, or no more (ENOSPC, EMFILE)."""

    def __init__(self) -> None:
        if sys.platform != "linux":
            raise OSError("only Linux has inotify")
        self.drained = True
        self._libc = ctypes.CDLL(None, use_errno=True)
        self.fd = self._checked(self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))

    def _checked(self, result: int) -> int:
        if result < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        return result

    def add(self, path: str, wanted: int = OF_DIRECTORIES) -> int:
        """Watches a directory or file; its number, never 0, which is the same if it was watched before."""
        return self._checked(self._libc.inotify_add_watch(self.fd, os.fsencode(path), wanted))

    def remove(self, watch: int) -> None:
        """Watches it no longer. One that the system has ended by itself is no error."""
        self._libc.inotify_rm_watch(self.fd, watch)

    def read(self, enough: Callable[[], bool] = bool) -> Iterator[Event]:
        """The events until now, those that arrive while it runs included; all that were read when it is `enough`.

        `drained` says afterwards whether more are left.
        """
        self.drained = False
        while True:
            try:
                data = os.read(self.fd, _READ)
            except BlockingIOError:
                self.drained = True
                return
            at = 0
            while at < len(data):
                watch, mask, cookie, length = _EVENT.unpack_from(data, at)
                at += _EVENT.size
                name = data[at : at + length].rstrip(b"\0")
                at += length
                yield Event(watch, mask, cookie, os.fsdecode(name))
            if enough():
                return

    def close(self) -> None:
        """Ends all watches."""
        os.close(self.fd)
