"""DFS links through two servers, by clients that follow them: smbclient.

It goes to port 445 of a target, so that the servers are in a network of the test's own (`unshare`).
"""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clients.client_runs import need, run

pytestmark = pytest.mark.client

SERVERS = r"""
import subprocess, sys
from fakesmb import FakeSMB, Share, User
away = FakeSMB(
    {"other": {"top.txt": "top\n", "deep": {"b.txt": "of the other\n"}}},
    users={"u": User("p", admin=True)}, host="127.0.0.2", port=445,
)
links = {
    "link": r"\\127.0.0.2\other",
    "sub/far": [r"\\127.0.0.9\gone", "//127.0.0.2/other/deep"],
    "here": "//127.0.0.1/plain",
}
home = FakeSMB(
    {"all": Share({"own.txt": "own\n"}, dfs=links), "plain": {"x.txt": "x\n"}},
    users={"u": User("p", admin=True)}, host="127.0.0.1", port=445,
)
with away, home:
    sys.exit(subprocess.run(sys.argv[1:], timeout=50).returncode)
"""


def in_own_network(*words: str | Path) -> str:
    """What a program says beside two servers on port 445."""
    need("unshare", "ip")
    if subprocess.run(["unshare", "-rn", "true"], check=False, capture_output=True).returncode:
        pytest.skip("this user may make no network of its own")
    up = f'{shutil.which("ip")} link set lo up && exec "$@"'
    return run("unshare", "-rn", "sh", "-c", up, "sh", sys.executable, "-c", SERVERS, *words).stdout


def test_smbclient_follows_links_to_the_other_server(tmp_path: Path) -> None:
    need("smbclient")
    (tmp_path / "new.txt").write_text("put there\n")
    commands = [
        f"lcd {tmp_path}",
        "ls",
        r"cd link; ls; get top.txt; put new.txt; cd \sub; ls; cd far; ls; get b.txt",
        r"cd \; get link\deep\b.txt again.txt; get here\x.txt x.txt; ls link\*",
        "rmdir sub; rename sub moved; rmdir link",
    ]
    said = in_own_network(
        *("smbclient", "//127.0.0.1/all", "-U", "u%p", "-m", "NT1"),
        *("--option=client min protocol=NT1", "-c", "; ".join(commands)),
    )
    got = {name: (tmp_path / name).read_text() for name in ("top.txt", "b.txt", "again.txt", "x.txt")}
    assert got == {
        "top.txt": "top\n",
        "b.txt": "of the other\n",
        "again.txt": "of the other\n",
        "x.txt": "x\n",
    }, said
    assert said.count("  new.txt  ") == 1, said  # listed by the name of the link
    assert "  link                               Dr  " in said
    assert "NT_STATUS_DIRECTORY_NOT_EMPTY removing remote directory file \\sub" in said
    assert "NT_STATUS_ACCESS_DENIED renaming files" in said
    assert "NT_STATUS_ACCESS_DENIED removing remote directory file \\link" in said
