"""docs/docker.md: its blocks run, in order, as somebody would run them who reads it."""

import os
import re
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from fakesmb.config.tomlfile import read
from tests.docker.engine import CHECKOUT, Smbclient, docker, free_port
from tests.docsblocks import blocks, write

PAGE = CHECKOUT / "docs" / "docker.md"
UNTIL_HEALTHY = """
until [ "$(docker inspect --format '{{.State.Health.Status}}' smb)" = healthy ]; do sleep 0.2; done
"""
OF_THE_PAGE = re.compile(r"(?<= )smb(?=[\s)])")
"""Where its commands name their container."""
NOT_RUN = re.compile(r"<!-- not run: [^>]+ -->\n```")


@pytest.fixture
def name() -> Iterator[str]:
    """Instead of the page's names for its container and projects, which somebody may have running. Nothing is left
    of it, also where a block fails."""
    own = f"fakesmb-test-{uuid.uuid4().hex[:10]}"
    yield own
    docker("rm", "--force", own, check=False)
    for file in ("compose.yaml", "compose.profiles.yaml"):
        docker("compose", "-p", own, "--file", f"docker/{file}", "down", "--timeout", "2", check=False)


@pytest.mark.docker
@pytest.mark.usefixtures("client_image")
def test_what_the_page_tells_to_run_runs(image: str, name: str, tmp_path: Path) -> None:
    """On free ports. The image is there already, so that its build comes from the engine's cache."""
    docker("tag", image, "fakesmb")
    docker("tag", "fakesmb-client:test", "fakesmb-client")
    text = PAGE.read_text()
    (tmp_path / "docker").symlink_to(CHECKOUT / "docker")
    write([block for block in blocks(PAGE) if block.language == "toml"], tmp_path)
    ports = {
        one: str(free_port()) for one in ("SMB_PORT", "SMB_PORT_2003", "SMB_PORT_NT4", "SMB_PORT_NAS", "WEB")
    }
    said = []
    for block in blocks(PAGE):
        before = text.splitlines()[block.line - 2]
        if block.language != "sh" or before.startswith("<!-- not run"):
            continue
        script = block.text.replace("4450", ports["SMB_PORT"]).replace(
            "127.0.0.1:8080", f"127.0.0.1:{ports['WEB']}"
        )
        script = script.replace("sleep 3\n", UNTIL_HEALTHY)
        script = script.replace("docker build ", f"cd {CHECKOUT}; docker build --network host ")
        script = OF_THE_PAGE.sub(name, script)
        done = subprocess.run(
            ["bash", "-eu", "-o", "pipefail", "-c", script],
            cwd=tmp_path,
            env=os.environ | ports | {"COMPOSE_PROJECT_NAME": name},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, f"line {block.line}: {done.stdout}{done.stderr}"
        assert "NT_STATUS" not in done.stdout, f"line {block.line}: {done.stdout}"
        said.append(done.stdout)
    everything = "".join(said)
    for words in (
        "README.txt",
        "high scores",
        '"shares"',
        "healthy",
        "copied to //server/public and back",
    ):
        assert words in everything
    assert (tmp_path / "scans" / "page.txt").read_text() == "high scores\n"
    assert docker("ps", "--all", "--quiet", "--filter", f"name=^{name}$").stdout == ""


@pytest.mark.docker
def test_its_container_of_testcontainers_serves(image: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("testcontainers.core", reason="the package testcontainers is not installed")
    from testcontainers.core.config import testcontainers_config

    docker("tag", image, "fakesmb")
    monkeypatch.setattr(testcontainers_config, "ryuk_disabled", True)  # its helper's image is in a registry
    (block,) = [block for block in blocks(PAGE) if block.language == "python"]
    found: dict[str, object] = {}
    text = block.text + "    listed = list_docs(int(port))\n"
    exec(
        compile(text, str(PAGE), "exec"),
        found | {"list_docs": lambda port: Smbclient(port)("docs", "dir")},
        found,
    )
    assert "README.txt" in str(found["listed"])


def test_its_configurations_can_be_read(tmp_path: Path) -> None:
    (block,) = [block for block in blocks(PAGE) if block.language == "toml"]
    file = tmp_path / "fakesmb.toml"
    file.write_text(block.text.replace("/shares/games", str(tmp_path)))
    (share,) = read(str(file)).share
    assert (share.path, share.overlay) == (str(tmp_path), True)
    (services,) = [
        yaml.safe_load(block.text)["services"] for block in blocks(PAGE) if block.language == "yaml"
    ]
    assert {*services["tests"]["depends_on"]} <= {*services}


def test_there_is_no_block_that_nothing_runs() -> None:
    assert {block.language for block in blocks(PAGE)} == {"sh", "python", "toml", "yaml", "java"}
    assert len(NOT_RUN.findall(PAGE.read_text())) == 3


def test_the_variables_that_it_says_the_image_sets_are_those() -> None:
    image = (CHECKOUT / "docker" / "Dockerfile").read_text()
    page = PAGE.read_text().partition("The image itself sets these")[2].partition("```")[0]
    said = [one.replace('"', "") for one in re.findall(r"`(FAKESMB_\w+=[^`]+)`", page)]
    assert said
    sets = re.findall(r"^    (FAKESMB_\w+=.+?)(?: \\)?$", image, re.MULTILINE)
    assert {*said} == {one.replace('"', "") for one in sets}
