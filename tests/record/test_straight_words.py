"""Words that are made straight from the bytes are those of the general way, letter for letter."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakesmb.record import describe
from fakesmb.record.dissect import messages
from fakesmb.record.events import Exchanged, Shown
from fakesmb.record.straight import tagged
from fakesmb.record.text import TextLines
from tests.core import transcript
from tests.record.test_jsonl import Output
from tests.record.test_straight import transcript_exchanges

TALKS = sorted(transcript.FOLDER.glob("*.smb"))


def halves(event: Exchanged) -> list[Exchanged]:
    """Request and reply told one by one, as of a capture."""
    asked = msgspec.structs.replace(event, shown=Shown.REQUEST, reply=b"", reply_size=0, status=0, reason="")
    return [asked, msgspec.structs.replace(event, shown=Shown.REPLY, reason="")]


def check(event: Exchanged) -> bool:
    words = tagged(event)
    if words is None:
        return False
    (message,) = messages(event)
    assert words == describe.tagged(message)
    sink = TextLines(Output(), started=0.0, colour=True, width=lambda: 90)
    assert sink.straight(event, words) == sink.line(message).decode()
    return True


@pytest.mark.parametrize("path", TALKS, ids=lambda path: path.stem)
def test_words_are_those_of_the_general_way(path: Path) -> None:
    for event in transcript_exchanges(path):
        for share in ("public", "IPC$"):
            for half in halves(msgspec.structs.replace(event, share=share, path="\\srvsvc")):
                check(half)


def test_most_of_the_transcripts_and_the_calls_of_pipes_go_straight() -> None:
    found = [check(half) for path in TALKS for event in transcript_exchanges(path) for half in halves(event)]
    assert sum(found) > len(found) / 3
    calls = [
        msgspec.structs.replace(event, share="IPC$", path="\\srvsvc")
        for event in transcript_exchanges(transcript.FOLDER / "documented.smb")
        if event.request[4] == 0x25
    ]
    assert [check(half) for call in calls for half in halves(call)] == [True] * 2 * len(calls)
    assert calls


@given(st.data())
def test_any_bytes_are_told_alike(data: st.DataObject) -> None:
    event = data.draw(st.sampled_from(EVENTS))
    half = data.draw(st.sampled_from(halves(event)))
    name = "request" if half.shown == Shown.REQUEST or data.draw(st.booleans()) else "reply"
    message = bytearray(getattr(half, name))
    for _ in range(data.draw(st.integers(1, 3))):
        message[data.draw(st.integers(0, len(message) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(message)))
    changed = bytes(message[:cut]) if data.draw(st.booleans()) else bytes(message)
    share = data.draw(st.sampled_from(["public", "IPC$"]))
    check(msgspec.structs.replace(half, **{name: changed}, share=share))


EVENTS = [event for path in TALKS for event in transcript_exchanges(path) if event.request and event.reply]


def test_what_both_tell_goes_the_general_way() -> None:
    event = EVENTS[0]
    assert tagged(event) is None
    assert tagged(msgspec.structs.replace(halves(event)[0], fault="slow")) is None
