"""Server-side copies: a resume key for the source, chunks into the target ([MS-SMB] 2.2.7.2)."""

import os
import struct
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest

from fakesmb.nt.controls import Fsctl
from fakesmb.nt.status import NT, SMBError
from fakesmb.testing import Client, InMemoryServer
from fakesmb.wire.dirs import NtRenameLevel, NtRenameRequest
from fakesmb.wire.nt_trans import IoctlSetup
from fakesmb.wire.session import EchoRequest, EchoResponse
from fakesmb.wire.trans import NtTransactRequest, NtTransactResponse

LIMITS = (256, 1 << 20, 16 << 20)
WRITE = 0x0012019F


def control(client: Client, fid: int, code: int, data: bytes = b"", room: int = 64) -> bytes:
    """One NT_TRANSACT_IOCTL."""
    request = NtTransactRequest(
        function=2, setup=IoctlSetup(code, fid, 1).encode(), data=data, max_data_count=room
    )
    return bytes(client.call(0xA0, request, NtTransactResponse).data)


def resume_key(client: Client, fid: int) -> bytes:
    """The key, without the context that is never there."""
    answer = control(client, fid, Fsctl.SRV_REQUEST_RESUME_KEY)
    assert len(answer) == 32
    assert answer[24:] == bytes(8)
    return answer[:24]


def copy(
    client: Client, target: int, key: bytes, *chunks: tuple[int, int, int]
) -> tuple[NT, tuple[int, ...]]:
    """Status, and chunks, bytes of the last one and bytes in all that the answer tells."""
    data = key + struct.pack("<II", len(chunks), 0)
    data += b"".join(struct.pack("<QQII", *chunk, 0) for chunk in chunks)
    request = NtTransactRequest(
        function=2, setup=IoctlSetup(Fsctl.SRV_COPYCHUNK, target, 1).encode(), data=data, max_data_count=12
    )
    client.send(0xA0, request)
    answer = client.answer()
    try:
        told = answer.body(NtTransactResponse).data
    except SMBError as refused:
        return NT(refused.status), ()
    return NT(answer.header.status), struct.unpack("<III", told)


def target(client: Client) -> int:
    """A new file, open for writing."""
    return client.create("\\copy.txt", access=WRITE, disposition=5)


def test_chunks_are_copied(client: Client, folders: dict[str, Path]) -> None:
    """In any order; a hole between them is one."""
    source, to = client.create("\\a.txt"), target(client)
    key = resume_key(client, source)
    assert key == resume_key(client, source)
    assert copy(client, to, key, (90, 20, 10), (0, 0, 15)) == (NT.SUCCESS, (2, 0, 25))
    assert (folders["public"] / "copy.txt").read_bytes() == b"012345678901234" + bytes(5) + b"0123456789"


def test_the_source_ends(client: Client, folders: dict[str, Path]) -> None:
    """What there was is copied, and the answer tells how much."""
    source, to = client.create("\\a.txt"), target(client)
    told = copy(client, to, resume_key(client, source), (0, 0, 10), (95, 10, 10))
    assert told == (NT.END_OF_FILE, (1, 5, 15))
    assert (folders["public"] / "copy.txt").stat().st_size == 15


@pytest.mark.parametrize(
    "chunks",
    [[(0, 0, 0)], [(0, 0, (1 << 20) + 1)], [(0, 0, 1)] * 257, [(0, 0, 1 << 20)] * 17],
    ids=["empty", "too long", "too many", "too much"],
)
def test_limits_are_told(
    client: Client, folders: dict[str, Path], chunks: list[tuple[int, int, int]]
) -> None:
    """INVALID_PARAMETER with what the server would take; nothing is copied."""
    key = resume_key(client, client.create("\\a.txt"))
    assert copy(client, target(client), key, *chunks) == (NT.INVALID_PARAMETER, LIMITS)
    assert (folders["public"] / "copy.txt").stat().st_size == 0


