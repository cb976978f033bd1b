"""Kerberos with real programs: a KDC that is started here, Samba's client and impacket's, and the Linux kernel's.

The server is called by a name that no DNS knows: smbclient is told the address beside it.
"""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fakesmb import FakeSMB, Share
from fakesmb.record.events import SignedIn, SignInRefused
from tests.clients import kernel_guest
from tests.clients.client_runs import need
from tests.clients.kdc import Kdc, free_port, running
from tests.docsblocks import blocks, write

pytestmark = pytest.mark.client

HERE = Path(__file__).parent
NAME = "files.lab.example"
ENCTYPES = ("aes256-cts", "aes128-cts", "rc4-hmac")
SERVICES = {f"cifs/{one.split('-')[0]}.lab.example": one for one in ENCTYPES}
PASSWORD = "Secret123"


@pytest.fixture(scope="module")
def kdc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kdc]:
    need("smbclient")
    with running(tmp_path_factory.mktemp("kdc")) as kdc:
        requests = [f"addprinc -pw {PASSWORD} alice", f"addprinc -pw {PASSWORD} bob"]
        requests += [f"addprinc -randkey {one}" for one in (f"cifs/{NAME}", f"http/{NAME}")]
        requests += [f"addprinc -randkey -e {kind}:normal {name}" for name, kind in SERVICES.items()]
        names = " ".join((f"cifs/{NAME}", *SERVICES))
        kdc.admin(*requests, f"ktadd -k {kdc.folder}/keytab {names}")
        yield kdc


@pytest.fixture(scope="module")
def cache(kdc: Kdc) -> Path:
    return kdc.tickets("alice", PASSWORD)


@pytest.fixture(scope="module")
def smb(kdc: Kdc, cache: Path) -> Iterator[FakeSMB]:
    """A server of this process that has everybody sign."""
    shares: dict[str, Share] = {
        "files": Share({"a.txt": b"hello\n"}),
        "alices": Share({"b.txt": b"hers\n"}, users=["alice"]),
    }
    with FakeSMB(shares, keytab=kdc.folder / "keytab", guest="off", signing="required") as smb:
        yield smb


Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def smbclient(kdc: Kdc, cache: Path, smb: FakeSMB) -> Run:
    config = kdc.folder / "smb.conf"
    config.write_text("[global]\nclient min protocol = NT1\nclient max protocol = NT1\n")

    def run(
        command: str, *, share: str = "files", name: str = NAME, whose: Path = cache, port: int = 0
    ) -> "subprocess.CompletedProcess[str]":
        words = ["smbclient", "-s", str(config), "-m", "NT1", "--use-kerberos=required", "-N"]
        words += ["-I", "127.0.0.1", "-p", str(port or smb.port), f"//{name}/{share}", "-c", command]
        return kdc.tried(*words, cache=whose)

    return run


def test_smbclient_works_as_ever(smb: FakeSMB, smbclient: Run, tmp_path: Path) -> None:
    (tmp_path / "put.bin").write_bytes(os.urandom(200_000))
    smb.journal.clear()
    done = smbclient(
        f"lcd {tmp_path}; ls; put put.bin; mkdir dir; rename put.bin dir/moved.bin; get dir/moved.bin got.bin; "
        "del dir/moved.bin; rmdir dir; get a.txt a.txt"
    )
    assert done.returncode == 0, done.stdout
    assert (tmp_path / "got.bin").read_bytes() == (tmp_path / "put.bin").read_bytes()
    assert (tmp_path / "a.txt").read_bytes() == b"hello\n"
    (one,) = _signed_in(smb)
    assert (one.user, one.domain, one.kind, one.protection) == ("alice", "LAB.EXAMPLE", "user", "Kerberos")


@pytest.mark.parametrize("service", SERVICES)
def test_each_type_of_key(smb: FakeSMB, smbclient: Run, service: str) -> None:
    done = smbclient("ls", name=service.removeprefix("cifs/"))
    assert done.returncode == 0, done.stdout
    assert "a.txt" in done.stdout


