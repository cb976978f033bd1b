"""FLUSH and write-through: the disk may take its time, and nobody else waits for it."""

import os
import threading
from collections.abc import Callable

import pytest
from twisted.internet.defer import Deferred

from fakesmb.core.id_pool import RESERVED_ID
from fakesmb.nt.status import NT
from fakesmb.testing import Client, InMemoryServer
from fakesmb.wire.codec import Empty
from fakesmb.wire.commands import Command
from fakesmb.wire.files import FlushRequest, WriteAndxRequest, WriteMode
from fakesmb.wire.session import EchoRequest

pytestmark = pytest.mark.turns


class Disk:
    """An fsync that ends when a test says so, in the threads in which the server runs what blocks."""

    def __init__(self, server: InMemoryServer, monkeypatch: pytest.MonkeyPatch) -> None:
        self._free = threading.Event()
        self._threads: list[tuple[threading.Thread, Deferred[None], list[BaseException]]] = []
        self.synchronized = 0
        self.fails = False
        monkeypatch.setattr(os, "fsync", self._fsync)
        server.server.in_thread = self._in_thread

    def _fsync(self, fd: int) -> None:
        assert self._free.wait(10)
        os.fstat(fd)
        if self.fails:
            raise OSError(28, "No space left on device")
        self.synchronized += 1

    def _in_thread(self, work: Callable[[], None]) -> Deferred[None]:
        done: Deferred[None] = Deferred()
        errors: list[BaseException] = []

        def run() -> None:
            try:
                work()
            except OSError as error:
                errors.append(error)

        thread = threading.Thread(target=run)
        self._threads.append((thread, done, errors))
        thread.start()
        return done

    def finish(self) -> None:
        """The disk is done; the reactor hears of it."""
        self._free.set()
        while self._threads:
            thread, done, errors = self._threads.pop(0)
            thread.join()
            if errors:
                done.errback(errors[0])
            else:
                done.callback(None)


@pytest.fixture
def disk(server: InMemoryServer, monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(server, monkeypatch)


def commands(client: Client) -> list[tuple[int, int]]:
    """Command and status of every answer that has come."""
    return [(answer.header.command, answer.header.status) for answer in client.answers()]


def test_an_echo_is_answered_while_a_flush_waits_for_the_disk(client: Client, disk: Disk) -> None:
    fid = client.connect("public").create("new.txt", disposition=2)
    client.write(fid, b"data")
    client.send(Command.FLUSH, FlushRequest(fid))
    client.send(Command.ECHO, EchoRequest(1, b"alive"))
    assert commands(client) == [(Command.ECHO, NT.SUCCESS)]
    disk.finish()
    assert commands(client) == [(Command.FLUSH, NT.SUCCESS)]
    assert disk.synchronized == 1


def test_a_write_through_is_answered_when_it_is_on_disk(client: Client, disk: Disk) -> None:
    fid = client.connect("public").create("new.txt", disposition=2)
    client.send(
        Command.WRITE_ANDX, WriteAndxRequest(fid=fid, data=b"data", write_mode=WriteMode.WRITE_THROUGH)
    )
    assert commands(client) == []
    disk.finish()
    assert commands(client) == [(Command.WRITE_ANDX, NT.SUCCESS)]


def test_a_file_may_be_closed_while_it_is_flushed(client: Client, disk: Disk) -> None:
    fid = client.connect("public").create("new.txt", disposition=2)
    client.send(Command.FLUSH, FlushRequest(fid))
    client.close(fid)
    disk.finish()
    assert commands(client) == [(Command.FLUSH, NT.SUCCESS)]


def test_a_client_that_leaves_does_not_wait_for_the_disk(client: Client, disk: Disk) -> None:
    fid = client.connect("public").create("new.txt", disposition=2)
    client.send(Command.FLUSH, FlushRequest(fid))
    client.lost()
    disk.finish()
    assert disk.synchronized == 1


def test_a_disk_that_is_full_is_told(client: Client, disk: Disk) -> None:
    fid = client.connect("public").create("new.txt", disposition=2)
    disk.fails = True
    client.send(Command.FLUSH, FlushRequest(fid))
    disk.finish()
    assert commands(client) == [(Command.FLUSH, NT.DISK_FULL)]


def test_all_files_of_the_process_are_flushed_one_after_another(client: Client, disk: Disk) -> None:
    client.connect("public")
    for name in ("one.txt", "two.txt"):
        client.create(name, disposition=2)
    client.send(Command.FLUSH, FlushRequest(RESERVED_ID))
    disk.finish()
    assert disk.synchronized == 2
    assert commands(client) == [(Command.FLUSH, NT.SUCCESS)]


def test_what_was_not_opened_for_writing_is_flushed_at_once(client: Client, disk: Disk) -> None:
    fid = client.connect("docs").create("manual.txt", access=0x80000000, disposition=1)
    client.call(Command.FLUSH, FlushRequest(fid), Empty)
    assert disk.synchronized == 0
