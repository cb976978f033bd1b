"""Information levels, listings, descriptors, controls, referrals and RAP as fields."""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from fakesmb.nt.controls import Fsctl
from fakesmb.nt.descriptor import Ace, AceType, Control, Descriptor, acl_of, allow, descriptor_bytes
from fakesmb.nt.posixacl import Acls, of_mode
from fakesmb.record.events import Exchanged
from fakesmb.trace import carriedcontrols, carriedlevels, carriedlists, carriedrap, descriptors
from fakesmb.trace.carrieddfs import referral
from fakesmb.trace.carriedlevels import level_row, take_level
from fakesmb.trace.field import Field
from fakesmb.trace.settle import settled
from fakesmb.trace.taking import Taking
from fakesmb.wire import eas, file_info, find_info, fs_info, rap, set_info, unix
from fakesmb.wire.codec import DecodeError, encode_utf16
from fakesmb.wire.dfs import ReferralResponse
from fakesmb.wire.find_info import EntryList
from fakesmb.wire.info import LevelContext, Stream
from fakesmb.wire.nt_trans import notify_information
from fakesmb.wire.search import SearchRequest, SearchResponse
from fakesmb.wire.trans import (
    NtTransactRequest,
    NtTransactResponse,
    Transaction2Request,
    TransactionRequest,
    TransactionResponse,
)
from fakesmb.wire.trans2 import FindFirst2Request, Trans2
from tests.trace.followed import Talk
from tests.trace.lookedinto import check, named, seen
from tests.trace.test_follow import find_first
from tests.wire.test_info import CONTEXT, CREATED, DIRECTORY, FACTS, QUERIES, VOLUMES
from tests.wire.wire_blocks import octets

QUERY, SET, FIND = Trans2.QUERY_FILE_INFORMATION, Trans2.SET_PATH_INFORMATION, Trans2.FIND_FIRST2


def taken(take_all: Callable[[Taking], Any], data: bytes, *, unicode: bool = True) -> tuple[Field, ...]:
    """The fields of data that can be read to their end."""
    take = Taking(data, 0, len(data), unicode=unicode)
    take_all(take)
    fields = settled(take.fields, 0, len(data), data)
    check(fields, [data])
    assert not named(fields, "Unread")
    return fields


def level(
    subcommand: int, code: int, data: bytes, *, request: bool = False, unicode: bool = True, flags: int = 0
) -> tuple[Field, ...]:
    row = level_row(subcommand, code, request=request)
    assert row is not None, hex(code)
    asked = FindFirst2Request(0, 0, flags, code, 0, "")
    return taken(lambda take: take_level(take, row, asked), data, unicode=unicode)


def value(fields: tuple[Field, ...], name: str) -> Any:
    (one,) = named(fields, name)
    return one.value


@pytest.mark.parametrize(("code", "golden"), QUERIES)
def test_queries_of_files(code: int, golden: str) -> None:
    data = octets(golden)
    fields = level(QUERY, code, data)
    for name, expected in (
        ("EndOfFile", FACTS.end_of_file),
        ("AllocationSize", FACTS.allocation_size),
        ("LastChangeTime", FACTS.change_time),
        ("NumberOfLinks", 2),
        ("EaSize", 9),
        ("IndexNumber", FACTS.file_id),
    ):
        for one in named(fields, name):
            assert one.value in (expected, 0xFFFFFFFF)
    if code in (0x104, 0x107, 1009, 1018):
        assert value(fields, "FileName") == FACTS.path


def test_meanings() -> None:
    fields = level(QUERY, 0x101, octets(dict(QUERIES)[0x101]))
    assert named(fields, "CreationTime")[0].meaning == "2020-02-03 04:05:06.0000000 UTC"
    assert named(fields, "ExtFileAttributes")[0].meaning == "ATTR_ARCHIVE"
    assert named(fields, "Pad")[0].size == 4
    fields = level(QUERY, 1, octets(dict(QUERIES)[1]))
    assert named(fields, "CreationDate")[0].meaning == "2020-02-03"
    assert named(fields, "CreationTime")[0].meaning == "04:05:06"
    fields = level(QUERY, 1016, octets(dict(QUERIES)[1016]))
    assert named(fields, "Mode")[0].meaning == "FILE_WRITE_THROUGH"


