"""Batches of bytes that one process puts and another takes, in bounded memory that both share.

What was put outlives the process that put it: the taker still finds it there. Positions count bytes from the first
batch on and never go back; the batch at a position lies at that position modulo the size of the spool.
"""

import os
import struct
import tempfile
from collections.abc import Iterable, Iterator
from typing import Final

SPOOL_BYTES: Final = 64 << 20
"""Bytes of batches that a spool holds; memory is taken as they come and given back when all are taken."""
_POSITIONS: Final = struct.Struct("<QQ")
"""Where the next batch is put, and where the next is taken: at the beginning of the memory."""
_POSITION: Final = struct.Struct("<Q")
_BUSY: Final = struct.Struct("<Q")
"""Behind the positions: not 0 while the taker is in the midst of a write, which a disk may hold up."""
_HEADER: Final = _POSITIONS.size + _BUSY.size
"""Where the batches begin in the memory."""
_SIZE: Final = struct.Struct("<I")
"""Bytes of the batch that follows. 0: the next batch lies at the beginning."""


class Spool:
    """Either end. `memory` is a descriptor that both processes have."""

    def __init__(self, memory: int, size: int) -> None:
        self.memory = memory
        self.size = size
        self._put = self._positions()[0]

    @classmethod
    def make(cls, size: int = SPOOL_BYTES) -> "Spool":
        """An empty one; raises OSError."""
        memory = _memory()
        os.ftruncate(memory, _HEADER)
        return cls(memory, size)

    def _positions(self) -> tuple[int, int]:
        put, taken = _POSITIONS.unpack(os.pread(self.memory, _POSITIONS.size, 0))
        return put, taken

    # -- the end that puts ---------------------------------------------------------------------------------

    def put(self, batch: bytes) -> bool:
        """Puts a batch, unless there is no room for it now. Raises OSError, ValueError where there never will be."""
        needed = _SIZE.size + len(batch)
        if needed > self.size:
            raise ValueError(f"a batch of {len(batch)} bytes for a spool of {self.size}")
        taken = self._positions()[1]
        if taken == self._put:
            self._start_over()
            taken = self._put
        position = self._put
        left = self.size - position % self.size
        if left < needed:
            position += left
        if position + needed - taken > self.size:
            return False
        if position != self._put and left >= _SIZE.size:
            self._write(self._put, _SIZE.pack(0))
        self._write(position, _SIZE.pack(len(batch)) + batch)
        self._put = position + needed
        os.pwrite(self.memory, _POSITION.pack(self._put), 0)
        return True

    def _start_over(self) -> None:
        """Gives the memory back. Nothing waits to be taken, and the taker asks for its position before it goes on."""
        if self._put % self.size:
            self._put += self.size - self._put % self.size
            os.pwrite(self.memory, _POSITIONS.pack(self._put, self._put), 0)
            os.ftruncate(self.memory, _HEADER)

    def _write(self, position: int, data: bytes) -> None:
        self._write_at(_HEADER + position % self.size, data)

    def _write_at(self, place: int, data: bytes) -> int:
        view = memoryview(data)
        while view:
            done = os.pwrite(self.memory, view, place)
            view, place = view[done:], place + done
        return place

    def leave(self, batches: Iterable[bytes]) -> None:
        """The last batches, for which there is no room: they lie behind it, for `left`. Nothing is put any more."""
        place = _HEADER + self.size
        for batch in batches:
            place = self._write_at(place, _SIZE.pack(len(batch)) + batch)

    @property
    def end(self) -> int:
        """The position behind all that was put."""
        return self._put

    @property
    def taken(self) -> int:
        """The position up to which everything was taken."""
        return self._positions()[1]

    @property
    def waiting(self) -> int:
        """Bytes that were put and not taken yet, as either end sees it."""
        put, taken = self._positions()
        return put - taken

    @property
    def busy(self) -> bool:
        """Whether the taker is in the midst of a write."""
        return os.pread(self.memory, _BUSY.size, _POSITIONS.size) != bytes(_BUSY.size)

    # -- the end that takes --------------------------------------------------------------------------------

    def take(self, until: int | None = None) -> Iterator[bytes]:
        """The batches that begin before the position `until`, or all; each is taken once the next is asked for."""
        put, position = self._positions()
        until = put if until is None else until
        while position < until:
            left = self.size - position % self.size
            size = self._size_at(position) if left >= _SIZE.size else 0
            if not size:
                position += left
                continue
            batch = os.pread(self.memory, size, _HEADER + position % self.size + _SIZE.size)
            yield batch
            position += _SIZE.size + size
            os.pwrite(self.memory, _POSITION.pack(position), _POSITION.size)

    def left(self) -> Iterator[bytes]:
        """What the other end left behind the room when it ended; to be taken last."""
        place = _HEADER + self.size
        while len(head := os.pread(self.memory, _SIZE.size, place)) == _SIZE.size:
            size = _SIZE.unpack(head)[0]
            yield os.pread(self.memory, size, place + _SIZE.size)
            place += _SIZE.size + size

    def set_busy(self, busy: bool) -> None:
        """Says whether a write is under way."""
        os.pwrite(self.memory, _BUSY.pack(busy), _POSITIONS.size)

    def _size_at(self, position: int) -> int:
        size: int = _SIZE.unpack(os.pread(self.memory, _SIZE.size, _HEADER + position % self.size))[0]
        return size

    def close(self) -> None:
        """Lets go of the memory."""
        os.close(self.memory)


def _memory() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("fakesmb-spool", os.MFD_CLOEXEC)
    with tempfile.TemporaryFile() as unnamed:
        return os.dup(unnamed.fileno())
