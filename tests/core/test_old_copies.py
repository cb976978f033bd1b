"""COPY and MOVE of the LAN Manager dialects, and what else of the command table is of the past."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fakesmb.core.commands.table import COMMANDS
from fakesmb.nt.status import ERRDOS, ERRSRV, NT
from fakesmb.testing import Client, InMemoryServer
from fakesmb.wire import names
from fakesmb.wire.codec import Empty
from fakesmb.wire.commands import Command
from fakesmb.wire.dirs import CopyFlag, CopyRequest, CopyResponse
from fakesmb.wire.nt_trans import NtTransact
from fakesmb.wire.raw import ReadMpxRequest, WriteMpxRequest
from fakesmb.wire.trans import NtTransactRequest, Transaction2Request
from fakesmb.wire.trans2 import Trans2
from fakesmb.wire.tree import TreeConnectAndxRequest
from tests.core.old_clients import dos_error, signed_in

NEW, OVERWRITE, APPEND = 0x10, 0x12, 0x11


@pytest.fixture
def lanman(server: InMemoryServer, folders: dict[str, Path]) -> Iterator[Client]:
    """A client of LANMAN2.1 on a share with a few files more."""
    public = folders["public"]
    (public / "b.txt").write_bytes(b"bbb")
    (public / "c.dat").write_bytes(b"ccc")
    client = signed_in(server, "LANMAN2.1", long_names=True)
    yield client
    client.lost()


def asked(old: str, new: str, how: int = NEW, flags: int = 0, tid: int = 0xFFFF) -> CopyRequest:
    return CopyRequest(tid, how, flags, old, new)


def count(client: Client, command: int, request: CopyRequest) -> int:
    return client.call(command, request, CopyResponse).count


def content(folder: Path) -> dict[str, bytes]:
    """Files by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_copies(lanman: Client, folders: dict[str, Path]) -> None:
    """To a name, into a directory, by pattern; how many is told."""
    public = folders["public"]
    assert count(lanman, Command.COPY, asked("\\a.txt", "\\copy.txt")) == 1
    assert count(lanman, Command.COPY, asked("\\a.txt", "\\dir", tid=lanman.tid)) == 1
    assert count(lanman, Command.COPY, asked("\\*.txt", "\\*.bak")) == 3
    assert content(public / "dir") == {"a.txt": b"0123456789" * 10}
    assert sorted(content(public)) == [
        "a.bak", "a.txt", "b.bak", "b.txt", "c.dat", "copy.bak", "copy.txt",
    ]  # fmt: skip
    assert content(public)["b.bak"] == b"bbb"


@pytest.mark.parametrize(
    ("how", "there", "missing"),
    [
        (NEW, (ERRDOS, 80), b"bbb"),
        (OVERWRITE, b"bbb", b"bbb"),
        (APPEND, b"cccbbb", b"bbb"),
        (2, b"bbb", (ERRDOS, 2)),
        (1, b"cccbbb", (ERRDOS, 2)),
        (0, (ERRDOS, 87), (ERRDOS, 87)),
    ],
)
def test_the_open_function_says_what_becomes_of_the_target(
    lanman: Client,
    folders: dict[str, Path],
    how: int,
    there: bytes | tuple[int, int],
    missing: bytes | tuple[int, int],
) -> None:
    for name, expected in (("c.dat", there), ("no.dat", missing)):
        outcome = dos_error(lanman, Command.COPY, asked("\\b.txt", f"\\{name}", how))
        if isinstance(expected, bytes):
            assert outcome == (0, 0)
            assert content(folders["public"])[name] == expected
        else:
            assert outcome == expected


def test_a_copy_that_fails_leaves_what_was_there(lanman: Client, folders: dict[str, Path]) -> None:
    fid = lanman.connection.opens
    assert not list(fid)
    assert dos_error(lanman, Command.COPY, asked("\\b.txt", "\\b.txt", OVERWRITE)) == (ERRDOS, 32)
    assert dos_error(lanman, Command.COPY, asked("\\no.txt", "\\c.dat", OVERWRITE)) == (ERRDOS, 2)
    assert dos_error(lanman, Command.COPY, asked("\\dir", "\\d.txt")) == (ERRDOS, 5)
    assert sorted(content(folders["public"])) == ["a.txt", "b.txt", "c.dat"]
    assert content(folders["public"])["c.dat"] == b"ccc"


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (asked("\\a.txt", "\\dir", flags=CopyFlag.TARGET_IS_FILE), (ERRDOS, 5)),
        (asked("\\a.txt", "\\x.txt", flags=CopyFlag.TARGET_IS_DIRECTORY), (ERRDOS, 3)),
        (asked("\\*.txt", "\\x.txt"), (ERRDOS, 3)),
        (asked("\\", "\\x"), (ERRDOS, 123)),
        (asked("\\dir", "\\x", flags=CopyFlag.TREE), (ERRDOS, 50)),
        (asked("\\*.nothing", "\\dir"), (ERRDOS, 2)),
        (asked("\\a.txt", "\\x.txt", tid=0x7777), (ERRSRV, 5)),
    ],
)
def test_copies_that_are_refused(lanman: Client, request_: CopyRequest, error: tuple[int, int]) -> None:
    for command in (Command.COPY, Command.MOVE):
        assert dos_error(lanman, command, request_) == error


