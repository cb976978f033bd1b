"""What a client can make the server hold of files: searches and their names, locks, watches."""

import gc
import os
import tracemalloc
from pathlib import Path

import pytest

from fakesmb.core.settings import Limits, Settings
from fakesmb.nt.status import NT, SMBError
from fakesmb.testing import CHALLENGE, GUID, Client, InMemoryServer
from fakesmb.wire.codec import Empty
from fakesmb.wire.files import CloseRequest
from fakesmb.wire.locking import LockRange
from fakesmb.wire.nt_trans import NotifySetup
from fakesmb.wire.search import FindClose2Request
from fakesmb.wire.trans import NtTransactRequest, NtTransactResponse, Transaction2Request, TransactionResponse
from fakesmb.wire.trans2 import (
    FindFirst2Request,
    FindFirst2Response,
    FindNext2Request,
    SetFileInformationRequest,
    Trans2,
)
from fakesmb.wire.unix import PosixLock
from tests.core.conftest import Make
from tests.core.test_unix import READ_WRITE, lock, posix_names, posix_open
from tests.refusals import Refuses

LONG_AGO = 1_000_000_000


def limited(make: Make, **limits: int) -> InMemoryServer:
    return make(settings=Settings(challenge=CHALLENGE, guid=GUID, limits=Limits(**limits)))


def reason(server: InMemoryServer) -> str:
    """Why the last request was refused, as the log has it."""
    return server.messages[-1].parts[0].problem


def problems(server: InMemoryServer) -> list[str]:
    """Takes the problems that the test expects."""
    found = [problem.text for problem in server.problems]
    server.sink.events.clear()
    return found


@pytest.fixture
def many(folders: dict[str, Path]) -> Path:
    """A directory of 2,000 names, which has not changed for long."""
    folder = folders["public"] / "many"
    folder.mkdir()
    for number in range(2000):
        (folder / f"a rather usual name {number:04}.txt").touch()
    os.utime(folder, (LONG_AGO, LONG_AGO))
    return folder


def first_of(client: Client, pattern: str = "\\many\\*", count: int = 1) -> TransactionResponse:
    """FIND_FIRST2 of a search that is kept open."""
    return client.trans2(1, FindFirst2Request(0x16, count, 0, 0x104, 0, pattern))


def begin(client: Client, pattern: str = "\\many\\*", count: int = 1) -> int:
    """The same; gives its SID."""
    return FindFirst2Response.decode(first_of(client, pattern, count).parameters).sid


