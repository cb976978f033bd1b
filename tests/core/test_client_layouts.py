"""What clients of old machines send, and exactly the layout that each of them reads: one scenario a client.

Their sources read answers by constants: a first row two bytes further on, a SID of 0, or more parameters than asked
for would be read as something else.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from fakesmb.core.settings import Settings
from fakesmb.nt.status import ERRDOS, ERRSRV, NT
from fakesmb.testing import CHALLENGE, GUID, PASSWORD, USER, Answer, Client, InMemoryServer
from fakesmb.wire.codec import Body, Empty, Structure
from fakesmb.wire.commands import Command
from fakesmb.wire.dirs import CheckDirectoryRequest, DeleteDirectoryRequest, DeleteRequest, RenameRequest
from fakesmb.wire.files import (
    CloseRequest,
    NtCreateAndxRequest,
    OpenAndxRequest,
    OpenAndxResponse,
    ReadAndxRequest,
    ReadRequest,
    ReadResponse,
    WriteAndxRequest,
    WriteAndxResponse,
    WriteRequest,
)
from fakesmb.wire.header import Flags2
from fakesmb.wire.locking import LockingAndxRequest, LockRange
from fakesmb.wire.negotiate import Capability, NegotiateNtResponse, NegotiateRequest
from fakesmb.wire.raw import ReadMpxRequest, ReadRawRequest
from fakesmb.wire.search import FindClose2Request, SearchRequest, SearchResponse
from fakesmb.wire.session import EchoRequest, SessionSetupPlainRequest
from fakesmb.wire.trans import TransactionRequest
from fakesmb.wire.trans2 import (
    FindFirst2Request,
    FindNext2Request,
    QueryPathInformationRequest,
    SetPathInformationRequest,
    Trans2,
)
from fakesmb.wire.tree import TreeConnectAndxRequest
from tests.auth.ntlm_client import desl, lm_hash
from tests.core.old_clients import DOS_LIST, OS2_LIST, dos_error, negotiated, signed_in

HEADER = 32
WORDS = HEADER + 1
Shared = tuple[InMemoryServer, Path]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    """One server for all scenarios."""
    folder = tmp_path_factory.mktemp("share")
    settings = Settings(challenge=CHALLENGE, guid=GUID, signing="off")
    server = InMemoryServer({"public": folder}, settings=settings)
    yield server, folder
    assert [problem.text for problem in server.problems] == []


@pytest.fixture
def files(shared: Shared) -> Path:
    """A folder with a few files, as it is at the beginning of each scenario."""
    folder = shared[1]
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (folder / "a.txt").write_bytes(b"0123456789" * 10)
    (folder / "b.txt").write_bytes(b"bbb")
    (folder / "dir").mkdir()
    return folder


class Layout(NamedTuple):
    """Where the parts of a transaction's answer are."""

    parameters_at: int
    data_at: int
    parameters: bytes
    data: bytes


def layout(answer: Answer) -> Layout:
    """Taken from the words by their places, as small clients do."""
    message = bytes(answer.message)
    assert answer.header.status == 0
    assert message[HEADER] == 10
    _, _, _, count, at, _, data_count, data_at = struct.unpack_from("<8H", message, WORDS)
    return Layout(at, data_at, message[at : at + count], message[data_at : data_at + data_count])


def spoken(server: InMemoryServer, flags2: int, *dialects: str, pid: int = 0x1234) -> tuple[Client, Answer]:
    """A client that has negotiated."""
    client = server.client()
    client.flags2, client.pid = flags2, pid
    client.send(Command.NEGOTIATE, NegotiateRequest(dialects or ("NT LM 0.12",)))
    return client, client.answer()


def lm_setup(client: Client, password: str = PASSWORD) -> SessionSetupPlainRequest:
    """13 words with an LM response alone."""
    response = desl(lm_hash(password), client.connection.challenge)
    return SessionSetupPlainRequest(
        max_buffer_size=16384,
        oem_password_length=24,
        oem_password=response,
        account_name=USER,
        primary_domain="WORKGROUP",
        native_os="Unix",
        native_lan_man="Client",
        capabilities=Capability.LARGE_READX | Capability.LARGE_WRITEX | Capability.NT_SMBS,
    )


