"""srvsvc: canonical paths and names, and what an administrator's tools ask beside shares."""

import struct

import pytest
from impacket.dcerpc.v5 import srvs
from impacket.dcerpc.v5.rpcrt import DCERPCException

from fakesmb.rpc.services.srvsvc_names import canonical_path
from fakesmb.rpc.stub import Win32
from tests.rpc.rpc_client import ADMIN, NOBODY, USER, connect, raw, status


def wide(text: str) -> bytes:
    data = f"{text}\0".encode("utf-16-le")
    head = struct.pack("<III", len(data) // 2, 0, len(data) // 2)
    return head + data + bytes(-len(data) % 4)


@pytest.mark.parametrize(
    ("path", "prefix", "told", "kind"),
    [
        ("a/b", "", "a\\b", 0x2000),
        ("b\\..\\c", "C:\\a", "C:\\a\\c", 0x2006),
        ("C:\\a\\\\.\\b\\", "", "C:\\a\\b", 0x2006),
        ("\\\\server\\share\\x\\..", "", "\\\\server\\share", 0x1000),
        ("x*", "\\dir", "\\dir\\x*", 0x2003),
    ],
)
def test_paths_in_canonical_form(path: str, prefix: str, told: str, kind: int) -> None:
    stub = bytes(4) + wide(path) + struct.pack("<I", 200) + wide(prefix) + struct.pack("<II", 0, 0)
    answer = raw(connect(caller=USER), 31, stub)
    assert struct.unpack_from("<I", answer) == (200,)
    assert answer[4:204].decode("utf-16-le").rstrip("\0") == told
    assert struct.unpack("<II", answer[-8:]) == (kind, Win32.OK)
    short = bytes(4) + wide(path) + struct.pack("<I", 3) + wide(prefix) + struct.pack("<II", 0, 0)
    assert status(raw(connect(caller=USER), 31, short)) == Win32.BUFFER_TOO_SMALL


@pytest.mark.parametrize(
    ("path", "kind", "flags", "room", "expected"),
    [
        ("..\\a", 0, 0, 100, Win32.INVALID_NAME),
        ("\\\\server\\..\\..", 0, 0, 100, Win32.INVALID_NAME),
        ("a\\b", 0x1000, 0, 100, Win32.INVALID_NAME),
        ("a<b", 0, 0, 100, Win32.INVALID_NAME),
        ("a", 0, 2, 100, Win32.INVALID_PARAMETER),
        ("a", 0, 0, 0xFFFFFFFF, Win32.INVALID_PARAMETER),
    ],
)
def test_paths_that_have_none(path: str, kind: int, flags: int, room: int, expected: int) -> None:
    stub = bytes(4) + wide(path) + struct.pack("<I", room) + wide("") + struct.pack("<II", kind, flags)
    answer = raw(connect(caller=USER), 31, stub)
    assert status(answer) == expected
    assert len(answer) < 70_000


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [("C:\\A\\x", "c:/a//./X", 0), ("a", "b", 0xFFFFFFFF), ("b", "a", 1), ("..", "a", Win32.INVALID_NAME)],
)
def test_paths_compared(one: str, other: str, expected: int) -> None:
    stub = bytes(4) + wide(one) + wide(other) + struct.pack("<II", 0, 0)
    assert status(raw(connect(caller=USER), 32, stub)) == expected


@pytest.mark.parametrize(
    ("name", "kind", "told", "expected"),
    [
        ("server", 4, "SERVER", 0),
        ("Share", 9, "Share", 0),
        ("a/b", 9, "", Win32.INVALID_NAME),
        ("a", 99, "", 87),
    ],
)
def test_names_in_canonical_form(name: str, kind: int, told: str, expected: int) -> None:
    answer = raw(connect(caller=USER), 34, bytes(4) + wide(name) + struct.pack("<III", 40, kind, 0))
    assert answer[4:44].decode("utf-16-le").rstrip("\0") == told
    assert status(answer) == expected


@pytest.mark.parametrize(
    ("other", "kind", "expected"), [("SHARE", 9, 0), ("x", 9, 0xFFFFFFFF), ("a/b", 9, 123)]
)
def test_names_compared(other: str, kind: int, expected: int) -> None:
    stub = bytes(4) + wide("share") + wide(other) + struct.pack("<II", kind, 0)
    assert status(raw(connect(caller=USER), 35, stub)) == expected


@pytest.mark.parametrize("level", [102, 103, 502, 503])
def test_the_server_at_the_levels_of_administrators(level: int) -> None:
    told = srvs.hNetrServerGetInfo(connect(caller=ADMIN), level)["InfoStruct"][f"ServerInfo{level}"]
    if level < 500:
        assert told[f"sv{level}_name"] == "FAKESMB\0"
        assert told[f"sv{level}_version_major"] == 5
    else:
        assert told[f"sv{level}_maxrawbuflen"] == 65535
    if level == 503:
        assert told["sv503_domain"] == "LAB\0"
    for caller in (USER, NOBODY):
        with pytest.raises(DCERPCException, match="access_denied"):
            srvs.hNetrServerGetInfo(connect(caller=caller), level)


@pytest.mark.parametrize(
    ("operation", "before"),
    [(25, 0), (27, 0), (37, 20), (38, 20), (39, 4), (40, 0), (41, 0)],
)
def test_what_would_change_the_server_is_refused(operation: int, before: int) -> None:
    for caller, expected in ((ADMIN, Win32.NOT_SUPPORTED), (USER, Win32.ACCESS_DENIED)):
        dce = connect(caller=caller)
        assert raw(dce, operation, bytes(4) + wide("x") + bytes(16)) == bytes(before) + struct.pack(
            "<I", expected
        )


def test_a_prefix_is_put_in_front_once() -> None:
    assert canonical_path("\\b", "a\\", 0, 0) == ("a\\b", 0x2000, 0)
