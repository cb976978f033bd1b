"""Server-side copies: a resume key for the source, chunks into the target ([MS-SMB] 2.2.7.2)."""

import struct
from pathlib import Path

import pytest

from fakesmb.nt.controls import Fsctl
from fakesmb.nt.status import NT, SMBError
from fakesmb.testing import Client, InMemoryServer
from fakesmb.wire.nt_trans import IoctlSetup
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
