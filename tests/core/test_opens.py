"""Opens as clients ask for them: DOS modes, programs, chains, and what SMB1 makes of them."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from fakesmb.core.request import Empty
from fakesmb.nt.files import Access, Action, Disposition, Option
from fakesmb.nt.status import NT, SMBError
from fakesmb.testing import Client, InMemoryServer
from fakesmb.vfs.local.store import LocalStore
from fakesmb.wire.files import (
    ClosePrintFileRequest,
    CloseRequest,
    NtCreateAndxRequest,
    OpenAndxExtendedResponse,
    OpenAndxRequest,
    OpenAndxResponse,
    OpenFlag,
    ReadAndxRequest,
    ReadAndxResponse,
)
from fakesmb.wire.nt_trans import NtCreateRequest
from fakesmb.wire.trans import NtTransactRequest

Refuses = Callable[[NT], AbstractContextManager[object]]
DENY_DOS_WRITE, DENY_FCB, DENY_NONE_READ, EXECUTE = 0x02, 0xFF, 0x40, 0x43
OPEN, CREATE, EITHER = 1, 0x10, 0x11
SHARING = NT.SHARING_VIOLATION


@pytest.fixture
def client(make: Callable[..., InMemoryServer]) -> Client:
    return make().client().sign_in().connect("public")


def openx(client: Client, name: str, access_mode: int, open_mode: int = OPEN, **fields: int) -> int:
    request = OpenAndxRequest(access_mode=access_mode, open_mode=open_mode, file_name=name, **fields)
    client.send(0x2D, request)
    client.clock.advance(1)
    return client.answer().body(OpenAndxResponse).fid


class TestDenyDos:
    def test_other_processes_are_excluded(self, client: Client, refuses: Refuses) -> None:
        openx(client, "a.txt", DENY_DOS_WRITE)
        client.pid += 1
        with refuses(SHARING):
            openx(client, "a.txt", DENY_DOS_WRITE)

    @pytest.mark.parametrize("name", ["p.exe", "P.COM", "p.Dll", "p.sym"])
    def test_programs_are_open_to_all(self, client: Client, folders: dict[str, Path], name: str) -> None:
        (folders["public"] / name).write_bytes(b"MZ")
        openx(client, name, DENY_DOS_WRITE)
        client.pid += 1
        openx(client, name, DENY_DOS_WRITE)

    def test_but_for_fcbs(self, client: Client, folders: dict[str, Path], refuses: Refuses) -> None:
        (folders["public"] / "p.exe").write_bytes(b"MZ")
        openx(client, "p.exe", DENY_DOS_WRITE)
        with refuses(SHARING):
            openx(client, "p.exe", DENY_FCB)


class TestTimes:
    """What a client says of the time is the server's to set: no access right is needed."""

    THEN = 1_000_000_000

    @pytest.mark.parametrize("mode", [DENY_NONE_READ, EXECUTE, 0x41, 0x42])
    def test_of_a_new_file_opened_in_any_mode(
        self, client: Client, folders: dict[str, Path], mode: int
    ) -> None:
        client.close(openx(client, "new", mode, EITHER, creation_time=self.THEN))
        assert (folders["public"] / "new").stat().st_mtime == self.THEN

    def test_of_a_stream(self, client: Client, folders: dict[str, Path]) -> None:
        client.close(openx(client, "a.txt:s", DENY_NONE_READ, EITHER, creation_time=self.THEN))
        assert (folders["public"] / "a.txt").stat().st_mtime == self.THEN

    def test_not_of_a_file_that_is_there(self, client: Client, folders: dict[str, Path]) -> None:
        client.close(openx(client, "a.txt", DENY_NONE_READ, EITHER, creation_time=self.THEN))
        assert (folders["public"] / "a.txt").stat().st_mtime > self.THEN


