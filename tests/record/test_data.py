"""What was read and written: compared where the journal was asked to keep it, and nothing is kept where it was not."""

import re
from pathlib import Path
from typing import Any

import pytest

from fakesmb.core.settings import Settings
from fakesmb.record.events import Exchanged
from fakesmb.record.journal import Journal
from fakesmb.testing import Client
from fakesmb.wire import files, raw
from fakesmb.wire.commands import Command
from tests.core.test_pipes import BIND
from tests.record.talks import Talk, filled
from tests.record.test_verbs import pipe_function


def talk(folder: Path, keep_data: int, *, plans: bool = True) -> Talk:
    return Talk(filled(folder), keep_data=keep_data, settings=Settings(plans=plans))


def exercise(client: Client) -> None:
    """Writes `written` and reads `hello` by each command that does."""
    fid = client.create("a.txt")
    client.read(fid, 0, 5)
    client.write(fid, b"written", 20)
    for command, body in (
        (Command.READ, files.ReadRequest(fid, 5, 0)),
        (Command.LOCK_AND_READ, files.ReadRequest(fid, 5, 0)),
        (Command.READ_RAW, raw.ReadRawRequest(fid, 0, 5, 0, 0)),
        (Command.WRITE, files.WriteRequest(fid, 7, 20, 0, b"written")),
        (Command.WRITE_RAW, raw.WriteRawRequest(fid, 7, 0, 20, 0, 0, 0, 3, 63, data=b"wri")),
    ):
        client.send(command, body)
        client.stream()
    client.send_raw(b"tten")
    client.send(Command.WRITE_RAW, raw.WriteRawRequest(fid, 7, 0, 20, 0, 1, 0, 4, 63, data=b"writ"))
    client.send_raw(b"ten")
    client.send(Command.WRITE_AND_CLOSE, files.WriteAndCloseRequest(fid, 7, 20, 0, data=b"written"))
    client.stream()


@pytest.mark.parametrize("plans", [True, False])
def test_data_are_criteria(tmp_path: Path, plans: bool) -> None:
    one = talk(tmp_path, 100, plans=plans)
    exercise(one.client())
    one.journal.verify(verb="read", data=b"hello", path="a.txt", count=4)
    one.journal.verify(verb="wrote", data=b"written", path="a.txt", count=5)
    one.journal.verify(data=re.compile(b"^writ"), count=5)
    one.journal.verify(data=lambda data: len(data) == 5, count=4)
    one.journal.verify(command=Command.WRITE_RAW, data=b"written", count=2)
    one.journal.never(data=b"else")
    one.journal.verify(verb="opened", data=None)
    with pytest.raises(AssertionError, match=r"data: expected b'rotten', was b'written'"):
        one.journal.verify(verb="wrote", data=b"rotten", offset=20)


@pytest.mark.parametrize("plans", [True, False])
def test_the_same_is_recorded_but_for_the_data(tmp_path: Path, plans: bool) -> None:
    told: list[list[Exchanged]] = []
    for number, keep_data in enumerate((0, 100)):
        (tmp_path / str(number)).mkdir()
        one = talk(tmp_path / str(number), keep_data, plans=plans)
        exercise(one.client())
        told.append([event for event in one.journal.events if isinstance(event, Exchanged)])
    without, with_data = told
    assert not [event for event in without if event.data is not None]
    with_data = [event for event in with_data if event.shown]  # but for that of the data of a raw write
    assert [shape(event) for event in without] == [shape(event) for event in with_data]


def shape(event: Exchanged) -> tuple[object, ...]:
    """What is the same in two conversations at different times."""
    return (
        event.request[4],
        len(event.request),
        len(event.reply),
        event.number,
        event.shown,
        event.path,
        event.fid,
    )


def test_each_command_of_a_chain_has_its_own(tmp_path: Path) -> None:
    one = talk(tmp_path, 5)
    client = one.client()
    fid = client.create("a.txt")
    write = files.WriteAndxRequest(fid=fid, data=b"HELLO")
    client.send(Command.WRITE_ANDX, write, (Command.READ_ANDX, files.ReadAndxRequest(fid=fid, max_count=8)))
    client.stream()
    one.journal.verify(verb="wrote", data=b"HELLO", count=1)
    one.journal.verify(verb="read", data=b"HELLO wo", count=1)


def test_what_goes_through_pipes_is_data_too(tmp_path: Path) -> None:
    one = talk(tmp_path, 1000)
    client = one.client("IPC$")
    fid = client.create("\\srvsvc")
    pipe_function(client, 0x31, fid, BIND)
    pipe_function(client, 0x11, fid)
    client.write(fid, BIND)
    client.read(fid, 0, 1000)
    one.journal.verify(verb="wrote", data=BIND, path="srvsvc", count=2)
    (first, second) = one.journal.verify(verb="read", data=re.compile(b"^\x05\x00"), count=2)
    assert first.length == len(first.data or b"")
    assert second.command == "SMB_COM_READ_ANDX"


