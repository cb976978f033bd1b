"""What goes on after it has waited does so in its own connection's time, whoever was served meanwhile."""

import gc
import os
import struct
import weakref
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from twisted.internet.task import Clock

from fakesmb.core.settings import Settings
from fakesmb.nt.files import Access, Disposition, ShareMode
from fakesmb.nt.filetime import from_ns
from fakesmb.testing import Client, InMemoryServer
from fakesmb.vfs.disktask import Call, DiskTask, DiskTasks
from fakesmb.wire.codec import Empty
from fakesmb.wire.commands import Command
from fakesmb.wire.dirs import CreateDirectoryRequest
from fakesmb.wire.files import NtCreateAndxRequest
from fakesmb.wire.trans2 import FindFirst2Request, SetFileInformationRequest, Trans2
from fakesmb.wire.unix import UnixLevel
from fakesmb.world import ToldTime, Turn, World, clock_of
from tests.core.conftest import check_end
from tests.core.test_repeatable import BEGAN, SECOND, STEPPING, STILL, Talk, query, served, times

Script = Callable[[InMemoryServer, Client, Callable[[], None]], None]
MADE = NtCreateAndxRequest(
    desired_access=Access.GENERIC_READ | Access.GENERIC_WRITE,
    share_access=ShareMode.ALL,
    create_disposition=Disposition.OPEN_IF,
    file_name="made",
)


def others(server: InMemoryServer, times: int) -> None:
    """Other clients come, look at the clock and leave."""
    for _ in range(times):
        other = server.client("127.0.0.1:50001").sign_in().connect("public")
        query(other, 0x107, "dir")
        other.lost()


def delayed(server: InMemoryServer, client: Client, meanwhile: Callable[[], None]) -> None:
    with server.server.faults.inject(command="OPEN", connection=1, delay=0.1):
        client.send(Command.NT_CREATE_ANDX, MADE)
        meanwhile()
        server.clock.advance(0.2)
    client.answers()


def hung(server: InMemoryServer, client: Client, meanwhile: Callable[[], None]) -> None:
    with server.server.faults.inject(command="OPEN", connection=1, hang=True):
        client.send(Command.NT_CREATE_ANDX, MADE)
        meanwhile()
    server.settle()
    client.answers()


def in_turns(server: InMemoryServer, client: Client, meanwhile: Callable[[], None]) -> None:
    """The name is looked up in a directory that is long to read."""
    for number in range(3000):
        Path(folder_of(server), f"file number {number}").touch()
    turn = server.server.world.turn
    turn.now = count().__next__
    turn.begin()
    client.send(Command.NT_CREATE_ANDX, MADE)
    assert server.clock.calls
    turn.now = float
    meanwhile()
    while server.clock.calls and server.clock.calls[0].getTime() <= server.clock.seconds():
        server.clock.advance(0)
    client.answers()


def folder_of(server: InMemoryServer) -> str:
    store = server.server.shares["PUBLIC"].store
    root: str = store._inner._lookup.root.path  # type: ignore[union-attr]
    return root


def held_back(server: InMemoryServer, client: Client, meanwhile: Callable[[], None]) -> None:
    """A sharing violation is waited for; in the end there is none, and the file is emptied."""
    keeper = server.client("127.0.0.1:50002").sign_in().connect("public")
    fid = keeper.create("there.txt", share=0)
    client.send(
        Command.NT_CREATE_ANDX,
        NtCreateAndxRequest(
            desired_access=Access.GENERIC_WRITE,
            share_access=ShareMode.ALL,
            create_disposition=Disposition.OVERWRITE,
            file_name="there.txt",
        ),
    )
    meanwhile()
    keeper.close(fid)
    client.answers()
    keeper.lost()
    query(client, 0x107, "there.txt")


@pytest.mark.parametrize(
    "script", [delayed, hung, pytest.param(in_turns, marks=pytest.mark.turns), held_back]
)
def test_what_waits_goes_on_in_its_own_time(tmp_path: Path, script: Script) -> None:
    said = []
    for number in (0, 3):
        server = served(tmp_path / str(number))
        talk = Talk(server)
        talk.sign_in().connect("public")
        script(server, talk, partial(others, server, number))
        query(talk, 0x107, "made" if script is not held_back else "dir")
        said.append(talk.said)
        check_end(server)
    assert said[0] == said[1]