@pytest.mark.parametrize(("code", "golden"), VOLUMES)
def test_queries_of_volumes(code: int, golden: str) -> None:
    level(Trans2.QUERY_FS_INFORMATION, code, octets(golden))


def test_names_of_volumes_are_texts() -> None:
    fields = level(Trans2.QUERY_FS_INFORMATION, 0x105, octets(dict(VOLUMES)[0x105]))
    assert value(fields, "FileSystemName") == "NTFS"
    data = octets(dict(VOLUMES)[0x102])
    assert value(level(Trans2.QUERY_FS_INFORMATION, 0x102, data), "VolumeLabel") == "PUBLIC"


def test_streams_and_eas() -> None:
    encode = file_info.LEVELS[1022].encode
    assert encode is not None
    streams = (Stream("::$DATA", 5, 4096), Stream(":x:$DATA", 1, 8))
    fields = level(QUERY, 1022, encode(FACTS, LevelContext(streams=streams)))
    assert [one.value for one in named(fields, "StreamName")] == ["::$DATA", ":x:$DATA"]
    two = (eas.Ea(b"A", b"v", 0x80), eas.Ea(b"LONGER", b""))
    for data, code in ((eas.encode_list(two), 4), (eas.encode_full(two), 1015)):
        fields = level(QUERY, code, data)
        assert [one.value for one in named(fields, "AttributeName")] == ["A", "LONGER"]
        assert named(fields, "AttributeValue")[0].meaning == "v"
    gea = struct.pack("<IB", 7, 1) + b"A\0"
    fields = level(Trans2.QUERY_PATH_INFORMATION, 3, gea, request=True)
    assert value(fields, "AttributeName") == "A"


def entries(code: int, context: LevelContext, *, keys: bool = False) -> bytes:
    found = EntryList(find_info.LEVELS[code], 10_000, context, resume_keys=keys)
    list_of_eas = eas.encode_list([eas.Ea(b"A", b"v")]) if code == 3 else b""
    assert found.add(FACTS, 7, list_of_eas)
    assert found.add(DIRECTORY, 8, list_of_eas)
    return bytes(found.finish())


@pytest.mark.parametrize("code", sorted(find_info.LEVELS))
@pytest.mark.parametrize("unicode", [True, False])
@pytest.mark.parametrize("keys", [True, False])
def test_entries_of_listings(code: int, unicode: bool, keys: bool) -> None:
    data = entries(code, LevelContext(unicode=unicode), keys=keys)
    fields = level(FIND, code, data, unicode=unicode, flags=4 if keys else 0)
    assert [one.value for one in named(fields, "FileName")] == [FACTS.name, DIRECTORY.name]
    groups = named(fields, find_info.LEVELS[code].name)
    assert [one.meaning for one in groups if one.meaning] == [FACTS.name, DIRECTORY.name]
    if unicode and code in (0x104, 0x106):
        assert named(fields, "ShortName")[0].meaning == FACTS.short_name
    if code in (0x105, 0x106):
        assert named(fields, "FileID" if named(fields, "FileID") else "FileId")[0].value == FACTS.file_id


def test_entries_of_the_unix_extensions() -> None:
    for code in unix.FIND_LEVELS:
        found = unix.UnixEntries(unix.FIND_LEVELS[code], 10_000, LevelContext())
        assert found.add(FACTS, 7)
        assert found.add(DIRECTORY, 8)
        fields = level(FIND, code, bytes(found.finish()))
        assert [one.value for one in named(fields, "FileName")] == [FACTS.name, DIRECTORY.name]


