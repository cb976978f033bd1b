"""curl, impacket, pysmb, jcifs and nmap against a real server."""

import io
import re
import socket
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from fakesmb import FakeSMB
from tests.clients.client_runs import PASSWORD, USER, WRONG, Running, Start, need, run

pytestmark = pytest.mark.client

JCIFS = "/usr/share/java/jcifs.jar"
ACCESS_DENIED_BY_CURL = 67  # CURLE_LOGIN_DENIED


# -- curl ----------------------------------------------------------------------------------------------------


def curl(smb: Running, path: str, *words: str | Path, password: str = PASSWORD) -> CompletedProcess[str]:
    need("curl")
    if "smb" not in run("curl", "--version").stdout.split():
        pytest.skip("this curl does not speak SMB")
    url = f"smb://127.0.0.1:{smb.port}/files/{path}"
    return run("curl", "-sS", "-u", f"{USER}:{password}", *words, url)


def test_curl_reads_and_writes(smb: Running, work: Path, tmp_path: Path) -> None:
    data = bytes(range(256)) * 1000
    (work / "down").write_bytes(data)
    (tmp_path / "up").write_bytes(data)
    done = curl(smb, f"{work.name}/down", "-o", tmp_path / "came")
    assert done.returncode == 0, done.stdout
    assert (tmp_path / "came").read_bytes() == data
    done = curl(smb, f"{work.name}/up", "-T", tmp_path / "up")
    assert done.returncode == 0, done.stdout
    assert (work / "up").read_bytes() == data


def test_curl_is_refused_with_a_wrong_password(smb: Running) -> None:
    assert curl(smb, "x", password=WRONG).returncode == ACCESS_DENIED_BY_CURL


# -- impacket ------------------------------------------------------------------------------------------------


def impacket(smb: Running, password: str = PASSWORD) -> Any:
    from impacket.smb import SMB_DIALECT
    from impacket.smbconnection import SMBConnection

    client = SMBConnection(
        "FAKESMB", "127.0.0.1", sess_port=smb.port, preferredDialect=SMB_DIALECT, timeout=20
    )
    client.login(USER, password)
    return client


def impacket_tour(smb: Running, work: Path) -> None:
    """Lists, makes, writes, reads, renames, deletes."""
    client = impacket(smb)
    names = {share["shi1_netname"].rstrip("\0") for share in client.listShares()}
    assert {"files", "docs", "c$", "IPC$"} <= names
    base = f"\\{work.name}"
    data = bytes(range(256)) * 1000
    client.createDirectory("files", f"{base}\\made")
    client.putFile("files", f"{base}\\made\\a.bin", io.BytesIO(data).read)
    assert (work / "made" / "a.bin").read_bytes() == data
    came = io.BytesIO()
    client.getFile("files", f"{base}\\made\\a.bin", came.write)
    assert came.getvalue() == data
    found = {
        entry.get_longname(): entry.get_filesize() for entry in client.listPath("files", f"{base}\\made\\*")
    }
    assert found["a.bin"] == len(data)
    client.rename("files", f"{base}\\made\\a.bin", f"{base}\\b.bin")
    client.deleteFile("files", f"{base}\\b.bin")
    client.deleteDirectory("files", f"{base}\\made")
    assert list(work.iterdir()) == []
    client.close()


def test_impacket(smb: Running, work: Path) -> None:
    impacket_tour(smb, work)


def test_idle_time_counts_from_the_last_request(smb: Running) -> None:
    """NetrSessionEnum level 10 ([MS-SRVS] 2.2.4.14): seconds since the sign-in, and since the last request."""
    from impacket.dcerpc.v5 import srvs, transport

    waits = impacket(smb)
    time.sleep(2.1)
    waits.listPath("files", "*")
    asks = impacket(smb)
    rpc = transport.SMBTransport("127.0.0.1", smb.port, r"\srvsvc", smb_connection=asks).get_dce_rpc()
    rpc.connect()
    rpc.bind(srvs.MSRPC_UUID_SRVS)
    answer = srvs.hNetrSessionEnum(rpc, "\0", "\0", 10)
    rows = answer["InfoStruct"]["SessionInfo"]["Level10"]["Buffer"]
    times = [(row["sesi10_time"], row["sesi10_idle_time"]) for row in rows]
    assert any(active >= 2 and active - idle >= 1 for active, idle in times), times
    assert any(idle == 0 for _, idle in times), times
    asks.close()
    waits.close()


