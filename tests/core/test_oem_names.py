"""Names that the code page of a client without Unicode cannot spell, and bytes that it does not know."""

import os
import struct
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from fakesmb.core.request import Empty
from fakesmb.core.settings import Settings
from fakesmb.nt.files import FileAction
from fakesmb.nt.status import NT, SMBError
from fakesmb.testing import Client
from fakesmb.vfs.shortnames import short_name
from fakesmb.wire.dirs import DeleteRequest, QueryInformationRequest, QueryInformationResponse, RenameRequest
from fakesmb.wire.eas import Ea, encode_list
from fakesmb.wire.header import Flags2
from fakesmb.wire.nt_trans import NotifySetup, NtTransact, read_notify_information
from fakesmb.wire.search import SearchRequest, SearchResponse
from fakesmb.wire.trans import NtTransactRequest, NtTransactResponse
from fakesmb.wire.trans2 import (
    FindFirst2Request,
    FindNext2Request,
    QueryPathInformationRequest,
    SetPathInformationRequest,
)
from tests.core.conftest import Make

Refuses = Callable[[NT], AbstractContextManager[object]]

STRANGE = ["Журнал.txt", "三.txt", "café Ω.txt", "日記", "a\u2028b.txt"]
"""cp850 has none of them whole."""
PLAIN = ["abc.txt", "xyz.txt", "Ärger.txt"]


@pytest.fixture
def oem(client: Client, folders: dict[str, Path]) -> Client:
    """A client that sends OEM names, in a folder of names of both kinds."""
    for name in STRANGE + PLAIN:
        (folders["public"] / "dir" / name).write_bytes(name.encode())
    client.flags2 &= ~Flags2.UNICODE
    return client


def wanted() -> set[str]:
    return {*PLAIN, *map(short_name, STRANGE)}


OLD = {1: 23, 2: 27, 3: 27}
HEADS = {0x101: 64, 0x102: 68, 0x103: 12, 0x104: 94, 0x105: 80, 0x106: 104}


def listed(level: int, data: bytes) -> list[str]:
    """The names of a listing in OEM."""
    found = []
    at = 0
    while at < len(data):
        if level in HEADS:
            (following,) = struct.unpack_from("<I", data, at)
            (size,) = struct.unpack_from("<I", data, at + (8 if level == 0x103 else 60))
            name = data[at + HEADS[level] : at + HEADS[level] + size].rstrip(b"\0")
            at += following or len(data)
        else:
            start = at + OLD[level]
            name = data[start : start + data[start - 1]]
            at = start + data[start - 1] + 1
        found.append(name.decode("cp850"))
    return found


@pytest.mark.parametrize("level", [*OLD, *HEADS, 1001, 1012])
def test_every_listing_shows_what_can_be_asked_for(oem: Client, level: int) -> None:
    """Each name that is shown is that of one file, whose content tells which."""
    eas = struct.pack("<I", 4) if level == 3 else b""
    answer = oem.trans2(1, FindFirst2Request(0x16, 100, 0, level, 0, "\\dir\\*"), eas)
    as_smb = {1001: 0x101, 1012: 0x103}.get(level, level)
    names = [name for name in listed(as_smb, bytes(answer.data)) if name not in (".", "..")]
    assert set(names) == wanted()
    contents = {oem.read(oem.create(f"\\dir\\{name}", access=0x120089)).decode() for name in names}
    assert contents == {*STRANGE, *PLAIN}


def test_a_listing_goes_on_after_the_name_that_was_shown(oem: Client) -> None:
    """By name, one entry an answer."""
    names: list[str] = []
    answer = oem.trans2(1, FindFirst2Request(0x16, 1, 0, 0x104, 0, "\\dir\\*"))
    (sid,) = struct.unpack_from("<H", answer.parameters)
    for _ in range(12):
        names += listed(0x104, bytes(answer.data))
        answer = oem.trans2(2, FindNext2Request(sid, 1, 0x104, 0, 0, names[-1]))
        (count,) = struct.unpack_from("<H", answer.parameters)
        if not count:
            break
    assert set(names) == {".", "..", *wanted()}
    assert len(names) == len(set(names))


@pytest.mark.parametrize("command", [0x81, 0x82, 0x83])
def test_core_searches(oem: Client, command: int) -> None:
    data = bytes(oem.call(command, SearchRequest(100, 0x16, "\\dir\\*.*"), SearchResponse).entries)
    names = [data[at + 30 : at + 43].partition(b"\0")[0] for at in range(0, len(data), 43)]
    assert b"?" not in b"".join(names)
    assert {short_name(name).encode() for name in STRANGE} <= set(names)


def test_deleting_what_is_shown_deletes_that(oem: Client, folders: dict[str, Path]) -> None:
    """Issue: a DELETE of the `???.txt` that was shown took three files with it."""
    for name in STRANGE:
        oem.call(0x06, DeleteRequest(0x16, f"\\dir\\{short_name(name)}"), Empty)
        assert not (folders["public"] / "dir" / name).exists()
    assert {path.name for path in (folders["public"] / "dir").iterdir()} == set(PLAIN)