def test_keys_are_of_open_files(server: InMemoryServer, client: Client) -> None:
    """Unknown, of a file since closed, or of another connection: OBJECT_NAME_NOT_FOUND."""
    source, to = client.create("\\a.txt"), target(client)
    key = resume_key(client, source)
    other = server.client().sign_in().connect("public")
    for unknown in (bytes(24), key[:-1] + bytes([key[-1] ^ 1]), resume_key(other, other.create("\\a.txt"))):
        assert copy(client, to, unknown, (0, 0, 1))[0] == NT.OBJECT_NAME_NOT_FOUND
    client.close(source)
    assert copy(client, to, key, (0, 0, 1))[0] == NT.OBJECT_NAME_NOT_FOUND


def test_both_opens_need_the_right(client: Client) -> None:
    """Reading the source, writing the target; the locks of others hold too."""
    source, to = client.create("\\a.txt", access=1), target(client)
    key = resume_key(client, source)
    assert copy(client, source, key, (0, 0, 1)) == (NT.ACCESS_DENIED, (0, 0, 0))
    blind = client.create("\\a.txt", access=0x80)
    assert copy(client, to, resume_key(client, blind), (0, 0, 1)) == (NT.ACCESS_DENIED, (0, 0, 0))
    holder = client.create("\\a.txt")
    client.lock(holder, 50, 10)
    assert copy(client, to, key, (0, 0, 50), (50, 50, 1)) == (NT.FILE_LOCK_CONFLICT, (1, 0, 50))


def test_room_and_length_are_checked(client: Client) -> None:
    """Short requests and answers without room are INVALID_PARAMETER."""
    source = client.create("\\a.txt")
    for code, data, room in (
        (Fsctl.SRV_REQUEST_RESUME_KEY, b"", 31),
        (Fsctl.SRV_COPYCHUNK, bytes(31), 12),
        (Fsctl.SRV_COPYCHUNK, bytes(32), 11),
    ):
        with pytest.raises(SMBError) as refused:
            control(client, source, code, data, room)
        assert refused.value.status == NT.INVALID_PARAMETER


def sparse(folder: Path, *, size: int = 1 << 40, at: int = 3 << 20) -> Path:
    """A file of holes with five bytes in it."""
    path = folder / "sparse"
    with path.open("wb") as file:
        os.pwrite(file.fileno(), b"bytes", at)
        os.truncate(file.fileno(), size)
    return path


def rename_copy(client: Client, old: str, new: str) -> NT:
    """NT_RENAME with the level that copies."""
    client.send(0xA5, NtRenameRequest(0x16, NtRenameLevel.MOVE, 0, old, new))
    return NT(client.answer().header.status)


def test_holes_are_copied_as_holes(client: Client, folders: dict[str, Path]) -> None:
    """A terabyte of them filled the disk, and nobody else was served meanwhile."""
    source = sparse(folders["public"])
    assert rename_copy(client, "\\sparse", "\\copied") == NT.SUCCESS
    copied = folders["public"] / "copied"
    assert copied.stat().st_size == 1 << 40
    assert copied.stat().st_blocks <= source.stat().st_blocks
    with copied.open("rb") as file:
        assert os.pread(file.fileno(), 7, (3 << 20) - 1) == b"\0bytes\0"


def test_chunks_of_holes_are_holes_and_end_what_was_there(client: Client, folders: dict[str, Path]) -> None:
    sparse(folders["public"], size=8 << 20)
    (folders["public"] / "old").write_bytes(b"x" * (5 << 20))
    to = client.create("\\old", access=WRITE)
    key = resume_key(client, client.create("\\sparse"))
    chunks = [(at << 20, at << 20, 1 << 20) for at in range(1, 8)]
    assert copy(client, to, key, *chunks) == (NT.SUCCESS, (7, 0, 7 << 20))
    data = (folders["public"] / "old").read_bytes()
    assert data == b"x" * (1 << 20) + bytes(2 << 20) + b"bytes" + bytes((5 << 20) - 5)
    assert (folders["public"] / "old").stat().st_blocks * 512 < 3 << 20
    assert copy(client, to, key, ((8 << 20) - 5, 0, 10)) == (NT.END_OF_FILE, (0, 5, 5))


def test_a_hole_that_another_has_locked_is_not_copied(
    client: Client, other: Client, folders: dict[str, Path]
) -> None:
    sparse(folders["public"], size=8 << 20)
    other.lock(other.create("\\sparse"), 5 << 20, 1)
    key, to = resume_key(client, client.create("\\sparse")), target(client)
    chunks = (0, 0, 1 << 20), (5 << 20, 1 << 20, 1 << 20)
    assert copy(client, to, key, *chunks) == (NT.FILE_LOCK_CONFLICT, (1, 0, 1 << 20))