def test_impacket_signs(start: Start) -> None:
    with start("--signing", "required") as smb:
        work = smb.folder / "signed"
        work.mkdir()
        impacket_tour(smb, work)


def test_impacket_is_refused_with_a_wrong_password(smb: Running) -> None:
    from impacket.smbconnection import SessionError

    with pytest.raises(SessionError, match="STATUS_LOGON_FAILURE"):
        impacket(smb, WRONG)


# -- pysmb ---------------------------------------------------------------------------------------------------


def pysmb(ntlm_v2: bool, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    structs = pytest.importorskip("smb.smb_structs")
    connection = pytest.importorskip("smb.SMBConnection")
    monkeypatch.setattr(structs, "SUPPORT_SMB2", False)

    def made(password: str) -> Any:
        return connection.SMBConnection(
            USER, password, "TESTS", "FAKESMB", use_ntlm_v2=ntlm_v2, is_direct_tcp=True
        )

    return made


def pysmb_tour(client: Any, work: Path) -> None:
    """Lists, writes, reads, renames, deletes."""
    assert {"files", "docs"} <= {share.name for share in client.listShares()}
    data = bytes(range(256)) * 500
    client.createDirectory("files", f"/{work.name}/made")
    client.storeFile("files", f"/{work.name}/made/a.bin", io.BytesIO(data))
    assert (work / "made" / "a.bin").read_bytes() == data
    came = io.BytesIO()
    client.retrieveFile("files", f"/{work.name}/made/a.bin", came)
    assert came.getvalue() == data
    assert {entry.filename for entry in client.listPath("files", f"/{work.name}/made")} == {
        ".",
        "..",
        "a.bin",
    }
    client.rename("files", f"/{work.name}/made/a.bin", f"/{work.name}/b.bin")
    client.deleteFiles("files", f"/{work.name}/b.bin")
    client.deleteDirectory("files", f"/{work.name}/made")
    assert client.echo(b"hello") == b"hello"
    assert list(work.iterdir()) == []


@pytest.mark.parametrize("ntlm_v2", [True, False])
def test_pysmb(smb: Running, work: Path, monkeypatch: pytest.MonkeyPatch, ntlm_v2: bool) -> None:
    client = pysmb(ntlm_v2, monkeypatch)(PASSWORD)
    assert client.connect("127.0.0.1", smb.port, timeout=20)
    pysmb_tour(client, work)
    client.close()


def test_pysmb_is_refused_with_a_wrong_password(smb: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not pysmb(True, monkeypatch)(WRONG).connect("127.0.0.1", smb.port, timeout=20)


# -- jcifs ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def jcifs(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The command that runs Tour.java."""
    need("java", "javac", JCIFS)
    classes = tmp_path_factory.mktemp("classes")
    source = Path(__file__).parent / "Tour.java"
    done = run("javac", "-nowarn", "-cp", JCIFS, "-d", classes, source, timeout=120)
    assert done.returncode == 0, done.stdout
    return ["java", "-cp", f"{JCIFS}:{classes}"]


@pytest.mark.parametrize(
    "options",
    [[], ["-Djcifs.smb.client.useExtendedSecurity=false"], ["-Djcifs.smb.client.signingPreferred=true"]],
    ids=["extended", "plain", "signed"],
)
def test_jcifs(smb: Running, work: Path, jcifs: list[str], options: list[str]) -> None:
    done = run(*jcifs, *options, "Tour", str(smb.port), USER, PASSWORD, work.name)
    assert done.stdout.strip().endswith("done"), done.stdout
    assert list(work.iterdir()) == []


def test_jcifs_signs(start: Start, jcifs: list[str]) -> None:
    with start("--signing", "required") as smb:
        (smb.folder / "signed").mkdir()
        done = run(*jcifs, "Tour", str(smb.port), USER, PASSWORD, "signed")
        assert done.stdout.strip().endswith("done"), done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("keys", "who", "options"),
    [
        ({"guest": "read-write"}, ("GUEST", ""), ()),
        ({"guest": "read-write"}, ("GUEST", ""), ("client.useExtendedSecurity=false",)),
        (
            {"users": {USER: PASSWORD}, "plain_text": True},
            (USER, PASSWORD),
            ("client.disablePlainTextPasswords=false",),
        ),
        ({"security": "share"}, ("GUEST", ""), ("client.disablePlainTextPasswords=false",)),
        (
            {"users": {USER: PASSWORD}, "accept": ["lm"]},
            (USER, PASSWORD),
            ("lmCompatibility=0", "client.useExtendedSecurity=false"),
        ),
    ],
    ids=["guest", "guest-old", "plain", "share-level", "lm"],
)
def test_jcifs_by_old_sign_in(
    jcifs: list[str], keys: Any, who: tuple[str, str], options: tuple[str, ...]
) -> None:
    with FakeSMB({"files": {"work/": {}}}, **keys) as smb:
        words = [f"-Djcifs.smb.{one}" for one in options]
        done = run(*jcifs, *words, "Tour", str(smb.port), *who, "work")
        assert done.stdout.strip().endswith("done"), done.stdout


def test_jcifs_is_refused_with_a_wrong_password(smb: Running, work: Path, jcifs: list[str]) -> None:
    done = run(*jcifs, "Tour", str(smb.port), USER, WRONG, work.name)
    assert "SmbAuthException" in done.stdout


# -- nmap ----------------------------------------------------------------------------------------------------


SCRIPTS = "smb-os-discovery,smb-enum-shares,smb-security-mode,smb-enum-users,smb-enum-domains,msrpc-enum"
PRIVATE_LOOPBACK = "127.68.68.68"
"""Ours alone, so that port 445 is free there."""


def nmap(smb: Running, password: str = PASSWORD, *, host: str = "127.0.0.1", port: int | None = None) -> str:
    """What the scripts say. smb-os-discovery fails in itself (nmap 7.93) where the port is not 445."""
    need("nmap")
    arguments = f"smbusername={USER},smbpassword={password}"
    if port is None:
        port, arguments = smb.port, f"{arguments},smbport={smb.port}"
    done = run(
        "nmap", "-n", "-Pn", "-sT", "-p", str(port), "--script", SCRIPTS, "--script-args", arguments, host
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_nmap_knows_us(start: Start) -> None:
    try:
        socket.create_server((PRIVATE_LOOPBACK, 445)).close()
    except OSError as error:
        pytest.skip(f"smb-os-discovery wants port 445: {error}")
    with start("--host", PRIVATE_LOOPBACK, "--port", "445") as smb:
        said = nmap(smb, host=PRIVATE_LOOPBACK, port=445)
    for pattern in (
        r"OS: Windows",
        r"Computer name: FAKESMB",
        r"Workgroup: WORKGROUP",
        r"account_used: alice",
        r"message_signing: supported",
        r"\\\\127\.68\.68\.68\\files",
        r"Current user access: READ/WRITE",
        r"FAKESMB\\alice \(RID: \d+\)",
        r"Groups: Administrators, Users, Guests",
        r"ncacn_np: \\PIPE\\lsass",
    ):
        assert re.search(pattern, said, re.IGNORECASE), f"{pattern} not in:\n{said}"


def test_nmap_is_refused_with_a_wrong_password(smb: Running) -> None:
    """nmap goes on as nobody: it sees what anonymous clients see, and may write nowhere."""
    said = nmap(smb, WRONG)
    assert not re.search(r"smb-enum-shares:\s*\|\s*account_used: alice", said), said
    assert "Current user access" not in said
    assert re.search(r"files:[^\\]*Anonymous access: <none>", said), said