@pytest.mark.parametrize("code", sorted(unix.QUERY_LEVELS))
def test_queries_of_the_unix_extensions(code: int) -> None:
    encode = unix.QUERY_LEVELS[code].encode
    assert encode is not None
    facts: Any = Acls(of_mode(0o750), of_mode(0o700)) if code == 0x204 else FACTS
    data = encode(facts, CONTEXT) or {0x201: encode_utf16("to\0"), 0x208: bytes(24)}[code]
    fields = level(QUERY, code, data)
    if code == 0x200:
        assert named(fields, "Type")[0].meaning == "a file"
    if code == 0x204:
        assert len(named(fields, "FileAcl")) == len(named(fields, "DefaultAcl")) == 3
    level(Trans2.QUERY_FS_INFORMATION, 0x200, unix.UnixFsInfo(capabilities=0x17).encode())


def test_who_a_unix_client_is() -> None:
    who = unix.Whoami(False, 1000, 1000, (4, 24), (bytes.fromhex("0101000000000001 00000000"),))
    fields = level(Trans2.QUERY_FS_INFORMATION, 0x202, who.encode())
    assert [one.value for one in named(fields, "SupplementaryGid")] == [4, 24]
    assert named(fields, "Sid")[0].meaning == "Everyone (S-1-1-0)"


SETS: dict[int, str] = {
    1: "4350 a320 4350 a320 4350 a420",
    2: "04000000",
    0x101: "00" * 32 + "01000000",
    0x102: "01",
    0x103: "0010000000000000",
    0x104: "0500000000000000",
    1004: "ff" * 8 + "00" * 24 + "01000000 00000000",
    1010: "01000000 00000000 02000000 6200",
    1011: "00000000 00000000 02000000 6200",
    1013: "01",
    1014: "07" + "00" * 7,
    1015: "00000000 00 01 0100 4100 76",
    1016: "02000000",
    1019: "0010000000000000",
    1020: "0500000000000000",
    1023: "01000000 00000000",
    0x200: "ff" * 100,
    0x201: "6200 0000",
    0x203: "6200 0000",
    0x204: "0100 0100 ffff 01 07 ffffffffffffffff",
    0x208: "00" * 24,
    0x209: "00000000 10000000 ed01000000000000 0002",
    0x20A: "0100",
    0x20B: "ff" * 116,
}


def test_set_levels() -> None:
    assert set(SETS) == set(set_info.SET_LEVELS) | set(unix.SET_LEVELS)
    for code, golden in SETS.items():
        assert level(SET, code, octets(golden), request=True)
    fields = level(SET, 1004, octets(SETS[1004]), request=True)
    assert named(fields, "CreationTime")[0].meaning == "left alone, also by later writes"
    assert value(level(SET, 1010, octets(SETS[1010]), request=True), "FileName") == "b"
    for code in fs_info.SET_LEVELS:
        level(Trans2.SET_FS_INFORMATION, code, bytes(48 if code > 1000 else 12), request=True)
    opened = unix.PosixOpenResponse(0, 5, 1, 0x200).encode() + bytes(100)
    assert value(level(SET, 0x209, opened), "FID") == 5


def test_descriptors() -> None:
    aces = [
        allow("S-1-1-0", 0x1F01FF),
        Ace(AceType.DENIED, 3, 2, "S-1-5-21-1-2-3-513"),
        Ace(AceType.ALLOWED_OBJECT, 0, 1, "S-1-5-11", struct.pack("<I", 1) + bytes(16)),
        Ace(9, 0, 1, "S-1-5-18", b"", b"data"),
    ]
    whole = Descriptor(
        "S-1-5-32-544",
        "S-1-5-18",
        acl_of(aces),
        acl_of(aces[:1]),
        Control.DACL_PRESENT | Control.SACL_PRESENT,
    )
    fields = taken(descriptors.descriptor, descriptor_bytes(whole))
    assert named(fields, "OwnerSid")[0].meaning == "Administrators (S-1-5-32-544)"
    meanings = [one.meaning for one in named(fields, "ACE")]
    assert "Everyone (S-1-1-0) is allowed FILE_ALL_ACCESS" in meanings
    assert "Domain Users (S-1-5-21-1-2-3-513) is denied FILE_WRITE_DATA" in meanings


