"""A server under measurement: a process over a fresh directory of its own, on a free loopback port."""

import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from bench.smb1client import Client

USER: Final = "bench"
PASSWORD: Final = "Bench123"
SHARE: Final = "BENCH"
MANY_FILES: Final = 2000
"""Files in the directory `many`, of 0 to 99 bytes."""
BIG_FILE: Final = 64 << 20
"""Bytes of `big.bin`."""
START_SECONDS: Final = 30
STOP_SECONDS: Final = 10
POLL_SECONDS: Final = 0.005
QUIET_SECONDS: Final = 0.1
QUIET_SHARE: Final = 0.1
"""Part of a processor that all servers together use at most, where they are quiet."""
UNREST_SECONDS: Final = 30
TREE: Final = Path(__file__).parent.parent


class ServerFailed(Exception):
    """A server did not start; the text says why."""


class Server:
    """One server. In `command`, {port} and {root} are its own, {python} is the Python that measures."""

    def __init__(self, name: str, command: str) -> None:
        self.name = name
        self.startup = float("nan")
        """Seconds from the start of the process to the first signed-in session."""
        self._command = command
        self._root: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0

    def start(self, *, many_files: int = MANY_FILES, big_file: int = BIG_FILE) -> None:
        """Starts it and waits for a session to sign in; raises `ServerFailed`."""
        self._root = _fill(Path(tempfile.mkdtemp(prefix="smbbench-")), many_files, big_file)
        self._port = _free_port()
        places = {"port": self._port, "root": self._root, "python": sys.executable}
        words = shlex.split(self._command.format(**places))
        began = time.perf_counter()
        self._process = subprocess.Popen(
            words,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=TREE,
            env=os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
            start_new_session=True,
        )
        while True:
            try:
                client = Client("127.0.0.1", self._port, USER, PASSWORD, timeout=5).login()
                break
            except OSError:
                if self._process.poll() is not None:
                    raise ServerFailed(f"it ended with code {self._process.returncode}") from None
                if time.perf_counter() - began > START_SECONDS:
                    raise ServerFailed(f"no answer in {START_SECONDS} s") from None
                time.sleep(POLL_SECONDS)
        self.startup = time.perf_counter() - began
        client.sock.close()

    def stop(self) -> None:
        """Ends the process and removes its directory."""
        process, root = self._process, self._root
        if process is not None:
            try:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if root is not None:
            shutil.rmtree(root, ignore_errors=True)
            root.with_name(f"{root.name}.jsonl").unlink(missing_ok=True)

    def client(self) -> Client:
        """A new session, connected to the share."""
        client = Client("127.0.0.1", self._port, USER, PASSWORD)
        return client.login().connect(rf"\\127.0.0.1\{SHARE}")

    def cpu_seconds(self) -> float:
        """What the server's processes have used; those that have ended do not count."""
        ticks = 0
        for pid in self._pids():
            try:
                columns = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            except OSError:  # it has just ended
                continue
            ticks += int(columns[11]) + int(columns[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def memory_kib(self) -> int:
        """Private memory (USS) of the server's processes, in KiB."""
        total = 0
        for pid in self._pids():
            try:
                lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            except OSError:  # it has just ended
                continue
            total += sum(
                int(line.split()[1]) for line in lines if line.startswith(("Private_Clean", "Private_Dirty"))
            )
        return total

    def _pids(self) -> Iterator[int]:
        assert self._process is not None
        pids = [self._process.pid]
        while pids:
            pid = pids.pop()
            yield pid
            with suppress(OSError):
                for task in Path(f"/proc/{pid}/task").iterdir():
                    pids += map(int, (task / "children").read_text().split())


def wait_until_quiet(servers: Sequence[Server]) -> None:
    """Waits while any of them still works on what it was asked: the next one measured has the machine to itself."""
    began = time.perf_counter()
    used = sum(server.cpu_seconds() for server in servers)
    while time.perf_counter() - began < UNREST_SECONDS:
        time.sleep(QUIET_SECONDS)
        before, used = used, sum(server.cpu_seconds() for server in servers)
        if used - before <= QUIET_SHARE * QUIET_SECONDS:
            return


def _fill(root: Path, many_files: int, big_file: int) -> Path:
    """Makes the files that the workloads use, open to every user."""
    (root / "many").mkdir()
    for number in range(many_files):
        (root / "many" / f"file-{number:05d}.txt").write_bytes(b"x" * (number % 100))
    with (root / "big.bin").open("wb") as out:
        for _ in range(big_file >> 16):
            out.write(os.urandom(1 << 16))
    root.chmod(0o777)
    for path in root.rglob("*"):
        path.chmod(0o777 if path.is_dir() else 0o666)
    return root


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port
