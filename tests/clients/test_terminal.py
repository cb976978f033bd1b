"""`fakesmb serve` on a terminal, with smbclient at work: one message is one line, at every width."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fakesmb.record.columns import width_of
from tests.clients.client_runs import need
from tests.serving import port_in

LONG = "a name that is much longer than eighty columns can hold, with 日本語 in it and so on and so on.txt"


class Screen:
    """What a terminal was sent."""

    def __init__(self, columns: int) -> None:
        self.keyboard, self.screen = pty.openpty()
        fcntl.ioctl(self.screen, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.data = b""
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        try:
            while piece := os.read(self.keyboard, 1 << 16):
                self.data += piece
        except OSError:  # the last process on it has ended
            return

    def lines(self) -> list[str]:
        """All lines, without colours."""
        self._thread.join(10)
        return re.sub(r"\x1b\[\d*m", "", self.data.decode()).replace("\r\n", "\n").splitlines()


@contextmanager
def served(
    command: list[str], environment: dict[str, str], base: Path, columns: int, *words: str
) -> Iterator[tuple[int, Screen]]:
    """A server whose standard output and standard error are a terminal."""
    (base / "files").mkdir()
    screen = Screen(columns)
    arguments = ["--port", "0", "--port-file", str(base / "port"), "--share", f"files={base / 'files'}"]
    process = subprocess.Popen(
        [*command, "serve", *arguments, "--user", "alice:pw", *words],
        stdout=screen.screen,
        stderr=screen.screen,
        env={key: value for key, value in environment.items() if key != "COLUMNS"} | {"TERM": "xterm"},
    )
    os.close(screen.screen)
    try:
        yield port_in(base / "port", process), screen
        process.terminate()
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()


def smbclient(port: int, commands: str) -> str:
    need("smbclient")
    words = ["smbclient", "-m", "NT1", "--option=client min protocol=NT1", "-p", str(port)]
    done = subprocess.run(
        [*words, "//127.0.0.1/files", "-U", "alice%pw", "-c", commands],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return done.stdout + done.stderr


@pytest.mark.parametrize("columns", [80, 200])
def test_one_message_is_one_line(
    fakesmb_command: list[str], fakesmb_environment: dict[str, str], tmp_path: Path, columns: int
) -> None:
    with served(fakesmb_command, fakesmb_environment, tmp_path, columns) as (port, screen):
        (tmp_path / "files" / LONG).write_bytes(b"x" * 5000)
        said = smbclient(
            port, f'recurse; ls; get "{LONG}" {tmp_path / "got"}; get none.txt {tmp_path / "no"}'
        )
        assert "OBJECT_NAME_NOT_FOUND" in said
    lines = screen.lines()
    frames = [line for line in lines if re.match(r"\d+ ", line)]
    assert [int(line.split()[0]) for line in frames] == list(range(1, len(frames) + 1))
    assert len(frames) > 20
    for line in lines:
        if not line.startswith("fakesmb: "):
            assert width_of(line) <= columns, line
    reads = [line for line in frames if "Read Andx" in line]
    assert reads
    assert all("so on.txt" in line for line in reads)
    assert any("STATUS_OBJECT_NAME_NOT_FOUND" in line for line in frames)
    assert ("127.0.0.1:" in frames[0]) == (columns == 200)
    closing = [line for line in lines if line.startswith(("fakesmb: read: ", "fakesmb: refused: "))]
    assert len(closing) == 2
    assert "5,000 bytes" in closing[0]
    assert "1 STATUS_OBJECT_NAME_NOT_FOUND (" in closing[1]


def test_a_listing_of_4000_files_is_an_overview(
    fakesmb_command: list[str], fakesmb_environment: dict[str, str], tmp_path: Path
) -> None:
    with served(fakesmb_command, fakesmb_environment, tmp_path, 80, "--log", "summary", "-q") as (
        port,
        screen,
    ):
        for folder in range(40):
            (tmp_path / "files" / f"folder {folder}").mkdir()
            for file in range(100):
                (tmp_path / "files" / f"folder {folder}" / f"file {file}.txt").touch()
        assert smbclient(port, "recurse; ls").count(".txt") == 4000
    lines = screen.lines()
    assert len(lines) < 12, lines
    assert any(
        re.fullmatch(r"fakesmb: 1 connection, \d+ messages in .* signed in: alice", line) for line in lines
    )


def test_only_what_matches_is_shown(
    fakesmb_command: list[str], fakesmb_environment: dict[str, str], tmp_path: Path
) -> None:
    words = ("--filter", "status!=SUCCESS path=none.txt")
    with served(fakesmb_command, fakesmb_environment, tmp_path, 80, *words) as (port, screen):
        smbclient(port, f"ls; get none.txt {tmp_path / 'no'}")
    frames = [line for line in screen.lines() if re.match(r"\d+ ", line)]
    assert [re.search("[CR]; Nt Create Andx", line) is not None for line in frames] == [True, True]