def test_referrals() -> None:
    targets = ("\\one\\share", "\\two\\share")
    for version in (1, 2, 3):
        answer = ReferralResponse(10, version, targets, "\\here\\dfs", True, 300).encode()
        fields = taken(referral, answer)
        names = named(fields, "ShareName" if version == 1 else "NetworkAddress")
        assert [one.value for one in names] == list(targets)
        assert named(fields, f"DFS_REFERRAL_V{version}")[0].meaning == targets[0]


CONTROLS: dict[int, tuple[str, str]] = {
    Fsctl.SET_COMPRESSION: ("0100", ""),
    Fsctl.GET_COMPRESSION: ("", "0000"),
    Fsctl.SET_SPARSE: ("01", ""),
    Fsctl.SET_ZERO_DATA: ("00" * 8 + "ff00000000000000", ""),
    Fsctl.QUERY_ALLOCATED_RANGES: ("00" * 16, "00" * 32),
    Fsctl.SET_OBJECT_ID: ("11" * 64, ""),
    Fsctl.GET_OBJECT_ID: ("", "11" * 64),
    Fsctl.CREATE_OR_GET_OBJECT_ID: ("", "11" * 64),
    Fsctl.IS_PATHNAME_VALID: ("04000000 6100 6200", ""),
    Fsctl.SET_REPARSE_POINT: ("030000a0 1000 0000 0000 0400 0600 0200 6100 6200 0000 6300", ""),
    Fsctl.DELETE_REPARSE_POINT: ("01000080 0000 0000", ""),
    Fsctl.GET_REPARSE_POINT: ("", "0c0000a0 1000 0000 0000 0200 0200 0200 01000000 6100 6200"),
    Fsctl.FIND_FILES_BY_SID: ("01000000 0101000000000001 00000000", "00000000 00000000 02000000 6100"),
    Fsctl.SRV_REQUEST_RESUME_KEY: ("", "11" * 24 + "00000000 00000000"),
    Fsctl.SRV_COPYCHUNK: (
        "11" * 24 + "01000000 00000000" + "00" * 16 + "05000000 00000000",
        "01000000 00000000 05000000",
    ),
    Fsctl.SRV_ENUMERATE_SNAPSHOTS: (
        "",
        "01000000 01000000 34000000" + encode_utf16("@GMT-2004.05.31-10.40.00\0\0").hex(),
    ),
    Fsctl.GET_NTFS_VOLUME_DATA: ("", "00" * 96),
    Fsctl.IS_VOLUME_DIRTY: ("", "00000000"),
    Fsctl.PIPE_WAIT: ("00" * 8 + "04000000 00 00 6100 6200", ""),
    Fsctl.PIPE_PEEK: ("", "03000000 05000000 01000000 05000000" + "00" * 5),
    Fsctl.DFS_GET_REFERRALS: ("0300" + encode_utf16("\\a\\b\0").hex(), ""),
}


def test_controls() -> None:
    requests = {code for code, (asked, _) in CONTROLS.items() if asked}
    responses = {code for code, (_, given) in CONTROLS.items() if given}
    assert (requests, responses) == (set(carriedcontrols.REQUESTS), set(carriedcontrols.RESPONSES))
    for code, both in CONTROLS.items():
        for request, data in zip((True, False), both, strict=True):
            known = carriedcontrols.control(code, request=request)
            if known is not None:
                taken(known.take, octets(data))


def test_changes_and_quotas() -> None:
    fields = taken(carriedcontrols.notifications, notify_information([(1, "new"), (3, "dir\\old")]))
    assert [one.meaning for one in fields] == ["FILE_ACTION_ADDED new", "FILE_ACTION_MODIFIED dir\\old"]
    everyone = bytes.fromhex("0101000000000001 00000000")
    quota = struct.pack("<IIQqqq", 0, 12, CREATED, 1, 2, 3) + everyone
    first = struct.pack("<I", 56) + quota[4:] + bytes(4)
    fields = taken(carriedcontrols.quotas, first + quota)
    assert [one.meaning for one in fields] == ["Everyone (S-1-1-0)"] * 2
    taken(carriedcontrols.quota_sids, struct.pack("<II", 0, 12) + everyone)


