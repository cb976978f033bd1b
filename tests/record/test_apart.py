"""The log file whose lines a process of its own makes: the same lines, all of them, or a plain word."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from fakesmb.record import apart
from fakesmb.record.apart import LinesApart
from fakesmb.record.events import Client, Connected, Event, Exchanged, Problem
from fakesmb.record.jsonl import JsonLines
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


def writer_of(log: LinesApart) -> apart.Writer:
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
