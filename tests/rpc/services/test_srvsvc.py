"""srvsvc through impacket's client: every level, access rules, paging."""

import itertools
import struct
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from impacket.dcerpc.v5 import srvs
from impacket.dcerpc.v5.dtypes import NULL
from impacket.dcerpc.v5.rpcrt import DCERPCException

from fakesmb.rpc.view import Caller, FileRow, ServerFacts, ShareRow
from tests.rpc.rpc_client import ADMIN, NOBODY, NOW, USER, ListView, answered, bound, connect, request

MORE_DATA = 234


def status_of(error: pytest.ExceptionInfo[DCERPCException]) -> int:
    return int(error.value.get_error_code())


def plain(structure: Any) -> dict[str, Any]:
    """The fields of an impacket structure, without level prefixes and nulls; "" for a null pointer too."""
    found = {}
    for name, _ in structure.structure:
        value = structure[name]
        found[name.partition("_")[2]] = value.rstrip("\0") if isinstance(value, str) else value
    return found


def share_rows(level: int, caller: Caller = USER, **more: Any) -> list[dict[str, Any]]:
    answer = srvs.hNetrShareEnum(connect(caller=caller, **more), level)
    container = answer["InfoStruct"]["ShareInfo"][f"Level{level}"]
    rows = [plain(one) for one in container["Buffer"]]
    assert container["EntriesRead"] == answer["TotalEntries"] == len(rows)
    return rows


def test_level_0_lists_the_names_of_all_shares_the_hidden_ones_too() -> None:
    assert share_rows(0) == [{"netname": name} for name in ("public", "docs", "c$", "IPC$")]


def test_level_1_has_types_and_comments() -> None:
    assert share_rows(1) == [
        {"netname": "public", "type": 0, "remark": "For all: Grüße"},
        {"netname": "docs", "type": 0, "remark": ""},
        {"netname": "c$", "type": 0x80000000, "remark": "Default share"},
        {"netname": "IPC$", "type": 0x80000003, "remark": "Remote IPC"},
    ]


PUBLIC_2 = {
    "netname": "public", "type": 0, "remark": "For all: Grüße", "permissions": 0, "max_uses": 0xFFFFFFFF,
    "current_uses": 2, "path": "C:\\public", "passwd": "",
}  # fmt: skip


def test_level_2_adds_uses_and_path_for_every_signed_in_user() -> None:
    """Windows wants an administrator; `rpcclient netshareenum` asks for this level whoever runs it."""
    rows = share_rows(2)
    assert rows[0] == PUBLIC_2
    assert rows[1]["max_uses"] == 10
    assert rows[3]["path"] == ""


def test_level_501_has_flags() -> None:
    assert share_rows(501)[1] == {"netname": "docs", "type": 0, "remark": "", "flags": 0}


@pytest.mark.parametrize("level", [502, 503])
def test_levels_502_and_503_end_with_an_absent_descriptor(level: int) -> None:
    last = {"reserved": 0, "security_descriptor": b""}
    server = {"servername": "*"} if level == 503 else {}
    assert share_rows(level)[0] == {**PUBLIC_2, **server, **last}


@pytest.mark.parametrize("level", [2, 501, 502, 503])
def test_a_null_session_gets_names_and_comments_only(level: int) -> None:
    assert len(share_rows(1, NOBODY)) == 4
    with pytest.raises(DCERPCException) as refused:
        share_rows(level, NOBODY)
    assert status_of(refused) == 5


def test_sticky_enumeration_leaves_the_hidden_shares_out() -> None:
    call = srvs.NetrShareEnumSticky()
    call["ServerName"] = "\\\\server\0"
    call["InfoStruct"]["Level"] = call["InfoStruct"]["ShareInfo"]["tag"] = 2
    call["InfoStruct"]["ShareInfo"]["Level2"]["Buffer"] = NULL
    call["PreferedMaximumLength"] = 0xFFFFFFFF
    call["ResumeHandle"] = NULL
    container = connect().request(call)["InfoStruct"]["ShareInfo"]["Level2"]
    assert [plain(one)["netname"] for one in container["Buffer"]] == ["public", "docs"]