# -- in conversations ----------------------------------------------------------------------------------------


@pytest.fixture
def talk(tmp_path: Path) -> Talk:
    (tmp_path / "a.txt").write_bytes(b"hello")
    (tmp_path / "Long name.txt").write_bytes(b"x")
    return Talk(tmp_path)


def test_a_listing_of_a_server(talk: Talk) -> None:
    client = talk.client.connect("public")
    find_first(client, 2, 100)
    (_, tree) = seen(*talk.followed.told[-1])
    names = [one.value for one in named(tree.fields, "FileName")]
    assert sorted(names)[-2:] == ["Long name.txt", "a.txt"]
    assert tree.problem == ""


def test_an_old_search_of_a_server(talk: Talk) -> None:
    client = talk.client.connect("public")
    client.call(0x81, SearchRequest(10, 0x16, "\\*.*"), SearchResponse)
    (_, tree) = seen(*talk.followed.told[-1])
    assert "a.txt" in [one.value for one in named(tree.fields, "FileName")]
    assert "LastWriteDate" in [one.name for one in named(tree.fields, "SMB_Directory_Information")[0].fields]


def transact_rap(talk: Talk, opcode: int, descriptor: str, fields: str, arguments: bytes) -> list[Any]:
    parameters = struct.pack("<H", opcode) + f"{descriptor}\0{fields}\0".encode() + arguments
    talk.client.connect("IPC$").call(
        0x25,
        TransactionRequest(
            name="\\PIPE\\LANMAN", parameters=parameters, max_parameter_count=8, max_data_count=4000
        ),
        TransactionResponse,
    )
    return seen(*talk.followed.told[-1])


def test_rap(talk: Talk) -> None:
    asked, answered = transact_rap(talk, 0, "WrLeh", "B13BWz", struct.pack("<HH", 1, 4000))
    assert named(asked.fields, "RAPOpcode")[0].meaning == "NetShareEnum"
    assert value(asked.fields, "ReceiveBufferSize") == 4000
    assert value(asked.fields, "InfoLevel") == 1
    assert named(answered.fields, "Win32ErrorCode")[0].meaning == "NERR_Success"
    assert {one.value for one in named(answered.fields, "NetworkName")} >= {"public", "IPC$"}
    assert "STYPE_IPC" in [one.meaning for one in named(answered.fields, "Type")]
    assert named(answered.fields, "RemarkOffset")
    (_, answered) = transact_rap(talk, 0x3F, "WrLh", "zzzBBzz", struct.pack("<HH", 10, 4000))
    assert named(answered.fields, "ComputerName")
    (_, answered) = transact_rap(talk, 0x5B, "rL", "DDBBBBWWBBWB", struct.pack("<H", 4000))
    assert named(answered.fields, "WeekDay")


def test_passwords_of_rap_are_hidden() -> None:
    call = rap.RapRequest(0x73, "zb16b16WW", "")
    data = call.encode(unicode=False, encoding="cp850") + b"alice\0" + b"secret secret 16" * 2 + bytes(4)
    take = Taking(data, 0, len(data))
    carriedrap.request_parameters(take)
    assert [one.secret for one in take.fields if one.size == 16] == [True, True]
    assert "alice" not in [one.value for one in take.fields]


def test_a_listing_in_several_messages_is_shown_with_the_last(talk: Talk) -> None:
    client = talk.client.connect("public")
    find_first(client, 2, 100)
    event, _ = talk.followed.told[-1]
    client.send(
        0x32,
        Transaction2Request(
            setup=b"\1\0",
            parameters=FindFirst2Request(0x16, 100, 2, 0x104, 0, "\\*").encode(),
            max_data_count=4000,
            max_parameter_count=10,
        ),
    )
    (answer,) = client.answers()
    pieces = list(answer.body(TransactionResponse).pieces(250, 32))
    follower = type(talk.followed.follower)()
    found = []
    for index, piece in enumerate(pieces):
        reply = event.reply[:32] + b"".join(piece.encode(32))
        one = replace(event, reply=reply, reply_size=len(reply), shown=2 if index else 3)
        found.append(seen(one, follower.follow(one))[-1])
    assert all(len(tree.buffers) == 1 for tree in found[:-1])
    assert "a.txt" in [one.value for one in named(found[-1].fields, "FileName")]


