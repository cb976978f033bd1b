"""8.3 names that would be another file's: what is shown can be asked for, and gives that file and no other."""

import os
import struct
from pathlib import Path

import pytest

from fakesmb.core.request import Empty
from fakesmb.nt.files import FileAction
from fakesmb.nt.status import NT, SMBError
from fakesmb.testing import Client
from fakesmb.vfs.shortnames import is_short, short_name
from fakesmb.wire.dirs import DeleteRequest
from fakesmb.wire.header import Flags2
from fakesmb.wire.nt_trans import NotifySetup, NtTransact, read_notify_information
from fakesmb.wire.search import SearchRequest, SearchResponse
from fakesmb.wire.trans import NtTransactRequest, NtTransactResponse
from fakesmb.wire.trans2 import (
    FindFirst2Request,
    FindNext2Request,
    QueryFileInformationRequest,
    QueryPathInformationRequest,
)
from tests.core.test_oem_names import listed
from tests.vfs.twins import CYRILLIC, TWINS

COLON = "a:b.txt"
NAMES = [
    *CYRILLIC,
    *TWINS,
    "Журнал.txt",
    short_name("Журнал.txt"),
    COLON,
    short_name(COLON).lower(),
    "A:B.txt",
    "plain.txt",
    "a long name that has no twin.html",
]


@pytest.fixture
def oem(client: Client, folders: dict[str, Path]) -> Client:
    for name in NAMES:
        (folders["public"] / "dir" / name).write_bytes(name.encode())
    client.flags2 &= ~Flags2.UNICODE
    return client


def content(client: Client, name: str) -> str:
    fid = client.create(f"\\dir\\{name}", access=0x120089)
    try:
        return client.read(fid).decode()
    finally:
        client.close(fid)


@pytest.mark.parametrize("level", [1, 2, 3, 0x101, 0x102, 0x103, 0x104, 0x105, 0x106])
def test_a_listing_shows_every_file_by_a_name_of_its_own(oem: Client, level: int) -> None:
    eas = struct.pack("<I", 4) if level == 3 else b""
    answer = oem.trans2(1, FindFirst2Request(0x16, 100, 0, level, 0, "\\dir\\*"), eas)
    names = [name for name in listed(level, bytes(answer.data)) if name not in (".", "..")]
    assert len({name.upper() for name in names}) == len(names) == len(NAMES)
    assert sorted(content(oem, name) for name in names) == sorted(NAMES)


@pytest.mark.parametrize("command", [0x81, 0x82, 0x83])
def test_core_searches(oem: Client, command: int) -> None:
    data = bytes(oem.call(command, SearchRequest(100, 0x16, "\\dir\\*.*"), SearchResponse).entries)
    names = [data[at + 30 : at + 43].partition(b"\0")[0].decode() for at in range(0, len(data), 43)]
    names = [name for name in names if name not in (".", "..")]
    assert all(map(is_short, names))
    assert sorted(content(oem, name) for name in names) == sorted(NAMES)


def test_a_listing_goes_on_after_each(oem: Client) -> None:
    names: list[str] = []
    answer = oem.trans2(1, FindFirst2Request(0x16, 1, 0, 0x104, 0, "\\dir\\*"))
    (sid,) = struct.unpack_from("<H", answer.parameters)
    for _ in range(len(NAMES) + 5):
        names += listed(0x104, bytes(answer.data))
        answer = oem.trans2(2, FindNext2Request(sid, 1, 0x104, 0, 0, names[-1]))
        (count,) = struct.unpack_from("<H", answer.parameters)
        if not count:
            break
    assert len(names) == len(set(names)) == len(NAMES) + 2


def test_each_deletion_takes_the_file_that_was_shown(oem: Client, folders: dict[str, Path]) -> None:
    """One by one, listing anew: an 8.3 name may change as its twin goes."""
    left = set(NAMES)
    while left:
        answer = oem.trans2(1, FindFirst2Request(0x16, 100, 0, 0x104, 0, "\\dir\\*"))
        name = listed(0x104, bytes(answer.data))[-1]
        meant = content(oem, name)
        oem.call(0x06, DeleteRequest(0x16, f"\\dir\\{name}"), Empty)
        left.remove(meant)
        assert {path.name for path in (folders["public"] / "dir").iterdir()} == left


def test_a_name_that_meant_two_files_means_neither(oem: Client) -> None:
    with pytest.raises(SMBError) as error:
        content(oem, short_name(CYRILLIC[0]))
    assert error.value.status == NT.OBJECT_NAME_NOT_FOUND


