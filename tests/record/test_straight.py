"""Lines that are written straight are those of the general way, letter for letter; and they are quick."""

import unicodedata
from collections.abc import Iterator
from pathlib import Path
from time import process_time
from timeit import repeat

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakesmb.nt.status import NT
from fakesmb.record.dissect import messages
from fakesmb.record.entry import entry_of
from fakesmb.record.events import Exchanged
from fakesmb.record.jsonl import encode
from fakesmb.record.lines import json_lines
from fakesmb.wire import dirs, files, session, trans, trans2
from fakesmb.wire.codec import Empty
from fakesmb.wire.commands import Command
from fakesmb.wire.header import Header
from fakesmb.wire.messages import REQUESTS
from tests.core import transcript
from tests.record.test_dissect import exchange, message


def general(one: Exchanged) -> bytes:
    """The lines as the general way writes them."""
    return b"".join(encode(entry_of(each)) for each in messages(one))


def both_ways(one: Exchanged) -> bool:
    """Whether an exchange has lines that are written straight; they are those of the general way."""
    straight = json_lines(one)
    if straight is not None:
        assert straight.splitlines() == general(one).splitlines()
    return straight is not None


def transcript_exchanges(path: Path) -> Iterator[Exchanged]:
    """The exchanges of a transcript: each reply with its request; bytes that may be any are 0."""
    asked: dict[int, bytes] = {}
    for turn in transcript.turns(path):
        data = bytes(byte or 0 for byte in turn.data)
        if turn.kind == ">":
            asked[Header.decode(data).mid] = data
        elif turn.kind == "<":
            head = Header.decode(data)
            status = head.status
            reason = "why" if status >> 30 == 3 else ""
            yield exchange(asked[head.mid], data, status=status, reason=reason, user="alice", share="public")


QUERY_PATH = exchange(
    message(
        Command.TRANSACTION2,
        trans.Transaction2Request(
            setup=b"\x05\0",
            parameters=trans2.QueryPathInformationRequest(0x0107, 0, "\\dir\\néw file.txt").encode(),
            max_parameter_count=2,
            max_data_count=4096,
        ),
    ),
    message(Command.TRANSACTION2, trans.TransactionResponse(parameters=bytes(2), data=bytes(90)), reply=True),
    user="alice",
    share="public",
    path="\\dir\\néw file.txt",
)
ECHO = exchange(
    message(Command.ECHO, session.EchoRequest(1, b"bench")),
    message(Command.ECHO, session.EchoResponse(1, b"bench"), reply=True),
)
READ = exchange(
    message(Command.READ_ANDX, files.ReadAndxRequest(0x4000, 5, 0xF000, 3, 1, 9, 7)),
    message(Command.READ_ANDX, files.ReadAndxResponse(data=bytes(0x1F000)), reply=True)[:59],
    reply_size=60 + 0x1F000,
    share="public",
    path="\\a.txt",
    fid=0x4000,
)
_WRITE = message(Command.WRITE_ANDX, files.WriteAndxRequest(0x4000, 0xFFFFFFFF, 1, 0, 9, data=bytes(0x10003)))
WRITE = exchange(
    _WRITE[:63],
    message(Command.WRITE_ANDX, files.WriteAndxResponse.of(0x10003), reply=True),
    request_size=len(_WRITE),
    share="public",
)
CLOSE = exchange(
    message(Command.CLOSE, files.CloseRequest(0x4000)),
    message(Command.CLOSE, Empty(), reply=True),
    fid=0x4000,
)
REFUSED = exchange(
    message(Command.NT_CREATE_ANDX, files.NtCreateAndxRequest(name_length=10, file_name="a.txt")),
    message(Command.NT_CREATE_ANDX, Empty(), reply=True, status=NT.ACCESS_DENIED),
    status=NT.ACCESS_DENIED,
    reason='no "right" to \\a.txt',
)
COMMON = {"query": QUERY_PATH, "echo": ECHO, "read": READ, "write": WRITE, "close": CLOSE, "refused": REFUSED}


@pytest.mark.parametrize("one", COMMON.values(), ids=COMMON)
def test_what_is_common_is_written_straight(one: Exchanged) -> None:
    assert both_ways(one)
    assert both_ways(msgspec.structs.replace(one, path='\\Ωmega\\"q"\t.txt', user="Ängström", fid=7))