def many(count: int) -> ListView:
    return ListView(share_rows=[ShareRow(f"share{i:04}", comment="x" * (i % 7)) for i in range(count)])


def test_a_thousand_shares_page_through_by_resume_handle() -> None:
    """Each page fits the preferred length, nothing comes twice, and the last page sets the handle to 0."""
    dce = connect(view=many(1000))
    names: list[str] = []
    resume = 0
    for _ in range(1000):
        call = srvs.NetrShareEnum()
        call["ServerName"] = NULL
        call["InfoStruct"]["Level"] = call["InfoStruct"]["ShareInfo"]["tag"] = 1
        call["InfoStruct"]["ShareInfo"]["Level1"]["Buffer"] = NULL
        call["PreferedMaximumLength"] = 4096
        call["ResumeHandle"] = resume
        answer = dce.request(call, checkError=False)
        rows = answer["InfoStruct"]["ShareInfo"]["Level1"]["Buffer"]
        assert answer["TotalEntries"] == 1000 - len(names)
        assert sum(12 + 2 * len(row["shi1_netname"]) + 2 * len(row["shi1_remark"]) for row in rows) <= 4096
        names += [row["shi1_netname"].rstrip("\0") for row in rows]
        resume = answer["ResumeHandle"]
        if answer["ErrorCode"] == 0:
            break
        assert answer["ErrorCode"] == MORE_DATA
    assert names == [f"share{i:04}" for i in range(1000)]
    assert resume == 0


def test_a_thousand_shares_come_in_one_answer_of_many_fragments() -> None:
    assert len(share_rows(502, view=many(1000))) == 1000


@given(st.integers(0, 1), st.lists(st.integers(0, 400), min_size=1, max_size=8))
def test_share_lists_at_any_size_of_buffer(level: int, sizes: list[int]) -> None:
    """Whatever each page may have: what was too small brings nothing and no step on, and all come once, IPC$ last."""
    dce = connect()
    names: list[str] = []
    resume = 0
    for size in itertools.chain(sizes, itertools.repeat(1000)):
        call = srvs.NetrShareEnum()
        call["ServerName"] = NULL
        call["InfoStruct"]["Level"] = call["InfoStruct"]["ShareInfo"]["tag"] = level
        call["InfoStruct"]["ShareInfo"][f"Level{level}"]["Buffer"] = NULL
        call["PreferedMaximumLength"] = size
        call["ResumeHandle"] = resume
        answer = dce.request(call, checkError=False)
        page = answer["InfoStruct"]["ShareInfo"][f"Level{level}"]
        rows = page["Buffer"] if page["EntriesRead"] else []
        names += [row[f"shi{level}_netname"][:-1] for row in rows]
        if answer["ErrorCode"] == 0:
            break
        assert answer["ErrorCode"] == (234 if rows else 2123)
        if rows:
            assert answer["ResumeHandle"] == len(names)
            resume = answer["ResumeHandle"]
    assert names == ["public", "docs", "c$", "IPC$"]


def test_a_preferred_length_without_room_for_one_share_says_so() -> None:
    with pytest.raises(DCERPCException) as refused:
        srvs.hNetrShareEnum(connect(), 1, preferedMaximumLength=4)
    assert status_of(refused) == 2123


@pytest.mark.parametrize("resume", [4, 5, 0x7FFFFFFF, -1])
def test_a_resume_handle_at_or_beyond_the_end_gives_nothing(resume: int) -> None:
    answer = srvs.hNetrShareEnum(connect(), 1, resume)
    assert answer["InfoStruct"]["ShareInfo"]["Level1"]["EntriesRead"] == 0
    assert (answer["TotalEntries"], answer["ErrorCode"]) == (0, 0)


@pytest.mark.parametrize(
    ("operation", "stub", "expected"),
    [
        # NetrShareEnum level 77, container pointer null, no resume handle: the union has no such arm
        (15, struct.pack("<6I", 0, 77, 77, 0xFFFFFFFF, 0, 0)[:20], struct.pack("<5I", 77, 77, 0, 0, 124)),
        (15, struct.pack("<6I", 0, 77, 77, 99, 0x20000, 3), struct.pack("<6I", 77, 77, 0, 0x20000, 0, 124)),
        # NetrServerGetInfo of a level that the union lacks, and of one that it has
        (21, struct.pack("<2I", 0, 7), struct.pack("<2I", 7, 124)),
        (21, struct.pack("<2I", 0, 599), struct.pack("<3I", 599, 0, 124)),
    ],
)
def test_unknown_levels_are_answered_not_faulted(operation: int, stub: bytes, expected: bytes) -> None:
    assert answered(bound(), request(stub, operation=operation))[24:] == expected


