"""The log file whose lines a process of its own makes: the same lines, all of them, or a plain word."""

import errno
import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakesmb.record import apart
from fakesmb.record.apart import LinesApart
from fakesmb.record.events import Client, Connected, Event, Exchanged, Problem
from fakesmb.record.jsonl import JsonLines
from fakesmb.record.writer import Writer
from fakesmb.wire.header import Header

PEER = Client(1, "127.0.0.1:50000", "127.0.0.1:4450")
ECHO = Header(0x2B, 0, 0x18, 0xC003, 0, bytes(8), 1, 2, 3, 4).encode() + b"\x01\x01\x00\x05\x00hello"
REPLY = Header(0x2B, 0, 0x98, 0xC003, 0, bytes(8), 1, 2, 3, 4).encode() + b"\x01\x01\x00\x05\x00hello"


def events(count: int) -> list[Event]:
    talk: list[Event] = [Connected(1e9, 1, PEER.peer, PEER.local)]
    talk += [
        Exchanged(PEER, 1e9, 1e9, 2 * number + 1, ECHO, len(ECHO), REPLY, len(REPLY), user="alice")
        for number in range(count)
    ]
    return [*talk, Problem(1e9, 1, "a \ud800 surrogate")]


def writer_of(log: LinesApart) -> Writer:
    assert log._writer is not None
    return log._writer


def started(log: LinesApart) -> None:
    """A log with its first event given to its writer."""
    log.write(events(0)[0])
    for _ in range(apart.FLUSHES_BEFORE_START + 1):
        log.flush()


def test_the_lines_are_those_that_the_server_would_have_made(tmp_path: Path) -> None:
    here, there = JsonLines.append(str(tmp_path / "here")), LinesApart(str(tmp_path / "there"))
    for event in events(2000):
        here.write(event)
        there.write(event)
    here.close()
    there.close()
    assert (tmp_path / "there").read_bytes() == (tmp_path / "here").read_bytes()


def test_what_was_flushed_is_written_soon(tmp_path: Path) -> None:
    log = LinesApart(str(tmp_path / "log"), spare=lambda: True)
    started(log)
    for _ in range(1000):
        if (tmp_path / "log").read_bytes():
            break
        time.sleep(0.01)
    assert json.loads((tmp_path / "log").read_text())["event"] == "connected"
    log.close()


def test_a_server_that_outpaces_the_writer_waits_and_loses_nothing(tmp_path: Path) -> None:
    log = LinesApart(str(tmp_path / "log"), spool_bytes=300_000, spare=lambda: False)
    started(log)
    os.kill(writer_of(log).pid, signal.SIGSTOP)
    timer = threading.Timer(0.3, os.kill, (writer_of(log).pid, signal.SIGCONT))
    timer.start()
    began = time.monotonic()
    for event in events(3000)[1:3000]:
        log.write(event)
    assert time.monotonic() - began > 0.2
    log.close()
    timer.join()
    assert len((tmp_path / "log").read_bytes().splitlines()) == 1 + 2 * 2999


def test_an_end_that_cannot_wait_leaves_the_rest_to_the_process(tmp_path: Path) -> None:
    """Also what the spool had no room for; SIGTERM for the whole group, as systemd sends it, does not cost it."""
    said: list[str] = []
    path = tmp_path / "log"
    log = LinesApart(
        str(path), spool_bytes=100_000, spare=lambda: False, tell=said.append, at_end=lambda: 0.2
    )
    started(log)
    pid = writer_of(log).pid
    writer_of(log).go_on()
    while not path.read_bytes():
        time.sleep(0.01)
    os.kill(pid, signal.SIGSTOP)
    for event in events(3000)[1:3001]:
        log.write(event)
    began = time.monotonic()
    log.close()
    assert time.monotonic() - began < 1
    assert said == [f"the log file {path}: process {pid} writes the rest of it, a moment longer"]
    os.kill(pid, signal.SIGTERM)
    os.kill(pid, signal.SIGCONT)
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # it has ended
        assert [json.loads(line)["event"] for line in file].count("response") == 3000


