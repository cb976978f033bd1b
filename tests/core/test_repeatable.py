"""In a world that can be repeated every run gives the same bytes, whatever the disk, the hour and other clients do."""

import os
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakesmb.core.idle import IdleWatch
from fakesmb.core.settings import Settings
from fakesmb.nt.controls import Fsctl
from fakesmb.nt.files import Disposition
from fakesmb.nt.filetime import from_ns, to_ns
from fakesmb.testing import Client, InMemoryServer
from fakesmb.vfs.disktask import Lane
from fakesmb.vfs.laned import LanedStore, in_lane
from fakesmb.vfs.lesser import Traits, lesser
from fakesmb.vfs.local.store import LocalStore
from fakesmb.vfs.paths import Path as Path_
from fakesmb.vfs.repeatable import CLUSTER, TOTAL_UNITS, repeatable
from fakesmb.vfs.rules.openfiles import OpenFiles
from fakesmb.wire.codec import Buffer, Empty
from fakesmb.wire.commands import Command
from fakesmb.wire.dirs import (
    CreateDirectoryRequest,
    DeleteRequest,
    QueryInformationRequest,
    QueryInformationResponse,
    RenameRequest,
)
from fakesmb.wire.files import CreateTemporaryRequest, CreateTemporaryResponse
from fakesmb.wire.nt_trans import IoctlSetup, NtTransact
from fakesmb.wire.trans import NtTransactRequest, NtTransactResponse
from fakesmb.wire.trans2 import (
    FindFirst2Request,
    QueryFileInformationRequest,
    QueryFsInformationRequest,
    QueryPathInformationRequest,
    SetFileInformationRequest,
    SetPathInformationRequest,
    Trans2,
)
from fakesmb.wire.unix import FileType, UnixLevel
from fakesmb.world import Clock, RepeatableWorld, ToldTime, World, clock_of
from tests.core.conftest import check_end
from tests.core.test_unix import basic

STILL = clock_of("2004-02-01T10:00:00Z")
STEPPING = clock_of("2004-02-01T10:00:00Z,step=1ms")
BEGAN = from_ns(STILL.began)
SECOND = 10_000_000
"""FILETIME ticks."""


class Talk(Client):
    """A client that keeps all that is said, both ways."""

    def __init__(self, server: InMemoryServer, peer: str = "127.0.0.1:50000") -> None:
        self.said: list[bytes] = []
        super().__init__(server, peer)

    def _take(self, buffers: list[Buffer]) -> None:
        self.said.append(b"<" + b"".join(buffers))
        super()._take(buffers)

    def send_raw(self, message: bytes) -> None:
        self.said.append(b">" + message)
        super().send_raw(message)


def folders_in(base: Path) -> dict[str, Path]:
    base.mkdir()
    public = base / "public"
    public.mkdir()
    (public / "there.txt").write_bytes(b"x" * 5000)
    (public / "dir").mkdir()
    for name in ("b.txt", "a.txt", "A long name.text", "A long name.texts"):
        (public / "dir" / name).write_bytes(name.encode())
    return {"public": public}


def served(base: Path, clock: Clock = STEPPING, seed: int = 7) -> InMemoryServer:
    return InMemoryServer(folders_in(base), settings=Settings(), world=RepeatableWorld(seed, clock))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[InMemoryServer]:
    made = served(tmp_path / "one", STILL)
    yield made
    check_end(made)


@pytest.fixture
def client(server: InMemoryServer) -> Client:
    return server.client().sign_in().connect("public")