def signed(client: Client) -> Client:
    """Signs in by NTLMv2, which the server takes by default, and connects."""
    flags2 = client.flags2
    client.flags2 |= Flags2.NT_STATUS
    client.sign_in().connect("public")
    client.flags2 = flags2
    return client


def trans2(
    client: Client,
    subcommand: int,
    parameters: Structure,
    data: bytes = b"",
    *,
    max_parameters: int = 10,
    max_data: int = 4000,
) -> Answer:
    request = client.trans2_request(
        subcommand, parameters, data, max_parameters=max_parameters, max_data=max_data
    )
    client.send(Command.TRANSACTION2, request)
    return client.answer()


def ids(answer: Answer) -> tuple[int, int, int, int]:
    header = answer.header
    return header.tid, header.uid, header.pid, header.mid


# -- consoles ----------------------------------------------------------------------------------------------


def test_tinysmb_of_the_wii(shared: Shared, files: Path) -> None:
    """libogc: offsets of first rows, SID not 0, 24 zeros as LM, PID 0xDEAD, a rename with a pad before its format."""
    client, answer = spoken(shared[0], 0x0001, pid=0xDEAD)
    message = bytes(answer.message)
    assert (message[HEADER], struct.unpack_from("<H", message, WORDS)[0]) == (17, 0)
    names = message[HEADER + 3 + 34 + 8 :]
    assert names == "WORKGROUP\0FAKESMB\0".encode("utf-16-le")  # not as its Flags2 say
    client.flags2 = 0xC001
    signed(client)
    answer = trans2(client, Trans2.FIND_FIRST2, FindFirst2Request(0x16, 1, 4, 0x104, 0, "\\*"))
    first = layout(answer)
    sid = int.from_bytes(first.parameters[:2], "little")
    assert (first.data_at - first.parameters_at, len(first.parameters)) == (12, 10)
    assert sid != 0
    assert ids(answer)[2] == 0xDEAD
    following = layout(trans2(client, Trans2.FIND_NEXT2, FindNext2Request(sid, 1, 0x104, 0, 8, ".")))
    assert (following.data_at - following.parameters_at, len(following.parameters)) == (8, 8)
    told = layout(
        trans2(client, Trans2.QUERY_PATH_INFORMATION, QueryPathInformationRequest(0x107, 0, "\\a.txt"))
    )
    assert told.data_at - told.parameters_at == 4
    assert told.data[48:56] == (100).to_bytes(8, "little")
    message = client.message(Command.RENAME, RenameRequest(0x16, "\\b.txt", "\\c.txt"))
    second = message.index(b"\x04", HEADER + 6)
    client.send_raw(message[:second] + b"\0\x04" + message[second + 2 :])
    assert client.answer().header.status == 0
    assert (files / "c.txt").read_bytes() == b"bbb"


