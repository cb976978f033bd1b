"""What can still be written to a disk that becomes full: the room that a rule leaves a share, and what takes it."""

import msgspec


class _File(msgspec.Struct):
    """What is known of one file."""

    top: int
    """Its end, as far as it has been paid for; what was there before the rule is."""
    unwritten: int = 0
    """Bytes below that which were reserved, and not written yet: to write them takes no more room."""


class Room:
    """The bytes that are left of those that a rule lets be written.

    Data take their size, wherever in a file they go, and so does what a file grows by: a new end of file, a
    reservation, the gap that a write leaves. What was reserved takes nothing more when it is written.
    """

    def __init__(self, size: int) -> None:
        self._left = size
        self._files: dict[str, _File] = {}

    @property
    def left(self) -> int:
        """Bytes."""
        return max(0, self._left)

    def begin(self, path: str) -> None:
        """Another file has that path: nothing of it is there."""
        self._files.pop(path, None)

    def _file(self, path: str, end: int) -> _File:
        file = self._files.get(path)
        return _File(end) if file is None else _File(max(file.top, end), file.unwritten)

    def growth(self, path: str, end: int, size: int) -> int:
        """The bytes that a file takes which ends at `end` and is to be so long."""
        return max(0, size - self._file(path, end).top)

    def grow(self, path: str, end: int, size: int) -> None:
        """It is so long now, or will be."""
        file = self._file(path, end)
        grown = max(0, size - file.top)
        self._files[path] = _File(file.top + grown, file.unwritten + grown)
        self._left -= grown

    def _inside(self, file: _File, offset: int, size: int) -> int:
        """How many bytes of a write are below the top."""
        return max(0, min(offset + size, file.top) - offset)

    def cost(self, path: str, end: int, offset: int, size: int) -> int:
        """The bytes that a write takes."""
        file = self._file(path, end)
        inside = self._inside(file, offset, size)
        return max(0, offset + size - file.top) + inside - min(inside, file.unwritten)

    def fitting(self, path: str, end: int, offset: int, size: int) -> int:
        """How many bytes of a write fit."""
        fits, too_many = 0, size + 1
        while too_many - fits > 1:
            tried = (fits + too_many) // 2
            if self.cost(path, end, offset, tried) <= self.left:
                fits = tried
            else:
                too_many = tried
        return fits

    def write(self, path: str, end: int, offset: int, size: int) -> None:
        """So much has been written."""
        if not size:
            return
        self._left -= self.cost(path, end, offset, size)
        file = self._file(path, end)
        inside = self._inside(file, offset, size)
        gap = max(0, offset - file.top)
        self._files[path] = _File(
            max(file.top, offset + size), file.unwritten - min(inside, file.unwritten) + gap
        )
