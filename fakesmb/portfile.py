"""The file by which a server tells its port: others see it whole, and only while the server listens."""

import os
import stat
from contextlib import suppress
from pathlib import Path

from fakesmb.mistakes import ConfigError


class PortFile:
    """Made when a server starts; it takes away what an earlier server left, so that nobody reads a stale port."""

    def __init__(self, path: str) -> None:
        """Removes the file that is there. Raises `ConfigError` where it cannot, or where it is no file."""
        self._path = Path(path)
        self._ours: tuple[int, int, int] | None = None
        """What tells the file that was written from others."""
        if "\0" in path:
            raise ConfigError(f"{self}: no path holds a NUL character")
        try:
            mode = os.lstat(path).st_mode
            if not stat.S_ISREG(mode) and not stat.S_ISLNK(mode):
                raise ConfigError(f"{self} is no file")
            os.unlink(path)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise ConfigError(
                f"cannot remove {self}, which an earlier server left: {error.strerror}"
            ) from None

    def __str__(self) -> str:
        """What messages call it."""
        return f"the port file {self._path}"

    def write(self, port: int) -> None:
        """Writes the file, which others see only when it is whole. Raises OSError."""
        new = self._path.absolute().parent / f".{self._path.name}.new"
        new.unlink(missing_ok=True)  # what a server that was killed left of one
        try:
            with os.fdopen(
                os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644), "w"
            ) as file:
                file.write(f"{port}\n")
                file.flush()
                about = os.fstat(file.fileno())
            os.replace(new, self._path)
        except BaseException:
            new.unlink(missing_ok=True)
            raise
        self._ours = _known_by(about)

    def remove(self) -> None:
        """Takes the file away, unless another server has put its own in its place."""
        ours, self._ours = self._ours, None
        with suppress(OSError):
            if ours == _known_by(os.lstat(self._path)):
                os.unlink(self._path)


def _known_by(about: os.stat_result) -> tuple[int, int, int]:
    return (
        about.st_dev,
        about.st_ino,
        about.st_mtime_ns,
    )  # the number of a file that is gone is soon another's
