"""`fakesmb show` of captures: what a sniffer wrote, in the words and the lines of our own log."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from fakesmb.mistakes import ConfigError
from fakesmb.nt.status import SMBError
from fakesmb.record.filters import Filter
from fakesmb.record.jsonl import JsonLines
from fakesmb.show.hexadecimal import hex_lines, leaves
from fakesmb.show.output import Screen
from fakesmb.show.showing import Wanted, show
from fakesmb.trace.follow import Follower
from fakesmb.trace.trees import trees
from fakesmb.wire.commands import Command
from fakesmb.wire.locking import LockingAndxRequest, LockRange
from fakesmb.wire.session import EchoRequest
from tests.capture.written import Sniffed
from tests.core import transcript
from tests.record.talks import filled
from tests.record.test_jsonl import Output
from tests.record.test_straight import transcript_exchanges


@pytest.fixture
def sniffed(tmp_path: Path) -> Sniffed:
    found = Sniffed(filled(tmp_path))
    client = found.client().sign_in().connect("public")
    client.read(client.create("a.txt"), 0, 5)
    fid = client.create("new", access=0x2, disposition=2)
    client.write(fid, b"x" * 100)
    client.close(fid)
    with pytest.raises(SMBError):
        client.create("none.txt")
    client.send(Command.ECHO, EchoRequest(1, b"x"))
    client.answers()
    return found


def shown(
    capture: bytes, width: int | None = None, colour: bool = False, **wanted: Any
) -> tuple[list[str], list[str]]:
    file = io.BytesIO()
    screen = Screen(file, width=lambda: width, colour=colour)
    troubles = show(io.BytesIO(capture), "x.pcap", Wanted(**wanted), screen)
    return file.getvalue().decode().splitlines(), troubles


def test_lines_are_those_of_the_log(sniffed: Sniffed) -> None:
    lines, _ = shown(sniffed.capture.pcap())
    words = [line.split("SMB:")[1] for line in lines if "SMB:" in line]
    assert "C; Nt Create Andx, FileName = a.txt" in words
    assert "R; Read Andx, 5 bytes, FileName = \\a.txt" in words
    assert any(word.startswith("R; Nt Create Andx - NT Status: System - Error") for word in words)
    numbers = [int(line.split()[0]) for line in lines if line[0].isdigit()]
    assert numbers == sorted(numbers)


def test_json_says_what_the_log_of_the_same_conversation_says(sniffed: Sniffed) -> None:
    """Equal in keys and values, but for what only one of them knows: numbers, times, reasons, new names."""
    lines, troubles = shown(sniffed.capture.pcap(), as_json=True)
    assert troubles == []
    output = Output()
    sink = JsonLines(output)
    for event in sniffed.kept.events:
        sink.write(event)
    sink.flush()
    ours = [json.loads(line) for line in output.data.splitlines()]
    theirs = [json.loads(line) for line in lines]
    messages = [[one for one in log if one["event"] in ("request", "response")] for log in (ours, theirs)]
    assert len(messages[0]) == len(messages[1]) >= 20
    for own, other in zip(*messages, strict=True):
        only_ours = {"problem"} if own["event"] == "response" else {"fid", "path", "user", "share"}
        for key in (set(own) | set(other)) - {"number", "time", "took_us", "summary", *only_ours}:
            assert own.get(key) == other.get(key), (key, own, other)
        for key in only_ours - {"problem"}:
            assert other.get(key) in (None, own.get(key)), (key, own, other)
        assert own["summary"].startswith(other["summary"])


def test_every_byte_is_a_field_of_the_tree_and_of_the_rows(sniffed: Sniffed) -> None:
    lines, _ = shown(sniffed.capture.pcap(), verbose=True, hexadecimal=True)
    text = "\n".join(lines)
    assert "    0004    Command: 0xA2 = SMB_COM_NT_CREATE_ANDX" in text
    assert "    0000  [ff 53 4d 42[a2[00 00 00 00[18[" in text
    assert "Protocol, Command, Status, Flags, Flags2, PIDHigh" in text
    assert "DesiredAccess: " in text
    assert "[MS-CIFS] 2.2.4.64.1" in text
    rows = [line for line in lines if line.startswith("    00") and "[" in line[10:60]]
    assert rows
    assert any("]" in row for row in rows)


def test_secrets_are_hidden_unless_asked_for(sniffed: Sniffed) -> None:
    capture = sniffed.capture.pcap()
    hidden = "\n".join(shown(capture, verbose=True)[0])
    assert ": hidden (" in hidden
    told = "\n".join(shown(capture, verbose=True, secrets=True)[0])
    assert ": hidden (" not in told


@pytest.mark.parametrize("width", [40, 80, 120, 200])
def test_everything_fits_the_terminal(sniffed: Sniffed, width: int) -> None:
    lines, _ = shown(sniffed.capture.pcap(), width=width, verbose=True)
    assert max(map(len, lines)) <= width
    lines, _ = shown(sniffed.capture.pcap(), width=max(width, 60), hexadecimal=True)
    assert max(map(len, lines)) <= max(width, 60) + 20  # a name that is wider than what is left


def test_colours_mark_fields_on_a_terminal(sniffed: Sniffed) -> None:
    lines, _ = shown(sniffed.capture.pcap(), width=80, colour=True, hexadecimal=True)
    row = next(line for line in lines if "[ff\x1b[0m" in line)
    assert "\x1b[36m[ff\x1b[0m" in row
    assert "\x1b[36mProtocol, " in row


def test_a_filter_shows_the_request_when_its_reply_matches(sniffed: Sniffed) -> None:
    capture = sniffed.capture.pcap()
    lines, _ = shown(capture, filter=Filter.parse("status=*NOT_FOUND"))
    assert ["C; Nt Create" in lines[0], "R; Nt Create" in lines[1], len(lines)] == [True, True, 2]
    assert float(lines[0].split()[1]) > 0  # seconds count from the beginning, shown or not
    lines, _ = shown(capture, filter=Filter.parse("command=WRITE"))
    assert len(lines) == 2
    lines, _ = shown(capture, filter=Filter.parse("event=connected"))
    assert len(lines) == 1
    number = int(shown(capture, filter=Filter.parse("command=ECHO"))[0][0].split()[0])
    assert len(shown(capture, filter=Filter.parse(f"number={number}"))[0]) == 2
    lines, _ = shown(capture, filter=Filter.parse("command=WRITE"), as_json=True)
    assert [json.loads(line)["command"] for line in lines] == ["SMB_COM_WRITE_ANDX"] * 2


def test_a_request_without_a_reply_is_judged_alone(tmp_path: Path) -> None:
    sniffed = Sniffed(filled(tmp_path))
    client = sniffed.client().sign_in().connect("public")
    client.lock(client.create("a.txt"), 0, 5)
    other = client.create("a.txt")
    lock = LockRange(9, 0, 5)
    waiting = LockingAndxRequest(fid=other, type_of_lock=0x10, timeout=60_000, locks=(lock,))
    client.send(Command.LOCKING_ANDX, waiting)
    assert client.answers() == []
    lines, _ = shown(sniffed.capture.pcap(), filter=Filter.parse("command=LOCKING_ANDX answered=no"))
    assert ["C; Locking Andx" in line for line in lines] == [True]


def test_the_summary_counts_what_a_capture_holds(sniffed: Sniffed) -> None:
    lines, _ = shown(sniffed.capture.pcap(), summary=True, filter=Filter.parse("connection=7"))
    assert lines[0].startswith("1 connection, ")
    assert lines[1:3] == ["read: 1 file, 5 bytes: \\a.txt 5", "written: 1 file, 100 bytes: \\new 100"]
    assert "1 STATUS_OBJECT_NAME_NOT_FOUND" in lines[3]


def test_what_cannot_be_read_is_a_line_with_its_frame(sniffed: Sniffed) -> None:
    capture = sniffed.capture.pcap()
    lines, _ = shown(capture[:-5])
    assert any("frame " in line for line in lines)
    _, troubles = shown(capture[:-5], as_json=True)
    assert len(troubles) == 1
    assert troubles[0].startswith("x.pcap: frame ")


def test_a_damaged_capture_is_a_mistake_in_one_line() -> None:
    with pytest.raises(ConfigError, match="compressed by gzip") as error:
        shown(b"\x1f\x8b" + bytes(20))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("path", ["documented", "documented_spnego"])
def test_every_byte_of_the_documented_exchange_is_marked(path: str) -> None:
    """Each row of `-x` has a mark or goes on with a field that has one; the names beside them are those of the tree."""
    follower = Follower()
    for event in transcript_exchanges(transcript.FOLDER / f"{path}.smb"):
        for tree in trees(event, follower.follow(event)):
            fields = leaves(tree)
            covered = [at for field in fields for at in range(field.at, field.at + field.size)]
            assert covered == list(range(len(tree.buffers[0])))
            rows = list(hex_lines(tree, None, colour=False))
            marks = sum(row[10:58].count("[") for row in rows)
            assert marks == sum(len(leaves(tree, number)) for number in range(len(tree.buffers)))
            names = [name for row in rows for name in row[78:].strip().split(", ") if name]
            assert names[: len(fields)] == [field.name for field in fields]
