"""The control API as programs of other languages use it: what docs/control.md shows, run as it is printed."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.request import urlopen

import pytest

from tests.clients.client_runs import need
from tests.docsblocks import Block, blocks
from tests.serving import port_in, serving

pytestmark = pytest.mark.client

JCIFS = "/usr/share/java/jcifs.jar"


class Controlled(NamedTuple):
    """A server with a control API."""

    port: int
    web: int
    folder: Path


@pytest.fixture(scope="module")
def controlled(
    fakesmb_command: list[str], fakesmb_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Controlled]:
    """The server of the examples, on free ports: each of them leaves nothing behind."""
    tmp_path = tmp_path_factory.mktemp("controlled")
    folder, base, web_file = tmp_path / "in", tmp_path / "server", tmp_path / "web"
    folder.mkdir()
    base.mkdir()
    words = ["--port", "0", "--web", "0", "--web-port-file", str(web_file)]
    words += ["--share", f"in={folder},overlay", "--user", "alice:Secret123"]
    with serving(fakesmb_command, fakesmb_environment, base, *words) as served:
        yield Controlled(served.port, port_in(web_file, served.process), folder)
    assert not web_file.exists()


def block(checkout: Path, language: str, file: str = "") -> Block:
    """The one of that language, or that is that file."""
    found = blocks(checkout / "docs" / "control.md")
    (one,) = [one for one in found if one.language == language and one.file == file]
    return one


def run(controlled: Controlled, text: str, name: str, folder: Path, *command: str) -> str:
    """Writes the program for the ports that there are, runs it, and gives what it printed."""
    file = folder / name
    file.write_text(text.replace("4450", str(controlled.port)).replace("8080", str(controlled.web)))
    words = [*command, str(file)]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def is_reset(controlled: Controlled) -> bool:
    """Whether the example has left nothing behind."""
    web = f"http://127.0.0.1:{controlled.web}/api/v1"
    told = [json.load(urlopen(f"{web}/{call}", timeout=10)) for call in ("faults", "shares/in/files")]
    return told == [{"faults": []}, {"path": "", "files": []}] and list(controlled.folder.iterdir()) == []


def test_curl(controlled: Controlled, checkout: Path, tmp_path: Path) -> None:
    need("curl", "smbclient")
    told = run(controlled, block(checkout, "bash").text, "run.sh", tmp_path, "bash", "-eo", "pipefail")
    assert '"count":1' in told
    assert is_reset(controlled)


def test_java_with_jcifs(controlled: Controlled, checkout: Path, tmp_path: Path) -> None:
    need("java", "javac", JCIFS)
    text = block(checkout, "java", "FullDisk.java").text
    told = run(controlled, text, "FullDisk.java", tmp_path, "java", "-cp", JCIFS)
    assert json.loads(told)["nearest"]["misses"][0]["field"] == "verb"
    assert is_reset(controlled)


def test_node_with_smbclient(controlled: Controlled, checkout: Path, tmp_path: Path) -> None:
    need("node", "smbclient")
    told = run(controlled, block(checkout, "js", "full_disk.mjs").text, "full_disk.mjs", tmp_path, "node")
    assert "at least 1 exchange expected with verb='deleted'" in told
    assert is_reset(controlled)


def test_python(controlled: Controlled, checkout: Path, tmp_path: Path) -> None:
    told = run(
        controlled, block(checkout, "python", "full_disk.py").text, "full_disk.py", tmp_path, "python3"
    )
    assert told.startswith("After 0.1 s: ")
    assert is_reset(controlled)


def test_a_server_without_one_loads_nothing_of_it(
    fakesmb_command: list[str], fakesmb_environment: dict[str, str], tmp_path: Path
) -> None:
    """Start-up is part of every test run that starts a server."""
    base = tmp_path / "server"
    base.mkdir()
    environment = {**fakesmb_environment, "PYTHONPROFILEIMPORTTIME": "1"}
    with serving(fakesmb_command, environment, base, "--port", "0", "--share", f"in={tmp_path}"):
        pass
    imported = (base / "stderr").read_text()
    assert "fakesmb.app" in imported
    assert "fakesmb.web" not in imported
    assert "twisted.web" not in imported
