"""Names, browsing and RAP by real programs, on the ports that they know: on a network of the test's own."""

import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.clients.client_runs import PASSWORD, USER, need, run
from tests.clients.namespace import CLIENT, EVERYBODY, SERVER, Machine, two_machines
from tests.serving import problems_in, serving

pytestmark = pytest.mark.client


class Network(NamedTuple):
    """A server on the ports of NetBIOS, and the machine of a client beside it."""

    client: Machine
    config: Path
    log: Path

    def says(self, program: str, *words: str, fails: bool = False) -> str:
        """What a program says there."""
        need(program)
        more = () if program in ("nmap", "nbtscan") else ("-s", str(self.config))
        done = run(*self.client.inside(program, *more, *words))
        assert (done.returncode != 0) == fails, done.stdout
        return done.stdout

    def rap(self, *words: str) -> str:
        """What `net rap` says; how it ends says nothing (a list of shares ends with their number)."""
        need("net")
        whom = ("-S", "FAKESMB", "-U", f"{USER}%{PASSWORD}", "-I", SERVER)
        return run(*self.client.inside("net", "-s", str(self.config), "rap", *words, *whom)).stdout

    def until(self, text: str) -> None:
        """Waits for a line of the log."""
        for _ in range(1500):
            if text in self.log.read_text():
                return
            time.sleep(0.01)
        raise AssertionError(self.log.read_text())