def test_descriptors_and_controls_of_a_server(talk: Talk) -> None:
    client = talk.client.connect("public")
    fid = client.create("\\a.txt")
    client.call(
        0xA0,
        NtTransactRequest(
            function=6, parameters=struct.pack("<HHI", fid, 0, 7), max_data_count=4000, max_parameter_count=4
        ),
        NtTransactResponse,
    )
    (_, tree) = seen(*talk.followed.told[-1])
    assert named(tree.fields, "OwnerSid")
    client.call(
        0xA0,
        NtTransactRequest(
            function=2,
            setup=struct.pack("<IHBB", Fsctl.SRV_REQUEST_RESUME_KEY, fid, 1, 0),
            max_data_count=100,
        ),
        NtTransactResponse,
    )
    (_, tree) = seen(*talk.followed.told[-1])
    assert named(tree.fields, "CopychunkResumeKey")


# -- any bytes -----------------------------------------------------------------------------------------------

_ROWS: list[Callable[[Taking], Any]] = [
    descriptors.descriptor,
    referral,
    carriedcontrols.notifications,
    carriedcontrols.quotas,
    carriedcontrols.quota_sids,
    carriedlists.search_entries,
    carriedrap.request_parameters,
    lambda take: carriedrap.response_data(take, rap.RapRequest(0, "WrLeh", "B13BWzD2"), b"\0\0\0\0\2\0\2\0"),
    *(one.take for one in carriedcontrols.REQUESTS.values()),
    *(one.take for one in carriedcontrols.RESPONSES.values()),
]
_LEVELS = [
    (row, code)
    for table in (
        carriedlevels.QUERIES,
        carriedlevels.SETS,
        carriedlevels.FS_QUERIES,
        carriedlevels.FS_SETS,
        carriedlevels.FINDS,
        carriedlevels.SET_ANSWERS,
    )
    for code, row in table.items()
]


@given(
    st.binary(max_size=150),
    st.booleans(),
    st.sampled_from(range(len(_ROWS) + len(_LEVELS))),
    st.integers(0, 60),
)
def test_any_bytes(data: bytes, unicode: bool, which: int, small: int) -> None:
    data = bytes(small) + data
    take = Taking(data, 0, len(data), unicode=unicode)
    try:
        if which < len(_ROWS):
            _ROWS[which](take)
        else:
            row, code = _LEVELS[which - len(_ROWS)]
            take_level(take, row, FindFirst2Request(0, 0, small, code, 0, ""))
    except DecodeError:
        pass
    assert take.at <= len(data)
    check(settled(take.fields, 0, len(data), data), [data])


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[Exchanged]:
    folder = tmp_path_factory.mktemp("share")
    (folder / "a.txt").write_bytes(b"hello")
    talk = Talk(folder)
    client = talk.client.connect("public")
    find_first(client, 2, 100)
    transact_rap(talk, 0, "WrLeh", "B13BWz", struct.pack("<HH", 1, 4000))
    return [event for event, _ in talk.followed.told[-4:]]


@settings(max_examples=30)
@given(st.data())
def test_spoilt_messages(told: list[Exchanged], data: st.DataObject) -> None:
    for event in told:
        asked, answered = bytearray(event.request), bytearray(event.reply)
        for message in (asked, answered):
            for _ in range(data.draw(st.integers(0, 3))):
                at = data.draw(st.integers(32, max(len(message) - 1, 32)))
                if at < len(message):
                    message[at] = data.draw(st.integers(0, 255))
        for tree in seen(replace(event, request=bytes(asked), reply=bytes(answered))):
            assert "could not be read" not in tree.problem
