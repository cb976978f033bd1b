"""The trees of messages: every byte in one field, named and explained, whatever the bytes are."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakesmb.record.events import Shown
from fakesmb.trace.field import Field
from fakesmb.trace.follow import Follower
from fakesmb.trace.trees import as_json, trees
from fakesmb.wire import files
from fakesmb.wire.codec import Body
from fakesmb.wire.commands import Command
from fakesmb.wire.negotiate import NegotiateExtendedResponse
from tests.core import transcript
from tests.record.test_dissect import exchange, message, transcript_exchanges
from tests.trace.treechecks import check, everything, found, leaves, names

TRANSCRIPTS = sorted(transcript.FOLDER.glob("*.smb"))
SMB = b"\xffSMB"


class TestTranscripts:
    @pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
    def test_every_byte_lies_in_one_field(self, path: Path) -> None:
        for one, _ in transcript_exchanges(path):
            (tree,) = trees(one, secrets=True)
            check(tree)
            assert tree.buffers[0] == (one.request if one.shown == Shown.REQUEST else one.reply)

    @pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
    def test_a_message_cut_anywhere_is_told_as_far_as_it_goes(self, path: Path) -> None:
        for one, _ in transcript_exchanges(path):
            data = one.request if one.shown == Shown.REQUEST else one.reply
            for size in range(0, len(data), 7):
                request, reply = (
                    (data[:size], b"") if one.shown == Shown.REQUEST else (one.request, data[:size])
                )
                cut = exchange(request, reply, shown=one.shown, request_size=len(data), reply_size=len(data))
                for tree in trees(cut):
                    check(tree)
                    assert tree.size == len(data)


def test_the_header_is_in_the_tree() -> None:
    one, _ = next(iter(transcript_exchanges(transcript.FOLDER / "documented_spnego.smb")))
    (tree,) = trees(one)
    header = found(tree, "SMB_Header")
    assert (header.at, header.size, header.section) == (0, 32, "[MS-CIFS] 2.2.3.1")
    assert names(header.fields) == [
        "Protocol",
        "Command",
        "Status",
        "Flags",
        "Flags2",
        "PIDHigh",
        "SecuritySignature",
        "Reserved",
        "TID",
        "PIDLow",
        "UID",
        "MID",
    ]
    assert found(tree, "Command").meaning == "SMB_COM_NEGOTIATE"


@given(st.binary(max_size=200), st.sampled_from([0, *Command]), st.booleans(), st.binary(max_size=80))
def test_any_bytes_have_a_tree(rest: bytes, command: int, both: bool, more: bytes) -> None:
    data = SMB + bytes((command,)) + rest
    one = exchange(data, data + more if both else b"", share="IPC$")
    told = trees(one)
    assert len(told) == 1 + both
    for tree in told:
        check(tree)
        msgspec.json.encode(as_json(tree))


def test_names_that_utf_8_cannot_spell_do_not_break_json() -> None:
    """NTFS allows lone surrogates in a name."""
    body = files.NtCreateAndxRequest(file_name="\\\ud800", name_length=4)
    one = exchange(message(Command.NT_CREATE_ANDX, body), shown=Shown.REQUEST)
    (tree,) = trees(one)
    assert found(tree, "FileName").value == "\\\ud800"
    close = exchange(
        message(Command.CLOSE, files.CloseRequest(1)),
        shown=Shown.REQUEST,
        fid=1,
        path="\\\ud800",
        user="\udc00",
    )
    for event in (one, close):
        for told in trees(event):
            assert "\ufffd" in msgspec.json.encode(as_json(told)).decode()


@given(st.binary(max_size=60))
def test_bytes_that_are_no_message_are_one_field(data: bytes) -> None:
    for tree in trees(exchange(data, data, shown=3)):
        check(tree)
        assert tree.problem


def test_sixty_four_bits_stay_exact_in_json() -> None:
    moment = 134_400_123_456_789_017
    body = NegotiateExtendedResponse(dialect_index=5, system_time=moment, server_guid=bytes(16))
    (tree,) = trees(exchange(b"", message(Command.NEGOTIATE, body, reply=True), shown=Shown.REPLY))
    assert found(tree, "SystemTime").value == moment
    assert found(tree, "SystemTime").meaning == "2026-11-24 16:45:45.6789017 UTC"
    assert f'"{moment}"' in json.dumps(as_json(tree))


class TestPayload:
    """What was read or written is in its place, as far as the server kept it."""

    @pytest.mark.parametrize(
        ("command", "body", "reply"),
        [
            (Command.WRITE_ANDX, files.WriteAndxRequest(fid=1, data=b"hello"), False),
            (Command.WRITE, files.WriteRequest(1, 5, 0, 0, b"hello"), False),
            (Command.WRITE_AND_UNLOCK, files.WriteRequest(1, 5, 0, 0, b"hello"), False),
            (Command.WRITE_AND_CLOSE, files.WriteAndCloseRequest(1, 5, 0, 0, data=b"hello"), False),
            (Command.READ_ANDX, files.ReadAndxResponse(data=b"hello"), True),
            (Command.READ, files.ReadResponse(5, bytes(8), b"hello"), True),
            (Command.LOCK_AND_READ, files.ReadResponse(5, bytes(8), b"hello"), True),
        ],
        ids=lambda value: value.name if isinstance(value, Command) else "",
    )
    def test_what_the_record_keeps_beside_a_message_is_in_its_tree(
        self, command: int, body: Body, reply: bool
    ) -> None:
        data = message(command, body, reply=reply)
        cut = data[: 35 + 2 * data[32]]
        for kept in (b"hello", b"hel"):
            one = exchange(
                b"" if reply else cut,
                cut if reply else b"",
                request_size=len(data),
                reply_size=len(data),
                shown=Shown.REPLY if reply else Shown.REQUEST,
                data=kept,
            )
            (tree,) = trees(one)
            check(tree)
            assert tree.buffers[0] == data[: len(data) - 5 + len(kept)]
            assert (
                found(
                    tree, "SMB_Data", *(["Bytes"] if reply and command != Command.READ_ANDX else ["Data"])
                ).value
                == kept.hex()
            )

    def test_without_it_the_tree_says_how_much_there_was(self) -> None:
        data = message(Command.WRITE_ANDX, files.WriteAndxRequest(fid=1, data=b"hello"))
        (tree,) = trees(exchange(data[: 35 + 28], request_size=len(data), shown=Shown.REQUEST))
        check(tree)
        told = found(tree, "SMB_Data", "Data")
        assert (told.size, told.meaning) == (0, "5 bytes, which are not kept")
        assert not tree.problem


def without_section(fields: Sequence[Field], above: str = "") -> Iterator[str]:
    """The names of the leaves that neither have a section nor lie in a group that has one."""
    for one in fields:
        section = one.section or above
        if one.fields:
            yield from without_section(one.fields, section)
        elif not section:
            yield one.name


@pytest.mark.parametrize("name", ["documented", "documented_spnego"])
def test_each_byte_of_the_documented_exchange_is_named_and_specified(name: str) -> None:
    follower, pdus = Follower(), 0
    for one, words in transcript_exchanges(transcript.FOLDER / f"{name}.smb"):
        (tree,) = trees(one, follower.follow(one), secrets=True)
        check(tree)
        assert tree.problem == ""
        assert [one for one in leaves(tree.fields) if one.name == "Unread"] == [], words
        assert list(without_section(tree.fields)) == []
        pdus += any(one.name == "DCE/RPC" for one in everything(tree.fields))
    assert pdus >= 8
