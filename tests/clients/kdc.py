"""A KDC of a test's own: MIT's, on a free port, with its files in one folder and nothing of the machine's."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from tests.clients.client_runs import need

REALM: Final = "LAB.EXAMPLE"
KRB5_CONF: Final = """
[libdefaults]
default_realm = LAB.EXAMPLE
dns_lookup_kdc = false
dns_lookup_realm = false
dns_canonicalize_hostname = false
rdns = false
allow_weak_crypto = true
permitted_enctypes = aes256-cts-hmac-sha1-96 aes128-cts-hmac-sha1-96 rc4-hmac
[realms]
LAB.EXAMPLE = {{
  kdc = 127.0.0.1:{port}
}}
[domain_realm]
.lab.example = LAB.EXAMPLE
"""
KDC_CONF: Final = """
[kdcdefaults]
kdc_listen = 127.0.0.1:{port}
kdc_tcp_listen = 127.0.0.1:{port}
[realms]
LAB.EXAMPLE = {{
  database_name = {folder}/principal
  key_stash_file = {folder}/stash
  supported_enctypes = aes256-cts:normal aes128-cts:normal rc4-hmac:normal
}}
[logging]
kdc = FILE:{folder}/kdc.log
"""
PROGRAMS: Final = ("/usr/sbin/krb5kdc", "/usr/sbin/kdb5_util", "/usr/sbin/kadmin.local", "kinit", "kvno")


class Kdc:
    """A realm whose KDC runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = os.environ | {
            "KRB5_CONFIG": str(folder / "krb5.conf"),
            "KRB5_KDC_PROFILE": str(folder / "kdc.conf"),
            "KRB5RCACHETYPE": "none",
            "LC_ALL": "C.UTF-8",
        }

    def run(self, *words: str | Path, given: str = "", cache: Path | None = None) -> str:
        """Runs a program in this realm; gives what it says, and fails where it does."""
        done = self.tried(*words, given=given, cache=cache)
        assert done.returncode == 0, f"{words}: {done.stdout}"
        return done.stdout

    def tried(
        self, *words: str | Path, given: str = "", cache: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """The same, which may fail."""
        environment = self.environment | ({} if cache is None else {"KRB5CCNAME": str(cache)})
        return subprocess.run(
            list(map(str, words)),
            env=environment,
            input=given,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=60,
            check=False,
        )

    def admin(self, *requests: str) -> None:
        """Requests of kadmin."""
        said = self.run("/usr/sbin/kadmin.local", "-r", REALM, given="\n".join(requests) + "\n")
        assert "while" not in said, said  # how its errors read

    def tickets(self, user: str, password: str, *services: str) -> Path:
        """A cache with a user's tickets."""
        cache = self.folder / f"tickets-{user}-{len(list(self.folder.glob('tickets-*')))}"
        self.run("kinit", user, given=f"{password}\n", cache=cache)
        if services:
            self.run("kvno", *services, cache=cache)
        return cache


@contextmanager
def running(folder: Path) -> Iterator[Kdc]:
    """Makes the realm's database and runs its KDC; skips the test where its programs are missing."""
    need(*PROGRAMS)
    port = free_port()
    (folder / "krb5.conf").write_text(KRB5_CONF.format(port=port))
    (folder / "kdc.conf").write_text(KDC_CONF.format(port=port, folder=folder))
    kdc = Kdc(folder)
    kdc.run("/usr/sbin/kdb5_util", "create", "-s", "-r", REALM, "-P", "master")
    process = subprocess.Popen(
        ["/usr/sbin/krb5kdc", "-n", "-r", REALM],
        env=kdc.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(port, process)
        yield kdc
    finally:
        process.terminate()
        process.wait(20)


def free_port() -> int:
    """One that is free for TCP and UDP."""
    while True:
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", 0))
            port: int = tcp.getsockname()[1]
            try:
                udp.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def _wait_for(port: int, process: "subprocess.Popen[Any]") -> None:
    for _ in range(3000):
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert process.poll() is None, "the KDC ended"
        time.sleep(0.01)
    raise AssertionError("the KDC does not listen")
