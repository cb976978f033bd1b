"""`fakesmb show` of JSON lines: as the text log, and below each line what that leaves out."""

import io
import json
import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakesmb.mistakes import ConfigError
from fakesmb.record.columns import width_of
from fakesmb.record.entry import Entry
from fakesmb.record.filters import Filter
from fakesmb.record.jsonl import JsonLines
from fakesmb.record.wirefields import wire_fields
from fakesmb.show import logs
from fakesmb.show.fieldtext import entry_lines
from fakesmb.show.output import Screen
from fakesmb.show.showing import Wanted, show
from fakesmb.testing import InMemoryServer
from fakesmb.wire.commands import Command
from fakesmb.wire.dfs import GetDfsReferralRequest
from fakesmb.wire.trans import Transaction2Request
from tests.record.talks import Talk
from tests.record.test_filters import COMMANDS, FIELDS, talk_of
from tests.record.test_jsonl import Output


def log_of(talk: Talk) -> bytes:
    output = Output()
    sink = JsonLines(output)
    for event in talk.journal.events:
        sink.write(event)
    sink.flush()
    return output.data


def shown(
    log: bytes, width: int | None = None, colour: bool = False, **wanted: object
) -> tuple[list[str], list[str]]:
    """The lines, and those about what could not be read."""
    file = io.BytesIO()
    screen = Screen(file, width=lambda: width, colour=colour)
    troubles = show(io.BytesIO(log), "log", Wanted(**wanted), screen)  # type: ignore[arg-type]
    return file.getvalue().decode().splitlines(), troubles


@pytest.fixture
def log(tmp_path: Path) -> bytes:
    return log_of(talk_of(tmp_path))


def test_why_a_referral_was_refused_is_told_below_the_published_words(tmp_path: Path) -> None:
    server = InMemoryServer({"public": tmp_path})
    client = server.client().sign_in().connect("IPC$")
    asked = GetDfsReferralRequest(3, "\\127.0.0.1\\c$").encode()
    client.send(Command.TRANSACTION2, Transaction2Request(setup=b"\x10\0", parameters=asked))
    output = Output()
    sink = JsonLines(output)
    for event in server.sink.events:
        sink.write(event)
    sink.flush()
    lines, _ = shown(output.data, verbose=True)
    at = next(index for index, line in enumerate(lines) if "Transact2, Open2" in line)
    assert lines[at].endswith("STATUS_NO_SUCH_DEVICE")
    below = lines[at + 1 : at + 12]
    assert "      problem: not a DFS namespace: connect to the share itself" in below
    assert "      Status: STATUS_NO_SUCH_DEVICE" in below


def test_names_and_meanings_are_those_of_the_specification(log: bytes) -> None:
    lines, _ = shown(log, verbose=True)
    text = "\n".join(lines)
    assert "    SMB_Header  [MS-CIFS] 2.2.3.1\n      Command: SMB_COM_NT_CREATE_ANDX\n" in text
    assert "    SMB_COM_NT_CREATE_ANDX request  [MS-CIFS] 2.2.4.64.1\n" in text
    assert "      DesiredAccess: 0x02 = FILE_WRITE_DATA" in text
    assert "      CreateDisposition: 0x02 = " in text
    assert "      UID: 0x0800 (alice)" in text
    assert "InformationLevel: 0x0107 = SMB_QUERY_FILE_ALL_INFO" in text
    assert "desired_access" not in text
    assert "      CreateTime: 20" in text
    assert " UTC" in text


def test_what_a_token_says_of_itself_has_names_too() -> None:
    line = {
        "time": "2026-01-01T00:00:00Z", "event": "request", "number": 7, "command": "SMB_COM_SESSION_SETUP_ANDX",
        "fields": {"capabilities": 0x80000000, "detail": {"message_type": 3, "flags": 0x62088215, "domain": "WG"}},
    }  # fmt: skip
    text = "\n".join(shown(json.dumps(line).encode(), verbose=True)[0])
    assert "        MessageType: 0x03 = AUTHENTICATE\n" in text
    assert "        Flags: 0x62088215 = NTLMSSP_NEGOTIATE_UNICODE, " in text
    assert "      Capabilities: 0x80000000 = CAP_EXTENDED_SECURITY" in text


