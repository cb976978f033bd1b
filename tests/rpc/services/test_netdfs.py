"""netdfs: the namespaces of the server, at every level."""

import struct
from typing import Any

import msgspec
import pytest
from impacket.dcerpc.v5.ndr import NULL
from impacket.dcerpc.v5.rpcrt import DCERPCException
from impacket.uuid import uuidtup_to_bin

from fakesmb.rpc import ndrnetdfs as ndr
from fakesmb.rpc.stub import Win32
from fakesmb.rpc.view import Caller
from fakesmb.wire.dfs import LINK_TTL, ROOT_TTL
from tests.rpc.rpc_client import ADMIN, USER, ListView, connect, status

NETDFS = uuidtup_to_bin(("4FC742E0-4A10-11CF-8273-00AA004AE673", "3.0"))
PATHS = ["\\\\FAKESMB\\docs", "\\\\FAKESMB\\docs\\link", "\\\\FAKESMB\\docs\\sub\\far"]


def client(caller: Caller = USER, view: Any = None) -> Any:
    return connect("netdfs", NETDFS, caller, view)


def call(dce: Any, operation: int, **members: Any) -> Any:
    asked = ndr.CALLS[operation][0]()
    for name, value in members.items():
        asked[name] = f"{value}\0" if isinstance(value, str) else value
    dce.call(operation, asked)
    return ndr.CALLS[operation][1](dce.recv())


def _arm(level: int) -> str:
    return f"DfsInfo{level}"


def listed(dce: Any, level: int, path: str = "", most: int = 0xFFFFFFFF, resume: int | None = 0) -> Any:
    wanted = ndr.ENUM_STRUCT()
    wanted["Level"] = wanted["DfsInfoContainer"]["tag"] = level
    wanted["DfsInfoContainer"][f"DfsInfo{level}Container"]["Buffer"] = NULL
    more = {"DfsEntryPath": path} if path else {}
    asked = ndr.CALLS[21 if path else 5][0]()
    for name, value in more.items():
        asked[name] = f"{value}\0"
    asked["Level"], asked["PrefMaxLen"] = level, most
    asked["DfsEnum"] = wanted
    asked["ResumeHandle"] = NULL if resume is None else resume
    dce.call(21 if path else 5, asked)
    return dce.recv()


def rows(answer: bytes, level: int) -> Any:
    read = ndr.CALLS[5][1](answer)
    assert read["ErrorCode"] == 0
    return read["DfsEnum"]["DfsInfoContainer"][f"DfsInfo{level}Container"]["Buffer"]


@pytest.mark.parametrize(
    ("version", "told"), [("5.2.3790", 4), ("5.1.2600", 2), ("4.0.1381", 1), ("6.1.0", 6)]
)
def test_the_version_is_that_of_the_system(version: str, told: int) -> None:
    view = ListView()
    view.facts = msgspec.structs.replace(view.facts, product_version=version)
    assert call(client(view=view), 0)["Version"] == told


@pytest.mark.parametrize("level", [1, 2, 3, 4, 5, 6])
def test_roots_and_links_at_every_level(level: int) -> None:
    dce = client()
    found = rows(listed(dce, level), level)
    assert [one["EntryPath"].rstrip("\0") for one in found] == PATHS
    one = call(
        dce, 4, DfsEntryPath="\\\\10.0.0.1\\DOCS\\Sub\\far", ServerName=NULL, ShareName=NULL, Level=level
    )
    row = one["DfsInfo"][f"DfsInfo{level}"]
    assert row["EntryPath"] == f"{PATHS[2]}\0"
    names = [name for name, _ in ndr.INFO[level].structure]
    if "NumberOfStorages" in names:
        assert row["NumberOfStorages"] == 2
    if "Storage" in names:
        targets = [(t["ServerName"].rstrip("\0"), t["ShareName"].rstrip("\0")) for t in row["Storage"]]
        assert targets == [("a", "x\\deep"), ("b", "y")]
    if "Timeout" in names:
        assert (found[0]["Timeout"], row["Timeout"]) == (ROOT_TTL, LINK_TTL)
    if "State" in names:
        assert (found[0]["State"], row["State"]) == (0x101, 1)
    if "Guid" in names:
        assert row["Guid"] == found[2]["Guid"] != found[1]["Guid"]