def test_without_keep_data_the_question_says_how_to_keep_them(tmp_path: Path) -> None:
    one = talk(tmp_path, 0)
    for ask in (one.journal.verify, one.journal.exchanges, one.journal.never):
        with pytest.raises(ValueError, match=r"keeps no data.*FakeSMB\(keep_data=65536\)"):
            ask(verb="wrote", data=b"x")


def test_data_that_were_cut_are_not_taken_for_the_whole(tmp_path: Path) -> None:
    one = talk(tmp_path, 4)
    client = one.client()
    client.write(client.create("a.txt"), b"written")
    (entry,) = one.journal.exchanges(verb="wrote")
    assert (entry.data, entry.length) == (b"writ", 7)
    one.journal.never(data=b"writ")
    one.journal.never(data=b"another")
    for question in ({"data": b"written"}, {"data": re.compile(b"n$")}, {"data": lambda data: True}):
        for ask in (one.journal.verify, one.journal.never, one.journal.exchanges):
            with pytest.raises(
                AssertionError, match=r"only the first 4 of its 7 bytes are kept.*keep_data=7"
            ):
                ask(verb="wrote", **question)


def test_data_that_were_cut_count_only_where_the_answer_depends_on_them(tmp_path: Path) -> None:
    one = talk(tmp_path, 10)
    client = one.client()
    fid = client.create("a.txt")
    client.write(fid, b"short")
    client.write(fid, b"s" * 5000)
    journal = one.journal
    (entry,) = journal.verify(verb="wrote", data=[b"short", b"x"])
    assert entry.length == 5
    journal.never(verb="wrote", data=None)
    journal.never(verb="wrote", data=[b"shirt", None])
    assert journal.verify(verb="wrote", data=re.compile(b"ort$")) == [entry]
    with pytest.raises(AssertionError, match="none found"):
        journal.verify(verb="wrote", data=re.compile(b"xx$"), count=3)
    for amount in ({"count": 1}, {"at_most": 1}, {"at_least": 2}):
        with pytest.raises(AssertionError, match=r"only the first 10 of its 5000 bytes are kept"):
            journal.verify(verb="wrote", data=re.compile(b"ort$"), **amount)
    with pytest.raises(AssertionError, match="only the first 10"):
        journal.never(verb="wrote", data=[b"x", b"s" * 5000])


def test_the_nearest_miss_has_the_data_most_alike_whatever_was_cut(tmp_path: Path) -> None:
    one = talk(tmp_path, 100)
    client = one.client()
    fid = client.create("a.txt")
    client.write(fid, b"short")
    client.write(fid, b"s" * 5000)
    with pytest.raises(AssertionError, match=r"data: expected b'shorx', was b'short'"):
        one.journal.verify(verb="wrote", data=b"shorx")
    with pytest.raises(AssertionError, match=r"data: expected \[b'shorx', b'z'\], was b'short'"):
        one.journal.verify(verb="wrote", data=[b"shorx", b"z"])
    with pytest.raises(
        AssertionError, match=r"expected 4999 bytes, was 5000 bytes, which begin with b's{64}'"
    ):
        one.journal.verify(verb="wrote", data=b"s" * 4999)
    with pytest.raises(AssertionError, match=r"they differ from byte 4 on"):
        one.journal.verify(verb="wrote", data=b"sssst" + b"s" * 4995)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"x", r"data: expected b'x', was b'written'"),
        (
            b"x" * 300,
            r"data: expected 300 bytes, was 7; they differ from byte 0 on: expected b'x{16}', was b'written'",
        ),
        (b"written" + b"y" * 300, r"they differ from byte 7 on: expected b'y{16}', was b''"),
    ],
)
def test_a_miss_says_where_data_differ(tmp_path: Path, data: bytes, told: str) -> None:
    one = talk(tmp_path, 1000)
    client = one.client()
    client.write(client.create("a.txt"), b"written")
    with pytest.raises(AssertionError, match=told):
        one.journal.verify(verb="wrote", data=data)


@pytest.mark.parametrize("wanted", ["x", 5, re.compile("x")])
def test_data_are_bytes(tmp_path: Path, wanted: Any) -> None:
    one = talk(tmp_path, 10)
    with pytest.raises(TypeError, match="data are bytes"):
        one.journal.verify(data=wanted)


def test_kept_data_weigh(tmp_path: Path) -> None:
    one = Talk(filled(tmp_path), keep_data=60_000, journal=Journal(keep_data=60_000, most_bytes=200_000))
    client = one.client()
    fid = client.create("a.txt")
    for _ in range(10):
        client.write(fid, bytes(60_000))
    assert len(one.journal) == 3
    assert one.journal.forgotten
    with pytest.raises(AssertionError, match="less with a smaller keep_data"):
        one.journal.verify(verb="opened", count=1)
