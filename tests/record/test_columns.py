"""Lines on terminals: one message is one line, whatever its names are."""

import os
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakesmb.nt.status import NT
from fakesmb.record import columns
from fakesmb.record.columns import cut_middle, shortened, start_of, terminal_width, width_of, with_path
from fakesmb.record.events import Connected
from fakesmb.record.text import TextLines
from fakesmb.wire import files
from tests.record.record_samples import CLIENT, SERVER, START, message, reply
from tests.record.test_describe import DOCUMENTED, light
from tests.record.test_jsonl import Output

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=300)


def test_wide_and_combining_characters_are_counted() -> None:
    assert width_of("plain") == 5
    assert width_of("日本") == 4
    assert width_of("e\u0301a\u0308") == 2
    assert width_of("한글") == width_of("\u1112\u1161\u11ab\u1100\u1173\u11af") == 4
    assert width_of("é…") == 2
    assert width_of("🙂") == 2


@given(NAMES, st.integers(0, 80))
def test_a_text_is_cut_to_the_columns_there_are(text: str, width: int) -> None:
    found = cut_middle(text, width)
    assert width_of(found) <= width
    if width_of(text) <= width:
        assert found == text
    elif width > 1:
        assert found.count("…") >= 1


@given(NAMES, NAMES, st.integers(40, 200))
def test_a_line_fits_whatever_its_names_are(name: str, reason: str, width: int) -> None:
    for words in (
        f"SMB:C; Nt Create Andx, FileName = {name}",
        f"SMB:R; Close - NT Status: System - Error, Code = (1) X ({reason})",
    ):
        assert width_of(shortened(words, width)) <= width
    assert shortened(name, None) == name


def test_names_lose_their_middle_and_statuses_their_code() -> None:
    words = "SMB:R; Nt Create Andx - NT Status: System - Error, Code = (52) STATUS_OBJECT_NAME_NOT_FOUND"
    assert shortened(words, 92) == words
    assert shortened(words, 70) == "SMB:R; Nt Create Andx - STATUS_OBJECT_NAME_NOT_FOUND"
    name = "\\dir\\a long name, with a comma.txt"
    words = f"SMB:C; Read Andx, FID = 0x4000, 6 bytes at Offset 0, FileName = {name}"
    assert shortened(words, 80) == f"SMB:C; Read Andx, FID=0x4000, 6 bytes@0, {name}"
    assert shortened(words, 61, name) == "SMB:C; Read Andx, FID=0x4000, 6 bytes@0, \\dir\\a … a comma.txt"
    assert shortened(words, 30, name) == "SMB:C; Read Andx, FID=0x4000,…"


def test_the_middle_is_cut_between_characters_and_not_inside_them() -> None:
    assert width_of(cut_middle("日本語日本語", 6)) <= 6
    assert not cut_middle("ae\u0301" * 9, 7).partition("…")[2].startswith("\u0301")
    assert (cut_middle("abc", 1), cut_middle("abc", 0)) == ("…", "")


@pytest.mark.parametrize(
    ("text", "path", "share", "shown"),
    [
        ("SMB:C; Close, FID = 0x4000", "\\a", "c$", "SMB:C; Close, FID = 0x4000, FileName = \\a"),
        ("SMB:R; Read Andx, 3 bytes", "a", "x", "SMB:R; Read Andx, 3 bytes, FileName = \\a"),
        ("SMB:R; Read Andx - NT Status: x", "\\a", "x", "SMB:R; Read Andx, FileName = \\a - NT Status: x"),
        ("SMB:C; Close, FID = 0x4000", "\\srvsvc", "IPC$", "SMB:C; Close, FID = 0x4000"),
        ("SMB:C; Close, FID = 0x4000", "\\srvsvc", "", "SMB:C; Close, FID = 0x4000"),
        ("SMB:C; Close, FID = 0x4000", "", "x", "SMB:C; Close, FID = 0x4000"),
        ("SMB:C; Nt Create Andx, FileName = \\a", "\\a", "x", "SMB:C; Nt Create Andx, FileName = \\a"),
        ("SMB:C; Write, FID = 0x4000; Close \\a", "\\a", "x", "SMB:C; Write, FID = 0x4000; Close \\a"),
    ],
)
def test_reads_writes_and_closes_name_their_file(text: str, path: str, share: str, shown: str) -> None:
    assert with_path(text, path, share) == shown


def test_the_width_is_that_of_the_terminal_unless_columns_says_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    read, write = os.pipe()
    assert terminal_width(read) is None
    master, slave = os.openpty()
    import fcntl
    import struct
    import termios

    try:
        assert terminal_width(slave) is None  # it has no size yet
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 91, 0, 0))
        assert terminal_width(slave) == 91
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 3, 0, 0))
        assert terminal_width(slave) == columns.NARROWEST
        monkeypatch.setenv("COLUMNS", "120")
        assert terminal_width(slave) == 120
        for nothing in ("0", "wide", ""):
            monkeypatch.setenv("COLUMNS", nothing)
            assert terminal_width(slave) == columns.NARROWEST
    finally:
        for one in (read, write, master, slave):
            os.close(one)


def lines(width: int | None, *events: Any) -> list[str]:
    output = Output()
    sink = TextLines(output, started=START, width=lambda: width)
    for event in events:
        sink.write(event)
    sink.close()
    return output.data.decode().splitlines()


def test_narrow_lines_have_the_connection_wider_ones_the_client() -> None:
    asked = message(0xA2, files.NtCreateAndxRequest(desired_access=1, file_name="\\srvsvc"), number=10)
    answer = reply(0xA2, files.NtCreateAndxResponse(fid=0x4000), number=11, time=START + 1)
    opened = Connected(START, 1, CLIENT, SERVER)
    assert lines(80, opened, asked, answer) == [
        "-         0.000 connection 1 opened from 192.168.1.6:1240",
        "10        0.000 1> SMB:C; Nt Create Andx, FileName = \\srvsvc",
        "11        1.000 1< SMB:R; Nt Create Andx, FID = 0x4000",
    ]
    assert lines(110, asked, answer) == [
        "10        0.0000 192.168.1.6:1240      > SMB:C; Nt Create Andx, FileName = \\srvsvc",
        "11        1.0000 192.168.1.6:1240      < SMB:R; Nt Create Andx, FID = 0x4000",
    ]
    assert lines(200, opened, asked, answer) == lines(None, opened, asked, answer)
    assert start_of(80, 1, 0.0, CLIENT, SERVER, None, request=True) == "1         0.000 > "


@pytest.mark.parametrize("width", [40, 80, 100, 130, 200])
def test_the_documented_exchange_fits(width: int) -> None:
    told = lines(width, *(light(event) for event, _ in DOCUMENTED))
    assert len(told) == len(DOCUMENTED)
    assert max(map(width_of, told)) <= width


def test_colour_takes_no_columns() -> None:
    output = Output()
    sink = TextLines(output, started=START, colour=True, width=lambda: 80)
    sink.write(reply(0xA2, None, status=NT.ACCESS_DENIED, problem="the share is read-only " * 9))
    sink.close()
    text = re.sub(r"\x1b\[\d*m", "", output.data.decode()).rstrip("\n")
    assert width_of(text) <= 80
    assert "STATUS_ACCESS_DENIED" in text