def test_no_flags_and_no_times_are_bare_numbers(log: bytes) -> None:
    for line in shown(log, verbose=True)[0]:
        name, _, value = line.strip().partition(": ")
        if name.endswith("Time") and value not in ("0",):
            assert not value[:1].isdigit() or "UTC" in value, line
        if name in ("DesiredAccess", "Capabilities", "Flags") and value != "0":
            assert " = " in value, line


def test_lines_fit_the_terminal(log: bytes) -> None:
    lines, _ = shown(log, width=80, verbose=True)
    assert max(map(len, lines)) <= 80
    assert [line.split()[0] for line in lines if line[:1].isdigit()][:3] == ["1", "2", "3"]


def test_hexadecimal_of_a_log_is_one_line_that_says_so(log: bytes) -> None:
    lines, _ = shown(log, hexadecimal=True)
    assert len([line for line in lines if "a log keeps no bytes" in line]) == 1


def test_a_filter_shows_request_and_response(log: bytes) -> None:
    lines, _ = shown(log, filter=Filter.parse("status=OBJECT_NAME_NOT_FOUND"))
    assert [line.split("SMB:")[1].split(" - ")[0] for line in lines] == [
        "C; Nt Create Andx, FileName = none.txt",
        "R; Nt Create Andx",
    ]
    lines, _ = shown(log, filter=Filter.parse("command=WRITE"))
    assert ["Write Andx" in line and "\\big" in line for line in lines] == [True, True]
    lines, _ = shown(log, filter=Filter.parse("event=disconnected"))
    assert ["closed" in line for line in lines] == [True]


def test_json_gives_the_lines_that_match_as_they_are(log: bytes) -> None:
    lines, _ = shown(log, as_json=True, filter=Filter.parse("command=CLOSE"))
    assert [json.loads(line)["command"] for line in lines] == ["SMB_COM_CLOSE"] * 2
    assert set(lines) <= set(log.decode().splitlines())
    assert shown(log, as_json=True)[0] == log.decode().splitlines()


def test_the_summary_stands_at_the_end(log: bytes) -> None:
    lines, _ = shown(log, summary=True)
    assert "written: 1 file, 5,000 bytes: \\big 5,000" in lines
    assert "read: 1 file, 1 byte: \\dir\\b.txt 1" in lines
    messages = sum(line[:1].isdigit() and "SMB" in line for line in lines)
    assert any(f", {messages} messages in " in line for line in lines)


def test_what_is_no_record_is_one_line(log: bytes) -> None:
    records = log.splitlines(keepends=True)
    mixed = [
        *records[:2],
        b"fakesmb: ready on 127.0.0.1:4450\n",
        b"\n",
        b"\xff\x00\n",
        b'{"event":"x"}\n',
        *records[2:4],
    ]
    lines, troubles = shown(b"".join(mixed) + b'{"time":"2026-01-01T00:00')
    assert troubles == []
    assert len(lines) == 6
    assert "log:3-6: not records, the first: JSON is malformed" in lines[2]
    assert "log:9: not a record: it is cut off: the log is still being written" in lines[5]
    lines, troubles = shown(b"".join(mixed), as_json=True)
    assert len(lines) == 4
    assert len(troubles) == 1


@pytest.mark.parametrize(
    "text",
    [
        b"nonsense\n",
        b'{"event":"x"}\n',
        b'{"time":"x","event":"x"}\n',
        b"\x00\n",
        b"[" * 100_000,
        b"x" * 5_000_000,
    ],
)
def test_a_file_without_a_record_is_a_mistake(text: bytes) -> None:
    with pytest.raises(
        ConfigError, match=r"log:1: not a record: .*; log is neither a log of JSON lines nor a capture"
    ):
        shown(text)
    with pytest.raises(ConfigError, match="log: nothing is in it"):
        shown(b"")