def script(client: Client) -> None:
    """Some of everything whose answer has a time, a number or something random in it."""
    client.sign_in().connect("public")
    fid = client.create("new.txt", disposition=Disposition.CREATE)
    client.write(fid, b"hello" * 100)
    by_fid(client, fid)
    object_id(client, fid)
    client.close(fid)
    made = client.create("made", disposition=Disposition.CREATE, options=1)
    by_fid(client, made)
    client.close(made)
    client.call(Command.CREATE_DIRECTORY, CreateDirectoryRequest("old way"), Empty)
    for name in ("new.txt", "there.txt", "dir", "dir\\a.txt", "old way", ""):
        for level in (1, 2, 0x101, 0x102, 0x107, 1006, UnixLevel.BASIC):
            query(client, level, name)
    for pattern in ("*", "dir\\*", "old way"):
        for level in (1, 0x104, 0x105, 0x106):
            client.trans2(Trans2.FIND_FIRST2, FindFirst2Request(0x16, 100, 6, level, 0, pattern))
    for level in (1, 2, 0x102, 0x103, 0x105, 1001, 1007, 1008, 0x200, 0x201):
        client.trans2(Trans2.QUERY_FS_INFORMATION, QueryFsInformationRequest(level))
    client.call(Command.CREATE_TEMPORARY, CreateTemporaryRequest(0, 0, "dir"), CreateTemporaryResponse)
    client.call(Command.DELETE, DeleteRequest(0, "new.txt"), Empty)
    client.close(client.create("new.txt", disposition=Disposition.CREATE))
    query(client, 1006, "new.txt")


def by_fid(client: Client, fid: int) -> None:
    for level in (0x101, 0x102, 0x107, 0x109, 1006, 1034):
        client.trans2(Trans2.QUERY_FILE_INFORMATION, QueryFileInformationRequest(fid, level))


def query(client: Client, level: int, name: str) -> bytes:
    request = QueryPathInformationRequest(level, 0, name)
    return bytes(client.trans2(Trans2.QUERY_PATH_INFORMATION, request).data)


def object_id(client: Client, fid: int) -> bytes:
    setup = IoctlSetup(Fsctl.CREATE_OR_GET_OBJECT_ID, fid, 1, 0)
    request = NtTransactRequest(
        function=NtTransact.IOCTL, setup=setup.encode(), max_data_count=64, max_parameter_count=0
    )
    return bytes(client.call(Command.NT_TRANSACT, request, NtTransactResponse).data)


def times(client: Client, name: str) -> tuple[int, int, int, int]:
    """Creation, access, write and change time."""
    made: tuple[int, int, int, int] = struct.unpack_from("<4Q", query(client, 0x101, name))
    return made


class TestARun:
    @pytest.mark.parametrize("clock", [STILL, STEPPING], ids=["still", "stepping"])
    def test_two_give_equal_bytes(self, tmp_path: Path, clock: Clock) -> None:
        talks = []
        for name in ("one", "another"):
            server = served(tmp_path / name, clock)
            talk = Talk(server)
            script(talk)
            talks.append(talk.said)
            check_end(server)
        assert talks[0] == talks[1]
        assert len(talks[0]) > 150

    def test_another_seed_gives_others(self, tmp_path: Path) -> None:
        challenges = []
        for seed in (1, 2):
            server = served(tmp_path / str(seed), seed=seed)
            challenges.append((server.client().negotiate().challenge, server.server.guid))
        assert challenges[0] != challenges[1]

    def test_under_load_the_bytes_are_the_same(self, tmp_path: Path) -> None:
        """Others sign in, write, list and leave between the messages; they have files of their own."""
        alone = served(tmp_path / "alone")
        first = Talk(alone)
        script(first)
        check_end(alone)

        busy = served(tmp_path / "busy")
        second = Loaded(busy)
        script(second)
        assert second.others > 20
        check_end(busy)
        assert first.said == second.said

    def test_numbers_begin_again(self, tmp_path: Path) -> None:
        """A server that begins again answers as a new one, over folders that are as they were."""
        server = served(tmp_path / "one")
        said = []
        for _ in range(2):
            talk = Talk(server)
            talk.sign_in().connect("public")
            query(talk, 0x107, "there.txt")
            query(talk, 1006, "there.txt")
            talk.lost()
            said.append(talk.said)
            server.server.begin_again()
        assert said[0] == said[1]
        check_end(server)


