"""The Linux kernel's own client, `mount -t cifs -o vers=1.0`, in a machine that qemu runs. `pytest --slow`.

Skips where qemu, apt or Debian's archive are missing. What is checked is in guest/checks.py.
"""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.clients import kernel_guest
from tests.clients.client_runs import PASSWORD, USER, Running, Start

pytestmark = [pytest.mark.client, pytest.mark.slow]

HERE = Path(__file__).parent
SECONDS = 900.0
"""Some 200 are enough where the processor is emulated."""
MOUNTS: dict[str, list[str]] = {
    "unix": [],
    "nounix": [],
    "unix,nomapposix,sec=ntlmsspi": ["copy_and_tar", "names_of_all_kinds", "random_access", "locks"],
    "nounix,sec=ntlmsspi": ["editing", "random_access", "two_mounts_agree"],
}
"""The options, and what is checked with them; nothing stands for all."""

Said = list[dict[str, Any]]


@pytest.fixture(scope="module")
def guest() -> kernel_guest.Guest:
    return kernel_guest.guest()


@pytest.fixture(scope="module")
def served(start: Start, guest: kernel_guest.Guest) -> Any:
    with start() as smb:
        yield smb


@pytest.fixture(scope="module")
def said(served: Running, guest: kernel_guest.Guest, tmp_path_factory: pytest.TempPathFactory) -> Said:
    """What the guest says of all mounts."""
    scratch = tmp_path_factory.mktemp("guest")
    files = scratch / "files"
    shutil.copytree(HERE / "guest", files / "test", ignore=shutil.ignore_patterns("__pycache__"))
    (files / "test" / "init").rename(files / "init")
    shutil.copy(guest.source, files / "test")
    job = {
        "port": served.port,
        "user": USER,
        "password": PASSWORD,
        "share": "files",
        "source": guest.source.name,
        "owner": f"{os.getuid()}:{os.getgid()}",
    }
    (files / "test" / "job.json").write_text(json.dumps(job | {"mounts": MOUNTS}))
    lines = guest.run(files, scratch, SECONDS).splitlines()
    print("\n".join(lines))
    return [json.loads(line) for line in lines if line.startswith("{")]


@pytest.mark.parametrize("options", MOUNTS)
def test_programs_work_on_the_mount(options: str, said: Said) -> None:
    checks = [one for one in said if one["mount"] == options and "check" in one]
    assert [f"{one['check']}: {one['error']}" for one in checks if one["error"]] == []
    if MOUNTS[options]:
        assert [one["check"] for one in checks] == MOUNTS[options]
    else:
        assert len(checks) > 10


@pytest.mark.parametrize("options", MOUNTS)
def test_it_mounts_and_unmounts_and_the_kernel_does_not_complain(options: str, said: Said) -> None:
    (end,) = [one for one in said if one["mount"] == options and "kernel" in one]
    assert end["error"] == ""
    assert end["kernel"] == []


def test_the_server_had_no_problem_and_keeps_nothing(said: Said, served: Running) -> None:
    assert served.problems() == []
    assert list(served.folder.iterdir()) == []
