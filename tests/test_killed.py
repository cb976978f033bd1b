"""`kill -9` of a server in the midst of work: files are as before or after what was under way, and no others are there.

`tests/vfs/local/test_killed.py` looks at each moment between two system calls; here it is a real process, at any.
"""

import os
import signal
import struct
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from threading import Event, Thread

import pytest

from fakesmb.wire.codec import Empty
from fakesmb.wire.dirs import DeleteRequest
from fakesmb.wire.trans2 import SetPathInformationRequest
from fuzz.sockets import SocketClient
from tests.serving import port_in

NAMES = "abcde"
SIZE = 60_000
STREAM = "user.DosStream.s:$DATA"
RENAME, LINK = 1010, 1011


class Work:
    """One client that makes, replaces, renames, links and deletes, and knows what must be there."""

    def __init__(self, folder: Path, dice: Random) -> None:
        self.folder, self.dice = folder, dice
        self.there: dict[str, int] = {}
        """By name, the number that all contents of the file consist of."""
        self.number = 0
        self.steps = 0
        self.begun = Event()
        """Whether the client is signed in."""
        self.after: dict[str, int] = {}
        """As it will be when what is under way is done."""
        self.made = ""
        """The file that is made or overwritten just now: in several requests."""

    def go(self, port: int) -> None:
        """Works until the server is gone."""
        try:
            client = SocketClient(port)
            client.sign_in(vc_number=7)
            client.connect("files")
            self.begun.set()
            while True:
                self.step(client)
                self.there, self.made = self.after, ""
                self.steps += 1
        except (ConnectionError, OSError):
            return

    def step(self, client: SocketClient) -> None:
        self.after = dict(self.there)
        one, other = self.dice.sample(NAMES, 2)
        if one not in self.there:
            self.make(client, one)
        else:
            doing: Callable[[SocketClient, str, str], None] = self.dice.choice(
                [self.overwrite, self.rename, self.link, self.delete]
            )
            doing(client, one, other)

    def make(self, client: SocketClient, one: str) -> None:
        self.number = self.number % 255 + 1
        self.after[one], self.made = self.number, one
        fid = client.create(one, disposition=2, access=0x12019F)
        client.write(fid, bytes((self.number,)) * SIZE)
        client.close(fid)
        fid = client.create(f"{one}:s", disposition=5, access=0x12019F)
        client.write(fid, bytes((self.number,)) * 9)
        client.close(fid)

    def overwrite(self, client: SocketClient, one: str, other: str) -> None:
        self.delete(client, one, other)
        self.there = dict(self.after)
        self.make(client, one)

    def rename(self, client: SocketClient, one: str, other: str) -> None:
        self.after[other] = self.after.pop(one)
        self.change(client, RENAME, one, other)

    def link(self, client: SocketClient, one: str, other: str) -> None:
        self.after[other] = self.after[one]
        self.change(client, LINK, one, other)

    def change(self, client: SocketClient, level: int, one: str, other: str) -> None:
        name = other.encode("utf-16-le")
        answer = client.trans2(
            6, SetPathInformationRequest(level, 0, f"\\{one}"), struct.pack("<B7xI", 1, len(name)) + name
        )
        assert answer is not None

    def delete(self, client: SocketClient, one: str, other: str) -> None:
        del self.after[one]
        client.call(0x06, DeleteRequest(0x16, f"\\{one}"), Empty)

    def check(self) -> None:
        """What is on the disk, and nothing else."""
        found = {path.name: path for path in self.folder.iterdir()}
        whole = {name: path for name, path in found.items() if name != self.made}
        told = {name: self.number_of(path) for name, path in whole.items()}
        assert told in (
            {k: v for k, v in state.items() if k != self.made} for state in (self.there, self.after)
        )
        if self.made in found:
            data = found[self.made].read_bytes()
            assert set(data) <= {self.after[self.made]}
            kept = STREAM in os.listxattr(found[self.made])
            assert not kept or len(data) == SIZE
        self.there = dict(told)
        if self.made in found:
            found[self.made].unlink()

    def number_of(self, path: Path) -> int:
        data = path.read_bytes()
        assert len(data) == SIZE
        assert data == data[:1] * SIZE
        assert os.getxattr(path, STREAM) == data[:1] * 9 + b"\0"
        return data[0]


@pytest.mark.parametrize("rounds", [3, pytest.param(15, marks=pytest.mark.slow)])
@pytest.mark.parametrize("may_hang", ["false", "true"])
def test_at_random_moments(
    fakesmb_command: list[str],
    fakesmb_environment: dict[str, str],
    tmp_path: Path,
    may_hang: str,
    rounds: int,
) -> None:
    """On a disk that may hang threads make the system calls, and requests give way to each other between them."""
    folder = tmp_path / "files"
    folder.mkdir()
    config = tmp_path / "fakesmb.toml"
    config.write_text(f'[[share]]\nname = "files"\npath = "{folder}"\nmay_hang = {may_hang}\n')
    dice = Random(20_261)
    work = Work(folder, dice)
    for number in range(rounds + 1):
        port_file = tmp_path / f"port{number}"
        words = ["serve", "--port", "0", "--config", str(config), "--user", "alice:Secret123"]
        words += ["--log", "none", "--port-file", str(port_file)]
        with subprocess.Popen(
            [*fakesmb_command, *words], env=fakesmb_environment, stderr=subprocess.DEVNULL
        ) as server:
            port = port_in(port_file, server)
            if number:
                work.check()
            work.begun.clear()
            working = Thread(target=work.go, args=(port,))
            working.start()
            assert work.begun.wait(20)
            time.sleep(0.05 + dice.random() / 5)
            server.send_signal(signal.SIGKILL)
            server.wait()
            working.join()
    assert work.steps > rounds