@pytest.mark.parametrize("level", [0x108, 1021])
@pytest.mark.parametrize("by_handle", [False, True])
def test_the_alternate_name_is_its_own(oem: Client, level: int, *, by_handle: bool) -> None:
    oem.flags2 |= Flags2.UNICODE
    told = set()
    for name in NAMES:
        if ":" in name or is_short(name):
            continue
        if by_handle:
            fid = oem.create(f"\\dir\\{name}", access=0x120089)
            data = oem.trans2(7, QueryFileInformationRequest(fid, level)).data
            oem.close(fid)
        else:
            data = oem.trans2(5, QueryPathInformationRequest(level, 0, f"\\dir\\{name}")).data
        alias = bytes(data[4:]).decode("utf-16-le")
        assert content(oem, alias) == name
        told.add(alias)
    assert len(told) == 6


def test_both_names_of_a_unicode_listing(oem: Client) -> None:
    """The 8.3 name beside the long one is that file's, in listings and where one name is asked for."""
    oem.flags2 |= Flags2.UNICODE
    pairs = names_of(bytes(oem.trans2(1, FindFirst2Request(0x16, 100, 0, 0x104, 0, "\\dir\\*")).data))
    shown = [short or name for name, short in pairs if name not in (".", "..")]
    assert len({name.upper() for name in shown}) == len(NAMES)
    for name, short in pairs:
        if short and name not in (".", ".."):
            assert content(oem, short) == content(oem, name)
            one = oem.trans2(1, FindFirst2Request(0x16, 1, 1, 0x104, 0, f"\\dir\\{name}"))
            assert names_of(bytes(one.data)) == [(name, short)]


def names_of(data: bytes) -> list[tuple[str, str]]:
    found, at = [], 0
    while True:
        following, size, short = *struct.unpack_from("<I56xI", data, at), data[at + 68]
        name = data[at + 94 : at + 94 + size].decode("utf-16-le")
        found.append((name, data[at + 70 : at + 70 + short].decode("utf-16-le")))
        if not following:
            return found
        at += following


def test_a_pattern_meets_the_8_3_name_that_is_shown(oem: Client) -> None:
    answer = oem.trans2(1, FindFirst2Request(0x16, 100, 0, 0x104, 0, "\\dir\\*"))
    for name in listed(0x104, bytes(answer.data)):
        if "~" in name:
            found = oem.trans2(1, FindFirst2Request(0x16, 100, 1, 0x104, 0, f"\\dir\\{name[:-1]}?"))
            assert listed(0x104, bytes(found.data)) == [name]


def test_notifications_and_paths(oem: Client, other: Client) -> None:
    """A name whose 8.3 name is taken by then is told by the one that it has."""
    fid = oem.create("\\dir", access=0x00100081, options=1)
    setup = NotifySetup(3, fid, 1).encode()
    other.flags2 |= Flags2.UNICODE
    taken = "Ωmega.txt"
    other.close(other.create(f"\\dir\\{short_name(taken)}", disposition=2))
    oem.send(
        0xA0,
        NtTransactRequest(
            function=NtTransact.NOTIFY_CHANGE, setup=setup, max_parameter_count=1000, max_data_count=0
        ),
    )
    other.close(other.create(f"\\dir\\{taken}", disposition=2))
    told = oem.answer().body(NtTransactResponse)
    ((action, name),) = read_notify_information(told.parameters)
    assert (action, name != short_name(taken)) == (FileAction.ADDED, True)
    answer = oem.trans2(5, QueryPathInformationRequest(0x104, 0, f"\\dir\\{name}"))
    assert bytes(answer.data[4:]) == f"\\dir\\{name}".encode()


def test_a_new_file_with_the_8_3_name_of_another_is_that_one(
    client: Client, folders: dict[str, Path]
) -> None:
    """As on Windows: it is opened, renamed onto, linked over as by its long name."""
    place = folders["public"] / "dir"
    (place / "a long name.txt").write_bytes(b"long")
    alias = f"\\dir\\{short_name('a long name.txt')}"
    client.close(client.create(alias, disposition=3))
    with pytest.raises(SMBError) as error:
        client.create(alias, disposition=2)
    assert error.value.status == NT.OBJECT_NAME_COLLISION
    assert os.listdir(place) == ["a long name.txt"]
