"""A disk that hangs on cue holds up those who ask it, and nobody else."""

import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from fakesmb.core.settings import Settings
from fakesmb.nt.files import Option, ShareMode
from fakesmb.nt.status import NT, SMBError
from fakesmb.testing import Client, InMemoryServer
from fakesmb.wire.commands import Command
from fakesmb.wire.session import EchoRequest, EchoResponse
from tests.core.conftest import Make
from tests.late_threads import LateCall, LateThreads


class Disk(LateThreads):
    """Hangs on the system calls that it is told."""

    def hang_on(self, *names: str) -> None:
        """From now on on those; on all, where none is named."""
        self.hangs = lambda call: not names or call.function.__name__ in names


@pytest.fixture
def disk() -> Disk:
    """The disk of all shares."""
    return Disk()


@pytest.fixture
def server(make: Make, disk: Disk, folders: dict[str, Path]) -> InMemoryServer:
    """A server whose shares are on it."""
    (folders["public"] / "b.txt").write_bytes(b"beta")
    return make(threads=disk)


@pytest.fixture
def client(server: InMemoryServer) -> Client:
    """Whom the disk holds up."""
    return server.client().sign_in().connect("public")


@pytest.fixture
def other(server: InMemoryServer) -> Client:
    """Whom it does not."""
    return server.client().sign_in().connect("public")


def held_up(ask: Callable[[], object]) -> None:
    """What is asked is not answered, for now."""
    with pytest.raises(AssertionError, match="0 answers"):
        ask()


def echoes(client: Client) -> bool:
    """Whether an ECHO is answered."""
    client.send(Command.ECHO, EchoRequest(1, b"?"))
    return [bytes(answer.body(EchoResponse).data) for answer in client.answers()] == [b"?"]


def go_on(server: InMemoryServer, disk: Disk) -> None:
    """The disk hangs no longer."""
    disk.go_on()
    server.settle()


def test_an_open_waits_alone(server: InMemoryServer, client: Client, other: Client, disk: Disk) -> None:
    """ECHOes, sign-ins and the data of open files go on; who wants another name of the disk waits for it, too."""
    fid = other.create("a.txt")
    disk.hang_on("open")
    held_up(lambda: client.create("b.txt"))
    assert echoes(other)
    assert other.read(fid, 0, 4) == b"0123"
    assert other.write(fid, b"x", 4) == 1
    assert echoes(server.client().sign_in())
    held_up(lambda: other.create("b.txt"))
    go_on(server, disk)
    assert [answer.header.status for answer in (client.answer(), other.answer())] == [0, 0]


@pytest.mark.parametrize("call", ["pread", "pwrite"])
def test_data_of_one_file_wait_alone(
    server: InMemoryServer, client: Client, other: Client, disk: Disk, call: str
) -> None:
    """Others use names, and other files."""
    fid, there = client.create("b.txt"), other.create("a.txt")
    disk.hang_on(call)
    ask = (lambda: client.write(fid, b"new!")) if call == "pwrite" else (lambda: client.read(fid, 0, 4))
    held_up(ask)
    disk.hangs = lambda call: False  # of that file only
    assert other.read(there, 0, 4) == b"0123"
    other.close(other.create("b.txt"))
    assert echoes(other)
    go_on(server, disk)
    assert client.answer().header.status == 0


def test_what_comes_behind_is_answered_after_it_in_order(
    server: InMemoryServer, client: Client, disk: Disk
) -> None:
    """Each once."""
    fid = client.create("b.txt")
    disk.hang_on()
    held_up(lambda: client.read(fid, 0, 4))
    mids = [client.mid, *(client.send(Command.ECHO, EchoRequest(1, b"?")) for _ in range(5))]
    assert client.answers() == []
    go_on(server, disk)
    assert [answer.header.mid for answer in client.answers()] == mids
    assert echoes(client)


def test_signatures_count_on(server: InMemoryServer, disk: Disk) -> None:
    """The numbers of signed messages are those of their order."""
    client = server.client().sign_in(signing=True).connect("public")
    fid = client.create("b.txt")
    disk.hang_on("pread")
    held_up(lambda: client.read(fid, 0, 4))
    client.send(Command.ECHO, EchoRequest(1, b"?"))
    go_on(server, disk)
    assert [answer.header.status for answer in client.answers()] == [0, 0]
    assert echoes(client)


def test_a_share_is_connected_when_its_disk_answers(
    server: InMemoryServer, other: Client, disk: Disk
) -> None:
    """Who connects waits for the disk."""
    client = server.client().sign_in()
    disk.hang_on()
    held_up(lambda: client.connect("public"))
    assert echoes(other)
    go_on(server, disk)
    assert client.answer().header.status == 0


def test_a_client_that_leaves_lets_go_when_the_disk_answers(
    server: InMemoryServer, client: Client, other: Client, disk: Disk
) -> None:
    """Its files are open until then, and closed afterwards."""
    client.create("a.txt", share=ShareMode.NONE)
    disk.hang_on("open")
    held_up(lambda: client.create("b.txt", share=ShareMode.NONE))
    client.lost()
    assert echoes(other)
    go_on(server, disk)
    for name in ("a.txt", "b.txt"):
        other.close(other.create(name, share=ShareMode.NONE))