def test_levels_of_one_member() -> None:
    dce = client()

    def told(level: int) -> Any:
        path = PATHS[0]
        return call(dce, 4, DfsEntryPath=path, ServerName=NULL, ShareName=NULL, Level=level)["DfsInfo"][
            f"DfsInfo{level}"
        ]

    assert told(100)["Comment"] == "a root\0"
    assert told(101)["State"] == 0x101
    assert told(102)["Timeout"] == 300
    assert [one["DfsName"].rstrip("\0") for one in rows(listed(dce, 300), 300)] == PATHS[:1]


def test_one_target_of_a_link() -> None:
    dce = client()
    path = PATHS[2]
    one = call(dce, 4, DfsEntryPath=path, ServerName="B", ShareName="y", Level=3)["DfsInfo"]["DfsInfo3"]
    assert one["NumberOfStorages"] == 1
    asked = ndr.CALLS[4][0]()
    asked["DfsEntryPath"], asked["ServerName"], asked["ShareName"] = f"{path}\0", "B\0", "z\0"
    asked["Level"] = 3
    dce.call(4, asked)
    assert status(dce.recv()) == Win32.DFS_NO_SUCH_VOLUME


@pytest.mark.parametrize(
    ("path", "level", "expected"),
    [
        ("\\\\FAKESMB\\docs\\none", 1, Win32.DFS_NO_SUCH_VOLUME),
        ("\\\\FAKESMB\\public", 3, Win32.DFS_NO_SUCH_VOLUME),
        ("\\\\FAKESMB", 3, Win32.DFS_NO_SUCH_VOLUME),
        (PATHS[0], 7, Win32.INVALID_LEVEL),
        (PATHS[0], 99, Win32.INVALID_LEVEL),
    ],
)
def test_what_cannot_be_told(path: str, level: int, expected: int) -> None:
    dce = client()
    asked = ndr.CALLS[4][0]()
    asked["DfsEntryPath"], asked["ServerName"], asked["ShareName"] = f"{path}\0", NULL, NULL
    asked["Level"] = level
    dce.call(4, asked)
    assert status(dce.recv()) == expected


def test_of_one_namespace_and_in_parts() -> None:
    dce = client()
    assert len(rows(listed(dce, 1, "\\\\x\\docs"), 1)) == 3
    assert len(rows(listed(dce, 1, "\\\\x"), 1)) == 3
    assert status(listed(dce, 1, "\\\\x\\none")) == Win32.FILE_NOT_FOUND
    found: list[str] = []
    resume = 0
    while len(found) < 3:
        answer = listed(dce, 1, most=200, resume=resume)
        found += [one["EntryPath"].rstrip("\0") for one in rows(answer, 1)]
        resume = ndr.CALLS[5][1](answer)["ResumeHandle"]
    assert found == PATHS
    assert status(listed(dce, 1, resume=resume)) == Win32.NO_MORE_ITEMS
    assert status(listed(dce, 1, most=1)) == Win32.BUFFER_TOO_SMALL
    assert len(rows(listed(dce, 1, resume=None), 1)) == 3
    assert status(listed(dce, 200)) == Win32.INVALID_LEVEL


def test_lists_that_no_room_was_given_for() -> None:
    dce = client()
    dce.call(5, struct.pack("<4I", 1, 0xFFFFFFFF, 0, 0))
    assert status(dce.recv()) == Win32.INVALID_PARAMETER
    dce.call(5, struct.pack("<8I", 1, 0xFFFFFFFF, 1, 1, 1, 2, 1, 3))
    with pytest.raises(DCERPCException):
        dce.recv()


def test_without_a_namespace_there_is_nothing() -> None:
    assert status(listed(client(view=ListView(namespace_rows=())), 1)) == Win32.NO_MORE_ITEMS


@pytest.mark.parametrize("operation", [1, 2, 3, 6, 10, 12, 13, 15, 19, 23])
def test_nobody_changes_one(operation: int) -> None:
    dce = client(ADMIN)
    dce.call(operation, bytes(40))
    assert status(dce.recv()) == Win32.ACCESS_DENIED


@pytest.mark.parametrize(("caller", "expected"), [(ADMIN, 0), (USER, Win32.ACCESS_DENIED)])
def test_initializing_does_nothing(caller: Caller, expected: int) -> None:
    dce = client(caller)
    dce.call(14, bytes(8))
    assert status(dce.recv()) == expected
