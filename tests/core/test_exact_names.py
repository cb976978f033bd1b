"""Clients that mean names as they are spelt: the Linux kernel's and Samba's clear a flag then, in any message."""

import struct
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fakesmb.core.unix_clients import recognise
from fakesmb.nt.status import NT, SMBError
from fakesmb.testing import Client
from fakesmb.vfs.shortnames import short_name
from fakesmb.wire.codec import Empty
from fakesmb.wire.dialect import Dialect
from fakesmb.wire.dirs import (
    CheckDirectoryRequest,
    CreateDirectoryRequest,
    DeleteDirectoryRequest,
    DeleteRequest,
    NtRenameRequest,
    QueryInformationRequest,
    QueryInformationResponse,
    RenameRequest,
    SetInformationRequest,
)
from fakesmb.wire.files import OpenAndxRequest, OpenAndxResponse, OpenRequest, OpenResponse
from fakesmb.wire.header import Flags
from fakesmb.wire.negotiate import NegotiateNtResponse, NegotiateRequest
from fakesmb.wire.search import SearchRequest, SearchResponse
from fakesmb.wire.session import (
    SessionSetupAndxRequest,
    SessionSetupExtendedRequest,
    SessionSetupLanmanRequest,
    SessionSetupPlainRequest,
)
from fakesmb.wire.trans2 import (
    FindFirst2Request,
    QueryPathInformationRequest,
    SetPathInformationRequest,
    Trans2,
)
from tests.core.conftest import Make

EXACT = Flags.CANONICALIZED_PATHS
"""Flags without CASE_INSENSITIVE."""


@pytest.fixture
def kernel(make: Make, folders: dict[str, Path]) -> Client:
    """The kernel's client, with a file and a directory whose names have both cases."""
    (folders["public"] / "Case").write_bytes(b"here")
    (folders["public"] / "Dir").mkdir()
    (folders["public"] / "Dir" / "In").write_bytes(b"in")
    client = make().client()
    client.native_os, client.native_lan_man = "Linux version 6.1", "CIFS VFS Client for Linux"
    return client.sign_in().connect("public")


def _query(client: Client, name: str) -> None:
    client.call(0x08, QueryInformationRequest(name), QueryInformationResponse)


def _find(client: Client, name: str) -> None:
    asked = FindFirst2Request(0x16, 10, 1, 0x104, 0, name)
    client.trans2(Trans2.FIND_FIRST2, asked)


def _path(client: Client, name: str) -> None:
    client.trans2(Trans2.QUERY_PATH_INFORMATION, QueryPathInformationRequest(0x101, 0, name))


def _set_path(client: Client, name: str) -> None:
    asked = SetPathInformationRequest(0x101, 0, name)
    client.trans2(Trans2.SET_PATH_INFORMATION, asked, struct.pack("<4QII", 0, 0, 0, 0, 0, 0))


def _search(client: Client, name: str) -> None:
    client.call(0x81, SearchRequest(1, 0x16, name, b""), SearchResponse)


Ask = Callable[[Client, str], object]

OF_FILES: dict[str, Ask] = {
    "QUERY_INFORMATION": _query,
    "SET_INFORMATION": lambda c, n: c.call(0x09, SetInformationRequest(0, 0, bytes(10), n), Empty),
    "OPEN": lambda c, n: c.call(0x02, OpenRequest(0, 0x16, n), OpenResponse),
    "OPEN_ANDX": lambda c, n: c.call(0x2D, OpenAndxRequest(file_name=n, open_mode=1), OpenAndxResponse),
    "NT_CREATE_ANDX": lambda c, n: c.create(n),
    "QUERY_PATH": _path,
    "SET_PATH": _set_path,
    "FIND_FIRST2": _find,
    "FIND_FIRST2 of a pattern": lambda c, n: _find(c, n[:-1] + "?"),
    "SEARCH": _search,
    "RENAME": lambda c, n: c.call(0x07, RenameRequest(0x16, n, "other"), Empty),
    "NT_RENAME": lambda c, n: c.call(0xA5, NtRenameRequest(0x16, 0x103, 0, n, "link"), Empty),
    "DELETE": lambda c, n: c.call(0x06, DeleteRequest(0x16, n), Empty),
    "DELETE of a pattern": lambda c, n: c.call(0x06, DeleteRequest(0x16, n[:-1] + "?"), Empty),
}
OF_DIRECTORIES: dict[str, Ask] = {
    "CHECK_DIRECTORY": lambda c, n: c.call(0x10, CheckDirectoryRequest(n), Empty),
    "a name below": lambda c, n: _query(c, n + "\\In"),
    "a listing": lambda c, n: _find(c, n + "\\*"),
}


@pytest.mark.parametrize("command", OF_FILES)
def test_the_flag_counts_in_every_command_that_takes_a_name(kernel: Client, command: str) -> None:
    kernel.flags = EXACT
    with pytest.raises(SMBError) as refused:
        OF_FILES[command](kernel, "CASE")
    assert refused.value.status in (NT.OBJECT_NAME_NOT_FOUND, NT.NO_SUCH_FILE, NT.NO_MORE_FILES)
    OF_FILES[command](kernel, "Case")


