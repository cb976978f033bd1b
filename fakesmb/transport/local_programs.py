"""What local programs do with the files of clients, read in the reactor that serves them."""

from collections.abc import Callable
from functools import partial
from typing import Any

from twisted.internet.interfaces import IReadDescriptor
from zope.interface import implementer

from fakesmb.record.log import EventLog
from fakesmb.vfs.programs.local_locks import SUPPORTED, LocalLocks
from fakesmb.vfs.programs.local_opens import LocalOpens
from fakesmb.vfs.programs.outside import OutsideChanges
from fakesmb.vfs.rules.openfiles import OpenFiles


@implementer(IReadDescriptor)
class Readable:
    """Calls `ready` when a descriptor can be read that another object owns and closes."""

    def __init__(self, fd: int, ready: Callable[[], None]) -> None:
        self._fd = fd
        self._ready = ready

    def fileno(self) -> int:
        """The descriptor."""
        return self._fd

    def doRead(self) -> None:  # noqa: N802
        """There is something to read."""
        self._ready()

    def connectionLost(self, reason: object) -> None:  # noqa: N802
        """The reactor lets go of it; its owner closes it."""

    def logPrefix(self) -> str:  # noqa: N802
        """For Twisted's own log."""
        return "inotify"


def heed_local_programs(reactor: Any, opens: OpenFiles, log: EventLog) -> None:
    """Changes by local programs are told to the clients who watch for them; their locks and opens count as others'."""

    def listen(fd: int, ready: Callable[[], None]) -> Callable[[], None]:
        reader = Readable(fd, ready)
        reactor.addReader(reader)
        return lambda: reactor.removeReader(reader)

    opens.watches.outside = OutsideChanges(
        opens.watches, listen, reactor.callLater, log.problem, opens.world.turn
    )
    opens.local_opens = LocalOpens(listen, log.problem)
    opens.local_locks = partial(LocalLocks, reactor.callLater, opens.room.settle) if SUPPORTED else None
