"""What several messages of a transaction carried, shown with the last; NT_TRANSACT's data; what is not known."""

import struct
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from fakesmb.nt.controls import Fsctl
from fakesmb.nt.descriptor import Control, Descriptor, acl_of, allow, descriptor_bytes
from fakesmb.record.events import Client, Exchanged
from fakesmb.trace.field import Tree
from fakesmb.trace.follow import Follower
from fakesmb.wire import eas
from fakesmb.wire.dfs import ReferralResponse
from fakesmb.wire.header import pack_header
from fakesmb.wire.nt_trans import NtCreateRequest
from fakesmb.wire.trans import (
    NtTransactRequest,
    NtTransactResponse,
    Transaction2Request,
    TransactionRequest,
    TransactionResponse,
)
from fakesmb.wire.trans2 import QueryFileInformationRequest
from tests.trace.followed import Talk
from tests.trace.lookedinto import named, seen
from tests.trace.test_follow import find_first

RAP = struct.pack("<H", 0) + b"WrLeh\0B13BWz\0" + struct.pack("<HH", 1, 4000)
SHARES = b"public\0\0\0\0\0\0\0" + b"\0" + struct.pack("<HI", 0, 20) + b"all\0"
EVERYONE = bytes.fromhex("0101000000000001 00000000")


def message(command: int, body: Any, *, reply: bool = False) -> bytes:
    head = pack_header(command, 0, 0x98 if reply else 0x18, 0xC803, 0, 1, 2, 3, 4)
    return head + b"".join(body.encode(32))


def told(command: int, asked: Any, *answers: Any) -> list[list[Tree]]:
    """The trees of a request and of the messages of its answer, as the follower explains them."""
    request = message(command, asked)
    follower, found = Follower(), []
    for index, one in enumerate(answers or (None,)):
        reply = b"" if one is None else message(command, one, reply=True)
        shown = (1 if not index else 0) | (2 if reply else 0)
        event = Exchanged(
            Client(1, "", ""), 0, 0, 1, request, len(request), reply, len(reply), shown, share="public"
        )
        found.append(seen(event, follower.follow(event)))
    return found


def ioctl(code: int, data: bytes = b"", *, control: int = 1) -> NtTransactRequest:
    return NtTransactRequest(function=2, setup=struct.pack("<IHBB", code, 5, control, 0), data=data)


def test_rap_in_pieces() -> None:
    asked = TransactionRequest(name="\\PIPE\\LANMAN", parameters=RAP, max_data_count=4000)
    parameters = struct.pack("<HHHH", 0, 0, 1, 1)
    answer = TransactionResponse(parameters=parameters, data=SHARES)
    ((_, whole),) = told(0x25, asked, answer)
    assert named(whole.fields, "NetworkName")[0].value == "public"
    assert named(whole.fields, "Remark")[0].value == "all"
    trees = told(0x25, asked, *answer.pieces(72, 32))
    assert len(trees) > 1
    last = trees[-1][-1]
    assert named(last.fields, "NetworkName")[0].value == "public"
    pieces = [one for tree in trees for one in named(tree[-1].fields, "Piece")]
    assert {one.meaning for one in pieces} == {"hidden"}


def test_rap_answers_that_lie() -> None:
    asked = TransactionRequest(name="\\PIPE\\LANMAN", parameters=RAP)
    for parameters, data in (
        (struct.pack("<HHHH", 0, 0, 9, 9), SHARES),
        (struct.pack("<HHHH", 0, 7, 1, 1), SHARES),
        (b"", SHARES),
    ):
        ((_, tree),) = told(0x25, asked, TransactionResponse(parameters=parameters, data=data))
        assert named(tree.fields, "NetworkName")
    strange = TransactionRequest(name="\\PIPE\\LANMAN", parameters=b"\0\0WQ\0B13\0\1\0")
    ((tree,),) = told(0x25, strange)
    assert "none of its letters" in tree.problem
    rows = TransactionRequest(name="\\PIPE\\LANMAN", parameters=b"\0\0WrLh\0Y\0\1\0\2\0")
    ((_, tree),) = told(0x25, rows, TransactionResponse(parameters=bytes(6), data=b"xyz"))
    assert "none of the letters" in tree.problem


def test_an_answer_of_nt_transact_in_pieces() -> None:
    whole = descriptor_bytes(
        Descriptor("S-1-1-0", None, acl_of([allow("S-1-1-0", 1)] * 3), None, Control.DACL_PRESENT)
    )
    asked = NtTransactRequest(function=6, parameters=struct.pack("<HHI", 5, 0, 7))
    answer = NtTransactResponse(parameters=struct.pack("<I", len(whole)), data=whole)
    trees = told(0xA0, asked, *answer.pieces(130, 32))
    assert len(trees) > 1
    assert len(named(trees[-1][-1].fields, "ACE")) == 3