@pytest.mark.parametrize("level", [0, 1, 2, 501, 502, 503])
def test_share_get_info_answers_the_level_asked(level: int) -> None:
    answer = srvs.hNetrShareGetInfo(connect(caller=USER), "PUBLIC\0", level)
    assert answer["InfoStruct"]["tag"] == level
    found = plain(answer["InfoStruct"][f"ShareInfo{level}"])
    assert found == share_rows(level)[0]


def test_samba_levels_of_one_value() -> None:
    """`net rpc share` and smbtorture's RPC-SAMBA3 ask for them; on Windows they can only be set."""
    dce = connect(caller=USER)
    remark = srvs.hNetrShareGetInfo(dce, "public\0", 1004)["InfoStruct"]["ShareInfo1004"]["shi1004_remark"]
    assert remark == "For all: Grüße\0"
    assert (
        srvs.hNetrShareGetInfo(dce, "docs\0", 1006)["InfoStruct"]["ShareInfo1006"]["shi1006_max_uses"] == 10
    )
    for level in (1007, 1501):
        stub = (
            struct.pack("<I3I", 0, 5, 0, 5)
            + "docs\0".encode("utf-16-le")
            + bytes(2)
            + struct.pack("<I", level)
        )
        answer = answered(bound(), request(stub, operation=16))[24:]
        assert answer == struct.pack("<5I", level, 0x20000, 0, 0, 0)


@pytest.mark.parametrize(("level", "first"), [(1005, 0), (1006, 0xFFFFFFFF)])
def test_samba_levels_enumerated(level: int, first: int) -> None:
    stub = struct.pack("<8I", 0, level, level, 0x20000, 0, 0, 0xFFFFFFFF, 0)
    answer = answered(bound(), request(stub, operation=15))[24:]
    values = struct.unpack("<13I", answer)
    assert values[:2] == (level, level)
    assert values[3] == values[5] == 4
    assert values[6] == first
    assert values[-3:] == (4, 0, 0)


def test_share_get_info_1005_has_the_flags() -> None:
    answer = srvs.hNetrShareGetInfo(connect(caller=NOBODY), "public\0", 1005)
    assert answer["InfoStruct"]["ShareInfo1005"]["shi1005_flags"] == 0


@pytest.mark.parametrize(
    ("name", "level", "caller", "status"),
    [
        ("absent", 1, USER, 2310),
        ("public", 7, USER, 124),
        ("public", 2, NOBODY, 5),
        ("public", 502, NOBODY, 5),
    ],
)
def test_share_get_info_refusals(name: str, level: int, caller: Caller, status: int) -> None:
    with pytest.raises(DCERPCException) as refused:
        srvs.hNetrShareGetInfo(connect(caller=caller), f"{name}\0", level)
    assert status_of(refused) == status


@pytest.mark.parametrize(
    ("folder", "kind", "status"),
    [
        ("C:\\public", 0, 0),
        ("c:\\PUBLIC\\", 0, 0),
        ("C:\\", 0x80000000, 0),
        ("", 0x80000003, 0),
        ("D:\\x", 0, 2311),
    ],
)
def test_share_check_finds_shares_by_folder(folder: str, kind: int, status: int) -> None:
    call = srvs.NetrShareCheck()
    call["ServerName"] = NULL
    call["Device"] = f"{folder}\0"
    answer = connect(caller=USER).request(call, checkError=False)
    assert (answer["Type"], answer["ErrorCode"]) == (kind, status)


