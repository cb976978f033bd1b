"""Replays against Debian's Samba: its own captures, and those of our server."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.bench import SAMBA
from bench.servers import PASSWORD, SHARE, USER, Server
from fakesmb import FakeSMB
from fakesmb.address import Place
from fakesmb.replay.demo import Demo
from fakesmb.replay.places import Who
from tests.clients.wire_tap import Capture, tapped
from tests.replay.taping import run_at

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        shutil.which("smbd", path=f"{os.environ['PATH']}:/usr/sbin") is None or bool(os.geteuid()),
        reason="only root can start Samba's smbd, where it is installed",
    ),
]


@pytest.fixture(scope="module")
def samba() -> Iterator[int]:
    server = Server(*SAMBA.split("=", 1))
    server.start(many_files=20, big_file=100_000)
    try:
        yield server._port
    finally:
        server.stop()


def demo(port: int) -> None:
    Demo(Place("127.0.0.1", port), Who(USER, PASSWORD), SHARE, say=lambda _: None).run()


def captured(port: int, path: Path) -> Path:
    capture = Capture()
    with tapped(port, capture) as through:
        demo(through)
    capture.write(path)
    return path


def test_samba_answers_as_it_did(samba: int, tmp_path: Path) -> None:
    done = run_at(samba, captured(samba, tmp_path / "samba.pcap"), user=f"{USER}:{PASSWORD}")
    assert done.different == []
    assert (done.summary["missing"], done.summary["unsent"]) == (0, 0)


def test_two_servers_are_compared(samba: int, tmp_path: Path) -> None:
    """A talk with our server is sent to Samba: to its end, and what differs are values."""
    tree = {"big.bin": bytes(100_000), "many": {}}
    with FakeSMB({SHARE: tree}, users={USER: PASSWORD}) as smb:
        capture = captured(smb.port, tmp_path / "ours.pcap")
    done = run_at(samba, capture, user=f"{USER}:{PASSWORD}")
    assert (done.summary["missing"], done.summary["unsent"]) == (0, 0)
    assert done.summary["sent"] == 26
    statuses = [
        (row["captured"], row["here"])
        for one in done.findings
        for row in one.get("differences", ())
        if row["name"] == "Status"
    ]
    assert statuses == [("STATUS_NO_SUCH_DEVICE", "STATUS_NOT_FOUND")]  # of the DFS referral
