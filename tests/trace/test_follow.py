"""What a conversation is about at each message, followed from the bytes."""

import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from fakesmb.record.events import Client as Peer
from fakesmb.record.events import Connected, Disconnected, Exchanged, Shown
from fakesmb.testing import Client
from fakesmb.trace import association, follow, joining
from fakesmb.trace.association import Association, Pdu
from fakesmb.trace.context import NO_CONTEXT, Context
from fakesmb.trace.follow import Follower
from fakesmb.trace.moments import MOST_ROWS, History, Open, Tables
from fakesmb.trace.trees import trees
from fakesmb.wire.codec import Empty
from fakesmb.wire.files import CloseRequest
from fakesmb.wire.search import FindClose2Request
from fakesmb.wire.session import LogoffAndxRequest, LogoffAndxResponse
from fakesmb.wire.trans import (
    Transaction2Request,
    Transaction2SecondaryRequest,
    TransactionRequest,
    TransactionResponse,
)
from fakesmb.wire.trans2 import FindFirst2Request, QueryPathInformationRequest
from fakesmb.wire.tree import TreeDisconnectRequest
from tests.trace import lookedinto
from tests.trace.followed import NDR, Talk, bind, head, read, request, write

SHARE_ENUM = bytes.fromhex("00000000 01000000 01000000 00000200 00000000 00000000 ffffffff 00000000")
"""NetrShareEnum at level 1 of no named server."""


@pytest.fixture
def talk(tmp_path: Path) -> Talk:
    (tmp_path / "a.txt").write_bytes(b"hello")
    for index in range(3):
        (tmp_path / f"file{index}.txt").write_bytes(b"x")
    return Talk(tmp_path)


def tables(talk: Talk) -> Tables:
    return talk.followed.last.tables


def sent(talk: Talk) -> tuple[Pdu, ...]:
    return talk.followed.last.request.pdus or ()


def got(talk: Talk) -> tuple[Pdu, ...]:
    return talk.followed.last.reply.pdus or ()


def bare(talk: Talk) -> list[Context]:
    """The contexts of the same conversation where events say nothing but bytes and statuses, as a capture's."""
    follower = Follower()
    return [
        follower.follow(replace(event, user="", share="", path="", fid=None))
        for event, _ in talk.followed.told
    ]


def test_tables_are_those_of_each_message(talk: Talk) -> None:
    client = talk.client.connect("public")
    fid = client.create("\\a.txt")
    client.close(fid)
    opened, closed = talk.followed.told[-2][1], talk.followed.last
    assert [(row.user, row.kind) for row in opened.tables.uids] == [("alice", "user")]
    assert [(row.share, row.service) for row in opened.tables.tids] == [("public", "A:")]
    assert [(row.fid, row.path, row.pipe) for row in opened.tables.fids] == [(fid, "\\a.txt", False)]
    assert opened.tables_before.fids == ()
    assert closed.tables.fids == ()
    assert [row.path for row in closed.tables_before.fids] == ["\\a.txt"]
    assert (closed.path, closed.share, closed.user, closed.fid) == ("\\a.txt", "public", "alice", fid)
    assert closed.opened == talk.followed.told[-2][0].number
    assert closed.fids.get(fid) == "\\a.txt"
    assert (closed.uids.get(client.uid), closed.tids.get(client.tid)) == ("alice", "public")
    assert closed.sids.get(1) == ""


def test_bytes_alone_say_the_same(talk: Talk) -> None:
    client = talk.client.connect("public")
    client.create("\\a.txt")
    told, followed = talk.followed.last, bare(talk)[-1]
    assert followed.tables == told.tables
    assert (followed.user, followed.share, followed.service) == ("alice", "public", "A:")


def test_what_ends_with_a_tree_and_a_session(talk: Talk) -> None:
    client = talk.client.connect("public")
    client.create("\\a.txt")
    client.call(0x71, TreeDisconnectRequest(), Empty)
    assert (tables(talk).fids, tables(talk).tids) == ((), ())
    client.connect("public")
    client.create("\\a.txt")
    client.call(0x74, LogoffAndxRequest(), LogoffAndxResponse)
    assert (tables(talk).fids, tables(talk).uids) == ((), ())
    assert len(tables(talk).tids) == 1


def find_first(client: Client, flags: int, count: int) -> bytes:
    asked = FindFirst2Request(0x16, count, flags, 0x104, 0, "\\*")
    answer = client.call(
        0x32,
        Transaction2Request(
            setup=b"\1\0", parameters=asked.encode(), max_data_count=4000, max_parameter_count=10
        ),
        TransactionResponse,
    )
    return bytes(answer.parameters)