@pytest.mark.turns
def test_who_lets_others_go_on_keeps_its_time(tmp_path: Path) -> None:
    """The one close ends the wait of another; it stays in its own time."""
    server = served(tmp_path / "one")
    world = server.server.world
    keeper = server.client().sign_in().connect("public")
    fid = keeper.create("there.txt", share=0)
    waiting = server.client("127.0.0.1:50002").sign_in().connect("public")
    for _ in range(50):
        query(waiting, 0x107, "dir")
    waiting.send(Command.NT_CREATE_ANDX, NtCreateAndxRequest(desired_access=1, file_name="there.txt"))
    before = world.now_ns()
    keeper.close(fid)
    assert waiting.answer().header.status == 0
    assert world.now_ns() < before  # the keeper is younger
    assert world.connection == 1  # type: ignore[attr-defined]
    check_end(server)


def test_a_break_is_told_in_the_time_of_who_opens(tmp_path: Path) -> None:
    server = served(tmp_path / "one")
    holder = server.client().sign_in().connect("public")
    holder.create("there.txt", flags=6, access=0x1F01FF)
    opener = server.client("127.0.0.1:50002").sign_in().connect("public")
    opener.send(
        Command.NT_CREATE_ANDX, NtCreateAndxRequest(desired_access=1, share_access=7, file_name="there.txt")
    )
    assert holder.answers() == []
    assert holder.breaks
    assert server.server.world.connection == 2  # type: ignore[attr-defined]
    check_end(server)


@pytest.mark.parametrize("clock", [STILL, STEPPING], ids=["still", "stepping"])
def test_a_file_dated_after_the_beginning_is_told_alike_however_late_others_are(
    tmp_path: Path, clock: object
) -> None:
    told = []
    moment = STEPPING.began + 30_000_000
    for number in (0, 30):
        server = served(tmp_path / str(number))
        os.utime(tmp_path / str(number) / "public" / "there.txt", ns=(moment, moment))
        client = server.client().sign_in().connect("public")
        others(server, number)
        told.append([query(client, 0x107, "there.txt") for _ in range(40)])
        check_end(server)
    assert told[0] == told[1]
    assert len(set(told[0])) == 1


