"""The directory that has all private folders of one server, and is gone when the server is, however that ends.

Its owner holds a lock on it as long as it lives. One that nobody holds was left by a server that was killed, and the
next one takes it away: only directories of the same user, with the name, the rights and the mark that servers give.
"""

import errno
import fcntl
import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final

from fakesmb.folders.errors import FolderError
from fakesmb.folders.leftovers import NEW, PREFIX
from fakesmb.folders.removal import removal
from fakesmb.folders.slices import AT_ONCE, finish_in_time

MARK: Final = ".fakesmb"
"""A file in each home: what has none is nobody's to remove. It goes last."""
_MARKED: Final = (
    b"The private folder of a fakesmb server, which removes it; after a killed one the next does.\n"
)
_RIGHTS: Final = stat.S_IRWXU
_OLD_SECONDS: Final = 60.0
_NO_LOCKS: Final = frozenset({errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL})


class Home:
    """One server's directory, of mode 0700, in `place`. Raises `FolderError` where none can be made there."""

    def __init__(self, place: str) -> None:
        self._fd = -1
        self._pid = os.getpid()
        try:
            new = tempfile.mkdtemp(prefix=NEW, dir=place)
            self.path = os.path.join(place, PREFIX + os.path.basename(new).removeprefix(NEW))
            try:
                self._fd = os.open(new, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
                _lock(self._fd)
                with open(os.path.join(new, MARK), "xb") as mark:
                    mark.write(_MARKED)
                os.rename(new, self.path)
            except BaseException:
                self._let_go()
                for _ in _removal_of(new):
                    pass
                raise
        except OSError as error:
            raise FolderError(f"no private folder can be made in {place}: {error.strerror}") from None

    @property
    def is_ours(self) -> bool:
        """Whether this is the process that made it, and not one that was forked."""
        return self._pid == os.getpid()

    def remove(self, seconds: float = AT_ONCE) -> None:
        """Removes it with all that is in it: what takes longer than `seconds`, in a thread."""
        if self.is_ours:
            finish_in_time(_removal_of(self.path), self._let_go, seconds)
        else:
            self._let_go()

    def _let_go(self) -> None:
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)


def _removal_of(home: str) -> Iterator[None]:
    for name in _names(home):
        path = os.path.join(home, name)
        if name != MARK:
            yield from removal(path)
            with suppress(OSError):
                os.unlink(path)
    with suppress(OSError):
        os.unlink(os.path.join(home, MARK))
    with suppress(OSError):
        os.rmdir(home)


def _names(home: str) -> list[str]:
    try:
        return os.listdir(home)
    except OSError:
        return []


def _lock(fd: int) -> bool:
    """Whether the lock is ours now. Where the disk knows no locks it is nobody's, and nothing is taken for left."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _NO_LOCKS or isinstance(error, BlockingIOError):
            return False
        raise
    return True


def remove_if_left(path: str) -> None:
    """Removes a home that nobody holds; leaves all else. Raises OSError."""
    st = os.lstat(path)
    if not stat.S_ISDIR(st.st_mode) or st.st_uid != os.geteuid() or stat.S_IMODE(st.st_mode) != _RIGHTS:
        return
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    closing: Callable[[], None] = lambda: os.close(fd)  # noqa: E731
    if _is_left(path, fd):
        finish_in_time(_removal_of(path), closing)
    else:
        closing()


def _is_old_rest(fd: int) -> bool:
    """Whether it is what a server leaves that is killed while it makes or removes its home."""
    return os.listdir(fd) in ([], [MARK]) and time.time() - os.fstat(fd).st_ctime > _OLD_SECONDS


def _is_left(path: str, fd: int) -> bool:
    """Whether its server has gone; True only with its lock held by this descriptor."""
    try:
        marked = os.path.lexists(os.path.join(path, MARK))
        whole = marked and not os.path.basename(path).startswith(NEW)
        if not whole and not _is_old_rest(fd):
            return False
        there = os.lstat(path)
        return _lock(fd) and os.path.samestat(os.fstat(fd), there)
    except OSError:
        return False
