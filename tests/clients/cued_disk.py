"""A file system in user space over a folder, which hangs on cue.

    python -m tests.clients.cued_disk FOLDER PLACE CUE

While the file CUE is there, the operations that it names wait (all, where it names none), or those on a file whose
name it gives behind a slash. It ends when standard input does.
"""

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mfusepy as fuse  # type: ignore[import-untyped]

STATUS = ("st_mode", "st_nlink", "st_uid", "st_gid", "st_size", "st_atime", "st_mtime", "st_ctime", "st_ino")
VOLUME = (
    "f_bavail",
    "f_bfree",
    "f_blocks",
    "f_bsize",
    "f_favail",
    "f_ffree",
    "f_files",
    "f_frsize",
    "f_namemax",
)
OPERATIONS = (
    *("create", "flush", "fsync", "getattr", "mkdir", "open", "read", "readdir", "release"),
    *("rename", "rmdir", "statfs", "truncate", "unlink", "utimens", "write"),
)


class CuedDisk(fuse.Operations):  # type: ignore[misc]  # it has no types
    """Passes each operation on to the folder."""

    use_ns = True

    def __init__(self, folder: str, cue: Path) -> None:
        self._folder = folder
        self._cue = cue
        for name in OPERATIONS:
            setattr(self, name, self._waiting(name, getattr(self, name)))

    def _waiting(self, operation: str, do: Callable[..., Any]) -> Callable[..., Any]:
        def when_it_goes_on(path: str, *args: Any) -> Any:
            while self._hangs(operation, path):
                time.sleep(0.01)
            return do(path, *args)

        return when_it_goes_on

    def _hangs(self, operation: str, path: str) -> bool:
        with contextlib.suppress(FileNotFoundError):
            words = self._cue.read_text().split()
            return not words or operation in words or path in words
        return False

    def _real(self, path: str) -> str:
        return self._folder + path

    def getattr(self, path: str, fh: int | None = None) -> dict[str, int]:
        found = os.lstat(self._real(path))
        times = {f"st_{one}time": getattr(found, f"st_{one}time_ns") for one in "amc"}
        return {name: getattr(found, name) for name in STATUS} | times

    def readdir(self, path: str, fh: int) -> list[str]:
        return [".", "..", *os.listdir(self._real(path))]

    def open(self, path: str, flags: int) -> int:
        return os.open(self._real(path), flags & ~os.O_NOFOLLOW)

    def create(self, path: str, mode: int, fi: object = None) -> int:
        return os.open(self._real(path), os.O_RDWR | os.O_CREAT, mode)

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        return os.pread(fh, size, offset)

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        return os.pwrite(fh, data, offset)

    def truncate(self, path: str, length: int, fh: int | None = None) -> int:
        os.truncate(self._real(path), length)
        return 0

    def flush(self, path: str, fh: int) -> int:
        return 0

    def fsync(self, path: str, datasync: int, fh: int) -> int:
        return 0

    def release(self, path: str, fh: int) -> int:
        os.close(fh)
        return 0

    def unlink(self, path: str) -> int:
        os.unlink(self._real(path))
        return 0

    def mkdir(self, path: str, mode: int) -> int:
        os.mkdir(self._real(path), mode)
        return 0

    def rmdir(self, path: str) -> int:
        os.rmdir(self._real(path))
        return 0

    def rename(self, old: str, new: str, flags: int = 0) -> int:
        os.rename(self._real(old), self._real(new))
        return 0

    def utimens(self, path: str, times: tuple[int, int]) -> int:
        os.utime(self._real(path), ns=times)
        return 0

    def statfs(self, path: str) -> dict[str, int]:
        found = os.statvfs(self._real(path))
        return {name: getattr(found, name) for name in VOLUME}


def main(folder: str, place: str, cue: str) -> None:
    """Serves until standard input ends."""

    def end() -> None:
        sys.stdin.read()
        Path(cue).unlink(missing_ok=True)
        os.system(f"umount -l {place} 2>/dev/null || fusermount3 -uz {place}")

    threading.Thread(target=end, daemon=True).start()
    fuse.FUSE(
        CuedDisk(folder, Path(cue)),
        place,
        foreground=True,
        attr_timeout=0,
        entry_timeout=0,
        negative_timeout=0,
    )


if __name__ == "__main__":
    main(*sys.argv[1:4])
