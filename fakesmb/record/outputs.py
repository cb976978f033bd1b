"""Where the bytes of a log go: a file, or standard output, which may be a terminal or a pipe that nobody reads."""

import errno
import os
import select
import stat
from typing import Final, Protocol

STANDARD_OUTPUT: Final = 1
STANDARD_ERROR: Final = 2
PRIVATE: Final = 0o600
"""Mode of a log file that holds secrets."""
OF_THE_GROUP: Final = 0o640
"""Mode of other log files."""
MAY_PASS: Final = frozenset(
    {
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EFBIG,
        errno.EIO,
        errno.EROFS,
        errno.ESTALE,
        errno.ETIMEDOUT,
        errno.ENOMEM,
        errno.ENOBUFS,
    }
)
"""Errors of a write that may succeed later: a full disk has room again, a disk is mounted anew."""


class CutOff(OSError):
    """Not all could be written for now. `written` bytes of it were, and stay."""

    written: int = 0

    @classmethod
    def after(cls, written: int, error: OSError) -> "CutOff":
        """The same error, with what was written before it."""
        cut = cls(error.errno, error.strerror)
        cut.written = written
        return cut


class Output(Protocol):
    """Where bytes go."""

    def put(self, data: bytes) -> None:
        """Writes all of it; raises `CutOff` where the rest may be tried again, else OSError."""

    def close(self) -> None:
        """Lets go of the file."""


class FileOutput:
    """A file descriptor. A write cut short by a full disk is taken back to the last whole line."""

    def __init__(self, fd: int, *, owned: bool = True) -> None:
        self._fd = fd
        self._owned = owned

    @classmethod
    def append(cls, path: str, *, secrets: bool = False) -> "FileOutput":
        """The log file at `path`, as `open_log` opens it; raises OSError."""
        return cls(open_log(path, secrets=secrets))

    def put(self, data: bytes) -> None:
        """Writes all of `data`. When it raises, a file of ours has no half-written line."""
        done = 0
        try:
            while done < len(data):
                done += self._some(memoryview(data)[done:] if done else data)
        except OSError as error:
            if error.errno not in MAY_PASS or self._is_terminal():
                raise
            raise CutOff.after(self._whole(data, done), error) from None

    def _some(self, data: bytes | memoryview) -> int:
        while True:
            try:
                return os.write(self._fd, data)
            except BlockingIOError:  # somebody made our standard output non-blocking: wait as if they had not
                select.select((), (self._fd,), ())

    def _is_terminal(self) -> bool:
        """Whether a person's terminal is behind it: one that is gone says EIO, and does not come back."""
        return os.isatty(self._fd)

    def _whole(self, data: bytes, done: int) -> int:
        """The bytes that stay of those written. The beginning of a line is taken out of a file of ours."""
        whole = self._end_of_whole(data, done)
        if whole == done or not self._owned:
            return done
        try:
            about = os.fstat(self._fd)
            if not stat.S_ISREG(about.st_mode):
                return done
            os.ftruncate(self._fd, about.st_size - (done - whole))
        except OSError:
            return done
        return whole

    def _end_of_whole(self, data: bytes, done: int) -> int:
        """Where the last whole line ends among the first `done` bytes."""
        return data.rfind(b"\n", 0, done) + 1

    def close(self) -> None:
        """Closes the descriptor if it is ours."""
        if self._owned and self._fd >= 0:
            os.close(self._fd)
        self._fd = -1


def open_log(path: str, *, secrets: bool = False) -> int:
    """A descriptor that appends to the log file at `path`, made if it is not there; raises OSError, never waits.

    Whoever may write to the folder must not turn the log into a way to another file: a symbolic link is not followed
    (ELOOP), and a file that has other names is refused (EMLINK). A named pipe must have a reader (ENXIO). What is to
    hold secrets is closed to others, and must be ours (EPERM): its owner could open it again.
    """
    flags = (
        os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NOCTTY | os.O_NONBLOCK
    )
    try:
        fd = os.open(path, flags, PRIVATE if secrets else OF_THE_GROUP)
    except OSError as error:
        if error.errno == errno.ENXIO:
            raise OSError(errno.ENXIO, "it is a pipe or a socket that nobody reads", path) from None
        raise
    try:
        _check_log(path, fd, secrets=secrets)
        os.set_blocking(fd, True)
    except BaseException:
        os.close(fd)
        raise
    return fd


def begin_anew(path: str, *, secrets: bool = False) -> None:
    """Empties the log at `path`, if it is a file; whoever appends to it goes on at its beginning. Raises OSError."""
    fd = open_log(path, secrets=secrets)
    try:
        if stat.S_ISREG(os.fstat(fd).st_mode):
            os.ftruncate(fd, 0)
    finally:
        os.close(fd)


def _check_log(path: str, fd: int, *, secrets: bool) -> None:
    about = os.fstat(fd)
    kind = stat.S_IFMT(about.st_mode)
    if kind not in (stat.S_IFREG, stat.S_IFIFO, stat.S_IFCHR):
        raise OSError(errno.EINVAL, "it is neither a file nor a pipe", path)
    if kind == stat.S_IFREG and about.st_nlink > 1:
        raise OSError(errno.EMLINK, "the file has other names (hard links)", path)
    if secrets and kind != stat.S_IFCHR:
        if about.st_uid != os.geteuid():
            raise OSError(errno.EPERM, "it is to hold secrets, and belongs to another user", path)
        if about.st_mode & 0o077:
            os.fchmod(fd, PRIVATE)


def standard_output() -> tuple[FileOutput, bool] | None:
    """The output, and whether it is a terminal; None where standard output is closed."""
    try:
        os.fstat(STANDARD_OUTPUT)
    except OSError:
        return None
    return FileOutput(STANDARD_OUTPUT, owned=False), os.isatty(STANDARD_OUTPUT)