def test_smbman_of_the_ps2(shared: Shared, files: Path) -> None:
    """17 words; LOGON_FAILURE before LM is tried; DataOffset 59 and more; RAP's converter 0; IPC$ last; Echo with 0."""
    client, answer = spoken(shared[0], Flags2.NT_STATUS | Flags2.LONG_NAMES)
    assert answer.message[HEADER] == 17
    client.send(Command.SESSION_SETUP_ANDX, lm_setup(client, "wrong"))
    assert client.answer().header.status == NT.LOGON_FAILURE
    signed(client)
    tid, client.tid = client.tid, 0
    uid, client.uid = client.uid, 0
    client.send(Command.ECHO, EchoRequest(1, b"PlayStation 2"))
    assert bytes(client.answer().message).endswith(b"PlayStation 2")
    client.tid, client.uid = tid, uid
    request = OpenAndxRequest(access_mode=0x40, search_attributes=6, file_name="\\a.txt")
    fid = client.call(Command.OPEN_ANDX, request, OpenAndxResponse).fid
    client.send(Command.READ_ANDX, ReadAndxRequest(fid, 0, 100))
    message = bytes(client.answer().message)
    length, offset = struct.unpack_from("<HH", message, WORDS + 10)
    assert 59 <= offset <= 255
    assert message[offset : offset + length] == b"0123456789" * 10
    client.connect("IPC$")
    rap = struct.pack("<H", 0) + b"WrLeh\0B13BWz\0" + struct.pack("<HH", 1, 1024)
    asked = TransactionRequest(
        name="\\PIPE\\LANMAN", parameters=rap, max_parameter_count=1024, max_data_count=1024
    )
    client.send(Command.TRANSACTION, asked)
    told = layout(client.answer())
    status, converter, entries, available = struct.unpack("<4H", told.parameters)
    shares = [told.data[20 * n : 20 * n + 13].rstrip(b"\0") for n in range(entries)]
    assert (status, converter, available) == (0, 0, entries)
    assert (shares[0], shares[-1]) == (b"public", b"IPC$")


@pytest.mark.turns  # a disk that may hang is read before its answer begins
def test_open_ps2_loader_in_game(shared: Shared, files: Path) -> None:
    """DataOffset below 256; what of a read leaves first, before the kernel sends the file, has 63 bytes or more."""
    (files / "game.iso").write_bytes(bytes(range(256)) * 512)
    client, answer = spoken(shared[0], Flags2.NT_STATUS)
    assert answer.message[HEADER] == 17
    signed(client)
    frames: list[int] = []
    request = OpenAndxRequest(access_mode=0x40, search_attributes=6, file_name="\\game.iso")
    fid = client.call(Command.OPEN_ANDX, request, OpenAndxResponse).fid
    client.read(fid, 0, 100)  # from then on the file is known to be readable
    client.connection.send_range = lambda buffers, part: frames.append(sum(map(len, buffers)))
    client.send(Command.READ_ANDX, ReadAndxRequest(fid, 0, 0x8000))
    assert client.answers() == []  # the kernel sends the data
    assert frames == [64]
    client.connection.send_range = None
    client.send(Command.READ_ANDX, ReadAndxRequest(fid, 0, 8192))
    first = client._sent[0]
    assert len(first) >= 63
    message = bytes(client.answer().message)
    assert struct.unpack_from("<H", message, WORDS + 12)[0] < 256


def test_movian_of_the_ps3(shared: Shared, files: Path) -> None:
    """CAP_NT_SMBS; many reads in flight, each with its PID and MID; ByteCount one short with format 0."""
    client, answer = spoken(shared[0], 0xC001, pid=0x4711)
    assert answer.body(NegotiateNtResponse).capabilities & Capability.NT_SMBS
    signed(client)
    fid = client.create("\\a.txt")
    mids = [client.send(Command.READ_ANDX, ReadAndxRequest(fid, 10 * n, 10)) for n in range(9)]
    assert [ids(one)[2:] for one in client.answers()] == [(0x4711, mid) for mid in mids]
    for command, body in (
        (Command.DELETE, DeleteRequest(6, "\\b.txt")),
        (Command.DELETE_DIRECTORY, DeleteDirectoryRequest("\\dir")),
    ):
        message = bytearray(client.message(command, body))
        at = HEADER + 1 + 2 * message[HEADER]
        message[at : at + 2] = (len(message) - at - 3).to_bytes(2, "little")
        message[at + 2] = 0
        client.send_raw(bytes(message))
        assert client.answer().header.status == 0
    assert [path.name for path in files.iterdir()] == ["a.txt"]


# -- older than consoles -----------------------------------------------------------------------------------


def test_amiga_smbfs(shared: Shared, files: Path) -> None:
    """Errors by class and code, service `A:`, no parameters asked for, a write of nothing behind `04 00 00`."""
    client, _ = spoken(shared[0], Flags2.LONG_NAMES)
    signed(client)
    client.send(0x75, TreeConnectAndxRequest(password_length=1, path="\\\\S\\PUBLIC", service="A:"), tid=0)
    answer = client.answer()
    client.tid = answer.header.tid
    assert answer.header.status == 0
    told = layout(
        trans2(
            client,
            Trans2.QUERY_PATH_INFORMATION,
            QueryPathInformationRequest(1, 0, "\\a.txt"),
            max_parameters=0,
        )
    )
    assert (told.parameters, len(told.data)) == (b"", 22)
    assert dos_error(client, Command.CHECK_DIRECTORY, CheckDirectoryRequest("\\none")) == (ERRDOS, 3)
    request = OpenAndxRequest(access_mode=0x42, search_attributes=6, file_name="\\a.txt")
    fid = client.call(Command.OPEN_ANDX, request, OpenAndxResponse).fid
    message = client.message(Command.WRITE, WriteRequest(fid, 0, 4))
    client.send_raw(message[: HEADER + 3 + 10] + b"\x04\0\0")
    assert client.answer().header.status == 0
    assert (files / "a.txt").read_bytes() == b"0123"
    message = client.message(Command.CHECK_DIRECTORY, CheckDirectoryRequest("\\dir"))
    client.send_raw(message[: HEADER + 1] + b"\x05\0" + message[HEADER + 3 : -1])
    assert client.answer().header.status == 0


def test_lanman98_of_risc_os(shared: Shared, files: Path) -> None:
    """All numbers 1, READ of MaxBuffer - 52, entries of level 1 with resume keys, never more than it asked for."""
    client, _ = spoken(shared[0], Flags2.LONG_NAMES, pid=1)
    signed(client)
    fid = client.call(
        Command.OPEN_ANDX,
        OpenAndxRequest(access_mode=0x40, search_attributes=6, file_name="a.txt"),
        OpenAndxResponse,
    ).fid
    client.send(Command.READ, ReadRequest(fid, 0xFFFF - 52, 0), mid=1)
    answer = client.answer()
    assert (ids(answer)[2:], answer.body(ReadResponse).count) == ((1, 1), 100)
    for most in (0, 40, 64, 200):
        answer = trans2(
            client, Trans2.FIND_FIRST2, FindFirst2Request(0x16, 100, 6, 1, 0, "\\*.txt"), max_data=most
        )
        if answer.header.status:
            continue
        told = layout(answer)
        assert len(told.data) <= most
        assert len(told.parameters) <= 10
        at = 0
        for _ in range(int.from_bytes(told.parameters[2:4], "little")):
            length = told.data[at + 26]
            assert told.data[at + 27 : at + 28 + length].endswith(b".txt\0")
            at += 28 + length
        assert at == len(told.data)


def test_netsmb_of_the_bsds(shared: Shared, files: Path) -> None:
    """Eight dialects: an index of at most 7; a key of 8 bytes; READ_ANDX of 12 words and WRITE_ANDX of 6."""
    dialects = ("PC NETWORK PROGRAM 1.0", "MICROSOFT NETWORKS 1.03", "MICROSOFT NETWORKS 3.0", "LANMAN1.0",
                "LM1.2X002", "Samba", "NT LANMAN 1.0", "NT LM 0.12")  # fmt: skip
    client, answer = spoken(shared[0], 0xC001, *dialects)
    body = answer.body(NegotiateNtResponse)
    assert (body.dialect_index, len(body.challenge)) == (7, 8)
    signed(client)
    fid = client.create("\\a.txt")
    client.send(Command.READ_ANDX, ReadAndxRequest(fid, 0, 100))
    assert client.answer().message[HEADER] == 12
    client.send(Command.WRITE_ANDX, WriteAndxRequest(fid, data=b"x"))
    assert client.answer().message[HEADER] == 6


def test_macos_smb_client_of_1998(shared: Shared) -> None:
    """MaxMpx is not 0, MaxBuffer has a kilobyte, and the server is not taken for NT 4."""
    body = spoken(shared[0], 0xC001)[1].body(NegotiateNtResponse)
    assert body.max_mpx_count
    assert body.max_buffer_size >= 1024
    assert body.capabilities & Capability.LARGE_READX
    assert body.capabilities & Capability.LARGE_WRITEX


def test_plan_9_cifs(shared: Shared) -> None:
    """The names in the negotiate, and warnings that are no errors."""
    _, answer = spoken(shared[0], 0xC001)
    body = answer.body(NegotiateNtResponse)
    assert (body.domain_name, body.server_name) == ("WORKGROUP", "FAKESMB")
    assert not body.security_mode & 0x04  # it would sign from the session setup on


def test_cifsget(shared: Shared, files: Path) -> None:
    """Unicode without padding, and READ_RAW of ten words."""
    client, _ = spoken(shared[0], 0x8041)
    signed(client)
    message = client.message(0x75, TreeConnectAndxRequest(password_length=1, path="x"), tid=0xFFFF)
    words = message[WORDS : WORDS + 8]
    path = "\\\\S\\public\0".encode("utf-16-le")
    data = b"\0" + path + b"?????\0"
    for password, rest in ((1, data), (0, data), (0, data[1:])):
        body = words[:6] + bytes((password, 0)) + len(rest).to_bytes(2, "little") + rest
        client.send_raw(message[:HEADER] + b"\x04" + body)
        assert client.answer().header.status == 0
    fid = client.create("\\a.txt")
    client.send(Command.READ_RAW, ReadRawRequest(fid, 0, 100, 0, 0))
    assert [bytes(frame) for frame in client.frames()] == [b"0123456789" * 10]


def test_libdsm_of_vlc(shared: Shared) -> None:
    """`Samba` before `NT LM 0.12`: the index is 1. Its session setup has the capabilities of the server."""
    client, answer = spoken(shared[0], 0xC001, "Samba", "NT LM 0.12")
    body = answer.body(NegotiateNtResponse)
    assert body.dialect_index == 1
    client.sign_in(capabilities=body.capabilities)
    client.send(0x75, TreeConnectAndxRequest(password_length=1, path="\\\\S\\public"), tid=0)
    assert client.answer().header.status == 0


# -- OS/2, Windows 9x, Windows for Workgroups --------------------------------------------------------------


def test_os2(shared: Shared, files: Path) -> None:
    """An SMB error for READ_MPX, FIND_CLOSE2 of all, an empty list of EAs in four bytes."""
    client = signed_in(shared[0], "LANMAN2.1", long_names=True)
    negotiation, answer = negotiated(shared[0], *OS2_LIST)
    assert struct.unpack_from("<H", answer.message, WORDS)[0] == 4
    negotiation.lost()
    assert dos_error(client, Command.READ_MPX, ReadMpxRequest(1, 0, 4096, 0, 0)) == (ERRSRV, 251)
    asked = FindFirst2Request(0x16, 1, 0, 1, 0, "\\*")
    assert layout(trans2(client, Trans2.FIND_FIRST2, asked)).parameters
    assert dos_error(client, Command.FIND_CLOSE2, FindClose2Request(0xFFFF)) == (0, 0)
    assert len(client.connection.searches) == 0
    answer = trans2(
        client, Trans2.SET_PATH_INFORMATION, SetPathInformationRequest(2, 0, "\\a.txt"), b"\x04\0\0\0"
    )
    assert answer.header.status == 0


