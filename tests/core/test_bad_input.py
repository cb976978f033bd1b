"""Hostile requests: the status that each must get, a connection that lives on, and nothing outside a share touched."""

import os
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from fakesmb.nt.status import NT, SMBError
from fakesmb.testing import Client, InMemoryServer
from fakesmb.wire.codec import Body, Empty
from fakesmb.wire.dirs import (
    CheckDirectoryRequest,
    CreateDirectoryRequest,
    DeleteDirectoryRequest,
    DeleteRequest,
    NtRenameRequest,
    QueryInformationRequest,
    RenameRequest,
    SetInformationRequest,
)
from fakesmb.wire.files import (
    CloseRequest,
    NtCreateAndxRequest,
    OpenAndxRequest,
    ReadAndxRequest,
    ReadRequest,
    WriteAndxRequest,
    WriteRequest,
)
from fakesmb.wire.header import ERROR_BLOCK
from fakesmb.wire.locking import LockRange
from fakesmb.wire.session import EchoRequest
from fakesmb.wire.trans2 import (
    FindFirst2Request,
    QueryFileInformationRequest,
    QueryPathInformationRequest,
    SetFileInformationRequest,
    SetPathInformationRequest,
)
from tests.core.conftest import Make
from tests.refusals import Refuses

HEADER = 32