@pytest.mark.parametrize("number", [errno.EMFILE, errno.EAGAIN])
def test_a_server_that_can_start_no_process_makes_the_lines_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """No descriptors or processes are left just then."""
    said: list[str] = []

    def refused(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(subprocess, "Popen", refused)
    before = len(os.listdir("/proc/self/fd"))
    log = LinesApart(str(tmp_path / "log"), tell=said.append)
    started(log)
    for event in events(3000)[1:3001]:
        log.write(event)
    log.flush()
    log.close()
    why = f"no process can be started: {os.strerror(number)}"
    assert said == [f"the log file {tmp_path / 'log'} is written by the server itself, {why}"]
    assert len((tmp_path / "log").read_bytes().splitlines()) == 6001
    assert len(os.listdir("/proc/self/fd")) == before


def test_no_lines_are_made_while_no_processor_is_to_spare_until_much_lies_there(tmp_path: Path) -> None:
    log = LinesApart(str(tmp_path / "log"), spool_bytes=1_000_000, spare=lambda: False)
    started(log)
    writer_of(log).go_on()
    while writer_of(log).waiting:
        time.sleep(0.01)
    before = (tmp_path / "log").read_bytes()
    for event in events(600)[1:513]:
        log.write(event)
    log.flush()
    time.sleep(0.1)
    assert (tmp_path / "log").read_bytes() == before
    for _ in range(5):
        for event in events(600)[1:513]:
            log.write(event)
        log.flush()
    deadline = time.monotonic() + 10
    while (tmp_path / "log").read_bytes() == before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert (tmp_path / "log").read_bytes() != before
    log.close()
    assert len((tmp_path / "log").read_bytes().splitlines()) == 1 + 2 * 6 * 512


def test_after_a_server_that_was_killed_the_log_has_all_that_it_had_put_into_the_spool(
    tmp_path: Path,
) -> None:
    program = f"""
import os, signal
from fakesmb.record.apart import LinesApart
from tests.record.test_apart import events, started
log = LinesApart({str(tmp_path / "log")!r}, spare=lambda: False)
started(log)
for event in events(1024)[1:1025]:
    log.write(event)
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert (
        subprocess.run([sys.executable, "-c", program], timeout=60, check=False).returncode == -signal.SIGKILL
    )
    deadline = time.monotonic() + 10
    while len(lines := (tmp_path / "log").read_bytes().splitlines()) < 2049 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(lines) == 2049


def test_a_batch_larger_than_the_spool_is_given_in_parts(tmp_path: Path) -> None:
    log = LinesApart(str(tmp_path / "log"), spool_bytes=20_000)
    for event in events(1024)[1:1025]:
        log.write(event)
    log.close()
    assert len((tmp_path / "log").read_bytes().splitlines()) == 2048


def test_a_writer_that_is_gone_is_an_error_with_its_reason(tmp_path: Path) -> None:
    log = LinesApart(str(tmp_path / "log"))
    started(log)
    os.kill(writer_of(log).pid, signal.SIGKILL)
    log.write(events(0)[0])
    with pytest.raises(OSError, match="its writer ended"):
        log.close()


def test_what_little_there_is_needs_no_writer(tmp_path: Path) -> None:
    log = LinesApart(str(tmp_path / "log"))
    for event in events(3):
        log.write(event)
    log.flush()
    log.close()
    assert log._writer is None
    assert len((tmp_path / "log").read_bytes().splitlines()) == 8


def test_a_full_disk_is_told_in_its_words() -> None:
    log = LinesApart("/dev/full")
    started(log)
    with pytest.raises(OSError, match="No space left"):
        log.close()


def test_a_file_that_cannot_be_opened_is_an_error_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        LinesApart(str(tmp_path))


# -- disks that are full, and that hang ------------------------------------------------------------------------


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 256 KiB, half of it taken."""
    if os.geteuid() != 0 or sys.platform != "linux":
        pytest.skip("mounts a file system")
    assert os.system(f"mount -t tmpfs -o size=256k none {tmp_path}") == 0
    (tmp_path / "ballast").write_bytes(bytes(128 * 1024))
    yield tmp_path
    os.system(f"umount -l {tmp_path}")


def filled(log: LinesApart, told: list[str]) -> None:
    """Writes until the disk is full, and what the spool and the server keep beside it."""
    for _ in range(2):
        for event in events(3000)[1:3001]:
            log.write(event)
    deadline = time.monotonic() + 10
    while not told and time.monotonic() < deadline:
        log.flush()
        time.sleep(0.01)


def test_a_disk_that_was_full_gets_all_that_was_kept_and_a_line_for_the_rest(disk: Path) -> None:
    told: list[str] = []
    log = LinesApart(
        str(disk / "log"), spool_bytes=300_000, most_kept=300_000, spare=lambda: True, tell=told.append
    )
    started(log)
    filled(log, told)
    assert told == [
        f"the log file {disk / 'log'} has stopped, to go on when that can be: No space left on device"
    ]
    began = time.monotonic()
    for event in events(3000)[1:3001]:
        log.write(event)
    assert time.monotonic() - began < 1  # it does not wait for a disk of which it knows that it is full
    os.system(f"mount -o remount,size=50m {disk}")
    deadline = time.monotonic() + 10
    while len(told) == 1 and time.monotonic() < deadline:
        log.flush()
        time.sleep(0.01)
    assert told[1:] == [f"the log file {disk / 'log'} goes on"]
    log.close()
    lines = [json.loads(line) for line in (disk / "log").read_bytes().splitlines()]
    missing = [line for line in lines if line["event"] == "problem"]
    count = sum(int(line["problem"].split()[0]) for line in missing)
    assert missing
    assert all(line["problem"].endswith("events left out: No space left on device") for line in missing[-1:])
    assert len(lines) - len(missing) + count == 1 + 3 * 2 * 3000


def test_a_disk_that_stays_full_does_not_hold_up_the_end(disk: Path) -> None:
    told: list[str] = []
    log = LinesApart(str(disk / "log"), spare=lambda: True, tell=told.append)
    started(log)
    filled(log, told)
    began = time.monotonic()
    with pytest.raises(OSError, match="No space left on device"):
        log.close()
    assert time.monotonic() - began < 1
    assert writer_of(log)._process.returncode == 1
    assert (disk / "log").read_bytes().endswith(b"}\n")


def test_a_writer_that_hangs_costs_a_server_little_time_and_bounded_memory(tmp_path: Path) -> None:
    told: list[str] = []
    log = LinesApart(
        str(tmp_path / "log"), spool_bytes=300_000, most_kept=300_000, spare=lambda: False, tell=told.append
    )
    started(log)
    os.kill(writer_of(log).pid, signal.SIGSTOP)
    took = []
    for event in events(10000)[1:10001]:
        began = time.monotonic()
        log.write(event)
        took.append(time.monotonic() - began)
    assert sorted(took)[-4] < 0.09  # but for pauses of the machine itself
    assert writer_of(log)._kept_bytes <= 300_000
    os.kill(writer_of(log).pid, signal.SIGCONT)
    log.close()
    lines = [json.loads(line) for line in (tmp_path / "log").read_bytes().splitlines()]
    missing = [line for line in lines if line["event"] == "problem"]
    count = sum(int(line["problem"].split()[0]) for line in missing)
    assert count
    assert len(lines) - len(missing) + count == 1 + 2 * 10000