def test_windows_95(shared: Shared, files: Path) -> None:
    """OEM; parameters of ten and eight bytes, rows at multiples of four; Available 0xFFFF; a chained Close."""
    client, _ = spoken(shared[0], Flags2.LONG_NAMES | Flags2.NT_STATUS, *DOS_LIST, "NT LM 0.12")
    signed(client)
    found = layout(
        trans2(client, Trans2.FIND_FIRST2, FindFirst2Request(0x16, 1, 0, 0x104, 0, "\\*"), max_data=2400)
    )
    assert len(found.parameters) == 10
    assert found.parameters_at % 4 == found.data_at % 4 == 0
    sid = int.from_bytes(found.parameters[:2], "little")
    asked = FindNext2Request(sid, 1, 0x104, 0, 8, ".")
    following = layout(trans2(client, Trans2.FIND_NEXT2, asked, max_data=2400))
    assert len(following.parameters) == 8
    fid = client.create("\\a.txt")
    client.send(Command.WRITE_ANDX, WriteAndxRequest(fid, data=b"xyz"))
    assert client.answer().body(WriteAndxResponse).available == 0xFFFF
    lock = LockingAndxRequest(
        fid=fid, number_of_requested_locks=1, locks=(LockRange(client.pid, 0, 10),), type_of_lock=0
    )
    client.send(Command.LOCKING_ANDX, lock, (Command.CLOSE, CloseRequest(fid, 0)))
    assert client.answer().header.status == 0
    assert not list(client.connection.opens)


def test_windows_for_workgroups(shared: Shared, files: Path) -> None:
    """MaxCount is of one answer; names are padded with nulls; the client's bytes come back; one name is one entry."""
    client = signed_in(shared[0], "Windows for Workgroups 3.1a")
    client.send(Command.SEARCH, SearchRequest(1, 0x31, "\\????????.???"))
    found = client.answer().body(SearchResponse)
    assert (found.count, len(found.entries)) == (1, 43)
    names, key = [bytes(found.entries[30:43])], bytearray(found.entries[:21])
    while True:
        key[17:21] = b"WfW!"
        client.send(Command.SEARCH, SearchRequest(20, 0x31, "", bytes(key)))
        answer = client.answer()
        if answer.header.status:
            assert (answer.header.status & 0xFF, answer.header.status >> 16) == (ERRDOS, 18)
            break
        entries = bytes(answer.body(SearchResponse).entries)
        rows = [entries[at : at + 43] for at in range(0, len(entries), 43)]
        assert {row[17:21] for row in rows} == {b"WfW!"}
        names += [row[30:43] for row in rows]
        key = bytearray(rows[-1][:21])
    assert b"A.TXT".ljust(13, b"\0") in names
    assert sorted(name.rstrip(b"\0") for name in names) == [b".", b"..", b"A.TXT", b"B.TXT", b"DIR"]
    client.send(Command.SEARCH, SearchRequest(20, 0x16, "\\a.txt"))
    assert client.answer().body(SearchResponse).count == 1
    assert dos_error(client, Command.SEARCH, SearchRequest(20, 0x16, "\\none.txt")) == (ERRDOS, 18)


@pytest.mark.parametrize("command", [Command.ECHO, Command.QUERY_INFORMATION_DISK, Command.CHECK_DIRECTORY])
def test_numbers_come_back(shared: Shared, files: Path, command: int) -> None:
    """TID, UID, PID with its high word, and MID are the client's own."""
    client, _ = spoken(shared[0], 0xC001)
    signed(client)
    client.pid = 0x12345678
    bodies: dict[int, Body] = {
        Command.ECHO: EchoRequest(1, b"x"),
        Command.QUERY_INFORMATION_DISK: Empty(),
        Command.CHECK_DIRECTORY: CheckDirectoryRequest("\\dir"),
    }
    client.send(command, bodies[command], mid=0xBEEF)
    assert ids(client.answer()) == (client.tid, client.uid, 0x12345678, 0xBEEF)


def test_a_create_is_found_by_its_offsets(shared: Shared, files: Path) -> None:
    """NT_CREATE_ANDX of 34 words: FID behind the oplock level, the size 55 bytes into the words."""
    client, _ = spoken(shared[0], 0xC001)
    signed(client)
    client.send(0xA2, NtCreateAndxRequest(desired_access=0x20089, share_access=1, file_name="\\a.txt"))
    message = bytes(client.answer().message)
    assert message[HEADER] == 34
    assert struct.unpack_from("<Q", message, WORDS + 55)[0] == 100
