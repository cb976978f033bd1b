"""A container, from its start to its end."""

import contextlib
import json
import shutil
import socket
import time
from ipaddress import ip_address, ip_network

import pytest

from tests.docker.engine import PASSWORD, USER, WHO, Container, Engine, Smbclient, docker, in_time

pytestmark = pytest.mark.docker

HEALTHY_SECONDS = 3.0
UNHEALTHY_SECONDS = 5.0
STOP_SECONDS = 1.0
NAMED = ("--env", f"FAKESMB_USER_1={WHO}")


@pytest.fixture
def smbclient(server: Container) -> Smbclient:
    if shutil.which("smbclient") is None:
        pytest.skip("no smbclient here")
    return Smbclient(server.port())


def test_it_gets_healthy_soon(engine: Engine) -> None:
    def started() -> float:
        began = time.monotonic()
        engine.start(*NAMED).until("healthy")
        return time.monotonic() - began

    in_time(started, HEALTHY_SECONDS, engine.image)


def test_it_gets_unhealthy_where_it_does_not_answer_and_healthy_when_it_does(engine: Engine) -> None:
    container = engine.start(*NAMED)
    container.until("healthy")

    def hangs() -> float:
        docker("kill", "--signal", "STOP", container.name)
        took = container.until("unhealthy")
        docker("kill", "--signal", "CONT", container.name)
        container.until("healthy")
        return took

    in_time(hangs, UNHEALTHY_SECONDS, engine.image)


@pytest.mark.parametrize("words", [(), ("--init",)], ids=["alone", "with an init"])
def test_it_gets_unhealthy_when_it_is_killed(engine: Engine, words: tuple[str, ...]) -> None:
    def killed() -> float:
        container = engine.start(*NAMED, *words)
        container.until("healthy")
        if words:
            children = "/proc/1/task/1/children"  # of the init: the server
            container.run("/bin/sh", "-c", f"read server rest < {children}; kill -KILL $server", check=False)
        else:
            docker("kill", "--signal", "KILL", container.name)
        took = container.until("unhealthy")
        assert container.state()["Status"] == "exited"
        return took

    in_time(killed, UNHEALTHY_SECONDS, engine.image)


@pytest.mark.parametrize(
    "words",
    [("kill", "--signal", "TERM"), ("kill", "--signal", "INT"), ("stop",)],
    ids=["TERM", "INT", "docker stop"],
)
def test_it_ends_within_a_second_with_a_client_connected(engine: Engine, words: tuple[str, ...]) -> None:
    def stopped() -> float:
        container = engine.start(*NAMED).ready()
        with contextlib.closing(socket.create_connection(("127.0.0.1", container.port()), 5)) as client:
            client.sendall(b"\0\0\0\x20")  # and the message does not come
            began = time.monotonic()
            docker(*words, container.name)
            docker("wait", container.name)
            took = time.monotonic() - began
        assert container.state()["ExitCode"] == 0
        return took

    in_time(stopped, STOP_SECONDS, engine.image)


def test_smbclient_on_this_machine_lists_writes_and_reads(server: Container, smbclient: Smbclient) -> None:
    """On a read-only root: what clients write is on a tmpfs."""
    listing = smbclient("docs", "dir")
    assert "README.txt" in listing
    assert "putting file" in smbclient("public", "put /etc/hostname sent.txt; get sent.txt -; del sent.txt")
    assert "LOGON_FAILURE" in Smbclient(smbclient.port, f"{USER}%wrong")("docs", "dir", fails=True)
    assert server.run("/bin/sh", "-c", "touch /x", check=False).returncode != 0


def test_standard_output_is_json_lines(server: Container, smbclient: Smbclient) -> None:
    smbclient("docs", "dir")
    server.until("healthy")
    lines, errors = server.said()
    assert not [
        line for line in lines if line.get("peer", "").startswith("127.")
    ]  # of those who ask for its health
    assert {"SMB_COM_NEGOTIATE", "SMB_COM_TREE_CONNECT_ANDX"} <= {line.get("command") for line in lines}
    assert "fakesmb: ready on" in errors
    assert PASSWORD not in json.dumps(lines) + errors


def test_a_client_in_a_second_container_finds_it_by_name(engine: Engine, client_image: str) -> None:
    network = engine.network()
    server = engine.start(*NAMED, "--network", network).ready()
    said = docker("run", "--rm", "--network", network, "--env", f"SERVER={server.name}", client_image).stdout
    assert "Disk|public|" in said
    assert f"copied to //{server.name}/public and back" in said
    peers = {line["peer"].rpartition(":")[0] for line in server.said()[0] if "peer" in line}
    (subnet,) = json.loads(docker("network", "inspect", network).stdout)[0]["IPAM"]["Config"]
    (peer,) = peers  # the client itself, not a proxy
    assert ip_address(peer) in ip_network(subnet["Subnet"])
    assert peer != subnet["Gateway"]


def test_the_port_check_of_testcontainers_passes(server: Container) -> None:
    """What Testcontainers runs inside before it hands a container out, in the manner of its Java library."""
    script = "true && (grep -i ':0*01bd' /proc/net/tcp* || nc -vz -w 1 localhost 445 || "
    script += "/bin/bash -c '</dev/tcp/localhost/445')"
    assert ":01BD" in server.run("/bin/sh", "-c", script).stdout
