"""The dissector: the messages of an exchange out of its bytes, whatever they are."""

import contextlib
import json
import re
import struct
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from fakesmb.core.commands.table import COMMANDS
from fakesmb.nt.status import NT
from fakesmb.record.describe import carrier, tagged
from fakesmb.record.dissect import messages
from fakesmb.record.entry import entries_of, entry_of
from fakesmb.record.events import MOST_KEPT, Client, Exchanged, Message, Shown
from fakesmb.record.journal import Journal
from fakesmb.record.journalentry import ATTRIBUTES
from fakesmb.record.jsonl import encode
from fakesmb.record.lines import json_lines
from fakesmb.wire import files, locking, raw, session, trans
from fakesmb.wire.codec import Body, Empty
from fakesmb.wire.commands import Command
from fakesmb.wire.header import HEADER_SIZE, Header
from fakesmb.wire.messages import REQUESTS
from tests.core import transcript
from tests.record.record_samples import CLIENT, SERVER, START, header
from tests.record.test_describe import BIND, BIND_ACK, token

WHO = Client(3, CLIENT, SERVER)


def exchange(request: bytes, reply: bytes = b"", **rest: Any) -> Exchanged:
    values: dict[str, Any] = {
        "client": WHO,
        "time": START,
        "answered": START + 0.000321,
        "number": 41,
        "request_size": len(request),
        "reply_size": len(reply),
    }
    return Exchanged(request=request, reply=reply, **values | rest)


def message(
    command: int, *bodies: Body, reply: bool = False, codes: tuple[int, ...] = (), **changes: int
) -> bytes:
    """A message as it goes over the wire; `codes` are those of the further commands of a chain."""
    if reply:
        changes = {"flags": 0x98} | changes
    data = bytearray(header(command, **changes).encode())
    last = -1
    for body, code in zip(bodies, (command, *codes), strict=bodies != ()):
        data += bytes(-len(data) % 4)
        if last >= 0:
            struct.pack_into("<BBH", data, last + 1, code, 0, len(data))
        last = len(data)
        data += b"".join(body.encode(last))
    return bytes(data)


def told(one: Exchanged) -> list[str]:
    return [tagged(each) for each in messages(one)]


def transcript_exchanges(path: Path) -> Iterator[tuple[Exchanged, str]]:
    """Each message of a transcript on its own, a reply with the request that it answers, and the file's words."""
    asked: dict[int, bytes] = {}
    for turn in transcript.turns(path):
        data = bytes(byte or 0 for byte in turn.data)
        if None in turn.data:
            continue  # such a byte may be a capability or an offset
        if turn.kind == ">":
            asked[Header.decode(data).mid] = data
            yield exchange(data, shown=Shown.REQUEST), turn.words
        elif turn.kind == "<":
            head = Header.decode(data)
            request = asked.get(head.mid, b"")
            yield exchange(request, data, shown=Shown.REPLY, status=head.status), turn.words


