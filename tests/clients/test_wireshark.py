"""tshark reads what was said between real clients and the server: no malformed packet."""

import os
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.capture import tshark as compared
from tests.clients.client_runs import PASSWORD, Running, make_tree, need, run
from tests.clients.test_other_clients import curl, impacket_tour, nmap, pysmb, pysmb_tour
from tests.clients.test_samba_clients import rpcclient, smbclient
from tests.clients.wire_tap import Capture, tapped

pytestmark = pytest.mark.client

BAD = "_ws.malformed || _ws.short || _ws.expert.group == 0x07000000"
"""Malformed, cut short, or of the expert group `Malformed`."""


def with_smbclient(smb: Running, work: Path, tmp_path: Path) -> None:
    make_tree(work)
    smbclient(smb, "-L", "//127.0.0.1", share="")
    smbclient(
        smb,
        command=f'volume; cd "{work.name}"; ls; lcd {tmp_path}; recurse; prompt; mget *; allinfo a.txt; '
        "rename a.txt b.txt; mkdir made; mput *; del b.txt; setmode UPPER.TXT +r; "
        "utimes empty -1 -1 -1 -1; ls *.none; ls",
    )


def with_smbclient_s_other_commands(smb: Running, work: Path, tmp_path: Path) -> None:
    make_tree(work)
    smbclient(
        smb,
        command=f'cd "{work.name}"; lcd {tmp_path}; setea a.txt one 1; geteas a.txt; hardlink a.txt b; scopy a.txt c; '
        "get a.txt got; put got a.txt:s; allinfo a.txt:s; altname a.txt; showacls; ls; tar c t.tar; "
        f"posix; cd {work.name}; posix_whoami; posix_mkdir d 700; posix_open d/f 640; stat d/f; chmod 600 d/f; "
        "symlink /x d/l; readlink d/l; link d/f d/g; ls d/*; posix_unlink d/l; tcon docs; tdis; logoff",
    )


def with_rpcclient(smb: Running, work: Path, tmp_path: Path) -> None:
    for command in (
        "srvinfo",
        "netshareenum",
        "netshareenumall 2",
        "netsharegetinfo files 502",
        "netsessenum",
    ):
        rpcclient(smb, command)


def with_curl(smb: Running, work: Path, tmp_path: Path) -> None:
    (work / "a").write_bytes(os.urandom(200_000))
    assert curl(smb, f"{work.name}/a", "-o", tmp_path / "a").returncode == 0


def with_impacket(smb: Running, work: Path, tmp_path: Path) -> None:
    impacket_tour(smb, work)


def with_pysmb(smb: Running, work: Path, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        client = pysmb(True, patch)(PASSWORD)
        assert client.connect("127.0.0.1", smb.port, timeout=20)
        pysmb_tour(client, work)
        client.close()


def with_nmap(smb: Running, work: Path, tmp_path: Path) -> None:
    nmap(smb)


@pytest.mark.parametrize(
    "conversation",
    [
        with_smbclient,
        with_smbclient_s_other_commands,
        with_rpcclient,
        with_curl,
        with_impacket,
        with_pysmb,
        with_nmap,
    ],
)
def test_nothing_is_malformed(
    smb: Running, work: Path, tmp_path: Path, conversation: Callable[[Running, Path, Path], None]
) -> None:
    need("tshark")
    (tmp_path / "local").mkdir()
    capture = Capture()
    with tapped(smb.port, capture) as port:
        conversation(replace(smb, port=port), work, tmp_path / "local")
    file = tmp_path / "talk.pcap"
    capture.write(file)
    assert len(compared.ours(file)) > 10
    bad = tshark(file, BAD)
    assert bad == "", bad
    assert list(compared.differences(file)) == []  # what we read out of it


def tshark(file: Path, filter_: str, *words: str) -> str:
    """The packets that a display filter lets through."""
    done = subprocess.run(
        ["tshark", "-n", "-r", str(file), "-Y", filter_, *words],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout


def test_the_filter_finds_a_malformed_packet(tmp_path: Path) -> None:
    """The test above can fail: a reply that ends too soon is found."""
    need("tshark")
    capture = Capture()
    talk = capture.conversation()
    header = bytes.fromhex("ff534d42 72 00000000 98 01c8 0000 0000000000000000 0000 0000 0100 0000 0100")
    message = header + bytes.fromhex("11 0000 03")  # says 17 words, has one and a half
    talk.data(False, len(message).to_bytes(4, "big") + message)
    talk.end()
    file = tmp_path / "bad.pcap"
    capture.write(file)
    assert run("tshark", "-v").returncode == 0
    assert tshark(file, BAD) != ""