class TestSearches:
    """Searches, and the names that they go through."""

    def test_share_the_names_of_a_directory(self, make: Make, many: Path) -> None:
        server = make()
        client = server.client().sign_in().connect("public")
        begin(client)
        gc.collect()
        tracemalloc.start()
        try:
            for _ in range(100):
                begin(client)
            grown = tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()
        assert grown < 1_000_000, "2,000 names take 150 KB"
        assert 140_000 < server.server.quotas.names.used < 250_000
        client.lost()
        gc.collect()
        assert server.server.quotas.names.used == 0

    def test_but_each_goes_its_own_way(self, make: Make, many: Path) -> None:
        """One that goes on after another has ended, at its own place."""
        client = make().client().sign_in().connect("public")
        first, second = begin(client, count=100), begin(client, count=300)
        client.call(0x34, FindClose2Request(second), Empty)
        data = client.trans2(2, FindNext2Request(first, 1, 0x104, 0, 8, "")).data
        assert "name 0098" in bytes(data).decode("utf-16-le", "replace")  # the dots come first

    def test_not_with_one_that_began_before_a_change(self, make: Make, many: Path) -> None:
        client = make().client().sign_in().connect("public")
        begin(client)
        (many / "a new one").touch()
        answer = first_of(client, "\\many\\a n*")
        assert FindFirst2Response.decode(answer.parameters).search_count == 1

    def test_of_patterns_with_dots_and_without(self, make: Make, many: Path) -> None:
        client = make().client().sign_in().connect("public")
        for pattern, first in (("*", "."), ("*.txt", "a rather"), ("*", ".")):
            answer = first_of(client, f"\\many\\{pattern}")
            assert bytes(answer.data)[94:].decode("utf-16-le").startswith(first)

    def test_too_many(self, make: Make, refuses: Refuses) -> None:
        server = limited(make, searches=2)
        client = server.client().sign_in().connect("public")
        sid, _ = begin(client, "\\*"), begin(client, "\\*")
        with refuses(NT.OS2_NO_MORE_SIDS):
            begin(client, "\\*")
        client.send(0x34, FindClose2Request(sid))
        assert client.answer().header.status == 0
        begin(client, "\\*")

    def test_whose_names_are_too_many(self, make: Make, many: Path, refuses: Refuses) -> None:
        """A directory that changes all the time: every search has names of its own."""
        server = limited(make, search_bytes=650_000)
        client = server.client().sign_in().connect("public")
        sids = []
        for number in range(3):
            sids.append(begin(client))
            (many / f"new {number}").touch()
            os.utime(many, (LONG_AGO + number, LONG_AGO + number))
        with refuses(NT.INSUFFICIENT_RESOURCES):
            begin(client)
        assert "limits.search_bytes" in reason(server)
        client.send(0x34, FindClose2Request(sids[0]))
        assert client.answer().header.status == 0
        begin(client)

    def test_whose_names_are_too_many_for_the_server(self, make: Make, many: Path) -> None:
        server = limited(make, total_search_bytes=100_000)
        clients = [server.client().sign_in().connect("public") for _ in range(2)]
        for client in clients:
            with pytest.raises(SMBError) as refused:
                begin(client)
            assert refused.value.status == NT.INSUFFICIENT_RESOURCES
        assert "limits.total_search_bytes" in problems(server)[0]
        begin(clients[0], "\\*")


class TestLocks:
    """Byte-range locks."""

    def lock(self, client: Client, fid: int, at: int, count: int, timeout: int = 0) -> NT:
        ranges = [LockRange(1, 10 * (at + number), 1) for number in range(count)]
        client.send(0x24, client.locking(fid, *ranges, timeout=timeout))
        return NT(client.answer().header.status)

    def test_of_one_file(self, make: Make) -> None:
        server = limited(make, file_locks=50)
        clients = [server.client().sign_in().connect("public") for _ in range(2)]
        fids = [client.create("a.txt") for client in clients]
        assert self.lock(clients[0], fids[0], 0, 50) == NT.SUCCESS
        assert self.lock(clients[1], fids[1], 100, 1) == NT.INSUFFICIENT_RESOURCES
        assert "limits.file_locks" in reason(server)
        assert self.lock(clients[1], fids[1], 100, 1, timeout=1000) == NT.INSUFFICIENT_RESOURCES
        clients[0].close(fids[0])
        assert self.lock(clients[1], fids[1], 100, 1) == NT.SUCCESS

    def test_of_one_client(self, make: Make) -> None:
        """Counted over its files; what it has given back does not count, nor what others hold."""
        server = limited(make, locks=50)
        client, other = (server.client().sign_in().connect("public") for _ in range(2))
        fids = [client.create(name, disposition=3) for name in ("a.txt", "b.txt")]
        for number in range(5):
            assert self.lock(client, fids[number % 2], 100 * number, 10) == NT.SUCCESS
        assert self.lock(client, fids[0], 1000, 1) == NT.INSUFFICIENT_RESOURCES
        assert "limits.locks" in reason(server)
        assert self.lock(other, other.create("a.txt"), 2000, 40) == NT.SUCCESS
        client.close(fids[1])
        assert self.lock(client, fids[0], 3000, 20) == NT.SUCCESS
        assert self.lock(client, fids[0], 4000, 1) == NT.INSUFFICIENT_RESOURCES

    def test_all_or_none(self, make: Make) -> None:
        client = limited(make, locks=50).client().sign_in().connect("public")
        fid = client.create("a.txt")
        assert self.lock(client, fid, 0, 60) == NT.INSUFFICIENT_RESOURCES
        assert self.lock(client, fid, 0, 50) == NT.SUCCESS

    def test_of_all(self, make: Make) -> None:
        server = limited(make, total_locks=50)
        clients = [server.client().sign_in().connect("public") for _ in range(2)]
        fids = [client.create("a.txt") for client in clients]
        assert self.lock(clients[0], fids[0], 0, 40) == NT.SUCCESS
        assert self.lock(clients[1], fids[1], 100, 20) == NT.INSUFFICIENT_RESOURCES
        assert self.lock(clients[1], fids[1], 200, 20) == NT.INSUFFICIENT_RESOURCES
        (told,) = problems(server)
        assert "limits.total_locks" in told
        clients[0].lost()
        assert self.lock(clients[1], fids[1], 100, 20) == NT.SUCCESS