def test_server_info_levels() -> None:
    dce = connect(view=ListView(facts=ServerFacts("FAKE", "LAB", "hello", 5, 1)))

    def info(level: int) -> dict[str, Any]:
        return plain(srvs.hNetrServerGetInfo(dce, level)["InfoStruct"][f"ServerInfo{level}"])

    assert info(100) == {"platform_id": 500, "name": "FAKE"}
    level_101 = {
        **info(100), "version_major": 5, "version_minor": 1, "type": 0x9003, "comment": "hello",
    }  # fmt: skip
    assert info(101) == level_101
    assert info(102) == {
        **level_101, "users": 0xFFFFFFFF, "disc": 15, "hidden": 0, "announce": 240, "anndelta": 3000,
        "licenses": 0, "userpath": "C:\\",
    }  # fmt: skip


def test_server_info_102_is_for_administrators() -> None:
    with pytest.raises(DCERPCException) as refused:
        srvs.hNetrServerGetInfo(connect(caller=USER), 102)
    assert status_of(refused) == 5


def test_time_of_day_is_split_in_utc() -> None:
    tod = srvs.hNetrRemoteTOD(connect(caller=NOBODY))["BufferPtr"]
    assert plain(tod) == {
        "elapsedt": int(NOW), "msecs": 60_000, "hours": 10, "mins": 40, "secs": 0, "hunds": 25,
        "timezone": 0xFFFFFFFF - 59, "tinterval": 310, "day": 31, "month": 5, "year": 2004, "weekday": 1,
    }  # fmt: skip


ALICE_502 = {
    "cname": "\\\\10.0.0.5", "username": "alice", "num_opens": 3, "time": 61, "idle_time": 7, "user_flags": 0,
    "cltype_name": "Windows 5.1", "transport": "\\Device\\NetbiosSmb",
}  # fmt: skip


@pytest.mark.parametrize("level", [0, 1, 2, 10, 502])
def test_session_levels(level: int) -> None:
    answer = srvs.hNetrSessionEnum(connect(), NULL, NULL, level)
    rows = [plain(one) for one in answer["InfoStruct"]["SessionInfo"][f"Level{level}"]["Buffer"]]
    assert rows[0] == {name: ALICE_502[name] for name in rows[0]}
    assert rows[1].get("user_flags", 1) == 1  # a guest
    assert len(rows) == 2


@pytest.mark.parametrize(("level", "status"), [(1, 5), (2, 5), (502, 5)])
def test_session_details_are_for_administrators(level: int, status: int) -> None:
    dce = connect(caller=USER)
    assert srvs.hNetrSessionEnum(dce, NULL, NULL, 10)["TotalEntries"] == 2
    with pytest.raises(DCERPCException) as refused:
        srvs.hNetrSessionEnum(dce, NULL, NULL, level)
    assert status_of(refused) == status


@pytest.mark.parametrize(
    ("client", "user", "status", "count"),
    [("\\\\10.0.0.5", "", 0, 1), ("", "GUEST", 0, 1), ("\\\\10.9.9.9", "", 2312, 0), ("", "nobody", 2221, 0)],
)
def test_sessions_by_client_and_user(client: str, user: str, status: int, count: int) -> None:
    call = srvs.NetrSessionEnum()
    call["ServerName"] = NULL
    call["ClientName"] = f"{client}\0"
    call["UserName"] = f"{user}\0"
    call["InfoStruct"]["Level"] = call["InfoStruct"]["SessionInfo"]["tag"] = 1
    call["InfoStruct"]["SessionInfo"]["Level1"]["Buffer"] = NULL
    call["PreferedMaximumLength"] = 0xFFFFFFFF
    answer = connect().request(call, checkError=False)
    assert (answer["ErrorCode"], answer["InfoStruct"]["SessionInfo"]["Level1"]["EntriesRead"]) == (
        status,
        count,
    )


def test_file_levels_and_a_name_no_utf16_decoder_takes() -> None:
    dce = connect()
    two = srvs.hNetrFileEnum(dce, NULL, NULL, 2)["InfoStruct"]["FileInfo"]["Level2"]["Buffer"]
    assert [plain(one) for one in two] == [{"id": 1}, {"id": 9}]
    three = srvs.hNetrFileEnum(dce, NULL, NULL, 3)["InfoStruct"]["FileInfo"]["Level3"]["Buffer"]
    assert [plain(one) for one in three] == [
        {"id": 1, "permissions": 3, "num_locks": 1, "path_name": "C:\\public\\a.txt", "username": "alice"},
        {"id": 9, "permissions": 1, "num_locks": 0, "path_name": "C:\\docs\\\ufffd.txt", "username": "bob"},
    ]