class TestTheClockAlone:
    """Without repeatable runs: what clients make and write is dated by it, and nothing else is told otherwise."""

    @pytest.fixture(params=[STILL, STEPPING], ids=["still", "stepping"])
    def server(self, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[InMemoryServer]:
        folder = tmp_path / "public"
        (folder / "dir").mkdir(parents=True)
        (folder / "there.txt").write_bytes(b"x" * 5000)
        server = InMemoryServer({"public": folder}, settings=Settings(), world=ToldTime(request.param))
        yield server
        check_end(server)

    @pytest.fixture
    def client(self, server: InMemoryServer) -> Client:
        return server.client().sign_in().connect("public")

    def told(self, client: Client, name: str) -> list[int]:
        """How many seconds after the clock's beginning each of the four times is."""
        return [(one - BEGAN) // SECOND for one in times(client, name)]

    def test_what_a_client_makes_is_as_old_as_the_clock(self, client: Client) -> None:
        """While it is open, when something is written, and after its close."""
        fid = client.create("new.txt", disposition=Disposition.CREATE)
        assert self.told(client, "new.txt") == [0] * 4
        client.write(fid, b"hello")
        assert self.told(client, "new.txt") == [0] * 4
        client.close(fid)
        assert self.told(client, "new.txt") == [0] * 4
        created, _, written, _ = times(client, "new.txt")
        assert created <= written
        client.call(Command.CREATE_DIRECTORY, CreateDirectoryRequest("made"), Empty)
        assert self.told(client, "made") == [0] * 4

    def test_so_it_is_told_in_listings(self, client: Client) -> None:
        client.close(client.create("dir\\new.txt", disposition=Disposition.CREATE))
        found = client.trans2(Trans2.FIND_FIRST2, FindFirst2Request(0x16, 10, 1, 0x101, 0, "dir\\new.txt"))
        assert {(one - BEGAN) // SECOND for one in struct.unpack_from("<4Q", found.data, 8)} == {0}

    def test_so_it_is_told_by_the_unix_extensions(self, client: Client) -> None:
        client.close(client.create("new.txt", disposition=Disposition.CREATE))
        told = struct.unpack_from("<3Q", query(client, UnixLevel.BASIC, "new.txt"), 16)
        assert {(one - BEGAN) // SECOND for one in told} == {0}

    def test_what_a_client_sets_is_told(self, client: Client) -> None:
        fid = client.create("new.txt", disposition=Disposition.CREATE, access=0x1F01FF)
        moment = BEGAN + 10**6 * SECOND
        client.trans2(
            Trans2.SET_FILE_INFORMATION,
            SetFileInformationRequest(fid, 0x101),
            struct.pack("<4QII", moment, moment, moment, 0, 0, 0),
        )
        client.close(fid)
        assert times(client, "new.txt")[:3] == (moment,) * 3

    def test_what_was_there_is_told_as_it_is(self, client: Client, tmp_path: Path) -> None:
        st = (tmp_path / "public" / "there.txt").stat()
        assert times(client, "there.txt")[2] == from_ns(st.st_mtime_ns)
        assert int.from_bytes(query(client, 1006, "there.txt")[:8], "little") != 0
        assert struct.unpack("<Q", query(client, 0x102, "there.txt")[:8])[0] >= 5000

    def test_a_file_that_is_emptied_is_written_now(self, client: Client) -> None:
        client.close(client.create("there.txt", disposition=Disposition.OVERWRITE))
        assert self.told(client, "there.txt")[2] == 0


def test_the_size_of_a_directory_is_no_file_systems(tmp_path: Path) -> None:
    """In a listing at the level of the Unix extensions, as when its name is asked for."""
    server = served(tmp_path / "one")
    client = server.client().sign_in().connect("public")
    found = client.trans2(Trans2.FIND_FIRST2, FindFirst2Request(0x16, 10, 1, 0x202, 0, "dir"))
    assert struct.unpack_from("<Q", found.data, 8) == (4096,)
    assert struct.unpack_from("<Q", query(client, UnixLevel.BASIC, "dir")) == (4096,)
    check_end(server)


def test_a_clock_that_is_ahead_of_the_machines_is_told_alike_too(tmp_path: Path) -> None:
    """What the kernel dates in the run is earlier than the clock's beginning; what was there before is older still."""
    clock = clock_of("2040-02-01T10:00:00Z")
    began = from_ns(clock.began)
    server = served(tmp_path / "one", clock)
    folder = tmp_path / "one" / "public"
    old = 1_000_000_000_000_000_000
    os.utime(folder / "there.txt", ns=(old, old))
    os.utime(folder / "dir", ns=(old, old))
    client = server.client().sign_in().connect("public")
    assert times(client, "there.txt") == (from_ns(old),) * 4
    assert times(client, "dir") == (from_ns(old),) * 4
    fid = client.create("dir\\new.txt", disposition=Disposition.CREATE)
    client.write(fid, b"hello")
    assert times(client, "dir\\new.txt") == (began,) * 4
    client.close(fid)
    assert times(client, "dir\\new.txt") == (began,) * 4
    assert times(client, "dir") == (began,) * 4  # the kernel has dated it now
    fid = client.create("there.txt")
    client.write(fid, b"again")
    client.close(fid)
    assert times(client, "there.txt") == (began,) * 4
    check_end(server)


@pytest.mark.parametrize("world", [World(), ToldTime(STILL)], ids=["the machine's", "told"])
def test_a_task_that_is_done_waits_for_no_collector(world: World) -> None:
    """What it goes on with refers back to it."""

    class NoThreads:
        def begin(self, function: object, args: object, kwargs: object) -> Call:
            raise AssertionError

    tasks = DiskTasks(NoThreads(), Clock().callLater, Turn(), world.of_present)
    gc.disable()
    try:
        task = DiskTask(tasks, list)
        seen = weakref.ref(task)
        task.go_on()
        assert task.dead
        del task
        assert seen() is None
    finally:
        gc.enable()
