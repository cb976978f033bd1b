"""The command `fakesmb show`."""

import fcntl
import os
import re
import struct
import subprocess
import termios
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from fakesmb import cli
from fakesmb.record.columns import width_of
from fakesmb.show.output import Screen, screen_of
from fakesmb.show.showing import Wanted, show
from tests.capture.written import Sniffed
from tests.record.talks import filled

RECORDS = (
    '{"time":"2026-01-01T00:00:00.000000Z","event":"connected","connection":1,"peer":"10.0.0.5:5",'
    '"summary":"connection 1 opened from 10.0.0.5:5"}\n\n'
    '{"time":"2026-01-01T00:00:01.500000Z","event":"request","number":1,"connection":1,"peer":"10.0.0.5:5",'
    '"direction":"C","command":"SMB_COM_ECHO","summary":"C; Echo","fields":{"echo_count":16,"data":{"a":[1]}}}\n'
)


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    sniffed = Sniffed(filled(folder))
    client = sniffed.client().sign_in().connect("public")
    client.read(client.create("a.txt"), 0, 5)
    path = tmp_path / "x.pcap"
    path.write_bytes(sniffed.capture.pcap())
    return path


def run(*words: Any, **more: Any) -> Any:
    return CliRunner().invoke(cli.main, ["show", *map(str, words)], **more)


def test_a_log_is_shown_as_the_text_log(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text(RECORDS)
    assert run(tmp_path / "log.jsonl").output.splitlines() == [
        "-           0.000000  connection 1 opened from 10.0.0.5:5",
        "1           1.500000  10.0.0.5:5             server                 SMB:C; Echo",
    ]
    assert (
        "      EchoCount: 16 (0x10)\n      Data\n        A\n          1\n"
        in run("-v", "-", input=RECORDS).output
    )


def test_captures_are_recognised_by_their_first_bytes(capture: Path) -> None:
    by_name = run(capture)
    assert by_name.exit_code == 0
    assert "SMB:C; Nt Create Andx, FileName = a.txt" in by_name.output
    assert run("-", input=capture.read_bytes()).output == by_name.output
    assert "0000  [ff 53 4d 42[" in run("-x", capture).output
    assert '"command":"SMB_COM_READ_ANDX"' in run("--json", capture).output
    assert run("--filter", "command=READ", capture).output.count("\n") == 2
    assert (
        run("--port", "139", "--port", "4450", "--summary", capture).output.count("read: 1 file, 5 bytes")
        == 1
    )


def test_a_page_needs_nothing_else(capture: Path, tmp_path: Path) -> None:
    done = run(capture, "--html", tmp_path / "page.html", "--filter", "command=READ or command=OPEN")
    assert (done.exit_code, done.output) == (0, "")
    page = (tmp_path / "page.html").read_text()
    assert page.startswith("<!")
    assert "x.pcap" in page
    done = run(capture, "--html", "-")
    assert done.output.startswith("<!")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["none"], "there is no file none"),
        (
            ["--filter", "comand=READ", "-"],
            "filter: nothing that a filter compares is called 'comand'; did you mean command",
        ),
        (["--json", "-v", "-"], "--json is for programs"),
        (["--html", "x", "-x", "-"], "--html makes a page of all there is"),
        (
            ["--html", "x", "log.jsonl"],
            "log.jsonl: a log keeps no bytes: --html needs a capture, which serve --pcap FILE",
        ),
        (["--html", "/no/where.html", "x.pcap"], "cannot write the page /no/where.html: No such file"),
        (["--html", "x", "broken.pcap"], "broken.pcap: "),
        (["broken.pcap"], "broken.pcap: "),
        (["--port", "0", "-"], "--port 0: must be"),
        (["--portt", "0", "-"], "did you mean --port"),
        (["text"], "text:1: not a record: "),
        (["."], ".: Is a directory"),
    ],
)
def test_mistakes_are_one_line(
    words: list[str], told: str, capture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "log.jsonl").write_text(RECORDS)
    (tmp_path / "text").write_text("just text\n")
    (tmp_path / "broken.pcap").write_bytes(b"\x1f\x8b123456")
    done = run(*words)
    assert done.exit_code == 2
    assert told in done.output
    assert done.output.count("\n") == 1


def test_troubles_of_json_go_to_standard_error(capture: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.pcap"
    cut.write_bytes(capture.read_bytes()[:-5])
    done = run("--json", cut)
    assert done.exit_code == 0
    assert "fakesmb: " in done.stderr
    assert "frame " in done.stderr
    assert run(cut, "--html", tmp_path / "page.html").stderr == done.stderr


def test_a_pipe_that_is_closed_early_ends_it_quietly(fakesmb_command: list[str], tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text(RECORDS * 20_000)
    command = " ".join([*fakesmb_command, "show", str(log), "| head -1"])
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""
    assert done.returncode == 0


def test_in_process_a_closed_pipe_is_quiet(capture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(self: Screen) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(Screen, "flush", closed)
    done = run(capture)
    assert (done.exit_code, done.output) == (0, "")


def test_only_a_terminal_has_a_width_and_colours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COLUMNS", "90")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    with (tmp_path / "x").open("wb") as file:
        assert (screen_of(file).width, screen_of(file).colour) == (None, False)
        screen = screen_of(file, is_terminal=lambda _: True)
        assert (screen.width, screen.colour) == (90, True)
        monkeypatch.setenv("NO_COLOR", "1")
        assert not screen_of(file, is_terminal=lambda _: True).colour


@pytest.mark.parametrize("columns", [80, 200])
def test_on_a_terminal_one_message_is_one_line(
    columns: int, capture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    keyboard, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with os.fdopen(slave, "wb") as terminal, capture.open("rb") as file:
        show(file, "x.pcap", Wanted(), screen_of(terminal))
        shown = os.read(keyboard, 1 << 20).decode()
    os.close(keyboard)
    lines = re.sub(r"\x1b\[\d*m", "", shown).replace("\r\n", "\n").splitlines()
    assert [line.split()[0] for line in lines if line[0] != "-"] == sorted(
        (line.split()[0] for line in lines if line[0] != "-"), key=int
    )
    assert len(lines) == run(capture).output.count("\n")
    assert max(map(width_of, lines)) <= columns