class TestTranscripts:
    """Bytes that were written down, and words that were written down beside them."""

    @pytest.mark.parametrize("path", sorted(transcript.FOLDER.glob("*.smb")), ids=lambda path: path.stem)
    def test_the_words_come_out_of_the_bytes(self, path: Path) -> None:
        for one, words in transcript_exchanges(path):
            (found,) = messages(one)
            if path.stem == "secondaries" and found.header.command != Command.TRANSACTION:
                continue  # the words there are of the whole that three messages make
            assert words.split(" - NT Status")[0] in tagged(found)

    @pytest.mark.parametrize("path", sorted(transcript.FOLDER.glob("*.smb")), ids=lambda path: path.stem)
    def test_no_cut_makes_a_message_fail(self, path: Path) -> None:
        for one, _ in transcript_exchanges(path):
            (whole,) = messages(one)
            if any(part.problem for part in whole.parts):
                continue
            data = one.request if one.shown == Shown.REQUEST else one.reply
            words_end = HEADER_SIZE + 3 + 2 * data[HEADER_SIZE]
            for size in {words_end, (words_end + len(data)) // 2}:
                kept: dict[str, Any] = (
                    {"request": data[:size]}
                    if whole.request
                    else {"reply": data[:size], "request": one.request}
                )
                cut = exchange(
                    **kept,
                    request_size=one.request_size,
                    reply_size=one.reply_size,
                    shown=one.shown,
                    status=one.status,
                )
                (found,) = messages(cut)
                assert found.size == whole.size
                for part in found.parts:
                    assert not part.problem or part.problem.startswith("only ")


def test_each_request_is_read_as_the_core_reads_it() -> None:
    assert {code: row.request for code, row in COMMANDS.items()}.items() <= REQUESTS.items()


def test_both_halves_with_what_only_the_server_knew() -> None:
    one = exchange(
        message(Command.CLOSE, files.CloseRequest(0x4000)),
        message(Command.CLOSE, Empty(), reply=True),
        user="alice",
        share="public",
        path=r"\a.txt",
        fid=0x4000,
    )
    asked, answered = messages(one)
    assert (asked.request, asked.number, asked.time, asked.took) == (True, 41, START, 0.0)
    assert (answered.request, answered.number, answered.time) == (False, 42, START + 0.000321)
    assert answered.took == pytest.approx(0.000321, abs=1e-6)
    for found in (asked, answered):
        assert (found.connection, found.peer, found.local) == (3, CLIENT, SERVER)
        assert (found.user, found.share, found.path, found.fid) == ("alice", "public", r"\a.txt", 0x4000)
    assert told(one) == ["SMB:C; Close, FID = 0x4000", "SMB:R; Close, FID = 0x0000"]


def test_the_half_that_is_not_shown_only_explains() -> None:
    asked = message(Command.TRANSACTION2, trans.Transaction2Request(setup=b"\x01\0", parameters=bytes(14)))
    reply = message(Command.TRANSACTION2, trans.TransactionResponse(parameters=bytes(10)), reply=True)
    (found,) = messages(exchange(asked, reply, shown=Shown.REPLY))
    assert found.number == 41
    assert tagged(found) == "SMB:R; Transact2, Find First2, SID = 0x0000, 0 entries"
    (found,) = messages(exchange(asked, reply, shown=Shown.REQUEST))
    assert found.request


def test_a_refusal_tells_its_reason_and_the_nt_status_whatever_went_over_the_wire() -> None:
    asked = message(Command.CLOSE, files.CloseRequest(0x4001))
    reply = message(Command.CLOSE, Empty(), reply=True, status=0x00060001, flags2=0x8001)
    one = exchange(asked, reply, status=NT.INVALID_HANDLE, reason="FID 0x4001")
    assert told(one)[1] == (
        "SMB:R; Close - NT Status: System - Error, Code = (8) STATUS_INVALID_HANDLE (FID 0x4001)"
    )
    assert messages(one)[1].parts[0].body is None
    (alone,) = messages(exchange(asked, reason="the connection has ended"))
    assert alone.parts[0].problem == "the connection has ended"


def test_an_oplock_break_is_a_reply_without_a_request() -> None:
    one = exchange(b"", locking.oplock_break(0x0800, 0x4000, 1), request_size=0)
    (found,) = messages(one)
    assert (found.request, found.time, found.took, found.fid) == (False, START, 0.0, 0x4000)
    assert tagged(found) == "SMB:R; Locking Andx, FID = 0x4000, oplock break to level II"


def test_a_chain_and_the_fid_of_its_open() -> None:
    opened = files.NtCreateAndxRequest(file_name="x")
    asked = message(
        Command.NT_CREATE_ANDX, opened, files.ReadAndxRequest(0xFFFF, max_count=9), codes=(Command.READ_ANDX,)
    )
    reply = message(
        Command.NT_CREATE_ANDX,
        files.NtCreateAndxResponse(fid=0x4000),
        files.ReadAndxResponse(data=b"123456789"),
        codes=(Command.READ_ANDX,),
        reply=True,
    )
    first, second = messages(exchange(asked, reply, fid=0x4000))
    assert [part.command for part in first.parts] == [Command.NT_CREATE_ANDX, Command.READ_ANDX]
    assert carrier(second) == "R; Nt Create Andx, FID = 0x4000; Read Andx, 9 bytes"
    assert messages(exchange(asked, reply))[1].fid == 0x4000


def test_a_chain_of_too_many_commands_ends_where_the_core_ends_it() -> None:
    reads = [files.ReadAndxRequest(0x4000)] * 33
    asked = message(Command.READ_ANDX, *reads, codes=(Command.READ_ANDX,) * 32)
    (found,) = messages(exchange(asked))
    assert len(found.parts) == 33
    assert found.parts[-1].problem == "a chain of more than 32 commands"


@pytest.mark.parametrize(("share", "detail"), [("IPC$", True), ("public", False)], ids=["a pipe", "a file"])
def test_what_goes_over_a_pipe_is_read_one_layer_further(share: str, detail: bool) -> None:
    write = message(Command.WRITE_ANDX, files.WriteAndxRequest(0x4000, data=BIND))
    (found,) = messages(exchange(write, share=share, path=r"\srvsvc"))
    assert tagged(found).startswith("MSRPC:c/o Bind: srvsvc") is detail
    reply = message(Command.READ_ANDX, files.ReadAndxResponse(data=BIND_ACK), reply=True)
    (found,) = messages(exchange(b"", reply, share=share, path=r"\srvsvc"))
    assert tagged(found).startswith("MSRPC:c/o Bind Ack: srvsvc") is detail


def test_what_a_set_request_wants_and_a_token_and_a_rap_call() -> None:
    name = "new.txt".encode("utf-16-le")
    rename = struct.pack("<III", 1, 0, len(name)) + name
    asked = trans.Transaction2Request(
        setup=b"\x08\0", parameters=struct.pack("<HHH", 0x4000, 1010, 0), data=rename
    )
    (words,) = told(exchange(message(Command.TRANSACTION2, asked)))
    assert words.endswith("Level = FileRenameInformation (1010), to new.txt")
    blob = token(1)
    setup = session.SessionSetupExtendedRequest(security_blob=blob, security_blob_length=len(blob))
    (words,) = told(exchange(message(Command.SESSION_SETUP_ANDX, setup)))
    assert words == "NTLMSSP:NTLM NEGOTIATE MESSAGE (C; Session Setup Andx)"
    call = trans.TransactionRequest(name="\\PIPE\\LANMAN", parameters=b"\0\0WrLeh\0B13BWz\0\x01\0\0\x10")
    request, reply = told(
        exchange(
            message(Command.TRANSACTION, call),
            message(Command.TRANSACTION, trans.TransactionResponse(parameters=bytes(8)), reply=True),
        )
    )
    assert request == "SMB:C; Transact, Remote Administration Protocol, NetShareEnum"
    assert reply == "SMB:R; Transact, Remote Administration Protocol, Status = 0"


def test_a_payload_that_was_cut_away_still_has_its_length() -> None:
    write = message(Command.WRITE_ANDX, files.WriteAndxRequest(0x4000, data=bytes(60_000)))
    (found,) = messages(exchange(write[:63], request_size=len(write)))
    assert tagged(found) == "SMB:C; Write Andx, FID = 0x4000, 60000 bytes at Offset 0"
    assert found.size == len(write)
    old = message(Command.WRITE, files.WriteRequest(0x4000, 9_000, 0, data=bytes(9_000)))
    (found,) = messages(exchange(old[:45], request_size=len(old)))
    assert tagged(found) == "SMB:C; Write, FID = 0x4000, 9000 bytes at Offset 0"
    old = message(Command.READ, files.ReadResponse(9_000, data=bytes(9_000)), reply=True)
    (found,) = messages(exchange(b"", old[:45], reply_size=len(old)))
    assert tagged(found) == "SMB:R; Read, 9000 bytes"
    reply = message(Command.READ_ANDX, files.ReadAndxResponse(data=bytes(60_000)), reply=True)
    (found,) = messages(exchange(b"", reply[:59], reply_size=len(reply)))
    assert tagged(found) == "SMB:R; Read Andx, 60000 bytes"


def test_what_is_no_smb_says_so() -> None:
    (found,) = messages(exchange(b"GET / HTTP/1.0\r\n\r\n"))
    assert "a message of 18 bytes is shorter than its header" in tagged(found)
    (found,) = messages(exchange(bytes(40)))
    assert "not SMB" in tagged(found)


def test_an_interim_answer_and_a_reply_of_an_unknown_form() -> None:
    asked = message(Command.TRANSACTION2, trans.Transaction2Request(setup=b"\x05\0", total_parameter_count=9))
    interim = message(Command.TRANSACTION2, Empty(), reply=True)
    assert told(exchange(asked, interim))[1] == "SMB:R; Transact2, interim response"
    odd = message(Command.CLOSE, raw.WriteCompleteResponse(1), reply=True)
    (found,) = messages(exchange(b"", odd))
    assert found.parts[0].problem == "no reply of this command has 1 words"


def any_half(data: st.DataObject) -> bytes:
    command = data.draw(st.one_of(st.sampled_from(list(REQUESTS)), st.integers(0, 255)))
    start = header(
        command, flags=data.draw(st.sampled_from([0x18, 0x98])), flags2=data.draw(st.integers(0, 65535))
    )
    words = data.draw(st.binary(max_size=90))
    rest = data.draw(st.binary(max_size=300))
    return start.encode() + bytes([len(words) // 2]) + words[: len(words) // 2 * 2] + rest


def well_formed(found: tuple[Message, ...]) -> None:
    for one in found:
        assert one.parts
        assert tagged(one)
        assert encode(entry_of(one)).endswith(b"}\n")


@given(st.binary(max_size=400), st.binary(max_size=400), st.integers(0, 1 << 17), st.integers(0, 3))
def test_any_bytes_are_taken(request: bytes, reply: bytes, size: int, shown: int) -> None:
    well_formed(messages(exchange(request, reply, request_size=size, reply_size=size, shown=shown)))


@given(st.data())
def test_any_words_and_bytes_of_any_command_are_taken(data: st.DataObject) -> None:
    asked, answered = any_half(data), any_half(data)
    extra = data.draw(st.integers(0, 70_000))
    share = data.draw(st.sampled_from(["public", "IPC$"]))
    status = data.draw(st.sampled_from([0, NT.ACCESS_DENIED, NT.BUFFER_OVERFLOW]))
    one = exchange(asked, answered, share=share, status=status, request_size=len(asked) + extra)
    well_formed(messages(one))


@pytest.mark.parametrize("command", [*REQUESTS, 0x5A], ids=lambda code: f"0x{code:02X}")
@pytest.mark.parametrize(
    "filling", [b"\0", b"\xff", b"\x02\0", b"\x04a"], ids=["nulls", "ones", "twos", "fours"]
)
def test_the_largest_messages_take_no_longer_than_they_are_long(command: int, filling: bytes) -> None:
    body = (filling * 0x10000)[:0x10000]
    asked = header(command).encode() + bytes([20]) + body[:40] + b"\xff\xff" + body
    began = time.process_time()
    well_formed(messages(exchange(asked, asked, request_size=1 << 17)))
    assert time.process_time() - began < 1.0
    well_formed(
        messages(exchange(asked[:MOST_KEPT], asked[:MOST_KEPT], request_size=1 << 30, reply_size=70_000))
    )


ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=20)
"""NUL and lone surrogates, too."""
ANY_SIZE = st.one_of(st.integers(0, 1 << 17), st.sampled_from([1 << 20, 1 << 24, (1 << 32) - 1, 1 << 40]))
QUESTIONS: list[dict[str, Any]] = [
    {"command": "SMB_COM_NT_CREATE_ANDX"},
    {"path": "\\a.txt"},
    {"path": re.compile("a")},
    {"fid": 0x4000, "user": "alice"},
    {"summary": lambda text: "\0" in text},
    {"status": "STATUS_ACCESS_DENIED"},
    {"took_us": lambda value: value > 3},
    {"file_name": "x"},
]


@given(st.data())
def test_any_event_makes_lines_both_ways_and_is_asked_in_the_journal(data: st.DataObject) -> None:
    halves = [
        data.draw(st.one_of(st.just(b""), st.binary(max_size=300), st.just(any_half(data)))) for _ in range(2)
    ]
    event = Exchanged(
        replace(WHO, peer=data.draw(ANY_TEXT), encoding=data.draw(st.sampled_from(["cp850", "cp932", "utf-8"]))),
        data.draw(st.floats(0, 1e11)),
        data.draw(st.floats(0, 1e11)),
        data.draw(st.integers(1, 1 << 60)),
        halves[0],
        data.draw(ANY_SIZE),
        halves[1],
        data.draw(ANY_SIZE),
        data.draw(st.integers(0, 3)),
        data.draw(st.one_of(st.sampled_from([0, NT.ACCESS_DENIED]), st.integers(0, (1 << 32) - 1))),
        data.draw(ANY_TEXT),
        data.draw(ANY_TEXT),
        data.draw(ANY_TEXT),
        data.draw(st.one_of(st.none(), st.integers(0, 0xFFFF))),
        data.draw(ANY_TEXT),
    )  # fmt: skip
    straight = json_lines(event)
    general = b"".join(encode(entry) for entry in entries_of(event))
    assert straight in (None, general)
    assert all(json.loads(line) for line in general.splitlines())
    journal = Journal()
    journal.write(event)
    for entry in journal.entries():
        assert repr(entry)
        assert [getattr(entry, name) for name in ATTRIBUTES]
    for question in QUESTIONS:
        journal.exchanges(**question)
        with contextlib.suppress(AssertionError):
            journal.verify(**question, count=2)


@pytest.mark.parametrize("command", [*REQUESTS, 0x5A], ids=lambda code: f"0x{code:02X}")
@pytest.mark.parametrize("count", [0, 1, 5, 10, 12, 14, 15, 16, 24])
def test_what_was_not_kept_takes_no_memory(command: int, count: int) -> None:
    words = b"\xff" + bytes(2 * count)
    half = header(command).encode() + bytes([count]) + words[: 2 * count] + b"\xff\xff"
    one = exchange(half, half, request_size=1 << 24, reply_size=1 << 24)
    messages(one)
    tracemalloc.start()
    try:
        messages(one)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1 << 20
