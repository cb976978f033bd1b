"""The files for compose and Kubernetes."""

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from tests.docker.conftest import CLIENT, IMAGE
from tests.docker.engine import WHO, Smbclient, compose, free_port, in_time

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("image")]

UP_SECONDS = 3.0
OLD = ("--option=client ntlmv2 auth=no", "--option=client lanman auth=yes")
"""What has smbclient sign in as clients did that knew no extended security."""


@pytest.fixture
def named() -> dict[str, str]:
    """What the files are told: the images of the tests, and a free port."""
    return {"SMB_IMAGE": IMAGE, "SMB_CLIENT_IMAGE": CLIENT, "SMB_PORT": str(free_port())}


@pytest.mark.usefixtures("client_image")
def test_up_is_ready_in_three_seconds_and_its_client_lists_and_copies(named: dict[str, str]) -> None:
    with compose("docker/compose.yaml", **named) as run:

        def up() -> float:
            run("down", "--timeout", "2")
            began = time.monotonic()
            run("up", "--wait")
            return time.monotonic() - began

        in_time(up, UP_SECONDS, IMAGE)
        assert "README.txt" in Smbclient(int(named["SMB_PORT"]))("public", "dir")
        done = run("run", "--rm", "client")
        assert "Disk|public|" in done.stdout
        assert "copied to //server/public and back" in done.stdout
        assert not re.search(
            "gencache|REFUSED|Unable", done.stdout + done.stderr
        )  # nothing that looks like a failure


def test_its_server_is_hardened(named: dict[str, str]) -> None:
    for file in ("compose.yaml", "compose.profiles.yaml", "compose.lan.yaml"):
        more = {"LAN_ADDRESS": "127.0.0.1", "SHARED": "./data", "SMB_USER_FILE": "./alice.txt"}
        with compose(f"docker/{file}", **named, **more) as run:
            services: dict[str, Any] = json.loads(run("--profile", "*", "config", "--format", "json").stdout)[
                "services"
            ]
        assert services
        for service in services.values():
            assert service["read_only"] is True
            assert service["cap_drop"] == ["ALL"]
            assert service["security_opt"] == ["no-new-privileges:true"]
            assert service["pids_limit"] > 0
            assert int(service["mem_limit"]) > 0
            assert all(port["host_ip"] == "127.0.0.1" for port in service.get("ports", ()))


def test_three_profiles_side_by_side(named: dict[str, str]) -> None:
    ports = {f"SMB_PORT_{one}": str(free_port()) for one in ("2003", "NT4", "NAS")}
    with compose("docker/compose.profiles.yaml", **named, **ports) as run:
        run("up", "--wait")
        said = {
            one: Smbclient(int(port))("public", "dir; put /etc/hostname mine.txt", *OLD)
            for one, port in ports.items()
        }
        assert all("README" in text.upper() for text in said.values())
        checks = {
            one: run("exec", "-T", one, "fakesmb", "check", "127.0.0.1:445").stdout
            for one in ("windows-nt4", "old-nas")
        }
        assert checks["windows-nt4"] != checks["old-nas"]
        run("exec", "-T", "old-nas", "test", "-e", "/var/lib/fakesmb/shares/public/mine.txt")


def test_a_folder_for_the_network(named: dict[str, str], tmp_path: Path) -> None:
    """On loopback here, and another port, since 445 of this machine may be somebody's."""
    folder, user = tmp_path / "data", tmp_path / "user"
    folder.mkdir()
    (folder / "here.txt").write_text("here")
    folder.chmod(0o777)
    user.write_text(f"{WHO}\n")
    more = {"LAN_ADDRESS": "127.0.0.1", "LAN_PORT": str(free_port())}
    with compose(
        "docker/compose.lan.yaml", **named, **more, SHARED=str(folder), SMB_USER_FILE=str(user)
    ) as run:
        run("up", "--wait")
        smbclient = Smbclient(int(more["LAN_PORT"]))
        assert smbclient("shared", "get here.txt -").startswith("here")
        smbclient("shared", "put /etc/hostname new.txt")
        assert (folder / "new.txt").exists()


def test_the_network_is_told_nothing_that_nobody_named(named: dict[str, str]) -> None:
    with compose("docker/compose.lan.yaml", **named) as run:
        done = run("config", check=False)
        assert done.returncode != 0
        assert "is missing a value" in done.stderr  # of any of the three: compose looks at them in no order
