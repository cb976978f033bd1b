"""The commands of the older dialects, as Windows answers them: no Samba, no socket."""

import errno
import os
import struct
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from fakesmb.core.request import Empty
from fakesmb.nt.controls import Fsctl
from fakesmb.nt.status import ERRDOS, ERRSRV, NT, SMBError
from fakesmb.testing import Client, InMemoryServer
from fakesmb.wire.codec import Body
from fakesmb.wire.dirs import (
    CreateDirectoryRequest,
    NtRenameRequest,
    QueryInformation2Request,
    QueryInformation2Response,
    RenameRequest,
)
from fakesmb.wire.files import (
    CreateRequest,
    CreateResponse,
    CreateTemporaryRequest,
    CreateTemporaryResponse,
    IoctlRequest,
    OpenRequest,
    OpenResponse,
    ReadRequest,
    ReadResponse,
    SeekRequest,
    SeekResponse,
    WriteAndCloseRequest,
    WriteRequest,
    WriteResponse,
)
from fakesmb.wire.header import Flags2
from fakesmb.wire.nt_trans import IoctlSetup, NtCreateRequest, NtCreateResponse
from fakesmb.wire.raw import (
    ReadMpxRequest,
    ReadRawRequest,
    WriteCompleteResponse,
    WriteRawInterimResponse,
    WriteRawRequest,
)
from fakesmb.wire.session import LogoffAndxRequest, LogoffAndxResponse
from fakesmb.wire.trans import NtTransactRequest, NtTransactResponse
from fakesmb.wire.trans2 import CreateDirectory2Request, Open2Request, Open2Response
from fakesmb.wire.tree import TreeConnectRequest, TreeConnectResponse, TreeDisconnectRequest

Refuses = Callable[[NT], AbstractContextManager[object]]


@pytest.mark.parametrize(
    ("buffer", "asked", "got"),
    [(16436, 16384, 16384), (4356, 4308, 4308), (4356, 4309, 4308), (1023, 9999, 975), (512, 465, 464)],
)
@pytest.mark.parametrize("command", [0x0A, 0x13])
def test_read_fills_the_buffer(
    server: InMemoryServer, folders: dict[str, Path], command: int, buffer: int, asked: int, got: int
) -> None:
    """READ and LOCK_AND_READ: MaxBuffer - 48 bytes of data: one client ignores the count, and kept rubbish."""
    (folders["public"] / "big").write_bytes(bytes(20_000))
    client = server.client().sign_in(max_buffer=buffer).connect("public")
    fid = client.create("big")
    client.send(command, ReadRequest(fid, asked, 0))
    answer = client.answer()
    assert answer.body(ReadResponse).count == got
    assert len(answer.message) == 48 + got <= buffer


def test_open_reads_what_is_there(client: Client) -> None:
    """OPEN tells size and FID, and core reads work on it."""
    opened = client.call(0x02, OpenRequest(0x40, 0, "\\a.txt"), OpenResponse)
    assert opened.file_size == 100
    assert bytes(client.call(0x0A, ReadRequest(opened.fid, 10, 5), ReadResponse).data) == b"5678901234"


def test_create_empties_and_create_new_collides(
    client: Client, refuses: Refuses, folders: dict[str, Path]
) -> None:
    """CREATE empties a file that is there, CREATE_NEW refuses it."""
    fid = client.call(0x03, CreateRequest(0, 0, "\\a.txt"), CreateResponse).fid
    assert (folders["public"] / "a.txt").stat().st_size == 0
    client.close(fid)
    with refuses(NT.OBJECT_NAME_COLLISION):
        client.call(0x0F, CreateRequest(0, 0, "\\a.txt"), CreateResponse)


def test_create_temporary_makes_up_a_name(client: Client, folders: dict[str, Path]) -> None:
    """The name is 8.3 and the file is there."""
    made = client.call(0x0E, CreateTemporaryRequest(0, 0, "\\dir"), CreateTemporaryResponse)
    assert (folders["public"] / "dir" / made.temporary_file_name).exists()
    assert len(made.temporary_file_name) == 8