def raw(
    client: Client, command: int, words: bytes = b"", data: bytes = b"", *, count: int | None = None
) -> bytes:
    """A message of any words and bytes; `count` is a ByteCount that lies."""
    head = client.message(command, Empty())[:HEADER]
    size = len(data) if count is None else count
    return head + bytes((len(words) // 2,)) + words + struct.pack("<H", size) + data


ANDX = b"\xff\0\0\0"
READ = struct.Struct("<HIHHIHI")
WRITE = struct.Struct("<HIIHHHHHI")
TRANS2 = struct.Struct("<HHHHBBHIHHHHHBBH")

Malformed = Callable[[Client], bytes]
MALFORMED: dict[str, Malformed] = {
    "no WordCount": lambda c: raw(c, 0x2B)[:HEADER],
    "no ByteCount": lambda c: raw(c, 0x2B)[: HEADER + 1],
    "half a ByteCount": lambda c: raw(c, 0x2B)[: HEADER + 2],
    "words beyond the message": lambda c: raw(c, 0x2B)[:HEADER] + b"\xff\0\0",
    "echo: no words": lambda c: raw(c, 0x2B, b"", b"x"),
    "close: one word": lambda c: raw(c, 0x04, b"\0\x40"),
    "read: odd word count": lambda c: raw(c, 0x2E, ANDX + bytes(14)),
    "write: data before it": lambda c: raw(c, 0x2F, ANDX + WRITE.pack(0x4000, 0, 0, 0, 0, 0, 5, 3, 0), b"12345"),
    "write: data in the words": lambda c: raw(c, 0x2F, ANDX + WRITE.pack(0x4000, 0, 0, 0, 0, 0, 5, 40, 0), b"12345"),
    "write: data beyond the end": lambda c: raw(c, 0x2F, ANDX + WRITE.pack(0x4000, 0, 0, 0, 0, 0, 6, 63, 0), b"12345"),
    "write: a length of 64 KiB and more": lambda c: raw(
        c, 0x2F, ANDX + WRITE.pack(0x4000, 0, 0, 0, 0, 1, 5, 63, 0), b"12345"
    ),
    "create: name longer than its bytes": lambda c: raw(
        c, 0xA2, ANDX + b"\0" + struct.pack("<HIIIQIIIIIB", 500, 0, 0, 1, 0, 0, 7, 1, 0, 2, 0), b"\0a\0"
    ),
    "create: 23 words": lambda c: raw(c, 0xA2, ANDX + bytes(42), b"\0"),
    "delete: nothing": lambda c: raw(c, 0x06, b"\0\0"),
    "rename: one name": lambda c: raw(c, 0x07, b"\0\0", b"\4a\0\0\0"),
    "locks that are not there": lambda c: raw(
        c, 0x24, ANDX + struct.pack("<HBBIHH", 0x4000, 0x10, 0, 0, 0, 3), bytes(20)
    ),
    "65,535 locks and unlocks": lambda c: raw(
        c, 0x24, ANDX + struct.pack("<HBBIHH", 0x4000, 0, 0, 0, 0xFFFF, 0xFFFF), bytes(40)
    ),
    "trans2: parameters beyond the end": lambda c: raw(
        c, 0x32, TRANS2.pack(9, 0, 2, 99, 0, 0, 0, 0, 0, 9, 0xFFF0, 0, 0, 1, 0, 5), bytes(20)
    ),
    "trans2: more parameters than their total": lambda c: raw(
        c, 0x32, TRANS2.pack(2, 0, 2, 99, 0, 0, 0, 0, 0, 9, 66, 0, 0, 1, 0, 5), bytes(20)
    ),
    "trans2: parameters in the header": lambda c: raw(
        c, 0x32, TRANS2.pack(9, 0, 2, 99, 0, 0, 0, 0, 0, 9, 4, 0, 0, 1, 0, 5), bytes(20)
    ),
    "trans2: more setup words than words": lambda c: raw(
        c, 0x32, TRANS2.pack(9, 0, 2, 99, 0, 0, 0, 0, 0, 9, 66, 0, 0, 9, 0, 5), bytes(20)
    ),
    "trans2: a path without its level": lambda c: raw(
        c, 0x32, TRANS2.pack(1, 0, 2, 99, 0, 0, 0, 0, 0, 1, 66, 0, 0, 1, 0, 5), bytes(20)
    ),
    "trans2: find without its words": lambda c: raw(
        c, 0x32, TRANS2.pack(4, 0, 2, 99, 0, 0, 0, 0, 0, 4, 66, 0, 0, 1, 0, 1), bytes(20)
    ),
    "nt_transact: 18 words": lambda c: raw(c, 0xA0, bytes(36)),
    "tree connect: a password longer than its bytes": lambda c: raw(
        c, 0x75, ANDX + struct.pack("<HH", 0, 500), b"\0\0\0\0"
    ),
    "session setup: eleven words": lambda c: raw(c, 0x73, ANDX + bytes(18), b""),
    "session setup: responses longer than their bytes": lambda c: raw(
        c, 0x73, ANDX + struct.pack("<HHHIHHII", 4356, 2, 1, 0, 0xFFFF, 0xFFFF, 0, 0), b"x" * 20
    ),
    "session setup: a token longer than its bytes": lambda c: raw(
        c, 0x73, ANDX + struct.pack("<HHHIHII", 4356, 2, 1, 0, 0xFFFF, 0, 0), b"x" * 20
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed(client: Client, name: str) -> None:
    """Word counts, offsets and lengths that lie: STATUS_INVALID_SMB (ERRSRV/ERRerror), and the connection lives on."""
    fid = client.create("a.txt")
    client.send_raw(MALFORMED[name](client))
    answer = client.answer()
    assert answer.header.status == NT.INVALID_SMB
    assert bytes(answer.message[HEADER:]) == ERROR_BLOCK
    client.flags2 &= ~0x4000
    client.send_raw(MALFORMED[name](client))
    assert client.answer().header.status == 2 | 1 << 16
    assert client.read(fid, 0, 10) == b"0123456789"


def test_an_old_write_of_more_than_there_is(client: Client) -> None:
    """Windows calls its data a bad parameter, not the message a bad one (smbtorture's RAW-BAD-WRITE)."""
    fid = client.create("a.txt")
    for data in (b"\1\5\0" + b"12345", b"\1\x09\0" + b"12345"):
        client.send_raw(raw(client, 0x0B, struct.pack("<HHIH", fid, 9, 0, 0), data))
        assert client.answer().header.status == NT.INVALID_PARAMETER
    assert client.read(fid, 0, 10) == b"0123456789"


@pytest.fixture
def trap(client: Client, folders: dict[str, Path]) -> Client:
    """A share with symbolic links that leave it, and one that does not."""
    root, outside = folders["public"], folders["public"].parent / "outside"
    (root / "file-out").symlink_to(outside / "secret.txt")
    (root / "folder-out").symlink_to(outside)
    (root / "relative-out").symlink_to("../outside/secret.txt")
    (root / "absolute-in").symlink_to(root / "a.txt")
    (root / "dangling-out").symlink_to(outside / "new.txt")
    (root / "loop").symlink_to("loop")
    (root / "dir" / "up").symlink_to("../..")
    return client


def state_of(folder: Path) -> list[tuple[str, bytes, int]]:
    """Everything outside, to compare."""
    return [
        (str(path), path.read_bytes() if path.is_file() else b"", path.lstat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
    ]


OUTSIDE = [
    "..\\outside\\secret.txt",
    "\\..\\outside\\secret.txt",
    "dir\\..\\..\\outside\\secret.txt",
    "../outside/secret.txt",
    "dir/../../outside/secret.txt",
    "\\dir\\up\\outside\\secret.txt",
    "file-out",
    "relative-out",
    "folder-out\\secret.txt",
    "folder-out",
    "dangling-out",
    "loop",
    "loop\\x",
    "C:\\outside\\secret.txt",
    "C:secret.txt",
    "\\??\\C:\\secret.txt",
    "a.txt\0\\..\\secret.txt",
    "..",
    "\\..",
    ".",
    "\\.\\a.txt",
    "a*.txt",
    "d?r\\x",
    "a|b",
    'a"b',
    "a<b>",
    "\ud800",
    "x" * 300,
    "\\".join(["x" * 200] * 150),
    "~root\\x",
    "/etc/passwd",
    "//server/share/x",
]
REFUSALS = {
    NT.OBJECT_PATH_SYNTAX_BAD,
    NT.OBJECT_NAME_INVALID,
    NT.OBJECT_NAME_NOT_FOUND,
    NT.OBJECT_PATH_NOT_FOUND,
    NT.OBJECT_PATH_INVALID,
    NT.NO_SUCH_FILE,
    NT.ACCESS_DENIED,
    NT.NOT_A_DIRECTORY,
    NT.FILE_IS_A_DIRECTORY,
    NT.NOT_SUPPORTED,
    NT.INVALID_PARAMETER,
}


def asks(path: str) -> list[tuple[int, Body]]:
    """Every command that takes a path."""
    requests: list[tuple[int, Body]] = [
        (
            0xA2,
            NtCreateAndxRequest(
                desired_access=access,
                share_access=7,
                create_disposition=how,
                create_options=options,
                file_name=path,
            ),
        )
        for access, how, options in (
            (1, 1, 0),
            (0x80, 1, 0),
            (0x12019F, 4, 0),
            (0x12019F, 0, 0),
            (0x10000, 1, 0x1000),
        )
    ]
    requests += [
        (0x2D, OpenAndxRequest(access_mode=0x42, open_mode=1, file_name=path)),
        (0x06, DeleteRequest(0x16, path)),
        (0x01, DeleteDirectoryRequest(path)),
        (0x10, CheckDirectoryRequest(path)),
        (0x07, RenameRequest(0x16, path, "stolen.txt")),
        (0xA5, NtRenameRequest(0x16, 0x103, 0, path, "stolen.txt")),
        (0xA5, NtRenameRequest(0x16, 0x104, 0, path, "stolen.txt")),
        (0x08, QueryInformationRequest(path)),
        (0x09, SetInformationRequest(0x01, 1, bytes(10), path)),
    ]  # fmt: skip
    return requests


@pytest.mark.parametrize("path", OUTSIDE, ids=lambda path: ascii(path)[1:30])
def test_nothing_outside_is_read(trap: Client, folders: dict[str, Path], path: str) -> None:
    """By any command, by any name: refused, and what is outside is as it was."""
    before = state_of(folders["public"].parent / "outside")
    for command, body in asks(path):
        trap.send(command, body)
        answer = trap.answer()
        status = answer.header.status
        for fid in list(trap.connection.opens.entries):
            trap.close(fid)
        if status == 0:
            assert not path.startswith(("file-out", "relative-out", "folder-out\\", "..", "dangling"))
            assert b"secret" not in bytes(answer.message)
        else:
            assert status in {*REFUSALS, NT.INVALID_SMB}, f"0x{command:02X}: {SMBError(status)}"
    assert state_of(folders["public"].parent / "outside") == before


@pytest.mark.parametrize("path", OUTSIDE, ids=lambda path: ascii(path)[1:30])
def test_nothing_outside_is_made(trap: Client, folders: dict[str, Path], path: str) -> None:
    """Files, folders, the targets of renames and links."""
    before = state_of(folders["public"].parent / "outside")
    requests: list[tuple[int, Body]] = [
        (
            0xA2,
            NtCreateAndxRequest(
                desired_access=2, share_access=7, create_disposition=how, create_options=options, file_name=path
            ),
        )
        for how, options in ((2, 0), (3, 0), (5, 0), (0, 0), (2, 1))
    ]  # fmt: skip
    requests += [
        (0x00, CreateDirectoryRequest(path)),
        (0x07, RenameRequest(0x16, "a.txt", path)),
        (0xA5, NtRenameRequest(0x16, 0x104, 0, "a.txt", path)),
        (0xA5, NtRenameRequest(0x16, 0x103, 0, "a.txt", path)),
    ]
    for command, body in requests:
        trap.send(command, body)
        trap.clock.advance(1)  # sharing violations with what was made before
        (answer,) = trap.answers()
        fids = trap.connection.opens.entries
        if not answer.header.status and command == 0xA2:
            trap.close(max(fids))
    assert state_of(folders["public"].parent / "outside") == before
    assert sorted(os.listdir(folders["public"].parent)) == ["c$", "docs", "outside", "public"]


@pytest.mark.parametrize("path", OUTSIDE, ids=lambda path: ascii(path)[1:30])
def test_nothing_outside_is_told(trap: Client, path: str) -> None:
    """Information and listings."""
    for subcommand, parameters in (
        (5, QueryPathInformationRequest(0x107, 0, path)),
        (1, FindFirst2Request(0x16, 100, 1, 0x104, 0, path)),
        (1, FindFirst2Request(0x16, 100, 1, 0x104, 0, path + "\\*")),
        (6, SetPathInformationRequest(1013, 0, path)),
    ):
        try:
            answer = trap.trans2(subcommand, parameters, b"\1" if subcommand == 6 else b"")
        except SMBError:
            continue
        assert "secret".encode("utf-16-le") not in bytes(answer.data)
        assert struct.pack("<Q", 6) not in bytes(answer.data)[:64] or subcommand == 1


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("..\\x", NT.OBJECT_PATH_SYNTAX_BAD),
        ("dir\\..\\..\\x", NT.OBJECT_PATH_SYNTAX_BAD),
        ("a*.txt", NT.OBJECT_NAME_INVALID),
        ("a?.txt", NT.OBJECT_NAME_INVALID),
        ("C:\\x", NT.OBJECT_NAME_INVALID),
        ("a|b", NT.OBJECT_NAME_INVALID),
        ("x" * 256, NT.OBJECT_NAME_INVALID),
        (".", NT.OBJECT_NAME_INVALID),
        ("nowhere\\x", NT.OBJECT_PATH_NOT_FOUND),
        ("a.txt\\x", NT.OBJECT_PATH_NOT_FOUND),
        ("nowhere", NT.OBJECT_NAME_NOT_FOUND),
    ],
)
def test_paths(client: Client, refuses: Refuses, path: str, expected: NT) -> None:
    """[MS-FSCC] 2.1.5: the status that each kind of name has."""
    with refuses(expected):
        client.create(path)


def test_a_link_that_stays_inside(client: Client, folders: dict[str, Path]) -> None:
    """It is the file that it leads to."""
    (folders["public"] / "dir" / "in").symlink_to("../a.txt")
    assert client.read(client.create("dir\\in"), 0, 1) == b"0"


class TestNumbers:
    """Offsets, counts and levels at their ends."""

    @pytest.mark.parametrize("offset", [2**63 - 1, 2**63, 2**64 - 1])
    def test_offsets(self, client: Client, offset: int) -> None:
        fid = client.create("a.txt")
        client.send(
            0x2E,
            ReadAndxRequest(fid=fid, offset_low=offset & 0xFFFFFFFF, offset_high=offset >> 32, max_count=10),
        )
        assert client.answer().header.status in (0, NT.INVALID_PARAMETER)
        body = WriteAndxRequest(fid=fid, offset_low=offset & 0xFFFFFFFF, offset_high=offset >> 32, data=b"x")
        client.send(0x2F, body)
        assert client.answer().header.status in (
            NT.INVALID_PARAMETER,
            NT.DISK_FULL,
        )
        assert client.read(fid) == b"0123456789" * 10

    def test_a_read_of_everything(self, client: Client) -> None:
        fid = client.create("a.txt")
        client.send(0x2E, ReadAndxRequest(fid=fid, max_count=0xFFFF, timeout=0xFFFE))
        assert len(client.answer().message) < 0x21000

    def test_lock_ranges(self, client: Client, refuses: Refuses) -> None:
        fid = client.create("a.txt")
        with refuses(NT.INVALID_LOCK_RANGE):
            client.lock(fid, 2**64 - 1, 10)
        client.lock(fid, 2**64 - 1, 1)
        client.lock(fid, 0, 0)

    def test_many_locks(self, client: Client) -> None:
        """Some thousand in one request."""
        fid = client.create("a.txt")
        locks = [LockRange(1, 2 * at, 1) for at in range(2000)]
        client.send(0x24, client.locking(fid, *locks))
        assert client.answer().header.status == 0

    @pytest.mark.parametrize("level", [0, 0x99, 0x10C, 0x300, 1000, 1099, 0xFFFF])
    def test_unknown_levels(self, client: Client, refuses: Refuses, level: int) -> None:
        fid = client.create("a.txt")
        for subcommand, parameters in (
            (5, QueryPathInformationRequest(level, 0, "a.txt")),
            (7, QueryFileInformationRequest(fid, level)),
            (8, SetFileInformationRequest(fid, level)),
            (6, SetPathInformationRequest(level, 0, "a.txt")),
        ):
            with refuses(NT.INVALID_LEVEL):
                client.trans2(subcommand, parameters, bytes(100))

    @pytest.mark.parametrize("level", [0x101, 0x102, 0x103, 0x104, 1004, 1010, 1013, 1019, 1020, 1])
    def test_sets_too_short(self, client: Client, level: int) -> None:
        fid = client.create("a.txt", access=0x1F01FF)
        with pytest.raises(SMBError):
            client.trans2(8, SetFileInformationRequest(fid, level), b"")

    @pytest.mark.parametrize("how", range(6, 10))
    def test_dispositions(self, client: Client, refuses: Refuses, how: int) -> None:
        with refuses(NT.INVALID_PARAMETER):
            client.create("a.txt", disposition=how)

    @pytest.mark.parametrize("mode", [0x04, 0x0F, 0x50, 0x70])
    def test_dos_modes(self, client: Client, mode: int) -> None:
        client.send(0x2D, OpenAndxRequest(access_mode=mode, file_name="a.txt"))
        assert client.answer().header.status == NT.OS2_INVALID_ACCESS

    def test_too_many_opens(self, make: Make) -> None:
        from fakesmb.core.settings import Limits, Settings
        from fakesmb.testing import CHALLENGE, GUID

        limits = Limits(opens=3, trees=2, searches=2)
        server = make(settings=Settings(challenge=CHALLENGE, guid=GUID, limits=limits))
        client = server.client().sign_in().connect("public")
        for _ in range(3):
            client.create("a.txt")
        with pytest.raises(SMBError) as raised:
            client.create("a.txt")
        assert raised.value.status == NT.TOO_MANY_OPENED_FILES
        assert len(server.open_files) == 3
        for _ in range(2):
            client.trans2(1, FindFirst2Request(0x16, 1, 0, 0x104, 0, "\\*"))
        with pytest.raises(SMBError):
            client.trans2(1, FindFirst2Request(0x16, 1, 0, 0x104, 0, "\\*"))
        client.connect("c$")
        with pytest.raises(SMBError):
            client.connect("docs")

    def test_old_reads_and_writes(self, client: Client) -> None:
        fid = client.create("a.txt")
        for command, body in (
            (0x0A, ReadRequest(fid, 0xFFFF, 0xFFFFFFFF)),
            (0x0A, ReadRequest(0xFFFF, 10, 0)),
            (0x0B, WriteRequest(fid, 0, 50)),
        ):
            client.send(command, body)
            assert client.answer().header.status in (0, NT.INVALID_HANDLE)
        assert len(client.read(fid)) == 50

    def test_a_directory_is_no_file(self, client: Client) -> None:
        """Reads and writes of a directory are refused, whatever was asked for at its open."""
        fid = client.create("dir", access=0x12019F, options=1)
        client.send(0x2E, ReadAndxRequest(fid=fid, max_count=10))
        assert client.answer().header.status in (
            NT.INVALID_DEVICE_REQUEST,
            NT.ACCESS_DENIED,
            NT.INVALID_PARAMETER,
            NT.FILE_IS_A_DIRECTORY,
        )
        client.send(0x2F, WriteAndxRequest(fid=fid, data=b"x"))
        assert client.answer().header.status in (
            NT.INVALID_DEVICE_REQUEST,
            NT.ACCESS_DENIED,
            NT.INVALID_PARAMETER,
            NT.FILE_IS_A_DIRECTORY,
        )
        client.send(0x24, client.locking(fid, LockRange(1, 0, 1)))
        assert client.answer().header.status in (
            NT.INVALID_DEVICE_REQUEST,
            NT.INVALID_PARAMETER,
            NT.ACCESS_DENIED,
        )


def test_after_all_of_it(server: InMemoryServer) -> None:
    """One connection gets every malformed message in a row, and still answers."""
    client = server.client().sign_in().connect("public")
    client.create("a.txt")
    for message in MALFORMED.values():
        client.send_raw(message(client))
    assert {answer.header.status for answer in client.answers()} == {NT.INVALID_SMB}
    client.send(0x2B, EchoRequest(1, b"still here"))
    assert bytes(client.answer().message).endswith(b"still here")
    client.send(0x04, CloseRequest(1))
    assert client.answer().header.status == NT.INVALID_HANDLE
