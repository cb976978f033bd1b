"""wkssvc through impacket's client."""

import struct
from typing import Any

import pytest
from impacket.dcerpc.v5 import wkst

from fakesmb.rpc.stub import Win32
from fakesmb.rpc.view import Caller
from tests.rpc.rpc_client import ADMIN, NOBODY, USER, WKSSVC, connect


def wkssvc(caller: Caller = ADMIN) -> Any:
    return connect("wkssvc", WKSSVC, caller)


def raw(operation: int, stub: bytes, caller: Caller = ADMIN) -> bytes:
    """The stub of an answer that impacket cannot decode."""
    dce = wkssvc(caller)
    dce.call(operation, stub)
    answer: bytes = dce.recv()
    return answer


def test_the_three_levels_say_who_we_are() -> None:
    dce = wkssvc(USER)
    one = wkst.hNetrWkstaGetInfo(dce, 100)["WkstaInfo"]["WkstaInfo100"]
    assert (one["wki100_platform_id"], one["wki100_computername"]) == (500, "FAKESMB\0")
    assert (one["wki100_langroup"], one["wki100_ver_major"], one["wki100_ver_minor"]) == ("LAB\0", 5, 2)
    assert wkst.hNetrWkstaGetInfo(dce, 101)["WkstaInfo"]["WkstaInfo101"]["wki101_lanroot"] == "\0"
    assert wkst.hNetrWkstaGetInfo(dce, 102)["WkstaInfo"]["WkstaInfo102"]["wki102_logged_on_users"] == 2


def test_level_502_has_the_redirectors_settings() -> None:
    info = wkst.hNetrWkstaGetInfo(wkssvc(), 502)["WkstaInfo"]["WkstaInfo502"]
    assert (info["wki502_keep_conn"], info["wki502_use_opportunistic_locking"]) == (600, 1)


@pytest.mark.parametrize(
    ("level", "caller", "status"), [(101, NOBODY, 5), (502, USER, 5), (1013, ADMIN, 124), (5, ADMIN, 124)]
)
def test_refusals(level: int, caller: Caller, status: int) -> None:
    stub = raw(0, struct.pack("<II", 0, level), caller)
    assert struct.unpack("<I", stub[-4:]) == (status,)
    assert struct.unpack("<I", stub[:4]) == (level,)


def test_a_null_session_may_ask_for_level_100() -> None:
    assert wkst.hNetrWkstaGetInfo(wkssvc(NOBODY), 100)["ErrorCode"] == 0


@pytest.mark.parametrize("level", [0, 1])
def test_users_logged_on_for_administrators(level: int) -> None:
    container = wkst.hNetrWkstaUserEnum(wkssvc(), level)["UserInfo"]["WkstaUserInfo"][f"Level{level}"]
    assert [row[f"wkui{level}_username"] for row in container["Buffer"]] == ["alice\0", "Guest\0"]
    request = struct.pack("<8I", 0, level, level, 0x20000, 0, 0, 0xFFFFFFFF, 0)
    denied = raw(2, request, USER)
    assert denied[-12:] == struct.pack("<III", 0, 0, 5)


def test_user_enumeration_ends_with_a_resume_pointer_as_the_idl_has_it() -> None:
    """impacket declares a plain number there; smbtorture and Windows read a pointer."""
    request = struct.pack("<9I", 0, 0, 0, 0x20000, 0, 0, 40, 0x20004, 0)
    assert struct.unpack("<4I", raw(2, request)[-16:])[0] == 2
    total, pointer, resume, status = struct.unpack("<4I", raw(2, request)[-16:])
    assert (total, bool(pointer), resume, status) == (2, True, 0, 0)


def test_transports() -> None:
    container = wkst.hNetrWkstaTransportEnum(wkssvc(), 0)["TransportInfo"]["WkstaTransportInfo"]["Level0"]
    assert [row["wkti0_transport_name"] for row in container["Buffer"]] == [
        "\\Device\\NetBT_Tcpip\0",
        "\\Device\\NetbiosSmb\0",
    ]


def test_we_are_in_a_workgroup() -> None:
    answer = wkst.hNetrGetJoinInformation(wkssvc(), "\0")
    assert (answer["NameBuffer"], answer["BufferType"]) == ("LAB\0", 2)


@pytest.mark.parametrize(("kind", "names"), [(0, ["FAKESMB"]), (1, []), (2, ["FAKESMB"])])
def test_computer_names(kind: int, names: list[str]) -> None:
    found = wkst.hNetrEnumerateComputerNames(wkssvc(), kind)["ComputerNames"]
    assert found["EntriesRead"] == len(names)
    assert [one["Data"] for one in found["ComputerNames"] or ()] == names


@pytest.mark.parametrize("level", [0, 1])
def test_nobody_over_the_network_is_logged_on_here(level: int) -> None:
    stub = raw(3, struct.pack("<II", 0, level), USER)
    assert stub == struct.pack("<III", level, 0, Win32.NO_SUCH_LOGON_SESSION)