def test_seek_keeps_an_offset_of_its_own(client: Client) -> None:
    """From the start unsigned, from elsewhere signed, never before the beginning, wrapping at 32 bits."""
    fid = client.create("\\a.txt")

    def seek(mode: int, offset: int) -> int:
        return client.call(0x12, SeekRequest(fid, mode, offset), SeekResponse).offset

    assert [seek(0, 17), seek(1, -3), seek(2, 0), seek(0, -1), seek(1, 1000), seek(1, -5000)] == [
        17, 14, 100, 0xFFFFFFFF, 999, 0,
    ]  # fmt: skip
    client.write(fid, b"xy")
    assert seek(1, 0) == 2
    client.read(fid, 0, 7)
    assert seek(1, 0) == 7


def test_lock_and_read_then_write_and_unlock(client: Client, other: Client, refuses: Refuses) -> None:
    """The range is the process's alone in between."""
    fid, theirs = client.create("\\a.txt"), other.create("\\a.txt")
    assert bytes(client.call(0x13, ReadRequest(fid, 4, 0), ReadResponse).data) == b"0123"
    with refuses(NT.FILE_LOCK_CONFLICT):
        other.read(theirs, 0, 4)
    assert client.call(0x14, WriteRequest(fid, 4, 0, 0, b"abcd"), WriteResponse).count == 4
    assert other.read(theirs, 0, 4) == b"abcd"
    with refuses(NT.RANGE_NOT_LOCKED):
        client.call(0x14, WriteRequest(fid, 2, 0, 0, b"zz"), WriteResponse)
    assert other.read(theirs, 0, 2) == b"zz"


def test_write_and_close_closes_only_what_it_wrote(client: Client, refuses: Refuses) -> None:
    """A count of 0 leaves the file open."""
    fid = client.create("\\a.txt")
    assert client.call(0x2C, WriteAndCloseRequest(fid, 0, 0, 0), WriteResponse).count == 0
    assert client.call(0x2C, WriteAndCloseRequest(fid, 2, 0, 0, data=b"ab"), WriteResponse).count == 2
    with refuses(NT.INVALID_HANDLE):
        client.read(fid)


def test_read_raw_is_bare_data(client: Client) -> None:
    """And an empty frame for whatever is wrong: the client asks again to learn what."""
    fid = client.create("\\a.txt")
    client.send(0x1A, ReadRawRequest(fid, 95, 100, 0, 0))
    assert [bytes(frame) for frame in client.frames()] == [b"56789"]
    client.send(0x1A, ReadRawRequest(fid + 1, 0, 100, 0, 0))
    assert [bytes(frame) for frame in client.frames()] == [b""]


def test_write_raw_takes_a_bare_frame(client: Client, folders: dict[str, Path]) -> None:
    """Interim answer, the data, and WRITE_COMPLETE for write-through."""
    fid = client.create("\\a.txt")
    request = WriteRawRequest(fid, 6, 0, 10, 0, 1, 0, 0, 0)
    assert client.call(0x1D, request, WriteRawInterimResponse).available == 0xFFFF
    client.connection.receive(b"\0\0\0\x06abcdef")
    answer = client.answer()
    assert answer.header.command == 0x20
    assert answer.body(WriteCompleteResponse).count == 6
    assert (folders["public"] / "a.txt").read_bytes()[10:16] == b"abcdef"
    assert client.read(fid, 10, 2) == b"ab"


