"""A real server in a process of its own, for real client programs. One per test run and worker."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

USER, PASSWORD = "alice", "Secret123"
WRONG = "Secret124"


@dataclass
class Running:
    """A `fakesmb serve` that clients can connect to."""

    process: subprocess.Popen[str]
    port: int
    folder: Path
    """The folder behind the share `files`, which may be written."""
    log: Path
    config: Path = field(default_factory=Path)
    """A smb.conf for Samba's clients that leaves the machine's own out."""

    def entries(self) -> list[dict[str, Any]]:
        """The record so far."""
        time.sleep(0.3)  # the sink is flushed every 0.2 s
        return [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]

    def problems(self) -> list[str]:
        """What went wrong inside the server."""
        return [f"{one['problem']} {one.get('traceback', '')}" for one in self.entries() if one["event"] == "problem"]


def need(*programs: str) -> None:
    """Skips the test where a program is missing."""
    for program in programs:
        if not (os.path.exists(program) or shutil.which(program)):
            pytest.skip(f"{program} is not installed")


def run(*words: str | Path, timeout: float = 60, **more: Any) -> subprocess.CompletedProcess[str]:
    """Runs a client; standard output and error together."""
    return subprocess.run(
        [str(word) for word in words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        encoding="utf-8",
        errors="replace",
        timeout=timeout,
        env=os.environ | {"LC_ALL": "C.UTF-8"},
        check=False,
        **more,
    )


Start = Callable[..., AbstractContextManager[Running]]


@pytest.fixture(scope="session")
def start(
    fakesmb_command: list[str], fakesmb_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Start:
    """Starts a server with further arguments: `with start("--signing", "required") as smb`."""

    @contextmanager
    def started(*arguments: str) -> Iterator[Running]:
        base = tmp_path_factory.mktemp("server")
        folder, docs = base / "files", base / "docs"
        folder.mkdir()
        docs.mkdir()
        (docs / "readme.txt").write_text("read only\n")
        smb_conf = base / "smb.conf"
        smb_conf.write_text("[global]\nclient min protocol = NT1\nclient max protocol = NT1\n")
        port_file, log, errors = base / "port", base / "log.jsonl", base / "stderr"
        words = [*fakesmb_command, "serve", "--port", "0", "--port-file", str(port_file)]
        words += ["--share", f"files={folder}", "--share", f"docs={docs},ro", "--share", f"c$={folder}"]
        words += ["--admin", f"{USER}:{PASSWORD}", "--user", "bob:Hunter22"]
        words += ["--log", "none", "--log-file", str(log), *arguments]
        with errors.open("w") as stderr:
            process = subprocess.Popen(words, env=fakesmb_environment, stderr=stderr, text=True)
        try:
            for _ in range(1000):
                if port_file.exists() or process.poll() is not None:
                    break
                time.sleep(0.01)
            assert process.poll() is None, errors.read_text()
            yield Running(process, int(port_file.read_text()), folder, log, smb_conf)
            process.send_signal(signal.SIGTERM)
            assert process.wait(5) == 0, errors.read_text()
            assert "Traceback" not in errors.read_text()
        finally:
            process.kill()
            process.wait()

    return started


@pytest.fixture(scope="session")
def server(start: Start) -> Iterator[Running]:
    """The server that tests share; each test works in a folder of its own."""
    with start() as running:
        yield running


@pytest.fixture
def smb(server: Running) -> Iterator[Running]:
    """The shared server; a problem inside it fails the test that caused it."""
    before = len(server.problems())
    yield server
    assert server.problems()[before:] == []


@pytest.fixture
def work(smb: Running, request: pytest.FixtureRequest) -> Path:
    """A fresh folder of the share `files` for one test; its name is the folder's name in the share, too."""
    name = "".join(char if char.isalnum() else "-" for char in request.node.name)[:60]
    folder = smb.folder / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def make_tree(root: Path) -> dict[str, bytes]:
    """A tree as people have them: nested folders, spaces, several scripts, empty files, an odd size."""
    files = {
        "a.txt": b"hello\n",
        "empty": b"",
        "one/two/three/deep.bin": os.urandom(70_001),
        "with space/naïve café.txt": "é".encode(),
        "Ελληνικά/日本語.txt": b"names",
        "UPPER.TXT": b"case",
    }
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return files


def tree_of(root: Path) -> dict[str, bytes]:
    """All files below `root` with their contents."""
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}