def test_names_of_files_and_streams(oem: Client, folders: dict[str, Path]) -> None:
    """The path of an open file goes by 8.3 names; streams that cannot be asked for are not told."""
    inside = folders["public"] / "dir" / "ночь"
    inside.mkdir()
    (inside / "Journal Ω.txt").write_bytes(b"")
    short = f"\\dir\\{short_name('ночь')}\\{short_name('Journal Ω.txt')}"
    for level, at in ((0x104, 0), (0x107, 68)):
        answer = oem.trans2(5, QueryPathInformationRequest(level, 0, short))
        size = struct.unpack_from("<I", answer.data, at)[0]
        assert bytes(answer.data[at + 4 : at + 4 + size]) == short.encode()
    oem.flags2 |= Flags2.UNICODE
    for stream in ("Ω", "plain"):
        oem.close(oem.create(f"\\a.txt:{stream}", disposition=2))
    told = oem.trans2(5, QueryPathInformationRequest(0x109, 0, "\\a.txt"))
    assert "Ω".encode("utf-16-le") in bytes(told.data)
    oem.flags2 &= ~Flags2.UNICODE
    told = oem.trans2(5, QueryPathInformationRequest(0x109, 0, "\\a.txt"))
    assert "Ω".encode("utf-16-le") not in bytes(told.data)
    assert ":plain:".encode("utf-16-le") in bytes(told.data)


def test_notifications(oem: Client, other: Client) -> None:
    """A change of a name that this client cannot spell comes with the 8.3 name."""
    fid = oem.create("\\dir", access=0x00100081, options=1)
    setup = NotifySetup(3, fid, 1).encode()
    oem.send(
        0xA0,
        NtTransactRequest(
            function=NtTransact.NOTIFY_CHANGE, setup=setup, max_parameter_count=1000, max_data_count=0
        ),
    )
    other.close(other.create("\\dir\\смена.txt", disposition=2))
    told = oem.answer().body(NtTransactResponse)
    assert read_notify_information(told.parameters) == [(FileAction.ADDED, short_name("смена.txt"))]


@pytest.mark.parametrize("encoding", ["cp1252", "cp932", "ascii"])
def test_bytes_that_mean_nothing_name_nothing(
    make: Make, folders: dict[str, Path], encoding: str, refuses: Refuses
) -> None:
    """0x81 is no character (nor, before a dot, half of one): not made, not found, no wildcard, whatever asks."""
    server = make(settings=Settings(oem_encoding=encoding))
    client = server.client().sign_in().connect("public")
    client.flags2 &= ~Flags2.UNICODE
    before = sorted(folders["public"].iterdir())
    strange = b"\x81".decode("cp850")
    for name in (strange, f"{strange}.txt", f"a.txt:{strange}"):
        with refuses(NT.OBJECT_NAME_INVALID):
            client.create(name, disposition=3)
    for pattern in (f"{strange}.txt", f"*{strange}"):
        with refuses(NT.OBJECT_NAME_INVALID):
            client.call(0x06, DeleteRequest(0x16, pattern), Empty)
        with refuses(NT.OBJECT_NAME_INVALID):
            client.call(0x08, QueryInformationRequest(pattern), QueryInformationResponse)
    client.trans2(6, SetPathInformationRequest(2, 0, "a.txt"), encode_list([Ea(b"\x81", b"x")]))
    assert server.messages[-1].status == NT.INVALID_EA_NAME
    assert os.listxattr(folders["public"] / "a.txt") == []
    with refuses(NT.OBJECT_NAME_INVALID):
        client.call(0x07, RenameRequest(0x16, "a.txt", f"b{strange}.txt"), Empty)
    assert sorted(folders["public"].iterdir()) == before


def test_a_user_name_that_means_nothing(make: Make) -> None:
    """It is nobody's, and the server says so as of any other."""
    client = make(settings=Settings(oem_encoding="cp1252")).client()
    client.flags2 &= ~Flags2.UNICODE
    with pytest.raises(SMBError) as error:
        client.sign_in(b"al\x81ce".decode("cp850"), "secret")
    assert error.value.status == NT.LOGON_FAILURE


def test_a_code_page_that_writes_another_character(make: Make, folders: dict[str, Path]) -> None:
    """Shift-JIS has a backslash where the yen sign was: `a¥b` would be a path."""
    (folders["public"] / "dir" / "a¥b.txt").write_bytes(b"yen")
    client = make(settings=Settings(oem_encoding="shift_jis")).client().sign_in().connect("public")
    client.flags2 &= ~Flags2.UNICODE
    answer = client.trans2(1, FindFirst2Request(0x16, 100, 0, 0x104, 0, "\\dir\\*"))
    assert listed(0x104, bytes(answer.data)) == [".", "..", short_name("a¥b.txt")]