def test_a_client_is_left_while_its_disk_hangs(
    server: InMemoryServer, client: Client, other: Client, disk: Disk
) -> None:
    """The server drops it; the rest follows."""
    disk.hang_on("open")
    held_up(lambda: client.create("b.txt", share=ShareMode.NONE))
    client.connection.drop("the server is stopping")
    assert client.closed
    go_on(server, disk)
    assert client.answers() == []
    other.close(other.create("b.txt", share=ShareMode.NONE))


def test_the_end_of_a_connection_waits_alone(
    server: InMemoryServer, client: Client, other: Client, disk: Disk, folders: dict[str, Path]
) -> None:
    """Its files are deleted on close by a disk that hangs."""
    client.create("b.txt", access=0x00010080, options=Option.DELETE_ON_CLOSE)
    disk.hang_on("unlink")
    client.lost()
    assert echoes(other)
    assert (folders["public"] / "b.txt").exists()
    go_on(server, disk)
    assert not (folders["public"] / "b.txt").exists()


def test_an_open_that_waited_for_another_waits_for_the_disk_alone(
    server: InMemoryServer, client: Client, other: Client, disk: Disk
) -> None:
    """Who closes the file that stood in the way is answered, though the disk hangs on who comes next."""
    fid = other.create("b.txt", share=ShareMode.NONE)
    held_up(lambda: client.create("b.txt"))
    disk.hang_on("open")
    other.close(fid)
    assert echoes(other)
    assert client.answers() == []
    go_on(server, disk)
    server.clock.advance(2)
    assert client.answer().header.status == 0


def test_a_time_that_is_up_waits_for_the_disk_alone(
    server: InMemoryServer, client: Client, other: Client, disk: Disk
) -> None:
    """A sharing violation is looked at once more when its second is over."""
    fid = other.create("b.txt", share=ShareMode.NONE)
    held_up(lambda: client.create("b.txt"))
    disk.hang_on()
    server.clock.advance(1.5)
    assert echoes(server.client().sign_in())
    assert client.answers() == []
    go_on(server, disk)
    assert client.answer().header.status == NT.SHARING_VIOLATION
    other.close(fid)


def test_an_error_of_the_disk_is_told(
    server: InMemoryServer, client: Client, disk: Disk, folders: dict[str, Path]
) -> None:
    """Whatever it says in the end."""
    fid = client.create("b.txt")
    disk.hang_on("open")
    held_up(lambda: client.create("a.txt"))
    (folders["public"] / "a.txt").unlink()
    go_on(server, disk)
    assert client.answer().header.status == NT.OBJECT_NAME_NOT_FOUND
    client.close(fid)
    with pytest.raises(SMBError):
        client.read(fid)


def test_few_threads_wait_for_one_disk(server: InMemoryServer, other: Client, disk: Disk) -> None:
    """However many clients read files of it that hang; names are looked up all the same."""
    clients = [server.client().sign_in().connect("public") for _ in range(80)]
    fids = [client.create("b.txt") for client in clients]
    disk.hang_on("pread")
    for client, fid in zip(clients, fids, strict=True):
        held_up(lambda client=client, fid=fid: client.read(fid, 0, 4))  # type: ignore[misc]
    assert len(disk.hanging) == 64
    other.close(other.create("a.txt"))
    go_on(server, disk)
    assert [client.answer().header.status for client in clients] == [0] * 80


def test_few_clients_wait_for_one_disk(make: Make, disk: Disk, unsigned: Settings) -> None:
    """Beyond those a request is refused, and the log says so; what ends goes on."""
    limits = msgspec.structs.replace(unsigned.limits, waiting_for_disk=3)
    server = make(threads=disk, settings=msgspec.structs.replace(unsigned, limits=limits))
    clients = [server.client().sign_in().connect("public") for _ in range(5)]
    fid = clients[4].create("a.txt")
    disk.hang_on("open")
    for client in clients[:3]:
        held_up(lambda client=client: client.create("a.txt"))  # type: ignore[misc]
    for _ in range(2):
        with pytest.raises(SMBError) as refused:
            clients[3].create("a.txt")
        assert refused.value.status == NT.INSUFFICIENT_RESOURCES
    assert len(server.problems) == 1
    assert "limits.waiting_for_disk" in server.problems[0].text
    held_up(lambda: clients[4].close(fid))
    go_on(server, disk)
    assert [client.answer().header.status for client in (*clients[:3], clients[4])] == [0] * 4
    clients[3].create("a.txt")
    server.sink.events.clear()


def test_a_descriptor_that_files_may_not_keep_is_closed_by_a_thread(
    server: InMemoryServer, client: Client, other: Client, disk: Disk
) -> None:
    """Each of its two numbers: a close of either asks the disk."""
    client.close(client.create("b.txt"))
    calls: list[str] = []

    def noted(call: LateCall) -> bool:
        calls.append(call.function.__name__)
        return False

    disk.hangs = noted
    held = [os.dup(0) for _ in range(20)]
    server.open_files.room.bound(held[-1] + 1, 0, lambda text: None)
    server.open_files.room.last = 0
    with pytest.raises(SMBError, match="TOO_MANY_OPENED_FILES"):
        client.create("b.txt")
    for fd in held:
        os.close(fd)
    assert calls.count("close") == 2
    assert echoes(other)
