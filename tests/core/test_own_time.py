"""What goes on after it has waited does so in its own connection's time, whoever was served meanwhile."""

import os
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from fakesmb.nt.files import Access, Disposition, ShareMode
from fakesmb.testing import Client, InMemoryServer
from fakesmb.wire.commands import Command
from fakesmb.wire.files import NtCreateAndxRequest
from tests.core.conftest import check_end
from tests.core.test_repeatable import STEPPING, STILL, Talk, query, served

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


@pytest.mark.parametrize("script", [delayed, hung, in_turns, held_back])
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
