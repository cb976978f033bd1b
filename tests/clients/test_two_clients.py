"""Two smbclient processes and a local program on the same files: each sees what the others do, and is held by them."""

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest

from fakesmb.nt.status import SMBError
from fakesmb.vfs.programs import local_locks
from tests.clients.client_runs import PASSWORD, USER, Running, need, run
from tests.clients.load import enter

pytestmark = pytest.mark.client

BATCH = 6
"""CreateFlag: an oplock, and a batch oplock."""


def words(smb: Running) -> list[str | Path]:
    need("smbclient", "stdbuf")
    # smbclient holds back what it says to a pipe
    start: list[str | Path] = ["stdbuf", "-o0", "smbclient", "-s", smb.config, "-m", "NT1"]
    return [*start, "-p", str(smb.port), "-U", f"{USER}%{PASSWORD}", "//127.0.0.1/files"]


def smbclient(smb: Running, work: Path, command: str) -> str:
    return run(*words(smb), "-c", f'cd "{work.name}"; {command}').stdout


class Typed:
    """An smbclient that is typed into."""

    def __init__(self, smb: Running, directory: str) -> None:
        self.process = subprocess.Popen(
            [*map(str, words(smb)), *(("-D", directory) if directory else ())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=os.environ | {"LC_ALL": "C.UTF-8"},
        )
        assert self.process.stdout is not None
        os.set_blocking(self.process.stdout.fileno(), False)
        self.said = ""

    def type(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def heard(self) -> str:
        """All that it has said so far."""
        assert self.process.stdout is not None
        self.said += (self.process.stdout.read() or b"").decode()
        return self.said

    def wait_for(self, text: str) -> None:
        """Until it has said that."""
        assert self.process.stdout is not None

        def there() -> bool:
            return text in self.heard()

        soon(there, lambda: f"{text!r} is not in {self.said!r}")


def soon(there: Callable[[], bool], why: Callable[[], str] = lambda: "not soon") -> None:
    end = time.monotonic() + 10
    while not there():
        assert time.monotonic() < end, why()
        time.sleep(0.02)


@contextmanager
def typed(smb: Running, directory: str = "") -> Iterator[Typed]:
    one = Typed(smb, directory)
    try:
        yield one
    finally:
        one.process.kill()
        one.process.communicate()


def test_what_one_has_open_the_other_cannot_delete(smb: Running, work: Path) -> None:
    """smbclient's `open` does not share deleting. The local program may do as it likes, and the others see it."""
    (work / "a.txt").write_bytes(b"hello")
    with typed(smb, work.name) as first:
        first.type("open a.txt")
        first.wait_for("fnum ")
        assert "NT_STATUS_SHARING_VIOLATION" in smbclient(smb, work, "del a.txt")
        assert "NT_STATUS_SHARING_VIOLATION" in smbclient(smb, work, "rename a.txt b.txt")
        with (work / "a.txt").open("ab") as local:
            local.write(b" world")
        assert "11" in smbclient(smb, work, "ls a.txt")
    soon(lambda: "NT_STATUS" not in smbclient(smb, work, "del a.txt"))
    assert list(work.iterdir()) == []


def test_one_is_told_of_changes_by_the_other_and_by_a_local_program(
    smb: Running, work: Path, tmp_path: Path
) -> None:
    """`notify` of smbclient: 1 added, 2 removed, 3 modified, 4 and 5 renamed."""
    (work / "old.txt").touch()
    (tmp_path / "put.txt").write_bytes(b"data")
    with typed(smb) as first:
        first.type(f'notify "{work.name}"')
        # It says nothing when it begins: the first thing that it tells of shows that it listens.
        for attempt in range(50):
            (work / f"begin{attempt}").touch()
            time.sleep(0.1)
            if "begin" in first.heard():
                break
        smbclient(smb, work, f"lcd {tmp_path}; put put.txt; del old.txt")
        first.wait_for("0001 put.txt")
        first.wait_for("0002 old.txt")
        (work / "local.txt").touch()
        first.wait_for("0001 local.txt")
        (work / "local.txt").rename(work / "moved.txt")
        first.wait_for("0004 local.txt")
        first.wait_for("0005 moved.txt")
        (work / "moved.txt").unlink()
        first.wait_for("0002 moved.txt")


def test_a_locked_range_holds_the_others(smb: Running, work: Path, tmp_path: Path) -> None:
    """Locks are mandatory between clients; a local program meets them when it locks. Their end frees all."""
    (work / "a.txt").write_bytes(b"0123456789" * 10)
    holder = enter(smb.port)
    fid = holder.create(f"{work.name}\\a.txt")
    holder.lock(fid, 0, 10)
    for _ in range(2):
        assert "NT_STATUS_FILE_LOCK_CONFLICT" in smbclient(smb, work, f"get a.txt {tmp_path}/got")
    with (work / "a.txt").open("r+b") as local:
        local.write(b"local")
        if local_locks.SUPPORTED:
            with pytest.raises(BlockingIOError):
                fcntl.lockf(local, fcntl.LOCK_EX | fcntl.LOCK_NB, 5, 5)
    assert holder.read(fid, 0, 10) == b"local56789"
    holder.unlock(fid, 0, 10)
    assert "NT_STATUS" not in smbclient(smb, work, f"get a.txt {tmp_path}/got")
    assert (tmp_path / "got").read_bytes() == (work / "a.txt").read_bytes()
    holder.lost()


@pytest.mark.skipif(not local_locks.SUPPORTED, reason="only Linux has open file description locks")
def test_a_local_programs_lock_holds_the_clients(smb: Running, work: Path, tmp_path: Path) -> None:
    """Reading, writing and locking in that range, and nothing else."""
    (work / "a.txt").write_bytes(b"0123456789" * 10)
    with (work / "a.txt").open("r+b") as local:
        fcntl.lockf(local, fcntl.LOCK_EX | fcntl.LOCK_NB, 10, 20)
        assert "NT_STATUS_FILE_LOCK_CONFLICT" in smbclient(smb, work, f"get a.txt {tmp_path}/got")
        holder = enter(smb.port)
        fid = holder.create(f"{work.name}\\a.txt")
        for refused in (lambda: holder.lock(fid, 25, 1), lambda: holder.write(fid, b"x", 25)):
            with pytest.raises(SMBError):
                refused()
        assert holder.read(fid, 0, 20) == b"01234567890123456789"
        holder.lost()
        fcntl.lockf(local, fcntl.LOCK_UN, 10, 20)
    assert "NT_STATUS" not in smbclient(smb, work, f"get a.txt {tmp_path}/got")
    assert (tmp_path / "got").read_bytes() == (work / "a.txt").read_bytes()


def test_an_oplock_breaks_for_the_other(smb: Running, work: Path, tmp_path: Path) -> None:
    """The holder of a batch oplock writes back what it kept before the other's open is answered."""
    (work / "a.txt").write_bytes(b"old")
    holder = enter(smb.port)
    opened = holder.create_response(f"{work.name}\\a.txt", flags=BATCH)
    assert opened.oplock_level == 2
    said: list[str] = []
    other = Thread(target=lambda: said.append(smbclient(smb, work, f"get a.txt {tmp_path}/got")))
    other.start()
    wire = holder.wire.socket
    frame = wire.recv(1 << 16)
    assert frame[8] == 0x24  # LOCKING_ANDX from the server: the break
    assert other.is_alive()
    holder.write(opened.fid, b"new and longer")
    holder.acknowledged(opened.fid)
    other.join(10)
    assert "NT_STATUS" not in said[0]
    assert (tmp_path / "got").read_bytes() == b"new and longer"
    holder.close(opened.fid)
    holder.lost()


@pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux' own")
def test_an_oplock_breaks_for_a_local_program_that_changes_the_file(smb: Running, work: Path) -> None:
    """One that reads is not told of; a change is, after the fact, and the client writes back what it kept."""
    (work / "a.txt").write_bytes(b"old")
    holder = enter(smb.port)
    opened = holder.create_response(f"{work.name}\\a.txt", flags=BATCH)
    wire = holder.wire.socket
    assert (work / "a.txt").read_bytes() == b"old"
    wire.settimeout(0.3)
    with pytest.raises(TimeoutError):
        wire.recv(1)
    wire.settimeout(10)
    (work / "a.txt").write_bytes(b"changed here")
    assert wire.recv(1 << 16)[8] == 0x24
    holder.write(opened.fid, b"new and longer")
    holder.acknowledged(opened.fid)
    assert (work / "a.txt").read_bytes() == b"new and longer"
    holder.close(opened.fid)
    holder.lost()


@pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux' own")
@pytest.mark.parametrize("change", ["write", "rename", "chmod", "utime", "link", "delete"])
def test_an_oplock_breaks_for_a_local_program_whatever_it_does(smb: Running, work: Path, change: str) -> None:
    """The holder writes before it. A program that had the file open before reads on and disturbs nobody."""
    path = work / "a.txt"
    path.write_bytes(b"old")
    with path.open("r+b", buffering=0) as program:
        holder = enter(smb.port)
        opened = holder.create_response(f"{work.name}\\a.txt", flags=BATCH)
        assert opened.oplock_level == 2
        wire = holder.wire.socket
        for at in range(3):
            holder.write(opened.fid, b"new", at)
            program.read()
            os.utime(path, ns=(1, path.stat().st_mtime_ns))
        wire.settimeout(0.3)
        with pytest.raises(TimeoutError):
            wire.recv(1)
        wire.settimeout(10)
        doings: dict[str, Callable[[], object]] = {
            "write": lambda: program.write(b"theirs"),
            "rename": lambda: path.rename(work / "b.txt"),
            "chmod": lambda: path.chmod(0o600 if path.stat().st_mode & 0o77 else 0o644),
            "utime": lambda: os.utime(path, (1, 1)),
            "link": lambda: os.link(path, work / "b.txt"),
            "delete": path.unlink,
        }
        doings[change]()
        assert wire.recv(1 << 16)[8] == 0x24
    holder.acknowledged(opened.fid)
    holder.close(opened.fid)
    holder.lost()