def test_a_line_that_is_far_too_long_is_passed_over(log: bytes) -> None:
    record = log.splitlines(keepends=True)[0]
    lines, _ = shown(record + b'{"x":"' + b"y" * (logs.LONGEST * 2 + 50) + b'"}\n' + record)
    assert len(lines) == 3
    assert "log:2: not a record: longer than 4 MiB" in lines[1]


def test_a_status_and_fields_of_another_make_are_shown_as_they_are() -> None:
    line = {
        "time": "2026-01-01T00:00:00Z", "event": "response", "number": 7, "status": "STATUS_QUX",
        "command": "SMB_COM_QUX", "subcommand": "QUX", "uid": 3, "user": "eve\x1b[2J",
        "fields": {"last_write_time": 1 << 70, "a": [1, {"b": None}], "c": {}, "status": 5, "fid": 16384, "x": -3},
        "chain": [{"command": "SMB_COM_READ_ANDX", "problem": "cut off", "fields": {"data": "9 bytes"}}],
    }  # fmt: skip
    happening = {
        "time": "2026-01-01T00:00:00Z", "event": "problem", "problem": "a bug", "traceback": "Traceback\n  File x",
        "summary": "problem: a bug",
    }  # fmt: skip
    log = b"".join(json.dumps(one).encode() + b"\n" for one in (line, happening))
    lines, _ = shown(log, verbose=True, colour=True)
    text = "\n".join(lines)
    assert "\x1b[2J" not in text
    assert "      FID: 0x4000" in text
    assert "      problem: cut off" in text
    assert "    traceback:   File x" in text
    assert all(line.replace("\x1b", "").isprintable() for line in lines)


def test_fields_of_any_shape_and_depth_are_shown() -> None:
    nested = b'{"a":' * 600 + b"1" + b"}" * 600
    lines = [b'"fields":' + nested, b'"fields":{"a":[[[{"b":[]}]]]}', b'"chain":[{"command":5},{"fields":7}]']
    log = b"".join(
        b'{"time":"2026-01-01T00:00:00Z","event":"request","number":1,%s}\n' % one for one in lines
    )
    found, _ = shown(log, verbose=True, width=80)
    assert len([line for line in found if line.startswith("1 ")]) == 3
    assert any(line.endswith("A: ...") for line in found)
    assert max(map(len, found)) <= 80


def test_a_pipe_that_is_still_written_to_is_shown_at_once(log: bytes) -> None:
    """As `tail -f log.jsonl | fakesmb show -` reads it: what was shown does not wait for what comes."""
    reading, writing = os.pipe()
    told = threading.Event()

    class Terminal(io.BytesIO):
        def flush(self) -> None:
            if b"Negotiate" in self.getvalue():
                told.set()

    def run() -> None:
        with os.fdopen(reading, "rb") as file:
            show(file, "log", Wanted(), Screen(Terminal()))

    thread = threading.Thread(target=run)
    thread.start()
    for piece in (log[:1], log[1:3], log[3 : log.index(b"\n", 600) + 1]):
        os.write(writing, piece)
    assert told.wait(10)
    os.close(writing)
    thread.join(10)


@given(st.data())
def test_whatever_a_line_holds_its_tree_is_shown(data: st.DataObject) -> None:
    names = st.sampled_from([*FIELDS, *sorted(wire_fields())])
    values = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(names, inner, max_size=4),
        max_leaves=8,
    )
    entry = Entry(
        "", data.draw(st.sampled_from(["request", "response"])), 1,
        command=data.draw(st.sampled_from(COMMANDS)), status="STATUS_SUCCESS", uid=3, tid=data.draw(st.integers()),
        user=data.draw(st.text(max_size=3)), fields=data.draw(st.dictionaries(names, values, max_size=6)),
    )  # fmt: skip
    for line in entry_lines(entry, 80):
        assert width_of(line[:-1]) <= 80
        assert line[:-1].isprintable()
