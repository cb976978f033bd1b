"""The summary: what all that happened comes to."""

from pathlib import Path

import msgspec

from fakesmb.record.dissect import messages
from fakesmb.record.entry import entry_of
from fakesmb.record.events import (
    Client,
    Connected,
    Exchanged,
    Message,
    Problem,
    Shown,
    SignedIn,
    SignInRefused,
)
from fakesmb.record.summary import MOST_KEPT, Summary, counted
from fakesmb.wire.commands import Command
from fakesmb.wire.header import Header
from tests.record.talks import Talk
from tests.record.test_filters import talk_of


def lines_of(talk: Talk) -> Summary:
    """The same from JSON lines."""
    summary = Summary()
    for event in talk.journal.events:
        if isinstance(event, Exchanged):
            told = {one.event: one for one in map(entry_of, messages(event))}
            summary.add_lines(told.get("request"), told.get("response"), time=event.answered)
        elif not isinstance(event, Message):
            summary.add_lines(entry_of(event), None, time=event.time)
    return summary


def test_files_and_refusals_are_counted_alike_from_events_and_from_lines(tmp_path: Path) -> None:
    talk = talk_of(tmp_path)
    client = talk.client()
    client.read(client.create("a.txt"), 0, 5)
    client.read(client.create("a.txt"), 6, 5)
    by_events = Summary()
    for event in talk.journal.events:
        by_events.add(event)
    told = list(by_events.lines())
    assert list(lines_of(talk).lines()) == told
    connections, read, written, refused = told
    assert connections.startswith("4 connections, ")
    assert (
        " messages in 1" in connections or " messages in 2" in connections or " messages in " in connections
    )
    assert read == "read: 2 files, 11 bytes: \\a.txt 10, \\dir\\b.txt 1"
    assert written == "written: 1 file, 5,000 bytes: \\big 5,000"
    assert refused.startswith("refused: ")
    assert "1 STATUS_OBJECT_NAME_NOT_FOUND" in refused
    assert "1 STATUS_SHARING_VIOLATION" in refused
    assert "MORE_PROCESSING" not in refused


def test_sign_ins_and_problems_are_told() -> None:
    summary = Summary()
    for event in (
        Connected(1.0, 1, "p", "l"),
        SignedIn(2.0, 1, "p", "alice"),
        SignedIn(2.0, 1, "p", "alice"),
        SignedIn(2.0, 2, "p", "", kind="guest"),
        SignInRefused(3.0, 1, "p", "eve\x1b", 0xC000006D, "wrong password"),
        Problem(61.0, None, "a bug", "Traceback ..."),
        Problem(61.0, None, "the server runs as root"),
    ):
        summary.add(event)
    assert list(summary.lines()) == [
        "1 connection, 0 messages in 60.0 s, signed in: alice (2 times), guest",
        "refused: 1 sign-in of eve\x1b (wrong password)".replace("\x1b", "\\x1b"),
        "1 internal error of the server",
        "1 notice of the server",
    ]
    assert list(Summary().lines()) == ["0 connections, 0 messages in 0.0 s"]
    assert counted(2000, "file") == "2,000 files"


def test_messages_count_too(tmp_path: Path) -> None:
    talk = talk_of(tmp_path)
    one, other = Summary(), Summary()
    for event in talk.journal.events:
        one.add(event)
        for told in messages(event) if isinstance(event, Exchanged) else (event,):
            other.add(told)
    assert one.messages == other.messages


def test_its_memory_is_bounded() -> None:
    header = Header(Command.WRITE_ANDX, 0, 0x98, 0xC807, 0, bytes(8), 1, 1, 1, 1)
    request = header.encode() + bytes.fromhex(
        "0e ff000000 0040 00000000 00000000 0000 0000 0000 0500 4000 00000000 0500"
    )
    reply = header.encode() + bytes.fromhex("06 ff000000 0500 0000 00000000 0000")
    summary = Summary()
    event = Exchanged(
        Client(1, "p", "l"),
        1.0,
        1.0,
        1,
        request,
        len(request) + 5,
        reply,
        len(reply),
        Shown.BOTH,
        share="x",
        path="",
    )
    for number in range(MOST_KEPT + 50):
        summary.add(msgspec.structs.replace(event, path=f"\\{number}"))
        refused = msgspec.structs.replace(event, status=0xC0000000 + number, reason=f"because of {number}")
        summary.add(refused)
        summary.add(msgspec.structs.replace(event, status=0xC0000022, reason=f"because of {number}"))
    for number in range(MOST_KEPT * 10 + 5):
        summary.add(Connected(1.0, number, "p", "l"))
    told = list(summary.lines())
    assert told[0].startswith("10,000 connections and more, ")
    assert told[1] == (
        "written: 1,000 files and more, 5,250 bytes: "
        + ", ".join(f"\\{number} 5" for number in range(10))
        + ", ..."
    )
    assert "others" in told[2]
    assert told[2].count("because of") <= 3 * 11
    assert len(summary._reasons) <= MOST_KEPT + 1
