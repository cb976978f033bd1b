"""SIGTERM and Ctrl-C: while the server starts, while it works, while something hangs; the end comes within a second."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from fakesmb import samples
from fakesmb.ending import Ending
from tests.serving import port_in

LONG = 60


def started(
    environment: dict[str, str], folder: Path, *words: str, before: str = ""
) -> subprocess.Popen[str]:
    """`fakesmb serve`, `before` run ahead of it in its process."""
    program = f"from fakesmb.__main__ import main\n{textwrap.dedent(before)}\nmain()\n"
    return subprocess.Popen(
        [sys.executable, "-c", program, "serve", "--port", "0", "--port-file", str(folder / "port"), *words],
        env=environment | {"XDG_DATA_HOME": str(folder / "data")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler) and None,
    )


def ended(process: subprocess.Popen[str], number: int = signal.SIGTERM) -> tuple[float, str]:
    began = time.monotonic()
    process.send_signal(number)
    _, said = process.communicate(timeout=LONG)
    assert process.returncode == 0, said
    assert "Traceback" not in said
    return time.monotonic() - began, said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("delay", [0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4])
def test_a_server_that_starts_ends_with_0_and_leaves_nothing(
    fakesmb_environment: dict[str, str], tmp_path: Path, delay: float, number: int
) -> None:
    mark = f"open({str(tmp_path / 'begun')!r}, 'w').close()"
    process = started(fakesmb_environment, tmp_path, "--log-file", str(tmp_path / "log"), before=mark)
    while not (tmp_path / "begun").exists():
        time.sleep(0.005)
    time.sleep(delay + 0.01)
    ended(process, number)
    hidden = [file for folder, _, files in os.walk(tmp_path) for file in files if file.startswith(".")]
    assert hidden == []
    assert not list(tmp_path.glob("data/fakesmb/shares/.new-*"))


HANGS = """
    import os, time
    from fakesmb import {module}
    def hangs(*_, **__):
        os.write(1, b'hangs')
        time.sleep(100)
    {module}.{name} = hangs
"""


def test_a_start_that_hangs_ends(fakesmb_environment: dict[str, str], tmp_path: Path) -> None:
    """A folder on a disk that does not answer: no handler of Python's main thread would run."""
    process = started(fakesmb_environment, tmp_path, before=HANGS.format(module="samples", name="prepare"))
    assert process.stdout is not None
    assert os.read(process.stdout.fileno(), 5) == b"hangs"
    took, _ = ended(process)
    assert took < 2


def test_an_error_in_what_a_signal_interrupted_is_no_mistake(
    fakesmb_environment: dict[str, str], tmp_path: Path
) -> None:
    """A descriptor that is closed twice, since the signal came between the first time and its being noted."""
    interrupted = """
        import os, time
        from fakesmb import samples
        def hangs(*_):
            os.write(1, b'hangs')
            try:
                while True:
                    time.sleep(0.01)
            finally:
                os.close(12345)
        samples._source = hangs
    """
    process = started(fakesmb_environment, tmp_path, before=interrupted)
    assert process.stdout is not None
    assert os.read(process.stdout.fileno(), 5) == b"hangs"
    _, said = ended(process)
    assert "Bad file descriptor" not in said


def test_a_server_whose_main_thread_hangs_ends_and_its_log_is_written(
    fakesmb_environment: dict[str, str], tmp_path: Path
) -> None:
    hangs = """
        import os, time
        from fakesmb.transport.direct import DirectTCP
        def hangs(self, data):
            os.write(1, b'hangs')
            time.sleep(100)
        DirectTCP.dataReceived = hangs
    """
    words = ("--log", "none", "--log-file", str(tmp_path / "log"))
    process = started(fakesmb_environment, tmp_path, *words, before=hangs)
    with socket.create_connection(("127.0.0.1", port_in(tmp_path / "port", process)), LONG) as client:
        client.sendall(b"x")
        assert process.stdout is not None
        assert os.read(process.stdout.fileno(), 5) == b"hangs"
        took, _ = ended(process)
    assert took < 2
    assert b'"event":"connected"' in (tmp_path / "log").read_bytes()


def test_a_thread_that_hangs_does_not_keep_the_server(
    fakesmb_environment: dict[str, str], tmp_path: Path
) -> None:
    hangs = """
        import time
        from fakesmb.transport.direct import DirectTCP
        def received(self, data):
            from twisted.internet import reactor
            reactor.callInThread(time.sleep, 100)
            self._socket.send(b'.')
        DirectTCP.dataReceived = received
    """
    process = started(fakesmb_environment, tmp_path, before=hangs)
    with socket.create_connection(("127.0.0.1", port_in(tmp_path / "port", process)), LONG) as client:
        client.sendall(b"x")
        assert client.recv(1) == b"."
        took, _ = ended(process)
    assert took < 2


def test_what_is_left_of_a_start_that_was_killed_goes_with_the_next(tmp_path: Path) -> None:
    (tmp_path / ".new-abc" / "public").mkdir(parents=True)
    assert samples.prepare(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c$", "docs", "public"]


def test_the_block_leaves_handlers_and_mask_as_they_were() -> None:
    handlers = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    with Ending():
        assert signal.SIGTERM in signal.pthread_sigmask(signal.SIG_BLOCK, ())
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == handlers
    assert signal.SIGTERM not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_a_signal_whose_exception_was_lost_while_modules_were_loaded_still_ends_it(
    fakesmb_environment: dict[str, str], tmp_path: Path
) -> None:
    lost = """
        import os, signal
        from fakesmb import cli
        load = cli.main
        def lossy(**more):
            try:
                os.kill(os.getpid(), signal.SIGTERM)
            except SystemExit:
                pass
            load(**more)
        cli.main = lossy
    """
    process = started(fakesmb_environment, tmp_path, before=lost)
    _, said = process.communicate(timeout=LONG)
    assert (process.returncode, said) == (0, "")
