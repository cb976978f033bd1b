"""`fakesmb serve --pcap`: a file, a pipe, and what may go wrong with them."""

import fcntl
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fakesmb.wire.frame import prefix
from fakesmb.wire.header import Header
from tests.capture.sharks import assert_whole, comments
from tests.serving import port_in

NEGOTIATE = Header(0x72, 0, 0x18, 0x2801, 0, bytes(8), 0, 1, 0, 1).encode() + b"\0\x0c\0\x02NT LM 0.12\0"
Run = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def run(fakesmb_command: list[str], fakesmb_environment: dict[str, str], tmp_path: Path) -> Run:
    def started(*words: str, **more: object) -> "subprocess.Popen[bytes]":
        command = [
            *fakesmb_command,
            "serve",
            "--port",
            "0",
            "--port-file",
            str(tmp_path / "port"),
            "-q",
            *words,
        ]
        return subprocess.Popen(command, env=fakesmb_environment, stderr=subprocess.PIPE, **more)  # type: ignore[call-overload,no-any-return]

    return started


@contextmanager
def stopped(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    try:
        yield
    finally:
        process.kill()
        process.communicate()


def negotiate(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(prefix(len(NEGOTIATE)) + NEGOTIATE)
        assert client.recv(4096)


def until(happens: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_file_has_it_all_when_the_server_has_ended(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "talk.pcapng"
    process = run("--pcap", str(file), "--snap", "4096")
    with stopped(process):
        negotiate(port_in(tmp_path / "port", process))
        until(lambda: b"R; Negotiate" in file.read_bytes())
        assert oct(file.stat().st_mode & 0o777) == "0o640"
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 0
    assert b"Traceback" not in errors
    assert_whole(file)
    assert any(one.startswith("R; Negotiate") for one in comments(file))


def test_what_is_no_capture_is_not_overwritten(run: Run, tmp_path: Path) -> None:
    file, link = tmp_path / "notes.txt", tmp_path / "link"
    file.write_text("dear diary")
    link.symlink_to(file)
    for path, why in (
        (file, "it is no pcapng capture, and is left as it is"),
        (link, "it is a symbolic link"),
    ):
        process = run("--pcap", str(path))
        _, errors = process.communicate(timeout=20)
        assert process.returncode == 2
        assert errors.decode() == f"fakesmb: cannot write the capture {path}: {why}\n"
    assert file.read_text() == "dear diary"


def test_a_pipe_shows_it_soon_and_its_end_is_one_line(run: Run, tmp_path: Path) -> None:
    process = run("--pcap", "-", stdout=subprocess.PIPE)
    with stopped(process):
        port = port_in(tmp_path / "port", process)
        assert process.stdout is not None
        assert process.stdout.read(4) == b"\n\r\r\n"
        negotiate(port)  # the first client waits for what the server loads
        seen = b""
        while b"C; Negotiate" not in seen:
            seen += process.stdout.read1()  # type: ignore[attr-defined]
        process.stdout.close()
        for _ in range(3):
            negotiate(port)
            time.sleep(0.2)
        negotiate(port)
        process.send_signal(signal.SIGTERM)
        assert process.stderr is not None
        errors = process.stderr.read().decode()
    lines = [one for one in errors.splitlines() if "capture" in one]
    assert len(lines) == 1
    assert lines[0].endswith("the capture to standard output has ended: Broken pipe")


def test_the_log_and_the_capture_want_the_same_place(run: Run) -> None:
    process = run("--pcap", "-", "--log", "text", stdout=subprocess.PIPE)
    out, errors = process.communicate(timeout=20)
    assert (out, process.returncode) == (b"", 2)
    assert errors.startswith(b"fakesmb: --pcap - and --log text both want standard output")
    assert errors.count(b"\n") == 1


def test_a_server_that_is_killed_leaves_a_whole_capture(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "talk.pcapng"
    process = run("--pcap", str(file))
    with stopped(process):
        port = port_in(tmp_path / "port", process)
        negotiate(port)
        until(lambda: b"R; Negotiate" in file.read_bytes())
        process.kill()
        process.wait()
        with file.open("rb") as held:
            fcntl.flock(held, fcntl.LOCK_EX)  # its process has ended, too
    assert_whole(file)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_a_full_disk_is_one_line(run: Run, tmp_path: Path) -> None:
    process = run("--pcap", "/dev/full")
    with stopped(process):
        port = port_in(tmp_path / "port", process)
        assert process.stderr is not None
        said = b""
        while b"capture" not in said or not said.endswith(b"\n"):  # one line says who runs it, perhaps
            negotiate(port)
            if select.select([process.stderr], (), (), 0.1)[0]:
                said += os.read(process.stderr.fileno(), 4096)
        assert said.endswith(
            b"the capture /dev/full has stopped, to go on when that can be: No space left on device\n"
        )
        negotiate(port)
        process.send_signal(signal.SIGTERM)
        assert process.stderr.read().count(b"\n") <= 1


def test_two_servers_do_not_write_to_one_file(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "talk.pcapng"
    process = run("--pcap", str(file))
    with stopped(process):
        port_in(tmp_path / "port", process)
        other = subprocess.run(
            [sys.executable, "-m", "fakesmb", "serve", "--port", "0", "--pcap", str(file)],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    assert (other.returncode, other.stderr.count("\n")) == (2, 1)
    assert "another capture is being written to it" in other.stderr
