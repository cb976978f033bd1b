"""A store whose disk may hang: whatever it does is done in the lane of that disk (`vfs.disktask`)."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, cast

from fakesmb.nt.quota import Quota
from fakesmb.vfs.disktask import NAMES, Lane, current_task
from fakesmb.vfs.paths import Path

if TYPE_CHECKING:
    from fakesmb.nt.token import Token
    from fakesmb.vfs.store import FileLimits, FileRange, FileStore, Handle, PosixFiles

_OF_AN_OPEN_FILE: Final = frozenset({"next_data", "read", "readable_range", "write", "write_zeros"})
"""What asks only for the open file that it is given, and for no name."""
_ENDS: Final = frozenset({"acknowledge_oplock", "close", "end_watch"})
"""What is never refused, however many wait: others wait for it."""
_GIVES_OBJECT: Final = frozenset({"locks", "search"})
"""What gives an object that asks the disk in its turn."""


class InLane:
    """An object of a store: each method of it is called in the lane."""

    def __init__(self, inner: Any, lane: Lane) -> None:
        self._inner = inner
        self._lane = lane

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not callable(found):
            return found
        called = self._called(name, found)
        setattr(self, name, called)
        return called

    def _called(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        lane = self._lane

        def call(*args: Any, **kwargs: Any) -> Any:
            task = current_task()
            if task is None:  # the server starts or ends: nobody else is served
                return method(*args, **kwargs)
            counts = task.lane is None and name not in _ENDS
            if counts:
                lane.crowd.take(1)
            try:
                with lane.held(task, *_keys(name, args)):
                    given = method(*args, **kwargs)
            finally:
                if counts:
                    lane.crowd.give_back(1)
            return InLane(given, lane) if name in _GIVES_OBJECT else given

        return call


class LanedStore(InLane):
    """`vfs.store.FileStore` of a disk that may hang."""

    def over(self, make: "Callable[[FileStore], FileStore]") -> "FileStore":
        """What `make` makes of the store, in the same lane."""
        return in_lane(make(self._inner), self._lane)

    def limit(self, limits: "FileLimits") -> None:
        """What clients may hold, and how many may wait."""
        self._lane.crowd = Quota("limits.waiting_for_disk", limits.waiting, tell=limits.tell)
        self._inner.limit(limits)

    def for_user(self, token: "Token | None") -> "FileStore":
        """The same files with access checks for that user."""
        return in_lane(self._called("for_user", self._inner.for_user)(token), self._lane)

    def with_posix_names(self) -> "FileStore":
        """The same files by POSIX names."""
        return in_lane(self._called("with_posix_names", self._inner.with_posix_names)(), self._lane)

    def with_exact_names(self) -> "FileStore":
        """The same files by Windows' names, each as it is spelt."""
        return in_lane(self._called("with_exact_names", self._inner.with_exact_names)(), self._lane)

    @property
    def posix(self) -> "PosixFiles":
        """The operations of the Unix extensions."""
        return cast("PosixFiles", InLane(self._inner.posix, self._lane))

    def readable_range(self, handle: "Handle", offset: int, size: int, pid: int) -> "FileRange | None":
        """None, or raises where it may not be read: the transport cannot wait for the disk."""
        self._called("readable_range", self._inner.readable_range)(handle, offset, size, pid)
        return None

    def flush(self, handle: "Handle") -> None:
        """Makes it durable before it returns."""
        task = current_task()
        work = self._inner.flush(handle)
        if work is None:
            return
        if task is None:
            work()
            return
        with self._lane.held(task, id(handle)):
            task.call(self._lane, work, (), {})

    def shutdown(self) -> None:
        """Closes what is kept for reuse, unless a thread still uses it: then when that is done."""
        self._lane.when_free(self._inner.shutdown)


def in_lane(store: "FileStore", lane: Lane) -> "FileStore":
    """The store, for whoever may be held up by its disk."""
    return cast("FileStore", LanedStore(store, lane))


def _keys(name: str, args: tuple[Any, ...]) -> tuple[object, ...]:
    """What a call waits its turn for: the names, an open file, or both."""
    target = args[0] if args else None
    if isinstance(target, Path) or not hasattr(target, "position"):
        return (NAMES,)
    return (id(target),) if name in _OF_AN_OPEN_FILE else (NAMES, id(target))
