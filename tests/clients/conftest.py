"""A real server in a process of its own, for real client programs. One per test run and worker."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.clients.client_runs import PASSWORD, USER, Running, Start
from tests.serving import serving


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
        patient = (
            base / "fakesmb.toml"
        )  # the tests of many clients send wrong passwords, all from one address
        patient.write_text("[timing]\nwrong_password = 0\n")
        words = ["--config", str(patient), "--port", "0"]
        words += ["--share", f"files={folder}", "--share", f"docs={docs},ro"]
        words += ["--share", f"c$={folder}", "--admin", f"{USER}:{PASSWORD}", "--user", "bob:Hunter22"]
        words += [*serve_options, *arguments]
        with serving(fakesmb_command, fakesmb_environment, base, *words) as served:
            yield Running(served.process, served.port, folder, served.log, smb_conf)

    return started


@pytest.fixture(scope="session")
def server(start: Start, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The server that tests share; each works in a folder of its own. Their wrong passwords come from one address."""
    config = tmp_path_factory.mktemp("config") / "fakesmb.toml"
    config.write_text("[limits]\nwrong_passwords = 10000\n")
    with start("--config", str(config)) as running:
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
