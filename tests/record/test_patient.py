"""Outputs that never make anybody wait: for a reader, for a terminal held by Ctrl-S, for a disk that is full."""

import errno
import json
import os
import pty
import re
import socket
import sys
import termios
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from fakesmb.record.events import Problem
from fakesmb.record.jsonl import JsonLines
from fakesmb.record.outputs import CutOff, FileOutput, open_log
from fakesmb.record.patient import PatientOutput, PatientText
from fakesmb.record.text import TextLines

NAME = "the log"


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def note(count: int, why: str) -> bytes:
    return b"(%d left out: %s)\n" % (count, why.encode())


class Slow:
    """A pipe whose reader takes nothing until it is told to."""

    def __init__(self) -> None:
        self.reading = threading.Event()
        self.taken = b""
        self.closed = False

    def put(self, data: bytes) -> None:
        self.reading.wait(20)
        self.taken += data

    def close(self) -> None:
        self.closed = True


class Disk(Slow):
    """A disk with room for some bytes."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room
        self.error = OSError(errno.ENOSPC, "No space left on device")

    def put(self, data: bytes) -> None:
        taken = data[: self.room]
        self.taken += taken
        self.room -= len(taken)
        if len(taken) < len(data):
            raise CutOff.after(len(taken), self.error)


def test_output_to_a_slow_reader_never_waits_and_says_what_is_missing() -> None:
    slow = Slow()
    output = PatientOutput(slow, NAME, note=note, most_waiting=20)
    output.put(b"first\n")
    for _ in range(10):
        output.put(b"123456789\n")
    slow.reading.set()
    output.put(b"last\n")
    output.close()
    told = [int(count) for count in re.findall(rb"\((\d+) left out: nobody read them\)", slow.taken)]
    assert slow.taken.startswith(b"first\n123456789\n")
    assert slow.taken.endswith(b"last\n") == (slow.taken.count(b"last\n") == 1)
    lost = slow.taken.count(b"last\n") == 0  # one more, where nothing had been read yet
    assert slow.taken.count(b"123456789\n") + sum(told) == 10 + lost
    assert slow.closed


def test_output_reports_a_reader_that_left() -> None:
    class Gone(Slow):
        def put(self, data: bytes) -> None:
            raise BrokenPipeError

    output = PatientOutput(Gone(), NAME, most_waiting=100)
    output.put(b"x\n")
    until(lambda: output._error)
    with pytest.raises(BrokenPipeError):
        output.put(b"x\n")
    output.close()


def test_a_disk_that_was_full_gets_what_fitted_into_memory_and_a_line_for_the_rest() -> None:
    disk, told = Disk(8), list[str]()
    output = PatientOutput(disk, NAME, note=note, most_waiting=40, tell=told.append)
    output.put(b"line 1\n")
    output.put(b"line 2\n")
    until(lambda: told)
    for number in range(3, 100):
        output.put(b"line %d\n" % number)
    disk.room = 1000
    until(lambda: len(told) == 2)
    output.put(b"at last\n")
    output.close()
    lines = disk.taken.splitlines()
    kept = [line for line in lines if line.startswith(b"line ")]
    assert kept == [b"line %d" % number for number in range(1, len(kept) + 1)]
    assert lines[len(kept) :] == [
        b"(%d left out: No space left on device)" % (99 - len(kept)),
        b"at last",
    ]
    assert told == [
        f"{NAME} has stopped, to go on when that can be: No space left on device",
        f"{NAME} goes on",
    ]


def test_a_disk_that_stays_full_is_an_error_at_the_end_which_comes_soon() -> None:
    output = PatientOutput(Disk(0), NAME, tell=lambda _: None)
    output.put(b"line\n")
    began = time.monotonic()
    with pytest.raises(OSError, match="No space left"):
        output.close()
    assert time.monotonic() - began < 2


def test_a_disk_that_hangs_is_left_behind_at_the_end_and_closed_when_it_goes_on() -> None:
    slow = Slow()
    output = PatientOutput(slow, NAME)
    output.put(b"line\n")
    began = time.monotonic()
    output.close()
    assert time.monotonic() - began < 2
    assert not slow.closed
    slow.reading.set()
    until(lambda: slow.closed)


def test_the_lines_for_what_is_missing_are_events_of_their_form() -> None:
    as_json = JsonLines(Slow()).left_out(12, "No space left on device")
    assert json.loads(as_json)["event"] == "problem"
    assert json.loads(as_json)["problem"] == "12 events left out: No space left on device"
    assert json.loads(as_json)["time"]
    as_text = TextLines(Slow(), started=time.time()).left_out(1, "nobody read them")
    assert as_text.endswith(b"1 events left out: nobody read them\n")


@pytest.mark.skipif(os.geteuid() != 0 or sys.platform != "linux", reason="mounts a file system")
def test_a_real_disk_that_was_full_has_whole_lines_only(tmp_path: Path) -> None:
    assert os.system(f"mount -t tmpfs -o size=16k none {tmp_path}") == 0
    try:
        (tmp_path / "ballast").write_bytes(bytes(8192))
        told: list[str] = []
        output = PatientOutput(
            FileOutput.append(str(tmp_path / "log")), NAME, most_waiting=30_000, tell=told.append
        )
        sink = JsonLines(output)
        output.note = sink.left_out
        for number in range(1000):
            sink.write(Problem(1e9, None, f"event {number}"))
            sink.flush()
            if number == 200:
                until(lambda: told)
        (tmp_path / "ballast").unlink()
        os.system(f"mount -o remount,size=1m {tmp_path}")
        until(lambda: len(told) == 2)
        sink.close()
        said = [json.loads(line)["problem"] for line in (tmp_path / "log").read_bytes().splitlines()]
    finally:
        os.system(f"umount {tmp_path}")
    kept = len(said) - 1
    assert said[:-1] == [f"event {number}" for number in range(kept)]
    assert said[-1] == f"{1000 - kept} events left out: No space left on device"


# -- terminals -------------------------------------------------------------------------------------------------


def test_a_terminal_that_is_held_by_ctrl_s_holds_nobody() -> None:
    keyboard, screen = pty.openpty()
    try:
        termios.tcflow(screen, termios.TCOOFF)
        output = PatientOutput(FileOutput(screen, owned=False), NAME)
        text = PatientText(screen)
        began = time.monotonic()
        for number in range(1000):
            output.put(b"line %d of many\n" % number)
            text.write("a word about ourselves\n")
        assert time.monotonic() - began < 1
        assert text.isatty()
        termios.tcflow(screen, termios.TCOON)
        got = bytearray()
        while got.count(b"\n") < 2000:
            got += os.read(keyboard, 65536)
        output.close()
        text.finish()
    finally:
        os.close(keyboard)
        os.close(screen)


# -- files that logs are written to ------------------------------------------------------------------------------


@pytest.mark.parametrize(("secrets", "mode"), [(True, 0o600), (False, 0o640)])
def test_a_log_file_is_for_few(tmp_path: Path, secrets: bool, mode: int) -> None:
    before = os.umask(0)
    try:
        os.close(open_log(str(tmp_path / "log"), secrets=secrets))
    finally:
        os.umask(before)
    assert (tmp_path / "log").stat().st_mode & 0o777 == mode


def test_a_file_that_others_can_read_is_closed_to_them_before_it_gets_secrets(tmp_path: Path) -> None:
    (tmp_path / "log").touch(0o644)
    os.close(open_log(str(tmp_path / "log"), secrets=True))
    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("link", ["symlink_to", "hardlink_to"])
def test_a_log_is_not_written_through_a_link(tmp_path: Path, link: str) -> None:
    (tmp_path / "other").write_bytes(b"of value\n")
    getattr(tmp_path / "log", link)(tmp_path / "other")
    with pytest.raises(OSError, match=r"symbolic links|hard links"):
        open_log(str(tmp_path / "log"))
    assert (tmp_path / "other").read_bytes() == b"of value\n"


def test_a_pipe_as_log_has_a_reader_or_is_refused_at_once(tmp_path: Path) -> None:
    """Opening one without a reader waits: a server would not start, in silence."""
    os.mkfifo(tmp_path / "log", 0o600)
    with pytest.raises(OSError, match="nobody reads"):
        open_log(str(tmp_path / "log"))
    reader = os.open(tmp_path / "log", os.O_RDONLY | os.O_NONBLOCK)
    writer = open_log(str(tmp_path / "log"), secrets=True)
    assert os.get_blocking(writer)
    os.write(writer, b"line\n")
    assert os.read(reader, 10) == b"line\n"
    os.close(writer)
    os.close(reader)


def test_what_is_no_file_is_no_log(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        open_log(str(tmp_path))
    with closing(socket.socket(socket.AF_UNIX)) as other:
        other.bind(str(tmp_path / "socket"))
        with pytest.raises(OSError, match="nobody reads"):
            open_log(str(tmp_path / "socket"))
    os.close(open_log("/dev/null"))


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a file to another user: needs root")
def test_secrets_do_not_go_into_the_file_of_another_user(tmp_path: Path) -> None:
    (tmp_path / "log").touch(0o600)
    os.chown(tmp_path / "log", 12345, 12345)
    with pytest.raises(OSError, match="another user"):
        open_log(str(tmp_path / "log"), secrets=True)
    os.close(open_log(str(tmp_path / "log")))