def test_a_copy_to_another_share(lanman: Client, folders: dict[str, Path]) -> None:
    """TID2 is any tree of the connection; moves stay on theirs, and a share to read takes no files."""
    first = lanman.tid

    def connected(share: str) -> int:
        lanman.send(0x75, TreeConnectAndxRequest(password_length=1, path=f"\\\\S\\{share}"), tid=0)
        return lanman.answer().header.tid

    other, read_only, ipc = connected("c$"), connected("docs"), connected("IPC$")
    lanman.tid = first
    assert count(lanman, Command.COPY, asked("\\b.txt", "\\b.txt", tid=other)) == 1
    assert (folders["c$"] / "b.txt").read_bytes() == b"bbb"
    assert dos_error(lanman, Command.MOVE, asked("\\b.txt", "\\m.txt", tid=other)) == (ERRDOS, 17)
    assert dos_error(lanman, Command.COPY, asked("\\b.txt", "\\b.txt", tid=read_only)) == (ERRDOS, 5)
    assert dos_error(lanman, Command.COPY, asked("\\b.txt", "\\b.txt", tid=ipc)) == (ERRSRV, 7)


def test_moves(lanman: Client, folders: dict[str, Path]) -> None:
    public = folders["public"]
    assert count(lanman, Command.MOVE, asked("\\a.txt", "\\dir")) == 1
    assert count(lanman, Command.MOVE, asked("\\*.txt", "\\*.old")) == 1
    assert sorted(content(public)) == ["b.old", "c.dat"]
    assert sorted(content(public / "dir")) == ["a.txt"]
    assert dos_error(lanman, Command.MOVE, asked("\\b.old", "\\c.dat")) == (ERRDOS, 80)
    assert count(lanman, Command.MOVE, asked("\\b.old", "\\c.dat", OVERWRITE)) == 1
    assert content(public) == {"c.dat": b"bbb"}


@pytest.mark.parametrize("dialect", ["NT LM 0.12", "PC NETWORK PROGRAM 1.0"])
@pytest.mark.parametrize("command", [Command.COPY, Command.MOVE])
def test_they_are_of_the_lan_manager_dialects_only(
    server: InMemoryServer, dialect: str, command: int
) -> None:
    """[MS-CIFS] 2.2.4.37 and .38: STATUS_NOT_IMPLEMENTED, which is ERRDOS/ERRbadfunc."""
    client = server.client().sign_in().connect("public") if dialect.startswith("NT") else server.client()
    if not dialect.startswith("NT"):
        client = signed_in(server, "LANMAN1.0")
        client.connection.protocol = type(client.connection.protocol)(0)
        assert dos_error(client, command, asked("\\a.txt", "\\x.txt")) == (ERRDOS, 1)
        return
    client.send(command, asked("\\a.txt", "\\x.txt"))
    assert client.answer().header.status == NT.NOT_IMPLEMENTED


# -- the rest of the table ---------------------------------------------------------------------------------

OF_THE_PAST = (
    Command.READ_MPX_SECONDARY,
    Command.WRITE_MPX_SECONDARY,
    Command.WRITE_COMPLETE,
    Command.QUERY_SERVER,
    Command.IOCTL_SECONDARY,
    Command.NEW_FILE_SIZE,
    Command.CLOSE_AND_TREE_DISC,
    Command.FIND_NOTIFY_CLOSE,
    Command.SECURITY_PACKAGE_ANDX,
    Command.READ_BULK,
    Command.WRITE_BULK,
    Command.WRITE_BULK_DATA,
)
"""What [MS-CIFS] gives a name and STATUS_NOT_IMPLEMENTED: no server ever answered it, or none since LAN Manager."""