@pytest.mark.parametrize("command", OF_DIRECTORIES)
def test_the_flag_counts_for_directories_on_the_way(kernel: Client, command: str) -> None:
    kernel.flags = EXACT
    with pytest.raises(SMBError) as refused:
        OF_DIRECTORIES[command](kernel, "DIR")
    assert refused.value.status in (NT.OBJECT_NAME_NOT_FOUND, NT.OBJECT_PATH_NOT_FOUND)
    OF_DIRECTORIES[command](kernel, "Dir")


def test_a_directory_is_removed_as_it_is_spelt(kernel: Client, folders: dict[str, Path]) -> None:
    kernel.flags = EXACT
    kernel.call(0x00, CreateDirectoryRequest("DIR"), Empty)
    kernel.call(0x01, DeleteDirectoryRequest("DIR"), Empty)
    assert (folders["public"] / "Dir").is_dir()


def test_each_message_says_it_anew(kernel: Client) -> None:
    _query(kernel, "CASE")
    kernel.flags = EXACT
    with pytest.raises(SMBError):
        _query(kernel, "CASE")
    kernel.flags |= Flags.CASE_INSENSITIVE
    _query(kernel, "CASE")


def test_a_rename_that_changes_case_alone_is_done(kernel: Client, folders: dict[str, Path]) -> None:
    kernel.flags = EXACT
    with pytest.raises(SMBError):
        _query(kernel, "case")
    kernel.call(0x07, RenameRequest(0x16, "Case", "case"), Empty)
    assert "case" in {path.name for path in folders["public"].iterdir()}
    _query(kernel, "case")
    with pytest.raises(SMBError):
        _query(kernel, "Case")


def test_two_files_whose_names_differ_in_case_alone(kernel: Client, folders: dict[str, Path]) -> None:
    kernel.flags = EXACT
    fid = kernel.create("CASE", disposition=2)
    kernel.write(fid, b"there")
    assert (folders["public"] / "Case").read_bytes() == b"here"
    assert (folders["public"] / "CASE").read_bytes() == b"there"


def test_an_8_3_name_is_found_all_the_same(kernel: Client, folders: dict[str, Path]) -> None:
    (folders["public"] / "A long name of a file").write_bytes(b"")
    kernel.flags = EXACT
    _query(kernel, short_name("A long name of a file"))


def test_a_user_of_another_s_tree_means_it_too(make: Make, folders: dict[str, Path]) -> None:
    (folders["public"] / "Case").write_bytes(b"here")
    client = make(users={"alice": "Secret123", "bob": "Secret456"}).client()
    client.native_lan_man = "Samba 4.17.12"
    tid = client.sign_in().connect("public").tid
    client.sign_in("bob", "Secret456")
    client.tid, client.flags = tid, EXACT
    with pytest.raises(SMBError):
        _query(client, "CASE")
    _query(client, "Case")


def test_others_are_not_heeded(make: Make, folders: dict[str, Path]) -> None:
    client = make().client()
    client.native_os, client.native_lan_man = "Windows 2002 2600", "Windows 2002 5.1"
    client.sign_in().connect("public")
    client.flags = 0
    _query(client, "A.TXT")


def test_who_is_recognised_after_connecting_is_heeded_from_then_on(
    make: Make, folders: dict[str, Path]
) -> None:
    client = make().client().sign_in().connect("public")
    client.flags = EXACT
    _query(client, "A.TXT")
    tid, client.native_lan_man = client.tid, "Samba"
    client.sign_in()
    client.tid = tid
    with pytest.raises(SMBError):
        _query(client, "A.TXT")


def test_the_dialect_of_the_kernel_tells(make: Make, folders: dict[str, Path]) -> None:
    client = make().client()
    client.call(0x72, NegotiateRequest((Dialect.NT_LM, "POSIX 2")), NegotiateNtResponse)
    client.sign_in().connect("public")
    client.flags = EXACT
    with pytest.raises(SMBError):
        _query(client, "A.TXT")


@pytest.mark.parametrize(
    ("params", "known"),
    [
        (SessionSetupExtendedRequest(capabilities=0x8080D0DC), True),
        (SessionSetupPlainRequest(capabilities=0x8000D0DC), False),
        (SessionSetupPlainRequest(native_os="Linux version 4.9.0"), True),
        (SessionSetupPlainRequest(native_lan_man="CIFS VFS Client for Linux"), True),
        (SessionSetupExtendedRequest(native_os="Unix", native_lan_man="Samba"), True),
        (SessionSetupExtendedRequest(native_os="Unix", native_lan_man="jCIFS"), False),
        (SessionSetupLanmanRequest(native_os="Unix", native_lan_man="Samba"), True),
        (SessionSetupLanmanRequest(native_os="DOS"), False),
        (SessionSetupAndxRequest(), False),
    ],
)
def test_who_is_recognised(params: SessionSetupAndxRequest, known: bool) -> None:
    said: list[bool] = []
    connection: Any = SimpleNamespace(heeds_case=False, heed_case=lambda: said.append(True))
    recognise(connection, params)
    assert said == [True] * known
