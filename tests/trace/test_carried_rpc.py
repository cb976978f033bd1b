"""What goes over pipes as fields: PDUs, stubs, pieces put together, secrets hidden."""

import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from fakesmb.nt.controls import Fsctl
from fakesmb.record.events import Exchanged
from fakesmb.trace.context import NO_CONTEXT
from fakesmb.trace.field import Field, Tree
from fakesmb.trace.follow import Follower
from fakesmb.trace.trees import trees
from fakesmb.wire.files import ReadAndxResponse
from fakesmb.wire.trans import (
    NtTransactRequest,
    NtTransactResponse,
    TransactionRequest,
    TransactionResponse,
)
from tests.trace import lookedinto
from tests.trace.followed import Talk, bind, head, read, request, write
from tests.trace.lookedinto import seen
from tests.trace.test_follow import SHARE_ENUM


def named(tree: Tree, name: str) -> list[Field]:
    return lookedinto.named(tree.fields, name)


def last(talk: Talk, back: int = 1) -> list[Tree]:
    return seen(*talk.followed.told[-back])


def opened(talk: Talk) -> list[Tree]:
    """The trees of the last event with what they hide."""
    return list(trees(*talk.followed.told[-1], secrets=True))


@pytest.fixture
def talk(tmp_path: Path) -> Talk:
    (tmp_path / "a.txt").write_bytes(b"hello")
    return Talk(tmp_path)


def bound(talk: Talk) -> int:
    fid = talk.pipe()
    write(talk.client, fid, bind())
    read(talk.client, fid)
    return fid


def test_a_bind_and_its_answer(talk: Talk) -> None:
    bound(talk)
    asked, answered = last(talk, 2)[0], last(talk, 1)[1]
    (syntax,) = named(asked, "abstract_syntax")
    assert syntax.meaning == "srvsvc 3.0"
    assert named(asked, "if_uuid")[0].value == "4b324fc8-1670-01d3-1278-5a47bf6ee188"
    assert named(asked, "if_uuid")[1].meaning == "NDR"
    assert named(answered, "sec_addr")[0].meaning == "\\PIPE\\srvsvc"
    assert named(answered, "result")[0].meaning == "acceptance"


def test_a_call_and_its_answer(talk: Talk) -> None:
    fid = bound(talk)
    talk.client.call(
        0x25,
        TransactionRequest(
            name="\\PIPE\\",
            setup=struct.pack("<HH", 0x26, fid),
            data=request(15, SHARE_ENUM),
            max_data_count=4000,
        ),
        TransactionResponse,
    )
    asked, answered = last(talk)
    assert named(asked, "DCE/RPC")[0].meaning == "request, srvsvc NetrShareEnum"
    assert named(asked, "p_cont_id")[0].meaning == "srvsvc 3.0"
    assert named(asked, "Stub")[0].section == "[MS-SRVS] 3.1.4"
    assert {one.value for one in named(answered, "String")} >= {"public", "IPC$"}
    assert "STYPE_IPC" in [one.meaning.partition(",")[0] for one in named(answered, "shi1_type")]
    assert named(answered, "ErrorCode")[0].meaning == "NERR_Success"


def test_pieces_are_put_together(talk: Talk) -> None:
    fid = bound(talk)
    first, second = request(15, SHARE_ENUM[:8], flags=1), request(15, SHARE_ENUM[8:], flags=2)
    write(talk.client, fid, first[:30])
    last(talk)
    (begun, _) = opened(talk)
    assert "the others come later" in named(begun, "StubPiece")[0].meaning
    write(talk.client, fid, first[30:] + second[:10])
    (tree, _) = opened(talk)
    assert [one.meaning for one in named(tree, "PduPiece")] == [
        "the end of a PDU of 32 bytes",
        "a part of a PDU, which goes on",
    ]
    assert tree.buffers[1] == first
    write(talk.client, fid, second[10:])
    (tree, _) = last(talk)
    assert tree.buffers[2] == SHARE_ENUM
    assert named(tree, "Stub")[0].meaning == "parameters of NetrShareEnum"
    read(talk.client, fid, 50)
    read(talk.client, fid)
    (_, tree) = last(talk)
    assert {one.value for one in named(tree, "String")} >= {"public", "IPC$"}


def test_without_a_past_the_pipes_name_stands_for_the_interface(talk: Talk) -> None:
    fid = bound(talk)
    write(talk.client, fid, request(15, SHARE_ENUM))
    (tree, _) = seen(talk.followed.told[-1][0])
    assert named(tree, "opnum")[0].meaning == "NetrShareEnum"
    read(talk.client, fid)
    (_, tree) = seen(talk.followed.told[-1][0])
    assert named(tree, "Stub")[0].meaning == "the call that this answers was not seen"