class Loaded(Talk):
    """A client with whose messages those of others come in between."""

    others = 0

    def send_raw(self, message: bytes) -> None:
        if self.connection is not None and type(self).others < 40:
            self._disturb()
        super().send_raw(message)

    def _disturb(self) -> None:
        server, number = self.server, type(self).others
        type(self).others += 1
        other = server.client(f"127.0.0.1:{50001 + number}").sign_in().connect("public")
        fid = other.create(f"other{number}", disposition=Disposition.OPEN_IF)
        other.write(fid, b"load")
        object_id(other, fid)
        other.close(fid)
        query(other, 0x107, f"other{number}")
        other.call(Command.DELETE, DeleteRequest(0, f"other{number}"), Empty)
        other.lost()

    def __init__(self, server: InMemoryServer, peer: str = "127.0.0.1:50000") -> None:
        type(self).others = 0
        self.server = server
        super().__init__(server, peer)


class TestTimes:
    def test_what_the_server_did_not_write_is_as_old_as_the_world(self, client: Client) -> None:
        assert times(client, "there.txt") == (BEGAN,) * 4
        assert times(client, "dir") == (BEGAN,) * 4

    def test_what_is_older_than_the_world_keeps_its_write_time(self, client: Client, tmp_path: Path) -> None:
        moment = 1_000_000_000_000_000_000
        os.utime(tmp_path / "one" / "public" / "there.txt", ns=(moment, moment))
        created, accessed, written, changed = times(client, "there.txt")
        assert written == accessed == changed == from_ns(moment)
        assert created == from_ns(moment)

    def test_what_is_made_is_dated_by_the_world_on_the_disk_too(self, client: Client, tmp_path: Path) -> None:
        client.close(client.create("empty.txt", disposition=Disposition.CREATE))
        client.close(client.create("made", disposition=Disposition.CREATE, options=1))
        fid = client.create("written.txt", disposition=Disposition.CREATE)
        client.write(fid, b"data")
        client.close(fid)
        fid = client.create("there.txt", disposition=Disposition.OVERWRITE)
        client.close(fid)
        for name in ("empty.txt", "made", "written.txt", "there.txt"):
            assert (tmp_path / "one" / "public" / name).stat().st_mtime_ns == STILL.began, name
            assert times(client, name) == (BEGAN,) * 4, name

    def test_a_time_that_a_client_sets_is_told(self, client: Client) -> None:
        """Also one that is later than the world's."""
        later = BEGAN + 365 * 86400 * SECOND * 20
        data = struct.pack("<4Q2I", later, later + 10, later + 20, 0, 0, 0)
        client.trans2(Trans2.SET_PATH_INFORMATION, SetPathInformationRequest(0x101, 0, "there.txt"), data)
        assert times(client, "there.txt") == (later, later + 10, later + 20, later + 20)
        fid = client.create("there.txt")
        client.trans2(Trans2.SET_FILE_INFORMATION, SetFileInformationRequest(fid, 0x101), data)
        client.close(fid)
        assert times(client, "there.txt")[2] == later + 20

    def test_a_time_given_at_the_close_is_told(self, client: Client) -> None:
        fid = client.create("there.txt")
        client.close(fid, last_write_time=2_000_000_000)
        assert to_ns(times(client, "there.txt")[2]) == 2_000_000_000 * 10**9
        asked = QueryInformationRequest("there.txt")
        answer = client.call(Command.QUERY_INFORMATION, asked, QueryInformationResponse)
        assert answer.last_write_time == 2_000_000_000

    def test_each_look_at_the_clock_is_a_step_later(self, tmp_path: Path) -> None:
        server = served(tmp_path / "one", STEPPING)
        client = server.client().sign_in().connect("public")
        first, second = (client.create(name, disposition=Disposition.CREATE) for name in ("1", "2"))
        client.close(first)
        client.close(second)
        earlier, later = (times(client, name)[0] for name in ("1", "2"))
        assert BEGAN < earlier < later < BEGAN + SECOND
        assert (later - earlier) % 10_000 == 0
        check_end(server)

    def test_one_clients_time_goes_by_its_own_messages(self, tmp_path: Path) -> None:
        server = served(tmp_path / "one", STEPPING)
        first, second = server.client(), server.client()
        times = [one.negotiate().system_time for one in (first, second)]
        assert times[0] == times[1] > BEGAN