class TestWatches:
    """Directories that are watched."""

    def watch(self, client: Client) -> int:
        fid = client.create("dir", access=0x1, options=1)
        setup = NotifySetup(completion_filter=0x17, fid=fid, watch_tree=0)
        client.send(0xA0, NtTransactRequest(function=4, setup=setup.encode(), max_parameter_count=1000))
        return fid

    def test_of_one_client(self, make: Make) -> None:
        server = limited(make, watches=2)
        client = server.client().sign_in().connect("public")
        fid = self.watch(client)
        self.watch(client)
        assert client.answers() == []
        self.watch(client)
        assert client.answer().header.status == NT.INSUFFICIENT_RESOURCES
        assert "limits.watches" in reason(server)
        client.send(0x04, CloseRequest(fid, 0))
        client.answers()
        self.watch(client)
        assert client.answers() == []

    def test_changes_that_are_kept(self, make: Make) -> None:
        """Beyond the bytes of all watches the client is told to list the directory itself."""
        server = limited(make, total_watch_bytes=1000)
        client, other = (server.client().sign_in().connect("public") for _ in range(2))
        fid = self.watch(client)
        for number in range(30):
            other.close(other.create(f"dir\\a long enough name {number}", disposition=2))
            assert server.server.quotas.changes.used <= 1000
        assert "limits.total_watch_bytes" in problems(server)[0]
        assert len(client.answer().body(NtTransactResponse).parameters) > 0  # the first change was waited for
        setup = NotifySetup(completion_filter=0x17, fid=fid, watch_tree=0)
        client.send(0xA0, NtTransactRequest(function=4, setup=setup.encode(), max_parameter_count=9000))
        assert len(client.answer().body(NtTransactResponse).parameters) == 0
        assert server.server.quotas.changes.used == 0
        client.lost()

    def test_of_all(self, make: Make) -> None:
        server = limited(make, total_watches=2)
        first, other = (server.client().sign_in().connect("public") for _ in range(2))
        for _ in range(2):
            self.watch(first)
        self.watch(other)
        assert other.answer().header.status == NT.INSUFFICIENT_RESOURCES
        assert "limits.total_watches" in problems(server)[0]
        first.lost()
        self.watch(other)
        assert other.answers() == []
        other.lost()
        assert server.server.quotas.watches.used == 0