def test_searches_begin_and_end(talk: Talk) -> None:
    client = talk.client.connect("public")
    find_first(client, 2, 100)
    assert tables(talk).sids == ()
    sid = struct.unpack_from("<H", find_first(client, 0, 1))[0]
    (search,) = tables(talk).sids
    assert (search.sid, search.path) == (sid, "\\*")
    client.call(0x34, FindClose2Request(sid), Empty)
    assert tables(talk).sids == ()


def test_calls_of_a_pipe(talk: Talk) -> None:
    fid = talk.pipe()
    write(talk.client, fid, bind())
    read(talk.client, fid)
    (opened,) = tables(talk).fids
    assert (opened.path, opened.pipe, opened.interfaces) == ("\\srvsvc", True, ("srvsvc 3.0",))
    asked = request(15, SHARE_ENUM)
    answer = talk.client.call(
        0x25,
        TransactionRequest(
            name="\\PIPE\\", setup=struct.pack("<HH", 0x26, fid), data=asked, max_data_count=1024
        ),
        TransactionResponse,
    )
    for context in (talk.followed.last, bare(talk)[-1]):
        assert context.request.pdus is not None
        assert context.reply.pdus is not None
        (ours,), (theirs,) = context.request.pdus, context.reply.pdus
        assert ours.data == asked
        assert theirs.data == bytes(answer.data)
        assert ours.call == theirs.call
        assert ours.call is not None
        assert ours.call.bound is not None
        assert (ours.call.bound.name, ours.call.bound.accepted, ours.call.opnum) == ("srvsvc", True, 15)


def test_fragments_and_pieces_of_fragments_are_put_together(talk: Talk) -> None:
    fid = talk.pipe()
    write(talk.client, fid, bind())
    read(talk.client, fid)
    first = request(15, SHARE_ENUM[:8], flags=1)
    last = request(15, SHARE_ENUM[8:], flags=2)
    write(talk.client, fid, first[:5])
    assert sent(talk) == (association.Pdu(0, 5, piece=True),)
    write(talk.client, fid, first[5:] + last[:30])
    begun, cut = sent(talk)
    assert (begun.at, begun.size, begun.earlier, begun.data) == (0, len(first) - 5, 5, first)
    assert begun.piece
    assert (cut.at, cut.size, cut.whole) == (len(first) - 5, 30, False)
    write(talk.client, fid, last[30:])
    (done,) = sent(talk)
    assert (done.stub, done.fragments, done.piece) == (SHARE_ENUM, 2, False)
    answer = read(talk.client, fid, 100)
    answer += read(talk.client, fid)
    (answered,) = got(talk)
    assert answered.data == answer
    assert answered.call == done.call
    assert talk.followed.follower.held == 0


def test_a_transaction_in_several_messages(talk: Talk) -> None:
    client = talk.client.connect("public")
    parameters = QueryPathInformationRequest(0x101, 0, "\\a.txt").encode()
    client.send(
        0x32,
        Transaction2Request(
            setup=b"\5\0",
            parameters=parameters[:10],
            total_parameter_count=len(parameters),
            max_data_count=100,
            max_parameter_count=2,
        ),
    )
    assert talk.followed.last.request.piece
    assert talk.followed.follower.held == len(parameters)
    mid = client.mid
    client.mid -= 1
    client.send(
        0x33,
        Transaction2SecondaryRequest(
            parameters=parameters[10:], total_parameter_count=len(parameters), parameter_displacement=10
        ),
    )
    assert client.mid == mid
    (_, asked), (_, answered) = talk.followed.told[-2:]
    assert asked.request.whole is not None
    assert (asked.request.whole.parameters, asked.request.whole.messages) == (parameters, 2)
    assert answered.reply.asked is not None
    assert (answered.reply.asked.subcommand, answered.reply.asked.parameters) == (5, parameters)
    assert talk.followed.follower.held == 0
    first, second = (trees(*one) for one in talk.followed.told[-3:-1])
    assert lookedinto.named(first[0].fields, "Piece")
    (name,) = lookedinto.named(second[0].fields, "FileName")
    assert (name.value, name.buffer, second[0].buffers[1]) == ("\\a.txt", 1, parameters)
    (answer,) = trees(*talk.followed.told[-1])
    assert lookedinto.named(answer.fields, "LastChangeTime")


