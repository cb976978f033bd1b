"""How a container is told what to serve, and to whom."""

import json
import os
import subprocess
import urllib.request
from pathlib import Path

import pytest

from tests.docker.engine import PASSWORD, WHO, Engine, Smbclient, docker, eventually

pytestmark = pytest.mark.docker

NAMED = ("--env", f"FAKESMB_USER_1={WHO}")

LOW_PORTS = "net.ipv4.ip_unprivileged_port_start"

MISTAKES = {
    "no users": ([], [], "FAKESMB_USER_1"),
    "an unknown variable": ([*NAMED, "--env", "FAKESMB_PORTS=1"], [], "FAKESMB_PORTS"),
    "a share that is not there": ([*NAMED, "--env", "FAKESMB_SHARE_1=data=/data"], [], "/data"),
    "a share without a path": ([*NAMED, "--env", "FAKESMB_SHARE_1=data"], [], "FAKESMB_SHARE_1"),
    "a port that is none": ([*NAMED, "--env", "FAKESMB_PORT=smb"], [], "FAKESMB_PORT"),
    "an unknown profile": ([*NAMED, "--env", "FAKESMB_PROFILE=windows-2004"], [], "windows-2003"),
    "an argument": (list(NAMED), ["serve", "--prot", "445"], "--port"),
    "a port of root's": (
        [*NAMED, "--sysctl", "net.ipv4.ip_unprivileged_port_start=1024"],
        [],
        "0.0.0.0:445: Permission denied",
    ),
    "a secret that is not there": (["--env", "FAKESMB_USER_1_FILE=/run/secrets/no"], [], "/run/secrets/no"),
}


@pytest.mark.parametrize(("words", "command", "named"), MISTAKES.values(), ids=[*MISTAKES])
def test_a_mistake_ends_with_2_and_one_line_that_names_it(
    engine: Engine, words: list[str], command: list[str], named: str
) -> None:
    done = engine.once(*words, command=command, check=False)
    said = [line for line in done.stderr.splitlines() if not line.startswith("WARNING: IPv4 forwarding")]
    assert (done.returncode, len(said), done.stdout) == (2, 1, "")
    assert said[0].startswith("fakesmb: ")
    assert named in said[0]
    assert PASSWORD not in said[0]


def test_each_folder_under_shares_is_a_share(engine: Engine, tmp_path: Path) -> None:
    root = tmp_path / "shares"
    for name in ("one", "two"):
        folder = root / name
        folder.mkdir(parents=True)
        (folder / "here.txt").write_text(name)
    container = engine.start(*NAMED, "--volume", f"{root}:/shares:ro").ready()
    smbclient = Smbclient(container.port())
    assert smbclient("two", "get here.txt -").startswith("two")
    assert "BAD_NETWORK_NAME" in smbclient("public", "dir", fails=True)