def test_most_of_the_transcripts_is_written_straight() -> None:
    taken = [both_ways(one) for path in transcript.FOLDER.glob("*.smb") for one in transcript_exchanges(path)]
    assert len(taken) > 80
    assert sum(taken) > len(taken) / 2


def test_a_name_that_utf8_cannot_write_goes_the_general_way() -> None:
    assert json_lines(msgspec.structs.replace(CLOSE, path="\\\ud800")) is None


@given(st.sampled_from(list(COMMON.values())), st.data())
def test_a_damaged_exchange_has_the_lines_of_the_general_way(one: Exchanged, data: st.DataObject) -> None:
    request, reply = bytearray(one.request), bytearray(one.reply)
    for half in (request, reply):
        for _ in range(data.draw(st.integers(0, 3))):
            half[data.draw(st.integers(4, len(half) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(30, len(reply)))
    status = data.draw(st.sampled_from([one.status, 0, NT.BUFFER_OVERFLOW, NT.ACCESS_DENIED]))
    both_ways(
        msgspec.structs.replace(
            one, request=bytes(request), reply=bytes(reply[:cut]), status=status, path="\\x"
        )
    )


@given(st.sampled_from(list(REQUESTS)), st.binary(max_size=120), st.binary(max_size=120), st.data())
def test_any_words_and_bytes_have_the_lines_of_the_general_way(
    command: int, asked: bytes, answered: bytes, data: st.DataObject
) -> None:
    halves = []
    for half in (asked, answered):
        count = data.draw(st.sampled_from([0, 1, 2, 3, 6, 8, 10, 12, 14, 15, 24]))
        words = half.ljust(2 * count, b"\0")[: 2 * count]
        if data.draw(st.booleans()):
            words = b"\xff" + words[1:]
        rest = half[2 * count :]
        start = message(command, flags2=data.draw(st.sampled_from([0x8001, 0xC807, 1])))
        halves.append(start + bytes([count]) + words + len(rest).to_bytes(2, "little") + rest)
    share = data.draw(st.sampled_from(["public", "IPC$"]))
    both_ways(exchange(*halves, share=share, status=data.draw(st.sampled_from([0, NT.ACCESS_DENIED]))))


@pytest.mark.parametrize("one", [QUERY_PATH, ECHO], ids=["query", "echo"])
def test_straight_costs_less_than_the_general_way(one: Exchanged) -> None:
    """In fact a third to a quarter; the rest is for a machine that does other things too."""
    straight, slow = (
        min(repeat(lambda way=way: way(one), number=100, repeat=9, timer=process_time))  # type: ignore[misc]
        for way in (json_lines, general)
    )
    assert straight < slow


HARMFUL = "\x7f\x85\x9b\u061c\u200e\u200f\u2028\u2029\u202a\u202e\u2066\u2069\ufeff\U000e0041"


def named(name: str) -> Exchanged:
    return exchange(
        message(Command.DELETE, dirs.DeleteRequest(6, name)),
        message(Command.DELETE, Empty(), reply=True),
        user="alice",
        share="public",
        path=name,
    )


def test_both_ways_escape_what_could_disturb_a_terminal_or_turn_a_line() -> None:
    one = named(f"\\é{HARMFUL}.txt")
    assert both_ways(one)
    lines = json_lines(one)
    assert lines is not None
    assert not set(HARMFUL) & set(lines.decode())
    assert "é" in lines.decode()
    assert [msgspec.json.decode(line)["path"] for line in lines.splitlines()] == [one.path] * 2


@given(st.characters())
def test_no_line_has_a_raw_character_of_control_format_or_separation(one: str) -> None:
    lines = general(named(f"\\{one}")).decode()
    raw = {unicodedata.category(each) for each in lines.replace("\n", "")} & {"Cc", "Cf", "Zl", "Zp"}
    assert not raw
    assert len(lines.splitlines()) == 2


def test_escaping_costs_nothing_where_nothing_is_to_be_escaped() -> None:
    line = json_lines(named("\\a.txt")) or b""
    text = line.decode()
    assert min(repeat(lambda: not text.isascii() or "\x7f" in text, number=1000, repeat=5)) / 1000 < 2e-6