@pytest.mark.turns
class TestInTurns:
    """Others have turns; whoever leaves meanwhile leaves nothing behind."""

    @pytest.fixture(autouse=True)
    def large(self, server: InMemoryServer, folders: dict[str, Path]) -> None:
        (folders["public"] / "large").write_bytes(b"12345678" * (5 << 20))
        server.server.world.turn.now = count(0, 0.001).__next__

    def test_a_file(self, client: Client, other: Client, folders: dict[str, Path]) -> None:
        client.send(0xA5, NtRenameRequest(0x16, NtRenameLevel.MOVE, 0, "\\large", "\\copied"))
        assert client.answers() == []
        assert 0 < (folders["public"] / "copied").stat().st_size < 40 << 20
        assert other.call(0x2B, EchoRequest(1, b"?"), EchoResponse).data == b"?"
        client.clock.advance(0)
        assert client.answer().header.status == NT.SUCCESS
        assert (folders["public"] / "copied").read_bytes() == (folders["public"] / "large").read_bytes()

    def test_chunks(self, client: Client, folders: dict[str, Path]) -> None:
        key, to = resume_key(client, client.create("\\large")), target(client)
        data = key + struct.pack("<II", 16, 0)
        data += b"".join(struct.pack("<QQII", at << 20, at << 20, 1 << 20, 0) for at in range(16))
        setup = IoctlSetup(Fsctl.SRV_COPYCHUNK, to, 1).encode()
        client.send(0xA0, NtTransactRequest(function=2, setup=setup, data=data, max_data_count=12))
        assert client.answers() == []
        client.clock.advance(0)
        told = client.answer().body(NtTransactResponse).data
        assert struct.unpack("<III", told) == (16, 0, 16 << 20)
        assert (folders["public"] / "copy.txt").read_bytes() == b"12345678" * (2 << 20)

    def test_a_client_that_leaves(
        self, server: InMemoryServer, client: Client, folders: dict[str, Path]
    ) -> None:
        client.send(0xA5, NtRenameRequest(0x16, NtRenameLevel.MOVE, 0, "\\large", "\\copied"))
        client.lost()
        client.clock.advance(0)
        assert not (folders["public"] / "copied").exists()
        assert len(server.open_files) == 0
        assert server.problems == []


def test_a_copy_for_which_the_disk_has_no_room_is_not_begun(
    client: Client, folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folders["public"] / "large").write_bytes(b"12345678" * (1 << 17))
    facts = os.statvfs(folders["public"])
    full = os.statvfs_result((*facts[:4], 1, *facts[5:]))
    monkeypatch.setattr(os, "statvfs", lambda path: full)
    assert rename_copy(client, "\\large", "\\copied") == NT.DISK_FULL
    assert not (folders["public"] / "copied").exists()


def test_a_copy_that_does_not_fit_writes_nothing(
    client: Client, folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Holes take no room, and neither does what is there already."""
    with (folders["public"] / "sparse").open("wb") as file:
        file.truncate(3 << 20)
        file.seek(1 << 20)
        file.write(b"x" * 65536)
    key = resume_key(client, client.create("sparse"))
    new = target(client)
    free = 8

    def statvfs(disk: object) -> SimpleNamespace:
        return SimpleNamespace(f_flag=0, f_bavail=free, f_frsize=4096)

    monkeypatch.setattr(os, "statvfs", statvfs)
    chunks = [(0, 0, 1 << 20), (1 << 20, 1 << 20, 1 << 20), (2 << 20, 2 << 20, 1 << 20)]
    assert copy(client, new, key, *chunks) == (NT.DISK_FULL, (0, 0, 0))
    assert (folders["public"] / "copy.txt").stat().st_size == 0
    free = 16
    assert copy(client, new, key, *chunks) == (NT.SUCCESS, (3, 0, 3 << 20))
    free = 0
    assert copy(client, new, key, *chunks) == (NT.SUCCESS, (3, 0, 3 << 20))
    assert (folders["public"] / "copy.txt").stat().st_blocks * 512 < 1 << 20
