"""Local changes in a reactor: it reads while somebody watches, and not a moment longer."""

import sys
from collections.abc import Callable
from pathlib import Path as OsPath

import pytest
from twisted.internet.interfaces import IReadDescriptor
from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

from fakesmb.nt.files import FileAction, Filter, Option
from fakesmb.record.log import EventLog
from fakesmb.transport.local_programs import Readable, heed_local_programs
from fakesmb.vfs.local.store import LocalStore
from fakesmb.vfs.paths import Path
from fakesmb.vfs.rules.openfiles import OpenFiles
from fakesmb.vfs.store import Changes, CreateParameters

LIST = 0x00120081


class Reactor(Clock):
    """The part of a reactor that matters here."""

    def __init__(self) -> None:
        super().__init__()
        self.readers: list[Readable] = []

    def addReader(self, reader: Readable) -> None:  # noqa: N802
        self.readers.append(reader)

    def removeReader(self, reader: Readable) -> None:  # noqa: N802
        self.readers.remove(reader)


@pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux' own")
def test_the_reactor_reads_from_the_first_watch_to_the_last(tmp_path: OsPath) -> None:
    reactor, opens = Reactor(), OpenFiles()
    heed_local_programs(reactor, opens, EventLog([]))
    store = LocalStore(str(tmp_path), opens)
    handle = store.create(Path(), CreateParameters(LIST, options=Option.DIRECTORY)).handle
    assert reactor.readers == []
    told: list[Changes] = []
    store.watch(handle, Filter.FILE_NAME, recursive=True, size=1000).addCallback(told.append)
    (reader,) = reactor.readers
    assert verifyObject(IReadDescriptor, reader)
    assert reader.fileno() > 2
    reactor.advance(0)
    (tmp_path / "a.txt").touch()
    assert told == []
    reader.doRead()
    assert told == [[(FileAction.ADDED, "a.txt")]]
    store.close(handle)
    assert reactor.readers == []
    assert reactor.getDelayedCalls() == []
    store.shutdown()


def test_a_descriptor_of_somebody_elses_is_not_closed() -> None:
    """The reactor tells it when it stops; the watches close it themselves."""
    called: list[str] = []
    ready: Callable[[], None] = lambda: called.append("ready")  # noqa: E731
    reader = Readable(99, ready)
    reader.connectionLost(None)
    reader.doRead()
    assert called == ["ready"]
    assert reader.logPrefix() == "inotify"
