"""Rules of Windows' that smbtorture checks, each by itself: names of pipes, renames, change times, anonymous users."""

import struct
import time
from pathlib import Path

import msgspec
import pytest

from fakesmb.nt.descriptor import SecurityInformation
from fakesmb.nt.files import Access, Disposition
from fakesmb.nt.status import NT
from fakesmb.testing import Client
from fakesmb.wire.codec import Empty
from fakesmb.wire.dirs import (
    DeleteDirectoryRequest,
    DeleteRequest,
    NtRenameRequest,
    RenameRequest,
    SetInformationRequest,
)
from fakesmb.wire.files import (
    CreateTemporaryRequest,
    CreateTemporaryResponse,
    OpenAndxRequest,
    OpenAndxResponse,
)
from fakesmb.wire.locking import LockingAndxResponse, LockRange
from fakesmb.wire.nt_trans import NtTransact, SecurityDescRequest
from fakesmb.wire.trans import NtTransactRequest, NtTransactResponse
from fakesmb.wire.trans2 import (
    Open2Request,
    Open2Response,
    QueryPathInformationRequest,
    SetFileInformationRequest,
    SetPathInformationRequest,
    Trans2,
)
from tests.refusals import Refuses

A = "\\a.txt"
BASIC, RENAME = 0x101, 1010
MONDAY = 127_304_000_000_000_000
"""A FILETIME of 2004."""


class TestPipeNames:
    """NT_CREATE_ANDX opens by names of the pipe file system; what is older wants PIPE before them."""

    @pytest.mark.parametrize("name", ["\\PIPE\\srvsvc", "pipe\\srvsvc"])
    def test_nt_create_knows_no_prefix(self, client: Client, refuses: Refuses, name: str) -> None:
        client.connect("IPC$")
        with refuses(NT.OBJECT_NAME_NOT_FOUND):
            client.create(name)

    @pytest.mark.parametrize("name", ["\\PIPE\\srvsvc", "pipe\\srvsvc"])
    def test_open_andx_wants_it(self, client: Client, name: str) -> None:
        client.connect("IPC$")
        request = OpenAndxRequest(access_mode=0x42, open_mode=1, file_name=name)
        assert client.call(0x2D, request, OpenAndxResponse).fid == 0x4000

    @pytest.mark.parametrize("name", ["\\srvsvc", "srvsvc", "nobody", "pipe"])
    def test_open_andx_takes_no_other_name(self, client: Client, name: str) -> None:
        client.connect("IPC$")
        client.send(0x2D, OpenAndxRequest(access_mode=0x42, open_mode=1, file_name=name))
        assert client.answer().header.status == NT.OBJECT_PATH_SYNTAX_BAD


def test_open2_tells_access_and_sharing(client: Client) -> None:
    asked = Open2Request(0, 0x42, 0, 0x20, 0, 0x11, 0, bytes(10), A)
    assert Open2Response.decode(client.trans2(Trans2.OPEN2, asked).parameters).access_mode == 0x42


def test_names_are_opened_where_only_patterns_open_the_directory(client: Client, refuses: Refuses) -> None:
    with refuses(NT.OBJECT_PATH_NOT_FOUND):
        client.call(0x06, DeleteRequest(0x16, "\\dir\\.\\x"), Empty)
    with refuses(NT.OBJECT_NAME_INVALID):
        client.call(0x06, DeleteRequest(0x16, "\\dir\\.\\x*"), Empty)


@pytest.mark.parametrize(("level", "status"), [(0x102, NT.INVALID_PARAMETER), (0x106, NT.ACCESS_DENIED)])
def test_an_unknown_way_to_rename_is_told_first(
    client: Client, refuses: Refuses, level: int, status: NT
) -> None:
    with refuses(status):
        client.call(0xA5, NtRenameRequest(0x16, level, 0, "\\missing", "\\new"), Empty)


def test_a_hidden_directory_is_renamed_by_who_asks_for_it(client: Client, refuses: Refuses) -> None:
    client.call(0x09, SetInformationRequest(0x12, 0, bytes(10), "\\dir"), Empty)
    with refuses(NT.NO_SUCH_FILE):
        client.call(0x07, RenameRequest(0x10, "\\dir", "\\new"), Empty)
    client.call(0x07, RenameRequest(0x02, "\\dir", "\\new"), Empty)