def test_an_answer_in_several_messages(talk: Talk) -> None:
    client = talk.client.connect("public")
    asked = FindFirst2Request(0x16, 100, 2, 0x104, 0, "\\*")
    client.send(
        0x32,
        Transaction2Request(
            setup=b"\1\0", parameters=asked.encode(), max_data_count=4000, max_parameter_count=10
        ),
    )
    event, _ = talk.followed.told[-1]
    (answer,) = client.answers()
    body = answer.body(TransactionResponse)
    pieces = list(body.pieces(300, 32))
    assert len(pieces) > 1
    follower, contexts = Follower(), []
    for index, piece in enumerate(pieces):
        reply = event.reply[:32] + b"".join(piece.encode(32))
        shown = Shown.REPLY if index else Shown.BOTH
        contexts.append(follower.follow(replace(event, reply=reply, reply_size=len(reply), shown=shown)))
    assert all(context.reply.piece for context in contexts[:-1])
    whole = contexts[-1].reply.whole
    assert whole is not None
    assert (whole.data, whole.parameters) == (bytes(body.data), bytes(body.parameters))
    assert follower.held == 0


def test_a_capture_that_begins_in_the_middle(talk: Talk) -> None:
    fid = talk.pipe()
    write(talk.client, fid, bind())
    read(talk.client, fid)
    write(talk.client, fid, request(15, SHARE_ENUM))
    read(talk.client, fid)
    follower = Follower()
    late = [replace(event, user="", share="", path="", fid=None) for event, _ in talk.followed.told[-2:]]
    first, second = map(follower.follow, late)
    assert first.request.pdus is not None
    assert second.reply.pdus is not None
    (call,) = (pdu.call for pdu in first.request.pdus)
    assert call is not None
    assert (call.opnum, call.bound) == (15, None)
    assert second.reply.pdus[0].call == call
    assert first.tables == NO_CONTEXT.tables


def test_a_connection_that_ended_is_forgotten(talk: Talk) -> None:
    talk.client.connect("public")
    event = talk.followed.told[-1][0]
    follower = Follower()
    follower.follow(event)
    assert follower.follow(Disconnected(0.0, event.client.connection, "", "", "gone")) is NO_CONTEXT
    context = follower.follow(replace(event, shown=Shown.REQUEST))
    assert context.tables.tids == ()
    follower.follow(event)
    follower.follow(Connected(0.0, event.client.connection, "", ""))
    assert follower.follow(replace(event, shown=Shown.REQUEST)).tables.tids == ()


def test_tables_of_long_ago_stay_what_they_were() -> None:
    history = History()
    moments = []
    for fid in range(500):
        history.put(Open(fid, f"\\{fid}"))
        if fid >= 10:
            history.drop(Open, fid - 10)
        moments.append(history.moment)
    for fid, moment in enumerate(moments):
        assert [row.fid for row in moment.tables().fids] == list(range(max(fid - 9, 0), fid + 1))
        assert moment.row(Open, fid) == Open(fid, f"\\{fid}")
        assert moment.row(Open, fid + 1) is None


def test_rows_are_bounded() -> None:
    history = History()
    for fid in range(MOST_ROWS + 10):
        history.put(Open(fid, "\\x"))
    assert len(history.rows) == MOST_ROWS
    assert history.open(0, 9) is None


def test_ten_megabytes_of_fragments_are_let_go() -> None:
    pipe = Association()
    pipe.take(bind(), request=True, number=1)
    fragment = request(15, bytes(4000), flags=0)
    pipe.take(request(15, bytes(4000), flags=1), request=True, number=2)
    for _ in range(2600):
        pipe.take(fragment, request=True, number=3)
        assert pipe.held <= association.MOST_OF_STUB + 8000
    (last,) = pipe.take(request(15, b"", flags=2), request=True, number=4)
    assert (last.stub, last.piece) == (None, True)
    assert pipe.held == 0
    for call in range(1000):
        pipe.take(request(15, bytes(4000), call=call, flags=1), request=True, number=5)
    assert pipe.held <= association.MOST_CALLS * 4000


def test_all_connections_together_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "MOST_HELD", 100_000)
    monkeypatch.setattr(follow, "MOST_CONNECTIONS", 30)
    follower = Follower()
    begun = Transaction2Request(setup=b"\1\0", parameters=b"x" * 10, total_parameter_count=0xFFFF).encode(32)
    message = bytes.fromhex("ff534d4232") + bytes(27) + b"".join(begun)
    for connection in range(100):
        event = Exchanged(Peer(connection, "", ""), 0, 0, 1, message, len(message), b"", 0, Shown.REQUEST)
        assert follower.follow(event).request.piece
        assert follower.held <= 100_000 + 0xFFFF
    assert len(follower._connections) == 30


def test_more_of_a_transaction_than_can_be_put_together() -> None:
    joined = joining.Joining(b"", 0, joining.MOST_JOINED + 1)
    piece = TransactionResponse(
        data=bytes(joining.MOST_JOINED), total_parameter_count=0, total_data_count=1 << 30
    )
    assert not joined.take(piece, whole=True)
    assert joined.take(replace(piece, data=b"x"), whole=True)
    assert joined.whole() is None
    assert joined.held == 0