@pytest.mark.parametrize(
    ("base", "user", "ids"), [("c:\\PUB", NULL, [1]), (NULL, "BOB", [9]), ("D:", NULL, [])]
)
def test_files_by_folder_and_user(base: Any, user: Any, ids: list[int]) -> None:
    given = [one if one is NULL else f"{one}\0" for one in (base, user)]
    found = srvs.hNetrFileEnum(connect(), *given, 2)["InfoStruct"]["FileInfo"]["Level2"]
    assert [one["fi2_id"] for one in found["Buffer"] or ()] == ids


def test_files_are_for_administrators() -> None:
    asks: tuple[Callable[[Any], object], ...] = (
        lambda dce: srvs.hNetrFileEnum(dce, NULL, NULL, 3),
        lambda dce: srvs.hNetrFileGetInfo(dce, 1, 3),
    )
    for ask in asks:
        with pytest.raises(DCERPCException) as refused:
            ask(connect(caller=USER))
        assert status_of(refused) == 5


def test_file_get_info_by_id() -> None:
    dce = connect(view=ListView(file_rows=[FileRow(7, "C:\\a", "bob", 2)]))
    found = srvs.hNetrFileGetInfo(dce, 7, 3)["InfoStruct"]["FileInfo3"]
    assert (found["fi3_id"], found["fi3_path_name"]) == (7, "C:\\a\0")
    with pytest.raises(DCERPCException) as refused:
        srvs.hNetrFileGetInfo(dce, 8, 3)
    assert status_of(refused) == 2314


@pytest.mark.parametrize(
    ("qualifier", "ids"),
    [("public", [1]), ("IPC$", [2]), ("\\\\10.0.0.5", [1]), ("docs", []), ("\\\\1.1.1.1", [])],
)
def test_connections_by_share_and_by_client(qualifier: str, ids: list[int]) -> None:
    answer = srvs.hNetrConnectionEnum(connect(), f"{qualifier}\0", 1)["InfoStruct"]["ConnectInfo"]["Level1"]
    assert [one["coni1_id"] for one in answer["Buffer"] or ()] == ids


def test_a_connection_row() -> None:
    answer = srvs.hNetrConnectionEnum(connect(), "public\0", 1)["InfoStruct"]["ConnectInfo"]["Level1"]
    assert plain(answer["Buffer"][0]) == {
        "id": 1, "type": 0, "num_opens": 2, "num_users": 1, "time": 30, "username": "alice",
        "netname": "public",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("qualifier", "caller", "status"), [("none", ADMIN, 2310), ("", ADMIN, 87), ("public", USER, 5)]
)
def test_connection_refusals(qualifier: str, caller: Caller, status: int) -> None:
    with pytest.raises(DCERPCException) as refused:
        srvs.hNetrConnectionEnum(connect(caller=caller), f"{qualifier}\0", 1)
    assert status_of(refused) == status


def test_statistics_count_over_32_bits_and_are_for_administrators() -> None:
    counters = srvs.hNetrServerStatisticsGet(connect(), NULL, 0, 0)["InfoStruct"]
    assert (counters["sts0_fopens"], counters["sts0_pwerrors"]) == (12, 1)
    assert counters["sts0_bytessent_high"] << 32 | counters["sts0_bytessent_low"] == 5_000_000_000
    for caller, level, options, status in ((USER, 0, 0, 5), (ADMIN, 1, 0, 124), (ADMIN, 0, 2, 87)):
        with pytest.raises(DCERPCException) as refused:
            srvs.hNetrServerStatisticsGet(connect(caller=caller), NULL, level, options)
        assert status_of(refused) == status


def test_disks_end_with_an_empty_name() -> None:
    found = srvs.hNetrServerDiskEnum(connect(), 0)["DiskInfoStruct"]
    assert [one["Disk"] for one in found["Buffer"]] == ["C:\0", "\0"]
    assert found["EntriesRead"] == 2


