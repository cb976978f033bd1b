"""One byte-range lock."""

LockName = tuple[int, int, int, int, bool]


class Lock:
    """A locked range: `[start, end)`; `start == end` is a lock of no bytes, which only lies inside others."""

    __slots__ = ("end", "exclusive", "number", "owner", "pid", "start")

    def __init__(self, owner: object, pid: int, offset: int, length: int, *, exclusive: bool) -> None:
        self.owner = owner
        self.pid = pid
        self.start = offset
        self.end = offset + length
        self.exclusive = exclusive
        self.number = 0
        """Locks that were granted later have a higher one."""

    @property
    def name(self) -> LockName:
        """What an unlock says of it, and which of two it frees first."""
        return id(self.owner), self.pid, self.start, self.end, self.exclusive