def test_what_was_not_kept_of_a_pipe_is_left_out() -> None:
    pipe = Association()
    pdu = request(15, bytes(100))
    (cut,) = pipe.take(pdu[:50], request=True, number=1, missing=30)
    assert (cut.size, cut.whole) == (50, False)
    (rest, whole) = pipe.take(pdu[80:] + pdu, request=True, number=2)
    assert (rest.size, rest.data) == (len(pdu) - 80, b"")
    assert whole.whole


@pytest.mark.parametrize(
    "data", [b"GET / HTTP/1.0", b"\5\0\0\3" + bytes(20), b"\5\1\0\3\x10\0\0\0\1\0" + bytes(30)]
)
def test_what_is_no_pdu(data: bytes) -> None:
    pipe = Association()
    (found,) = pipe.take(data, request=True, number=1)
    assert not found.whole
    assert pipe.held == 0


def test_contexts_are_bound_as_they_are_acknowledged() -> None:
    pipe = Association()
    pipe.take(bind(context=7, call=3), request=True, number=1)
    assert [(one.context, one.accepted) for one in pipe.contexts.values()] == [(7, False)]
    results = b"\1\0\0\0" + b"\2\0\1\0" + bytes(20)
    refused = bytes.fromhex("b810b810 00000000 0000 0000") + results
    pipe.take(head(12, 16 + len(refused), 3) + refused, request=False, number=2)
    assert pipe.contexts == {}
    pipe.take(bind(context=7, call=4), request=True, number=3)
    accepted = bytes.fromhex("b810b810 00000000 0000 0000 01000000 0000 0000") + NDR
    pipe.take(head(12, 16 + len(accepted), 4) + accepted, request=False, number=4)
    assert pipe.contexts[7].accepted
    pipe.take(bind(context=8, call=5), request=True, number=5)
    pipe.take(head(13, 24, 5) + bytes(8), request=False, number=6)
    pipe.let_go()
    assert pipe.interfaces == ("srvsvc 3.0",)


def test_a_fault_answers_a_call() -> None:
    pipe = Association()
    pipe.take(bind(), request=True, number=1)
    (asked,) = pipe.take(request(99, b""), request=True, number=2)
    (fault,) = pipe.take(head(3, 32, 2) + bytes(16), request=False, number=3)
    assert fault.call == asked.call
    (again,) = pipe.take(head(3, 32, 2) + bytes(16), request=False, number=4)
    assert again.call is None


@given(st.lists(st.tuples(st.binary(max_size=80), st.booleans()), max_size=6))
def test_any_bytes_on_a_pipe(pieces: list[tuple[bytes, bool]]) -> None:
    pipe = Association()
    for data, asks in pieces:
        found = pipe.take(data, request=asks, number=1)
        assert sum(one.size for one in found) == len(data)


@given(st.binary(max_size=120), st.binary(max_size=120), st.integers(0, 255), st.integers(0, 3))
def test_any_bytes_are_followed(asked: bytes, answered: bytes, command: int, shown: int) -> None:
    start = bytes.fromhex("ff534d42") + bytes((command,))
    asked, answered = start + asked, start + answered
    follower = Follower()
    event = Exchanged(Peer(1, "", ""), 0, 0, 1, asked, len(asked), answered, len(answered) + 7, shown)
    for _ in range(2):
        follower.follow(event)
    follower.follow(replace(event, request=b""))


@settings(max_examples=40)
@given(st.data())
def test_spoilt_messages_are_followed(talk_events: list[Exchanged], data: st.DataObject) -> None:
    follower = Follower()
    for event in talk_events:
        place = data.draw(st.integers(32, max(len(event.request), len(event.reply), 33) - 1))
        byte = data.draw(st.integers(0, 255))
        asked, answered = bytearray(event.request), bytearray(event.reply)
        for message in (asked, answered):
            if place < len(message):
                message[place] = byte
        follower.follow(replace(event, request=bytes(asked), reply=bytes(answered)))
    assert follower.held >= 0


@pytest.fixture(scope="module")
def talk_events(tmp_path_factory: pytest.TempPathFactory) -> list[Exchanged]:
    folder = tmp_path_factory.mktemp("share")
    (folder / "a.txt").write_bytes(b"hello")
    talk = Talk(folder)
    client = talk.client.connect("public")
    client.close(client.create("\\a.txt"))
    find_first(client, 0, 1)
    fid = talk.pipe()
    write(client, fid, bind())
    read(client, fid)
    client.call(0x04, CloseRequest(fid), Empty)
    return [event for event, _ in talk.followed.told]