def test_the_reserved_name_must_not_be_there() -> None:
    name = struct.pack("<IIII4s", 0x20000, 2, 0, 2, "x\0".encode("utf-16-le"))
    stub = raw(3, name + struct.pack("<I", 0), USER)
    assert stub == struct.pack("<III", 0, 0, Win32.INVALID_PARAMETER)


def test_there_are_no_other_domains() -> None:
    stub = raw(3, struct.pack("<II", 0, 1101), USER)
    assert stub == struct.pack("<8I", 1101, 0x20000, 0x20004, 1, 0, 1, 0, 0)


def test_a_logon_has_no_other_levels() -> None:
    assert raw(3, struct.pack("<II", 0, 7), USER) == struct.pack("<II", 7, Win32.INVALID_LEVEL)


NO_SERVER = bytes(4)


def named(name: str) -> bytes:
    """No server, then a pointer to a name."""
    text = name.encode("utf-16-le") + bytes(2)
    count = len(text) // 2
    stub = NO_SERVER + struct.pack("<IIII", 0x20000, count, 0, count) + text
    return stub + bytes(-len(stub) % 4)


def alternate(dce: Any, operation: int, name: str, reserved: int = 0) -> int:
    dce.call(operation, named(name) + struct.pack("<III", 0, 0, reserved))
    (status,) = struct.unpack("<I", dce.recv())
    return int(status)


def names_of(dce: Any, kind: int) -> list[str]:
    rows = wkst.hNetrEnumerateComputerNames(dce, kind)["ComputerNames"]["ComputerNames"]
    return [one["Data"] for one in rows or []]


def test_alternate_names_come_and_go() -> None:
    """A client may call the machine what it likes, so any name is as good as another."""
    dce = wkssvc()
    assert alternate(dce, 27, "files.lab.example") == Win32.OK
    assert alternate(dce, 27, "FILES.lab.example") == Win32.OK
    assert names_of(dce, 1) == ["FILES.lab.example"]
    assert names_of(dce, 2) == ["FAKESMB", "FILES.lab.example"]
    assert alternate(dce, 28, "files.LAB.example") == Win32.OK
    assert alternate(dce, 28, "never.there") == Win32.OK
    assert names_of(dce, 1) == []


@pytest.mark.parametrize(
    ("name", "reserved", "caller", "status"),
    [
        ("", 0, ADMIN, Win32.INVALID_NAME),
        ("a b", 0, ADMIN, Win32.INVALID_NAME),
        ("a\\b", 0, ADMIN, Win32.INVALID_NAME),
        ("ab", 1, ADMIN, Win32.INVALID_PARAMETER),
        ("ab", 0, USER, Win32.ACCESS_DENIED),
    ],
)
def test_alternate_names_that_are_refused(name: str, reserved: int, caller: Caller, status: int) -> None:
    assert alternate(wkssvc(caller), 27, name, reserved) == status


def test_there_is_an_end_to_names() -> None:
    dce = wkssvc()
    assert {alternate(dce, 27, f"n{number}") for number in range(64)} == {Win32.OK}
    assert alternate(dce, 27, "more") == Win32.NOT_ENOUGH_MEMORY


def test_statistics_of_a_machine_that_is_nobodys_client() -> None:
    statistics = wkst.hNetrWorkstationStatisticsGet(wkssvc(), "LanmanWorkstation", 0, 0)["Buffer"]
    assert statistics["StatisticsStartTime"] > 0
    assert statistics["Sessions"] == statistics["BytesReceived"] == 0


@pytest.mark.parametrize("level", [0, 1, 2])
def test_it_uses_no_shares_of_others(level: int) -> None:
    answer = wkst.hNetrUseEnum(wkssvc(), level)
    assert (answer["TotalEntries"], answer["InfoStruct"]["UseInfo"][f"Level{level}"]["EntriesRead"]) == (0, 0)


@pytest.mark.parametrize(
    ("operation", "stub", "answer"),
    [
        (6, bytes(40), struct.pack("<II", 0, 87)),
        (7, named("\\Device\\Other") + bytes(4), struct.pack("<I", 0)),
        (7, named("\\device\\netbiossmb") + bytes(4), struct.pack("<I", 50)),
        (9, bytes(40), struct.pack("<III", 0, 0, 2250)),
        (10, bytes(40), struct.pack("<I", 2250)),
        (16, bytes(40), struct.pack("<I", 50)),
        (22, bytes(40), struct.pack("<I", 0x8001011C)),
        (26, bytes(40), struct.pack("<III", 0, 0, 0x8001011C)),
    ],
)
def test_what_is_refused_as_by_windows(operation: int, stub: bytes, answer: bytes) -> None:
    assert raw(operation, stub) == answer
