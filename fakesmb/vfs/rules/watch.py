"""The watch of one open directory: its filter, the changes kept for it, the requests that wait ([MS-CIFS] 3.3.5.59.4).

It begins with the first request of the open, whose filter counts for all. From then on changes are kept between
requests, up to the size of the first request's answer; beyond it the answer is empty, and the client lists the
directory itself.
"""

from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

from twisted.internet.defer import Deferred

from fakesmb.nt.files import Filter
from fakesmb.nt.quota import Quota
from fakesmb.nt.status import SMBError
from fakesmb.vfs.store import Changes, Info

MOST_KEPT: Final = 0x10000
"""The most bytes of changes that are kept between requests, whatever size the client asks for."""
_MEMORY: Final = 3
"""Bytes of memory that a byte of changes takes, about."""
_ENTRY: Final = 12
"""Bytes of FILE_NOTIFY_INFORMATION before the name, [MS-FSCC] 2.7.1."""


class Watched(Protocol):
    """An open as its watch sees it."""

    fd: int
    disk_path: str
    wrote: bool

    def place(self) -> str:
        """Where the open directory is now: its whole path on disk."""


class Waiting:
    """One request that waits for a change."""

    __slots__ = ("deferred", "size")

    def __init__(self, size: int, cancelled: Callable[["Waiting"], None]) -> None:
        self.size = size
        # A canceller that fires nothing lets the Deferred fail with CancelledError, which is STATUS_CANCELLED.
        self.deferred: Deferred[Changes] = Deferred(lambda _: cancelled(self))


class Watch:
    """The watch of one open directory."""

    __slots__ = (
        "_charged",
        "_kept",
        "_length",
        "_overflow",
        "_quota",
        "_size",
        "_waiting",
        "bits",
        "handle",
        "path",
        "recursive",
    )

    def __init__(
        self, handle: Watched, path: str, bits: int, quota: Quota, *, recursive: bool, size: int
    ) -> None:
        """`quota` is for the bytes of changes that all watches keep."""
        self.handle = handle
        self.path = path
        self.bits = bits
        self.recursive = recursive
        self._size = min(size, MOST_KEPT)
        self._kept: Changes = []
        self._length = 0
        self._quota = quota
        self._charged = 0
        self._overflow = False
        self._waiting: deque[Waiting] = deque()

    def ask(self, size: int) -> "Deferred[Changes]":
        """What has been kept, at once, or the next change. Requests are answered in the order they came."""
        waiting = Waiting(size, self._waiting.remove)
        self._waiting.append(waiting)
        self._answer()
        return waiting.deferred

    def add(self, changes: Changes) -> None:
        """Takes changes that belong together: both names of a rename are told at once."""
        if self._overflow:
            return
        self._kept += changes
        self._length += sum(size_of(name) for _, name in changes)
        if self._length > self._size:
            self.overflow()
            return
        self._answer()
        try:
            self._charge()
        except SMBError:  # for all watches it is too much
            self.overflow()

    @property
    def has_overflowed(self) -> bool:
        """Whether the next answer says that there were too many, whatever comes."""
        return self._overflow

    def overflow(self) -> None:
        """More changes than fit: the next answer is empty."""
        self.forget()
        self._overflow = True
        self._answer()

    def forget(self) -> None:
        """Lets go of the changes that are kept."""
        self._kept, self._length = [], 0
        self._charge()

    def _charge(self) -> None:
        """What is kept counts; raises INSUFFICIENT_RESOURCES where it is more, and too much."""
        self._charged = self._quota.exchange(self._charged, _MEMORY * self._length)

    def _answer(self) -> None:
        if not self._waiting or not (self._kept or self._overflow):
            return
        waiting = self._waiting.popleft()
        kept = self._kept if self._length <= waiting.size else []
        self.forget()
        self._overflow = False
        waiting.deferred.callback(kept)

    def stop(self, error: SMBError | None = None) -> None:
        """Answers all that wait: without a change, or with an error."""
        while self._waiting:
            deferred = self._waiting.popleft().deferred
            if error is None:
                deferred.callback([])
            else:
                deferred.errback(error)


def size_of(name: str) -> int:
    """Bytes that a change of that name takes; each begins at a multiple of four."""
    return _ENTRY + (len(name.encode("utf-16-le")) + 3 & ~3)


def difference(before: Info, after: Info) -> int:
    """The filter bits of the values that set-information really changed ([MS-FSA] 2.1.5.15.2)."""
    bits = Filter.ATTRIBUTES if before.attributes != after.attributes else 0
    if before.creation_time != after.creation_time:
        bits |= Filter.CREATION
    if before.last_write_time != after.last_write_time:
        bits |= Filter.LAST_WRITE
    if before.last_access_time != after.last_access_time:
        bits |= Filter.LAST_ACCESS
    return bits