@pytest.mark.parametrize("level", [0, 1])
def test_transports_carry_the_padded_server_name(level: int) -> None:
    rows = srvs.hNetrServerTransportEnum(connect(), level)["InfoStruct"]["XportInfo"][f"Level{level}"][
        "Buffer"
    ]
    assert [row[f"svti{level}_transportname"] for row in rows] == [
        "\\Device\\NetbiosSmb\0",
        "\\Device\\NetBT_Tcpip\0",
    ]
    assert b"".join(rows[0][f"svti{level}_transportaddress"]) == b"FAKESMB".ljust(16)


@pytest.mark.parametrize(("caller", "status"), [(USER, 5), (ADMIN, 50)])
def test_calls_that_would_change_the_server_are_refused(caller: Caller, status: int) -> None:
    dce = connect(caller=caller)
    changes: tuple[Callable[[], object], ...] = (
        lambda: srvs.hNetrShareDel(dce, "public\0"),
        lambda: srvs.hNetrSessionDel(dce, "\\\\10.0.0.5\0", "alice\0"),
        lambda: srvs.hNetrFileClose(dce, 1),
    )
    for change in changes:
        with pytest.raises(DCERPCException) as refused:
            change()
        assert status_of(refused) == status


@pytest.mark.parametrize("operation", [0, 3])
def test_character_devices_are_answered_as_not_supported(operation: int) -> None:
    user = b"" if operation == 0 else bytes(4)
    stub = bytes(4) + user + struct.pack("<7I", 0, 0, 0x20000, 0, 0, 0xFFFFFFFF, 0)
    answer = answered(bound(), request(stub, operation=operation))
    assert answer[2] == 2
    assert struct.unpack("<I", answer[-4:]) == (50,)


@pytest.mark.parametrize(
    ("name", "kind", "flags", "status"),
    [
        ("public", 9, 0, 0), ("a" * 80, 9, 0, 0), ("a" * 81, 9, 0, 123), ("a/b", 9, 0, 123), ("", 9, 0, 123),
        ("a" * 12, 9, 0x80000000, 0), ("a" * 13, 9, 0x80000000, 123), ("x", 0, 0, 87), ("x", 14, 0, 87),
        ("x", 9, 1, 87), ("", 2, 0, 0), ("..", 1, 0, 123), ("a b", 6, 0, 123),
    ],
)  # fmt: skip
def test_name_rules(name: str, kind: int, flags: int, status: int) -> None:
    call = srvs.NetprNameValidate()
    call["ServerName"] = NULL
    call["Name"] = f"{name}\0"
    call["NameType"] = kind
    call["Flags"] = flags
    assert connect().request(call, checkError=False)["ErrorCode"] == status


@pytest.mark.parametrize(
    ("path", "kind", "status"),
    [
        ("C:\\a", srvs.ITYPE_PATH_ABSD, 0), ("\\a", srvs.ITYPE_PATH_ABSND, 0),
        ("C:a", srvs.ITYPE_PATH_RELD, 0),
        ("a\\*.txt", srvs.ITYPE_PATH_RELND_WC, 0), ("\\\\server", srvs.ITYPE_UNC_COMPNAME, 0),
        ("\\\\server\\share\\a", srvs.ITYPE_UNC, 0), ("C:", srvs.ITYPE_DEVICE_DISK, 0),
        ("LPT1:", srvs.ITYPE_DEVICE_LPT, 0), ("nul", srvs.ITYPE_DEVICE_NUL, 0),
        ("a:b:c", 0, 123), ("", 0, 123),
    ],
)  # fmt: skip
def test_path_types(path: str, kind: int, status: int) -> None:
    call = srvs.NetprPathType()
    call["ServerName"] = NULL
    call["PathName"] = f"{path}\0"
    call["Flags"] = 0
    answer = connect().request(call, checkError=False)
    assert (answer["PathType"], answer["ErrorCode"]) == (kind, status)


def test_the_same_call_gives_the_same_bytes() -> None:
    """impacket numbers its referents at random; ours can be compared byte for byte in a transcript."""
    stub = struct.pack("<8I", 0, 1, 1, 0x20000, 0, 0, 0xFFFFFFFF, 0)
    answers = {answered(bound(), request(stub, operation=15)) for _ in range(3)}
    assert len(answers) == 1
