"""What identifiers stand for, by every command that gives one out or takes it back."""

import struct
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from fakesmb.trace.context import Context
from fakesmb.trace.follow import Follower
from fakesmb.wire.codec import Empty
from fakesmb.wire.files import (
    CreateRequest,
    CreateResponse,
    CreateTemporaryRequest,
    CreateTemporaryResponse,
    OpenAndxRequest,
    OpenAndxResponse,
    OpenRequest,
    OpenResponse,
    WriteAndCloseRequest,
    WriteResponse,
)
from fakesmb.wire.nt_trans import NtCreateRequest
from fakesmb.wire.trans import NtTransactRequest, NtTransactResponse, Transaction2Request, TransactionResponse
from fakesmb.wire.trans2 import (
    FindNext2Request,
    Open2Request,
    SetFsInformationRequest,
    SetPathInformationRequest,
)
from fakesmb.wire.tree import (
    ProcessExitRequest,
    TreeConnectAndxRequest,
    TreeConnectAndxResponse,
    TreeConnectRequest,
    TreeConnectResponse,
)
from fakesmb.wire.unix import PosixOpenRequest, UnixFsInfo
from tests.core import transcript
from tests.record.test_dissect import transcript_exchanges
from tests.trace.followed import Talk
from tests.trace.test_follow import find_first


@pytest.fixture
def talk(tmp_path: Path) -> Talk:
    for index in range(3):
        (tmp_path / f"file{index}.txt").write_bytes(b"x")
    talk = Talk(tmp_path)
    talk.client.connect("public")
    return talk


def paths(talk: Talk) -> list[str]:
    """The paths that are open after the last event, by what only bytes say."""
    follower = Follower()
    context = Context()
    for event, _ in talk.followed.told:
        context = follower.follow(replace(event, user="", share="", path="", fid=None))
    told = talk.followed.last
    assert [one.fid for one in context.tables.fids] == [one.fid for one in told.tables.fids]
    return [one.path for one in context.tables.fids]


def test_the_documented_exchange() -> None:
    follower = Follower()
    contexts = [follower.follow(one) for one, _ in transcript_exchanges(transcript.FOLDER / "documented.smb")]
    users = {one.user for context in contexts for one in context.tables.uids}
    assert users == {"alice"}
    opened = {(one.fid, one.path, one.interfaces) for context in contexts for one in context.tables.fids}
    assert (0x4000, "\\srvsvc", ("srvsvc 3.0",)) in opened
    assert contexts[-1].tables.fids == ()
    assert contexts[-1].tables.uids == ()


def test_guests_and_nobody(talk: Talk) -> None:
    event = next(
        event for event, _ in talk.followed.told if event.request[4] == 0x73 and len(event.reply) > 40
    )
    reply = bytearray(event.reply)
    reply[37] |= 1
    context = Follower().follow(replace(event, reply=bytes(reply)))
    assert [one.kind for one in context.tables.uids] == ["guest"]
    context = Follower().follow(replace(event, request=b"", shown=2))
    assert [one.kind for one in context.tables.uids] == ["unknown"]
    context = Follower().follow(replace(event, reply=b"", shown=1))
    assert context.tables.uids == ()


def test_opens_of_every_kind(talk: Talk) -> None:
    client = talk.client
    client.call(0x02, OpenRequest(0x40, 0x16, "\\file0.txt"), OpenResponse)
    client.call(0x0F, CreateRequest(0, 0, "\\new.txt"), CreateResponse)
    client.call(0x2D, OpenAndxRequest(access_mode=0x40, file_name="\\file1.txt"), OpenAndxResponse)
    asked = Open2Request(0, 0x40, 0x16, 0, 0, 1, 0, bytes(10), "\\file2.txt").encode()
    trans2(talk, 0, asked, 30)
    create = NtCreateRequest(desired_access=0x120089, share_access=7, file_name="\\file0.txt").encode()
    client.call(
        0xA0, NtTransactRequest(function=1, parameters=create, max_parameter_count=80), NtTransactResponse
    )
    temporary = client.call(0x0E, CreateTemporaryRequest(0, 0, "\\"), CreateTemporaryResponse)
    assert paths(talk)[:5] == ["\\file0.txt", "\\new.txt", "\\file1.txt", "\\file2.txt", "\\file0.txt"]
    assert paths(talk)[5].endswith(temporary.temporary_file_name)
    client.call(0x2C, WriteAndCloseRequest(temporary.fid, 1, 0, 0, pad=0, data=b"x"), WriteResponse)
    assert len(paths(talk)) == 5
    client.call(0x11, ProcessExitRequest(), Empty)
    assert paths(talk) == []


def trans2(talk: Talk, code: int, parameters: bytes, answer: int, data: bytes = b"") -> TransactionResponse:
    return talk.client.call(
        0x32,
        Transaction2Request(
            setup=struct.pack("<H", code),
            parameters=parameters,
            data=data,
            max_parameter_count=answer,
            max_data_count=1000,
        ),
        TransactionResponse,
    )


def test_an_open_of_the_unix_extensions(talk: Talk) -> None:
    trans2(talk, 4, SetFsInformationRequest(0, 0x200).encode(), 0, UnixFsInfo(capabilities=0x37).encode())
    asked = SetPathInformationRequest(0x209, 0, "/file0.txt").encode()
    data = PosixOpenRequest(0, 4, 0o644, 0xFFFF).encode()
    trans2(talk, 6, asked, 2, data)
    assert [path.strip("\\/") for path in paths(talk)] == ["file0.txt"]


def test_a_search_that_goes_on(talk: Talk) -> None:
    (sid,) = struct.unpack_from("<H", find_first(talk.client, 0, 1))
    asked = FindNext2Request(sid, 1, 0x104, 0, 8, "file0.txt").encode()
    trans2(talk, 2, asked, 8)
    assert [one.sid for one in talk.followed.last.tables.sids] == [sid]
    assert talk.followed.last.sids.get(sid) == "\\*"
    asked = FindNext2Request(sid, 100, 0x104, 0, 8 | 2, "file0.txt").encode()
    trans2(talk, 2, asked, 8)
    assert talk.followed.last.tables.sids == ()


def test_trees_that_take_each_others_place(talk: Talk) -> None:
    client = talk.client
    client.create("\\file0.txt")
    old = client.tid
    client.call(
        0x75, TreeConnectAndxRequest(flags=1, password_length=1, path="\\\\x\\IPC$"), TreeConnectAndxResponse
    )
    (tree,) = talk.followed.last.tables.tids
    assert (tree.share, tree.service, tree.is_ipc) == ("IPC$", "IPC", True)
    assert tree.tid != old
    assert talk.followed.last.tables.fids == ()
    client.call(0x70, TreeConnectRequest("\\\\x\\public", "", "A:"), TreeConnectResponse)
    assert [one.share for one in talk.followed.last.tables.tids] == ["IPC$", "public"]


def test_raw_data_and_what_has_no_header(talk: Talk) -> None:
    event, _ = talk.followed.told[-1]
    for request, reply, shown in ((b"", b"", 0), (b"\xffSMB", b"", 1), (event.request, event.reply, 0)):
        context: Any = Follower().follow(replace(event, request=request, reply=reply, shown=shown))
        assert context.tables.tids == ()
