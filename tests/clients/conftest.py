"""A real server in a process of its own, for real client programs. One per test run and worker."""

import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.clients.client_runs import PASSWORD, USER, Running, Start


@pytest.fixture(scope="session")
def start(
    fakesmb_command: list[str],
    serve_options: list[str],
    fakesmb_environment: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
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
        words = [*fakesmb_command, "serve", *serve_options, "--port", "0", "--port-file", str(port_file)]
        words += ["--share", f"files={folder}", "--share", f"docs={docs},ro", "--share", f"c$={folder}"]
        words += ["--admin", f"{USER}:{PASSWORD}", "--user", "bob:Hunter22"]
        words += ["--log", "none", "--log-file", str(log), *arguments]
        with errors.open("w") as stderr:
            process = subprocess.Popen(words, env=fakesmb_environment, stderr=stderr, text=True)
        try:
            for _ in range(3000):
                if port_file.exists() or process.poll() is not None:
                    break
                time.sleep(0.01)
            assert process.poll() is None, errors.read_text()
            yield Running(process, int(port_file.read_text()), folder, log, smb_conf)
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0, errors.read_text()
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
    yield server
    assert server.problems() == []


@pytest.fixture
def work(smb: Running, request: pytest.FixtureRequest) -> Path:
    """A fresh folder of the share `files` for one test; its name is the folder's name in the share, too."""
    name = "".join(char if char.isalnum() else "-" for char in request.node.name)[:60]
    folder = smb.folder / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder
