"""Byte-range locks of local programs, fcntl(2): clients meet them, and local programs meet the locks of clients.

A file's locks are held once more, for the system, as open file description locks (Linux): their owner is a descriptor,
so that those of this process belong to all its clients together, and closing another descriptor frees none of them.
"""

import errno
import os
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from fakesmb.nt.status import SMBError
from fakesmb.vfs.reactor import CallLater, DelayedCall
from fakesmb.vfs.rules.localprograms import BEYOND, LocalLock

try:
    from fcntl import F_OFD_GETLK, F_OFD_SETLK, F_RDLCK, F_UNLCK, F_WRLCK, fcntl
except ImportError:  # only Linux has these locks
    SUPPORTED = False
else:
    SUPPORTED = True

_FLOCK: Final = struct.Struct("@hhqqi4x")
"""struct flock of 64-bit Linux: type, whence, start, length (0: to the end of all files), process."""
_ANYTHING: Final = _FLOCK.pack(F_WRLCK, os.SEEK_SET, 0, 0, 0) if SUPPORTED else b""
_UNLOCKED: Final = struct.pack("@h", F_UNLCK) if SUPPORTED else b""
_IN_THE_WAY: Final = (errno.EAGAIN, errno.EACCES)
POLL_SECONDS: Final = 0.1


class LocalLocks:
    """The system's view of one file's locks: `vfs.rules.localprograms.LocalLocks` by fcntl(2)."""

    __slots__ = ("_again", "_call_later", "_fd", "_settle", "_timer")

    def __init__(self, call_later: CallLater, settle: Callable[[int], int] = int) -> None:
        """`settle` gives the descriptor in place of one that is to stay open, or raises (`DescriptorRoom`)."""
        self._call_later = call_later
        self._settle = settle
        self._fd = -1
        """The descriptor that owns the clients' locks while there are any: they do not exclude each other here."""
        self._again: Callable[[], None] | None = None
        self._timer: DelayedCall | None = None

    def obstacle(self, fd: int, start: int, end: int, *, exclusive: bool) -> LocalLock | None:
        """The lock of a local program that keeps `[start, end)` from being locked, or used, in that way."""
        if start >= BEYOND or start == end:
            return None
        kind = F_WRLCK if exclusive else F_RDLCK
        found = fcntl(fd if self._fd < 0 else self._fd, F_OFD_GETLK, _request(kind, start, end))
        kind, _, start, length, pid = _FLOCK.unpack(found)
        if kind == F_UNLCK:
            return None
        return LocalLock(start, start + length if length else BEYOND, kind == F_WRLCK, pid)

    def any(self, fd: int) -> bool:
        """Whether a local program has locked anything: every read and write asks, so it is quick where nobody has."""
        return fcntl(fd if self._fd < 0 else self._fd, F_OFD_GETLK, _ANYTHING)[:2] != _UNLOCKED

    def take(self, fd: int, start: int, end: int, *, exclusive: bool) -> bool:
        """Locks a range of which clients hold nothing; False where a local program's lock is in the way."""
        if start >= BEYOND or start == end:
            return True
        fresh = self._fd < 0
        self.begin(fd)
        try:
            fcntl(self._fd, F_OFD_SETLK, _request(F_WRLCK if exclusive else F_RDLCK, start, end))
        except OSError as error:
            if error.errno in _IN_THE_WAY:
                taken = False
            else:  # the descriptor or the disk does not take this kind of lock
                taken = self.obstacle(fd, start, end, exclusive=exclusive) is None
                if taken:
                    self.hold(fd, start, end, exclusive=exclusive)
            if fresh and not taken:
                os.close(self._fd)
                self._fd = -1
            return taken
        return True

    def begin(self, fd: int) -> None:
        """Clients are about to lock through `fd`; raises TOO_MANY_OPENED_FILES where no descriptor is left for that."""
        if self._fd < 0:
            own = os.dup(fd)
            try:
                self._fd = self._settle(own)
            except BaseException:
                os.close(own)
                raise

    def take_all(self) -> bool:
        """Locks the whole file instead of what clients hold of it; False where that cannot be.

        A descriptor for reading only, through which nothing else than reading locks are told either, locks it so.
        """
        for kind in (F_WRLCK, F_RDLCK):
            try:
                fcntl(self._fd, F_OFD_SETLK, _request(kind, 0, BEYOND))
            except OSError as error:
                if error.errno != errno.EBADF:
                    return False
            else:
                return True
        return False

    def hold(self, fd: int, start: int, end: int, *, exclusive: bool) -> None:
        """Tells the system of a range that clients hold, through a descriptor of whoever locks it."""
        with suppress(OSError, SMBError):  # then local programs do not see it
            self.begin(fd)
        kinds = (F_WRLCK, F_RDLCK) if exclusive else (F_RDLCK, F_WRLCK)
        if not any(self._set(kind, start, end) for kind in kinds):
            self.release(start, end)

    def release(self, start: int, end: int) -> None:
        """No client holds anything of this range any longer."""
        self._set(F_UNLCK, start, end)

    def release_all(self) -> None:
        """No client holds anything. What locked may stay open: closing our descriptor alone frees nothing."""
        if self._fd >= 0:
            self._set(F_UNLCK, 0, BEYOND)
            os.close(self._fd)
            self._fd = -1

    def _set(self, kind: int, start: int, end: int) -> bool:
        """Whether it was locked: a descriptor for reading cannot lock exclusively, and one for writing cannot share."""
        if start >= BEYOND or start == end or self._fd < 0:
            return True
        try:
            fcntl(self._fd, F_OFD_SETLK, _request(kind, start, end))
        except OSError as error:
            if error.errno == errno.EBADF:
                return False
            if error.errno not in (*_IN_THE_WAY, errno.ENOLCK, errno.EINVAL, errno.EOPNOTSUPP):
                raise
        return True

    # The system tells nobody that a lock is gone.

    def call_again(self, again: Callable[[], None]) -> None:
        """Calls back every tenth of a second until `call_no_more`: a request waits for a range."""
        self._again = again
        if self._timer is None or not self._timer.active():
            self._timer = self._call_later(POLL_SECONDS, self._call)

    def call_no_more(self) -> None:
        """No request waits any longer."""
        self._again = None
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None

    def _call(self) -> None:
        again, self._timer = self._again, None
        if again is not None:
            again()
            if self._again is not None:
                self.call_again(self._again)


def _request(kind: int, start: int, end: int) -> bytes:
    """A struct flock; a range that goes on to the end of all files has the length 0."""
    return _FLOCK.pack(kind, os.SEEK_SET, start, end - start if end < BEYOND else 0, 0)