def test_a_file_that_is_mounted_configures_it(engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / "fakesmb.toml"
    file.write_text(
        '[server]\nname = "PARIS"\nport = 4450\n[[user]]\nname = "bob"\npassword = "Hunter22"\n'
        '[[share]]\nname = "tools"\npath = "/etc"\nread_only = true\n'
    )
    container = engine.start("--volume", f"{file}:/etc/fakesmb.toml:ro").ready()
    smbclient = Smbclient(container.port(), "bob%Hunter22")
    assert "fakesmb.toml" in smbclient("tools", "dir fakesmb*")
    container.until("healthy")


def test_arguments_win_over_what_the_image_sets(engine: Engine) -> None:
    """Whoever gives arguments keeps the host, the port and the form of the log."""
    container = engine.start(*NAMED, command=["serve", "--log", "text", "--name", "LONDON"]).ready()
    assert "README.txt" in Smbclient(container.port())("docs", "dir")
    eventually(lambda: "C; Negotiate" in docker("logs", container.name).stdout, "the text log")


def test_a_user_from_a_secret(engine: Engine, tmp_path: Path) -> None:
    secret = tmp_path / "user"
    secret.write_text("carol:s3cret in a file\n")
    secret.chmod(0o644)
    words = ["--volume", f"{secret}:/run/secrets/carol:ro", "--env", "FAKESMB_USER_1_FILE=/run/secrets/carol"]
    container = engine.start(*words).ready()
    assert "README.txt" in Smbclient(container.port(), "carol%s3cret in a file")("docs", "dir")
    lines, errors = container.said()
    assert "s3cret" not in json.dumps(lines) + errors + docker("inspect", container.name).stdout


def test_the_page_is_there_for_who_asks(engine: Engine) -> None:
    words = ["--env", "FAKESMB_WEB=0.0.0.0:8080", "--env", "FAKESMB_WEB_TOKEN=a-long-token-of-mine"]
    container = engine.start(*NAMED, *words, "--publish", "127.0.0.1::8080").ready()
    url = f"http://127.0.0.1:{container.port(8080)}/api/v1/state"
    request = urllib.request.Request(url, headers={"Authorization": "Bearer a-long-token-of-mine"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200
    assert container.run("fakesmb", "check", "127.0.0.1:445").stdout


def test_metadata_that_other_servers_left_are_told(engine: Engine, tmp_path: Path) -> None:
    """DOS attributes and a stream, as Samba keeps them."""
    folder = tmp_path / "data"
    folder.mkdir()
    file = folder / "hidden.txt"
    file.write_text("seen")
    folder.chmod(0o777)
    file.chmod(0o666)
    try:
        os.setxattr(file, "user.DOSATTRIB", b"0x22\0")
        os.setxattr(file, "user.DosStream.note:$DATA", b"said\0")
    except OSError as error:
        pytest.skip(f"no extended attributes here: {error.strerror}")
    container = engine.start(*NAMED, "--volume", f"{folder}:/shares/data").ready()
    smbclient = Smbclient(container.port())
    assert " AH " in smbclient("data", "dir")
    assert "note" in smbclient("data", "allinfo hidden.txt")
    smbclient("data", "setmode hidden.txt +r")
    assert os.getxattr(file, "user.DOSATTRIB")


def test_folders_of_somebody_else(engine: Engine, tmp_path: Path) -> None:
    """They may be read as their modes say, and written by nobody; as their owner the server may write."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "here.txt").write_text("here")
    if os.geteuid() == 0:
        subprocess.run(["chown", "-R", "4321:4321", folder], check=True)
    folder.chmod(0o755)
    owner = f"{folder.stat().st_uid}:{folder.stat().st_gid}"
    mount = ("--volume", f"{folder}:/shares/data")
    smbclient = Smbclient(engine.start(*NAMED, *mount).ready().port())
    assert smbclient("data", "get here.txt -").startswith("here")
    assert "NT_STATUS_ACCESS_DENIED" in smbclient("data", "put /etc/hostname new.txt", fails=True)
    smbclient = Smbclient(engine.start(*NAMED, *mount, "--user", owner).ready().port())
    smbclient("data", "put /etc/hostname new.txt")
    assert (folder / "new.txt").stat().st_uid == folder.stat().st_uid
    folder.chmod(0o700)
    if os.geteuid() == 0:
        done = engine.once(*NAMED, *mount, check=False)
        assert done.returncode == 2
        assert "/shares/data" in done.stderr


def test_a_mount_that_is_read_only(engine: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "here.txt").write_text("here")
    folder.chmod(0o777)
    smbclient = Smbclient(engine.start(*NAMED, "--volume", f"{folder}:/shares/data:ro").ready().port())
    assert smbclient("data", "get here.txt -").startswith("here")
    assert "NT_STATUS_MEDIA_WRITE_PROTECTED" in smbclient("data", "put /etc/hostname new.txt", fails=True)
    assert [one.name for one in folder.iterdir()] == ["here.txt"]


def test_any_user_may_run_it(engine: Engine) -> None:
    """As some platforms do with every image."""
    container = engine.start(*NAMED, "--user", "54321:0").ready()
    assert "putting file" in Smbclient(container.port())("public", "put /etc/hostname new.txt")