def test_every_code_is_answered(client: Client) -> None:
    """Defined and not built: NOT_IMPLEMENTED; not defined, and 0xFE: SMB_BAD_COMMAND. The connection lives on."""
    for code in range(256):
        if code in COMMANDS:
            continue
        client.send(code, Empty())
        status = client.answer().header.status
        known = names.is_command(code) and code != Command.INVALID
        assert status == (NT.NOT_IMPLEMENTED if known else NT.SMB_BAD_COMMAND), hex(code)
        assert known == (code in OF_THE_PAST), hex(code)
    assert client.create("a.txt")


@pytest.mark.parametrize(
    ("subcommand", "status"),
    [
        (Trans2.FSCTL, NT.NOT_IMPLEMENTED),
        (Trans2.IOCTL2, NT.SMB_NO_SUPPORT),
        (Trans2.FIND_NOTIFY_FIRST, NT.NOT_IMPLEMENTED),
        (Trans2.FIND_NOTIFY_NEXT, NT.NOT_IMPLEMENTED),
        (Trans2.SESSION_SETUP, NT.NOT_IMPLEMENTED),
    ],
)
def test_trans2_subcommands_that_nobody_built(client: Client, subcommand: int, status: NT) -> None:
    """[MS-CIFS] 2.2.6.10 to 2.2.6.15."""
    client.send(0x32, Transaction2Request(setup=subcommand.to_bytes(2, "little")))
    assert client.answer().header.status == status


@pytest.mark.parametrize(
    ("function", "status"),
    [(NtTransact.CREATE2, NT.SMB_BAD_COMMAND), (99, NT.INVALID_SMB), (0, NT.INVALID_SMB)],
)
def test_nt_transact_functions_that_nobody_built(client: Client, function: int, status: NT) -> None:
    """[MS-CIFS] 3.3.5.50 has other statuses than for TRANS2."""
    client.send(0xA0, NtTransactRequest(function=function))
    assert client.answer().header.status == status


def test_a_multiplexed_write_is_answered_once(client: Client, folders: dict[str, Path]) -> None:
    """Windows 9x takes each answer for that of the sequence: only the last is answered, and nothing is written."""
    fid = client.create("a.txt")

    def part(at: int, sequence: int, data: bytes = b"xxxx") -> bytes:
        body = WriteMpxRequest(fid, 12, 0, at, 0, 0, 1 << at // 4, len(data), 32 + 1 + 24 + 2, data)
        message = bytearray(client.message(Command.WRITE_MPX, body))
        message[20:22] = sequence.to_bytes(2, "little")
        return bytes(message)

    client.send_raw(part(0, 0))
    client.send_raw(part(4, 0))
    assert client.answers() == []
    client.send_raw(part(8, 7))
    answer = client.answer()
    assert answer.header.status == NT.SMB_USE_STANDARD
    assert (folders["public"] / "a.txt").read_bytes().startswith(b"0123456789")


def test_a_multiplexed_write_that_is_whole_is_refused(client: Client) -> None:
    fid = client.create("a.txt")
    body = WriteMpxRequest(fid, 3, 0, 0, 0, 0, 1, 3, 32 + 1 + 24 + 2, b"abc")
    client.send(Command.WRITE_MPX, body)
    assert client.answer().header.status == NT.SMB_USE_STANDARD


def test_a_multiplexed_read_is_an_error_and_never_the_end(server: InMemoryServer) -> None:
    """OS/2 asks so for each file over 4 KiB, and reads on by another command."""
    client = signed_in(server, "LANMAN2.1", long_names=True)
    for _ in range(3):
        assert dos_error(client, Command.READ_MPX, ReadMpxRequest(1, 0, 4096, 0, 0)) == (ERRSRV, 251)
    assert not client.closed


@pytest.mark.parametrize("command", [Command.COPY, Command.MOVE])
@pytest.mark.parametrize("target", ["\\link", "\\link\\new.txt"])
def test_nothing_is_put_where_a_dfs_link_leads(tmp_path: Path, command: int, target: str) -> None:
    """As with RENAME, the other name is not covered."""
    (tmp_path / "a.txt").write_bytes(b"aaa")
    server = InMemoryServer({"public": tmp_path}, dfs={"public": {"link": "\\\\other\\share"}})
    client = signed_in(server, "LANMAN2.1", long_names=True)
    assert dos_error(client, command, asked("\\a.txt", target)) == (ERRSRV, 3)
    assert content(tmp_path) == {"a.txt": b"aaa"}
