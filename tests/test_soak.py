"""`make soak`, a short one: clients that work and come and go; and that it finds what it is there to find."""

import argparse
import struct
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from bench.smb1client import Client
from bench.soak import Soak
from bench.soakclients import Worker, Wrong
from bench.soakprobe import Probe

SHORT = argparse.Namespace(clients=40, seconds=2.5, rate=4.0, seed=3, no_timing=True)


@pytest.fixture(autouse=True)
def environment(fakesmb_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in fakesmb_environment.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(autouse=True)
def its_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What a run makes lies here, also that of one which never ran and removes nothing."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def test_clients_come_and_go_and_nothing_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    assert Soak(SHORT).run() == []
    told = capsys.readouterr().out
    assert "operations: " in told
    assert "left while waiting" in told or "left silently" in told
    assert "ECHO: " in told


def test_what_does_not_hold_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory that grows, descriptors that stay, a bug in the record."""
    one = Soak(SHORT)
    one.memory = [10.0] * 4 + [20.0] * 4 + [50.0] * 4
    one._check_memory()
    monkeypatch.setattr(one, "_descriptors", lambda pid: Counter(socket=9, folders=70))
    one._check_descriptors(1, Counter(socket=2, folders=1), 0.0)
    one.log = tmp_path / "log.jsonl"
    one.log.write_bytes(b'{"event":"problem","problem":"KeyError in X","traceback":"Traceback: here"}\n')
    one._read_log()
    assert [line.partition(":")[0] for line in one.broken] == [
        "memory grew by 30.0 MiB from the second third to the last",
        "descriptors",
        "a bug",
    ]


def test_an_echo_that_waits_is_measured() -> None:
    class Late:
        def echo(self) -> None:
            time.sleep(0.3)

    probe = Probe(Late(), 0)
    probe.one(0.0)
    assert probe.waits[0] > 0.15
    assert probe.found()["over"] == 1


def test_the_servers_own_count_is_heard() -> None:
    one = Soak(argparse.Namespace(**vars(SHORT) | {"no_timing": False}))
    one._check_own_count("fakesmb: the longest hold-up of any request was 99.9 ms\n")
    assert one.broken == []
    one._check_own_count("fakesmb: the longest hold-up of any request was 150.1 ms\n")
    assert one.broken == ["by its own count the server held somebody up for 150.1 ms"]
    one.starved = 0.1
    one._check_own_count("fakesmb: the longest hold-up of any request was 150.1 ms\n")
    assert len(one.broken) == 1


def test_an_answer_that_is_wrong_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker's own book says what a file holds."""
    worker = object.__new__(Worker)
    worker.files, worker.folder, worker.dice = {"\\c\\a": bytearray(b"right")}, "c", Random(1)
    monkeypatch.setattr(Worker, "path", lambda self: "\\c\\a")

    class Server(Client):
        def __init__(self) -> None:
            """No connection."""

        def create(self, name: str, access: int = 0, disposition: int = 0, options: int = 0) -> int:
            return 1

        def send_read(self, fid: int, offset: int, count: int) -> None:
            """Is not sent."""

        def receive_read(self) -> memoryview:
            return memoryview(b"wrong")

        def query_path(self, name: str, level: int = 0) -> memoryview:
            return memoryview(bytes(47) + struct.pack("<H", 60) + bytes(200))

    worker.smb = Server()
    for operation in (worker.read, worker.query):
        with pytest.raises(Wrong):
            list(operation())
