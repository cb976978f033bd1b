"""What `fakesmb show` reads: a file or standard input, which may be a pipe that is still being written to."""

import io
from collections.abc import Callable
from typing import BinaryIO, Final

_HEAD: Final = 4
"""Bytes by which a capture is recognised."""


class Source(io.RawIOBase):
    """A file whose first bytes are known. Before it has to wait for more, it calls `waits`."""

    def __init__(self, file: BinaryIO, waits: Callable[[], object]) -> None:
        self._file = file
        self.waits = waits
        """Called before it has to wait."""
        self.head = _beginning(file, _HEAD)
        """The first bytes; fewer than four where the file has no more."""
        self._left = self.head

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """What is there, at least a byte unless the file has ended."""
        if self._left:
            data, self._left = self._left[: len(buffer)], self._left[len(buffer) :]
        else:
            self.waits()
            data = _some(self._file, len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _some(file: BinaryIO, size: int) -> bytes:
    """What a file has at once."""
    read = getattr(file, "read1", file.read)
    data: bytes = read(size)
    return data


def _beginning(file: BinaryIO, size: int) -> bytes:
    """So many bytes, which a pipe may give one by one."""
    found = b""
    while len(found) < size and (more := _some(file, size - len(found))):
        found += more
    return found