def test_faults_naks_and_what_is_no_pdu(talk: Talk) -> None:
    bound(talk)
    event, context = talk.followed.told[-1]
    for pdu, name, meaning in (
        (
            head(3, 32, 1) + struct.pack("<IHBBII", 0, 0, 0, 0, 0x1C010002, 0),
            "status",
            "nca_s_op_rng_error (0x1C010002)",
        ),
        (head(13, 21, 1) + b"\4\0\1\5\0", "provider_reject_reason", "PROTOCOL_VERSION_NOT_SUPPORTED"),
        (head(13, 21, 1) + b"\4\0\1\5\0", "p_rt_version", "5.0"),
        (head(17, 16, 1), "PTYPE", "shutdown"),
        (b"no pdu at all, this", "Data", "no PDU of DCE/RPC: what this pipe speaks is not known here"),
    ):
        reply = _read_reply(pdu)
        one = replace(event, reply=reply, reply_size=len(reply), shown=2)
        (tree,) = seen(one, replace(context, reply=NO_CONTEXT.reply))
        assert [found.meaning for found in named(tree, name) if found.meaning] == [meaning]


def _read_reply(data: bytes) -> bytes:
    return (
        bytes.fromhex("ff534d422e000000009801c8")
        + bytes(20)
        + b"".join(ReadAndxResponse(data=data).encode(32))
    )


def test_what_proves_who_is_there_is_hidden(talk: Talk) -> None:
    fid = talk.pipe()
    proof = bytes(range(1, 25))
    places = (24, 88), (24, 64), (0, 112), (0, 112), (0, 112), (0, 112)
    fields = b"".join(struct.pack("<HHI", size, size, at) for size, at in places)
    token = b"NTLMSSP\0\3\0\0\0" + fields + struct.pack("<I", 1) + proof + proof[::-1]
    pdu = bind()
    whole = len(pdu) + 8 + len(token)
    secret = (
        head(11, whole, 1)[:10] + struct.pack("<H", len(token)) + pdu[12:] + b"\x0a\5\0\0\0\0\0\0" + token
    )
    write(talk.client, fid, secret)
    event, context = talk.followed.told[-1]
    (tree, _) = last(talk)
    assert proof not in tree.buffers[0]
    assert proof[::-1] not in tree.buffers[0]
    assert named(tree, "sec_trailer")[0].meaning == "NTLMSSP integrity"
    shown = trees(event, context, secrets=True)[0]
    assert token in shown.buffers[0]


def test_a_sealed_stub_and_a_password(talk: Talk) -> None:
    fid = talk.pipe("samr")
    samr = bytes.fromhex("785734123412cdabef000123456789ac 01000000")
    write(talk.client, fid, bind(samr))
    read(talk.client, fid)
    new = bytes(range(256)) * 2 + bytes(21)
    write(talk.client, fid, request(58, new[:100], flags=1, call=9))
    (tree, _) = last(talk)
    assert named(tree, "StubPiece")[0].meaning == "hidden"
    write(talk.client, fid, request(58, new[100:], flags=2, call=9))
    write(talk.client, fid, request(58, bytes(20) + b"\x1a\0\x1a\0" + new))
    (tree, _) = last(talk)
    assert named(tree, "opnum")[0].meaning == "SamrSetInformationUser2"
    assert new[100:200] not in tree.buffers[0]
    write(talk.client, fid, request(58, bytes(20) + b"\x1a\0\x1a\0" + new[:300]))  # cut short
    (tree, _) = last(talk)
    assert new[100:200] not in tree.buffers[0]
    stub = bytes(40)
    sealed = head(0, 24 + 40 + 8 + 16, 3)[:10] + b"\x10\0" + head(0, 0, 3)[12:]
    sealed += struct.pack("<IHH", 40, 0, 58) + stub + b"\x0a\6\0\0\0\0\0\0" + bytes(16)
    write(talk.client, fid, sealed)
    (tree, _) = last(talk)
    assert [one.meaning for one in named(tree, "Stub")] == ["sealed: RPC_C_AUTHN_LEVEL_PKT_PRIVACY"]


