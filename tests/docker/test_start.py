"""The starts of docs/start.md that install something, in a Debian 12 where nothing is installed."""

import os
import re
import shutil
import subprocess
import uuid
from collections.abc import Iterator

import pytest

from tests.docker.engine import free_port
from tests.docsblocks import CHECKOUT, blocks

IMAGE = "debian:bookworm-slim"
LISTING = "smbclient --option='client min protocol=NT1' -m NT1 -p {} -U alice%Secret123 -L 127.0.0.1"

pytestmark = pytest.mark.slow


def docker(*words: str, timeout: float = 600) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["docker", *words], capture_output=True, text=True, timeout=timeout, check=False)


@pytest.fixture
def bare() -> Iterator[str]:
    """A container of Debian 12 with a copy of the source and the machine's certificates, and nothing else."""
    if shutil.which("docker") is None or docker("image", "inspect", IMAGE).returncode:
        pytest.skip(f"no engine with the image {IMAGE} answers")
    name = f"fakesmb-start-{uuid.uuid4().hex[:8]}"
    words = [
        "--rm",
        "-d",
        "--network",
        "host",
        "--pull",
        "never",
        "--name",
        name,
        "-v",
        f"{CHECKOUT}:/from:ro",
    ]
    if os.path.exists("/etc/pip.conf"):
        words += ["-v", "/etc/pip.conf:/etc/pip.conf:ro"]
    assert not docker("run", *words, IMAGE, "sleep", "900").returncode
    try:
        inside(
            name, "cd /from && tar c --exclude=./.venv --exclude=./.git --exclude=./build . | tar x -C /opt"
        )
        yield name
    finally:
        docker("rm", "-f", name)


def inside(name: str, script: str) -> str:
    done = docker("exec", "-w", "/opt", "-e", "DEBIAN_FRONTEND=noninteractive", name, "bash", "-euxc", script)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


def packages(wanted: str) -> str:
    """The command of the page that brings a program on Debian, as root."""
    page = (CHECKOUT / "docs" / "start.md").read_text(encoding="utf-8")
    commands: list[str] = re.findall(r"^\| Debian.*?`sudo (apt-get install [\w-]+)`", page, re.MULTILINE)
    [command] = [one for one in commands if wanted in one]
    return command.replace("install", "install -qq -y")


def installing(word: str) -> str:
    """The block of the page that has this word."""
    [block] = [one for one in blocks(CHECKOUT / "docs" / "start.md") if one.not_run and word in one.text]
    return block.text


@pytest.mark.parametrize("way", ["pip", "make"])
def test_from_nothing_to_a_listed_share(bare: str, way: str) -> None:
    """With the packages and the commands that the page names, one after the other; ended with the container."""
    port = free_port()  # of this machine, whose network the container has
    inside(bare, "apt-get update -qq")
    if way == "pip":
        inside(bare, packages("python3-venv"))
        inside(bare, installing("pip install"))
        start = f"venv/bin/fakesmb serve --port {port}"
    else:
        inside(bare, "apt-get install -qq -y make")
        start = f"make serve ARGS='--port {port}'"
    inside(bare, packages("smbclient"))
    wait = "timeout 300 sh -c 'until grep -q ready.on /tmp/out; do sleep 0.1; done' || cat /tmp/out"
    inside(bare, f"({start} > /tmp/out 2>&1 &); {wait}; grep -q 'ready on' /tmp/out")
    assert re.search(r"^\s+public +Disk", inside(bare, LISTING.format(port)), re.MULTILINE)
    assert "Nt Create Andx, FileName = \\srvsvc" in inside(bare, "cat /tmp/out")
