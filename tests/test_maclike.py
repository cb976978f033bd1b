"""A server on a Python that has what macOS' has (tests/maclike): whatever only Linux has is done without."""

import io
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from impacket.smb import SMB_DIALECT
from impacket.smbconnection import SessionError, SMBConnection

from fakesmb.capture.events import events
from tests.serving import START_STEPS, Served, serving

MOVED = b"a file that is moved\n" * 5000


class Mac(NamedTuple):
    """The server, its share, and the file that has the port of its page."""

    served: Served
    share: Path
    web_port: Path


@pytest.fixture(scope="module")
def environment(checkout: Path) -> dict[str, str]:
    """Of processes on such a Python."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(checkout / "tests" / "maclike"), str(checkout)])}


@pytest.fixture(scope="module")
def mac(
    fakesmb_command: list[str], environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mac]:
    base = tmp_path_factory.mktemp("mac")
    share, capture = base / "share", base / "talk.pcapng"
    share.mkdir()
    arguments = ["--share", f"s={share}", "--user", "alice:Secret123", "--port", "0", "--pcap", str(capture)]
    arguments += ["--web", "0", "--web-port-file", str(base / "web")]
    with serving(fakesmb_command, environment, base, *arguments) as served:
        yield Mac(served, share, base / "web")
    assert served.log.read_text().count("\n") > 2
    with capture.open("rb") as file:
        assert sum(1 for _ in events(file)) > 2
    assert "stopped recording" not in (base / "stderr").read_text()


@pytest.fixture
def client(mac: Mac) -> Iterator[Any]:
    connection = SMBConnection(
        "FAKESMB", "127.0.0.1", sess_port=mac.served.port, preferredDialect=SMB_DIALECT
    )
    connection.login("alice", "Secret123")
    yield connection
    connection.close()


def test_that_python_is_as_one_of_macos(environment: dict[str, str]) -> None:
    lines = (
        "import os, select, sys",
        "print(sys.platform, hasattr(os, 'getxattr'), hasattr(os, 'O_PATH'))",
        "print(hasattr(select, 'epoll'), hasattr(select, 'poll'))",
        "print(os.path.exists('/proc'), os.path.exists('/dev/shm'))",
    )
    said = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], env=environment, capture_output=True, text=True, check=True
    )
    assert said.stdout.split() == ["darwin", "False", "False", "False", "True", "False", "False"]


def test_files_are_put_read_moved_listed_and_deleted(mac: Mac, client: Any) -> None:
    client.createDirectory("s", "d")
    client.putFile("s", "d/a.txt", io.BytesIO(MOVED).read)
    assert (mac.share / "d" / "a.txt").read_bytes() == MOVED
    read: list[bytes] = []
    client.getFile("s", "D\\A.TXT", read.append)
    assert b"".join(read) == MOVED
    client.rename("s", "d/a.txt", "d/b.txt")
    assert sorted(one.get_longname() for one in client.listPath("s", "d/*")) == [".", "..", "b.txt"]
    client.deleteFile("s", "d/b.txt")
    client.deleteDirectory("s", "d")
    assert list(mac.share.iterdir()) == []


def test_streams_are_refused_as_on_a_disk_that_has_none(mac: Mac, client: Any) -> None:
    with pytest.raises(SessionError, match="OBJECT_NAME_INVALID"):
        client.putFile("s", "a.txt:stream", io.BytesIO(b"x").read)


def test_the_page_answers(mac: Mac) -> None:
    for _ in range(START_STEPS):
        if mac.web_port.exists():
            break
        time.sleep(0.01)
    url = f"http://127.0.0.1:{int(mac.web_port.read_text())}/version"
    with urllib.request.urlopen(url, timeout=10) as answer:
        assert answer.status == 200


def test_modes_times_and_links_by_unix_extensions(mac: Mac) -> None:
    if shutil.which("smbclient") is None:
        pytest.skip("no smbclient here")
    (mac.share / "u.txt").write_text("text")
    made = "posix; chmod 600 u.txt; symlink u.txt l; hardlink u.txt h; posix_mkdir m 750; getfacl u.txt"
    steps = f"{made}; setmode u.txt +h; ls"
    words = ["smbclient", "--option=client min protocol=NT1", "-m", "NT1", "-p", str(mac.served.port)]
    done = subprocess.run(
        [*words, "-U", "alice%Secret123", "//127.0.0.1/s", "-c", steps],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "NT_STATUS" not in done.stdout + done.stderr
    assert (mac.share / "u.txt").stat().st_mode & 0o777 == 0o600
    assert (mac.share / "m").stat().st_mode & 0o777 == 0o750
    assert (mac.share / "l").readlink() == Path("u.txt")
    assert (mac.share / "h").samefile(mac.share / "u.txt")
    assert "user::rw-" in done.stdout
    after = done.stdout.rpartition("u.txt")[2]
    assert after.split()[0] == "AH", "hidden without an extended attribute"
