"""Where captures go: a file, a named pipe, standard output."""

import errno
import fcntl
import os
import stat
from typing import Final

from fakesmb.capture.pcapng import MAGIC, whole_blocks
from fakesmb.record.outputs import STANDARD_OUTPUT, FileOutput, open_log

STANDARD: Final = "-"
"""Stands for standard output."""


class CaptureFile(FileOutput):
    """A file of blocks. A write cut short by a full disk is taken back to the last whole block."""

    def __init__(self, fd: int) -> None:
        super().__init__(fd)
        self._is_ours = bool(fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_APPEND)
        """Opened by us, and not what standard output happens to be: nobody else writes to it."""

    def _end_of_whole(self, data: bytes, done: int) -> int:
        return whole_blocks(data, done) if self._is_ours else done

    def fileno(self) -> int:
        """The descriptor."""
        return self._fd

    def begin(self) -> None:
        """Empties it, if it is a file. Raises OSError."""
        if self._is_ours and stat.S_ISREG(os.fstat(self._fd).st_mode):
            os.ftruncate(self._fd, 0)


def open_capture(path: str, *, secrets: bool = False) -> CaptureFile:
    """The file at `path`, or standard output for `-`; as it was until `begin` is called. Raises OSError.

    A capture of before is overwritten, nothing else is (EEXIST), and no file that another server writes to (EBUSY);
    symbolic links, other names and permissions are as with logs (`record.outputs.open_log`).
    """
    if path == STANDARD:
        if os.isatty(STANDARD_OUTPUT):
            raise OSError(errno.ENOTTY, "it is a terminal, which cannot show one: pipe it to a program")
        return CaptureFile(os.dup(STANDARD_OUTPUT))
    fd = open_log(path, secrets=secrets)
    try:
        if stat.S_ISREG(os.fstat(fd).st_mode):
            _take(fd, path)
    except BaseException:
        os.close(fd)
        raise
    return CaptureFile(fd)


def _take(fd: int, path: str) -> None:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise OSError(errno.EBUSY, "another capture is being written to it", path) from None
    except OSError:  # a file system without locks
        pass
    with open(path, "rb") as file:
        begins = file.read(len(MAGIC))
    if begins and begins != MAGIC:
        raise OSError(errno.EEXIST, "it is no pcapng capture, and is left as it is", path)


def reason_of(error: OSError) -> str:
    """Why a capture cannot be written, for people."""
    return "it is a symbolic link" if error.errno == errno.ELOOP else error.strerror or str(error)