@pytest.fixture(scope="module")
def network(
    fakesmb_command: list[str],
    fakesmb_environment: dict[str, str],
    serve_options: list[str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Network]:
    base = tmp_path_factory.mktemp("names")
    (base / "files").mkdir()
    config = base / "smb.conf"
    config.write_text(
        "[global]\nclient min protocol = NT1\nclient max protocol = NT1\nworkgroup = WORKGROUP\nnetbios name = TESTER\n"
        f"name resolve order = bcast\ninterfaces = {CLIENT}/24\n"
    )
    with two_machines() as (server, client):
        words = ["--host", SERVER, "--port", "445", "--netbios-port", "139", "--names", "--master"]
        words += [
            "--broadcast",
            EVERYBODY,
            "--share",
            f"files={base / 'files'}",
            "--admin",
            f"{USER}:{PASSWORD}",
        ]
        command = server.inside(*fakesmb_command)
        command[0] = shutil.which("nsenter") or command[0]
        with serving(command, fakesmb_environment, base, *words, *serve_options) as served:
            one = Network(client, config, served.log)
            one.until("FAKESMB<20> is registered")
            yield one
    assert problems_in(served.log.read_bytes().splitlines()) == []


def test_nmblookup_finds_the_name(network: Network) -> None:
    assert f"{SERVER} FAKESMB<00>" in network.says("nmblookup", "FAKESMB")
    assert f"{SERVER} FAKESMB<20>" in network.says("nmblookup", "FAKESMB#20")
    assert f"{SERVER} WORKGROUP<00>" in network.says("nmblookup", "WORKGROUP#00")
    assert f"{SERVER} *<00>" in network.says("nmblookup", "*")
    asked = network.says("nmblookup", f"--unicast={SERVER}", "--recursion", "FAKESMB")
    assert f"{SERVER} FAKESMB<00>" in asked
    assert "failed to find name OTHER" in network.says("nmblookup", "OTHER", fails=True)


def test_a_broadcast_to_any_network_is_heard(network: Network) -> None:
    """As libdsm, LanMan98 and others send it."""
    said = network.says("nmblookup", "--broadcast=255.255.255.255", "FAKESMB#20")
    assert f"{SERVER} FAKESMB<20>" in said


@pytest.mark.parametrize("words", [("-A", SERVER), ("-S", "FAKESMB")])
def test_nmblookup_shows_the_status(network: Network, words: tuple[str, ...]) -> None:
    said = network.says("nmblookup", *words)
    for suffix in ("00", "03", "20"):
        assert re.search(rf"FAKESMB\s+<{suffix}> -\s+B <ACTIVE>", said), said
    assert re.search(r"WORKGROUP\s+<00> - <GROUP> B <ACTIVE>", said), said
    assert "MAC Address = 00-00-00-00-00-00" in said


def test_nbtscan_shows_the_server(network: Network) -> None:
    said = network.says("nbtscan", "-v", SERVER)
    assert re.search(r"FAKESMB\s+<20>\s+UNIQUE", said), said


@pytest.mark.slow
def test_nmap_shows_the_names(network: Network) -> None:
    said = network.says("nmap", "-sU", "-p", "137", "--script", "nbstat", SERVER)
    assert "FAKESMB<20>" in said
    assert "NetBIOS MAC: 000000000000" in said


def test_net_asks_for_the_time(network: Network) -> None:
    said = network.says("net", "time", "-S", "FAKESMB")
    assert str(time.gmtime().tm_year) in said


def test_the_master_is_found_and_the_network_listed(network: Network) -> None:
    """`smbclient -L` has its list of workgroups from a second connection, to 139, and smbtree all that there is."""
    network.until("..__MSBROWSE__.<01> is registered")
    assert f"{SERVER} WORKGROUP<1d>" in network.says("nmblookup", "-M", "WORKGROUP")
    assert "__MSBROWSE__" in network.says("nmblookup", "-M", "--", "-")
    said = network.says("smbclient", "-L", "FAKESMB", "-m", "NT1", "-U", f"{USER}%{PASSWORD}")
    assert re.search(r"^\s+FAKESMB\s+fakesmb$", said, re.MULTILINE), said
    assert re.search(r"^\s+WORKGROUP\s+FAKESMB$", said, re.MULTILINE), said
    assert re.findall(r"^\s+(\S+)\s+(?:Disk|IPC)\b", said, re.MULTILINE) == ["files", "IPC$"]
    said = network.says("smbtree", "-U", f"{USER}%{PASSWORD}")
    assert re.search(r"^WORKGROUP\n\t\\\\FAKESMB\s+fakesmb$", said, re.MULTILINE), said
    assert "\\\\FAKESMB\\files" in said


def test_a_session_by_another_name_is_refused(network: Network) -> None:
    """smbclient calls what it was told; refused, it calls *SMBSERVER."""
    words = ("-p", "139", "-I", SERVER, "-U", f"{USER}%{PASSWORD}", "-m", "NT1", "-c", "ls")
    assert "blocks available" in network.says("smbclient", "//WRONG/files", *words)
    network.until("called WRONG<20>")


def test_net_rap_lists_what_there_is(network: Network) -> None:
    """Shares with IPC$ at the end, users, the group of all, services; what is open, by whom."""
    assert network.rap("share").split() == ["files", "IPC$"]
    assert USER in network.rap("user").split()
    assert network.rap("user", "info", USER).split() == ["None"]
    assert network.rap("group").split() == ["None"]
    assert USER in network.rap("groupmember", "list", "None").split()
    assert "SERVER" in network.rap("service")
    assert "Server name = FAKESMB" in network.rap("server", "name")
    sessions = network.rap("session")
    assert re.search(rf"^\\\\{re.escape(CLIENT)}\s+{USER}\s+Unix", sessions, re.MULTILINE), sessions
    assert re.search(r"^\s+FAKESMB\s+fakesmb", network.rap("server", "domain"), re.MULTILINE)
    assert "Guest logon     no" in network.rap("session", "info", CLIENT)


def test_net_rap_changes_nothing(network: Network) -> None:
    """Refusals are told as such, and nobody is added, changed or removed."""
    network.rap("user", "add", "carl")
    network.rap("user", "delete", USER)
    network.rap("share", "delete", "files")
    assert "Failed to send password change" in network.rap("password", USER, PASSWORD, "Other123")
    assert network.rap("share").split() == ["files", "IPC$"]
    users = network.rap("user").split()
    assert USER in users
    assert "carl" not in users