def test_a_share_admits_whom_it_names(kdc: Kdc, smbclient: Run) -> None:
    bobs = kdc.tickets("bob", PASSWORD)
    assert "b.txt" in smbclient("ls", share="alices").stdout
    assert "NT_STATUS_ACCESS_DENIED" in smbclient("ls", share="alices", whose=bobs).stdout
    assert "a.txt" in smbclient("ls", whose=bobs).stdout


def test_rpcclient_is_who_the_ticket_says(kdc: Kdc, cache: Path, smb: FakeSMB, smbclient: Run) -> None:
    need("rpcclient")
    words = [
        "rpcclient",
        "-s",
        str(kdc.folder / "smb.conf"),
        "--use-kerberos=required",
        "-N",
        "-I",
        "127.0.0.1",
    ]
    smbclient("ls")  # writes smb.conf
    said = kdc.run(*words, "-p", str(smb.port), NAME, "-c", "getusername", cache=cache)
    assert "Account Name: alice" in said


@pytest.fixture
def impacket(kdc: Kdc, smb: FakeSMB, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    from impacket.smbconnection import SMBConnection

    tickets = kdc.tickets("alice", PASSWORD, f"cifs/{NAME}")
    monkeypatch.setenv("KRB5CCNAME", str(tickets))

    def connect(**more: Any) -> Any:
        client = SMBConnection(NAME, "127.0.0.1", sess_port=smb.port, preferredDialect="NT LM 0.12")
        client.kerberosLogin("", "", domain="LAB.EXAMPLE", kdcHost="127.0.0.1", useCache=True, **more)
        return client

    return connect


def test_impacket_with_a_cache(smb: FakeSMB, impacket: Callable[..., Any]) -> None:
    """It asks for no mutual authentication, and signs by the ticket's key."""
    smb.journal.clear()
    client = impacket()
    assert [one.get_longname() for one in client.listPath("files", "*")][-1] == "a.txt"
    client.logoff()
    assert [one.protection for one in _signed_in(smb)] == ["Kerberos"]


def test_a_service_that_is_another_is_refused(
    kdc: Kdc, smb: FakeSMB, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ticket for http/NAME, brought to the file server."""
    from impacket.krb5.ccache import CCache
    from impacket.smb import SessionError
    from impacket.smbconnection import SMBConnection

    cache = kdc.tickets("alice", PASSWORD, f"http/{NAME}")
    found = CCache.loadFile(str(cache)).getCredential(f"http/{NAME}@LAB.EXAMPLE")
    smb.journal.clear()
    client = SMBConnection(NAME, "127.0.0.1", sess_port=smb.port, preferredDialect="NT LM 0.12")
    with pytest.raises(Exception, match="STATUS_LOGON_FAILURE") as error:
        client.kerberosLogin("alice", "", domain="LAB.EXAMPLE", TGS=found.toTGS(), useCache=False)
    assert SessionError.__name__ in type(error.value).__name__
    assert "http/files.lab.example@LAB.EXAMPLE, which is not the service of a file server" in _refused(smb)


def test_samba_mends_a_clock_that_differs(kdc: Kdc, smbclient: Run) -> None:
    """It is told the server's time, sends another AP-REQ, and both sign the list of mechanisms."""
    ahead = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ,step=1ms")
    shares = {"files": {"a.txt": b""}}
    with FakeSMB(shares, keytab=kdc.folder / "keytab", guest="off", clock=ahead) as late:
        done = smbclient("ls", port=late.port, whose=kdc.tickets("alice", PASSWORD))
        assert "a.txt" in done.stdout
        assert "behind this server's (5 min may be)" in _refused(late)
        assert len(_signed_in(late)) == 1


def test_a_key_that_was_changed_is_told(kdc: Kdc, smb: FakeSMB, smbclient: Run) -> None:
    kdc.admin(
        "addprinc -randkey cifs/changed.lab.example", f"ktadd -k {kdc.folder}/old cifs/changed.lab.example"
    )
    with FakeSMB({"files": {}}, keytab=kdc.folder / "old", guest="off") as old:
        kdc.admin("cpw -randkey cifs/changed.lab.example")
        done = smbclient("ls", name="changed.lab.example", port=old.port)
        assert "NT_STATUS_LOGON_FAILURE" in done.stdout
        assert "by key, version 3, and the keytab has 2: export it anew" in _refused(old)


def test_the_steps_of_the_documentation(checkout: Path, tmp_path: Path, fakesmb_command: list[str]) -> None:
    """As they stand, but for the ports."""
    need("smbclient", "kinit", "klist", "/usr/sbin/krb5kdc")
    found = blocks(checkout / "docs" / "kerberos.md")
    ports = {"18088": str(free_port()), "4450": str(free_port())}
    write([one._replace(text=_with(one.text, ports)) for one in found if one.language == "ini"], tmp_path)
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "fakesmb"
    command.write_text(f'#!/bin/sh\nexec {" ".join(fakesmb_command)} "$@" --port {ports["4450"]}\n')
    command.chmod(0o755)
    script = "set -em\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n" + "\n".join(
        _with(one.text, ports) for one in found if one.language == "sh"
    )
    environment = os.environ | {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "PYTHONPATH": str(checkout)}
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "hello.txt" in done.stdout
    assert "cifs/files.lab.example@LAB.EXAMPLE" in done.stdout
    assert (tmp_path / "lab" / "share" / "hello.txt").read_text() == "by Kerberos\n"
    for _ in range(100):
        log = (tmp_path / "lab" / "log").read_text()
        if "LAB.EXAMPLE\\alice signed in with Kerberos" in log:
            return
        time.sleep(0.05)
    pytest.fail(log)


@pytest.mark.slow
def test_the_linux_kernel_mounts_with_a_ticket(kdc: Kdc, tmp_path: Path) -> None:
    """`mount -t cifs -o vers=1.0,sec=krb5`: MIT's library makes the AP-REQ for it, with a subkey and not mutual."""
    guest = kernel_guest.guest()
    files = tmp_path / "files"
    shutil.copytree(HERE / "guest", files / "test", ignore=shutil.ignore_patterns("__pycache__"))
    (files / "init").write_text((files / "test" / "init").read_text().replace("run.py", "kerberos.py"))
    (files / "init").chmod(0o755)
    (files / "etc").mkdir()
    shutil.copy(kdc.folder / "krb5.conf", files / "etc" / "krb5.conf")
    shutil.copy(kdc.tickets("alice", PASSWORD, f"cifs/{NAME}"), files / "test" / "tickets")
    mounts = ["sec=krb5", "sec=krb5i", "sec=krb5,nounix"]
    with FakeSMB({"files": {"a.txt": b"hello\n"}}, keytab=kdc.folder / "keytab", guest="off") as smb:
        job = {"port": smb.port, "name": NAME, "share": "files", "mounts": mounts}
        (files / "test" / "job.json").write_text(json.dumps(job))
        said = guest.run(files, tmp_path, 300)
        found = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
        assert found == [{"mount": one, "error": ""} for one in mounts], said
        assert {one.protection for one in _signed_in(smb)} == {"Kerberos"}


def _with(text: str, ports: dict[str, str]) -> str:
    for written, real in ports.items():
        text = text.replace(written, real)
    return text


def _signed_in(smb: FakeSMB) -> list[SignedIn]:
    return [one for one in smb.journal.events if isinstance(one, SignedIn)]


def _refused(smb: FakeSMB) -> str:
    (one,) = [one for one in smb.journal.events if isinstance(one, SignInRefused)]
    return one.reason
