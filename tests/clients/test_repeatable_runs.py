"""Runs of one client are repeated over TCP: a relay records what is on the wire."""

import random
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from impacket.smbconnection import SMBConnection

from fakesmb import FakeSMB
from fakesmb.mistakes import ConfigError
from tests.clients.client_runs import PASSWORD, USER, need, run

TIME = "2004-02-01T10:00:00Z,step=1ms"
LONG = 20.0
_MAGIC = b"\xffSMB"


class Relay:
    """Listens on a port of its own, passes everything on, and keeps it by connection: what was sent, what came back."""

    def __init__(self, port: int) -> None:
        self._to = port
        self.said: list[tuple[bytearray, bytearray]] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    def _start(self, target: Any, *args: Any) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._to), LONG)
                both = bytearray(), bytearray()
                self.said.append(both)
                self._start(self._pass_on, client, server, both[0])
                self._start(self._pass_on, server, client, both[1])

    @staticmethod
    def _pass_on(source: socket.socket, target: socket.socket, kept: bytearray) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                kept += data
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def end(self) -> list[tuple[bytes, bytes]]:
        """What was said, once all have hung up."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(LONG)
        return [(bytes(asked), bytes(answered)) for asked, answered in self.said]


@contextmanager
def served(base: Path, **more: Any) -> Iterator[FakeSMB]:
    """A server that can be repeated, over a folder of its own."""
    folder = base / "files"
    (folder / "dir").mkdir(parents=True)
    (folder / "a.txt").write_bytes(b"hello")
    with FakeSMB({"files": folder}, users={USER: PASSWORD}, deterministic=7, clock=TIME, **more) as smb:
        yield smb


def tour(port: int) -> None:
    """impacket signs in by NTLMv2 in SPNEGO, lists shares by RPC, writes, reads, lists and deletes."""
    random.seed(1)
    client = SMBConnection("*SMBSERVER", "127.0.0.1", sess_port=port, preferredDialect="NT LM 0.12")
    client.login(USER, PASSWORD)
    client.listShares()
    tree = client.connectTree("files")
    fid = client.createFile(tree, "new.txt")
    client.writeFile(tree, fid, b"data" * 1000)
    client.queryInfo(tree, fid)
    client.closeFile(tree, fid)
    client.createDirectory("files", "made")
    assert {one.get_longname() for one in client.listPath("files", "*")} >= {
        "a.txt",
        "dir",
        "new.txt",
        "made",
    }
    client.deleteFile("files", "new.txt")
    client.logoff()
    client.close()


def run_of(base: Path, *, load: int = 0) -> list[tuple[bytes, bytes]]:
    """What is on the wire of one run; others work at the same time, whose connections come later."""
    with served(base) as smb:
        relay = Relay(smb.port)
        over = threading.Event()
        others = [threading.Thread(target=_work, args=(smb, number, relay, over)) for number in range(load)]
        for one in others:
            one.start()
        try:
            tour(relay.port)
        finally:
            over.set()
            for one in others:
                one.join(LONG)
        return relay.end()


def _work(smb: FakeSMB, number: int, relay: Relay, over: threading.Event) -> None:
    while not relay.said and not over.is_set():
        over.wait(0.001)
    while not over.is_set():
        with suppress(Exception):
            client = SMBConnection("*SMBSERVER", smb.host, sess_port=smb.port, preferredDialect="NT LM 0.12")
            client.login(USER, PASSWORD)
            tree = client.connectTree("files")
            fid = client.createFile(tree, f"dir\\load{number}")
            client.writeFile(tree, fid, b"x" * 100)
            client.closeFile(tree, fid)
            client.listPath("files", "dir\\*")
            client.close()


def test_two_runs_of_impacket_give_equal_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: 1_075_629_600.0)
    first, second = (run_of(tmp_path / name) for name in ("one", "two"))
    assert first == second
    assert len(first) == 1
    assert min(map(len, first[0])) > 2000


def test_a_run_under_load_gives_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: 1_075_629_600.0)
    alone, busy = run_of(tmp_path / "alone"), run_of(tmp_path / "busy", load=2)
    assert alone == busy


def messages(stream: bytes) -> list[bytes]:
    """The messages of a stream, without the process that asked, which is another in each run."""
    found = []
    while stream:
        size = int.from_bytes(stream[1:4], "big")
        message, stream = stream[4 : 4 + size], stream[4 + size :]
        assert message.startswith(_MAGIC)
        found.append(message[:12] + bytes(2) + message[14:26] + bytes(2) + message[28:])
    return found


def test_smbclient_is_told_the_same(tmp_path: Path) -> None:
    """A guest, whose sign-in has no key: what the client makes up does not come back."""
    need("smbclient")
    conf = tmp_path / "smb.conf"
    conf.write_text("[global]\nclient min protocol = NT1\nclient max protocol = NT1\n")
    told = []
    for name in ("one", "two"):
        with served(tmp_path / name, guest="read-write") as smb:
            relay = Relay(smb.port)
            commands = (
                f"ls; allinfo a.txt; put {conf} new.txt; ls; get a.txt {tmp_path}/back; del new.txt; ls"
            )
            address = (f"//{smb.host}/files", "-p", str(relay.port))
            words = ("smbclient", "-s", str(conf), *address, "-U", "somebody%x", "-c", commands)
            text = run(*words).stdout
            assert "a.txt" in text, text
            told.append((text, [messages(answered) for _, answered in relay.end()]))
    without_speed = [re.sub(r"\(.*?\)", "", text) for text, _ in told]
    assert without_speed[0] == without_speed[1]
    assert "Sun Feb  1 10:00:00 2004" in told[0][0]
    assert told[0][1] == told[1][1]


@pytest.mark.parametrize(
    ("keywords", "problem"),
    [
        ({"deterministic": -1}, "deterministic"),
        ({"deterministic": "yes"}, "deterministic"),
        ({"clock": "noon"}, "clock"),
        ({"clock": 7}, "clock"),
        ({"clok": "x"}, "did you mean clock"),
    ],
)
def test_a_mistake_names_its_argument(keywords: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        FakeSMB(**keywords)


def test_the_clock_may_be_a_datetime() -> None:
    config = FakeSMB(clock=datetime(2004, 2, 1, 10, tzinfo=UTC), deterministic=True).config
    assert config.seed == 1
    assert config.clock is not None
    assert config.clock.began == 1_075_629_600_000_000_000
    assert FakeSMB(deterministic=False).config.seed is None
    assert FakeSMB(deterministic=0).config.seed == 0
