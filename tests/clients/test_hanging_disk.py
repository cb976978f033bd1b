"""A share on a file system that hangs on cue, beside one that does not: who is held up, and who is not."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.clients.client_runs import PASSWORD, USER, Running, Start, need, run
from tests.echo_probe import EchoProbe

pytestmark = pytest.mark.client


class Disk:
    """A file system whose operations wait while `cue` is there."""

    def __init__(self, base: Path) -> None:
        self.folder, self.place, self.cue = base / "behind", base / "mounted", base / "cue"
        self.folder.mkdir()
        self.place.mkdir()

    @contextmanager
    def hanging(self, *words: str) -> Iterator[None]:
        """On these operations, or files whose name follows a slash; on all, where none is named."""
        waiting = self.cue.with_suffix(".new")
        waiting.write_text(" ".join(words))
        waiting.rename(self.cue)
        try:
            yield
        finally:
            self.cue.unlink(missing_ok=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """A disk that is mounted, as far as the system lets one mount."""
    if not os.access("/dev/fuse", os.R_OK | os.W_OK) or shutil.which("fusermount3") is None:
        pytest.skip("no /dev/fuse, or no fusermount3 (Debian: fuse3)")
    made = Disk(tmp_path)
    (made.folder / "a.txt").write_bytes(b"alpha")
    (made.folder / "slow.txt").write_bytes(b"slow")
    words = [
        sys.executable,
        "-m",
        "tests.clients.cued_disk",
        str(made.folder),
        str(made.place),
        str(made.cue),
    ]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        for _ in range(500):
            if os.path.ismount(made.place) or process.poll() is not None:
                break
            time.sleep(0.01)
        if process.poll() is not None:
            assert process.stderr is not None
            pytest.skip(f"cannot mount in user space: {process.stderr.read().strip()[-200:]}")
        yield made
        process.communicate("", timeout=10)


@pytest.fixture
def smb(start: Start, disk: Disk) -> Iterator[Running]:
    """A server with a share on that disk, and one on another."""
    with start("--share", f"slow={disk.place}") as running:
        (running.folder / "b.txt").write_bytes(b"beta")
        yield running
        assert running.problems() == []


def words(smb: Running, share: str, command: str) -> list[str | Path]:
    need("smbclient")
    start: list[str | Path] = ["smbclient", "-s", smb.config, "-m", "NT1", "-p", str(smb.port)]
    return [*start, "-U", f"{USER}%{PASSWORD}", f"//127.0.0.1/{share}", "-c", command]


def test_all_is_as_on_another_disk(smb: Running, disk: Disk, tmp_path: Path) -> None:
    """Files are listed, read, written, renamed and deleted."""
    big = tmp_path / "big"
    big.write_bytes(os.urandom(1 << 20))
    there = run(
        *words(
            smb,
            "slow",
            f"put {big} b.bin; mkdir d; rename b.bin d\\c.bin; get d\\c.bin {tmp_path / 'got'}; ls; del a.txt",
        )
    ).stdout
    assert "slow.txt" in there
    assert (tmp_path / "got").read_bytes() == (disk.folder / "d" / "c.bin").read_bytes() == big.read_bytes()
    assert not (disk.folder / "a.txt").exists()


@pytest.mark.parametrize("hangs", [(), ("getattr",), ("open",), ("read",), ("readdir",)], ids=" ".join)
def test_a_disk_that_hangs_holds_up_only_who_asks_it(
    smb: Running, disk: Disk, tmp_path: Path, hangs: tuple[str, ...]
) -> None:
    """ECHOes and another share are answered meanwhile; the one who waits is, when the disk goes on."""
    with EchoProbe(smb.port) as probe:
        with disk.hanging(*hangs):
            began = time.monotonic()
            asks = words(smb, "slow", f"cd .; ls; get slow.txt {tmp_path / 'slow'}")
            waits = subprocess.Popen(asks, stdout=subprocess.PIPE, text=True)
            time.sleep(0.5)
            for _ in range(3):
                run(*words(smb, "files", f"ls; get b.txt {tmp_path / 'got'}"))
            assert (tmp_path / "got").read_bytes() == b"beta"
            assert waits.poll() is None
            hung = time.monotonic() - began
        told, _ = waits.communicate(timeout=20)
    assert (tmp_path / "slow").read_bytes() == b"slow", told
    assert probe.longest < hung / 3  # the tests beside it hold up the processors, too


def test_a_file_that_hangs_holds_up_no_other_file_of_its_disk(
    smb: Running, disk: Disk, tmp_path: Path
) -> None:
    """Its data are waited for by those who read it."""
    with disk.hanging("read"):
        waits = subprocess.Popen(
            words(smb, "slow", f"get slow.txt {tmp_path / 'slow'}"), stdout=subprocess.PIPE
        )
        time.sleep(0.5)
        run(*words(smb, "slow", f"ls; put {smb.folder / 'b.txt'} new.txt; del a.txt"))
        assert waits.poll() is None
    waits.communicate(timeout=20)
    assert (tmp_path / "slow").read_bytes() == b"slow"
    assert (disk.folder / "new.txt").read_bytes() == b"beta"


def test_a_server_stops_while_a_disk_hangs(start: Start, disk: Disk, tmp_path: Path) -> None:
    """It lets its port go within a second. The kernel keeps the process until the disk has answered it."""
    with start("--share", f"slow={disk.place}") as smb:
        with disk.hanging():
            waits = subprocess.Popen(words(smb, "slow", "ls"), stdout=subprocess.PIPE)
            time.sleep(0.5)
            assert waits.poll() is None
            smb.process.terminate()
            time.sleep(1.2)
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", smb.port)).close()
            waits.communicate(timeout=20)
        assert smb.process.wait(10) == 0


def test_a_client_that_leaves_keeps_nothing(smb: Running, disk: Disk, tmp_path: Path) -> None:
    """What it waited for is let go when the disk goes on."""
    with disk.hanging("open"):
        waits = subprocess.Popen(
            words(smb, "slow", f"get slow.txt {tmp_path / 'slow'}"), stdout=subprocess.PIPE
        )
        time.sleep(0.5)
        waits.kill()
        waits.communicate()
    run(*words(smb, "slow", "del slow.txt"))
    assert not (disk.folder / "slow.txt").exists()