def test_an_open_that_is_refused_in_the_end_is_none(
    client: Client, folders: dict[str, Path], refuses: Refuses, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its size cannot be had: the client is told, gets no FID, and nothing stays open."""

    def full(*_: object) -> None:
        raise SMBError(NT.DISK_FULL)

    monkeypatch.setattr(LocalStore, "set_end_of_file", full)
    with refuses(NT.DISK_FULL):
        openx(client, "new", 0x12, EITHER, allocation_size=10)
    (folders["public"] / "new").unlink()
    openx(client, "new", 0x12, EITHER)


class TestTargetDirectory:
    """NT_CREATE_OPEN_TARGET_DIR opens what a name is in, and makes nothing."""

    @pytest.mark.parametrize("disposition", list(Disposition))
    @pytest.mark.parametrize("name", ["dir\\missing", "dir\\sub:stream"])
    def test_it_is_opened(self, client: Client, disposition: int, name: str) -> None:
        opened = client.create_response(name, disposition=disposition, flags=8)
        assert (opened.directory, opened.create_disposition) == (1, Action.OPENED)

    @pytest.mark.parametrize("name", ["missing\\x", "a.txt\\x", "missing\\x\\y"])
    def test_it_must_be_there(
        self, client: Client, refuses: Refuses, folders: dict[str, Path], name: str
    ) -> None:
        with refuses(NT.OBJECT_PATH_NOT_FOUND):
            client.create(name, disposition=Disposition.OPEN_IF, flags=8)
        assert not (folders["public"] / "missing").exists()


class TestOpenAndx:
    def test_to_execute_makes_a_file(
        self, client: Client, folders: dict[str, Path], refuses: Refuses
    ) -> None:
        openx(client, "new", EXECUTE, 0)
        assert (folders["public"] / "new").exists()
        with refuses(NT.OS2_INVALID_ACCESS):
            openx(client, "newer", DENY_NONE_READ, 0)

    def test_the_size_of_a_new_file(self, client: Client, folders: dict[str, Path]) -> None:
        openx(client, "new", 0x42, EITHER, allocation_size=5000)
        assert (folders["public"] / "new").stat().st_size == 5000
        openx(client, "a.txt", 0x42, EITHER, allocation_size=5000)
        assert (folders["public"] / "a.txt").stat().st_size == 100, "one that was there keeps its own"
        openx(client, "unwritable", DENY_NONE_READ, EITHER, allocation_size=5000)
        assert (folders["public"] / "unwritable").stat().st_size == 0

    def test_maximal_rights_are_the_standard_ones(self, client: Client) -> None:
        request = OpenAndxRequest(
            flags=OpenFlag.EXTENDED_RESPONSE, access_mode=DENY_NONE_READ, open_mode=OPEN, file_name="a.txt"
        )
        assert client.call(0x2D, request, OpenAndxExtendedResponse).maximal_access_rights == 0x1F0000


class TestChains:
    def test_the_fid_of_the_open_goes_for_what_follows(self, client: Client) -> None:
        """Samba's client sends 0, others 0xFFFF: it cannot know."""
        request = OpenAndxRequest(access_mode=DENY_NONE_READ, open_mode=OPEN, file_name="a.txt")
        client.send(0x2D, request, (0x2E, ReadAndxRequest(fid=0, max_count=4)))
        _, read = client.answer().chained((OpenAndxResponse, ReadAndxResponse))
        assert isinstance(read, ReadAndxResponse)
        assert bytes(read.data) == b"0123"


def test_no_file_is_a_print_file(client: Client, refuses: Refuses) -> None:
    fid = client.create("a.txt")
    with refuses(NT.INVALID_SMB):
        client.call(0xC2, ClosePrintFileRequest(fid), Empty)
    client.call(0x04, CloseRequest(fid), Empty)
    with refuses(NT.INVALID_HANDLE):
        client.call(0xC2, ClosePrintFileRequest(fid), Empty)


def test_synchronous_opens_need_synchronize(client: Client, refuses: Refuses) -> None:
    nonalert = Option.SYNCHRONOUS_IO_NONALERT
    client.create("a.txt", access=Access.FILE_READ, options=nonalert)
    with refuses(NT.INVALID_PARAMETER):
        client.create("a.txt", access=Access.MAXIMUM_ALLOWED, options=nonalert)
    with refuses(NT.INVALID_PARAMETER):
        client.create("a.txt", access=Access.FILE_READ, options=nonalert | Option.SYNCHRONOUS_IO_ALERT)


def test_the_answer_to_a_create_tells_the_times_there_are(client: Client) -> None:
    """Attributes are set after the file is made, which the disk counts as a change."""
    made = client.create_response("new", disposition=Disposition.CREATE, attributes=0x22)
    again = client.create_response("new")
    assert (made.create_time, made.last_write_time) == (again.create_time, again.last_write_time)
    assert made.last_change_time == again.last_change_time


def test_writes_show_after_the_time_of_the_settings(client: Client) -> None:
    fid = client.create("a.txt")
    before = client.create_response("a.txt").last_write_time
    client.write(fid, b"x")
    assert client.create_response("a.txt").last_write_time == before
    client.clock.advance(2)
    assert client.create_response("a.txt").last_write_time > before


def test_no_pipe_takes_credentials_to_pass_on(make: Callable[..., InMemoryServer]) -> None:
    """SECURITY_DELEGATION in NT_CREATE_ANDX and NT_TRANSACT_CREATE; files do not mind ([MS-SMB] 3.3.5.5)."""
    server = make()
    pipes, files = (server.client().sign_in().connect(name) for name in ("IPC$", "public"))
    by_name = NtCreateAndxRequest(desired_access=0x12019F, impersonation_level=3, file_name="\\srvsvc")
    in_transaction = NtTransactRequest(
        function=1,
        parameters=NtCreateRequest(
            desired_access=0x12019F, impersonation_level=3, file_name="\\srvsvc"
        ).encode(),
        max_parameter_count=69,
    )
    for command, request in ((0xA2, by_name), (0xA0, in_transaction)):
        pipes.send(command, request)
        assert pipes.answer().header.status == NT.BAD_IMPERSONATION_LEVEL
    files.send(0xA2, NtCreateAndxRequest(desired_access=1, impersonation_level=3, file_name="\\a.txt"))
    assert files.answer().header.status == NT.SUCCESS
