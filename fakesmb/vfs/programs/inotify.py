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
"""Bytes read at once: some 200 events."""


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
        self._left, self._at = b"", 0
        """What has been read and not been told yet, from a place on."""
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

    def read(self, enough: Callable[[], bool] = bool, pause: Callable[[], bool] = bool) -> Iterator[Event]:
        """The events until now, those that arrive while it runs included, or until it is `enough`: that is asked
        where all that was read has been told, and `pause` after each event.

        `drained` says afterwards whether more are left, which the descriptor need not tell: they may have been read.
        """
        self.drained = False
        while True:
            if self._at >= len(self._left):
                if self._left and enough():
                    self._left = b""
                    return
                try:
                    self._left, self._at = os.read(self.fd, _READ), 0
                except BlockingIOError:
                    self.drained = True
                    return
            watch, mask, cookie, length = _EVENT.unpack_from(self._left, self._at)
            begins = self._at + _EVENT.size
            self._at = begins + length
            yield Event(watch, mask, cookie, os.fsdecode(self._left[begins : self._at].rstrip(b"\0")))
            if pause():
                return

    def close(self) -> None:
        """Ends all watches."""
        os.close(self.fd)