def test_what_nt_transact_carries() -> None:
    made = descriptor_bytes(Descriptor("S-1-1-0", None, None, None, 0))
    attributes = eas.encode_full([eas.Ea(b"A", b"v")])
    create = NtCreateRequest(
        desired_access=1, security_descriptor_length=len(made), ea_length=len(attributes), file_name="\\x"
    )
    asked = NtTransactRequest(function=1, parameters=create.encode(), data=made + attributes)
    ((tree,),) = told(0xA0, asked)
    assert named(tree.fields, "OwnerSid")
    assert named(tree.fields, "AttributeName")[0].value == "A"
    quota = struct.pack("<IIQqqq", 0, 12, 0, 1, 2, 3) + EVERYONE
    ((tree,),) = told(0xA0, NtTransactRequest(function=8, parameters=b"\5\0", data=quota))
    assert named(tree.fields, "QuotaLimit")[0].value == 3
    ((asks, tree),) = told(
        0xA0,
        NtTransactRequest(function=7, parameters=bytes(16), data=struct.pack("<II", 0, 12) + EVERYONE),
        NtTransactResponse(parameters=bytes(4), data=quota),
    )
    assert (
        named(asks.fields, "Sid")[0].meaning == named(tree.fields, "Sid")[0].meaning == "Everyone (S-1-1-0)"
    )


def test_controls() -> None:
    for code, data, name in (
        (Fsctl.SET_SPARSE, b"\1", "SetSparse"),
        (0x90099, b"\1", ""),
        (Fsctl.SET_SPARSE, b"", ""),
    ):
        ((tree,),) = told(0xA0, ioctl(code, data))
        assert bool(named(tree.fields, name)) == bool(name)
    ((tree,),) = told(0xA0, ioctl(Fsctl.SET_SPARSE, b"\1", control=0))
    assert not named(tree.fields, "SetSparse")
    ((tree,),) = told(0xA0, ioctl(Fsctl.SRV_COPYCHUNK, bytes(24) + struct.pack("<II", 3, 0) + bytes(24)))
    assert len(named(tree.fields, "SRV_COPYCHUNK")) == 1
    assert tree.problem


def test_levels_that_lie_or_are_not_known() -> None:
    asked = Transaction2Request(setup=b"\7\0", parameters=QueryFileInformationRequest(5, 0x101).encode())
    ((_, tree),) = told(0x32, asked, TransactionResponse(parameters=b"\0\0", data=bytes(10)))
    assert "BasicInfo is at least" in tree.problem
    asked = Transaction2Request(setup=b"\7\0", parameters=QueryFileInformationRequest(5, 0x777).encode())
    ((_, tree),) = told(0x32, asked, TransactionResponse(parameters=b"\0\0", data=bytes(10)))
    assert named(tree.fields, "Trans2_Data")[0].value == "00" * 10
    asked = Transaction2Request(setup=b"\7\0", parameters=QueryFileInformationRequest(5, 1022).encode())
    stream = struct.pack("<IIQQ", 500, 2, 1, 1) + b"a\0"
    ((_, tree),) = told(0x32, asked, TransactionResponse(parameters=b"\0\0", data=stream))
    assert named(tree.fields, "StreamName")[0].value == "a"
    assert tree.problem


@pytest.mark.parametrize("version", [3, 4])
def test_referrals_of_name_lists_and_of_version_4(version: int) -> None:
    answer = bytearray(ReferralResponse(10, 3, ("\\one\\share",), "\\here", ttl=300).encode())
    answer[8] = version
    asked = Transaction2Request(setup=b"\x10\0", parameters=b"\4\0\\\0a\0\0\0")
    ((_, tree),) = told(0x32, asked, TransactionResponse(data=bytes(answer)))
    assert named(tree.fields, "NetworkAddress")[0].value == "\\one\\share"
    assert named(tree.fields, "TimeToLive")[0].meaning == "300 s"
    answer[14] = 2  # NameListReferral
    ((_, tree),) = told(0x32, asked, TransactionResponse(data=bytes(answer)))
    assert named(tree.fields, "SpecialNameOffset")
    answer[8] = 9
    ((_, tree),) = told(0x32, asked, TransactionResponse(data=bytes(answer)))
    assert tree.problem == "a referral of version 9"


def test_what_was_not_kept_is_told_so(tmp_path: Path) -> None:
    talk = Talk(tmp_path)
    for index in range(60):
        (tmp_path / f"a file with a long name, number {index}.txt").write_bytes(b"")
    talk.client.connect("public")
    find_first(talk.client, 2, 100)
    event, context = talk.followed.told[-1]
    cut = replace(event, reply=event.reply[:1000])
    (_, tree) = seen(cut, context)
    assert named(tree.fields, "Unread")[-1].meaning.startswith("only 1000 of")
    assert "a file with" in named(tree.fields, "FileName")[-1].value