def test_numbers_the_other_way_round(talk: Talk) -> None:
    fid = talk.pipe()
    syntax = bytes.fromhex("4b324fc8 1670 01d3 12785a47bf6ee188 00000003")
    ndr = bytes.fromhex("8a885d04 1ceb 11c9 9fe808002b104860 00000002")
    body = bytes.fromhex("10b810b8 00000000 01000000 0000 0100") + syntax + ndr
    write(talk.client, fid, bytes((5, 0, 11, 3, 0, 0, 0, 0)) + struct.pack(">HHI", 72, 0, 1) + body)
    (tree, _) = last(talk)
    assert named(tree, "abstract_syntax")[0].meaning == "srvsvc 3.0"
    assert named(tree, "packed_drep")[0].meaning == "numbers are big-endian"
    read(talk.client, fid)
    stub = (
        struct.pack(">IIIII", 0x20000, 3, 0, 3, 0)[:16]
        + "ab\0".encode("utf-16-be")
        + bytes(2)
        + struct.pack(">I", 101)
    )
    call = struct.pack(">HHIIHH", 24 + len(stub), 0, 2, len(stub), 0, 21)
    write(talk.client, fid, bytes((5, 0, 0, 3, 0, 0, 0, 0)) + call + stub)
    (tree, _) = last(talk)
    assert [one.value for one in named(tree, "String")] == ["ab"]
    assert named(tree, "Level")[0].value == 101
    assert named(tree, "Stub")[0].note.startswith("A pointer is")


def test_pipes_that_are_called_by_name_and_by_a_control(talk: Talk) -> None:
    fid = bound(talk)
    client = talk.client
    client.call(
        0x25,
        TransactionRequest(
            name="\\PIPE\\srvsvc", setup=struct.pack("<HH", 0x54, 0), data=bind(), max_data_count=4000
        ),
        TransactionResponse,
    )
    asked, answered = last(talk)
    assert named(asked, "abstract_syntax")[0].meaning == "srvsvc 3.0"
    assert named(answered, "result")[0].meaning == "acceptance"
    client.call(
        0xA0,
        NtTransactRequest(
            function=2,
            setup=struct.pack("<IHBB", Fsctl.PIPE_TRANSCEIVE, fid, 1, 0),
            data=request(15, SHARE_ENUM),
            max_data_count=4000,
        ),
        NtTransactResponse,
    )
    asked, answered = last(talk)
    assert named(asked, "Stub")[0].meaning == "parameters of NetrShareEnum"
    assert {one.value for one in named(answered, "String")} >= {"public", "IPC$"}


def test_what_a_client_signs_of_its_bind_once_more(talk: Talk) -> None:
    fid = bound(talk)
    trailer = bytes.fromhex("8ae3137102f43671 0100 0400 01000000 0340 0200 0000")
    write(talk.client, fid, request(15, SHARE_ENUM + trailer))
    (tree, _) = last(talk)
    assert [one.meaning for one in named(tree, "command")] == [
        "SEC_VT_COMMAND_BITMASK_1",
        "SEC_VT_COMMAND_HEADER2",
    ]
    write(talk.client, fid, request(15, SHARE_ENUM + trailer[:-3]))
    (tree, _) = last(talk)
    assert named(tree, "rpc_sec_verification_trailer")


def test_ndr64_is_not_read(talk: Talk) -> None:
    fid = bound(talk)
    write(talk.client, fid, request(15, SHARE_ENUM))
    event, context = talk.followed.told[-1]
    (pdu,) = context.request.pdus or ()
    assert pdu.call is not None
    assert pdu.call.bound is not None
    changed = replace(pdu.call.bound, transfer="71710533-beba-4937-8319-b5dbef9ccc36")
    pdu = replace(pdu, call=replace(pdu.call, bound=changed))
    context = replace(context, request=replace(context.request, pdus=(pdu,)))
    (tree, _) = seen(event, context)
    assert "NDR64" in named(tree, "Stub")[0].meaning


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[Exchanged]:
    talk = Talk(tmp_path_factory.mktemp("share"))
    fid = bound(talk)
    write(talk.client, fid, request(15, SHARE_ENUM))
    read(talk.client, fid)
    return [event for event, _ in talk.followed.told[-4:]]


@settings(max_examples=30)
@given(st.data())
def test_spoilt_pdus(told: list[Exchanged], data: st.DataObject) -> None:
    follower = Follower()
    for event in told:
        asked, answered = bytearray(event.request), bytearray(event.reply)
        for message in (asked, answered):
            for _ in range(data.draw(st.integers(0, 3))):
                at = data.draw(st.integers(59, max(len(message) - 1, 59)))
                if at < len(message):
                    message[at] = data.draw(st.integers(0, 255))
        spoilt = replace(event, request=bytes(asked), reply=bytes(answered))
        for tree in seen(spoilt, follower.follow(spoilt)):
            assert "could not be read" not in tree.problem
