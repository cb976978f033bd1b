"""Copies of data from one open file to another on the server, in slices; holes stay holes."""

from collections.abc import Iterator
from typing import Final

from fakesmb.vfs.store import FileStore, Handle, Unfinished
from fakesmb.world import Turn

PIECE: Final = 1 << 20
"""Bytes copied before the time is looked at."""


class RangeCopy:
    """Copies `length` bytes from `start` of one file to `to` of another, or as many as there are."""

    __slots__ = ("_from", "_handle", "_length", "_pid", "_start", "_target", "_to", "_write_to", "done")

    def __init__(
        self,
        source: tuple[FileStore, Handle],
        target: tuple[FileStore, Handle],
        start: int,
        to: int,
        length: int,
        pid: int,
    ) -> None:
        self._from, self._handle = source
        self._write_to, self._target = target
        self._start = start
        self._to = to
        self._length = length
        self._pid = pid
        self.done = 0
        """Bytes copied so far, holes included."""

    def go_on(self, turn: Turn) -> None:
        """Copies until all is; raises `Unfinished` when the turn is over, and what the store raises."""
        while self.done < self._length:
            copied = self._piece(self._start + self.done, self._length - self.done)
            if not copied:
                return
            self.done += copied
            if turn.over():
                raise Unfinished

    def data(self) -> Iterator[tuple[int, int]]:
        """Where in the target its data will be: offsets and sizes."""
        at, end = self._start, self._start + self._length
        while at < end:
            start, stop = self._from.next_data(self._handle, at)
            if start >= end or start == stop:
                return
            stop = min(stop, end)
            yield self._to + start - self._start, stop - start
            at = stop

    def _piece(self, at: int, most: int) -> int:
        """Copies the next data, or the hole before them; 0 at the end of the source."""
        data, end = self._from.next_data(self._handle, at)
        to = self._to + self.done
        if data > at:
            size = min(data - at, most)
            self._from.readable_range(self._handle, at, size, self._pid)  # raises where it may not be read
            self._write_to.write_zeros(self._target, to, size, self._pid)
            return size
        # Where there seem to be no data the store still says whether it may be read.
        piece = self._from.read(self._handle, at, min(max(end - at, 1), most, PIECE), self._pid)
        return self._write_to.write(self._target, to, piece, self._pid) if piece else 0