class TestUnixExtensions:
    """The same files by the levels of the Unix extensions."""

    @pytest.fixture
    def unix(self, client: Client) -> Client:
        """Chooses them, but for POSIX names."""
        tree = client.connection.trees.get(client.tid)
        assert tree is not None
        tree.choose_unix(1)
        return client

    def basic(self, client: Client, name: str) -> tuple[int, ...]:
        """Size, allocation, the three times, number of the file."""
        data = query(client, UnixLevel.BASIC, name)
        return (*struct.unpack_from("<5Q", data), struct.unpack_from("<Q", data, 76)[0])

    def test_times_sizes_and_numbers(self, client: Client) -> None:
        size, allocated, changed, accessed, written, number = self.basic(client, "there.txt")
        assert (size, allocated) == (5000, 2 * CLUSTER)
        assert changed == accessed == written == BEGAN
        assert number == int.from_bytes(query(client, 1006, "there.txt"), "little")
        assert self.basic(client, "dir")[0] == CLUSTER

    def test_links_and_nodes_are_new(self, unix: Client) -> None:
        for make in ("there.txt", "elsewhere"):
            data = make.encode("utf-16-le") + b"\0\0"
            name = f"link to {make}"
            unix.trans2(Trans2.SET_PATH_INFORMATION, SetPathInformationRequest(UnixLevel.LINK, 0, name), data)
            assert self.basic(unix, name)[2:5] == (BEGAN,) * 3

        fifo = basic(kind=FileType.FIFO, mode=0o600)
        unix.trans2(Trans2.SET_PATH_INFORMATION, SetPathInformationRequest(UnixLevel.BASIC, 0, "fifo"), fifo)
        assert self.basic(unix, "fifo")[2:5] == (BEGAN,) * 3

    def test_what_is_set_is_told(self, unix: Client) -> None:
        later = BEGAN + 1000 * SECOND
        request = SetPathInformationRequest(UnixLevel.BASIC, 0, "there.txt")
        unix.trans2(Trans2.SET_PATH_INFORMATION, request, basic(write=later))
        assert self.basic(unix, "there.txt")[4] == later

    def test_posix_names_and_searches(self, client: Client) -> None:
        tree = client.connection.trees.get(client.tid)
        assert tree is not None
        tree.choose_unix(0x10)
        assert self.basic(client, "/there.txt")[4] == BEGAN
        request = FindFirst2Request(0x16, 100, 1, 0x202, 0, "/*")
        client.trans2(Trans2.FIND_FIRST2, request)