def test_a_read_only_directory_is_made_removable(
    client: Client, refuses: Refuses, folders: dict[str, Path]
) -> None:
    """As Samba's smbcli_deltree goes about it. Of a file, NORMAL leaves the attributes."""
    for name in ("\\dir", A):
        client.call(0x09, SetInformationRequest(0x01, 0, bytes(10), name), Empty)
    with refuses(NT.CANNOT_DELETE):
        client.call(0x01, DeleteDirectoryRequest("\\dir"), Empty)
    for name in ("\\dir", A):
        client.call(0x09, SetInformationRequest(0x80, 0, bytes(10), name), Empty)
    client.call(0x01, DeleteDirectoryRequest("\\dir"), Empty)
    with refuses(NT.CANNOT_DELETE):
        client.call(0x06, DeleteRequest(0x16, A), Empty)


def test_a_stream_of_the_root_is_deleted(client: Client, refuses: Refuses) -> None:
    client.close(client.create(":side", disposition=Disposition.CREATE))
    client.call(0x06, DeleteRequest(0x16, "\\:side"), Empty)
    with refuses(NT.OBJECT_NAME_NOT_FOUND):
        client.create(":side")


def test_a_temporary_file_is_not_made_in_a_stream(client: Client, refuses: Refuses) -> None:
    with refuses(NT.OBJECT_PATH_NOT_FOUND):
        client.call(0x0E, CreateTemporaryRequest(0, 0, "\\dir:s"), CreateTemporaryResponse)


def rename_data(name: str) -> bytes:
    raw = name.encode("utf-16-le")
    return struct.pack("<B3xII", 0, 0, len(raw)) + raw


@pytest.mark.parametrize("name", ["\\b.txt", "dir\\b.txt", "dir/b.txt"])
def test_a_rename_by_information_stays_in_its_directory(
    client: Client, refuses: Refuses, folders: dict[str, Path], name: str
) -> None:
    """[MS-SMB] 2.2.8.4."""
    fid = client.create(A, access=Access.DELETE)
    with refuses(NT.NOT_SUPPORTED):
        client.trans2(Trans2.SET_FILE_INFORMATION, SetFileInformationRequest(fid, RENAME), rename_data(name))
    assert (folders["public"] / "a.txt").exists()
    client.trans2(Trans2.SET_FILE_INFORMATION, SetFileInformationRequest(fid, RENAME), rename_data("b.txt"))
    assert (folders["public"] / "b.txt").exists()
    with refuses(NT.OBJECT_NAME_NOT_FOUND):  # what is not there comes first: `rename -f` of smbclient
        client.trans2(
            Trans2.SET_PATH_INFORMATION, SetPathInformationRequest(RENAME, 0, "\\none"), rename_data(name)
        )


def test_a_rename_by_information_to_nothing_or_to_a_stream(client: Client, refuses: Refuses) -> None:
    asked = SetFileInformationRequest(client.create(A, access=Access.DELETE), RENAME)
    with refuses(NT.INVALID_PARAMETER):
        client.trans2(Trans2.SET_FILE_INFORMATION, asked, rename_data(""))
    with refuses(NT.OBJECT_NAME_INVALID):
        client.trans2(Trans2.SET_FILE_INFORMATION, asked, rename_data("b.txt::$DATA"))


@pytest.mark.parametrize(("level", "data"), [(1014, bytes(8)), (1016, bytes(4))])
def test_what_goes_with_an_open_is_set_of_a_file_that_is_there(
    client: Client, refuses: Refuses, level: int, data: bytes
) -> None:
    """Windows opens it, sets position or mode, and closes it again."""
    client.trans2(Trans2.SET_PATH_INFORMATION, SetPathInformationRequest(level, 0, A), data)
    with refuses(NT.OBJECT_NAME_NOT_FOUND):
        client.trans2(Trans2.SET_PATH_INFORMATION, SetPathInformationRequest(level, 0, "\\no"), data)


