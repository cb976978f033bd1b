"""Runs of one client are repeated over TCP: a relay records what is on the wire."""

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from subprocess import DEVNULL, PIPE
from typing import Any

import pytest

from fakesmb import FakeSMB
from fakesmb.mistakes import ConfigError
from tests.clients.client_runs import PASSWORD, USER, need, run
from tests.clients.relay import Relay
from tests.serving import serving

TIME = "2004-02-01T10:00:00Z,step=1ms"
_MAGIC = b"\xffSMB"


def made_in(base: Path) -> Path:
    """A folder with some files."""
    folder = base / "files"
    (folder / "dir").mkdir(parents=True)
    (folder / "others").mkdir()
    (folder / "a.txt").write_bytes(b"hello")
    return folder


@contextmanager
def served(base: Path, **more: Any) -> Iterator[FakeSMB]:
    """A server that can be repeated, over a folder of its own."""
    folder = made_in(base)
    with FakeSMB({"files": folder}, users={USER: PASSWORD}, deterministic=7, clock=TIME, **more) as smb:
        yield smb


def runs_of(
    ports: Sequence[int], checkout: Path, begin: Callable[[int], object]
) -> list[tuple[bytes, bytes]]:
    """What is on the wire of one run of `repeated_tour` at each port; `begin` is called once it is connected there."""
    relays = [Relay(port) for port in ports]
    words = [sys.executable, "-m", "tests.clients.repeated_tour", *(str(relay.port) for relay in relays)]
    with subprocess.Popen(words, cwd=checkout, stdin=PIPE, stdout=PIPE, text=True) as client:
        assert client.stdin is not None
        assert client.stdout is not None
        for port in ports:
            assert client.stdout.readline() == "connected\n"
            begin(port)
            client.stdin.write("\n")
            client.stdin.flush()
    assert client.returncode == 0
    said = [relay.end() for relay in relays]
    assert [len(connections) for connections in said] == [1] * len(ports)
    return [connections[0] for connections in said]


def test_two_processes_give_equal_bytes(
    tmp_path: Path, checkout: Path, fakesmb_command: list[str], fakesmb_environment: dict[str, str]
) -> None:
    """Of whose sets the order differs, over folders that were made at different times."""
    with ExitStack() as both:
        ports = []
        for order in ("1", "99"):
            base = tmp_path / order
            base.mkdir()
            words = ["--port", "0", "--share", f"files={made_in(base)}", "--user", f"{USER}:{PASSWORD}"]
            words += ["--deterministic=3", "--clock", TIME]
            environment = fakesmb_environment | {"PYTHONHASHSEED": order}
            ports.append(both.enter_context(serving(fakesmb_command, environment, base, *words)).port)
        first, second = runs_of(ports, checkout, bool)
    assert first == second
    assert min(map(len, first)) > 10_000


@pytest.mark.slow
def test_a_run_under_load_gives_the_same_bytes(tmp_path: Path, checkout: Path) -> None:
    words = [sys.executable, "-m", "tests.clients.repeated_load"]
    with (
        subprocess.Popen(words, cwd=checkout, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, text=True) as load,
        served(tmp_path / "alone") as quiet,
        served(tmp_path / "busy") as loaded,
    ):
        assert load.stdin is not None
        assert load.stdout is not None
        assert load.stdout.readline() == "there\n"

        def begin(port: int) -> None:
            if port == loaded.port:
                assert load.stdin is not None
                load.stdin.write(f"{port}\n")
                load.stdin.flush()
                while not any((tmp_path / "busy" / "files" / "others").iterdir()):
                    time.sleep(0.002)

        alone, busy = runs_of([quiet.port, loaded.port], checkout, begin)
        load.stdin.close()
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


def test_a_reset_begins_the_run_again(tmp_path: Path) -> None:
    """Of a server of content, whose folder is another after each reset."""
    need("smbclient")
    content: Any = {"files": {"a.txt": b"hello", "dir/": {"b.txt": b"b"}}}
    conf = tmp_path / "smb.conf"
    conf.write_text("[global]\nclient min protocol = NT1\nclient max protocol = NT1\n")
    told = []
    with FakeSMB(content, deterministic=7, clock=TIME) as smb:
        for _ in range(3):
            relay = Relay(smb.port)
            commands = f"ls; allinfo a.txt; put {conf} new.txt; ls; del a.txt; allinfo new.txt"
            address = (f"//{smb.host}/files", "-p", str(relay.port))
            text = run("smbclient", "-s", str(conf), *address, "-U", "somebody%x", "-c", commands).stdout
            assert "a.txt" in text, text
            told.append([messages(answered) for _, answered in relay.end()])
            smb.reset()
    assert told[0] == told[1] == told[2]