class TestFacts:
    def test_a_number_stays_with_its_file(self, client: Client) -> None:
        number = query(client, 1006, "there.txt")
        client.call(Command.RENAME, _rename("there.txt", "renamed.txt"), Empty)
        assert query(client, 1006, "renamed.txt") == number
        assert query(client, 1006, "dir") != number

    def test_a_new_file_of_the_old_name_has_another_life(self, client: Client) -> None:
        for _ in range(2):
            client.close(client.create("x", disposition=Disposition.CREATE))
            client.call(Command.DELETE, DeleteRequest(0, "x"), Empty)

    def test_the_allocation_is_made_of_the_size(self, client: Client) -> None:
        fid = client.create("big.bin", disposition=Disposition.CREATE)
        client.write(fid, b"end", 100_000)
        client.close(fid)
        assert struct.unpack_from("<2Q", query(client, 0x102, "big.bin")) == (25 * CLUSTER, 100_003)

    def test_the_volume_is_always_the_same(self, client: Client) -> None:
        size = client.trans2(Trans2.QUERY_FS_INFORMATION, QueryFsInformationRequest(0x103))
        assert struct.unpack("<2Q2I", bytes(size.data)) == (TOTAL_UNITS, TOTAL_UNITS // 2, 8, 512)
        volume = bytes(client.trans2(Trans2.QUERY_FS_INFORMATION, QueryFsInformationRequest(0x102)).data)
        assert struct.unpack_from("<Q", volume) == (BEGAN,)

    def test_an_association_group_is_numbered_by_its_connection(self) -> None:
        world = RepeatableWorld(1)
        clocks = [world.clock_of(number) for number in (1, 2)]
        given = []
        for clock in (clocks[0], clocks[1], clocks[0]):
            clock()
            given.append(world.new_group())
        assert given == [1, 0x1001, 2]

    def test_randomness_is_the_connections_own(self) -> None:
        made: dict[int, list[bytes]] = {}
        for order in ((1, 2), (2, 1)):
            world = RepeatableWorld(1)
            clocks = {number: world.clock_of(number) for number in (1, 2)}
            for number in order:
                clocks[number]()
                made.setdefault(number, []).append(world.entropy(100))
        assert made[1][0] == made[1][1] != made[2][0] == made[2][1]


def _rename(old: str, new: str) -> RenameRequest:
    return RenameRequest(0x16, old, new)


class TestClocks:
    @pytest.mark.parametrize(
        ("text", "began", "step"),
        [
            ("2004-02-01T10:00:00Z", STILL.began, 0),
            ("2004-02-01T10:00:00", STILL.began, 0),
            ("2004-02-01T12:00:00+02:00", STILL.began, 0),
            ("2004-02-01T10:00:00Z,step=1ms", STILL.began, 1_000_000),
            ("2004-02-01 10:00:00Z, step=5s", STILL.began, 5_000_000_000),
            ("2004-02-01T10:00:00.000001Z,step=100ns", STILL.began + 1000, 100),
        ],
    )
    def test_as_text(self, text: str, began: int, step: int) -> None:
        assert clock_of(text) == Clock(began, step)

    @pytest.mark.parametrize(
        ("given", "problem"),
        [
            ("noon", "must be a time such as 2004-02-01T10:00:00Z"),
            ("2004-02-01T10:00:00Z,stop=1ms", "'stop=1ms' is no step"),
            ("2004-02-01T10:00:00Z,step=1", "'step=1' is no step"),
            ("1969-01-01T00:00:00Z", "1969 is no year between 1980 and 2099"),
            (7, "must be a time such as"),
            (None, "must be a time such as"),
        ],
    )
    def test_what_is_none(self, given: object, problem: str) -> None:
        with pytest.raises(ValueError, match=problem):
            clock_of(given)

    def test_a_time_that_is_told_is_no_repeatable_world(self) -> None:
        world = ToldTime(STILL)
        assert world.stands
        assert not ToldTime(STEPPING).stands
        assert world.now() * 10**9 == world.now_ns() == STILL.began
        assert world.entropy(16) != world.entropy(16)

    def test_the_machines_world_is_as_ever(self) -> None:
        world = World()
        assert world.clock_of(1) is world.now
        assert [world.new_group() for _ in range(2)] == [1, 2]
        world.begin_again()


def test_who_is_idle_is_not_told_by_a_clock_that_stands(tmp_path: Path) -> None:
    """An idle connection stays, and so does one that works."""
    for clock in (STILL, STEPPING):
        server = served(tmp_path / str(clock.step), clock)
        watch = IdleWatch(server.server)
        watch.begin()
        assert bool(server.clock.getDelayedCalls()) is not server.server.world.stands
        watch.stop()
        check_end(server)


def test_a_store_in_a_lane_is_repeatable_inside_it(tmp_path: Path) -> None:
    """And one that has less than its disk, too: whoever asks for a lane finds it."""
    world = RepeatableWorld(1)
    store = in_lane(LocalStore(str(folders_in(tmp_path / "x")["public"]), OpenFiles(world=world)), Lane())
    wrapped = repeatable(lesser(store, Traits("FAT", streams=False)), world, "public")
    assert isinstance(wrapped, LanedStore)
    assert wrapped.volume().total_units == TOTAL_UNITS
    assert wrapped.volume().file_system == "FAT"
    assert from_ns(STILL.began) == wrapped.query(Path_.parse("there.txt")).last_write_time
    wrapped.shutdown()