def test_a_directory_is_renamed_while_a_stream_of_it_is_open(
    client: Client, folders: dict[str, Path]
) -> None:
    fid = client.create("\\dir:side", disposition=Disposition.CREATE)
    client.write(fid, b"kept")
    client.send(0x07, RenameRequest(0x16, "\\dir", "\\moved"))
    assert client.answer().header.status == 0
    assert client.read(fid) == b"kept"
    client.close(fid)
    assert client.read(client.create("\\moved:side", disposition=Disposition.OPEN)) == b"kept"


class TestChangeTime:
    """POSIX moves its change time whatever it is told; a client's lasts until the next change."""

    def change_time(self, client: Client) -> int:
        asked = QueryPathInformationRequest(BASIC, 0, A)
        data = client.trans2(Trans2.QUERY_PATH_INFORMATION, asked).data
        found: int = struct.unpack_from("<4Q", data)[3]
        return found

    def basic(self, change: int, attributes: int = 0) -> bytes:
        return struct.pack("<4QI4x", 0, 0, 0, change, attributes)

    def test_set_by_name_it_stays(self, client: Client, folders: dict[str, Path]) -> None:
        asked = SetPathInformationRequest(BASIC, 0, A)
        client.trans2(Trans2.SET_PATH_INFORMATION, asked, self.basic(MONDAY))
        assert self.change_time(client) == MONDAY
        client.trans2(Trans2.SET_PATH_INFORMATION, asked, self.basic(0, 0x02))
        assert self.change_time(client) > MONDAY

    def test_set_by_fid_it_stays_whatever_else_that_open_sets(self, client: Client) -> None:
        fid = client.create(A, access=Access.WRITE_ATTRIBUTES)
        asked = SetFileInformationRequest(fid, BASIC)
        client.trans2(Trans2.SET_FILE_INFORMATION, asked, self.basic(MONDAY))
        client.trans2(Trans2.SET_FILE_INFORMATION, asked, self.basic(0, 0x02))
        assert self.change_time(client) == MONDAY
        client.close(fid)
        assert self.change_time(client) == MONDAY

    def test_a_write_moves_it(self, client: Client) -> None:
        asked = SetPathInformationRequest(BASIC, 0, A)
        client.trans2(Trans2.SET_PATH_INFORMATION, asked, self.basic(MONDAY))
        time.sleep(0.02)  # the clock of POSIX change times ticks every 4 ms, on most machines
        fid = client.create(A, access=Access.WRITE_DATA)
        client.write(fid, b"x" * 200)
        client.close(fid)
        assert self.change_time(client) > MONDAY


def test_thousands_of_locks_that_may_wait_are_taken_in_one_message(client: Client) -> None:
    """One after another without a call in a call for each."""
    fid = client.create(A)
    wanted = [LockRange(1, at, 1) for at in range(3000)]
    client.call(0x24, client.locking(fid, *wanted, timeout=1000), LockingAndxResponse)
    client.call(0x24, client.locking(fid, unlocks=wanted), LockingAndxResponse)


def test_waiting_locks_with_an_impossible_one_among_them_are_none(client: Client, refuses: Refuses) -> None:
    fid = client.create(A)
    wanted = LockRange(1, 0, 1), LockRange(1, (1 << 64) - 1, 2)
    with refuses(NT.INVALID_LOCK_RANGE):
        client.call(0x24, client.locking(fid, *wanted, timeout=1000), LockingAndxResponse)
    client.lock(fid, 0, 1)


def test_who_has_become_anonymous_is_told_no_descriptor(client: Client, refuses: Refuses) -> None:
    """The open itself outlives the change of user, and would allow it."""
    fid = client.create(A)
    asked = NtTransactRequest(
        function=NtTransact.QUERY_SECURITY_DESC,
        parameters=SecurityDescRequest(fid, 0, SecurityInformation.OWNER).encode(),
        max_parameter_count=4,
        max_data_count=4096,
    )
    client.call(0xA0, asked, NtTransactResponse)
    session = client.connection.sessions.entries[client.uid]
    assert session.identity is not None
    session.identity = msgspec.structs.replace(session.identity, kind="anonymous")
    with refuses(NT.ACCESS_DENIED):
        client.call(0xA0, asked, NtTransactResponse)