def test_a_raw_write_that_fails_behind_is_told_by_the_close(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without write-through no answer follows the data."""
    fid = client.create("\\a.txt")
    client.call(0x1D, WriteRawRequest(fid, 6, 0, 10, 0, 0, 0, 0, 0), WriteRawInterimResponse)

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        client.connection.receive(b"\0\0\0\x06abcdef")
    assert client.answers() == []
    with pytest.raises(SMBError) as error:
        client.close(fid)
    assert error.value.status == NT.DISK_FULL
    with pytest.raises(SMBError) as error:
        client.close(fid)
    assert error.value.status == NT.INVALID_HANDLE


def test_raw_writes_that_never_come_leave_nothing(client: Client) -> None:
    """The connection ends while the data are awaited: the fixture checks that nothing waits."""
    fid = client.create("\\a.txt")
    client.call(0x1D, WriteRawRequest(fid, 6, 0, 0, 0, 0, 0, 0, 0), WriteRawInterimResponse)
    client.lost()


def test_multiplexed_reads_are_sent_elsewhere(client: Client) -> None:
    """ERRSRV/ERRuseSTD, and as a DOS error even for who takes NT status."""
    client.send(0x1B, ReadMpxRequest(1, 0, 10, 0, 0))
    answer = client.answer()
    assert not answer.header.flags2 & Flags2.NT_STATUS
    assert answer.header.status == NT.SMB_USE_STANDARD


def test_copy_and_move_are_of_the_past(client: Client) -> None:
    """[MS-CIFS] 2.2.4.37 and .38: NOT_IMPLEMENTED."""
    for code in (0x29, 0x2A):
        client.send(code, Empty())
        assert client.answer().header.status == NT.NOT_IMPLEMENTED


def test_ioctl_knows_no_device(client: Client) -> None:
    """ERRSRV/ERRerror in the form of LAN Manager and in the newer one, before anyone looks at the FID."""
    for request in (IoctlRequest(0xFFFF, 0x53, 0x60), IoctlRequest(0xFFFF, 1, 1, timeout=5)):
        client.send(0x27, request)
        answer = client.answer()
        assert not answer.header.flags2 & Flags2.NT_STATUS
        assert answer.header.status == ERRSRV | 1 << 16


def test_tree_connect_of_dos(client: Client) -> None:
    """A TID and a buffer size, and the files of that tree."""
    connected = client.call(0x70, TreeConnectRequest("\\\\SERVER\\c$", "", "A:"), TreeConnectResponse)
    client.tid = connected.tid
    assert client.create("\\readme.txt", access=1)


def test_tree_disconnect_needs_no_session(client: Client) -> None:
    """The user may have signed out before; a second time the TID is unknown."""
    client.call(0x74, LogoffAndxRequest(), LogoffAndxResponse)
    client.call(0x71, TreeDisconnectRequest(), Empty)
    with pytest.raises(SMBError) as refused:
        client.call(0x71, TreeDisconnectRequest(), Empty)
    assert refused.value.status == NT.SMB_BAD_TID


def test_a_fid_of_an_unknown_tree_is_the_wrong_fid(client: Client, refuses: Refuses) -> None:
    """Windows looks for the FID first: INVALID_HANDLE, not the bad UID or TID."""
    fid = client.create("\\a.txt")
    client.tid += 1
    with refuses(NT.INVALID_HANDLE):
        client.read(fid)


def test_query_information2_of_a_pipe(server: InMemoryServer) -> None:
    """All zeros but for the size that Windows gives every pipe."""
    client = server.client().sign_in().connect("IPC$")
    fid = client.create("\\srvsvc")
    answer = client.call(0x23, QueryInformation2Request(fid), QueryInformation2Response)
    assert answer.file_allocation_size == 4096


def test_a_name_that_is_taken_has_three_dos_errors(
    server: InMemoryServer, client: Client, folders: dict[str, Path]
) -> None:
    """For who takes no NT status: ERRrename of names, ERRnoaccess of CREATE_DIRECTORY, ERRfilexists of opens."""
    (folders["public"] / "b.txt").write_bytes(b"")
    client.flags2 &= ~Flags2.NT_STATUS

    def refusal(code: int, request: Body) -> int:
        client.send(code, request)
        return client.answer().header.status

    assert refusal(0x07, RenameRequest(0x16, "\\a.txt", "\\b.txt")) == ERRDOS | 183 << 16
    assert refusal(0x00, CreateDirectoryRequest("\\dir")) == ERRDOS | 5 << 16
    assert refusal(0x0F, CreateRequest(0, 0, "\\a.txt")) == ERRDOS | 80 << 16
    with pytest.raises(SMBError) as refused:
        client.trans2(0x0D, CreateDirectory2Request(0, "\\dir"))
    assert refused.value.status == ERRDOS | 183 << 16
    answers = [message.status for message in server.messages if message.status]
    assert answers[-4:] == [NT.OBJECT_NAME_COLLISION] * 4


def test_open2_and_create_directory(client: Client, folders: dict[str, Path]) -> None:
    """TRANS2_OPEN2 makes and opens; an EA list must make sense."""
    asked = Open2Request(0, 0x42, 0, 0x20, 0, 0x10, 0, bytes(10), "\\new.txt")
    opened = Open2Response.decode(client.trans2(0x00, asked).parameters)
    assert opened.action_taken == 2
    assert client.write(opened.fid, b"x") == 1
    client.trans2(0x0D, CreateDirectory2Request(0, "\\made"), struct.pack("<I", 4))
    assert (folders["public"] / "made").is_dir()
    client.trans2(0x0D, CreateDirectory2Request(0, "\\more"), struct.pack("<IBBH2s", 10, 0, 9, 0, b"A"))
    assert not (folders["public"] / "more").exists()


def _nt_transact(
    client: Client, function: int, setup: bytes, parameters: bytes, data: bytes, room: int
) -> NtTransactResponse:
    request = NtTransactRequest(
        function=function,
        setup=setup,
        parameters=parameters,
        data=data,
        max_parameter_count=128,
        max_data_count=room,
    )
    return client.call(0xA0, request, NtTransactResponse)


def test_nt_transact_create(client: Client) -> None:
    """Opens as NT_CREATE_ANDX does; the 69 bytes tell the FID and the size."""
    asked = NtCreateRequest(desired_access=0x00120089, share_access=7, file_name="\\a.txt")
    answer = _nt_transact(client, 1, b"", asked.encode(), b"", 0)
    opened = NtCreateResponse.decode(answer.parameters)
    assert opened.end_of_file == 100
    assert client.read(opened.fid, 0, 3) == b"012"


def test_controls(client: Client, refuses: Refuses) -> None:
    """No snapshots, no compression; device controls and unknown ones are refused as NTFS does."""
    fid = client.create("\\a.txt")

    def control(code: int, *, room: int = 64, is_fsctl: int = 1) -> bytes:
        setup = IoctlSetup(code, fid, is_fsctl).encode()
        return bytes(_nt_transact(client, 2, setup, b"", b"", room).data)

    assert control(Fsctl.SRV_ENUMERATE_SNAPSHOTS) == struct.pack("<IIII", 0, 0, 2, 0)
    assert control(Fsctl.GET_COMPRESSION) == b"\0\0"
    with refuses(NT.INVALID_DEVICE_REQUEST):
        control(0x00090FFC)
    with refuses(NT.NOT_SUPPORTED):
        control(Fsctl.GET_COMPRESSION, is_fsctl=0)
    for room in range(16):
        with refuses(NT.INVALID_PARAMETER):
            control(Fsctl.SRV_ENUMERATE_SNAPSHOTS, room=room)
    for room in (16, 17, 64, 0xFFFF, 0xFFFFFFFF):
        assert control(Fsctl.SRV_ENUMERATE_SNAPSHOTS, room=room) == struct.pack("<IIII", 0, 0, 2, 0)


def test_nt_transact_rename_changes_nothing(
    client: Client, folders: dict[str, Path], refuses: Refuses
) -> None:
    """Windows says SUCCESS and leaves the name; only the FID is checked."""
    fid = client.create("\\a.txt")
    name = "\\b.txt\0".encode("utf-16-le")
    _nt_transact(client, 5, b"", struct.pack("<HH", fid, 0) + name, b"", 0)
    assert (folders["public"] / "a.txt").exists()
    with refuses(NT.INVALID_HANDLE):
        _nt_transact(client, 5, b"", struct.pack("<HH", fid + 1, 0) + name, b"", 0)


def test_nt_rename_copies(client: Client, folders: dict[str, Path]) -> None:
    """Level 0x105 copies the file, data and attributes; the old one stays."""
    client.call(0xA5, NtRenameRequest(0x16, 0x105, 0, "\\a.txt", "\\copy.txt"), Empty)
    assert (folders["public"] / "copy.txt").read_bytes() == (folders["public"] / "a.txt").read_bytes()
