"""The Linux kernel's client follows DFS links, in a machine that qemu runs. `pytest --slow`."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from fakesmb import FakeSMB, Share
from tests.clients import kernel_guest

pytestmark = [pytest.mark.client, pytest.mark.slow]

HERE = Path(__file__).parent
SECONDS = 400.0
MOUNTS = ["unix", "nounix"]


def test_links_are_followed_with_unix_extensions_and_without(tmp_path: Path) -> None:
    guest = kernel_guest.guest()
    files = tmp_path / "files"
    shutil.copytree(HERE / "guest", files / "test", ignore=shutil.ignore_patterns("__pycache__"))
    (files / "test" / "init").rename(files / "init")
    (files / "test" / "follow.py").replace(files / "test" / "run.py")
    links = {"link": "//10.0.2.2/other", "sub/far": ["//10.0.2.2/other/deep"]}
    shares: dict[str, Any] = {
        "all": Share({"own.txt": "own\n"}, dfs=links),
        "other": {"top.txt": "top\n", "deep": {"b.txt": "deep\n"}},
    }
    with FakeSMB(shares, users={"u": "p"}) as smb:
        job = {"port": smb.port, "user": "u", "password": "p", "share": "all", "mounts": MOUNTS}
        (files / "test" / "job.json").write_text(json.dumps(job))
        said = guest.run(files, tmp_path, SECONDS)
        told = {one["mount"]: one for one in map(json.loads, said.splitlines())}
        assert (smb.share("other").path / "new.txt").read_text() == "made through the link\n"
    for options in MOUNTS:
        found = told[options]
        assert found.get("error", "") == ""
        assert found["listed"] == "link own.txt sub"
        assert (found["own"], found["through"], found["deep"]) == ("own\n", "top\n", "deep\n")
        assert found["inside"] == "deep new.txt top.txt"