class TestPosixLocks:
    """Those of the Unix extensions, in which a lock in the midst of another makes three of one."""

    LIMITS = ("file_locks", "locks", "total_locks")

    def locker(self, make: Make, setting: str) -> tuple[InMemoryServer, Client, int]:
        server = limited(make, **{setting: 50})
        client = posix_names(server.client().sign_in().connect("public"))
        return server, client, posix_open(client, "/a.txt", READ_WRITE).fid

    def told(self, server: InMemoryServer, setting: str) -> bool:
        """Whether the log names the setting; takes the problem of a total."""
        return f"limits.{setting}" in reason(server) and len(problems(server)) == (setting == "total_locks")

    @pytest.mark.parametrize("setting", LIMITS)
    def test_one_beside_the_other(self, make: Make, refuses: Refuses, setting: str) -> None:
        server, client, fid = self.locker(make, setting)
        for at in range(50):
            lock(client, fid, 1, 10 * at, 5)
        with refuses(NT.INSUFFICIENT_RESOURCES):
            lock(client, fid, 1, 1000, 5)
        assert self.told(server, setting)
        lock(client, fid, 0, 0, 300)  # in place of thirty
        lock(client, fid, 1, 1000, 5)

    @pytest.mark.parametrize("setting", LIMITS)
    def test_in_the_midst_of_one(self, make: Make, refuses: Refuses, setting: str) -> None:
        server, client, fid = self.locker(make, setting)
        lock(client, fid, 1, 0, 10_000)
        for at in range(24):
            lock(client, fid, 0, 100 * at + 50, 10)
        with refuses(NT.INSUFFICIENT_RESOURCES):
            lock(client, fid, 0, 9000, 10)
        assert self.told(server, setting)
        lock(client, fid, 1, 20_000, 10)

    @pytest.mark.parametrize("setting", LIMITS)
    def test_that_are_freed_in_parts(self, make: Make, refuses: Refuses, setting: str) -> None:
        server, client, fid = self.locker(make, setting)
        lock(client, fid, 1, 0, 10_000)
        for at in range(49):
            lock(client, fid, 2, 100 * at + 50, 10)
        with refuses(NT.INSUFFICIENT_RESOURCES):
            lock(client, fid, 2, 9000, 10)
        assert self.told(server, setting)
        lock(client, fid, 2, 9000, 1000)  # of which nothing is left behind it
        lock(client, fid, 2, 0, 0)
        lock(client, fid, 1, 0, 10)

    def test_that_wait(self, make: Make, refuses: Refuses) -> None:
        """They count when they begin to wait, as all waiting locks do."""
        _, client, fid = self.locker(make, "locks")
        for at in range(50):
            lock(client, fid, 1, 10 * at, 5)
        data = PosixLock(1, 1, 7, 0, 5).encode()
        with refuses(NT.INSUFFICIENT_RESOURCES):
            client.trans2(Trans2.SET_FILE_INFORMATION, SetFileInformationRequest(fid, 0x208), data)


@pytest.mark.turns
class TestManyAtOnce:
    """Thousands of POSIX locks that one request replaces or frees: everybody else has turns meanwhile."""

    COUNT = 2000

    def many(self, make: Make) -> tuple[InMemoryServer, Client, Client, int]:
        server = make()
        client, other = (posix_names(server.client().sign_in().connect("public")) for _ in range(2))
        fid = posix_open(client, "/a.txt", READ_WRITE).fid
        for at in range(self.COUNT):
            lock(client, fid, 1, 10 * at, 5)
        slow = iter(range(1 << 30))
        server.server.world.turn.now = lambda: next(slow) / 1000  # a millisecond whenever somebody looks
        return server, client, other, fid

    def ask(self, client: Client, fid: int, kind: int, length: int) -> None:
        data = PosixLock(kind, 0, 0x1234, 0, length).encode()
        asked = SetFileInformationRequest(fid, 0x208).encode()
        client.send(
            0x32, Transaction2Request(setup=b"\x08\0", parameters=asked, data=data, max_parameter_count=2)
        )

    @pytest.mark.parametrize(("kind", "left"), [(2, 0), (1, 1), (0, 1)])
    def test_take_turns(self, make: Make, kind: int, left: int) -> None:
        server, client, other, fid = self.many(make)
        (file,) = server.open_files.by_key.values()
        assert file.locks is not None
        self.ask(client, fid, kind, 0 if kind == 2 else 10 * self.COUNT)
        assert client.answers() == []
        assert self.COUNT // 2 < len(file.locks) <= self.COUNT + 1
        for _ in range(self.COUNT):
            server.clock.advance(0.01)
        assert client.answer().header.status == NT.SUCCESS
        assert len(file.locks) == left
        there = posix_open(other, "/a.txt", READ_WRITE).fid
        lock(other, there, 1 if kind == 2 else 0, 10 * self.COUNT + 50, 5, pid=9)

    def test_of_a_file_that_is_closed_meanwhile(self, make: Make) -> None:
        server, client, other, fid = self.many(make)
        self.ask(client, fid, 2, 0)
        client.close(fid)
        for _ in range(self.COUNT):
            server.clock.advance(0.01)
        there = posix_open(other, "/a.txt", READ_WRITE).fid
        lock(other, there, 1, 0, 10 * self.COUNT, pid=9)
